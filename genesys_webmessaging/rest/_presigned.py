"""Bytes to and from presigned URLs, with nothing of ours among the headers."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

from .._base.threads import Deadline
from ..exceptions import AttachmentError
from ._http import Answer, Http, NetworkSettings

CHUNK = 64 * 1024

Progress = Callable[[int, "int | None"], object]


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

    def __init__(self, source: IO[bytes], size: int, progress: Progress | None) -> None:
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

        Raises:
            StoppedError: The body ended early.
            WebMessagingException: One of the network's, as for a REST call.
        """
        payload: Body | bytes = body if len(body) else b""
        return self._http.send(
            "PUT", url, label="the upload URL", headers=headers, body=payload, deadline=self._deadline
        )

    def get(self, url: str) -> AbstractContextManager[Answer]:
        """Within: an answer whose body is still to be read.

        Raises:
            WebMessagingException: One of the network's, as for a REST call.
        """
        return self._http.answered("GET", url, label="the download URL", deadline=self._deadline)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Within: a file to write to, which takes its place at the end, or leaves no trace if anything fails.

    Args:
        path: Where it is to be; what is there now is replaced.

    Raises:
        AttachmentError: It could not be written.
    """
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    with writing_to(path):
        file = open(part, "xb")  # noqa: SIM115 - closed below, before it is moved
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


@contextlib.contextmanager
def writing_to(what: object) -> Iterator[None]:
    """Within: an operating system that refuses is an AttachmentError, a full disk for instance."""
    try:
        yield
    except OSError as error:
        raise AttachmentError(f"{what} cannot be written: {error.strerror or error}") from error
