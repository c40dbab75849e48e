"""What the tests of scenarios share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from genesys_webmessaging.scenarios import Places, Runner, ScenarioResult, load

Write = Callable[[str], Path]
Run = Callable[..., ScenarioResult]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a scenario file."""

    def write(text: str) -> Path:
        path = tmp_path / "shop.scenario.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def run(write: Write) -> Run:
    """Runs the only scenario of a file, in a given place."""

    def run(text: str, **place: str) -> ScenarioResult:
        [scenario] = load(write(text)).scenarios
        with Places(**place) as places:
            return Runner(places).run(scenario)

    return run
