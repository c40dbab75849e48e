"""The control endpoint: what Python can do with a simulator, for programs in other languages."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from ..content import Says, Speaker
from ..documents import validated
from ..faults import Faults
from ..state.deployment import LimitReached
from ..state.session import Participant, Role, Session
from .answers import error_answer, json_answer, too_many_requests
from .context import ServerContext

__all__ = ["ControlSide"]

ASKABLE = frozenset(
    name for name in vars(Faults) if not name.startswith("_") and name not in ("active", "clear", "remove", "strike")
)
SENDING_AWAY = ("reset", "fin", "silence")


class ControlSide:
    """Answers requests under /simulator/, from this machine only and never from a web page."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context
        self._world = context.world
        self._agents: dict[str, Speaker] = {}

    def routes(self) -> list[web.RouteDef]:
        """Where each request goes."""
        return [
            web.get("/simulator/state", self._guarded(self.state)),
            web.post("/simulator/clock", self._guarded(self.clock)),
            web.post("/simulator/faults", self._guarded(self.add_fault)),
            web.delete("/simulator/faults", self._guarded(self.clear_faults)),
            web.post("/simulator/agent", self._guarded(self.agent)),
            web.post("/simulator/connections", self._guarded(self.connections)),
        ]

    async def state(self, asked: Mapping[str, Any]) -> Any:
        """What there is: deployments, sessions without their tokens, connections, faults, violations."""
        del asked
        sessions = [
            {
                "deploymentId": session.deployment.id,
                "state": session.state.value,
                "connections": [peer.number for peer in session.connections],
                "messages": len(session.conversation.messages),
            }
            for session in self._world.sessions.values()
        ]
        return {
            "now": self._world.clock.isoNow(),
            "deployments": list(self._world.deployments),
            "sessions": sessions,
            "connections": [connection.number for connection in self._context.openConnections],
            "faults": [
                {"kind": fault.kind, "stage": fault.stage.value, "times": fault.times, "hits": fault.hits}
                for fault in self._context.faults.active
            ],
            "violations": [str(violation) for violation in self._context.violations],
        }

    async def clock(self, asked: Mapping[str, Any]) -> Any:
        """Set the clock forward: {"advance": seconds}."""
        self._world.clock.advance(float(asked["advance"]))
        return {"now": self._world.clock.isoNow()}

    async def add_fault(self, asked: Mapping[str, Any]) -> Any:
        """Ask for a fault: {"fault": "drop", "how": "fin", "class": "StructuredMessage", "times": 1}."""
        settings = {("class_" if name == "class" else name): value for name, value in asked.items()}
        name = settings.pop("fault", None)
        if name not in ASKABLE:
            raise ValueError(f"fault must be one of {', '.join(sorted(ASKABLE))}")
        fault = getattr(self._context.faults, name)(**settings)
        return {"kind": fault.kind, "stage": fault.stage.value, "times": fault.times}

    async def clear_faults(self, asked: Mapping[str, Any]) -> Any:
        """Let everything go well again."""
        del asked
        self._context.faults.clear()
        return {}

    async def agent(self, asked: Mapping[str, Any]) -> Any:
        """Speak as an agent: {"text": …, "quickReplies": …}, {"typing": true} or {"disconnect": {"readOnly": true}}."""
        session = self._session(asked)
        name = str(asked.get("name", "Alex"))
        speaker = self._agents.setdefault(name, Speaker(self._world, Participant(role=Role.AGENT, nickname=name)))
        session.conversation.handedOver = True
        if asked.get("typing"):
            return {"id": speaker.typing(session).id}
        if "disconnect" in asked:
            leaving = asked["disconnect"]
            read_only = leaving.get("readOnly") if isinstance(leaving, dict) else None
            return {"id": speaker.disconnect(session, read_only).id}
        says = {name: value for name, value in asked.items() if name not in ("name", "token", "deploymentId")}
        return {"id": speaker.say(session, validated(Says, says, "the message")).id}

    async def connections(self, asked: Mapping[str, Any]) -> Any:
        """Do something to connections: {"number": 3, "do": "reset"}, or "fin", "silence", "close"; no number: all."""
        number, what = asked.get("number"), asked.get("do")
        if what not in (*SENDING_AWAY, "close"):
            raise ValueError(f"do must be one of {', '.join(SENDING_AWAY)}, close")
        meant = [each for each in self._context.openConnections if number in (None, each.number)]
        for connection in meant:
            if what == "close":
                connection.finish(int(asked.get("code", 1000)), str(asked.get("reason", "")))
            else:
                connection.end(str(what))
        return {"connections": [connection.number for connection in meant]}

    def _session(self, asked: Mapping[str, Any]) -> Session:
        token, deployment_id = asked.get("token"), asked.get("deploymentId")
        meant = [
            session
            for session in self._world.sessions.values()
            if session.connections and token in (None, session.token) and deployment_id in (None, session.deployment.id)
        ]
        if not meant:
            raise ValueError("no such guest is connected")
        return meant[-1]

    def _guarded(
        self, handler: Callable[[Mapping[str, Any]], Awaitable[Any]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not _local(request.remote) or "Origin" in request.headers:
                return error_answer(403, "The control endpoint is for programs on this machine")
            try:
                asked = json.loads(await request.text() or "{}")
                if not isinstance(asked, dict):
                    raise ValueError("the body must be one JSON object")  # noqa: TRY004
                return json_answer(await handler(asked))
            except LimitReached as reached:
                return too_many_requests(reached.retryAfter)
            except (ValueError, TypeError, KeyError) as error:
                return error_answer(400, f"{type(error).__name__}: {error}")

        return guarded


def _local(address: str | None) -> bool:
    return address is not None and ipaddress.ip_address(address.split("%")[0]).is_loopback
