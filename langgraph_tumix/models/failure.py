"""What went wrong with a model call, told from any provider's exception."""

import asyncio

from langgraph_tumix.errors import ModelError

_BY_STATUS = {
    400: ("request", "the provider refused the request"),
    401: ("auth", "the provider refused the key; check the API key"),
    403: ("auth", "the key may not use this model; check the API key's rights"),
    404: ("model", "the provider does not know this model; check its name"),
    408: ("timeout", "the provider timed out"),
    413: ("request", "the prompt is too large for the provider"),
    429: ("rate_limit", "the provider's rate limit was reached; lower the concurrency"),
}
_RETRYABLE = frozenset({"rate_limit", "server", "connection"})


def model_error(error: Exception) -> ModelError:
    """Translate a provider's exception.

    Only the status code and the kind of exception are looked at, so that no provider's library has to be imported.
    """
    status = getattr(error, "status_code", None)
    detail = f"{type(error).__name__}: {error}"[:300]
    if isinstance(status, int):
        kind, words = _BY_STATUS.get(status, ("server", "the provider failed") if status >= 500 else ("request", ""))
        words = f"HTTP {status}, {words or 'the provider refused the request'}"
    elif isinstance(error, TimeoutError | asyncio.TimeoutError) or "Timeout" in type(error).__name__:
        kind, words = "timeout", "the call took too long"
    elif isinstance(error, OSError) or "Connection" in type(error).__name__:
        kind, words = "connection", "the provider could not be reached or broke off"
    else:
        kind, words = "reply", "the reply could not be read"
    return ModelError(kind, f"{words} ({detail})", retryable=kind in _RETRYABLE)


def retry_after(error: Exception) -> float | None:
    """Return how many seconds the provider asks to wait, or None."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None
