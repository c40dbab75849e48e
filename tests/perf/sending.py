"""What sending costs, sending and awaiting the answer, and a turn of a Conversation: CPU against a bare client's loop.

    python tests/perf/sending.py [--quick]

All talk to the same server, a process of its own, in turns; each figure is the best of many short rounds of this one
run, as what else the machine does is no part of it.
The bare loop is websocket-client on one thread, with ``json`` and without its check of UTF-8, which is slow.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator

import websocket
from _firehose import Firehose
from _rows import Row

from genesys_webmessaging import Conversation, WebMessagingClient

TOKEN = str(uuid.uuid4())
ORIGIN = "https://shop.example"
UNANSWERED = "nothing to say to this"
ECHOED = "My rear wheel wobbles"
ANSWERED = "What is new?"


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


def rows(*, quick: bool = False) -> Iterator[Row]:
    """Measure."""
    count, rounds = 50, 60 if quick else 300
    with (
        Firehose() as server,
        WebMessagingClient(server.address) as client,
        Conversation.open(server.address, "demo", origin=ORIGIN) as chat,
    ):
        client.connect("demo", ORIGIN)
        client.awaitResponse(client.configureSession("demo", TOKEN, ORIGIN), 10)
        bare = websocket.create_connection(f"{server.address}?deploymentId=demo", timeout=10, skip_utf8_validation=True)

        def bare_turn(text: str, answers: int) -> None:
            bare.send(request(text))
            for _ in range(answers):
                json.loads(bare.recv())

        def turn() -> None:
            chat.send(ANSWERED)
            chat.receive()

        for name, ours, text, answers, at_most in (
            ("sendMessage", lambda: client.sendMessage(UNANSWERED), UNANSWERED, 0, 1.15),
            ("send and awaitResponse", lambda: client.awaitResponse(client.sendMessage(ECHOED), 10), ECHOED, 1, 1.8),
            ("turn of Conversation", turn, ANSWERED, 2, 2.5),
        ):
            costs = [
                (cost(ours, count), cost(lambda text=text, answers=answers: bare_turn(text, answers), count))
                for _ in range(rounds)
            ]
            our_cost, bare_cost = (min(column) for column in zip(*costs, strict=True))
            detail = f"{our_cost:.1f} µs of CPU, bare loop {bare_cost:.1f} µs"
            yield Row(name, our_cost / bare_cost, at_most, detail=detail)
        bare.close()


def main() -> None:
    for row in rows(quick="--quick" in sys.argv):
        print(row, flush=True)


if __name__ == "__main__":
    main()
