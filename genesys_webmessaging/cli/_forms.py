"""A form that is asked field by field."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.text import Text

from .._core.offers import FormComponent, answer_to, components_of
from ..models import ContentDatePicker, ContentForm, ContentInput, ContentListPicker, StructuredMessage
from ._content import Piece
from ._text import clean, one_line, present, slot

Option = tuple[str, str]  # what is shown, and what it is known by


class FormAnswers:
    """The answers to a form, as they are given one after another.

    Args:
        form: What is asked.
        message: Who asks.
    """

    def __init__(self, form: ContentForm, message: StructuredMessage) -> None:
        self.message = message
        self.values: dict[str, str | list[str]] = {}
        self._components = [component for component in components_of(form) if component.id or component.names]

    @property
    def complete(self) -> bool:
        """Whether nothing is left to ask."""
        return not self._components

    def question(self) -> list[Piece]:
        """What is asked now."""
        asked = self._components[0]
        left = len(self._components) - 1
        told = [f"{left} more after this" if left else "the last one"]
        if not _is_required(asked):
            told.append("an empty line leaves it out")
        pieces = [Piece(Text.assemble((_title(asked), "title"), (f" ({'; '.join(told)})", "aside")), inside=True)]
        hint = "; ".join(_hints(asked.asks))
        if hint:
            pieces.append(Piece(Text(hint, "aside"), inside=True))
        for number, (label, _) in enumerate(_options(asked.asks), 1):
            pieces.append(Piece(Text(f"[{number}]\u00a0{label}", "choice"), inside=True))
        return pieces

    def answer(self, typed: str) -> None:
        """Take the answer to what is asked now: a text, a date, or what is chosen, by number or by name.

        Raises:
            ValueError: It cannot be one.
        """
        asked = self._components[0]
        options = _options(asked.asks)
        value: str | list[str] | None = None
        if typed and options:
            several = typed.split(",") if _takes_several(asked.asks) else [typed]
            chosen = [_known_by(part, options) for part in several if part.strip()]
            value = chosen if _takes_several(asked.asks) else chosen[0]
        elif typed:
            value = clean(typed)
        answer_to(asked, value)
        if value is not None:
            self.values[asked.id or asked.names[0]] = value
        del self._components[0]


def _title(component: FormComponent) -> str:
    return one_line(component.names[0] if component.names else component.id)


def _is_required(component: FormComponent) -> bool:
    asks = component.asks
    return isinstance(asks, ContentDatePicker) or (isinstance(asks, ContentInput) and asks.isRequired is True)


def _takes_several(asks: Any) -> bool:
    return isinstance(asks, ContentListPicker)


def _hints(asks: Any) -> Iterable[str]:
    for told in (getattr(asks, "subtitle", None), getattr(asks, "placeholderText", None)):
        if told:
            yield one_line(told)
    if isinstance(asks, ContentListPicker):
        if any(section.multipleSelection is True for section in present(asks.sections)):
            yield "several numbers with commas between them"
    elif isinstance(asks, ContentDatePicker) and not asks.availableTimes:
        yield "as 2031-05-06"
        for word, bound in (("from", asks.dateMinimum), ("to", asks.dateMaximum)):
            if isinstance(bound, datetime):
                yield f"{word} {bound.date()}"


def _options(asks: Any) -> list[Option]:
    if isinstance(asks, ContentListPicker):
        items: list[Any] = [item for section in present(asks.sections) for item in present(section.items)]
    elif isinstance(asks, ContentDatePicker):
        return [(slot(one.dateTime), str(one.to_dict().get("dateTime", ""))) for one in present(asks.availableTimes)]
    else:
        items = present(getattr(asks, "items", ()))
    titles = [str(item.title or getattr(item, "value", None) or item.id or "") for item in items]
    return [(one_line(title), str(item.id or title)) for title, item in zip(titles, items, strict=True)]


def _known_by(typed: str, options: list[Option]) -> str:
    wanted = typed.strip()
    if wanted.isdecimal() and 1 <= int(wanted) <= len(options):
        return options[int(wanted) - 1][1]
    return next((known for label, known in options if label.casefold() == wanted.casefold()), wanted)
