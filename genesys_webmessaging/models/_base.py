"""What every model and every enum of the wire is made from."""

from __future__ import annotations

import json
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from dataclasses_json import DataClassJsonMixin, config

from .._base.hints import Hinting, attribute_error, is_java_or_snake_case
from ..exceptions import DecodeError
from ._codec import Unread, decoder_of, encoder_of

M = TypeVar("M", bound="WireModel")


class WireEnum(Hinting, str, Enum):
    """A closed set of names that the server may reopen at any time.

    A value this SDK has not heard of is kept as it came, so it can be read,
    compared with a string, and written back unchanged.
    """

    _value_: str

    @classmethod
    def _missing_(cls, value: object) -> WireEnum | None:
        if not isinstance(value, str):
            return None
        folded = value.casefold()
        for member in cls:
            if member._value_.casefold() == folded:
                return member
        stranger = str.__new__(cls, value)
        stranger._name_ = "UNRECOGNIZED"
        stranger._value_ = value
        return stranger

    @property
    def isRecognized(self) -> bool:
        """False when the server sent a value that this SDK has not heard of."""
        return self._name_ in type(self).__members__

    def __str__(self) -> str:
        return str(self._value_)

    def __reduce_ex__(self, protocol: Any) -> tuple[type[WireEnum], tuple[str]]:
        return type(self), (str(self._value_),)  # some releases of Python 3.11 go by the name, which a stranger lacks


if TYPE_CHECKING:
    from abc import ABCMeta as _ProtocolType
else:
    _ProtocolType = type(Protocol)  # more than ABCMeta, so that what is a model may be of a protocol, too


class ModelType(_ProtocolType):
    """Asks whether an object is a model of a class as one asks with any class: dataclasses-json's are abstract ones,
    whose way takes ten times as long where the answer is no."""

    __instancecheck__ = type.__instancecheck__
    __subclasscheck__ = type.__subclasscheck__


class WireModel(DataClassJsonMixin, metaclass=ModelType):
    """A JSON object of the protocol.

    Reading tolerates what a server may send: unknown keys are ignored, unknown enum values are kept, a number where a
    text belongs becomes its text, and a part of the wrong shape is read as empty and written back as it came. Writing
    leaves out what is None, [] or {}.
    """

    _unread: ClassVar[Unread | None] = None

    @classmethod
    def from_dict(cls: type[M], kvs: Any, *, infer_missing: bool = False) -> M:  # noqa: ARG003 - every field may be missing
        """Make an instance from a decoded JSON object.

        Args:
            kvs: The JSON object.
            infer_missing: Of no effect: what is missing gets its default.

        Returns:
            The instance. It shares no list and no dict with kvs.

        Raises:
            DecodeError: This is not an object.
        """
        instance: M = decoder_of(cls)(kvs)
        return instance

    @classmethod
    def from_json(
        cls: type[M],
        s: str | bytes | bytearray,
        *,
        parse_float: Any = None,
        parse_int: Any = None,
        parse_constant: Any = None,
        infer_missing: bool = False,
        **kw: Any,
    ) -> M:
        """Make an instance from JSON text.

        Args:
            s: The text.
            parse_float: As for ``json.loads``.
            parse_int: As for ``json.loads``.
            parse_constant: As for ``json.loads``.
            infer_missing: Of no effect: what is missing gets its default.
            **kw: More arguments of ``json.loads``.

        Returns:
            The instance.

        Raises:
            DecodeError: The text is not JSON, or not an object.
        """
        try:
            kvs = json.loads(s, parse_float=parse_float, parse_int=parse_int, parse_constant=parse_constant, **kw)
        except (ValueError, RecursionError) as error:
            raise DecodeError(f"{cls.__name__}: not a JSON document: {error}") from error
        return cls.from_dict(kvs, infer_missing=infer_missing)

    def to_dict(self, encode_json: bool = False) -> dict[str, Any]:  # noqa: ARG002 - what comes out is JSON always
        """Turn the instance into a JSON object; it shares no list and no dict with the instance.

        Args:
            encode_json: Of no effect: what comes out is always fit for JSON.

        Returns:
            The JSON object, without what is None, [] or {}.
        """
        document: Any = encoder_of(type(self))(self)
        return (
            document if document.__class__ is dict else {}
        )  # an instance that stands for something else than an object

    def to_json(self, **kw: Any) -> str:
        """Turn the instance into JSON text.

        Args:
            **kw: Arguments of ``json.dumps``.

        Returns:
            The text.
        """
        return json.dumps(self.to_dict(), **kw)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if is_java_or_snake_case(name):
                raise attribute_error(self, name)
            # Made cheaply: code that bears every model asks for fields that this one may not have.
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)


class OpenKind(WireModel):
    """A model of many kinds, one of its fields telling which; the server may send kinds this SDK has not heard of."""

    _kind: ClassVar[str]

    def __init_subclass__(cls, kind: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if kind is not None:
            cls._kind = kind

    @property
    def raw(self) -> Any:
        """The object as it came if its kind is not recognized or a part of it has the wrong shape, else None.

        If something else than an object came, it is that.
        """
        unread = self._unread
        return unread.whole if unread is not None and (unread.parts or unread.stands_for(self)) else None


def odd_parts(model: WireModel) -> list[str]:
    """List the fields of a model, not of what is in it, where another kind of container came than belongs there.

    Args:
        model: One that was read.

    Returns:
        The names of the fields.
    """
    return [name for name, _, _ in model._unread.parts] if model._unread else []


def wire(key: str | None = None, *, secret: bool = False) -> Any:
    """Declare a field that is None unless given.

    Args:
        key: Its name on the wire, where that cannot be its name in Python.
        secret: Whether repr leaves it out.

    Returns:
        The field.
    """
    return field(default=None, repr=not secret, metadata=config(field_name=key) if key else None)


def wireList() -> Any:
    """Declare a list that is empty unless given.

    Returns:
        The field.
    """
    return field(default_factory=list)
