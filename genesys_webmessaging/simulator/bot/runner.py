"""Runs a bot script in every conversation that has no human in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

from ..speaker import Speaker
from ..state.conversation import Message, Participant, Role
from ..state.session import Session
from ..state.world import World
from .script import BotScript, Step

__all__ = ["BotRunner"]

Todo = tuple[Step, Mapping[str, str]]


class BotRunner:
    """A bot: hears guests, and answers in the order they spoke. Lives on the server's thread."""

    def __init__(self, world: World, script: BotScript, hasHuman: Callable[[Session], bool]) -> None:
        self.script = script
        self._world = world
        self._speaker = Speaker(world, Participant(role=Role.BOT, nickname=script.name, image=script.image))
        self._has_human = hasHuman
        self._queues: WeakKeyDictionary[Session, deque[Todo]] = WeakKeyDictionary()

    def guestArrived(self, session: Session) -> None:
        """Nothing: the bot waits for the presence Join."""

    def guestSaid(self, session: Session, message: Message) -> None:
        """Find an answer, and begin to give it unless another one is being given."""
        if message.isTyping or session.conversation.handedOver or self._has_human(session):
            return
        steps, values = self.script.answer(message)
        queue = self._queues.setdefault(session, deque())
        idle = not queue
        queue.extend((step, values) for step in steps)
        if idle:
            self._prepare(session, queue)

    def _prepare(self, session: Session, queue: deque[Todo]) -> None:
        """Show that the bot types, and do the next step when its delay is over; at once if it has none."""
        while queue:
            step, _ = queue[0]
            delay = self.script.delay if step.delay is None else step.delay
            if step.typing and step.says:
                self._speaker.typing(session, round(delay * 1000))
            if delay > 0:
                self._world.clock.callLater(delay, lambda: self._resume(session, queue))
                return
            self._do(session, queue)

    def _resume(self, session: Session, queue: deque[Todo]) -> None:
        if queue:
            self._do(session, queue)
            self._prepare(session, queue)

    def _do(self, session: Session, queue: deque[Todo]) -> None:
        step, values = queue.popleft()
        if session.readOnly or self._has_human(session):
            queue.clear()
            return
        if step.says:
            self._speaker.say(session, step.filled(values))
        if step.handOver:
            session.conversation.handedOver = True
            queue.clear()
        if step.readOnly is not None:
            self._speaker.disconnect(session, step.readOnly)
            queue.clear()
