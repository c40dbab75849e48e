"""What holds for every test."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator

import hypothesis
import pytest
from _certificates import Certificate, certificate
from _connection_recorder import Tls
from _fixtures import client, guest, peer, recorder, short_close, simulator, talker  # noqa: F401 - fixtures for every file

# How long an example takes says something about the machine, not about the code.
hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")


# Where bytecode must not be written, each process that a test starts would compile the package anew: a second each.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell without job control starts its background processes with SIGINT ignored, and those they start inherit it.
# The tests of Ctrl-C need what a user in the foreground has.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole suite in three processes for a core, because it mostly waits; a part of it in this one."""
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return min((os.cpu_count() or 1) * 3, 8) if whole else 0


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many of the recorded cases of Java were replayed, and with which result."""
    passed = terminalreporter.stats.get("passed", [])
    replayed = Counter(value for report in passed for name, value in report.user_properties if name == "replayed")
    if replayed:
        terminalreporter.write_line(
            f"{replayed['agrees'] + replayed['differs']} recorded cases of the Java SDK replayed: {replayed['agrees']} "
            f"agree, {replayed['differs']} are intended differences ({replayed['everywhere']} of them only in what "
            "every handshake, frame or REST request carries)"
        )


@pytest.fixture(scope="session")
def pki() -> Certificate:
    """A certificate for 127.0.0.1 and who trusts it."""
    return certificate()


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest, pki: Certificate) -> Tls:
    """Runs a test without and with TLS."""
    return (pki.server, {"ca_file": str(pki.ca_file)}) if request.param == "tls" else (None, {})


@pytest.fixture(autouse=True)
def no_thread_outlives_its_test() -> Iterator[None]:
    """Fail the test that leaves one of our threads behind."""
    yield
    ours = [thread for thread in threading.enumerate() if thread.name.startswith("genesys-webmessaging")]
    for thread in ours:
        thread.join(2)
    assert [thread.name for thread in ours if thread.is_alive()] == []
