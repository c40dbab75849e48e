"""The replay harness itself: it must see what it is there to see."""

from __future__ import annotations

import copy
import json
import threading
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from . import differences, facts
from .differences import Row
from .peer import Peer
from .recordings import Case, made_whole
from .replay import Replay

REPLAY = Replay()


def case_named(key: str) -> Case:
    return next(case for case in REPLAY.cases if case.key == key)


def row(**changes: Any) -> Row:
    fields = {"topic": "t", "cases": ("x/*",), "java": "", "ours": "", "why": "", "expect": {}, "everywhere": False}
    return Row(**{**fields, **changes})


def joined(peer: Peer) -> ClientConnection:
    return connect(peer.address, proxy=None)


# The peer, with the client of websockets at the other end


def test_the_peer_records_the_handshake_in_wire_order() -> None:
    with Peer() as peer, joined(peer):
        assert peer.handshakes[0].target == "/v1"
        assert peer.handshakes[0].headers[0][0] == "Host"


def test_the_peer_writes_fragments_and_split_frames_that_are_one_message_each() -> None:
    with Peer() as peer, joined(peer) as client:
        wire = peer.wire()
        wire.send_fragments(["a", "b", "c"])
        wire.send_split("one frame in three writes", [1, 5])

        assert client.recv(5) == "abc"
        assert client.recv(5) == "one frame in three writes"


def test_the_peer_keeps_what_the_client_sent_and_echoes_its_close() -> None:
    with Peer() as peer:
        with joined(peer) as client:
            client.send("hello")
            client.close(4001, "bye")
        wire = peer.wire()

        assert wire.wait_for_end()
        assert wire.events[:2] == [{"text": "hello"}, {"ev": "close", "code": 4001, "reason": "bye"}]
        assert client.close_code == 4001


@pytest.mark.parametrize(("how", "error"), [("reset", ConnectionClosedError), ("fin", ConnectionClosedError)])
def test_the_peer_can_drop_the_connection(how: str, error: type[Exception]) -> None:
    with Peer() as peer, joined(peer) as client:
        getattr(peer.wire(), how)()

        with pytest.raises(error):
            client.recv(5)


def test_a_reset_is_a_reset_although_a_thread_reads() -> None:
    with Peer() as peer, joined(peer) as client:
        peer.wire().reset()

        with pytest.raises(ConnectionClosedError) as caught:
            client.recv(5)
        assert isinstance(caught.value.__cause__, ConnectionResetError)


def test_the_peer_closes_with_the_code_it_is_told() -> None:
    with Peer() as peer, joined(peer) as client:
        peer.wire().send_close(1000, "done")

        with pytest.raises(ConnectionClosedOK):
            client.recv(5)


def test_the_peer_refuses_with_a_status() -> None:
    with Peer(403) as peer, pytest.raises(InvalidStatus) as caught:
        joined(peer)
    assert caught.value.response.status_code == 403


def test_a_greeting_comes_with_the_handshake() -> None:
    with Peer(greeting="early") as peer, joined(peer) as client:
        assert client.recv(5) == "early"


# The comparison


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("outbound-18.1.0/sendMessage.att2", ("frames", 0, "message", "content", 1, "attachment", "id")),
        ("outbound-18.1.0/sendTypingEvent", ("frames", 0, "message", "events", 0, "typing", "type")),
        ("outbound-18.1.0/disconnect", ("closes", 0, 1)),
        ("inbound-10.0.0/class.UploadSuccessEvent.no_tracing", ("callbacks", 0, "value", "downloadUrl")),
        ("inbound-10.0.0/event.Presence_Join", ("callbacks", 0, "value", "events", 0, "presence", "type")),
        ("inbound-10.0.0/raw.trailing_garbage", ("callbacks", 0, "raw")),
        ("listeners-10.0.0/two_listeners_order", ("events", 1, "listener")),
        ("lifecycle-10.0.0/server_close.4000.custom", ("callbacks", 0, "args", 0)),
    ],
)
def test_one_changed_value_in_a_recording_is_noticed(key: str, path: tuple[Any, ...]) -> None:
    found = REPLAY.facts(case_named(key))
    rows = differences.load()
    changed = copy.deepcopy(found.java)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = "something else"

    assert differences.judge(case_named(key), found.java, found.ours, found.context, rows).complaints == ()
    assert differences.judge(case_named(key), changed, found.ours, found.context, rows).complaints != ()


def test_a_callback_too_many_or_too_few_is_noticed() -> None:
    assert list(facts.differences([1, 2], [1]))
    assert list(facts.differences([1], [1, 2]))


def test_a_field_that_java_does_not_have_must_be_empty() -> None:
    assert not list(facts.differences({"a": 1}, facts.Fields(a=1, b=None, c=[])))
    assert list(facts.differences({"a": 1}, facts.Fields(a=1, b=2)))
    assert list(facts.differences({"a": 1}, {"a": 1, "b": None}))


def test_numbers_are_compared_by_value_and_booleans_are_no_numbers() -> None:
    assert not list(facts.differences(5.0, 5))
    assert list(facts.differences(1, True))


def test_a_patch_is_laid_over_dicts_and_over_each_item_of_a_list() -> None:
    patch = {"frames": {"tracingId": "$uuid"}, "gone": "$absent", "whole": {"$instead": {"b": 2}}}
    whole = facts.patched({"frames": [{"a": 1}, {"a": 2}], "gone": 1, "whole": {"a": 1}}, patch)

    assert whole == {
        "frames": [{"a": 1, "tracingId": "$uuid"}, {"a": 2, "tracingId": "$uuid"}],
        "whole": {"b": 2},
    }


# The table


def test_a_case_that_differs_needs_a_row() -> None:
    case = Case("x", "1", "case", {})

    assert differences.judge(case, {"a": 1}, {"a": 2}, {}, []).complaints == (".a: expected 1, got 2",)


def test_a_row_says_exactly_what_we_do() -> None:
    case = Case("x", "1", "case", {})
    right, wrong = row(cases=("x-1/*",), expect={"a": 2}), row(cases=("x-1/*",), expect={"a": 3})

    assert differences.judge(case, {"a": 1}, {"a": 2}, {}, [right]).matters == (right,)
    assert differences.judge(case, {"a": 1}, {"a": 2}, {}, [wrong]).complaints != ()


def test_a_row_that_no_longer_differs_is_noticed() -> None:
    case = Case("x", "1", "case", {})
    stale = row(cases=("x-1/case",), expect={"a": 2})

    (complaint,) = differences.judge(case, {"a": 2}, {"a": 2}, {}, [stale]).complaints
    assert "no longer differs" in complaint


def test_an_elided_text_is_as_long_as_it_was() -> None:
    assert made_whole("abxx...<20 chars>...yz", lost="L") == "ab" + "x" * 15 + "Lyz"
    assert json.loads(made_whole('{"a":"x...<40 chars>', lost='"}'))["a"] == "x" * 32


def test_the_harness_leaves_no_thread_behind() -> None:
    REPLAY.facts(case_named("inbound-10.0.0/class.string.message"))

    left = [each.name for each in threading.enumerate() if each.name.startswith(("peer-", "attempt"))]
    assert left == []
