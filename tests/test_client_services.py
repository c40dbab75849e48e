"""What the client does by itself beyond frames: REST on the connection's way, files, new chats, clearing."""

from __future__ import annotations

from pathlib import Path

from _fixtures import ORIGIN, TOKEN
from _transfers import PNG, configured

from genesys_webmessaging import ApiClient, WebMessagingClient
from genesys_webmessaging.simulator import Simulator


def test_the_history_goes_the_way_the_connection_went() -> None:
    with Simulator(bot=False, tls=True) as simulator, WebMessagingClient(simulator.address) as client:
        client.connect("demo", ORIGIN, caFile=simulator.caFile)
        client.awaitResponse(client.configureSession("demo", TOKEN, ORIGIN), 5)
        client.awaitResponse(client.sendMessage("over TLS"), 5)

        assert [message.text for message in client.getHistory().entities] == ["over TLS"]


def test_an_api_client_of_ones_own_stays_whatever_way_the_connection_goes() -> None:
    with Simulator(bot=False, tls=True) as simulator, WebMessagingClient(simulator.address) as client:
        mine = ApiClient(simulator.restAddress)
        client.setApiClient(mine)

        client.connect("demo", ORIGIN, caFile=simulator.caFile)
        client.configureSession("demo", TOKEN, ORIGIN)
        client.initializeApiClient("https://other.example")

        assert client.apiClient is mine


def test_a_way_that_changes_makes_another_api_client(client: WebMessagingClient, simulator: Simulator) -> None:
    client.connect("demo", ORIGIN)
    client.configureSession("demo", TOKEN, ORIGIN)
    first = client.apiClient
    client.disconnect()
    client.connect("demo", ORIGIN)
    assert client.apiClient is first
    client.disconnect()

    client.connect("demo", ORIGIN, trustEnv=False)

    assert client.apiClient is not first
    assert client.apiClient.defaultHeaders["Origin"] == ORIGIN
    assert simulator.guest().isOpen


def test_a_file_goes_up_and_comes_down(client: WebMessagingClient, tmp_path: Path) -> None:
    configured(client)
    told: list[tuple[int, int | None]] = []
    attachmentId = client.uploadAttachment(PNG, "picture.png", progress=lambda sent, total: told.append((sent, total)))
    client.awaitResponse(client.sendMessage("look", attachmentId), 5)

    client.downloadAttachment(attachmentId, tmp_path / "again.png")

    assert told[-1] == (len(PNG), len(PNG))
    assert (tmp_path / "again.png").read_bytes() == PNG


def test_a_new_chat_follows_one_that_has_become_read_only(client: WebMessagingClient, simulator: Simulator) -> None:
    client.connect("demo", ORIGIN)
    client.awaitResponse(client.configureSession("demo", TOKEN, ORIGIN), 5)
    with simulator.agent() as agent:
        agent.disconnect(readOnly=True)

    response = client.startNewChat(timeout=5)

    assert (response.connected, response.newSession) == (True, True)
    assert (client.token, client.deploymentId) == (TOKEN, "demo")


def test_a_conversation_is_cleared_for_good(client: WebMessagingClient, simulator: Simulator) -> None:
    configured(client)
    client.awaitResponse(client.sendMessage("forget me"), 5)

    client.clearConversation(timeout=5)

    assert client.isInputClosed()
    assert simulator.received.of("onMessage")[-1]["message"]["events"][0]["presence"]["type"] == "Clear"
