"""A human on the other side, in the hands of a test."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from re import Pattern
from typing import TYPE_CHECKING, Any

from .._base.hints import Hinting
from .content import Choice, Says, Speaker
from .documents import validated
from .recording import Journal
from .state.session import Message, Participant, Role, Session
from .state.world import World

if TYPE_CHECKING:
    from .server.thread import LoopThread

__all__ = ["Agent"]


class Agent(Hinting):
    """An agent who serves a deployment, or one guest; the bot is silent meanwhile.

    A context manager: ``with simulator.agent("demo") as agent``. It speaks to the guest that came last, unless it was
    made for one token. Methods may be called from any thread; those that need a guest wait for one, at most `patience`
    seconds, and raise `TimeoutError`.

    Attributes:
        name: The nickname guests see.
        messages: Everything guests said since the agent came; typing and presence too.
        patience: How long to wait for a guest, in seconds.
    """

    def __init__(
        self,
        world: World,
        thread: LoopThread,
        deploymentId: str,
        token: str | None = None,
        name: str = "Alex",
        patience: float = 5.0,
    ) -> None:
        if deploymentId not in world.deployments:
            raise ValueError(f"there is no deployment {deploymentId!r}; there are {', '.join(world.deployments)}")
        self.name = name
        self.patience = patience
        self.messages: Journal[Message] = Journal()
        self._world = world
        self._thread = thread
        self._deployment_id = deploymentId
        self._token = token
        self._speaker = Speaker(world, Participant(role=Role.AGENT, nickname=name))
        self._arrived = threading.Condition()  # guards _session
        self._session: Session | None = None
        self._taken: list[Message] = []

    def __enter__(self) -> Agent:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to serve: from here on the bot is silent."""
        self._thread.call(self._begin)

    def stop(self) -> None:
        """Go away without a word: from here on the bot answers again."""
        self._thread.call(self._end)

    @property
    def session(self) -> Session:
        """The session the agent speaks to.

        Raises:
            TimeoutError: No guest came.
        """
        with self._arrived:
            if not self._arrived.wait_for(lambda: self._session is not None, self.patience) or self._session is None:
                raise TimeoutError(f"no guest of deployment {self._deployment_id} in {self.patience:g} s")
            return self._session

    # -- speaking

    def say(self, text: str) -> Message:
        """Send a text; returns the message, with the id guests see."""
        return self._say({"text": text})

    def typing(self, milliseconds: int = 5000) -> Message:
        """Show that the agent types, for some milliseconds."""
        session = self.session
        return self._thread.call(lambda: self._speaker.typing(session, milliseconds))

    def quickReplies(self, text: str, replies: Sequence[Choice]) -> Message:
        """Send a text with quick replies: strings, or {text, payload}."""
        return self._say({"text": text, "quickReplies": replies})

    def card(
        self,
        title: str,
        description: str | None = None,
        image: str | None = None,
        actions: Sequence[Choice] = (),
        text: str | None = None,
    ) -> Message:
        """Send a card; an action is a string, {text, payload}, or {text, url} for a link."""
        shown = {"title": title, "description": description, "image": image, "actions": actions}
        return self._say({"text": text, "card": shown})

    def carousel(self, cards: Sequence[Mapping[str, Any]], text: str | None = None) -> Message:
        """Send cards beside each other: mappings with title, description, image, actions."""
        return self._say({"text": text, "carousel": cards})

    def datePicker(
        self,
        times: Sequence[str | Mapping[str, Any]],
        title: str | None = None,
        subtitle: str | None = None,
        text: str | None = None,
    ) -> Message:
        """Send slots to choose from: ISO 8601 times, or {dateTime, duration in seconds}."""
        return self._say({"text": text, "datePicker": {"times": times, "title": title, "subtitle": subtitle}})

    def listPicker(self, sections: Sequence[Mapping[str, Any]], text: str | None = None, **more: Any) -> Message:
        """Send sections of things to choose from.

        Args:
            sections: Each {title, multipleSelection, items}; an item is a string, or {id, title, subtitle, imageUrl}.
            text: A text beside them.
            more: receivedMessage and replyMessage, each a title or an object.
        """
        return self._say({"text": text, "listPicker": {"sections": sections, **more}})

    def form(self, formPages: Sequence[Mapping[str, Any]], text: str | None = None, **more: Any) -> Message:
        """Send fields to fill in.

        Args:
            formPages: Each {title, subtitle, pageComponents}; a component has one of input, datePicker, listPicker
                and wheelPicker, each with an id.
            text: A text beside them.
            more: introduction, receivedMessage, replyMessage, showSummary and cannedResponseId.
        """
        return self._say({"text": text, "form": {"formPages": formPages, **more}})

    def attach(self, fileName: str, data: bytes, fileType: str | None = None, text: str | None = None) -> Message:
        """Send a file."""
        file = {"fileName": fileName, "fileType": fileType, "base64": base64.b64encode(data)}
        return self._say({"text": text, "attachment": file})

    def send(self, **says: Any) -> Message:
        """Send anything a bot script can say; `content` takes content items as they go over the wire."""
        return self._say(says)

    def disconnect(self, readOnly: bool | None = None) -> Message:
        """Leave the conversation.

        Args:
            readOnly: Whether the guest may only read from then on; None: as the deployment says, which may also be
                that guests are told nothing.
        """
        session = self.session
        return self._thread.call(lambda: self._speaker.disconnect(session, readOnly))

    # -- hearing

    def received(self, text: str | Pattern[str] | None = None, timeout: float = 5.0) -> Message:
        """Wait for a message of a guest, and take it, so that the next call finds the next one.

        Args:
            text: What it says, or what stands on the button that was pressed, or its payload; a compiled pattern is
                searched for; None: any.
            timeout: Seconds to wait at most.

        Raises:
            TimeoutError: It did not come; says what did.
        """
        what = "message of a guest" if text is None else f"message {text!r}"
        return self._take(lambda message: message.type != "Event" and _says(message, text), what, timeout)

    def receivedTyping(self, timeout: float = 5.0) -> Message:
        """Wait for a typing event of a guest, and take it."""
        return self._take(lambda message: message.isTyping, "typing event", timeout)

    def receivedPresence(self, kind: str = "Join", timeout: float = 5.0) -> Message:
        """Wait for a presence event of a guest, and take it."""
        return self._take(lambda message: message.hasPresence(kind), f"presence {kind}", timeout)

    # -- for the server, on its thread

    def serves(self, session: Session) -> bool:
        """Whether this session is the agent's business."""
        return session.deployment.id == self._deployment_id and self._token in (None, session.token)

    def guestArrived(self, session: Session) -> None:
        """A guest configured a session."""
        if self.serves(session):
            with self._arrived:
                self._session = session
                self._arrived.notify_all()

    def guestSaid(self, session: Session, message: Message) -> None:
        """A guest said something."""
        if self.serves(session):
            self.guestArrived(session)
            self.messages.add(message)

    def _begin(self) -> None:
        self._world.observers.append(self)
        self._tell()
        for session in self._world.sessions.values():
            if session.connections:
                self.guestArrived(session)

    def _end(self) -> None:
        if self in self._world.observers:
            self._world.observers.remove(self)
            self._tell()

    def _tell(self) -> None:
        """Tell who watches that somebody else answers now."""
        for session in self._world.sessions.values():
            if self.serves(session):
                session.changed()

    def _say(self, says: Mapping[str, Any]) -> Message:
        message = validated(Says, {name: value for name, value in says.items() if value is not None}, "the message")
        session = self.session
        return self._thread.call(lambda: self._speaker.say(session, message))

    def _take(self, matches: Callable[[Message], bool], what: str, timeout: float) -> Message:
        fresh = self.messages.waitFor(
            lambda message: matches(message) and not any(message is taken for taken in self._taken),
            timeout=timeout,
            what=what,
        )
        self._taken.append(fresh[0])
        return fresh[0]


def _says(message: Message, text: str | Pattern[str] | None) -> bool:
    if text is None:
        return True
    shown = [message.text, message.payload]
    shown += [str((item.get("buttonResponse") or {}).get("text")) for item in message.content]
    if isinstance(text, re.Pattern):
        return any(text.search(each) for each in shown if each)
    return text in shown
