"""Guests under Locust, against a simulator in another process."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SAMPLES = Path(__file__).parents[2] / "samples"


class Server(NamedTuple):
    """A simulator in a process of its own."""

    address: str
    ca_file: str


@pytest.fixture(params=[()], ids=["plain"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A simulator; its parameter are options of its command."""
    source = (
        "import sys; from genesys_webmessaging.simulator import Simulator, Deployment\n"
        f"options = {dict(request.param)!r}\n"
        "simulator = Simulator(**options); simulator.start()\n"
        "ca_file = simulator.caFile if options.get('tls') else '-'\n"
        "print(simulator.address, ca_file, flush=True); sys.stdin.read(); simulator.stop()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address, ca_file = process.stdout.readline().split()
        yield Server(address, ca_file)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


class Row(NamedTuple):
    """A row of Locust's table."""

    kind: str
    name: str
    requests: int
    failures: int


def locust(server: Server, file: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "locust", "-f", str(file), "--host", server.address, "--headless"]
    command += ["--csv", str(folder / "load"), "--exit-code-on-error", "1", *options]
    environment = {**os.environ, "CA_FILE": server.ca_file}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=folder
    )


def finished(process: subprocess.Popen[str], seconds: float) -> str:
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        raise AssertionError(output) from None
    return output


# Ends a run when so many samples were taken, however slow the machine is.
ENOUGH = """
import gevent
from locust import events

@events.init.add_listener
def end_at_enough(environment, **_):
    def count(**sample):
        if environment.stats.total.num_requests >= {enough}:
            gevent.spawn(environment.runner.quit)  # the guest who counts is stopped by it
    environment.events.request.add_listener(count)
"""


def rows(folder: Path) -> dict[str, Row]:
    with open(folder / "load_stats.csv", encoding="utf-8") as file:
        read = [
            Row(line["Type"], line["Name"], int(line["Request Count"]), int(line["Failure Count"]))
            for line in csv.DictReader(file)
        ]
    return {f"{row.kind} {row.name}".strip(): row for row in read}


def wait_for_rows(folder: Path, name: str, requests: int) -> None:
    """Wait until Locust, which writes its table every few seconds, has counted so many."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if (folder / "load_stats.csv").exists() and (row := rows(folder).get(name)) and row.requests >= requests:
            return
        threading.Event().wait(0.2)
    raise AssertionError(f"{name} was not counted {requests} times")


def write(folder: Path, text: str, enough: int = 1_000_000) -> Path:
    path = folder / "locustfile.py"
    path.write_text(text + ENOUGH.format(enough=enough), encoding="utf-8")
    return path


ASKING = """
import os
from locust import constant, task
from genesys_webmessaging.locust import GuestUser

class Guest(GuestUser):
    deploymentId = "demo"
    origin = "https://shop.example"
    options = {} if os.environ["CA_FILE"] == "-" else {"caFile": os.environ["CA_FILE"]}
    wait_time = constant(0.2)

    @task
    def hours(self):
        self.ask("hours", expect="from 9 to 17")
"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("server", [{}, {"tls": True}], ids=["ws", "wss"], indirect=True)
def test_fifty_guests_talk_without_a_failure_and_the_service_is_told_from_the_bot(server: Server, tmp_path: Path):
    process = locust(server, write(tmp_path, ASKING, 400), tmp_path, "-u", "50", "-r", "50", "-t", "90s")
    output = finished(process, 100)
    assert process.returncode == 0, output
    found = rows(tmp_path)
    assert found["open open"].requests == 50
    assert found["echo hours"].requests >= 100
    # Whoever was stopped between the echo and the answer has an echo more.
    assert 0 <= found["echo hours"].requests - found["answer hours"].requests <= 50
    assert sum(row.failures for row in found.values()) == 0


WAITING = """
from locust import task
from genesys_webmessaging.locust import GuestUser

class Guest(GuestUser):
    deploymentId = "demo"
    origin = "https://shop.example"

    @task
    def wait_for_ever(self):
        self.ask("hours", expect="what never comes", timeout=300)
"""


@pytest.mark.timeout(60)
def test_guests_who_are_stopped_in_the_middle_of_a_wait_are_no_sample(server: Server, tmp_path: Path):
    process = locust(server, write(tmp_path, WAITING), tmp_path, "-u", "20", "-r", "20", "-t", "60s")
    assert process.stdout is not None
    for line in process.stdout:
        if "All users spawned" in line:
            break
    wait_for_rows(tmp_path, "echo hours", 20)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    output = finished(process, 20)
    assert time.monotonic() - began < 3 + 2  # Locust itself takes one or two to leave
    found = rows(tmp_path)
    assert found["echo hours"].requests == 20
    assert "answer hours" not in found
    assert "Traceback" not in output


FAILING = """
from locust import constant, task
from genesys_webmessaging.locust import GuestUser

class Guest(GuestUser):
    deploymentId = "demo"
    origin = "https://shop.example"
    wait_time = constant(0.1)

    @task
    def closed(self):
        self.ask("hours", expect="we are closed", timeout=0.2)
"""


@pytest.mark.timeout(60)
def test_failures_of_a_kind_are_one_row_of_the_table_of_errors(server: Server, tmp_path: Path):
    process = locust(server, write(tmp_path, FAILING, 25), tmp_path, "-u", "5", "-r", "5", "-t", "50s")
    output = finished(process, 55)
    assert process.returncode == 1, output
    failures = re.findall(r"^(\d+) +(.*?) *$", output.partition("Error report")[2], flags=re.MULTILINE)
    assert [what for _, what in failures] == ["answer hours: no answer in time"], output
    assert int(failures[0][0]) >= 5


@pytest.mark.timeout(60)
def test_guests_who_are_refused_stop(server: Server, tmp_path: Path):
    text = ASKING.replace('deploymentId = "demo"', 'deploymentId = "unknown"')
    process = locust(server, write(tmp_path, text, 5), tmp_path, "-u", "5", "-r", "5", "-t", "50s")
    output = finished(process, 55)
    assert process.returncode == 1, output
    assert re.search(r"open +open +5 +5\(100", output), output
    assert "open open: the handshake was refused with 403" in output
    assert "Traceback" not in output


@pytest.mark.timeout(60)
def test_the_sample_runs_its_scenario_too(server: Server, tmp_path: Path):
    sample = (
        (SAMPLES / "locustfile.py")
        .read_text(encoding="utf-8")
        .replace("Path(__file__).parent", f"Path({str(SAMPLES)!r})")
    )
    process = locust(server, write(tmp_path, sample, 60), tmp_path, "-u", "8", "-r", "8", "-t", "50s")
    output = finished(process, 55)
    assert process.returncode == 0, output
    found = rows(tmp_path)
    assert found["echo When are your hours?"].requests > 0
    assert found["answer expect: 'We are open'"].requests > 0
