"""Ctrl-C, fork, and the end of the interpreter, in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from _fixtures import ORIGIN, TOKEN
from _listeners import Recorder, until
from _websockets_peer import WebSocketsPeer, message

from genesys_webmessaging import WebMessagingClient
from genesys_webmessaging.simulator import Simulator

PRELUDE = f"""
import sys, threading
from genesys_webmessaging import *
address, ORIGIN, TOKEN = sys.argv[1], {ORIGIN!r}, {TOKEN!r}
client = WebMessagingClient(address)
def say(*words):
    print(*words, flush=True)
"""


@contextmanager
def running(program: str, address: str) -> Iterator[subprocess.Popen[str]]:
    """A Python that runs a program against an address; it must end by itself, with 0 and without complaint."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", PRELUDE + program, address]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
            out, err = process.communicate(timeout=20)
        except BaseException:
            process.kill()
            out, err = process.communicate()
            print(out, err, sep="\n")
            raise
        assert (process.returncode, err) == (0, ""), f"{process.returncode}\n{out}\n{err}"


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


INTERRUPTED = """
try:
    say("blocking")
    BLOCKING
except KeyboardInterrupt:
    say("interrupted")
client.disconnect()
client.joinConversation("demo", TOKEN, "still usable")
say(client.awaitResponse(client.sendMessage("indeed")).text)
client.disconnect()
"""

BLOCKING_CALLS = {
    "awaitResponse": ("client.awaitResponse(client.getJwt())", "getJwt"),
    "getHistory": ("client.getHistory()", "getJwt"),
    "joinConversation": ("client.joinConversation('demo', 'hello')", "configureSession"),
}


@pytest.mark.parametrize("method", BLOCKING_CALLS)
def test_ctrl_c_in_a_call_that_waits_for_an_answer_leaves_a_usable_client(simulator: Simulator, method: str) -> None:
    call, action = BLOCKING_CALLS[method]
    program = INTERRUPTED.replace("BLOCKING", call)
    if action == "getJwt":
        program = "client.joinConversation('demo', TOKEN, 'hello')\n" + program
    simulator.faults.lose(action=action)
    with running(program, simulator.address) as process:
        assert heard(process) == "blocking"
        simulator.received.wait(action)
        process.send_signal(signal.SIGINT)
        assert heard(process) == "interrupted"
        assert heard(process) == "indeed"


def test_ctrl_c_ends_the_wait_for_the_end(simulator: Simulator) -> None:
    program = INTERRUPTED.replace("BLOCKING", "client.waitUntilDisconnected()")
    with running("client.joinConversation('demo', TOKEN, 'hello')\n" + program, simulator.address) as process:
        assert heard(process) == "blocking"
        process.send_signal(signal.SIGINT)
        assert heard(process) == "interrupted"
        assert heard(process) == "indeed"


def test_ctrl_c_while_connecting_leaves_a_usable_client(simulator: Simulator) -> None:
    stall = simulator.faults.stallHandshake(60)
    with running(INTERRUPTED.replace("BLOCKING", "client.connect('demo', ORIGIN)"), simulator.address) as process:
        assert heard(process) == "blocking"
        until(lambda: stall.hits == 1)
        process.send_signal(signal.SIGINT)
        assert heard(process) == "interrupted"
        assert heard(process) == "indeed"


SHORT_CLOSE = """
from genesys_webmessaging._core import engine
engine.CLOSE_TIMEOUT = 0.5
"""

CONNECTED_HANGS = """
class Slow(SessionListener):
    def webSocketConnected(self):
        say("connected")
        release.wait(20)
release = threading.Event()
slow = Slow()
client.addSessionListener(slow)
try:
    client.connect("demo", ORIGIN)
except KeyboardInterrupt:
    say("interrupted", client.isInputClosed())
release.set()
client.removeSessionListener(slow)
client.joinConversation("demo", TOKEN, "still usable")
say(client.awaitResponse(client.sendMessage("indeed")).text)
client.disconnect()
"""


def test_ctrl_c_while_a_listener_hears_of_the_connection_leaves_it_closed(simulator: Simulator) -> None:
    with running(SHORT_CLOSE + CONNECTED_HANGS, simulator.address) as process:
        assert heard(process) == "connected"
        process.send_signal(signal.SIGINT)
        assert heard(process) == "interrupted True"
        assert heard(process) == "indeed"


DISCONNECT_HANGS = """
client.connect("demo", ORIGIN)
say("connected")
sys.stdin.readline()
try:
    say("blocking")
    client.disconnect()
except KeyboardInterrupt:
    say("interrupted")
client.disconnect()
client.joinConversation("demo", TOKEN, "still usable")
say(client.awaitResponse(client.sendMessage("indeed")).text)
client.disconnect()
"""


def test_ctrl_c_in_disconnect_leaves_a_usable_client(simulator: Simulator) -> None:
    with running(SHORT_CLOSE + DISCONNECT_HANGS, simulator.address) as process:
        assert heard(process) == "connected"
        simulator.guest().silence()
        assert process.stdin is not None
        print("go on", file=process.stdin, flush=True)
        assert heard(process) == "blocking"
        process.send_signal(signal.SIGINT)
        assert heard(process) == "interrupted"
        assert heard(process) == "indeed"


ENDS = {
    "while connected": "client.joinConversation('demo', TOKEN, 'hello')",
    "by sys.exit": "client.joinConversation('demo', TOKEN, 'hello'); say('done'); sys.exit(0)",
    "with a busy listener": (
        "client.addSessionListener(type('L', (SessionListener,), "
        "{'structuredMessage': lambda *_: threading.Event().wait()})());"
        "client.joinConversation('demo', TOKEN, 'hello')"
    ),
    "while another thread waits for an answer": (
        "client.joinConversation('demo', TOKEN, 'hello'); tracingId = client.sendTypingEvent(tracingId='t');"
        "threading.Thread(target=client.awaitResponse, args=('t', 60), daemon=True).start()"
    ),
    "after disconnect": "client.joinConversation('demo', TOKEN, 'hello'); client.disconnect()",
}


@pytest.mark.parametrize("when", ENDS)
def test_the_interpreter_ends_without_hanging(when: str) -> None:
    with Simulator(bot=False) as simulator, running(f"{ENDS[when]}\nsay('done')", simulator.address) as process:
        assert heard(process) == "done"


def test_a_peer_that_went_silent_does_not_hold_the_interpreter_up(simulator: Simulator) -> None:
    program = "client.connect('demo', ORIGIN)\nsay('connected')\nclient.configureSession('demo', TOKEN, ORIGIN)"
    with running(program, simulator.address) as process:
        assert heard(process) == "connected"
        simulator.guest().silence()


FORKED = """
import os, warnings
warnings.simplefilter("ignore")  # Python 3.12 warns of every fork with threads
client.joinConversation("demo", TOKEN, "hello")
child = os.fork()
if child == 0:
    outcomes = [client.isInputClosed(), client.isOutputClosed()]
    for call in (client.ping, client.getJwt, client.sendTypingEvent):
        try:
            call()
            outcomes.append("sent")
        except NotConnectedError:
            outcomes.append("refused")
    client.disconnect()
    say(*outcomes)
    client.joinConversation("demo", TOKEN, "from the child")
    client.disconnect()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
say(client.awaitResponse(client.sendMessage("from the parent")).text)
client.disconnect()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
def test_after_a_fork_the_child_gets_errors_and_the_parent_keeps_its_connection(simulator: Simulator) -> None:
    with running(FORKED, simulator.address) as process:
        assert heard(process) == "True True refused refused refused"
        assert heard(process) == "from the parent"
    assert simulator.session(TOKEN).conversation.texts == ["hello", "from the child", "from the parent"]
    assert {frame.connection for frame in simulator.received} == {1, 2}


FORKED_WAITING = """
import os, time, warnings
warnings.simplefilter("ignore")
client.connect("demo", ORIGIN)
client.awaitResponse(client.configureSession("demo", TOKEN, ORIGIN))
tracingId = client.getJwt()
child = os.fork()
if child == 0:
    started = time.monotonic()
    try:
        client.awaitResponse(tracingId, 10)
    except ConnectionClosedError:
        say("closed", time.monotonic() - started < 5)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
client.disconnect()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
def test_after_a_fork_the_child_does_not_wait_for_answers_that_only_the_parent_gets(simulator: Simulator) -> None:
    simulator.faults.lose(class_="JwtResponse")
    with running(FORKED_WAITING, simulator.address) as process:
        assert heard(process) == "closed True"


FORKED_BEATING = """
import os, warnings
from genesys_webmessaging.companions import Heartbeat
warnings.simplefilter("ignore")
heartbeat = Heartbeat(client, interval=0.1, patience=60)
client.addSessionListener(heartbeat)
client.joinConversation("demo", TOKEN, "hello")
say("joined")
sys.stdin.readline()
child = os.fork()
if child == 0:
    client.joinConversation("demo", TOKEN, "from the child")
    say("beating")
    sys.stdin.readline()
    client.disconnect()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
client.disconnect()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
def test_after_a_fork_the_child_has_a_heartbeat_though_the_parent_awaited_an_answer(simulator: Simulator) -> None:
    simulator.faults.lose(action="echo")
    with running(FORKED_BEATING, simulator.address) as process:
        assert heard(process) == "joined"
        simulator.received.wait("echo")
        assert process.stdin is not None
        print("go on", file=process.stdin, flush=True)
        assert heard(process) == "beating"
        # The next echo goes out only when the one before it was answered.
        simulator.received.wait("echo", count=4, timeout=10)
        print("end", file=process.stdin, flush=True)


def test_a_listener_that_raises_keyboard_interrupt_does_not_end_the_program(
    peer: WebSocketsPeer, recorder: Recorder
) -> None:
    class Interrupting(Recorder):
        def structuredMessage(self, *args: object) -> None:
            raise KeyboardInterrupt

    with WebMessagingClient(peer.address) as client:
        client.addSessionListener(Interrupting())
        client.addSessionListener(recorder)
        client.connect("demo", ORIGIN)
        peer.guest().send(message("one"))
        recorder.waitForText("one")
