"""Raising an error that was kept."""

from __future__ import annotations

from ..exceptions import WebMessagingException


def again(error: WebMessagingException) -> WebMessagingException:
    """The same error, to be raised once more. Raised in two threads, one would carry the traceback of the first."""
    made = type(error)(*error.args)
    vars(made).update(vars(error))
    return made
