"""What a listener can hear."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any

from ._base.hints import meant

if TYPE_CHECKING:
    from .models import (
        BaseMessage,
        ConnectionClosedEvent,
        GetConfigurationResponse,
        JwtResponse,
        PresignedUrlResponse,
        SessionClearedEvent,
        SessionExpiredEvent,
        SessionResponse,
        StructuredMessage,
        UploadFailureEvent,
        UploadSuccessEvent,
    )

__all__ = ["SessionListener"]


class SessionListener:
    """Base of everything that listens to a :class:`~genesys_webmessaging.WebMessagingClient`.

    Override what you want to hear; the rest does nothing. The methods are called one after
    the other, never two at once, on a thread of the client's own (each connection has one), in
    the order in which the server sent the frames. They may call any method of the client, the
    blocking ones too. A method that raises is logged and disturbs neither the other listeners
    nor the connection.

    ``rawMessage`` is always the text of the frame as it came. It may hold secrets. Arguments are given by position,
    so that a listener may call its parameters what it likes.
    """

    def webSocketConnected(self) -> None:
        """The socket is open. The first event of a connection."""

    def webSocketDisconnected(self, statusCode: int, reason: str, /) -> None:
        """The socket is closed. The last event of a connection, if :meth:`webSocketError` is not.

        Args:
            statusCode: The close code of RFC 6455; 1006 when the peer went without a close frame or
                left ours unanswered, 1005 when its close frame had no code.
            reason: The reason that came with it, or "".
        """

    def webSocketError(self, reason: str, /) -> None:
        """The socket broke. The last event of a connection, if :meth:`webSocketDisconnected` is not.

        Args:
            reason: What broke it.
        """

    def sessionResponse(self, response: SessionResponse, rawMessage: str, /) -> None:
        """The server answered a configure or close request, or tells of the session unasked."""

    def structuredMessage(self, message: StructuredMessage, rawMessage: str, /) -> None:
        """A message came: from the other side (direction Outbound), or the echo of one's own (Inbound)."""

    def presignedUrlResponse(self, response: PresignedUrlResponse, rawMessage: str, /) -> None:
        """The server gave a URL to upload to (with headers) or to download from (without)."""

    def uploadSuccessEvent(self, uploadSuccessEvent: UploadSuccessEvent, rawMessage: str, /) -> None:
        """An uploaded file was accepted and may now be named in a message."""

    def uploadFailureEvent(self, uploadFailureEvent: UploadFailureEvent, rawMessage: str, /) -> None:
        """An uploaded file was refused."""

    def jwtResponse(self, response: JwtResponse, rawMessage: str, /) -> None:
        """The server gave a jwt for the REST calls."""

    def getConfigurationResponse(self, response: GetConfigurationResponse, rawMessage: str, /) -> None:
        """The server told what the deployment supports (Java: since 18.1.0)."""

    def connectionClosedEvent(self, connectionClosedEvent: ConnectionClosedEvent, rawMessage: str, /) -> None:
        """The server is about to close this connection, and says why."""

    def sessionExpiredEvent(self, sessionExpiredEvent: SessionExpiredEvent, rawMessage: str, /) -> None:
        """The session is over; its token may begin a new one."""

    def sessionClearedEvent(self, sessionClearedEvent: SessionClearedEvent, rawMessage: str, /) -> None:
        """The conversation was cleared."""

    def unexpectedMessage(self, baseMessage: BaseMessage, rawMessage: str, /) -> None:
        """Anything for which there is no other method: errors above all, and what is not known yet.

        ``baseMessage.body`` is a model for the classes that have one (TooManyRequestsErrorMessage,
        GenerateUrlError, AttachmentDeletedResponse, LogoutEvent, ResumeTokenResponse, Error as
        ErrorMessage), else what came: an error's sentence, a dict, None. A frame that is not a JSON
        object comes with an empty BaseMessage.
        """


LISTENER_METHODS: tuple[str, ...] = tuple(name for name in vars(SessionListener) if not name.startswith("_"))


def check_listener(listener: object) -> None:
    """Raise TypeError unless the object can be called as a listener.

    A class that does not derive from SessionListener will do if it has every one of its methods.
    """
    if isinstance(listener, type):
        raise TypeError(f"listener must be an object, not the class {listener.__name__}: {listener.__name__}()")
    if isinstance(listener, SessionListener):
        return
    missing = [name for name in LISTENER_METHODS if not callable(getattr(listener, name, None))]
    if missing:
        raise TypeError(
            f"listener must derive from SessionListener or have all its methods; "
            f"{type(listener).__name__} lacks {', '.join(missing)}"
        )


# What other libraries call their callbacks.
_ELSEWHERE = {
    "onmessage": "structuredMessage",
    "onopen": "webSocketConnected",
    "onconnect": "webSocketConnected",
    "onconnected": "webSocketConnected",
    "onclose": "webSocketDisconnected",
    "ondisconnect": "webSocketDisconnected",
    "ondisconnected": "webSocketDisconnected",
    "onerror": "webSocketError",
}


def warn_of_misspellings(listener: Any, stacklevel: int) -> None:
    """Warn of methods of a listener that nobody will call, because their names are like those that are called.

    And of those that cannot be called, because they take other arguments.

    Args:
        listener: The listener.
        stacklevel: As for ``warnings.warn``, counted from the caller.
    """
    for name, right in _misspelt(type(listener)):  # type: ignore[arg-type]  # mypy: the hash of object, not of type
        warnings.warn(
            f"{type(listener).__name__}.{name} is not called by the client; did you mean {right}?",
            stacklevel=stacklevel + 1,
        )
    for name, given in _unfit(type(listener)):  # type: ignore[arg-type]
        warnings.warn(
            f"{type(listener).__name__}.{name} cannot be called: it is given {' and '.join(given) or 'nothing'}",
            stacklevel=stacklevel + 1,
        )


@functools.lru_cache(maxsize=256)
def _misspelt(kind: type) -> tuple[tuple[str, str], ...]:
    found = []
    for name in dir(kind):
        if name[0] != "_" and name not in LISTENER_METHODS and callable(getattr(kind, name, None)):
            folded = name.replace("_", "").casefold()
            right = _ELSEWHERE.get(folded) or meant(folded.removeprefix("on"), LISTENER_METHODS)
            if right is not None:
                found.append((name, right))
    return tuple(found)


@functools.lru_cache(maxsize=256)
def _unfit(kind: type) -> tuple[tuple[str, Sequence[str]], ...]:
    """The methods that do not take what they are given, and the names of that."""
    found = []
    for name in LISTENER_METHODS:
        method = inspect.getattr_static(kind, name, None)
        if isinstance(method, FunctionType) and method is not vars(SessionListener)[name]:
            given = tuple(inspect.signature(vars(SessionListener)[name]).parameters)[1:]
            try:
                inspect.signature(method).bind(None, *given)
            except TypeError:
                found.append((name, given))
    return tuple(found)
