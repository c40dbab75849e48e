"""How a Reconnector connects, each time in the same way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..exceptions import ConnectError, RequestError, TooManyRequestsError, WebMessagingException
from ..models import JourneyContext, SessionResponse

if TYPE_CHECKING:
    from ..client import WebMessagingClient

# What cannot become better by trying again: bad request, forbidden, unknown session, no way back from signed in, ….
_FINAL_CODES = frozenset({400, 401, 403, 404, 4000, 4006, 4007, 4017, 4020})
SESSION_EXPIRED = 4006
SESSION_NOT_FOUND = 4007
_PASSING_STATUS = frozenset({408, 425, 429})


@dataclass
class Plan:
    """What it takes to connect and to configure the session.

    Attributes:
        newSessionOnExpiry: Whether another session will do where this one is over.
    """

    deploymentId: str
    origin: str
    token: str = field(repr=False)
    journeyContext: JourneyContext | None
    configurer: Callable[[str], str | SessionResponse] | None
    connectionTimeout: float
    answerTimeout: float
    newSessionOnExpiry: bool
    options: dict[str, Any] = field(repr=False)

    def connect(self, client: WebMessagingClient, deadline: float) -> None:
        """Open a connection. The deadline is a time of ``time.monotonic``."""
        timeout = max(0.1, min(self.connectionTimeout, deadline - time.monotonic()))
        client.connect(self.deploymentId, self.origin, timeout, **self.options)

    def configure(self, client: WebMessagingClient, startNew: bool | None) -> SessionResponse:
        """Configure the session, and wait for the answer.

        Raises:
            WebMessagingException: The server refused, or did not answer in time, or the connection broke.
        """
        if self.configurer is not None:
            answer = self.configurer(self.token)
        else:
            answer = client.configureSession(
                self.deploymentId, self.token, self.origin, startNew, journeyContext=self.journeyContext
            )
        response = client.awaitResponse(answer, self.answerTimeout) if isinstance(answer, str) else answer
        if not isinstance(response, SessionResponse) or response.connected is False:
            raise RequestError("the server did not open the session")
        return response

    def configureAgain(self, client: WebMessagingClient, *, renewing: bool) -> SessionResponse:
        """Configure the session on a new connection; or another session, if it has expired and that is wanted."""
        try:
            response = self.configure(client, True if renewing else None)
        except RequestError as error:
            if error.code != SESSION_EXPIRED or not self.newSessionOnExpiry:
                raise
            return self.configure(client, True)
        if response.newSession is True and not self.newSessionOnExpiry:
            raise RequestError("the session is over: the server has begun another one", code=SESSION_EXPIRED)
        return response


def is_final(error: WebMessagingException) -> bool:
    if isinstance(error, RequestError):
        return error.code in _FINAL_CODES
    if isinstance(error, ConnectError):
        return 400 <= error.statusCode < 500 and error.statusCode not in _PASSING_STATUS
    return False


def retry_after(error: WebMessagingException) -> float:
    return (error.retryAfter or 0.0) if isinstance(error, TooManyRequestsError) else 0.0
