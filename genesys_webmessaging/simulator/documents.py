"""Documents that people write: YAML or JSON, checked by a pydantic model, with errors that say where they are."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

__all__ = ["Document", "DocumentError", "Location", "YamlFile", "validated", "words_of"]

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[str | int, ...]


class Document(BaseModel):
    """A part of a document: no field that it does not know, and numbers are welcome where a text is expected."""

    model_config = ConfigDict(
        extra="forbid",
        coerce_numbers_to_str=True,
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )


# So many places a document may have: a few lines of aliases of aliases would stand for millions.
PLACES = 200_000


class DocumentError(ValueError):
    """A document is not what it must be. Each line of the message says where: file, line, and place in the document."""


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: a time stays the text it was, and only `true` and `false` are booleans."""


class _TextLoader(yaml.SafeLoader):
    """YAML in which every scalar but null is the text that stands there, `Yes` and `007` too."""


def _resolvers(*tags: str) -> dict[str, Any]:
    """PyYAML's rules of what a plain scalar is, for some kinds alone."""
    kept = {f"tag:yaml.org,2002:{tag}" for tag in tags}
    return {
        first: [(tag, pattern) for tag, pattern in resolvers if tag in kept]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.yaml_implicit_resolvers = _resolvers("null", "merge", "int", "float")
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$", re.IGNORECASE), list("tTfF"))
_TextLoader.yaml_implicit_resolvers = _resolvers("null", "merge")


class YamlFile:
    """The content of a YAML file (JSON is YAML), and the line on which each part of it stands.

    Args:
        path: The file.
        texts: Whether every scalar is a text.

    Attributes:
        path: The file.
        content: What it holds: dicts, lists, scalars and None.

    Raises:
        DocumentError: It is not YAML, or says something twice.
        OSError: It cannot be read.
    """

    def __init__(self, path: Path, *, texts: bool = False) -> None:
        self.path = path
        self._lines: dict[Location, int] = {}
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise DocumentError(f"{path}: the file is not UTF-8 text") from error
        loader = (_TextLoader if texts else _Loader)(text)
        try:
            node = loader.get_single_node()
            if node is not None:
                self._note(node, ())
            self.content: Any = None if node is None else loader.construct_document(node)
        except yaml.MarkedYAMLError as error:
            line = f":{error.problem_mark.line + 1}" if error.problem_mark is not None else ""
            raise DocumentError(f"{path}{line}: malformed YAML: {error.problem or error.context}") from error
        except (yaml.YAMLError, RecursionError) as error:
            raise DocumentError(f"{path}: malformed YAML: {error}") from error
        finally:
            loader.dispose()

    def _note(self, node: yaml.Node, location: Location) -> None:
        self._lines.setdefault(location, node.start_mark.line + 1)
        if len(self._lines) > PLACES:
            raise DocumentError(f"{self.path}: the file says more than {PLACES:,} things, each alias written out")
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self._note(item, (*location, number))
        elif isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                name, line = str(key.value), key.start_mark.line + 1
                if name in seen:
                    raise DocumentError(f"{self.path}:{line}: {name!r} stands twice, first in line {seen[name]}")
                seen[name] = line
                inner = (*location, name)
                self._lines[inner] = line
                self._note(value, inner)

    def line_of(self, location: Iterable[str | int]) -> int:
        """The line of the innermost place that a location names; what the document does not have is passed over."""
        known: Location = ()
        for part in location:
            if (*known, part) in self._lines:
                known = (*known, part)
        return self._lines.get(known, 1)


def validated(model: type[Model], value: object, name: str, file: YamlFile | None = None) -> Model:
    """Check a value against a model.

    Args:
        model: What it must be.
        value: What it is.
        name: What errors call it.
        file: Where it was read, for the lines.

    Raises:
        DocumentError: It does not fit.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False):
            location: Location = problem["loc"]
            place = name if file is None else f"{name}:{file.line_of(location)}"
            path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).lstrip(".")
            lines.append(": ".join([place, *([path] if path else []), words_of(problem, model)]))
        raise DocumentError("\n".join(lines)) from error


def words_of(problem: Any, model: type[BaseModel]) -> str:
    """What pydantic found wrong, in a few words.

    Args:
        problem: One of ``ValidationError.errors()``.
        model: The model that found it.
    """
    kind = problem["type"]
    if kind == "extra_forbidden":
        name = str(problem["loc"][-1])
        known = _fields_at(model, problem["loc"][:-1])
        guesses = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {guesses[0]!r}?" if guesses else f"; there are {', '.join(known)}" if known else ""
        return f"unknown key {name!r}{hint}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"must be an object, not {_shown(problem['input'])}"
    if kind == "missing":
        return "is missing"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return message.replace("Input should be", "must be") + (
        f", not {_shown(problem['input'])}" if message.startswith("Input should be") else ""
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
        # A step that is not a field names one member of a union, which the next step is looked for in.
        here = here if field is None else _model_in(field.annotation)
    return [] if here is None else [field.alias or name for name, field in here.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, or holds a list of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None
