"""The listening socket, the routes behind it, the pages for people, and the faults of REST."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from ..faults import Fault, Stage, Subject
from ..recording import RestRequest
from .answers import cutting, error_answer
from .connection import Connection
from .context import ServerContext
from .control import ControlHandler
from .files import FilesHandler
from .rest import RestHandler
from .thread import ClockTicker, clock_sleep
from .websocket import WebSocketHandler

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

__all__ = [
    "Service",
]

# The pages for people: /desk, where one is the agent, and /guest, where one is the guest.
PAGE_FILES = Path(__file__).parent.parent / "desk"
PAGES = {"/desk": "desk.html", "/guest": "guest.html"}
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

UNRECORDED = ("/v1", "/simulator/", "/desk", "/guest")


def make_application(context: ServerContext[Connection], control: ControlHandler) -> web.Application:
    """Everything one server answers."""
    application = web.Application(middlewares=[_recording(context), _rest_faults(context)])
    websockets = WebSocketHandler(
        context,
        lambda number, deployment, request: Connection(number, deployment, request, context),
    )
    application.router.add_get("/v1", websockets.handle)
    application.add_routes(
        [*RestHandler(context).routes(), *FilesHandler(context).routes(), *control.routes(), *desk_routes()]
    )
    return application


def desk_routes() -> list[web.RouteDef]:
    """Where each page and what belongs to it is; the files hold no data, and everybody may have them."""
    paths = {**PAGES, **{f"/desk/{path.name}": path.name for path in PAGE_FILES.iterdir() if path.suffix in TYPES}}
    return [web.get(path, _serving(PAGE_FILES / name)) for path, name in paths.items()]


def _serving(path: Path) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        del request
        return web.Response(text=path.read_text("utf-8"), content_type=TYPES[path.suffix], headers=HEADERS)

    return serve


def _recording(context: ServerContext[Connection]) -> Middleware:
    @web.middleware
    async def recording(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(UNRECORDED):
            return await handler(request)
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=_cors(request))
        try:
            answer = await handler(request)
        except web.HTTPException as refused:
            answer = error_answer(refused.status, refused.reason)
        if not answer.prepared:
            answer.headers.update(_cors(request))
        headers, query = request.headers.copy(), dict(request.query)
        context.requests.add(RestRequest(request.method, request.path, query, headers, answer.status))
        return answer

    return recording


def _cors(request: web.Request) -> dict[str, str]:
    origin = request.headers.get("Origin")
    if origin is None:
        return {}
    allowed = request.headers.get("Access-Control-Request-Headers", "*")
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Headers": allowed,
        "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    }


def _rest_faults(context: ServerContext[Connection]) -> Middleware:
    @web.middleware
    async def rest_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(UNRECORDED) or request.method == "PUT":
            return await handler(request)
        cut: Fault | None = None
        for fault in context.faults.strike(Subject(Stage.REST, None, request.path)):
            if fault.kind == "stall":
                await clock_sleep(context.world.clock, fault.seconds)
            elif fault.kind == "cut":
                cut = fault
            else:
                return error_answer(
                    fault.status, "The simulator was told to fail", body=fault.body, headers=fault.headers
                )
        before = cutting.set(cut is not None)
        try:
            answer = await handler(request)
        finally:
            cutting.reset(before)
        if cut is None or not isinstance(answer, web.Response):
            return answer
        return await _cut(request, answer)

    return rest_faults


async def _cut(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Send half of an answer that promises the whole, and break the connection."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    broken = web.StreamResponse(status=answer.status, headers=answer.headers)
    broken.content_length = len(body)
    await broken.prepare(request)
    await broken.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return broken


BACKLOG = 1_024
GRACE = 0.5


class Service:
    """One running server."""

    def __init__(self, context: ServerContext[Connection], host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._context = context
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        self.port: int = self._socket.getsockname()[1]
        self._ticker = ClockTicker(context.world.clock, context.thread)
        self._runner = web.AppRunner(
            make_application(context, ControlHandler(context)),
            access_log=None,
            handle_signals=False,
            shutdown_timeout=GRACE,
        )
        self._tls = tls

    async def start(self) -> None:
        """Begin to listen; on the loop."""
        await self._runner.setup()
        site = web.SockSite(self._runner, self._socket, ssl_context=self._tls, backlog=BACKLOG)
        await site.start()

    async def stop(self) -> None:
        """Tell guests that the server goes away, and end everything; bounded."""
        open_connections = self._context.openConnections
        for connection in open_connections:
            connection.finish(1001, "")
        await asyncio.sleep(0)
        for connection in open_connections:
            connection.end("fin")
        server = self._runner.server
        transports = [handler.transport for handler in server.connections if handler.transport] if server else []
        await self._runner.cleanup()
        # Closing a TLS transport waits for a peer that may keep its idle connection; the loop will not.
        for transport in transports:
            transport.abort()
        await asyncio.sleep(0)
        self._socket.close()

    def stopClock(self) -> None:
        """Run no timers any more."""
        self._ticker.stop()
