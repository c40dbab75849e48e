"""Documents that people write: YAML or JSON, checked by a pydantic model, with errors that say where they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

__all__ = ["Document", "read_document", "validated"]

Model = TypeVar("Model", bound=BaseModel)


class Document(BaseModel):
    """A part of a document: no field that it does not know, and numbers are welcome where a text is expected."""

    model_config = ConfigDict(
        extra="forbid",
        coerce_numbers_to_str=True,
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: a time stays the text it was, and only `true` and `false` are booleans."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way of saying it
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$", re.IGNORECASE), list("tTfF"))


def read_document(model: type[Model], source: str | Path | Mapping[str, Any]) -> Model:
    """Read a document.

    Args:
        model: What it must be.
        source: The path of a .json, .yaml or .yml file, or the object that would be in it.

    Raises:
        ValueError: It is not what it must be. Each line of the message names the file, the line in it where that is
            known, and the path in the document.
        OSError: The file cannot be read.
    """
    if isinstance(source, Mapping):
        return validated(model, source, "the script")
    path = Path(source)
    text = path.read_text(encoding="utf-8")
    if path.suffix.lower() == ".json":
        try:
            value = json.loads(text)
        except ValueError as error:
            raise ValueError(f"{path} is not JSON: {error}") from error
    else:
        try:
            value = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
        except yaml.YAMLError as error:
            raise ValueError(f"{path} is not YAML: {error}") from error
    return validated(model, value, str(path), text)


def validated(model: type[Model], value: object, name: str, text: str | None = None) -> Model:
    """Check a value against a model.

    Args:
        model: What it must be.
        value: What it is.
        name: What errors call it.
        text: The document that it was read from, to find lines in.

    Raises:
        ValueError: It does not fit.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        lines = [_sentence(each, model, name, text) for each in error.errors(include_url=False)]
        raise ValueError("\n".join(lines)) from error


def _sentence(error: Any, model: type[BaseModel], name: str, text: str | None) -> str:
    """One error as a sentence: ``bot.yaml, line 7: rules[2].reply[0].txt: is not known here; …``."""
    location: tuple[str | int, ...] = error["loc"]
    place = [name]
    line = None if text is None else _line_of(text, location)
    if line is not None:
        place.append(f"line {line}")
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).lstrip(".")
    parts = [", ".join(place), *([path] if path else []), _words(error, model)]
    return ": ".join(parts)


def _words(error: Any, model: type[BaseModel]) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        known = _fields_at(model, error["loc"][:-1])
        return "is not known here" + (f"; there are {', '.join(known)}" if known else "")
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"must be an object, not {_shown(error['input'])}"
    if kind == "missing":
        return "is missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    return message.replace("Input should be", "must be") + (
        f", not {_shown(error['input'])}" if message.startswith("Input should be") else ""
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _fields_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """The fields that the model has at a place of the document; none if that cannot be told."""
    here: type[BaseModel] | None = model
    for step in location:
        if isinstance(step, int):
            continue
        field = None if here is None else here.model_fields.get(step)
        here = None if field is None else _model_in(field.annotation)
    return [] if here is None else list(here.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, or holds a list of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None


def _line_of(text: str, location: Sequence[str | int]) -> int | None:
    """The line on which something stands; JSON is read as YAML, which it nearly always is."""
    try:
        node = yaml.compose(text, _Loader)
    except yaml.YAMLError:
        return None
    for step in location:
        below = _below(node, step)
        if below is None:
            break
        node = below
    return None if node is None else int(node.start_mark.line) + 1


def _below(node: Any, step: str | int) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None
