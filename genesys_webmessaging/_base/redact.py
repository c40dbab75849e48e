"""What of a frame may be shown in a log."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

MASK = "***"

# Setting this variable to anything shows the texts of messages in the log; secrets never.
SHOW_TEXT_VARIABLE = "GENESYS_WEBMESSAGING_LOG_TEXT"

# Compared without underscores, in any case of letters.
_SECRETS = frozenset(
    {
        "token",
        "jwt",
        "resumetoken",
        "refreshtoken",
        "idtoken",
        "accesstoken",
        "devicetoken",
        "sessionjointoken",
        "codeverifier",
        "nonce",
        "authorization",
    }
)
_TEXTS = frozenset({"text", "payload", "title", "description", "subtitle", "summaryText"})
_VALUES_ARE_SECRET = frozenset({"customAttributes", "headers"})
_URLS = frozenset({"url", "downloadUrl"})
_WHOLE_URL = re.compile(r"https?://\S*", re.IGNORECASE)
# A URL wherever it stands in a text. A match takes in all URLs that stand in a row, so that none is looked at twice.
_URL_IN_TEXT = re.compile(r"((?:https?|wss?)://)([^\s\"/?#]*)([^\s\"?#]*)([^\s\"]*)", re.IGNORECASE)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Mask what a log must not hold in the text of a frame.

    Tokens, jwts and codes, values of custom attributes, headers and queries of presigned
    URLs become ``***``; the texts of messages become their length.

    Args:
        text: The frame.
        secrets: What else must not be shown wherever it stands (the token of the session, for instance).

    Returns:
        JSON, or only the length of a frame that is not a JSON object.
    """
    try:
        document = json.loads(text)
        if not isinstance(document, dict):
            return f"<{len(text)} characters of JSON that are not an object>"
        if isinstance(document.get("body"), str) and document.get("class") != "string":
            document["body"] = MASK  # not the sentence of an error, so nobody knows what it is
        shown = json.dumps(_shown(document, "", "", _text_shower()), ensure_ascii=False)
    except (ValueError, RecursionError):
        return f"<{len(text)} characters that are not JSON>"
    for secret in secrets:
        if secret:
            shown = shown.replace(json.dumps(secret, ensure_ascii=False)[1:-1], MASK)
    # No handler could write an unpaired surrogate.
    return shown.encode("utf-8", "backslashreplace").decode("utf-8")


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


def _shown(value: Any, key: str, parent: str, show_text: Callable[[str], str]) -> Any:
    """A value as it may be shown, which stands under a key; ``parent`` is the key of the object that holds it."""
    if key.replace("_", "").casefold() in _SECRETS or (key == "code" and parent in {"data", "oauth"}):
        return MASK if value else value
    if key in _VALUES_ARE_SECRET and value:
        return dict.fromkeys(value, MASK) if isinstance(value, dict) else MASK
    if isinstance(value, dict):
        return {inner: _shown(member, inner, key, show_text) for inner, member in value.items()}
    if isinstance(value, list):
        return [_shown(one, key, parent, show_text) for one in value]
    if not isinstance(value, str):
        return value
    # The envelope's body may be the sentence of an error; any other is what somebody said.
    if key in _TEXTS or (key == "body" and parent):
        return show_text(value)
    if key in _URLS or _WHOLE_URL.fullmatch(value):
        return redact_url(value)
    return _URL_IN_TEXT.sub(_bare, value)


def _bare(url: re.Match[str]) -> str:
    scheme, authority, path, rest = url.groups()
    return f"{scheme}{authority.rpartition('@')[2]}{path}{f'{rest[0]}{MASK}' if len(rest) > 1 else rest}"
