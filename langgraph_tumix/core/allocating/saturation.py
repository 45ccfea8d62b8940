"""How many samples are worth their price: the saturation point of a success curve, and PETS' batch plan."""

import math
import random
from collections.abc import Mapping, Sequence

from langgraph_tumix.core.stop import share
from langgraph_tumix.errors import ConfigError


def saturation(most: float, rate: float, price: float) -> int:
    """Return N*, from which on one more unit gains no more than `price`: TTSPM (arXiv 2505.20522).

    F(N) = most (1 - (1 - rate)^N) gains most · rate · (1 - rate)^N with unit N + 1, so
    N* = ceil(ln(price / (most · rate)) / ln(1 - rate)). `replay.learn.success_curve` fits most and rate.

    >>> saturation(0.9, 0.3, 0.01), saturation(0.9, 0.3, 0.5)
    (10, 0)
    """
    share("saturation(most)", most)
    share("saturation(rate)", rate)
    if price <= 0:
        raise ConfigError(f"saturation(price) is {price}: give a number above 0")
    if price >= most * rate:
        return 0
    return 1 if rate == 1 else math.ceil(math.log(price / (most * rate)) / math.log(1 - rate))


def next_samples(counts: Mapping[str, Sequence[int]], slots: int, *, draws: int = 500, seed: int = 0) -> list[str]:
    """Return the questions that another sample helps most: PETS' optimistic knowledge gradient for a batch.

    The aim is to find each question's own majority, without gold. With a Dirichlet(1 + counts) posterior, h is the
    chance that the likeliest answer is the majority; a question's gain is the most that one more vote could add to h.

    Args:
        counts: The votes of each question, an entry for each answer (with a 0 for one not seen yet).
        slots: How many questions to return.
        draws: Gamma draws for each h.
        seed: Fixes them.

    >>> next_samples({"settled": [9, 0], "open": [2, 2]}, 1)
    ['open']
    """
    rng = random.Random(seed)
    gain = {question: _gain(votes, draws, rng) for question, votes in counts.items()}
    return sorted(gain, key=lambda question: (-gain[question], question))[:slots]


def _gain(votes: Sequence[int], draws: int, rng: random.Random) -> float:
    now = _certainty(votes, draws, rng)
    more = [[count + (place == other) for other, count in enumerate(votes)] for place in range(len(votes))]
    return max(_certainty(option, draws, rng) for option in more) - now


def _certainty(votes: Sequence[int], draws: int, rng: random.Random) -> float:
    firsts = [0] * len(votes)
    for _ in range(draws):
        weights = [rng.gammavariate(count + 1, 1.0) for count in votes]
        firsts[weights.index(max(weights))] += 1
    return max(firsts) / draws
