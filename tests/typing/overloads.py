"""Calls as a type checker sees them: ``mypy --strict tests/typing`` accepts this file, and nothing runs it.

An ignored error that is no error any more fails the check too.
"""

from __future__ import annotations

import sys
from typing import Any

from genesys_webmessaging import (
    Conversation,
    GenesysCloudRegionWebSocketHosts,
    SessionListener,
    WebMessagingClient,
)
from genesys_webmessaging.aio import AsyncConversation
from genesys_webmessaging.models import (
    BaseMessage,
    EventPresenceType,
    JourneyContext,
    OAuthParams,
    SendMessageRequest,
    StructuredMessage,
    WebMessagingMessageEntityList,
)

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type


def construction() -> None:
    assert_type(WebMessagingClient("us_east_1"), WebMessagingClient)
    WebMessagingClient(GenesysCloudRegionWebSocketHosts.eu_west_1)
    assert_type(WebMessagingClient(address="us_east_1"), WebMessagingClient)
    assert_type(WebMessagingClient(region="us_east_1"), WebMessagingClient)
    WebMessagingClient(5)  # type: ignore[call-overload]
    WebMessagingClient("us_east_1", region="us_east_1")  # type: ignore[call-overload]


def conversations() -> None:
    assert_type(Conversation.open("us_east_1", "d", caFile="authorities.pem", trustEnv=False), Conversation)
    Conversation.open("us_east_1", "d", jion=True)  # type: ignore[call-arg]
    Conversation.open("us_east_1", "d").getHistory()  # type: ignore[attr-defined]


async def async_conversations() -> None:
    assert_type(await AsyncConversation.open("us_east_1", "d", join=True), AsyncConversation)
    await AsyncConversation.open("us_east_1", "d", jion=True)  # type: ignore[call-arg]


def configuring(client: WebMessagingClient, data: OAuthParams) -> None:
    assert_type(client.configureSession("d", "o"), str)
    assert_type(client.configureSession("d", "t", "o"), str)
    assert_type(client.configureSession("d", "t", "o", True), str)
    client.configureSession(deploymentId="d", origin="o", tracingId="t", journeyContext=JourneyContext())
    client.configureSession("d", "t", "o", startNew=None)
    client.configureSession("d")  # type: ignore[call-overload]
    client.configureSession("d", "o", startNew=True)  # type: ignore[call-overload]
    client.configureSession("d", "t", "o", "yes")  # type: ignore[call-overload]
    assert_type(client.configureAuthenticatedSession("d", "o", data), str)
    assert_type(client.configureAuthenticatedSession("d", "t", "o", data, startNew=True), str)
    client.configureAuthenticatedSession("d", "o", "code")  # type: ignore[call-overload]


def joining(client: WebMessagingClient) -> None:
    assert_type(client.joinConversation("d", "hello"), str)
    assert_type(client.joinConversation("d", "hello", origin="o", timeout=5), str)
    assert_type(client.joinConversation("d", "t", "hello"), str)
    assert_type(client.joinConversation("d", "t", "hello", "o"), str)
    client.joinConversation(deploymentId="d", token="t", initialMessage="hello", origin="o")
    client.joinConversation("d")  # type: ignore[call-overload]
    client.joinConversation("d", "t", "hello", "o", 5)  # type: ignore[call-overload]


def sending(client: WebMessagingClient) -> None:
    assert_type(client.sendMessage("hi"), str)
    client.sendMessage("hi", "a1", "a2", tracingId="t")
    client.sendMessage("hi", "a1", customAttributes={"k": "v"})
    client.sendMessage("hi", {"k": "v"})
    client.sendMessage("hi", {"k": "v"}, "a1", "a2")
    client.sendMessage("hi", None, "a1")
    client.sendMessage("hi", attachmentIds=["a1"])
    client.sendMessage("hi", {"k": "v"}, attachmentIds=("a1",))
    client.sendMessage(message="hi", customAttributes={"k": "v"}, attachmentIds=["a1"])
    client.sendMessage()  # type: ignore[call-overload]
    client.sendMessage("hi", 5)  # type: ignore[call-overload]
    client.sendMessage("hi", {"k": 5})  # type: ignore[dict-item]
    client.sendPresenceEvent()
    client.sendPresenceEvent(EventPresenceType.CLEAR)
    client.sendPresenceEvent("Clear", tracingId="t")
    assert_type(client.send(SendMessageRequest(), tracingId="t"), str)
    assert_type(client.awaitResponse("t", 5), Any)


def receiving(client: WebMessagingClient) -> None:
    class Mine(SessionListener):
        def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
            assert_type(structuredMessage.text, str | None)

    client.addSessionListener(Mine())
    client.addSessionListener(Mine)  # type: ignore[arg-type]
    assert_type(client.getHistory(), WebMessagingMessageEntityList)
    assert_type(client.deserialize("{}", BaseMessage), BaseMessage)
    assert_type(client.deserialize("{}", StructuredMessage), StructuredMessage)
    with client as same:
        assert_type(same, WebMessagingClient)
    client.connect("d", "o", 5, proxy=None, trustEnv=False, clientCertificate=("cert.pem", "key.pem"))
