"""Making a frame fit for a log."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["maskFrame"]

SECRETS = frozenset(
    (
        "code",
        "customer",
        "deviceToken",
        "headers",
        "idToken",
        "jwt",
        "refreshToken",
        "resumeToken",
        "sessionJoinToken",
        "token",
    )
)
QUERY = re.compile(r"(https?://[^\s\"?]+)\?[^\s\"]*")
MASK = "***"


def maskFrame(text: str) -> str:
    """A frame with its tokens, jwts, codes, presigned queries and custom attribute values replaced by ***."""
    try:
        value = json.loads(text)
    except ValueError:
        return f"<{len(text)} characters that are no JSON>"
    return json.dumps(_masked(value, ""), ensure_ascii=False)


def _masked(value: Any, name: str) -> Any:
    if name == "customAttributes" and isinstance(value, dict):
        return dict.fromkeys(value, MASK)
    if name in SECRETS and not isinstance(value, int):
        return MASK
    if isinstance(value, dict):
        return {key: _masked(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, "") for item in value]
    return QUERY.sub(rf"\1?{MASK}", value) if isinstance(value, str) else value
