"""Tokens that are kept between runs."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from genesys_webmessaging.conversation import TokenStore

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
    assert os.listdir(tmp_path / "below") == ["tokens.json"]


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
