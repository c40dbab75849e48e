"""joinConversation: connect, configure, wait until ready, say the first thing once, or raise."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from _fixtures import ORIGIN, TOKEN
from _listeners import Doing, Recorder
from _websockets_peer import WebSocketsPeer

from genesys_webmessaging import (
    ConnectError,
    ConnectionClosedError,
    ConnectTimeoutError,
    RequestError,
    ResponseTimeoutError,
    TooManyRequestsError,
    WebMessagingClient,
)
from genesys_webmessaging.models import SessionResponse
from genesys_webmessaging.simulator import Simulator


def texts(simulator: Simulator) -> list[str]:
    return [request["message"]["text"] for request in simulator.received.of("onMessage")]


FORMS = [
    (("demo", "hello"), {}),
    ((), {"deploymentId": "demo", "initialMessage": "hello"}),
    (("demo", "hello"), {"origin": ORIGIN}),
    (("demo", "hello"), {"timeout": 10, "origin": None}),
    (("demo", TOKEN, "hello"), {}),
    (("demo", TOKEN, "hello"), {"origin": ORIGIN}),
    ((), {"deploymentId": "demo", "token": TOKEN, "initialMessage": "hello"}),
    (("demo", TOKEN, "hello", ORIGIN), {}),
    (("demo", TOKEN, "hello", None), {}),
]


@pytest.mark.parametrize(("args", "named"), FORMS)
def test_every_documented_form_joins_and_says_the_message_once(
    client: WebMessagingClient, simulator: Simulator, recorder: Recorder, args: Any, named: Any
) -> None:
    client.addSessionListener(recorder)
    tracingId = client.joinConversation(*args, **named)

    assert texts(simulator) == ["hello"]
    assert [frame.action for frame in simulator.received] == ["configureSession", "onMessage"]
    echo = client.awaitResponse(tracingId, 5)
    assert (echo.text, echo.direction) == ("hello", "Inbound")
    assert simulator.received.of("onMessage")[0]["tracingId"] == tracingId
    recorder.waitForText("hello")
    assert recorder.methods == ["webSocketConnected", "sessionResponse", "structuredMessage"]

    token = named.get("token", args[1] if len(args) > 2 else None)
    if token is None:
        assert uuid.UUID(client.token or "").version == 4
    else:
        assert client.token == token
    given = named.get("origin") or (args[3] if len(args) > 3 else None)
    assert simulator.guest().origin == (given or "https://127.0.0.1")


@pytest.mark.parametrize(("args", "named"), [(("hello", ORIGIN), {}), (("hello",), {"origin": ORIGIN})])
def test_beside_an_origin_a_token_may_be_any_text(args: Any, named: Any) -> None:
    with Simulator(bot=False, strict=False) as simulator, WebMessagingClient(simulator.address) as client:
        client.joinConversation("demo", "tok-1111", *args, **named)
        assert client.token == "tok-1111"
        assert simulator.session("tok-1111").conversation.texts == ["hello"]


def test_the_origin_goes_with_the_handshake_and_with_the_history(
    client: WebMessagingClient, simulator: Simulator
) -> None:
    client.joinConversation("demo", "hello", origin="https://page.example")
    client.getHistory()
    assert simulator.guest().origin == "https://page.example"
    assert simulator.requests.waitFor(lambda request: True)[0].headers["Origin"] == "https://page.example"


def test_without_an_origin_the_address_stands_in(client: WebMessagingClient, simulator: Simulator) -> None:
    client.joinConversation("demo", "hello")
    client.getHistory()
    assert simulator.guest().origin == "https://127.0.0.1"
    assert simulator.requests.waitFor(lambda request: True)[0].headers["Origin"] == "https://127.0.0.1"


def test_joining_again_with_the_same_token_resumes_the_session(
    client: WebMessagingClient, simulator: Simulator
) -> None:
    client.joinConversation("demo", TOKEN, "first")
    client.disconnect()
    client.joinConversation("demo", TOKEN, "second")
    assert client.sessionResponse is not None
    assert client.sessionResponse.newSession is False
    assert simulator.session(TOKEN).conversation.texts == ["first", "second"]


# Refused before anything happens

JOIN_FORMS = (
    r"its forms are: joinConversation\(deploymentId, initialMessage\); "
    r"joinConversation\(deploymentId, token, initialMessage, origin=None\)"
)
REFUSALS: list[tuple[tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    ((), {}, TypeError, r"joinConversation\(\) was called with 0 positional arguments; " + JOIN_FORMS),
    (("demo",), {}, TypeError, JOIN_FORMS),
    (("demo", TOKEN, "hi", ORIGIN, 5), {}, TypeError, JOIN_FORMS),
    (("demo", "hi"), {"message": "hi"}, TypeError, JOIN_FORMS),
    (("demo", TOKEN, "hi", ORIGIN), {"origin": ORIGIN}, TypeError, "got origin twice"),
    (("demo", "hello", ORIGIN), {}, ValueError, r"token is not a UUID.* write joinConversation\(.*origin=…\)"),
    ((), {"deploymentId": "demo", "token": "tok", "initialMessage": "hi"}, ValueError, "token is not a UUID"),
    (("demo", None, "hi"), {}, TypeError, "token must be a str, not NoneType"),
    (("demo", None, "hi", ORIGIN), {}, TypeError, "token must be a str, not NoneType"),
    (("demo", "", "hi", ORIGIN), {}, ValueError, "token must not be empty"),
    (("demo", ""), {}, ValueError, "initialMessage must not be empty"),
    (("demo", None), {}, TypeError, "initialMessage must be a str, not NoneType"),
    (("demo", "half \ud83d"), {}, ValueError, "initialMessage holds an unpaired surrogate"),
    (("", "hi"), {}, ValueError, "deploymentId must not be empty"),
    ((None, "hi"), {}, TypeError, "deploymentId must be a str, not NoneType"),
    (("demo", "hi"), {"origin": "o\r\nX: y"}, ValueError, "origin holds a line break"),
    (("demo", "hi"), {"origin": 5}, TypeError, "origin must be a str, not int"),
    (("demo", "hi"), {"timeout": 0}, ValueError, "timeout must be a finite number of seconds above zero"),
    (("demo", "hi"), {"timeout": "5"}, TypeError, "timeout must be a number of seconds, not str"),
]


@pytest.mark.parametrize(("args", "named", "error", "sentence"), REFUSALS)
def test_what_cannot_be_right_is_refused_before_connecting(
    talker: WebMessagingClient, peer: WebSocketsPeer, args: Any, named: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        talker.joinConversation(*args, **named)
    assert peer.nobody_came()
    assert talker.isInputClosed()


def test_the_refusal_of_a_token_does_not_repeat_it(talker: WebMessagingClient) -> None:
    with pytest.raises(ValueError, match="token is not a UUID") as refused:
        talker.joinConversation("demo", "s3cret-token", "https://o")
    chain: BaseException | None = refused.value
    while chain is not None:
        assert "s3cret" not in str(chain)
        chain = chain.__cause__ or chain.__context__


# Refused by the server: raised, and disconnected again


@pytest.fixture
def ends(client: WebMessagingClient, recorder: Recorder) -> Iterator[None]:
    """The client hears of everything, and is disconnected when the test is over, though nobody disconnected it."""
    client.addSessionListener(recorder)
    yield
    assert client.isInputClosed()
    assert recorder.waitFor("webSocketDisconnected")


@pytest.mark.usefixtures("ends")
def test_a_session_that_is_refused_raises(client: WebMessagingClient, simulator: Simulator) -> None:
    simulator.faults.refuse(action="configureSession", code=401, message="no")
    with pytest.raises(RequestError, match="no") as refused:
        client.joinConversation("demo", "hello")
    assert refused.value.code == 401
    assert texts(simulator) == []


@pytest.mark.usefixtures("ends")
@pytest.mark.parametrize(("code", "error"), [(4011, RequestError), (4029, TooManyRequestsError)])
def test_a_message_that_is_refused_raises(
    client: WebMessagingClient, simulator: Simulator, code: int, error: type[RequestError]
) -> None:
    simulator.faults.refuse(action="onMessage", code=code, message="not this")
    with pytest.raises(error) as refused:
        client.joinConversation("demo", "hello")
    assert refused.value.code == code


@pytest.mark.usefixtures("ends")
def test_a_session_that_is_not_ready_in_time_raises(client: WebMessagingClient, simulator: Simulator) -> None:
    simulator.faults.lose(class_="SessionResponse")
    started = time.monotonic()
    with pytest.raises(ResponseTimeoutError, match="configureSession"):
        client.joinConversation("demo", "hello", timeout=0.3)
    assert time.monotonic() - started < 5
    assert texts(simulator) == []


@pytest.mark.usefixtures("ends")
def test_a_read_only_session_raises_and_says_what_to_do(client: WebMessagingClient, simulator: Simulator) -> None:
    client.joinConversation("demo", TOKEN, "hello")
    with simulator.agent() as agent:
        agent.disconnect(readOnly=True)
    client.disconnect()
    with pytest.raises(RequestError, match=r"read-only.*configureSession\(deploymentId, token, origin, True\)"):
        client.joinConversation("demo", TOKEN, "hello again")
    assert texts(simulator) == ["hello"]


def test_a_session_response_that_is_not_connected_raises(talker: WebMessagingClient, peer: WebSocketsPeer) -> None:
    with ThreadPoolExecutor(1) as pool:
        joining = pool.submit(talker.joinConversation, "demo", "hello")
        guest = peer.guest()
        guest.answer(guest.receive("configureSession"), "SessionResponse", {"connected": False})
        with pytest.raises(RequestError, match="did not open the session"):
            joining.result(10)
    assert guest.received_nothing()
    assert talker.isInputClosed()


@pytest.mark.parametrize("when", ["configureSession", "onMessage"])
def test_a_connection_that_breaks_meanwhile_raises(
    client: WebMessagingClient, simulator: Simulator, recorder: Recorder, when: str
) -> None:
    client.addSessionListener(recorder)
    simulator.faults.drop("fin", action=when)
    with pytest.raises(ConnectionClosedError):
        client.joinConversation("demo", "hello")
    assert recorder.waitFor("webSocketDisconnected") == (1006, "")


def test_a_server_that_cannot_be_reached_raises() -> None:
    with pytest.raises(ConnectError):
        WebMessagingClient("ws://127.0.0.1:9/v1").joinConversation("demo", "hello")


def test_the_time_limit_holds_for_the_handshake_too(client: WebMessagingClient, simulator: Simulator) -> None:
    simulator.faults.stallHandshake(60)
    with pytest.raises(ConnectTimeoutError):
        client.joinConversation("demo", "hello", timeout=0.2)


def test_joining_where_one_is_connected_already_is_refused_and_disturbs_nothing(
    client: WebMessagingClient, simulator: Simulator
) -> None:
    client.joinConversation("demo", "hello")
    with pytest.raises(ConnectError, match=re.escape("already connected: call disconnect()")):
        client.joinConversation("demo", "hello")
    assert client.awaitResponse(client.sendMessage("still here")).text == "still here"
    assert texts(simulator) == ["hello", "still here"]


def test_a_server_that_does_not_echo_the_message_has_got_it_all_the_same(
    client: WebMessagingClient, simulator: Simulator
) -> None:
    simulator.faults.loseEcho()
    started = time.monotonic()
    tracingId = client.joinConversation("demo", "hello", timeout=0.5)
    assert time.monotonic() - started < 5
    assert texts(simulator) == ["hello"]
    assert not client.isInputClosed()
    with pytest.raises(ResponseTimeoutError):
        client.awaitResponse(tracingId, 0)


def test_a_listener_may_join_with_another_client(client: WebMessagingClient, simulator: Simulator) -> None:
    with WebMessagingClient(simulator.address) as other:
        doing = Doing("structuredMessage", lambda *_: other.joinConversation("demo", "from a listener"))
        client.addSessionListener(doing)
        client.joinConversation("demo", "hello")
        assert isinstance(doing.waitForOutcome(), str)
        assert texts(simulator) == ["hello", "from a listener"]


def test_a_listener_may_join_again_with_the_same_client(client: WebMessagingClient, simulator: Simulator) -> None:
    joinAgain: Callable[..., str] = lambda *_: client.joinConversation("demo", TOKEN, "again")  # noqa: E731
    doing = Doing("webSocketDisconnected", joinAgain)
    client.addSessionListener(doing)
    client.joinConversation("demo", TOKEN, "hello")
    simulator.guest().close(1001, "going away")
    assert isinstance(doing.waitForOutcome(), str)
    client.removeSessionListener(doing)
    assert texts(simulator) == ["hello", "again"]


def test_disconnecting_while_another_thread_joins_ends_the_joining(
    client: WebMessagingClient, simulator: Simulator
) -> None:
    simulator.faults.lose(class_="SessionResponse")
    with ThreadPoolExecutor(1) as pool:
        joining = pool.submit(client.joinConversation, "demo", "hello")
        simulator.received.wait("configureSession")
        client.disconnect()
        with pytest.raises(ConnectionClosedError):
            joining.result(10)
    assert texts(simulator) == []


def test_many_clients_join_at_once(simulator: Simulator) -> None:
    ready = threading.Barrier(8)

    def join(n: int) -> SessionResponse | None:
        with WebMessagingClient(simulator.address) as client:
            ready.wait(10)
            client.joinConversation("demo", f"hello from {n}")
            return client.sessionResponse

    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(join, range(8)))
    assert all(response is not None and response.newSession for response in responses)
    assert sorted(texts(simulator)) == [f"hello from {n}" for n in range(8)]
