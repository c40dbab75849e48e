"""Bytes to and from presigned URLs, with nothing of ours among the headers."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

import requests

from ..exceptions import AttachmentError, WebMessagingException
from ._http import HTTP_FAILURES, Http, NetworkSettings, check_complete, hidden_urls, translated

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
    """

    def __init__(self, settings: NetworkSettings) -> None:
        self._http = Http(settings)

    def __enter__(self) -> Transfers:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def put(self, url: str, headers: Mapping[str, str], body: Body) -> requests.Response:
        """Send a body, and return what the server made of it.

        Raises:
            StoppedError: The body ended early.
            WebMessagingException: One of the network's, as for a REST call.
        """
        payload: Body | bytes = body if len(body) else b""
        return self._http.send("PUT", url, label=UPLOAD, headers=headers, body=payload)

    @contextlib.contextmanager
    def get(self, url: str) -> Iterator[requests.Response]:
        """Within: an answer whose body is still to be read.

        Raises:
            WebMessagingException: One of the network's, as for a REST call.
        """
        answer = self._http.send("GET", url, label=DOWNLOAD, stream=True)
        try:
            yield answer
        finally:
            answer.close()


UPLOAD = "the upload URL"
DOWNLOAD = "the download URL"


def parts_of(answer: requests.Response) -> Iterator[bytes]:
    """Yield the body of an answer part by part.

    Raises:
        WebMessagingException: The network failed before the body was whole.
    """
    parts = answer.iter_content(CHUNK)
    while True:
        failure: WebMessagingException | None = None
        try:
            with hidden_urls(DOWNLOAD):
                part = next(parts, None)
        except HTTP_FAILURES as error:
            failure, cause = translated(f"GET {DOWNLOAD}", error)
        if failure is not None:
            raise failure from cause
        if part is None:
            break
        yield part
    check_complete(answer, f"GET {DOWNLOAD}")


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
