"""The answers of agents to the same questions, side by side, and what a group of them attains."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from langgraph_tumix.core.keys import group_keys
from langgraph_tumix.core.notes import LOST
from langgraph_tumix.design.bench import Notes, Probe


@dataclass(frozen=True)
class Sheet:
    """Answers by key: ``keys[question][agent]``, None where no answer was given.

    Attributes:
        agents: The columns.
        keys: The rows; all agents have been run on each question.
        gold: The key of the right answer to each question, None if it is not known.
    """

    agents: tuple[str, ...]
    keys: tuple[tuple[str | None, ...], ...]
    gold: tuple[str | None, ...]

    @classmethod
    def of(cls, notes: Notes, agents: Sequence[str], probes: Iterable[Probe]) -> "Sheet":
        """Lay out the notes of `agents`.

        A question on which one of them could not be run (no money, no network) is left out: that is no wrong answer.
        """
        rows, gold = [], []
        for probe in probes:
            of_all = [notes.get((agent, probe.question)) for agent in agents]
            present = [note for note in of_all if note is not None and not not_run(note["status"])]
            if len(present) < len(agents):
                continue
            answers = [note["answer"] or "" for note in present]
            *keys, right = group_keys([*answers, probe.gold or ""])
            rows.append(tuple(key if note["status"] == "ok" else None for key, note in zip(keys, present, strict=True)))
            gold.append(right)
        return cls(tuple(agents), tuple(rows), tuple(gold))

    @property
    def labelled(self) -> "Sheet":
        """The questions whose right answer is known."""
        return self.rows(row for row, right in enumerate(self.gold) if right is not None)

    def rows(self, rows: Iterable[int]) -> "Sheet":
        """Return some of the questions, by their places."""
        chosen = list(rows)
        return Sheet(self.agents, tuple(self.keys[row] for row in chosen), tuple(self.gold[row] for row in chosen))

    def right(self, agent: str) -> list[float]:
        """Return for each question 1 if the agent is right, else 0."""
        column = self.agents.index(agent)
        return [float(keys[column] == right) for keys, right in zip(self.keys, self.gold, strict=True)]

    def covered(self, group: Sequence[str]) -> list[float]:
        """Return for each question 1 if anyone of the group is right, else 0."""
        return [float(right in chosen) for chosen, right in zip(self._of(group), self.gold, strict=True)]

    def voted(self, group: Sequence[str]) -> list[float]:
        """Return for each question the chance that the group's majority is right; a tie is drawn fairly."""
        voted = []
        for chosen, right in zip(self._of(group), self.gold, strict=True):
            leaders = majority(chosen)
            voted.append((right in leaders) / len(leaders) if leaders else 0.0)
        return voted

    def agreeing(self, agent: str, group: Sequence[str]) -> float:
        """Return on what share of the questions the agent says what the majority of the group says; 0 to 1."""
        column = self.agents.index(agent)
        pairs = [(keys[column], majority(chosen)) for keys, chosen in zip(self.keys, self._of(group), strict=True)]
        return sum(key is not None and key in leaders for key, leaders in pairs) / max(1, len(pairs))

    def promise(self, agent: str, group: Sequence[str]) -> float:
        """Return what an agent adds to a group at a glance: coverage and votes, or agreement where no gold is known."""
        labelled, more = self.labelled, [*group, agent]
        if not labelled.keys:
            return self.agreeing(agent, group)
        return fmean(labelled.covered(more)) + fmean(labelled.voted(more))

    def alike(self, agent: str, other: str, among: Sequence[str]) -> tuple[int, int]:
        """Return on how many questions two agents say the same, and of how many, where `among` do not all agree."""
        first, second = self.agents.index(agent), self.agents.index(other)
        contested = [
            keys for keys, chosen in zip(self.keys, self._of(among), strict=True) if len(set(chosen) - {None}) > 1
        ]
        return sum(keys[first] == keys[second] for keys in contested), len(contested)

    def _of(self, group: Sequence[str]) -> list[tuple[str | None, ...]]:
        columns = [self.agents.index(agent) for agent in group]
        return [tuple(keys[column] for column in columns) for keys in self.keys]


def majority(keys: Iterable[str | None]) -> set[str]:
    """Return the keys with most votes: one, several in a tie, none without votes."""
    votes = Counter(key for key in keys if key is not None)
    most = max(votes.values(), default=0)
    return {key for key, count in votes.items() if count == most}


def not_run(status: str) -> bool:
    """Whether a run of this status says nothing about its agent: no money, no network, a failure of the moment."""
    return status in LOST and status != "no_answer"
