"""The fifteen agents that TUMIX had a model design (arXiv 2510.01279, section 5.3 and table 14), in words of our own.

The paper gives names and a line on each; instructions, steps and limits are ours. Those that it calls sequential have
few tool uses, the iterative ones the usual five.
"""

from langgraph_tumix.agents.prompt import template
from langgraph_tumix.agents.spec import Agent, Code, SearchKind


def _designed(name: str, file: str, *, code: Code = "none", search: SearchKind = "none", uses: int = 5) -> Agent:
    instruction, *steps = (part.strip() for part in template(f"evolve/{file}").split("\n---\n"))
    return Agent(name=name, instruction=instruction, steps=tuple(steps), code=code, search=search, max_tool_uses=uses)


DESIGNED: tuple[Agent, ...] = (
    _designed("Plan-Verify-Refine", "plan_verify_refine", code="loop", search="gs"),
    _designed("SearchThenCode", "search_then_code", code="loop", search="gs"),
    _designed("CodeThenSearch", "code_then_search", code="loop", search="gs"),
    _designed("ConstraintPrune-Solver", "constraint_prune", code="loop"),
    _designed("MonteCarlo-Verify", "monte_carlo_verify", code="loop"),
    _designed("Debate-CrossExam", "debate_cross_exam", code="loop", search="gs"),
    _designed("MultiHop-Search-Aggregate", "multi_hop_search", code="loop", search="gs"),
    _designed("TDD-Code-Solver", "tdd_code", code="loop"),
    _designed("SearchThenAnswer", "search_then_answer", search="gs", uses=2),
    _designed("PlanThenCode", "plan_then_code", code="loop", uses=2),
    _designed("VerifierRefine", "verifier_refine"),
    _designed("ToolSelector", "tool_selector", code="loop", search="gs", uses=3),
    _designed("HypothesisPruner-Code", "hypothesis_pruner", code="loop", uses=3),
    _designed("DualSearch-Consensus", "dual_search", search="com", uses=2),
    _designed("TDD-CodeThenFix", "tdd_then_fix", code="loop", uses=2),
)
"""Eight that iterate, then seven that go through few steps."""

EVOLVE: tuple[str, ...] = (
    *("HypothesisPruner-Code", "CoT", "Plan-Verify-Refine", "S", "C", "SearchThenCode", "CS_gs"),
    *("ConstraintPrune-Solver", "MonteCarlo-Verify", "CSG_gs", "CSG_llm", "Debate-CrossExam", "CSG+_gs"),
    *("SearchThenAnswer", "DualSearch-Consensus"),
)
"""The best of the 25,000 groups that the paper drew (table 15, T1)."""
