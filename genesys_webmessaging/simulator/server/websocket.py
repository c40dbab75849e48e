"""The WebSocket side: handshake, frames in, close."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from ..faults import Stage, Subject
from ..recording import Frame
from ..state.deployment import Deployment
from .answers import error_answer, too_many_requests
from .connection import PONG, Connection, closeFrame, encodeFrame
from .context import ServerContext
from .thread import clock_sleep

__all__ = ["WebSocketHandler"]

log = logging.getLogger(__name__)

NewConnection = Callable[[int, Deployment, web.Request], Connection]

LARGEST_FRAME = 4 * 1024 * 1024


class WebSocketHandler:
    """Lets guests in, and brings what they send to the gateway."""

    def __init__(self, context: ServerContext[Any], newConnection: NewConnection) -> None:
        self._context = context
        self._new_connection = newConnection

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One connection, from handshake to end."""
        number = self._context.nextConnectionNumber()
        for fault in self._context.faults.strike(Subject(Stage.HANDSHAKE, number)):
            if fault.kind == "stall":
                await clock_sleep(self._context.world.clock, fault.seconds)
            else:
                return error_answer(fault.status, "The handshake was refused", body=fault.body, headers=fault.headers)
        deployment = self._admitted(request)
        if isinstance(deployment, web.StreamResponse):
            return deployment
        websocket = web.WebSocketResponse(autoclose=False, autoping=False, compress=False, max_msg_size=LARGEST_FRAME)
        if not websocket.can_prepare(request).ok:
            return error_answer(400, "This is a WebSocket address")
        await websocket.prepare(request)
        connection = self._new_connection(number, deployment, request)
        self._context.connectionOpened(connection)
        self._watch_idle(connection)
        writing = asyncio.ensure_future(connection.opened(websocket))
        writing.add_done_callback(lambda _: connection.end("fin"))
        try:
            await self._read(connection, websocket)
        finally:
            writing.cancel()
            await asyncio.wait([writing])
            failure = None if writing.cancelled() else writing.exception()
            if failure is not None:
                log.error("sending to connection %d failed", number, exc_info=failure)
            connection.ended()
            self._context.connectionEnded(connection)
        return websocket

    def _admitted(self, request: web.Request) -> Deployment | web.Response:
        world = self._context.world
        deployment = world.deployments.get(request.query.get("deploymentId", ""))
        if deployment is None or not deployment.active:
            return error_answer(403, "Unknown deployment", code="deployment.not.found")
        if not deployment.allowsOrigin(request.headers.get("Origin"), world.strict):
            return error_answer(403, "Origin not allowed", code="not.authorized")
        wait = world.ratesOf(deployment).take("connections")
        if wait is not None:
            return too_many_requests(wait)
        if deployment.applicationRequired and world.strict and not request.query.get("application"):
            return error_answer(400, "Missing parameter: application")
        return deployment

    async def _read(self, connection: Connection, websocket: web.WebSocketResponse) -> None:
        while True:
            message = await websocket.receive()
            if connection.silent.is_set():
                await connection.gone()
            if message.type is WSMsgType.TEXT:
                await self._text(connection, message.data)
            elif message.type is WSMsgType.BINARY:
                self._context.checks.binary(connection.number)
                self._context.gateway.unreadable(connection)
            elif message.type is WSMsgType.PING:
                await connection.urgent(encodeFrame(message.data, PONG))
            elif message.type is WSMsgType.CLOSE:
                await self._closed(connection, message.data, message.extra)
                return
            elif message.type is not WSMsgType.PONG:
                return

    def _watch_idle(self, connection: Connection) -> None:
        """Close the connection once the guest has been silent for as long as the deployment bears."""
        limit, clock = connection.deployment.idleSeconds, self._context.world.clock
        if limit is None:
            return

        def look() -> None:
            left = connection.lastHeard + limit - clock.now()
            if left > 0:
                clock.callLater(left, look)
            elif connection.isOpen:
                connection.finish(1001, "Going away")

        clock.callLater(limit, look)

    async def _text(self, connection: Connection, text: str) -> None:
        context = self._context
        frame = Frame(connection.number, text, context.gateway.parse(text))
        context.frameCame(connection, frame)
        context.checks.frame(frame)
        subject = Subject(Stage.REQUEST, connection.number, frame.action, frame.fields or {})
        for fault in context.faults.strike(subject):
            if fault.kind == "delay":
                await clock_sleep(context.world.clock, fault.seconds)
            elif fault.kind == "lose":
                return
            elif fault.kind == "drop":
                connection.end(fault.how)
                return
            else:
                context.gateway.refuse(connection, frame.fields, fault.status, fault.message)
                return
        context.gateway.receive(connection, frame.fields)

    async def _closed(self, connection: Connection, code: int | None, reason: str | None) -> None:
        """The guest's close frame came: answer it, and end the connection."""
        connection.closeCode, connection.closeReason = code or 0, reason or ""
        if self._context.faults.strike(Subject(Stage.CLOSE, connection.number)):
            await connection.gone()
        if not connection.closing:
            await connection.urgent(closeFrame(connection.closeCode))
        connection.end("fin")
