"""What passes by on a screen and is no message: notices, and that somebody is typing."""

from __future__ import annotations

from . import _events as events
from ._hearing import Heard, Notice
from ._message import Shown, show
from ._screen import Screen


def message_or_passing(heard: Heard, screen: Screen) -> Shown | None:
    """Get a message ready to be shown. What is no message is shown at once, and is None."""
    if isinstance(heard, Notice):
        screen.typing_over()
        screen.note(heard.text)
        return None
    shown = show(heard)
    if not events.is_typing(heard):
        return shown
    if shown.notes and not shown.mine:
        screen.typing(shown.notes[0])
    return None
