"""A conversation that survives lost connections, built from the companions on a client.

Conversation does all this by itself; this is for programs that live in listeners.
"""

import os
import threading

from genesys_webmessaging import SessionListener, WebMessagingClient
from genesys_webmessaging.companions import Delivery, Heartbeat, Reconnector, Reorder

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")
QUESTIONS = ["What are your hours?", "Do you sell cards?", "Can I book a date?"]


class Guest(SessionListener):
    """Hears every message once and in order, whatever happens to the connection."""

    def __init__(self):
        self.answers = threading.Semaphore(0)

    def structuredMessage(self, structuredMessage, rawMessage):
        if structuredMessage.direction == "Outbound" and structuredMessage.text:
            print("Genesys:", structuredMessage.text)
            self.answers.release()

    def webSocketError(self, reason):
        print("(the connection is lost)")

    def webSocketConnected(self):
        print("(connected)")


guest = Guest()
client = WebMessagingClient(PLACE)
reconnector = Reconnector(client, guest, maxSeconds=120, onGivenUp=lambda error: print("given up:", error))
client.addSessionListener(Reorder(reconnector, holdTime=0.3))
client.addSessionListener(Heartbeat(client, onDeadPeer=reconnector.reconnect))
delivery = Delivery(client, reconnector)
try:
    reconnector.connect(DEPLOYMENT, ORIGIN, 10)
    for question in QUESTIONS:
        delivery.send(question)  # returns when it has certainly arrived
        guest.answers.acquire(timeout=30)
finally:
    delivery.close()
    reconnector.close()
    client.apiClient.close()
