"""A web server that bridges its visitors to Genesys: each WebSocket is a guest with a conversation of its own.

Run it, and connect two browsers (or ``websocat ws://127.0.0.1:8000/chat``): what one types goes to the bot or agent,
and what they answer comes back as JSON.
"""

import asyncio
import os

from aiohttp import WSMsgType, web

from genesys_webmessaging.aio import AsyncConversation

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")


async def chat(request):
    """One visitor, from the first word to the last."""
    browser = web.WebSocketResponse()
    await browser.prepare(request)
    async with await AsyncConversation.open(PLACE, DEPLOYMENT, origin=ORIGIN) as guest:
        answers = asyncio.create_task(pass_on(guest, browser))
        try:
            async for typed in browser:
                if typed.type is WSMsgType.TEXT:
                    await guest.send(typed.data)
        finally:
            answers.cancel()
    return browser


async def pass_on(guest, browser):
    """What the other side says, to the browser."""
    async for message in guest:
        await browser.send_json({"text": message.text})
    await browser.close()


app = web.Application()
app.router.add_get("/chat", chat)

if __name__ == "__main__":
    web.run_app(
        app, host="127.0.0.1", port=int(os.environ.get("PORT", "8000")), print=lambda text: print(text, flush=True)
    )
