"""Conversations on an event loop: :class:`Conversation` for programs of asyncio."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from re import Pattern
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

from ._base import checks
from ._base.hints import Hinting
from ._base.threads import daemon_thread
from .client import WebMessagingClient
from .conversation import Conversation, ConversationEndedError, ConversationState, _matcher
from .exceptions import ResponseTimeoutError
from .models import SessionResponse, StructuredMessage

__all__ = ["AsyncConversation"]

P = ParamSpec("P")
T = TypeVar("T")

# Calls that may be under way at once, in all conversations together. Waiting for a message is none of them.
WORKERS = 64


class _Pool:
    """The threads that calls block in, while there is a conversation. asyncio's own pool has a few for everybody."""

    def __init__(self) -> None:
        # Guards the two fields below.
        self._lock = threading.Lock()
        self._users = 0
        self._executor: ThreadPoolExecutor | None = None

    def enter(self) -> ThreadPoolExecutor:
        """The threads, for one conversation more."""
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="genesys-webmessaging-aio")
            self._users += 1
            return self._executor

    def leave(self) -> None:
        """One conversation less; the last one takes the threads with it when their calls are done."""
        with self._lock:
            self._users -= 1
            executor = self._executor if self._users == 0 else None
            if executor is not None:
                self._executor = None
        if executor is not None:
            executor.shutdown(wait=False)


_pool = _Pool()


def _in_pool(
    method: Callable[Concatenate[Conversation, P], T],
) -> Callable[Concatenate[AsyncConversation, P], Coroutine[Any, Any, T]]:
    """A method of Conversation, to be awaited."""

    @functools.wraps(method)
    async def call(self: AsyncConversation, /, *args: P.args, **named: P.kwargs) -> T:
        return await self._run(partial(method, self._chat, *args, **named))

    return call


def _with_arguments_of(
    _model: Callable[P, object],
) -> Callable[
    [Callable[..., Coroutine[Any, Any, T]]], Callable[Concatenate[type[AsyncConversation], P], Coroutine[Any, Any, T]]
]:
    """For type checkers: a method that hands all its arguments to another function."""
    return lambda method: method


class AsyncConversation(Hinting):
    """A guest's side of a conversation, on an event loop. :meth:`open` makes one.

    ::

        async with await AsyncConversation.open("eu_central_1", "the deployment's id") as chat:
            await chat.send("Hello")
            async for message in chat:
                print(message.text)

    It has every method of :class:`Conversation`, to be awaited, and every property. Waiting for messages
    (:meth:`receive`, :meth:`waitFor`, :meth:`collect`, ``async for``) costs no thread, and a wait that is cancelled
    loses no message. Other calls run in a pool of 64 threads that all conversations of the process share; one that is
    cancelled goes on there, so a message may still be sent. For one event loop; not for several threads.
    """

    def __init__(self, *_: object, **__: object) -> None:
        raise TypeError("a conversation is made by AsyncConversation.open(address, deploymentId, …)")

    def _begin(self, conversation: Conversation, executor: ThreadPoolExecutor) -> None:
        self._chat = conversation
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._closed = False
        conversation._inbox.add_waker(self._wake)

    @classmethod
    @_with_arguments_of(Conversation.open)
    async def open(cls, *args: Any, **options: Any) -> AsyncConversation:
        """Connect, and begin or resume a session.

        The arguments, and what is raised, are those of ``Conversation.open``. If it is cancelled, the conversation is
        closed as soon as it is open.
        """
        executor = _pool.enter()
        try:
            opening = asyncio.get_running_loop().run_in_executor(executor, partial(Conversation.open, *args, **options))
            try:
                conversation = await asyncio.shield(opening)
            except asyncio.CancelledError:
                opening.add_done_callback(_close_unwanted)
                raise
        except BaseException:
            _pool.leave()
            raise
        chat = cls.__new__(cls)
        chat._begin(conversation, executor)
        return chat

    async def __aenter__(self) -> AsyncConversation:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return repr(self._chat).replace("<Conversation", f"<{type(self).__name__}", 1)

    # How it stands

    @property
    def client(self) -> WebMessagingClient:
        """The client beneath. Its methods block."""
        return self._chat.client

    @property
    def state(self) -> ConversationState:
        """How the conversation stands."""
        return self._chat.state

    @property
    def connected(self) -> bool:
        """Whether there is a connection at this moment."""
        return self._chat.connected

    @property
    def readOnly(self) -> bool:
        """Whether the other side has left, so that nothing more can be said."""
        return self._chat.readOnly

    @property
    def ended(self) -> bool:
        """Whether nothing more will come: it has expired, was cleared, lost or closed."""
        return self._chat.ended

    @property
    def otherSideTyping(self) -> bool:
        """Whether the other side is typing."""
        return self._chat.otherSideTyping

    @property
    def token(self) -> str | None:
        """The session's token, to resume it later. A secret: whoever has it has the session."""
        return self._chat.token

    @property
    def sessionResponse(self) -> SessionResponse | None:
        """The last thing that the server said of the session."""
        return self._chat.sessionResponse

    # What takes a thread while it lasts

    send = _in_pool(Conversation.send)
    choose = _in_pool(Conversation.choose)
    press = _in_pool(Conversation.press)
    pick = _in_pool(Conversation.pick)
    select = _in_pool(Conversation.select)
    fill = _in_pool(Conversation.fill)
    typing = _in_pool(Conversation.typing)
    join = _in_pool(Conversation.join)
    upload = _in_pool(Conversation.upload)
    download = _in_pool(Conversation.download)
    deliver = _in_pool(Conversation.deliver)
    clear = _in_pool(Conversation.clear)
    startNew = _in_pool(Conversation.startNew)
    history = _in_pool(Conversation.history)
    transcript = _in_pool(Conversation.transcript)

    # Waiting, which costs no thread

    async def receive(self, timeout: float | None = None) -> StructuredMessage:
        """The next message of the other side, as :meth:`~genesys_webmessaging.Conversation.receive`."""
        return await self._take(lambda _: True, "message", self._chat._seconds(timeout))

    async def waitFor(
        self,
        wanted: str | Pattern[str] | Callable[[StructuredMessage], object],
        timeout: float | None = None,
    ) -> StructuredMessage:
        """Wait for a certain message, as :meth:`~genesys_webmessaging.Conversation.waitFor`."""
        fits, what = _matcher(wanted)
        return await self._take(fits, what, self._chat._seconds(timeout))

    async def collect(self, quietFor: float = 1.0, timeout: float | None = None) -> list[StructuredMessage]:
        """What the other side says until it is silent, as :meth:`~genesys_webmessaging.Conversation.collect`."""
        quiet_for = checks.seconds("quietFor", quietFor, zero=True)
        limit = self._chat._seconds(timeout)
        inbox, started = self._chat._inbox, time.monotonic()
        while (seconds := inbox.seconds_until_quiet(quiet_for, started, limit)) > 0:
            self._changed.clear()
            await self._change_within(seconds)
        return inbox.take_all()

    async def __aiter__(self) -> AsyncIterator[StructuredMessage]:
        """The messages of the other side, as they come, until it has left or the conversation has ended.

        Raises:
            ConversationEndedError: The connection is lost for good.
        """
        while True:
            try:
                message = await self._take(lambda _: True, "message", None)
            except ConversationEndedError as error:
                if error.state is ConversationState.LOST:
                    raise
                return
            yield message

    async def close(self) -> None:
        """Disconnect. The session stays, and its token may resume it. Does nothing the second time."""
        if self._closed:
            return
        self._closed = True
        try:
            await asyncio.shield(self._run(self._chat.close))
        finally:
            _pool.leave()

    async def _take(
        self, wanted: Callable[[StructuredMessage], bool], what: str, seconds: float | None
    ) -> StructuredMessage:
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            # Cleared before the look, so that a change after it is not overlooked.
            self._changed.clear()
            remaining = None if deadline is None else deadline - time.monotonic()
            try:
                return self._chat._inbox.take_matching(wanted, 0.0, what, waited=seconds or 0.0)
            except ResponseTimeoutError:
                if remaining is not None and remaining <= 0:
                    raise
            await self._change_within(remaining)

    async def _change_within(self, seconds: float | None) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except asyncio.TimeoutError:
            return

    def _wake(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)

    async def _run(self, call: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(self._executor, call)


def _close_unwanted(opening: asyncio.Future[Conversation]) -> None:
    """Close what was opened for a caller who has been cancelled meanwhile."""
    if not opening.cancelled() and opening.exception() is None:
        daemon_thread("aio-close", opening.result().close).start()
