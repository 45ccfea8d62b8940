"""Prices: the caller's own, or those of the dated table of the library genai-prices. Unknown is None, never 0."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date

from langgraph_tumix.core.usage import Usage
from langgraph_tumix.errors import ConfigError

MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """What a model costs, in US dollars per million tokens.

    Attributes:
        input: Input that is neither read from nor written to a cache.
        output: Output, reasoning included.
        cache_read: Input read from a cache; as `input` if not given.
        cache_write: Input written to a cache; as `input` if not given.

    Raises:
        ConfigError: One of them is not a number from 0 up.

    >>> from langgraph_tumix.core.usage import used
    >>> Price(1.0, 4.0, cache_read=0.1).usd(used(input_tokens=1_000_000, cache_read_tokens=1_000_000))
    0.1
    """

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not (isinstance(value, int | float) and 0 <= value < float("inf")):
                raise ConfigError(f"Price({field.name}={value!r}): give dollars per million tokens, from 0 up")

    def usd(self, usage: Usage) -> float:
        """Return what the tokens of `usage` cost."""
        read, written = usage["cache_read_tokens"], usage["cache_write_tokens"]
        plain = max(0, usage["input_tokens"] - read - written)
        return (
            plain * self.input
            + read * (self.input if self.cache_read is None else self.cache_read)
            + written * (self.input if self.cache_write is None else self.cache_write)
            + usage["output_tokens"] * self.output
        ) / MILLION


Prices = Mapping[str, Price]
"""Prices by model: the id (``gpt-5-mini``), or provider and id (``openai:gpt-5-mini``)."""


def check_prices(prices: Prices, names: Iterable[tuple[str, str]]) -> None:
    """Refuse a price that is none, or that no model bears.

    Args:
        prices: The caller's.
        names: Name and id of each model.

    Raises:
        ConfigError: There is such a price.
    """
    known = sorted({name for pair in names for name in pair})
    for name, price in prices.items():
        if not isinstance(price, Price):
            raise ConfigError(f"prices[{name!r}] is {price!r}: give Price(input=..., output=...)")
        if name not in known:
            raise ConfigError(f"prices names {name!r}, which no model here is: give one of {', '.join(known)}")


def usd(provider: str, model: str, usage: Usage, *, written_for_an_hour: int = 0, tier: str = "") -> float | None:
    """Return what the tokens of one call cost in US dollars, or None if the table does not know the model.

    Args:
        provider: The provider's name, e.g. ``openai``; empty for one whose prices nobody can know, such as a local
            server.
        model: The model's name at that provider.
        usage: Of one call, for some prices depend on its length. Input includes what was read from or written to the
            cache, as in LangChain's usage metadata.
        written_for_an_hour: The part of the cache writes that is kept for an hour, at Anthropic's higher price.
        tier: The provider's service tier, such as ``flex`` or ``priority``.
    """
    if not provider:
        return None
    import genai_prices

    counted = genai_prices.Usage(
        input_tokens=usage["input_tokens"],
        output_tokens=usage["output_tokens"],
        cache_read_tokens=usage["cache_read_tokens"],
        cache_write_tokens=usage["cache_write_tokens"],
        cache_write_1h_tokens=written_for_an_hour,
    )
    context = {"service_tier": tier} if tier else None
    try:
        return float(genai_prices.calc_price(counted, model, provider_id=provider, price_context=context).total_price)
    except (LookupError, ValueError):  # not in the table, or counts that contradict each other
        return None


def table() -> str:
    """Name the table of prices in use: its version, and the day of the latest change or check that it holds."""
    import re
    from importlib.metadata import version
    from pathlib import Path

    import genai_prices

    text = (Path(genai_prices.__file__).parent / "data.py").read_text(encoding="utf-8")
    days = {day for day in re.findall(r"\d{4}-\d\d-\d\d", text) if day <= date.today().isoformat()}  # noqa: DTZ011
    return f"genai-prices {version('genai-prices')}, checked until {max(days)}"
