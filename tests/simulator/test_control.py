"""The control endpoint: a simulator in the hands of a program that is not Python."""

from __future__ import annotations

import pytest
import requests


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
    assert state["sessions"] == [{"deploymentId": "demo", "state": "open", "connections": [1], "messages": 1}]
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
        ("connections", {"do": "dance"}, "do must be one of"),
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


def test_web_pages_are_kept_out(simulator):
    assert control(simulator, "GET", "state", Origin="https://evil.example")[0] == 403
