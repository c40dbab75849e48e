"""Every block of README and of the documentation is run, as a reader would, with Sybil.

The blocks of a page are run one after the other, in a folder of their own; those of README each by itself. What stands
for an account is replaced by a simulator's address and deployment. A comment ``<!-- skip: next "reason" -->`` in front
of a block says why it is not run.
"""

from __future__ import annotations

import glob
import inspect
import io
import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path
from unittest import SkipTest

import pytest
from sybil import Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.evaluators.skip import Skipper
from sybil.parsers.myst import CodeBlockParser, SkipParser

from genesys_webmessaging.cli import main
from genesys_webmessaging.simulator import Simulator

ROOT = Path(__file__).parent.parent
PATIENCE = 60


def account_replaced(text: str, simulator: Simulator) -> str:
    """What stands for an account, or for a simulator of the reader's, replaced by the simulator's."""
    for written, ours in {
        "--region eu_central_1": f"--address {simulator.address}",
        "--genesys-region eu_central_1": f"--genesys-address {simulator.address}",
        '"eu_central_1"': repr(simulator.address),
        "your-deployment-id": "demo",
        "https://your.site": "https://shop.example",
        "http://127.0.0.1:8080": simulator.restAddress,
        "http://elsewhere:8080": simulator.restAddress,
    }.items():
        text = text.replace(written, ours)
    return text


def run_python(example: Example) -> None:
    """Run a program; the tests in it, too, with the fixtures that they name."""
    known = set(example.namespace)
    if not example.path.endswith("README.md"):
        example.region.parsed = account_replaced(example.parsed, example.namespace["simulator"])
    PythonEvaluator()(example)
    for name in set(example.namespace) - known:
        if name.startswith("test_"):
            test = example.namespace[name]
            fixture = example.namespace["request"].getfixturevalue
            test(**{parameter: fixture(parameter) for parameter in inspect.signature(test).parameters})


def run_console(example: Example) -> None:
    """Run each command after a ``$``: what is shown below it occurs in its output, durations aside."""
    for session in re.split(r"^\$ ", account_replaced(example.parsed, example.namespace["simulator"]), flags=re.M)[1:]:
        command, _, shown = session.partition("\n")
        output = without_durations(piped(command))
        for line in without_durations(shown).splitlines():
            assert line in output.splitlines(), f"{command} printed:\n{output}"


def without_durations(text: str) -> str:
    return re.sub(r"\d+(\.\d+)? s\b", "… s", text)


def piped(command: str) -> str:
    """The output of commands with ``|`` between them; it goes into the file behind ``>``, if there is one."""
    words = shlex.shlex(command, posix=True, punctuation_chars="|>")
    words.whitespace_split = True
    output, argv, file = "", [], None
    for word in words:
        if word == "|":
            output, argv = run(argv, output), []
        elif word == ">":
            file = next(words)
        else:
            argv += sorted(glob.glob(word)) if "*" in word else [word]
    output = run(argv, output)
    if file is not None:
        Path(file).write_text(output, "utf-8")
    return output


def run(argv: list[str], typed: str) -> str:
    """The output of a command: ours in this process, others in one of theirs. Installing is checked, not done."""
    if argv[:4] == ["python3", "-m", "pip", "install"]:
        package, _, extras = argv[4].rstrip("]").partition("[")
        assert set(extras.split(",")) <= set(metadata(package).get_all("Provides-Extra", []))
        return ""
    if shutil.which(argv[0]) is None:
        raise SkipTest(f"{argv[0]} is not installed")
    if argv[0] != "genesys-webmessaging":
        argv = [sys.executable if argv[0] == "python3" else argv[0], *argv[1:]]
        return subprocess.run(
            argv, input=typed, stdout=subprocess.PIPE, encoding="utf-8", timeout=PATIENCE, check=True
        ).stdout
    with pytest.MonkeyPatch.context() as patch:
        out, err = io.StringIO(), io.StringIO()
        for name, stream in {"stdin": io.StringIO(typed), "stdout": out, "stderr": err}.items():
            patch.setattr(sys, name, stream)
        status = main(argv[1:])
    assert status == 0, f"{shlex.join(argv)} ended with {status}:\n{out.getvalue()}{err.getvalue()}"
    return out.getvalue()


def run_shell(example: Example) -> None:
    """Run the lines of a shell."""
    script = account_replaced(example.parsed, example.namespace["simulator"])
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def write_file(example: Example) -> None:
    """Write the file whose name was mentioned last."""
    names = re.findall(r"`([\w.]+\.yaml)`", example.document.text[: example.start])
    if names:
        Path(names[-1]).write_text(example.parsed, "utf-8")


SYBIL = Sybil(
    [
        CodeBlockParser("python", run_python),
        CodeBlockParser("console", run_console),
        CodeBlockParser("sh", run_shell),
        CodeBlockParser("yaml", write_file),
        SkipParser(),
    ]
)
DOCUMENTS = [
    path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if any(SYBIL.parse(path).examples())
]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, simulator: Simulator
) -> None:
    """An empty folder, and an environment that leads to the simulator."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "HOME": str(tmp_path),
        "CURL_HOME": str(tmp_path),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "KEY": simulator.deskAddress.partition("#")[2],
        "GENESYS_ADDRESS": simulator.address,
        "GENESYS_DEPLOYMENT_ID": "demo",
        "LOCUST_SKIP_MONKEY_PATCH": "1",
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / ".curlrc").write_text("fail\nsilent\nshow-error\n")
    caplog.set_level(logging.NOTSET, "genesys_webmessaging")  # which is put back afterwards


@pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of a POSIX shell")
@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_of_a_document_runs(
    path: Path, simulator: Simulator, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    document = SYBIL.parse(path)
    for example in document:
        if path.name == "README.md":
            document.namespace.clear()
        document.namespace.update(simulator=simulator, request=request, which=shutil.which, __name__="__main__")
        try:
            example.evaluate()
        except SkipTest:
            continue
        if path.name == "README.md" and example.region.evaluator is run_python:
            assert capsys.readouterr().out


def test_a_block_that_is_not_run_says_why() -> None:
    """And there are few."""
    skipped = [
        example.parsed
        for path in DOCUMENTS
        for example in SYBIL.parse(path)
        if isinstance(example.region.evaluator, Skipper)
    ]
    assert [reason for _, reason in skipped if not reason] == []
    assert len(skipped) <= 14
