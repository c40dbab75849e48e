"""The documentation holds every public name, and what it links to exists."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from genesys_webmessaging.simulator import Simulator

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


PROGRAMS = {
    document: re.findall(r"^```python\n(.*?)^```", document.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for document in DOCUMENTS
}
# What stands in for an account is replaced by the simulator's.
ACCOUNT = {"your-deployment-id": "demo", "https://your.site": "https://shop.example"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_program_is_python(document: Path) -> None:
    for program in PROGRAMS[document]:
        compile(program, str(document), "exec")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "document", [document for document in DOCUMENTS if PROGRAMS[document]], ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_programs_of_a_document_run(document: Path, tmp_path: Path) -> None:
    """Those of a page one after the other, as they are read; those of README each by itself. Pandas is not needed."""
    whole = (
        PROGRAMS[document]
        if document.name == "README.md"
        else ["\n".join(each for each in PROGRAMS[document] if "import pandas" not in each)]
    )
    with Simulator() as simulator:
        for number, program in enumerate(whole):
            source = tmp_path / f"test_program_{number}.py"
            text = program.replace('"eu_central_1"', repr(simulator.address))
            for account, ours in ACCOUNT.items():
                text = text.replace(account, ours)
            source.write_text(text, "utf-8")
            tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if "\ndef test_" in text else []
            done = subprocess.run(
                [sys.executable, *tests, str(source)],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
                cwd=tmp_path,
                env={**os.environ, "LOCUST_SKIP_MONKEY_PATCH": "1"},
            )
            assert done.returncode == 0, done.stdout + done.stderr
            assert done.stdout or document.name != "README.md"
