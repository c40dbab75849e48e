"""Tokens that are kept between runs."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from genesys_webmessaging import sessions
from genesys_webmessaging.sessions import TokenStore

ADDRESS = "wss://webmessaging.mypurecloud.de/v1"
posix = pytest.mark.skipif(os.name != "posix", reason="needs file modes")


def test_a_token_is_kept_for_its_address_and_deployment(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "below" / "tokens.json")
    assert store.get(ADDRESS, "demo") is None
    store.put(ADDRESS, "demo", "one")
    store.put(ADDRESS, "other", "two")
    again = TokenStore(tmp_path / "below" / "tokens.json")
    assert (again.get(ADDRESS, "demo"), again.get(ADDRESS, "other")) == ("one", "two")
    assert again.get("ws://elsewhere/v1", "demo") is None
    again.forget(ADDRESS, "demo")
    again.forget(ADDRESS, "demo")
    assert store.get(ADDRESS, "demo") is None
    assert store.get(ADDRESS, "other") == "two"
    assert set(os.listdir(tmp_path / "below")) <= {"tokens.json", ".tokens.json.lock"}


@posix
def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    TokenStore(path).put(ADDRESS, "demo", "one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix
@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
def test_a_file_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "tokens.json"
    TokenStore(path).put(ADDRESS, "demo", "one")
    path.chmod(mode)
    with pytest.raises(PermissionError, match="chmod 600"):
        TokenStore(path).get(ADDRESS, "demo")


@pytest.mark.parametrize("content", ["no json", "[]", '{"wss://webmessaging.mypurecloud.de/v1 demo": 7}'])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokens.json"
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(ValueError, match=r"tokens\.json"):
        TokenStore(path).get(ADDRESS, "demo")


def test_its_repr_shows_no_token(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    store.put(ADDRESS, "demo", "secret")
    assert "secret" not in repr(store)


def test_processes_that_write_at_once_lose_no_token(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    program = (
        "import sys\n"
        "from genesys_webmessaging.sessions import TokenStore\n"
        "store = TokenStore(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"  # until all are
        "for n in range(40):\n"
        "    store.put('wss://x.example/v1', f'{sys.argv[2]}-{n}', f'token-{n}')\n"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path), str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for number in range(4)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.close()
        assert writer.wait(60) == 0
    store = TokenStore(path)
    kept = [store.get("wss://x.example/v1", f"{number}-{n}") for number in range(4) for n in range(40)]
    assert kept == [f"token-{n}" for _ in range(4) for n in range(40)]


def test_a_file_that_is_kept_by_another_is_a_timeout_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_LOCKED_FOR", 0.2)
    with (
        FileLock(tmp_path / ".tokens.lock"),
        pytest.raises(TimeoutError, match="written by another process"),
    ):
        TokenStore(tmp_path / "tokens").put("wss://x.example/v1", "d", "t")
