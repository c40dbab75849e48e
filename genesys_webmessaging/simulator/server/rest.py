"""The REST side: history, deployment configuration, signing in, push devices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from ..faults import Stage, Subject
from ..state.deployment import Deployment
from ..state.identities import Grant, Jwt
from ..wire import frames
from ..wire.frames import history_page
from .answers import error_answer, json_answer, too_many_requests
from .context import ServerContext

__all__ = ["RestHandler"]

LARGEST_PAGE = 500
DEVICE_FIELDS = ("deviceToken", "language", "deviceType", "notificationProvider")


class _RefusedError(Exception):
    """A REST request is refused; carries the answer."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.answer = error_answer(status, message, code=code)


class RestHandler:
    """Answers REST requests out of the world."""

    def __init__(self, context: ServerContext[Any]) -> None:
        self._context = context
        self._world = context.world

    def routes(self) -> list[web.RouteDef]:
        """Where each request goes."""
        published = "/webdeployments/v1/deployments/{deploymentId}"
        tokens = "/api/v2/webdeployments/token"
        devices = "/api/v2/webmessaging/deployments/{deploymentId}/pushdevices/{token}"
        return [
            web.get("/api/v2/webmessaging/messages", self._answering(self.messages)),
            web.get(f"{published}/config.json", self._answering(self.config)),
            web.get(f"{published}/domains.json", self._answering(self.domains)),
            web.post(f"{tokens}/oauthcodegrantjwtexchange", self._answering(self.exchange)),
            web.post(f"{tokens}/refresh", self._answering(self.refresh)),
            web.delete(f"{tokens}/revoke", self._answering(self.revoke)),
            web.post(devices, self._answering(self.register_device)),
            web.patch(devices, self._answering(self.update_device)),
            web.delete(devices, self._answering(self.delete_device)),
        ]

    async def messages(self, request: web.Request) -> web.Response:
        """The history of the session whose jwt the request carries."""
        bearer = _bearer(request)
        known = self._world.sessionJwts.get(bearer)
        if known is None:
            raise _RefusedError(401, "Invalid login credentials.")
        struck = self._context.faults.strike(Subject(Stage.JWT, None, request.path))
        if struck or self._world.identities.expired(known.jwt):
            raise _RefusedError(401, "The jwt has expired.", "token.expired")
        self._origin_allowed(request, known.session.deployment)
        wait = known.session.rates.take("historyCalls")
        if wait is not None:
            return too_many_requests(wait)
        size, number = _number(request, "pageSize", 25), _number(request, "pageNumber", 1)
        subject = Subject(Stage.HISTORY, None, request.path)
        faults = {fault.kind: fault for fault in self._context.faults.strike(subject, self._world.clock.now())}
        if "down" in faults:
            down = faults["down"]
            return error_answer(down.status, "The history is not available", headers=down.headers)
        page = history_page(
            self._world,
            known.session,
            size,
            number,
            lag=faults["lag"].seconds if "lag" in faults else 0.0,
            withheld=faults["move"].size if "move" in faults and number == 1 else 0,
            twice="twice" in faults,
        )
        return json_answer(page)

    async def config(self, request: web.Request) -> web.Response:
        """The configuration of a deployment, for everybody."""
        deployment = self._published(request)
        scheme = "wss" if request.secure else "ws"
        return json_answer(
            deployment.config(f"{scheme}://{request.host}/v1", f"{request.scheme}://{request.host}"),
        )

    async def domains(self, request: web.Request) -> web.Response:
        """Where a deployment may be used, for everybody."""
        return json_answer(self._published(request).domains())

    async def exchange(self, request: web.Request) -> web.Response:
        """An OAuth code or id token becomes a jwt."""
        asked = await _object(request)
        deployment = self._deployment(asked.get("deploymentId"), 400)
        if not deployment.authEnabled:
            raise _RefusedError(403, "Authentication is not enabled", "feature.toggle.disabled")
        oauth = asked.get("oauth")
        if not isinstance(oauth, dict) or not (oauth.get("code") or oauth.get("idToken")):
            raise _RefusedError(400, "oauth.code or oauth.idToken is missing", "required.fields.missing")
        grant = self._world.identities.grantFor(str(oauth.get("code") or oauth.get("idToken")))
        if grant is None or grant.used or not _fits(grant, oauth):
            raise _RefusedError(400, "The code or token cannot be exchanged", "invalid.grant")
        grant.used = True
        jwt = self._world.identities.issue(grant.identity, deployment.signInSeconds)
        return json_answer({"jwt": jwt.text, "refreshToken": self._world.identities.refreshTokenFor(grant.identity)})

    async def refresh(self, request: web.Request) -> web.Response:
        """A refresh token brings a new jwt, and stays good."""
        token = (await _object(request)).get("refreshToken")
        if not token:
            raise _RefusedError(400, "refreshToken is missing", "required.fields.missing")
        identity = self._world.identities.refreshTokens.get(str(token))
        if identity is None:
            raise _RefusedError(401, "The refresh token is not good")
        lives = max(deployment.signInSeconds for deployment in self._world.deployments.values())
        return json_answer({"jwt": self._world.identities.issue(identity, lives).text})

    async def revoke(self, request: web.Request) -> web.Response:
        """Log somebody out, on every connection."""
        jwt: Jwt | None = self._world.identities.jwts.get(_bearer(request))
        if jwt is None or jwt.identity is None or self._world.identities.expired(jwt):
            raise _RefusedError(401, "Invalid login credentials.")
        for session in self._world.sessionsOf(jwt.identity):
            frames.logout(self._world, session)
        self._world.identities.forget(jwt.identity)
        return web.Response(status=204)

    async def register_device(self, request: web.Request) -> web.Response:
        """A device wants notifications."""
        key = self._device(request)
        asked = await _object(request)
        missing = [name for name in DEVICE_FIELDS if not asked.get(name)]
        if missing:
            raise _RefusedError(400, f"missing: {', '.join(missing)}", "required.fields.missing")
        if key in self._world.devices:
            raise _RefusedError(409, "The device is registered already", "device.already.registered")
        self._world.devices[key] = asked
        return json_answer(asked)

    async def update_device(self, request: web.Request) -> web.Response:
        """A device has another token, or another language."""
        key = self._device(request)
        asked = await _object(request)
        if not any(asked.get(name) for name in DEVICE_FIELDS):
            raise _RefusedError(400, "nothing to update", "update.fields.missing")
        if key not in self._world.devices:
            raise _RefusedError(404, "The device is not registered", "device.not.found")
        self._world.devices[key].update(asked)
        return json_answer(self._world.devices[key])

    async def delete_device(self, request: web.Request) -> web.Response:
        """A device wants notifications no more."""
        if self._world.devices.pop(self._device(request), None) is None:
            raise _RefusedError(404, "The device is not registered", "device.not.found")
        return web.Response(status=204)

    def _answering(self, handler: Any) -> Any:
        async def answering(request: web.Request) -> web.StreamResponse:
            try:
                answer: web.StreamResponse = await handler(request)
            except _RefusedError as refused:
                return refused.answer
            return answer

        return answering

    def _published(self, request: web.Request) -> Deployment:
        """The deployment whose files are asked for; the CDN refuses what it does not have."""
        deployment = self._world.deployments.get(request.match_info["deploymentId"])
        if deployment is None:
            raise _RefusedError(403, "Access denied")
        return deployment

    def _deployment(self, deploymentId: object, status: int) -> Deployment:
        deployment = self._world.deployments.get(str(deploymentId))
        if deployment is None:
            raise _RefusedError(status, "Deployment not found", "deployment.not.found")
        return deployment

    def _device(self, request: web.Request) -> tuple[str, str]:
        deployment = self._deployment(request.match_info["deploymentId"], 404)
        if not deployment.pushEnabled:
            raise _RefusedError(403, "Push notifications are not enabled", "feature.toggle.disabled")
        token = request.match_info["token"]
        if not token.strip():
            raise _RefusedError(400, "The token is not valid", "invalid.path.parameter")
        return deployment.id, token

    def _origin_allowed(self, request: web.Request, deployment: Deployment) -> None:
        origin = request.headers.get("Origin")
        if not deployment.allowsOrigin(origin, self._world.strict):
            raise _RefusedError(403, "Origin not allowed")


def _bearer(request: web.Request) -> str:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise _RefusedError(401, "No bearer token in the Authorization header.", "authentication.required")
    return text.strip()


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    largest = LARGEST_PAGE if name == "pageSize" else 10**9
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= largest):
        raise _RefusedError(400, f"{name} cannot be {text!r}", "invalid.value")
    return int(text)


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        value = json.loads(await request.text())
    except ValueError as error:
        raise _RefusedError(400, "The body is not JSON") from error
    if not isinstance(value, dict):
        raise _RefusedError(400, "The body is not a JSON object")
    return value


def _fits(grant: Grant, oauth: Mapping[str, Any]) -> bool:
    wanted = {"redirectUri": grant.redirectUri, "codeVerifier": grant.codeVerifier, "nonce": grant.nonce}
    return all(value is None or oauth.get(name) == value for name, value in wanted.items())
