"""The way of the Java SDK: a client, and a listener that is called with everything that happens."""

import os

from genesys_webmessaging import SessionListener, WebMessagingClient

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")


class Guest(SessionListener):
    """Asks one question, and goes when it is answered. Override what you want to hear; the rest does nothing."""

    def __init__(self, client):
        self.client = client

    def sessionResponse(self, sessionResponse, rawMessage):
        print("a new session" if sessionResponse.newSession else "a session that was resumed")
        self.client.sendMessage("When are you open?")

    def structuredMessage(self, structuredMessage, rawMessage):
        if WebMessagingClient.hasTypingEvents(structuredMessage):
            print("… is typing")
        elif structuredMessage.direction == "Outbound":
            print("Genesys:", structuredMessage.text)
            self.client.disconnect()
        else:
            print("Guest:", structuredMessage.text)

    def unexpectedMessage(self, baseMessage, rawMessage):
        print("refused:", baseMessage.code, baseMessage.body)
        self.client.disconnect()


with WebMessagingClient(PLACE) as client:
    client.addSessionListener(Guest(client))
    client.connect(DEPLOYMENT, ORIGIN)
    client.configureSession(DEPLOYMENT, ORIGIN)
    # The listener is called on a thread of its own, which does not keep the program alive.
    ending = client.waitUntilDisconnected(timeout=30)
    print("disconnected:", ending.statusCode if ending else "not yet, and nobody has answered")
