"""A user's program as type checkers see it: mypy --strict and pyright check it beside the installed wheel."""

from __future__ import annotations

from genesys_webmessaging import (
    Conversation,
    GenesysCloudRegionWebSocketHosts,
    RequestError,
    SessionListener,
    TooManyRequestsError,
    WebMessagingClient,
    WebMessagingException,
)
from genesys_webmessaging.companions import Delivery, Reconnector, Transcript
from genesys_webmessaging.models import SessionResponse, StructuredMessage

ORIGIN = "https://shop.example"


class Printer(SessionListener):
    """A listener with some of the methods."""

    def __init__(self) -> None:
        self.texts: list[str | None] = []

    def sessionResponse(self, sessionResponse: SessionResponse, rawMessage: str) -> None:
        print("ready", sessionResponse.connected, len(rawMessage))

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        self.texts.append(structuredMessage.text)


def listen(deploymentId: str) -> list[str | None]:
    """Talk as Java programs do."""
    printer = Printer()
    with WebMessagingClient(GenesysCloudRegionWebSocketHosts.eu_central_1) as client:
        client.addSessionListener(printer)
        client.connect(deploymentId, ORIGIN)
        tracingId: str = client.configureSession(deploymentId, ORIGIN)
        client.awaitResponse(tracingId, timeout=10)
        client.sendMessage("Hello", {"customerName": "Ada"})
        for message in client.getHistory().entities or []:
            print(message.direction, message.text)
    return printer.texts


def survive(client: WebMessagingClient, deploymentId: str) -> None:
    """Go on over lost connections."""
    reconnector = Reconnector(client, Printer())
    client.addSessionListener(reconnector)
    client.addSessionListener(Transcript("chat.txt"))
    delivery = Delivery(client, reconnector)
    reconnector.connect(deploymentId, ORIGIN)
    delivery.send("Hello")


def converse(deploymentId: str) -> str | None:
    """Talk as scripts do."""
    try:
        with Conversation.open("eu_central_1", deploymentId, origin=ORIGIN) as chat:
            chat.send("Hello")
            return chat.receive(timeout=10).text
    except TooManyRequestsError as error:
        print("again in", error.retryAfter)
    except RequestError as error:
        print(error.code, error.message, error.tracingId)
    except WebMessagingException as error:
        print(error.statusCode, error.headers, error.body)
    return None
