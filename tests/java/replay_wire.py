"""inbound, listeners, lifecycle: what comes over the wire, and what is heard of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from websockets.frames import Frame, Opcode

from genesys_webmessaging.models import WebMessagingMessageEntityList

from . import calls, replay_history
from .peer import Peer, Wire, message, pause
from .recorder import (
    ENDINGS,
    Log,
    Recorder,
    is_watch,
    recorded_callback,
    still_receiving,
    wait_for_end,
)
from .recordings import Case, made_whole
from .stage import DEPLOYMENT, ORIGIN, Stage, stage

# inbound


def inbound(case: Case) -> tuple[Any, Any]:
    """Frames pushed to a configured client, and what its listener hears."""
    pushes = [_whole_push(each, case) for each in case.data["push"]]
    died = any(each["method"] == "webSocketError" for each in case.data["callbacks"])
    expected = {
        "callbacks": [_whole_callback(each, pushes) for each in case.data["callbacks"]],
        "still_receiving": case.data["still_receiving"],
        "isInputClosed": case.data["isInputClosed"],
        "isOutputClosed": case.data["isOutputClosed"],
    }
    log = Log()
    with stage(Recorder("L1", log), log=log) as scene:
        wire = scene.configure()
        scene.forget()
        for each in pushes:
            push(wire, each)
        alive = still_receiving(log, wire) is not None
        if not alive:
            wait_for_end(log)
        observed = {
            "callbacks": log.callbacks(),
            "still_receiving": alive,
            "isInputClosed": scene.client.isInputClosed(),
            "isOutputClosed": scene.client.isOutputClosed(),
        }
        if not died:
            expected["server_saw"] = case.data["server_saw"]
            observed["server_saw"] = scene.sent_until_close()
    return expected, observed


def inbound_context(case: Case) -> Mapping[str, Any]:
    """What a row may name: the frame's text, and what stands in it."""
    pushed = _whole_push(case.data["push"][0], case)
    text = pushed.get("text") or "".join(pushed.get("frag", ())) or pushed.get("split", {}).get("text", "")
    context: dict[str, Any] = {"$raw": text, "$tracingId": None}
    try:
        document = json.JSONDecoder().raw_decode(text)[0]
    except ValueError:
        return context
    if isinstance(document, dict):
        body = document.get("body")
        fields = body if isinstance(body, dict) else {}
        context.update({f"${name}": document.get(name) for name in ("type", "class", "code", "body")})
        context.update({f"$body.{name}": value for name, value in fields.items()})
        tracing_id = document.get("tracingId", fields.get("tracingId"))
        context["$tracingId"] = tracing_id if isinstance(tracing_id, (str, type(None))) else str(tracing_id)
    return context


def _whole_push(pushed: dict[str, Any], case: Case) -> dict[str, Any]:
    if "text" in pushed:
        return pushed | {"text": made_whole(pushed["text"], lost='", "type": "Text')}
    if "bytes_len" in pushed:
        # The bytes were not recorded, but what the listener heard of them was, frame by frame.
        frames = [Frame(Opcode.TEXT, each["args"][1].encode()) for each in case.data["callbacks"]]
        data = b"".join(frame.serialize(mask=False) for frame in frames)
        assert len(data) == pushed["bytes_len"], f"{case}: {len(data)} bytes, recorded were {pushed['bytes_len']}"
        return {"bytes_hex": data.hex()}
    return pushed


def _whole_callback(recorded: dict[str, Any], pushes: list[dict[str, Any]]) -> dict[str, Any]:
    facts = recorded_callback(recorded)
    if isinstance(facts.get("raw"), dict):
        # A long text: only its length was recorded.
        assert facts["raw"] == {"long_string_length": len(pushes[0]["text"])}
        facts["raw"] = pushes[0]["text"]
    return facts


def push(wire: Wire, pushed: dict[str, Any]) -> None:
    """Do what the recording's server did."""
    for what, how in _PUSHES.items():
        if what in pushed:
            how(wire, pushed)
            return
    raise AssertionError(f"no such push: {pushed}")


_PUSHES: Mapping[str, Callable[[Wire, dict[str, Any]], None]] = {
    "text": lambda wire, it: wire.send_text(it["text"]),
    "frag": lambda wire, it: wire.send_fragments(it["frag"], it.get("delay", 0.0)),
    "split": lambda wire, it: wire.send_split(it["split"]["text"], it["split"]["at"]),
    "bytes_hex": lambda wire, it: wire.send_bytes(bytes.fromhex(it["bytes_hex"])),
    "binary": lambda wire, it: wire.send_frame(Frame(Opcode.BINARY, it["binary"].encode("latin-1"))),
    "ping": lambda wire, it: wire.send_frame(Frame(Opcode.PING, it["ping"].encode())),
    "close": lambda wire, it: wire.send_close(*it["close"]),
    "drop": lambda wire, it: wire.reset() if it["drop"] == "rst" else wire.fin(),
    "sleep": lambda wire, it: pause(it["sleep"]),
}


# listeners


def listeners(case: Case) -> tuple[Any, Any]:
    """Listeners that throw, come, go, and call the client from within."""
    recorded = case.data
    died = any(each.get("method") == "webSocketError" for each in recorded["events"])
    expected = {
        "connect": calls.recorded_outcome(recorded["connect_outcome"]),
        "events": [_recorded_event(each) for each in recorded["events"]],
        "jwt": recorded["private_jwt_after"],
        "isInputClosed": recorded["isInputClosed"],
        "isOutputClosed": recorded["isOutputClosed"],
    }
    log = Log()
    recorders, order = _recorders(recorded["listeners"], log)
    leaves = any("close" in each for each in recorded["push"]) or "disconnect()" in str(recorded["listeners"])
    with stage(*order, log=log) as scene:
        for recorder in recorders.values():
            recorder.client, recorder.others = scene.client, recorders
        scene.peer.on_text = replay_history.fetch_jwt
        scene.peer.on_rest = replay_history.Server(3).answer
        connected = calls.outcome(scene.configure)
        assert scene.wire is not None
        wire, pushed = scene.wire, threading.Event()

        def answer_when_all_is_pushed() -> None:
            pushed.wait(5)
            wire.send_close(1000, "Guest client disconnect")
            wire.fin()

        def answer_jwt_when_all_is_pushed(text: str) -> list[str]:
            pushed.wait(5)
            return replay_history.fetch_jwt(text)

        scene.peer.on_text = answer_jwt_when_all_is_pushed
        if "disconnect()" in str(recorded["listeners"]):
            scene.peer.on_close = answer_when_all_is_pushed
        for each in recorded["push"]:
            push(wire, each)
        pushed.set()
        if leaves:
            wait_for_end(log)
        heard = None if leaves else still_receiving(log, scene.wire)
        if heard is None:
            wait_for_end(log)
        else:
            # Who hears a sentinel is registered. After an end nobody hears one, and nothing is to be compared.
            expected["listeners_after"] = recorded["listeners_after"]
        observed = {
            "connect": {"ok": None} if "ok" in connected else connected,
            "events": [_event(each) for each in log.callbacks()],
            "jwt": scene.client.jwtResponse.jwt if scene.client.jwtResponse else None,
            "isInputClosed": scene.client.isInputClosed(),
            "isOutputClosed": scene.client.isOutputClosed(),
        }
        if heard is not None:
            observed["listeners_after"] = sum(not is_watch(name) for name in heard)
        if recorded["still_receiving"] is not None:
            expected["still_receiving"] = recorded["still_receiving"]
            observed["still_receiving"] = heard is not None
        if not died:
            expected["frames"] = [each["json"] for each in recorded["server_saw"] if "json" in each]
            observed["frames"] = [json.loads(each["text"]) for each in scene.sent_until_close()]
    return expected, observed


def _recorders(registered: list[list[Any]], log: Log) -> tuple[dict[str, Recorder], list[Recorder]]:
    """The listeners by name, and in the order in which they are registered, one of them twice perhaps."""
    recorders: dict[str, Recorder] = {}
    order = []
    for name, script in registered:
        if name not in recorders:
            recorders[name] = Recorder(name, log, script)
        order.append(recorders[name])
    return recorders, order


def _recorded_event(recorded: dict[str, Any]) -> dict[str, Any]:
    if recorded["ev"] == "callback":
        return recorded_callback(recorded)
    action = recorded["action"]
    facts = {"listener": recorded["listener"], "method": recorded["method"], "did": next(iter(action))}
    if "call" in action:
        facts["did"] = action["call"]
        ended = {"exception": recorded["exception"]} if "exception" in recorded else {"ok": recorded["result"]}
        facts["outcome"] = calls.recorded_outcome(ended)
    return facts


def _event(event: dict[str, Any]) -> dict[str, Any]:
    """A call that sends returns the tracing id, where Java's returns nothing."""
    returned = event.get("outcome", {}).get("ok")
    if isinstance(returned, WebMessagingMessageEntityList):
        return event | {"outcome": {"ok": f"{len(returned.entities)} messages"}}
    return event | {"outcome": {"ok": None}} if isinstance(returned, str) else event


def _is_tcp_end(event: dict[str, Any]) -> bool:
    return event.get("ev") in ("eof", "reset")


# lifecycle


def lifecycle(case: Case) -> tuple[Any, Any]:
    """How a connection ends, and what follows."""
    name = case.id.partition(".")[0]
    return _LIVES.get(name, _ends)(case)


def _ends(case: Case) -> tuple[Any, Any]:
    expected = {
        "callbacks": [recorded_callback(each) for each in case.data["callbacks"]],
        "isInputClosed": case.data["isInputClosed"],
        "isOutputClosed": case.data["isOutputClosed"],
        "ping_afterwards": calls.recorded_outcome(case.data["ping_afterwards"]),
        "disconnect_afterwards": calls.recorded_outcome(case.data["disconnect_afterwards"]),
    }
    if "outcome" in case.data:
        recorded = case.data["outcome"]
        each = recorded if isinstance(recorded, list) else [recorded]
        expected["outcome"] = [calls.recorded_outcome(one) for one in each]
    log = Log()
    with stage(Recorder("L1", log), Recorder("L2", log), log=log) as scene:
        wire = scene.configure()
        scene.forget()
        observed: dict[str, Any] = {}
        outcome = _END_OF[_kind(case)](scene, wire, case)
        if "outcome" in expected:
            observed["outcome"] = outcome
        wait_for_end(log)
        if not any(each["method"] == "webSocketError" for each in case.data["callbacks"]):
            wire.wait_for_end()
            expected["server_saw"] = [each for each in case.data["server_saw"] if not _is_tcp_end(each)]
            observed["server_saw"] = [each for each in scene.sent() if not _is_tcp_end(each)]
        observed["isInputClosed"] = scene.client.isInputClosed()
        observed["isOutputClosed"] = scene.client.isOutputClosed()
        observed["ping_afterwards"] = calls.outcome(scene.client.ping)
        observed["disconnect_afterwards"] = calls.outcome(scene.client.disconnect)
        observed["callbacks"] = log.callbacks()
    return expected, observed


def _kind(case: Case) -> str:
    if case.id == "server_close.1byte":
        return case.id
    return "server_close" if case.id.startswith("server_close.") else case.id


def _server_closes(scene: Stage, wire: Wire, case: Case) -> None:
    """With the code and reason that the case's name gives; a long reason is cut there, but was heard."""
    _, code, reason = case.id.split(".", 2)
    heard = case.data["callbacks"][0]["args"]
    scene.peer.on_close = None
    wire.send_close(None if code == "None" else int(code), heard[1] if len(heard) == 2 else reason)
    wire.wait_for(lambda events: any("ev" in event for event in events))
    wire.fin()


def _disconnects(scene: Stage, wire: Wire, case: Case) -> list[dict[str, Any]]:
    answers: Mapping[str, Any] = {
        "client_disconnect.server_answers_4002": (4002, "other"),
        "client_disconnect.server_silent_then_message": None,
    }
    scene.peer.on_close = answers.get(case.id, "echo")
    times = 2 if case.id == "client_disconnect_twice" else 1
    if scene.peer.on_close is None:
        scene.peer.on_close = lambda: wire.send_text(message("after-client-close"))
    return [calls.outcome(scene.client.disconnect) for _ in range(times)]


def _drops(scene: Stage, wire: Wire, case: Case) -> None:
    push(wire, {"drop": case.id.removeprefix("tcp_")})


def _one_byte_close(scene: Stage, wire: Wire, case: Case) -> None:
    wire.send_frame(Frame(Opcode.CLOSE, b"\x03"))


def _says_goodbye(scene: Stage, wire: Wire, case: Case) -> None:
    scene.peer.on_close = None
    wire.send_text(case.data["callbacks"][0]["args"][1])
    wire.send_close(1000, "done")


def _last_words(scene: Stage, wire: Wire, case: Case) -> None:
    wire.send_text(case.data["callbacks"][0]["args"][1])
    wire.fin()


_END_OF: Mapping[str, Callable[[Stage, Wire, Case], list[dict[str, Any]] | None]] = {
    "server_close": _server_closes,
    "server_close.1byte": _one_byte_close,
    "tcp_rst": _drops,
    "tcp_fin": _drops,
    "client_disconnect.server_echoes": _disconnects,
    "client_disconnect.server_silent_then_message": _disconnects,
    "client_disconnect.server_answers_4002": _disconnects,
    "client_disconnect_twice": _disconnects,
    "connection_closed_event_then_close": _says_goodbye,
    "message_then_fin": _last_words,
}


def _reconnects(case: Case) -> tuple[Any, Any]:
    expected = {
        "connect": calls.recorded_outcome(case.data["connect"]),
        "callbacks": [recorded_callback(each) for each in case.data["callbacks"]],
        "ping": calls.recorded_outcome(case.data["ping"]),
        "second_conn_texts": [json.loads(text) for text in case.data["second_conn_texts"]],
    }
    log = Log()
    with stage(Recorder("L1", log), Recorder("L2", log), log=log) as scene:
        first = scene.configure()
        scene.forget()
        first.send_close(1001, "going away")
        wait_for_end(log)
        ended = log.callbacks()
        scene.forget_everything()
        connected = calls.outcome(lambda: scene.client.connect(DEPLOYMENT, ORIGIN))
        scene.wire = scene.peer.wire()
        scene.wire.send_text(message("after-reconnect"))
        still_receiving(log, scene.wire)
        pinged = calls.outcome(scene.client.ping)
        scene.client.disconnect()
        scene.wire.wait_for(lambda events: any(event.get("ev") == "close" for event in events))
        wait_for_end(log)
        heard = [each for each in log.callbacks() if each["method"] not in ENDINGS]
        observed = {
            "connect": connected,
            "callbacks": ended + heard,
            "ping": pinged,
            "second_conn_texts": [json.loads(text) for text in scene.wire.texts],
        }
    return expected, observed


def _idles(case: Case) -> tuple[Any, Any]:
    log = Log()
    with stage(log=log) as scene:
        wire = scene.configure()
        before = len(wire.events)
        wire.wait_for(lambda events: len(events) > before, timeout=2.0)
        return {"server_saw": case.data["server_saw"]}, {"server_saw": wire.events[before:]}


def _last_words_often(case: Case) -> tuple[Any, Any]:
    """How often the end of a connection goes unreported when a message came right before it."""
    runs = case.data["runs"]
    unreported = 0
    for _ in range(runs):
        log = Log()
        with stage(Recorder("L1", log), log=log) as scene:
            wire = scene.configure()
            wire.send_text(message("last-words"))
            wire.fin()
            unreported += not log.wait_for(lambda: log.has(*ENDINGS))  # noqa: B023
    recorded = case.data["runs_where_no_disconnect_or_error_was_reported_within_1s"]
    return {"unreported": recorded}, {"unreported": unreported}


def _early_message(case: Case) -> tuple[Any, Any]:
    expected = {"callbacks": [recorded_callback(each) for each in case.data["callbacks"]]}
    log = Log()
    early = case.data["callbacks"][1]["args"][1]
    with stage(Recorder("L1", log), log=log, peer=Peer(greeting=early)) as scene:
        still_receiving(log, scene.connect())
        return expected, {"callbacks": log.callbacks()}


_LIVES: Mapping[str, Callable[[Case], tuple[Any, Any]]] = {
    "reconnect_same_client": _reconnects,
    "idle_2s": _idles,
    "message_then_fin_x20": _last_words_often,
    "early_message_with_101": _early_message,
}
