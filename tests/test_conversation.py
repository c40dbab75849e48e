"""A conversation in plain function calls."""

from __future__ import annotations

import io
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from _listeners import Doing, Recorder, until

from genesys_webmessaging import (
    AttachmentError,
    ConnectError,
    ConnectionClosedError,
    RequestError,
    ResponseTimeoutError,
    WebMessagingException,
)
from genesys_webmessaging._core.dispatcher import Dispatcher
from genesys_webmessaging.companions import Transcript, textMessage
from genesys_webmessaging.conversation import Conversation, ConversationEndedError, ConversationState, TokenStore
from genesys_webmessaging.models import Direction, OAuthParams, StructuredMessage
from genesys_webmessaging.simulator import Agent, Simulator

ORIGIN = "https://shop.example"
PIXEL = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def chat(simulator: Simulator) -> Iterator[Conversation]:
    with Conversation.open(simulator.address, "demo", origin=ORIGIN, timeout=5) as chat:
        yield chat


@pytest.fixture
def agent(simulator: Simulator) -> Iterator[Agent]:
    with simulator.agent() as agent:
        yield agent


def frame(class_: str, body: Any) -> dict[str, Any]:
    return {"type": "message", "class": class_, "code": 200, "body": body}


def dispatcher_of(chat: Conversation) -> Dispatcher[Any]:
    current = chat.client._engine._current
    assert current is not None
    return current.dispatcher


def after(seconds: float, act: Callable[[], Any]) -> threading.Thread:
    """Do something on another thread, soon."""
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


# Saying and hearing


def test_the_demo_of_the_readme_works() -> None:
    with (
        Simulator() as simulator,
        Conversation.open(simulator.address, "demo", origin=ORIGIN) as chat,
    ):
        chat.send("Hello")
        assert (chat.receive(timeout=10).text or "").startswith("Hello! Ask me")
        assert simulator.violations == []


def test_send_returns_the_echo(simulator: Simulator, chat: Conversation) -> None:
    echo = chat.send("Hello", customAttributes={"plan": "gold"})
    message = simulator.sessions[0].conversation.messages[0]
    assert (echo.text, echo.id, echo.direction) == ("Hello", message.id, Direction.INBOUND)
    assert message.customAttributes == {"plan": "gold"}


def test_a_file_goes_up_first_and_is_sent_later(simulator: Simulator, chat: Conversation) -> None:
    told: list[tuple[int, int | None]] = []
    id_ = chat.upload(PIXEL, "hat.png", "image/png", progress=lambda done, total: told.append((done, total)))
    echo = chat.deliver(textMessage("Look", attachmentIds=[id_]))
    assert told[-1] == (len(PIXEL), len(PIXEL))
    assert (echo.text, [content.attachment.filename for content in echo.content if content.attachment]) == (
        "Look",
        ["hat.png"],
    )


def test_a_guest_may_join_later(simulator: Simulator, chat: Conversation) -> None:
    echo = chat.join()
    assert [event.presence.type for event in echo.events if event.presence] == ["Join"]


def test_the_end_is_told_once_and_a_read_only_conversation_has_not_ended(simulator: Simulator, agent: Agent) -> None:
    ended: list[ConversationEndedError] = []
    with Conversation.open(simulator.address, "demo", origin=ORIGIN, timeout=5, onEnded=ended.append) as chat:
        chat.send("Hello")
        agent.disconnect(readOnly=True)
        until(lambda: chat.readOnly)
        assert ended == []
        simulator.guest().close(1000, "closing time")
        until(lambda: chat.ended)
    assert [error.state for error in ended] == [ConversationState.LOST]
    assert "closing time" in str(ended[0])


def test_the_end_tells_what_caused_it(simulator: Simulator) -> None:
    ended: list[ConversationEndedError] = []
    with Conversation.open(simulator.address, "demo", origin=ORIGIN, timeout=5, onEnded=ended.append) as chat:
        simulator.faults.refuseHandshake(403)
        simulator.guest().reset()
        until(lambda: chat.ended)
    assert isinstance(ended[0].__cause__, ConnectError)
    assert ended[0].__cause__.statusCode == 403


def test_a_session_that_does_not_come_takes_no_longer_than_the_timeout(simulator: Simulator) -> None:
    simulator.faults.lose(class_="SessionResponse")
    began = time.monotonic()
    with pytest.raises(ResponseTimeoutError, match=r"within 0\.5 seconds"):
        Conversation.open(simulator.address, "demo", origin=ORIGIN, timeout=0.5)
    assert time.monotonic() - began < 5


def test_send_raises_why_the_server_refused(simulator: Simulator, chat: Conversation) -> None:
    simulator.faults.refuse("onMessage", 4011, "Message too long")
    with pytest.raises(RequestError, match="too long"):
        chat.send("Hello")
    assert chat.state is ConversationState.OPEN


def test_the_custom_attributes_of_the_conversation_go_with_what_is_said_first(simulator: Simulator) -> None:
    with Conversation.open(simulator.address, "demo", customAttributes={"cart": "7", "plan": "gold"}) as chat:
        chat.send("a", customAttributes={"plan": "silver"})
        chat.send("b")
    first, second = simulator.sessions[0].conversation.messages
    assert first.customAttributes == {"cart": "7", "plan": "silver"}
    assert second.customAttributes == {}


def test_what_came_before_the_call_is_kept_in_order(chat: Conversation, agent: Agent) -> None:
    for number in range(3):
        agent.say(str(number))
    chat.send("I was busy")
    assert [chat.receive().text for _ in range(3)] == ["0", "1", "2"]


def test_the_reader_hands_messages_over_itself_unless_a_listener_may_hold_it_up(
    chat: Conversation, agent: Agent
) -> None:
    threads: list[str] = []
    chat._inbox.add_waker(lambda: threads.append(threading.current_thread().name))
    until(lambda: dispatcher_of(chat).is_idle)
    agent.say("one")
    chat.waitFor("one")
    assert ["reader" in name for name in threads] == [True]

    holds, let_go = threading.Event(), threading.Event()
    listener = Doing("structuredMessage", lambda *_: (holds.set(), let_go.wait(10)))
    chat.client.addSessionListener(listener)
    agent.say("two")
    assert holds.wait(5)
    chat.client.removeSessionListener(listener)
    # Nobody holds the reader up, and yet nothing may overtake what the dispatcher has begun.
    agent.say("three")
    chat.client.awaitResponse(chat.client.ping())
    assert ["reader" in name for name in threads] == [True, False]
    let_go.set()
    assert [chat.receive().text for _ in range(2)] == ["two", "three"]


@pytest.mark.parametrize("where", ["listeners", "transcript"])
def test_what_a_user_gave_is_not_called_on_the_reader(simulator: Simulator, agent: Agent, where: str) -> None:
    names: list[str] = []
    heard = threading.Event()

    class Mine(Transcript):
        def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
            super().structuredMessage(structuredMessage, rawMessage)
            names.append(threading.current_thread().name)
            heard.set()

    given: Any = {where: [Mine()] if where == "listeners" else Mine()}
    with Conversation.open(simulator.address, "demo", origin=ORIGIN, timeout=5, **given):
        agent.say("hello")
        assert heard.wait(5)
    assert all("dispatcher" in name for name in names)


def test_who_wants_to_be_told_of_the_end_is_not_told_on_the_reader(simulator: Simulator, agent: Agent) -> None:
    """Whoever makes the calls of a Reconnector makes this one, too."""
    threads: list[str] = []
    with Conversation.open(simulator.address, "demo", origin=ORIGIN, timeout=5, onEnded=lambda _: None) as chat:
        chat._inbox.add_waker(lambda: threads.append(threading.current_thread().name))
        until(lambda: dispatcher_of(chat).is_idle)
        agent.say("hello")
        chat.receive()
        assert ["dispatcher" in name for name in threads] == [True]


def test_receive_waits_and_says_when_nothing_came(chat: Conversation, agent: Agent) -> None:
    with closing_thread(after(0.05, lambda: agent.say("here"))):
        assert chat.receive(timeout=5).text == "here"
    with pytest.raises(ResponseTimeoutError, match=r"no message within 0\.05 seconds; what came: nothing"):
        chat.receive(timeout=0.05)


def test_echoes_typing_and_presence_are_not_received(chat: Conversation, agent: Agent) -> None:
    chat.send("mine")
    chat.typing()
    agent.receivedTyping()
    agent.typing()
    until(lambda: chat.otherSideTyping)
    agent.say("yours")
    assert chat.receive().text == "yours"
    assert not chat.otherSideTyping


def test_wait_for_finds_a_text_a_pattern_or_what_a_function_likes(chat: Conversation, agent: Agent) -> None:
    for text in ("Welcome", "Your order 4711 is ready", "Anything else?", "Bye"):
        agent.say(text)
    found = chat.waitFor(re.compile(r"order (\d+)")).text
    assert found == "Your order 4711 is ready"
    assert chat.waitFor("ANYTHING").text == "Anything else?"
    assert chat.waitFor(lambda message: len(message.text or "") == 3).text == "Bye"
    with pytest.raises(TypeError, match="wanted"):
        chat.waitFor(7)  # type: ignore[arg-type]


def test_what_does_not_match_stays_if_nothing_does(chat: Conversation, agent: Agent) -> None:
    agent.say("one")
    agent.say("two")
    with pytest.raises(ResponseTimeoutError, match=r"no message with 'three'.*what came: 'one', 'two'"):
        chat.waitFor("three", timeout=0.2)
    assert chat.receive().text == "one"


def test_two_threads_that_wait_get_every_message_once(chat: Conversation, agent: Agent) -> None:
    got: list[str | None] = []

    def take() -> None:
        for _ in range(10):
            got.append(chat.waitFor(lambda message: True).text)

    takers = [threading.Thread(target=take) for _ in range(2)]
    for taker in takers:
        taker.start()
    for number in range(20):
        agent.say(str(number))
    for taker in takers:
        taker.join(10)
    assert sorted(got, key=str) == sorted(map(str, range(20)))


def test_collect_gathers_until_it_is_silent(chat: Conversation, agent: Agent) -> None:
    agent.say("one")
    agent.say("two")
    with closing_thread(after(0.1, lambda: agent.say("three"))):
        assert [message.text for message in chat.collect(quietFor=0.4)] == ["one", "two", "three"]
    assert chat.collect(quietFor=0.01) == []


def test_who_is_typing_is_not_silent(chat: Conversation, agent: Agent) -> None:
    agent.typing(milliseconds=3000)
    until(lambda: chat.otherSideTyping)
    with closing_thread(after(0.3, lambda: agent.say("slowly"))):
        assert [message.text for message in chat.collect(quietFor=0.1)] == ["slowly"]


def test_collect_ends_in_time_even_if_the_other_side_does_not(chat: Conversation, agent: Agent) -> None:
    agent.typing(milliseconds=60_000)
    until(lambda: chat.otherSideTyping)
    began = time.monotonic()
    assert chat.collect(quietFor=0.1, timeout=0.3) == []
    assert time.monotonic() - began < 5


def test_a_conversation_is_a_sequence_of_messages_until_the_other_side_leaves(chat: Conversation, agent: Agent) -> None:
    agent.say("one")
    agent.say("two")
    agent.disconnect()
    assert [message.text for message in chat] == ["one", "two"]


# Rich content


def test_a_quick_reply_is_chosen_by_text_payload_or_number(
    simulator: Simulator, chat: Conversation, agent: Agent
) -> None:
    agent.quickReplies("Sure?", ["Yes", {"text": "No", "payload": "n"}])
    chat.receive()
    for choice in ("yes", "n", 1, -1):
        chat.choose(choice)
    sent = [request["message"] for request in simulator.received.of("onMessage")]
    assert [one["content"][0]["buttonResponse"]["payload"] for one in sent] == ["Yes", "n", "n", "n"]
    assert [(one["type"], one["text"]) for one in sent] == [("Structured", "Yes"), *[("Structured", "No")] * 3]
    assert all(uuid.UUID(one["metadata"]["id"]) for one in sent)
    assert sent[0]["content"][0]["buttonResponse"] == {"type": "QuickReply", "text": "Yes", "payload": "Yes"}
    with pytest.raises(ValueError, match="no quick reply 'maybe'; there are: 'Yes', 'No'"):
        chat.choose("maybe")
    with pytest.raises(ValueError, match="no quick reply 2"):
        chat.choose(2)


def test_what_was_not_offered_cannot_be_chosen(chat: Conversation, agent: Agent) -> None:
    agent.say("plain")
    message = chat.receive()
    for attempt in (lambda: chat.choose(0), lambda: chat.press(0, 0), lambda: chat.pick(0)):
        with pytest.raises(ValueError, match="has come yet"):
            attempt()
    with pytest.raises(ValueError, match="there are: none"):
        chat.choose(0, message)


def test_a_button_of_a_card_is_pressed(simulator: Simulator, chat: Conversation, agent: Agent) -> None:
    actions = [{"text": "Buy", "payload": "buy"}, {"text": "Look", "url": "https://shop.example/hat"}]
    agent.carousel([{"title": "Scarf", "actions": ["Buy"]}, {"title": "Hat", "actions": actions}])
    message = chat.receive()
    chat.press("hat", "Buy")
    chat.press(0, 0, message)
    sent = [request["message"] for request in simulator.received.of("onMessage")]
    assert [(one["type"], one["text"]) for one in sent] == [("Structured", "Buy")] * 2
    assert [one["content"][0]["buttonResponse"]["payload"] for one in sent] == ["buy", "Buy"]
    assert sent[0]["content"][0]["buttonResponse"]["type"] == "Button"
    with pytest.raises(ValueError, match="is a link"):
        chat.press("Hat", "Look")
    with pytest.raises(ValueError, match="no card 'Glove'"):
        chat.press("Glove", 0)


def test_a_time_is_picked(simulator: Simulator, chat: Conversation, agent: Agent) -> None:
    offer = agent.datePicker(["2030-01-07T09:00:00.000Z", "2030-01-07T10:00:00.000Z"], "When?")
    slots = chat.receive().content[0].datePicker
    assert slots is not None
    ten = datetime(2030, 1, 7, 10, tzinfo=timezone.utc)
    for choice in (0, ten, "2030-01-07T10:00:00Z", slots.availableTimes[1]):
        chat.pick(choice)
    responses = [request["message"]["content"][0]["buttonResponse"] for request in simulator.received.of("onMessage")]
    assert [datetime.fromisoformat(one["payload"].replace("Z", "+00:00")).hour for one in responses] == [9, 10, 10, 10]
    assert {one["type"] for one in responses} == {"DatePicker"}
    messages = [request["message"] for request in simulator.received.of("onMessage")]
    assert {(one["type"], one.get("text"), one["metadata"]["parentMessageId"]) for one in messages} == {
        ("Structured", None, offer.id)
    }
    with pytest.raises(ValueError, match="no time"):
        chat.pick(datetime(2031, 1, 1, tzinfo=timezone.utc))


def test_files_are_uploaded_and_sent(simulator: Simulator, chat: Conversation, tmp_path: Path) -> None:
    file = tmp_path / "hat.png"
    file.write_bytes(PIXEL)
    seen: list[tuple[int, int | None]] = []
    chat.send("see", attachments=[file, str(file)], progress=lambda sent, total: seen.append((sent, total)))
    message = simulator.sessions[0].conversation.messages[0]
    assert [item["attachment"]["filename"] for item in message.content] == ["hat.png"] * 2
    assert seen[-1] == (len(PIXEL), len(PIXEL))
    with pytest.raises(TypeError, match="sequence of paths"):
        chat.send("see", attachments=str(file))


def test_a_file_that_is_not_allowed_is_refused(chat: Conversation, tmp_path: Path) -> None:
    file = tmp_path / "virus.exe"
    file.write_bytes(b"MZ")
    with pytest.raises(AttachmentError):
        chat.send("see", attachments=[file])


# Ends


ENDS: list[tuple[str, Callable[[Simulator, Agent], Any], ConversationState]] = [
    ("left", lambda simulator, agent: agent.disconnect(), ConversationState.READ_ONLY),
    (
        "expired",
        lambda simulator, agent: simulator.guest().sendJson(frame("SessionExpiredEvent", {})),
        ConversationState.ENDED,
    ),
    (
        "signed out",
        lambda simulator, agent: simulator.guest().sendJson(frame("LogoutEvent", {})),
        ConversationState.ENDED,
    ),
    (
        "elsewhere",
        lambda simulator, agent: simulator.guest().sendJson(frame("ConnectionClosedEvent", {"reason": "elsewhere"})),
        ConversationState.ENDED,
    ),
    ("1000", lambda simulator, agent: simulator.guest().close(1000), ConversationState.LOST),
]


@pytest.mark.parametrize(("why", "end", "state"), ENDS, ids=[end[0] for end in ENDS])
def test_a_wait_that_cannot_be_fulfilled_any_more_raises_at_once_saying_why(
    simulator: Simulator,
    chat: Conversation,
    agent: Agent,
    why: str,
    end: Callable[[Simulator, Agent], Any],
    state: ConversationState,
) -> None:
    agent.say("kept")
    with closing_thread(after(0.05, lambda: end(simulator, agent))):
        assert chat.receive().text == "kept"
        began = time.monotonic()
        with pytest.raises(ConversationEndedError, match=why) as caught:
            chat.receive(timeout=30)
    assert time.monotonic() - began < 5
    assert caught.value.state is chat.state is state
    assert (chat.readOnly, chat.ended) == (
        state is ConversationState.READ_ONLY,
        state is not ConversationState.READ_ONLY,
    )
    for attempt in (lambda: chat.send("x"), lambda: chat.typing(), lambda: chat.waitFor("x"), lambda: chat.receive()):
        with pytest.raises(ConversationEndedError, match=why):
            attempt()
    assert chat.collect() == []


def test_a_send_that_cannot_be_fulfilled_any_more_raises_at_once(simulator: Simulator, chat: Conversation) -> None:
    simulator.faults.lose(action="onMessage", times=None)
    simulator.faults.rest(503, times=None)
    with closing_thread(after(0.1, chat.close)), pytest.raises(ConversationEndedError, match="this side"):
        chat.send("x", timeout=30)


def test_a_session_that_the_server_does_not_know_any_more_has_ended(simulator: Simulator, chat: Conversation) -> None:
    simulator.clock.advance(10 * 86_400)
    with pytest.raises(RequestError, match="expired"):
        chat.send("too late")
    assert chat.ended
    with pytest.raises(ConversationEndedError, match="expired"):
        chat.receive()


def test_closing_is_the_end_and_may_be_done_twice(chat: Conversation) -> None:
    assert chat.connected
    chat.close()
    chat.close()
    assert (chat.connected, chat.state) == (False, ConversationState.CLOSED)
    assert list(chat) == []
    with pytest.raises(ConversationEndedError, match="this side"):
        chat.receive()
    assert repr(chat).endswith(": closed>")


def test_the_conversation_is_cleared(simulator: Simulator, chat: Conversation) -> None:
    chat.send("forget me")
    chat.clear()
    assert simulator.sessions == []
    with pytest.raises(ConversationEndedError, match="cleared"):
        chat.send("x")


def test_a_new_conversation_begins_where_the_other_side_has_left(
    simulator: Simulator, chat: Conversation, agent: Agent
) -> None:
    chat.send("old")
    token = chat.token
    agent.disconnect()
    until(lambda: chat.readOnly)
    response = chat.startNew()
    assert response.newSession
    assert chat.token == token
    assert chat.state is ConversationState.OPEN
    chat.send("new")
    agent.say("new, too")
    assert chat.receive().text == "new, too"
    assert simulator.session(token or "").conversation.texts == ["new", "new, too"]


def test_a_conversation_that_is_over_cannot_begin_anew(chat: Conversation) -> None:
    chat.close()
    with pytest.raises(ConversationEndedError):
        chat.startNew()


# Connections


def test_a_lost_connection_is_replaced_and_nothing_is_lost(
    simulator: Simulator, chat: Conversation, agent: Agent
) -> None:
    simulator.faults.stallRest(0.1)
    simulator.guest().reset()
    agent.say("meanwhile")
    assert chat.receive().text == "meanwhile"
    assert chat.send("still here").text == "still here"
    assert chat.state is ConversationState.OPEN


def test_a_new_conversation_begins_on_the_next_connection_when_this_one_is_lost(
    simulator: Simulator, chat: Conversation, agent: Agent
) -> None:
    chat.send("old")
    agent.disconnect()
    until(lambda: chat.readOnly)
    simulator.guest().reset()
    until(lambda: not chat.connected)
    assert chat.startNew().newSession
    assert chat.send("new").text == "new"


def test_the_conversation_is_cleared_on_the_next_connection_when_this_one_is_lost(
    simulator: Simulator, chat: Conversation
) -> None:
    chat.send("forget me")
    simulator.guest().reset()
    until(lambda: not chat.connected)
    chat.clear()
    assert simulator.sessions == []
    with pytest.raises(ConversationEndedError):
        chat.clear()


def test_without_reconnecting_a_lost_connection_is_the_end(simulator: Simulator) -> None:
    with Conversation.open(simulator.address, "demo", reconnectSeconds=0) as chat:
        with closing_thread(after(0.05, simulator.guest().reset)), pytest.raises(ConversationEndedError):
            chat.receive(timeout=30)
        assert chat.state is ConversationState.LOST
        with pytest.raises(ConversationEndedError):
            next(iter(chat))
        with pytest.raises(ConnectionClosedError):
            chat.send("x")


def test_messages_that_the_server_swaps_are_received_in_order(simulator: Simulator) -> None:
    with Conversation.open(simulator.address, "demo", holdTime=0.3) as chat, simulator.agent() as agent:
        simulator.faults.swap(class_="StructuredMessage")
        for text in ("a", "b", "c"):
            agent.say(text)
        assert [chat.receive().text for _ in range(3)] == ["a", "b", "c"]


def test_over_tls_everything_trusts_the_same_certificates() -> None:
    with (
        Simulator(tls=True, bot=False) as simulator,
        Conversation.open(simulator.address, "demo", origin=ORIGIN, caFile=simulator.caFile) as chat,
    ):
        chat.send("secret")
        assert [message.text for message in chat.history()] == ["secret"]


def test_a_refused_connection_is_raised_and_leaves_nothing_behind(simulator: Simulator) -> None:
    simulator.faults.refuseHandshake(403)
    with pytest.raises(ConnectError) as caught:
        Conversation.open(simulator.address, "demo")
    assert caught.value.statusCode == 403
    with pytest.raises(ConnectError):
        Conversation.open(simulator.address, "unknown")


# The session


def test_history_is_oldest_first(chat: Conversation, agent: Agent) -> None:
    chat.send("question")
    agent.say("answer")
    assert [message.text for message in chat.history()] == ["question", "answer"]


def test_a_transcript_of_both_sides_is_at_hand_in_every_format(chat: Conversation, agent: Agent) -> None:
    chat.send("question")
    agent.say("answer")
    chat.receive()
    assert re.search(r"Guest: question\n.* Alex: answer\n$", chat.transcript())
    assert "> answer" in chat.transcript("markdown")
    assert '"text": "answer"' in chat.transcript("jsonl")
    with pytest.raises(ValueError, match="docx"):
        chat.transcript("docx")


def test_a_transcript_of_ones_own_and_listeners_hear_it_all(simulator: Simulator, tmp_path: Path) -> None:
    recorder = Recorder()
    settings = {"transcript": Transcript(tmp_path / "talk.txt"), "listeners": [recorder]}
    with Conversation.open(simulator.address, "demo", **settings) as chat:
        chat.send("Hello")
        assert recorder.waitForText("Hello").direction == Direction.INBOUND
    assert (tmp_path / "talk.txt").read_text("utf-8").endswith("Guest: Hello\n")


def test_joining_starts_the_bot_if_the_session_is_new() -> None:
    with Simulator() as simulator:
        with Conversation.open(simulator.address, "demo", join=True, customAttributes={"a": "b"}) as chat:
            assert (chat.receive().text or "").startswith("Hello!")
            assert chat.receive().text == "What would you like to do?"
            token = chat.token
        with Conversation.open(simulator.address, "demo", join=True, token=token) as chat:
            assert chat.sessionResponse is not None
            assert chat.sessionResponse.newSession is False
        assert len(simulator.received.of("onMessage")) == 1


def test_the_token_is_kept_between_runs_when_asked_to(simulator: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    with Conversation.open(simulator.address, "demo", store=path) as chat:
        chat.send("first run")
        token = chat.token
    with Conversation.open(simulator.address, "demo", store=TokenStore(path)) as chat:
        assert chat.token == token
        assert [message.text for message in chat.history()] == ["first run"]


def test_the_time_of_open_covers_a_server_that_refuses_and_does_not_answer_the_close(simulator: Simulator) -> None:
    simulator.faults.refuse("configureSession", 4011, "no")
    simulator.faults.muteClose(times=None)
    began = time.monotonic()
    with pytest.raises(RequestError):
        Conversation.open(simulator.address, "demo", timeout=0.5)
    assert time.monotonic() - began < 3


def test_a_kept_token_that_is_no_good_any_more_is_replaced(simulator: Simulator, tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    with Conversation.open(simulator.address, "demo", store=store) as chat:
        old = chat.token
    simulator.faults.refuse("configureSession", 4017, "Cannot downgrade")
    with Conversation.open(simulator.address, "demo", store=store) as chat:
        assert chat.token not in (None, old)
        assert store.get(chat.client.address, "demo") == chat.token


def test_a_session_that_is_resumed_read_only_says_so(simulator: Simulator, chat: Conversation, agent: Agent) -> None:
    agent.disconnect()
    until(lambda: chat.readOnly)
    with Conversation.open(simulator.address, "demo", token=chat.token) as again:
        until(lambda: again.readOnly)
        with pytest.raises(ConversationEndedError, match="read-only"):
            again.receive()


def test_a_guest_who_has_signed_in_is_signed_in_again_on_a_new_connection(simulator: Simulator) -> None:
    for code in ("code 1", "code 2"):
        simulator.world.identities.register(code, "Ann", "Lee")
    codes = iter(["code 1", "code 2"])
    with Conversation.open(simulator.address, "demo", signIn=lambda: OAuthParams(code=next(codes))) as chat:
        simulator.guest().reset()
        chat.send("me again")
        assert simulator.session(chat.token or "").identity is not None
    assert len(simulator.received.of("configureAuthenticatedSession")) == 2


def test_nothing_of_a_conversation_shows_a_secret(chat: Conversation) -> None:
    assert chat.token is not None
    assert chat.token not in repr(chat) + str(vars(chat))


def test_one_error_catches_them_all() -> None:
    assert issubclass(ConversationEndedError, ConnectionClosedError)
    assert issubclass(ConversationEndedError, WebMessagingException)


def closing_thread(thread: threading.Thread) -> closing[Any]:
    class Joined:
        def close(self) -> None:
            thread.join(10)

    return closing(Joined())


def test_a_lost_echo_is_made_up_for_by_the_history_in_time(simulator: Simulator, chat: Conversation) -> None:
    simulator.faults.loseEcho()
    assert chat.send("said once", timeout=4).text == "said once"
    assert [message.text for message in chat.history()].count("said once") == 1


def test_a_time_is_the_same_in_every_zone(simulator: Simulator, chat: Conversation) -> None:
    with simulator.agent() as agent:
        agent.datePicker(["2026-12-01T10:00:00Z"], title="When?")
        chat.receive(timeout=5)
        chat.pick("2026-12-01T11:00:00+01:00")
        assert agent.received(timeout=5).content[0]["buttonResponse"]["payload"] == "2026-12-01T10:00:00Z"


def test_a_store_that_falls_silent_does_not_hold_a_message_up(
    simulator: Simulator, chat: Conversation, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    simulator.faults.stallUpload(3600)
    begun = time.monotonic()
    with pytest.raises(AttachmentError):
        chat.send("look", attachments=[path], timeout=1)
    assert time.monotonic() - begun < 10


# What a lost connection does to everything else


STEPS: list[tuple[str, Callable[[Simulator], Any]]] = [
    ("the request", lambda simulator: simulator.faults.drop("reset", action="onAttachment")),
    ("the URL", lambda simulator: simulator.faults.drop("fin", class_="PresignedUrlResponse")),
    ("the result", lambda simulator: simulator.faults.drop("reset", class_="UploadSuccessEvent")),
    ("the message", lambda simulator: simulator.faults.drop("fin", action="onMessage")),
    ("the echo", lambda simulator: simulator.faults.drop("reset", class_="StructuredMessage", direction="Inbound")),
]


@pytest.mark.parametrize("cut", [step[1] for step in STEPS], ids=[step[0] for step in STEPS])
def test_a_file_arrives_once_whatever_step_the_connection_is_lost_at(
    simulator: Simulator, tmp_path: Path, cut: Callable[[Simulator], Any]
) -> None:
    file = tmp_path / "hat.png"
    file.write_bytes(PIXEL)
    with Conversation.open(simulator.address, "demo", origin=ORIGIN, timeout=20, historyLag=0.2) as chat:
        fault = cut(simulator)
        echo = chat.send("see", attachments=[file])
        assert fault.hits == 1
        assert echo.text == "see"
        assert chat.state is ConversationState.OPEN
    messages = simulator.sessions[0].conversation.messages
    assert [item["attachment"]["filename"] for message in messages for item in message.content] == ["hat.png"]


def test_a_stream_goes_back_to_where_it_was(simulator: Simulator) -> None:
    stream = io.BytesIO(b"skipped" + PIXEL)
    stream.seek(7)
    with Conversation.open(simulator.address, "demo", origin=ORIGIN, timeout=20) as chat:
        fault = simulator.faults.drop("reset", class_="UploadSuccessEvent")
        id_ = chat.upload(stream, "hat.png", "image/png")
        assert fault.hits == 1
        target = io.BytesIO()
        chat.download(id_, target)
    assert target.getvalue() == PIXEL


@pytest.mark.parametrize("what", ["typing", "history", "download"])
def test_typing_history_and_downloads_wait_for_the_next_connection(simulator: Simulator, what: str) -> None:
    with Conversation.open(simulator.address, "demo", origin=ORIGIN, timeout=20) as chat:
        id_ = chat.upload(PIXEL, "hat.png", "image/png")
        acts = {"typing": chat.typing, "history": chat.history, "download": lambda: chat.download(id_, io.BytesIO())}
        outage = simulator.faults.refuseHandshake(503)
        simulator.guest().reset()
        until(lambda: not chat.connected)
        acts[what]()
        assert outage.hits == 1
        assert len(simulator.connections) == 2


def test_waiting_for_a_connection_ends_in_time_and_says_so(simulator: Simulator, chat: Conversation) -> None:
    simulator.faults.refuseHandshake(503, times=None)
    simulator.guest().reset()
    until(lambda: not chat.connected)
    for act in (lambda: chat.typing(timeout=0.2), lambda: chat.history(timeout=0.2)):
        with pytest.raises(ResponseTimeoutError, match=r"no connection within 0\.2 seconds"):
            act()


@pytest.mark.parametrize("wrong", [{"a": 1}, {"a": None}, {"a": {"b": "c"}}, {1: "a"}, ["a"]], ids=str)
def test_custom_attributes_are_checked_before_anything_is_sent(
    simulator: Simulator, chat: Conversation, wrong: Any
) -> None:
    with pytest.raises(TypeError, match="customAttributes"):
        chat.send("x", customAttributes=wrong)
    with pytest.raises(TypeError, match="customAttributes"):
        Conversation.open(simulator.address, "demo", customAttributes=wrong)
    with pytest.raises(ValueError, match="customAttributes take"):
        chat.send("x", customAttributes={"a": "b" * 5000})
    assert simulator.received.of("onMessage") == []
    assert len(simulator.connections) == 1


@pytest.mark.parametrize("wrong", [7, "a" * 5000, "\ud800"], ids=["int", "too-long", "surrogate"])
def test_a_text_that_cannot_be_sent_uploads_no_file(
    simulator: Simulator, chat: Conversation, tmp_path: Path, wrong: Any
) -> None:
    file = tmp_path / "hat.png"
    file.write_bytes(b"png")
    with pytest.raises((TypeError, ValueError), match="message"):
        chat.send(wrong, [file])
    assert simulator.received.of("onAttachment") == []


def test_so_many_messages_are_remembered_as_are_wanted(simulator: Simulator, agent: Agent) -> None:
    with Conversation.open(simulator.address, "demo", origin=ORIGIN, keepMessages=3) as chat:
        recorder = Recorder()
        chat.client.addSessionListener(recorder)
        for number in range(10):
            agent.say(str(number))
        recorder.waitForText("9")
        assert [message.text for message in chat.collect(quietFor=0.2)] == ["7", "8", "9"]
        assert chat.transcript().count("\n") == 3
    with pytest.raises(ValueError, match="keepMessages"):
        Conversation.open(simulator.address, "demo", keepMessages=0)


def test_a_refusal_because_the_session_is_read_only_says_the_way_out(simulator: Simulator, chat: Conversation) -> None:
    simulator.faults.refuse("onMessage", 409, "Session is read-only")
    for _ in range(2):
        with pytest.raises(ConversationEndedError, match=r"read-only: startNew\(\) begins another"):
            chat.send("x")
    assert chat.readOnly
    chat.startNew()
    assert chat.send("y").text == "y"


def test_odd_typing_events_disturb_nobody(simulator: Simulator, chat: Conversation) -> None:
    for duration in ("soon", -5, 10**400, [1]):
        typing = {"eventType": "Typing", "typing": {"type": "On", "duration": duration}}
        body = {"type": "Event", "direction": "Outbound", "events": [typing]}
        simulator.guest().sendJson(frame("StructuredMessage", body))
    simulator.guest().sendJson(frame("StructuredMessage", {"type": "Text", "text": "here", "direction": "Outbound"}))
    assert chat.receive().text == "here"


# Lists and forms

SECTIONS = [
    {"title": "Size", "items": [{"id": "s", "title": "Small"}, {"id": "l", "title": "Large"}]},
    {
        "title": "Colours",
        "multipleSelection": True,
        "items": [{"id": "r", "title": "Red"}, {"id": "b", "title": "Blue"}, {"id": "x", "title": "Small"}],
    },
]


def answer_of(simulator: Simulator) -> dict[str, Any]:
    message: dict[str, Any] = simulator.received.of("onMessage")[-1]["message"]
    return message


def test_items_of_a_list_are_picked_in_the_form_of_web_messenger(
    simulator: Simulator, chat: Conversation, agent: Agent
) -> None:
    offer = agent.listPicker(SECTIONS, replyMessage={"title": "Chosen", "subtitle": "Thanks"})
    chat.receive()
    chat.select(["blue", "r", "Large"])
    message = answer_of(simulator)
    assert (message["type"], message["text"]) == ("Structured", "Thanks")
    assert message["metadata"]["parentMessageId"] == offer.id
    assert uuid.UUID(message["metadata"]["id"])
    assert [item["buttonResponse"] for item in message["content"]] == [
        {"type": "ListPicker", "text": text, "payload": payload, "originatingMessageId": offer.id}
        for text, payload in (("Large", "l"), ("Blue", "b"), ("Red", "r"))
    ]
    chat.select("l")
    assert [item["buttonResponse"]["payload"] for item in answer_of(simulator)["content"]] == ["l"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ([], "no item"),
        ("green", "no item 'green'"),
        (["s", "l"], "only one item of 'Size'"),
        (["r", "Red"], "chosen twice"),
        ("small", "name of several"),
        (7, "no item 7"),
        ([None], "no item None"),
        ({"r": 1}, "no item"),
    ],
    ids=str,
)
def test_items_that_cannot_be_picked_are_refused_before_anything_is_sent(
    simulator: Simulator, chat: Conversation, agent: Agent, wrong: Any, why: str
) -> None:
    with pytest.raises(ValueError, match="has come yet"):
        chat.select("r")
    agent.listPicker(SECTIONS)
    chat.receive()
    with pytest.raises(ValueError, match=why):
        chat.select(wrong)
    assert simulator.received.of("onMessage") == []


PAGES = [
    {
        "title": "You",
        "pageComponents": [
            {"formComponentType": "Input", "input": {"id": "name", "title": "Your name", "isRequired": True}},
            {"formComponentType": "Input", "input": {"id": "note", "title": "Note", "isMultipleLine": True}},
        ],
    },
    {
        "title": "The hat",
        "pageComponents": [
            {
                "formComponentType": "DatePicker",
                "datePicker": {
                    "id": "day",
                    "title": "When?",
                    "dateDisplayFormat": "dayMonthYear",
                    "dateMinimum": "2030-01-01T00:00:00.000Z",
                    "dateMaximum": "2030-12-31T00:00:00.000Z",
                },
            },
            {"formComponentType": "ListPicker", "listPicker": {"id": "what", "sections": SECTIONS}},
            {
                "formComponentType": "WheelPicker",
                "wheelPicker": {"id": "count", "items": [{"id": "1", "title": "One"}, {"id": "2", "title": "Two"}]},
            },
        ],
    },
]


@pytest.fixture
def form(chat: Conversation, agent: Agent) -> StructuredMessage:
    agent.form(PAGES, replyMessage={"title": "Thank you"}, cannedResponseId="canned")
    return chat.receive()


def test_a_form_is_filled_in_in_the_form_of_web_messenger(
    simulator: Simulator, chat: Conversation, form: StructuredMessage
) -> None:
    chat.fill({"your name": " Ann ", "day": date(2030, 2, 1), "what": ["Red", "b", "l"], "count": "Two"})
    message = answer_of(simulator)
    assert (message["type"], message["text"]) == ("Structured", "Thank you")
    assert "parentMessageId" not in message["metadata"]
    (content,) = message["content"]
    assert content["contentType"] == "Form"
    assert (content["form"]["originatingMessageId"], content["form"]["cannedResponseId"]) == (form.id, "canned")
    answers = [(one["id"], one["component"]["buttonResponse"]) for one in content["form"]["response"]]
    assert {response["type"] for _, response in answers} == {"Form"}
    assert [(id_, response["text"], response["payload"]) for id_, response in answers] == [
        ("name", "Ann", "Ann"),
        ("day", "01/02/2030", "2030-02-01T00:00:00.000Z"),
        ("what", "Large", "l"),
        ("what", "Red", "r"),
        ("what", "Blue", "b"),
        ("count", "Two", "2"),
    ]
    chat.fill({"name": "Ann", "day": "2030-02-01T23:30:00+02:00", "Note": "a\nb"}, form)
    answers = answer_of(simulator)["content"][0]["form"]["response"]
    assert [(one["id"], one["component"]["buttonResponse"].get("payload", "")) for one in answers] == [
        ("name", "Ann"),
        ("note", "a\nb"),
        ("day", "2030-02-01T00:00:00.000Z"),
        ("what", ""),
        ("count", ""),
    ]


GOOD = {"name": "Ann", "day": "2030-02-01"}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"day": "2030-02-01"}, "'Your name' must be answered"),
        ({"name": "  ", "day": "2030-02-01"}, "'Your name' must be answered"),
        ({"name": "Ann"}, "'When?' must be answered"),
        ({**GOOD, "name": "A" * 31}, "30 characters"),
        ({**GOOD, "note": "A" * 301}, "300 characters"),
        ({**GOOD, "name": "a\nb"}, "one line"),
        ({**GOOD, "name": 7}, "with a text"),
        ({**GOOD, "day": "soon"}, "with a date"),
        ({**GOOD, "day": "2031-01-01"}, "from 2030-01-01 to 2030-12-31"),
        ({**GOOD, "what": "green"}, "no item 'green'"),
        ({**GOOD, "what": ["s", "l"]}, "only one item"),
        ({**GOOD, "count": ["1", "2"]}, "only one item"),
        ({**GOOD, "Your name": "Bob"}, "answered twice"),
        ({**GOOD, "shoe": "42"}, "no question 'shoe'"),
        ({**GOOD, "name": "\ud800"}, "surrogate"),
        ([("name", "Ann")], "mapping"),
    ],
    ids=str,
)
def test_answers_that_cannot_be_right_are_refused_before_anything_is_sent(
    simulator: Simulator, chat: Conversation, form: StructuredMessage, wrong: Any, why: str
) -> None:
    with pytest.raises(ValueError, match=why.replace("?", r"\?")):
        chat.fill(wrong)
    assert simulator.received.of("onMessage") == []
