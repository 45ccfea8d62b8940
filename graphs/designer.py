"""TUMIX with a designer for LangGraph Studio: new agents are proposed, vetted, and shown to you before they answer.

Start it on a question about the bundled corpus, such as “How high is Mount Vorr in metres?”: after the design the graph
waits for you to accept, edit or reject each agent. Model: TUMIX_MODEL, or the embedded offline one, with its sample
questions as the material to measure candidates on.
"""

import os

from langgraph_tumix import create_tumix
from langgraph_tumix.design import Designer, Probe
from langgraph_tumix.offline import questions

designer = Designer(
    task="Questions about places and people of the bundled corpus, which must be looked up and computed with.",
    questions=[Probe(one.question, one.answer) for one in questions() if one.kind in ("lookup", "mixed")],
    proposals=12,
    approve=True,
)
model = os.environ.get("TUMIX_MODEL", "offline")
graph = create_tumix(model, agents="Base,CoT,C", designer=designer, name="designer")
