"""What is known of the session: its token and jwt, and what the server allows in it."""

from __future__ import annotations

import threading
import time

from ..models import AllowedMedia, GetConfigurationResponse, JwtResponse, SessionResponse
from .decoding import Event

# A jwt that has fewer seconds to live than this counts as expired (protocol, section 6).
JWT_MARGIN = 5.0


class Session:
    """The facts of one client's session. They outlive a connection, except that each must be configured anew."""

    def __init__(self) -> None:
        self.token: str | None = None
        self.configured = False
        self.deployment_id: str | None = None
        self.allowed_media_inbound: AllowedMedia | None = None
        self.max_custom_data_bytes: float | None = None
        self.session_response: SessionResponse | None = None
        self.jwt_response: JwtResponse | None = None
        # Guards the fields above against a reader and a caller that write at once.
        self._lock = threading.Lock()

    def configure(self, token: str, deployment_id: str) -> None:
        """Note that a session was configured on the connection. Another token's jwt is forgotten."""
        with self._lock:
            if token != self.token:
                self.jwt_response = None
            self.token = token
            self.deployment_id = deployment_id
            self.configured = True

    def connect(self) -> None:
        """Note that there is a new connection, on which nothing is configured yet."""
        with self._lock:
            self.configured = False

    def after_fork(self) -> None:
        """In a forked child: who held the lock does not exist here."""
        self._lock = threading.Lock()

    def observe(self, event: Event) -> None:
        """Note what a frame tells of the session."""
        if event.method == "structuredMessage":
            return
        body = event.body
        if isinstance(body, SessionResponse):
            with self._lock:
                self.session_response = body
                self._allow(body.allowedMedia, body.maxCustomDataBytes)
        elif isinstance(body, GetConfigurationResponse):
            with self._lock:
                self._allow(body.allowedMedia, body.maxCustomDataBytes)
        elif isinstance(body, JwtResponse) and body.jwt:
            with self._lock:
                self.jwt_response = body

    def _allow(self, media: AllowedMedia | None, max_bytes: float | None) -> None:
        if media is not None:
            self.allowed_media_inbound = media
        if isinstance(max_bytes, (int, float)):
            self.max_custom_data_bytes = max_bytes

    def good_jwt(self) -> str | None:
        """The jwt, if there is one that has not expired and will not in a moment."""
        response = self.jwt_response
        if response is None:
            return None
        if isinstance(response.exp, (int, float)) and response.exp <= time.time() + JWT_MARGIN:
            return None
        return response.jwt

    def forget_jwt(self, jwt: str) -> None:
        """Drop a jwt that the REST API has refused, unless it was replaced meanwhile."""
        with self._lock:
            if self.jwt_response is not None and self.jwt_response.jwt == jwt:
                self.jwt_response = None

    def secrets(self) -> tuple[str, ...]:
        """What no log may show, wherever it stands."""
        response = self.jwt_response
        return tuple(secret for secret in (self.token, response.jwt if response else None) if secret)
