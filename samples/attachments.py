"""Send files and watch their progress; save what the other side sends. Usage: attachments.py FILE…"""

import os
import sys

from genesys_webmessaging import AttachmentError, Conversation, downloadAttachment

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")


def progress(sent, total):
    """Called again and again while a file goes up."""
    print(f"\r{sent / total:4.0%} of {total} bytes", end="" if sent < total else "\n")


with Conversation.open(PLACE, DEPLOYMENT, origin=ORIGIN) as chat:
    chat.send("I have a file for you")
    allowed = chat.sessionResponse.allowedMedia.inbound
    print("allowed:", [one.type for one in allowed.fileTypes], "up to", allowed.maxFileSizeKB, "KB")
    for path in sys.argv[1:]:
        try:
            echo = chat.send("Look at this", attachments=[path], progress=progress)
        except AttachmentError as error:
            print(path, "was refused:", error)
            continue
        # What was sent can be fetched again, as can be what the other side sends.
        attachment = echo.content[0].attachment
        downloadAttachment(chat.client, attachment.id, f"{path}.copy", url=attachment.url)
        print("saved", attachment.filename, "once more")
    for message in chat.collect(quietFor=1):
        print(message.text)
