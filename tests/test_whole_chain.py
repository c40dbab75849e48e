"""Whatever a server sends, nobody on the way of a message is disturbed by it.

Frames of every class, some of their values replaced by odd ones, go from a raw server through the client and all its
companions into a conversation, a transcript and onto the terminal; entities of the history go the ways they go. What
is heard after them tells that all are alive, and what was logged that none of them raised.
"""

from __future__ import annotations

import copy
import io
import json
import logging
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from _fixtures import ORIGIN
from _lagging_service import LaggingService
from _listeners import Recorder, until
from _websockets_peer import WebSocketsPeer, message
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from genesys_webmessaging import ApiClient, SessionListener, WebMessagingClient
from genesys_webmessaging._core import offers
from genesys_webmessaging.cli._events import Events
from genesys_webmessaging.cli._formats import as_history, as_transcript
from genesys_webmessaging.cli._message import show
from genesys_webmessaging.cli._screen import Screen
from genesys_webmessaging.companions import Reconnector, Transcript, TranscriptFormat
from genesys_webmessaging.companions._seen import fingerprint_of
from genesys_webmessaging.conversation import Conversation, ConversationState
from genesys_webmessaging.models import StructuredMessage, WebMessagingMessageEntityList

SHAPES = json.loads((Path(__file__).parent / "data" / "live_shapes.json").read_text(encoding="utf-8"))
FRAMES = [shape["frame"] for shape in SHAPES if shape["direction"] == "server" and "class" in shape["frame"]]
ENTITIES = next(shape["frame"]["entities"] for shape in SHAPES if shape["name"] == "history_page")
MESSAGES = [frame["body"] for frame in FRAMES if frame["class"] == "StructuredMessage" and "body" in frame]

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    1e308,
    10**400,
    "",
    " ",
    "soon",
    "nan",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+14:00",
    "2023-02-30T00:00:00Z",
    "\ud800",
    "\x1b[2J\r\n",
    "x" * 3000,
    [],
    [1],
    [None],
    [[{}]],
    {},
    {"a": {}},
    {"a": None},
]


def places_in(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the values in a document are."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*place, key)
        yield from places_in(inner, (*place, key))


def made_odd(documents: list[Any], below: Callable[[int], int]) -> Any:
    """One of these documents, in which a few values are odd.

    Args:
        documents: The documents.
        below: Chooses a number from 0 to one below that which it is given.
    """
    document = copy.deepcopy(documents[below(len(documents))])
    for _ in range(1 + below(4)):
        places = list(places_in(document)) or [("type",)]
        *way, last = places[below(len(places))]
        holder = document
        for key in way:
            holder = holder[key]
        holder[last] = copy.deepcopy(ODD[below(len(ODD))])
    return document


@st.composite
def odd(draw: st.DrawFn, documents: list[Any]) -> Any:
    """Odd documents. Chosen by number, because hypothesis is slow to look at large documents."""
    return made_odd(documents, lambda number: draw(st.integers(0, number - 1)))


class Faults(logging.Handler):
    """Keeps what was logged because somebody raised."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.told.append(self.format(record))

    def take(self) -> list[str]:
        told, self.told = self.told, []
        return told


@pytest.fixture
def faults() -> Iterator[Faults]:
    handler = Faults()
    logger = logging.getLogger("genesys_webmessaging")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


class Terminal(SessionListener):
    """Shows messages as the command line does, and looks for what they offer."""

    def __init__(self) -> None:
        self.screen = Screen(io.StringIO())

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        self.screen.message(show(structuredMessage))
        offered = (
            (offers.chosen_reply, (structuredMessage, "Front")),
            (offers.chosen_button, (structuredMessage, 0, "Book")),
            (offers.chosen_slot, (structuredMessage, "2031-05-06T07:30:00Z")),
        )
        for choose, arguments in offered:
            try:
                choose(*arguments)
            except ValueError as error:
                self.screen.note(str(error))


class Chain:
    """A conversation with everything that there is, on a server that says what a test tells it to."""

    def __init__(self, peer: WebSocketsPeer) -> None:
        self._peer = peer
        self._said = 0
        self._chats: list[Conversation] = []

    def hear(self, frames: list[Any]) -> None:
        """Let the conversation hear these frames and then a message, unless they end it."""
        if not self._chats or self._chats[-1].state is not ConversationState.OPEN:
            self._open()
        chat = self._chats[-1]
        for frame in frames:
            self._guest.send(json.dumps(frame))
        self._said += 1
        marker = f"all of that, {self._said}"
        self._guest.send(message(marker))
        until(lambda: marker in self.recorder.texts or chat.ended)
        chat.collect(0, 0)
        assert chat.otherSideTyping in (True, False)

    def close(self) -> None:
        """Close the conversation, and write down what was said in every way there is."""
        for chat in self._chats:
            chat.close()
            for format_ in TranscriptFormat:
                assert chat.transcript(format_)
        self._chats.clear()

    def _open(self) -> None:
        self.close()
        self.recorder = Recorder()
        with ThreadPoolExecutor(1) as opening:
            opened = opening.submit(
                Conversation.open,
                self._peer.address,
                "demo",
                origin=ORIGIN,
                timeout=5,
                holdTime=0.001,
                listeners=[Terminal(), Events(), self.recorder],
            )
            self._guest = self._peer.guest()
            self._guest.configure()
            self._chats.append(opened.result(5))


def many(documents: list[Any]) -> Any:
    """Run a test with many lists of odd documents."""

    def decorate(test: Any) -> Any:
        return settings(
            max_examples=60,
            database=None,
            phases=[Phase.generate],  # each example is quick to read, and slow to run again for a smaller one
            suppress_health_check=[HealthCheck.too_slow],
        )(given(st.lists(odd(documents), min_size=1, max_size=6))(test))

    return decorate


def test_odd_frames_disturb_nobody(peer: WebSocketsPeer, faults: Faults) -> None:
    chain = Chain(peer)

    @many(FRAMES)
    def check(frames: list[Any]) -> None:
        chain.hear(frames)
        assert faults.take() == []

    with closing(chain):
        check()


def test_odd_messages_disturb_nobody(peer: WebSocketsPeer, faults: Faults) -> None:
    chain = Chain(peer)

    @many(MESSAGES)
    def check(bodies: list[Any]) -> None:
        chain.hear([{"type": "message", "class": "StructuredMessage", "code": 200, "body": body} for body in bodies])
        assert faults.take() == []

    with closing(chain):
        check()


@many(ENTITIES + MESSAGES)
def test_an_odd_history_disturbs_nobody(entities: list[Any]) -> None:
    page = WebMessagingMessageEntityList.from_dict({"entities": entities}).entities
    terminal = Terminal()

    for entity in page:
        heard = StructuredMessage.from_dict(entity.to_dict())
        terminal.structuredMessage(heard, entity.to_json())
        assert fingerprint_of(heard) == fingerprint_of(entity)
        assert hash(fingerprint_of(heard))
    for shape in ("text", "json", "jsonl", "markdown", "csv"):
        assert isinstance(as_history(page, shape), str)
        assert isinstance(as_transcript(page, shape), str)


@pytest.mark.parametrize("seed", range(3))
def test_an_odd_gap_is_filled_all_the_same(seed: int, faults: Faults, recorder: Recorder) -> None:
    chance = random.Random(seed)
    transcript = Transcript()
    with LaggingService() as service, WebMessagingClient(service.address) as client:
        client.setApiClient(ApiClient(service.restAddress, historyCallsPerMinute=None))
        reconnector = Reconnector(client, Terminal(), transcript, recorder, firstDelay=0.01, historyLag=0.3)
        client.addSessionListener(reconnector)
        with closing(client.apiClient), closing(reconnector):
            reconnector.connect("demo", ORIGIN)
            service.cut()
            until(lambda: not service.guests)
            for number in range(40):
                service.say(f"missed {number}")
                service.said.append((0.0, made_odd(ENTITIES + MESSAGES, chance.randrange)))
            recorder.waitForText("missed 39")
    said = [text for text in recorder.texts if str(text).startswith("missed")]
    assert said == [f"missed {number}" for number in range(40)]
    assert transcript.asText().count("missed 39") == 1
    assert faults.take() == []
