"""HTTP on a transport, as far as opening a WebSocket needs it: heads, refusals, and websocket-client's handshake."""

from __future__ import annotations

import http.cookies
import logging
import math
import re
import secrets
import time
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import SplitResult

from websocket import WebSocketException, create_connection

from ..exceptions import ConnectError
from .guest_socket import GuestSocket
from .transport import Transport

__all__ = ["Head", "read_body", "read_head", "refuse_bad_headers", "shake_hands"]

logger = logging.getLogger(__name__)

_MAX_HEAD = 65536
_MAX_BODY = 65536
_BODY_PATIENCE = 2.0  # seconds
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: |$)")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CHECKED_BY_THE_LIBRARY = ("upgrade", "connection", "sec-websocket-accept")


class Head(NamedTuple):
    """The head of an HTTP answer, and what came behind it."""

    status: int
    status_line: str
    headers: dict[str, str]
    rest: bytes

    def header(self, name: str) -> str | None:
        """The value of a header, whose name may be in any case."""
        return next((value for key, value in self.headers.items() if key.lower() == name), None)


def read_head(transport: Transport) -> Head:
    """Read the head of an HTTP answer.

    Raises:
        OverdueError: It did not come whole in time.
        OSError: The connection broke, or what came is no such head.
    """
    received = bytearray()
    end = None
    while end is None:
        searched = max(0, len(received) - 3)
        data = transport.read()
        if data == b"":
            raise ConnectionError(
                "the other side hung up in the middle of its answer"
                if received
                else "the other side hung up without an answer"
            )
        received += data or b""
        if not bytes(received[:5]).startswith(b"HTTP/"[: len(received)]):
            raise ConnectionError(f"the other side does not speak HTTP; its answer begins {bytes(received[:16])!r}")
        end = _HEAD_END.search(received, searched)
        if end is None and len(received) > _MAX_HEAD:
            raise ConnectionError("the answer has a head without end")
    lines = bytes(received[: end.start()]).split(b"\n")
    status = _STATUS_LINE.match(lines[0].rstrip())
    if status is None:
        raise ConnectionError(f"the answer has the strange status line {lines[0][:40]!r}")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if not colon or not _TOKEN.fullmatch(name):
            raise ConnectionError("the answer has a header that is none")
        known = headers.get(name)
        headers[name] = value.strip() if known is None else f"{known}, {value.strip()}"
    return Head(int(status[1]), lines[0].decode("latin-1").strip(), headers, bytes(received[end.end() :]))


def read_body(transport: Transport, head: Head, deadline: float) -> str:
    """Read what explains a refusal, as far as it comes in the next two seconds and up to 64 KB.

    Args:
        transport: Where the head came from.
        head: The head that was read.
        deadline: When to stop at the latest, on the clock of ``time.monotonic``.
    """
    body = bytearray(head.rest)
    length = _length_of(head)
    chunked = "chunked" in (head.header("transfer-encoding") or "").lower()
    transport.expire_reads_at(min(deadline, time.monotonic() + _BODY_PATIENCE))
    try:
        while len(body) < min(length, _MAX_BODY) and not (chunked and body.endswith(b"0\r\n\r\n")):
            data = transport.read()
            if data == b"":
                break
            body += data or b""
    except OSError as error:
        logger.debug("The body of the refusal did not come whole: %s", error)
    plain = _dechunk(bytes(body)) if chunked else bytes(body)
    return plain[: int(min(length, _MAX_BODY))].decode("utf-8", "replace")


def _length_of(head: Head) -> float:
    value = head.header("content-length") or ""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else math.inf


def _dechunk(body: bytes) -> bytes:
    plain = bytearray()
    at = 0
    while (line_end := body.find(b"\r\n", at)) >= 0:
        size = body[at:line_end].split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", size) or int(size, 16) == 0:
            break
        at = line_end + 2 + int(size, 16) + 2
        plain += body[line_end + 2 : at - 2]
    return bytes(plain)


def refuse_bad_headers(headers: Sequence[tuple[str, str]]) -> None:
    """Raise ValueError for a header that would not go over the wire as the one header it is."""
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of an HTTP header")
        if _UNSENDABLE.search(value):
            raise ValueError(f"The value of the header {name} has a line break or another control character in it")


def shake_hands(
    transport: Transport,
    url: SplitResult,
    headers: Sequence[tuple[str, str]],
    deadline: float,
    max_message_size: int,
) -> tuple[GuestSocket, bytes]:
    """Make the WebSocket handshake.

    Args:
        transport: Connected to the server, through a proxy and TLS where needed.
        url: What to ask for.
        headers: Request headers beside those of the WebSocket protocol.
        deadline: When to give up, on the clock of ``time.monotonic``.
        max_message_size: The largest message taken later, in bytes.

    Returns:
        The WebSocket, without a socket, and what the server sent right behind its answer.

    Raises:
        ConnectError: The server refused, or did not do what the protocol asks for.
        OverdueError: It took too long.
        OSError: The connection broke.
    """
    server = _Server(transport, deadline)
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
        if server.failure is not None:
            raise server.failure from error
        raise ConnectError(
            f"The server answered the WebSocket handshake wrongly: {error}",
            statusCode=server.head.status if server.head else -1,
            headers=server.head.headers if server.head else None,
        ) from error
    assert isinstance(web_socket, GuestSocket)  # noqa: S101 - for the type checker
    return web_socket, server.head.rest if server.head else b""


class _Server:
    """The socket that websocket-client has during its handshake.

    It reads the answer itself, because the library would read a head without end, would lose the status of a refusal
    whose body does not come, and takes cookies. What the library is shown is what it has to check.

    Attributes:
        head: The answer's head, once it has come.
        failure: What went wrong here; the library may have put an exception of its own around it.
    """

    def __init__(self, transport: Transport, deadline: float) -> None:
        self._transport = transport
        self._deadline = deadline
        self._shown = b""
        self.head: Head | None = None
        self.failure: OSError | None = None

    def send(self, data: bytes) -> int:
        try:
            self._transport.write(data, self._deadline - time.monotonic())
        except OSError as error:
            self.failure = error
            raise
        return len(data)

    def recv(self, size: int) -> bytes:
        if self.head is None:
            try:
                self.head = read_head(self._transport)
                self._refuse_refusal(self.head)
            except OSError as error:
                self.failure = error
                raise
            checked = [f"{name}: {self.head.header(name) or ''}" for name in _CHECKED_BY_THE_LIBRARY]
            self._shown = "\r\n".join([self.head.status_line, *checked, "", ""]).encode()
        data, self._shown = self._shown[:size], self._shown[size:]
        return data

    def _refuse_refusal(self, head: Head) -> None:
        if head.status != 101:
            reason = head.status_line.partition(" ")[2]
            body = read_body(self._transport, head, self._deadline)
            raise ConnectError(
                f"The server refused the WebSocket: {reason}", statusCode=head.status, headers=head.headers, body=body
            )
        for name in ("sec-websocket-protocol", "sec-websocket-extensions"):
            if head.header(name):
                raise ConnectError(
                    f"The server answered the WebSocket handshake wrongly: {name} was not asked for",
                    statusCode=head.status,
                    headers=head.headers,
                )

    def gettimeout(self) -> float | None:
        return None

    def settimeout(self, timeout: float | None) -> None:
        """The transport's deadline rules, whatever the library wants."""

    def close(self) -> None:
        """Whoever opened the transport closes it."""
