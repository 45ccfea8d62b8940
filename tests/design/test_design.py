"""A design from beginning to end: good candidates come through, and whatever else a proposer writes does not."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from langgraph_tumix import Budget
from langgraph_tumix.agents.registry import roster
from langgraph_tumix.core.ledger import Ledger
from langgraph_tumix.design import Designer, Probe
from langgraph_tumix.design.report import Report, admitted
from langgraph_tumix.design.workshop import Workshop, design
from langgraph_tumix.errors import ConfigError, ModelError
from langgraph_tumix.models.meter import Meter
from langgraph_tumix.models.model import resolve
from langgraph_tumix.testing import ScriptedChatModel
from langgraph_tumix.toolbox import equip
from tests.design.models import BAD, GOOD, designing, knows, numbered
from tests.graph.roles import toolbox

pytestmark = pytest.mark.long


def workshop(model: ScriptedChatModel, agents: str = "Base,C", budget: Budget | None = None, **fields: Any) -> Workshop:
    main = resolve(model)
    tools = toolbox()
    tools = type(tools)(code=tools.code, gs=tools.gs)  # a search of the model's own is not at hand
    equipped, _ = equip(roster(agents), main, tools)
    meter = Meter(Ledger(budget), "question", 64, 60.0)
    return Workshop(roster=equipped, proposer=main, model=main, toolbox=tools, meter=meter, **fields)


async def designed(written: Any, questions: Sequence[str | Probe], solve: Any = knows, **fields: Any) -> Report:
    return await design(Designer(questions=questions, **fields), workshop(designing(written, solve)))


def kinds(report: Report) -> list[str]:
    return [candidate["kind"] for candidate in report["candidates"]]


def test_a_designer_needs_something_to_go_by() -> None:
    for fields in (
        {},
        {"task": "  "},
        {"questions": "What?"},
        {"questions": [" "]},
        {"questions": [7]},
        {"task": 5},
        {"task": "x", "questions": 5},
        {"task": "x", "notes": "one text"},
        {"task": "x", "budget": 5},
        {"task": "x", "proposals": "3"},
        {"task": "x", "confidence": "high"},
        {"task": "x", "key": 5},
        {"task": "x", "keep": 0},
        {"task": "x", "proposals": 0},
        {"task": "x", "probes": 0},
        {"task": "x", "confidence": 1.0},
        {"task": "x", "key": "a.b"},
    ):
        with pytest.raises(ConfigError):
            Designer(**fields)


def test_the_key_follows_from_task_questions_and_roster_and_holds_no_answer() -> None:
    base, more = roster("Base"), roster("Base,C")
    key = Designer(questions=[Probe("Why?", "a")]).task_key(base)
    assert key == Designer(questions=[Probe("Why?", "b")], keep=1).task_key(base)
    assert len({key, Designer(questions=["Who?"]).task_key(base), Designer(questions=["Why?"]).task_key(more)}) == 3
    assert Designer(task="x", key="mine").task_key(base) == "mine"


@pytest.mark.parametrize(
    ("count", "shown", "held"), [(1, 1, 1), (2, 1, 1), (3, 1, 2), (8, 2, 6), (16, 4, 12), (100, 4, 96)]
)
def test_questions_are_either_shown_or_held_out(count: int, shown: int, held: int) -> None:
    seen, tried = Designer(questions=numbered(count)).split()
    assert (len(seen), len(tried)) == (shown, held)
    assert count == 1 or not set(seen) & {probe.question for probe in tried}
    assert count > 1 or tried[0].gold is None, "the one question that was shown proves nothing"


async def test_a_candidate_that_helps_is_admitted_with_its_evidence() -> None:
    report = await designed([GOOD], numbered(16))
    (candidate,) = report["candidates"]
    assert candidate["status"] == "admitted", candidate
    assert [spec["name"] for spec in admitted(report)] == ["Lookup"]
    worth = candidate["worth"]
    assert (worth["basis"], worth["questions"], worth["accuracy"]["value"]) == ("gold", 12, 1.0)
    assert worth["coverage"]["low"] > 0
    assert report["usage"]["model_calls"] > 12
    assert json.loads(json.dumps(report)) == report


async def test_one_of_each_bad_kind_is_turned_down_and_the_rest_goes_on() -> None:
    bad = [pair for name, pair in BAD.items() if name not in ("200 kB in a list", "200 kB deep inside")]
    report = await designed([*(proposal for proposal, _ in bad), GOOD], numbered(16), proposals=len(BAD))
    assert kinds(report) == [*(kind for _, kind in bad), ""]
    assert len(admitted(report)) == 1
    assert len(json.dumps(report)) < 60_000, "200 kB of text are not kept"


REPLIES: dict[str, str] = {
    "empty object": "{}",
    "no JSON": "I would rather not.",
    "an empty list": '{"agents": []}',
    "broken off": '{"agents": [{"name": "Lookup", "instru',
    "nothing but brackets": "{[" * 20_000,
    "a thousand copies": json.dumps({"agents": [{"name": "x"}] * 1000}),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
async def test_a_reply_of_no_use_admits_nobody_and_costs_no_trial(reply: str) -> None:
    model = designing(reply, knows)
    report = await design(Designer(questions=numbered(16)), workshop(model))
    assert admitted(report) == []
    assert len(report["candidates"]) <= 7
    assert all(candidate["reason"] for candidate in report["candidates"])
    assert len(model.calls) == 1


async def test_an_agent_that_repeats_the_mistakes_of_the_roster_stays_out() -> None:
    talker = {"name": "Talker", "instruction": "Think aloud about every condition, then decide."}
    report = await designed([GOOD, talker], numbered(16))
    assert kinds(report) == ["", "no_gain"]


async def test_not_more_than_keep_are_admitted() -> None:
    def solve(messages: Sequence[BaseMessage]) -> str:
        """Each of the new agents knows a third of the answers."""
        number = int(messages[1].text.partition("Question number ")[2].partition("?")[0])
        for rest, name in enumerate(("alpha", "beta", "gamma")):
            if name in messages[1].text:
                return f"<<<{number if number % 3 == rest else -number}>>>"
        return "<<<none>>>"

    new = [{"name": name, "instruction": f"Go {name} all the way."} for name in ("alpha", "beta")]
    report = await designed(new, numbered(36), solve, keep=1)
    assert sorted(kinds(report)) == ["", "surplus"]


@pytest.mark.parametrize(
    ("solve", "kind", "reason"),
    [
        (lambda _: "I would rather not say.", "no_answer", "no valid answer"),
        (lambda _: "<<<unknown>>>", "no_answer", "cannot tell"),
        (lambda _: "<<<0", "no_answer", "truncated"),
        (lambda _: TimeoutError(), "failed", "its run failed on 4 of 4"),
    ],
)
async def test_a_candidate_that_does_not_answer_fails_the_dry_run(solve: Any, kind: str, reason: str) -> None:
    def only_it(messages: Sequence[BaseMessage]) -> Any:
        return solve(messages) if "take for granted" in messages[1].text else "<<<0>>>"

    report = await designed([GOOD], numbered(16), only_it)
    assert kinds(report) == [kind]
    assert reason in report["candidates"][0]["reason"]


async def test_the_failures_of_one_candidate_take_nothing_from_another() -> None:
    def solve(messages: Sequence[BaseMessage]) -> Any:
        number = int(messages[1].text.partition("Question number ")[2].partition("?")[0])
        return ValueError("too long for me") if "flaky" in messages[1].text and number % 4 == 1 else knows(messages)

    flaky = {"name": "Flaky", "instruction": "Be flaky about it all, and look nothing up."}
    report = await designed([GOOD, flaky], numbered(28), solve)
    good, other = (candidate["worth"]["questions"] for candidate in report["candidates"])
    assert good == 24 > other
    assert report["candidates"][0]["status"] == "admitted"


async def test_a_candidate_that_answers_like_a_member_is_the_same_agent() -> None:
    def solve(messages: Sequence[BaseMessage]) -> str:
        text, number = messages[1].text, messages[1].text.partition("Question number ")[2].partition("?")[0]
        return "<<<0>>>" if "directly" in text else f"<<<{number}>>>"

    copy = GOOD | {"search": "none"}
    report = await design(Designer(questions=numbered(16)), workshop(designing([copy], solve), "Base,CoT"))
    assert kinds(report) == ["behaviour"]
    assert "'CoT'" in report["candidates"][0]["reason"]


async def test_without_right_answers_the_figures_say_what_they_are() -> None:
    report = await designed([GOOD], numbered(16, gold=False), lambda _: "<<<0>>>")
    (candidate,) = report["candidates"]
    assert (candidate["status"], candidate["worth"]["basis"]) == ("admitted", "agreement")
    assert "accuracy" not in candidate["worth"]
    assert "agreement and diversity do not show" in report["warnings"][0]


async def test_gold_for_some_is_said_and_only_these_count() -> None:
    probes = [probe if n % 2 else Probe(probe.question) for n, probe in enumerate(numbered(28))]
    report = await designed([GOOD], probes)
    labelled = report["questions"]["labelled"]
    assert 0 < labelled < report["questions"]["tried"]
    assert f"the right answer is known to {labelled} of 24 questions" in report["warnings"][0]
    assert report["candidates"][0]["worth"]["questions"] == labelled


async def test_questions_on_which_a_member_failed_are_said_to_be_left_out() -> None:
    def solve(messages: Sequence[BaseMessage]) -> str | Exception:
        fails = "interpreter" in messages[1].text and "Question number 7?" in messages[1].text
        return RuntimeError("no kernel") if fails else knows(messages)

    report = await designed([GOOD], numbered(16), solve)
    assert report["questions"] == {"tried": 11, "labelled": 11}
    assert any("on which C failed are left out (the reply could" in warning for warning in report["warnings"])


async def test_too_few_questions_are_said_with_what_they_could_show() -> None:
    report = await designed([GOOD], numbered(8))
    assert kinds(report) == ["no_gain"]
    assert any("6 questions with a right answer are too few" in said for said in report["warnings"])
    assert any("6 questions show a gain of 36% or more" in said for said in report["warnings"])


async def test_a_task_alone_is_tried_on_the_question_in_work() -> None:
    model = designing([GOOD], lambda _: "<<<0>>>")
    report = await design(Designer(task="Numbers."), workshop(model), "Question number 7?")
    assert report["questions"] == {"tried": 1, "labelled": 0}
    proposed = model.calls[0][-1].text
    assert "Numbers." in proposed
    assert "Question number 7?" not in proposed


async def test_its_own_cap_is_kept_and_what_was_measured_counts() -> None:
    model = designing([GOOD], knows)
    shop = workshop(model)
    report = await design(Designer(questions=numbered(40), budget=Budget(model_calls=60)), shop)
    assert len(model.calls) <= 60
    assert report["usage"]["model_calls"] <= 60
    assert shop.meter.ledger.spent["model_calls"] == report["usage"]["model_calls"] == len(model.calls)
    assert any("not everything was tried" in said for said in report["warnings"])
    assert 0 < report["questions"]["tried"] < 36


async def test_a_cap_below_the_dry_run_admits_nobody() -> None:
    report = await designed([GOOD], numbered(16), budget=Budget(model_calls=2))
    assert admitted(report) == []
    assert kinds(report) == ["budget"]


async def test_a_proposer_that_gives_no_reply_raises() -> None:
    class Down(Exception):
        status_code = 401

    with pytest.raises(ModelError):
        await design(Designer(task="x"), workshop(ScriptedChatModel(responder=lambda _: Down())))


async def test_what_happens_is_told() -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    shop = workshop(designing([GOOD, None], knows), tell=lambda what, **entries: told.append((what, entries)))
    await design(Designer(questions=numbered(16)), shop)
    assert [what for what, _ in told] == ["proposed", "rejected", "trying", "admitted"]
    assert told[1][1]["why"] == "schema"
