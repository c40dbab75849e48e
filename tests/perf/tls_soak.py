"""Echoes over TLS with two threads writing while one reads: how many are lost, doubled, or out of order.

    python tests/perf/tls_soak.py [echoes]

The server is a process of its own, and answers every request with a message that carries its tracing id. The echoes
are spread over ten connections. Anything but 0 failures is a defect, and the exit status says so.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time

from _firehose import Firehose
from _selfsigned import certificate

from genesys_webmessaging import SessionListener, WebMessagingClient

CONNECTIONS = 10
WRITERS = 2
UNDERWAY = 200  # echoes that a writer lets be outstanding
PATIENCE = 30.0  # seconds for one echo


class Echoes(SessionListener):
    """Notes what came back, and lets the writers go on."""

    def __init__(self) -> None:
        self.came: list[list[int]] = [[] for _ in range(WRITERS)]
        self.room = [threading.Semaphore(UNDERWAY) for _ in range(WRITERS)]
        self.endings: list[str] = []

    def structuredMessage(self, message, rawMessage):
        writer, is_echo, number = json.loads(rawMessage)["tracingId"].partition(":")
        if is_echo:
            self.came[int(writer)].append(int(number))
            self.room[int(writer)].release()

    def webSocketDisconnected(self, statusCode, reason):
        self.endings.append(f"{statusCode} {reason}")

    def webSocketError(self, reason):
        self.endings.append(f"error: {reason}")


def write(client: WebMessagingClient, echoes: Echoes, writer: int, count: int, failures: list[str]) -> None:
    """Send one writer's share."""
    for number in range(count):
        if not echoes.room[writer].acquire(timeout=PATIENCE):
            failures.append(f"writer {writer} waited {PATIENCE:g} s for an echo")
            return
        try:
            client.ping(tracingId=f"{writer}:{number}")
        except Exception as error:
            failures.append(f"writer {writer}: {error!r}")
            return


def soak(address: str, ca_file: str, count: int) -> list[str]:
    """Run one connection. Returns what went wrong."""
    echoes, failures = Echoes(), []
    with WebMessagingClient(address) as client:
        client.addSessionListener(echoes)
        client.connect("demo", "https://shop.example", caFile=ca_file)
        client.configureSession("demo", "https://shop.example")
        writers = [
            threading.Thread(target=write, args=(client, echoes, each, count // WRITERS, failures))
            for each in range(WRITERS)
        ]
        for thread in writers:
            thread.start()
        for thread in writers:
            thread.join()
        for writer in range(WRITERS):
            for _ in range(UNDERWAY):
                echoes.room[writer].acquire(timeout=PATIENCE if not failures else 0)
    for writer in range(WRITERS):
        came = echoes.came[writer]
        lost, doubled = len(set(range(count // WRITERS)) - set(came)), len(came) - len(set(came))
        if lost or doubled or came != sorted(came):
            failures.append(f"writer {writer}: {lost} echoes lost, {doubled} doubled, in order: {came == sorted(came)}")
    if echoes.endings != ["1000 Guest client disconnect"]:
        failures.append(f"endings: {echoes.endings}")
    return failures


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    failures: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        pem = certificate(folder)
        with Firehose(pem) as server:
            begin = time.perf_counter()
            for _ in range(CONNECTIONS):
                failures += soak(server.address, pem[0], wanted // CONNECTIONS)
            seconds = time.perf_counter() - begin
    for failure in failures:
        print(failure)
    print(
        f"{wanted:,} echoes over TLS, {WRITERS} writers, {CONNECTIONS} connections, {seconds:.0f} s "
        f"({wanted / seconds:,.0f}/s): {len(failures)} failures"
    )
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
