"""What holds for every command: help, versions, statuses, and what happens when things are missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from genesys_webmessaging import GenesysCloudRegionWebSocketHosts, __version__
from genesys_webmessaging.cli._exit_status import Status, sentence_of, status_of
from genesys_webmessaging.exceptions import (
    ApiError,
    AttachmentError,
    ConnectError,
    ConnectionClosedError,
    ConnectTimeoutError,
    DecodeError,
    NotConfiguredError,
    NotConnectedError,
    RequestError,
    ResponseTimeoutError,
    TooManyRequestsError,
)

from .conftest import PATIENCE, environment

COMMANDS = ["chat", "check", "demo", "history", "regions", "send", "simulate", "transcript"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples_and_statuses(command, name):
    ended = command(name, "--help")

    assert (ended.status, ended.err) == (0, "")
    assert "Examples:" in ended.out
    assert f"genesys-webmessaging {name}" in ended.out
    for number in ("0", "1", "2", "3", "4", "5", "130"):
        assert f"\n    {number:<4} " in ended.out


def test_the_command_itself_has_help(command):
    ended = command("--help")

    assert ended.status == 0
    for name in COMMANDS:
        assert f"\n  {name} " in ended.out
    assert "Exit statuses:" in ended.out
    assert command("-h").out == ended.out


def test_the_command_tells_its_version(command):
    assert __version__ in command("--version").out


def test_no_command_and_an_unknown_one_are_wrong_usage(command):
    assert command().status == 2
    ended = command("dance")
    assert (ended.status, "dance" in ended.err) == (2, True)
    assert "did you mean chat?" in command("caht").err


def test_a_region_that_is_misspelt_is_told_how_it_is_spelt(command):
    ended = command("chat", "--region", "EU-Centrl-1", "--deployment-id", "x")

    assert ended.status == 2
    assert "there is no region 'EU-Centrl-1'; did you mean eu_central_1?" in ended.err
    assert (
        "'genesys-webmessaging regions' lists them" in command("chat", "--region", "mars", "--deployment-id", "x").err
    )


@pytest.mark.parametrize("arguments", [("-v", "send"), ("send", "-v")])
def test_a_command_is_verbose_wherever_that_is_asked_for(command, place, arguments):
    ended = command(*arguments, *place, "--wait", "0", "hello")

    assert ended.status == 0
    assert '"action": "onMessage"' in ended.err


@pytest.mark.parametrize(
    ("shape", "begins"),
    [
        ("jsonl", '{"name": "us_east_1", "webSocketHost": "wss://'),
        ("csv", "name,webSocketHost,apiHost\nus_east_1,wss://"),
        ("markdown", "| name | webSocketHost | apiHost |\n| --- | --- | --- |\n| us_east_1 | wss://"),
        ("text", "us_east_1 "),
    ],
)
def test_what_is_listed_comes_in_every_format(command, shape, begins):
    ended = command("regions", "--format", shape)

    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(begins)


def test_two_formats_at_once_are_wrong_usage(command):
    assert "--json and --format csv exclude each other" in command("regions", "--json", "--format", "csv").err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk here that is always full")
def test_a_full_disk_is_not_wrong_usage():
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "genesys_webmessaging", "regions"],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment(),
            timeout=PATIENCE,
            check=False,
        )

    assert (ended.returncode, ended.stderr) == (5, "Error: No space left on device\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands_and_regions(command, monkeypatch, shell):
    def complete(line: str) -> str:
        words = line.split()
        asked = {"COMP_WORDS": line, "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1)}
        # click asks these two what the program is called.
        monkeypatch.setattr(sys, "argv", ["genesys-webmessaging"])
        monkeypatch.setattr(sys.modules["__main__"], "__package__", None)
        ended = command(env={"_GENESYS_WEBMESSAGING_COMPLETE": f"{shell}_complete", **asked})
        assert ended.err == ""
        return ended.out

    assert "transcript" in complete("genesys-webmessaging tra")
    assert "eu_central_1" in complete("genesys-webmessaging chat --region eu-c")


def test_the_installed_command_is_the_one_that_a_shell_completes():
    ended = subprocess.run(
        [Path(sys.executable).with_name("genesys-webmessaging")],
        capture_output=True,
        encoding="utf-8",
        env=environment(_GENESYS_WEBMESSAGING_COMPLETE="bash_source"),
        timeout=PATIENCE,
        check=False,
    )
    assert "_GENESYS_WEBMESSAGING_COMPLETE=bash_complete" in ended.stdout
    assert ended.stderr == ""


def test_the_regions_are_listed(command):
    ended = command("regions")

    assert (ended.status, ended.err) == (0, "")
    rows = [line.split() for line in ended.out.splitlines()]
    assert rows == [[region.name, region.webSocketHost, region.apiHost] for region in GenesysCloudRegionWebSocketHosts]
    told = json.loads(command("regions", "--format", "json").out)
    assert [region["name"] for region in told] == [row[0] for row in rows]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RequestError("no", code=400), Status.REFUSED),
        (TooManyRequestsError("slow down", retryAfter=3), Status.REFUSED),
        (AttachmentError("no"), Status.REFUSED),
        (DecodeError("no"), Status.REFUSED),
        (NotConfiguredError("no"), Status.REFUSED),
        (ApiError("no", statusCode=500), Status.REFUSED),
        (ApiError("no"), Status.CONNECTION),
        (ConnectError("no"), Status.CONNECTION),
        (ConnectError("no", statusCode=502), Status.CONNECTION),
        (ConnectError("no", statusCode=403), Status.REFUSED),
        (ConnectionClosedError("no"), Status.CONNECTION),
        (NotConnectedError("no"), Status.CONNECTION),
        (ConnectTimeoutError("no"), Status.TIMEOUT),
        (ResponseTimeoutError("no"), Status.TIMEOUT),
        (ValueError("no"), Status.USAGE),
        (TypeError("no"), Status.USAGE),
        (FileNotFoundError(2, "no"), Status.USAGE),
        (OSError(28, "no space left"), Status.MACHINE),
        (AttributeError("no"), None),
        (KeyError("no"), None),
    ],
)
def test_each_error_has_its_status(error, status):
    assert status_of(error) == status


def test_errors_come_with_a_hint():
    assert sentence_of(TooManyRequestsError("slow down", retryAfter=3)) == (
        "slow down (code 4029); try again in 3 seconds"
    )
    assert "--origin" in sentence_of(ConnectError("refused", statusCode=403))
    assert sentence_of(FileNotFoundError(2, "No such file", "a.txt")) == "a.txt: No such file"
    assert sentence_of(ValueError()) == "ValueError"


def alone(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run some code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize(
    ("missing", "commands"),
    [
        ("click", ["demo", "regions"]),
        ("rich", ["demo", "chat"]),
        ("aiohttp", ["demo", "simulate"]),
    ],
)
def test_a_missing_extra_is_one_sentence(missing, commands):
    ended = alone(
        f"import sys\nsys.modules[{missing!r}] = None\nfrom genesys_webmessaging.cli import main\n"
        "for name in sys.argv[1:]: print(main([name]), flush=True)",
        *commands,
    )

    assert ended.stdout.endswith("2\n" * len(commands))
    assert ended.stderr == (
        f"Error: this command needs the package {missing}: pip install 'genesys-webmessaging[demo]' brings it.\n"
    ) * len(commands)


def test_an_import_error_of_something_else_is_no_missing_extra():
    ended = alone(
        "import sys\nsys.modules['requests'] = None\nfrom genesys_webmessaging.cli import main\nmain(['demo'])"
    )

    assert ended.returncode == 1
    assert "Traceback" in ended.stderr


def test_the_core_imports_nothing_of_the_extras():
    ended = alone(
        "import sys, genesys_webmessaging\n"
        "for name in genesys_webmessaging.__all__: getattr(genesys_webmessaging, name)\n"
        "print(*sorted({'click', 'rich', 'aiohttp', 'yaml', 'pydantic', 'trustme'} & set(sys.modules)))"
    )
    assert (ended.stdout, ended.stderr) == ("\n", "")


def test_what_an_encoding_has_no_sign_for_is_replaced(process):
    ended = process("demo", env={"PYTHONIOENCODING": "ascii"})

    assert (ended.status, ended.err) == (0, "")
    assert "You         -> Opening hours" in ended.out
    assert "| [1] Order it" in ended.out


@pytest.mark.parametrize("name", ["demo", "regions"])
def test_who_reads_no_further_ends_the_command_quietly(name):
    command = f"{sys.executable} -m genesys_webmessaging {name}"
    ended = subprocess.run(
        ["/bin/bash", "-c", f"{command} | head -n 2; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        timeout=PATIENCE,
        check=False,
    )

    assert ended.stderr == ""
    assert ended.stdout.splitlines()[-1] == "0"
