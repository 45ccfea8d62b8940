"""Prices, from the dated table of the library genai-prices. An unknown price is None, never 0."""

from langgraph_tumix.core.usage import Usage


def usd(provider: str, model: str, usage: Usage) -> float | None:
    """Return what the tokens of `usage` cost in US dollars, or None if the table does not know the model.

    Args:
        provider: The provider's name, e.g. ``openai``; empty for one whose prices nobody can know, such as a local
            server.
        model: The model's name at that provider.
        usage: Input includes what was read from or written to the cache, as in LangChain's usage metadata.
    """
    if not provider:
        return None
    import genai_prices

    counted = genai_prices.Usage(
        input_tokens=usage["input_tokens"],
        output_tokens=usage["output_tokens"],
        cache_read_tokens=usage["cache_read_tokens"],
        cache_write_tokens=usage["cache_write_tokens"],
    )
    try:
        return float(genai_prices.calc_price(counted, model, provider_id=provider).total_price)
    except LookupError:
        return None
