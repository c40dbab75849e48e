"""getHistory and iterateHistory: the jwt that is fetched, kept and renewed, and the client of the REST calls."""

from __future__ import annotations

import gc
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from _fixtures import ORIGIN, TOKEN
from _listeners import Recorder
from _rest_server import Answer, RestServer
from _websockets_peer import Guest, frame

from genesys_webmessaging import (
    ApiClient,
    ApiError,
    NotConfiguredError,
    NotConnectedError,
    RequestError,
    WebMessagingClient,
)
from genesys_webmessaging.simulator import Deployment, Simulator


def asked_for_jwts(simulator: Simulator) -> int:
    return len(simulator.received.of("getJwt"))


def jwts_used(simulator: Simulator) -> list[str]:
    return [request.headers["Authorization"] for request in simulator.requests]


def say(client: WebMessagingClient, *texts: str) -> None:
    for text in texts:
        client.awaitResponse(client.sendMessage(text))


def test_the_history_is_everything_newest_first(client: WebMessagingClient, simulator: Simulator) -> None:
    client.joinConversation("demo", "one")
    say(client, "two", "three")
    history = client.getHistory()
    assert [entity.text for entity in history.entities] == ["three", "two", "one"]
    assert (history.total, history.pageNumber, history.pageSize, history.pageCount) == (3, 1, 3, 1)


def test_the_history_of_a_long_conversation_is_fetched_page_by_page(
    client: WebMessagingClient, simulator: Simulator
) -> None:
    client.joinConversation("demo", "0")
    ids = [client.sendMessage(str(n)) for n in range(1, 250)]
    client.awaitResponse(ids[-1])
    history = client.getHistory()
    assert [entity.text for entity in history.entities] == [str(n) for n in reversed(range(250))]
    assert (history.total, history.pageSize) == (250, 250)
    assert len(simulator.requests) == 3
    assert asked_for_jwts(simulator) == 1

    messages = client.iterateHistory()
    assert [next(messages).text for _ in range(100)] == [str(n) for n in range(249, 149, -1)]
    assert 4 <= len(simulator.requests) <= 5  # one page ahead, which may be on its way
    assert next(messages).text == "149"
    assert 5 <= len(simulator.requests) <= 6


def test_a_jwt_is_asked_for_once_and_kept(client: WebMessagingClient, simulator: Simulator) -> None:
    client.joinConversation("demo", "hello")
    for _ in range(3):
        client.getHistory()
    assert asked_for_jwts(simulator) == 1
    (authorization,) = set(jwts_used(simulator))
    assert client.jwtResponse is not None
    assert authorization == f"Bearer {client.jwtResponse.jwt}"


def test_a_jwt_that_came_by_get_jwt_is_used(client: WebMessagingClient, simulator: Simulator) -> None:
    client.joinConversation("demo", "hello")
    jwt = client.awaitResponse(client.getJwt()).jwt
    client.getHistory()
    assert asked_for_jwts(simulator) == 1
    assert jwts_used(simulator) == [f"Bearer {jwt}"]


def test_a_jwt_that_is_about_to_expire_is_not_used() -> None:
    deployment = Deployment(id="demo", jwtSeconds=4)
    with Simulator(deployments=[deployment], bot=False) as simulator, WebMessagingClient(simulator.address) as client:
        client.joinConversation("demo", "hello")
        client.getHistory()
        client.getHistory()
        assert asked_for_jwts(simulator) == 2


def test_a_jwt_that_the_server_refuses_is_renewed_once(client: WebMessagingClient, simulator: Simulator) -> None:
    client.joinConversation("demo", "hello")
    client.getHistory()
    simulator.faults.rest(401)
    assert [entity.text for entity in client.getHistory().entities] == ["hello"]
    assert asked_for_jwts(simulator) == 2
    assert [request.status for request in simulator.requests] == [200, 401, 200]
    assert len(set(jwts_used(simulator))) == 2

    simulator.faults.rest(401, times=None)
    with pytest.raises(ApiError) as refused:
        client.getHistory()
    assert refused.value.statusCode == 401
    assert asked_for_jwts(simulator) == 3


def test_the_history_can_be_read_after_disconnect_while_the_jwt_is_good(
    client: WebMessagingClient, simulator: Simulator
) -> None:
    client.joinConversation("demo", "hello")
    client.getHistory()
    client.disconnect()
    assert [entity.text for entity in client.getHistory().entities] == ["hello"]
    simulator.faults.rest(401)
    with pytest.raises(NotConnectedError):
        client.getHistory()


def test_without_a_session_there_is_no_history(client: WebMessagingClient, simulator: Simulator) -> None:
    with pytest.raises(NotConnectedError):
        client.getHistory()
    client.connect("demo", ORIGIN)
    with pytest.raises(NotConfiguredError):
        client.getHistory()
    assert list(simulator.requests) == []


def test_errors_of_the_rest_side_carry_status_headers_and_body(
    client: WebMessagingClient, simulator: Simulator
) -> None:
    client.joinConversation("demo", "hello")
    simulator.faults.rest(403, body='{"message": "not yours", "code": "forbidden"}', times=None)
    with pytest.raises(ApiError, match="not yours") as refused:
        client.getHistory()
    assert refused.value.statusCode == 403
    assert refused.value.errorBody is not None
    assert refused.value.errorBody.code == "forbidden"
    assert "not yours" in (refused.value.body or "")


@pytest.mark.parametrize(
    ("class_", "body", "code", "sentence"),
    [("string", "no jwt for you", 401, "no jwt for you"), ("JwtResponse", {}, 200, "answered getJwt without a jwt")],
)
def test_a_refused_or_empty_jwt_is_an_error(
    talker: WebMessagingClient, guest: Guest, class_: str, body: object, code: int, sentence: str
) -> None:
    with ThreadPoolExecutor(1) as pool:
        fetching = pool.submit(talker.getHistory)
        guest.answer(guest.receive("getJwt"), class_, body, code=code)
        with pytest.raises(RequestError, match=sentence):
            fetching.result(10)


def test_another_token_means_another_jwt(client: WebMessagingClient, simulator: Simulator) -> None:
    client.joinConversation("demo", "first")
    client.getHistory()
    client.awaitResponse(client.configureSession("demo", TOKEN, ORIGIN))
    say(client, "second")
    assert [entity.text for entity in client.getHistory().entities] == ["second"]
    assert asked_for_jwts(simulator) == 2


def test_the_origin_of_the_first_configure_session_goes_with_the_rest_calls(
    client: WebMessagingClient, simulator: Simulator
) -> None:
    client.connect("demo", ORIGIN)
    client.awaitResponse(client.configureSession("demo", "https://first.example"))
    client.awaitResponse(client.configureSession("demo", TOKEN, "https://second.example"))
    client.getHistory()
    assert simulator.requests[0].headers["Origin"] == "https://first.example"

    client.initializeApiClient("https://third.example")
    client.getHistory()
    assert simulator.requests[1].headers["Origin"] == "https://third.example"


def test_an_api_client_that_was_set_stays(client: WebMessagingClient, simulator: Simulator) -> None:
    with ApiClient(simulator.restAddress, defaultHeaders={"Origin": "https://mine.example"}) as mine:
        client.setApiClient(mine)
        assert client.apiClient is mine
        client.joinConversation("demo", "hello")
        client.initializeApiClient("https://other.example")
        assert client.apiClient is mine
        client.getHistory()
    assert simulator.requests[0].headers["Origin"] == "https://mine.example"


def test_each_client_has_an_api_client_of_its_own(simulator: Simulator) -> None:
    one, two = WebMessagingClient(simulator.address), WebMessagingClient(simulator.address)
    assert one.apiClient is one.apiClient
    assert one.apiClient is not two.apiClient
    assert one.apiClient.basePath == simulator.restAddress


def test_a_history_of_nothing_is_empty(client: WebMessagingClient) -> None:
    client.connect("demo", ORIGIN)
    client.awaitResponse(client.configureSession("demo", ORIGIN))
    history = client.getHistory()
    assert (history.entities, history.pageSize, history.total) == ([], 0, 0)
    assert list(client.iterateHistory()) == []


def test_a_total_that_the_server_does_not_tell_is_none(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    talker.addSessionListener(recorder)
    guest.send(frame("JwtResponse", {"jwt": "j"}))
    recorder.waitFor("jwtResponse")
    page = Answer(body={"entities": [{"id": "m", "text": "one"}]})
    with RestServer(page) as server, ApiClient(server.address) as api:
        talker.setApiClient(api)
        history = talker.getHistory()
    assert [entity.text for entity in history.entities] == ["one"]
    assert (history.total, history.pageSize) == (None, 1)
    assert server.seen[0].header("Authorization") == "Bearer j"


def test_the_sockets_of_a_forgotten_client_are_closed(simulator: Simulator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with WebMessagingClient(simulator.address) as client:
            client.joinConversation("demo", "hello")
            client.getHistory()
        del client
        gc.collect()
