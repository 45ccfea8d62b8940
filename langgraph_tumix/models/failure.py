"""What went wrong with a model call, told from any provider's exception."""

import asyncio
import math
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from langgraph_tumix.errors import ModelError

_BY_STATUS = {
    400: ("request", "the provider refused the request"),
    401: ("auth", "the provider refused the key; check the API key"),
    402: ("quota", "the account has no credit left; top it up"),
    403: ("auth", "the key may not use this model; check the API key's rights"),
    404: ("model", "the provider does not know this model; check its name and the address"),
    408: ("timeout", "the provider timed out"),
    413: ("request", "the prompt is too large for the provider"),
    429: ("rate_limit", "the provider's rate limit was reached; lower the concurrency"),
    529: ("server", "the provider is overloaded"),
}
_BY_CODE = {
    "insufficient_quota": ("quota", "the account has no credit left; top it up"),
    "billing_hard_limit_reached": ("quota", "the account's spending limit was reached; raise it"),
    "content_filter": ("refused", "the provider's content filter refused the request"),
    "context_length_exceeded": ("request", "the prompt is too long for the model's context"),
}
_RETRYABLE = frozenset({"rate_limit", "server", "connection"})
_NOT_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout", "ConnectionRefusedError", "gaierror")


def model_error(error: Exception) -> ModelError:
    """Translate a provider's exception.

    Only names, status, code and headers are looked at, so that no provider's library has to be imported.
    """
    status = getattr(error, "status_code", None)
    kind, words = _refused(error, status) if isinstance(status, int) and status >= 400 else _broken(error)
    retryable = kind in _RETRYABLE or status in (408, 409)
    if _header(error, "x-should-retry") == "false":
        retryable = False
    return ModelError(
        kind,
        f"{words} ({type(error).__name__}: {error})"[:400],
        retryable=retryable,
        billed=kind in ("timeout", "connection", "reply") and status is None and not _never_sent(error),
        wait=retry_after(error),
    )


def _refused(error: Exception, status: int) -> tuple[str, str]:
    by_code = _BY_CODE.get(str(getattr(error, "code", None) or ""))
    usual = ("server", "the provider failed") if status >= 500 else ("request", "the provider refused the request")
    kind, words = by_code or _BY_STATUS.get(status, usual)
    return kind, f"HTTP {status}, {words}"


def _broken(error: Exception) -> tuple[str, str]:
    if isinstance(error, TimeoutError | asyncio.TimeoutError) or "Timeout" in type(error).__name__:
        return "timeout", "the call took too long"
    if isinstance(error, OSError) or "Connection" in type(error).__name__:
        return "connection", "the provider could not be reached or broke off"
    return "reply", "the reply could not be read; is this the address of a chat model?"


def _never_sent(error: BaseException) -> bool:
    return any(type(cause).__name__ in _NOT_SENT for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def retry_after(error: Exception) -> float | None:
    """Return how many seconds the provider asks to wait, or None.

    It may say so in milliseconds, in seconds, or as a date.
    """
    milliseconds = _number(_header(error, "retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    said = _header(error, "retry-after")
    seconds = _number(said)
    if seconds is not None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


def _header(error: Exception, name: str) -> str:
    headers: Mapping[str, Any] = getattr(getattr(error, "response", None), "headers", None) or {}
    return str(headers.get(name) or "").strip()
