"""What a declared field is: its JSON name, its type, how it is read and written.

The sources are :mod:`typing`, the dataclass, and what dataclasses-json's ``config`` left in its metadata.
"""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from dataclasses import MISSING, Field, is_dataclass, make_dataclass
from enum import Enum
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from dataclasses_json import DataClassJsonMixin, global_config

from ._coerce import copied


def hints_of(cls: type) -> dict[str, Any]:
    """Resolve the annotations of a class, also of one that was made in a function and contains itself."""
    try:
        return get_type_hints(cls)
    except NameError:
        return get_type_hints(cls, localns={**vars(sys.modules[cls.__module__]), cls.__name__: cls})


def config_of(cls: type, field: Field[Any]) -> dict[str, Any]:
    """Merge what dataclasses-json was told: for the type everywhere, for the class, for the field."""
    config: dict[str, Any] = {}
    for purpose, table in (("decoder", global_config.decoders), ("encoder", global_config.encoders)):
        if field.type in table:
            config[purpose] = table[field.type]
    config.update(getattr(cls, "dataclass_json_config", None) or {})
    config.update(field.metadata.get("dataclasses_json", {}))
    return config


def key_of(cls: type, field: Field[Any]) -> str:
    """Find the JSON name of a field."""
    letter_case = config_of(cls, field).get("letter_case")
    return field.name if letter_case is None else str(letter_case(field.name))


def bare(hint: Any) -> Any:
    """Strip ``| None`` and NewType from a type; what is left of a union of several is Any."""
    while isinstance(hint, NewType):
        hint = hint.__supertype__
    if get_origin(hint) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
        return bare(kinds[0]) if len(kinds) == 1 else Any
    return hint


def is_class(hint: Any) -> bool:
    """Whether a type is a class as it is, no list[…] or dict[…], which Python 3.10 takes for classes."""
    return isinstance(hint, type) and get_origin(hint) is None


def is_enum(hint: Any) -> bool:
    """Whether a type is an enum."""
    return is_class(hint) and issubclass(hint, Enum)


def is_object(hint: Any) -> bool:
    """Whether a type is a dataclass, which is an object in JSON."""
    return is_class(hint) and is_dataclass(hint)


def argument(cls: type, hint: Any, index: int) -> Any:
    """Find what a list or a map is made of."""
    arguments = get_args(hint)
    found = arguments[index] if index < len(arguments) else Any
    if isinstance(found, str):  # list["Name"], which Python 3.10 does not resolve
        quoted = types.SimpleNamespace(__annotations__={"found": found})
        found = get_type_hints(quoted, {**vars(sys.modules[cls.__module__]), cls.__name__: cls})["found"]
    return found


def stock_decoder(hint: Any) -> Callable[[Any], Any]:
    """Find how dataclasses-json reads a type that the wire does not have, such as UUID or a set."""
    holder = _holder_of(hint)

    def decode(value: Any) -> Any:
        try:
            return None if value is None else holder.from_dict({"value": value}).value
        except Exception:  # noqa: BLE001 - whatever does not fit stays as it came
            return copied(value)

    return decode


def stock_encoded(value: Any) -> Any:
    """Write a value of a type that the wire does not have as dataclasses-json writes it.

    Raises:
        TypeError: It does not know the type either.
    """
    return json.loads(_ANYTHING(value).to_json())["value"]


def _holder_of(hint: Any) -> Any:
    """Make a class of one field, so that dataclasses-json's public methods read and write values of any type."""
    return make_dataclass("Holder", [("value", hint)], bases=(DataClassJsonMixin,))


_ANYTHING = _holder_of(Any)


def sets_attributes_only(cls: type) -> bool:
    """Whether setting attributes on a bare instance does all that the constructor of a class would do."""
    maker = next(base for base in cls.__mro__ if "__init__" in vars(base))
    parameters = vars(maker).get("__dataclass_params__")
    return (
        parameters is not None
        and parameters.init
        and not hasattr(cls, "__post_init__")
        and all(getattr(cls, name) is getattr(object, name) for name in ("__new__", "__setattr__"))
    )


def has_class_default(cls: type, field: Field[Any]) -> bool:
    """Whether an instance that lacks the attribute of a field shows the field's default all the same."""
    return field.default is not MISSING and getattr(cls, field.name, MISSING) is field.default
