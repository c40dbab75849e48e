"""See what goes over the wire: every frame, with its secrets masked and its texts as lengths."""

import logging
import os

from genesys_webmessaging import Conversation

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")

logging.basicConfig(level=logging.WARNING, format="%(relativeCreated)6d ms %(name)s: %(message)s")
# Each module has a logger below this one; "genesys_webmessaging._core.engine" has the frames.
logging.getLogger("genesys_webmessaging").setLevel(logging.DEBUG)

with Conversation.open(PLACE, DEPLOYMENT, origin=ORIGIN) as chat:
    chat.send("Hello", customAttributes={"cart": "4711"})
    chat.receive(timeout=30)
