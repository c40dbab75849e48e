"""What a frame costs on its whole way from the socket to a listener, against ``json.loads`` of the same text.

    python tests/perf/frames.py [frames]

CPU seconds of this process (all threads) for each frame, the best of several runs; the server is a process of its own.
The rows alternate, so that noise hurts all alike. With the extra ``fast`` installed there are two rows for each kind.
The exit status is always 0.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator

from _firehose import Firehose, document
from _rows import Row

from genesys_webmessaging import SessionListener, WebMessagingClient
from genesys_webmessaging._base import fast_json

# For each kind of frame: how many times json.loads may it cost, with the standard library and with orjson?
TARGETS = {"text": (1.9, 1.4), "typing": (2.0, 1.5), "rich": (2.2, 1.8)}


class Counter(SessionListener):
    """Counts messages, and tells when they are all there."""

    def __init__(self, count: int) -> None:
        self.missing = count
        self.done = threading.Event()

    def structuredMessage(self, structuredMessage, rawMessage) -> None:
        self.missing -= 1
        if not self.missing:
            self.done.set()


def to_listener(address: str, kind: str, count: int) -> float:
    """CPU seconds of a frame from the socket to a listener's method."""
    client = WebMessagingClient(address)
    counter = Counter(count)
    client.addSessionListener(counter)
    client.connect("demo", "https://shop.example")
    begin = time.process_time()
    client._engine.connection.send(json.dumps({"send": kind, "count": count}))
    if not counter.done.wait(120):
        raise SystemExit(f"{counter.missing} of {count} frames never reached the listener")
    seconds = time.process_time() - begin
    client.disconnect()
    return seconds / count


def parsing(text: str, count: int) -> float:
    """CPU seconds of json.loads of a frame's text."""
    begin = time.process_time()
    for _ in range(count):
        json.loads(text)
    return (time.process_time() - begin) / count


def rows(frames: int = 5_000, *, quick: bool = False) -> Iterator[Row]:
    """Measure; without orjson there are no rows with it."""
    rounds = 30 if quick else 60
    ways = [("json", None)]
    if fast_json.quick is not None:
        ways.append(("orjson", fast_json.quick))
    with Firehose() as server:
        for kind, targets in TARGETS.items():
            count = frames if kind != "rich" else frames // 5
            text = json.dumps(document(kind))
            floor, cost = float("inf"), dict.fromkeys(("json", "orjson"), float("inf"))
            for _ in range(rounds):
                floor = min(floor, parsing(text, count))
                for name, read in ways:
                    fast_json.quick = read
                    cost[name] = min(cost[name], to_listener(server.address, kind, count))
            for (name, _), target in zip(ways, targets, strict=False):
                yield Row(
                    f"frame to listener, {kind}, with {name}",
                    cost[name] / floor,
                    target,
                    detail=f"{cost[name] * 1e6:.2f} µs a frame, json.loads {floor * 1e6:.2f} µs",
                )


def main() -> None:
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000):
        print(row, flush=True)


if __name__ == "__main__":
    main()
