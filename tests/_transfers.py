"""What the tests of uploads and downloads have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from _fixtures import ORIGIN
from _rest_server import Answer, RestServer, Seen
from _websockets_peer import Guest, frame

from genesys_webmessaging import WebMessagingClient
from genesys_webmessaging.attachments import uploadAttachment
from genesys_webmessaging.rest import NetworkSettings

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 1000
IMPATIENT = NetworkSettings(readTimeout=0.3)


@contextmanager
def running(call: Callable[..., Any], *args: Any, **named: Any) -> Iterator[Future[Any]]:
    """Within: a call that goes on on a thread of its own."""
    with ThreadPoolExecutor(1, thread_name_prefix="a-test") as pool:
        yield pool.submit(call, *args, **named)


def configured(client: WebMessagingClient) -> None:
    """Connect a client to a simulator, and configure its session."""
    client.connect("demo", ORIGIN)
    client.awaitResponse(client.configureSession("demo", ORIGIN), 5)


@contextmanager
def uploading(
    guest: Guest,
    client: WebMessagingClient,
    server: RestServer,
    source: Any = PNG,
    headers: dict[str, str | None] | None = None,
    **named: Any,
) -> Iterator[tuple[Future[str], str]]:
    """Within: an upload of ``a.png`` to a scripted store; the attachment id is the last part of the URL's path."""
    with running(uploadAttachment, client, source, "a.png", **{"timeout": 5, **named}) as upload:
        request = guest.receive("onAttachment")
        attachmentId = request["attachmentId"]
        url = f"{server.address}/bucket/{attachmentId}?X-Amz-Signature=URL-SECRET"
        guest.answer(
            request, "PresignedUrlResponse", {"attachmentId": attachmentId, "url": url, "headers": headers or {}}
        )
        yield upload, attachmentId


def accepting(guest: Guest) -> Callable[[Seen], Answer]:
    """A store's script: the file is taken, and the guest is told so before the PUT is answered."""

    def answer(seen: Seen) -> Answer:
        guest.send(frame("UploadSuccessEvent", {"attachmentId": seen.path.rpartition("/")[2]}, type="message"))
        return Answer(200)

    return answer
