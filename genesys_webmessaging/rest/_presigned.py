"""Bytes to and from presigned URLs, with nothing of ours among the headers."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urljoin

from .._base.threads import Deadline
from ..exceptions import AttachmentError, ConnectError
from ._http import Answer, Http, NetworkSettings

CHUNK = 64 * 1024

Progress = Callable[[int, "int | None"], object]


_DOWNLOAD = "the download URL"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 5
# What a server may not have sent with the bytes: whom they are for and how they travel is settled here.
_FORBIDDEN_HEADERS = frozenset(
    {
        "host",
        "authorization",
        "proxy-authorization",
        "cookie",
        "content-length",
        "transfer-encoding",
        "connection",
        "proxy-connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
    }
)


class Readable(Protocol):
    """Something to read bytes from."""

    def read(self, size: int, /) -> bytes: ...


class SourceError(Exception):
    """The file cannot be read, or is no longer what its size was taken of. Not raised to callers."""


class StoppedError(Exception):
    """Sending the body ended early; the body knows why. Not raised to callers."""


class Body:
    """The bytes of a file, for one request.

    Gives exactly as many as were promised. When the file has fewer by now, or more, or cannot be
    read, the last part is held back, so that the server never gets a whole request.

    Args:
        source: Where to read.
        size: How many bytes there must be.
        progress: Called with the bytes sent and the size after each part that is on its way.
    """

    def __init__(self, source: Readable, size: int, progress: Progress | None) -> None:
        self._source = source
        self._size = size
        self._progress = progress
        self.failure: Exception | None = None

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._parts()
        except Exception as error:
            # The HTTP libraries would take an OSError of the file's for one of the network's.
            self.failure = error
            raise StoppedError from error

    def _parts(self) -> Iterator[bytes]:
        sent = 0
        while sent < self._size:
            part = self._read(min(CHUNK, self._size - sent))
            if not part:
                raise SourceError("it has shrunk while it was read")
            if sent + len(part) == self._size and self._read(1):
                raise SourceError("it has grown while it was read")
            yield part
            sent += len(part)
            if self._progress is not None:
                self._progress(sent, self._size)

    def _read(self, size: int) -> bytes:
        try:
            return self._source.read(size)
        except OSError as error:
            raise SourceError(f"it cannot be read: {error.strerror or error}") from error


class Transfers:
    """Uploads to and downloads from presigned URLs.

    Args:
        settings: How to reach the server.
        deadline: When all must be done.
    """

    def __init__(self, settings: NetworkSettings, deadline: Deadline) -> None:
        self._http = Http(settings)
        self._deadline = deadline

    def __enter__(self) -> Transfers:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def put(self, url: str, headers: Mapping[str, str], body: Body) -> Answer:
        """Send a body, and return what the server made of it.

        Args:
            url: Where to.
            headers: What the server wants sent with it; what is not its to settle is left out.
            body: The bytes.

        Raises:
            StoppedError: The body ended early.
            WebMessagingException: One of the network's, as for a REST call.
        """
        payload: Body | bytes = body if len(body) else b""
        allowed = {name: value for name, value in headers.items() if name.lower() not in _FORBIDDEN_HEADERS}
        return self._http.send(
            "PUT", url, label="the upload URL", headers=allowed, body=payload, deadline=self._deadline
        )

    @contextlib.contextmanager
    def get(self, url: str) -> Iterator[Answer]:
        """Within: an answer whose body is still to be read. Redirects are followed, but never from https to http.

        Raises:
            ConnectError: There were too many redirects, or one to a place that is not secure.
            WebMessagingException: Another one of the network's, as for a REST call.
        """
        for _ in range(_MAX_REDIRECTS + 1):
            with self._http.answered("GET", url, label=_DOWNLOAD, deadline=self._deadline) as answer:
                location = answer.headers.get("Location") if answer.status in _REDIRECTS else None
                if location is None:
                    yield answer
                    return
                url = _redirected(url, location)
        raise ConnectError(f"GET {_DOWNLOAD}: more than {_MAX_REDIRECTS} redirects")


def _redirected(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
    except ValueError:
        target = ""
    allowed = ("https://",) if url.lower().startswith("https:") else ("https://", "http://")
    if not target.lower().startswith(allowed):
        raise ConnectError(f"GET {_DOWNLOAD}: redirected to a place that is not {' or '.join(allowed)}")
    return target


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Within: a file to write to, which takes its place at the end, or leaves no trace if anything fails.

    It may be read and written by nobody who might not read and write the one that it replaces.

    Args:
        path: Where it is to be; what is there now is replaced.

    Raises:
        AttachmentError: It could not be written.
    """
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    with writing_to(path):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        file = open(os.open(part, flags, _mode_of(path)), "wb")  # noqa: SIM115 - closed below, before it is moved
    try:
        try:
            yield file
        finally:
            with writing_to(path):
                file.close()
        with writing_to(path):
            os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _mode_of(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode) & 0o777
    except FileNotFoundError:
        return 0o666


@contextlib.contextmanager
def writing_to(what: object) -> Iterator[None]:
    """Within: an operating system that refuses is an AttachmentError, a full disk for instance."""
    try:
        yield
    except OSError as error:
        raise AttachmentError(f"{what} cannot be written: {error.strerror or error}") from error
