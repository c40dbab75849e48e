"""Which MIME types a list of allowed ones covers."""

from __future__ import annotations

import re
from collections.abc import Iterable

# What Java's FileUtils takes for a type (no parameters, no wildcards), with the hyphens that it refuses.
_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)


def covers(allowed: Iterable[str | None], mime_type: str) -> bool:
    """Tell whether a MIME type is among those allowed.

    Args:
        allowed: Types in any case, also ``image/*`` and ``*/*``.
        mime_type: The type asked for, without parameters.

    Returns:
        False also for text that is no MIME type at all.
    """
    asked = mime_type.lower()
    if not _TYPE.fullmatch(asked):
        return False
    family = asked.partition("/")[0]
    wanted = {asked, f"{family}/*", "*/*"}
    return any(one is not None and one.lower() in wanted for one in allowed)
