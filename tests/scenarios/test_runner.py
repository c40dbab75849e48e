"""Running scenarios: what passes, and that everything that must fail does, with a sentence that names the step."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _websockets_peer import Guest, WebSocketsPeer, message

from genesys_webmessaging.scenarios import Places, Runner, load
from genesys_webmessaging.simulator import Simulator

from .conftest import Run, Write

SAMPLES = Path(__file__).parents[2] / "samples" / "scenarios"


def scenario(*steps: str, config: str = "timeout: 1") -> str:
    """A scenario file."""
    return f"config: {{{config}}}\nscenarios:\n  a:\n" + "".join(f"    - {step}\n" for step in steps)


Serve = Callable[[Callable[[Guest], None]], str]


@pytest.fixture
def serve(peer: WebSocketsPeer) -> Iterator[Serve]:
    """Lets a script play the other side of the next conversation; gives the address."""
    threads: list[threading.Thread] = []

    def serve(script: Callable[[Guest], None]) -> str:
        def play() -> None:
            guest = peer.guest()
            guest.configure()
            script(guest)

        threads.append(threading.Thread(target=play, name="script"))
        threads[-1].start()
        return peer.address

    yield serve
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def echo(guest: Guest, text: str | None = None) -> dict[str, object]:
    """Take a message and echo it."""
    request = guest.receive("onMessage")
    assert text in (None, request["message"].get("text"))
    guest.answer(request, "StructuredMessage", {**request["message"], "direction": "Inbound"})
    return request


@pytest.mark.parametrize("name", ["hours", "order"])
def test_the_samples_pass(name: str):
    with Places() as places:
        results = Runner(places).run_all(load(SAMPLES / f"{name}.scenario.yaml").scenarios)
    assert [(result.scenario.name, result.sentence) for result in results if not result.passed] == []


def test_the_sample_that_fails_on_purpose_fails():
    with Places() as places:
        [result] = Runner(places).run_all(load(SAMPLES / "fails.scenario.yaml").scenarios)
    assert not result.passed
    assert result.sentence.startswith(
        "step 2 (expect: 'We are open from 10'), line 8: expected 'We are open from 10', but"
    )
    assert "'We are open from 9 to 17, Monday to Friday.'" in result.sentence


def test_a_file_of_the_typescript_tester_runs_unchanged(run: Run):
    result = run(
        """
config:
  deploymentId: xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx
  region: xxxx.pure.cloud
scenarios:
  "Ask for the hours":
    - say: Hours
    - waitForReplyContaining: we are OPEN
    - say: No
    - waitForReplyMatching: ^you said "no"
""",
        **simulated("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"),
    )
    assert result.sentence == "passed"


_running: dict[str, Simulator] = {}


@pytest.fixture(autouse=True)
def stop_simulators() -> Iterator[None]:
    yield
    while _running:
        _running.popitem()[1].stop()


def simulated(deployment: str) -> dict[str, str]:
    """An address to override that of a file with."""
    simulator = _running[deployment] = Simulator(deployments=[deployment])
    simulator.start()
    return {"address": simulator.address, "origin": "https://shop.example"}


# What must fail


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ("[{say: hours}, {expect: We are closed}]", "step 2 (expect: 'We are closed')"),
        ("[{say: hours}, {expect: {equals: we are open from 9 to 17}}]", "step 2 (expect: equals"),
        ("[{say: hours}, {expect: {matching: ^open}}]", "step 2 (expect: matching '^open')"),
        ("[{say: hours}, {expect: {anyOf: [closed, {matching: shut}]}}]", "step 2 (expect: any of 'closed', 'shut')"),
        ("[{say: show me a card}, {expect: {cards: [Rain hat]}}]", "it has no card 'Rain hat'"),
        (
            "[{say: show me a card}, {expect: {cards: [{title: Sun hat, actions: [Sell it]}]}}]",
            "it has no card 'Sun hat'",
        ),
        ("[{say: hours}, {expect: {quickReplies: [Yes]}}]", "it does not offer 'Yes'"),
        ("[{say: hours}, {expect: {media: '*.png'}}]", "it has no file '*.png'"),
        ("[{say: hours}, {expect: {containing: open, from: agent}}]", "it is not from agent"),
        ("[{say: hours}, {expect: {jsonPath: {$.type: Structured}}}]", "$.type is Text"),
        (
            "[{say: show me a card}, {press: Sell it}]",
            "step 2 (press: Sell it), line 5: no card with",
        ),
        ("[{say: hours}, {choose: Yes}]", "step 2 (choose: Yes)"),
        ("[{say: hours}, {expect: open}, {pick: 0}]", "step 3 (pick: 0)"),
        ("[{say: hours}, {expectNot: {containing: OPEN, for: 1}}]", "'OPEN' must not come, but 'We are open"),
        (
            "[{say: hours}, {expectSilence: 1}]",
            "step 2 (expectSilence: 1 s), line 5: silence for 1 s was",
        ),
        ("[{say: hours}, {expectDisconnect: 0.2}]", "the other side did not leave within 0.2 s"),
        ("[{say: hours}, {expectReadOnly: 0.2}]", "the session did not become read-only within 0.2 s"),
        ("[{say: hours}, {save: {number: 'order (\\d+)'}}]", "step 2 (save: number: order (\\d+))"),
        ("[{attach: nowhere.pdf}]", "step 1 (attach: nowhere.pdf)"),
        ("[{repeat: {times: 3, steps: [{say: hours}, {expect: closed}]}}]", "step 1 (expect: 'closed')"),
    ],
)
def test_a_step_that_is_not_met_fails_and_is_named(steps: str, sentence: str, run: Run):
    result = run(f"config: {{timeout: 1}}\nscenarios:\n  must fail:\n    steps:\n      {steps}\n")
    assert not result.passed
    assert sentence in result.sentence
    assert result.shown_attempt.connected


def test_an_answer_that_is_too_late_fails(run: Run):
    script = "{rules: [{match: {contains: hi}, reply: [{text: Hello, delay: 0.5}]}]}"
    steps = "say: hi", "expect: {containing: hello, answeredIn: 0.2}"
    result = run(scenario(*steps, config=f"simulator: {script}"))
    assert not result.passed
    assert "step 2 (expect: 'hello')" in result.sentence
    assert "answeredIn allows 0.2 s" in result.sentence


def test_a_second_message_that_must_not_come_fails_though_it_came_before_it_was_looked_for(run: Run):
    script = "{rules: [{match: {contains: hi}, reply: [Hello, And goodbye]}]}"
    steps = "say: hi", "expect: hello", "wait: 0.2", "expectSilence: 0.1"
    result = run(scenario(*steps, config=f"simulator: {script}"))
    assert result.sentence.startswith("step 4 (expectSilence: 0.1 s), line 7: silence for 0.1 s was expected")
    assert result.sentence.endswith("but 'And goodbye' came")


def test_a_refused_session_fails_at_the_opening(run: Run):
    result = run(scenario("say: hi", config="deploymentId: other"), **simulated("demo"))
    assert not result.passed
    assert result.sentence.startswith("step 0 (open the conversation), line 3: ")
    assert not result.shown_attempt.connected
    assert result.shown_attempt.refused


def test_a_refusal_in_the_middle_fails_the_step(run: Run, serve: Serve):
    def refuse(guest: Guest) -> None:
        request = guest.receive("onMessage")
        guest.answer(request, "string", "Bad Request", code=400)

    address = serve(refuse)
    result = run(
        "config: {timeout: 5}\nscenarios:\n  refused:\n    - say: hi\n    - expect: x\n",
        address=address,
        deploymentId="demo",
    )
    assert result.sentence.startswith("step 1 (say: hi), line 4: Bad Request")
    assert [step.passed for step in result.shown_attempt.steps] == [True, False, None]


@pytest.mark.parametrize("step", ["expect: more", "wait: 5", "expectSilence: 5", "expectNot: {containing: x, for: 5}"])
def test_a_socket_that_closes_fails_the_step_that_is_under_way(step: str, run: Run, serve: Serve):
    def close(guest: Guest) -> None:
        echo(guest)
        guest.close(1011, "going down")

    address = serve(close)
    began = time.monotonic()
    result = run(
        f"config: {{timeout: 30}}\nscenarios:\n  cut:\n    - say: hi\n    - {step}\n",
        address=address,
        deploymentId="demo",
    )
    assert time.monotonic() - began < 4
    assert not result.passed
    assert result.shown_attempt.failure is not None
    assert result.shown_attempt.failure.number == 2
    assert "the connection was closed (1011 going down)" in result.sentence
    assert result.shown_attempt.connected


def test_a_bot_that_says_nothing_fails(run: Run):
    result = run(
        "config: {timeout: 0.3, simulator: {rules: []}}\nscenarios:\n  mute:\n    - say: hi\n    - expect: hello\n"
    )
    assert result.sentence.endswith("expected 'hello', but nothing like it within 0.3 s; nothing came")


def test_a_server_that_is_not_there_fails_at_the_opening(run: Run):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    result = run(scenario("say: hi"), address=f"ws://127.0.0.1:{port}/v1", deploymentId="demo")
    assert result.sentence.startswith("step 0 (open the conversation)")
    assert not result.shown_attempt.connected
    assert not result.shown_attempt.refused


# What must pass


def test_a_reply_that_came_before_the_wait_is_not_lost(run: Run):
    result = run(scenario("say: hours", "wait: 0.3", "expect: We are open"))
    assert result.passed


def test_a_greeting_in_two_messages_shifts_nothing(run: Run):
    script = "{greeting: ['Hello!', 'How can I help?'], rules: [{match: {contains: hours}, reply: [9 to 17]}]}"
    steps = "say: hours", "expect: 9 to 17", "expectSilence: 0.2"
    result = run(scenario(*steps, config=f"join: true, simulator: {script}"))
    assert result.passed
    [expect] = [step for step in result.attempts[0].steps if step.label.startswith("expect:")]
    texts = [result.attempts[0].lines[number].message.text for number in expect.passedOver]
    assert texts == ["Hello!", "How can I help?"]


def test_each_expectation_takes_a_message_of_its_own(run: Run):
    script = "{rules: [{match: {contains: hi}, reply: [Hello, Hello]}]}"
    steps = "say: hi|expect: hello|expect: hello|expectSilence: 0.2"
    text = scenario(*steps.split("|"), config=f"timeout: 1, simulator: {script}")
    assert run(text).passed
    assert not run(text.replace("expectSilence: 0.2", "expect: hello")).passed


def test_what_was_saved_is_used_by_later_steps_and_stands_for_itself_in_patterns(run: Run):
    script = "{rules: [{match: {contains: code}, reply: ['Your code is a.b(c)!']}]}"
    steps = "say: code|save: {code: 'code is (.*)!'}|say: code ${code}|expect: {matching: '^your code is ${code}!$'}"
    text = scenario(*steps.split("|"), config=f"timeout: 1, simulator: {script}")
    result = run(text)
    assert result.sentence == "passed"
    assert result.attempts[0].steps[3].label == "say: code a.b(c)"


def test_save_says_when_the_step_before_has_taken_the_message(run: Run):
    steps = "say: hours", "expect: open", "save: {from: 'from (\\d+)'}"
    result = run(scenario(*steps, config="timeout: 1"))
    assert "let save take it instead" in result.sentence


def test_a_bot_that_leaves_is_noticed(run: Run):
    script = "{rules: [{match: {contains: bye}, reply: [Goodbye, {disconnect: true}]}]}"
    steps = "say: bye|expect: goodbye|expectDisconnect:"
    text = scenario(*steps.split("|"), config=f"timeout: 2, simulator: {script}")
    assert run(text).sentence == "passed"


def test_times_are_told_for_the_service_and_for_the_bot(run: Run):
    script = "{rules: [{match: {contains: hi}, reply: [{text: Hello, delay: 0.3}]}]}"
    result = run(scenario("say: hi", "expect: hello", config=f"simulator: {script}"))
    _, say, expect = result.attempts[0].steps
    assert say.echoSeconds is not None
    assert say.echoSeconds < 0.3
    assert expect.answerSeconds is not None
    assert 0.3 <= expect.answerSeconds < 5


@pytest.mark.parametrize(("threshold", "passed"), [(0.5, True), (0.6, False)])
def test_as_many_attempts_must_pass_as_the_threshold_says(
    threshold: float, passed: bool, run: Run, peer: WebSocketsPeer
):
    def play() -> None:
        for number in range(4):
            guest = peer.guest()
            guest.configure()
            echo(guest)
            guest.send(message("good" if number % 2 else "bad"))

    server = threading.Thread(target=play, name="script")
    server.start()
    head = f"config: {{timeout: 1}}\nscenarios:\n  a:\n    attempts: 4\n    threshold: {threshold}\n"
    result = run(head + "    steps: [{say: hi}, {expect: good}]\n", address=peer.address, deploymentId="demo")
    server.join(10)
    assert [attempt.passed for attempt in result.attempts] == [False, True, False, True]
    assert result.passed is passed
    assert result.sentence.startswith("2 of 4 attempts passed")


def test_a_hundred_scenarios_run_beside_each_other(write: Write):
    numbers = ", ".join(map(str, range(100)))
    text = f"config: {{timeout: 5}}\nscenarios:\n  many:\n    parametrize: {{n: [{numbers}]}}\n    steps:\n"
    text += "      - say: hours ${n}\n      - expect: We are open\n      - expectSilence: 0.01\n"
    with Places() as places:
        results = Runner(places).run_all(load(write(text)).scenarios, parallel=4)
    assert len(results) == 100
    assert [result.sentence for result in results if not result.passed] == []


def test_lists_and_forms_are_answered(run: Run):
    text = """
config:
  timeout: 2
  simulator:
    rules:
      - match: {contains: list}
        reply:
          - listPicker:
              sections:
                - {title: Colours, multipleSelection: true, items: [Red, Blue, Green]}
      - match: {contains: form}
        reply:
          - form:
              formPages:
                - pageComponents:
                    - {input: {id: name, title: Your name, isRequired: true}}
                    - {listPicker: {id: sizes, sections: [{title: Sizes, multipleSelection: true, items: [S, M, L]}]}}
    otherwise: ["Noted: {text}"]
scenarios:
  answered:
    - say: list
    - expect: {jsonPath: {'$.content[0].contentType': ListPicker}}
    - select: [Red, Green]
    - expect: Noted
    - say: form
    - expect: {jsonPath: {'$.content[0].contentType': Form}}
    - fill: {Your name: Ada, sizes: [S, L]}
    - expect: Noted
"""
    assert run(text).sentence == "passed"
    wrong = run(text.replace("select: [Red, Green]", "select: [Pink]"))
    assert wrong.sentence.startswith("step 3 (select: Pink), line ")
    assert "Pink" in wrong.sentence
    assert not run(text.replace("Your name: Ada, ", "")).passed
