"""A guest who plays a part: says and chooses things, and shows all that happens meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ..client import WebMessagingClient
from ..exceptions import ConnectionClosedError, ResponseTimeoutError
from ..models import StructuredMessage
from ._choices import Choice
from ._files import download_picture, upload_picture
from ._hearing import Hearing, Notice
from ._message import Shown
from ._passing import message_or_passing
from ._screen import Screen

Wanted = Callable[[Shown], bool]


class Actor:
    """A guest, the ears of its client, and the screen that all is shown on.

    Args:
        client: With a session.
        hearing: Listens to that client.
        screen: Where to show what happens.
        patience: Seconds to wait for each answer.
        pause: Seconds that a guest takes to read before acting.
    """

    def __init__(
        self, client: WebMessagingClient, hearing: Hearing, screen: Screen, *, patience: float, pause: float
    ) -> None:
        self.client = client
        self.screen = screen
        self.heard: list[StructuredMessage] = []
        self._hearing = hearing
        self._patience = patience
        self._pause = pause

    # Doing

    def join(self) -> None:
        """Tell that the guest is there."""
        self._acknowledge(self.client.sendPresenceEventJoin())

    def say(self, text: str, attributes: Mapping[str, str] | None = None, *files: str) -> None:
        """Type a message and send it, with data and files that were uploaded."""
        self.client.sendTypingEvent()
        self.screen.typing("You are typing")
        self._linger()
        self.screen.typing_over()
        self._acknowledge(self.client.sendMessage(text, attributes, *files))
        if attributes:
            told = ", ".join(f"{key}={value}" for key, value in attributes.items())
            self.screen.note(f"custom attributes: {told}")

    def share(self, text: str, name: str, picture: bytes) -> str:
        """Upload a picture and send it.

        Returns:
            Its attachment id.
        """
        attachment_id = upload_picture(self.client, self.screen, name, picture, self._patience)
        self.say(text, None, attachment_id)
        return attachment_id

    def fetch(self, attachment_id: str, name: str, picture: bytes) -> None:
        """Download a picture that was sent, and see that it is the same."""
        download_picture(self.client, self.screen, attachment_id, name, picture, self._patience)

    def choose(self, choice: Choice) -> None:
        """Press a button."""
        self._linger()
        self._acknowledge(self.client.send(choice.request()))

    def leave(self) -> None:
        """Disconnect, and show what is still to be told."""
        self._hearing.leave()
        self.client.disconnect()
        while (heard := self._hearing.next(0)) is not None:
            self._show(heard)
        self.screen.close()

    # Hearing

    def expect(self, wanted: Wanted, what: str) -> Shown:
        """Show what comes until it is what is wanted.

        Args:
            wanted: Tells whether a message of the other side is it.
            what: What to call it when it does not come.

        Raises:
            ResponseTimeoutError: It did not come in time.
            ConnectionClosedError: Nothing will come any more.
        """
        found = self._hear(lambda _, shown: not shown.mine and wanted(shown), self._patience)
        if found is None:
            raise ResponseTimeoutError(f"the other side did not send {what} within {self._patience:g} seconds")
        return found

    def listen(self, quiet: float) -> list[Shown]:
        """Show what comes, until nothing has come for a while.

        Args:
            quiet: Seconds without anything after the first message; before it there is all the patience,
                and it is never more than that.

        Returns:
            What the other side said.
        """
        told: list[Shown] = []
        limit = self._patience
        while (shown := self._hear(lambda _, shown: not shown.mine, limit)) is not None:
            told.append(shown)
            limit = min(quiet, self._patience)
        return told

    def _acknowledge(self, tracing_id: str) -> None:
        self.client.awaitResponse(tracing_id, self._patience)
        self._hear(lambda message, _: message.tracingId == tracing_id, self._patience)

    def _linger(self) -> None:
        self._hear(lambda *_: False, self._pause)

    def _hear(self, wanted: Callable[[StructuredMessage, Shown], bool], seconds: float) -> Shown | None:
        deadline = time.monotonic() + seconds
        while (remaining := deadline - time.monotonic()) > 0:
            heard = self._hearing.next(remaining)
            if heard is None:
                break
            shown = self._show(heard)
            if shown is not None and isinstance(heard, StructuredMessage) and wanted(heard, shown):
                return shown
            if isinstance(heard, Notice) and heard.over:
                raise ConnectionClosedError(heard.text)
        self.screen.typing_over()
        return None

    def _show(self, heard: StructuredMessage | Notice) -> Shown | None:
        """Show something. A typing event is no message: None."""
        shown = message_or_passing(heard, self.screen)
        if shown is None or isinstance(heard, Notice):
            return None
        self.heard.append(heard)
        self.screen.message(shown)
        return shown
