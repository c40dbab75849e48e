"""What happens in a simulator, told to whoever listens: desks, and programs in any language."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from ..agent import Agent
from ..faults import Faults
from ..recording import Violation, maskFrame
from ..state.attachments import AttachmentState
from ..state.clock import iso
from ..state.session import Message, Session
from ..state.world import World
from ..wire.frames import url_of

__all__ = [
    "AnyEvent",
    "ClockEvent",
    "ConnectionEvent",
    "Events",
    "FaultsEvent",
    "FrameEvent",
    "MessageEvent",
    "SessionEvent",
    "SessionShown",
    "StateEvent",
    "TypingEvent",
    "ViolationEvent",
    "faults_shown",
    "message_shown",
    "session_shown",
]

MOST_WAITING = 10_000


class Shown(BaseModel):
    """Something that is told."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class SessionShown(Shown):
    """A session, without its token."""

    number: int
    """What the simulator calls it."""
    deploymentId: str
    """Where it lives."""
    state: Literal["open", "read-only", "closed", "logged out", "ended", "expired"]
    """How far it has come."""
    handedOver: bool
    """Whether an agent answers, not the bot."""
    connections: list[int]
    """The numbers of its connections."""
    messages: int
    """How many messages its history has."""
    lastText: str | None = None
    """What was said last, if that was a text."""
    lastBy: str | None = None
    """Who said it: Guest, Bot or Human."""
    guest: str | None = None
    """The name of the guest, if they have signed in."""
    customAttributes: dict[str, str] = {}
    """What the guest sent along, the newest value of each."""
    expiresAt: str
    """When it expires, as ISO 8601."""


class FaultShown(Shown):
    """A fault that waits for its moment."""

    kind: str
    """What it does."""
    stage: str
    """Where it strikes: handshake, request, frame, close, rest, jwt, history, upload or scan."""
    times: int | None
    """How often it will strike yet; null: always."""
    hits: int
    """How often it has struck."""


class StateEvent(Shown):
    """Everything there is; the first event on each connection, and the answer to GET /simulator/state."""

    event: Literal["state"] = "state"
    now: str
    """The simulator's time, as ISO 8601."""
    deployments: list[str]
    """The ids of the deployments."""
    bot: bool
    """Whether a bot answers guests whom no agent serves."""
    limits: Literal["documented", "none", "own"]
    """How often things may be done."""
    sessions: list[SessionShown]
    """The sessions that a token can reach, oldest first."""
    connections: list[int]
    """The numbers of the open connections."""
    faults: list[FaultShown]
    """The faults that wait for their moment."""
    violations: list[str]
    """What clients did against the protocol, in strict mode."""


class SessionEvent(Shown):
    """A session began, or is in another state, or somebody came or left."""

    event: Literal["session"] = "session"
    session: SessionShown


class MessageEvent(Shown):
    """Somebody said something."""

    event: Literal["message"] = "message"
    session: int
    """The number of the session."""
    by: Literal["Guest", "Bot", "Human"]
    """Who said it."""
    message: dict[str, Any]
    """The message as guests see it; addresses of its files are good for the reader of the event."""


class TypingEvent(Shown):
    """Somebody types."""

    event: Literal["typing"] = "typing"
    session: int
    """The number of the session."""
    by: Literal["Guest", "Bot", "Human"]
    """Who types."""
    seconds: float
    """For how long, unless a message ends it."""


class ConnectionEvent(Shown):
    """A connection was opened, or has ended."""

    event: Literal["connection"] = "connection"
    number: int
    """The number of the connection."""
    open: bool
    """Whether it is open now."""


class FrameEvent(Shown):
    """A frame went over the wire."""

    event: Literal["frame"] = "frame"
    connection: int
    """The number of the connection."""
    direction: Literal["<", ">"]
    """"<": from the guest; ">": to the guest."""
    frame: str
    """The frame, its secrets masked."""


class ViolationEvent(Shown):
    """A client did something against the protocol."""

    event: Literal["violation"] = "violation"
    connection: int | None
    """The number of the connection; null for REST."""
    sentence: str
    """What it did."""


class FaultsEvent(Shown):
    """The faults that wait for their moment are other ones, or one has struck."""

    event: Literal["faults"] = "faults"
    faults: list[FaultShown]


class ClockEvent(Shown):
    """The clock was set forward."""

    event: Literal["clock"] = "clock"
    now: str
    """The simulator's time, as ISO 8601."""


AnyEvent = Annotated[
    StateEvent
    | SessionEvent
    | MessageEvent
    | TypingEvent
    | ConnectionEvent
    | FrameEvent
    | ViolationEvent
    | FaultsEvent
    | ClockEvent,
    Field(discriminator="event"),
]


class Events:
    """Tells what happens. Lives on the server's thread; costs nothing while nobody listens."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._listeners: set[asyncio.Queue[str | None]] = set()
        world.watchers.append(self)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[str | None]]:
        """Events from now on, each as JSON; None when the listener is too slow, and hears nothing more."""
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def tell(self, event: Shown) -> None:
        """Tell everybody who listens."""
        text = event.model_dump_json()
        for queue in list(self._listeners):
            if queue.qsize() < MOST_WAITING:
                queue.put_nowait(text)
            else:
                self._listeners.discard(queue)
                queue.put_nowait(None)

    def said(self, session: Session, message: Message) -> None:
        """Somebody said something, on either side."""
        if not self._listeners:
            return
        if message.isTyping:
            typing = message.events[0].get("typing") or {}
            milliseconds = typing.get("duration") or typing.get("durationMs") or 5_000
            seconds = float(milliseconds) / 1_000 if isinstance(milliseconds, (int, float)) else 5.0
            self.tell(TypingEvent(session=session.number, by=message.sender.role.value, seconds=seconds))
            return
        shown = message_shown(self._world, message)
        self.tell(MessageEvent(session=session.number, by=message.sender.role.value, message=shown))
        self.changed(session)

    def changed(self, session: Session) -> None:
        """The state of a session, or who takes part in it, is another one."""
        if self._listeners:
            self.tell(SessionEvent(session=session_shown(self._world, session)))

    def connection(self, number: int, isOpen: bool) -> None:
        """A connection was opened, or has ended."""
        if self._listeners:
            self.tell(ConnectionEvent(number=number, open=isOpen))

    def frame(self, connection: int, direction: Literal["<", ">"], text: str) -> None:
        """A frame went over the wire."""
        if self._listeners:
            self.tell(FrameEvent(connection=connection, direction=direction, frame=maskFrame(text)))

    def faults(self, faults: Faults) -> None:
        """The faults are other ones, or one has struck."""
        if self._listeners:
            self.tell(FaultsEvent(faults=faults_shown(faults)))

    def violation(self, violation: Violation) -> None:
        """A client did something against the protocol."""
        if self._listeners:
            self.tell(ViolationEvent(connection=violation.connection, sentence=violation.sentence))


def session_shown(world: World, session: Session) -> SessionShown:
    """A session as events show it."""
    served = any(isinstance(each, Agent) and each.serves(session) for each in world.observers)
    conversation = session.conversation
    last = next((message for message in reversed(conversation.messages) if message.text), None)
    name = " ".join(part for part in (conversation.guest.firstName, conversation.guest.lastName) if part)
    return SessionShown(
        number=session.number,
        deploymentId=session.deployment.id,
        state="expired" if session.expired else session.state.value,
        handedOver=session.handedOver or served,
        connections=[peer.number for peer in session.connections],
        messages=len(conversation.messages),
        lastText=last.text if last is not None else None,
        lastBy=last.sender.role.value if last is not None else None,
        guest=name or None,
        customAttributes=session.customAttributes,
        expiresAt=iso(session.expiresAt),
    )


def faults_shown(faults: Faults) -> list[FaultShown]:
    """The faults that wait for their moment, as events show them."""
    return [
        FaultShown(kind=fault.kind, stage=fault.stage.value, times=fault.times, hits=fault.hits)
        for fault in faults.active
    ]


def message_shown(world: World, message: Message) -> dict[str, Any]:
    """A message as events show it: as guests see it, with fresh addresses of its files that name no host."""
    shown = message.onTheWire()
    if message.content:
        shown["content"] = [_content_shown(world, item) for item in message.content]
    return shown


def _content_shown(world: World, item: dict[str, Any]) -> dict[str, Any]:
    file = item.get("attachment")
    attachment = world.attachments.get(str(file.get("id"))) if isinstance(file, dict) else None
    if attachment is None or attachment.state is not AttachmentState.UPLOADED:
        return item
    url = world.presign(attachment, "GET", world.deployments[attachment.deploymentId].urlSeconds)
    path = urlsplit(url_of(url, "http://here"))
    return {**item, "attachment": {**file, "url": f"{path.path}?{path.query}"}} if isinstance(file, dict) else item
