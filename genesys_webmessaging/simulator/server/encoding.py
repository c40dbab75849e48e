"""WebSocket frames as bytes, for the cases in which they must not be what a library makes of them."""

from __future__ import annotations

import json
import struct
from typing import Any

__all__ = [
    "CLOSE",
    "CONTINUATION",
    "PING",
    "PONG",
    "TEXT",
    "closeFrame",
    "encodeFrame",
    "fragments",
    "pieces",
    "toJson",
]

CONTINUATION, TEXT, CLOSE, PING, PONG = 0x0, 0x1, 0x8, 0x9, 0xA

SHORT, MEDIUM = 125, 65_535


def toJson(value: Any) -> str:
    """A value as JSON in plain UTF-8; half characters, which UTF-8 cannot write, are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def encodeFrame(payload: bytes, opcode: int = TEXT, *, final: bool = True) -> bytes:
    """One unmasked WebSocket frame, as a server sends it."""
    head = bytes([(0x80 if final else 0) | opcode])
    if len(payload) <= SHORT:
        return head + bytes([len(payload)]) + payload
    if len(payload) <= MEDIUM:
        return head + b"\x7e" + struct.pack(">H", len(payload)) + payload
    return head + b"\x7f" + struct.pack(">Q", len(payload)) + payload


def closeFrame(code: int, reason: str = "") -> bytes:
    """A close frame; code 0: one without a status."""
    return encodeFrame(struct.pack(">H", code) + reason.encode() if code else b"", CLOSE)


def pieces(data: bytes, count: int) -> list[bytes]:
    """Data cut into so many pieces of about the same length, none of them empty."""
    size = max(1, -(-len(data) // max(1, count)))
    return [data[start : start + size] for start in range(0, len(data), size)]


def fragments(payload: bytes, count: int) -> bytes:
    """A text message in several frames."""
    parts = pieces(payload, count) or [b""]
    last = len(parts) - 1
    return b"".join(
        encodeFrame(part, TEXT if number == 0 else CONTINUATION, final=number == last)
        for number, part in enumerate(parts)
    )
