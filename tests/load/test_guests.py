"""What a guest of Locust does, and the rows that it makes: threads of this process instead of greenlets."""

from __future__ import annotations

import errno
import importlib
import re
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from genesys_webmessaging import ConversationState
from genesys_webmessaging.exceptions import (
    ApiError,
    AttachmentError,
    ConnectError,
    ConnectionClosedError,
    ConnectTimeoutError,
    NotConnectedError,
    RequestError,
    ResponseTimeoutError,
    TooManyRequestsError,
)
from genesys_webmessaging.models import StructuredMessage
from genesys_webmessaging.simulator import Limits, RateLimit, Simulator

ORIGIN = "https://shop.example"
BOT = {
    "delay": 0,
    "typing": False,
    "rules": [
        {"match": "hours", "reply": "We are open from 9 to 17."},
        {"match": "menu", "reply": {"text": "What?", "quickReplies": ["Visit", "Hat", "Repair", "Form"]}},
        {"match": {"text": "Visit"}, "reply": {"datePicker": {"title": "When?", "times": ["2031-05-06T07:30:00Z"]}}},
        {"match": {"text": "Hat"}, "reply": {"card": {"title": "Hat", "actions": [{"text": "Order", "payload": "o"}]}}},
        {"match": {"text": "Repair"}, "reply": {"listPicker": {"sections": [{"title": "What", "items": ["Bike"]}]}}},
        {"match": {"text": "Form"}, "reply": {"form": {"formPages": [{"pageComponents": [{"input": {
            "id": "name", "title": "Name"}}]}]}}},
        {"match": {"attachment": True}, "reply": "Thank you for {fileName}."},
    ],
    "otherwise": 'You said "{text}".',
}  # fmt: skip


Come = Callable[..., Any]


class Row(NamedTuple):
    """A sample; ``error`` is what would stand in the table of errors."""

    kind: str
    name: str
    error: str | None
    milliseconds: float


class Table:
    """Where Locust's guests are, and their rows."""

    def __init__(self, environment: Any) -> None:
        self.environment = environment
        self.rows: list[Row] = []
        environment.events.request.add_listener(self._count)

    def _count(self, *, request_type: str, name: str, exception: object, response_time: float, **_: object) -> None:
        self.rows.append(Row(request_type, name, None if exception is None else repr(exception), response_time))

    @property
    def told(self) -> list[tuple[str, str, str | None]]:
        """The rows without times."""
        return [row[:3] for row in self.rows]


@pytest.fixture(scope="session")
def door() -> ModuleType:
    """The module under test. Locust is imported here, so that it neither patches this process nor costs other tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")
        return importlib.import_module("genesys_webmessaging.locust")


@pytest.fixture
def table(door: ModuleType) -> Table:
    return Table(importlib.import_module("locust.env").Environment())


@pytest.fixture
def shop() -> Iterator[Simulator]:
    """A simulator with a bot that answers at once."""
    with Simulator(bot=BOT) as simulator:
        yield simulator
        assert [str(violation) for violation in simulator.violations] == []


@pytest.fixture
def come(door: ModuleType, table: Table) -> Iterator[Come]:
    """Have a guest come to a simulator, of a class with these attributes."""
    guests = []

    def come(simulator: Simulator, **attributes: Any) -> Any:
        attributes = {"host": simulator.address, "deploymentId": "demo", "origin": ORIGIN, **attributes}
        guest = type("Guest", (door.GuestUser,), attributes)(table.environment)
        guests.append(guest)
        guest.on_start()
        return guest

    yield come
    for guest in guests:
        guest.on_stop()


OPENED = ("open", "open", None)
ANSWER = "We are open from 9 to 17."


# Rows


def test_asking_is_a_row_for_the_service_and_one_for_the_bot(come: Come, shop: Simulator, table: Table):
    guest = come(shop)
    assert guest.ask("hours", expect="from 9").text == ANSWER
    assert guest.ask("hours").text == ANSWER
    assert guest.ask("hours", expect=re.compile(r"from \d"), name="opening").text == ANSWER
    assert guest.ask("hours", expect=lambda message: message.text == ANSWER).text == ANSWER
    asked = [("echo", "hours", None), ("answer", "hours", None)]
    named = [("echo", "opening", None), ("answer", "opening", None)]
    assert table.told == [OPENED, *asked, *asked, *named, *asked]
    for echo, answer in zip(table.rows[1::2], table.rows[2::2], strict=True):
        assert 0 < echo.milliseconds <= answer.milliseconds < 5000


def test_whatever_a_guest_does_is_a_sample_and_so_is_the_answer_if_one_is_expected(
    come: Come, shop: Simulator, table: Table, tmp_path: Path
):
    file = tmp_path / "bike.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n")
    guest = come(shop)
    assert guest.say("hello").text == "hello"
    guest.ask("menu", expect="What?")
    guest.choose("Visit", expect=lambda message: message.content)
    guest.pick("2031-05-06T07:30:00Z", expect="")
    guest.ask("menu", expect="What?")
    guest.choose("Hat", expect=lambda message: message.content, name="hat")
    guest.press("Hat", "Order")
    guest.ask("menu", expect="What?")
    guest.choose("Repair", expect=lambda message: message.content)
    guest.select(["Bike"], expect="")
    guest.ask("menu", expect="What?")
    guest.choose("Form", expect=lambda message: message.content)
    guest.fill({"Name": "Ann"}, expect="")
    assert guest.attach([file], expect="Thank you").text == "Thank you for bike.png."
    assert [row.error for row in table.rows if row.error] == []
    menu = ["echo menu", "answer menu"]
    assert [f"{row.kind} {row.name}" for row in table.rows[1:]] == [
        "echo hello",
        *menu, "echo choose Visit", "answer choose Visit", "echo pick", "answer pick",
        *menu, "echo hat", "answer hat", "echo press Order",
        *menu, "echo choose Repair", "answer choose Repair", "echo select", "answer select",
        *menu, "echo choose Form", "answer choose Form", "echo fill", "answer fill",
        "echo attach", "answer attach",
    ]  # fmt: skip


def test_what_was_left_over_is_no_answer(come: Come, simulator: Simulator, table: Table):
    guest = come(simulator)
    with simulator.agent() as agent:
        for act in (lambda: guest.ask("hours", expect="from 9", timeout=0.2), lambda: guest.ask("hours", timeout=0.2)):
            agent.say(ANSWER)
            until_heard(guest, 1)
            assert act() is None
    missed = [("echo", "hours", None), ("answer", "hours", "no answer in time")]
    assert table.told == [OPENED, *missed, *missed]


def until_heard(guest: Any, messages: int) -> None:
    inbox = guest.chat._inbox
    with inbox._changed:
        assert inbox._changed.wait_for(lambda: len(inbox._messages) >= messages, 5)


def test_a_guest_who_is_stopped_in_the_middle_of_a_wait_makes_no_row(come: Come, shop: Simulator, table: Table):
    guest = come(shop)

    class Stopped(BaseException):
        """As Locust ends a greenlet."""

    def stopped(message: StructuredMessage) -> bool:
        raise Stopped

    with pytest.raises(Stopped):
        guest.ask("hours", expect=stopped)
    assert table.told == [OPENED, ("echo", "hours", None)]


def test_a_mistake_in_a_locustfile_is_no_row_but_raised(come: Come, shop: Simulator, table: Table):
    guest = come(shop)
    with pytest.raises(TypeError):
        guest.ask("hours", expect=5)
    with pytest.raises(ZeroDivisionError):
        guest.ask("hours", expect=lambda message: 1 / 0)
    assert {row.kind for row in table.rows} == {"open", "echo"}


def test_little_is_remembered_of_a_long_conversation(come: Come, shop: Simulator, table: Table):
    guest = come(shop)
    for number in range(15):
        guest.ask(str(number))
    assert len(guest.chat._transcript.entries) == 10
    assert [row.error for row in table.rows if row.error] == []
    assert len(come(shop, options={"keepMessages": 3}).chat._transcript.entries) <= 3


def test_a_long_text_of_several_lines_is_a_name_of_one(come: Come, shop: Simulator, table: Table):
    guest = come(shop)
    guest.ask("Grüße 🚲\n\tund mehr")
    guest.say("x" * 4000)
    assert [row.name for row in table.rows[1:]] == ["Grüße 🚲 und mehr"] * 2 + ["x" * 59 + "…"]


# Failures


def test_a_kind_of_error_has_the_same_words_each_time(door: ModuleType):
    pairs = [
        (ResponseTimeoutError("no echo in 3 seconds"), ResponseTimeoutError("no message with 'x'")),
        (RequestError("a", code=4006, tracingId="1"), RequestError("b", code=4006, tracingId="2")),
        (TooManyRequestsError("a", code=429, retryAfter=3), TooManyRequestsError("b", code=429, retryAfter=9)),
        (ConnectError("127.0.0.1:5 refused"), ConnectError("127.0.0.1:6 refused")),
        (ConnectTimeoutError("127.0.0.1:5 in 3 s"), ConnectTimeoutError("127.0.0.1:6 in 3 s")),
        (ConnectError("x", statusCode=403), ConnectError("y", statusCode=403)),
        (ConnectionClosedError("1006 x"), NotConnectedError("1006 y")),
        (ApiError("GET /a", statusCode=500), ApiError("GET /b", statusCode=500)),
        (AttachmentError("a.png", code=1), AttachmentError("b.png", code=1)),
        (FileNotFoundError(2, "No such file", "a"), FileNotFoundError(2, "No such file", "b")),
        (ValueError("there is no reply 'a'; there are: x"), ValueError("there is no reply 'b'; there are: y")),
        (KeyError("a"), KeyError("b")),
    ]
    kinds = [{door._kind_of(one), door._kind_of(other)} for one, other in pairs]
    assert [len(kind) for kind in kinds] == [1] * len(pairs)
    assert len({str(kind) for kind in kinds}) == len(pairs)


def test_a_machine_that_has_too_many_guests_is_not_taken_for_a_server_that_is_gone(
    come: Come, shop: Simulator, table: Table, monkeypatch: pytest.MonkeyPatch
):
    def exhausted(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socketpair", exhausted)
    come(shop)
    assert table.told == [("open", "open", "this machine: Too many open files")]


def test_a_guest_who_could_not_come_does_nothing_in_its_own_on_start_either(
    come: Come, shop: Simulator, table: Table, door: ModuleType
):
    class Greeting(door.GuestUser):
        abstract = True

        def on_start(self) -> None:
            super().on_start()
            self.ask("hello")

    guest = type("Guest", (Greeting,), {"host": "ws://127.0.0.1:1/v1", "deploymentId": "demo"})(table.environment)
    guest.run()
    assert table.told == [("open", "open", "no connection")]


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"deploymentId": "unknown"}, "the handshake was refused with 403"),
        ({"host": "ws://127.0.0.1:1/v1"}, "no connection"),
        ({"host": "nowhere"}, "address 'nowhere' starts with neither ws:// nor wss://"),
        ({"host": None}, "address '' starts with neither ws:// nor wss://"),
        ({"deploymentId": ""}, "deploymentId"),
        ({"options": {"tiemout": 3}}, "argument 'tiemout'"),
    ],
)
def test_a_guest_who_cannot_come_says_why_and_stops(
    come: Come, shop: Simulator, table: Table, attributes: dict[str, Any], error: str
):
    guest = come(shop, **attributes)
    guest.run()
    assert [(row.kind, row.name) for row in table.rows] == [("open", "open")] * 2
    assert all(error in str(row.error) for row in table.rows), table.rows


def test_what_was_not_offered_is_a_row(come: Come, shop: Simulator, table: Table):
    guest = come(shop)
    assert guest.choose("Visit") is None
    guest.ask("menu")
    assert guest.choose("Nothing", expect="") is None
    refused = "it was not offered, or cannot be right"
    assert [row[:3] for row in table.rows if row.error] == [
        ("echo", "choose Visit", refused),
        ("echo", "choose Nothing", refused),
    ]


@pytest.mark.parametrize(("how", "words"), [("leaves", "read-only"), ("expires", "ended")])
def test_when_the_conversation_has_ended_the_guest_stops(
    come: Come, simulator: Simulator, table: Table, how: str, words: str, door: ModuleType
):
    guest = come(simulator)
    with simulator.agent() as agent:
        guest.say("hello")
        if how == "leaves":
            agent.disconnect(readOnly=True)
        else:
            event = {"type": "message", "class": "SessionExpiredEvent", "code": 200, "body": {}}
            simulator.guest().sendJson(event)
        with pytest.raises(door.StopUser):
            guest.ask("hours", timeout=5)
    assert table.told[-1][2] == f"the conversation has ended ({words})"
    assert [row for row in table.told if row[2]] == table.told[-1:]


def test_a_lost_connection_is_a_failure_and_is_replaced(come: Come, shop: Simulator, table: Table):
    guest = come(shop)
    guest.say("hello")
    shop.guest().close(1012, "restart")
    assert guest.ask("hours", expect="from 9", timeout=10).text == ANSWER
    lost = ("open", "connection lost", "the connection was closed with 1012")
    assert sorted(table.told[2:], key=str) == sorted(
        [lost, ("echo", "hours", None), ("answer", "hours", None)], key=str
    )


def test_a_guest_who_goes_loses_no_connection(come: Come, shop: Simulator, table: Table):
    guest = come(shop)
    guest.on_stop()
    assert guest.chat.state is ConversationState.CLOSED
    assert table.told == [OPENED]


# Limits of the service


def test_a_rate_limit_that_was_waited_out_is_counted_and_no_failure(come: Come, table: Table):
    with Simulator(bot=BOT, limits=Limits(messages=RateLimit(1, 1.0))) as simulator:
        guest = come(simulator)
        guest.ask("hours", expect="from 9")
        guest.ask("hours", expect="from 9")
        limit = ("limit", "rate limit, waited out", None)
        asked = [("echo", "hours", None), ("answer", "hours", None)]
        assert table.told == [OPENED, *asked, limit, *asked]
        assert 0 < table.rows[3].milliseconds <= 1000 <= table.rows[4].milliseconds


def test_guests_beyond_the_connections_of_a_deployment_are_an_error_of_their_own(come: Come, table: Table):
    with Simulator(bot=BOT, limits=Limits(connections=RateLimit(1, 60.0))) as simulator:
        for _ in range(3):
            come(simulator)
        refused = ("open", "open", "the handshake was refused with 429")
        assert table.told == [OPENED, refused, refused]


# What the service is told


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, {"IsAutomatedTest": "true"}),
        ({"automatedTest": False}, {}),
        ({"options": {"customAttributes": {"cart": "3"}}}, {"IsAutomatedTest": "true", "cart": "3"}),
        ({"options": {"customAttributes": {"IsAutomatedTest": "no"}}}, {"IsAutomatedTest": "no"}),
    ],
)
def test_the_session_says_that_nobody_is_there(
    come: Come, shop: Simulator, attributes: dict[str, Any], expected: dict[str, str]
):
    come(shop, **attributes).say("hello")
    assert attributes_of(shop) == [expected]


def attributes_of(simulator: Simulator) -> list[dict[str, str]]:
    """The custom attributes of each message that was said."""
    sent = [frame.fields or {} for connection in simulator.connections for frame in connection.received]
    channels = [fields.get("channel", {}) for fields in sent if "message" in fields]
    return [channel.get("metadata", {}).get("customAttributes", {}) for channel in channels]


# Scenarios


HOURS = """
config: {origin: "https://shop.example"}
scenarios:
  asks:
    steps:
      - say: hours
      - expect: from 9
"""


def player(door: ModuleType, folder: Path, text: str, **attributes: Any) -> Any:
    """A class of guests that do what a file says that lies beside their locustfile."""
    (folder / "shop.scenario.yaml").write_text(text, encoding="utf-8")
    attributes = {"scenario": str(folder / "shop.scenario.yaml"), "deploymentId": "demo", **attributes}
    return type("Player", (door.ScenarioUser,), attributes)


def test_a_scenario_file_is_played_again_and_again(door: ModuleType, shop: Simulator, table: Table, tmp_path: Path):
    guest = player(door, tmp_path, HOURS, host=shop.address)(table.environment)
    guest.on_start()
    guest.play()
    guest.play()
    once = [OPENED, ("echo", "say: hours", None), ("answer", "expect: 'from 9'", None)]
    assert table.told == [*once, *once]
    assert attributes_of(shop) == [{"IsAutomatedTest": "true"}] * 2


def test_a_step_that_fails_is_an_error_of_its_row(door: ModuleType, shop: Simulator, table: Table, tmp_path: Path):
    text = HOURS.replace("expect: from 9", "expect: {containing: closed, within: 0.2}")
    guest = player(door, tmp_path, text, host=shop.address)(table.environment)
    guest.on_start()
    guest.play()
    shop.stop()
    guest.play()
    assert [row[0::2] for row in table.told] == [
        ("open", None),
        ("echo", None),
        ("answer", "the step was not met"),
        ("open", "no connection"),
    ]


def test_a_wrong_scenario_file_ends_locust_before_the_first_guest_comes(door: ModuleType, tmp_path: Path):
    with pytest.raises(ValueError, match=r"shop\.scenario\.yaml:6.*sayy"):
        player(door, tmp_path, HOURS.replace("- say:", "- sayy:"))
    with pytest.raises(TypeError, match="Player has no scenario"):
        player(door, tmp_path, HOURS, scenario="")
    with pytest.raises(OSError, match="nothing"):
        player(door, tmp_path, HOURS, scenario="nothing.scenario.yaml")


def test_a_scenario_stands_beside_its_locustfile(
    door: ModuleType, shop: Simulator, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    locustfile = ModuleType("locustfile_of_a_test")
    locustfile.__file__ = str(tmp_path / "locustfile.py")
    monkeypatch.setitem(sys.modules, locustfile.__name__, locustfile)
    attributes = {"scenario": "shop.scenario.yaml", "__module__": locustfile.__name__, "host": shop.address}
    guest = player(door, tmp_path, HOURS, **attributes)(table.environment)
    guest.on_start()
    guest.play()
    assert [row.error for row in table.rows] == [None] * 3


@pytest.mark.parametrize(("host", "error"), [(None, "neither --host nor config.address"), ("nowhere", "'nowhere'")])
def test_scenarios_without_a_place_are_a_row_and_stop(
    door: ModuleType, table: Table, tmp_path: Path, host: str | None, error: str
):
    guest = player(door, tmp_path, HOURS, host=host)(table.environment)
    guest.run()
    assert [row[:2] for row in table.rows] == [("open", "open")]
    assert error in str(table.rows[0].error)
