"""Whether anything is lost, doubled or out of order when connections are cut, and what the history is worth then.

    python tests/perf/survival.py [cuts [messages]]

A guest and an agent say so many messages each (500) while the connection is cut so many times (50), in one conversation
for each row: the history is behind, 30 % of its calls fail, and it lists each message twice. The server is not the
simulator. Lost, doubled and out of order count what the guest's listener heard and what the server took, of both sides;
a message that is marked as late is not out of order. All three must be 0 everywhere.
"""

from __future__ import annotations

import itertools
import random
import ssl
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _selfsigned import certificate

sys.path.insert(0, str(Path(__file__).parents[1]))
from _lagging_service import LaggingService

from genesys_webmessaging import ApiClient, SessionListener, WebMessagingClient
from genesys_webmessaging.companions import Delivery, Reconnector
from genesys_webmessaging.models import StructuredMessage

LAGS = (0.0, 0.1, 0.5, 2.0)
FAILURES = 0.3
# Rows that run at once: they wait most of the time.
AT_ONCE = 8
# What happens to a message of the guest when the connection is cut with it, or without a cut.
TROUBLES = ("cut before", "cut after", "mute", "lose")


@dataclass
class Row:
    """One conversation, and what became of its messages."""

    lag: float
    stamped: bool
    tls: bool
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    late: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        shown = f"{self.lag:>4} s  {'yes' if self.stamped else 'no ':<7}  {'TLS' if self.tls else 'plain':<5}"
        counts = f"{self.lost:>4}  {self.doubled:>7}  {self.disordered:>12}"
        return f"{shown}  {counts}  {self.late:>12}  {self.seconds:>7.0f}  {'; '.join(self.failures)}"


class Hearer(SessionListener):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.messages: list[StructuredMessage] = []

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        self.messages.append(structuredMessage)


def play(row: Row, cuts: int, messages: int, files: tuple[str, str], seed: int = 1) -> Row:
    """Let a conversation run, and count."""
    began = time.monotonic()
    context = None
    options: dict[str, Any] = {}
    if row.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        options["caFile"] = files[0]
    hearer = Hearer()
    with LaggingService(context, seed=seed) as service:
        service.lag, service.failures, service.doubles, service.returnsStamp = row.lag, FAILURES, True, row.stamped
        address = service.address.replace("127.0.0.1", "localhost")
        client = WebMessagingClient(address)
        headers = {"Origin": "https://shop.example"}
        rest = service.restAddress.replace("127.0.0.1", "localhost")
        client.setApiClient(ApiClient(rest, defaultHeaders=headers, historyCallsPerMinute=None, **options))
        lag = row.lag + 0.5
        reconnector = Reconnector(client, hearer, firstDelay=0.02, maxDelay=0.1, maxSeconds=600, historyLag=lag)
        client.addSessionListener(reconnector)
        delivery = Delivery(client, reconnector, echoTimeout=1.0, historyLag=lag, timeout=120)
        try:
            reconnector.connect("demo", "https://shop.example", **options)
            _talk(service, delivery, cuts, messages, random.Random(seed), row)
            _wait(lambda: len({message.text for message in hearer.messages}) >= 2 * messages, 60)
        except Exception as error:
            row.failures.append(repr(error))
        finally:
            delivery.close()
            reconnector.close()
            client.apiClient.close()
        _count(row, service, hearer.messages, messages)
    row.seconds = time.monotonic() - began
    return row


def _talk(service: LaggingService, delivery: Delivery, cuts: int, messages: int, dice: random.Random, row: Row) -> None:
    moments = set(dice.sample(range(1, messages - 1), min(cuts, messages - 2)))
    trouble: list[str] = []
    service.onMessage = lambda message: trouble.pop() if trouble else "take"

    def agent() -> None:
        for number in range(messages):
            due = number - dice.randrange(3)
            _wait(lambda due=due: len(service.texts("Inbound")) >= due, 300)
            service.say(f"agent {number}")

    speaking = threading.Thread(target=agent, daemon=True)
    speaking.start()
    for number in range(messages):
        if number in moments:
            kind = dice.choice(TROUBLES)
            trouble.append(kind)
            if kind in {"mute", "lose"}:
                threading.Timer(dice.random() * 0.1, service.cut).start()
        delivery.send(f"guest {number}")
    speaking.join(300)
    if speaking.is_alive():
        row.failures.append("the agent did not come to an end")


def _wait(condition: Any, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not condition() and time.monotonic() < deadline:
        threading.Event().wait(0.002)


def _count(row: Row, service: LaggingService, heard: list[StructuredMessage], messages: int) -> None:
    row.late = sum(message.late for message in heard)
    for side, direction in (("guest", "Inbound"), ("agent", "Outbound")):
        wanted = {f"{side} {number}" for number in range(messages)}
        texts = [str(message.text) for message in heard if message.direction == direction]
        in_order = [str(message.text) for message in heard if message.direction == direction and not message.late]
        for found, order in ((texts, in_order), (service.texts(direction),) * 2):
            row.lost += len(wanted - set(found))
            row.doubled += len(found) - len(set(found))
            numbers = [int(text.split()[1]) for text in order]
            row.disordered += sum(after < before for before, after in itertools.pairwise(numbers))


def main() -> int:
    cuts = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    messages = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    rows = [Row(lag, stamped, tls) for lag in LAGS for stamped in (True, False) for tls in (False, True)]
    print(f"{cuts} cuts, {messages} + {messages} messages, {FAILURES:.0%} of the history calls fail, entities twice")
    print("   lag  stamped  socket  lost  doubled  out of order  marked late  seconds")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        files = certificate(folder)
        for row in pool.map(lambda row: play(row, cuts, messages, files), rows):
            print(row, flush=True)
    return int(any(row.lost or row.doubled or row.disordered or row.failures for row in rows))


if __name__ == "__main__":
    sys.exit(main())
