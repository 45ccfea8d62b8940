"""The page as a text: it needs nothing else, nothing of it can act, and its colours can be read."""

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from langgraph_tumix.report import page, read_run, write
from langgraph_tumix.report.document import as_json
from tests.report.runs import make, results


@pytest.fixture(scope="module")
async def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of fewer questions than those that are looked at: the page is made in the same way."""
    return await make(tmp_path_factory.mktemp("runs") / "boxes", 3)


def test_it_needs_nothing_else(boxes: Path) -> None:
    text = page(read_run(boxes))
    assert not re.findall(r"""(?:src|href)=["'](?!data:,|#)[^"']*""", text.partition("<script")[0])
    assert "@import" not in text
    assert "url(" not in text


def test_details_are_packed_question_by_question(boxes: Path) -> None:
    text = page(read_run(boxes))
    packed = text.partition('id="details">')[2].partition("</script>")[0].split("\n")
    assert len(packed) == 3
    third = json.loads(gzip.decompress(base64.b64decode(packed[2])))
    assert third["question"].endswith("box 3?")
    assert [result["preset"] for result in third["results"]] == ["trio", "single"]
    kept = next(result for result in results(boxes) if result["task"] == "box-003")
    assert third["results"][0]["notes"] == kept["notes"]


def test_its_policy_names_its_own_script_and_style(boxes: Path) -> None:
    text = page(read_run(boxes))
    for tag, rule in (('<script type="module">', "script-src"), ("<style>", "style-src")):
        own = text.partition(tag)[2].partition(f"</{tag[1:].split('>')[0].split()[0]}>")[0]
        digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in text
    assert "connect-src 'none'" in text


def test_the_same_run_gives_the_same_page(boxes: Path) -> None:
    assert page(read_run(boxes)) == page(read_run(boxes))


@pytest.mark.parametrize("text", ["</script>", "<!--", "\u2028", "\ud800", "\x00", "]]>", "{{data}}"])
def test_json_holds_no_markup_and_stays_itself(text: str) -> None:
    written = as_json({text: [text]})
    assert "<" not in written
    assert written.isascii()
    assert json.loads(written) == {text: [text]}


def test_the_file_lies_in_the_folder_or_where_it_is_wanted(boxes: Path, tmp_path: Path) -> None:
    assert write(boxes) == boxes / "report.html"
    wanted = tmp_path / "new" / "page.html"
    assert write(boxes, wanted) == wanted
    assert wanted.read_text("utf-8") == (boxes / "report.html").read_text("utf-8")


def test_its_markup_is_well_formed() -> None:
    class Strict(HTMLParser):
        open: list[str]

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag not in ("meta", "link"):
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    parser = Strict()
    parser.open = []
    parser.feed(web("page.html"))
    parser.close()
    assert parser.open == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_can_be_read(theme: str) -> None:
    """The contrast of all words is that of WCAG's level AA, 4.5 to 1."""
    pairs = [(ink, paper) for ink in ("ink", "faint") for paper in ("paper", "panel", "sunk", "blue-soft")]
    pairs += [(name, f"{name}-soft") for name in ("good", "bad", "warn", "violet")]
    pairs += [("blue", "panel"), ("good", "panel"), ("bad", "panel"), ("warn", "sunk")]
    pairs += [("on-light", f"s{number}") for number in (1, 2, 3)]
    pairs += [("on-dark", f"s{number}") for number in (4, 5, 6)]
    light, dark = re.findall(r":root \{([^}]*)\}", web("colours.css"))[:2]
    colours = dict(re.findall(r"--([\w-]+): (#\w+);", light if theme == "light" else dark))
    for ink, paper in pairs:
        bright, dim = sorted((luminance(colours[ink]), luminance(colours[paper])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (ink, paper)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    shares = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def web(name: str) -> str:
    return files("langgraph_tumix.report").joinpath("web", name).read_text("utf-8")
