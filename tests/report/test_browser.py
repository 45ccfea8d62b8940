"""The page in a real browser: filters, links, keyboard, hostile texts, many questions, phones, paper, missing data."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from langgraph_tumix.report import write
from tests.report.conftest import Opened, address, cells
from tests.report.looking import expect
from tests.report.runs import RIGHT, add, lines, make, of, results

pytestmark = [pytest.mark.server, pytest.mark.timeout(180)]


async def test_filters(boxes: Path, opened: Opened) -> None:
    def among(fits: Callable[[dict[str, Any]], bool]) -> set[str]:
        return {result["task"] for result in results(boxes) if fits(result)}

    def wrong(result: dict[str, Any]) -> bool:
        return bool(result["outcome"]["answer"] != RIGHT[result["task"]])

    async with opened(address(boxes)) as page:
        finding = page.locator("#questions .finding")
        choices = page.locator("#questions .filters select")
        await expect(finding).to_have_text("30 of 30 questions")
        await expect(page.locator(".list li")).to_have_count(25)
        await page.click("text=Next →")
        await expect(page.locator(".list li")).to_have_count(5)
        assert "page=2" in page.url
        await choices.nth(1).select_option("false")
        await expect(finding).to_have_text(f"{len(among(wrong))} of 30 questions")
        await choices.nth(0).select_option("trio")
        expected = among(lambda result: result["preset"] == "trio" and wrong(result))
        await expect(finding).to_have_text(f"{len(expected)} of 30 questions")
        ids = await page.eval_on_selector_all(".list a", "links => links.map(link => link.dataset.id)")
        assert set(ids) == expected
        await page.reload()
        await expect(finding).to_have_text(f"{len(expected)} of 30 questions")
        await choices.nth(1).select_option("")
        await choices.nth(3).select_option("dates")
        await expect(finding).to_have_text("10 of 30 questions")
        await page.fill("[name=find]", "BOX 2?")
        await expect(finding).to_have_text("1 of 30 questions")
        await page.fill("[name=find]", "no such words")
        await expect(finding).to_have_text("0 of 30 questions")
        await page.fill("[name=find]", "")
        await choices.nth(3).select_option("")
        await choices.nth(4).select_option("cost")
        dearest = max(of(boxes, "trio"), key=lambda result: result["outcome"]["usage"]["usd"])
        await expect(page.locator(".list li:first-child a")).to_have_attribute("data-id", dearest["task"])
        await choices.nth(2).select_option("complete")
        await expect(finding).to_have_text("30 of 30 questions")


async def test_a_question_down_to_its_sources(boxes: Path, opened: Opened) -> None:
    result = next(result for result in of(boxes, "trio") if result["task"] == "box-007")
    note = next(note for note in result["notes"] if note["id"] == "1/CS_gs/0")
    async with opened(address(boxes, "#q=box-007&p=trio")) as page:
        question = page.locator(".question")
        await question.locator(".round").first.wait_for()
        text = await question.inner_text()
        for words in (
            "How many are in box 7?",
            "right answer 149",
            result["outcome"]["stop_reason"],
            "Round 1",
            "Round 2",
        ):
            assert words in text
        assert await question.locator(".round").count() == len(result["outcome"]["rounds"])
        assert await question.locator(".note").count() == len(result["notes"])
        assert await question.locator(".note pre").count() == 0, "what is closed is not built"
        await question.locator(".round").first.locator(".note", has_text="CS_gs").locator("summary").first.click()
        await question.locator(".note[open] .sources").wait_for()
        shown = await question.locator(".note[open]").inner_text()
        for words in (note["text"], "corpus:source", *(step["output"] for step in note["evidence"])):
            assert words.strip() in shown
        await question.locator("text=What the judge wrote").first.click()
        await question.locator("text=I compare.").wait_for()
        await question.locator(".tabs a", has_text="single").click()
        await question.locator(".note", has_text="Base").wait_for()
        assert "p=single" in page.url
        await page.go_back()
        await question.locator(".note", has_text="CS_gs").first.wait_for()
        await page.evaluate("location.hash = 'q=no-such'")
        await page.wait_for_selector("text=No question with results has the id no-such.")
        await page.evaluate("location.hash = 'q=box-030'")
        await page.wait_for_selector(".question h3:has-text('box 30?')")
        chosen = page.locator(".list a[aria-current]")
        await expect(chosen).to_have_attribute(
            "data-id", "box-030"
        )  # the list turns to the page of the chosen question


async def test_by_keyboard_alone(boxes: Path, opened: Opened) -> None:
    async with opened(address(boxes)) as page:
        await page.focus("[name=find]")
        await page.keyboard.type("box 11?")
        for _ in range(6):
            await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.dataset.id") == "box-011"
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".question .note")
        assert await page.evaluate("document.activeElement.className") == "question"
        for _ in range(4):
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator(".note[open]")).to_have_count(1)


HOSTILE = (
    "<img src=x onerror='window.hit=1'>",
    "</script><script>window.hit=1</script>",
    "<!--<script>",
    "\u2028\u2029\ud800 \x00",
    "{{script}} {{data}} \\u003cb>",
    "__proto__",
    "constructor",
    "']};window.hit=1;//",
    "A" * 3000,
)


UNFOLD = """async () => {
  for (const level of [1, 2, 3]) {
    document.querySelectorAll("details").forEach((place) => (place.open = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}"""


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
async def test_hostile_texts_do_nothing(text: str, tmp_path: Path, boxes: Path, opened: Opened) -> None:
    result = {**of(boxes, "trio")[0], "task": text, "preset": text}
    outcome = result["outcome"]
    first = outcome["rounds"][0] | {"reason": text, "verdict": text, "votes": {text: 2, "1": 1}}
    outcome |= {"question": text, "answer": text, "votes": {text: 2, "constructor": 1}, "warnings": [text]}
    outcome |= {"stop_reason": text, "left_out": {text: text}, "rounds": [first, *outcome["rounds"][1:]]}
    step = {"kind": "search", "input": text, "output": text, "ok": False, "seconds": 1.0}
    step["sources"] = [
        text,
        "javascript:window.hit=1",
        "data:text/html,<script>1</script>",
        "https://example.org/a?b=<c>",
    ]
    for note in result["notes"]:
        note |= {"answer": text, "text": text, "reason": text, "model": text, "evidence": [step], "agent": text[:100]}
    result["score"] = {"correct": False, "by": "key", "why": text}
    about = json.loads((boxes / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(about | {"tasks": text, "model": text, "presets": [text]}))
    lines(tmp_path / "tasks.jsonl", [{"id": text, "question": text, "topic": text}])
    lines(tmp_path / "gold.jsonl", [{"id": text, "answer": "1"}])
    add(tmp_path, result)
    async with opened(address(tmp_path)) as page:
        assert await page.text_content("h1") == text.replace("\ud800", "?")
        await page.click(".list a")
        await page.wait_for_selector(".question .round")
        await page.evaluate(UNFOLD)
        links = page.locator(".sources a")
        assert await links.count() == len(result["notes"])
        assert await links.first.get_attribute("href") == "https://example.org/a?b=%3Cc%3E"
        assert "noopener" in (await links.first.get_attribute("rel") or "")
        await expect(page.locator("main img, main script, header img")).to_have_count(0)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 1280
        await page.evaluate("location.hash = 'sort=constructor&page=__proto__&mark=%zz'")
        await page.wait_for_function(
            "document.querySelector('#questions .finding').textContent.includes('of 30 questions')"
        )


async def test_the_policy_stops_what_is_not_the_page_s_own(boxes: Path, opened: Opened) -> None:
    async with opened(address(boxes), complaints=True) as page:
        await page.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.hit = 1'}))"
        )
        await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hit = 1\">')")
        with pytest.raises(Exception, match="Failed to fetch"):
            await page.evaluate("fetch('http://127.0.0.1:9/')")


@pytest.fixture(scope="module")
async def thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,000 questions, 15 agents, 3 rounds: the results of four questions, again and again."""
    folder = await make(
        tmp_path_factory.mktemp("runs") / "many", 4, {"tumix": {"agents": "tumix", "min_rounds": 3, "max_rounds": 3}}
    )
    few = results(folder)
    asked = [{"id": id_, "question": f"How many are in box {number}?"} for number, id_ in enumerate(RIGHT, 1)]
    lines(folder / "tasks.jsonl", asked)
    lines(
        folder / "gold.jsonl",
        [{"id": id_, "answer": few[place % 4]["outcome"]["answer"]} for place, id_ in enumerate(RIGHT)],
    )
    lines(folder / "results.jsonl", [{**few[place % 4], "task": id_} for place, id_ in enumerate(RIGHT)])
    return folder


async def test_a_thousand_questions_stay_usable(thousand: Path, opened: Opened) -> None:
    file = write(thousand)
    assert file.stat().st_size < 0.2 * (thousand / "results.jsonl").stat().st_size
    async with opened(file.as_uri()) as page:
        elements = "document.querySelectorAll('*').length"
        assert await page.evaluate(elements) < 2_000
        await expect(page.locator("#questions .finding")).to_have_text("1,000 of 1,000 questions")
        await page.fill("[name=find]", "box 777?")
        await expect(page.locator("#questions .finding")).to_have_text("1 of 1,000 questions")
        await page.click(".list a")
        await page.wait_for_selector(".question .note")
        await expect(page.locator(".question .note")).to_have_count(45)
        await page.fill("[name=find]", "")
        await expect(page.locator(".list li:first-child a")).to_have_attribute("data-id", "box-776")
        for _ in range(11):
            await page.click("text=← Previous")
        await expect(page.locator(".list li:first-child a")).to_have_attribute("data-id", "box-501")
        for number in range(3):
            await page.click(f".list li:nth-child({number + 1}) a")
            await page.wait_for_selector(f".question h3:has-text('box {501 + number}?')")
        assert await page.evaluate(elements) < 3_000


PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


async def test_on_a_phone(boxes: Path, opened: Opened) -> None:
    async with opened(address(boxes), **PHONE) as page:
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
        await page.tap(".list a")
        await page.wait_for_selector(".question .note")
        assert not await page.is_visible(".list")
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
        await page.tap(".question .note summary")
        await page.tap(".question .back")
        await expect(page.locator(".list")).to_be_visible()  # a browser goes back in its own time
        await expect(page.locator(".question")).not_to_be_visible()


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
async def test_light_and_dark(scheme: str, is_dark: bool, boxes: Path, opened: Opened) -> None:
    async with opened(address(boxes), color_scheme=scheme) as page:
        red = await page.evaluate("parseInt(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])")
        assert (red < 60) == is_dark


async def test_on_paper(boxes: Path, opened: Opened) -> None:
    async with opened(address(boxes)) as page:
        assert (await page.pdf(format="A4")).startswith(b"%PDF")
        await page.emulate_media(media="print")
        assert not await page.is_visible("#questions .filters")
        assert await page.is_visible("#cost .figure svg")


async def test_the_page_says_what_is_missing(boxes: Path, tmp_path: Path, opened: Opened) -> None:
    """No right answers, no notes, no prices, lost agents: no panel breaks, and each is said."""
    (tmp_path / "run.json").write_text((boxes / "run.json").read_text())
    for place, result in enumerate(of(boxes, "trio")[:3]):
        result["outcome"]["usage"]["usd"] = None
        result["outcome"]["lost"] = [{"agent": "C", "round": 1, "reason": "the server was down"}]
        result["score"] = {"correct": None, "by": "none", "why": "the right answer is not known"}
        result["notes"] = [] if place else result["notes"]
        add(tmp_path, result)
    with (tmp_path / "results.jsonl").open("a") as file:
        file.write('{"preset": "trio"}\n{"preset": "trio", "task": "box-0')
    async with opened(address(tmp_path)) as page:
        said = (await page.inner_text("body")).replace("\u00a0", " ")
        for words in (
            "Simulated.",
            "the right answers are not known, so there is no accuracy",
            "2 of 3 results hold no notes",
            "the price of 3 of 3 results is not known",
            "the last line of results.jsonl is half-written",
            "1 line of results.jsonl cannot be read and was left out",
            "3 of 60 results",
            "No accuracy to draw",
        ):
            assert words in said
        assert (await cells(page, "#cost"))["trio"]["$ / question"] == "unknown"
        assert (await cells(page, "#cost"))["trio"]["Lost"] == "3"
        await page.click(".list li:nth-child(2) a")
        await page.wait_for_selector("text=This result holds no notes.")


async def test_an_empty_run(boxes: Path, tmp_path: Path, opened: Opened) -> None:
    (tmp_path / "run.json").write_text((boxes / "run.json").read_text())
    async with opened(address(tmp_path)) as page:
        for panel in ("cost", "rounds", "agents", "stopping", "questions"):
            assert "No question has ended yet." in await page.inner_text(f"#{panel}")
        await expect(page.locator("progress")).to_have_attribute("value", "0")
