"""What orjson reads is what json reads, or else json reads it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesys_webmessaging._base import fast_json
from genesys_webmessaging._core import decoding
from genesys_webmessaging.models import WebMessagingMessageEntityList

orjson = pytest.importorskip("orjson")

NUMBERS = [
    "0",
    "-0",
    "-0.0",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678901234567890",
    "1e19",
    "1e20",
    "1E5",
    "1e400",
    "-1e400",
    "1.7976931348623159e308",
    "1e-400",
    "0.1234567890123456789012",
    "NaN",
    "Infinity",
    "01",
    "1.",
]
OTHERS = [
    "true",
    "null",
    "{}",
    "[]",
    '""',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    '"12345678901234567890"',
    '"\\u0000"',
    '"\t"',
    '{"a": 1, "a": 2}',
    "[[12345678901234567890]]",
    "[1, 2",
]
KEYS = ["class", "code", "tracingId", "type", "message"]
FIELDS = ["text", "id", "type", "content", "events", "metadata", "channel", "direction", "isFinalReceipt", "unknown"]
PARTS = [
    '[{"contentType": "Attachment", "attachment": {"fileSize": %s, "contentSizeBytes": %s}}]',
    '[{"contentType": "Location", "location": {"latitude": %s, "longitude": %s}}]',
    '[{"contentType": "Hologram", "beams": [%s, {"deep": %s}]}]',
    '{"a": %s, "b": %s}',
    '{"time": %s, "from": {"nickname": %s}}',
    "[%s, %s]",
]

values = st.sampled_from(NUMBERS + OTHERS) | st.builds(
    lambda part, one, two: part % (one, two), st.sampled_from(PARTS), *2 * [st.sampled_from(NUMBERS + OTHERS)]
)


def joined(pairs: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": {value}' for key, value in pairs.items()) + "}"


frames = st.builds(
    lambda envelope, body, before, after: (
        before + joined({"class": '"StructuredMessage"', **envelope, "body": joined(body)}) + after
    ),
    st.dictionaries(st.sampled_from(KEYS), values, max_size=2),
    st.dictionaries(st.sampled_from(FIELDS), values, max_size=4),
    st.sampled_from(["", " \n"]),
    st.sampled_from(["", " ", " {}"]),
)


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to the last bit and class."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return math.isnan(one) == math.isnan(other) and (
            math.isnan(one) or (one, math.copysign(1, one)) == (other, math.copysign(1, other))
        )
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.fixture
def both_ways(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(read: Any, text: str) -> list[Any]:
        found = []
        for quick in (None, orjson.loads):
            monkeypatch.setattr(fast_json, "quick", quick)
            try:
                found.append(read(text))
            except ValueError as error:
                found.append(type(error).__name__)
        return found

    return run


@settings(
    max_examples=300, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(frame=frames)
def test_a_frame_is_the_same_event_whoever_reads_it(frame: str, both_ways: Any) -> None:
    def read(text: str) -> Any:
        event = decoding.decode(text)
        body = event.body.to_dict() if hasattr(event.body, "to_dict") else event.body
        return [event.method, body, event.tracing_id, event.code(), event.base_message().to_dict()]

    with_json, with_orjson = both_ways(read, frame)
    assert same(with_json, with_orjson), (with_json, with_orjson)


@settings(
    max_examples=300, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(frame=frames | st.sampled_from(["", "[]", "null", '"StructuredMessage"', "[" * 100_000]))
def test_a_message_that_is_read_past_all_else_is_what_decode_reads(frame: str, both_ways: Any) -> None:
    def read(text: str) -> Any:
        quickly, event = decoding.message_reader()(text), decoding.decode(text)
        if quickly is not None:
            assert (event.method, event.tracing_id) == ("structuredMessage", None)
            assert same(quickly.to_dict(), event.body.to_dict())
        return None

    both_ways(read, frame)


def test_a_plain_message_is_read_past_all_else(both_ways: Any) -> None:
    read = both_ways(
        lambda text: decoding.message_reader()(text).text, '{"class": "StructuredMessage", "body": {"text": "hi"}}'
    )
    assert read == ["hi", "hi"]


@settings(
    max_examples=150, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(entity=st.dictionaries(st.sampled_from(FIELDS), values, max_size=4).map(joined))
def test_a_page_of_the_history_is_the_same_whoever_reads_it(entity: str, both_ways: Any) -> None:
    def read(text: str) -> Any:
        return fast_json.decoded(text, json.loads, lambda page: WebMessagingMessageEntityList.from_dict(page).to_dict())

    with_json, with_orjson = both_ways(read, f'{{"entities": [{entity}], "total": 1}}')
    assert same(with_json, with_orjson), (with_json, with_orjson)


def test_without_the_extra_json_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_json, "quick", None)

    assert fast_json.decoded("[1]", json.loads, list) == [1]
    assert decoding.decode('{"class": "JwtResponse", "body": {"exp": 5}}').body.exp == 5


def test_orjson_is_asked_first() -> None:
    def never(text: str) -> Any:
        raise AssertionError(text)

    assert fast_json.decoded('{"a": 1}', never, dict) == {"a": 1}
    with pytest.raises(AssertionError, match="NaN"):
        fast_json.decoded("NaN", never, str)
