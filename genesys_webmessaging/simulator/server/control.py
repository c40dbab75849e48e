"""The control side: what Python can do with a simulator, for people at a desk and programs in other languages."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web
from pydantic import Field, model_validator

from ..bot import BotRunner
from ..content import Says, Speaker
from ..documents import Document, validated
from ..faults import Faults
from ..state.clock import iso
from ..state.deployment import DOCUMENTED, LimitReached, Limits, limits_of
from ..state.session import Participant, Role, Session
from .answers import error_answer, json_answer, too_many_requests
from .context import ServerContext
from .events import ClockEvent, SessionShown, StateEvent, faults_shown, message_shown, session_shown

__all__ = ["ASKABLE", "CALLS", "AgentCall", "ClockCall", "ConnectionsCall", "ControlHandler", "LimitsCall"]

Call = TypeVar("Call", bound=Document)

ASKABLE = frozenset(
    name for name in vars(Faults) if not name.startswith("_") and name not in ("active", "clear", "remove", "strike")
)
SUBPROTOCOL = "bearer."


class ClockCall(Document):
    """Set the clock forward: by some seconds, or until a session expires."""

    advance: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """How many seconds."""
    toExpiryOf: int | None = None
    """The number of a session."""

    @model_validator(mode="after")
    def _one_of_them(self) -> ClockCall:
        if (self.advance is None) == (self.toExpiryOf is None):
            raise ValueError("say advance or toExpiryOf")
        return self


class LimitsCall(Document):
    """Say how often things may be done, in every deployment."""

    limits: Literal["documented", "none"]
    """As the service documents it, or as often as one likes."""


class ConnectionsCall(Document):
    """Do something to connections."""

    number: int | None = None
    """Which one; all, if nothing is said."""
    do: Literal["reset", "fin", "silence", "close"]
    """A TCP reset, a TCP end without a close frame, silence from now on, or a close frame."""
    code: int = 1000
    """The status in a close frame."""
    reason: str = ""
    """The reason in a close frame."""


class Leaving(Document):
    """How an agent leaves."""

    readOnly: bool | None = None
    """Whether the guest may only read from then on; as the deployment says if nothing is said."""


class AgentCall(Says):
    """Act as an agent: say something, type, leave, or hand over. The bot is silent from then on."""

    session: int | None = None
    """The number of the session; that of the guest who came last and is connected, if nothing is said."""
    token: str | None = None
    """The same by the guest's token, for a program that knows it."""
    deploymentId: str | None = None
    """The same by its deployment."""
    name: str = "Alex"
    """The nickname that the guest sees."""
    typing: bool = False
    """Show that the agent types, and say nothing."""
    disconnect: Leaving | bool | None = None
    """Leave, and say nothing; true or false stands for its `readOnly`."""
    handOver: Literal["bot", "agent"] | None = None
    """Who answers from now on."""

    @property
    def says(self) -> Mapping[str, Any]:
        """What is to be said, if anything."""
        return self.model_dump(include=set(Says.model_fields), exclude_unset=True, by_alias=True)


CALLS: tuple[tuple[str, str, type[Document] | None, str], ...] = (
    ("GET", "/simulator/state", None, "Everything there is."),
    ("GET", "/simulator/sessions", None, "The sessions that a token can reach, oldest first."),
    ("GET", "/simulator/sessions/{number}", None, "One of them."),
    ("GET", "/simulator/sessions/{number}/messages", None, "What was said in it, oldest first."),
    ("POST", "/simulator/agent", AgentCall, "Act as an agent."),
    ("POST", "/simulator/clock", ClockCall, "Set the clock forward."),
    ("POST", "/simulator/limits", LimitsCall, "Say how often things may be done."),
    ("POST", "/simulator/connections", ConnectionsCall, "Do something to connections."),
    ("GET", "/simulator/faults", None, "The faults that wait for their moment."),
    ("POST", "/simulator/faults", None, "Ask for a fault."),
    ("DELETE", "/simulator/faults", None, "Let everything go well again."),
    ("GET", "/simulator/events", None, "A WebSocket on which everything is told that happens."),
)


class _NotFoundError(Exception):
    """There is no such session."""


class ControlHandler:
    """Answers requests under /simulator/: with the key from anywhere, without it from programs on this machine only."""

    def __init__(self, context: ServerContext[Any]) -> None:
        self._context = context
        self._world = context.world
        self._agents: dict[str, Speaker] = {}

    def routes(self) -> list[web.RouteDef]:
        """Where each request goes."""
        handlers: Mapping[tuple[str, str], Callable[[web.Request], Awaitable[Any]]] = {
            ("GET", "/simulator/state"): self.state,
            ("GET", "/simulator/sessions"): self.sessions,
            ("GET", "/simulator/sessions/{number}"): self.session,
            ("GET", "/simulator/sessions/{number}/messages"): self.messages,
            ("POST", "/simulator/agent"): self.agent,
            ("POST", "/simulator/clock"): self.clock,
            ("POST", "/simulator/limits"): self.limits,
            ("POST", "/simulator/connections"): self.connections,
            ("GET", "/simulator/faults"): self.faults,
            ("POST", "/simulator/faults"): self.add_fault,
            ("DELETE", "/simulator/faults"): self.clear_faults,
            ("GET", "/simulator/events"): self.events,
        }
        return [web.route(method, path, self._guarded(handlers[method, path])) for method, path, _, _ in CALLS]

    async def state(self, request: web.Request) -> StateEvent:
        """What there is: deployments, sessions without their tokens, connections, faults, violations."""
        del request
        return self._state()

    async def sessions(self, request: web.Request) -> list[SessionShown]:
        """The sessions, without their tokens."""
        del request
        return [session_shown(self._world, session) for session in self._world.sessions.values()]

    async def session(self, request: web.Request) -> SessionShown:
        """One session."""
        return session_shown(self._world, self._numbered(request.match_info["number"]))

    async def messages(self, request: web.Request) -> list[dict[str, Any]]:
        """What was said in a session."""
        session = self._numbered(request.match_info["number"])
        return [message_shown(self._world, message) for message in session.conversation.messages]

    async def clock(self, request: web.Request) -> Any:
        """Set the clock forward."""
        asked = await _asked(request, ClockCall)
        seconds = asked.advance
        if seconds is None:
            seconds = max(0.0, self._numbered(asked.toExpiryOf).expiresAt - self._world.clock.now())
        self._world.clock.advance(seconds)
        self._context.events.tell(ClockEvent(now=self._world.clock.isoNow()))
        for session in self._world.sessions.values():
            if session.expired:
                self._context.events.changed(session)
        return {"now": self._world.clock.isoNow()}

    async def limits(self, request: web.Request) -> StateEvent:
        """Say how often things may be done."""
        limits = limits_of((await _asked(request, LimitsCall)).limits)
        for deployment in self._world.deployments.values():
            deployment.limits = limits
        state = self._state()
        self._context.events.tell(state)
        return state

    async def faults(self, request: web.Request) -> Any:
        """The faults that wait for their moment, and those that can be asked for."""
        del request
        return {"faults": faults_shown(self._context.faults), "askable": sorted(ASKABLE)}

    async def add_fault(self, request: web.Request) -> Any:
        """Ask for a fault: {"fault": "drop", "how": "fin", "class": "StructuredMessage", "times": 1}."""
        asked = await _body(request)
        settings = {("class_" if name == "class" else name): value for name, value in asked.items()}
        name = settings.pop("fault", None)
        if name not in ASKABLE:
            raise ValueError(f"fault must be one of {', '.join(sorted(ASKABLE))}")
        fault = getattr(self._context.faults, name)(**settings)
        return {"kind": fault.kind, "stage": fault.stage.value, "times": fault.times}

    async def clear_faults(self, request: web.Request) -> Any:
        """Let everything go well again."""
        del request
        self._context.faults.clear()
        return {}

    async def agent(self, request: web.Request) -> Any:
        """Act as an agent."""
        asked = await _asked(request, AgentCall)
        session = self._meant(asked)
        participant = Participant(role=Role.AGENT, nickname=asked.name)
        speaker = self._agents.setdefault(asked.name, Speaker(self._world, participant))
        session.handedOver = asked.handOver != "bot"
        if asked.typing:
            return {"id": speaker.typing(session).id, "session": session.number}
        leaving = asked.disconnect
        if leaving is not None:
            read_only = leaving if isinstance(leaving, bool) else leaving.readOnly
            return {"id": speaker.disconnect(session, read_only).id, "session": session.number}
        if not asked.says:
            if asked.handOver is None:
                raise ValueError("there is nothing to do: say something, typing, disconnect or handOver")
            return {"session": session.number}
        said = speaker.say(session, validated(Says, asked.says, "the message"))
        return {"id": said.id, "session": session.number}

    async def connections(self, request: web.Request) -> Any:
        """Do something to connections."""
        asked = await _asked(request, ConnectionsCall)
        meant = [each for each in self._context.openConnections if asked.number in (None, each.number)]
        for connection in meant:
            if asked.do == "close":
                connection.finish(asked.code, asked.reason)
            else:
                connection.end(asked.do)
        return {"connections": [connection.number for connection in meant]}

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Tell what happens, one JSON object in each text frame; the first one says what there is."""
        offered = [each.strip() for each in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        keys = [each for each in offered if each.startswith(SUBPROTOCOL)]
        websocket = web.WebSocketResponse(protocols=keys, heartbeat=30.0)
        if not websocket.can_prepare(request).ok:
            raise ValueError("this is a WebSocket address")
        await websocket.prepare(request)
        with self._context.events.listening() as queue:
            queue.put_nowait(self._state().model_dump_json())
            telling = asyncio.ensure_future(_tell(websocket, queue))
            try:
                async for message in websocket:
                    if message.type is WSMsgType.ERROR:
                        break
            finally:
                telling.cancel()
                await asyncio.wait([telling])
        return websocket

    def _state(self) -> StateEvent:
        limits = {deployment.limits or Limits() for deployment in self._world.deployments.values()}
        named: Mapping[Limits, Literal["documented", "none"]] = {DOCUMENTED: "documented", Limits(): "none"}
        return StateEvent(
            now=iso(self._world.clock.now()),
            deployments=list(self._world.deployments),
            bot=any(isinstance(observer, BotRunner) for observer in self._world.observers),
            limits=named.get(limits.pop(), "own") if len(limits) == 1 else "own",
            sessions=[session_shown(self._world, session) for session in self._world.sessions.values()],
            connections=[connection.number for connection in self._context.openConnections],
            faults=faults_shown(self._context.faults),
            violations=[str(violation) for violation in self._context.violations],
        )

    def _numbered(self, number: object) -> Session:
        text = str(number)
        session = self._world.sessionNumbered(int(text)) if text.isascii() and text.isdigit() else None
        if session is None:
            raise _NotFoundError(f"there is no session {text}")
        return session

    def _meant(self, asked: AgentCall) -> Session:
        if asked.session is not None:
            return self._numbered(asked.session)
        meant = [
            session
            for session in self._world.sessions.values()
            if session.connections
            and asked.token in (None, session.token)
            and asked.deploymentId in (None, session.deployment.id)
        ]
        if not meant:
            raise ValueError("no such guest is connected")
        return meant[-1]

    def _guarded(
        self, handler: Callable[[web.Request], Awaitable[Any]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._admitted(request):
                return error_answer(403, "Without its key, the control side is for programs on this machine")
            try:
                answer = await handler(request)
            except LimitReached as reached:
                return too_many_requests(reached.retryAfter)
            except _NotFoundError as missing:
                return error_answer(404, str(missing))
            except (ValueError, TypeError, KeyError) as error:
                return error_answer(400, f"{type(error).__name__}: {error}")
            return answer if isinstance(answer, web.StreamResponse) else json_answer(_plain(answer))

        return guarded

    def _admitted(self, request: web.Request) -> bool:
        """Whether a request has the key, or comes from a program on this machine and shows none.

        A page in a browser names its origin, or at least the host that it believes to speak to: a name that an
        attacker pointed at this machine is not that of loopback.
        """
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        keys = [given.strip()] if scheme.lower() == "bearer" else []
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        keys += [each.strip().removeprefix(SUBPROTOCOL) for each in offered.split(",") if SUBPROTOCOL in each]
        if keys:
            return any(hmac.compare_digest(key.encode(), self._context.key.encode()) for key in keys)
        return "Origin" not in request.headers and _loopback(request.remote) and _loopback(_host(request))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


async def _tell(websocket: web.WebSocketResponse, queue: asyncio.Queue[str | None]) -> None:
    while True:
        text = await queue.get()
        if text is None:
            await websocket.close(code=1013, message=b"too slow")
            return
        await websocket.send_str(text)


async def _body(request: web.Request) -> dict[str, Any]:
    asked = json.loads(await request.text() or "{}")
    if not isinstance(asked, dict):
        raise ValueError("the body must be one JSON object")  # noqa: TRY004
    return asked


async def _asked(request: web.Request, call: type[Call]) -> Call:
    return validated(call, await _body(request), "the request")


def _host(request: web.Request) -> str:
    return urlsplit(f"//{request.host}").hostname or ""


def _loopback(host: str | None) -> bool:
    """Whether a host name or an address is this machine's own."""
    name = (host or "").split("%")[0].lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
