"""Files: validated, uploaded and downloaded."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Protocol

from ._base import checks as _checks
from ._base.mime import covers, type_of
from ._base.threads import Deadline, logger_of
from ._core.decoding import Event
from ._core.engine import ANSWER_TIMEOUT, Engine
from .exceptions import (
    AttachmentError,
    RequestError,
    ResponseTimeoutError,
    TooManyRequestsError,
    WebMessagingException,
)
from .models import (
    AllowedMedia,
    GenerateUploadUrlRequest,
    GenerateUrlError,
    PresignedUrlResponse,
    SessionResponse,
    UploadFailureEvent,
    UploadSuccessEvent,
)
from .models._base import WireModel
from .rest import ApiClient, NetworkSettings
from .rest._http import Answer
from .rest._presigned import (
    CHUNK,
    Body,
    Progress,
    Readable,
    SourceError,
    StoppedError,
    Transfers,
    whole_file,
    writing_to,
)

__all__ = ["FileUtils", "downloadAttachment", "uploadAttachment"]

log = logger_of(__name__)

# The service's kilobyte: its 10,240 are the 10 MB of its documentation.
KILOBYTE = 1024
# A file's name must have fewer characters.
_LONGEST_NAME = 1024
_SURROGATE = re.compile("[\ud800-\udfff]")
# What a presigned URL that has expired is answered with: S3 says 403, other stores 400, 404 or 410.
_EXPIRED = frozenset({400, 403, 404, 410})
_STORE_CODE = re.compile(r"<Code>(\w{1,60})</Code>")


class Client(Protocol):
    """What uploads and downloads need of a :class:`~genesys_webmessaging.WebMessagingClient`."""

    @property
    def address(self) -> str: ...
    @property
    def apiClient(self) -> ApiClient: ...
    @property
    def sessionResponse(self) -> SessionResponse | None: ...
    @property
    def allowedMediaInbound(self) -> AllowedMedia | None: ...
    @property
    def _engine(self) -> Engine: ...

    def send(self, request: WireModel, *, tracingId: str | None = None) -> str: ...
    def getAttachment(self, attachmentId: str, *, tracingId: str | None = None) -> str: ...
    def awaitResponse(self, tracingId: str, timeout: float) -> Any: ...


class FileUtils:
    """What a session says of files, asked of one file."""

    @staticmethod
    def mimeTypeMatches(mimeType: str, pattern: str) -> bool:
        """Whether a MIME type is what a pattern means: the same type, ``image/*`` or ``*/*``, in any case."""
        return covers([pattern], mimeType.partition(";")[0].strip())

    @staticmethod
    def isMimeTypeSupported(mimeType: str, allowedMedia: AllowedMedia | None) -> bool:
        """Whether files of a type may be sent; ``image/*`` and ``*/*`` of the session match. None allows nothing."""
        inbound = allowedMedia.inbound if allowedMedia is not None else None
        types = inbound.fileTypes if inbound is not None else []
        return covers([one.type for one in types if one is not None], mimeType.partition(";")[0].strip())

    @staticmethod
    def isFileSizeSupported(fileSize: int, allowedMedia: AllowedMedia | None) -> bool:
        """Whether a file of so many bytes may be sent. A session that names no limit has none but 0."""
        inbound = allowedMedia.inbound if allowedMedia is not None else None
        limit = inbound.maxFileSizeKB if inbound is not None else None
        return fileSize > 0 and (not isinstance(limit, (int, float)) or fileSize <= limit * KILOBYTE)

    @staticmethod
    def isExtensionBlocked(fileName: str, blockedExtensions: list[str] | None) -> bool:
        """Whether a file's name ends as names may not, in any case of letters and with or without the dot."""
        name = fileName.casefold()
        return any(
            name.endswith(f".{extension.lstrip('.').casefold()}") for extension in blockedExtensions or () if extension
        )

    @staticmethod
    def getMimeType(fileName: str) -> str:
        """Tell the MIME type by the name; ``application/octet-stream`` for an unknown one."""
        return type_of(fileName)


def uploadAttachment(
    client: Client,
    source: str | os.PathLike[str] | bytes | bytearray | memoryview | Readable,
    fileName: str | None = None,
    fileType: str | None = None,
    *,
    progress: Progress | None = None,
    timeout: float = 120.0,
    network: NetworkSettings | None = None,
) -> str:
    """Upload a file, and wait until the server has accepted it. A message may then name it.

    The file is read part by part, and may be of any size that the session allows. Several
    uploads may run at once, on threads of their own. May be called in a listener.

    Args:
        client: Connected, its session configured.
        source: A path, the bytes, or any object with a ``read(size)`` that returns bytes (read from where it stands).
        fileName: What the other side sees; if None, that of the path, or the ``filename`` or ``name`` of the object.
            It needs an extension. What in it cannot be written as UTF-8 is replaced.
        fileType: The MIME type; that of the name's extension if None.
        progress: Called with the bytes sent and the bytes in all; what it raises ends the upload and is passed on.
        timeout: Seconds that all of it may take; of them no more than 30 for each answer on the socket.
        network: How to reach the store of the files; as the client's ApiClient reaches the REST API if None.

    Returns:
        The attachment id.

    Raises:
        AttachmentError: The file is empty, too large, or of a kind that the session does not allow, or it cannot be
            read; or the server refused it, or did not answer in time.
        TooManyRequestsError: The server wants fewer requests.
        NotConnectedError, NotConfiguredError, ConnectionClosedError: There is no session, or not any more.
        TypeError, ValueError: An argument cannot be right.
    """
    deadline = Deadline(_checks.seconds("timeout", timeout))
    with _opened(source) as (file, size, name):
        if name is None and fileName is None:
            raise TypeError("fileName is needed, because bytes and files without a path have no name of their own")
        fileName = _checks.text("fileName", _repaired(name if fileName is None else fileName))
        fileType = FileUtils.getMimeType(fileName) if fileType is None else _checks.header("fileType", fileType)
        _validate(client, fileName, size, fileType)
        presigned = _upload_url(client, fileName, size, fileType, deadline.at_most(ANSWER_TIMEOUT))
        attachmentId = presigned.attachmentId or ""

        def decided(event: Event) -> bool:
            body = event.body
            kinds = (UploadSuccessEvent, UploadFailureEvent, GenerateUrlError)
            return isinstance(body, kinds) and body.attachmentId == attachmentId

        with client._engine.watching(decided) as watch:
            settings = network or client.apiClient.networkSettings
            _put(presigned, fileName, fileType, Body(file, size, progress), settings, deadline)
            try:
                outcome = watch.wait(deadline.at_most(ANSWER_TIMEOUT), "UploadSuccessEvent").body
            except ResponseTimeoutError as error:
                raise AttachmentError(f"{fileName} was uploaded: {error}", attachmentId=attachmentId) from error
    if isinstance(outcome, UploadSuccessEvent):
        log.debug("attachment %s of %d bytes was accepted", attachmentId, size)
        return attachmentId
    raise AttachmentError(
        f"{fileName} was refused: {outcome.errorMessage or 'no reason given'} (code {outcome.errorCode})",
        code=outcome.errorCode,
        attachmentId=attachmentId,
    )


def downloadAttachment(
    client: Client,
    attachmentId: str,
    destination: str | os.PathLike[str] | IO[bytes],
    *,
    url: str | None = None,
    progress: Progress | None = None,
    timeout: float = 120.0,
    network: NetworkSettings | None = None,
) -> None:
    """Download a file.

    A path gets the whole file or stays as it was: nothing half is ever seen there. A file object
    is written to as the bytes come.

    Args:
        client: Connected, its session configured, unless the url is still good.
        attachmentId: What the message calls it.
        destination: A path, or a binary file object.
        url: Where it was last: ``url`` of a message's attachment, ``downloadUrl`` of an UploadSuccessEvent. When it
            has expired, or if it is None, the server is asked for another one.
        progress: Called with the bytes received and the bytes in all (None when the server does not say);
            what it raises ends the download and is passed on.
        timeout: Seconds that all of it may take; of them no more than 30 for the server to give a URL.
        network: How to reach the store of the files; as the client's ApiClient reaches the REST API if None.

    Raises:
        AttachmentError: The server refused it or did not answer in time, or the destination cannot be written.
        ConnectError, ConnectTimeoutError, ResponseTimeoutError, ConnectionClosedError: The network failed.
        NotConnectedError, NotConfiguredError: A URL is needed, and there is no session to ask for it.
        TypeError, ValueError: An argument cannot be right.
    """
    _checks.text("attachmentId", attachmentId)
    deadline = Deadline(_checks.seconds("timeout", timeout))
    settings = network or client.apiClient.networkSettings
    with _writer(destination) as write, Transfers(settings, deadline) as transfers:
        if url is not None:
            _check_secure(client, url, f"attachment {attachmentId}", attachmentId)
            with transfers.get(_checks.text("url", url)) as answer:
                if answer.status not in _EXPIRED:
                    return _save(answer, attachmentId, write, progress)
            log.debug("the URL of attachment %s has expired: asking for another", attachmentId)
        with transfers.get(_download_url(client, attachmentId, deadline.at_most(ANSWER_TIMEOUT))) as answer:
            return _save(answer, attachmentId, write, progress)


# Uploading


@contextlib.contextmanager
def _opened(source: Any) -> Iterator[tuple[Readable, int, str | None]]:
    """Within: a file to read, how many bytes it has, and its name if it has one."""
    with contextlib.ExitStack() as stack:
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)
            yield io.BytesIO(data), len(data), None
        elif isinstance(source, (str, os.PathLike)):
            try:
                opened = stack.enter_context(open(source, "rb"))
                size = os.fstat(opened.fileno()).st_size
            except OSError as error:
                raise AttachmentError(f"{os.fspath(source)} cannot be read: {error.strerror or error}") from error
            yield opened, size, os.path.basename(os.fspath(source))
        elif callable(getattr(source, "read", None)):
            file, size = _measured(source, stack)
            yield file, size, _name_of(source)
        else:
            raise TypeError(f"source must be a path, bytes or a binary file object, not {type(source).__name__}")


def _name_of(source: Any) -> str | None:
    # An upload of a web framework (werkzeug, Starlette) has the name of the form's field under "name".
    for name in (getattr(source, "filename", None), getattr(source, "name", None)):
        if isinstance(name, (str, bytes, os.PathLike)) and name:
            return os.path.basename(os.fsdecode(name))
    return None


def _repaired(name: Any) -> Any:
    """A name that the system knows and UTF-8 does not, with the sign for "unknown" where it cannot be written."""
    return _SURROGATE.sub("\ufffd", name) if isinstance(name, str) else name


def _measured(source: Any, stack: contextlib.ExitStack) -> tuple[Readable, int]:
    try:
        if _is_seekable(source):
            _check_bytes(source.read(0))
            start = source.tell()
            source.seek(0, os.SEEK_END)
            size = source.tell() - start
            source.seek(start)
            return source, size
        # The size must be known before the first byte goes out, and a pipe tells it with the last.
        copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        while part := _check_bytes(source.read(CHUNK)):
            copy.write(part)
        size = copy.tell()
        copy.seek(0)
    except OSError as error:
        raise AttachmentError(f"the file object cannot be read: {error.strerror or error}") from error
    return copy, size


def _is_seekable(source: Any) -> bool:
    seekable = getattr(source, "seekable", None)
    return callable(seekable) and seekable() is True


def _check_bytes(part: Any) -> Any:
    if not isinstance(part, (bytes, bytearray, memoryview)):
        what = type(part).__name__
        raise TypeError(f"source must be opened for reading bytes ('rb'): what its read() returned is {what}")
    return part


def _validate(client: Client, fileName: str, size: int, fileType: str) -> None:
    """Raise what the service or the session does not allow, before the server is asked."""
    if size == 0:
        raise AttachmentError(f"{fileName} is empty")
    if len(os.path.splitext(fileName)[1]) < 2:
        raise AttachmentError(f"{fileName}: the name of a file needs an extension")
    if len(fileName) >= _LONGEST_NAME:
        raise AttachmentError(f"the name of a file must have fewer than {_LONGEST_NAME} characters")
    session = client.sessionResponse
    if session is not None and FileUtils.isExtensionBlocked(fileName, session.blockedExtensions):
        raise AttachmentError(f"{fileName}: the session does not allow files with such an extension")
    allowed = client.allowedMediaInbound
    if allowed is None:
        return
    if not FileUtils.isMimeTypeSupported(fileType, allowed):
        raise AttachmentError(f"{fileName}: the session does not allow files of type {fileType}")
    if not FileUtils.isFileSizeSupported(size, allowed):
        limit = allowed.inbound.maxFileSizeKB if allowed.inbound is not None else None
        raise AttachmentError(f"{fileName} has {size} bytes, and the session allows {limit} KB of {KILOBYTE} bytes")


def _upload_url(client: Client, fileName: str, size: int, fileType: str, timeout: float) -> PresignedUrlResponse:
    # An id of our own tells several uploads apart even where the server leaves out the tracing id.
    request = GenerateUploadUrlRequest(
        attachmentId=str(uuid.uuid4()), fileName=fileName, fileSize=size, fileType=fileType, errorsAsJson=True
    )
    presigned = _presigned(client, client.send(request), timeout, fileName, request.attachmentId)
    presigned.attachmentId = presigned.attachmentId or request.attachmentId
    return presigned


def _presigned(
    client: Client, tracingId: str, timeout: float, what: str, attachmentId: str | None
) -> PresignedUrlResponse:
    try:
        response = client.awaitResponse(tracingId, timeout)
    except TooManyRequestsError:
        raise
    except RequestError as error:
        raise AttachmentError(f"{what} was refused: {error}", code=error.code, attachmentId=attachmentId) from error
    except ResponseTimeoutError as error:
        raise AttachmentError(f"{what}: {error}", attachmentId=attachmentId) from error
    if isinstance(response, PresignedUrlResponse) and (response.url or "").lower().startswith(("http://", "https://")):
        _check_secure(client, response.url or "", what, attachmentId)
        return response
    raise AttachmentError(f"{what}: the server gave no URL", attachmentId=attachmentId)


def _check_secure(client: Client, url: str, what: str, attachmentId: str | None) -> None:
    if client.address.lower().startswith("wss:") and not url.lower().startswith("https:"):
        raise AttachmentError(f"{what}: the URL is not https, and the session is secure", attachmentId=attachmentId)


def _put(
    presigned: PresignedUrlResponse,
    what: str,
    fileType: str,
    body: Body,
    network: NetworkSettings,
    deadline: Deadline,
) -> None:
    headers = {name: value for name, value in (presigned.headers or {}).items() if value is not None}
    if "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = fileType
    attachmentId = presigned.attachmentId
    try:
        with Transfers(network, deadline) as transfers:
            answer = transfers.put(presigned.url or "", headers, body)
    except WebMessagingException as error:
        raise AttachmentError(f"{what} could not be uploaded: {error}", attachmentId=attachmentId) from error
    except StoppedError:
        failure = body.failure
    else:
        if not 200 <= answer.status < 300:
            raise _refusal(f"{what} could not be uploaded: the store of the files", attachmentId, answer, answer.text)
        return
    if isinstance(failure, SourceError):
        raise AttachmentError(f"{what} could not be uploaded: {failure}", attachmentId=attachmentId) from failure
    if failure is not None:
        raise failure


def _refusal(what: str, attachmentId: str | None, answer: Answer, text: str) -> AttachmentError:
    # The document of the store may repeat the signature of the URL; its code does not.
    said = _STORE_CODE.search(text)
    return AttachmentError(
        f"{what} answered {answer.status} {answer.reason}".rstrip() + (f" ({said[1]})" if said else ""),
        attachmentId=attachmentId,
        statusCode=answer.status,
        headers=answer.headers,
        body=text,
    )


# Downloading


@contextlib.contextmanager
def _writer(destination: Any) -> Iterator[Callable[[bytes], None]]:
    """Within: what to call with the bytes that are to go to a path or a file object."""
    with contextlib.ExitStack() as stack:
        if isinstance(destination, (str, os.PathLike)):
            path = Path(os.path.realpath(destination))
            file = stack.enter_context(whole_file(path))
            name: object = path
        elif callable(getattr(destination, "write", None)):
            file, name = destination, "the file object"
            with writing_to(name):
                file.write(b"")  # a text file says here that it is one
        else:
            raise TypeError(f"destination must be a path or a binary file object, not {type(destination).__name__}")

        def write(part: bytes) -> None:
            rest = memoryview(part)
            while rest:
                with writing_to(name):
                    written = file.write(rest)
                # A raw file may take less than it was given.
                rest = rest[len(rest) if written is None else written :]

        yield write


def _download_url(client: Client, attachmentId: str, timeout: float) -> str:
    tracingId = client.getAttachment(attachmentId)
    return _presigned(client, tracingId, timeout, f"attachment {attachmentId}", attachmentId).url or ""


def _save(answer: Answer, attachmentId: str, write: Callable[[bytes], None], progress: Progress | None) -> None:
    if not 200 <= answer.status < 300:
        text = next(answer.parts(CHUNK), b"").decode("utf-8", "replace")
        raise _refusal(f"attachment {attachmentId} could not be downloaded: the store", attachmentId, answer, text)
    length = answer.headers.get("Content-Length", "")
    total = int(length) if length.isdigit() and "Content-Encoding" not in answer.headers else None
    received = 0
    for part in answer.parts(CHUNK):
        write(part)
        received += len(part)
        if progress is not None:
            progress(received, total)
