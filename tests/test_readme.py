"""README and the page for people from Java say what is true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
FROM_JAVA = (ROOT / "docs" / "coming-from-java.md").read_text("utf-8")
TOPICS = json.loads((ROOT / "tests" / "data" / "differences.json").read_text("utf-8"))["topics"]


def differences() -> list[str]:
    """The rows of the table of differences."""
    section = FROM_JAVA.split("## Where it differs from the Java SDK on purpose")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("|")][2:]


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic["topic"])
def test_every_difference_that_the_replays_check_is_in_the_table(topic: dict[str, str]) -> None:
    assert f"| {topic['topic']} | {topic['java']} | {topic['ours']} |" in differences()


def test_the_table_holds_nothing_else() -> None:
    assert len(differences()) == len(TOPICS)


def test_the_links_of_readme_work_on_pypi() -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", README)
    assert len(links) > 5
    assert [link for link in links if not link.startswith("https://")] == []
