"""What counts as an answer, and why something else does not."""

import time

from hypothesis import given
from hypothesis import strategies as st

from langgraph_tumix.core.answers import LONGEST_ANSWER, Extracted, Why, extract_answer

LONG = "All work and no play. " * 5_000  # 110 kB

FOUND = [
    # plain brackets
    ("<<<42>>>", "42"),
    ("The answer is <<<42>>>.", "42"),
    ("<<< 42 >>>", "42"),
    ("<<<A>>>", "A"),
    ("Steps:\n1. add\n2. divide\n\n<<<7/3>>>\n", "7/3"),
    ("**<<<42>>>**", "42"),
    # the last complete one counts
    ("<<<41>>> No: <<<42>>>", "42"),
    ("<<<41>>>\nI checked again.\n<<<42>>>\nDone.", "42"),
    ("<<<42>>> and then <<<43", "42"),
    ("I shall write <<< and >>> around it: <<<42>>>", "42"),
    ("An unclosed <<<first and then <<<second>>>", "second"),
    ("A stray >>> and <<<42>>>", "42"),
    # several lines, markup inside, brackets inside
    ("<<<first line\nsecond line>>>", "first line\nsecond line"),
    ("<<<\n42\n>>>", "42"),
    (r"<<<$\frac{1}{2}$>>>", r"$\frac{1}{2}$"),
    (r"<<<\boxed{\{1, 2\}}>>>", r"\boxed{\{1, 2\}}"),
    ("<<<**B**>>>", "**B**"),
    ("<<<List<int>>>>", "List<int>"),
    ("<<<Map<str, List<int>>>>>", "Map<str, List<int>>"),
    ("<<<<div>>>>", "<div>"),
    ("<<<42>>>>", "42"),
    ("<<<x < 3>>>", "x < 3"),
    ("<<<x > 3 and y < 4>>>", "x > 3 and y < 4"),
    ("<<<a -> b>>>", "a -> b"),
    ("<<<```python\nprint(1)\n```>>>", "```python\nprint(1)\n```"),
    ("<<<\n```python\nprint('<<<0>>>')\n```\n>>>", "```python\nprint('<<<0>>>')\n```"),
    # fences and quotes beside it
    ("```python\nprint('<<<41>>>')\n```\n<<<42>>>", "42"),
    ("<<<42>>>\n```\n<<<41>>>\n```", "42"),
    ("<<<42>>>\n~~~\n<<<41>>>\n~~~", "42"),
    ("````\n```\n<<<41>>>\n```\n````\n<<<42>>>", "42"),
    ("  ```\n<<<41>>>\n  ```\n<<<42>>>", "42"),
    ("> agent 3 said <<<41>>>\n\nI say <<<42>>>", "42"),
    ("<<<42>>>\n> <<<41>>>", "42"),
    ("Inline ```code``` is no block: <<<42>>>", "42"),
    # legitimate answers that look like none
    ("<<<None>>>", "None"),
    ("<<<none>>>", "none"),
    ("<<<none of the above>>>", "none of the above"),
    ("<<<0>>>", "0"),
    ("<<<no>>>", "no"),
    ("<<<null>>>", "null"),
    ("<<<NaN>>>", "NaN"),
    ("<<<undefined>>>", "undefined"),
    ("<<<does not exist>>>", "does not exist"),
    ("<<<no solution>>>", "no solution"),
    ("<<<cannot be determined>>>", "cannot be determined"),
    ("<<<Cannot be determined from the information given>>>", "Cannot be determined from the information given"),
    ("<<<not enough information>>>", "not enough information"),
    ("<<<ValueError: invalid literal>>>", "ValueError: invalid literal"),
    ("<<<TypeError>>>", "TypeError"),
    ("<<<Margin of error: 3 points>>>", "Margin of error: 3 points"),
    ("<<<The Unknown Soldier>>>", "The Unknown Soldier"),
    ("<<<I do not like green eggs>>>", "I do not like green eggs"),
    ("<<<Timed exposure>>>", "Timed exposure"),
    ("<<<rate limiting>>>", "rate limiting"),
    ("<<<404>>>", "404"),
    ("<<<Na>>>", "Na"),
    ("<<<->>>", "-"),
    # what is unseen is removed, what is written stays
    ("<<<4\x002\x07>>>", "42"),
    ("<<<\u202e42\u202c>>>", "42"),
    ("<<<\u200b42\ufeff>>>", "42"),
    ("<<<4\ud8002>>>", "42"),
    ("<<<\x1b[31m42\x1b[0m>>>", "42"),
    ("<<<12 km>>>", "12 km"),
    ("<<<شجرة الزيتون>>>", "شجرة الزيتون"),
    ("<<<٤٢>>>", "٤٢"),
    ("الجواب هو <<<نعم>>>.", "نعم"),
    ("答案是<<<四十二>>>。", "四十二"),
    # long texts
    (LONG + "<<<42>>>", "42"),
    ("<<<42>>>" + LONG, "42"),
    (f"<<<{'x' * LONGEST_ANSWER}>>>", "x" * LONGEST_ANSWER),
]

MISSING: list[tuple[str, Why]] = [
    ("", "empty reply"),
    (" \n\t", "empty reply"),
    ("I need to compute this first.", "no answer in the reply"),
    ("The answer is 42.", "no answer in the reply"),
    (r"\boxed{42}", "no answer in the reply"),
    ("<42>", "no answer in the reply"),
    (">>>42<<", "no answer in the reply"),
    ("I don't know yet. <search>capital of Peru</search>", "no answer in the reply"),
    (LONG, "no answer in the reply"),
    ("```\n<<<42>>>\n```", "no answer in the reply"),
    ("~~~text\n<<<42>>>\n~~~", "no answer in the reply"),
    ("```python\nx = 1\n<<<42>>>", "no answer in the reply"),
    ("```\n~~~\n<<<42>>>", "no answer in the reply"),
    ("> <<<42>>>", "no answer in the reply"),
    ("   > <<<42>>>", "no answer in the reply"),
    ('>>> print("<<<42>>>")', "no answer in the reply"),
    ("<<<42", "truncated answer"),
    ("<<<42>>", "truncated answer"),
    ("So it is <<<", "truncated answer"),
    ("<<<a " + LONG, "truncated answer"),
    ("<<<42\n> >>>", "truncated answer"),
    ("<<<>>>", "empty answer"),
    ("<<<  \n >>>", "empty answer"),
    ("<<<\u200b\x00>>>", "empty answer"),
    (r"<<<\boxed{}>>>", "empty answer"),
    ('<<<"">>>', "empty answer"),
    ("<<<42>>> or rather <<<>>>", "empty answer"),
    ("<<<answer>>>", "placeholder"),
    ("<<<your final answer here>>>", "placeholder"),
    ("<<<...>>>", "placeholder"),
    ("<<<…>>>", "placeholder"),
    ("<<<???>>>", "placeholder"),
    ("<<<TBD>>>", "placeholder"),
    (f"<<<{'x' * (LONGEST_ANSWER + 1)}>>>", "answer too long"),
    ("<<<unknown>>>", "refusal"),
    ("<<<Unknown.>>>", "refusal"),
    ("<<<**unknown**>>>", "refusal"),
    (r"<<<\text{unknown}>>>", "refusal"),
    ("<<<The answer is unknown>>>", "refusal"),
    ("<<<N/A>>>", "refusal"),
    ("<<<n/a>>>", "refusal"),
    ("<<<I cannot answer>>>", "refusal"),
    ("<<<I can’t answer this question.>>>", "refusal"),
    ("<<<I don't know>>>", "refusal"),
    ("<<<I don’t actually know.>>>", "refusal"),
    ("<<<I do not have enough data to tell>>>", "refusal"),
    ("<<<Sorry, I could not find the year>>>", "refusal"),
    ("<<<I'm sorry, but I can't help with that.>>>", "refusal"),
    ("<<<As an AI model, I cannot access the web>>>", "refusal"),
    ("<<<Unfortunately, we were unable to verify it>>>", "refusal"),
    ("<<<I am not sure>>>", "refusal"),
    ("<<<unable to determine>>>", "refusal"),
    ("<<<no answer>>>", "refusal"),
    ("<<<no information found>>>", "refusal"),
    ("<<<No relevant results were found>>>", "refusal"),
    ("<<<none of the sources say>>>", "refusal"),
    ("<<<None of the search results give the date>>>", "refusal"),
    ("<<<The answer could not be found>>>", "refusal"),
    ("<<<not found>>>", "refusal"),
    ("<<<41>>> hm, <<<unknown>>>", "refusal"),
    ("<<<Error: division by zero>>>", "error text"),
    ("<<<error>>>", "error text"),
    ("<<<Code runtime error: exceeded 60 s>>>", "error text"),
    ("<<<Traceback (most recent call last)\n  File x>>>", "error text"),
    ("<<<HTTP 500>>>", "error text"),
    ("<<<Status code: 429>>>", "error text"),
    ("<<<503 Service Unavailable>>>", "error text"),
    ("<<<rate limit exceeded>>>", "error text"),
    ("<<<API rate limit reached>>>", "error text"),
    ("<<<Code execution timed out>>>", "error text"),
    ("<<<The request has timed out after 60 s>>>", "error text"),
    ("<<<Connection error.>>>", "error text"),
    ("<<<Internal server error>>>", "error text"),
]

FINAL = [
    ("<<<42>>>", "42"),
    (r"\boxed{41} but <<<42>>>", "42"),
    (r"So $\boxed{42}$.", "42"),
    (r"\boxed{41}, no, \boxed{42}", "42"),
    (r"$$\boxed{\frac{1}{2}}$$", r"\frac{1}{2}"),
    (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
    (r"\boxed{\text{a \} b}}", r"\text{a \} b}"),
    ("```\n\\boxed{41}\n```\nAnswer: 42", "42"),
    ("Final answer: 42", "42"),
    ("Work.\n\nAnswer: 42\n", "42"),
    ("**Final answer:** 42", "42"),
    ("**Answer: 42**", "42"),
    ("### Final Answer: B", "B"),
    ("The answer is 42.", "42"),
    ("So the final answer is: **B**.", "B"),
    ("The answer to the question is Paris.", "Paris"),
    ("The answer is not A, so the answer is B.", "B"),
    ("the answer is 3.5", "3.5"),
    ("Answer = 42", "42"),
    ("**Final answer**\n\n42", "42"),
    ("# Answer\nParis", "Paris"),
    ("Answer: 41\nAnswer: 42", "42"),
]

FINAL_MISSING: list[tuple[str, Why]] = [
    ("", "empty reply"),
    ("I went on thinking about it.", "no answer in the reply"),
    ("Answer: 42\nBut I have doubts about that.", "no answer in the reply"),
    ("> Answer: 42", "no answer in the reply"),
    ("```\nAnswer: 42\n```", "no answer in the reply"),
    (r"\boxed{42", "truncated answer"),
    (r"\boxed{\frac{1}{2}", "truncated answer"),
    ("Answer: <<<4", "truncated answer"),
    (r"\boxed{}", "empty answer"),
    ("Answer: unknown", "refusal"),
    ("The answer is N/A.", "refusal"),
    ("I cannot answer this question.", "refusal"),
    ("Error: rate limit exceeded", "error text"),
    ("Traceback (most recent call last):\n  File", "error text"),
    (r"\boxed{\text{your answer}}", "placeholder"),
    ("Answer: " + "x" * 20_000, "no answer in the reply"),
    (LONG, "no answer in the reply"),
]


def test_finds_the_answer() -> None:
    wrong = {reply: got for reply, answer in FOUND if (got := extract_answer(reply)) != Extracted(answer)}
    assert not wrong


def test_says_why_there_is_no_answer() -> None:
    wrong = {reply: got for reply, why in MISSING if (got := extract_answer(reply)) != Extracted(None, why)}
    assert not wrong


def test_is_lenient_with_the_last_reply() -> None:
    wrong = {reply: got for reply, answer in FINAL if (got := extract_answer(reply, final=True)) != Extracted(answer)}
    assert not wrong


def test_leniency_has_limits() -> None:
    wrong = {
        reply: got for reply, why in FINAL_MISSING if (got := extract_answer(reply, final=True)) != Extracted(None, why)
    }
    assert not wrong


ENDLESS = [
    "<" * 100_000,
    ">" * 100_000,
    "<<<x>>>" * 15_000,
    "<<<" * 33_000,
    "<<<" + "a" * 100_000,
    "<<<" + "a <" * 33_000 + ">>>",
    "```\n" * 25_000,
    "\n" * 100_000,
    "> a\n" * 25_000,
    "\\boxed{" * 14_000,
    "\\boxed{" + "{" * 90_000,
    "answer is " * 10_000,
    "answer for " + "a " * 900,
    "<<<" + "sorry, i don't really know " * 300,
    "<<<" + "the code tool " * 700 + ">>>",
    "<<<" + "\u0300\u0327" * 4_900 + ">>>",
    "<<<" + "*" * 9_000 + ">>>",
]


def test_takes_bounded_time() -> None:
    for reply in ENDLESS:
        start = time.perf_counter()
        extract_answer(reply)
        extract_answer(reply, final=True)
        assert time.perf_counter() - start < 1, reply[:40]


pieces = st.sampled_from(
    ["<<<", ">>>", "```", "~~~", "\n", "> ", "\\boxed{", "}", "answer", ":", " is ", "unknown", "4"]
)
replies = st.lists(pieces | st.text(max_size=8), max_size=40).map("".join)


@given(replies | st.text(), st.booleans())
def test_never_raises_and_says_why_if_and_only_if_there_is_no_answer(reply: str, final: bool) -> None:
    found = extract_answer(reply, final=final)
    assert (found.answer is None) == (found.why is not None)
    assert found.answer is None or (found.answer and found.answer == found.answer.strip())
    found.answer is None or found.answer.encode()  # what is kept can be stored


@given(replies, st.from_regex(r"[1-9][0-9]{0,8}", fullmatch=True))
def test_whatever_precedes_it_a_last_bracket_counts(before: str, answer: str) -> None:
    closed = before.replace("`", "").replace("~", "")  # an open fence hides what follows
    assert extract_answer(f"{closed}\n\n<<<{answer}>>>").answer == answer
