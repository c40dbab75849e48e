"""What the other side says: the models of rich content, and the speaker who posts it.

The models take the wire's own spelling, and shorter forms where people write by hand: a button, an item of a list or a
slot of a date picker may be a text. Agents, bot scripts and the control endpoint all say things through `Says`.
"""

from __future__ import annotations

import base64
import mimetypes
import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from .documents import Document
from .state.deployment import LimitReached, Limits
from .state.session import Message, Participant, Session, SessionState
from .state.world import World
from .wire.frames import post, url_of

__all__ = [
    "Attachment",
    "Button",
    "Card",
    "Choice",
    "DatePicker",
    "Form",
    "ListPicker",
    "Says",
    "Speaker",
    "card",
    "carousel",
    "datePicker",
    "form",
    "listPicker",
    "quickReplies",
]

Choice = str | Mapping[str, str]


def _text_becomes(*names: str) -> Any:
    """A validator for people who write a text where an object with these fields is meant."""

    def expand(value: object) -> object:
        return dict.fromkeys(names, value) if isinstance(value, (str, int, float)) else value

    return expand


class Button(Document):
    """A quick reply, or a button of a card; a text stands for a button that shows and sends it."""

    text: str
    """What stands on it."""
    payload: str | None = None
    """What it sends; the text if nothing is said."""
    url: str | None = None
    """Of a card's button: the address that it opens; it then sends nothing."""
    image: str | None = None
    """Of a quick reply: the address of a picture."""
    type: Literal["Postback", "Link"] | None = None
    """Of a card's button: which of the two it is; follows from whether there is a `url`."""

    @property
    def reply(self) -> dict[str, Any]:
        """Its text and payload on the wire."""
        return {"text": self.text, "payload": self.text if self.payload is None else self.payload}

    @property
    def action(self) -> dict[str, Any]:
        """The button as an action of a card."""
        if self.url is not None:
            return {"type": "Link", "text": self.text, "url": self.url}
        return {"type": "Postback", **self.reply}


Buttons = Annotated[Button, BeforeValidator(_text_becomes("text"), json_schema_input_type=str | Button)]


class Card(Document):
    """A card."""

    title: str
    """What it is headed."""
    description: str | None = None
    """What stands below."""
    image: str | None = None
    """The address of a picture."""
    video: str | None = None
    """The address of a film."""
    actions: Sequence[Buttons] = ()
    """Its buttons."""
    defaultAction: Buttons | None = None
    """What pressing the card itself does."""

    def onTheWire(self) -> dict[str, Any]:
        """The card as a message carries it."""
        shown = self.model_dump(exclude_none=True, include={"title", "description", "image", "video"})
        if self.defaultAction is not None:
            shown["defaultAction"] = self.defaultAction.action
        return {**shown, "actions": [action.action for action in self.actions]}


class Slot(Document):
    """A time that can be picked; a text stands for its `dateTime`."""

    dateTime: str
    """When it begins, as ISO 8601; it goes over the wire as it is written here."""
    duration: int | None = None
    """How long it lasts, in seconds."""


class DatePicker(Document):
    """Times to choose from."""

    title: str | None = None
    """What it is headed."""
    subtitle: str | None = None
    """What stands below."""
    imageUrl: str | None = None
    """The address of a picture."""
    dateMinimum: str | None = None
    """The earliest time, as ISO 8601."""
    dateMaximum: str | None = None
    """The latest time, as ISO 8601."""
    times: Sequence[Annotated[Slot, BeforeValidator(_text_becomes("dateTime"), json_schema_input_type=str | Slot)]] = (
        Field(alias="availableTimes", default=(), validate_default=True)
    )
    """The slots, each a time or {dateTime, duration}."""
    duration: int = 1800
    """Length of the slots that say nothing of it, in seconds."""
    id: str | None = None
    """In a form: what the answer names it by."""
    location: Mapping[str, Any] | None = None
    """In a form: where it takes place (url, address, text, latitude, longitude)."""
    dateDisplayFormat: Literal["dayMonthYear", "monthDayYear", "yearMonthDay"] | None = None
    """In a form: how a day is written."""

    def onTheWire(self) -> dict[str, Any]:
        """The picker as a message carries it."""
        slots = [{"dateTime": slot.dateTime, "duration": slot.duration or self.duration} for slot in self.times]
        return {**self.model_dump(exclude_none=True, exclude={"times", "duration"}), "availableTimes": slots}


class Notice(Document):
    """What stands above a list or a form before it is answered, or once it has been; a text stands for its title."""

    header: str | None = None
    title: str
    subtitle: str | None = None
    buttonLabel: str | None = None
    imageUrl: str | None = None


Notices = Annotated[Notice, BeforeValidator(_text_becomes("title"), json_schema_input_type=str | Notice)]


class Item(Document):
    """Something that can be chosen; a text stands for both its title and its id."""

    id: str
    """What the answer names it by."""
    title: str
    """What is shown."""
    subtitle: str | None = None
    imageUrl: str | None = None
    value: str | None = None
    """In a wheel: what is shown on the wheel."""


Items = Annotated[Item, BeforeValidator(_text_becomes("id", "title"), json_schema_input_type=str | Item)]


class Section(Document):
    """A part of a list picker."""

    title: str = ""
    """What it is headed."""
    multipleSelection: bool = False
    """Whether more than one item may be chosen."""
    items: Sequence[Items]
    """What there is to choose from."""


class ListPicker(Document):
    """Sections of things to choose from."""

    id: str | None = None
    """In a form: what the answer names it by."""
    sections: Sequence[Section]
    """The sections; none of them is compulsory."""
    receivedMessage: Notices = Notice(title="Please choose")
    """The prompt."""
    replyMessage: Notices = Notice(title="Thank you", subtitle="Your choice")
    """What is shown once it is answered."""

    def onTheWire(self) -> dict[str, Any]:
        """The list as a message carries it."""
        return self.model_dump(exclude_none=True)


class Input(Document):
    """A field of a form to write in."""

    id: str
    """What the answer names it by."""
    title: str | None = None
    """What it is headed."""
    subtitle: str | None = None
    placeholderText: str | None = None
    isRequired: bool = False
    """Whether it must be filled in."""
    isMultipleLine: bool = False
    """Whether it takes several lines."""
    keyboardType: str | None = None
    autoCompleteType: str | None = None


class WheelPicker(Document):
    """A wheel in a form, to turn to one of its items."""

    id: str | None = None
    """What the answer names it by."""
    items: Sequence[Items]
    """What there is on it."""


class Component(Document):
    """One thing to fill in, on a page of a form: exactly one of the four."""

    formComponentType: Literal["Input", "DatePicker", "ListPicker", "WheelPicker"] | None = None
    """Which one it is; follows from the field that is given."""
    input: Input | None = None
    datePicker: DatePicker | None = None
    listPicker: ListPicker | None = None
    wheelPicker: WheelPicker | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Component:
        if len(self._given()) != 1:
            raise ValueError("a component of a form is one of input, datePicker, listPicker, wheelPicker")
        return self

    def onTheWire(self) -> dict[str, Any]:
        """The component as a message carries it."""
        ((name, thing),) = self._given().items()
        made = thing.onTheWire() if isinstance(thing, (DatePicker, ListPicker)) else thing.model_dump(exclude_none=True)
        return {"formComponentType": name[:1].upper() + name[1:], name: made}

    def _given(self) -> dict[str, Document]:
        names = ("input", "datePicker", "listPicker", "wheelPicker")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


class Page(Document):
    """A page of a form."""

    title: str = ""
    """What it is headed."""
    subtitle: str = ""
    """What stands below."""
    pageComponents: Sequence[Component]
    """What there is to fill in."""


class Introduction(Document):
    """What stands before the first page of a form."""

    title: str
    subtitle: str | None = None
    imageUrl: str | None = None
    buttonText: str = "Begin"


class Form(Document):
    """Pages with fields to fill in."""

    cannedResponseId: str | None = None
    """Comes back in the answer; a new one if nothing is said."""
    introduction: Introduction | None = None
    """What stands before the first page."""
    formPages: Sequence[Page]
    """The pages."""
    receivedMessage: Notices = Notice(title="Please fill in")
    """The prompt."""
    replyMessage: Notices = Notice(title="Thank you")
    """What is shown once it is answered."""
    showSummary: bool = False
    """Whether the guest sees all answers before they are sent."""

    def onTheWire(self) -> dict[str, Any]:
        """The form as a message carries it."""
        shown = self.model_dump(exclude_none=True, exclude={"formPages", "cannedResponseId"})
        pages = [
            {
                "title": page.title,
                "subtitle": page.subtitle,
                "pageComponents": [c.onTheWire() for c in page.pageComponents],
            }
            for page in self.formPages
        ]
        return {"cannedResponseId": self.cannedResponseId or str(uuid.uuid4()), **shown, "formPages": pages}


class Attachment(Document):
    """A file, with its content as text or in base64."""

    fileName: str
    """What it is called."""
    fileType: str | None = None
    """Its MIME type; follows from the name if nothing is said."""
    text: str | None = None
    """Its content, if that is text."""
    base64: str | None = None
    """Its content, if that is anything else."""

    @property
    def data(self) -> bytes:
        """Its content."""
        return (self.text or "").encode() if self.base64 is None else base64.b64decode(self.base64)


class Says(Document):
    """One message of a bot or an agent."""

    text: str | None = None
    """The text."""
    quickReplies: Sequence[Buttons] = ()
    """Buttons below the text, offered as `QuickReply`."""
    buttonResponses: Sequence[Buttons] = ()
    """The same, offered in the other way that there is: as `ButtonResponse`."""
    card: Card | None = None
    """A card."""
    carousel: Sequence[Card] | None = None
    """Cards beside each other."""
    datePicker: DatePicker | None = None
    """Times to choose from."""
    listPicker: ListPicker | None = None
    """Things to choose from."""
    form: Form | None = None
    """Fields to fill in."""
    attachment: Attachment | None = None
    """A file."""
    content: Sequence[Mapping[str, Any]] = ()
    """Content as it goes over the wire, for kinds that nobody has heard of."""

    def content_items(self) -> list[dict[str, Any]]:
        """The content of the message, but for the attachment."""
        items: list[dict[str, Any]] = [
            {"contentType": "QuickReply", "quickReply": {"action": "Message", **_with_image(each)}}
            for each in self.quickReplies
        ]
        items += [
            {"contentType": "ButtonResponse", "buttonResponse": {"type": "QuickReply", **each.reply}}
            for each in self.buttonResponses
        ]
        if self.card is not None:
            items.append({"contentType": "Card", "card": self.card.onTheWire()})
        if self.carousel is not None:
            cards = [each.onTheWire() for each in self.carousel]
            items.append({"contentType": "Carousel", "carousel": {"cards": cards}})
        if self.datePicker is not None:
            items.append({"contentType": "DatePicker", "datePicker": self.datePicker.onTheWire()})
        if self.listPicker is not None:
            items.append({"contentType": "ListPicker", "listPicker": self.listPicker.onTheWire()})
        if self.form is not None:
            items.append({"contentType": "Form", "form": self.form.onTheWire()})
        return items + [dict(item) for item in self.content]


def _with_image(button: Button) -> dict[str, Any]:
    return button.reply if button.image is None else {**button.reply, "image": button.image}


def quickReplies(replies: Sequence[Choice]) -> list[dict[str, Any]]:
    """Buttons under a message.

    Args:
        replies: Each a string, which is both shown and sent, or {text, payload}.

    Returns:
        One content item for each.
    """
    return Says.model_validate({"quickReplies": replies}).content_items()


def card(
    title: str,
    description: str | None = None,
    image: str | None = None,
    actions: Sequence[Choice] = (),
    defaultAction: Choice | None = None,
) -> dict[str, Any]:
    """A card.

    Args:
        title: What it is headed.
        description: What stands below.
        image: Address of a picture.
        actions: Its buttons, each a string, {text, payload}, or {text, url} for a link.
        defaultAction: What pressing the card itself does.

    Returns:
        A content item.
    """
    made = {
        "title": title,
        "description": description,
        "image": image,
        "actions": actions,
        "defaultAction": defaultAction,
    }
    return _item({"card": made})


def carousel(cards: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Cards beside each other; each is a mapping with the arguments of `card`."""
    return _item({"carousel": cards})


def datePicker(
    times: Sequence[str | Mapping[str, Any]],
    title: str | None = None,
    subtitle: str | None = None,
    imageUrl: str | None = None,
    duration: int = 1800,
) -> dict[str, Any]:
    """Slots to choose from.

    Args:
        times: Each an ISO 8601 time, or {dateTime, duration}.
        title: What it is headed.
        subtitle: What stands below.
        imageUrl: Address of a picture.
        duration: Length of the slots given as times only, in seconds.

    Returns:
        A content item.
    """
    made = {"times": times, "title": title, "subtitle": subtitle, "imageUrl": imageUrl, "duration": duration}
    return _item({"datePicker": made})


def listPicker(sections: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """Sections of things to choose from.

    Args:
        sections: Each {title, multipleSelection, items}; an item is a string, or {id, title, subtitle, imageUrl}.
        more: receivedMessage and replyMessage, each a title or an object.

    Returns:
        A content item.
    """
    return _item({"listPicker": {"sections": sections, **more}})


def form(formPages: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """A form.

    Args:
        formPages: Each {title, subtitle, pageComponents}; a component has one of input, datePicker, listPicker and
            wheelPicker.
        more: introduction, receivedMessage, replyMessage, showSummary and cannedResponseId.

    Returns:
        A content item.
    """
    return _item({"form": {"formPages": formPages, **more}})


def _item(says: Mapping[str, Any]) -> dict[str, Any]:
    (item,) = Says.model_validate(says).content_items()
    return item


class Speaker:
    """Somebody who speaks to guests. Lives on the server's thread."""

    def __init__(self, world: World, participant: Participant) -> None:
        self._world = world
        self.participant = participant

    def say(self, session: Session, says: Says) -> Message:
        """Send one message; returns it as the conversation has it."""
        limit = (session.deployment.limits or Limits()).agentText
        if limit is not None and says.text is not None and len(says.text) > limit:
            raise LimitReached(f"the text has {len(says.text)} characters; at most {limit} are allowed")
        items = says.content_items()
        kind = "Structured" if items else "Text"
        if says.attachment is not None:
            items.append(self._attachment(session, says.attachment))
        return self._post(session, type=kind, text=says.text, content=items)

    def typing(self, session: Session, milliseconds: int = 5000) -> Message:
        """Show that somebody types."""
        seconds = session.rates.take("agentTypings")
        if seconds is not None:
            raise LimitReached(f"too many typing events in this conversation: wait {seconds:.1f} s", seconds)
        event = {"eventType": "Typing", "typing": {"type": "On", "duration": milliseconds or 5000}}
        return self._post(session, type="Event", events=[event])

    def disconnect(self, session: Session, readOnly: bool | None = None) -> Message:
        """Leave.

        Args:
            session: Whom to leave.
            readOnly: Whether the guest may only read from then on; None: as the deployment says. Where conversation
                disconnect is off, the guest is told nothing unless this says so.

        Returns:
            The event, whether the guest was told or not.
        """
        setting = session.deployment.conversationDisconnect
        read_only = setting == "ReadOnly" if readOnly is None else readOnly
        message = self._message(
            session,
            type="Event",
            events=[{"eventType": "Presence", "presence": {"type": "Disconnect"}}],
            metadata={"readOnly": "true"} if read_only else {},
        )
        if readOnly is not None or setting != "Off":
            post(session, message)
        if read_only:
            session.state = SessionState.READ_ONLY
        return message

    def _post(self, session: Session, **fields: Any) -> Message:
        message = self._message(session, **fields)
        post(session, message)
        return message

    def _message(self, session: Session, *, metadata: Mapping[str, str] | None = None, **fields: Any) -> Message:
        named = {**(metadata or {}), "correlationId": str(uuid.uuid4())}
        return Message(sender=self.participant, time=session.conversation.nextTime(), metadata=named, **fields)

    def _attachment(self, session: Session, file: Attachment) -> dict[str, Any]:
        data = file.data
        kind = file.fileType or mimetypes.guess_type(file.fileName)[0] or "application/octet-stream"
        attachment = self._world.newAttachment(session, None, fileName=file.fileName, fileType=kind, fileSize=len(data))
        attachment.keep(self._world.files.newPath(), data)
        url = self._world.presign(attachment, "GET", session.deployment.urlSeconds)
        address = session.connections[0].restAddress if session.connections else ""
        return {"contentType": "Attachment", "attachment": attachment.onTheWire(url_of(url, address), digest=True)}
