"""Questions about letters, rankings and syllogisms, with their true answers: the cases that are not about numbers."""

import random
from itertools import pairwise

from tests.offline.cases import Case, family


@family
def letters(r: random.Random) -> Case:
    word = "".join(r.choice("strawbey") for _ in range(r.randint(4, 12)))
    return r.choice(
        [
            (f"How many times does the letter r occur in '{word}'?", word.count("r")),
            (f"Reverse the word {word}.", word[::-1]),
            (f"How many letters are there in the word {word}?", len(word)),
            (f"Is the word {word} a palindrome?", word == word[::-1]),
        ]
    )


@family
def ranking(r: random.Random) -> Case:
    names = r.sample(["Ann", "Bob", "Cid", "Dora", "Emil", "Fay"], r.randint(3, 6))  # from the tallest down
    told = [r.choice([f"{a} is taller than {b}", f"{b} is shorter than {a}"]) for a, b in pairwise(names)]
    r.shuffle(told)
    story = ". ".join(told) + ". "
    a, b = r.sample(range(len(names)), 2)
    return r.choice(
        [
            (story + "Who is the tallest?", names[0]),
            (story + "Who is the shortest?", names[-1]),
            (story + "Who is the second tallest?", names[1]),
            (story + f"Is {names[a]} taller than {names[b]}?", a < b),
            (story + f"Is {names[a]} shorter than {names[b]}?", a > b),
        ]
    )


@family
def syllogism(r: random.Random) -> Case:
    a, b, c = r.sample(["florn", "bleet", "grum", "tharl", "wisk"], 3)
    return r.choice(
        [
            (f"All {a}s are {b}s. All {b}s are {c}s. Are all {a}s {c}s?", True),
            (f"All {a}s are {b}s. All {c}s are {b}s. Are all {a}s {c}s?", False),
            (f"All {a}s are {b}s. No {b} is a {c}. Does it follow that no {c}s are {a}s?", True),
            (f"Some {a}s are {b}s. All {b}s are {c}s. Does it follow that some {c}s are {a}s?", True),
            (f"All {a}s are {b}s. Some {b}s are {c}s. Does it follow that some {a}s are {c}s?", False),
            (f"Tom is a {a}. All {a}s are {b}s. Is Tom a {b}?", True),
        ]
    )
