"""Quick replies, cards and dates: what a message can offer, and how to choose."""

import os

from genesys_webmessaging import Conversation

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")


def show(message):
    """Print a message, with everything that can be chosen in it."""
    print(message.text or "")
    for content in message.content:
        if content.quickReply:
            print(f"  [{content.quickReply.text}]")
        elif content.card:
            print(f"  {content.card.title}: {content.card.description}")
            for action in content.card.actions:
                print(f"    [{action.text}] {action.url or ''}")
        elif content.datePicker:
            for slot in content.datePicker.availableTimes:
                print(f"  [{slot.dateTime:%A %d %B %Y %H:%M}]")
        else:
            print("  and something else:", content.raw or content)
    return message


with Conversation.open(PLACE, DEPLOYMENT, origin=ORIGIN, join=True, timeout=10) as chat:
    show(chat.waitFor(lambda message: message.content))
    chat.choose("Show me a card")  # by its text; choose(1) takes the second one

    show(chat.waitFor(lambda message: message.content))
    chat.press("Sun hat", "Order it")
    show(chat.receive())

    chat.send("Book an appointment")
    offer = show(chat.waitFor(lambda message: message.content))
    chat.pick(offer.content[0].datePicker.availableTimes[-1])
    show(chat.receive())
