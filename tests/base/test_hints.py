"""Names from habit or memory: the errors that lead to the right ones."""

from __future__ import annotations

import subprocess
import sys

import pytest

import genesys_webmessaging
from genesys_webmessaging import WebMessagingClient
from genesys_webmessaging._base.hints import meant
from genesys_webmessaging.models import StructuredMessage

NAMES = ["sendMessage", "token", "jwtResponse", "isInputClosed"]


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("send_message", "sendMessage"),
        ("sendMesage", "sendMessage"),
        ("SendMessage", "sendMessage"),
        ("getToken", "token"),
        ("set_token", "token"),
        ("get_jwt_response", "jwtResponse"),
        ("is_input_closed", "isInputClosed"),
        ("reply", None),
        ("get", None),
        ("", None),
    ],
)
def test_a_name_is_recognized_in_the_spelling_of_others(written: str, right: str | None) -> None:
    assert meant(written, NAMES) == right


@pytest.mark.parametrize(
    ("written", "right"), [("send_message", "sendMessage"), ("getToken", "token"), ("conect", "connect")]
)
def test_the_client_names_what_was_meant(written: str, right: str) -> None:
    client = WebMessagingClient("us_east_1")
    with pytest.raises(AttributeError, match=f"'WebMessagingClient' object has no attribute '{written}'; .* '{right}'"):
        getattr(client, written)
    assert not hasattr(client, written)


def test_what_nothing_is_like_has_no_hint() -> None:
    client = WebMessagingClient("us_east_1")
    for name in ("nonsense", "_sendMessage", "__len__"):
        with pytest.raises(AttributeError) as missing:
            getattr(client, name)
        assert str(missing.value) == f"'WebMessagingClient' object has no attribute '{name}'"


@pytest.mark.parametrize(
    ("written", "right"),
    [("getText", "text"), ("setText", "text"), ("withText", "text"), ("originating_entity", "originatingEntity")],
)
def test_a_model_names_the_field_that_was_meant(written: str, right: str) -> None:
    message = StructuredMessage(text="hi")
    with pytest.raises(AttributeError) as missing:
        getattr(message, written)
    assert str(missing.value).endswith(f"no attribute '{written}'; did you mean '{right}'?")
    assert not hasattr(message, written)


def test_a_model_without_a_field_says_so() -> None:
    message = StructuredMessage(text="hi")
    with pytest.raises(AttributeError) as missing:
        message.errorCode  # type: ignore[attr-defined]  # noqa: B018
    assert str(missing.value) == "'StructuredMessage' object has no attribute 'errorCode'"
    assert (missing.value.name, missing.value.obj) == ("errorCode", message)


TOP = [
    ("Simulator", "it is in genesys_webmessaging.simulator"),
    ("StructuredMessage", "it is in genesys_webmessaging.models"),
    ("web_messaging_client", "did you mean 'WebMessagingClient'?"),
    ("Conversaton", "did you mean 'Conversation'?"),
    ("close_session", "did you mean 'closeSession'?"),
]


@pytest.mark.parametrize(("name", "hint"), TOP)
def test_the_package_tells_where_a_name_is(name: str, hint: str) -> None:
    with pytest.raises(AttributeError) as missing:
        getattr(genesys_webmessaging, name)
    assert str(missing.value) == f"module 'genesys_webmessaging' has no attribute '{name}'; {hint}"
    assert not hasattr(genesys_webmessaging, name)
    with pytest.raises(ImportError) as unimportable:
        exec(f"from genesys_webmessaging import {name}")
    assert str(unimportable.value) == str(missing.value)


def test_asking_for_what_is_no_class_loads_nothing() -> None:
    program = (
        "import sys, genesys_webmessaging as g; before = set(sys.modules); print(hasattr(g, 'pytest_plugins'));"
        "print({name for name in set(sys.modules) - before if name.count('.') == 1 and name.startswith('genesys')})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout.split("\n")[:2] == ["False", "{'genesys_webmessaging._base'}"]
