"""A WebSocket server for measurements, in a process of its own, that sends frames as fast as it can.

Plain sockets and hand-made frames, so that it costs next to nothing and shares no code with what is measured.
Run by the other scripts here: ``python _firehose.py [certificate key]`` prints its port.

A client says ``{"send": kind, "count": n}``, or the message "send kind n", which is echoed, and gets n frames of that
kind. A session is configured, an echo request is echoed, and a message is answered by its echo; one that says "What is
new?" by a message of the other side, too, and one that says "nothing to say to this" by nothing.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

_numbers = itertools.count()
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def document(kind: str) -> dict:
    """One message as the service sends it: text (some 300 bytes), typing, or rich (some 3 KB)."""
    channel = {
        "time": "2026-11-22T10:00:00.123Z",
        "type": "Private",
        "messageId": "0f8d6bd7d8a3f4cbd2e5b8d9f1a2b3c4",
        "from": {"nickname": "Ada", "image": "https://cdn.example/ada.png"},
        "to": {},
    }
    body: dict = {"id": "a1b2c3d4e5f60718293a4b5c6d7e8f90", "direction": "Outbound", "channel": channel}
    if kind == "text":
        body.update(type="Text", text="Hello, and welcome to the shop. What can I do for you today?")
    elif kind == "typing":
        body.update(type="Event", events=[{"eventType": "Typing", "typing": {"type": "On", "duration": 5000}}])
    else:
        card = {
            "title": "A pair of shoes, size 42",
            "description": "Leather, made by hand, delivered within two days.",
            "image": "https://cdn.example/shoes/42.png",
            "defaultAction": {"type": "Link", "url": "https://shop.example/shoes/42"},
            "actions": [
                {"type": "Postback", "text": "Buy", "payload": "buy-42"},
                {"type": "Link", "text": "Look", "url": "https://shop.example/shoes/42"},
            ],
        }
        replies = [{"text": f"Answer {n}", "payload": f"answer-{n}", "action": "Message"} for n in range(5)]
        file = {"id": "att-1", "filename": "a.png", "mime": "image/png", "mediaType": "Image", "fileSize": 2048}
        carousel = {"contentType": "Carousel", "carousel": {"cards": [card] * 4}}
        body.update(
            type="Structured",
            text="Look at these",
            content=[
                carousel,
                {"contentType": "Card", "card": card},
                *({"contentType": "QuickReply", "quickReply": reply} for reply in replies),
                {"contentType": "Attachment", "attachment": file},
            ],
            metadata={"correlationId": "c-1", "authenticated": "false"},
        )
    return {"type": "message", "class": "StructuredMessage", "code": 200, "body": body}


def frame(text: str) -> bytes:
    """A whole text frame, unmasked, as a server sends it."""
    payload = text.encode()
    if len(payload) < 126:
        return bytes((0x81, len(payload))) + payload
    if len(payload) < 65536:
        return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload
    return b"\x81\x7f" + len(payload).to_bytes(8, "big") + payload


class Firehose:
    """The server as the scripts use it: ``with Firehose() as server: server.address``."""

    def __init__(self, certificate: tuple[str, str] | None = None) -> None:
        self._certificate = certificate

    def __enter__(self) -> Firehose:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), *(self._certificate or ())], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        port = int(self._process.stdout.readline())
        host = "localhost" if self._certificate else "127.0.0.1"
        self.address = f"{'wss' if self._certificate else 'ws'}://{host}:{port}/v1"
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait()


def _serve(sock: socket.socket) -> None:
    stream = sock.makefile("rb", buffering=65536)
    try:
        headers = {}
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        accept = base64.b64encode(hashlib.sha1(headers[b"sec-websocket-key"] + _MAGIC).digest()).decode()
        sock.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n"
        )
        while True:
            opcode, payload = _read_frame(stream)
            if opcode == 8:
                sock.sendall(bytes((0x88, len(payload))) + payload)
                return
            if opcode != 1:
                continue
            order = json.loads(payload)
            said = order.get("message", {}).get("text") or ""
            if said.startswith("send "):
                sock.sendall(b"".join(map(frame, _answers(order))))
                order["send"], order["count"] = said.split()[1], int(said.split()[2])
            if "send" in order:
                _send_many(sock, frame(json.dumps(document(order["send"]))), order["count"])
            else:
                sock.sendall(b"".join(map(frame, _answers(order))))
    except (OSError, EOFError, ValueError):
        return
    finally:
        sock.close()


def _answers(order: dict) -> list[str]:
    """The frames that answer a request."""
    text = order.get("message", {}).get("text")
    if order.get("action") == "configureSession":
        body = {"connected": True, "newSession": True}
        session = {"type": "response", "class": "SessionResponse", "code": 200, "body": body}
        return [json.dumps({**session, "tracingId": order.get("tracingId")})]
    if text == "nothing to say to this":
        return []
    echo = _named(document("text"))
    echo["body"].update(direction="Inbound", text=text)
    echo["tracingId"] = order.get("tracingId")
    return [json.dumps(echo), *([json.dumps(_named(document("text")))] if text == "What is new?" else [])]


def _named(message: dict) -> dict:
    """A message under a name of its own, without which it is taken for the one before."""
    body = message["body"]
    body["id"] = body["channel"]["messageId"] = f"{next(_numbers):032x}"
    return message


def _send_many(sock: socket.socket, one: bytes, count: int) -> None:
    batch = max(1, 262144 // len(one))
    block = one * batch
    for _ in range(count // batch):
        sock.sendall(block)
    sock.sendall(one * (count % batch))


def _read_frame(stream) -> tuple[int, bytes]:
    head = _exactly(stream, 2)
    length = head[1] & 0x7F
    if length > 125:
        length = int.from_bytes(_exactly(stream, 2 if length == 126 else 8), "big")
    mask = _exactly(stream, 4)
    payload = _exactly(stream, length)
    key = (mask * (length // 4 + 1))[:length]
    return head[0] & 0x0F, (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(length, "big")


def _exactly(stream, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    context = None
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    print(listener.getsockname()[1], flush=True)
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_secured, args=(sock, context), daemon=True).start()


def _secured(sock: socket.socket, context: ssl.SSLContext | None) -> None:
    try:
        _serve(context.wrap_socket(sock, server_side=True) if context else sock)
    except OSError as error:
        print(f"a connection failed: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
