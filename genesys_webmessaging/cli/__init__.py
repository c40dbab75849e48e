"""The command line: ``genesys-webmessaging``, or ``python -m genesys_webmessaging``.

It needs the extra ``cli`` (click, rich and prompt_toolkit), and for ``demo`` and ``simulate`` the extra
``simulator`` too; ``demo`` is both. Nothing else in the package imports it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]

# The extra that brings what is imported, by its name.
_EXTRAS = {
    **dict.fromkeys(
        ("aiohttp", "click", "jinja2", "jsonpath_ng", "prompt_toolkit", "pydantic", "rich", "trustme", "yaml"), "demo"
    ),
    "locust": "demo,locust",
}
_USAGE = 2


def main(args: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        args: The arguments after the program's name; those of the process if None.

    Returns:
        The exit status, as ``genesys-webmessaging --help`` explains it.
    """
    try:
        from ._app import run

        return run(args)
    except ImportError as error:
        missing = _missing(error)
        if missing is None:
            raise
        sys.stderr.write(
            f"Error: this command needs the package {missing}: "
            f"pip install 'genesys-webmessaging[{_EXTRAS[missing]}]' brings it.\n"
        )
        return _USAGE


def _missing(error: BaseException | None) -> str | None:
    """Which package of an extra an import error is about, perhaps by way of the error that it was raised from."""
    while error is not None:
        name = (getattr(error, "name", None) or "").partition(".")[0]
        if name in _EXTRAS:
            return name
        error = error.__cause__
    return None
