"""How many frames a second reach a listener, and what share that is of reading and parsing them at all.

    python tests/perf/dispatch.py [frames]

Every ratio is of two rates taken in this one run, alternately, best of five; the server is a process of its own.
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
from genesys_webmessaging._core import decoding as _protocol
from genesys_webmessaging._wire.connect import open_connection

KINDS = {"text": 0.35, "typing": 0.35, "rich": 0.25}
ROUNDS = 5
STOCK_AT_LEAST = 25.0


class Counter(SessionListener):
    """Counts messages, and tells when they are all there."""

    def __init__(self, count: int) -> None:
        self.missing = count
        self.done = threading.Event()

    def structuredMessage(self, structuredMessage, rawMessage) -> None:
        self.missing -= 1
        if not self.missing:
            self.done.set()


def to_listener(address: str, ca: str | None, kind: str, count: int) -> float:
    """Frames a second from the socket to a listener's method."""
    client = WebMessagingClient(address)
    counter = Counter(count)
    client.addSessionListener(counter)
    client.connect("demo", "https://shop.example", caFile=ca)
    begin = time.perf_counter()
    client._engine.connection.send(json.dumps({"send": kind, "count": count}))
    if not counter.done.wait(120):
        raise SystemExit(f"{counter.missing} of {count} frames never reached the listener")
    seconds = time.perf_counter() - begin
    client.disconnect()
    return count / seconds


def parse_only(address: str, ca: str | None, kind: str, count: int) -> float:
    """Frames a second that are read on the same transport and parsed with json.loads, and nothing else."""
    connection = open_connection(f"{address}?deploymentId=demo", [("Origin", "https://shop.example")], ca_file=ca)
    web_socket = connection._web_socket
    missing = count
    begin = time.perf_counter()
    connection.send(json.dumps({"send": kind, "count": count}))
    while missing:
        texts = web_socket.recv_texts() or [web_socket.recv_data_frame()[1].data]
        for text in texts:
            json.loads(text)
        missing -= len(texts)
    seconds = time.perf_counter() - begin
    connection.abort()
    return count / seconds


def with_stock_decoding(address: str, ca: str | None, kind: str, count: int) -> float:
    """As to_listener, with dataclasses-json's own interpreter in the place of our decoders."""
    from dataclasses_json.core import _decode_dataclass

    ours = _protocol.decoder_of
    _protocol.decoder_of = lambda model: lambda data: _decode_dataclass(model, data, False)
    try:
        return to_listener(address, ca, kind, count)
    finally:
        _protocol.decoder_of = ours


def verdict(ratio: float, target: float) -> str:
    return "met" if ratio >= target else "MISSED"


def main() -> None:
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        pem = certificate(folder)
        for security, pair, ca in (("plain", None, None), ("TLS", pem, pem[0])):
            with Firehose(pair) as server:
                for kind, target in KINDS.items():
                    count = frames if kind != "rich" else frames // 5
                    rates = [
                        (to_listener(server.address, ca, kind, count), parse_only(server.address, ca, kind, count))
                        for _ in range(ROUNDS)
                    ]
                    ours, parsing = (max(column) for column in zip(*rates, strict=True))
                    print(
                        f"{security:5} {kind:6}: {ours:9,.0f} frames/s to the listener, {parsing:9,.0f} parsed only: "
                        f"{ours / parsing:4.0%} (at least {target:.0%}: {verdict(ours / parsing, target)})"
                    )
                    if security == "plain":
                        stock = with_stock_decoding(server.address, ca, kind, max(200, count // 200))
                        print(
                            f"{'':14} {stock:9,.0f} frames/s with stock decoding: {ours / stock:4.0f} times "
                            f"(at least {STOCK_AT_LEAST:.0f}: {verdict(ours / stock, STOCK_AT_LEAST)})"
                        )


if __name__ == "__main__":
    main()
