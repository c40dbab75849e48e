"""HTTP answers."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from aiohttp import web

from .connection import toJson

__all__ = ["CODES", "cutting", "error_answer", "json_answer", "too_many_requests"]

cutting: ContextVar[bool] = ContextVar("cutting", default=False)  # whether this answer is to break off

CODES: Mapping[int, str] = {
    400: "bad.request",
    401: "bad.credentials",
    403: "not.authorized",
    404: "not.found",
    409: "conflict",
    429: "too.many.requests",
    500: "internal.server.error",
    503: "service.unavailable",
}


def json_answer(value: Any, status: int = 200) -> web.Response:
    """An answer with a value as JSON."""
    return web.Response(status=status, text=toJson(value), content_type="application/json")


def error_answer(
    status: int,
    message: str,
    *,
    code: str | None = None,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """An error as Genesys writes it, or with the body given."""
    correlation = str(uuid.uuid4())
    shown = {"ININ-Correlation-Id": correlation, **(headers or {})}
    if body is not None:
        shown.setdefault("Content-Type", "text/plain; charset=utf-8")
        return web.Response(status=status, body=body.encode(), headers=shown)
    document = {
        "message": message,
        "code": code or CODES.get(status, "error"),
        "status": status,
        "contextId": correlation,
        "details": [],
        "errors": [],
    }
    shown.setdefault("Content-Type", "application/json")
    return web.Response(status=status, body=json.dumps(document).encode(), headers=shown)


def too_many_requests(seconds: float) -> web.Response:
    """Something was asked for too often; it may be asked for again after so many seconds."""
    return error_answer(429, "Too many requests", headers={"Retry-After": str(max(1, math.ceil(seconds)))})
