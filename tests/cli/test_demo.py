"""The demo: the first thing that anybody sees of this package."""

from __future__ import annotations

import re
import time

from genesys_webmessaging.simulator import Deployment, Simulator


def test_the_demo_in_a_pipe_shows_a_whole_conversation_plainly_and_ends_in_good_time(process):
    began = time.monotonic()
    ended = process("demo")

    assert (ended.status, ended.err) == (0, "")
    assert time.monotonic() - began < 15  # a machine with other things to do included
    for said in (
        "Demo Bot    What would you like to do?",
        "[1] Opening hours  [2] Show me a card  [3] Book a date",
        "You         \u2192 Opening hours",
        "You are typing",
        "Demo Bot is typing",
        "\u2502 [1] Order it  [2] Tell me more",
        "You         \u2192 Tell me more",
        "custom attributes: page=/hats/sun-hat",
        "uploading favourite.png: 100 % of 1.4 MB",
        "file favourite.png (image/png, 1.4 MB)",
        "Thank you for favourite.png.",
        "favourite.png came back byte by byte as it was sent",
        "Goodbye!",
        "disconnected",
    ):
        assert said in ended.out
    assert "\x1b" not in ended.out
    assert max(len(line) for line in ended.out.splitlines()) < 120


def test_the_demo_says_that_the_history_is_what_was_said(command):
    ended = command("demo")

    lines = [line for line in ended.out.splitlines() if re.match(r"\d\d:\d\d:\d\d  ", line)]
    told = re.search(r"history: (\d+) messages over REST, the same as heard live", ended.out)
    assert told is not None
    spoken = [line for line in lines if not line[10:].startswith("\u00b7")] + [
        line for line in lines if line.endswith("You joined")
    ]
    assert int(told[1]) == len(spoken)


def test_the_demo_does_not_look_at_where_the_environment_points(command):
    ended = command("demo", env={"GENESYS_REGION": "eu_central_1", "GENESYS_DEPLOYMENT_ID": "x"})

    assert ended.status == 0
    assert "local simulator" in ended.out


def test_the_demo_talks_to_another_server(command, simulator, place):
    ended = command("demo", *place, "--timeout", "2")

    assert (ended.status, ended.err) == (0, "")
    assert "\u2192 Opening hours" in ended.out
    assert re.search(r"history: \d+ messages over REST", ended.out)
    (session,) = simulator.sessions
    assert session.customAttributes == {"page": "/hats/sun-hat", "customer": "demo"}


def test_the_demo_bears_a_server_where_nobody_answers(command):
    with Simulator(bot=False) as silent:
        ended = command("demo", "--address", silent.address, "--deployment-id", "demo", "--timeout", "1")

    assert (ended.status, ended.err) == (0, "")
    assert "nobody has answered yet" in ended.out


def test_the_demo_says_that_nobody_listens(process):
    ended = process("demo", "--address", "ws://127.0.0.1:1/v1", "--deployment-id", "demo")

    assert ended.status == 3
    assert ended.err.startswith("Error: ")
    assert "127.0.0.1:1" in ended.err
    assert ended.err.count("\n") == 1


def test_the_demo_says_that_the_deployment_is_unknown(command, simulator):
    ended = command("demo", "--address", simulator.address, "--deployment-id", "nobody")

    assert ended.status == 1
    assert "403" in ended.err
    assert "the deployment is not active" in ended.err
    assert ended.err.count("\n") == 1


def test_the_demo_says_that_the_origin_is_refused(command):
    with Simulator(deployments=[Deployment(allowedOrigins=["https://shop.example"])]) as particular:
        place = ("--address", particular.address, "--deployment-id", "demo", "--timeout", "1")
        refused = command("demo", *place, "--origin", "https://elsewhere.example")
        taken = command("demo", *place, "--origin", "https://shop.example")

    assert refused.status == 1
    assert "--origin" in refused.err
    assert taken.status == 0


def test_the_demo_says_that_the_server_does_not_answer(command, simulator, place):
    simulator.faults.lose(class_="SessionResponse")
    ended = command("demo", *place, "--timeout", "1")

    assert ended.status == 4
    assert ended.err == "Error: no answer to configureSession within 1 second\n"


def test_the_demo_says_that_the_connection_broke(command, simulator, place):
    simulator.faults.drop("reset", action="onMessage")
    ended = command("demo", *place)

    assert ended.status == 3
    assert ended.err.count("\n") == 1


def test_the_demo_says_what_it_wants_to_know(command):
    for args, told in (
        (("--region", "eu_central_1"), "--deployment-id"),
        (("--deployment-id", "x"), "--region or --address"),
        (("--region", "nowhere", "--deployment-id", "x"), "nowhere"),
        (("--address", "http://x", "--deployment-id", "x"), "ws://"),
        (("--address", "ws://x", "--region", "eu_central_1", "--deployment-id", "x"), "exclude each other"),
    ):
        ended = command("demo", *args)
        assert ended.status == 2, args
        assert told in ended.err
        assert "Traceback" not in ended.err
