"""Test a bot: what is said to it, and what it must answer. Exits with 1 if it does not."""

import os
import re
import sys

from genesys_webmessaging import Conversation, ResponseTimeoutError

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")

# What the guest does, and what must come of it: a part of a text, a pattern, or a function that looks at the message.
SCRIPT = [
    (lambda chat: None, "What would you like to do?"),
    (lambda chat: chat.choose("Opening hours"), re.compile(r"from \d+ to \d+")),
    (lambda chat: chat.send("show me a card"), lambda message: message.content),
    (lambda chat: chat.press("Sun hat", "Order it"), "on its way"),
]


def run(chat):
    """Play the script; returns how many answers were wrong."""
    failures = 0
    for number, (act, expected) in enumerate(SCRIPT, 1):
        act(chat)
        try:
            answer = chat.waitFor(expected, timeout=10)
        except ResponseTimeoutError as error:
            print(f"step {number} FAILED: {error}")
            failures += 1
        else:
            print(f"step {number} ok: {answer.text}")
    return failures


# join: the bot of this deployment begins by itself, when the guest comes.
with Conversation.open(PLACE, DEPLOYMENT, origin=ORIGIN, join=True) as chat:
    failed = run(chat)
    if failed:
        print(chat.transcript())
sys.exit(1 if failed else 0)
