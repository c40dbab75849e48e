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

import errno
import logging
import os
import random
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ._base.hints import missing_extra

try:
    import gevent
    from locust import User, events, task
    from locust.exception import StopUser
    from locust.runners import WorkerRunner
except ModuleNotFoundError as error:
    raise missing_extra(error, "load tests need", "locust") from error

from .conversation import Conversation, ConversationEndedError
from .exceptions import (
    ApiError,
    AttachmentError,
    ConnectError,
    ConnectionClosedError,
    ConnectTimeoutError,
    NotConnectedError,
    RequestError,
    ResponseTimeoutError,
    TooManyRequestsError,
    WebMessagingException,
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
KEPT = 10

# What a machine runs out of that has too many guests.
_EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM))

# So many characters of what is said stand in the table.
NAME = 60

Wanted = str | re.Pattern[str] | Callable[[StructuredMessage], object]


def _quiet(environment: Any, **_: object) -> None:
    """At Locust's usual level a thousand guests would say a thousand times that their connection is ready."""
    options = environment.parsed_options
    if options is not None and options.loglevel == "INFO":
        logging.getLogger(__package__).setLevel(logging.WARNING)


def _fail_without_samples(environment: Any, **_: object) -> None:
    """A run in which nobody did anything has not passed."""
    directs = environment.web_ui is None and not isinstance(environment.runner, WorkerRunner)
    if directs and environment.stats.total.num_requests == 0 and environment.process_exit_code is None:
        sys.stderr.write("Error: no guest has done anything, so nothing was tested.\n")
        environment.process_exit_code = 1


events.init.add_listener(_quiet)  # type: ignore[no-untyped-call]
events.quitting.add_listener(_fail_without_samples)  # type: ignore[no-untyped-call]


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
    elif isinstance(error, ConnectTimeoutError):
        kind = "no connection in time"
    elif isinstance(error, ConnectError):
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in _EXHAUSTED:
            kind = f"this machine: {cause.strerror}"
        else:
            kind = "no connection" if error.statusCode == -1 else f"the handshake was refused with {error.statusCode}"
    elif isinstance(error, (ConnectionClosedError, NotConnectedError)):
        kind = "the connection was lost"
    elif isinstance(error, ApiError):
        kind = f"a REST call failed with {error.statusCode}"
    elif isinstance(error, AttachmentError):
        kind = f"a file was refused with code {error.code}"
    elif isinstance(error, ValueError) and not isinstance(error, WebMessagingException):
        kind = "it was not offered, or cannot be right"
    elif isinstance(error, OSError) and error.strerror:
        kind = error.strerror
    else:
        kind = type(error).__name__
    failure = LoadFailure(kind)
    failure.__cause__ = error
    return failure


def _row_name(said: str) -> str:
    """What is said, in one line of the table."""
    line = " ".join(said.split())
    return line if len(line) <= NAME else line[: NAME - 1] + "…"


def _stop(user: User) -> None:  # noqa: ARG001 - as every task
    raise StopUser


class _Service(SessionListener):
    """Counts what the service does to a guest and the guest's conversation makes good by itself."""

    def __init__(self, user: User) -> None:
        self._user = user

    def unexpectedMessage(self, baseMessage: BaseMessage, rawMessage: str, /) -> None:  # noqa: ARG002
        body = baseMessage.body
        if isinstance(body, TooManyRequestsErrorMessage):
            seconds = body.retryAfter if isinstance(body.retryAfter, (int, float)) else 0
            _fire(self._user, "limit", "rate limit, waited out", seconds)

    def webSocketDisconnected(self, statusCode: int, reason: str, /) -> None:  # noqa: ARG002
        self._count_loss(f"the connection was closed with {statusCode}")

    def webSocketError(self, reason: str, /) -> None:  # noqa: ARG002
        self._count_loss("the connection broke")

    def _count_loss(self, what: str) -> None:
        chat = self._user._chat if isinstance(self._user, GuestUser) else None
        if chat is not None and not chat.ended:
            _fire(self._user, "open", "connection lost", 0.0, LoadFailure(what))


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

    Each message makes two rows in Locust's table, of the type ``echo`` (the time of the service) and, where an answer
    is awaited, of the type ``answer`` (from sending to the bot's answer). They are named by the text unless ``name``
    says otherwise. A guest who is stopped in the middle of a wait makes none. A connection that is lost is a failure
    of its own, and is replaced. When the conversation has ended, the user stops.

    Attributes:
        host: The address or region to connect to; Locust's ``--host`` goes before it.
        deploymentId: The deployment.
        origin: The origin of the guest's web page; None for that of the address.
        options: More for :meth:`~genesys_webmessaging.Conversation.open`: join, customAttributes, timeout, caFile, ….
            Without a keepMessages there, 10 messages are remembered.
        automatedTest: Whether the session carries the custom attribute ``IsAutomatedTest: true``.
    """

    abstract = True
    deploymentId: ClassVar[str] = ""
    origin: ClassVar[str | None] = None
    options: ClassVar[Mapping[str, Any]] = {}
    automatedTest: ClassVar[bool] = True

    _chat: Conversation | None = None

    @property
    def chat(self) -> Conversation:
        """The conversation, from ``on_start`` on. A guest for whom there is none stops."""
        if self._chat is None:
            raise StopUser("there is no conversation")
        return self._chat

    def on_start(self) -> None:
        """Open the conversation; it is a row of the type ``open``. A guest who cannot come stops."""
        began = time.monotonic()
        try:
            self._chat = self._open()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a row
            # What a class says of itself is the same for all its guests.
            wrong = isinstance(error, (TypeError, ValueError)) and not isinstance(error, WebMessagingException)
            failure = LoadFailure(str(error)) if wrong else _kind_of(error)
            _fire(self, "open", "open", time.monotonic() - began, failure)
            # Raised here, it would be a traceback in Locust's log.
            self.tasks = [_stop]
            return
        _fire(self, "open", "open", time.monotonic() - began)

    def on_stop(self) -> None:
        """Close the conversation."""
        if self._chat is not None:
            self._chat.close()

    def _open(self) -> Conversation:
        options = dict(self.options)
        attributes = dict(options.pop("customAttributes", None) or {})
        if self.automatedTest:
            attributes = {**AUTOMATED, **attributes}
        options.setdefault("keepMessages", KEPT)
        listeners = [*options.pop("listeners", ()), _Service(self)]
        return Conversation.open(
            self.host or "",
            self.deploymentId,
            origin=self.origin,
            customAttributes=attributes or None,
            listeners=listeners,
            **options,
        )

    # What guests do. Each is a sample; those that await an answer are two.

    def ask(
        self, text: str, expect: Wanted | None = None, *, name: str | None = None, timeout: float | None = None
    ) -> StructuredMessage | None:
        """Say something and wait for the answer. What was left over from before is discarded first.

        Args:
            text: What is said.
            expect: A part of the answer's text, a pattern, or a function of the message; None for any message.
            name: How the rows are called; the text if None. Texts that differ each time want one.
            timeout: Seconds for each of the two waits; the conversation's own if None.

        Returns:
            The answer; None if something failed, which is in Locust's table then.
        """
        call = partial(self.chat.send, text, timeout=timeout)
        return self._speak(name or _row_name(text), call, _anything if expect is None else expect, timeout)

    def say(self, text: str, *, name: str | None = None, timeout: float | None = None) -> StructuredMessage | None:
        """Say something, and wait for no answer.

        Args:
            text: What is said.
            name: How the row is called; the text if None.
            timeout: Seconds that the echo may take; the conversation's own if None.

        Returns:
            The echo; None if it failed.
        """
        return self._speak(name or _row_name(text), partial(self.chat.send, text, timeout=timeout))

    def choose(self, reply: str, expect: Wanted | None = None, *, name: str | None = None) -> StructuredMessage | None:
        """Choose a quick reply, as :meth:`~genesys_webmessaging.Conversation.choose`.

        Args:
            reply: Its text or payload.
            expect: The answer to wait for, as in :meth:`ask`; None for not waiting. The same holds for all that follow.
            name: How the rows are called.

        Returns:
            The answer if one was awaited, else the echo; None if it failed.
        """
        return self._speak(name or _row_name(f"choose {reply}"), partial(self.chat.choose, reply), expect)

    def press(
        self, card: str | int, button: str | int, expect: Wanted | None = None, *, name: str | None = None
    ) -> StructuredMessage | None:
        """Press a button of a card, as :meth:`~genesys_webmessaging.Conversation.press`."""
        return self._speak(name or _row_name(f"press {button}"), partial(self.chat.press, card, button), expect)

    def pick(
        self, slot: str | int | datetime, expect: Wanted | None = None, *, name: str | None = None
    ) -> StructuredMessage | None:
        """Pick a time, as :meth:`~genesys_webmessaging.Conversation.pick`."""
        return self._speak(name or "pick", partial(self.chat.pick, slot), expect)

    def select(
        self, items: Sequence[str], expect: Wanted | None = None, *, name: str | None = None
    ) -> StructuredMessage | None:
        """Pick items of a list, as :meth:`~genesys_webmessaging.Conversation.select`."""
        return self._speak(name or "select", partial(self.chat.select, items), expect)

    def fill(
        self, answers: Mapping[str, Any], expect: Wanted | None = None, *, name: str | None = None
    ) -> StructuredMessage | None:
        """Fill in a form, as :meth:`~genesys_webmessaging.Conversation.fill`."""
        return self._speak(name or "fill", partial(self.chat.fill, answers), expect)

    def attach(
        self,
        paths: Sequence[str | os.PathLike[str]],
        text: str = "",
        expect: Wanted | None = None,
        *,
        name: str | None = None,
    ) -> StructuredMessage | None:
        """Upload and send files."""
        return self._speak(name or "attach", partial(self.chat.send, text, paths), expect)

    def _speak(
        self,
        name: str,
        call: Callable[[], StructuredMessage],
        expect: Wanted | None = None,
        timeout: float | None = None,
    ) -> StructuredMessage | None:
        """Say something, and wait for the answer if one is expected: what is left over from before is none."""
        if expect is not None:
            self.chat.collect(0.0, 0.0)
        began = time.monotonic()
        echo = self._sample("echo", name, call, began)
        if echo is None or expect is None:
            return echo
        return self._sample("answer", name, partial(self.chat.waitFor, expect, timeout), began)

    def _sample(self, kind: str, name: str, call: Callable[[], T], began: float) -> T | None:
        """Make a call and a row of it; what stops the user (a BaseException) makes none."""
        try:
            result = call()
        except (WebMessagingException, OSError, ValueError) as error:
            _fire(self, kind, name, time.monotonic() - began, _kind_of(error))
            if isinstance(error, ConversationEndedError) or self.chat.ended or self.chat.readOnly:
                raise StopUser from error
            return None
        _fire(self, kind, name, time.monotonic() - began)
        return result


def _anything(_: StructuredMessage) -> bool:
    return True


class ScenarioUser(User):
    """A guest who does what a scenario file says, again and again, each time in a conversation of its own.

    Steps that say something are rows of the type ``echo``, steps that take an answer rows of the type ``answer``, both
    named by the step; a step that fails is an error in the row of its type. Where the file has several scenarios, each
    round takes one at random.

    Attributes:
        host: The address or region to connect to; Locust's ``--host`` goes before it, and both before the file's own.
        scenario: The path of the file, from the folder of the locustfile.
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

    def __init_subclass__(cls, **options: Any) -> None:
        """Read the file, so that a wrong one ends Locust before the first guest comes."""
        super().__init_subclass__(**options)
        if not cls.__dict__.get("abstract"):
            if not cls.scenario:
                raise TypeError(f"{cls.__name__} has no scenario, which is the path of a scenario file")
            cls._scenarios()

    @classmethod
    def _scenarios(cls) -> Sequence[Scenario]:
        locustfile = getattr(sys.modules.get(cls.__module__), "__file__", None)
        folder = Path.cwd() if locustfile is None else Path(locustfile).parent
        return _read(folder / cls.scenario, automated=cls.automatedTest)

    def on_start(self) -> None:
        """Find out where the scenarios run. A guest for whom there is no place stops."""
        from .scenarios import Places, Runner, ScenarioError

        try:
            places = Places(
                address=self.host,
                deploymentId=self.deploymentId,
                origin=self.origin,
                connectOptions=self.connectOptions,
            )
            self._runner = Runner(places, self._count, listeners=lambda: [_Service(self)])
            for scenario in self._scenarios():
                if self.host is None and scenario.config.address is None and scenario.config.region is None:
                    raise ScenarioError(f"{scenario.file}: there is no address, neither --host nor config.address")
                places.of(scenario)
        except ValueError as error:
            _fire(self, "open", "open", 0.0, LoadFailure(str(error)))
            self.tasks = [_stop]

    @task
    def play(self) -> None:
        """Run a scenario once."""
        self._runner.run(random.choice(self._scenarios()))  # noqa: S311 - nobody has to be kept from guessing it

    def _count(self, scenario: Scenario, step: StepResult) -> None:  # noqa: ARG002 - the runner gives both
        failure = None if step.passed else _step_failure(step)
        if step.number == 0:
            _fire(self, "open", "open", step.seconds, failure)
        elif step.speaks:
            _fire(self, "echo", step.label, step.seconds if step.echoSeconds is None else step.echoSeconds, failure)
        elif step.answerSeconds is not None or failure is not None:
            seconds = step.seconds if step.answerSeconds is None else step.answerSeconds
            _fire(self, "answer", step.label, seconds, failure)


@cache
def _read(file: Path, *, automated: bool) -> Sequence[Scenario]:
    """The scenarios of a file, once for all guests, to be run once each time."""
    from .scenarios import load

    scenarios = []
    for scenario in load(file).scenarios:
        attributes = {**(AUTOMATED if automated else {}), **(scenario.config.customAttributes or {})}
        config = scenario.config.model_copy(update={"customAttributes": attributes or None})
        scenarios.append(replace(scenario, config=config, attempts=1))
    return scenarios


def _step_failure(step: StepResult) -> LoadFailure:
    return LoadFailure("the step was not met") if step.cause is None else _kind_of(step.cause)
