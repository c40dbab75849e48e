"""connect, outbound, join: what a call sends, and what it returns or raises."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from genesys_webmessaging import WebMessagingClient

from . import calls
from .peer import Peer, Request, Wire, message
from .recorder import Log, Recorder, recorded_callback, still_receiving, wait_for_end
from .recordings import Case, made_whole
from .stage import DEPLOYMENT, ORIGIN, Stage, stage

# As long as Java was given before its recording said that a call was still blocked.
STILL_BLOCKED_AFTER = 4.0


# connect


def connect(case: Case) -> tuple[Any, Any]:
    """A handshake: what was asked for, and what came of it."""
    if case.id == "connect.twice":
        return _connect_twice(case)
    if case.id == "connect.then_immediate_call_x100":
        return _connect_and_call(case)
    expected = {
        "outcome": calls.recorded_outcome(case.data["outcome"]),
        "handshake": [_recorded_handshake(each) for each in case.data["handshake"]],
        "callbacks": [recorded_callback(each) for each in case.data["callbacks"]],
        "state": recorded_state(case.data["state"]),
    }
    log = Log()
    recorder = Recorder("L1", log)
    with Peer(case.data["server"]) as peer:
        address = case.data["address"].replace("<PORT>", str(peer.port))
        made: list[WebMessagingClient] = []

        def attempt() -> None:
            made.append(WebMessagingClient(address))
            made[0].addSessionListener(recorder)
            calls.call(made[0], case.data["sig"], case.data["args"])

        outcome = _bounded(attempt, peer)
        client = made[0] if made else None
        observed = {
            "outcome": outcome,
            "handshake": [_handshake(each, peer.port) for each in peer.handshakes],
            "callbacks": log.callbacks(),
            "state": state(client),
        }
        if client is not None:
            client.disconnect()
    return expected, observed


def _bounded(attempt: Any, peer: Peer) -> dict[str, Any]:
    """What comes of a call that may never return; the peer's end then frees it."""
    outcomes: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: outcomes.append(calls.outcome(attempt)), name="attempt", daemon=True)
    thread.start()
    thread.join(STILL_BLOCKED_AFTER)
    if not thread.is_alive():
        return outcomes[0]
    peer.__exit__()
    thread.join()
    return {"timeout": True}


def _recorded_handshake(recorded: dict[str, Any]) -> dict[str, Any]:
    return {
        "method": recorded["method"],
        "path": recorded["path"],
        "query": dict(recorded["query"]),
        "headers": dict(recorded["headers"]),
    }


def _handshake(request: Request, port: int) -> dict[str, Any]:
    names = [name for name, _ in request.headers]
    assert len({name.lower() for name in names}) == len(names), f"a header came twice: {names}"
    parts = urlsplit(request.target)
    headers = {name: value.replace(str(port), "<PORT>") for name, value in request.headers}
    if "Sec-WebSocket-Key" in headers:
        headers["Sec-WebSocket-Key"] = "<random>"
    return {
        "method": request.method,
        "path": parts.path,
        "query": dict(parse_qsl(parts.query, keep_blank_values=True)),
        "headers": headers,
    }


def recorded_state(recorded: dict[str, Any]) -> dict[str, Any]:
    """Of Java's private fields those that ours shows too. Before a connection Java's isInputClosed dies."""
    return {
        "token": recorded["token"],
        "jwt": recorded["jwt"],
        "webSocket": not recorded["webSocket_null"],
        "isInputClosed": recorded.get("isInputClosed", True),
        "isOutputClosed": recorded.get("isOutputClosed", True),
    }


def state(client: WebMessagingClient | None) -> dict[str, Any]:
    """The same facts of ours; a client that could not even be made has no connection."""
    if client is None:
        return {"token": None, "jwt": None, "webSocket": False, "isInputClosed": True, "isOutputClosed": True}
    return {
        "token": client.token,
        "jwt": client.jwtResponse.jwt if client.jwtResponse else None,
        "webSocket": client.getWebSocket() is not None,
        "isInputClosed": client.isInputClosed(),
        "isOutputClosed": client.isOutputClosed(),
    }


def _connect_twice(case: Case) -> tuple[Any, Any]:
    expected = {
        "second": {"ok": None},
        "first_still_open": case.data["first_still_open"],
        "callbacks": [recorded_callback(each) for each in case.data["callbacks"]],
        "ping_went_to": case.data["ping_went_to"],
    }
    log = Log()
    with stage(Recorder("L1", log), log=log) as scene:
        first = scene.configure()
        scene.forget()
        second = calls.outcome(lambda: scene.client.connect(DEPLOYMENT, ORIGIN))
        first.send_text(case.data["callbacks"][0]["args"][1])
        still_receiving(log, first)
        scene.client.ping()
        first.wait_for_texts(2)
        observed = {
            "second": second,
            "first_still_open": not scene.client.isInputClosed(),
            "callbacks": log.callbacks(),
            "ping_went_to": ["first"] if '"echo"' in first.texts[-1] else [],
        }
    return expected, observed


def _connect_and_call(case: Case) -> tuple[Any, Any]:
    failures = []
    for _ in range(100):
        log = Log()
        with stage(log=log) as scene:
            scene.client.connect(DEPLOYMENT, ORIGIN)
            outcome = calls.outcome(lambda: scene.client.configureSession(DEPLOYMENT, ORIGIN))
            scene.wire = scene.peer.wire()
            scene.wire.wait_for_texts(1)
            failures += [outcome] if "ok" not in outcome else []
    return {"failures": case.data["failures"], "example": case.data["example"]}, {
        "failures": len(failures),
        "example": failures[:1],
    }


# outbound


def outbound(case: Case) -> tuple[Any, Any]:
    """A method, and the frames that it sends."""
    signature, args = case.data["sig"], case.data["args"]
    wire = case.data["wire"]
    expected = {
        "outcome": calls.recorded_outcome(case.data["outcome"]),
        "frames": [_recorded_frame(each, case) for each in wire if "raw" in each],
        "closes": [[each["code"], each["reason"]] for each in wire if each.get("ev") == "close"],
        "callbacks": [recorded_callback(each) for each in case.data.get("callbacks", ())],
    }
    log = Log()
    with stage(Recorder("L1", log), log=log) as scene:
        _prepare(scene, case.data["pre"])
        before = len(scene.wire.events) if scene.wire else 0
        scene.forget()
        outcome = calls.outcome(lambda: calls.call(scene.client, signature, args))
        callbacks = _callbacks_of(scene, signature)
        came = _all_that_came(scene)[before:]
        frames = [json.loads(event["text"]) for event in came if "text" in event]
        observed = {
            "outcome": _without_tracing_id(outcome, signature, frames),
            "frames": frames,
            "closes": [[event["code"], event["reason"]] for event in came if event.get("ev") == "close"]
            if signature == "disconnect()"
            else [],
            "callbacks": callbacks,
        }
        if any(isinstance(event.get("ev"), str) and event["ev"] == "garbage" for event in came):
            raise AssertionError(f"the client broke the protocol: {came}")
    return expected, observed


def _prepare(scene: Stage, pre: str) -> None:
    if pre == "connected":
        scene.connect()
    elif pre == "configured":
        scene.configure()
    elif pre == "disconnected":
        scene.configure()
        scene.client.disconnect()
        wait_for_end(scene.log)
    elif pre != "fresh":
        raise AssertionError(f"no such state: {pre}")


def _callbacks_of(scene: Stage, signature: str) -> list[dict[str, Any]]:
    """What was heard because of the call: the end after a disconnect, else nothing up to a sentinel."""
    if scene.wire is not None:
        if signature == "disconnect()" or scene.client.isInputClosed():
            wait_for_end(scene.log)
        else:
            still_receiving(scene.log, scene.wire)
    return scene.log.callbacks()


def _all_that_came(scene: Stage) -> list[dict[str, Any]]:
    """Every frame up to the client's close frame: nothing can come after it."""
    if scene.wire is None:
        if scene.peer.requests:
            raise AssertionError(f"a client that never connected sent {scene.peer.requests}")
        return []
    scene.client.disconnect()
    scene.wire.wait_for(lambda events: any(event.get("ev") == "close" for event in events))
    return scene.wire.events


def _recorded_frame(recorded: dict[str, Any], case: Case) -> dict[str, Any]:
    text = made_whole(recorded["raw"], lost='"}}')
    assert len(text.encode()) == recorded["bytes"] or "<random-uuid" in text, f"{case} was not made whole"
    frame: dict[str, Any] = _with_uuids(json.loads(text))
    return frame


def _with_uuids(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_uuids(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_uuids(item) for item in value]
    return "$uuid" if isinstance(value, str) and value.startswith("<random-uuid:") else value


def _without_tracing_id(outcome: dict[str, Any], signature: str, frames: list[dict[str, Any]]) -> dict[str, Any]:
    """A method that sends returns the tracing id of what it sent, where Java's returns nothing or a future."""
    if signature == "getWebSocket()" and outcome.get("ok") is not None:
        return {"ok": "something"}
    if "ok" not in outcome or signature in calls.SENDS_NOTHING or not isinstance(outcome["ok"], str):
        return outcome
    sent = [frame.get("tracingId") for frame in frames]
    return {"ok": None if sent == [outcome["ok"]] else f"{outcome['ok']}, which is not the tracing id sent: {sent}"}


# join


def join(case: Case) -> tuple[Any, Any]:
    """joinConversation against a server that answers, as Genesys does and the recording's did not."""
    if case.id == "join4.x100_race":
        return _join_race(case)
    recorded = case.data
    expected = {
        "outcome": calls.recorded_outcome(recorded["outcome"]),
        "frames": recorded["frames_sent_by_client"],
        "callbacks": [recorded_callback(each) for each in recorded["callbacks"]],
        "state": recorded_state(recorded["state"]),
    }
    log = Log()
    recorders = [Recorder("L1", log)] if recorded["own_listener_registered_first"] else []
    with stage(*recorders, log=log) as scene:
        scene.peer.on_text = answer
        observed = _joined(scene, recorded)
        if "after_feed" in recorded:
            fed = recorded["after_feed"]
            expected["after_feed"] = {
                "frames": fed["frames_sent_by_client"],
                "state": recorded_state(fed["state"]),
            }
            observed["after_feed"] = _fed(scene, fed["pushed"])
        if "second_connect" in recorded:
            second = recorded["second_connect"]
            expected["second_connect"] = {
                "outcome": calls.recorded_outcome(second["outcome"]),
                "frames": [_with_uuids(json.loads(text)) for text in second["frames_sent_by_client"]],
                "state": recorded_state(second["state"]) | {"token": "$uuid"},
            }
            observed["second_connect"] = _connected_again(scene)
    return expected, observed


def _joined(scene: Stage, recorded: Mapping[str, Any]) -> dict[str, Any]:
    outcome = calls.outcome(lambda: calls.call(scene.client, recorded["sig"], recorded["args"]))
    if isinstance(outcome.get("ok"), str):
        outcome = {"ok": None}
    frames: list[dict[str, Any]] = []
    if not scene.client.isInputClosed():
        scene.wire = scene.peer.wire()
        still_receiving(scene.log, scene.wire)
        frames = [json.loads(text) for text in scene.wire.texts]
    return {
        "outcome": outcome,
        "frames": frames,
        "callbacks": scene.log.callbacks(),
        "state": state(scene.client),
    }


def _fed(scene: Stage, pushed: str) -> dict[str, Any]:
    wire: Wire | None = scene.wire
    assert wire is not None, "not connected"
    before = len(wire.texts)
    wire.send_text(pushed)
    still_receiving(scene.log, wire)
    return {"frames": [json.loads(text) for text in wire.texts[before:]], "state": state(scene.client)}


def _connected_again(scene: Stage) -> dict[str, Any]:
    wire = scene.wire
    assert wire is not None, "not connected"
    before = len(wire.texts)
    outcome = calls.outcome(lambda: scene.client.connect(DEPLOYMENT, ORIGIN))
    still_receiving(scene.log, wire)
    return {
        "outcome": outcome,
        "frames": [json.loads(text) for text in wire.texts[before:]],
        "state": state(scene.client),
    }


def _join_race(case: Case) -> tuple[Any, Any]:
    """How often the initial message went out: in Java never, of a hundred times."""
    runs = 10
    sent = 0
    for _ in range(runs):
        log = Log()
        with stage(log=log) as scene:
            scene.peer.on_text = answer
            calls.call(
                scene.client, "joinConversation(String,String,String,String)", [DEPLOYMENT, "tok-join", "Hello", ORIGIN]
            )
            scene.wire = scene.peer.wire()
            still_receiving(log, scene.wire)
            sent += any('"Hello"' in text for text in scene.wire.texts)
    return {"share": case.data["runs_where_any_frame_was_sent"] / case.data["runs"]}, {"share": sent / runs}


def answer(text: str) -> list[str]:
    """What a server says to a request: a session to configure, the echo of a message."""
    frame = json.loads(text)
    if frame["action"] == "configureSession":
        return [_response("SessionResponse", {"connected": True, "newSession": True}, frame)]
    if frame["action"] == "onMessage":
        echo = json.loads(message(frame["message"].get("text", ""), direction="Inbound"))
        return [json.dumps(echo | {"tracingId": frame["tracingId"]})]
    return []


def _response(name: str, body: dict[str, Any], frame: dict[str, Any]) -> str:
    return json.dumps({"type": "response", "class": name, "code": 200, "body": body, "tracingId": frame["tracingId"]})
