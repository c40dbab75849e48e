from __future__ import annotations

import copy
import json
import math
import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesys_webmessaging.exceptions import DecodeError
from genesys_webmessaging.models import (
    BaseMessage,
    BaseMessagingChannel,
    ContentDatePicker,
    ContentDatePickerAvailableTime,
    ContentType,
    Direction,
    ErrorBody,
    EventPresence,
    EventPresenceType,
    EventType,
    JwtResponse,
    MessageContent,
    NormalizedType,
    PresignedUrlResponse,
    SessionResponse,
    StructuredMessage,
    WebMessagingChannel,
    WebMessagingMessageEntityList,
    WireModel,
)
from genesys_webmessaging.models._codec import decoder_of

sys.path.insert(0, str(Path(__file__).parent.parent / "perf"))
import codec as perf

UTC = timezone.utc
HUGE = 10**5000
ODD_VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    HUGE,
    1.5,
    1e308,
    math.inf,
    -math.inf,
    "",
    " ",
    "text",
    "9" * 5000,
    "1e999",
    "NaN",
    "\ud800",
    [],
    [None],
    ["text"],
    [[{}]],
    {},
    {"text": 1},
    {"": None},
]

texts = st.text('aZ0_-. \n"\\é☃\U0001f600\ud800', max_size=5)
json_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def said(**body: Any) -> StructuredMessage:
    return StructuredMessage.from_dict(body)


# Scalars


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (5, "5"), (-5, "-5"), (1.5, "1.5"), (1e22, "1e+22"), (math.nan, "NaN")],
)
def test_a_number_or_a_boolean_in_a_text_field_becomes_its_json_text(value: Any, text: str) -> None:
    assert said(text=value).text == text


@pytest.mark.parametrize(
    ("value", "integer"),
    [("12", 12), (" 12 ", 12), ("+12", 12), ("-12", -12), (12.9, 12), (-12.9, -12), (3_000_000_000, 3_000_000_000)],
)
def test_a_text_of_digits_or_a_fraction_in_an_integer_field_becomes_an_integer(value: Any, integer: int) -> None:
    read = PresignedUrlResponse.from_dict({"fileSize": value}).fileSize

    assert (read, type(read)) == (integer, int)


@pytest.mark.parametrize("value", ["12.9", "1_000", "0x10", "١٢", "", "twelve", "9" * 5000, True, math.inf, -math.inf])
def test_what_can_be_no_integer_stays_as_it_came(value: Any) -> None:
    read = PresignedUrlResponse.from_dict({"fileSize": value})

    assert (read.fileSize, type(read.fileSize)) == (value, type(value))
    assert read.to_dict() == {"fileSize": value}


@pytest.mark.parametrize(
    ("value", "number"), [("1694113140", 1694113140), ("1.5", 1.5), ("-1.5e3", -1500.0), (7, 7), (1.5, 1.5)]
)
def test_a_text_in_a_number_field_becomes_a_number(value: Any, number: float) -> None:
    read = JwtResponse.from_dict({"exp": value}).exp

    assert (read, type(read)) == (number, type(number))


@pytest.mark.parametrize("value", ["", "NaN", "Infinity", "1e999", "soon", "1,5", True])
def test_what_can_be_no_number_stays_as_it_came(value: Any) -> None:
    read = JwtResponse.from_dict({"exp": value}).exp

    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("value", "boolean"),
    [("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), (1, True), (0, False)],
)
def test_a_text_or_a_number_in_a_boolean_field_becomes_a_boolean(value: Any, boolean: bool) -> None:
    assert SessionResponse.from_dict({"connected": value}).connected is boolean


@pytest.mark.parametrize("value", ["yes", "", 2, -1, 1.0])
def test_what_can_be_no_boolean_stays_as_it_came(value: Any) -> None:
    read = SessionResponse.from_dict({"connected": value}).connected

    assert (read, type(read)) == (value, type(value))


def test_null_in_a_scalar_field_is_none() -> None:
    assert said(text=None, type=None, channel=None, metadata=None) == StructuredMessage()


@pytest.mark.parametrize("value", [{"a": 1}, ["a"], [], {}])
@pytest.mark.parametrize("name", ["text", "type", "direction", "id"])
def test_a_container_in_a_scalar_or_enum_field_stays_as_it_came(name: str, value: Any) -> None:
    read = said(**{name: value})

    assert getattr(read, name) == value
    assert getattr(read, name) is not value
    assert read.to_dict() == {name: value}


# Enums


def test_an_enum_matches_in_any_case() -> None:
    assert said(type="text").type is NormalizedType.TEXT
    assert said(direction="OUTBOUND").direction is Direction.OUTBOUND


def test_an_unknown_enum_value_is_kept_and_written_back() -> None:
    presence = EventPresence.from_dict({"type": "Bogus"})

    assert presence.type == "Bogus"
    assert isinstance(presence.type, EventPresenceType)
    assert not presence.type.isRecognized
    assert presence.to_dict() == {"type": "Bogus"}
    assert type(presence.to_dict()["type"]) is str


def test_the_empty_text_is_an_unknown_enum_value_too() -> None:
    assert said(originatingEntity="").to_dict() == {"originatingEntity": ""}


@pytest.mark.parametrize("value", [3, True, 1.5])
def test_what_is_no_text_in_an_enum_field_stays_as_it_came(value: Any) -> None:
    read = said(type=value)

    assert (read.type, type(read.type)) == (value, type(value))
    assert read.to_dict() == {"type": value}


def test_unknown_enum_values_are_not_remembered() -> None:
    decode = decoder_of(EventPresence)
    before = len(EventPresenceType._value2member_map_)

    for number in range(100):
        decode({"type": f"Bogus{number}"})

    assert len(EventPresenceType._value2member_map_) == before
    assert decode({"type": "Bogus"}).type is not decode({"type": "Bogus"}).type


# Containers


def test_null_is_an_empty_list_and_no_map() -> None:
    read = said(content=None, events=None, metadata=None)

    assert (read.content, read.events, read.metadata) == ([], [], None)


def test_the_empty_text_stands_for_null_where_an_object_a_list_or_a_map_belongs() -> None:
    read = said(channel="", content="", metadata="", events=[{"eventType": "Typing", "typing": ""}])

    assert (read.channel, read.content, read.metadata) == (None, [], None)
    assert read.events[0].typing is None


def test_null_in_a_list_or_a_map_stays_null() -> None:
    read = said(content=[None, {"contentType": "Text"}], metadata={"a": None, "b": "c"})

    assert read.content[0] is None
    assert read.metadata == {"a": None, "b": "c"}
    assert read.to_dict() == {"content": [None, {"contentType": "Text"}], "metadata": {"a": None, "b": "c"}}


def test_the_values_of_a_text_map_become_text() -> None:
    assert said(metadata={"n": 5, "b": True, "f": 1.5, "o": {"a": 1}}).metadata == {
        "n": "5",
        "b": "true",
        "f": "1.5",
        "o": {"a": 1},
    }


def test_the_items_of_a_text_list_become_text() -> None:
    assert SessionResponse.from_dict({"blockedExtensions": [".exe", 5, None]}).blockedExtensions == [".exe", "5", None]


ODD_PARTS: list[tuple[dict[str, Any], str, Any]] = [
    ({"channel": "x"}, "channel", None),
    ({"channel": []}, "channel", None),
    ({"channel": 0}, "channel", None),
    ({"channel": False}, "channel", None),
    ({"content": {}}, "content", []),
    ({"content": {"0": {"contentType": "Text"}}}, "content", []),
    ({"content": "x"}, "content", []),
    ({"events": 5}, "events", []),
    ({"metadata": ["x"]}, "metadata", None),
]


@pytest.mark.parametrize(("body", "name", "empty"), ODD_PARTS)
def test_a_part_of_the_wrong_shape_is_read_as_empty_and_written_as_it_came(
    body: dict[str, Any], name: str, empty: Any
) -> None:
    body = {"text": "hi", **body}

    for read in (said(**body), StructuredMessage.from_json(json.dumps(body))):
        assert (read.text, getattr(read, name)) == ("hi", empty)
        assert read.to_dict() == body
        for twin in (copy.copy(read), copy.deepcopy(read), pickle.loads(pickle.dumps(read))):
            assert twin.to_dict() == body


@pytest.mark.parametrize(
    ("part", "read_as"),
    [
        ({"channel": {"from": 5, "time": "t"}}, {"channel": {"time": "t"}}),
        ({"content": [{"contentType": "Carousel", "carousel": {"cards": {}}}]}, None),
        ({"content": [{"contentType": "Card", "card": {"title": "A", "defaultAction": "x", "actions": [5]}}]}, None),
        ({"events": [{"eventType": "Typing", "typing": "On"}]}, None),
        ({"content": [{"contentType": "Card", "card": ["x"]}, {"contentType": "Text", "text": {"body": "b"}}]}, None),
    ],
)
def test_an_odd_part_costs_that_part_alone_however_deep_it_is(part: dict[str, Any], read_as: dict[str, Any]) -> None:
    read = said(text="hi", **part)

    assert read.to_dict() == {"text": "hi", **part}
    if read_as:
        assert read == said(text="hi", **read_as)


def test_the_parts_beside_an_odd_one_are_read() -> None:
    card = {"title": "A", "defaultAction": "x", "actions": [5, {"text": "Buy"}]}
    read = said(content=[{"contentType": "Card", "card": card}]).content[0]

    assert (read.contentType, read.raw) == ("Card", None)
    assert (read.card.title, read.card.defaultAction) == ("A", None)
    assert [action.text for action in read.card.actions] == [None, "Buy"]


@pytest.mark.parametrize("odd", ["x", "", 5, 0, False, [], ["x"], [[{}]]])
@pytest.mark.parametrize("name", ["content", "events"])
def test_what_is_not_an_object_among_content_or_events_is_kept_raw(name: str, odd: Any) -> None:
    kind = {"content": "contentType", "events": "eventType"}[name]
    body = {"text": "hi", name: [{kind: "Reactions"}, odd, {kind: "Reactions"}]}

    first, strange, last = getattr(said(**body), name)

    assert first == last == type(first)(**{kind: "Reactions"})
    assert strange == type(first)()
    assert (strange.raw, type(strange.raw)) == (odd, type(odd))
    assert strange.to_dict() == {}
    assert said(**body).to_dict() == body
    assert (first.raw, last.raw) == (None, None)


def test_a_piece_of_content_with_an_odd_part_keeps_the_whole_object_too() -> None:
    document = {"contentType": "Card", "card": "x", "new": [1]}
    read = MessageContent.from_dict(document)

    assert (read.contentType, read.card, read.raw) == ("Card", None, document)
    assert read.to_dict() == {"contentType": "Card", "card": "x"}


def test_an_odd_part_that_is_given_a_value_is_written_with_that() -> None:
    read = said(text="hi", channel="x", content="y", events=[5])
    read.channel = BaseMessagingChannel(time="t")
    read.content = [MessageContent(contentType=ContentType.CARD)]
    read.events[0].eventType = EventType.TYPING

    assert read.to_dict() == {
        "text": "hi",
        "channel": {"time": "t"},
        "content": [{"contentType": "Card"}],
        "events": [{"eventType": "Typing"}],
    }


def test_an_odd_entity_of_the_history_costs_neither_the_page_nor_its_neighbours() -> None:
    page = {
        "entities": [{"id": "1", "content": ["x", {"contentType": "Card", "card": {"title": "A"}}]}, 5, {"id": "2"}],
        "total": 3,
    }
    read = WebMessagingMessageEntityList.from_dict(page)

    assert [entity.id for entity in read.entities] == ["1", None, "2"]
    assert read.entities[0].content[1].card.title == "A"
    assert read.to_dict() == page


def test_what_was_kept_is_a_copy_both_ways() -> None:
    document: dict[str, Any] = {"content": {"a": [1]}, "events": [[1]]}
    read = said(**document)

    document["content"]["a"].append(2)
    document["events"][0].append(2)
    read.to_dict()["content"]["a"].append(3)
    read.to_dict()["events"][0].append(3)

    assert read.to_dict() == {"content": {"a": [1]}, "events": [[1]]}


@pytest.mark.parametrize("document", [None, "", "text", 5, True, [], [{}]])
def test_what_is_no_object_at_all_is_an_error_that_names_the_class(document: Any) -> None:
    with pytest.raises(DecodeError, match=r"^StructuredMessage: expected an object, got "):
        StructuredMessage.from_dict(document)


def test_an_error_does_not_quote_the_document() -> None:
    for document in ("s3cr3t", ["s3cr3t"]):
        with pytest.raises(DecodeError) as caught:
            StructuredMessage.from_dict(document)
        assert "s3cr3t" not in repr(caught.value)


def test_unknown_keys_are_ignored() -> None:
    assert said(text="hi", foo=1, channel={"bar": 2, "time": "t"}) == StructuredMessage(
        text="hi", channel=BaseMessagingChannel(time="t")
    )


@pytest.mark.parametrize("name", ["to_dict", "__class__", "__dict__", "_raw", "raw", "from_"])
def test_a_key_of_the_server_cannot_become_an_attribute_that_is_no_field(name: str) -> None:
    channel = BaseMessagingChannel.from_dict({name: "x"})
    content = MessageContent.from_dict({"contentType": "Text", name: "x"})

    assert channel == BaseMessagingChannel()
    assert channel.to_dict() == {}
    assert content.to_dict() == {"contentType": "Text"}


def test_other_mappings_and_tuples_are_taken_for_objects_and_lists() -> None:
    ordered = json.dumps(perf.RICH)

    assert StructuredMessage.from_json(ordered, object_pairs_hook=OrderedDict) == StructuredMessage.from_dict(perf.RICH)
    assert said(content=({"contentType": "Text"},)) == said(content=[{"contentType": "Text"}])


def test_models_in_a_document_are_taken_as_they_are() -> None:
    channel = BaseMessagingChannel(time="t")

    assert said(channel=channel).channel is channel
    assert StructuredMessage.from_dict(message := StructuredMessage()) is message


# Nothing but DecodeError


@pytest.mark.parametrize(
    "value", [*ODD_VALUES, math.nan], ids=lambda value: "huge" if value == HUGE else ascii(value)[:20]
)
@pytest.mark.parametrize("cls", [StructuredMessage, SessionResponse, WebMessagingMessageEntityList, BaseMessage])
def test_an_odd_value_anywhere_is_read_or_is_a_decode_error(cls: type[WireModel], value: Any) -> None:
    document = {"text": value, "content": [{"contentType": value, "attachment": {"fileSize": value}}]}
    everywhere = dict.fromkeys(cls.__dataclass_fields__, value)
    entities = {"entities": [{"channel": {"time": value}, "metadata": {"a": value}}]}
    for each in (document, everywhere, entities):
        with suppress(DecodeError):
            cls.from_dict(each).to_dict()


@settings(max_examples=100, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*StructuredMessage.__dataclass_fields__, "class"]), json_documents))
def test_any_document_is_read_or_is_a_decode_error(document: dict[str, Any]) -> None:
    for cls in (StructuredMessage, BaseMessage):
        with suppress(DecodeError):
            json.loads(cls.from_dict(document).to_json())


def test_any_value_may_be_nested_as_deeply_as_it_likes() -> None:
    deep: Any = "bottom"
    for _ in range(20_000):
        deep = [deep]

    for document in ({"body": deep}, {"unknown": deep}, {"code": deep}, {"type": deep}):
        assert isinstance(BaseMessage.from_dict(document), BaseMessage)
    found = BaseMessage.from_dict({"body": deep}).to_dict()["body"]
    for _ in range(20_000):
        found = found[0]
    assert found == "bottom"
    assert MessageContent.from_dict({"contentType": "Hologram", "deep": deep}).raw is not None


def test_a_recursive_model_may_be_nested_a_little() -> None:
    document: dict[str, Any] = {"message": "bottom"}
    for _ in range(50):
        document = {"errors": [document]}

    assert ErrorBody.from_dict(document).to_dict() == document


def test_a_recursive_model_nested_thousands_deep_is_a_decode_error() -> None:
    document: dict[str, Any] = {"message": "bottom"}
    for _ in range(20_000):
        document = {"errors": [document]}

    with pytest.raises(DecodeError, match="ErrorBody: nested too deeply"):
        ErrorBody.from_dict(document)


@pytest.mark.parametrize(
    "text", ["", "{", "nothing", '{"text": 1} {}', b"\xff", "[" * 200_000, '{"text": %s}' % ("9" * 5000)]
)
def test_text_that_is_no_json_document_is_a_decode_error(text: Any) -> None:
    with pytest.raises(DecodeError, match=r"^StructuredMessage: not a JSON document") as caught:
        StructuredMessage.from_json(text)
    assert caught.value.__cause__ is not None


# Dates


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-09-07T18:59:00Z", datetime(2023, 9, 7, 18, 59, tzinfo=UTC)),
        ("2023-09-07T18:59Z", datetime(2023, 9, 7, 18, 59, tzinfo=UTC)),
        ("2023-09-07T18:59:00.1Z", datetime(2023, 9, 7, 18, 59, 0, 100_000, tzinfo=UTC)),
        ("2023-09-07T18:59:00.123Z", datetime(2023, 9, 7, 18, 59, 0, 123_000, tzinfo=UTC)),
        ("2023-09-07T18:59:00.123456Z", datetime(2023, 9, 7, 18, 59, 0, 123_456, tzinfo=UTC)),
        ("2023-09-07T18:59:00.123456789Z", datetime(2023, 9, 7, 18, 59, 0, 123_456, tzinfo=UTC)),
        ("2023-09-07T18:59:00.123456789+02:00", datetime(2023, 9, 7, 16, 59, 0, 123_456, tzinfo=UTC)),
        ("2023-09-07T18:59:00.123+0200", datetime(2023, 9, 7, 16, 59, 0, 123_000, tzinfo=UTC)),
        ("2023-09-07T18:59:00.123+02:00", datetime(2023, 9, 7, 16, 59, 0, 123_000, tzinfo=UTC)),
        ("2023-09-07T18:59:00-05", datetime(2023, 9, 7, 23, 59, tzinfo=UTC)),
        ("2023-09-07t18:59:00z", datetime(2023, 9, 7, 18, 59, tzinfo=UTC)),
        ("2023-09-07 18:59:00", datetime(2023, 9, 7, 18, 59, tzinfo=UTC)),
        ("2023-09-07T18:59:00", datetime(2023, 9, 7, 18, 59, tzinfo=UTC)),
        ("2023-09-07", datetime(2023, 9, 7, tzinfo=UTC)),
        ("1694113140123", datetime(2023, 9, 7, 18, 59, 0, 123_000, tzinfo=UTC)),
        (1694113140123, datetime(2023, 9, 7, 18, 59, 0, 123_000, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1000, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_date_is_read_however_it_is_written(text: Any, moment: datetime) -> None:
    read = WebMessagingChannel.from_dict({"time": text}).time

    assert read == moment
    assert read.tzinfo is not None


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "",
        "2023-13-01",
        "2023-02-30T00:00:00Z",
        "2023-09-07T25:00:00Z",
        "20230907",
        "9" * 30,
        True,
        math.inf,
    ],
)
def test_what_can_be_no_date_stays_as_it_came(value: Any) -> None:
    read = WebMessagingChannel.from_dict({"time": value})

    assert (read.time, type(read.time)) == (value, type(value))
    assert read.to_dict() == {"time": value}


AS_WRITTEN: list[Any] = [
    "2031-05-06T17:30:00.000Z",
    "2031-05-06T17:30:00.100Z",
    "2031-05-06T17:30:00,100Z",
    "2031-05-06 17:30:00.100Z",
    "2031-05-06T17:30Z",
    "2031-05-06T17:30:00",
    "2031-05-06t17:30:00z",
    "2031-05-06",
    " 2031-05-06 17:30:00 ",
    "2031-05-06T17:30:00.123456789Z",
    "2031-05-06T17:30:00.123456789+0200",
    "2031-05-06T17:30:00+00:00",
    "2031-05-06T17:30:00-05",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+14:00",
    "1936083600000",
    1936083600000,
    1936083600000.5,
]


@pytest.mark.parametrize(
    "written", ["2031-W19-2T17:30:00.123Z", "20310506T173000.1234567Z", "20310506T17:30:00.12345Z"]
)
def test_a_date_that_newer_pythons_read_is_written_as_it_was_read(written: str) -> None:
    assert WebMessagingChannel.from_dict({"time": written}).to_dict() == {"time": written}


@pytest.mark.parametrize("written", AS_WRITTEN)
def test_a_date_is_written_as_it_was_read(written: Any) -> None:
    document = {"availableTimes": [{"dateTime": written, "duration": 1800}], "dateMinimum": written}
    picker = ContentDatePicker.from_dict(document)
    slot = picker.availableTimes[0]

    assert isinstance(slot.dateTime, datetime)
    assert picker.to_dict() == document
    for twin in (copy.copy(slot), copy.deepcopy(slot), pickle.loads(pickle.dumps(slot)), replace(slot, duration=1800)):
        assert (twin, twin.to_dict()) == (slot, {"dateTime": written, "duration": 1800})
    assert ContentDatePickerAvailableTime(dateTime=slot.dateTime).to_dict() == {"dateTime": written}


def test_a_date_that_was_read_is_any_other_datetime_to_its_reader() -> None:
    read = WebMessagingChannel.from_dict({"time": "2031-05-06T17:30:00.000Z"}).time
    same = datetime(2031, 5, 6, 17, 30, tzinfo=UTC)

    assert read == same
    assert hash(read) == hash(same)
    assert {same: 1}[read] == 1
    assert read - same == timedelta(0)
    assert str(read) == str(same)
    assert WebMessagingChannel(time=read) == WebMessagingChannel(time=same)


@pytest.mark.parametrize(
    "change",
    [
        lambda moment: moment + timedelta(hours=1),
        lambda moment: moment.replace(hour=18),
        lambda moment: datetime(2031, 5, 6, 18, 30, tzinfo=UTC),
        lambda moment: pickle.loads(pickle.dumps(moment + timedelta(hours=1))),
    ],
)
def test_a_changed_date_is_written_anew(change: Callable[[datetime], datetime]) -> None:
    slot = ContentDatePickerAvailableTime.from_dict({"dateTime": "2031-05-06T17:30:00.000Z"})

    slot.dateTime = change(slot.dateTime)

    assert slot.to_dict() == {"dateTime": "2031-05-06T18:30:00Z"}
    assert slot.dateTime.astimezone(timezone(timedelta(hours=2))).isoformat() == "2031-05-06T20:30:00+02:00"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2023, 9, 7, 18, 59, tzinfo=UTC), "2023-09-07T18:59:00Z"),
        (datetime(2023, 9, 7, 18, 59, 0, 123_000, tzinfo=UTC), "2023-09-07T18:59:00.123Z"),
        (datetime(2023, 9, 7, 18, 59), "2023-09-07T18:59:00Z"),  # noqa: DTZ001 - what has no zone is UTC
        (datetime(2023, 9, 7, 18, 59, tzinfo=timezone(timedelta(hours=2))), "2023-09-07T18:59:00+02:00"),
        (datetime(2023, 9, 7, 18, 59, tzinfo=timezone(timedelta(0), "GMT")), "2023-09-07T18:59:00Z"),
    ],
)
def test_a_date_is_written_in_iso_8601(moment: datetime, text: str) -> None:
    assert ContentDatePickerAvailableTime(dateTime=moment).to_dict() == {"dateTime": text}


# Nothing is shared


def test_a_model_shares_no_list_and_no_dict_with_the_document_it_was_read_from() -> None:
    document = {"type": "message", "body": {"a": [1]}}
    message = BaseMessage.from_dict(document)
    attributes = {"k": "v"}
    channel = BaseMessagingChannel.from_dict({"metadata": {"customAttributes": attributes}})

    document["body"]["a"].append(2)  # type: ignore[index]
    attributes["k"] = "changed"

    assert message.body == {"a": [1]}
    assert channel.metadata.customAttributes == {"k": "v"}


def test_a_document_shares_no_list_and_no_dict_with_the_model_it_was_written_from() -> None:
    message = StructuredMessage(metadata={"k": "v"}, content=[MessageContent()])
    envelope = BaseMessage(body={"a": [1]})

    message.to_dict()["metadata"]["k"] = "changed"
    message.to_dict()["content"].append(1)
    envelope.to_dict()["body"]["a"].append(2)

    assert message == StructuredMessage(metadata={"k": "v"}, content=[MessageContent()])
    assert envelope.body == {"a": [1]}


def test_a_body_of_any_kind_is_written_as_it_is() -> None:
    for body in ({}, [], "", 0, False, {"a": None}, [None]):
        assert BaseMessage(body=body).to_dict() == {"body": body}
        assert BaseMessage.from_dict({"body": body}).body == body
