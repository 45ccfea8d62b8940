"""The four panels in a real browser, against numbers counted here."""

from collections import Counter
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from langgraph_tumix.core.statistics import mcnemar, wilson
from tests.report.conftest import Opened, address, cells
from tests.report.runs import RIGHT, of

pytestmark = [pytest.mark.server, pytest.mark.timeout(180)]


def is_right(note: dict[str, Any]) -> bool:
    return bool(note["answer"] == RIGHT[note["id_of_task"]])


def notes(result: dict[str, Any], round_: int, agent: str = "") -> list[dict[str, Any]]:
    rounds = len(result["outcome"]["rounds"])
    return [
        {**note, "id_of_task": result["task"]}
        for note in result["notes"]
        if note["round"] == min(round_, rounds) and agent in ("", note["agent"])
    ]


def vote(cast: list[dict[str, Any]], task: str) -> float:
    """Return the chance that the majority is right."""
    counts = Counter(note["answer"] for note in cast if note["answer"])
    leaders = [answer for answer, count in counts.items() if count == max(counts.values())]
    return leaders.count(RIGHT[task]) / len(leaders) if leaders else 0.0


async def test_accuracy_against_cost(boxes: Path, opened: Opened) -> None:
    right = {name: [r["outcome"]["answer"] == RIGHT[r["task"]] for r in of(boxes, name)] for name in ("trio", "single")}
    async with opened(address(boxes)) as page:
        shown = await cells(page, "#cost")
        for name, values in right.items():
            share = wilson(sum(values), 30)
            assert shown[name]["Accuracy"] == f"{share.value:.0%}".replace("%", " %") + (
                f" {100 * share.low:.0f}–{100 * share.high:.0f} %"
            )
            usd = fmean(result["outcome"]["usage"]["usd"] for result in of(boxes, name))
            point = page.locator(f'#cost circle[data-name="{name}"]')
            assert float(await point.get_attribute("data-accuracy") or "") == pytest.approx(share.value, abs=1e-5)
            assert float(await point.get_attribute("data-cost") or "") == pytest.approx(usd)
            calls = fmean(result["outcome"]["usage"]["model_calls"] for result in of(boxes, name))
            assert float(shown[name]["Calls"]) == pytest.approx(calls, abs=0.51)
        assert shown["trio"]["Against trio"] == ""
        difference = 100 * (fmean(right["single"]) - fmean(right["trio"]))
        assert shown["single"]["Against trio"].replace("−", "-").startswith(f"{difference:+.1f} ")
        pairs = Counter(zip(right["trio"], right["single"], strict=True))
        p = mcnemar(pairs[True, False], pairs[False, True])
        assert shown["single"]["Verdict"].endswith("p < 0.001" if p < 0.001 else f"p = {p:.3f}")
        assert await page.locator("#cost path.front").count() == 1
        await page.click('#cost button[data-value="tokens"]')
        assert "tokens per question" in await page.inner_text("#cost .figure")
        tokens = fmean(
            sum(r["outcome"]["usage"][f"{way}put_tokens"] for way in ("in", "out")) for r in of(boxes, "trio")
        )
        cost = await page.get_attribute('#cost circle[data-name="trio"]', "data-cost")
        assert float(cost or "") == pytest.approx(tokens)


async def test_rounds_per_question(boxes: Path, opened: Opened) -> None:
    counts = Counter(len(result["outcome"]["rounds"]) for result in of(boxes, "trio"))
    assert len(counts) > 1
    async with opened(address(boxes)) as page:
        bar = '#rounds li[data-name="trio"] .bar i'
        shown = await page.eval_on_selector_all(
            bar, "parts => parts.map(part => [part.dataset.rounds, part.dataset.count])"
        )
        assert {int(rounds): int(count) for rounds, count in shown} == counts
        widths = await page.eval_on_selector_all(bar, "parts => parts.map(part => part.getBoundingClientRect().width)")
        assert widths[0] / sum(widths) == pytest.approx(counts[min(counts)] / 30, abs=0.02)
        mean = fmean(counts.elements())
        assert f"mean {mean:.2f}" in (await page.inner_text("#rounds")).replace("\n", " ")


async def test_what_each_agent_contributes(boxes: Path, opened: Opened) -> None:
    trio = of(boxes, "trio")
    async with opened(address(boxes)) as page:
        shown = await cells(page, "#agents")
        for name in ("CoT", "C", "CS_gs"):
            own = fmean(is_right(note) for result in trio for note in notes(result, 1, name))
            last = fmean(is_right(note) for result in trio for note in notes(result, 9, name))
            only = sum({note["agent"] for note in notes(result, 1) if is_right(note)} == {name} for result in trio)
            worth = fmean(
                vote(notes(r, 9), r["task"]) - vote([n for n in notes(r, 9) if n["agent"] != name], r["task"])
                for r in trio
            )
            usd = fmean(result["outcome"]["by_agent"][name]["usd"] for result in trio)
            row = shown[name]
            assert row["Own accuracy"].startswith(f"{100 * own:.0f} %")
            assert row["Last round"] == f"{100 * last:.0f} %"
            points = f"{100 * only / 30:+.1f}" if only else "0.0"
            assert row["Coverage added"].startswith(points)
            assert float(row["Vote worth"].split()[0].replace("−", "-")) == pytest.approx(100 * worth, abs=0.06)
            assert float(row["$ / question"][1:]) == pytest.approx(usd, rel=0.05)
            assert row["Lost"] == "0"
        covered = fmean(any(is_right(note) for note in notes(result, 1)) for result in trio)
        assert f"right on {100 * covered:.0f} %" in (await page.inner_text("#agents .finding")).replace("\u00a0", " ")
        assert float(shown["judge"]["$ / question"][1:]) > 0
        order = [float(row["Own accuracy"].split()[0]) for row in shown.values() if row["Own accuracy"]]
        assert order == sorted(order, reverse=True)
        await page.click("#agents th button:has-text('Tokens')")
        assert await page.get_attribute("#agents th[aria-sort]", "aria-sort") == "descending"
        tokens = [row["Tokens"] for row in list((await cells(page, "#agents")).values())[:3]]
        assert tokens == [shown[name]["Tokens"] for name in ("CS_gs", "C", "CoT")]
        await page.select_option("#agents select", "single")
        assert list(await cells(page, "#agents")) == ["Base", "judge", "aggregator"]


async def test_when_the_judge_stops(boxes: Path, opened: Opened) -> None:
    trio = of(boxes, "trio")
    async with opened(address(boxes)) as page:
        shown = await cells(page, "#stopping")
        before = 0.0
        for number in (1, 2, 3):
            reached = [result for result in trio if len(result["outcome"]["rounds"]) >= number]
            stopped = sum(len(result["outcome"]["rounds"]) == number for result in reached)
            accuracy = fmean(vote(notes(result, number), result["task"]) for result in trio)
            usd = sum(result["outcome"]["by_round"].get(str(number), {"usd": 0})["usd"] for result in trio) / 30
            row = shown[str(number)]
            assert (row["Reached"], row["Stopped"].split()[0]) == (str(len(reached)), str(stopped))
            reports = [result["outcome"]["rounds"][number - 1] for result in reached]
            judged = [report["stop"] for report in reports if report["verdict"]]
            assert row["Judge asked"] == (f"{len(judged)} {100 * fmean(judged):.0f} % stop" if judged else "0")
            assert row["Accuracy after"].startswith(f"{100 * accuracy:.0f} %")
            assert float(row["$ / question"][1:]) == pytest.approx(usd, rel=0.05)
            if number > 1:
                assert float(row["Gain"].split()[0].replace("−", "-")) == pytest.approx(
                    100 * (accuracy - before), abs=0.06
                )
                price = row["$ / further right answer"]
                gain = accuracy - before
                assert float(price[1:]) == pytest.approx(usd / gain, rel=0.05) if gain > 0 else price == "–"
            column = await page.get_attribute(f'#stopping rect[data-round="{number}"]', "data-stopped")
            point = await page.get_attribute(f'#stopping circle[data-round="{number}"]', "data-accuracy")
            assert int(column or "") == stopped
            assert float(point or "") == pytest.approx(accuracy, abs=1e-5)
            before = accuracy
