"""What the tests of the REST calls have in common."""

from __future__ import annotations

import traceback

from genesys_webmessaging.rest import ApiClient, WebMessagingApi

JWT = "jwt-SECRET-4711"
PAGE = {"entities": [{"id": "m1", "type": "Text", "text": "hello"}], "pageSize": 25, "pageNumber": 1, "total": 1}
ERROR = {"message": "no such thing", "code": "not.found", "status": 404, "contextId": "c-1", "errors": []}
MESSAGES = "/api/v2/webmessaging/messages"


def fetch(server, **options):
    """Fetch one page from a server, with a client made for it."""
    with ApiClient(server.address, JWT, **options) as client:
        return WebMessagingApi(client).getWebmessagingMessages(25, 1)


def shown(error):
    """Everything that a person or a log would see of an exception."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(error)
