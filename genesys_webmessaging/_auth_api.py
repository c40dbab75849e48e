"""The calls of signing in: what an identity provider gave is exchanged for a jwt, which is refreshed and revoked."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from ._base import arguments as _checks
from .exceptions import DecodeError
from .models._base import WireModel, wire
from .rest._client import ApiClient

_EXCHANGE = "/api/v2/webdeployments/token/oauthcodegrantjwtexchange"
_REFRESH = "/api/v2/webdeployments/token/refresh"
_REVOKE = "/api/v2/webdeployments/token/revoke"

# Bytes of randomness in a code verifier: 43 characters, the least that RFC 7636 allows.
_VERIFIER_BYTES = 32


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

    Each raises ApiError when the server refuses, DecodeError for an answer that is none, and
    ConnectError, ConnectTimeoutError, ResponseTimeoutError or ConnectionClosedError when the network fails.

    Args:
        apiClient: Makes the calls; a deployment may want it to send an Origin.
    """

    def __init__(self, apiClient: ApiClient) -> None:
        self._client: ApiClient = _checks.instance("apiClient", apiClient, ApiClient)

    def exchangeCode(
        self, deploymentId: str, code: str, redirectUri: str, codeVerifier: str | None = None
    ) -> AuthTokens:
        """Exchange the code that the sign-in page sent to the redirect address.

        Args:
            deploymentId: The deployment to sign in to.
            code: The code; it can be used once.
            redirectUri: The address it was sent to, exactly as it was given to the sign-in page.
            codeVerifier: That of the Pkce whose challenge the sign-in page got.

        Returns:
            The jwt, and a refresh token where the deployment gives one.
        """
        oauth = {"code": _checks.text("code", code), "redirectUri": _checks.text("redirectUri", redirectUri)}
        if codeVerifier is not None:
            oauth["codeVerifier"] = _checks.text("codeVerifier", codeVerifier)
        return self._exchange(deploymentId, oauth)

    def exchangeIdToken(self, deploymentId: str, idToken: str, nonce: str) -> AuthTokens:
        """Exchange an OpenID Connect id token.

        Args:
            deploymentId: The deployment to sign in to.
            idToken: The token.
            nonce: The nonce that it was asked for with.

        Returns:
            The jwt, and a refresh token where the deployment gives one.
        """
        return self._exchange(
            deploymentId, {"idToken": _checks.text("idToken", idToken), "nonce": _checks.text("nonce", nonce)}
        )

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

    def _exchange(self, deploymentId: str, oauth: dict[str, str]) -> AuthTokens:
        body = {"deploymentId": _checks.text("deploymentId", deploymentId), "oauth": oauth}
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
