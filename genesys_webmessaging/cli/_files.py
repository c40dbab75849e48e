"""Files that go up and come down again, with progress."""

from __future__ import annotations

import io
import os
import struct
import zlib

from ..attachments import downloadAttachment, uploadAttachment
from ..client import WebMessagingClient
from ..exceptions import AttachmentError
from ._screen import Screen
from ._text import one_line


def upload(client: WebMessagingClient, screen: Screen, path: str | os.PathLike[str], timeout: float) -> str:
    """Upload a file of this machine.

    Returns:
        The attachment id.
    """
    name = os.path.basename(os.fspath(path))
    with screen.progress(f"uploading {one_line(name)}") as progress:
        return uploadAttachment(client, path, progress=progress, timeout=timeout)


def upload_picture(client: WebMessagingClient, screen: Screen, name: str, picture: bytes, timeout: float) -> str:
    """Upload a picture that is in memory.

    Returns:
        The attachment id.
    """
    with screen.progress(f"uploading {name}") as progress:
        return uploadAttachment(client, picture, name, "image/png", progress=progress, timeout=timeout)


def download_picture(
    client: WebMessagingClient, screen: Screen, attachment_id: str, name: str, picture: bytes, timeout: float
) -> None:
    """Download a picture that was uploaded.

    Raises:
        AttachmentError: It is another one.
    """
    copy = io.BytesIO()
    with screen.progress(f"downloading {name}") as progress:
        downloadAttachment(client, attachment_id, copy, progress=progress, timeout=timeout)
    if copy.getvalue() != picture:
        raise AttachmentError(f"{name} came back as something else than was sent", attachmentId=attachment_id)
    screen.note(f"{name} came back byte by byte as it was sent")


def make_picture(width: int, height: int) -> bytes:
    """A PNG of coloured noise, which takes some three bytes a pixel."""
    rows = b"".join(b"\0" + os.urandom(3 * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
