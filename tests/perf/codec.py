"""What reading and writing models costs, against json alone and against stock dataclasses-json.

Run it as a script, on a machine that is otherwise idle::

    python tests/perf/codec.py

Every row is a ratio of two times taken in the same run: the runs of both sides alternate and the best of each counts,
so that noise hurts both alike. The exit status is always 0.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from genesys_webmessaging.models import SendMessageRequest, StructuredMessage, WebMessagingMessageEntityList, WireModel
from genesys_webmessaging.models._codec import decoder_of, encoder_of

ROUNDS = 300
ROUND_SECONDS = 0.001

CHANNEL = {
    "time": "2023-09-07T18:59:00.123Z",
    "messageId": "0f8d6bd7d8a3f4cbd2e5b8d9f1a2b3c4",
    "from": {"nickname": "Agent", "image": "https://img.example/agent.png"},
    "to": {"firstName": "Guest"},
}
TEXT = {
    "text": "Hello, how can I help you today?",
    "type": "Text",
    "direction": "Outbound",
    "id": "0f8d6bd7d8a3f4cbd2e5b8d9f1a2b3c4",
    "channel": CHANNEL,
    "content": [],
    "metadata": {"correlationId": "5f4dcc3b-5aa7-65d6-1d83-27deb882cf99"},
    "originatingEntity": "Human",
}
TYPING = {
    "type": "Event",
    "direction": "Outbound",
    "id": "0f8d6bd7d8a3f4cbd2e5b8d9f1a2b3c4",
    "channel": {"time": "2023-09-07T18:59:00.123Z"},
    "events": [{"eventType": "Typing", "typing": {"type": "On", "duration": 5000}}],
}


def _card(number: int) -> dict[str, Any]:
    return {
        "title": f"Card {number}",
        "description": "What there is to say about this card",
        "image": f"https://img.example/cards/{number}.png",
        "defaultAction": {"type": "Link", "url": f"https://shop.example/items/{number}"},
        "actions": [
            {"type": "Postback", "text": "Buy", "payload": f"buy-{number}"},
            {"type": "Link", "text": "More", "url": f"https://shop.example/more/{number}"},
        ],
    }


def _attachment(number: int) -> dict[str, Any]:
    attachment = {
        "id": f"attachment-{number}",
        "filename": "picture.png",
        "fileSize": 1000 + number,
        "mediaType": "Image",
        "mime": "image/png",
        "url": f"https://files.example/{number}/picture.png?signature=0123456789abcdef",
    }
    return {"contentType": "Attachment", "attachment": attachment}


def _quick_reply(number: int) -> dict[str, Any]:
    reply = {"text": f"Answer {number}", "payload": f"answer-{number}", "action": "Message"}
    return {"contentType": "QuickReply", "quickReply": reply}


RICH = {
    **TEXT,
    "type": "Structured",
    "content": [
        {"contentType": "Carousel", "carousel": {"cards": [_card(n) for n in range(4)]}},
        {"contentType": "Card", "card": _card(4)},
        *(_quick_reply(n) for n in range(5)),
        _attachment(1),
    ],
}


def _entity(number: int) -> dict[str, Any]:
    entity = {
        "id": f"0f8d6bd7d8a3f4cbd2e5b8d9f1a2b{number:03}",
        "channel": {**CHANNEL, "messageId": f"message-{number}"},
        "type": "Structured" if number % 5 == 0 else "Text",
        "text": f"Message number {number} of this conversation",
        "direction": "Outbound" if number % 2 else "Inbound",
        "originatingEntity": "Human",
        "metadata": {"correlationId": f"correlation-{number}"},
    }
    if number % 5 == 0:
        entity["content"] = [_attachment(number)]
    if number % 7 == 0:
        entity["events"] = [{"eventType": "Presence", "presence": {"type": "Join"}}]
    return entity


HISTORY = {"entities": [_entity(n) for n in range(100)], "pageSize": 100, "pageNumber": 1, "total": 250, "pageCount": 3}
REQUEST = {
    "action": "onMessage",
    "token": "5f4dcc3b-5aa7-65d6-1d83-27deb882cf99",
    "tracingId": "0f8d6bd7-d8a3-f4cb-d2e5-b8d9f1a2b3c4",
}
TEXT_REQUEST = {
    **REQUEST,
    "message": {"type": "Text", "text": "Hello, I have a question about my order."},
    "channel": {"metadata": {"customAttributes": {"cart": "3 items", "page": "/checkout"}}},
}
TYPING_REQUEST = {
    **REQUEST,
    "message": {"type": "Event", "events": [{"eventType": "Typing", "typing": {"type": "On"}}]},
}


@dataclass(kw_only=True)
class Row:
    """One ratio: the time of one thing over that of another, and the target it has to meet."""

    name: str
    over: Callable[[], object]
    under: Callable[[], object]
    target: float
    at_least: bool = False

    def measure(self) -> str:
        """Take the ratio.

        Returns:
            The line of the table.
        """
        over, under = _best(self.over, self.under)
        ratio = over / under
        met = ratio >= self.target if self.at_least else ratio <= self.target
        sign = ">=" if self.at_least else "<="
        times = f"{over * 1e6:9.2f} us /{under * 1e6:9.2f} us"
        return f"{self.name:42}{times}  ={ratio:8.2f}  {sign}{self.target:6.1f}  {'met' if met else 'MISSED'}"


def _best(*calls: Callable[[], object]) -> list[float]:
    """Find the shortest time of each call, in seconds."""
    repeats = [max(1, int(ROUND_SECONDS / _seconds(call, 3))) for call in calls]
    best = [float("inf")] * len(calls)
    for _ in range(ROUNDS):
        for index, call in enumerate(calls):
            best[index] = min(best[index], _seconds(call, repeats[index]))
    return best


def _seconds(call: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def _with_timestamps(history: dict[str, Any]) -> dict[str, Any]:
    """Write the times of a history as seconds, the only way in which stock dataclasses-json reads a datetime."""
    entities = [{**entity, "channel": {**entity["channel"], "time": 1694113140.123}} for entity in history["entities"]]
    return {**history, "entities": entities}


def _decode_rows(name: str, cls: type, document: dict[str, Any], most: float, least: float) -> list[Row]:
    text = json.dumps(document)
    decode = decoder_of(cls)
    stock_document = _with_timestamps(document) if cls is WebMessagingMessageEntityList else document
    return [
        Row(
            name=f"{name}: loads + decode / loads",
            over=lambda: decode(json.loads(text)),
            under=lambda: json.loads(text),
            target=most,
        ),
        Row(
            name=f"{name}: stock decode / decode",
            over=lambda: super(WireModel, cls).from_dict(stock_document),
            under=lambda: decode(document),
            target=least,
            at_least=True,
        ),
    ]


def _encode_row(name: str, model: Any) -> Row:
    encode = encoder_of(type(model))
    ready = encode(model)
    return Row(
        name=f"{name}: encode + dumps / dumps",
        over=lambda: json.dumps(encode(model)),
        under=lambda: json.dumps(ready),
        target=1.6,
    )


def main() -> None:
    """Print the table."""
    rows = [
        *_decode_rows("text", StructuredMessage, TEXT, most=2.3, least=80),
        *_decode_rows("typing", StructuredMessage, TYPING, most=2.3, least=80),
        *_decode_rows("rich", StructuredMessage, RICH, most=2.6, least=110),
        *_decode_rows("history page", WebMessagingMessageEntityList, HISTORY, most=2.6, least=110),
        _encode_row("text request", SendMessageRequest.from_dict(TEXT_REQUEST)),
        _encode_row("typing request", SendMessageRequest.from_dict(TYPING_REQUEST)),
        _encode_row("rich message", StructuredMessage.from_dict(RICH)),
        _encode_row("history page", WebMessagingMessageEntityList.from_dict(HISTORY)),
    ]
    print(f"Python {sys.version.split()[0]}; rich message: {len(json.dumps(RICH))} bytes")
    for row in rows:
        print(row.measure(), flush=True)


if __name__ == "__main__":
    main()
