"""Names that people write from habit or from memory, and what they are called here."""

from __future__ import annotations

import difflib
import importlib
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from opcode import opmap
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

# Where names are that people look for at the top of the package.
_HOMES = ("models", "simulator", "companions", "aio", "scenarios")
# The prefixes of Java's accessors and builders.
_ACCESSOR = re.compile(r"(?:get|set|is|with)_?(?=[A-Za-z])")

# What others call it, without underscores and in lower case, and what it may be called here.
_SYNONYMS: Mapping[str, Sequence[str]] = {
    "addlistener": ("addSessionListener",),
    "classproperty": ("class_",),
    "close": ("disconnect",),
    "disconnect": ("close",),
    "isconnected": ("connected", "isOutputClosed"),
    "leave": ("close",),
    "messages": ("history",),
    "removelistener": ("removeSessionListener",),
    "say": ("send",),
    "sendmessage": ("send",),
    "sendtext": ("sendMessage", "send"),
}

# What every object of Java has, and what Python has instead.
_IN_PYTHON: Mapping[str, str] = {
    "build": "{type}(…), with keyword arguments",
    "builder": "{type}(…), with keyword arguments",
    "equals": "==",
    "getclass": "type(…)",
    "getmessage": "str(…)",
    "hashcode": "hash(…)",
    "tostring": "str(…)",
}

F = TypeVar("F", bound=Callable[..., Any])


class Hinting:
    """The errors of its objects name the attribute that was meant."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise attribute_error(self, name)


def hinting_at_keywords(function: F) -> F:
    """A function whose errors name the keyword argument that was meant.

    It costs each call a microsecond, and so is not for what is called by the thousand.
    """
    code = function.__code__
    known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

    @wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        for name in named:
            if name not in known:
                hint = meant(name, known, likeness=0.7)
                right = f"; did you mean {hint!r}?" if hint else ""
                raise TypeError(f"{function.__qualname__}() takes no keyword argument {name!r}{right}")
        return function(*args, **named)

    return call  # type: ignore[return-value]


def meant(name: str, names: Iterable[str], likeness: float = 0.8) -> str | None:
    """The name that was meant, None if none is like it.

    Args:
        name: What was written: in snake_case, with ``get`` or ``set`` before it, or misspelt.
        names: What there is.
        likeness: How like the name must be, from 0 to 1.
    """
    folded = {_folded(one): one for one in names}
    for written in map(_folded, (name, _ACCESSOR.sub("", name, count=1))):
        for right in (written, *map(_folded, _SYNONYMS.get(written, ()))):
            if right in folded:
                return folded[right]
    alike = difflib.get_close_matches(_folded(name), folded, n=1, cutoff=likeness)
    return folded[alike[0]] if alike else None


def is_java_or_snake_case(name: str) -> bool:
    """Whether a name looks like one of Java's accessors, or is in snake_case."""
    return name[0] != "_" and (
        "_" in name.rstrip("_") or _ACCESSOR.match(name) is not None or _folded(name) in _IN_PYTHON
    )


def attribute_error(owner: object, name: str, names: Iterable[str] | None = None) -> AttributeError:
    """The error for an attribute that is not there, with the name that was meant if there is one.

    Args:
        owner: Whose attribute it would be.
        name: What was asked for.
        names: What there is; the owner's public names if None.
    """
    sentence = f"{type(owner).__name__!r} object has no attribute {name!r}"
    if not name.startswith("_"):
        hint = meant(name, (one for one in dir(owner) if one[0] != "_") if names is None else names)
        if hint is not None:
            sentence += f"; did you mean {hint!r}?"
        elif _folded(name) in _IN_PYTHON:
            sentence += f"; in Python it is {_IN_PYTHON[_folded(name)].format(type=type(owner).__name__)}"
    return AttributeError(sentence)


def missing_from_package(package: str, name: str, names: Iterable[str]) -> Exception:
    """The error for a name that the package does not have, with the place or the name that was meant.

    Args:
        package: The package that was asked, by its full name.
        name: What was asked for.
        names: What the package has.

    Returns:
        An ImportError if the caller's caller is executing ``from package import name``, where Python would replace an
        AttributeError by a sentence of its own; else an AttributeError.
    """
    sentence = f"module {package!r} has no attribute {name!r}"
    if not name.startswith("_"):
        # Classes alone are worth loading other modules for.
        top = package.partition(".")[0]
        homes = (top, *(f"{top}.{module}" for module in _HOMES)) if name[0].isupper() else ()
        home = next((module for module in homes if module != package and name in _public(module)), None)
        hint = meant(name, names)
        if home is not None:
            sentence += f"; it is in {home}"
        elif hint is not None:
            sentence += f"; did you mean {hint!r}?"
        if (home or hint) and _is_from_import(sys._getframe(2)):
            return ImportError(sentence, name=package)
    return AttributeError(sentence)


def missing_extra(error: ModuleNotFoundError, what: str, extra: str) -> ImportError:
    """The error for something that needs a package which is not installed, with the way to get it."""
    sentence = str(error)
    if error.name is not None and not error.name.startswith("genesys_webmessaging"):
        sentence = f"{what} {error.name}: pip install 'genesys-webmessaging[{extra}]'"
    return ImportError(sentence, name=error.name)


def _public(module: str) -> Sequence[str]:
    try:
        names: Sequence[str] = importlib.import_module(module).__all__
    except ImportError:  # its extra is not installed
        return ()
    return names


def _is_from_import(frame: FrameType) -> bool:
    return frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]


def _folded(name: str) -> str:
    return name.replace("_", "").casefold()
