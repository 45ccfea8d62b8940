r"""One spelling for the many ways in which an answer is written: LaTeX, Markdown, Unicode, plain text.

`plain` keeps case and meaning and changes only the notation, so that all later readers see one: ``\dfrac{π}{2}``
and ``\frac{\pi}{2}``, ``**A**`` and ``$\text{A}$``, ``5 − 3`` and ``5 - 3`` become the same text.
"""

import re
import unicodedata

from langgraph_tumix.core.text import clean

_FUNCTIONS = "sqrt sin cos tan cot sec csc arcsin arccos arctan asin acos atan sinh cosh tanh exp log ln lg abs"
_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega varepsilon vartheta varphi Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
)
_STYLES = "text textbf textit mathrm mathbf mathit mathbb mbox operatorname ce"
_SIGNS = (
    "* cdot times ast; / div; ± pm; ≤ le leq leqslant; ≥ ge geq geqslant; ≠ ne neq; ≈ approx simeq; < lt; > gt; ∈ in; "
    r"∪ cup; ∅ emptyset varnothing; ∞ infty; ° circ degree; | vert mid; { lbrace {; } rbrace }; \frac dfrac tfrac cfrac"
)

FUNCTIONS = frozenset(_FUNCTIONS.split())
"""Names that a formula may call."""

GREEK = dict(zip(_GREEK_NAMES.split(), "αβγδεζηθικλμνξπρστυφχψωεθφΓΔΘΛΞΠΣΦΨΩ", strict=True))
"""Names of letters, and the letters."""

_COMMANDS = (
    {name: entry.split()[0] for entry in _SIGNS.split(";") for name in entry.split()[1:]}
    | GREEK
    | dict.fromkeys(["left", "right", "displaystyle", "!", "(", ")", "[", "]", *_STYLES.split()], "")
    | dict.fromkeys([",", ";", ":", " ", "\n", "quad", "qquad"], " ")
    | {character: character for character in "%$&#_"}
)
_CHARACTERS = str.maketrans(
    "‐‑‒–—―−×·⋅∙∗÷⁄∕⩽⩾٫٬٪ºµ‘’‚′“”„«»",
    "-------*****///≤≥.,%°μ" + "'" * 4 + '"' * 5,
) | {ord("√"): r"\sqrt "}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_CHUNK = re.compile(r"\S{1,500}")  # putting combining marks in order takes quadratic time
_INVISIBLE = re.compile("[\xad\u061c\u180e\u200c\u200d\ufe0e\ufe0f\U000e0000-\U000e007f]")
_STYLED = re.compile(rf"\\(?:{'|'.join(_STYLES.split())})\s*\{{([^{{}}]*)\}}")
_MATRIX = re.compile(r"\\begin\{([pbB]?matrix)\}(.{0,2000}?)\\end\{\1\}", re.DOTALL)
_DOLLARS = re.compile(r"(?<!\\)(\$\$?)(?=\S)((?:[^$\\]|\\.)+)(?<!\s)\1(?!\d)")
_BOXED = re.compile(r"^\\(?:boxed|fbox|text|textbf|mathrm|mathbf)\s*\{(.*)\}$", re.DOTALL)
_LEAD = re.compile(
    r"^(?:(?:so|thus|hence|therefore),?\s+)?(?:(?:the|my)\s+)?(?:final\s+|correct\s+|best\s+)?"
    r"(?:answer|result|solution)\s*(?:\bis\b|=|:)\s*:?\s*(?=\S)",
    re.IGNORECASE,
)
_MOST_LAYERS = 8
_PAIRS = ("<<<", ">>>"), *((mark, mark) for mark in ("```", "**", "__", "~~", '"', "'", "`", "*", "_", "$$", "$"))


def plain(text: str) -> str:
    r"""Return `text` in the one notation; empty if nothing but markup is left.

    >>> plain(r"**The answer is $\dfrac{3\pi}{2}$.**"), plain("“yes.”"), plain("x² ≤ ½"), plain(r"\boxed{}")
    ('\\frac{3π}{2}', 'yes', 'x^{2} ≤ 1/2', '')
    """
    text = _unicode(clean(text))
    if "\\" in text or "$" in text:
        text = _latex(text)
    text = " ".join(text.replace("{,}", ",").split())
    for _ in range(_MOST_LAYERS):
        before, text = text, _unwrap(text)
        if text == before:
            break
    return text


def _unicode(text: str) -> str:
    if text.isascii():
        return text
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+", lambda match: f"^{{{match[0].translate(_SUPERSCRIPTS)}}}", text)
    text = re.sub(r"(?<=\d)(?=[¼½¾⅐-⅞])", " ", text)  # 2½ is 2 1/2, not 21/2
    text = _CHUNK.sub(_normalize, _INVISIBLE.sub("", text).translate(_CHARACTERS))
    text = re.sub(r"\d", lambda match: str(unicodedata.decimal(match[0])), text)
    return text.translate(_CHARACTERS)


def _normalize(chunk: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", chunk[0])


def _latex(text: str) -> str:
    text = _MATRIX.sub(lambda match: _rows(match[2]), text)
    text = _DOLLARS.sub(r"\2", text)
    text = re.sub(r"(\\[A-Za-z]+)(?=\\)", r"\1 ", text)
    for _ in range(_MOST_LAYERS):
        text = _STYLED.sub(r"\1", text)
    text = re.sub(r"\\([A-Za-z]+|.)", lambda match: _COMMANDS.get(match[1], match[0]), text, flags=re.DOTALL)
    return re.sub(r"\^\s*(?:\{\s*°\s*\}|°)", "°", text).replace("~", " ")


def _rows(body: str) -> str:
    rows = [",".join(row.split("&")) for row in body.split(r"\\") if row.strip()]
    return "[" + ",".join(f"[{row}]" for row in rows) + "]"


def _unwrap(text: str) -> str:
    """Take off one layer: markup or quotes around the whole, the words that lead in, the final stop."""
    for opening, closing in _PAIRS:
        inner = text[len(opening) : -len(closing)]
        if inner and text.startswith(opening) and text.endswith(closing) and opening not in inner:
            return inner.strip()
    if text in ('""', "''", "``", "$$"):
        return ""
    if (match := _BOXED.match(text)) and is_closed(text[text.index("{") :]):
        return match[1].strip()
    return _LEAD.sub("", re.sub(r"(?<=[^.\s])\s*[.,;:]$", "", text))


def is_closed(text: str) -> bool:
    """Whether the bracket that `text` begins with is closed by its last character, whatever kinds they are.

    >>> is_closed("(a, {b}]"), is_closed("(a)(b)")
    (True, False)
    """
    depth = 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth <= 0:
            return place > 0 and place == len(text) - 1
    return False


def split(text: str, separators: str) -> list[str]:
    """Split `text` at each of the characters in `separators` that stands outside of brackets.

    >>> split("(1, 2), 3; 4", ",;")
    ['(1, 2)', '3', '4']
    """
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and character in separators:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]
