"""A conversation that was had is written down as a scenario that passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml

from genesys_webmessaging import Conversation
from genesys_webmessaging.scenarios import Places, Runner, load
from genesys_webmessaging.scenarios.recording import ScenarioRecorder
from genesys_webmessaging.simulator import Simulator

ORIGIN = "https://shop.example"


def record(simulator: Simulator, talk: Callable[[Conversation], None], tmp_path: Path, **options: object) -> Path:
    recorder = ScenarioRecorder("what I did", {"origin": ORIGIN}, {"customer number": "secret-4711"})
    (tmp_path / "note.png").write_text("a note", encoding="utf-8")
    with Conversation.open(
        simulator.address, "demo", origin=ORIGIN, join=True, listeners=[recorder], timeout=5
    ) as chat:
        recorder.sending([tmp_path / "note.png"])
        talk(chat)
    path = tmp_path / "recorded.scenario.yaml"
    path.write_text(recorder.as_yaml(), encoding="utf-8")
    return path


def test_what_was_recorded_passes_when_it_is_run_again(tmp_path: Path):
    def talk(chat: Conversation) -> None:
        chat.waitFor("What would you like")
        chat.choose("Opening hours")
        chat.waitFor("open")
        chat.send("show me a card")
        chat.waitFor("product of the week")
        chat.press("Sun hat", "Order it")
        chat.waitFor("on its way")
        chat.send("book a date")
        chat.waitFor("When does it suit you")
        chat.pick(0)
        chat.waitFor("Your appointment")
        chat.send("", [tmp_path / "note.png"])
        chat.waitFor("Thank you for note.png")
        chat.send("1 + ${one}")
        chat.waitFor("You said")

    with Simulator() as simulator:
        path = record(simulator, talk, tmp_path)
    text = path.read_text(encoding="utf-8")
    assert "secret-4711" not in text
    document = yaml.safe_load(text)
    assert document["config"]["customAttributes"] == {"customer number": "${CUSTOMER_NUMBER}"}
    steps = document["scenarios"]["what I did"]
    assert {"choose": "Opening hours"} in steps
    assert {"press": "Order it"} in steps
    assert {"attach": [str(tmp_path / "note.png")]} in steps
    assert {"expect": {"matching": r"^We are open from \d+ to \d+, \w+ to \w+\.$"}} in steps
    [scenario] = load(path, {"CUSTOMER_NUMBER": "12"}).scenarios
    with Places() as places:
        assert Runner(places).run(scenario).sentence == "passed"
