"""Lists, wheels and dates to choose from."""

from dataclasses import dataclass
from datetime import datetime

from .._base import WireEnum, WireModel, wireList
from .basic import ContentLocation, ContentReceivedReplyMessage


class DateDisplayFormat(WireEnum):
    """In which order a date is shown."""

    DAYMONTHYEAR = "dayMonthYear"
    MONTHDAYYEAR = "monthDayYear"
    YEARMONTHDAY = "yearMonthDay"


@dataclass(kw_only=True, slots=True)
class ContentDatePickerAvailableTime(WireModel):
    """A time that can be picked; duration in seconds."""

    duration: int | None = None
    dateTime: datetime | None = None


@dataclass(kw_only=True, slots=True)
class ContentDatePicker(WireModel):
    """An offer of dates and times; those of a form have an id."""

    title: str | None = None
    subtitle: str | None = None
    imageUrl: str | None = None
    dateMinimum: datetime | None = None
    dateMaximum: datetime | None = None
    availableTimes: list[ContentDatePickerAvailableTime] = wireList()
    id: str | None = None
    location: ContentLocation | None = None
    dateDisplayFormat: DateDisplayFormat | None = None


@dataclass(kw_only=True, slots=True)
class ContentListPickerItem(WireModel):
    """One item to pick."""

    id: str | None = None
    imageUrl: str | None = None
    subtitle: str | None = None
    title: str | None = None


@dataclass(kw_only=True, slots=True)
class ContentListPickerSection(WireModel):
    """Items that belong together."""

    items: list[ContentListPickerItem] = wireList()
    multipleSelection: bool | None = None
    title: str | None = None


@dataclass(kw_only=True, slots=True)
class ContentListPicker(WireModel):
    """An offer of items to pick from."""

    id: str | None = None
    receivedMessage: ContentReceivedReplyMessage | None = None
    replyMessage: ContentReceivedReplyMessage | None = None
    sections: list[ContentListPickerSection] = wireList()


@dataclass(kw_only=True, slots=True)
class ContentWheelPickerItem(WireModel):
    """One value of a wheel."""

    id: str | None = None
    title: str | None = None
    value: str | None = None


@dataclass(kw_only=True, slots=True)
class ContentWheelPicker(WireModel):
    """A wheel of values to pick one from."""

    id: str | None = None
    items: list[ContentWheelPickerItem] = wireList()


@dataclass(kw_only=True, slots=True)
class ConversationContentListPickerItem(WireModel):
    """One item to pick, in the history."""

    id: str | None = None
    title: str | None = None
    subtitle: str | None = None
    imageUrl: str | None = None


@dataclass(kw_only=True, slots=True)
class ConversationContentListPickerSection(WireModel):
    """Items that belong together, in the history."""

    title: str | None = None
    multipleSelection: bool | None = None
    items: list[ConversationContentListPickerItem] = wireList()


@dataclass(kw_only=True, slots=True)
class ConversationContentReceivedReplyMessage(WireModel):
    """How a list looks before or after it was answered, in the history."""

    header: str | None = None
    title: str | None = None
    subtitle: str | None = None
    buttonLabel: str | None = None
    imageUrl: str | None = None


@dataclass(kw_only=True, slots=True)
class ConversationContentListPicker(WireModel):
    """An offer of items to pick from, in the history."""

    id: str | None = None
    sections: list[ConversationContentListPickerSection] = wireList()
    replyMessage: ConversationContentReceivedReplyMessage | None = None
    receivedMessage: ConversationContentReceivedReplyMessage | None = None
