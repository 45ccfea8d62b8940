"""A Jupyter gateway's REST interface: making and deleting kernels, and saying what is wrong when that fails."""

import asyncio
import contextlib
import json
import logging
import re
from dataclasses import dataclass, field

import aiohttp

from langgraph_tumix.core.text import clean
from langgraph_tumix.interpreter.clean import shorten

LARGEST_REPLY = 1 << 16  # bytes
REQUEST_SECONDS = 20.0  # a Jupyter Server needs 5 to end a kernel that does not want to
LATE_SECONDS = 60.0  # a kernel that is made later than it was wanted is deleted, if it comes within this time
DELETE_PAUSES = (0.0, 1.0, 3.0)  # seconds; a Jupyter Server that is just restarting the kernel answers 500
KERNEL_ID = re.compile(r"[\w.-]{1,100}")
# What a request and its answer can raise; a TimeoutError is an OSError.
TROUBLE = (aiohttp.ClientError, OSError, ValueError, RecursionError)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Gateway:
    """Where kernels come from.

    Attributes:
        url: Its address, without a slash at the end.
        token: What it wants to be shown; empty for none.
        kernel_name: The kernel specification to start.
        start_seconds: How long a kernel may take until it answers.
    """

    url: str
    token: str = field(repr=False)
    kernel_name: str
    start_seconds: float

    def connect(self) -> aiohttp.ClientSession:
        """Open what all requests for one kernel share."""
        headers = {"Accept-Encoding": "identity"}
        if self.token:
            headers["Authorization"] = f"token {self.token}"
        timeout = aiohttp.ClientTimeout(total=self.start_seconds + LATE_SECONDS)
        return aiohttp.ClientSession(headers=headers, timeout=timeout, auto_decompress=False)

    async def create(self, http: aiohttp.ClientSession) -> str:
        """Make a kernel, and give its URL.

        Raises:
            TROUBLE: One of these; `explain` says what it means.
        """
        # A gateway that is given an environment adds no more of its own to it than it was configured to.
        request = {"name": self.kernel_name, "env": {}}
        kernels = f"{self.url}/api/kernels"
        async with http.post(kernels, json=request, allow_redirects=False) as reply:
            answer = await _body(reply)
            if reply.status not in (200, 201):
                message = _message(answer) or _tidy(reply.reason or "")
                raise aiohttp.ClientResponseError(reply.request_info, (), status=reply.status, message=message)
        kernel = json.loads(answer)
        if not isinstance(kernel, dict) or not KERNEL_ID.fullmatch(str(kernel.get("id", ""))):
            raise ValueError("no kernel's id")
        return f"{kernels}/{kernel['id']}"

    async def interrupt(self, http: aiohttp.ClientSession, kernel: str) -> None:
        """Raise KeyboardInterrupt in the running cell, if it lets the gateway."""
        async with http.post(f"{kernel}/interrupt", timeout=_short(), allow_redirects=False):
            pass

    async def delete(self, http: aiohttp.ClientSession, kernel: str) -> None:
        """Delete a kernel; where that cannot be done, the log says so."""
        problem = ""
        for pause in DELETE_PAUSES:
            try:
                await asyncio.sleep(pause)
                async with http.delete(kernel, timeout=_short(), allow_redirects=False) as reply:
                    if reply.ok or reply.status == 404:
                        return
                    problem = f"{reply.status} {reply.reason}"
                    if reply.status < 500:
                        break
            except asyncio.CancelledError:  # an event loop that shuts down cancels everything once; the kernel goes
                problem = "the event loop was shut down"
            except TROUBLE as error:
                problem = self.explain(error)
                if isinstance(error, TimeoutError):
                    break
        logger.warning("the kernel %s may still be there: %s", kernel, problem)

    def explain(self, error: BaseException) -> str:
        """Say what happened, and what to do."""
        match error:
            case aiohttp.ClientResponseError():
                said = f"answered {error.status}" + (f" ({error.message})" if error.message else "")
                return f"the gateway at {self.url} {said}: {self._remedy(error.status)}"
            case aiohttp.ClientConnectorCertificateError():
                return (
                    f"the gateway at {self.url} shows a certificate that is not trusted here ({_tidy(error)}): "
                    "if it is a private one, set SSL_CERT_FILE to the certificate of its issuer"
                )
            case TimeoutError():
                return f"the gateway at {self.url} did not answer in time: it is overloaded, or gone"
            case aiohttp.ClientError() | OSError():
                reason = _tidy(error) or type(error).__name__
                return f"the gateway at {self.url} cannot be reached ({reason}): is it running, is this its URL?"
        return f"what {self.url} answers is not what a Jupyter gateway says ({_tidy(error)}): is this its URL?"

    def _remedy(self, status: int) -> str:
        match status:
            case 401 | 403:
                return "check the token (token=... or JUPYTER_TOKEN), and how many kernels the gateway allows"
            case 404:
                return f"check the URL, a base path is part of it, and that it has a kernel named {self.kernel_name!r}"
            case _ if status >= 500:
                return f"its log says why; has it a kernel named {self.kernel_name!r}?"
        return "is this the URL of a Jupyter gateway?"


def _short() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=REQUEST_SECONDS)


async def _body(reply: aiohttp.ClientResponse) -> str:
    body = b""
    async for piece in reply.content.iter_any():
        body += piece
        if len(body) > LARGEST_REPLY:
            raise ValueError(f"more than {LARGEST_REPLY >> 10} KiB")
    return body.decode(errors="replace")


def _message(answer: str) -> str:
    """Find what an error's body says to a person, if it does."""
    with contextlib.suppress(*TROUBLE):
        body = json.loads(answer)
        if isinstance(body, dict):
            return _tidy(body.get("message") or body.get("reason") or "")
    return ""


def _tidy(said: object) -> str:
    return shorten(clean(str(said)), 300)
