"""The hooks that every event goes through, and which method of a listener each class of frame comes to."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from _fixtures import ORIGIN
from _listeners import Recorder
from _websockets_peer import CALLS, WebSocketsPeer, frame, message

from genesys_webmessaging import WebMessagingClient
from genesys_webmessaging.models import BaseMessage, JwtResponse


class Hooked(WebMessagingClient):
    """A client whose hooks remember what they saw and call the base."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.seen: list[tuple[Any, ...]] = []

    def onSessionEvent(self, rawMessage: str, baseMessage: BaseMessage) -> None:
        self.seen.append(("event", rawMessage, baseMessage))
        super().onSessionEvent(rawMessage, baseMessage)

    def onWebSocketConnected(self) -> None:
        self.seen.append(("connected",))
        super().onWebSocketConnected()

    def onWebSocketDisconnected(self, statusCode: int, reason: str) -> None:
        self.seen.append(("disconnected", statusCode, reason))
        super().onWebSocketDisconnected(statusCode, reason)

    def onWebSocketError(self, reason: str) -> None:
        self.seen.append(("error", reason))
        super().onWebSocketError(reason)


@pytest.mark.parametrize(("class_", "body", "method"), CALLS)
@pytest.mark.parametrize("hooked", [False, True], ids=["plain", "with onSessionEvent overridden"])
def test_each_class_of_frame_has_its_method(
    peer: WebSocketsPeer, recorder: Recorder, class_: str, body: dict[str, Any], method: str, hooked: bool
) -> None:
    with (Hooked if hooked else WebMessagingClient)(peer.address) as client:
        client.addSessionListener(recorder)
        client.connect("demo", ORIGIN)
        raw = frame(class_, body, tracingId="t-1")
        peer.guest().send(raw)
        heard, heardRaw = recorder.waitFor(method)
        assert type(heard).__name__ == class_
        assert heard.to_dict() == {**body, "tracingId": "t-1"}
        assert heardRaw == raw
        assert recorder.methods == ["webSocketConnected", method]


def test_hooks_overridden_in_a_subclass_see_everything_and_pass_it_on(peer: WebSocketsPeer, recorder: Recorder) -> None:
    with Hooked(peer.address) as client:
        client.addSessionListener(recorder)
        client.connect("demo", ORIGIN)
        guest = peer.guest()
        frames = [message("hi"), frame("JwtResponse", {"jwt": "j"}, tracingId="t"), "no JSON", frame("New", [1])]
        for one in frames:
            guest.send(one)
        guest.close(4001, "bye")
        recorder.waitFor("webSocketDisconnected")

        assert recorder.methods == [
            "webSocketConnected",
            "structuredMessage",
            "jwtResponse",
            "unexpectedMessage",
            "unexpectedMessage",
            "webSocketDisconnected",
        ]
        assert client.seen[0] == ("connected",)
        assert client.seen[-1] == ("disconnected", 4001, "bye")
        assert [seen[1] for seen in client.seen[1:-1]] == frames
        bases = [seen[2] for seen in client.seen[1:-1]]
        assert [base.class_ for base in bases] == ["StructuredMessage", "JwtResponse", None, "New"]
        assert (bases[0].body.text, bases[0].type, bases[0].code) == ("hi", "message", 200)
        assert bases[1].body == JwtResponse(jwt="j", tracingId="t")
        assert bases[2] == BaseMessage()
        assert bases[3].body == [1]


def test_hooks_that_do_not_call_the_base_keep_it_from_the_listeners(peer: WebSocketsPeer, recorder: Recorder) -> None:
    class Silent(WebMessagingClient):
        def __init__(self, address: str) -> None:
            super().__init__(address)
            self.ended = threading.Event()

        def onSessionEvent(self, rawMessage: str, baseMessage: BaseMessage) -> None:
            if baseMessage.class_ == "JwtResponse":
                super().onSessionEvent(rawMessage, baseMessage)

        def onWebSocketConnected(self) -> None: ...

        def onWebSocketDisconnected(self, statusCode: int, reason: str) -> None:
            self.ended.set()

    with Silent(peer.address) as client:
        client.addSessionListener(recorder)
        client.connect("demo", ORIGIN)
        guest = peer.guest()
        guest.send(message("kept back"))
        guest.send(frame("JwtResponse", {"jwt": "j"}))
        guest.close()
        assert client.ended.wait(5)
        assert recorder.methods == ["jwtResponse"]
        assert client.jwtResponse is not None


def test_a_hook_may_change_what_listeners_hear(peer: WebSocketsPeer, recorder: Recorder) -> None:
    class Shouting(WebMessagingClient):
        def onSessionEvent(self, rawMessage: str, baseMessage: BaseMessage) -> None:
            baseMessage.body.text = baseMessage.body.text.upper()
            super().onSessionEvent("changed", baseMessage)

    with Shouting(peer.address) as client:
        client.addSessionListener(recorder)
        client.connect("demo", ORIGIN)
        peer.guest().send(message("hi"))
        heard, raw = recorder.waitFor("structuredMessage")
        assert (heard.text, raw) == ("HI", "changed")


def test_a_hook_that_raises_is_logged_and_the_next_frame_arrives(
    peer: WebSocketsPeer, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    class Raising(WebMessagingClient):
        def onSessionEvent(self, rawMessage: str, baseMessage: BaseMessage) -> None:
            if baseMessage.class_ == "StructuredMessage":
                raise SystemExit(3)
            super().onSessionEvent(rawMessage, baseMessage)

    with Raising(peer.address) as client:
        client.addSessionListener(recorder)
        client.connect("demo", ORIGIN)
        guest = peer.guest()
        guest.send(message("one"))
        guest.send(frame("JwtResponse", {"jwt": "j"}))
        recorder.waitFor("jwtResponse")
    assert [record.levelname for record in caplog.records if record.exc_info] == ["ERROR"]


def test_the_base_hooks_can_be_called_by_hand(recorder: Recorder) -> None:
    client = WebMessagingClient("us_east_1")
    client.addSessionListener(recorder)
    raw = message("by hand")
    client.onWebSocketConnected()
    client.onSessionEvent(raw, client.deserialize(raw, BaseMessage))
    client.onWebSocketDisconnected(1000, "done")
    client.onWebSocketError("broken")

    assert recorder.methods == ["webSocketConnected", "structuredMessage", "webSocketDisconnected", "webSocketError"]
    assert recorder.waitForText("by hand").direction == "Outbound"
    assert recorder.waitFor("webSocketDisconnected") == (1000, "done")
    assert recorder.waitFor("webSocketError") == ("broken",)
