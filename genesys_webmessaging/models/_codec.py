"""Decoders and encoders, one compiled for each class.

The declaration is the dataclass: its fields, their types, and what dataclasses-json's ``config`` says about them
(``field_name`` or ``letter_case``, ``decoder``, ``encoder``, ``exclude``). From it, when a class is first used, the
source of one function that reads and of one that writes is generated.

The tolerance, once for all: an unknown enum value, and a scalar that cannot be what it should be, stay as they came;
null stays null, in lists and maps too, but is [] for a list; "" stands for null where a list, map or object belongs.
Anything else there is read as empty, and its instance keeps it as it came (:class:`Unread`), so that one odd part costs
neither the message nor its neighbours. Only what is not an object at all raises :class:`DecodeError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import partial
from itertools import count
from types import FunctionType
from typing import Any, TypeVar, get_origin

from .._base.fast_json import look_at
from ..exceptions import DecodeError
from ._coerce import WireDatetime, as_boolean, as_datetime, as_integer, as_number, as_text, copied, iso, texts
from ._introspect import (
    argument,
    bare,
    config_of,
    has_class_default,
    hints_of,
    is_class,
    is_enum,
    is_object,
    key_of,
    sets_attributes_only,
    stock_decoder,
    stock_encoded,
)

M = TypeVar("M")

_decoders: dict[type, Callable[[Any], Any]] = {}
_inner_decoders: dict[type, Callable[[Any], Any]] = {}
_encoders: dict[type, Callable[[Any], dict[str, Any]]] = {}


class _ForeignContainerError(Exception):
    """A container is none of JSON's own, though it could be taken for one: an OrderedDict, a tuple."""


def decoder_of(cls: type[M]) -> Callable[[Any], M]:
    """Find the function that makes an instance of a class from a JSON object.

    Args:
        cls: A dataclass.

    Returns:
        The function. It raises :class:`DecodeError` and nothing else.
    """
    return _decoders.get(cls) or _decoders.setdefault(cls, _guarded(cls, _inner_decoder_of(cls)))


def encoder_of(cls: type[M]) -> Callable[[M], dict[str, Any]]:
    """Find the function that turns an instance of a class into a JSON object.

    Args:
        cls: A dataclass.

    Returns:
        The function.
    """
    return _encoders.get(cls) or _encoders.setdefault(cls, _EncoderSource(cls).compiled())


def _inner_decoder_of(cls: type) -> Callable[[Any], Any]:
    return _inner_decoders.get(cls) or _inner_decoders.setdefault(cls, _DecoderSource(cls).compiled())


class Unread:
    """What an instance keeps of an object that could not be read whole, so that it is written as it came.

    Attributes:
        whole: The object, where its kind is not known or a part of it is odd; or what came in the place of an object.
        parts: What came where another kind of container belongs: field, JSON name, value.
    """

    __slots__ = ("parts", "whole")

    def __init__(self, whole: Any = None) -> None:
        self.whole = whole
        self.parts: list[tuple[str, str, Any]] = []

    def stands_for(self, instance: Any) -> bool:
        """Whether an instance is written as the whole: it has kinds, and its own is not known."""
        kind = getattr(instance, "_kind", None)
        return kind is not None and not getattr(getattr(instance, kind), "isRecognized", False)

    def complete(self, instance: Any, out: dict[str, Any]) -> Any:
        """Add to what is written of an instance the parts that nobody has given another value since."""
        for name, key, value in self.parts:
            if not getattr(instance, name):
                out[key] = copied(value)
        return out if out or self.whole is None else copied(self.whole)


def _guarded(cls: type[M], decode: Callable[[Any], M]) -> Callable[[Any], M]:
    def guarded(data: Any) -> M:
        try:
            if data.__class__ is dict:
                return decode(data)
            if isinstance(data, cls):
                return data
            if isinstance(data, Mapping):
                return decode(dict(data))
        except _ForeignContainerError:
            return guarded(copied(data))
        except RecursionError:
            raise DecodeError(f"{cls.__name__}: nested too deeply") from None
        raise DecodeError(f"{cls.__name__}: expected an object, got {type(data).__name__}")

    return guarded


def plain(value: Any) -> Any:
    """Turn a value into what ``json.dumps`` takes; it shares no list and no dict with the original.

    Args:
        value: Anything; what JSON cannot say and dataclasses-json does not know either stays.

    Returns:
        The JSON value.
    """
    return copied(value, _plain_leaf)


def plain_texts(values: dict[str, Any]) -> Any:
    """Do what plain does, sooner, for a map of texts."""
    for value in values.values():
        if value.__class__ is not str:
            return plain(values)
    return values.copy()


def _plain_leaf(value: Any) -> Any:
    if isinstance(value, Enum):
        return _plain_leaf(value.value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return encoder_of(type(value))(value)
    if isinstance(value, datetime):
        return iso(value)
    try:
        return stock_encoded(value)
    except TypeError:
        return value


class _Members(dict[Any, Any]):
    """The members of an enum by value; what is missing is asked of the enum, and not remembered."""

    def __init__(self, enum: type[Enum]) -> None:
        super().__init__((member.value, member) for member in enum)
        self._enum = enum

    def __missing__(self, value: Any) -> Any:
        try:
            return self._enum(value)
        except ValueError:
            return value

    def odd(self, value: Any) -> Any:
        """Read what is not a plain string."""
        try:
            return look_at(self[value])
        except TypeError:  # a list or a dict
            return copied(value)

    def stranger(self, instance: Any, value: Any, data: dict[str, Any]) -> Any:
        """Read a kind that is not a member as it stands; if there is none, the instance keeps the whole object."""
        kind = self.odd(value)
        keep_if_unknown(instance, kind, data)
        return kind


def keep_if_unknown(instance: Any, kind: Any, data: dict[str, Any]) -> None:
    """Let an instance keep the object that it was read from, if its kind is not known."""
    if kind is not None and not getattr(kind, "isRecognized", False) and instance._unread is None:
        instance._unread = Unread(copied(data))


class _Source:
    """The source of one function, and the objects that it names."""

    purpose: str

    def __init__(self, cls: type, **scope: Any) -> None:
        self.cls = cls
        self.hints = hints_of(cls)
        builtins = {each.__name__: each for each in (str, int, float, bool, list, dict)}  # found sooner there
        self.scope: dict[str, Any] = {"cls": cls, **builtins, **scope}
        self.numbers = count()
        self.lines: list[str] = []

    def name(self, stem: str, value: Any) -> str:
        """Make an object known to the source, and return its name there."""
        name = f"{stem}{next(self.numbers)}"
        self.scope[name] = value
        return name

    def later(self, stem: str, find: Callable[[], Callable[[Any], Any]]) -> str:
        """Name a function that is found when it is first called, so that classes can contain each other."""

        def first(value: Any) -> Any:
            self.scope[name] = found = find()
            return found(value)

        name = self.name(stem, first)
        return name

    def function(self) -> FunctionType:
        code = compile("\n".join(self.lines), f"<{self.purpose} of {self.cls.__qualname__}>", "exec")
        exec(code, self.scope)  # noqa: S102 - our own source: all it holds is identifiers and what repr quoted
        made: FunctionType = self.scope["run"]
        return made


_SCALARS: dict[Any, str] = {
    str: "{v} if {v}.__class__ is str else as_text({v})",
    int: "{v} if {v}.__class__ is int else as_integer({v})",
    float: "{v} if {v}.__class__ is int else as_number({v})",
    bool: "{v} if {v}.__class__ is bool else as_boolean({v})",
    datetime: "as_datetime({v})",
    Any: "{v} if {v}.__class__ is str else copied({v})",
}


class _DecoderSource(_Source):
    """The source of a decoder: one statement for each field.

    Where that is all a constructor would do, attributes are set on a bare instance; else the constructor is called.
    A key that every object so far has had is read without checking that it is there. The source is therefore compiled
    for the first object, and again whenever one lacks a key that all before it had.
    """

    purpose = "decoder"

    def __init__(self, cls: type) -> None:
        tools = (as_text, as_integer, as_number, as_boolean, as_datetime, copied, texts)
        super().__init__(cls, new=object.__new__, Holder=_Holder, **{tool.__name__: tool for tool in tools})
        self._direct = sets_attributes_only(cls)
        self._kind: str | None = getattr(cls, "_kind", None)
        self._keeps = hasattr(cls, "_unread")
        self._usual: set[str] | None = None

    def compiled(self) -> Callable[[Any], Any]:
        self.lines = ["def run(data):", " return learn(data)"]
        decode = self.function()

        def learn(data: dict[str, Any]) -> Any:
            # A source of its own, as two threads may be here; whichever code is set last reads every object rightly.
            source = copy(self)
            usual = data.keys() & (data if self._usual is None else self._usual)
            if usual == self._usual:  # no key was missing: the error comes from elsewhere, and is to come out
                usual = set()
            self._usual = source._usual = usual
            decode.__code__ = source._of_usual().__code__
            return decode(data)

        self.scope["learn"] = learn
        return decode

    def _of_usual(self) -> FunctionType:
        bare_instance = self._direct and self._kind is None
        usual = [
            field
            for field in fields(self.cls)
            if bare_instance and field.init and key_of(self.cls, field) in (self._usual or ())
        ]
        self.lines = ["def whole(data):" if self._direct and self._kind is not None else "def run(data):"]
        self.lines.append(" o = new(cls)" if self._direct else " o, values = Holder(), {}")
        if usual:
            self.lines.append(" try:")
            for field in usual:
                self._value(field)
            self.lines += [" except KeyError:", "  return learn(data)"]
        for field in fields(self.cls):
            if field.init and field not in usual:
                self.lines.append(f" if {key_of(self.cls, field)!r} in data:")
                self._value(field)
                if not (self._direct and has_class_default(self.cls, field)):
                    self.lines += [" else:", f"  {self._target(field)} = {self._missing(field)}"]
            elif self._direct and not field.init:
                self.lines.append(f" o.{field.name} = {self._missing(field)}")
        built = "o" if self._direct else f"{self.name('build', self._build)}(values, data, o._unread)"
        self.lines.append(f" return {built}")
        if self._direct and self._kind is not None:
            self._of_one_part(self._kind)
        return self.function()

    def _of_one_part(self, kind_field: str) -> None:
        """Write the way of an object that is its kind and the part of that name, as nearly all are: past all others."""
        kinds = {member.value: member for member in bare(self.hints[kind_field])}
        parts = {field.name[0].upper() + field.name[1:]: field for field in fields(self.cls)}
        found: list[str] = []
        for kind in kinds.keys() & parts.keys():
            field = parts[kind]
            hint = bare(self.hints[field.name])
            if not is_object(hint) or config_of(self.cls, field).get("decoder") is not None:
                continue
            decode = self.later("decode", partial(_inner_decoder_of, hint))
            others = (each for each in fields(self.cls) if each.name not in (field.name, kind_field))
            found.append(f"{kind!r}: of{kind}")
            self.lines += [
                f"def of{kind}(data):",
                f" v = data[{key_of(self.cls, field)!r}]",
                " if v.__class__ is not dict:",
                "  return whole(data)",
                " o = new(cls)",
                f" o.{kind_field} = {self.name('member', kinds[kind])}",
                f" o.{field.name} = {decode}(v)",
                *(
                    f" o.{each.name} = {self._missing(each)}"
                    for each in others
                    if not has_class_default(self.cls, each)
                ),
                " return o",
            ]
        self.lines += [
            f"ways = {{{', '.join(found)}}}",
            "def run(data):",
            " if len(data) == 2:",
            "  try:",
            f"   return ways[data[{kind_field!r}]](data)",
            "  except (KeyError, TypeError):",
            "   pass",
            " return whole(data)",
        ]

    def _missing(self, field: Field[Any]) -> str:
        if field.default_factory is list:
            return "[]"
        if field.default_factory is not MISSING:
            return f"{self.name('make', field.default_factory)}()"
        return "None" if field.default in (None, MISSING) else self.name("default", field.default)

    def _build(self, values: dict[str, Any], data: dict[str, Any], unread: Unread | None) -> Any:
        try:
            instance = self.cls(**values)
        except Exception as error:
            raise DecodeError(f"{self.cls.__name__}: refused by its constructor") from error
        if self._keeps:
            instance._unread = unread
        if self._kind is not None:
            keep_if_unknown(instance, getattr(instance, self._kind), data)
        return instance

    def _target(self, field: Field[Any]) -> str:
        return f"o.{field.name}" if self._direct else f"values[{field.name!r}]"

    def _value(self, field: Field[Any]) -> None:
        """Write what reads a field that is there."""
        hint, target = self.hints[field.name], self._target(field)
        self.lines.append(f"  v = data[{key_of(self.cls, field)!r}]")
        custom = config_of(self.cls, field).get("decoder")
        if custom is not None:
            self.lines.append(f"  {target} = {self.name('custom', self._custom(custom, field))}(v)")
        elif self._direct and field.name == self._kind:
            members = _Members(bare(hint))
            self.lines += [
                f"  kind = {self.name('get', members.get)}(v) if v.__class__ is str else None",
                f"  {target} = {self.name('stranger', members.stranger)}(o, v, data) if kind is None else kind",
            ]
        else:
            self.lines.append(f"  {target} = {self._expression(hint, 'v', field)}")

    def _custom(self, decode: Callable[[Any], Any], field: Field[Any]) -> Callable[[Any], Any]:
        hint = bare(self.hints[field.name])
        ready = hint if is_class(hint) and not issubclass(hint, (str, int, float, list, dict)) else ()

        def custom(value: Any) -> Any:
            try:
                return value if value is None or isinstance(value, ready) else decode(value)
            except Exception as error:
                raise DecodeError(f"{self.cls.__name__}.{field.name}: refused by its decoder") from error

        return custom

    def _expression(self, hint: Any, v: str, field: Field[Any] | None) -> str:
        """Write what reads a value: that of a field, or, if field is None, what a list or a map of it holds."""
        hint = bare(hint)
        origin = get_origin(hint) or hint
        if hint in _SCALARS:
            return _SCALARS[hint].format(v=v)
        if is_enum(hint):
            members = _Members(hint)
            known, odd = self.name("known", members.get), self.name("odd", members.odd)
            return f"{v}.__class__ is str and {known}({v}) or {odd}({v})"
        if is_object(hint):
            decode = self.later("decode", lambda: _inner_decoder_of(hint))
            return f"{decode}({v}) if {v}.__class__ is dict else {self._odd(hint, Mapping, v, field)}"
        if origin in (list, Sequence):
            item = self._expression(argument(self.cls, hint, 0), f"{v}i", None)
            odd = self._odd((), (list, tuple), v, field)
            return f"([{item} for {v}i in {v}] if {v} else []) if {v}.__class__ is list else {odd}"
        if origin in (dict, Mapping):
            kind = argument(self.cls, hint, 1)
            item = self._expression(kind, f"{v}i", None)
            read = f"texts({v})" if kind is str else f"{{{v}k: {item} for {v}k, {v}i in {v}.items()}}"
            return f"{read} if {v}.__class__ is dict else {self._odd((), Mapping, v, field)}"
        return f"{self.name('stock', stock_decoder(hint))}({v})"

    def _odd(self, ready: Any, alike: Any, v: str, field: Field[Any] | None) -> str:
        """Write what reads something else than the container that belongs there."""

        def usable(value: Any) -> bool:
            if isinstance(value, alike) and not isinstance(value, ready):
                raise _ForeignContainerError
            return isinstance(value, ready)

        if field is not None:
            odd = self._odd_part(field, usable)
            return f"{self.name('odd', odd)}(o, {v}, data)"
        odd_item = self._odd_object(ready, usable) if ready else lambda value: usable(value) or copied(value)
        return f"{self.name('odd', odd_item)}({v})"

    def _odd_part(self, field: Field[Any], usable: Callable[[Any], bool]) -> Callable[[Any, Any, Any], Any]:
        empty = (lambda: None) if field.default_factory is MISSING else field.default_factory
        key = key_of(self.cls, field)

        def odd(instance: Any, value: Any, data: dict[str, Any]) -> Any:
            if value is None or (isinstance(value, str) and not value):
                return empty()
            if usable(value):
                return value
            if self._keeps:
                instance._unread = unread = instance._unread or Unread()
                if self._kind is not None and unread.whole is None:
                    unread.whole = copied(data)
                unread.parts.append((field.name, key, copied(value)))
            return empty()

        return odd

    def _odd_object(self, cls: type, usable: Callable[[Any], bool]) -> Callable[[Any], Any]:
        def odd(value: Any) -> Any:
            if value is None or usable(value):
                return value
            instance = _inner_decoder_of(cls)({})
            if hasattr(cls, "_unread"):
                instance._unread = Unread(copied(value))
            return instance

        return odd


class _Holder:
    """Stands for an instance that its constructor will make."""

    _unread: Unread | None = None


def _is_container(hint: Any) -> bool:
    hint = bare(hint)
    return (get_origin(hint) or hint) in (list, Sequence, dict, Mapping)


class _EncoderSource(_Source):
    """The source of an encoder: what a field holds is written unless it is None, [] or {}."""

    purpose = "encoder"

    def __init__(self, cls: type) -> None:
        super().__init__(cls, plain=plain, plain_texts=plain_texts, iso=iso, copied=copied)
        self.scope.update(datetime=datetime, WireDatetime=WireDatetime)

    def compiled(self) -> Callable[[Any], dict[str, Any]]:
        self.lines = ["def run(o):"]
        keeps = hasattr(self.cls, "_unread")
        if keeps:
            self.lines += [
                " unread = o._unread",
                " if unread is not None and unread.stands_for(o):",
                "  return copied(unread.whole)",
            ]
        self.lines.append(" out = {}")
        for field in fields(self.cls):
            config = config_of(self.cls, field)
            hint = self.hints[field.name]
            written = "v" if _is_container(hint) else "v is not None"
            if config.get("exclude") is not None:
                written += f" and not {self.name('exclude', config['exclude'])}(v)"
            if config.get("encoder") is not None:
                value = f"{self.name('custom', config['encoder'])}(v)"
            else:
                value = self._expression(hint, "v")
            self.lines += [f" v = o.{field.name}", f" if {written}:", f"  out[{key_of(self.cls, field)!r}] = {value}"]
        self.lines.append(" return out if unread is None else unread.complete(o, out)" if keeps else " return out")
        return self.function()

    def _expression(self, hint: Any, v: str) -> str:
        hint = bare(hint)
        origin = get_origin(hint) or hint
        if hint in (str, int, float, bool):
            return f"{v} if {v}.__class__ is {hint.__name__} else plain({v})"
        if hint is datetime:
            return f"iso({v}) if {v}.__class__ is WireDatetime or {v}.__class__ is datetime else plain({v})"
        if is_enum(hint):
            return f"{v}._value_ if {v}.__class__ is {self.name('Enum', hint)} else plain({v})"
        if is_object(hint):
            encode = self.later("encode", lambda: encoder_of(hint))
            return f"{encode}({v}) if {v}.__class__ is {self.name('Class', hint)} else plain({v})"
        if origin in (list, Sequence):
            item = self._expression(argument(self.cls, hint, 0), v + "i")
            return f"[{item} for {v}i in {v}] if {v}.__class__ is list else plain({v})"
        if origin in (dict, Mapping):
            kind = argument(self.cls, hint, 1)
            item = self._expression(kind, v + "i")
            write = f"plain_texts({v})" if kind is str else f"{{{v}k: {item} for {v}k, {v}i in {v}.items()}}"
            return f"{write} if {v}.__class__ is dict else plain({v})"
        return f"plain({v})"
