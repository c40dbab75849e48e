"""A WebSocket client on a bare socket, for what a library would hide: frames, segments, resets."""

from __future__ import annotations

import base64
import json
import os
import socket
import ssl
import struct
import uuid

PATIENCE = 5.0
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class RawClient:
    """One connection, opened and by default configured."""

    def __init__(self, simulator, *, configure=True, origin="https://shop.example", application="raw"):
        scheme, _, authority = simulator.restAddress.partition("://")
        host, port = authority.split(":")
        self.token = str(uuid.uuid4())
        self.buffer = b""
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
        if scheme == "https":
            trust = ssl.create_default_context(cafile=simulator.caFile)
            self.socket = trust.wrap_socket(self.socket, server_hostname=host)
        key = base64.b64encode(os.urandom(16)).decode()
        head = [
            f"GET /v1?deploymentId=demo{f'&application={application}' if application else ''} HTTP/1.1",
            f"Host: {host}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            *([f"Origin: {origin}"] if origin else []),
        ]
        self.socket.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            self._receive()
        answer, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101"), answer
        if configure:
            self.request("configureSession", deploymentId="demo")
            assert self.json()["class"] == "SessionResponse"

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.socket.close()

    def request(self, action, **fields):
        """Send a request; returns its tracing id."""
        tracing_id = str(uuid.uuid4())
        frame = {"action": action, "token": self.token, "tracingId": tracing_id, **fields}
        self.send(TEXT, json.dumps(frame).encode())
        return tracing_id

    def send(self, opcode, payload=b""):
        """Send one masked frame."""
        mask = os.urandom(4)
        length = len(payload)
        size = bytes([0x80 | length]) if length < 126 else b"\xfe" + struct.pack(">H", length)
        masked = bytes(byte ^ mask[number % 4] for number, byte in enumerate(payload))
        self.socket.sendall(bytes([0x80 | opcode]) + size + mask + masked)

    def frame(self):
        """The next frame: (final, opcode, payload)."""
        first, second = self._take(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._take(8))
        return bool(first & 0x80), first & 0x7F, self._take(length)

    def json(self):
        """The next frame, which is a whole text message."""
        final, opcode, payload = self.frame()
        assert (final, opcode) == (True, TEXT), (final, opcode, payload)
        return json.loads(payload)

    def segment(self):
        """What one read of the socket brings; it stays to be read as a frame."""
        assert self.buffer == b""
        self._receive()
        return self.buffer

    def rest(self):
        """The bytes up to the end of the connection."""
        while data := self.socket.recv(65536):
            self.buffer += data
        return self.buffer

    def ending(self):
        """Read until the connection ends: "fin" or "reset"."""
        try:
            while self.socket.recv(65536):
                continue
        except ConnectionResetError:
            return "reset"
        return "fin"

    def _take(self, count):
        while len(self.buffer) < count:
            self._receive()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def _receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server ended the connection")
        self.buffer += data
