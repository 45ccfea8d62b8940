"""The faults: how each looks on the wire, and what a caller of a model has to make of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.servers.local import Fault as Wire
from tests.servers.openai_protocol import Reply, failure


@dataclass(frozen=True)
class Fault:
    """One thing that can go wrong.

    Attributes:
        name: Its name.
        cause: The cause that a note gives for it.
        attempts: How often a model call is sent in view of it: once where another attempt cannot help.
        words: A part of what the outcome says of it.
        wire: What the server does instead of answering.
        status: HTTP status.
        headers: Further headers.
        finish: Why the reply ends, if it ends at once.
        strange: Whether the reply is JSON, but nobody's.
        refused: Whether no server listens.
    """

    name: str
    cause: str
    attempts: int
    words: str
    wire: Wire | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    finish: str | None = None
    strange: bool = False
    refused: bool = False

    @property
    def patience(self) -> float:
        """Seconds that a call, a search or the start of a kernel gets: few where nothing will come.

        Not too few: those who are well get no more, on a machine that may be busy.
        """
        return 2.0 if self.wire in ("hang", "drip") else 20.0

    @property
    def reply(self) -> Reply:
        """What a model's server answers."""
        if self.status != 200:
            return Reply(status=self.status, headers=self.headers, error=failure(self.status).error)
        if self.finish:
            return Reply("", finish_reason=self.finish)
        body = {"result": {"output": "42"}} if self.strange else None
        return Reply("So it is <<<13>>>.", fault=self.wire, body=body)


SOON, LATER = {"Retry-After": "0.1"}, {"Retry-After": "3600"}

FAULTS = (
    Fault("connection refused", "connection", 3, "could not be reached", refused=True),
    Fault("reset before the reply", "connection", 3, "broke off", wire="reset"),
    Fault("closed in mid-body", "connection", 3, "broke off", wire="truncate"),
    Fault("never an answer", "timeout", 1, "took too long", wire="hang"),
    Fault("slow loris", "timeout", 1, "took too long", wire="drip"),
    Fault("401", "auth", 1, "check the API key", status=401),
    Fault("404 model", "model", 1, "does not know this model", status=404),
    Fault("429", "rate_limit", 3, "rate limit was reached", status=429),
    Fault("429, Retry-After 0.1 s", "rate_limit", 3, "rate limit was reached", status=429, headers=SOON),
    Fault("429, Retry-After 1 h", "rate_limit", 1, "no time to wait 3600 s", status=429, headers=LATER),
    Fault("500", "server", 3, "HTTP 500, the provider failed", status=500),
    Fault("529", "server", 3, "HTTP 529, the provider is overloaded", status=529),
    Fault("malformed JSON", "reply", 1, "could not be read", wire="malformed"),
    Fault("wrong schema", "reply", 1, "could not be read", strange=True),
    Fault("empty content", "empty", 3, "the reply is empty", finish="stop"),
    Fault("finish_reason length", "empty", 1, "the output limit was used up", finish="length"),
    Fault("content filter", "refused", 1, "content filter", finish="content_filter"),
    Fault("stream cut in the middle", "connection", 3, "broke off", wire="cut"),
    Fault("duplicated chunks", "reply", 1, "could not be read", wire="double"),
)
