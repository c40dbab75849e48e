"""Proxies for the tests: HTTP and SOCKS, on real sockets."""

from __future__ import annotations

import logging
import select
import socket
import ssl
import struct

from _raw_peer import Wire


def relay(wire: Wire, host: str, port: int, answer: bytes) -> None:
    """Connect, say so, and pass bytes both ways until both sides are through.

    On one thread: two must not use a TLS socket at once.
    """
    with socket.create_connection((host, port), 10) as server:
        wire.send(answer)
        sides = {wire.sock, server}
        try:
            while sides and (ready := readable(sides)):
                for side in ready:
                    data = side.recv(65536)
                    if data and side is server:
                        wire.send(data)
                    elif data:
                        server.sendall(data)
                    else:
                        sides.remove(side)
                        wire.end() if side is server else server.shutdown(socket.SHUT_WR)
        except OSError as error:
            logging.getLogger(__name__).debug("one side went first: %s", error)


def readable(sides: set[socket.socket]) -> list[socket.socket]:
    """Those that have something to read within ten seconds; of TLS what is decrypted already counts."""
    decrypted = [side for side in sides if isinstance(side, ssl.SSLSocket) and side.pending()]
    return decrypted or select.select(list(sides), [], [], 10)[0]


class HttpProxy:
    """Remembers what it was asked for, and does it.

    Args:
        interim: What it answers before it answers.
    """

    def __init__(self, interim: bytes = b"") -> None:
        self.interim = interim
        self.requests: list[str] = []

    def __call__(self, wire: Wire) -> None:
        self.requests.append(wire.read_head())
        host, _, port = wire.request.split()[1].rpartition(":")
        relay(wire, host, int(port), self.interim + b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")


class SocksProxy:
    """Speaks SOCKS 4, 4a and 5; remembers where to, and who asked."""

    def __init__(self, *, wants_password: bool = False) -> None:
        self.wants_password = wants_password
        self.targets: list[str] = []
        self.users: list[str] = []

    def __call__(self, wire: Wire) -> None:
        if wire.read(1) == b"\x04":
            self._four(wire)
        else:
            self._five(wire)

    def _four(self, wire: Wire) -> None:
        _, port, address = struct.unpack("!BH4s", wire.read(7))
        self.users.append(self._to_zero(wire))
        host = socket.inet_ntoa(address)
        if host.startswith("0.0.0."):
            host = self._to_zero(wire)
        self.targets.append(host)
        relay(wire, "127.0.0.1", port, b"\x00\x5a" + bytes(6))

    def _to_zero(self, wire: Wire) -> str:
        return b"".join(iter(lambda: wire.read(1), b"\x00")).decode()

    def _five(self, wire: Wire) -> None:
        wire.read(wire.read(1)[0])
        wire.send(b"\x05\x02" if self.wants_password else b"\x05\x00")
        if self.wants_password:
            wire.read(1)
            user = wire.read(wire.read(1)[0])
            self.users.append((user + b" " + wire.read(wire.read(1)[0])).decode())
            wire.send(b"\x01\x00")
        kind = wire.read(4)[3]
        host = wire.read(wire.read(1)[0]).decode() if kind == 3 else socket.inet_ntoa(wire.read(4))
        self.targets.append(host)
        relay(wire, "127.0.0.1", *struct.unpack("!H", wire.read(2)), b"\x05\x00\x00\x01" + bytes(6))
