"""Lists and forms: pick items, and fill a form in. For the bot of order_bot.yaml."""

import os
from datetime import date

from genesys_webmessaging import Conversation

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")

with Conversation.open(PLACE, DEPLOYMENT, origin=ORIGIN) as chat:
    chat.send("I would like to order a hat")
    offer = chat.waitFor(lambda message: any(content.listPicker for content in message.content), timeout=30)
    for content in offer.content:
        for section in content.listPicker.sections:
            print(section.title, [item.title for item in section.items])
    chat.select(["red", "blue"])

    offer = chat.waitFor(lambda message: any(content.form for content in message.content), timeout=30)
    form = offer.content[0].form
    print(form.introduction.title, [page.title for page in form.formPages])
    try:
        chat.fill({"size": "Large"})
    except ValueError as error:
        print("not sent:", error)  # whatever cannot be right is found before anything is sent
    chat.fill({"Your name": "Ann Lee", "size": "Large", "When?": date(2031, 5, 6)})
    print(chat.receive(timeout=30).text)
