"""Bytes into messages: the library's reader with our bounds, and the fast path, without a socket."""

from __future__ import annotations

import contextlib
import itertools
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from _raw_peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close, frame, text
from hypothesis import given
from hypothesis import strategies as st
from websocket import ABNF, WebSocket, WebSocketConnectionClosedException

from genesys_webmessaging._wire.guest_socket import GuestSocket, ViolationError, close_of, text_frame, text_of

MEGABYTE = 1024 * 1024


class Chunks:
    """What a GuestSocket is given in place of a connection: bytes, read by read."""

    may_read = True

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = filter(None, chunks)
        self.answers: list[tuple[int, bytes | str]] = []

    def receive(self) -> bytes:
        for chunk in self._chunks:
            return chunk
        raise WebSocketConnectionClosedException("That was all")

    def send_frame(self, answer: ABNF) -> int:
        self.answers.append((answer.opcode, answer.data))
        return 0

    def close(self, *_: Any) -> None:
        raise AssertionError("the library closes by itself")

    abort = close


def arrivals_of(chunks: Iterable[bytes], limit: int) -> Iterator[object]:
    """Texts, pings and the close frame, one by one, read as a connection reads them."""
    source = Chunks(chunks)
    guest_socket = GuestSocket(max_message_size=limit, skip_utf8_validation=True)
    guest_socket.join(source, b"")
    while True:
        if texts := guest_socket.recv_texts():
            yield from texts
            continue
        opcode, arrived = guest_socket.recv_data_frame(control_frame=True)
        if opcode == TEXT:
            yield text_of(arrived.data)
        elif opcode == PING:
            assert source.answers.pop() == (PONG, arrived.data)
            yield "ping", arrived.data
        elif opcode == CLOSE:
            yield "close", *close_of(arrived.data)
            return


def decode(*chunks: bytes, limit: int = 64 * MEGABYTE) -> list[object]:
    """Everything that comes of these bytes, the violation at the end included."""
    arrived: list[object] = []
    try:
        for each in arrivals_of(chunks, limit):
            arrived.append(each)
    except ViolationError as violation:
        arrived.append((violation.code, str(violation)))
    except WebSocketConnectionClosedException:
        pass
    return arrived


def chop(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, list[object]]:
    """Frames of a server that keeps the rules, and what is to come of them."""
    stream, arrivals = b"", []
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["text", "fragments", "binary", "ping", "pong"]))
        content = draw(st.text(max_size=draw(st.sampled_from([3, 200]))) | st.just("x" * 70_000))
        payload = content.encode()
        if kind == "text":
            stream += frame(TEXT, payload)
        elif kind == "binary":
            stream += frame(BINARY, payload)
            continue
        elif kind == "fragments":
            pieces = chop(payload, draw(st.lists(st.integers(0, 1000), max_size=5))) or [b""]
            for n, piece in enumerate(pieces):
                last = n == len(pieces) - 1
                stream += frame(CONTINUATION if n else TEXT, piece, fin=last)
                if not last and draw(st.booleans()):
                    stream += frame(PING, b"between")
                    arrivals.append(("ping", b"between"))
        else:
            stream += frame(PING if kind == "ping" else PONG, payload[:125])
            if kind == "ping":
                arrivals.append(("ping", payload[:125]))
            continue
        arrivals.append(content)
    return stream, arrivals


@given(messages(), st.lists(st.integers(0, 100_000), max_size=10))
def test_however_the_bytes_are_cut_the_same_comes_of_them(made: tuple[bytes, list[object]], cuts: list[int]):
    stream, arrivals = made
    assert decode(stream + close(4000, "end")) == [*arrivals, ("close", 4000, "end")]
    assert decode(*chop(stream + close(4000, "end"), cuts)) == [*arrivals, ("close", 4000, "end")]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=10))
def test_any_bytes_at_all_give_arrivals_or_a_violation_and_cutting_changes_nothing(data: bytes, cuts: list[int]):
    assert decode(*chop(data, cuts)) == decode(data)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=130)), max_size=6), st.lists(st.integers(0, 800)))
def test_frames_of_any_kind_give_arrivals_or_a_violation(frames: list[tuple[int, bytes]], cuts: list[int]):
    data = b"".join(bytes([first]) + frame(TEXT, payload)[1:] for first, payload in frames)
    assert decode(*chop(data, cuts)) == decode(data)


@pytest.mark.parametrize("size", [0, 1, 2, 125, 126, 65535])
def test_a_text_that_has_come_whole_waits_for_nothing_behind_it(size: int):
    guest_socket = GuestSocket(max_message_size=MEGABYTE, skip_utf8_validation=True)
    source = Chunks([])
    guest_socket.join(source, text(b"x" * size) * 2)

    assert guest_socket.recv_texts() == ["x" * size] * 2


def test_texts_before_a_text_that_is_not_utf8_are_delivered_first():
    assert decode(text("a") + text(b"\xff") + text("b")) == ["a", (1007, "The server sent a text that is not UTF-8")]


@pytest.mark.parametrize(
    "too_big",
    [
        frame(TEXT, b"x" * 1001),
        frame(BINARY, b"x" * 1001),
        frame(TEXT, b"x" * 600, fin=False) + frame(CONTINUATION, b"x" * 401),
        frame(TEXT, b"x" * 600, fin=False) + frame(PING) + frame(CONTINUATION, b"x" * 401, fin=False),
        frame(TEXT, b"x" * 70_000),
        b"\x81\x7f" + b"\xff" * 8,
        b"\x81\x7f" + (1 << 40).to_bytes(8, "big"),
    ],
)
def test_a_message_over_the_limit_is_refused_by_its_header(too_big: bytes):
    within = [frame(TEXT, b"x" * 1000), frame(TEXT, b"x" * 600, fin=False), frame(CONTINUATION, b"y" * 400)]
    arrived = decode(*within, too_big, limit=1000)
    assert arrived[:2] == ["x" * 1000, "x" * 600 + "y" * 400]
    assert arrived[-1] == (1009, "The server sent a message of more than 1000 bytes, which is the limit")


def test_the_limit_is_checked_before_memory_is_spent():
    header = b"\x81\x7f" + (32 * MEGABYTE).to_bytes(8, "big")
    with pytest.raises(ViolationError):
        list(arrivals_of([header], MEGABYTE))


def peak_of(chunks: Iterable[bytes]) -> int:
    """The most memory that decoding these took, and whatever else the process did, when what arrives is let go."""
    tracemalloc.start()
    try:
        with contextlib.suppress(WebSocketConnectionClosedException):
            for _ in arrivals_of(chunks, 64 * MEGABYTE):
                continue
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [1, 16, 100])
def test_bytes_that_drip_cost_no_memory_of_their_own(size: int):
    whole = frame(TEXT, b"x" * 100_000)
    assert peak_of(whole[at : at + size] for at in range(0, len(whole), size)) < 3 * len(whole)


def test_fragments_without_content_cost_no_memory():
    begun = frame(TEXT, b"", fin=False)
    assert peak_of(itertools.chain([begun], [frame(CONTINUATION, b"", fin=False)] * 30_000)) < 200_000


def test_pings_and_pongs_without_end_cost_no_memory():
    # 1.3 MB come, and what other threads take meanwhile counts, too.
    assert peak_of([frame(PING, b"x" * 125) + frame(PONG, b"y" * 125)] * 5_000) < 600_000


class CountedBytes(bytes):
    """Bytes that count how many of them were copied out."""

    copied = 0

    def __getitem__(self, key: object) -> object:  # type: ignore[override]
        taken = super().__getitem__(key)  # type: ignore[index]
        if isinstance(taken, bytes):
            CountedBytes.copied += len(taken)
        return taken


@pytest.mark.parametrize("fragment", [None, 1000, 65_536])
def test_sixteen_megabytes_are_decoded_in_linear_work(fragment: int | None):
    """Counted in bytes copied, as time depends on the machine: four times the message, four times the work."""

    def work(size: int) -> int:
        payload = b"x" * size
        step = fragment or size
        pieces = [payload[at : at + step] for at in range(0, size, step)]
        frames = [frame(CONTINUATION if n else TEXT, piece, fin=n == len(pieces) - 1) for n, piece in enumerate(pieces)]
        stream = b"".join(frames)
        CountedBytes.copied = 0
        chunks = [CountedBytes(stream[at : at + 65_536]) for at in range(0, len(stream), 65_536)]
        assert decode(*chunks) == ["x" * size]
        return CountedBytes.copied

    assert work(16 * MEGABYTE) <= 4.1 * work(4 * MEGABYTE)
    assert CountedBytes.copied <= 2.1 * 16 * MEGABYTE


@pytest.mark.parametrize("size", [*range(10), 124, 125, 126, 127, 128, 65535, 65536, 65537, 300_000])
def test_what_is_sent_is_what_the_librarys_frame_would_be(size: int):
    text = ("ü" + "x" * size)[:size]
    made = text_frame(text)
    library = ABNF.create_frame(text, ABNF.OPCODE_TEXT)
    head = len(made) - len(text.encode())
    library.get_mask_key = lambda _: made[head - 4 : head]
    assert made == library.format()


def test_every_frame_has_a_mask_of_its_own():
    assert len({text_frame("")[2:6] for _ in range(20)}) > 10


def test_a_control_frame_of_every_size_up_to_125_is_taken():
    for size in range(126):
        assert decode(frame(PING, b"x" * size)) == [("ping", b"x" * size)]
    assert decode(frame(CLOSE, b"\x0f\xa0" + b"x" * 123)) == [("close", 4000, "x" * 123)]


def test_the_library_reads_what_is_not_a_run_of_whole_texts(monkeypatch: pytest.MonkeyPatch):
    """A parser of ours beside the library's would pass every other test here."""
    read: list[int] = []
    whole = WebSocket.recv_data_frame

    def counted(self: WebSocket, control_frame: bool = False) -> Any:
        opcode, arrived = whole(self, control_frame)
        read.append(opcode)
        return opcode, arrived

    monkeypatch.setattr(WebSocket, "recv_data_frame", counted)
    fragments = frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b")
    decode(text("fast") + frame(PING) + fragments + text("x" * 70_000) + text("fast") + close(1000))
    assert read == [PING, TEXT, TEXT, CLOSE]


def test_nobody_but_the_reader_reads():
    source = Chunks([frame(PING)])
    guest_socket = GuestSocket(max_message_size=MEGABYTE)
    guest_socket.join(source, b"")
    source.may_read = False
    for read in (guest_socket.recv, guest_socket.recv_data, guest_socket.recv_frame):
        with pytest.raises(OSError, match="a reader of its own"):
            read()
