"""What users make of models: their own subclasses, dataclasses-json's configuration, and stock reading beside ours."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any

import pytest
from dataclasses_json import LetterCase, config

from genesys_webmessaging.exceptions import DecodeError
from genesys_webmessaging.models import (
    BaseMessagingChannel,
    ContentCard,
    Direction,
    JwtResponse,
    MessageContent,
    SendMessageRequest,
    StructuredMessage,
    WebMessagingMessageEntityList,
    WireModel,
)
from genesys_webmessaging.models._base import wire
from genesys_webmessaging.models._codec import decoder_of, encoder_of

sys.path.insert(0, str(Path(__file__).parent.parent / "perf"))
import codec as perf

UTC = timezone.utc


# What users make of it


@dataclass(kw_only=True)
class Reader(WireModel):
    """A user's class whose fields are configured in all the ways of dataclasses-json."""

    renamed: str | None = field(default=None, metadata=config(field_name="re-named"))
    inKebab: str | None = field(default=None, metadata=config(letter_case=LetterCase.KEBAB))
    shouted: str | None = field(default=None, metadata=config(encoder=str.lower, decoder=str.upper))
    hidden: str | None = field(default=None, metadata=config(exclude=lambda value: value == "hide"))
    day: date | None = field(default=None, metadata=config(encoder=date.isoformat, decoder=date.fromisoformat))


def test_the_configuration_of_dataclasses_json_is_honoured() -> None:
    document = {"re-named": "a", "in-kebab": "b", "shouted": "Cd", "hidden": "hide", "day": "2023-09-07"}

    reader = Reader.from_dict(document)

    assert reader == Reader(renamed="a", inKebab="b", shouted="CD", hidden="hide", day=date(2023, 9, 7))
    assert reader.to_dict() == {"re-named": "a", "in-kebab": "b", "shouted": "cd", "day": "2023-09-07"}
    assert Reader.from_dict({"shouted": None, "day": None}) == Reader()
    assert Reader.from_dict({"day": date(2023, 9, 7)}).day == date(2023, 9, 7)


def test_a_decoder_that_refuses_is_a_decode_error() -> None:
    with pytest.raises(DecodeError, match=r"Reader\.day: refused by its decoder") as caught:
        Reader.from_dict({"day": "someday"})
    assert isinstance(caught.value.__cause__, ValueError)


@dataclass(kw_only=True)
class Extended(StructuredMessage):
    """A user's subclass of a model."""

    score: int = 7
    tags: dict[str, list[int]] = field(default_factory=dict)
    parent: Extended | None = None
    children: list[Extended] = field(default_factory=list)
    secret: str | None = wire("s", secret=True)

    @property
    def loud(self) -> str:
        return str(self.text).upper()


def test_a_subclass_reads_and_writes_its_own_fields_too() -> None:
    document = {"text": "hi", "score": "5", "tags": {"a": ["1", 2]}, "parent": {"text": "p"}, "children": [{"s": "x"}]}

    read = Extended.from_dict(document)

    assert read == Extended(
        text="hi", score=5, tags={"a": [1, 2]}, parent=Extended(text="p"), children=[Extended(secret="x")]
    )
    assert read.loud == "HI"
    assert read.to_dict() == {
        "text": "hi",
        "score": 5,
        "tags": {"a": [1, 2]},
        "parent": {"text": "p", "score": 7},
        "children": [{"score": 7, "s": "x"}],
    }
    assert Extended.from_dict({}) == Extended()


@dataclass(kw_only=True)
class Checked(WireModel):
    """A user's class that looks at what it is given."""

    required: str
    size: int = 0
    twice: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        if self.size == 13:
            raise KeyError("unlucky")
        self.twice = 2 * self.size


def test_a_constructor_that_does_more_than_set_fields_is_called() -> None:
    assert Checked.from_dict({"required": "a", "size": "4"}).twice == 8
    assert Checked.from_dict({}).required is None
    with pytest.raises(DecodeError, match="Checked: refused by its constructor") as caught:
        Checked.from_dict({"size": 13})
    assert isinstance(caught.value.__cause__, KeyError)


class Undecorated(StructuredMessage):
    """A user's subclass without fields of its own."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.made = True


def test_a_constructor_written_by_hand_is_called() -> None:
    assert Undecorated.from_dict({"text": "hi"}).made
    assert Undecorated.from_dict({"text": "hi"}).to_dict() == {"text": "hi"}


class Mood(Enum):
    GOOD = "good"


class Level(IntEnum):
    LOW = 1


@dataclass(kw_only=True)
class Plain:
    """No model at all."""

    size: int | None = None


@dataclass(kw_only=True)
class Foreign(WireModel):
    """A user's class with types that the wire does not have."""

    mood: Mood | None = None
    level: Level | None = None
    id: uuid.UUID | None = None
    price: Decimal | None = None
    labels: set[str] | None = None
    either: int | str | None = None
    anything: list | None = None  # type: ignore[type-arg]
    plain: Plain | None = None
    quoted: list["Plain"] | None = None  # noqa: UP037 - Python 3.10 leaves the quotes in


def test_types_that_the_wire_does_not_have_are_read_as_dataclasses_json_reads_them() -> None:
    key = "5f4dcc3b-5aa7-65d6-1d83-27deb882cf99"
    document = {
        "mood": "good",
        "level": 1,
        "id": key,
        "price": "1.50",
        "labels": ["a"],
        "either": "x",
        "anything": [1, {"a": None}],
        "plain": {"size": "5"},
        "quoted": [{"size": 6}],
    }

    read = Foreign.from_dict(document)

    assert read == Foreign(
        mood=Mood.GOOD,
        level=Level.LOW,
        id=uuid.UUID(key),
        price=Decimal("1.50"),
        labels={"a"},
        either="x",
        anything=[1, {"a": None}],
        plain=Plain(size=5),
        quoted=[Plain(size=6)],
    )
    assert json.loads(read.to_json()) == {**document, "plain": {"size": 5}}
    assert Foreign.from_dict({"mood": "bad", "level": 9, "id": "x"}).to_dict() == {"mood": "bad", "level": 9, "id": "x"}


def test_a_class_made_in_a_function_may_contain_itself() -> None:
    @dataclass(kw_only=True)
    class Node(WireModel):
        children: list[Node] = field(default_factory=list)

    assert Node.from_dict({"children": [{}, {"children": [{}]}]}).to_dict() == {"children": [{}, {"children": [{}]}]}


def test_what_a_user_put_into_a_field_is_written_if_json_has_a_word_for_it() -> None:
    moment = datetime(2023, 9, 7, tzinfo=UTC)
    message: Any = StructuredMessage(text=5, id=Direction.INBOUND, tracingId=moment)  # type: ignore[arg-type]
    message.content = (MessageContent(text="x"),)
    message.metadata = {"a": moment, "b": {"c": [Mood.GOOD]}}

    assert message.to_dict() == {
        "text": 5,
        "id": "Inbound",
        "tracingId": "2023-09-07T00:00:00Z",
        "content": [{"text": "x"}],
        "metadata": {"a": "2023-09-07T00:00:00Z", "b": {"c": ["good"]}},
    }


def test_from_json_and_to_json_take_what_json_takes() -> None:
    assert JwtResponse.from_json('{"exp": 1.5}', parse_float=Decimal).exp == Decimal("1.5")
    assert StructuredMessage(text="é").to_json(ensure_ascii=False, separators=(",", ":")) == '{"text":"é"}'
    assert StructuredMessage(text="a", id="b").to_json(sort_keys=True, indent=0) == '{\n"id": "b",\n"text": "a"\n}'
    assert StructuredMessage.from_dict({}, infer_missing=True) == StructuredMessage()
    assert StructuredMessage(text="a").to_dict(encode_json=True) == {"text": "a"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_schema_is_that_of_dataclasses_json() -> None:
    schema = BaseMessagingChannel.schema()

    assert schema.load({"type": "Public", "from": {"nickname": "A"}}) == BaseMessagingChannel.from_dict(
        {"type": "Public", "from": {"nickname": "A"}}
    )


# Against stock dataclasses-json


@pytest.mark.parametrize("document", [perf.TEXT, perf.TYPING, perf.RICH], ids=["text", "typing", "rich"])
def test_an_ordinary_message_is_read_as_stock_dataclasses_json_reads_it(document: dict[str, Any]) -> None:
    assert StructuredMessage.from_dict(document) == super(WireModel, StructuredMessage).from_dict(document)


def test_a_history_page_is_read_and_written_back() -> None:
    page = WebMessagingMessageEntityList.from_dict(perf.HISTORY)

    assert len(page.entities) == 100
    assert page.entities[0].channel.time == datetime(2023, 9, 7, 18, 59, 0, 123_000, tzinfo=UTC)
    assert WebMessagingMessageEntityList.from_dict(page.to_dict()) == page


@pytest.mark.parametrize("of", [decoder_of, encoder_of])
def test_a_class_is_compiled_once(of: Callable[[type], object]) -> None:
    assert of(SendMessageRequest) is of(SendMessageRequest)
    assert of(SendMessageRequest) is not of(ContentCard)


def test_an_object_is_read_alike_whatever_the_ones_before_it_had() -> None:
    @dataclass(kw_only=True, slots=True)
    class Part(WireModel):
        text: str | None = None
        size: int | None = None
        direction: Direction | None = None
        tags: list[str] = field(default_factory=list)

    whole = {"text": "a", "size": 1, "direction": "Inbound", "tags": ["b"]}
    expected = {"text": "a", "size": 1, "direction": Direction.INBOUND, "tags": ["b"]}
    for left_out in ((), ("size",), ("text",), (), ("text", "tags"), tuple(whole), ()):
        read = Part.from_dict({key: value for key, value in whole.items() if key not in left_out})
        assert read == Part(**{key: value for key, value in expected.items() if key not in left_out})  # type: ignore[arg-type]


def test_a_key_error_of_a_default_is_not_taken_for_a_missing_key() -> None:
    def make() -> list[str]:
        raise KeyError("mine")

    @dataclass(kw_only=True, slots=True)
    class Part(WireModel):
        tags: list[str] = field(default_factory=make)

    with pytest.raises(KeyError, match="mine"):
        Part.from_dict({"tags": None})


def test_a_decoded_model_is_a_whole_instance() -> None:
    read = ContentCard.from_dict({"title": "A"})

    assert read == ContentCard(title="A")
    assert repr(read) == repr(ContentCard(title="A"))
    read.description = "changed"
    assert read.to_dict() == {"title": "A", "description": "changed"}
