"""Every sample is run against a simulator."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from _proxies import HttpProxy
from _raw_peer import RawPeer

from genesys_webmessaging.simulator import Simulator

SAMPLES = Path(__file__).parent.parent / "samples"
NAMES = sorted(path.name for path in SAMPLES.glob("*.py"))

Run = Callable[..., str]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator
        assert [str(violation) for violation in simulator.violations] == []


def variables_of(simulator: Simulator, **others: str) -> dict[str, str]:
    """What a sample reads from its environment."""
    return {"GENESYS_ADDRESS": simulator.address, "GENESYS_DEPLOYMENT_ID": "demo", **others}


@pytest.fixture
def start(simulator: Simulator) -> Run:
    """Runs a sample in a process of its own, and returns what it printed."""

    def start(name: str, **variables: str) -> str:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GENESYS_")}
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-X", "utf8", "-W", "error", str(SAMPLES / name)],
            env={**kept, **variables_of(simulator, **variables)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=40,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return start


@pytest.fixture
def run(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a sample in this process, which is faster, and returns what it printed."""

    def run(name: str, *args: object, status: int = 0, **variables: str) -> str:
        printed = io.StringIO()
        with monkeypatch.context() as patch, redirect_stdout(printed), redirect_stderr(printed):
            for variable in [variable for variable in os.environ if variable.startswith("GENESYS_")]:
                patch.delenv(variable)
            for variable, value in variables_of(simulator, **variables).items():
                patch.setenv(variable, value)
            patch.setattr(sys, "argv", [name, *map(str, args)])
            ended = 0
            try:
                runpy.run_path(str(SAMPLES / name), run_name="__main__")
            except SystemExit as exit_:
                ended = int(exit_.code or 0)
        assert ended == status, printed.getvalue()
        return printed.getvalue()

    return run


def test_quickstart(start: Run, simulator: Simulator) -> None:
    assert start("quickstart.py", GENESYS_ORIGIN="https://mine.example").startswith("We are open")
    assert simulator.connections[0].origin == "https://mine.example"
    assert simulator.sessions[0].customAttributes == {"cart": "4711"}


def test_listener(run: Run) -> None:
    assert run("listener.py").splitlines() == [
        "a new session",
        "Guest: When are you open?",
        "… is typing",
        "Genesys: I know about hours, cards and dates.",
        "disconnected: 1000",
    ]


def test_listener_shows_a_refusal(run: Run, simulator: Simulator) -> None:
    simulator.faults.refuse("configureSession", 4000, "Feature unavailable")
    assert "refused: 4000 Feature unavailable" in run("listener.py")


def test_join(run: Run, simulator: Simulator) -> None:
    shown = run("join.py").splitlines()
    assert shown[:2] == ["joined", "resumed"]
    assert "Inbound Hello" in shown
    assert "Inbound I am back" in shown
    assert len(simulator.sessions) == 1


def test_bot_test(run: Run) -> None:
    assert re.findall(r"step (\d) (\w+)", run("bot_test.py")) == [(str(number), "ok") for number in range(1, 5)]


def test_bot_test_tells_what_is_wrong(run: Run, simulator: Simulator) -> None:
    simulator.faults.lose(class_="StructuredMessage", where=lambda frame: "on its way" in str(frame))
    shown = run("bot_test.py", status=1)
    assert "step 4 FAILED: no message with 'on its way' within 10 seconds" in shown
    assert "Demo Bot: What would you like to do?" in shown


def test_rich_content(run: Run) -> None:
    shown = run("rich_content.py")
    for line in ("  [Show me a card]", "  Sun hat: Straw, one size, 19.90", "    [Order it]", "is on its way."):
        assert line in shown
    assert "[Tuesday 08 January 2030 09:00]" in shown
    assert "Your appointment is on 2030-01-08T09:00" in shown


def test_forms(run: Run) -> None:
    with Simulator(bot=SAMPLES / "order_bot.yaml") as ordering:
        shown = run("forms.py", GENESYS_ADDRESS=ordering.address).splitlines()
        assert [str(violation) for violation in ordering.violations] == []
    assert shown == [
        "Colours ['red', 'green', 'blue']",
        "Your order ['You']",
        "not sent: 'Your name' must be answered",
        "Thank you for your order.",
    ]


def test_attachments(run: Run, tmp_path: Path) -> None:
    picture, program = tmp_path / "hat.png", tmp_path / "virus.exe"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(300_000))
    program.write_bytes(b"MZ")
    shown = run("attachments.py", picture, program)
    assert "100% of 300008 bytes" in shown
    assert "virus.exe was refused:" in shown
    assert "Thank you for hat.png." in shown
    assert (tmp_path / "hat.png.copy").read_bytes() == picture.read_bytes()


def test_history_export(run: Run, tmp_path: Path) -> None:
    table, tokens = tmp_path / "talk.csv", tmp_path / "tokens.json"
    assert "a new session" in run("history_export.py", table, tokens)
    assert "the session of the last run" in run("history_export.py", table, tokens)
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["direction"] for row in rows] == ["Inbound", "Outbound"] * 2
    assert rows[-1]["who"] == "Demo Bot"


def test_history_export_as_json_lines(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "talk.jsonl"
    assert "2 messages written to" in run("history_export.py", target, tmp_path / "tokens.json")
    rows = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert [(row["direction"], row["who"]) for row in rows] == [("Inbound", None), ("Outbound", "Demo Bot")]


def test_authenticated(run: Run, simulator: Simulator) -> None:
    simulator.world.identities.register("the-code", "Ann", "Lee", codeVerifier="v" * 43)
    shown = run("authenticated.py", GENESYS_OAUTH_CODE="the-code", GENESYS_CODE_VERIFIER="v" * 43)
    assert shown.splitlines() == ["signed in", "signed out, on every device"]


def test_reconnect(run: Run, simulator: Simulator) -> None:
    simulator.faults.drop("reset", class_="StructuredMessage", direction="Inbound", after=1)
    shown = run("reconnect.py").splitlines()
    assert shown.count("(connected)") == 2
    assert shown.count("(the connection is lost)") == 1
    answers = [line for line in shown if line.startswith("Genesys:")]
    assert len(answers) == len(set(answers)) == 3


def test_proxy(run: Run) -> None:
    assert run("proxy.py") == "['Hello through the proxy']\n"


def test_proxy_with_a_proxy_and_certificates_of_ones_own(run: Run) -> None:
    proxy = HttpProxy()
    with Simulator(tls=True) as genesys, RawPeer(proxy) as front:
        variables = {"GENESYS_ADDRESS": genesys.address, "GENESYS_CA_FILE": genesys.caFile}
        run("proxy.py", GENESYS_PROXY=f"http://127.0.0.1:{front.port}", **variables)
    assert [request.split()[0] for request in proxy.requests] == ["CONNECT"] * 2


def test_many_guests(run: Run, simulator: Simulator) -> None:
    assert run("many_guests.py", 5).startswith("5 guests, 15 answers")
    assert len(simulator.sessions) == 5


def test_debug_logging(start: Run, simulator: Simulator) -> None:
    shown = start("debug_logging.py")
    assert "configureSession" in shown
    assert simulator.sessions[0].token not in shown
    assert "4711" not in shown


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_short_told_of_in_the_readme_and_run_by_a_test(name: str) -> None:
    source = (SAMPLES / name).read_text(encoding="utf-8")
    assert len(source.splitlines()) < 60
    assert source.startswith('"""')
    assert f"({name})" in (SAMPLES / "README.md").read_text(encoding="utf-8")
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    assert f'"{name}"' in tests
