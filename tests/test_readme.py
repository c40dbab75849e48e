"""README says what is true: its table of differences is the one that the replays check, and its programs run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
TOPICS = json.loads(Path(__file__).with_name("data").joinpath("differences.json").read_text(encoding="utf-8"))["topics"]
PROGRAMS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def differences() -> list[str]:
    """The rows of README's table of differences."""
    section = README.split("## Where it differs from the Java SDK on purpose")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("|")][2:]


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic["topic"])
def test_every_difference_that_the_replays_check_is_in_the_table(topic: dict[str, str]) -> None:
    assert f"| {topic['topic']} | {topic['java']} | {topic['ours']} |" in differences()


def test_the_table_holds_nothing_else() -> None:
    assert len(differences()) == len(TOPICS)


def test_the_script_runs_as_it_stands() -> None:
    script = next(program for program in PROGRAMS if "Simulator" in program and "joinConversation" in program)

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert "Inbound I need help" in done.stdout


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_every_program_is_python(program: str) -> None:
    compile(program, "README.md", "exec")
