"""Arguments of documented methods: which form of a method a call fits, and whether each can be right."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

# Eleven days in seconds: poll() cannot wait for more than twice as long.
_LONGEST_WAIT = 1_000_000

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def text(name: str, value: object, *, empty: bool = False) -> str:
    """A str without unpaired surrogates, which no frame and no header could carry.

    Raises:
        TypeError: It is not a str.
        ValueError: It is empty (unless that is allowed), or cannot be written as UTF-8.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if not empty and not value.strip():
        raise ValueError(f"{name} must not be empty")
    encodable(name, value)
    return value


def encodable(name: str, value: str) -> bytes:
    """The UTF-8 of a str.

    Raises:
        ValueError: It holds an unpaired surrogate. The message does not repeat the text.
    """
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        index = error.start
    # Not raised above, where the error that holds the text would be its context.
    raise ValueError(f"{name} holds an unpaired surrogate at index {index}")


def header(name: str, value: object, *, empty: bool = False) -> str:
    """A text that can stand in a header line."""
    checked = text(name, value, empty=empty)
    if _CONTROL.search(checked):
        raise ValueError(f"{name} holds a line break or another control character")
    return checked


def header_field(name: object, value: object) -> None:
    """A header that goes over the wire as the one header it is; the messages do not show its value.

    Raises:
        TypeError: One of the two is not a str.
        ValueError: One of the two cannot be sent.
    """
    checked_name = header("the name of a header", name)
    if not _TOKEN.fullmatch(checked_name):
        raise ValueError(f"{checked_name!r} cannot be the name of a header")
    checked = header(f"header {checked_name}", value, empty=True)
    if not checked.isascii() or checked != checked.strip():
        raise ValueError(f"header {checked_name} has characters beyond ASCII, or blanks at an end")


def url(name: str, value: object, *schemes: str) -> SplitResult:
    """A URL that names a host, and neither a user nor a fragment. No message shows a password.

    Args:
        name: What it is called in the messages.
        value: The URL.
        schemes: What it may begin with.

    Returns:
        Its parts, with the host as it goes over the wire: in lower case, encoded if it goes beyond ASCII.

    Raises:
        TypeError: It is not a str.
        ValueError: It cannot be right.
    """
    checked = text(name, value, empty=True)
    shown = repr("***@" + checked.rpartition("@")[2] if "@" in checked else checked)
    if " " in checked or not checked.isprintable():
        raise ValueError(f"{name} {shown} holds blanks or control characters")
    if "#" in checked:
        raise ValueError(f"{name} {shown} has a fragment ('#…'), which is never sent")
    try:
        parts = urlsplit(checked)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError as error:
        raise ValueError(f"{name} {shown} is not a usable URL: {error}") from error
    if parts.scheme not in schemes:
        raise ValueError(f"{name} {shown} must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if not host or port == 0:
        raise ValueError(f"{name} {shown} names no host to connect to")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{name} must hold no user name and no password")
    return parts._replace(netloc=bracketed(host) if port is None else f"{bracketed(host)}:{port}")


def bracketed(host: str) -> str:
    """A host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def origin(value: object, *, empty: bool = True) -> str:
    """An origin as a browser writes it: a host beyond ASCII in its encoded form ("https://xn--9ca.example")."""
    checked = header("origin", value, empty=empty)
    scheme, separator, host = checked.rpartition("://")
    if checked and checked != "null" and not (scheme and host):
        raise ValueError(f"origin {checked!r} must have a scheme, like 'https://shop.example'")
    try:
        return checked if checked.isascii() else scheme + separator + host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError(f"origin {checked!r} names a host that cannot be encoded") from error


def tracing_id(value: str | None) -> str:
    """The tracing id that was given, or a new one."""
    return new_uuid() if value is None else text("tracingId", value)


def new_uuid() -> str:
    """A random UUID as text, made like ``str(uuid.uuid4())`` at a third of its cost; each message needs one."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def seconds(name: str, value: object, *, zero: bool = False) -> float:
    """A finite number of seconds above zero (or not below it), and as many of them as the system can wait."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        bound = "not below zero" if zero else "above zero"
        raise ValueError(f"{name} must be a finite number of seconds {bound}, not {value}")
    return float(min(value, _LONGEST_WAIT))


def whole_number(name: str, value: object) -> int:
    """An int that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if value < 0:
        raise ValueError(f"{name} must not be negative, but is {value}")
    return value


def flag(name: str, value: object) -> bool | None:
    """True, False or None."""
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{name} must be a bool or None, not {type(value).__name__}")
    return value


def instance(name: str, value: Any, kind: type[Any], *, optional: bool = False) -> Any:
    """A value of the class asked for."""
    if (value is None and optional) or isinstance(value, kind):
        return value
    raise TypeError(f"{name} must be of class {kind.__name__}, not {type(value).__name__}")


def custom_attributes(values: Mapping[str, str], limit: float | None) -> dict[str, str]:
    """Custom attributes that fit into the session.

    Args:
        values: Text by text.
        limit: How many bytes of UTF-8 all keys and values may take together, None when the server has not said.
    """
    if not isinstance(values, Mapping):
        raise TypeError(f"customAttributes must be a mapping of str to str, not {type(values).__name__}")
    size = 0
    for key, value in values.items():
        if not isinstance(key, str):
            raise TypeError(f"customAttributes: a key must be a str, not {type(key).__name__}")
        if not isinstance(value, str):
            raise TypeError(f"customAttributes: the value of {key!r} must be a str, not {type(value).__name__}")
        size += len(encodable(f"customAttributes: the key {key!a}", key))
        size += len(encodable(f"customAttributes: the value of {key!r}", value))
    if limit is not None and size > limit:
        raise ValueError(f"customAttributes take {size} bytes, and the session allows {limit:g} (maxCustomDataBytes)")
    return dict(values)


class Overloads:
    """The forms of one documented method, tried in the order given.

    A form is written as its parameters, an optional one with a question mark:
    ``Overloads("configureSession", "deploymentId origin", "deploymentId token origin startNew?")``.
    """

    def __init__(self, method: str, *forms: str) -> None:
        self._method = method
        self._forms = [_parse(form) for form in forms]

    def bind(self, args: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """Find the form that a call fits.

        Args:
            args: The positional arguments.
            named: The keyword arguments, those of the forms only.

        Returns:
            The values by parameter; an optional parameter that was not given is missing.

        Raises:
            TypeError: The call fits no form. The message prints them all.
        """
        for names, required in self._forms:
            if len(args) > len(names):
                continue
            bound = dict(zip(names, args, strict=False))
            if any(name in bound or name not in names for name in named):
                continue
            bound.update(named)
            if required.issubset(bound):
                return bound
        raise TypeError(self._complaint(args, named))

    def _complaint(self, args: Sequence[Any], named: Mapping[str, Any]) -> str:
        given = [f"{len(args)} positional argument{'' if len(args) == 1 else 's'}", *(f"{name}=" for name in named)]
        forms = [
            f"{self._method}({', '.join(name if name in required else f'{name}=None' for name in names)})"
            for names, required in self._forms
        ]
        return f"{self._method}() was called with {', '.join(given)}; its forms are: {'; '.join(forms)}"


def _parse(form: str) -> tuple[tuple[str, ...], frozenset[str]]:
    names = form.split()
    required = frozenset(name for name in names if not name.endswith("?"))
    return tuple(name.rstrip("?") for name in names), required
