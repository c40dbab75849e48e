"""What a history of 1,000 messages costs, from the bytes that came to the messages handed over.

Run it as a script, on a machine that is otherwise idle::

    python tests/perf/history.py

The figure is a ratio of two CPU times taken in the same run, by turns; the best of each counts. The exit status is
always 0.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from _rows import Row
from requests.structures import CaseInsensitiveDict

from genesys_webmessaging._base import fast_json
from genesys_webmessaging.models import WebMessagingMessageEntityList
from genesys_webmessaging.rest._history import _PageCursor
from genesys_webmessaging.rest._http import Answer
from genesys_webmessaging.rest._response import Call, decoded

MESSAGES = 1000
TARGET = 2.2


def _entity(number: int) -> dict[str, Any]:
    return {
        "id": f"{number:032x}",
        "channel": {
            "messageId": f"0f8d6bd7-d8a3-4bd2-a5b8-{number:012x}",
            "time": f"2031-05-06T07:{number // 60 % 60:02}:{number % 60:02}.123Z",
            "from": {"nickname": "Agent", "image": "https://img.example/agent.png"},
            "to": {"firstName": "Guest"},
        },
        "type": "Text",
        "text": f"Hello, this is message {number}. How can I help you today?",
        "direction": "Outbound",
        "metadata": {"correlationId": f"5f4dcc3b-5aa7-45d6-9d83-{number:012x}"},
        "originatingEntity": "Human",
    }


def _pages() -> list[bytes]:
    entities = [_entity(number) for number in range(MESSAGES, 0, -1)]
    counts = {"pageSize": 100, "total": MESSAGES, "pageCount": MESSAGES // 100}
    return [
        json.dumps({"entities": entities[at : at + 100], "pageNumber": at // 100 + 1, **counts}).encode()
        for at in range(0, MESSAGES, 100)
    ]


class _Came(Answer):
    """An answer that was read already."""

    def __init__(self, body: bytes) -> None:
        self.status = 200
        self.reason = "OK"
        self.headers = CaseInsensitiveDict()
        self.body = body


def _read(answers: list[_Came]) -> None:
    reading, call, count = _PageCursor(), Call("https://api.example", "GET /messages", ["jwt"]), 0
    for answer in answers:
        page = decoded(answer, call, WebMessagingMessageEntityList).document
        reading.take(page)
        count += len(page.entities)
    assert count == MESSAGES


def _once(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def rows(*, quick: bool = False) -> Iterator[Row]:
    """Measure; without orjson there is no row with it."""
    rounds = 30 if quick else 100
    pages = _pages()
    texts = [page.decode() for page in pages]
    ways = {"json": None} if fast_json.quick is None else {"json": None, "orjson": fast_json.quick}
    loads, ours = float("inf"), dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        loads = min(loads, _once(lambda: [json.loads(text) for text in texts]))
        for name, read in ways.items():
            fast_json.quick = read
            ours[name] = min(ours[name], _once(lambda: _read([_Came(page) for page in pages])))
    for name, seconds in ours.items():
        yield Row(f"history of {MESSAGES} messages, with {name}", seconds / loads, TARGET)


def main() -> None:
    for row in rows():
        print(row)


if __name__ == "__main__":
    main()
