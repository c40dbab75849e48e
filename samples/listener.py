"""The way of the Java SDK: a client, and a listener that is called with everything that happens."""

import os
import threading

from genesys_webmessaging import SessionListener, WebMessagingClient

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")


class Guest(SessionListener):
    """Asks one question, and goes when it is answered. Override what you want to hear; the rest does nothing."""

    def __init__(self, client):
        self.client = client
        self.done = threading.Event()

    def sessionResponse(self, sessionResponse, rawMessage):
        print("a new session" if sessionResponse.newSession else "a session that was resumed")
        self.client.sendMessage("When are you open?")

    def structuredMessage(self, structuredMessage, rawMessage):
        if WebMessagingClient.hasTypingEvents(structuredMessage):
            print("… is typing")
        elif structuredMessage.direction == "Outbound":
            print("Genesys:", structuredMessage.text)
            self.done.set()
        else:
            print("Guest:", structuredMessage.text)

    def unexpectedMessage(self, baseMessage, rawMessage):
        print("refused:", baseMessage.code, baseMessage.body)
        self.done.set()

    def webSocketDisconnected(self, statusCode, reason):
        print("disconnected:", statusCode)
        self.done.set()


with WebMessagingClient(PLACE) as client:
    guest = Guest(client)
    client.addSessionListener(guest)
    client.connect(DEPLOYMENT, ORIGIN)
    client.configureSession(DEPLOYMENT, ORIGIN)
    guest.done.wait(30)
