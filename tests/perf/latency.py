"""How long a ping takes there and back, against a bare websocket-client loop on one thread.

    python tests/perf/latency.py [pings]

Both talk to the same server, a process of its own, in turns; the ratio is of the medians of this one run.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
import uuid

import websocket
from _firehose import Firehose
from _selfsigned import certificate

from genesys_webmessaging import WebMessagingClient

AT_MOST = 1.4
ROUNDS = 5


def with_client(address: str, ca: str | None, count: int) -> list[float]:
    """Seconds for each ping of a WebMessagingClient, awaited."""
    times = []
    with WebMessagingClient(address) as client:
        client.connect("demo", "https://shop.example", caFile=ca)
        client.configureSession("demo", "https://shop.example")
        for _ in range(count):
            begin = time.perf_counter()
            client.awaitResponse(client.ping(), 10)
            times.append(time.perf_counter() - begin)
    return times


def with_bare_loop(address: str, ca: str | None, count: int) -> list[float]:
    """Seconds for each echo with websocket-client alone: send, recv, json.loads on one thread."""
    socket = websocket.create_connection(f"{address}?deploymentId=demo", sslopt={"ca_certs": ca}, timeout=10)
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        request = {"action": "echo", "token": str(uuid.uuid4()), "tracingId": str(uuid.uuid4())}
        socket.send(json.dumps({**request, "message": {"type": "Text", "text": "ping"}}))
        json.loads(socket.recv())
        times.append(time.perf_counter() - begin)
    socket.close()
    return times


def main() -> None:
    pings = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        pem = certificate(folder)
        for security, pair, ca in (("plain", None, None), ("TLS", pem, pem[0])):
            with Firehose(pair) as server:
                ours, bare = [], []
                for _ in range(ROUNDS):
                    ours += with_client(server.address, ca, pings)
                    bare += with_bare_loop(server.address, ca, pings)
            (our_50, our_99), (bare_50, bare_99) = (
                (statistics.median(times) * 1e6, statistics.quantiles(times, n=100)[98] * 1e6) for times in (ours, bare)
            )
            ratio = our_50 / bare_50
            verdict = "met" if ratio <= AT_MOST else "MISSED"
            print(
                f"{security:5}: ping p50 {our_50:.0f} µs, p99 {our_99:.0f} µs; bare loop p50 {bare_50:.0f} µs, "
                f"p99 {bare_99:.0f} µs; p50 ratio {ratio:.2f} (at most {AT_MOST}: {verdict})"
            )


if __name__ == "__main__":
    main()
