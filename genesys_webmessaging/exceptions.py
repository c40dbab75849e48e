"""Everything this package raises.

::

    WebMessagingException
    ├── ConnectError (ConnectionError)          the handshake or the network refused us
    │   └── ConnectTimeoutError (TimeoutError)
    ├── NotConnectedError                       there is no open connection
    ├── NotConfiguredError                      no session was configured on it
    ├── ConnectionClosedError (ConnectionError) the connection broke during the call
    ├── DecodeError (ValueError)                a document does not fit its class
    ├── RequestError                            the server refused a request on the socket
    │   └── TooManyRequestsError
    ├── ResponseTimeoutError (TimeoutError)     no answer in time
    ├── AttachmentError                         refused before or after the upload
    └── ApiError                                a REST call answered 400 or more

Arguments that cannot be right raise ``TypeError`` or ``ValueError`` before anything is sent.
No message or repr of these classes holds a token, a jwt, a code or a presigned URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Protocol, TypeVar

from ._base.hints import Hinting

__all__ = [
    "ApiError",
    "AttachmentError",
    "ConnectError",
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "DecodeError",
    "ErrorCode",
    "NotConfiguredError",
    "NotConnectedError",
    "RequestError",
    "ResponseTimeoutError",
    "TooManyRequestsError",
    "WebMessagingException",
]


class ErrorCode(IntEnum):
    """What the server means by the code of an error (docs/protocol: error codes).

    A code is compared as the number it is: ``error.code == ErrorCode.SESSION_EXPIRED``.
    """

    BAD_REQUEST = 400
    UNAUTHORIZED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    REQUEST_TIMEOUT = 408
    READ_ONLY = 409
    TOO_MANY_REQUESTS_HTTP = 429
    FEATURE_UNAVAILABLE = 4000
    FILE_TYPE_INVALID = 4001
    FILE_SIZE_INVALID = 4002
    FILE_CONTENT_INVALID = 4003
    FILE_NAME_INVALID = 4004
    FILE_NAME_TOO_LONG = 4005
    SESSION_EXPIRED = 4006
    SESSION_NOT_FOUND = 4007
    ATTACHMENT_EXPIRED = 4008
    ATTACHMENT_NOT_FOUND = 4009
    ATTACHMENT_NOT_UPLOADED = 4010
    MESSAGE_TOO_LONG = 4011
    CUSTOM_ATTRIBUTES_TOO_LARGE = 4013
    CANNOT_DOWNGRADE_SESSION = 4017
    MISSING_PARAMETER = 4020
    TOO_MANY_REQUESTS = 4029
    FILE_EMPTY = 4102
    UNEXPECTED_ERROR = 5000

    @staticmethod
    def isPassing(code: int) -> bool:
        """Whether the same request may succeed later: the server was busy, slow or out of order."""
        return code in _PASSING or 500 <= code <= 599

    @staticmethod
    def isFinal(code: int) -> bool:
        """Whether the same request would be refused again. A code that nobody knows is neither final nor passing."""
        return (400 <= code <= 499 or code in _KNOWN) and not ErrorCode.isPassing(code)


_KNOWN = frozenset(ErrorCode)
_PASSING = frozenset(
    {
        ErrorCode.REQUEST_TIMEOUT,
        ErrorCode.TOO_MANY_REQUESTS_HTTP,
        ErrorCode.TOO_MANY_REQUESTS,
        ErrorCode.UNEXPECTED_ERROR,
    }
)
# What a code means, where the server's sentence may leave its reader at a loss.
_MEANINGS: dict[int, str] = {
    ErrorCode.NOT_FOUND: "something that the request names does not exist",
    ErrorCode.REQUEST_TIMEOUT: "not done in time; the same request may succeed later",
    ErrorCode.READ_ONLY: "the session is read-only; startNewChat() begins a new one",
    ErrorCode.CANNOT_DOWNGRADE_SESSION: "the session belongs to a guest who has signed in; another needs a new token",
    ErrorCode.FILE_EMPTY: "the file is empty",
}


def _with_code(message: str, code: int | None) -> str:
    if code is None or code == -1:
        return message
    meaning = _MEANINGS.get(code)
    return f"{message} (code {int(code)}: {meaning})" if meaning else f"{message} (code {int(code)})"


E = TypeVar("E", bound=BaseException)


def copy_of(error: E) -> E:
    """The same error, to be raised once more: one that two threads raise would carry the traceback of the first."""
    copy = type(error)(*error.args)
    vars(copy).update(vars(error))
    copy.__cause__ = error.__cause__
    return copy


class WebMessagingException(Hinting, Exception):  # noqa: N818 - the name of the Java SDK
    """The base of everything this package raises, with Java's name and attributes.

    Attributes:
        statusCode: The HTTP status that came with the failure, -1 when there was none.
        headers: The headers of that HTTP answer, empty when there was none.
        body: The text of that HTTP answer, None when there was none.
    """

    def __init__(
        self,
        message: str = "",
        *,
        statusCode: int = -1,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> None:
        super().__init__(message)
        self.statusCode = statusCode
        self.headers: dict[str, str] = dict(headers or {})
        self.body = body


class ConnectError(WebMessagingException, ConnectionError):
    """The connection could not be opened; status, headers and body are those of a refused handshake."""


class ConnectTimeoutError(ConnectError, TimeoutError):
    """The connection could not be opened in the time given."""


class NotConnectedError(WebMessagingException):
    """The call needs an open connection, and there is none."""


class NotConfiguredError(WebMessagingException):
    """The call needs a session, and none was configured on this connection."""


class ConnectionClosedError(WebMessagingException, ConnectionError):
    """The connection broke during the call."""


class DecodeError(WebMessagingException, ValueError):
    """A document has a container where its class has none, or the other way round."""


class RequestError(WebMessagingException):
    """The server refused a request on the socket.

    Attributes:
        code: The server's error code (4000 and up, or an HTTP status), -1 when it gave none.
        message: The server's sentence.
        tracingId: The tracing id of the refused request.
    """

    def __init__(self, message: str = "", *, code: int = -1, tracingId: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.tracingId = tracingId

    def __str__(self) -> str:
        return _with_code(self.message, self.code)


class TooManyRequestsError(RequestError):
    """The server wants fewer requests.

    Attributes:
        retryAfter: Seconds to wait before the next try, None when the server did not say.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: int = 4029,
        tracingId: str | None = None,
        retryAfter: float | None = None,
    ) -> None:
        super().__init__(message, code=code, tracingId=tracingId)
        self.retryAfter = retryAfter


class ResponseTimeoutError(WebMessagingException, TimeoutError):
    """The server did not answer in the time given."""


class AttachmentError(WebMessagingException):
    """A file was refused, by us before the upload or by the server after it.

    Attributes:
        code: The server's error code, None when the refusal is ours or a plain HTTP one.
        message: Why.
        attachmentId: Which attachment, None when it had no id yet.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: int | None = None,
        attachmentId: str | None = None,
        statusCode: int = -1,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> None:
        super().__init__(message, statusCode=statusCode, headers=headers, body=body)
        self.code = code
        self.message = message
        self.attachmentId = attachmentId


class ErrorDocument(Protocol):
    """What Genesys says of a failed REST call; a :class:`~genesys_webmessaging.models.ErrorBody` at run time."""

    message: str | None
    code: str | None
    status: int | None
    contextId: str | None


class ApiError(WebMessagingException):
    """A REST call failed: it answered 400 or more, or did not answer at all (statusCode -1).

    Attributes:
        errorBody: The decoded body, None when it was no error document.
        correlationId: What Genesys support asks for, None when the answer had none.
    """

    def __init__(
        self,
        message: str = "",
        *,
        statusCode: int = -1,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        errorBody: ErrorDocument | None = None,
        correlationId: str | None = None,
    ) -> None:
        super().__init__(message, statusCode=statusCode, headers=headers, body=body)
        self.errorBody = errorBody
        self.correlationId = correlationId
