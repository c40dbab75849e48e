"""Who a guest can prove to be: OAuth codes, tokens, and the jwts made from them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock

__all__ = ["Grant", "Identities", "Identity", "Jwt", "makeJwt"]

_KEY = secrets.token_bytes(32)


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def makeJwt(claims: dict[str, Any]) -> str:
    """A signed jwt (HS256) with these claims; the key is new in every process."""
    head = _segment(b'{"alg":"HS256","typ":"JWT"}')
    payload = _segment(json.dumps({**claims, "jti": secrets.token_hex(8)}, separators=(",", ":")).encode())
    signature = hmac.new(_KEY, f"{head}.{payload}".encode(), hashlib.sha256).digest()
    return f"{head}.{payload}.{_segment(signature)}"


@dataclass(frozen=True)
class Identity:
    """A person that has signed in."""

    id: str
    firstName: str = "Signed"
    lastName: str = "In"


@dataclass
class Jwt:
    """A jwt that was given out.

    Attributes:
        text: The jwt itself.
        expiresAt: Epoch seconds of the simulator's clock.
        identity: Who signed in with it; None for one of getJwt.
    """

    text: str = field(repr=False)
    expiresAt: float
    identity: Identity | None = None


@dataclass
class Grant:
    """An OAuth code or id token that can be exchanged, and what must come with it."""

    identity: Identity
    redirectUri: str | None = None
    codeVerifier: str | None = None
    nonce: str | None = None
    used: bool = False


class Identities:
    """The identity provider: what can be exchanged for a jwt, and which jwts are good.

    Attributes:
        grants: What was registered, by code or id token.
        acceptsAny: Whether a code or id token that nobody registered is good too, each once.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.grants: dict[str, Grant] = {}
        self.jwts: dict[str, Jwt] = {}
        self.refreshTokens: dict[str, Identity] = {}
        self.acceptsAny = True

    def register(
        self,
        codeOrIdToken: str,
        firstName: str = "Signed",
        lastName: str = "In",
        *,
        redirectUri: str | None = None,
        codeVerifier: str | None = None,
        nonce: str | None = None,
    ) -> Identity:
        """Make an OAuth code or id token known, with what an exchange of it must say.

        Returns:
            The person it stands for; the same name is the same person.
        """
        identity = Identity(f"{firstName} {lastName}", firstName, lastName)
        self.grants[codeOrIdToken] = Grant(identity, redirectUri, codeVerifier, nonce)
        return identity

    def grantFor(self, codeOrIdToken: str) -> Grant | None:
        """What a code stands for; None when it is unknown."""
        grant = self.grants.get(codeOrIdToken)
        if grant is None and self.acceptsAny and codeOrIdToken:
            grant = self.grants[codeOrIdToken] = Grant(Identity(codeOrIdToken))
        return grant

    def issue(self, identity: Identity, seconds: float) -> Jwt:
        """A jwt for a person, good for some seconds."""
        expiresAt = self._clock.now() + seconds
        jwt = Jwt(makeJwt({"sub": identity.id, "exp": int(expiresAt)}), expiresAt, identity)
        self.jwts[jwt.text] = jwt
        return jwt

    def refreshTokenFor(self, identity: Identity) -> str:
        """A refresh token for a person; it stays good until logout."""
        token = secrets.token_urlsafe(24)
        self.refreshTokens[token] = identity
        return token

    def expired(self, jwt: Jwt) -> bool:
        """Whether a jwt's time is over."""
        return self._clock.now() >= jwt.expiresAt

    def forget(self, identity: Identity) -> None:
        """Log a person out: every jwt and refresh token of theirs is void."""
        self.jwts = {text: jwt for text, jwt in self.jwts.items() if jwt.identity != identity}
        self.refreshTokens = {text: known for text, known in self.refreshTokens.items() if known != identity}
