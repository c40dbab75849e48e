"""Names from habit or memory: the errors that lead to the right ones."""

from __future__ import annotations

import subprocess
import sys

import pytest

import genesys_webmessaging
from genesys_webmessaging import (
    ApiClient,
    Conversation,
    Delivery,
    Heartbeat,
    Reconnector,
    Reorder,
    RequestError,
    Transcript,
    WebMessagingClient,
)
from genesys_webmessaging._base.hints import meant
from genesys_webmessaging.aio import AsyncConversation
from genesys_webmessaging.models import BaseMessage, EventType, StructuredMessage
from genesys_webmessaging.simulator import Simulator

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


CLIENT = WebMessagingClient("us_east_1")


@pytest.mark.parametrize(
    ("owner", "written", "right"),
    [
        (CLIENT, "add_listener", "did you mean 'addSessionListener'?"),
        (CLIENT, "close", "did you mean 'disconnect'?"),
        (CLIENT, "isConnected", "did you mean 'isOutputClosed'?"),
        (BaseMessage(), "getClassProperty", "did you mean 'class_'?"),
        (StructuredMessage(), "getContent", "did you mean 'content'?"),
        (StructuredMessage(), "builder", "in Python it is StructuredMessage(…), with keyword arguments"),
        (StructuredMessage(), "toString", "in Python it is str(…)"),
        (StructuredMessage(), "equals", "in Python it is =="),
        (EventType.PRESENCE, "getValue", "did you mean 'value'?"),
        (EventType.PRESENCE, "toString", "in Python it is str(…)"),
        (RequestError("no", code=4000), "getStatusCode", "did you mean 'statusCode'?"),
        (ApiClient("http://127.0.0.1:1"), "getBasePath", "did you mean 'basePath'?"),
        (ApiClient.Builder.standard(), "withBasepath", "did you mean 'withBasePath'?"),
        (Transcript(), "as_text", "did you mean 'asText'?"),
        (Reconnector(CLIENT), "connection_count", "did you mean 'connectionCount'?"),
        (Simulator(), "deploymentz", None),
        (Simulator(), "rest_address", "did you mean 'restAddress'?"),
        (Simulator().faults, "lose_echo", "did you mean 'loseEcho'?"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_everything_public_names_what_was_meant(owner: object, written: str, right: str | None) -> None:
    with pytest.raises(AttributeError) as missing:
        getattr(owner, written)
    ending = "" if right is None else f"; {right}"
    assert str(missing.value) == f"{type(owner).__name__!r} object has no attribute {written!r}{ending}"
    assert not hasattr(owner, written)


@pytest.mark.parametrize(
    ("written", "right"),
    [("wait_for", "waitFor"), ("getHistory", "history"), ("sendMessage", "send"), ("disconnect", "close")],
)
def test_a_conversation_names_what_was_meant(simulator: Simulator, written: str, right: str) -> None:
    with Conversation.open(simulator.address, "demo") as chat:
        with pytest.raises(AttributeError, match=f"no attribute '{written}'; did you mean '{right}'"):
            getattr(chat, written)
        with pytest.raises(TypeError, match="quietFor must be a number of seconds, not str"):
            chat.collect(quietFor="x")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="format must be one of text, markdown, jsonl, not 'md'"):
            chat.transcript("md")


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("Conversation()", "a conversation is made by Conversation.open(address, deploymentId, …)"),
        ("AsyncConversation('x')", "a conversation is made by AsyncConversation.open(address, deploymentId, …)"),
        (
            "Conversation.open('us_east_1', 'd', jion=True)",
            "Conversation.open() takes no keyword argument 'jion'; did you mean 'join'?",
        ),
        (
            "Conversation.open('us_east_1', deployment_id='d')",
            "Conversation.open() takes no keyword argument 'deployment_id'; did you mean 'deploymentId'?",
        ),
        ("Conversation.open('us_east_1', 'd', colour=1)", "Conversation.open() takes no keyword argument 'colour'"),
        (
            "CLIENT.connect('d', 'https://shop.example', ca_file='x')",
            "WebMessagingClient.connect() takes no keyword argument 'ca_file'; did you mean 'caFile'?",
        ),
        (
            "Simulator(deployment='d')",
            "Simulator.__init__() takes no keyword argument 'deployment'; did you mean 'deployments'?",
        ),
        ("Delivery('x')", "client must be of class WebMessagingClient, not str"),
        ("Delivery(CLIENT, 'x')", "reconnector must be of class Reconnector, not str"),
        ("Reconnector('x')", "client must be of class WebMessagingClient, not str"),
        ("Heartbeat('x')", "client must be of class WebMessagingClient, not str"),
        ("Heartbeat(CLIENT, interval='x')", "interval must be a number of seconds, not str"),
        ("Reorder(holdTime='x')", "holdTime must be a number of seconds, not str"),
    ],
)
def test_a_wrong_argument_is_called_by_its_name(expression: str, sentence: str) -> None:
    names = (AsyncConversation, Conversation, Delivery, Heartbeat, Reconnector, Reorder, Simulator)
    with pytest.raises(TypeError) as wrong:
        eval(expression, {"CLIENT": CLIENT, **{kind.__name__: kind for kind in names}})
    assert str(wrong.value) == sentence


def test_a_format_that_there_is_not_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="format must be one of text, markdown, jsonl, not 'md'"):
        Transcript(format="md")


@pytest.mark.parametrize(
    ("statement", "package", "sentence"),
    [
        ("from genesys_webmessaging.scenarios import load", "pydantic", "scenario files need pydantic: {}[scenarios]'"),
        ("import genesys_webmessaging.locust", "gevent", "load tests need gevent: {}[locust]'"),
        (
            "from genesys_webmessaging.simulator import Simulator",
            "aiohttp",
            "the simulator needs aiohttp: {}[simulator]'",
        ),
    ],
)
def test_an_extra_that_is_not_installed_is_named(statement: str, package: str, sentence: str) -> None:
    program = f"""
import sys
sys.modules[{package!r}] = None
try:
    {statement}
except ImportError as error:
    print(error, end="")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout == sentence.format("pip install 'genesys-webmessaging")


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

DOORS = [
    ("models", "StructuredMesage", "did you mean 'StructuredMessage'?"),
    ("models", "Conversation", "it is in genesys_webmessaging"),
    ("simulator", "Simulater", "did you mean 'Simulator'?"),
]


@pytest.mark.parametrize(("door", "name", "hint"), DOORS)
def test_the_other_doors_tell_where_a_name_is(door: str, name: str, hint: str) -> None:
    with pytest.raises(ImportError) as unimportable:
        exec(f"from genesys_webmessaging.{door} import {name}")
    assert str(unimportable.value) == f"module 'genesys_webmessaging.{door}' has no attribute {name!r}; {hint}"


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
