"""Write a conversation into a CSV file, run after run. Usage: history_export.py CSV-FILE TOKEN-FILE"""

import csv
import os
import sys

from genesys_webmessaging import Conversation

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")

table, tokens = sys.argv[1:3]

# store: the session's token is kept in a file that only you may read, so the next run finds the same session.
with Conversation.open(PLACE, DEPLOYMENT, origin=ORIGIN, store=tokens) as chat:
    print("a new session" if chat.sessionResponse.newSession else "the session of the last run")
    chat.send("What are your opening hours?")
    chat.receive(timeout=30)

    with open(table, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "direction", "who", "text", "attachments"])
        # history() fetches everything. For a very long one, chat.client.iterateHistory() goes page by page.
        for message in chat.history():
            sender = message.channel.from_
            files = [item.attachment.filename for item in message.content if item.attachment]
            writer.writerow(
                [message.channel.time, message.direction, sender.nickname if sender else "", message.text, *files]
            )
print("written to", table)
