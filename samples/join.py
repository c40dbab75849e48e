"""Join a conversation with one call, and come back to it later with its token."""

import os

from genesys_webmessaging import WebMessagingClient

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")

# Connects, makes a session, waits until it is ready, and sends the first message.
with WebMessagingClient(PLACE) as client:
    client.joinConversation(DEPLOYMENT, "Hello", origin=ORIGIN)
    token = client.token  # keep it as you keep a password: it is the session
    print("joined")

with WebMessagingClient(PLACE) as client:
    client.connect(DEPLOYMENT, ORIGIN)
    # Every method that sends returns a tracing id at once; awaitResponse waits for the answer.
    answer = client.awaitResponse(client.configureSession(DEPLOYMENT, token, ORIGIN), timeout=10)
    print("resumed" if answer.newSession is False else "too late, this is a new session")
    client.awaitResponse(client.sendMessage("I am back"), timeout=10)
    for message in reversed(client.getHistory().entities):
        print(message.direction, message.text)
