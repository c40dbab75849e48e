"""``simulate``, in a process of its own."""

from __future__ import annotations

import re
import signal

import pytest
import requests

FIRST_LINE = re.compile(r"(ws://127\.0\.0\.1:\d+/v1)  deployment demo\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_line_is_the_address_and_a_signal_ends_it_cleanly(background, number):
    server = background("simulate")

    assert FIRST_LINE.fullmatch(server.line())
    ended = server.end(number)
    assert (ended.status, ended.err) == (0, "")


def test_a_conversation_with_it_through_a_pipe_and_rest_is_on_the_same_port(background, command):
    server = background("simulate")
    address = FIRST_LINE.fullmatch(server.line())
    assert address is not None

    host = address[1].replace("ws://", "http://").replace("/v1", "")
    answer = requests.get(f"{host}/api/v2/webmessaging/messages", timeout=10)
    assert answer.status_code == 401

    ended = command("chat", "--address", address[1], "--deployment-id", "demo", typed="hello\n1\n")

    assert (ended.status, ended.err) == (0, "")
    for said in (
        "You         hello",
        "Hello! Ask me",
        "You         \u2192 Opening hours",
        "from 9 to 17",
        "disconnected",
    ):
        assert said in ended.out
    assert server.end(signal.SIGTERM).status == 0


def test_it_takes_a_script_and_several_deployments(background, command, tmp_path):
    script = tmp_path / "bot.json"
    script.write_text('{"name": "Parrot", "otherwise": ["{text}, {text}"]}', encoding="utf-8")
    server = background("simulate", "--script", str(script), "--deployment-id", "shop", "--deployment-id", "help")

    first = server.line()
    assert re.fullmatch(r"ws://\S+  deployments shop, help\n", first)
    ended = command("send", "--address", first.split()[0], "--deployment-id", "help", "Polly")
    assert "Polly, Polly" in ended.out


def test_the_frame_log_holds_no_secrets(background, command):
    server = background("simulate", "--frames")
    address = server.line().split()[0]
    token = "6b2f0d5e-26b5-4d4c-9f3e-0d6f2a4b7c10"
    place = ("--address", address, "--deployment-id", "demo")
    sent = command("send", *place, "--attribute", "plan=gold", "--wait", "0", "hi", env={"GENESYS_TOKEN": token})

    assert sent.status == 0
    log = server.end(signal.SIGINT).err
    assert '"action": "onMessage"' in log
    assert token not in log
    assert "gold" not in log


def test_a_port_that_is_taken_is_said(background, command):
    server = background("simulate")
    port = server.line().split("/")[2].split(":")[1]

    ended = command("simulate", "--port", port)
    assert ended.status == 2
    assert "in use" in ended.err
    assert "Traceback" not in ended.err


def test_a_script_that_is_none_is_said(command, tmp_path):
    script = tmp_path / "bot.json"
    script.write_text('{"greting": []}', encoding="utf-8")

    ended = command("simulate", "--script", str(script))
    assert ended.status == 2
    assert "greting" in ended.err
    assert command("simulate", "--script", str(script), "--no-bot").status == 2
    assert command("simulate", "--script", str(tmp_path / "none.json")).status == 2
