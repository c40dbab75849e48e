"""What stands at the end of every --help."""

from __future__ import annotations

from ._status import MEANINGS


def epilog(*examples: str) -> str:
    """The examples of a command, and the exit statuses."""
    shown = "".join(f"\n  {example}" for example in examples)
    begin = f"\b\nExamples:{shown}\n\n" if examples else ""
    statuses = "".join(f"\n  {status.value:<4} {meaning}" for status, meaning in MEANINGS.items())
    return f"{begin}\b\nExit statuses:{statuses}"
