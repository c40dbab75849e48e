"""What the tests of uploads and downloads have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from _peer import Guest
from _rest_server import Answer, RestServer, Seen

from genesys_webmessaging import WebMessagingClient
from genesys_webmessaging.rest import ApiClient

ATTACHMENT = "11111111-2222-3333-4444-555555555555"


@contextmanager
def running(call: Callable[..., Any], *args: Any, **named: Any) -> Iterator[Future[Any]]:
    """Within: a call that goes on on a thread of its own. Its result is awaited at the end."""
    with ThreadPoolExecutor(1, thread_name_prefix="a-test") as pool:
        yield pool.submit(call, *args, **named)


def configured(client: WebMessagingClient, origin: str = "https://shop.example") -> None:
    """Connect a client to a simulator, and configure its session."""
    client.connect("demo", origin)
    client.awaitResponse(client.configureSession("demo", origin), 5)


def impatient(client: WebMessagingClient, seconds: float = 0.3) -> None:
    """Let a client give up on silent HTTP servers soon."""
    client.setApiClient(ApiClient(client.address, readTimeout=seconds))


class Store:
    """A store of files that does what a script says, behind a socket that a test speaks on.

    Give ``reply`` to a RestServer. The guest's requests for URLs are answered by :meth:`give`.
    """

    def __init__(self, guest: Guest, server: RestServer, headers: dict[str, str | None] | None = None) -> None:
        self.guest = guest
        self.server = server
        self.headers = headers or {}

    @property
    def url(self) -> str:
        return f"{self.server.address}/bucket/file?X-Amz-Signature=URLSECRET"

    def give(self, action: str = "onAttachment", **body: Any) -> dict[str, Any]:
        """Answer the guest's next request with a presigned URL."""
        request = self.guest.receive(action)
        presigned = {"attachmentId": request["attachmentId"], "url": self.url, "headers": self.headers}
        self.guest.answer(request, "PresignedUrlResponse", {**presigned, **body})
        return request


def accepting(guest: Guest, attachmentId: Callable[[], str]) -> Callable[[Seen], Answer]:
    """A script: the store takes the file, and the guest is told of it first."""

    def answer(_: Seen) -> Answer:
        guest.send({"type": "message", "class": "UploadSuccessEvent", "code": 200, "body": {"attachmentId": attachmentId()}})
        return Answer(200)

    return answer
