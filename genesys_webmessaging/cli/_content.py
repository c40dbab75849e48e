"""The content of a message as lines for a person, and what it lets them choose: a function for each kind, one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from .._core import requests
from .._core.offers import components_of
from ..conversation import Conversation
from ..models import (
    ButtonResponseType,
    ContentButtonResponse,
    ContentCardAction,
    ContentForm,
    StructuredMessage,
)
from ._text import clean, one_line, present, size, slot, span

# Chooses something in a conversation, within so many seconds (None: those of the conversation).
Answer = Callable[[Conversation, float | None], StructuredMessage]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Something to choose: a quick reply, the button of a card, a time, an item of a list.

    Attributes:
        number: What the guest calls it by, 1 and up within its message.
        kind: What is answered.
        text: What stands on it.
        answer: Chooses it, and returns the echo.
        item: What an item of a list is known by; several of those can be chosen at once.
        form: The form that is to be filled in.
    """

    number: int
    kind: ButtonResponseType
    text: str
    answer: Answer
    item: str = ""
    form: ContentForm | None = None


class Choices:
    """The choices of one message, numbered in the order in which it shows them.

    Args:
        message: The message; one of the history has choices to look at, not to choose from.
    """

    def __init__(self, message: Any) -> None:
        self._message = message
        self.all: list[Choice] = []

    def reply(self, reply: Any) -> int:
        """Note a quick reply, in whichever form it is offered, and return its number."""
        wanted = str(reply.text or reply.payload) if isinstance(reply, ContentButtonResponse) else reply
        return self._add(
            ButtonResponseType.QUICKREPLY,
            reply.text or reply.payload,
            lambda chat, timeout: chat.choose(wanted, self._message, timeout=timeout),
        )

    def button(self, card: Any, action: Any) -> int:
        """Note the button of a card, and return its number."""
        return self._add(
            ButtonResponseType.BUTTON,
            action.text or action.payload,
            lambda chat, timeout: chat.press(card, action, self._message, timeout=timeout),
        )

    def time(self, time: Any) -> int:
        """Note a time, and return its number."""
        return self._add(
            ButtonResponseType.DATEPICKER,
            slot(time.dateTime),
            lambda chat, timeout: chat.pick(time, self._message, timeout=timeout),
        )

    def item(self, item: Any) -> int:
        """Note an item of a list picker, and return its number."""
        known = str(item.id or item.title or "")
        return self._add(
            ButtonResponseType.LISTPICKER,
            item.title or item.id,
            lambda chat, timeout: chat.select([known], self._message, timeout=timeout),
            item=known,
        )

    def form(self, form: Any, label: object) -> int:
        """Note a form, and return the number to begin with it."""
        return self._add(ButtonResponseType.FORM, label, _ask_field_by_field, form=form)

    def template(self, text: object, payload: object) -> int:
        """Note a button of a template, which is pressed as one of a card is, and return its number."""
        request = requests.button(
            ContentCardAction(text=str(text or payload or ""), payload=str(payload or text or ""))
        )
        return self._add(
            ButtonResponseType.BUTTON, text or payload, lambda chat, timeout: chat.deliver(request, timeout=timeout)
        )

    def _add(self, kind: ButtonResponseType, text: object, answer: Answer, **more: Any) -> int:
        number = len(self.all) + 1
        self.all.append(Choice(number=number, kind=kind, text=str(text or ""), answer=answer, **more))
        return number


def _ask_field_by_field(*_: object) -> StructuredMessage:
    raise ValueError("a form has to be filled in field by field")


def chosen_items(choices: list[Choice], typed: str) -> list[str]:
    """The items of a list that a person means by several numbers with commas between them; none if it is not that."""
    numbers = [part.strip() for part in typed.split(",")]
    items = [choice.item for number in numbers for choice in choices if choice.item and number == str(choice.number)]
    return items if len(items) == len(numbers) > 1 else []


def chosen(choices: list[Choice], typed: str) -> Choice | None:
    """The choice that a person means by its number or by what stands on it; None when it is neither."""
    wanted = typed.strip()
    for choice in choices:
        if wanted == str(choice.number) or wanted.casefold() == choice.text.strip().casefold():
            return choice
    return None


@dataclass(frozen=True)
class Piece:
    """One paragraph of a message; ``inside``: it belongs to a card, and is drawn so."""

    text: Text
    inside: bool = False


Pieces = Iterable[Piece]


def pieces_of(content: Any, choices: Choices) -> list[Piece]:
    """The lines of one piece of content, of the live conversation or of the history.

    Args:
        content: A MessageContent or WebMessagingContent.
        choices: Takes what the guest may choose.
    """
    kind = str(content.contentType or "")
    render = _RENDERERS.get(kind)
    if render is not None:
        field, draw = render
        body = getattr(content, field, None)
        pieces = [piece for piece in draw(body, choices) if piece.text.plain.strip()] if body else []
        if pieces:
            return pieces
    return [_aside(f"(content of the kind {one_line(kind) or 'unknown'}, which cannot be shown here)")]


def replies(offered: Iterable[Any], choices: Choices) -> Piece:
    """Quick replies, side by side as a person would see them."""
    row = Text()
    for reply in present(offered):
        _add_button(row, choices.reply(reply), reply.text or reply.payload)
    return Piece(row)


def _add_button(row: Text, number: int, label: object) -> None:
    if row:
        row.append("  ")
    # No-break spaces keep a button on one line.
    shown = f"[{number}]\u00a0{one_line(label)}".replace(" ", "\u00a0")
    row.append(shown, "choice")


def _aside(text: str, *, inside: bool = False) -> Piece:
    return Piece(Text(text, "aside"), inside)


def _quick_reply(reply: Any, choices: Choices) -> Pieces:
    yield replies([reply], choices)


def _quick_reply_v2(question: Any, choices: Choices) -> Pieces:
    if question.title:
        yield Piece(Text(clean(question.title)))
    yield replies(question.actions, choices)


def _heading(body: Any, below: str) -> Pieces:
    if body.title:
        yield Piece(Text(clean(body.title), "title"), inside=True)
    if getattr(body, below, None):
        yield Piece(Text(clean(getattr(body, below))), inside=True)


def _media(body: Any) -> Pieces:
    for name, label in (("image", "picture"), ("imageUrl", "picture"), ("video", "video")):
        url = getattr(body, name, None)
        if url:
            yield _aside(f"{label}: {one_line(url)}", inside=True)


def _card(card: Any, choices: Choices) -> Pieces:
    yield from _heading(card, "description")
    yield from _media(card)
    row = Text()
    links = []
    for action in present(card.actions):
        if str(action.type or "") == "Link":
            links.append(_link(action.text, action.url))
        else:
            _add_button(row, choices.button(card, action), action.text)
    if row:
        yield Piece(row, inside=True)
    yield from links
    tap = card.defaultAction
    if tap is not None and tap.url:
        yield _link("Open", tap.url)


def _link(text: object, url: object) -> Piece:
    return Piece(Text.assemble((one_line(text) or "Link", "link"), (f": {one_line(url)}", "aside")), inside=True)


def _carousel(carousel: Any, choices: Choices) -> Pieces:
    cards = present(carousel.cards)
    for number, card in enumerate(cards, 1):
        if len(cards) > 1:
            yield _aside(f"card {number} of {len(cards)}", inside=True)
        yield from _card(card, choices)


def _generic(template: Any, choices: Choices) -> Pieces:
    yield from _heading(template, "description")
    yield from _media(template)
    row = Text()
    for button in present(template.components):
        does = button.actions
        if does is not None and does.url:
            yield _link(button.title, does.url)
        else:
            payload = does.textback if does is not None else None
            _add_button(row, choices.template(button.title, payload), button.title)
    if row:
        yield Piece(row, inside=True)


def _list_template(template: Any, choices: Choices) -> Pieces:
    yield from _heading(template, "description")
    for item in present(template.components):
        payload = item.actions.textback if item.actions is not None else None
        number = choices.template(item.title, payload or item.id)
        yield _item(number, item.title, item.description)


def _item(number: int, title: object, below: object) -> Piece:
    line = Text.assemble((f"[{number}]\u00a0{one_line(title)}", "choice"))
    if below:
        line.append(f"  {one_line(below)}", "aside")
    return Piece(line, inside=True)


def _date_picker(picker: Any, choices: Choices) -> Pieces:
    yield from _heading(picker, "subtitle")
    yield from _media(picker)
    for time in present(picker.availableTimes):
        yield _item(choices.time(time), slot(time.dateTime), span(time.duration))
    if not picker.availableTimes and (picker.dateMinimum or picker.dateMaximum):
        bounds = [slot(bound) for bound in (picker.dateMinimum, picker.dateMaximum) if bound]
        yield _aside(f"a time: {' to '.join(bounds)}", inside=True)


def _list_picker(picker: Any, choices: Choices) -> Pieces:
    asks = picker.receivedMessage
    if asks is not None:
        yield from _heading(asks, "subtitle")
    for section in present(picker.sections):
        if section.title:
            yield Piece(Text(clean(section.title), "title"), inside=True)
        for item in present(section.items):
            number = choices.item(item)
            yield _item(number, item.title, item.subtitle)


def _attachment(file: Any, _: Choices) -> Pieces:
    facts = [
        fact for fact in (one_line(file.mime), size(file.fileSize or getattr(file, "contentSizeBytes", None))) if fact
    ]
    line = Text.assemble(("file ", "aside"), (one_line(file.filename or file.text) or "without a name", "title"))
    if facts:
        line.append(f" ({', '.join(facts)})", "aside")
    yield Piece(line)


def _pressed(response: Any, _: Choices) -> Pieces:
    said = response.text or response.payload
    if str(getattr(response, "type", "")) == "DatePicker":
        said = slot(said)
    yield Piece(Text(f"\u2192 {one_line(said)}", "pressed"))


def _text(text: Any, _: Choices) -> Pieces:
    yield Piece(Text(clean(text.body)))


def _location(place: Any, _: Choices) -> Pieces:
    told = one_line(place.text or place.address) or f"{place.latitude}, {place.longitude}"
    yield _aside(f"place: {told}{f' ({one_line(place.url)})' if place.url else ''}")


def _rich_link(link: Any, _: Choices) -> Pieces:
    if link.text:
        yield Piece(Text(clean(link.text)), inside=True)
    yield _link(link.urlLabel, link.url)


def _form(form: Any, choices: Choices) -> Pieces:
    if form.response:
        for response in present(form.response):
            pressed = response.component.buttonResponse if response.component is not None else None
            if pressed is not None and (pressed.text or pressed.payload):
                yield Piece(Text(f"\u2192 {one_line(pressed.text or pressed.payload)}", "pressed"))
        return
    begins = form.introduction
    if begins is not None:
        yield from _heading(begins, "subtitle")
    fields = len(components_of(form))
    if not fields:
        yield _aside("(a form without fields)", inside=True)
        return
    label = one_line(begins.buttonText if begins is not None else None) or "Fill in the form"
    row = Text()
    _add_button(row, choices.form(form, label), label)
    row.append(f"  {fields} field{'' if fields == 1 else 's'}", "aside")
    yield Piece(row, inside=True)


def _reactions(reactions: Any, _: Choices) -> Pieces:
    yield _aside(
        ", ".join(f"{one_line(one.reactionType)} \u00d7 {one_line(one.count or 1)}" for one in present(reactions))
    )


def _named(body: Any, _: Choices) -> Pieces:
    asks = body.receivedMessage
    if asks is not None:
        yield from _heading(asks, "subtitle")
    yield _aside(f"({one_line(getattr(body, 'name', None)) or 'something'} that cannot be used here)", inside=True)


Renderer = Callable[[Any, Choices], Pieces]

# For each kind of content: the field that holds it, and how it is shown.
_RENDERERS: dict[str, tuple[str, Renderer]] = {
    "Attachment": ("attachment", _attachment),
    "ButtonResponse": ("buttonResponse", _pressed),
    "Card": ("card", _card),
    "Carousel": ("carousel", _carousel),
    "DatePicker": ("datePicker", _date_picker),
    "Form": ("form", _form),
    "GenericTemplate": ("generic", _generic),
    "InteractiveApplication": ("interactiveApplication", _named),
    "ListPicker": ("listPicker", _list_picker),
    "ListTemplate": ("list", _list_template),
    "Location": ("location", _location),
    "PaymentRequest": ("paymentRequest", _named),
    "Postback": ("postback", _pressed),
    "QuickReply": ("quickReply", _quick_reply),
    "QuickReplyV2": ("quickReplyV2", _quick_reply_v2),
    "Reactions": ("reactions", _reactions),
    "RichLink": ("richLink", _rich_link),
    "Text": ("text", _text),
}
