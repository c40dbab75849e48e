"""history: getHistory and WebMessagingApi, against the scripted REST server of the recordings.

Java cannot read the history as published, so its ``patched`` recordings had an authentication injected. Ours gets its
jwt as a guest does, over the socket.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from genesys_webmessaging import ApiClient, RetryConfiguration, WebMessagingApi, WebMessagingClient
from genesys_webmessaging.models import WebMessagingMessageEntityList
from genesys_webmessaging.rest import ApiResponse, Configuration

from . import calls
from .facts import ABSENT, Fields, dump
from .peer import Peer, Reply, Request
from .recorder import Log, still_receiving
from .recordings import Case
from .stage import DEPLOYMENT, TOKEN, Stage, stage

ORIGIN = "https://origin.example"
FAR_FUTURE = 4102444800
_PUSHED_JWT = "eyJ.pushed"
_FETCHED_JWT = "eyJ.fetched"
_QUERIES_RECORDED = 12

# The bodies of the answers with status 200 that were not the usual page. They were not recorded; these are what the
# names, the answers and the errors of the recordings speak of.
_ODD_PAGES: Mapping[str, bytes] = {
    "patched.bad_json": b"not json",
    "patched.empty_object": b"{}",
    "patched.entities_null": b'{"entities": null}',
    "patched.entities_null_page2": b'{"entities": null}',
    "patched.empty_200_body": b"",
    "patched.bad_date": b'{"entities": [{"id": "a", "channel": {"time": "yesterday"}}], "total": 5}',
    "patched.unknown_enum_values": json.dumps(
        {
            "entities": [
                {
                    "id": "a",
                    "channel": {"time": "2023-09-07T18:59:00.000Z"},
                    "type": "Hologram",
                    "content": [{"contentType": "Hologram"}],
                    "events": [{"eventType": "Hologram"}],
                    "direction": "Sideways",
                    "originatingEntity": "Oracle",
                }
            ],
            "total": 5,
        }
    ).encode(),
}


def replay(case: Case) -> tuple[Any, Any]:
    """Java's facts and ours."""
    if case.id == "patched.two_clients_last_wins":
        return _two_clients(case)
    log = Log()
    with stage(log=log) as scene:
        server = Server(case.data["server_messages"], case.data["server_fail"], case.id)
        scene.peer.on_rest = server.answer
        scene.peer.on_text = fetch_jwt
        api_client = _set_up(scene, case.data["setup"])
        outcome = calls.outcome(_call_of(scene.client, api_client, case))
        _close(api_client)
        observed = {"outcome": _described(outcome), **server.facts(scene.peer.port)}
    return _expected(case), observed


def context(case: Case) -> Mapping[str, Any]:
    """What a row may name: Java's requests without the last one, how many messages came, and the jwt that we send."""
    outcome = case.data["outcome"]
    done = outcome.get("ok", {}) if isinstance(outcome, dict) else {}
    setup = case.data.get("setup", ())
    jwt: Any = _PUSHED_JWT if "jwt" in setup else _FETCHED_JWT
    if "call" in case.data:
        jwt = next((step["accessToken"] for step in setup if "accessToken" in step), None)
    return {
        "$one_less": case.data["rest_requests"] - 1,
        "$queries_but_last": (case.data.get("queries") or [None])[:-1],
        "$count": done.get("entities_count"),
        "$authorization": ABSENT if jwt is None else f"Bearer {jwt}",
    }


class Server:
    """The REST server of the recordings: so many messages, and a list of failures to begin with."""

    def __init__(self, messages: int, failures: Sequence[int | None] = (), name: str = "") -> None:
        self._name = name
        self._total = messages
        self._failures = list(failures)
        self.requests: list[Request] = []

    def answer(self, request: Request) -> Reply:
        """The answer to one request, a failure as long as there are some."""
        self.requests.append(request)
        failure = self._failures.pop(0) if self._failures else None
        if failure is None:
            return self._page(request)
        if failure in (200, 204):
            return Reply(failure, self._odd_page() if failure == 200 else b"")
        headers = {"Content-Type": "application/json", **self._retry_after()}
        if self._name == "patched.error_500_empty_body":
            return Reply(failure, b"", headers)
        body = f'{{"message":"err","code":"x","status":{failure},"contextId":"cid"}}'
        return Reply(failure, body.encode(), headers)

    def facts(self, port: int) -> dict[str, Any]:
        """What was asked for."""
        facts: dict[str, Any] = {
            "rest_requests": len(self.requests),
            "queries": [_query(each) for each in self.requests[:_QUERIES_RECORDED]],
            "first_request": None,
        }
        if self.requests:
            first = self.requests[0]
            facts["first_request"] = {
                "method": first.method,
                "target": first.target,
                "headers": {name: value.replace(str(port), "<PORT>") for name, value in first.headers},
                "body": first.body.decode(),
            }
        return facts

    def _page(self, request: Request) -> Reply:
        asked = dict(_query(request))
        size = int(asked.get("pageSize", 25))
        number = int(asked.get("pageNumber", 1))
        start = (number - 1) * size
        if self._name == "patched.duplicate_page_forever":
            start, number = 0, 1
        page = {
            "entities": [entity(index) for index in range(start, min(start + size, self._total))],
            "pageSize": size,
            "pageNumber": number,
            "total": self._total,
            "pageCount": -(-self._total // size),
        }
        return Reply(200, json.dumps(page).encode())

    def _odd_page(self) -> bytes:
        if self._name.startswith("patched.date."):
            time = self._name.removeprefix("patched.date.")
            channel = {"time": int(time) if time.isdigit() else time}
            return json.dumps({"entities": [{"id": "a", "channel": channel}], "total": 0}).encode()
        return _ODD_PAGES[self._name]

    def _retry_after(self) -> dict[str, str]:
        # The date of the recording has come or will come; a second from now it is always the same case.
        soon = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=1), usegmt=True)
        return {
            "patched.retry_429_after_1": {"Retry-After": "1"},
            "patched.retry_429_lowercase_header": {"retry-after": "1"},
            "patched.retry_429_http_date": {"Retry-After": soon},
        }.get(self._name, {})


def entity(index: int) -> dict[str, Any]:
    """A message of the recordings' server."""
    time = f"2023-09-07T18:{index // 60 % 60:02d}:{index % 60:02d}.{index % 1000:03d}Z"
    return {
        "id": f"msg-{index:05d}",
        "channel": {
            "time": time,
            "messageId": f"chan-{index:05d}",
            "from": {"firstName": "Ada", "nickname": "ada"},
            "to": {},
        },
        "type": "Text",
        "text": f"message number {index} — café 👋",
        "direction": "Inbound" if index % 2 else "Outbound",
        "originatingEntity": "Human",
        "status": "Delivered",
        "metadata": {"correlationId": f"corr-{index}"},
    }


def _query(request: Request) -> list[list[str]]:
    return [list(pair) for pair in parse_qsl(urlsplit(request.target).query, keep_blank_values=True)]


def _set_up(scene: Stage, setup: list[Any]) -> ApiClient | None:
    """What was done before the call, in the order of the recording."""
    options: dict[str, Any] = {}
    for step in setup:
        options.update(step if isinstance(step, dict) else {})
    if "connect" in setup:
        scene.connect()
    if "configure" in setup:
        assert scene.wire is not None
        scene.client.configureSession(DEPLOYMENT, TOKEN, ORIGIN)
        scene.wire.wait_for_texts(1)
    api_client = None
    if "apiClient" in setup:
        api_client = _api_client(scene.peer, options)
        scene.client.setApiClient(api_client)
    if "jwt" in setup:
        assert scene.wire is not None
        scene.wire.send_text(_jwt(_PUSHED_JWT))
        still_receiving(scene.log, scene.wire)
    return api_client


def _api_client(peer: Peer, options: Mapping[str, Any], path: str = "", origin: str = ORIGIN) -> ApiClient:
    builder = ApiClient.Builder.standard().withBasePath(f"http://127.0.0.1:{peer.port}{path}")
    builder.withDefaultHeader("Origin", origin)
    if "accessToken" in options:
        builder.withAccessToken(options["accessToken"])
    if "shouldThrowErrors" in options:
        builder.withShouldThrowErrors(options["shouldThrowErrors"])
    if "maxRetryTimeSec" in options:
        builder.withRetryConfiguration(RetryConfiguration(maxRetryTimeSec=options["maxRetryTimeSec"]))
    return builder.build()


def _close(api_client: ApiClient | None) -> None:
    if api_client is not None:
        api_client.close()


def _call_of(client: WebMessagingClient, api_client: ApiClient | None, case: Case) -> Callable[[], Any]:
    asked = case.data.get("call")
    if asked is None:
        return client.getHistory
    api = WebMessagingApi(api_client)
    if asked.get("withHttpInfo"):
        return lambda: api.getWebmessagingMessagesWithHttpInfo(asked["pageSize"], asked["pageNumber"])
    if case.id == "rest.two_clients_share_default_api_client":
        return lambda: _by_default(client, asked)
    return lambda: api.getWebmessagingMessages(asked["pageSize"], asked["pageNumber"])


def _by_default(client: WebMessagingClient, asked: Mapping[str, Any]) -> Any:
    """A call by the default ApiClient, which here is another than the one that the client was given."""
    with ApiClient(f"http://{urlsplit(client.address).netloc}/default") as default:
        Configuration.setDefaultApiClient(default)
        try:
            return WebMessagingApi().getWebmessagingMessages(asked["pageSize"], asked["pageNumber"])
        finally:
            Configuration.setDefaultApiClient(None)


def _described(outcome: dict[str, Any]) -> dict[str, Any]:
    """A list of messages as the recordings describe it."""
    value = outcome.get("ok")
    if isinstance(value, WebMessagingMessageEntityList):
        return {"ok": _described_list(value)}
    if isinstance(value, ApiResponse):
        return {
            "ok": {
                "returns": "ApiResponseWrapper",
                "getStatusCode": value.statusCode,
                "getStatusReasonPhrase": value.statusReasonPhrase,
                "getCorrelationId": value.correlationId,
                "getRawBody": value.rawBody,
                "getHeaders": value.headers,
            }
        }
    return outcome


def _described_list(value: WebMessagingMessageEntityList) -> dict[str, Any]:
    ids = [each.id for each in value.entities]
    return {
        "returns": type(value).__name__,
        "entities_count": len(ids),
        "first_ids": ids[:3],
        "last_ids": ids[-3:],
        "in_server_order": ids == sorted(ids),
        "first_entity": dump(value.entities[0]) if ids else None,
        "rest": Fields(
            pageSize=value.pageSize, pageNumber=value.pageNumber, total=value.total, pageCount=value.pageCount
        ),
    }


def _expected(case: Case) -> dict[str, Any]:
    recorded = case.data
    outcome = recorded["outcome"]
    return {
        "outcome": {"ok": outcome["ok"]} if "ok" in outcome else calls.recorded_outcome(outcome),
        "rest_requests": recorded["rest_requests"],
        "queries": recorded["queries"],
        "first_request": recorded["first_request"]
        and recorded["first_request"] | {"headers": dict(recorded["first_request"]["headers"])},
    }


def _two_clients(case: Case) -> tuple[Any, Any]:
    log = Log()
    with stage(log=log) as scene:
        server = Server(1)
        scene.peer.on_rest = server.answer
        scene.peer.on_text = fetch_jwt
        wire = scene.connect()
        scene.client.configureSession(DEPLOYMENT, TOKEN, ORIGIN)
        wire.wait_for_texts(1)
        first = _api_client(scene.peer, {}, "/tenantA", "https://tenantA")
        second = _api_client(scene.peer, {}, "/tenantB", "https://tenantB")
        scene.client.setApiClient(first)
        other = WebMessagingClient(scene.peer.address)
        other.setApiClient(second)
        outcome = calls.outcome(scene.client.getHistory)
        _close(first)
        _close(second)
    return {name: case.data[name] for name in ("outcome", "rest_requests", "targets", "origin")}, {
        "outcome": "ok" if "ok" in outcome else outcome,
        "rest_requests": len(server.requests),
        "targets": [each.target for each in server.requests],
        "origin": sorted({each.header("Origin") or "" for each in server.requests}),
    }


def _jwt(jwt: str, tracingId: str | None = None) -> str:
    frame = {"type": "response", "class": "JwtResponse", "code": 200, "body": {"jwt": jwt, "exp": FAR_FUTURE}}
    return json.dumps(frame if tracingId is None else frame | {"tracingId": tracingId})


def fetch_jwt(text: str) -> list[str]:
    """What a server says to getJwt."""
    frame = json.loads(text)
    return [_jwt(_FETCHED_JWT, frame["tracingId"])] if frame["action"] == "getJwt" else []
