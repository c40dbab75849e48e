"""A conversation that somebody types: what each line means, and what is remembered between them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

from rich.text import Text

from ..attachments import downloadAttachment
from ..companions import textMessage
from ..models import SendMessageRequest
from ..sessions import clearConversation, startNewChat
from ._choices import Choice, chosen
from ._files import upload
from ._formats import as_table
from ._hearing import Heard, Notice
from ._lasting import Lasting
from ._options import Place
from ._passing import message_or_passing
from ._screen import Screen
from ._text import one_line, present


class Leave(Exception):  # noqa: N818 - it is no error
    """The guest wants to go."""


class Talk:
    """One conversation.

    Args:
        lasting: A session.
        place: Where that is.
        screen: Where the conversation is shown.
        echoing: Whether the guest's own messages are shown when the server has them.
    """

    def __init__(self, lasting: Lasting, place: Place, screen: Screen, *, echoing: bool = True) -> None:
        self.client = lasting.client
        self._lasting = lasting
        self.screen = screen
        self._place = place
        self._echoing = echoing
        # What may be chosen, and the file that came last. Each is replaced whole, by the thread that shows.
        self._offers: list[Choice] = []
        self._file: tuple[str, str] | None = None
        self._mine: set[str] = set()

    # Hearing

    def hear(self, heard: Heard) -> bool:
        """Show something.

        Returns:
            Whether the other side said it.
        """
        shown = message_or_passing(heard, self.screen)
        if shown is None or isinstance(heard, Notice):
            return False
        if shown.choices:
            self._offers = shown.choices
        for content in present(heard.content):
            if content.attachment is not None and content.attachment.id:
                self._file = (content.attachment.id, one_line(content.attachment.filename) or "file")
        if self._echoing or heard.tracingId not in self._mine or shown.notes:
            self.screen.message(shown)
        return not shown.mine

    # Saying

    def begin(self, *, joining: bool) -> None:
        """Tell how the session stands, and let the guest join a new one."""
        response = self._lasting.response
        if response.readOnly:
            self.screen.note("the session is read-only: /new begins another, /history shows what was said")
        elif response.newSession is False:
            self.screen.note("the session goes on: /history shows what was said")
        elif joining:
            self._join()

    def enter(self, line: str) -> bool:
        """Do what a line asks for: a command, a choice by number or name, anything else is said.

        Returns:
            Whether something was sent that may be answered.

        Raises:
            Leave: The guest is done.
            WebMessagingException: It did not work.
        """
        typed = line.strip()
        if not typed:
            return False
        if typed.startswith("/"):
            name, _, rest = typed[1:].partition(" ")
            if name not in COMMANDS:
                raise ValueError(f"there is no /{name}; /help lists what there is")
            return COMMANDS[name].does(self, rest.strip())
        choice = chosen(self._offers, typed)
        if choice is not None:
            return self._deliver(choice.request())
        return self.say(typed)

    def say(self, text: str, *files: str) -> bool:
        """Say something, whatever it looks like."""
        return self._deliver(textMessage(text, attachmentIds=files))

    def _deliver(self, request: SendMessageRequest) -> bool:
        request.tracingId = str(uuid.uuid4())
        self._mine.add(request.tracingId)
        self._lasting.delivery.send(request)
        return True

    def _join(self) -> bool:
        self.client.awaitResponse(self.client.sendPresenceEventJoin(), self._place.timeout)
        return True

    # Commands

    def _attach(self, rest: str) -> bool:
        if not rest:
            raise ValueError("/attach FILE")
        attachment_id = upload(self.client, self.screen, Path(rest).expanduser(), self._place.timeout)
        return self.say("", attachment_id)

    def _save(self, rest: str) -> bool:
        if self._file is None:
            raise ValueError("no file has come yet")
        attachment_id, name = self._file
        target = Path(rest).expanduser() if rest else Path(Path(name).name)
        if target.exists():
            raise ValueError(f"{target} is there already: /save ANOTHER-NAME")
        with self.screen.progress(f"downloading {name}") as progress:
            downloadAttachment(self.client, attachment_id, target, progress=progress, timeout=self._place.timeout)
        self.screen.note(f"saved as {target}")
        return False

    def _history(self, _: str) -> bool:
        self.screen.line(as_table(list(reversed(self.client.getHistory().entities))).rstrip("\n"))
        return False

    def _typing(self, _: str) -> bool:
        self.client.sendTypingEvent()
        return False

    def _clear(self, _: str) -> bool:
        self._lasting.hearing.leave()
        clearConversation(self.client, self._place.timeout)
        raise Leave

    def _new(self, _: str) -> bool:
        startNewChat(self.client, self._place.deployment_id, self._place.timeout)
        self._offers = []
        return self._join()

    def _help(self, _: str) -> bool:
        for name, command in COMMANDS.items():
            self.screen.hang(Text(f"  /{f'{name} {command.takes}'.strip():<14} "), Text(command.told))
        self.screen.hang(Text("  "), Text("A number presses the button with that number; anything else is said."))
        return False

    def _quit(self, _: str) -> bool:
        raise Leave


class Command:
    """Something that begins with a slash."""

    def __init__(self, does: Callable[[Talk, str], bool], takes: str, told: str) -> None:
        self.does = does
        self.takes = takes
        self.told = told


COMMANDS = {
    "attach": Command(Talk._attach, "FILE", "upload a file and send it"),
    "save": Command(Talk._save, "[FILE]", "download the file that came last"),
    "history": Command(Talk._history, "", "show what was said, as the server has it"),
    "typing": Command(Talk._typing, "", "show the other side that you are typing"),
    "say": Command(lambda talk, rest: talk.say(rest), "TEXT", "say it even if it looks like a number or a command"),
    "new": Command(Talk._new, "", "begin a new conversation where this one has ended"),
    "clear": Command(Talk._clear, "", "clear the conversation for good, and leave"),
    "help": Command(Talk._help, "", "show this"),
    "quit": Command(Talk._quit, "", "leave; so does the end of the input"),
}
