"""How many frames a second reach a listener, and what share that is of reading and parsing them at all.

    python tests/perf/dispatch.py [--against REVISION] [frames]

Every ratio is of two rates taken in this one run, alternately, best of five; the server is a process of its own.
With ``--against`` the CPU of a frame is compared with that of an earlier revision of this repository, instead.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from _firehose import Firehose
from _selfsigned import certificate

from genesys_webmessaging import SessionListener, WebMessagingClient

ROOT = Path(__file__).parent.parent.parent
ORIGIN = "https://shop.example"
KINDS = {"text": 0.35, "typing": 0.35, "rich": 0.25}
ROUNDS = 5
STOCK_AT_LEAST = 25.0
OLD_AT_LEAST = 0.95


class Counter(SessionListener):
    """Counts messages, and tells when they are all there."""

    def __init__(self, count: int) -> None:
        self.missing = count
        self.done = threading.Event()

    def structuredMessage(self, structuredMessage, rawMessage) -> None:
        self.missing -= 1
        if not self.missing:
            self.done.set()


def to_listener(
    address: str, ca: str | None, kind: str, count: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Frames a second (of the clock) from the socket to a listener's method."""
    client = WebMessagingClient(address)
    counter = Counter(count + 1)  # and the echo
    client.addSessionListener(counter)
    client.connect("demo", ORIGIN, caFile=ca)
    client.awaitResponse(client.configureSession("demo", ORIGIN), 10)
    begin = clock()
    client.sendMessage(f"send {kind} {count}")
    if not counter.done.wait(120):
        raise SystemExit(f"{counter.missing} of {count} frames never reached the listener")
    seconds = clock() - begin
    client.disconnect()
    return count / seconds


def parse_only(address: str, ca: str | None, kind: str, count: int) -> float:
    """Frames a second that are read on the same transport and parsed with json.loads, and nothing else."""
    from genesys_webmessaging._wire.connect import open_connection

    connection = open_connection(f"{address}?deploymentId=demo", [("Origin", ORIGIN)], ca_file=ca)
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

    from genesys_webmessaging._core import decoding

    ours = decoding.decoder_of
    decoding.decoder_of = lambda model: lambda data: _decode_dataclass(model, data, False)
    try:
        return to_listener(address, ca, kind, count)
    finally:
        decoding.decoder_of = ours


def verdict(ratio: float, target: float) -> str:
    return "met" if ratio >= target else "MISSED"


def frames_of(kind: str, frames: int) -> int:
    return frames if kind != "rich" else frames // 5


def compare_with_parsing(server: Firehose, ca: str | None, frames: int) -> None:
    for kind, target in KINDS.items():
        count = frames_of(kind, frames)
        rates = [
            (to_listener(server.address, ca, kind, count), parse_only(server.address, ca, kind, count))
            for _ in range(ROUNDS)
        ]
        ours, parsing = (max(column) for column in zip(*rates, strict=True))
        print(
            f"{kind:6}: {ours:9,.0f} frames/s to the listener, {parsing:9,.0f} parsed only: "
            f"{ours / parsing:4.0%} (at least {target:.0%}: {verdict(ours / parsing, target)})"
        )
        if ca is None:
            stock = with_stock_decoding(server.address, ca, kind, max(200, count // 200))
            print(
                f"{'':8} {stock:9,.0f} frames/s with stock decoding: {ours / stock:4.0f} times "
                f"(at least {STOCK_AT_LEAST:.0f}: {verdict(ours / stock, STOCK_AT_LEAST)})"
            )


def compare_with_revision(server: Firehose, ca: str | None, frames: int, old: Path) -> None:
    for kind in KINDS:
        best = dict.fromkeys((old, ROOT), 0.0)
        for _ in range(ROUNDS):
            for tree in best:
                best[tree] = max(best[tree], measured_in(tree, server.address, ca, kind, frames_of(kind, frames)))
        ratio = best[ROOT] / best[old]
        print(
            f"{kind:6}: {1e6 / best[old]:6.2f} µs of CPU a frame then, {1e6 / best[ROOT]:6.2f} now: "
            f"{ratio:.2f} times as fast (at least {OLD_AT_LEAST}: {verdict(ratio, OLD_AT_LEAST)})"
        )


def measured_in(tree: Path, address: str, ca: str | None, kind: str, count: int) -> float:
    """Frames for each second of CPU, in a process that imports the package from a tree."""
    argv = [sys.executable, __file__, "--measure", address, ca or "", kind, str(count)]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return float(subprocess.run(argv, env=environment, stdout=subprocess.PIPE, check=True, timeout=300).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", nargs="?", type=int, default=100_000)
    parser.add_argument("--against", metavar="REVISION")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        address, ca, kind, count = options.measure
        print(to_listener(address, ca or None, kind, int(count), time.process_time))
        return
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder, "old")
        if options.against:
            archive = Path(folder, "old.tar")
            subprocess.run(
                ["git", "archive", "-o", str(archive), options.against, "genesys_webmessaging"], cwd=ROOT, check=True
            )
            with tarfile.open(archive) as tar:
                tar.extractall(old)
        pem = certificate(folder)
        for security, pair, ca in (("plain", None, None), ("TLS", pem, pem[0])):
            print(f"{security}:")
            with Firehose(pair) as server:
                if options.against:
                    compare_with_revision(server, ca, options.frames, old)
                else:
                    compare_with_parsing(server, ca, options.frames)


if __name__ == "__main__":
    main()
