"""Chances: how probable it is that the answer that leads a vote is the one that most further votes would choose.

All of them assume that votes are independent draws from one distribution; agents who have read each other break that.
"""

import math
from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=65536)
def beta_lead(first: int, second: int) -> float:
    """Return P(p > 1/2) for p ~ Beta(first + 1, second + 1): the lead of the first over the second answer is real.

    Adaptive-Consistency's criterion (arXiv 2305.11860), 1 - I_{1/2}(first + 1, second + 1). With whole counts this is
    P(Binomial(first + second + 1, 1/2) <= first), which needs no special function.

    >>> beta_lead(3, 0), beta_lead(4, 0), beta_lead(2, 2)
    (0.9375, 0.96875, 0.5)
    """
    throws = first + second + 1
    ways = sum(math.comb(throws, heads) for heads in range(first + 1))
    return float(ways / 2**throws)


@lru_cache(maxsize=65536)
def dirichlet_lead(counts: tuple[int, ...]) -> float:
    """Return P(p_1 > p_i for all i > 1) for p ~ Dirichlet(counts + 1), the leader's count first.

    Adaptive-Consistency's second criterion draws this by Monte Carlo. Here it is one integral: the p are normalised
    Gamma variables, so the chance is that of the first exceeding all others, ∫ f_1(x) ∏ F_i(x) dx, and Gamma
    distributions of whole shape have closed forms. Exact to about 1e-5.

    Args:
        counts: Votes of the answers, most first; one answer alone is compared with an unseen second.

    >>> round(dirichlet_lead((4, 0)), 4), round(dirichlet_lead((2, 2)), 4)
    (0.9688, 0.5)
    """
    shapes = [count + 1 for count in counts] + [1] * (len(counts) < 2)
    own, rest = shapes[0], shapes[1:]
    spread = 8 * math.sqrt(own)
    least, steps = max(0.0, own - spread), 200
    width = (own + spread + 10 - least) / steps
    total = 0.0
    for step in range(1, steps):  # Simpson's rule; the integrand vanishes at both ends
        x = least + step * width
        density = math.exp((own - 1) * math.log(x) - x - math.lgamma(own))
        total += (4 if step % 2 else 2) * density * math.prod(_erlang(x, shape) for shape in rest)
    return min(1.0, total * width / 3)


def _erlang(x: float, shape: int) -> float:
    """Return P(Gamma(shape) <= x) for a whole shape."""
    term = total = 1.0
    for power in range(1, shape):
        term *= x / power
        total += term
    return 1.0 - math.exp(-x) * total


def entropy(counts: Sequence[int]) -> float:
    """Return the Shannon entropy of the votes as a share of the greatest for that many different answers, 0 to 1.

    >>> entropy([2, 2]), entropy([3]), entropy([])
    (1.0, 0.0, 0.0)
    """
    total = sum(counts)
    shares = [count / total for count in counts if count]
    return -sum(share * math.log(share) for share in shares) / math.log(len(shares)) if len(shares) > 1 else 0.0
