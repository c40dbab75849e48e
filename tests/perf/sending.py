"""What sending costs, and sending and awaiting the answer: CPU against a bare websocket-client loop.

    python tests/perf/sending.py [messages]

Both talk to the same server, a process of its own, in turns; each figure is the best of several rounds of this one run.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable

import websocket
from _firehose import Firehose

from genesys_webmessaging import WebMessagingClient

SEND_AT_MOST = 1.15
TURN_AT_MOST = 1.8
ROUNDS = 7

TOKEN = str(uuid.uuid4())
UNANSWERED = "nothing to say to this"
ANSWERED = "My rear wheel wobbles"


def request(text: str) -> str:
    """What sendMessage sends, made by hand."""
    message = {"text": text, "type": "Text"}
    return json.dumps({"action": "onMessage", "token": TOKEN, "tracingId": str(uuid.uuid4()), "message": message})


def cost(step: Callable[[], object], count: int) -> float:
    """Microseconds of CPU for each of so many steps, in all threads of the process."""
    begin = time.process_time()
    for _ in range(count):
        step()
    return (time.process_time() - begin) / count * 1e6


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    with Firehose() as server, WebMessagingClient(server.address) as client:
        client.connect("demo", "https://shop.example")
        client.awaitResponse(client.configureSession("demo", TOKEN, "https://shop.example"), 10)
        bare = websocket.create_connection(f"{server.address}?deploymentId=demo", timeout=10)

        def bare_turn() -> None:
            bare.send(request(ANSWERED))
            json.loads(bare.recv())

        steps = {
            "sendMessage": (
                lambda: client.sendMessage(UNANSWERED),
                lambda: bare.send(request(UNANSWERED)),
                SEND_AT_MOST,
            ),
            "send and awaitResponse": (
                lambda: client.awaitResponse(client.sendMessage(ANSWERED), 10),
                bare_turn,
                TURN_AT_MOST,
            ),
        }
        for name, (ours, theirs, at_most) in steps.items():
            rounds = [(cost(ours, count), cost(theirs, count)) for _ in range(ROUNDS)]
            our_cost, bare_cost = (min(costs) for costs in zip(*rounds, strict=True))
            ratio = our_cost / bare_cost
            print(
                f"{name:22}: {our_cost:5.1f} µs of CPU, bare loop {bare_cost:5.1f} µs; "
                f"ratio {ratio:.2f} (at most {at_most}: {'met' if ratio <= at_most else 'MISSED'})"
            )
        bare.close()


if __name__ == "__main__":
    main()
