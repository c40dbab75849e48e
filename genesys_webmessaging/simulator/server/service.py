"""Opening and closing the listening socket, and everything that comes through it."""

from __future__ import annotations

import asyncio
import socket
import ssl

from aiohttp import web

from .application import make_application
from .context import ServerContext
from .control import ControlSide
from .thread import ClockTicker

__all__ = ["Service"]

BACKLOG = 1_024
GRACE = 0.5


class Service:
    """One running server."""

    def __init__(self, context: ServerContext, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._context = context
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        self.port: int = self._socket.getsockname()[1]
        self._ticker = ClockTicker(context.world.clock, context.thread)
        self._runner = web.AppRunner(
            make_application(context, ControlSide(context)),
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
