"""The leaderboard: what each strategy attains, costs and may claim."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from langgraph_tumix.core.statistics import Interval, minimum_detectable_effect
from langgraph_tumix.errors import RecordingError
from langgraph_tumix.replay.play import Validity
from langgraph_tumix.replay.statistics import Bootstrap, Floats, arise, cost_of_pass, pareto


@dataclass(frozen=True)
class Row:
    """One strategy's line.

    Attributes:
        strategy: Its name.
        accuracy: Share of right answers, with its interval.
        tokens: Per question; NaN if they were not recorded.
        usd: Per question; NaN if nobody knows a price.
        calls: Model calls per question.
        latency: Tokens of the longest agent of each wave, summed: what one waits for.
        seconds: Wall time, waves summed, as recorded.
        cost_of_pass: Dollars, else tokens, else calls for one right answer.
        best: Whether no other strategy is both cheaper and more accurate.
        validity: The worst over the questions.
        why: What made it less than exact.
        questions: How many were scored.
        by_group: Accuracy and tokens of each group.
    """

    strategy: str
    accuracy: Interval
    tokens: float
    usd: float
    calls: float
    latency: float
    seconds: float
    cost_of_pass: float
    best: bool
    validity: Validity
    why: str
    questions: int
    by_group: Mapping[str, tuple[float, float]]


@dataclass
class Figures:
    """One strategy's figures for each run: NaN where it could not be replayed, or nothing is known."""

    correct: Floats
    tokens: Floats
    usd: Floats
    calls: Floats
    latency: Floats
    seconds: Floats
    validity: Validity = "exact"
    why: str = ""

    @classmethod
    def empty(cls, runs: int) -> "Figures":
        """Return figures of which nothing is known yet."""
        correct, tokens, usd, calls, latency, seconds = np.full((6, runs), np.nan)
        return cls(correct, tokens, usd, calls, latency, seconds)


class Board:
    """All strategies of a comparison on the same questions.

    Attributes:
        single: Share of right answers among single independent samples.
        coverage: Share of the questions that some independent sample answers right: what choosing could attain.
        oracle: The same over all notes.
        left_out: How many questions were left out, by the reason.
    """

    def __init__(
        self,
        figures: Mapping[str, Figures],
        groups: Sequence[str],
        clusters: Sequence[str],
        *,
        single: float,
        coverage: float,
        oracle: float,
        left_out: Mapping[str, int],
    ) -> None:
        self.figures = dict(figures)
        self.single, self.coverage, self.oracle, self.left_out = single, coverage, oracle, dict(left_out)
        self._groups, self._clusters = np.array(groups), np.array(clusters)
        self._bootstrap = Bootstrap(groups, clusters)

    @cached_property
    def rows(self) -> list[Row]:
        """One for each strategy, in their order; made when somebody looks, for a search wants no intervals."""
        means = {name: self._bootstrap.mean(each.correct) for name, each in self.figures.items()}
        price = {name: self._price(each) for name, each in self.figures.items()}
        front = pareto(list(price.values()), [mean.value for mean in means.values()])
        return [self._row(name, means[name], price[name], best) for name, best in zip(self.figures, front, strict=True)]

    def mean(self, strategy: str, figure: str = "correct") -> float:
        """Return the mean of a strategy's figure alone, without an interval, named as in `difference`."""
        return self._mean(getattr(self.figures[self._known(strategy)], figure))

    def _mean(self, values: Floats) -> float:
        return self._bootstrap.value(values)

    def _price(self, figures: Figures) -> float:
        """Return dollars if they are known and there is something to pay, else tokens, else calls."""
        known = (mean for values in (figures.usd, figures.tokens) if (mean := self._mean(values)) > 0)
        return next(known, self._mean(figures.calls))

    def _row(self, name: str, accuracy: Interval, price: float, best: bool) -> Row:
        figures = self.figures[name]
        return Row(
            strategy=name,
            accuracy=accuracy,
            tokens=self._mean(figures.tokens),
            usd=self._mean(figures.usd),
            calls=self._mean(figures.calls),
            latency=self._mean(figures.latency),
            seconds=self._mean(figures.seconds),
            cost_of_pass=cost_of_pass(price, accuracy.value),
            best=best,
            validity=figures.validity,
            why=figures.why,
            questions=int((~np.isnan(figures.correct)).sum()),
            by_group={group: self._in_group(figures, group) for group in dict.fromkeys(self._groups.tolist())},
        )

    def _in_group(self, figures: Figures, group: str) -> tuple[float, float]:
        mine = self._groups == group
        correct, tokens = figures.correct[mine], figures.tokens[mine]
        known = ~np.isnan(correct)
        if not known.any():
            return float("nan"), float("nan")
        return float(correct[known].mean()), float(tokens[known].mean())

    def __getitem__(self, strategy: str) -> Row:
        return next(row for row in self.rows if row.strategy == self._known(strategy))

    def _known(self, strategy: str) -> str:
        if strategy not in self.figures:
            raise RecordingError(f"there is no strategy {strategy!r} on the board: it has {', '.join(self.figures)}")
        return strategy

    def difference(self, first: str, second: str, figure: str = "correct") -> Interval:
        """Return the first strategy's mean minus the second's, paired by question, on questions that both have.

        Args:
            first: A strategy's name.
            second: Another's.
            figure: ``correct``, ``tokens``, ``usd``, ``calls``, ``latency`` or ``seconds``.
        """
        one, other = self.figures[self._known(first)], self.figures[self._known(second)]
        return self._bootstrap.mean(getattr(one, figure) - getattr(other, figure))

    def verdict(self, first: str, second: str) -> str:
        """Say in words whether two strategies can be told apart: the interval of their difference leaves 0 out."""
        gap = self.difference(first, second)
        if np.isnan(gap.value):
            return f"{first} and {second} cannot be compared: there is no question on which both could be replayed"
        points = f"{100 * gap.value:+.1f} points [{100 * gap.low:+.1f}, {100 * gap.high:+.1f}]"
        if gap.verdict == "not distinguishable":
            return f"{first} and {second} are {gap.verdict} in accuracy: {points}"
        return f"{first} is {'more' if gap.value > 0 else 'less'} accurate than {second}: {points}"

    def detectable(self, first: str, second: str) -> tuple[float, int]:
        """Return the least difference in accuracy that a comparison of two strategies would notice, and the questions.

        `minimum_detectable_effect` with the share of questions on which the two differ, (seen + 1) / (questions + 2):
        that none differs among a few says little.
        """
        gap = self.figures[self._known(first)].correct - self.figures[self._known(second)].correct
        clusters = np.unique(self._clusters[~np.isnan(gap)])
        apart = sum(float(np.nanmean(gap[self._clusters == cluster]) ** 2) for cluster in clusters)
        share = (apart + 1) / (len(clusters) + 2)
        return minimum_detectable_effect(len(clusters), discordant=share), len(clusters)

    def arise(self, *strategies: str) -> float:
        """Return ARISE (see `statistics.arise`) over strategies as budgets: what more tokens buy, question by question.

        Args:
            strategies: From the least budget to the greatest; if none is named, those on the front. Questions that one
                of them could not be replayed on, or whose tokens are not known, are left out; NaN if none is left.
        """
        names = strategies or [row.strategy for row in sorted(self.rows, key=lambda row: row.tokens) if row.best]
        tried = [self.figures[self._known(name)] for name in names]
        correct, spent = np.array([each.correct for each in tried]), np.array([each.tokens for each in tried])
        known = ~np.isnan(correct + spent).any(axis=0) & (spent > 0).all(axis=0)
        return arise(list(correct[:, known]), list(spent[:, known])) if known.any() else float("nan")

    def table(self) -> str:
        """Return the board as text, most accurate first."""
        columns: list[tuple[str, Callable[[Row], str]]] = [
            ("strategy", lambda row: f"{'* ' if row.best else '  '}{row.strategy}"),
            ("accuracy %", lambda row: f"{100 * row.accuracy.value:.1f}"),
            ("95 %", lambda row: f"{100 * row.accuracy.low:.1f}-{100 * row.accuracy.high:.1f}"),
            ("tokens", lambda row: _number(row.tokens)),
            ("usd", lambda row: _number(row.usd, 4)),
            ("calls", lambda row: _number(row.calls, 2)),
            ("latency", lambda row: _number(row.latency)),
            ("validity", lambda row: row.validity),
        ]
        rows = sorted(self.rows, key=lambda row: -row.accuracy.value)
        cells = [[name for name, _ in columns], *([show(row) for _, show in columns] for row in rows)]
        widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
        bounds = {"one sample": self.single, "coverage": self.coverage, "oracle": self.oracle}
        foot = ", ".join(f"{name} {100 * value:.1f}" for name, value in bounds.items())
        foot += "; * no other is cheaper and better"
        return "\n".join([*lines, foot, *(f"  {remark}" for remark in self.remarks())])

    def remarks(self) -> list[str]:
        """Say what made a row less than exact, and what was left out."""
        worse = [f"{row.strategy}: {row.validity}, {row.why}" for row in self.rows if row.why]
        return worse + [f"left out: {count} x {reason}" for reason, count in self.left_out.items()]

    def _differences(self, strategy: str) -> dict[str, list[object]]:
        figures = ("correct", "tokens", "usd", "calls", "latency", "seconds")
        first = self.rows[0].strategy
        return {figure: _interval(self.difference(strategy, first, figure)) for figure in figures}

    def json(self) -> str:
        """Return the board as JSON, with each strategy's differences from the first; what is not known is null."""
        rows = [
            {
                **{key: _known(value) for key, value in vars(row).items() if key not in ("accuracy", "by_group")},
                "accuracy": _interval(row.accuracy),
                "by_group": {group: [_known(each) for each in pair] for group, pair in row.by_group.items()},
            }
            for row in self.rows
        ]
        whole = {
            "rows": rows,
            "differences": {row.strategy: self._differences(row.strategy) for row in self.rows[1:]},
            "single": _known(self.single),
            "coverage": _known(self.coverage),
            "oracle": _known(self.oracle),
            "arise": _known(self.arise()),
            "left_out": self.left_out,
        }
        return json.dumps(whole, ensure_ascii=False, indent=2)


def _interval(interval: Interval) -> list[object]:
    return [_known(each) for each in (interval.value, interval.low, interval.high)]


def _number(value: float, digits: int = 0) -> str:
    return "?" if np.isnan(value) else f"{value:,.{digits}f}"


def _known(value: object) -> object:
    return None if isinstance(value, float) and not np.isfinite(value) else value
