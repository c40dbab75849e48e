"""Whatever a guest sends, the simulator answers, and goes on."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = [
    "type", "text", "content", "events", "metadata", "channel", "contentType", "attachment", "id", "buttonResponse",
    "payload", "eventType", "presence", "typing", "customAttributes", "customMessageId", "data", "code", "time",
]  # fmt: skip
WORDS = [
    "Text", "Structured", "Event", "Presence", "Typing", "Join", "Clear", "Attachment", "ButtonResponse", "QuickReply",
    "On", "demo", "", "hours", "\ud800", "card",
]  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(WORDS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)
FIELDS = ["message", "channel", "deploymentId", "data", "attachmentId", "fileName", "fileType", "fileSize", "fileMd5"]
ACTIONS = [
    "configureSession", "configureAuthenticatedSession", "onMessage", "echo", "onAttachment", "getAttachment",
    "deleteAttachment", "getJwt", "getConfiguration", "onMessage", "onMessage",
]  # fmt: skip
PROPER = [
    {"type": "Text", "text": "\ud800"},
    {"type": "Event", "events": [{"eventType": "Typing", "typing": {"type": "On"}, "presence": "x"}]},
    {"type": "Text", "text": "x", "content": [{"contentType": "Card", "buttonResponse": "x", "attachment": 1}]},
]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    action=st.sampled_from(ACTIONS),
    fields=st.dictionaries(st.sampled_from(FIELDS), VALUES | st.sampled_from(PROPER), max_size=4),
)
def test_no_request_breaks_the_simulator(guest, action, fields):
    answer = guest.ask(action, **fields)
    assert answer["code"] != 5000
    assert guest.configure()["connected"] is True
    guest.seen.clear()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text() | VALUES.map(json.dumps))
def test_no_frame_breaks_the_simulator(guest, text):
    guest.socket.send(text)
    guest.configure()
    guest.fence()


def test_a_very_deep_frame_is_a_bad_request(simulator, guest):
    guest.socket.send("[" * 100_000)
    assert guest.next()["code"] == 400


def test_half_a_character_comes_back_as_it_went(simulator, guest):
    with simulator.agent() as agent:
        assert guest.say("\ud800")["body"]["text"] == "\ud800"
        agent.say("\udfff")
        assert guest.outbound("\udfff")
    assert [entity["text"] for entity in guest.history().json()["entities"]] == ["\udfff", "\ud800"]


def test_a_failure_of_our_own_is_5000_and_the_connection_lives(simulator, guest, caplog):
    class Broken:
        def guestArrived(self, session):
            raise RuntimeError("broken observer")

        def guestSaid(self, session, message):
            raise RuntimeError("broken observer")

    simulator.world.observers.append(Broken())
    tracing_id = guest.send("onMessage", message={"type": "Text", "text": "x"})
    answers = [guest.answer(tracing_id)["code"] for _ in range(2)]
    assert answers == [200, 5000]
    assert "broken observer" in caplog.text
    simulator.world.observers.clear()
    assert guest.say("on we go")["code"] == 200
