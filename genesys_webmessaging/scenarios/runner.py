"""Running scenarios: a guest who does what a file says, and looks at what comes back."""

from __future__ import annotations

import fnmatch
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._base.threads import Deadline
from .._core import offers
from ..conversation import Conversation
from ..exceptions import ConnectError, WebMessagingException
from ..listener import SessionListener
from ..models import (
    ConnectionClosedEvent,
    Direction,
    EventPresenceType,
    OAuthParams,
    SessionExpiredEvent,
    SessionResponse,
    StructuredMessage,
)
from ..models.message import text_of
from ..regions import GenesysCloudRegionWebSocketHosts, address_of
from .model import (
    Attach,
    Config,
    Expectation,
    NotExpectation,
    Press,
    Repeat,
    Say,
    Scenario,
    ScenarioError,
    SignIn,
    Step,
    Within,
    filled,
)

__all__ = ["AttemptResult", "Line", "Place", "Places", "Runner", "ScenarioResult", "StepResult"]

log = logging.getLogger(__name__)

# Seconds between two looks at what may have changed without a frame.
_LOOK = 0.5
_QUOTED = 200  # characters of a message that an error shows

_SPEAKING = frozenset({"say", "choose", "press", "pick", "select", "fill", "attach"})


@dataclass(frozen=True)
class Line:
    """A message or an event of the conversation.

    Attributes:
        number: Its place among all of them, from 0.
        seconds: When it was heard, counted from the beginning of the attempt.
        message: The message.
    """

    number: int
    seconds: float
    message: StructuredMessage

    @property
    def is_guests(self) -> bool:
        """Whether the guest said it."""
        return self.message.direction == Direction.INBOUND


@dataclass
class StepResult:
    """What came of a step.

    Attributes:
        number: Its place in the scenario, from 1; 0 is the opening of the conversation.
        label: The step in one line.
        line: The line of the file that it stands in.
        passed: Whether it was met; None if it was not reached.
        error: Why it was not met.
        seconds: How long it took.
        echoSeconds: From sending to the echo, for a step that says something: the time of the service.
        answerSeconds: From the step that spoke last to the message that was taken: the time of the bot.
        taken: The number of the message that was taken.
        passedOver: The numbers of the messages before it that did not match.
        speaks: Whether the step says something.
        cause: The error behind a failure, if it was one of the library's.
    """

    number: int
    label: str
    line: int
    passed: bool | None = None
    error: str | None = None
    seconds: float = 0.0
    echoSeconds: float | None = None
    answerSeconds: float | None = None
    taken: int | None = None
    passedOver: tuple[int, ...] = ()
    speaks: bool = False
    cause: Exception | None = field(default=None, repr=False)


@dataclass
class AttemptResult:
    """One run of a scenario.

    Attributes:
        steps: What came of each step; a repeated step is there once for each time.
        lines: Everything that was said, in the order in which it was heard.
        seconds: How long it took.
        connected: Whether the conversation could be opened.
        refused: Whether it was the server that refused to open it.
    """

    steps: list[StepResult] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    seconds: float = 0.0
    connected: bool = False
    refused: bool = False

    @property
    def failure(self) -> StepResult | None:
        """The step that was not met."""
        return next((step for step in self.steps if step.passed is False), None)

    @property
    def passed(self) -> bool:
        """Whether every step was met."""
        return bool(self.steps) and all(step.passed for step in self.steps)


@dataclass
class ScenarioResult:
    """What came of a scenario.

    Attributes:
        scenario: The scenario.
        place: Where it ran: an address, or the simulator.
        started: When.
        attempts: Each run of it.
    """

    scenario: Scenario
    place: str
    started: datetime
    attempts: list[AttemptResult] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether as many attempts passed as the scenario wants."""
        passed = sum(attempt.passed for attempt in self.attempts)
        return bool(self.attempts) and passed >= self.scenario.threshold * len(self.attempts) - 1e-9

    @property
    def seconds(self) -> float:
        """How long all attempts took."""
        return sum(attempt.seconds for attempt in self.attempts)

    @property
    def shown_attempt(self) -> AttemptResult:
        """The attempt that tells most: the first that failed, else the last."""
        return next((attempt for attempt in self.attempts if not attempt.passed), self.attempts[-1])

    @property
    def sentence(self) -> str:
        """Why it failed, in one sentence that names the step; how it passed if it did."""
        passed = sum(attempt.passed for attempt in self.attempts)
        total = len(self.attempts)
        share = f"{passed} of {total} attempts passed" if total > 1 else ""
        failure = self.shown_attempt.failure
        if failure is None:
            return share or "passed"
        said = f"step {failure.number} ({failure.label}), line {failure.line}: {failure.error}"
        return f"{share}, {self.scenario.threshold:.0%} must; {said}" if share and not self.passed else share or said


@dataclass(frozen=True)
class Place:
    """Where scenarios run.

    Attributes:
        address: What is connected to.
        deploymentId: The deployment.
        origin: The origin of the guest's page; None for the client's own choice.
        shown: How a report names it.
        connectOptions: More for the client's ``connect``.
    """

    address: str
    deploymentId: str
    origin: str | None
    shown: str
    connectOptions: Mapping[str, Any] = field(default_factory=dict)


class Places:
    """Finds the place of each scenario, and runs the simulators that this takes.

    Args:
        address: An address or region that goes before that of the files.
        deploymentId: A deployment that goes before that of the files.
        origin: An origin that goes before that of the files.
        connectOptions: More for the client's ``connect``: caFile, proxy, ….
    """

    def __init__(
        self,
        *,
        address: str | None = None,
        deploymentId: str | None = None,
        origin: str | None = None,
        connectOptions: Mapping[str, Any] | None = None,
    ) -> None:
        self._address = None if address is None else _address(address)
        self._deployment_id = deploymentId
        self._origin = origin
        self._options = dict(connectOptions or {})
        self._stack = ExitStack()
        # Guards _simulators: scenarios may be run by several threads.
        self._lock = threading.Lock()
        self._simulators: dict[str, Place] = {}

    def __enter__(self) -> Places:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def of(self, scenario: Scenario) -> Place:
        """Where a scenario runs.

        Raises:
            ScenarioError: Its config does not say enough, or what cannot be right.
        """
        config = scenario.config
        origin = self._origin or config.origin
        deployment = self._deployment_id or config.deploymentId
        try:
            address = self._address or (_address(config.address or config.region or "") if _has_place(config) else None)
            if address is None:
                return self._simulator(scenario, deployment or "demo", origin)
        except (ValueError, OSError) as error:
            raise ScenarioError(f"{scenario.file}: config: {error}") from error
        if deployment is None:
            raise ScenarioError(f"{scenario.file}: config: a deploymentId is missing, as there is an address")
        return Place(address, deployment, origin, address, self._options)

    def _simulator(self, scenario: Scenario, deployment: str, origin: str | None) -> Place:
        from ..simulator import Simulator

        bot: Any = True if scenario.config.simulator is None else scenario.config.simulator
        if isinstance(bot, str):
            bot = scenario.file.parent / bot
        key = json.dumps([deployment, str(bot) if isinstance(bot, Path) else bot])
        with self._lock:
            place = self._simulators.get(key)
            if place is None:
                simulator = Simulator(bot=bot, deployments=[deployment])
                self._stack.enter_context(simulator)
                place = Place(simulator.address, deployment, None, "the simulator")
                self._simulators[key] = place
        return replace(place, origin=origin or "https://shop.example")


def _has_place(config: Config) -> bool:
    return config.address is not None or config.region is not None


def _address(place: str) -> str:
    """An address, a region by its name, or by its domain, as other testers have it."""
    for region in GenesysCloudRegionWebSocketHosts:
        if place.lower().removeprefix("webmessaging.") == region.domain:
            return region.webSocketHost
    if re.fullmatch(r"[\w-]+(\.[\w-]+)+", place):
        return f"wss://webmessaging.{place}/v1"
    return address_of(place)


class Runner:
    """Runs scenarios.

    Args:
        places: Where.
        onStep: Called after each step, on the thread that runs the scenario.
        listeners: Makes more listeners for each conversation.
    """

    def __init__(
        self,
        places: Places,
        onStep: Callable[[Scenario, StepResult], object] | None = None,
        *,
        listeners: Callable[[], Sequence[SessionListener]] = tuple,
    ) -> None:
        self._places = places
        self._on_step = onStep
        self._listeners = listeners

    def run(self, scenario: Scenario) -> ScenarioResult:
        """Run one scenario, as often as it wants. Never raises for what the other side does.

        Raises:
            ScenarioError: Its config does not say where.
        """
        place = self._places.of(scenario)
        result = ScenarioResult(scenario, place.shown, datetime.now(timezone.utc))
        for _ in range(scenario.attempts):
            result.attempts.append(_Attempt(scenario, place, self._on_step, self._listeners()).run())
        return result

    def run_all(
        self,
        scenarios: Sequence[Scenario],
        *,
        parallel: int = 1,
        onEnd: Callable[[ScenarioResult], object] | None = None,
    ) -> list[ScenarioResult]:
        """Run several.

        Args:
            scenarios: Which.
            parallel: How many at a time.
            onEnd: Called after each scenario, on the thread that ran it.

        Returns:
            Their results, in the order of the scenarios.
        """
        for scenario in scenarios:
            self._places.of(scenario)

        def run(scenario: Scenario) -> ScenarioResult:
            result = self.run(scenario)
            if onEnd is not None:
                onEnd(result)
            return result

        if parallel <= 1:
            return [run(scenario) for scenario in scenarios]
        with ThreadPoolExecutor(parallel, thread_name_prefix="genesys-webmessaging-scenario") as pool:
            futures = [pool.submit(run, scenario) for scenario in scenarios]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


class _StepFailedError(Exception):
    """A step was not met; the text says why."""


class _Recorder(SessionListener):
    """Writes down what is heard in one attempt, and when."""

    def __init__(self, started: float) -> None:
        self._started = started
        # Guards the fields below; notified when one of them changes.
        self.changed = threading.Condition()
        self.lines: list[Line] = []
        self.read_only = False
        self.left = False
        self.over: str | None = None

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str, /) -> None:
        with self.changed:
            for event in structuredMessage.events or ():
                presence = getattr(event, "presence", None)
                if presence is not None and presence.type == EventPresenceType.DISCONNECT:
                    self.left = True
                    if str((structuredMessage.metadata or {}).get("readOnly")).lower() == "true":
                        self.read_only = True
            self.lines.append(Line(len(self.lines), time.monotonic() - self._started, structuredMessage))
            self.changed.notify_all()

    def sessionResponse(self, sessionResponse: SessionResponse, rawMessage: str, /) -> None:
        with self.changed:
            self.read_only = self.read_only or sessionResponse.readOnly is True
            self.changed.notify_all()

    def sessionExpiredEvent(self, sessionExpiredEvent: SessionExpiredEvent, rawMessage: str, /) -> None:
        self._end("the session has expired")

    def connectionClosedEvent(self, connectionClosedEvent: ConnectionClosedEvent, rawMessage: str, /) -> None:
        self._end("the server closes this connection")

    def webSocketDisconnected(self, statusCode: int, reason: str, /) -> None:
        self._end(f"the connection was closed ({statusCode}{f' {reason}' if reason else ''})")

    def webSocketError(self, reason: str, /) -> None:
        self._end(f"the connection was lost ({reason})")

    def _end(self, why: str) -> None:
        with self.changed:
            self.over = self.over or why
            self.changed.notify_all()


class _Attempt:
    """One run of one scenario."""

    def __init__(
        self,
        scenario: Scenario,
        place: Place,
        on_step: Callable[[Scenario, StepResult], object] | None,
        listeners: Sequence[SessionListener],
    ) -> None:
        self._scenario = scenario
        self._place = place
        self._on_step = on_step
        self._timeout = scenario.config.timeout
        self._started = time.monotonic()
        self._hearing = _Recorder(self._started)
        self._listeners = [self._hearing, *listeners]
        self._result = AttemptResult(lines=self._hearing.lines)
        self._saved: dict[str, str] = {}
        self._taken = -1  # the number of the last message taken
        self._spoke = 0.0  # when the step that spoke last began, counted from the beginning of the attempt
        self._chat: Conversation | None = None

    def run(self) -> AttemptResult:
        try:
            if self._step(StepResult(0, "open the conversation", self._scenario.line), self._open):
                for number, step in enumerate(self._scenario.steps, 1):
                    if not self._run_step(number, step, self._scenario.lines[number - 1]):
                        break
        finally:
            if self._chat is not None:
                self._chat.close()
            self._result.seconds = time.monotonic() - self._started
        done = {step.number for step in self._result.steps}
        for number, step in enumerate(self._scenario.steps, 1):
            if number not in done:
                self._result.steps.append(StepResult(number, step.label, self._scenario.lines[number - 1]))
        return self._result

    def _run_step(self, number: int, step: Step, line: int) -> bool:
        if isinstance(step.value, Repeat):
            return all(
                self._run_step(number, inner, line) for _ in range(step.value.times) for inner in step.value.steps
            )
        result = StepResult(number, step.label, line, speaks=step.key in _SPEAKING)

        def act(made: StepResult) -> None:
            ready = filled(step, self._saved)
            made.label = ready.label
            self._act(ready, made)

        return self._step(result, act)

    def _step(self, result: StepResult, act: Callable[[StepResult], None]) -> bool:
        self._result.steps.append(result)
        began = time.monotonic()
        try:
            act(result)
        except _StepFailedError as failure:
            result.error = str(failure)
        except (WebMessagingException, ValueError, TypeError, OSError) as error:
            result.error = str(error) or type(error).__name__
            result.cause = error
        result.passed = result.error is None
        result.seconds = time.monotonic() - began
        if self._on_step is not None:
            self._on_step(self._scenario, result)
        return result.passed

    def _open(self, result: StepResult) -> None:
        config = self._scenario.config
        try:
            self._chat = Conversation.open(
                self._place.address,
                self._place.deploymentId,
                origin=self._place.origin,
                join=config.join,
                customAttributes=config.customAttributes,
                timeout=self._timeout,
                reconnectSeconds=0,
                listeners=self._listeners,
                signIn=None if config.signIn is None else _sign_in(config.signIn, self._place),
                **self._place.connectOptions,
            )
        except ConnectError as error:
            self._result.refused = error.statusCode >= 400
            raise
        except WebMessagingException:
            self._result.refused = True
            raise
        self._result.connected = True

    # The steps

    def _act(self, step: Step, result: StepResult) -> None:
        chat = self._chat
        assert chat is not None  # noqa: S101 - for the type checker
        expectation = step.expectation
        if expectation is not None:
            self._expect(expectation, result)
        elif step.key in _SPEAKING:
            self._lost()
            began = time.monotonic()
            self._spoke = began - self._started
            self._speak(chat, step)
            result.echoSeconds = time.monotonic() - began
        else:
            getattr(self, f"_do_{step.key}")(step.value, result)

    def _speak(self, chat: Conversation, step: Step) -> None:
        value = step.value
        if isinstance(value, Say):
            chat.send(value.text, customAttributes=value.customAttributes)
        elif isinstance(value, Press):
            self._press(chat, value)
        elif isinstance(value, Attach):
            chat.send(value.text, [self._scenario.file.parent / path for path in value.files])
        elif step.key == "pick":
            chat.pick(int(value) if value.isdecimal() else value)
        else:
            getattr(chat, step.key)(value)

    def _press(self, chat: Conversation, press: Press) -> None:
        if press.card is not None:
            chat.press(press.card, press.button)
            return
        wanted = press.button.casefold()
        for line in reversed(self._hearing.lines):
            for card in [] if line.is_guests else offers.cards_of(line.message):
                for action in card.actions:
                    if action is not None and wanted in [
                        (name or "").casefold() for name in (action.text, action.payload)
                    ]:
                        chat.press(card, action or "", line.message)
                        return
        raise _StepFailedError(f"no card with the button {press.button!r} has come")

    def _do_typing(self, value: None, result: StepResult) -> None:
        self._lost()
        assert self._chat is not None  # noqa: S101 - for the type checker
        self._chat.typing()

    def _do_wait(self, value: float, result: StepResult) -> None:
        self._wait(lambda: False, value)

    def _do_expectSilence(self, value: float, result: StepResult) -> None:
        self._forbid(lambda _: True, value, f"silence for {value:g} s was expected")

    def _do_expectNot(self, value: NotExpectation, result: StepResult) -> None:
        self._forbid(lambda line: _unmet(value, line.message) is None, value.for_, f"{value.shown} must not come")

    def _do_expectDisconnect(self, value: Within, result: StepResult) -> None:
        self._await_state(lambda: self._hearing.left, value, "the other side did not leave")

    def _do_expectReadOnly(self, value: Within, result: StepResult) -> None:
        self._await_state(lambda: self._hearing.read_only, value, "the session did not become read-only")

    def _do_save(self, value: Mapping[str, str], result: StepResult) -> None:
        patterns = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in value.items()}

        def found_in(line: Line) -> bool:
            return all(pattern.search(text_of(line.message.text)) for pattern in patterns.values())

        shown = " and ".join(f"matching '{pattern.pattern}'" for pattern in patterns.values())
        try:
            line = self._await_message(found_in, self._timeout, shown, result)
        except _StepFailedError as failure:
            if self._taken >= 0 and found_in(self._hearing.lines[self._taken]):
                raise _StepFailedError(
                    f"{failure}. The message that the step before took would do: let save take it instead"
                ) from failure
            raise
        for name, pattern in patterns.items():
            match = pattern.search(text_of(line.message.text))
            assert match is not None  # noqa: S101 - it was found before
            self._saved[name] = (match[1] if pattern.groups else match[0]) or ""

    def _expect(self, expectation: Expectation, result: StepResult) -> None:
        timeout = self._timeout if expectation.within is None else expectation.within
        line = self._await_message(
            lambda line: _unmet(expectation, line.message) is None, timeout, expectation.shown, result, expectation
        )
        answered = result.answerSeconds or 0.0
        if expectation.answeredIn is not None and answered > expectation.answeredIn:
            raise _StepFailedError(
                f"the answer {_quoted(line.message)} took {answered:.2f} s, and answeredIn allows "
                f"{expectation.answeredIn:g} s"
            )

    # Waiting

    def _messages(self) -> Iterator[Line]:
        """What the other side said after the last message taken."""
        return (line for line in self._hearing.lines[self._taken + 1 :] if _says_something(line))

    def _await_message(
        self,
        fits: Callable[[Line], bool],
        timeout: float,
        shown: str,
        result: StepResult,
        expectation: Expectation | None = None,
    ) -> Line:
        deadline = Deadline(timeout)
        passed_over: dict[int, Line] = {}
        while True:
            with self._hearing.changed:
                waiting = [line for line in self._messages() if line.number not in passed_over]
                if not waiting:
                    ended = self._ended()
                    if ended is None and not deadline.passed:
                        self._hearing.changed.wait(min(deadline.remaining, _LOOK))
                        continue
            for line in waiting:
                if fits(line):
                    self._taken = line.number
                    result.taken = line.number
                    result.passedOver = tuple(passed_over)
                    result.answerSeconds = max(0.0, line.seconds - self._spoke)
                    return line
                passed_over[line.number] = line
            if waiting:
                continue
            result.passedOver = tuple(passed_over)
            why = f"{ended} before it came" if ended else f"nothing like it within {timeout:g} s"
            raise _StepFailedError(f"expected {shown}, but {why}; {_instead(list(passed_over.values()), expectation)}")

    def _forbid(self, forbidden: Callable[[Line], bool], seconds: float, what: str) -> None:
        looked_at: set[int] = set()

        def came() -> bool:
            for line in self._messages():
                if line.number not in looked_at:
                    looked_at.add(line.number)
                    if forbidden(line):
                        raise _StepFailedError(f"{what}, but {_quoted(line.message)} came")
            return False

        self._wait(came, seconds)

    def _await_state(self, reached: Callable[[], bool], value: Within, complaint: str) -> None:
        timeout = self._timeout if value.within is None else value.within
        if not self._wait(reached, timeout):
            raise _StepFailedError(f"{complaint} within {timeout:g} s")

    def _wait(self, reached: Callable[[], bool], seconds: float) -> bool:
        deadline = Deadline(seconds)
        with self._hearing.changed:
            while not reached():
                ended = self._ended()
                if ended is not None:
                    raise _StepFailedError(ended)
                if deadline.passed:
                    return False
                self._hearing.changed.wait(min(deadline.remaining, _LOOK))
        return True

    def _ended(self) -> str | None:
        return self._hearing.over

    def _lost(self) -> None:
        ended = self._ended()
        if ended is not None:
            raise _StepFailedError(ended)


def _sign_in(how: SignIn, place: Place) -> Callable[[], OAuthParams]:
    if how.jwt is not None:
        return lambda: OAuthParams(code=how.jwt)

    def exchange() -> OAuthParams:
        from ..auth import AuthApi
        from ..regions import asApiHost
        from ..rest import ApiClient

        with ApiClient(asApiHost(place.address), defaultHeaders={"Origin": place.origin or ""}) as api:
            auth = AuthApi(api)
            if how.code is not None:
                tokens = auth.exchangeCode(place.deploymentId, how.code, how.redirectUri or "", how.codeVerifier)
            else:
                tokens = auth.exchangeIdToken(place.deploymentId, how.idToken or "", how.nonce or "")
        return OAuthParams(code=tokens.jwt)

    return exchange


def _says_something(line: Line) -> bool:
    return not line.is_guests and bool(line.message.text or line.message.content)


def _unmet(expectation: Expectation, message: StructuredMessage) -> str | None:
    """What a message lacks, in a few words; None if it meets an expectation."""
    text = text_of(message.text)
    if not expectation.met_by(text):
        return "its text is another"
    if expectation.anyOf and not any(words.met_by(text) for words in expectation.anyOf):
        return "its text is none of these"
    for lacking in (_missing_replies, _missing_cards, _missing_media, _wrong_sender, _missing_values):
        lack = lacking(expectation, message)
        if lack is not None:
            return lack
    return None


def _missing_replies(expectation: Expectation, message: StructuredMessage) -> str | None:
    offered = {name.casefold() for reply in offers.replies_of(message) for name in (reply.text, reply.payload) if name}
    missing = [wanted for wanted in expectation.quickReplies or () if wanted.casefold() not in offered]
    return f"it does not offer {', '.join(map(repr, missing))}" if missing else None


def _missing_cards(expectation: Expectation, message: StructuredMessage) -> str | None:
    for wanted in expectation.cards or ():
        for card in offers.cards_of(message):
            buttons = {text_of(action.text).casefold() for action in card.actions if action is not None}
            if (
                (wanted.title is None or wanted.title.casefold() == (card.title or "").casefold())
                and (wanted.description is None or wanted.description.casefold() in (card.description or "").casefold())
                and all(action.casefold() in buttons for action in wanted.actions or ())
            ):
                break
        else:
            return f"it has no card {wanted.title or wanted.description or wanted.actions!r}"
    return None


def _missing_media(expectation: Expectation, message: StructuredMessage) -> str | None:
    files = [
        content.attachment for content in message.content if content is not None and content.attachment is not None
    ]
    for wanted in expectation.media or ():
        names = [str(name) for one in files for name in (one.filename, one.mime, one.mediaType) if name]
        if not any(fnmatch.fnmatch(name.casefold(), wanted.casefold()) for name in names):
            return f"it has no file {wanted!r}"
    return None


def _wrong_sender(expectation: Expectation, message: StructuredMessage) -> str | None:
    wanted = expectation.from_
    if wanted is None:
        return None
    entity = str(message.originatingEntity or "").casefold()
    sender = message.channel.from_ if message.channel is not None else None
    names = {entity, "agent" if entity == "human" else entity}
    if sender is not None:
        parts = [sender.firstName, sender.lastName]
        names |= {(sender.nickname or "").casefold(), " ".join(part for part in parts if part).casefold()}
    return None if wanted.casefold() in names - {""} else f"it is not from {wanted}"


def _missing_values(expectation: Expectation, message: StructuredMessage) -> str | None:
    if not expectation.jsonPath:
        return None
    import jsonpath_ng.ext.parser

    document = message.to_dict()
    for path, wanted in expectation.jsonPath.items():
        found = [match.value for match in jsonpath_ng.ext.parser.parse(path).find(document)]
        shown = [one if isinstance(one, str) else json.dumps(one) for one in found]
        if not (found if wanted is None else wanted in shown):
            return f"{path} is {', '.join(shown) or 'not there'}"
    return None


def _quoted(message: StructuredMessage) -> str:
    text = text_of(message.text)
    if text:
        return repr(text if len(text) <= _QUOTED else text[:_QUOTED] + "…")
    kinds = [str(content.contentType) for content in message.content if content is not None]
    return f"a message with {', '.join(kinds) or 'nothing'}"


def _instead(passed_over: Sequence[Line], expectation: Expectation | None) -> str:
    if not passed_over:
        return "nothing came"
    shown = []
    for line in passed_over[-3:]:
        lack = None if expectation is None else _unmet(expectation, line.message)
        reason = f" ({lack})" if lack and not lack.startswith("its text") else ""
        shown.append(f"{_quoted(line.message)} after {line.seconds:.1f} s{reason}")
    more = f" and {len(passed_over) - 3} before" if len(passed_over) > 3 else ""
    return f"what came: {'; '.join(shown)}{more}"
