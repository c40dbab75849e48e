"""HTTP on a transport, as far as opening a WebSocket needs it: answers, and websocket-client's handshake."""

from __future__ import annotations

import http.client
import http.cookies
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from email.errors import FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect
from typing import Any
from urllib.parse import SplitResult

from websocket import WebSocketException, create_connection

from .._base.threads import Deadline, logger_of
from ..exceptions import ConnectError
from .guest_socket import GuestSocket
from .transport import Transport

__all__ = ["Answer", "do_handshake"]

logger = logger_of(__name__)

_MAX_HEAD = 65536
_MAX_BODY = 65536
_BODY_PATIENCE = 2.0  # seconds
_CHECKED_BY_THE_LIBRARY = ("upgrade", "connection", "sec-websocket-accept")
_MALFORMED = (FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect)


class Answer:
    """The answer to an HTTP request, read from a transport by ``http.client``.

    Interim answers (1xx other than 101) are skipped.

    Attributes:
        status: The status code.
        reason: The status code and what the other side called it, "403 Forbidden".
        headers: The headers as they were spelled; of those that came more than once, the values with commas between.

    Raises:
        OverdueError: It did not come whole in time.
        OSError: The connection broke, or what came is not such an answer.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._incoming = _Incoming(transport)
        self._response = self._read_head()
        self._incoming.head_is_read()
        self.status = self._response.status
        self.reason = f"{self.status} {self._response.reason}".strip()
        self.headers: dict[str, str] = {}
        for name, value in self._response.getheaders():
            known = self.headers.get(name)
            self.headers[name] = value if known is None else f"{known}, {value}"

    def _read_head(self) -> http.client.HTTPResponse:
        as_socket: Any = self._incoming
        try:
            while True:
                response = http.client.HTTPResponse(as_socket)
                response.begin()
                if not 100 <= response.status < 200 or response.status == 101:
                    break
        except http.client.BadStatusLine as error:
            raise ConnectionError(f"the answer has a malformed status line, {str(error)[:40].strip()!r}") from error
        except http.client.UnknownProtocol as error:
            raise ConnectionError(f"the answer is in an unknown version of HTTP ({error})") from error
        except http.client.HTTPException as error:
            raise ConnectionError(f"the answer is not valid HTTP: {error or type(error).__name__}") from error
        if any(isinstance(defect, _MALFORMED) for defect in response.headers.defects):
            raise ConnectionError("the answer has a malformed header")
        return response

    def header(self, name: str) -> str | None:
        """The value of a header, whose name may be in any case."""
        return self._response.getheader(name)

    def early(self) -> bytes:
        """What came right behind the head, where no body follows."""
        return self._incoming.rest

    def body(self, deadline: Deadline) -> str:
        """Read what explains a refusal, as far as it comes in the next two seconds and up to 64 KB.

        Args:
            deadline: When to stop at the latest.
        """
        body = b""
        self._transport.expire_reads_at(time.monotonic() + deadline.at_most(_BODY_PATIENCE))
        try:
            while len(body) < _MAX_BODY and (part := self._response.read1(_MAX_BODY - len(body))):
                body += part
        except (OSError, http.client.HTTPException) as error:
            logger.debug("The body of the refusal did not come whole: %s", error)
        return body.decode("utf-8", "replace")


class _Incoming:
    """The bytes of a transport as the socket and the file that ``http.client`` reads.

    Unlike a file of the standard library's it shows what has come and was not read, and closing it does nothing.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._read = 0
        self._in_head = True
        self.rest = b""

    def makefile(self, _: str) -> _Incoming:
        return self

    def readline(self, limit: int) -> bytes:
        while (end := self.rest.find(b"\n") + 1) == 0 and len(self.rest) < limit and self._more():
            continue
        return self._take(min(end or limit, limit))

    def read(self, size: int) -> bytes:
        while len(self.rest) < size and self._more():
            continue
        return self._take(size)

    def read1(self, size: int) -> bytes:
        if size and not self.rest:
            self._more()
        return self._take(size)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        """Whoever opened the transport closes it."""

    def head_is_read(self) -> None:
        """From now on any number of bytes may come, and the end."""
        self._in_head = False

    def _take(self, size: int) -> bytes:
        taken, self.rest = self.rest[:size], self.rest[size:]
        self._read += len(taken)
        return taken

    def _more(self) -> bool:
        """Wait for bytes. False at the end."""
        come = self._read + len(self.rest)
        if self._in_head and come > _MAX_HEAD:
            raise ConnectionError("the head of the answer does not end")
        while (data := self._transport.read()) is None:
            continue
        if self._in_head and not data:
            when = "in the middle of its answer" if come else "without an answer"
            raise ConnectionError(f"the other side hung up {when}")
        if not come and not b"HTTP/".startswith(data[:5]):
            raise ConnectionError(f"the other side does not speak HTTP; its answer begins {data[:16]!r}")
        self.rest += data
        return bool(data)


def do_handshake(
    transport: Transport,
    url: SplitResult,
    headers: Sequence[tuple[str, str]],
    deadline: Deadline,
    max_message_size: int,
    refusals: Mapping[int, str],
) -> tuple[GuestSocket, bytes]:
    """Make the WebSocket handshake.

    Args:
        transport: Connected to the server, through a proxy and TLS where needed.
        url: What to ask for.
        headers: Request headers beside those of the WebSocket protocol.
        deadline: When to give up.
        max_message_size: The largest message taken later, in bytes.
        refusals: What a refusal usually means, by its status.

    Returns:
        The WebSocket, without a socket, and what the server sent right behind its answer.

    Raises:
        ConnectError: The server refused, or did not do what the protocol asks for.
        OverdueError: It took too long.
        OSError: The connection broke.
    """
    server = _Server(transport, deadline, refusals)
    # websocket-client keeps one cookie jar for the whole process and looks into it by the end of the URL's host name.
    nobody = secrets.token_hex(16)
    try:
        web_socket = create_connection(
            f"{url.scheme}://{nobody}{url.path or '/'}" + (f"?{url.query}" if url.query else ""),
            class_=GuestSocket,
            max_message_size=max_message_size,
            socket=server,
            host=url.netloc,
            header=[f"{name}: {value}" for name, value in headers],
            suppress_origin=True,
            redirect_limit=0,
            skip_utf8_validation=True,
            enable_multithread=False,
        )
    except (WebSocketException, OSError, ValueError, http.cookies.CookieError) as error:
        if error is server.failure:
            raise
        if server.failure is not None:
            raise server.failure from error
        raise ConnectError(
            f"The server answered the WebSocket handshake wrongly: {error}",
            statusCode=server.answer.status if server.answer else -1,
            headers=server.answer.headers if server.answer else None,
        ) from error
    assert isinstance(web_socket, GuestSocket)  # noqa: S101 - for the type checker
    return web_socket, server.answer.early() if server.answer else b""


class _Server:
    """The socket that websocket-client has during its handshake.

    It reads the answer itself, because the library would read a head without end, would lose the status of a refusal
    whose body does not come, and takes cookies. What the library is shown is what it has to check.

    Attributes:
        answer: The answer, once its head has come.
        failure: What went wrong here; the library may have put an exception of its own around it.
    """

    def __init__(self, transport: Transport, deadline: Deadline, refusals: Mapping[int, str]) -> None:
        self._transport = transport
        self._deadline = deadline
        self._refusals = refusals
        self._shown: Iterator[bytes] = iter(())
        self.answer: Answer | None = None
        self.failure: OSError | None = None

    def send(self, data: bytes) -> int:
        try:
            self._transport.write(data, self._deadline.remaining)
        except OSError as error:
            self.failure = error
            raise
        return len(data)

    def recv(self, _: int) -> bytes:
        if self.answer is None:
            try:
                self.answer = Answer(self._transport)
                self._refuse_refusal(self.answer)
            except OSError as error:
                self.failure = error
                raise
            checked = [f"{name}: {self.answer.header(name) or ''}" for name in _CHECKED_BY_THE_LIBRARY]
            lines = [f"HTTP/1.1 {self.answer.reason}", *checked, ""]
            # The library reads byte by byte up to a line feed, and joins what it gets: a line and its end will do.
            self._shown = (part for line in lines for part in (f"{line}\r".encode(), b"\n"))
        return next(self._shown, b"")

    def _refuse_refusal(self, answer: Answer) -> None:
        if answer.status != 101:
            usually = self._refusals.get(answer.status)
            raise ConnectError(
                f"The server refused the WebSocket: {answer.reason}" + (f" ({usually})" if usually else ""),
                statusCode=answer.status,
                headers=answer.headers,
                body=answer.body(self._deadline),
            )
        for name in ("sec-websocket-protocol", "sec-websocket-extensions"):
            if answer.header(name):
                raise ConnectError(
                    f"The server answered the WebSocket handshake wrongly: {name} was not asked for",
                    statusCode=answer.status,
                    headers=answer.headers,
                )

    def gettimeout(self) -> float | None:
        return None

    def settimeout(self, timeout: float | None) -> None:
        """The transport's deadline rules, whatever the library wants."""

    def close(self) -> None:
        """Whoever opened the transport closes it."""
