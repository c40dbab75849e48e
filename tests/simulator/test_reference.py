"""The pages about the simulator are those that its models make."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def made():
    path = DOCS / "make_reference.py"
    spec = importlib.util.spec_from_file_location("make_reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize("name", ["bot-script.md", "control.md", "events.md", "faults.md"])
def test_a_page_is_what_the_models_say(made, name):
    assert (DOCS / "reference" / name).read_text("utf-8") == made[name], "run: python docs/make_reference.py"


def test_every_field_and_every_fault_is_described(made):
    for name, text in made.items():
        for line in text.splitlines():
            if line.startswith("| `") and name == "bot-script.md":
                assert "anything |" not in line, line
    for fault in ("drop", "historyLag", "listTwice", "failScan"):
        assert f"## `{fault}(" in made["faults.md"]
