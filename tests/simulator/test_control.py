"""The control endpoint: a simulator in the hands of a program that is not Python."""

from __future__ import annotations

import contextlib
import json
import re
import socket

import pytest
import requests
from pydantic import TypeAdapter
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as connect_websocket

from genesys_webmessaging.simulator import Simulator
from genesys_webmessaging.simulator.server.events import AnyEvent


def control(simulator, method, path, body=None, **headers):
    with requests.request(
        method, f"{simulator.restAddress}/simulator/{path}", json=body, headers=headers, timeout=5
    ) as answer:
        return answer.status_code, answer.json()


def test_the_state_shows_what_there_is_without_tokens(simulator, guest):
    guest.say("hello")
    status, state = control(simulator, "GET", "state")
    assert status == 200
    assert state["deployments"] == ["demo"]
    (session,) = state["sessions"]
    assert session.pop("expiresAt") > state["now"]
    assert session == {
        "number": 1,
        "deploymentId": "demo",
        "state": "open",
        "handedOver": False,
        "connections": [1],
        "messages": 1,
        "lastText": "hello",
        "lastBy": "Guest",
        "guest": None,
        "customAttributes": {},
    }
    assert control(simulator, "GET", "sessions/1")[1]["lastText"] == "hello"
    assert control(simulator, "GET", "sessions")[1][0]["number"] == 1
    assert state["connections"] == [1]
    assert guest.token not in str(state)


def test_the_clock_is_set_forward(simulator, guest):
    jwt = guest.jwt()["jwt"]
    assert control(simulator, "POST", "clock", {"advance": 3601})[0] == 200
    assert guest.history(jwt=jwt).status_code == 401


def test_faults_are_asked_for_and_taken_back(simulator, guest):
    status, fault = control(simulator, "POST", "faults", {"fault": "lose", "class": "JwtResponse", "times": None})
    assert (status, fault) == (200, {"kind": "lose", "stage": "frame", "times": None})
    guest.send("getJwt")
    assert guest.fence() == []
    assert control(simulator, "GET", "state")[1]["faults"][0]["hits"] == 1
    assert control(simulator, "DELETE", "faults")[0] == 200
    assert guest.ask("getJwt")["code"] == 200


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("faults", {"fault": "explode"}, "fault must be one of"),
        ("faults", {"fault": "clear"}, "fault must be one of"),
        ("faults", {"fault": "drop", "how": "softly"}, "silence"),
        ("faults", {"fault": "drop", "colour": "red"}, "colour"),
        ("clock", {}, "advance"),
        ("clock", [], "one JSON object"),
        ("agent", {"text": "anybody?"}, "no such guest"),
        ("connections", {"do": "dance"}, "do: must be 'reset', 'fin', 'silence' or 'close', not 'dance'"),
    ],
)
def test_what_cannot_be_done_is_a_400_that_says_why(simulator, path, body, words):
    status, error = control(simulator, "POST", path, body)
    assert status == 400
    assert words in error["message"]


def test_an_agent_speaks_and_leaves(simulator, guest):
    status, sent = control(simulator, "POST", "agent", {"text": "hi", "quickReplies": ["Yes"], "name": "Kim"})
    assert status == 200
    shown = guest.outbound("hi")
    assert (shown["id"], shown["channel"]["from"], len(shown["content"])) == (sent["id"], {"nickname": "Kim"}, 1)
    control(simulator, "POST", "agent", {"typing": True, "token": guest.token})
    assert guest.wait("StructuredMessage")["body"]["type"] == "Event"
    control(simulator, "POST", "agent", {"disconnect": {"readOnly": True}})
    assert guest.wait("StructuredMessage")["body"]["metadata"]["readOnly"] == "true"


def test_connections_are_ended(simulator, guest, connect):
    other = connect(simulator)
    assert control(simulator, "POST", "connections", {"number": 1, "do": "reset"})[1] == {"connections": [1]}
    assert guest.expectClosed()[0] == 1006
    control(simulator, "POST", "connections", {"do": "close", "code": 4002, "reason": "gone"})
    assert other.expectClosed() == (4002, "gone")


def test_the_messages_of_a_session_are_there_for_reading(simulator, guest):
    content = [{"contentType": "Attachment", "attachment": {"id": guest.upload(b"pixels")}}]
    guest.say("look", content=content)
    status, (message,) = control(simulator, "GET", "sessions/1/messages")
    assert (status, message["text"], message["direction"]) == (200, "look", "Inbound")
    url = message["content"][0]["attachment"]["url"]
    assert url.startswith("/files/")
    answer = requests.get(simulator.restAddress + url, timeout=5)
    assert (answer.content, answer.headers["Content-Security-Policy"]) == (b"pixels", "sandbox")
    assert control(simulator, "GET", "sessions/7/messages")[0] == 404
    assert control(simulator, "GET", "sessions/x/messages")[0] == 404


def test_the_conversation_is_handed_over_and_back(connect):
    with Simulator(bot={"otherwise": "the bot"}) as simulator:
        guest = connect(simulator)
        assert control(simulator, "POST", "agent", {"session": 1, "handOver": "agent"})[0] == 200
        guest.say("anybody?")
        assert guest.fence() == []
        assert control(simulator, "POST", "agent", {"session": 1, "handOver": "bot"})[0] == 200
        guest.say("anybody?")
        assert guest.outbound("the bot")
        assert control(simulator, "POST", "agent", {"session": 1})[0] == 400


def test_the_clock_goes_to_the_end_of_a_session(simulator, guest):
    assert control(simulator, "POST", "clock", {"toExpiryOf": 1})[0] == 200
    assert guest.say("too late")["code"] == 4006
    assert control(simulator, "GET", "sessions/1")[1]["state"] == "expired"


def test_limits_are_set_while_it_runs(simulator, guest):
    assert control(simulator, "POST", "limits", {"limits": "documented"})[1]["limits"] == "documented"
    assert [guest.ask("echo", message={"type": "Text", "text": "x"})["code"] for _ in range(3)] == [200, 200, 429]
    assert control(simulator, "POST", "limits", {"limits": "none"})[1]["limits"] == "none"
    assert guest.ask("echo", message={"type": "Text", "text": "x"})["code"] == 200


# -- events


@contextlib.contextmanager
def events(simulator, **more):
    """What is told from now on, as a function that waits for an event of some kind."""
    address = simulator.address.removesuffix("/v1") + "/simulator/events"
    with connect_websocket(address, compression=None, **more) as socket:

        def wait(kind, where=lambda event: True):
            while True:
                event = json.loads(socket.recv(timeout=5))
                if event["event"] == kind and where(event):
                    TypeAdapter(AnyEvent).validate_python(event)
                    return event

        yield wait


def test_everything_that_happens_is_told(simulator, connect):
    with events(simulator) as wait:
        assert wait("state")["sessions"] == []
        guest = connect(simulator)
        assert wait("connection") == {"event": "connection", "number": 1, "open": True}
        came = wait("frame")
        assert (came["connection"], came["direction"]) == (1, "<")
        assert guest.token not in json.dumps(came)
        assert wait("session")["session"]["connections"] == [1]
        guest.typing()
        assert wait("typing") == {"event": "typing", "session": 1, "by": "Guest", "seconds": 5.0}
        guest.say("hello")
        said = wait("message")
        assert (said["session"], said["by"], said["message"]["text"]) == (1, "Guest", "hello")
        assert wait("session")["session"]["lastText"] == "hello"
        control(simulator, "POST", "agent", {"session": 1, "text": "hi"})
        assert wait("session", lambda event: event["session"]["handedOver"])
        assert wait("message")["by"] == "Human"
        guest.ask("dance")
        assert wait("violation")["sentence"] == "dance: unknown action 'dance'"
        with simulator.agent():
            simulator.faults.loseEcho()
        assert wait("faults")["faults"][0]["kind"] == "lose"
        control(simulator, "POST", "clock", {"advance": 60})
        assert wait("clock")
        control(simulator, "POST", "agent", {"session": 1, "disconnect": True})
        assert wait("session", lambda event: event["session"]["state"] == "read-only")
        guest.close()
        assert wait("connection") == {"event": "connection", "number": 1, "open": False}


# -- the key

FOREIGN = {"Origin": "https://evil.example"}


def test_with_the_key_everybody_is_let_in_and_without_it_only_programs_here(simulator):
    key = {"Authorization": f"Bearer {simulator.token}"}
    for headers, status in [
        ({}, 200),
        (key, 200),
        ({**key, **FOREIGN}, 200),
        ({**key, "Host": "simulator.example"}, 200),
        (FOREIGN, 403),
        ({"Origin": simulator.restAddress}, 403),
        ({"Host": "rebound.example"}, 403),
        ({"Authorization": "Bearer wrong-key"}, 403),
        ({"Authorization": "Bearer wrong-key", **FOREIGN}, 403),
    ]:
        assert control(simulator, "GET", "state", **headers)[0] == status, headers


def test_the_key_opens_the_events_as_a_subprotocol(simulator):
    with events(simulator, origin="https://elsewhere.example", subprotocols=[f"bearer.{simulator.token}"]) as wait:
        assert wait("state")
    for refused in [
        {"origin": "https://elsewhere.example"},
        {"origin": simulator.restAddress},
        {"origin": "https://elsewhere.example", "subprotocols": ["bearer.wrong-key"]},
        {"subprotocols": ["bearer.wrong-key"]},
    ]:
        with pytest.raises(InvalidStatus) as wrong, events(simulator, **refused):
            pass
        assert wrong.value.response.status_code == 403


def test_the_key_in_a_query_opens_nothing(simulator):
    assert control(simulator, "GET", f"state?token={simulator.token}", **FOREIGN)[0] == 403


def test_another_machine_needs_the_key():
    """This machine's own address that is not loopback stands for another machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no other address than loopback")
        address = probe.getsockname()[0]
    with Simulator(bot=False, host="0.0.0.0", token="a-key-of-mine") as simulator:
        port = simulator.restAddress.rsplit(":", 1)[1]
        assert simulator.deskAddress == f"http://127.0.0.1:{port}/desk#a-key-of-mine"
        url = f"http://{address}:{port}"
        assert requests.get(f"{url}/simulator/state", timeout=5).status_code == 403
        key = {"Authorization": "Bearer a-key-of-mine"}
        assert requests.get(f"{url}/simulator/state", headers=key, timeout=5).status_code == 200
        assert requests.get(f"{url}/desk", timeout=5).status_code == 200


def test_the_key_is_chosen_or_comes_from_the_environment_or_is_random(monkeypatch):
    assert Simulator().token != Simulator().token
    monkeypatch.setenv("GENESYS_WEBMESSAGING_SIMULATOR_TOKEN", "from-the-environment")
    assert Simulator().token == "from-the-environment"
    assert Simulator(token="one-of-my-own").token == "one-of-my-own"
    for unfit in ("short", "with spaces in it", "schlüssel-für-alles"):
        with pytest.raises(ValueError, match="at least 8 characters"):
            Simulator(token=unfit)


def test_the_pages_hold_no_data_and_bring_a_strict_policy(simulator, guest):
    page = requests.get(f"{simulator.restAddress}/desk", headers={"Host": "anything.example"}, timeout=5)
    assert page.headers["Content-Security-Policy"] == "default-src 'self'"
    for path in ("/desk", "/guest", *re.findall(r'(?:src|href)="(/desk/[^"]+)"', page.text), "/desk/render.js"):
        answer = requests.get(simulator.restAddress + path, timeout=5)
        assert answer.status_code == 200
        assert simulator.token not in answer.text
        assert guest.token not in answer.text
        assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search("<script(?! type=.module. src=)|\\son\\w+=.|style=", answer.text)
