"""Standard output and error that bear every text, whatever the terminal can show."""

from __future__ import annotations

import codecs
import io
import sys

# How the few signs that we use ourselves look where they cannot be written.
_PLAIN = {
    "\u2192": "->",
    "\u2026": "...",
    "\u00b7": "-",
    "\u2502": "|",
    "\u00a0": " ",
    "\u00d7": "x",
    "\u2713": "ok",
    "\u2717": "failed",
    "\u2013": "-",
}
_HANDLER = "genesys-webmessaging-plain"


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


def prepare() -> None:
    """Let the standard streams replace what their encoding has no sign for, instead of raising."""
    codecs.register_error(_HANDLER, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
