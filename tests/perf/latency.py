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
from collections.abc import Iterator

import websocket
from _firehose import Firehose
from _rows import Row
from _selfsigned import certificate

from genesys_webmessaging import WebMessagingClient

AT_MOST = 1.3


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


def rows(pings: int = 2000, *, quick: bool = False) -> Iterator[Row]:
    """Measure."""
    rounds = 3 if quick else 5
    with tempfile.TemporaryDirectory() as folder:
        pem = certificate(folder)
        for security, pair, ca in (("plain", None, None), ("TLS", pem, pem[0])):
            with Firehose(pair) as server:
                ours, bare = [], []
                for _ in range(rounds):
                    ours += with_client(server.address, ca, pings)
                    bare += with_bare_loop(server.address, ca, pings)
            (our_50, our_99), (bare_50, bare_99) = (
                (statistics.median(times) * 1e6, statistics.quantiles(times, n=100)[98] * 1e6) for times in (ours, bare)
            )
            yield Row(
                f"ping there and back, {security}, p50",
                our_50 / bare_50,
                AT_MOST,
                detail=f"{our_50:.0f} µs, p99 {our_99:.0f} µs; bare loop {bare_50:.0f} µs, p99 {bare_99:.0f} µs",
            )


def main() -> None:
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 2000):
        print(row, flush=True)


if __name__ == "__main__":
    main()
