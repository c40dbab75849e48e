"""``load``: what it refuses, warns of and hands to Locust, and how it ends."""

from __future__ import annotations

import csv
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from genesys_webmessaging.simulator import Simulator

from .conftest import Command, environment

SAMPLES = Path(__file__).parents[2] / "samples" / "scenarios"
HOURS = str(SAMPLES / "hours.scenario.yaml")


@pytest.fixture
def nobody() -> list[str]:
    """The options of a place where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return ["--address", f"ws://127.0.0.1:{free.getsockname()[1]}/v1", "--deployment-id", "demo"]


@pytest.mark.parametrize(
    "place",
    [
        ("--address", "wss://webmessaging.mypurecloud.de/v1"),
        ("--region", "eu_central_1"),
        ("--region", "mypurecloud.de"),
        ("--address", "ws://127.0.0.1.example/v1"),
        ("--address", "ws://10.0.0.1/v1", "--worker"),
    ],
)
def test_any_other_machine_wants_approval(command: Command, place: tuple[str, ...]):
    ended = command("load", HOURS, *place, "--deployment-id", "demo")
    assert ended.status == 2
    assert "agreed upon two weeks before" in ended.err
    assert "--approved" in ended.err


def test_without_a_server_there_is_a_status_of_its_own(command: Command, nobody: list[str]):
    assert command("load", HOURS, *nobody).status == 3
    assert command("load", HOURS, *nobody, "--approved").status == 3


@pytest.mark.parametrize(
    ("options", "warned"),
    [
        (("--users", "1"), []),
        (("--spawn-rate", "16"), ["messages a second"]),
        (("--spawn-rate", "17"), ["Warning: 17 guests a second", "messages a second"]),
        (("--spawn-rate", "1000000"), ["Warning: 1,000,000 guests a second", "messages a second"]),
        (("--users", "160", "--pause", "10"), ["messages a second"]),
        (("--users", "160", "--pause", "9"), ["With --pause 10 they do not", "messages a second"]),
        (("--pause", "0"), ["10 guests who pause for 0 s", "messages a second"]),
    ],
)
def test_documented_limits_are_warned_of(
    command: Command, nobody: list[str], options: tuple[str, ...], warned: list[str]
):
    *lines, error = command("load", HOURS, *nobody, *options).err.splitlines()
    assert error.startswith("Error: The TCP connection")
    assert len(lines) == len(warned)
    assert all(words in line for words, line in zip(warned, lines, strict=True))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--time", "soon"), "'soon' is not a time like 90s, 10m or 1h30m"),
        (("--time", "0"), "'0' is not a time"),
        (("--time", "0h0m"), "'0h0m' is not a time"),
        (("--time", "-5s"), "'-5s' is not a time"),
        (("--processes", "0"), "--processes is a number of workers"),
        (("--master", "--worker"), "exclude each other"),
        (("--region", "eu_central_1"), "exclude each other"),
        (("--users", "0"), "--users"),
        (("--spawn-rate", "0"), "--spawn-rate"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anybody_comes(
    command: Command, nobody: list[str], options: tuple[str, ...], error: str
):
    ended = command("load", HOURS, *nobody, *options)
    assert ended.status == 2
    assert error in ended.err


def test_without_locust_it_says_what_to_install(command: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "locust", None)
    ended = command("load", HOURS)
    assert ended.status == 2
    assert (
        ended.err
        == "Error: this command needs the package locust: pip install 'genesys-webmessaging[demo,locust]' brings it.\n"
    )


def run_length(folder: Path) -> list[str]:
    return ["--users", "2", "--spawn-rate", "2", "--time", "2s", "--pause", "0.5", "--csv", str(folder / "load")]


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    ("sample", "status"), [pytest.param("hours", 0, marks=pytest.mark.slow), pytest.param("fails", 1)]
)
def test_a_scenario_runs_on_locust(
    sample: str, status: int, command: Command, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    report = tmp_path / "report.html"
    ended = command("load", str(SAMPLES / f"{sample}.scenario.yaml"), *run_length(tmp_path), "--html", str(report))
    table = capfd.readouterr().err
    assert ended.status == status, table
    assert "open     open" in table
    assert "the connection is ready" not in table
    assert "Locust" in report.read_text(encoding="utf-8")
    with open(tmp_path / "load_stats.csv", encoding="utf-8") as file:
        assert "Aggregated" in {row["Name"] for row in csv.DictReader(file)}


@pytest.mark.slow
def test_who_ends_the_command_ends_locust(simulator: Simulator):
    place = "--address", simulator.address, "--deployment-id", "demo"
    command = [sys.executable, "-m", "genesys_webmessaging", "load", HOURS, *place, "--users", "2", "--time", "5m"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment()) as process:
        simulator.guest(30).waitClosed(30)  # the one that tries the connection
        simulator.guest(30)
        process.send_signal(signal.SIGTERM)
        _, table = process.communicate(timeout=30)
    assert "Got SIGTERM signal" in table
    assert "Aggregated" in table
    for guest in simulator.connections:
        guest.waitClosed(5)


@pytest.mark.slow
def test_a_run_in_which_nothing_happened_has_not_passed(
    command: Command, simulator: Simulator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    simulator.faults.lose(class_="SessionResponse", times=1000)
    ended = command("load", HOURS, "--address", simulator.address, "--deployment-id", "demo", *run_length(tmp_path))
    assert ended.status == 1
    assert "no guest has done anything, so nothing was tested" in capfd.readouterr().err
