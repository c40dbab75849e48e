"""The half of the client that makes sessions: joining and configuring."""

from __future__ import annotations

import time
import uuid
from typing import Any, overload

from .._base import arguments as checks
from .._base.overloads import Overloads
from ..exceptions import RequestError, ResponseTimeoutError
from ..models import JourneyContext, OAuthParams, SessionResponse
from ..regions import host_of
from . import requests
from .engine import DEFAULT_TIMEOUT
from .history import HistoryClient

# Seconds that joinConversation() gives the server to refuse the message, once it is sent.
ACKNOWLEDGE_TIMEOUT = 3.0

_CONFIGURE = Overloads("configureSession", "deploymentId origin", "deploymentId token origin startNew?")
_AUTHENTICATE = Overloads("configureAuthenticatedSession", "deploymentId origin data", "deploymentId token origin data")
_JOIN = Overloads(
    "joinConversation",
    "deploymentId initialMessage",
    "deploymentId token initialMessage origin?",
)


class JoiningClient(HistoryClient):
    """How :class:`~genesys_webmessaging.WebMessagingClient` makes and resumes sessions."""

    @overload
    def joinConversation(
        self, deploymentId: str, initialMessage: str, *, origin: str | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> str: ...

    @overload
    def joinConversation(
        self,
        deploymentId: str,
        token: str,
        initialMessage: str,
        origin: str | None = None,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> str: ...

    def joinConversation(
        self, *args: Any, origin: str | None = None, timeout: float = DEFAULT_TIMEOUT, **named: Any
    ) -> str:
        """Connect, configure a session, wait until it is ready, and send a first message.

        Forms: ``(deploymentId, initialMessage)``, ``(deploymentId, token, initialMessage)`` and
        ``(deploymentId, token, initialMessage, origin)``; ``origin=`` goes with each of them. If
        anything fails, the connection is closed again.

        Args:
            deploymentId: The deployment to talk to.
            token: The session's token; an unknown one makes a new session. A random UUID if left out.
            initialMessage: What the guest says first.
            origin: The origin of the guest's web page; "https://" and the address's host if left out.
            timeout: Seconds that everything together may take.

        Returns:
            The tracing id of the message.

        Raises:
            ConnectError, ConnectTimeoutError: There was no connection to be had.
            RequestError: The server refused the session, or the message within three seconds.
            ResponseTimeoutError: The session was not ready in time.
            ConnectionClosedError: The connection broke meanwhile.
            TypeError: The call fits no form.
            ValueError: An argument cannot be right. So is a token that is no UUID in the form with
                three arguments: Java code may have an initial message and an origin there.
        """
        deadline = time.monotonic() + checks.seconds("timeout", timeout)
        call = _JOIN.bind(args, named)
        message = requests.text_message(checks.text("initialMessage", call["initialMessage"]), (), None, None)
        if "origin" in call:
            if origin is not None:
                raise TypeError("joinConversation() got origin twice")
            origin = call["origin"]
        elif origin is None and "token" in call:
            _check_uuid(call["token"])
        if origin is None:
            origin = f"https://{host_of(self._address)}"
        token = call["token"] if "token" in call else str(uuid.uuid4())
        request = requests.configure_session(call["deploymentId"], token, None, None)
        self.connect(call["deploymentId"], origin, timeout)
        self._provide_api_client(origin)
        try:
            self._await_session(self._send(request, None), deadline)
            tracingId = self._send(message, None)
            try:
                self.awaitResponse(tracingId, min(ACKNOWLEDGE_TIMEOUT, max(0.0, deadline - time.monotonic())))
            except ResponseTimeoutError:
                # It is sent, and a refusal that comes so late still reaches the listeners.
                return tracingId
        except BaseException:
            self.disconnect()
            raise
        return tracingId

    @overload
    def configureSession(
        self,
        deploymentId: str,
        origin: str,
        *,
        tracingId: str | None = None,
        journeyContext: JourneyContext | None = None,
    ) -> str: ...

    @overload
    def configureSession(
        self,
        deploymentId: str,
        token: str,
        origin: str,
        startNew: bool | None = None,
        *,
        tracingId: str | None = None,
        journeyContext: JourneyContext | None = None,
    ) -> str: ...

    def configureSession(
        self,
        *args: Any,
        tracingId: str | None = None,
        journeyContext: JourneyContext | None = None,
        **named: Any,
    ) -> str:
        """Make or resume a session on the open connection.

        Forms: ``(deploymentId, origin)``, with a new random token, and ``(deploymentId, token,
        origin, startNew)``. The answer is a SessionResponse.

        Args:
            deploymentId: The deployment to talk to.
            token: The session's token. Whoever has it has the session.
            origin: The origin of the guest's web page, for the REST calls.
            startNew: True for a fresh session of this token, None or False to resume the one there is.
            tracingId: A random one if None.
            journeyContext: What the page knows of the customer's journey.

        Returns:
            The tracing id, which comes back with the answer.
        """
        call = _CONFIGURE.bind(args, named)
        token = call["token"] if "token" in call else str(uuid.uuid4())
        origin = checks.origin(call["origin"])
        request = requests.configure_session(call["deploymentId"], token, call.get("startNew"), journeyContext)
        self._provide_api_client(origin)
        return self._send(request, tracingId)

    @overload
    def configureAuthenticatedSession(
        self,
        deploymentId: str,
        origin: str,
        data: OAuthParams,
        *,
        tracingId: str | None = None,
        startNew: bool | None = None,
    ) -> str: ...

    @overload
    def configureAuthenticatedSession(
        self,
        deploymentId: str,
        token: str,
        origin: str,
        data: OAuthParams,
        *,
        tracingId: str | None = None,
        startNew: bool | None = None,
    ) -> str: ...

    def configureAuthenticatedSession(
        self, *args: Any, tracingId: str | None = None, startNew: bool | None = None, **named: Any
    ) -> str:
        """Make or resume a session of a guest who has signed in.

        Forms: ``(deploymentId, origin, data)``, with a new random token, and ``(deploymentId,
        token, origin, data)``. The answer is a SessionResponse.

        Args:
            deploymentId: The deployment to talk to.
            token: The session's token. Whoever has it has the session.
            origin: The origin of the guest's web page, for the REST calls.
            data: The jwt that the OAuth exchange gave (as ``code``), or the OAuth code itself.
            tracingId: A random one if None.
            startNew: As in :meth:`configureSession`.

        Returns:
            The tracing id, which comes back with the answer.
        """
        call = _AUTHENTICATE.bind(args, named)
        token = call["token"] if "token" in call else str(uuid.uuid4())
        origin = checks.origin(call["origin"])
        request = requests.configure_authenticated_session(call["deploymentId"], token, call["data"], startNew)
        self._provide_api_client(origin)
        return self._send(request, tracingId)

    def getSupportedContentConfiguration(
        self, deploymentId: str, token: str, origin: str, *, tracingId: str | None = None
    ) -> str:
        """Ask what the deployment supports. The answer is a GetConfigurationResponse.

        Needs no session. Like Java's, the request goes over the open connection, whatever the origin.

        Returns:
            The tracing id, which comes back with the answer.
        """
        checks.origin(origin)
        return self._send(requests.configuration(deploymentId, token), tracingId)

    def _await_session(self, tracingId: str, deadline: float) -> None:
        response = self.awaitResponse(tracingId, max(0.0, deadline - time.monotonic()))
        if not isinstance(response, SessionResponse) or response.connected is False:
            raise RequestError("the server did not open the session", tracingId=tracingId)
        if response.readOnly is True:
            raise RequestError(
                "the session is read-only, because the other side has left: begin a new one with "
                "configureSession(deploymentId, token, origin, True)",
                tracingId=tracingId,
            )


def _check_uuid(token: object) -> None:
    try:
        uuid.UUID(checks.text("token", token))
    except ValueError as error:
        raise ValueError(
            "token is no UUID. With three arguments joinConversation takes (deploymentId, token, initialMessage); "
            "where Java's has an origin, write joinConversation(deploymentId, initialMessage, origin=…)"
        ) from error
