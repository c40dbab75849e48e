"""Cards, lists and the replies and buttons on them."""

from dataclasses import dataclass

from .._base import WireEnum, WireModel, wireList


@dataclass(kw_only=True, slots=True)
class ContentActions(WireModel):
    """What a tap does: open a URL or send a text."""

    url: str | None = None
    urlTarget: str | None = None
    textback: str | None = None


@dataclass(kw_only=True, slots=True)
class ButtonComponent(WireModel):
    """A button of a generic template."""

    title: str | None = None
    actions: ContentActions | None = None


@dataclass(kw_only=True, slots=True)
class ContentGeneric(WireModel):
    """A generic template: a picture, a text, buttons."""

    actions: ContentActions | None = None
    components: list[ButtonComponent] = wireList()
    description: str | None = None
    id: str | None = None
    image: str | None = None
    title: str | None = None
    video: str | None = None


class CardActionType(WireEnum):
    """What the button of a card does."""

    LINK = "Link"
    POSTBACK = "Postback"


@dataclass(kw_only=True, slots=True)
class ContentCardAction(WireModel):
    """A button of a card, or what a tap on the card does."""

    class TypeEnum(WireEnum):
        """What the button does."""

        LINK = "Link"
        POSTBACK = "Postback"
        BUTTON = "Button"

    type: TypeEnum | None = None
    text: str | None = None
    payload: str | None = None
    url: str | None = None


@dataclass(kw_only=True, slots=True)
class ContentCard(WireModel):
    """A card: a picture, a text, buttons."""

    title: str | None = None
    description: str | None = None
    image: str | None = None
    video: str | None = None
    defaultAction: ContentCardAction | None = None
    actions: list[ContentCardAction] = wireList()


@dataclass(kw_only=True, slots=True)
class ContentCarousel(WireModel):
    """Cards side by side."""

    cards: list[ContentCard] = wireList()


class ListItemType(WireEnum):
    """How large an item of a list is shown."""

    LISTITEM = "ListItem"
    LISTITEMBIG = "ListItemBig"


@dataclass(kw_only=True, slots=True)
class ListItemComponent(WireModel):
    """One item of a list."""

    actions: ContentActions | None = None
    description: str | None = None
    id: str | None = None
    image: str | None = None
    rmid: str | None = None
    title: str | None = None
    type: ListItemType | None = None


class ListType(WireEnum):
    """Whether a list is for choosing from or for reading."""

    SELECTION = "Selection"
    VERTICAL = "Vertical"


@dataclass(kw_only=True, slots=True)
class ContentList(WireModel):
    """A list of items, with a button."""

    actions: ContentActions | None = None
    components: list[ListItemComponent] = wireList()
    description: str | None = None
    id: str | None = None
    listType: ListType | None = None
    submitLabel: str | None = None
    title: str | None = None


class Action(WireEnum):
    """What a quick reply does."""

    MESSAGE = "Message"


@dataclass(kw_only=True, slots=True)
class ContentQuickReply(WireModel):
    """A reply that is offered to the guest."""

    action: Action | None = None
    id: str | None = None
    image: str | None = None
    payload: str | None = None
    summaryText: str | None = None
    text: str | None = None


@dataclass(kw_only=True, slots=True)
class ContentQuickReplyV2(WireModel):
    """A question with the replies that are offered."""

    actions: list[ContentQuickReply] = wireList()
    title: str | None = None


class ButtonResponseType(WireEnum):
    """What was pressed."""

    BUTTON = "Button"
    DATEPICKER = "DatePicker"
    FORM = "Form"
    LISTPICKER = "ListPicker"
    QUICKREPLY = "QuickReply"


@dataclass(kw_only=True, slots=True)
class ContentButtonResponse(WireModel):
    """The press of a button: what the guest chose."""

    id: str | None = None
    originatingMessageId: str | None = None
    payload: str | None = None
    text: str | None = None
    type: ButtonResponseType | None = None


@dataclass(kw_only=True, slots=True)
class ContentPostback(WireModel):
    """The press of a button of a template."""

    id: str | None = None
    payload: str | None = None
    text: str | None = None
