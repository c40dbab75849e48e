"""``check``: which step fails, and what that means."""

from __future__ import annotations

import json
import re
import socket
import stat
from contextlib import suppress

import pytest
from _raw_peer import ClientGoneError, RawPeer, Wire

from genesys_webmessaging.simulator import Deployment, Simulator


def outcomes(out: str) -> dict[str, str]:
    """The outcome of each step."""
    return {line[8:20].strip(): line[:8].strip() for line in out.splitlines() if line[:1].strip()}


def test_every_step_is_told(command, place):
    ended = command("check", *place)

    assert (ended.status, ended.err) == (0, "")
    assert outcomes(ended.out) == {
        "name": "ok",
        "network": "ok",
        "encryption": "-",
        "deployment": "ok",
        "websocket": "ok",
        "session": "ok",
        "echo": "ok",
        "history": "ok",
        "goodbye": "ok",
    }


def test_the_encryption_is_looked_at(command, background):
    server = background("simulate", "--tls")
    address, told = server.line().split()[0], ""
    while not told.startswith("certificate to trust: "):
        told = server.line()
    certificate = told.partition(": ")[2].strip()
    place = ("--address", address, "--deployment-id", "demo")
    trusted = command("check", *place, "--ca-file", certificate)
    strange = command("check", *place)

    assert trusted.status == 0
    assert "TLSv1.3" in trusted.out
    assert (strange.status, outcomes(strange.out)["encryption"]) == (3, "FAILED")
    assert "--ca-file" in strange.out


def test_an_address_that_is_not_encrypted_is_told(command, simulator):
    ended = command("check", "--address", simulator.address.replace("ws://", "wss://"), "--deployment-id", "demo")

    assert (ended.status, outcomes(ended.out)["encryption"]) == (3, "FAILED")
    assert "ws://" in ended.out


def test_a_port_that_nobody_listens_on_is_told(command):
    ended = command("check", "--address", "ws://127.0.0.1:1/v1", "--deployment-id", "demo")

    assert ended.status == 3
    assert ended.err == "Error: the step 'network' failed: Connection refused\n"
    assert outcomes(ended.out)["websocket"] == "-"
    assert "firewall" in ended.out


def test_a_name_that_is_unknown_is_told(command, monkeypatch):
    def unknown(*args: object, **named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    ended = command("check", "--address", "ws://nowhere.example/v1", "--deployment-id", "demo")

    assert (ended.status, outcomes(ended.out)["name"]) == (3, "FAILED")


def test_an_unknown_deployment_is_told(command, simulator):
    ended = command("check", "--address", simulator.address, "--deployment-id", "nobody")

    assert ended.status == 1
    assert (outcomes(ended.out)["deployment"], outcomes(ended.out)["websocket"]) == ("maybe", "FAILED")
    assert "is the deployment active in this region" in ended.out


def test_an_origin_that_is_refused_is_told(command):
    with Simulator(deployments=[Deployment(allowedOrigins=["https://shop.example"])]) as simulator:
        ended = command("check", "--address", simulator.address, "--deployment-id", "demo")

    assert (ended.status, outcomes(ended.out)["websocket"]) == (1, "FAILED")
    assert "--origin" in ended.out


@pytest.mark.parametrize(
    ("fault", "step", "status"),
    [
        (lambda faults: faults.refuseHandshake(503), "websocket", 3),
        (lambda faults: faults.lose(class_="SessionResponse"), "session", 4),
        (lambda faults: faults.refuse("configureSession", 400, "Unknown deployment"), "session", 1),
        (lambda faults: faults.lose(action="echo"), "echo", 4),
        (lambda faults: faults.rest(500, times=None, path="/api/v2/webmessaging/messages"), "history", 1),
    ],
)
def test_the_step_that_fails_is_named(command, place, simulator, fault, step, status):
    fault(simulator.faults)
    ended = command("check", *place, "--timeout", "1")

    assert (ended.status, outcomes(ended.out)[step]) == (status, "FAILED")
    assert ended.err.startswith(f"Error: the step '{step}' failed: ")
    assert ended.err.count("\n") == 1


def test_a_proxy_is_not_gone_around(command, place):
    ended = command("check", *place, "--proxy", "http://user:secret@127.0.0.1:1")

    assert outcomes(ended.out)["network"] == "FAILED"
    assert "the proxy cannot be used" in ended.out
    assert "secret" not in ended.out + ended.err
    assert ended.status == 3


def test_a_proxy_that_is_there_and_does_not_let_this_through_is_called_the_proxy(command, place):
    def refuse(wire: Wire) -> None:
        with suppress(ClientGoneError):  # a step only sees whether the proxy is there
            wire.read_head()
            wire.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with RawPeer(refuse) as front:
        ended = command("check", *place, "--proxy", f"http://127.0.0.1:{front.port}", "--timeout", "5")

    assert outcomes(ended.out)["name"] == outcomes(ended.out)["network"] == "ok"
    assert outcomes(ended.out)["websocket"] == "FAILED"
    assert "the proxy does not let this through" in ended.out


def test_the_steps_are_told_as_data(command, place):
    told = json.loads(command("check", *place, "--json").out)

    assert [row["outcome"] for row in told] == ["ok", "ok", "-", *["ok"] * 6]
    assert command("check", *place, "--format", "csv").out.startswith("step,outcome,told,means\nname,ok,")


def test_the_recording_holds_the_frames_but_no_secrets(command, simulator, place, tmp_path):
    record = tmp_path / "frames.jsonl"
    ended = command("check", *place, "--record", str(record), env={"GENESYS_WEBMESSAGING_LOG_TEXT": "1"})

    assert ended.status == 0
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    text = record.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["sent"]["action"] for line in lines if "sent" in line] == ["configureSession", "echo", "getJwt"]
    assert "JwtResponse" in [line["received"]["class"] for line in lines if "received" in line]
    (session,) = simulator.sessions
    assert session.token not in text
    assert not re.search(r"eyJ|ping", text)
