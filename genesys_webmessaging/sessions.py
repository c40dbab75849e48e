"""Steps in the life of a session that take more than one frame, as calls that wait for the outcome."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from ._base import arguments as _checks
from ._core.routing import Event
from ._core.watch import Deadline, watching
from .exceptions import RequestError, ResponseTimeoutError
from .models import (
    CloseSessionRequest,
    ConfigureSessionRequest,
    SessionClearedEvent,
    SessionResponse,
    StructuredMessage,
)

if TYPE_CHECKING:
    from .client import WebMessagingClient

__all__ = ["clearConversation", "closeSession", "startNewChat"]

# Seconds that a server has to close the connection of a cleared conversation itself.
_CLOSING_TIME = 2.0


def closeSession(client: WebMessagingClient, timeout: float = 30.0) -> SessionResponse:
    """End the session, on all its connections. They stay open, and its token may begin a new one.

    Args:
        client: Connected, its session configured.
        timeout: Seconds.

    Returns:
        The server's answer; ``connected`` is false, ``readOnly`` true.

    Raises:
        RequestError: The server refused.
        ResponseTimeoutError: It did not answer in time.
        NotConnectedError, NotConfiguredError, ConnectionClosedError: There is no such session, or not any more.
    """
    _checks.seconds("timeout", timeout)
    tracingId = client.send(CloseSessionRequest(closeAllConnections=True))
    response = client.awaitResponse(tracingId, timeout)
    if not isinstance(response, SessionResponse) or response.connected is True:
        raise RequestError("the server did not close the session", tracingId=tracingId)
    return response


def startNewChat(client: WebMessagingClient, deploymentId: str | None = None, timeout: float = 30.0) -> SessionResponse:
    """Begin afresh where a session has become read-only: close it, and make a new one of the same token.

    For a guest who has not signed in; one who has uses
    :meth:`~genesys_webmessaging.auth.AuthenticatedSession.startNewChat`.

    Args:
        client: Connected, its session configured.
        deploymentId: The deployment of the new session; that of the session there is if None.
        timeout: Seconds that both steps together may take.

    Returns:
        The answer for the new session.

    Raises:
        RequestError: The server refused.
        ResponseTimeoutError: It did not answer in time.
        NotConnectedError, NotConfiguredError, ConnectionClosedError: There is no session to end, or not any more.
    """
    deadline = Deadline(_checks.seconds("timeout", timeout))
    if deploymentId is None:
        deploymentId = client.deploymentId or ""  # without a session, closeSession refuses
    else:
        _checks.text("deploymentId", deploymentId)
    request = ConfigureSessionRequest(deploymentId=deploymentId, startNew=True)
    closeSession(client, timeout)
    return opened(client, lambda: client.send(request), deadline.remaining)


def opened(client: WebMessagingClient, configure: Callable[[], str], timeout: float) -> SessionResponse:
    """Configure a session, and wait until there is one.

    Args:
        client: Connected.
        configure: Sends the request, and returns its tracing id.
        timeout: Seconds.

    Raises:
        RequestError: The server refused, or answered that there is no session.
    """
    deadline = Deadline(timeout)
    with watching(client, lambda event: isinstance(event.body, SessionResponse)) as watch:
        tracingId = configure()
        response = client.awaitResponse(tracingId, timeout)
        if isinstance(response, StructuredMessage):
            # A step-up: the presence SignIn carried the tracing id, and the session is told of after it.
            response = watch.wait(deadline.remaining, "SessionResponse").body
    if not isinstance(response, SessionResponse) or response.connected is False:
        raise RequestError("the server did not open the session", tracingId=tracingId)
    return response


def clearConversation(client: WebMessagingClient, timeout: float = 30.0) -> None:
    """Clear the conversation for good, and wait until it is. The client is disconnected afterwards.

    The same token may then begin a new session, on a new connection.

    Args:
        client: Connected, its session configured.
        timeout: Seconds until the server has confirmed it.

    Raises:
        RequestError: The server refused.
        ResponseTimeoutError: The server did not confirm it in time.
        NotConnectedError, NotConfiguredError, ConnectionClosedError: There is no session, or not any more.
    """
    deadline = Deadline(_checks.seconds("timeout", timeout))
    tracingId = str(uuid.uuid4())

    def decided(event: Event) -> bool:
        return isinstance(event.body, SessionClearedEvent) or _is_refused(client, tracingId)

    with watching(client, decided) as watch:
        client.sendPresenceEventEndUserClear(tracingId=tracingId)
        outcome = watch.wait(deadline.remaining, "SessionClearedEvent")
        if not isinstance(outcome.body, SessionClearedEvent):
            client.awaitResponse(tracingId, 0)
        watch.wait_for_end(min(deadline.remaining, _CLOSING_TIME))
    client.disconnect()


def _is_refused(client: WebMessagingClient, tracingId: str) -> bool:
    try:
        client.awaitResponse(tracingId, 0)
    except RequestError:
        return True
    except (ResponseTimeoutError, ValueError):
        # Neither answered yet, nor perhaps sent.
        return False
    return False
