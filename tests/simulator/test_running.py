"""Starting, stopping, TLS, and what is said when something is missing."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest

from genesys_webmessaging.simulator import DOCUMENTED, Limits, RateLimit, Simulator, serve

from .independent_client import Guest
from .raw_client import RawClient


def threads():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("genesys-webmessaging")]


def test_a_simulator_runs_in_a_named_thread_and_leaves_nothing():
    with Simulator() as simulator:
        assert threads() == ["genesys-webmessaging-simulator"]
        port = int(simulator.restAddress.rsplit(":", 1)[1])
    assert threads() == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_stop_is_quick_whatever_guests_do(connect):
    with Simulator(bot=False) as simulator:
        stalling = threading.Event()
        simulator.faults.stallHandshake(where=lambda _: not stalling.set())
        simulator.faults.muteClose(times=None)
        port = int(simulator.restAddress.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as stalled:
            stalled.sendall(b"GET /v1?deploymentId=demo HTTP/1.1\r\nHost: x\r\n\r\n")
            assert stalling.wait(5)
            guests = [connect(simulator) for _ in range(3)]
            simulator.guest().silence()
            started = time.monotonic()
            simulator.stop()
            assert time.monotonic() - started < 3
    assert guests[0].expectClosed()[0] in (1001, 1006)


def test_a_second_stop_does_nothing_and_a_second_start_is_refused():
    simulator = Simulator()
    simulator.start()
    with pytest.raises(RuntimeError, match="runs already"):
        simulator.start()
    simulator.stop()
    simulator.stop()
    with pytest.raises(RuntimeError, match="does not run"):
        simulator.address  # noqa: B018


def test_a_port_that_is_taken_is_an_error_that_leaves_no_thread():
    with Simulator() as simulator:
        port = int(simulator.restAddress.rsplit(":", 1)[1])
        with pytest.raises(OSError, match="ddress"):
            Simulator(port=port).start()
        assert threads() == ["genesys-webmessaging-simulator"]


def test_tls_speaks_with_a_certificate_that_can_be_trusted(connect):
    with Simulator(tls=True, bot=False) as simulator:
        assert simulator.address.startswith("wss://127.0.0.1:")
        assert simulator.restAddress.startswith("https://127.0.0.1:")
        guest = connect(simulator, caFile=simulator.caFile)
        attachment_id = guest.upload(b"x")
        url = guest.ask("getAttachment", attachmentId=attachment_id)["body"]["url"]
        assert url.startswith(simulator.restAddress)
        assert guest.rest("GET", url).content == b"x"
        assert guest.history().json()["total"] == 0
        certificate = simulator.caFile
    assert not os.path.exists(certificate)
    with pytest.raises(RuntimeError, match="tls=True"):
        simulator.caFile  # noqa: B018


def loopbacks():
    """The loopback addresses of this machine."""
    for host, family in (("127.0.0.1", socket.AF_INET), ("localhost", socket.AF_INET), ("::1", socket.AF_INET6)):
        with contextlib.suppress(OSError), socket.create_server((host, 0), family=family):
            yield host


@pytest.mark.parametrize("host", list(loopbacks()))
def test_every_loopback_address_works(connect, host):
    with Simulator(host=host, bot=False) as simulator:
        guest = connect(simulator)
        assert guest.upload(b"x")
        assert guest.history().status_code == 200


def test_an_address_that_is_not_loopback_is_said(caplog):
    with caplog.at_level(logging.WARNING), Simulator(host="0.0.0.0"):
        assert "others can reach it" in caplog.text


def test_a_simulator_without_deployments_is_refused():
    with pytest.raises(ValueError, match="at least one deployment"):
        Simulator(deployments=[])


def test_importing_the_models_of_the_simulator_imports_no_aiohttp():
    code = (
        "import sys, genesys_webmessaging.simulator as s; s.Deployment; s.BotScript; s.Clock;"
        "print([m for m in ('aiohttp', 'trustme', 'websocket', 'requests') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_aiohttp_is_one_clear_sentence():
    code = (
        "import sys; sys.modules['aiohttp'] = None\n"
        "try: from genesys_webmessaging.simulator import Simulator\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "the simulator needs aiohttp: pip install 'genesys-webmessaging[simulator]'"


def test_serve_announces_runs_and_stops_when_told():
    lines, running, over = [], threading.Event(), threading.Event()
    served = []

    def ready(simulator):
        served.append(simulator)
        running.set()

    def run():
        serve(
            announce=lines.append,
            deployments=["a", "b"],
            strict=True,
            limits=Limits(messages=RateLimit(4, 60)),
            ready=ready,
            stop=over,
        )

    thread = threading.Thread(target=run, name="serve")
    thread.start()
    try:
        assert running.wait(5)
        with Guest(served[0].address, "b") as guest:
            guest.ask("dance")
            assert [guest.say(str(number))["code"] for number in range(5)][-1] == 429
    finally:
        over.set()
        thread.join(10)
    assert not thread.is_alive()
    assert lines[0].endswith("  deployments a, b")
    assert lines[-1] == "violation: connection 1: dance: unknown action 'dance'"


def test_serve_has_no_limits_unless_it_is_told_some():
    lines, over = [], threading.Event()
    seen = []

    def ready(simulator):
        seen.append([each.limits for each in simulator.world.deployments.values()])
        over.set()

    serve(announce=lines.append, ready=ready, stop=over, host="0.0.0.0", tls=True)
    serve(announce=lines.append, limits="documented", ready=ready, stop=over)
    assert seen == [[Limits()], [DOCUMENTED]]
    with pytest.raises(ValueError, match="limits must be"):
        serve(announce=lines.append, limits="many")
    assert any("others can reach it" in line for line in lines)
    assert any(line.startswith("certificate to trust: ") for line in lines)


def test_a_certificate_that_is_kept_stays_the_same_until_it_must_not(tmp_path):
    kept = tmp_path / "genesys.pem"

    def made(**settings):
        with Simulator(tls=True, bot=False, certificate=kept, **settings) as simulator:
            assert simulator.caFile == str(kept)
            port = int(simulator.restAddress.rsplit(":", 1)[1])
            trust = ssl.create_default_context(cafile=kept)
            seen = []
            for name in ("localhost", "webmessaging.localhost", "api.localhost", "api-cdn.localhost", *more):
                with (
                    socket.create_connection(("127.0.0.1", port), timeout=5) as wire,
                    trust.wrap_socket(wire, server_hostname=name) as secured,
                ):
                    seen.append(secured.getpeercert(binary_form=True))
            return set(seen)

    more = ()
    first = made()
    assert len(first) == 1
    assert made() == first
    assert (tmp_path / "genesys-key.pem").stat().st_mode & 0o077 == 0
    more = ("webmessaging.genesys.test", "api.genesys.test")
    second = made(domain="genesys.test")
    assert second != first
    assert made(domain="genesys.test") == second


@pytest.mark.parametrize("how", ["fin", "reset"])
def test_a_connection_over_tls_ends_at_once_even_if_the_guest_does_not_answer(how):
    with Simulator(tls=True, bot=False) as simulator, RawClient(simulator):
        connection = simulator.guest()
        getattr(connection, how)()
        assert connection.waitClosed(timeout=2) is None


def test_names_of_loopback_need_no_warning(caplog):
    with caplog.at_level(logging.WARNING), Simulator(host="127.0.0.2"), Simulator(host="localhost"):
        assert caplog.text == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_cleanly_on_a_signal(number):
    code = (
        "from genesys_webmessaging.simulator import serve\n"
        "serve(announce=lambda line: print(line, flush=True))\n"
        "print('ended', flush=True)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().rstrip().endswith("/v1  deployment demo")
        process.send_signal(number)
        rest, _ = process.communicate(timeout=10)
        assert rest.splitlines()[-1] == "ended"
        assert process.returncode == 0
