"""What of a frame may be shown in a log."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

MASK = "***"

# Setting this variable to anything shows the texts of messages in the log; secrets never.
SHOW_TEXT_VARIABLE = "GENESYS_WEBMESSAGING_LOG_TEXT"

_SECRETS = frozenset(
    {
        "token",
        "jwt",
        "resumeToken",
        "refreshToken",
        "idToken",
        "accessToken",
        "deviceToken",
        "sessionJoinToken",
        "codeVerifier",
        "nonce",
        "authorization",
    }
)
_TEXTS = frozenset({"text", "payload", "title", "description", "subtitle", "summaryText"})
_VALUES_ARE_SECRET = frozenset({"customAttributes", "headers"})
_URLS = frozenset({"url", "downloadUrl"})
_WEB = ("http://", "https://")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Mask what a log must not hold in the text of a frame.

    Tokens, jwts and codes, values of custom attributes, headers and queries of presigned
    URLs become ``***``; the texts of messages become their length.

    Args:
        text: The frame.
        secrets: What else must not be shown wherever it stands (the token of the session, for instance).

    Returns:
        JSON, or only the length of a frame that is no JSON object.
    """
    try:
        document = json.loads(text)
        if not isinstance(document, dict):
            return f"<{len(text)} characters of JSON that are no object>"
        if isinstance(document.get("body"), str) and document.get("class") != "string":
            document["body"] = MASK  # not the sentence of an error, so nobody knows what it is
        shown = json.dumps(_shown(document, "", _text_shower()), ensure_ascii=False)
    except (ValueError, RecursionError):
        return f"<{len(text)} characters that are not JSON>"
    for secret in secrets:
        if secret:
            shown = shown.replace(json.dumps(secret, ensure_ascii=False)[1:-1], MASK)
    return shown


def redact_url(url: str) -> str:
    """A URL without its query, which is where presigned ones keep their signature."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    bare = parts._replace(query=MASK if parts.query else "", fragment="", netloc=parts.netloc.rpartition("@")[2])
    return bare.geturl()


def _text_shower() -> Callable[[str], str]:
    if os.environ.get(SHOW_TEXT_VARIABLE):
        return lambda text: text
    return lambda text: f"<{len(text)} characters>"


def _shown(value: Any, parent: str, show_text: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_shown(one, parent, show_text) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: _shown_member(key, member, parent, show_text) for key, member in value.items()}


def _shown_member(key: str, member: Any, parent: str, show_text: Callable[[str], str]) -> Any:
    if key in _SECRETS or (key == "code" and parent in {"data", "oauth"}):
        return MASK if member else member
    if key in _VALUES_ARE_SECRET and member:
        return dict.fromkeys(member, MASK) if isinstance(member, dict) else MASK
    if isinstance(member, str):
        if key in _TEXTS:
            return show_text(member)
        if key in _URLS or member.startswith(_WEB):
            return redact_url(member)
    return _shown(member, key, show_text)
