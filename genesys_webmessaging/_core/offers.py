"""What a message offers to choose from: quick replies, cards, times, lists, forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

from .._base import checks
from ..models import (
    ContentCard,
    ContentCardAction,
    ContentDatePicker,
    ContentDatePickerAvailableTime,
    ContentForm,
    ContentInput,
    ContentListPicker,
    ContentListPickerItem,
    ContentListPickerSection,
    ContentQuickReply,
    ContentWheelPicker,
    DateDisplayFormat,
    Direction,
    MessageContent,
    StructuredMessage,
)
from ..models._coerce import as_datetime
from ..models.message import text_of

T = TypeVar("T")

# So many characters fit into an input of one line, and into one of several lines, as in web Messenger.
ONE_LINE = 30
SEVERAL_LINES = 300


def replies_of(message: StructuredMessage) -> list[ContentQuickReply]:
    """The quick replies of a message."""
    found: list[ContentQuickReply] = []
    for content in _contents(message):
        if content.quickReply is not None:
            found.append(content.quickReply)
        if content.quickReplyV2 is not None:
            found += [action for action in content.quickReplyV2.actions if action is not None]
        if content.buttonResponse is not None and message.direction != Direction.INBOUND:
            offered = content.buttonResponse  # from the guest it would be what was chosen
            found.append(ContentQuickReply(text=offered.text, payload=offered.payload))
    return found


def cards_of(message: StructuredMessage) -> list[ContentCard]:
    """The cards of a message, those of carousels too."""
    found: list[ContentCard] = []
    for content in _contents(message):
        if content.card is not None:
            found.append(content.card)
        if content.carousel is not None:
            found += [card for card in content.carousel.cards if card is not None]
    return found


def slots_of(message: StructuredMessage) -> list[ContentDatePickerAvailableTime]:
    """The times that a message offers."""
    pickers = [content.datePicker for content in _contents(message) if content.datePicker is not None]
    return [slot for picker in pickers for slot in picker.availableTimes if slot is not None]


def _contents(message: StructuredMessage) -> Iterator[MessageContent]:
    return (content for content in message.content if content is not None)


def chosen(what: str, wanted: Any, offered: Sequence[T], names: Callable[[T], Sequence[str | None]]) -> T:
    """The offer that is meant.

    Args:
        what: What kind of offer, for the error.
        wanted: The offer itself, its number (from 0, or from -1 backwards), or one of its names.
        offered: What there is.
        names: What an offer is called; the first name is shown.

    Raises:
        ValueError: There is no such offer; the message shows what there is.
    """
    if isinstance(wanted, int) and not isinstance(wanted, bool):
        if -len(offered) <= wanted < len(offered):
            return offered[wanted]
    elif isinstance(wanted, str):
        folded = wanted.strip().casefold()
        for one in offered:
            if folded in [text_of(name).strip().casefold() for name in names(one) if name]:
                return one
    else:
        for one in offered:
            if one == wanted:
                return one
    shown = ", ".join(repr(names(one)[0]) for one in offered)
    raise ValueError(f"there is no {what} {wanted!r}; there are: {shown or 'none'}")


def chosen_reply(message: StructuredMessage, wanted: Any) -> ContentQuickReply:
    """The quick reply of a message that is meant: itself, its number, its text or its payload."""
    return chosen("quick reply", wanted, replies_of(message), lambda one: [one.text, one.payload])


def chosen_button(message: StructuredMessage, card: Any, wanted: Any) -> ContentCardAction:
    """The button of a card that is meant, and that can be pressed."""
    found = chosen("card", card, cards_of(message), lambda one: [one.title])
    buttons = [action for action in found.actions if action is not None]
    action = chosen("button", wanted, buttons, lambda one: [one.text, one.payload])
    if action.type == ContentCardAction.TypeEnum.LINK:
        raise ValueError(f"the button {action.text!r} is a link, which is opened and not pressed: {action.url}")
    return action


def chosen_slot(message: StructuredMessage, wanted: Any) -> ContentDatePickerAvailableTime:
    """The time that is meant: the slot itself, its number, or its moment as a datetime or in ISO 8601."""
    slots = slots_of(message)
    moment = as_datetime(wanted) if isinstance(wanted, str) else wanted
    if isinstance(moment, datetime):
        wanted = next((slot for slot in slots if _is_at(slot, moment)), wanted)
    return chosen("time", wanted, slots, lambda one: [moment_of(one)])


def moment_of(slot: ContentDatePickerAvailableTime) -> str:
    """The moment of a slot, as it came."""
    return str(slot.to_dict().get("dateTime", ""))


def _is_at(slot: ContentDatePickerAvailableTime, moment: datetime) -> bool:
    told: Any = slot.dateTime
    return isinstance(told, datetime) and told.timestamp() == moment.timestamp()


# Lists


def list_pickers_of(message: StructuredMessage) -> list[ContentListPicker]:
    """The lists of a message to pick from."""
    return [content.listPicker for content in _contents(message) if content.listPicker is not None]


def chosen_items(picker: ContentListPicker, wanted: Any, *, at_least: int = 1) -> list[ContentListPickerItem]:
    """The items of a list that are meant, those of sections for a single choice first.

    Args:
        picker: The list.
        wanted: An item or several of any sections, each itself, or its id, title or number in the whole list.
        at_least: So many must be chosen.

    Raises:
        ValueError: There is no such item, or the same is chosen twice, or several of a section for one, or too few.
    """
    sections = [section for section in picker.sections if section is not None]
    items = [(section, item) for section in sections for item in section.items if item is not None]
    several = wanted if isinstance(wanted, (list, tuple, set, frozenset)) else [wanted]
    places = [
        _place_of("item", one, [item for _, item in items], lambda item: [item.id, item.title]) for one in several
    ]
    if len(set(places)) < len(places):
        raise ValueError("the same item is chosen twice")
    if len(places) < at_least:
        raise ValueError("no item is chosen")
    picked = [items[place] for place in places]
    for section in sections:
        titles = [repr(item.title) for owner, item in picked if owner is section]
        if len(titles) > 1 and section.multipleSelection is not True:
            raise ValueError(f"only one item of {section.title!r} can be chosen, not {', '.join(titles)}")
    return [item for _, item in sorted(picked, key=lambda one: one[0].multipleSelection is True)]


def _place_of(what: str, wanted: Any, offered: Sequence[T], names: Callable[[T], Sequence[str | None]]) -> int:
    """Where an offer stands that is meant by itself, its number or its name; a name must not mean several."""
    if isinstance(wanted, str):
        for place, one in enumerate(offered):
            if names(one)[0] == wanted:
                return place
        folded = wanted.strip().casefold()
        found = [one for one in offered if folded in {(name or "").strip().casefold() for name in names(one)} - {""}]
        if len(found) > 1:
            raise ValueError(f"{wanted!r} is the name of several; say which {what} by its id")
    one = chosen(what, wanted, offered, lambda one: [name for name in reversed(names(one)) if name] or [""])
    return next(place for place, other in enumerate(offered) if other is one)


# Forms


class FormComponent(NamedTuple):
    """A question of a form: its id, what the guest may call it, and the thing itself."""

    id: str
    names: tuple[str, ...]
    asks: ContentInput | ContentDatePicker | ContentListPicker | ContentWheelPicker


class FormAnswer(NamedTuple):
    """An answer to a question of a form; a list has one for each item."""

    component: str
    text: str
    payload: str


def forms_of(message: StructuredMessage) -> list[ContentForm]:
    """The forms of a message."""
    forms = [content.form for content in _contents(message) if content.form is not None]
    return [form for form in forms if form.formPages]


def components_of(form: ContentForm) -> list[FormComponent]:
    """The questions of a form, page by page."""
    found: list[FormComponent] = []
    for page in form.formPages:
        for one in page.pageComponents if page is not None else ():
            asks = one and (one.input or one.datePicker or one.listPicker or one.wheelPicker)
            if not asks:
                continue
            titles: list[str | None] = [getattr(asks, "title", None)]
            if isinstance(asks, ContentListPicker):
                titles += [asks.receivedMessage.title if asks.receivedMessage is not None else None]
                titles += [section.title for section in asks.sections[:1] if section is not None]
            found.append(FormComponent(str(asks.id or ""), tuple(title for title in titles if title), asks))
    return found


def answers_to(form: ContentForm, values: Mapping[str, Any]) -> list[FormAnswer]:
    """What is answered to a form, in its order.

    Args:
        form: The form.
        values: For each question, by its id or title, the answer: a text for an input; the title or id of an item, or
            a list of these, for a list, or for a wheel; a date, a datetime or ISO 8601 for a date.

    Raises:
        ValueError: There is no such question, or an answer is missing or cannot be right.
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"the answers must be a mapping of questions to answers, not {type(values).__name__}")  # noqa: TRY004
    components = components_of(form)
    by_place: dict[int, Any] = {}
    for name, value in values.items():
        place = _place_of("question", name, components, lambda one: [one.id, *one.names])
        if place in by_place:
            raise ValueError(f"the question {name!r} is answered twice")
        by_place[place] = value
    answers: list[FormAnswer] = []
    for place, component in enumerate(components):
        answers += answer_to(component, by_place.get(place))
    return answers


def answer_to(component: FormComponent, value: Any) -> Iterable[FormAnswer]:
    """What is answered to one question of a form; None for no answer.

    Raises:
        ValueError: The answer is missing or cannot be right.
    """
    asks, name = component.asks, (component.names or (component.id,))[0]
    if isinstance(asks, ContentInput):
        return [FormAnswer(component.id, text, text) for text in _typed(asks, name, value)]
    if isinstance(asks, ContentDatePicker):
        day = _day(asks, name, value)
        return [FormAnswer(component.id, _shown(day, asks.dateDisplayFormat), f"{day.isoformat()}T00:00:00.000Z")]
    if isinstance(asks, ContentWheelPicker):
        wheel = [ContentListPickerItem(id=item.id, title=item.title or item.value) for item in asks.items if item]
        asks = ContentListPicker(sections=[ContentListPickerSection(title=name, items=wheel)])
    try:
        items = [] if value is None else chosen_items(asks, value, at_least=0)
    except ValueError as error:
        raise ValueError(f"{name!r}: {error}") from error
    picked = [FormAnswer(component.id, item.title or "", item.id or "") for item in items]
    return picked or [FormAnswer(component.id, "", "")]


def _typed(asks: ContentInput, name: str, value: Any) -> list[str]:
    """The text of an input; none if there is none, and need not be."""
    if value is None or (isinstance(value, str) and not value.strip()):
        if asks.isRequired is True:
            raise ValueError(f"{name!r} must be answered")
        return []
    if not isinstance(value, str):
        raise ValueError(f"{name!r} is answered with a text, not with {value!r}")  # noqa: TRY004
    text = value.strip()
    checks.encodable(repr(name), text)
    most = SEVERAL_LINES if asks.isMultipleLine is True else ONE_LINE
    if len(text) > most:
        raise ValueError(f"{name!r} takes {most} characters at most, not {len(text)}")
    if asks.isMultipleLine is not True and len(text.splitlines()) > 1:
        raise ValueError(f"{name!r} takes one line only")
    return [text]


def _day(asks: ContentDatePicker, name: str, value: Any) -> date:
    read = as_datetime(value) if isinstance(value, str) else value
    if value is None:
        raise ValueError(f"{name!r} must be answered")
    if not isinstance(read, date):
        raise ValueError(f"{name!r} is answered with a date, not with {value!r}")  # noqa: TRY004
    day = read.date() if isinstance(read, datetime) else read
    first, last = (_date_of(asks.dateMinimum), _date_of(asks.dateMaximum))
    if (first is not None and day < first) or (last is not None and day > last):
        raise ValueError(f"{name!r} takes a date from {first or 'any'} to {last or 'any'}, not {day}")
    days = [_date_of(slot.dateTime) for slot in asks.availableTimes if slot is not None]
    if days and day not in days:
        raise ValueError(f"{name!r} does not offer {day}; there are: {', '.join(str(one) for one in days if one)}")
    return day


def _date_of(told: object) -> date | None:
    return told.date() if isinstance(told, datetime) else None


def _shown(day: date, order: DateDisplayFormat | None) -> str:
    parts = f"{day.day:02}", f"{day.month:02}", f"{day.year:04}"
    if order == DateDisplayFormat.DAYMONTHYEAR:
        return "/".join(parts)
    if order == DateDisplayFormat.MONTHDAYYEAR:
        return "/".join((parts[1], parts[0], parts[2]))
    return "/".join(reversed(parts)) if order == DateDisplayFormat.YEARMONTHDAY else day.isoformat()
