"""Guests under Locust itself, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from genesys_webmessaging.simulator import Limits, RateLimit, Simulator

SAMPLES = Path(__file__).parents[2] / "samples"
BOT = {"delay": 0, "typing": False, "rules": [{"match": "hours", "reply": "We are open from 9 to 17."}]}


@pytest.fixture
def servers() -> Iterator[dict[str, str]]:
    """The addresses of a simulator without and of one with TLS, and whom to trust, as a locustfile's environment."""
    with Simulator(bot=BOT) as plain, Simulator(bot=BOT, tls=True) as secure:
        yield {"PLAIN": plain.address, "SECURE": secure.address, "CA_FILE": secure.caFile}
        assert [str(violation) for violation in (*plain.violations, *secure.violations)] == []


class Row(NamedTuple):
    """A row of Locust's table."""

    requests: int
    failures: int


class Run(NamedTuple):
    """What came of a run of Locust."""

    status: int
    output: str
    rows: dict[str, Row]
    stopping: float

    @property
    def failures(self) -> int:
        return sum(row.failures for row in self.rows.values())


def run_locust(folder: Path, locustfile: str, environment: dict[str, str], *options: str, seconds: float = 100) -> Run:
    """Run Locust to its end."""
    path = folder / "locustfile.py"
    path.write_text(locustfile, encoding="utf-8")
    command = [sys.executable, "-m", "locust", "-f", str(path), "--headless", *options]
    told = folder / "told.json"
    process = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=seconds,
        env={**os.environ, **environment, "TOLD": str(told)},
        cwd=folder,
    )
    output = process.stdout + process.stderr
    assert told.exists(), output
    facts = json.loads(told.read_text(encoding="utf-8"))
    rows = {name: Row(*numbers) for name, numbers in facts["rows"].items()}
    return Run(process.returncode, output, rows, facts["stopping"])


# Ends a run when it has lasted so many seconds and so many samples were taken of some rows, on a slow machine as well.
# Tells the rows, and how many seconds Locust took to stop.
ENDING = """
import json, os, time
import gevent
from locust import events

ENOUGH = {enough}

@events.test_start.add_listener
def end_when_it_is_enough(environment, **_):
    def wait():
        gevent.sleep({seconds})
        def taken(name):
            kind, _, text = name.partition(" ")
            return environment.stats.get(text, kind).num_requests
        while any(taken(name) < number for name, number in ENOUGH.items()):
            gevent.sleep(0.1)
        began = time.monotonic()
        environment.runner.stop()
        stopping = time.monotonic() - began
        rows = {{f"{{kind}} {{name}}": [entry.num_requests, entry.num_failures]
                for (name, kind), entry in environment.stats.entries.items()}}
        with open(os.environ["TOLD"], "w") as file:
            json.dump({{"stopping": stopping, "rows": rows}}, file)
        environment.runner.quit()
    gevent.spawn(wait)
"""

FIFTY = """
import os
from locust import between, task
from genesys_webmessaging.locust import GuestUser

class Talking(GuestUser):
    abstract = True
    deploymentId = "demo"
    origin = "https://shop.example"
    wait_time = between(2, 4)

    @task
    def hours(self):
        self.ask("hours", expect="from 9 to 17", name=type(self).__name__)

class Plain(Talking):
    fixed_count = 20
    host = os.environ["PLAIN"]

class Secure(Talking):
    fixed_count = 20
    host = os.environ["SECURE"]
    options = {"caFile": os.environ["CA_FILE"]}

class Waiting(GuestUser):
    fixed_count = 10
    host = os.environ["PLAIN"]
    deploymentId = "demo"
    origin = "https://shop.example"

    @task
    def wait_for_ever(self):
        self.ask("hours", expect="what never comes", name="Waiting", timeout=300)
"""


@pytest.mark.timeout(120)
def test_fifty_guests_talk_and_wait_without_a_failure_and_stop_at_once(servers: dict[str, str], tmp_path: Path):
    enough = {"open open": 50, "echo Waiting": 10, "answer Plain": 40, "answer Secure": 40}
    locustfile = FIFTY + ENDING.format(enough=enough, seconds=10)
    run = run_locust(tmp_path, locustfile, servers, "--users", "50", "--spawn-rate", "50", "--run-time", "90s")
    assert run.status == 0, run.output
    assert run.failures == 0
    assert run.rows["open open"].requests == 50
    for kind in ("Plain", "Secure"):
        # Whoever was stopped between the echo and the answer has an echo more.
        assert 0 <= run.rows[f"echo {kind}"].requests - run.rows[f"answer {kind}"].requests <= 20
    # Who was stopped in the middle of a wait is no sample.
    assert run.rows["echo Waiting"].requests == 10
    assert "answer Waiting" not in run.rows
    assert run.stopping <= 3
    assert "Traceback" not in run.output
    assert "the connection is ready" not in run.output


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

class Stranger(Guest):
    deploymentId = "unknown"
    fixed_count = 2
"""


@pytest.mark.slow
def test_failures_of_a_kind_are_one_row_of_the_table_of_errors(servers: dict[str, str], tmp_path: Path):
    locustfile = FAILING + ENDING.format(enough={"open open": 5, "answer hours": 9}, seconds=0)
    run = run_locust(tmp_path, locustfile, {}, "-u", "5", "-r", "5", "-t", "60s", "--host", servers["PLAIN"])
    assert run.status == 1, run.output
    failures = re.findall(r"^(\d+) +(.*?) *$", run.output.partition("Error report")[2], flags=re.MULTILINE)
    told = {what: int(number) for number, what in failures}
    assert told.keys() == {"answer hours: no answer in time", "open open: the handshake was refused with 403"}
    assert told["open open: the handshake was refused with 403"] == 2
    assert "Traceback" not in run.output


@pytest.mark.slow
def test_limits_of_the_service_are_counted_as_what_they_are(tmp_path: Path):
    limits = Limits(messages=RateLimit(1, 1.0), connections=RateLimit(3, 600.0))
    text = FAILING.partition("class Stranger")[0].replace("we are closed", "9 to 17").replace("0.2", "30")
    locustfile = text + ENDING.format(enough={"open open": 5, "limit rate limit, waited out": 3}, seconds=0)
    with Simulator(bot=BOT, limits=limits) as simulator:
        run = run_locust(tmp_path, locustfile, {}, "-u", "5", "-r", "5", "-t", "60s", "--host", simulator.address)
    assert run.status == 1, run.output
    assert run.rows["open open"] == Row(5, 2)
    assert "2                  open open: the handshake was refused with 429" in run.output
    assert run.rows["limit rate limit, waited out"].failures == 0
    assert run.failures == 2


@pytest.mark.slow
def test_the_sample_runs_its_scenario_too(servers: dict[str, str], tmp_path: Path):
    sample = (SAMPLES / "locustfile.py").read_text(encoding="utf-8")
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    (scenarios / "hours.scenario.yaml").write_bytes((SAMPLES / "scenarios" / "hours.scenario.yaml").read_bytes())
    enough = {"answer When are your hours?": 1, "answer expect: 'We are open'": 1}
    locustfile = sample + ENDING.format(enough=enough, seconds=0)
    with Simulator() as simulator:
        run = run_locust(tmp_path, locustfile, {}, "-u", "8", "-r", "8", "-t", "60s", "--host", simulator.address)
    assert run.status == 0, run.output
    assert run.failures == 0


@pytest.mark.slow
def test_a_wrong_scenario_file_is_told_once(servers: dict[str, str], tmp_path: Path):
    (tmp_path / "shop.scenario.yaml").write_text("scenarios: {a: {steps: [{sayy: x}]}}", encoding="utf-8")
    path = tmp_path / "locustfile.py"
    text = "from genesys_webmessaging.locust import ScenarioUser\nclass Shopper(ScenarioUser):\n    scenario = "
    path.write_text(text + '"shop.scenario.yaml"\n', encoding="utf-8")
    command = [sys.executable, "-m", "locust", "-f", str(path), "--headless", "-u", "9", "--host", servers["PLAIN"]]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path.parent)
    assert ended.returncode == 1
    assert ended.stderr.count("shop.scenario.yaml:1") == 1
    assert "shop.scenario.yaml:1" in ended.stderr.splitlines()[-1]
    assert "sayy" in ended.stderr.splitlines()[-1]
