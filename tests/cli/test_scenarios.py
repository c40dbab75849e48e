"""``test``, ``schema``, and recording in ``chat``: the commands about scenario files."""

from __future__ import annotations

import json
import socket
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from genesys_webmessaging.simulator import Simulator

from .conftest import Command

SAMPLES = Path(__file__).parents[2] / "samples" / "scenarios"


def test_test_tells_each_scenario_in_a_line_and_writes_the_reports(command: Command, tmp_path: Path):
    files = [str(SAMPLES / f"{name}.scenario.yaml") for name in ("hours", "fails")]
    reports = {name: tmp_path / name for name in ("junit", "report", "report-json")}
    ended = command("test", *files, *(f"--{name}={path}" for name, path in reports.items()))
    lines = ended.out.splitlines()
    assert ended.status == 1
    assert lines[0].startswith("ok     hours.scenario.yaml: asked by a button (")
    assert lines[4].startswith("FAILED fails.scenario.yaml: opens at ten (")
    assert lines[5].startswith("       step 2 (expect: 'We are open from 10'), line 8: expected")
    assert lines[6].startswith("4 passed, 1 failed in ")
    assert ET.parse(reports["junit"]).getroot().attrib["failures"] == "1"
    assert json.loads(reports["report-json"].read_text(encoding="utf-8"))["passed"] == 4
    assert "<title>1 failed" in reports["report"].read_text(encoding="utf-8")


def test_test_chooses_by_name_and_tag_and_runs_beside_each_other(command: Command):
    files = [str(path) for path in SAMPLES.glob("*.yaml")]
    assert (
        command("test", *files, "-k", "asked", "--parallel", "4").out.splitlines()[-1].startswith("4 passed, 0 failed")
    )
    assert command("test", *files, "--tag", "smoke").out.splitlines()[-1].startswith("1 passed, 0 failed")
    ended = command("test", *files, "-k", "nothing like it")
    assert (ended.status, ended.out) == (2, "")


def test_a_bad_file_stops_everything_before_the_first_scenario(command: Command, tmp_path: Path):
    bad = tmp_path / "bad.scenario.yaml"
    bad.write_text("scenarios:\n  a:\n    - sya: hi\n", encoding="utf-8")
    with Simulator() as simulator:
        place = f"--address={simulator.address}", "--deployment-id=demo"
        ended = command("test", str(SAMPLES / "hours.scenario.yaml"), str(bad), *place)
        assert len(simulator.received) == 0
    assert (ended.status, ended.out) == (2, "")
    assert f"{bad}:3: scenario 'a', step 1: unknown key 'sya'; did you mean 'say'?" in ended.err


def test_where_to_run_is_taken_from_the_options_before_the_file(command: Command, tmp_path: Path):
    path = tmp_path / "a.scenario.yaml"
    path.write_text(
        "config: {region: eu_central_1, deploymentId: other}\nscenarios:\n  a: [{say: hi}]\n", encoding="utf-8"
    )
    with Simulator(deployments=["mine"]) as simulator:
        ended = command(
            "test",
            str(path),
            "--address",
            simulator.address,
            "--deployment-id",
            "mine",
            "--origin",
            "https://a.example",
        )
    assert ended.status == 0


def test_nobody_there_is_a_status_of_its_own(command: Command, tmp_path: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"ws://127.0.0.1:{free.getsockname()[1]}/v1"
    ended = command("test", str(SAMPLES / "fails.scenario.yaml"), "--address", address, "--deployment-id", "demo")
    assert ended.status == 3
    assert "step 0 (open the conversation)" in ended.out


def test_a_refused_session_is_a_failure(command: Command):
    with Simulator() as simulator:
        options = "--address", simulator.address, "--deployment-id", "unknown"
        assert command("test", str(SAMPLES / "fails.scenario.yaml"), *options).status == 1


@pytest.mark.parametrize("kind", ["scenario", "bot"])
def test_schema_is_json(kind: str, command: Command):
    schema = json.loads(command("schema", kind).out)
    assert schema["type"] == "object"


def test_a_chat_is_recorded_as_a_scenario_that_passes(process: Command, command: Command, tmp_path: Path):
    recorded = tmp_path / "recorded.scenario.yaml"
    with Simulator() as simulator:
        place = "--address", simulator.address, "--deployment-id", "demo", "--origin", "https://shop.example"
        ended = process(
            "chat", *place, "--record-scenario", str(recorded), "--wait", "2", typed="hours\nshow me a card\n1\n"
        )
        assert ended.status == 0, ended.err
        assert f"The scenario is in {recorded}." in ended.err
        text = recorded.read_text(encoding="utf-8")
        assert "- say: hours" in text
        assert "- press: Order it" in text
        assert command("test", str(recorded)).out.splitlines()[-1].startswith("1 passed, 0 failed")
