"""Write a conversation into a file, CSV or JSON lines, run after run. Usage: history_export.py FILE TOKEN-FILE"""

import csv
import json
import os
import sys

from genesys_webmessaging import Conversation

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")

target, tokens = sys.argv[1:3]


def as_row(message):
    """What is wanted of a message, in one flat row."""
    sender = message.channel.from_
    return {
        "time": message.channel.time.isoformat(),
        "direction": message.direction,
        "who": sender.nickname if sender else None,
        "text": message.text,
        "attachments": " ".join(item.attachment.filename for item in message.content if item.attachment),
    }


# store: the session's token is kept in a file that only you may read, so the next run finds the same session.
with Conversation.open(PLACE, DEPLOYMENT, origin=ORIGIN, store=tokens) as chat:
    print("a new session" if chat.sessionResponse.newSession else "the session of the last run")
    chat.send("What are your opening hours?")
    chat.receive(timeout=30)
    # history() fetches everything. For a very long one, chat.client.iterateHistory() goes page by page.
    rows = [as_row(message) for message in chat.history()]

with open(target, "w", newline="", encoding="utf-8") as file:
    if target.endswith(".csv"):
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    else:
        file.writelines(json.dumps(row) + "\n" for row in rows)
print(len(rows), "messages written to", target)
