"""What the bot of the demo deployment says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["DEFAULT_SCRIPT"]

ORDER = {"text": "Order it", "payload": "order"}

DEFAULT_SCRIPT: Mapping[str, Any] = {
    "name": "Demo Bot",
    "greeting": [
        "Hello! I am the bot of this simulator.",
        {
            "text": "What would you like to do?",
            "quickReplies": ["Opening hours", "Show me a card", "Book a date"],
        },
    ],
    "rules": [
        {"match": {"contains": "hours"}, "reply": ["We are open from 9 to 17, Monday to Friday."]},
        {
            "match": {"payload": "details"},
            "reply": ["The sun hat is made of straw and weighs 90 grams."],
        },
        {
            "match": {"payload": "order"},
            "reply": ["Thank you! Your sun hat is on its way."],
        },
        {
            "match": {"pattern": r"\b(card|product|hat)s?\b"},
            "reply": [
                {
                    "text": "Here is our product of the week.",
                    "card": {
                        "title": "Sun hat",
                        "description": "Straw, one size, 19.90",
                        "image": "https://shop.example/hat.png",
                        "actions": [
                            ORDER,
                            {"text": "Tell me more", "payload": "details"},
                            {"text": "Open the shop", "url": "https://shop.example/hat"},
                        ],
                    },
                }
            ],
        },
        {
            "match": {"pattern": r"\b(carousel|catalogue|catalog)\b"},
            "reply": [
                {
                    "text": "This is what we have.",
                    "carousel": [
                        {"title": "Sun hat", "description": "Straw", "actions": [ORDER]},
                        {"title": "Scarf", "description": "Wool", "actions": [ORDER]},
                    ],
                }
            ],
        },
        {
            "match": {"pattern": r"\b(book|date|appointment)\b"},
            "reply": [
                {
                    "text": "When does it suit you?",
                    "datePicker": {
                        "title": "Appointment",
                        "subtitle": "Half an hour",
                        "times": ["2030-01-07T09:00:00.000Z", "2030-01-07T10:00:00.000Z", "2030-01-08T09:00:00.000Z"],
                    },
                }
            ],
        },
        {"match": {"payloadPattern": r"^\d{4}-\d{2}-\d{2}T"}, "reply": ["Your appointment is on {payload}."]},
        {"match": {"attachment": True}, "reply": ["Thank you for {fileName}."]},
        {"match": {"pattern": r"\b(bye|goodbye|thanks|thank you)\b"}, "reply": ["You are welcome. Goodbye!"]},
        {
            "match": {"pattern": r"\b(hello|hi|hey|good (morning|afternoon|evening))\b"},
            "reply": ["Hello! Ask me for our hours, for a card, or for a date."],
        },
        {"match": {"pattern": r"\bhelp\b|\?\s*$"}, "reply": ["I know about hours, cards and dates."]},
    ],
    "otherwise": ['You said "{text}". I know about hours, cards and dates.'],
}
