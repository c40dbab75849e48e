"""Load tests on Locust: guests that talk, and rows that tell the service from the bot.

::

    from locust import task

    from genesys_webmessaging.locust import GuestUser


    class Shopper(GuestUser):
        deploymentId = "the deployment's id"
        origin = "https://shop.example"

        @task
        def hours(self):
            self.ask("When are you open?", expect="from 9 to 17")

``locust -f`` runs it, with the address or a region as ``--host``. This needs the extra ``locust``.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import gevent
from locust import User, task
from locust.exception import StopUser

from .conversation import Conversation, ConversationEndedError
from .exceptions import (
    ApiError,
    AttachmentError,
    ConnectError,
    ConnectionClosedError,
    RequestError,
    ResponseTimeoutError,
    TooManyRequestsError,
)
from .listener import SessionListener
from .models import BaseMessage, StructuredMessage, TooManyRequestsErrorMessage

if TYPE_CHECKING:
    from .scenarios import Scenario, StepResult

__all__ = ["GuestUser", "LoadFailure", "ScenarioUser"]

# gevent counts from the time that it looked at the clock last: what importing all this has taken would be taken off
# Locust's --run-time.
gevent.get_hub().loop.update_now()

T = TypeVar("T")

# What tells Genesys, and those who evaluate conversations, that nobody is there.
AUTOMATED = {"IsAutomatedTest": "true"}

# So many messages are remembered of a conversation, for `choose` and its like; guests talk for hours, and are many.
KEPT = 20

Wanted = str | re.Pattern[str] | Callable[[StructuredMessage], object]


class LoadFailure(Exception):  # noqa: N818 - it is a row of a table, not an error to be caught
    """What failed, in words that are the same each time, so that Locust's table of errors has a row for a kind."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LoadFailure) and self.args == other.args

    def __hash__(self) -> int:
        return hash(self.args)

    def __repr__(self) -> str:
        return str(self)  # what stands in Locust's table


def _kind_of(error: Exception) -> LoadFailure:
    """The kind of an error: without ids, addresses, texts and times, which make each one another."""
    if isinstance(error, ResponseTimeoutError):
        kind = "no answer in time"
    elif isinstance(error, TooManyRequestsError):
        kind = "too many requests"
    elif isinstance(error, RequestError):
        kind = f"refused with code {error.code}"
    elif isinstance(error, ConversationEndedError):
        kind = f"the conversation has ended ({error.state.name.lower().replace('_', '-')})"
    elif isinstance(error, ConnectError):
        kind = "no connection" if error.statusCode == -1 else f"the handshake was refused with {error.statusCode}"
    elif isinstance(error, ConnectionClosedError):
        kind = "the connection was lost"
    elif isinstance(error, ApiError):
        kind = f"a REST call failed with {error.statusCode}"
    elif isinstance(error, AttachmentError):
        kind = f"a file was refused with code {error.code}"
    else:
        kind = type(error).__name__
    failure = LoadFailure(kind)
    failure.__cause__ = error
    return failure


def _stop(user: User) -> None:  # noqa: ARG001 - as every task
    raise StopUser


class _RateLimits(SessionListener):
    """Counts how often the server wanted fewer requests; what was refused is sent later by itself."""

    def __init__(self, user: User) -> None:
        self._user = user

    def unexpectedMessage(self, baseMessage: BaseMessage, rawMessage: str, /) -> None:  # noqa: ARG002
        body = baseMessage.body
        if isinstance(body, TooManyRequestsErrorMessage):
            seconds = body.retryAfter if isinstance(body.retryAfter, (int, float)) else 0
            _fire(self._user, "limit", "rate limit, waited out", seconds)


def _fire(user: User, kind: str, name: str, seconds: float, error: Exception | None = None) -> None:
    user.environment.events.request.fire(
        request_type=kind,
        name=name,
        response_time=seconds * 1000,
        response_length=0,
        exception=error,
        context={},
    )


class GuestUser(User):
    """A guest of a deployment. Subclasses say which, and have tasks that call :meth:`ask` and its like.

    Each message makes two rows in Locust's table, of the type ``echo`` (the time of the service) and, for
    :meth:`ask`, of the type ``answer`` (from sending to the bot's answer). They are named by the text unless ``name``
    says otherwise. A guest who is stopped in the middle of a wait makes none. When the conversation has ended, the
    user stops.

    Attributes:
        host: The address or region to connect to; Locust's ``--host`` goes before it.
        deploymentId: The deployment.
        origin: The origin of the guest's web page; None for that of the address.
        options: More for :meth:`~genesys_webmessaging.Conversation.open`: join, customAttributes, timeout, caFile, ….
        automatedTest: Whether the session carries the custom attribute ``IsAutomatedTest: true``.
        chat: The conversation, from ``on_start`` on.
    """

    abstract = True
    deploymentId: ClassVar[str] = ""
    origin: ClassVar[str | None] = None
    options: ClassVar[Mapping[str, Any]] = {}
    automatedTest: ClassVar[bool] = True

    chat: Conversation

    def on_start(self) -> None:
        """Open the conversation; it is a row of the type ``open``. A guest who cannot come stops."""
        began = time.monotonic()
        try:
            self.chat = self._open()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a row
            _fire(self, "open", "open", time.monotonic() - began, _kind_of(error))
            # Raised here, it would be a traceback in Locust's log.
            self.tasks = [_stop]
            return
        _fire(self, "open", "open", time.monotonic() - began)

    def on_stop(self) -> None:
        """Close the conversation."""
        chat = getattr(self, "chat", None)
        if chat is not None:
            chat.close()

    def _open(self) -> Conversation:
        options = dict(self.options)
        attributes = dict(options.pop("customAttributes", None) or {})
        if self.automatedTest:
            attributes = {**AUTOMATED, **attributes}
        options.setdefault("keepMessages", KEPT)
        listeners = [*options.pop("listeners", ()), _RateLimits(self)]
        return Conversation.open(
            self.host or "",
            self.deploymentId,
            origin=self.origin,
            customAttributes=attributes or None,
            listeners=listeners,
            **options,
        )

    # What guests do. Each is a sample.

    def ask(
        self, text: str, expect: Wanted | None = None, *, name: str | None = None, timeout: float | None = None
    ) -> StructuredMessage | None:
        """Say something and wait for the answer. What was left over from before is discarded first.

        Args:
            text: What is said.
            expect: A part of the answer's text, a pattern, or a function of the message; None for any message.
            name: How the rows are called; the text if None.
            timeout: Seconds for each of the two waits; the conversation's own if None.

        Returns:
            The answer; None if something failed, which is in Locust's table then.
        """
        self.chat.collect(0.0, 0.0)
        began = time.monotonic()
        if self.say(text, name=name, timeout=timeout) is None:
            return None
        return self._sample("answer", name or text, partial(self._answer, expect, timeout), began)

    def say(self, text: str, *, name: str | None = None, timeout: float | None = None) -> StructuredMessage | None:
        """Say something; the sample is the time to its echo.

        Returns:
            The echo; None if it failed.
        """
        return self._sample("echo", name or text, partial(self.chat.send, text, timeout=timeout))

    def choose(self, reply: str, *, name: str | None = None) -> StructuredMessage | None:
        """Choose a quick reply, as :meth:`~genesys_webmessaging.Conversation.choose`."""
        return self._sample("echo", name or f"choose {reply}", partial(self.chat.choose, reply))

    def press(self, card: str | int, button: str | int, *, name: str | None = None) -> StructuredMessage | None:
        """Press a button of a card, as :meth:`~genesys_webmessaging.Conversation.press`."""
        return self._sample("echo", name or f"press {button}", partial(self.chat.press, card, button))

    def pick(self, slot: str | int | datetime, *, name: str | None = None) -> StructuredMessage | None:
        """Pick a time, as :meth:`~genesys_webmessaging.Conversation.pick`."""
        return self._sample("echo", name or "pick", partial(self.chat.pick, slot))

    def select(self, items: Sequence[str], *, name: str | None = None) -> StructuredMessage | None:
        """Pick items of a list, as :meth:`~genesys_webmessaging.Conversation.select`."""
        return self._sample("echo", name or "select", partial(self.chat.select, items))

    def fill(self, answers: Mapping[str, Any], *, name: str | None = None) -> StructuredMessage | None:
        """Fill in a form, as :meth:`~genesys_webmessaging.Conversation.fill`."""
        return self._sample("echo", name or "fill", partial(self.chat.fill, answers))

    def attach(
        self, paths: Sequence[str | os.PathLike[str]], text: str = "", *, name: str | None = None
    ) -> StructuredMessage | None:
        """Upload and send files."""
        return self._sample("echo", name or "attach", partial(self.chat.send, text, paths))

    def _answer(self, expect: Wanted | None, timeout: float | None) -> StructuredMessage:
        return self.chat.receive(timeout) if expect is None else self.chat.waitFor(expect, timeout)

    def _sample(self, kind: str, name: str, call: Callable[[], T], began: float | None = None) -> T | None:
        """Make a call and a row of it; what stops the user (a BaseException) makes none."""
        started = time.monotonic() if began is None else began
        try:
            result = call()
        except Exception as error:
            _fire(self, kind, name, time.monotonic() - started, _kind_of(error))
            if isinstance(error, ConversationEndedError) or self.chat.ended or self.chat.readOnly:
                raise StopUser from error
            return None
        _fire(self, kind, name, time.monotonic() - started)
        return result


class ScenarioUser(User):
    """A guest who does what a scenario file says, again and again, each time in a conversation of its own.

    Steps that say something are rows of the type ``echo``, steps that take an answer rows of the type ``answer``, both
    named by the step; a step that fails is an error in the row of its type. Where the file has several scenarios, each
    round takes one at random.

    Attributes:
        scenario: The path of the file.
        deploymentId: A deployment that goes before the file's.
        origin: An origin that goes before the file's.
        connectOptions: More for the client's ``connect``: caFile, proxy, ….
        automatedTest: Whether each session carries the custom attribute ``IsAutomatedTest: true``.
    """

    abstract = True
    scenario: ClassVar[str] = ""
    deploymentId: ClassVar[str | None] = None
    origin: ClassVar[str | None] = None
    connectOptions: ClassVar[Mapping[str, Any]] = {}
    automatedTest: ClassVar[bool] = True

    def on_start(self) -> None:
        """Read the file."""
        from .scenarios import Places, Runner, load

        self._places = Places(
            address=self.host, deploymentId=self.deploymentId, origin=self.origin, connectOptions=self.connectOptions
        )
        self._runner = Runner(self._places, self._count, listeners=lambda: [_RateLimits(self)])
        self._scenarios = [self._marked(scenario) for scenario in load(self.scenario).scenarios]

    def on_stop(self) -> None:
        """Stop the simulator, if the file has no address and there is no host."""
        self._places.__exit__()

    @task
    def play(self) -> None:
        """Run a scenario once."""
        self._runner.run(random.choice(self._scenarios))  # noqa: S311 - nobody has to be kept from guessing it

    def _marked(self, scenario: Scenario) -> Scenario:
        attributes = {**(AUTOMATED if self.automatedTest else {}), **(scenario.config.customAttributes or {})}
        config = scenario.config.model_copy(update={"customAttributes": attributes or None})
        return replace(scenario, config=config, attempts=1)

    def _count(self, scenario: Scenario, step: StepResult) -> None:  # noqa: ARG002 - the runner gives both
        failure = None if step.passed else _step_failure(step)
        if step.number == 0:
            _fire(self, "open", "open", step.seconds, failure)
        elif step.speaks:
            _fire(self, "echo", step.label, step.seconds if step.echoSeconds is None else step.echoSeconds, failure)
        elif step.answerSeconds is not None or failure is not None:
            seconds = step.seconds if step.answerSeconds is None else step.answerSeconds
            _fire(self, "answer", step.label, seconds, failure)


def _step_failure(step: StepResult) -> LoadFailure:
    return LoadFailure("the step was not met") if step.cause is None else _kind_of(step.cause)
