"""``chat``: talk to a deployment."""

from __future__ import annotations

import asyncio
import signal
import sys
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
from rich.text import Text

from .._base.threads import Deadline, daemon_thread
from ..attachments import downloadAttachment
from ..companions import textMessage
from ..conversation import Conversation, ConversationEndedError, ConversationState
from ..exceptions import RequestError, WebMessagingException
from ..models import StructuredMessage
from ._content import Answer, Choice, chosen, chosen_items
from ._events import Ended, Event, Events, Notice
from ._exit_status import Status, did_you_mean, epilog, sentence_of
from ._formats import MessageWriter, as_table
from ._forms import FormAnswers
from ._message import Shown, show
from ._options import Place, format_option, place_options
from ._prompt import Prompt, TypedLineLostError
from ._screen import Screen
from ._text import clock, one_line, present
from ._token import TokenSource, token_options

if TYPE_CHECKING:
    from ..scenarios import ScenarioRecorder

# Seconds that a lost connection may take to be replaced while somebody sits there.
_PATIENCE = 300.0
# Seconds between two signs of life.
_HEARTBEAT = 40.0
# Seconds after which what was typed is shown though it has not arrived.
_SLOW = 2.0
# Seconds without anything that end an answer, in a pipe.
_QUIET = 1.0


@click.command(
    "chat",
    epilog=epilog(
        "genesys-webmessaging chat --region eu_central_1 --deployment-id ID",
        "genesys-webmessaging chat --token-file guest.token     (and the same again to go on)",
        "printf 'hello\\n1\\n' | genesys-webmessaging chat --address ws://127.0.0.1:8080/v1 --deployment-id demo",
    ),
)
@place_options()
@token_options
@format_option
@click.option("--join/--no-join", default=True, show_default=True, help="Tell that the guest has come, if it is new.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0, max=86_400),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="In a pipe: how long to wait for each answer.",
)
@click.option(
    "--record-scenario",
    "record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the conversation down as a scenario that 'genesys-webmessaging test' runs again.",
)
def command(
    place: Place, keeper: TokenSource, shape: str | None, join: bool, wait: float, record: Path | None
) -> Status:
    """Talk to a deployment as a guest.

    At a terminal, what you type is sent, and what comes appears above. Quick replies and the
    buttons of cards have numbers: type one to press it. In a pipe, each line is said, and what is
    answered within --wait seconds comes out before the next line is read. A connection that is
    lost is replaced; what was said meanwhile is caught up with. In a format other than text the
    messages of both sides come out, JSON as an object on a line each, and all else goes to standard
    error.

    Lines that begin with a slash are commands: /attach FILE sends a file, /history shows what was
    said, /quit ends; /help lists them all.
    """
    shape = shape or "text"
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty() and shape == "text"
    if at_terminal:
        screen: Screen = Prompt((name, "FILE" in command.takes) for name, command in COMMANDS.items())
    else:
        screen = Screen(sys.stdout if shape == "text" else sys.stderr)
    patience = max(_PATIENCE if at_terminal else 0.0, place.timeout)
    events = Events()
    recorder = None if record is None else _recorder(place)
    listeners = () if recorder is None else (recorder,)
    try:
        with place.open(
            keeper.known(), events, listeners=listeners, reconnect=patience, heartbeat=_HEARTBEAT
        ) as conversation:
            keeper.keep(conversation.token or "")
            screen.note(f"connected to {place.host}")
            writer = MessageWriter(shape, screen)
            chat = Chat(conversation, events, screen, writer, patience=patience, recorder=recorder)
            chat.begin(joining=join)
            if isinstance(screen, Prompt):
                _until_interrupted(_at_prompt(chat, screen))
            else:
                _in_pipe(chat, sys.stdin, wait)
    finally:
        screen.close()
        if record is not None and recorder is not None:
            record.write_text(recorder.as_yaml(), encoding="utf-8")
            click.echo(f"The scenario is in {record}.", err=True)
    return Status.OK


def _recorder(place: Place) -> ScenarioRecorder:
    from ..scenarios import ScenarioRecorder

    config = {"address": place.address, "deploymentId": place.deployment_id, "origin": place.origin}
    return ScenarioRecorder("recorded", config)


class Leave(Exception):  # noqa: N818 - it is not an error
    """The guest wants to go."""


class Chat:
    """What each typed line means, and what is remembered between them.

    Args:
        conversation: Open.
        events: What is heard in it.
        screen: Where it is shown.
        writer: Writes the messages.
        patience: Seconds that a message may take to arrive, a lost connection included.
        recorder: Is told the paths of files, which it cannot hear.
    """

    def __init__(
        self,
        conversation: Conversation,
        events: Events,
        screen: Screen,
        writer: MessageWriter,
        *,
        patience: float,
        recorder: ScenarioRecorder | None = None,
    ) -> None:
        self.conversation = conversation
        self._recorder = recorder
        self.events = events
        self.screen = screen
        self._writer = writer
        self._patience = patience
        # What may be chosen, and the file that came last. Each is replaced whole, by the thread that shows.
        self._choices: list[Choice] = []
        self._offer: StructuredMessage | None = None
        self._file: tuple[str, str] | None = None
        # The tracing ids of what was typed where it stays to be seen.
        self._typed: set[str] = set()
        self._told_read_only = False
        # The form that is being filled in.
        self._form: FormAnswers | None = None

    # Hearing

    def show(self, event: StructuredMessage | Notice) -> bool:
        """Show something.

        Returns:
            Whether the other side said it.
        """
        if isinstance(event, Notice):
            self._show_notice(event)
            return False
        shown = show(event)
        if shown.choices:
            self._choices, self._offer = shown.choices, event
        for content in present(event.content):
            if content.attachment is not None and content.attachment.id:
                self._file = (content.attachment.id, one_line(content.attachment.filename) or "file")
        if event.tracingId not in self._typed or shown.notes:
            self._writer.write(event, shown)
        if shown.read_only:
            self._show_notice(Notice("", read_only=True))
        return not shown.mine and not shown.typing

    def _show_notice(self, notice: Notice) -> None:
        text = notice.text
        if notice.read_only:
            if self._told_read_only:
                return
            self._told_read_only = True
            text = "nothing more can be said here: /new begins another conversation, /history shows this one"
        if notice.lost:
            if self.conversation.ended:
                return  # the error that ends the command says it
            text += "; trying again \u2026"
        self.screen.typing_over()
        self.screen.note(text)

    @property
    def filling_in(self) -> bool:
        """Whether what is typed answers a form."""
        return self._form is not None

    # Saying

    def begin(self, *, joining: bool) -> None:
        """Tell how the session stands, and let the guest join a new one."""
        response = self.conversation.sessionResponse
        if response is None or self.conversation.readOnly:
            return
        if response.newSession is False:
            self.screen.note("the session goes on: /history shows what was said")
        elif joining:
            self.conversation.join()

    def enter(self, line: str) -> bool:
        """Do what a line asks for: a command, a choice by number or name, anything else is said.

        Returns:
            Whether something was sent that may be answered.

        Raises:
            Leave: The guest is done.
            WebMessagingException: It did not work.
            ValueError: It makes no sense.
        """
        typed = line.strip()
        if self._form is not None and not typed.startswith("/"):
            return self._fill_in(self._form, typed)
        if not typed:
            return False
        if typed.startswith("/"):
            name, _, rest = typed[1:].partition(" ")
            if name not in COMMANDS:
                meant = did_you_mean(f"/{name}", [f"/{known}" for known in COMMANDS])
                raise ValueError(f"there is no /{name}{meant or '; /help lists what there is'}")
            return COMMANDS[name].does(self, rest.strip())
        items = chosen_items(self._choices, typed)
        if items:
            return self._answer(lambda chat, timeout: chat.select(items, self._offer, timeout=timeout))
        choice = chosen(self._choices, typed)
        if choice is None:
            return self.say(typed)
        if choice.form is not None and self._offer is not None:
            self._form = FormAnswers(choice.form, self._offer)
            self._ask(self._form)
            return False
        return self._answer(choice.answer)

    def _fill_in(self, form: FormAnswers, typed: str) -> bool:
        """Take the answer to one field, and ask the next one or send them all."""
        if not form.complete:
            form.answer(typed)
        if not form.complete:
            self._ask(form)
            return False
        try:
            self._answer(lambda chat, timeout: chat.fill(form.values, form.message, timeout=timeout))
        except WebMessagingException:
            self.screen.note("the form is kept: an empty line sends it again, /cancel drops it")
            raise
        self._form = None
        return True

    def _ask(self, form: FormAnswers) -> None:
        self.screen.message(Shown(clock(datetime.now(timezone.utc)), "Form", False, form.question()))

    def say(self, text: str) -> bool:
        """Say something, whatever it looks like."""
        request = textMessage(text)
        request.tracingId = str(uuid.uuid4())
        if not self.screen.takes_back_what_is_typed:
            self._typed.add(request.tracingId)
        return self._answer(lambda conversation, timeout: conversation.deliver(request, timeout=timeout))

    def leave(self) -> None:
        """Disconnect."""
        self.events.leave()
        self.conversation.close()
        self.events.stop()

    def _answer(self, answer: Answer) -> bool:
        try:
            answer(self.conversation, self._patience)
        except ConversationEndedError as error:
            if error.state is ConversationState.READ_ONLY:
                raise RequestError(f"{error}: /new begins another one") from error
            raise
        return True

    # Commands

    def attach(self, rest: str) -> bool:
        """Send a file."""
        if not rest:
            raise ValueError("/attach FILE")
        path = Path(rest).expanduser()
        with self.screen.progress(f"uploading {one_line(path.name)}") as progress:
            attachment_id = self.conversation.upload(path, progress=progress)
        if self._recorder is not None:
            self._recorder.sending([path])
        request = textMessage("", attachmentIds=[attachment_id])
        return self._answer(lambda conversation, timeout: conversation.deliver(request, timeout=timeout))

    def save(self, rest: str) -> bool:
        """Download the file that came last."""
        if self._file is None:
            raise ValueError("no file has come yet")
        attachment_id, name = self._file
        target = Path(rest).expanduser() if rest else Path(Path(name).name)
        if target.exists():
            raise ValueError(f"{target} is there already: /save ANOTHER-NAME")
        with self.screen.progress(f"downloading {name}") as progress:
            downloadAttachment(self.conversation.client, attachment_id, target, progress=progress)
        self.screen.note(f"saved as {target}")
        return False

    def history(self, _: str) -> bool:
        """Show what was said, as the server has it."""
        self.screen.line(as_table(self.conversation.history()).rstrip("\n"))
        return False

    def typing(self, _: str) -> bool:
        """Show the other side that the guest types."""
        self.conversation.typing()
        return False

    def cancel(self, _: str) -> bool:
        """Drop the form that is being filled in."""
        if self._form is None:
            raise ValueError("no form is being filled in")
        self._form = None
        self.screen.note("the form is not sent")
        return False

    def clear(self, _: str) -> bool:
        """Clear the conversation."""
        self.events.leave()
        self.conversation.clear()
        raise Leave

    def new(self, _: str) -> bool:
        """Begin another conversation."""
        self.conversation.startNew()
        self._choices, self._form = [], None
        self._told_read_only = False
        return self._answer(lambda conversation, timeout: conversation.join(timeout))

    def help(self, _: str) -> bool:
        """List the commands."""
        for name, command in COMMANDS.items():
            self.screen.print_hanging(Text(f"  /{f'{name} {command.takes}'.strip():<14} "), Text(command.told))
        self.screen.print_hanging(
            Text("  "), Text("A number presses the button with that number; anything else is said.")
        )
        return False

    def quit(self, _: str) -> bool:
        """Leave."""
        raise Leave


@dataclass(frozen=True)
class Command:
    """Something that begins with a slash: what it does, what it takes, and what it is told to do."""

    does: Callable[[Chat, str], bool]
    takes: str
    told: str


COMMANDS = {
    "attach": Command(Chat.attach, "FILE", "upload a file and send it"),
    "save": Command(Chat.save, "[FILE]", "download the file that came last"),
    "history": Command(Chat.history, "", "show what was said, as the server has it"),
    "typing": Command(Chat.typing, "", "show the other side that you are typing"),
    "say": Command(Chat.say, "TEXT", "say it even if it looks like a number or a command"),
    "cancel": Command(Chat.cancel, "", "drop the form that is being filled in"),
    "new": Command(Chat.new, "", "begin a new conversation where this one has ended"),
    "clear": Command(Chat.clear, "", "clear the conversation for good, and leave"),
    "help": Command(Chat.help, "", "show this"),
    "quit": Command(Chat.quit, "", "leave; so does the end of the input"),
}


def _in_pipe(chat: Chat, lines: TextIO, wait: float) -> None:
    """Say each line, and show what is answered before the next one is read.

    Raises:
        ConversationEndedError: The conversation ended before the lines did.
        WebMessagingException: A line could not be said.
    """
    _listen(chat, wait)
    try:
        for line in lines:
            if chat.enter(line):
                _listen(chat, wait)
    except Leave:
        pass
    chat.leave()
    while (event := chat.events.next()) is not None:
        if not isinstance(event, Ended):
            chat.show(event)


def _listen(chat: Chat, wait: float) -> None:
    """Show what comes, until it has been quiet for a while; somebody who talks on is not listened to for ever."""
    deadline = Deadline(2 * wait)
    limit = wait
    while (event := chat.events.next(deadline.at_most(limit))) is not None:
        if isinstance(event, Ended):
            raise event.error
        if chat.show(event):
            limit = min(_QUIET, wait)
        elif isinstance(event, StructuredMessage):
            limit = wait
    chat.screen.typing_over()


def _until_interrupted(talking: Coroutine[object, object, None]) -> None:
    """Run it, and end it in good order when the process is interrupted."""

    async def run() -> None:
        task = asyncio.current_task()
        if task is not None and sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
        await talking

    try:
        asyncio.run(run())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _at_prompt(chat: Chat, prompt: Prompt) -> None:
    """Let somebody type until they leave.

    Raises:
        ConversationEndedError: The conversation ended first.
    """
    ended: list[ConversationEndedError] = []
    printing = asyncio.create_task(_print(chat, prompt, ended))
    prompt.note("type and press Enter; /help lists what else there is, /quit leaves")
    try:
        with prompt.log_above():
            while True:
                await _enter(chat, prompt, await prompt.read())
    except (Leave, EOFError):
        pass
    except TypedLineLostError as lost:
        if lost.typed.strip():
            prompt.note(f"not sent: {lost.typed}", "bad")
    finally:
        chat.leave()
        await printing
    if ended:
        raise ended[0]


async def _enter(chat: Chat, prompt: Prompt, line: str) -> None:
    said = not line.startswith("/") and not chat.filling_in
    entering = asyncio.create_task(asyncio.to_thread(chat.enter, line))
    try:
        if said and not (await asyncio.wait((entering,), timeout=_SLOW))[0]:
            prompt.note(f"still on its way: {line}")
        await entering
    except asyncio.CancelledError:
        prompt.note(f"this may not have arrived: {line}", "bad")
        raise
    except (WebMessagingException, ValueError, OSError) as error:
        if not chat.conversation.ended:  # the error that ends the command says that
            prompt.note(sentence_of(error), "bad")
        if said:
            doubtful = isinstance(error, (ConnectionError, TimeoutError))
            prompt.note(f"{'this may not have arrived' if doubtful else 'not sent'}: {line}", "bad")


async def _print(chat: Chat, prompt: Prompt, ended: list[ConversationEndedError]) -> None:
    """Show what is heard until nothing more will come."""
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    daemon_thread("events", _forward, chat.events, asyncio.get_running_loop(), events).start()
    while (event := await events.get()) is not None:
        if isinstance(event, Ended):
            ended.append(event.error)
            prompt.end()
            continue
        async with prompt.above():
            chat.show(event)


def _forward(events: Events, loop: asyncio.AbstractEventLoop, to: asyncio.Queue[Event | None]) -> None:
    while True:
        event = events.next()
        loop.call_soon_threadsafe(to.put_nowait, event)
        if event is None:
            return
