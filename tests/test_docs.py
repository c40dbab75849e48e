"""The documentation holds every public name, and what it links to exists."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
REFERENCE = "\n".join(path.read_text("utf-8") for path in sorted((DOCS / "reference").glob("*.md")))
DOCUMENTS = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]

# What these modules offer is listed whole, by their __all__.
WHOLE = set(re.findall(r"^\.\. automodule:: (\S+)\n   :members:$", REFERENCE, flags=re.MULTILINE))
SINGLE = set(re.findall(r"^\.\. auto(?:class|function):: (\S+)$", REFERENCE, flags=re.MULTILINE))


def public_names() -> list[str]:
    """Every name of the package's door, and of the modules that users import beside it."""
    doors = ["genesys_webmessaging", "genesys_webmessaging.models"]
    doors += [f"genesys_webmessaging.{name}" for name in ("aio", "companions", "rest", "scenarios", "simulator")]
    return [f"{door}.{name}" for door in doors for name in importlib.import_module(door).__all__]


def documented_names() -> set[str]:
    whole = {f"{door}.{name}" for door in WHOLE - {"genesys_webmessaging.locust"} for name in all_of(door)}
    return whole | SINGLE


def all_of(door: str) -> list[str]:
    names: list[str] = importlib.import_module(door).__all__
    return names


def test_every_public_name_is_in_the_reference() -> None:
    documented = documented_names()
    # What a room offers may be offered by the package's door, too: once is enough.
    again = {f"genesys_webmessaging.{name.rpartition('.')[2]}" for name in documented}
    missing = set(public_names()) - documented - again - {"genesys_webmessaging.__version__"}
    assert len(public_names()) > 300
    assert missing == set()


def test_every_module_that_is_documented_whole_says_what_is_public() -> None:
    assert WHOLE
    for door in WHOLE - {"genesys_webmessaging.locust"}:
        assert all_of(door)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_links_to_exists(document: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", document.read_text("utf-8"), flags=re.DOTALL)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", prose)]
    files = [link for link in links if link and not link.startswith(("http://", "https://", "mailto:"))]
    assert [link for link in files if not (document.parent / link).exists()] == []
