"""Signing in and out: tokens exchanged, renewed and revoked, and the session of a guest who has signed in."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from ._base import checks as _checks
from ._base.threads import logger_of
from .exceptions import (
    ApiError,
    ConnectionClosedError,
    DecodeError,
    ErrorCode,
    NotConfiguredError,
    RequestError,
    WebMessagingException,
)
from .listener import SessionListener
from .models import BaseMessage, JourneyContext, LogoutEvent, OAuthParams, SessionResponse
from .models._base import WireModel, wire
from .rest import ApiClient
from .sessions import closeSession, configure_and_wait

if TYPE_CHECKING:
    from .client import WebMessagingClient

__all__ = ["AuthApi", "AuthTokens", "AuthenticatedSession", "Pkce"]

log = logger_of(__name__)

_EXCHANGE = "/api/v2/webdeployments/token/oauthcodegrantjwtexchange"
_REFRESH = "/api/v2/webdeployments/token/refresh"
_REVOKE = "/api/v2/webdeployments/token/revoke"

# Bytes of randomness in a code verifier: 43 characters, the least that RFC 7636 allows.
_VERIFIER_BYTES = 32

# A jwt is refreshed so often in a row, and the session re-configured unasked so often a minute.
ATTEMPTS = 3
_MINUTE = 60.0


@dataclass(kw_only=True)
class AuthTokens(WireModel):
    """What signing in gives: the jwt that configures a session, and the token that renews it. Both are secrets."""

    jwt: str | None = wire(secret=True)
    refreshToken: str | None = wire(secret=True)


@dataclass(frozen=True)
class Pkce:
    """The two halves of a proof that who exchanges the code is who asked for it (RFC 7636).

    Attributes:
        codeVerifier: The secret half, for :meth:`AuthApi.exchangeCode`.
        codeChallenge: The half that goes into the URL of the sign-in page, as ``code_challenge``.
        codeChallengeMethod: Goes there too, as ``code_challenge_method``.
    """

    codeVerifier: str = field(repr=False)
    codeChallenge: str
    codeChallengeMethod: str = "S256"

    @classmethod
    def generate(cls) -> Pkce:
        """Make a new pair, for one sign-in."""
        return cls.of(secrets.token_urlsafe(_VERIFIER_BYTES))

    @classmethod
    def of(cls, codeVerifier: str) -> Pkce:
        """Compute the challenge that belongs to a verifier.

        Raises:
            ValueError: A verifier has 43 to 128 characters of A-Z, a-z, 0-9, "-", ".", "_" and "~".
        """
        if not 43 <= len(codeVerifier) <= 128 or not all(
            one.isascii() and (one.isalnum() or one in "-._~") for one in codeVerifier
        ):
            raise ValueError('codeVerifier must have 43 to 128 characters of A-Z, a-z, 0-9, "-", ".", "_" and "~"')
        digest = hashlib.sha256(codeVerifier.encode("ascii")).digest()
        return cls(codeVerifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"))


class AuthApi:
    """The calls of signing in and out.

    Each raises ApiError when the server refuses, DecodeError for an answer without tokens, and
    ConnectError, ConnectTimeoutError, ResponseTimeoutError or ConnectionClosedError when the network fails.

    Args:
        apiClient: Makes the calls; a deployment may want it to send an Origin.
    """

    def __init__(self, apiClient: ApiClient) -> None:
        self._client: ApiClient = _checks.instance("apiClient", apiClient, ApiClient)

    def exchangeCode(
        self,
        deploymentId: str,
        code: str,
        redirectUri: str,
        codeVerifier: str | None = None,
        *,
        journeyContext: JourneyContext | None = None,
    ) -> AuthTokens:
        """Exchange the code that the sign-in page sent to the redirect address.

        Args:
            deploymentId: The deployment to sign in to.
            code: The code; it can be used once.
            redirectUri: The address it was sent to, exactly as it was given to the sign-in page.
            codeVerifier: That of the Pkce whose challenge the sign-in page got.
            journeyContext: What is known of the guest's journey; the type of its customerSession, which it may lack,
                is ``app`` or ``web``.

        Returns:
            The jwt, and a refresh token where the deployment gives one.
        """
        oauth = {"code": _checks.text("code", code), "redirectUri": _checks.text("redirectUri", redirectUri)}
        if codeVerifier is not None:
            oauth["codeVerifier"] = _checks.text("codeVerifier", codeVerifier)
        return self._exchange(deploymentId, oauth, journeyContext)

    def exchangeIdToken(
        self, deploymentId: str, idToken: str, nonce: str, *, journeyContext: JourneyContext | None = None
    ) -> AuthTokens:
        """Exchange an OpenID Connect id token.

        Args:
            deploymentId: The deployment to sign in to.
            idToken: The token.
            nonce: The nonce that it was asked for with.
            journeyContext: What is known of the guest's journey, as for :meth:`exchangeCode`.

        Returns:
            The jwt, and a refresh token where the deployment gives one.
        """
        oauth = {"idToken": _checks.text("idToken", idToken), "nonce": _checks.text("nonce", nonce)}
        return self._exchange(deploymentId, oauth, journeyContext)

    def refresh(self, refreshToken: str) -> AuthTokens:
        """Get a new jwt.

        Args:
            refreshToken: What the exchange gave.

        Returns:
            The new jwt; the refresh token is still the same unless the server gave another one.
        """
        _checks.text("refreshToken", refreshToken)
        tokens = self._tokens(_REFRESH, {"refreshToken": refreshToken}, [refreshToken])
        tokens.refreshToken = tokens.refreshToken or refreshToken
        return tokens

    def logout(self, jwt: str) -> None:
        """Revoke a sign-in. A LogoutEvent then comes on every connection of the session.

        Args:
            jwt: The jwt of the session.
        """
        self._client.invoke("DELETE", _REVOKE, accessToken=_checks.text("jwt", jwt))

    def _exchange(self, deploymentId: str, oauth: dict[str, str], journeyContext: JourneyContext | None) -> AuthTokens:
        body: dict[str, object] = {"deploymentId": _checks.text("deploymentId", deploymentId), "oauth": oauth}
        context = _checks.instance("journeyContext", journeyContext, JourneyContext, optional=True)
        if context is not None:
            body["journeyContext"] = context.to_dict()
        return self._tokens(_EXCHANGE, body, [value for name, value in oauth.items() if name != "redirectUri"])

    def _tokens(self, path: str, body: Mapping[str, object], secret: list[str]) -> AuthTokens:
        answer = self._client.invoke("POST", path, AuthTokens, body=body, authenticated=False, secrets=secret)
        if not answer.document.jwt:
            raise DecodeError(
                f"POST {path} answered {answer.statusCode} without a jwt",
                statusCode=answer.statusCode,
                headers=answer.headers,
                body=answer.rawBody,
            )
        return answer.document


class _Phase(Enum):
    """What a refusal of the jwt means: to a configure() that is under way, to the session, or nothing any more."""

    QUIET = auto()
    CONFIGURING = auto()
    SIGNED_OUT = auto()


class AuthenticatedSession:
    """Configures the session of a guest who has signed in, and renews the jwt when the server refuses it.

    ::

        session = AuthenticatedSession.withCode(client, deploymentId, origin, code, redirectUri, codeVerifier)
        client.connect(deploymentId, origin)
        session.configure()

    From then on a refusal of the jwt (401), whenever it comes, makes it refresh the jwt and configure again.
    After a new ``client.connect`` call :meth:`configure` again; on a configured guest session it is a step-up.

    Args:
        client: The client; it need not be connected yet.
        deploymentId: The deployment that the guest signed in to.
        origin: The origin of the guest's web page.
        tokens: What signing in gave.
        timeout: Seconds that one answer may take.
    """

    def __init__(
        self,
        client: WebMessagingClient,
        deploymentId: str,
        origin: str,
        tokens: AuthTokens,
        *,
        timeout: float = 30.0,
    ) -> None:
        self._client = client
        self._deploymentId = _checks.text("deploymentId", deploymentId)
        self._origin = _checks.origin(origin, empty=False)
        self._tokens: AuthTokens = _checks.instance("tokens", tokens, AuthTokens)
        _checks.text("jwt of tokens", tokens.jwt)
        self._timeout = _checks.seconds("timeout", timeout)
        self._phase = _Phase.QUIET
        # Refusals that configure() has dealt with and the listener will hear of; below zero it heard of them first.
        self._dealt_with = 0
        self._renewals: deque[float] = deque(maxlen=ATTEMPTS)
        self._renewer: _Renewer | None = None
        # Guards _tokens, _phase, _dealt_with, _renewals and _renewer.
        self._lock = threading.Lock()

    @classmethod
    def withCode(
        cls,
        client: WebMessagingClient,
        deploymentId: str,
        origin: str,
        code: str,
        redirectUri: str,
        codeVerifier: str | None = None,
        *,
        journeyContext: JourneyContext | None = None,
        timeout: float = 30.0,
    ) -> AuthenticatedSession:
        """Exchange the code of a sign-in page, with the client's ApiClient, and make the session of it.

        The errors are those of :class:`AuthApi`.
        """
        client.initializeApiClient(origin)
        tokens = AuthApi(client.apiClient).exchangeCode(
            deploymentId, code, redirectUri, codeVerifier, journeyContext=journeyContext
        )
        return cls(client, deploymentId, origin, tokens, timeout=timeout)

    @classmethod
    def withIdToken(
        cls,
        client: WebMessagingClient,
        deploymentId: str,
        origin: str,
        idToken: str,
        nonce: str,
        *,
        journeyContext: JourneyContext | None = None,
        timeout: float = 30.0,
    ) -> AuthenticatedSession:
        """Exchange an id token, with the client's ApiClient, and make the session of it.

        The errors are those of :class:`AuthApi`.
        """
        client.initializeApiClient(origin)
        tokens = AuthApi(client.apiClient).exchangeIdToken(deploymentId, idToken, nonce, journeyContext=journeyContext)
        return cls(client, deploymentId, origin, tokens, timeout=timeout)

    @property
    def tokens(self) -> AuthTokens:
        """The jwt and the refresh token as they are now. Secrets."""
        return self._tokens

    @property
    def isSignedOut(self) -> bool:
        """Whether the sign-in was revoked, here or elsewhere."""
        return self._phase is _Phase.SIGNED_OUT

    def configure(self, *, token: str | None = None, startNew: bool | None = None) -> SessionResponse:
        """Make or resume the session on the open connection. Refreshes the jwt when the server refuses it.

        Args:
            token: The session's token; None keeps the client's, or makes a new one.
            startNew: True for a fresh session of this token.

        Returns:
            The server's answer.

        Raises:
            RequestError: The server refused; with code 401 when three refreshed jwts did not help either.
            ApiError: The jwt could not be refreshed.
            NotConfiguredError: The guest has signed out.
            ResponseTimeoutError, NotConnectedError, ConnectionClosedError: There was no answer.
        """
        with self._lock:
            if self._phase is _Phase.SIGNED_OUT:
                raise NotConfiguredError("the guest has signed out: sign in again, and make a new session of it")
            renewer = _Renewer(self) if self._renewer is None else None
            self._renewer = self._renewer or renewer
            self._phase = _Phase.CONFIGURING
        if renewer is not None:
            self._client.addSessionListener(renewer)
        try:
            return self._configured(token or self._client.token or str(uuid.uuid4()), startNew)
        finally:
            with self._lock:
                self._dealt_with = max(0, self._dealt_with)
                if self._phase is _Phase.CONFIGURING:
                    self._phase = _Phase.QUIET

    def stepUp(self) -> SessionResponse:
        """Turn the guest session that is configured on the connection into that of the guest who signed in.

        Returns:
            The server's answer; ``clearedExistingSession`` tells whether another session of the same guest was ended.

        Raises:
            NotConfiguredError: There is no guest session.
            RequestError and the others: As :meth:`configure`.
        """
        if self._client.token is None:
            raise NotConfiguredError("stepUp needs a guest's session: call configureSession() first")
        return self.configure()

    def startNewChat(self) -> SessionResponse:
        """Begin afresh where the session has become read-only: close it, and make a new one of the same token.

        Raises:
            RequestError and the others: As :meth:`configure`.
        """
        closeSession(self._client, self._timeout)
        return self.configure(startNew=True)

    def refresh(self) -> AuthTokens:
        """Get a new jwt now, for the next configure.

        Raises:
            ApiError: The server refused.
            NotConfiguredError: The deployment gave no refresh token.
        """
        refreshToken = self._tokens.refreshToken
        if not refreshToken:
            raise NotConfiguredError("the deployment gave no refresh token: sign in again")
        tokens = AuthApi(self._client.apiClient).refresh(refreshToken)
        with self._lock:
            self._tokens = tokens
        return tokens

    def logout(self) -> None:
        """Revoke the sign-in, wait for the LogoutEvent if there is a connection, and disconnect.

        Raises:
            ApiError: The server refused.
            ResponseTimeoutError: The sign-in is revoked, but no LogoutEvent came in time. The client is disconnected.
            ConnectError, ConnectionClosedError: The network failed; the guest may still be signed in.
        """
        connected = not self._client.isOutputClosed()
        with self._client._engine.watching(lambda event: isinstance(event.body, LogoutEvent)) as watch:
            self._revoke()
            self._sign_out()
            try:
                if connected:
                    watch.wait(self._timeout, "LogoutEvent")
            except ConnectionClosedError:
                log.debug("the server closed the connection without a LogoutEvent")
            finally:
                self._client.disconnect()

    def _configured(self, token: str, startNew: bool | None) -> SessionResponse:
        refreshes = 0

        def send() -> str:
            data = OAuthParams(code=self._tokens.jwt)
            return self._client.configureAuthenticatedSession(
                self._deploymentId, token, self._origin, data, startNew=startNew
            )

        while True:
            try:
                return configure_and_wait(self._client, send, self._timeout)
            except RequestError as error:
                if error.code != ErrorCode.UNAUTHORIZED:
                    raise
                with self._lock:
                    self._dealt_with += 1
                if refreshes == ATTEMPTS or not self._tokens.refreshToken:
                    raise
            refreshes += 1
            self.refresh()

    def _revoke(self) -> None:
        api = AuthApi(self._client.apiClient)
        try:
            api.logout(self._tokens.jwt or "")
        except ApiError as error:
            if error.statusCode != ErrorCode.UNAUTHORIZED or not self._tokens.refreshToken:
                raise
        else:
            return
        api.logout(self.refresh().jwt or "")

    def _sign_out(self) -> None:
        with self._lock:
            self._phase = _Phase.SIGNED_OUT
            renewer, self._renewer = self._renewer, None
        if renewer is not None:
            self._client.removeSessionListener(renewer)

    def _refused(self) -> None:
        """A refusal of the jwt was heard, on the dispatcher."""
        with self._lock:
            if self._phase is _Phase.CONFIGURING or self._dealt_with > 0:
                self._dealt_with -= 1
                return
            now = time.monotonic()
            often = len(self._renewals) == ATTEMPTS and now - self._renewals[0] < _MINUTE
            if self._phase is _Phase.SIGNED_OUT or often or not self._tokens.refreshToken:
                return
            self._renewals.append(now)
        try:
            self.refresh()
            self.configure()
        except WebMessagingException as error:
            log.warning("the session could not be configured again with a new jwt: %s", error)


class _Renewer(SessionListener):
    """Hears when the server refuses the jwt, or tells that the sign-in was revoked."""

    def __init__(self, session: AuthenticatedSession) -> None:
        self._session = session

    def unexpectedMessage(self, baseMessage: BaseMessage, rawMessage: str) -> None:  # noqa: ARG002 - a listener's
        if isinstance(baseMessage.body, LogoutEvent):
            self._session._sign_out()
        elif ErrorCode.UNAUTHORIZED in (baseMessage.code, getattr(baseMessage.body, "errorCode", None)):
            self._session._refused()
