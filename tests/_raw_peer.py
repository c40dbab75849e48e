"""A server whose side of a connection is a script, byte by byte, for what no well-behaved server does."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0

PATIENCE = 10.0  # seconds for every single wait of a script


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, reserved: int = 0, mask: bytes = b"") -> bytes:
    """A frame as a server sends it, or as it must not."""
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    masked = 0x80 if mask else 0
    if len(payload) < 126:
        head += bytes([masked | len(payload)])
    elif len(payload) < 65536:
        head += bytes([masked | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([masked | 127]) + struct.pack("!Q", len(payload))
    return head + mask + (_masked(payload, mask) if mask else payload)


def text(content: str | bytes) -> bytes:
    """A message in one frame."""
    return frame(TEXT, content.encode() if isinstance(content, str) else content)


def close(code: int | None = 1000, reason: str = "") -> bytes:
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason.encode())


def _masked(payload: bytes, mask: bytes) -> bytes:
    key = int.from_bytes((mask * (len(payload) // 4 + 1))[: len(payload)], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(len(payload), "big")


class Wire:
    """The server's end of one connection.

    Attributes:
        request: The head of the handshake, once it was read.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE)
        self.sock = sock
        self.request = ""
        self._received = bytearray()

    # Out.

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def accept(self, *, extra: str = "", then: bytes = b"", key: str | None = None) -> None:
        """Read the handshake and agree to it, with more in the same write."""
        self.read_head()
        key = key or self.header("Sec-WebSocket-Key")
        digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        answer = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n{extra}\r\n"
        )
        self.send(answer.encode() + then)

    def end(self) -> None:
        """Say that nothing more comes, and leave the other direction open."""
        socket.socket.shutdown(self.sock, socket.SHUT_WR)

    def reset(self) -> None:
        """Break the connection, and lose what was on its way."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    # In.

    def read_head(self) -> str:
        """The head of an HTTP request."""
        while b"\r\n\r\n" not in self._received:
            self._more()
        self.request = self.read(self._received.index(b"\r\n\r\n") + 4)[:-4].decode()
        return self.request

    def header(self, name: str) -> str:
        """The value of a header of the request, which must be there once."""
        lines = [line.partition(":") for line in self.request.split("\r\n")[1:]]
        (value,) = [value.strip() for key, _, value in lines if key.lower() == name.lower()]
        return value

    def read(self, size: int) -> bytes:
        while len(self._received) < size:
            self._more()
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    def read_frame(self) -> tuple[int, bytes]:
        """The next frame of the client: opcode and payload. It must be masked and whole."""
        first, second = self.read(2)
        assert first & 0xF0 == 0x80, f"a client's frame began with {first:#x}"
        assert second & 0x80, "a client's frame was not masked"
        length = second & 0x7F
        if length > 125:
            length = int.from_bytes(self.read(2 if length == 126 else 8), "big")
        mask = self.read(4)
        return first & 0x0F, _masked(self.read(length), mask) if length else b""

    def read_text(self) -> str:
        opcode, payload = self.read_frame()
        assert opcode == TEXT, f"a text was due, but a frame of the kind {opcode} came"
        return payload.decode()

    def read_close(self) -> tuple[int, str]:
        """The client's close frame: code and reason. Pongs may come before it."""
        opcode, payload = self.read_frame()
        while opcode == PONG:
            opcode, payload = self.read_frame()
        assert opcode == CLOSE, f"a close frame was due, but a frame of the kind {opcode} came"
        return int.from_bytes(payload[:2], "big"), payload[2:].decode()

    def read_to_end(self) -> bytes:
        """All that still comes, until the client is gone, in whatever way."""
        with contextlib.suppress(ClientGoneError):
            while True:
                self._more()
        return self.read(len(self._received))

    def _more(self) -> None:
        try:
            data = self.sock.recv(65536)
        except TimeoutError:
            raise AssertionError(
                f"the client sent nothing for {PATIENCE:g} s; before it: {bytes(self._received[:100])!r}"
            ) from None
        except OSError as error:
            raise ClientGoneError(str(error)) from error
        if not data:
            raise ClientGoneError("the client sent no more")
        self._received += data


class ClientGoneError(Exception):
    """The client is gone while the script wanted more from it."""


class RawPeer:
    """Listens on a free port and runs a script on a thread for every connection.

    Leaving the ``with`` block waits for the scripts, and raises what one of them raised.

    Args:
        script: The server's part.
        tls: For a server behind TLS.
    """

    def __init__(self, script: Callable[[Wire], object], tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'wss' if tls else 'ws'}://127.0.0.1:{self.port}/v1?deploymentId=demo"

    def __enter__(self) -> RawPeer:
        self._acceptor = threading.Thread(target=self._accept, name="peer", daemon=True)
        self._acceptor.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        # A listener that is closed under accept() goes on waiting; shut down, it returns.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(PATIENCE)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)
        if error is None:
            assert not any(thread.is_alive() for thread in self._threads), "a script of the peer does not end"
            for failure in self._failures:
                raise failure

    def scripts(self) -> list[threading.Thread]:
        """The scripts that run at this moment, to be waited for."""
        return list(self._threads)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), name="peer script", daemon=True)
            self._threads = [*(each for each in self._threads if each.is_alive()), thread]
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            with sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(PATIENCE)
                if self._tls is None:
                    self._script(Wire(sock))
                    return
                with self._tls.wrap_socket(sock, server_side=True, suppress_ragged_eofs=True) as secure:
                    self._script(Wire(secure))
        except BaseException as failure:  # raised again in the test
            self._failures.append(failure)


def echo(wire: Wire) -> None:
    """A script that sends back every message and the close frame."""
    wire.accept()
    opcode = TEXT
    with contextlib.suppress(ClientGoneError):
        while opcode != CLOSE:
            opcode, payload = wire.read_frame()
            wire.send(frame(opcode, payload))


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A port on which connecting neither succeeds nor fails: its queue is full."""
    with socket.socket() as listener, contextlib.ExitStack() as fillers:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
