"""A harness in miniature: gives a model the real prompts, runs its programs, answers its searches, reads its answer."""

import contextlib
import hashlib
import io
import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from langgraph_tumix.agents.prompt import Question, messages, shared_part, template
from langgraph_tumix.agents.protocol import read_turn
from langgraph_tumix.core.notes import Note
from langgraph_tumix.core.text import cut, fence
from langgraph_tumix.offline import OfflineChatModel, articles, questions

USES = 5
MARKER = "5eed5eed5eed"


@dataclass(frozen=True)
class Style:
    """What an agent is told, and which tools it is offered."""

    instruction: str
    code: bool = False
    search: bool = False
    guide: str = ""

    @property
    def task(self) -> str:
        parts = [template(self.instruction)]
        if self.instruction == "cot_code":
            return parts[0]
        if not (self.code or self.search):
            return "\n\n".join([*parts, template("how_answer")])
        parts += [template("how_code").format(seconds=60)] * self.code
        parts += [template("how_search")] * self.search
        parts += [template("how_both")] * (self.code and self.search)
        return "\n\n".join([*parts, template("how_loop").format(uses=USES)])


STYLES = {
    "Base": Style("base"),
    "CoT": Style("cot"),
    "CoT_code": Style("cot_code", code=True),
    "S": Style("s", search=True),
    "C": Style("c", code=True),
    "C+": Style("c_plus", code=True),
    "CS": Style("cs", code=True, search=True),
    "CSG": Style("csg_solver", code=True, search=True, guide="csg_guide"),
    "CSG+": Style("csg_plus_solver", code=True, search=True, guide="csg_plus_guide"),
}


@dataclass
class Work:
    """What a run came to."""

    answer: str = ""
    text: str = ""
    actions: list[tuple[str, str]] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    guidance: list[str] = field(default_factory=list)


def asked(text: str, marker: str = MARKER, conversation: str = "") -> Question:
    return Question(id="q", text=text, conversation=conversation, images=[], marker=marker, asked=0.0)


def notes(texts: Sequence[str], round_: int = 1) -> list[Note]:
    """Notes with these texts and nothing else that a reader is shown."""
    return [{"id": f"{round_}/{n}/0", "round": round_, "text": text} for n, text in enumerate(texts)]  # type: ignore[typeddict-item]


def seen_notes(*answers: str, checked: bool = True) -> list[str]:
    """The texts of notes that give these answers, with or without a program behind them."""
    form = "I computed it. The program printed {0}.\n\n<<<{0}>>>" if checked else "I think it is {0}. <<<{0}>>>"
    return [form.format(answer) for answer in answers]


def shared(question: str, seen: Sequence[str] = (), marker: str = MARKER) -> str:
    return shared_part(asked(question, marker), notes(seen), limit=60_000, seed=0)


def prompt(style: str, question: str, seen: Sequence[str] = (), marker: str = MARKER) -> list[Any]:
    """The first messages of an agent of this style."""
    return messages(shared(question, seen, marker), STYLES[style].task)


def everything_said() -> str:
    """A digest of what three styles say to all sample questions."""
    model, styles = OfflineChatModel(), ("CoT", "C", "S")
    said = [said_by(model, prompt(style, sample.question)).text for style in styles for sample in questions()]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def work(model: BaseChatModel, style: str, question: str, seen: Sequence[str] = (), marker: str = MARKER) -> Work:
    """Let the model work as an agent of this style until it answers, and see that each turn is in form."""
    said: list[BaseMessage] = prompt(style, question, seen, marker)
    done, offered, namespace = Work(), STYLES[style], dict[str, Any]()
    for left in range(USES, -1, -1):
        if offered.guide and left:
            said[-1] = HumanMessage(
                f"{said[-1].text}\n\n# Guidance\n\n{advice(model, style, question, seen, said, left)}"
            )
            done.guidance.append(said[-1].text.rpartition("# Guidance\n\n")[2])
        reply = said_by(model, said)
        turn, done.text = read_turn(reply.text, code=offered.code, search=offered.search), reply.text
        if turn.action == "answer":
            assert offered.instruction != "cot_code"
            assert not re.search("```|<search>", reply.text)
            done.answer = answer_in(reply.text)
            return done
        assert turn.action in ("code", "search"), reply.text
        assert "<<<" not in reply.text
        done.actions.append((turn.action, turn.text))
        done.outputs.append(run(turn.text, namespace) if turn.action == "code" else find(turn.text))
        if offered.instruction == "cot_code":
            done.answer = done.outputs[-1].strip().splitlines()[-1]
            return done
        label = "output of your program" if turn.action == "code" else "search results"
        rest = template("rest_left").format(left=left - 1) if left > 1 else template("rest_none")
        said += [reply, HumanMessage(f"{fence(label, done.outputs[-1], marker)}\n\n{rest}")]
    raise AssertionError(f"no tool use is left, and no answer: {done}")


def said_by(model: BaseChatModel, told: Sequence[BaseMessage]) -> AIMessage:
    """What it replies. Not through `invoke`: who looks in there takes longer than the reply, thousands of times."""
    (said,) = model._generate(list(told)).generations
    assert isinstance(said.message, AIMessage)
    return said.message


def advice(
    model: BaseChatModel, style: str, question: str, seen: Sequence[str], said: Sequence[BaseMessage], left: int
) -> str:
    """What a guide says to this work so far."""
    turns = [f"{'Solver' if isinstance(turn, AIMessage) else 'Harness'}:\n{turn.text}" for turn in said[2:]]
    progress = fence("progress", cut("\n\n".join(turns), 24_000), MARKER) if turns else "Nothing yet."
    own = f"{template(STYLES[style].guide)}\n\n# Progress so far\n\n{progress}\n\nTool uses left: {left}."
    return answer_in(said_by(model, messages(shared(question, seen), own)).text)


def answer_in(text: str) -> str:
    """What stands in the one pair of triple angle brackets."""
    found = re.findall(r"<<<(.*?)>>>", text, re.DOTALL)
    assert len(found) == 1, text
    return str(found[0])


def run(code: str, namespace: dict[str, Any]) -> str:
    """Run a program as a session would, keeping its variables."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(code, "<cell>", "exec"), namespace)
        except Exception:  # noqa: BLE001 - a program may raise anything
            out.write(traceback.format_exc(limit=0))
    return out.getvalue()


def find(query: str, most: int = 3) -> str:
    """Search the articles by the words that they share with the query, as numbered sources."""
    wanted = words(query) - {"the", "of", "a", "in"}

    def shares(article: Any) -> tuple[int, str]:
        return -(4 * len(wanted & words(article.title)) + len(wanted & words(article.text))), article.name

    hits = [article for article in sorted(articles(), key=shares) if shares(article)[0] < 0][:most]
    if not hits:
        return f'Nothing was found for "{query}".'
    return "\n\n".join(f"[{n}] {hit.title}\n    corpus:{hit.name}\n    {hit.text}" for n, hit in enumerate(hits, 1))


@cache
def words(text: str) -> frozenset[str]:
    """The words of a query or an article, the same of which are looked at in every search."""
    return frozenset(re.findall(r"\w+", text.lower()))
