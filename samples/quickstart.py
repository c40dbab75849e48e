"""Say something, wait for the answer."""

import os

from genesys_webmessaging import Conversation

# A region's name ("eu_central_1"), or an address ("ws://127.0.0.1:8080/v1").
PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
# The web page that the guest is on; only a deployment that restricts origins cares.
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")

with Conversation.open(PLACE, DEPLOYMENT, origin=ORIGIN) as chat:
    chat.send("What are your opening hours?", customAttributes={"cart": "4711"})
    print(chat.receive(timeout=30).text)
