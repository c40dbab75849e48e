"""The models against the facts of the Java SDK's, which are data: classes, fields, wire names, types, enum values.

What the models have beyond Java is data too, and comes after what Java has.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from genesys_webmessaging import models
from genesys_webmessaging.models import WireEnum, WireModel

DATA = Path(__file__).parent.parent / "data"
FACTS = json.loads((DATA / "models.json").read_text(encoding="utf-8"))
BEYOND = json.loads((DATA / "beyond_java.json").read_text(encoding="utf-8"))

# 18.1 gave the name EventType, which 10.0.0 had for the kinds of event, to what 10.0.0 calls EventCoBrowseType.
RENAMED = {"EventType": "EventCoBrowseType", "EventTypeEnum": "EventType"}
SCALARS = {"string": str, "integer": int, "number": float, "boolean": bool, "datetime": datetime, "any": Any}
SAMPLES = {str: "text", int: 1, float: 1.5, bool: True, datetime: datetime(2023, 9, 7, tzinfo=timezone.utc), Any: "any"}

OBJECTS = {name: fact["fields"] + BEYOND["fields"].get(name, []) for name, fact in FACTS["objects"].items()}
ENUMS = {
    RENAMED.get(name, name): fact["values"] + BEYOND["values"].get(name, [])
    for name, fact in FACTS["enums"].items()
    if "@" not in name
}


def python_name(wire: str) -> str:
    return wire + "_" if wire in ("class", "from") else wire


def reach(dotted: str) -> Any:
    found: Any = models
    for name in dotted.split("."):
        found = getattr(found, name)
    return found


def type_of(wire: str) -> Any:
    """The Python type of a wire type, without ``| None``."""
    if wire == "map<string,string>":
        return dict[str, str]
    if many := re.fullmatch(r"array<(.+)>", wire):
        return list[type_of(many[1])]
    return SCALARS[wire] if wire in SCALARS else reach(RENAMED.get(wire, wire))


def optional(hint: Any) -> Any:
    """What a hint is beside None."""
    kinds = [kind for kind in get_args(hint) if kind is not type(None)]
    return kinds[0] if type(None) in get_args(hint) else hint


def sample(wire: str) -> Any:
    """Some value of a wire type that is written, whatever it is."""
    if wire.startswith("map"):
        return {"key": "value"}
    if many := re.fullmatch(r"array<(.+)>", wire):
        return [sample(many[1])]
    kind = type_of(wire)
    if kind in SAMPLES:
        return SAMPLES[kind]
    return next(iter(kind)) if issubclass(kind, WireEnum) else kind()


@pytest.mark.parametrize("name", OBJECTS)
def test_a_class_has_the_fields_of_java_in_their_order(name: str) -> None:
    assert [field.name for field in fields(reach(name))] == [python_name(fact["name"]) for fact in OBJECTS[name]]


@pytest.mark.parametrize("name", OBJECTS)
def test_a_class_writes_its_fields_under_the_names_of_the_wire(name: str) -> None:
    model = reach(name)(**{python_name(fact["name"]): sample(fact["type"]) for fact in OBJECTS[name]})

    assert list(model.to_dict()) == [fact["name"] for fact in OBJECTS[name]]


@pytest.mark.parametrize("name", OBJECTS)
def test_a_field_has_the_type_of_java(name: str) -> None:
    hints = {field: optional(hint) for field, hint in get_type_hints(reach(name)).items()}

    for fact in OBJECTS[name]:
        assert hints[python_name(fact["name"])] == type_of(fact["type"]), fact["name"]


@pytest.mark.parametrize("name", OBJECTS)
def test_no_field_is_required_and_a_list_is_empty_where_java_s_is(name: str) -> None:
    model = reach(name)()

    for fact in OBJECTS[name]:
        default = getattr(model, python_name(fact["name"]))
        if fact["type"].startswith("array"):
            assert default == []
        elif fact["name"] == "action" and name.endswith("Request"):
            assert [default] == list(type_of(fact["type"]))
        else:
            assert default is None


@pytest.mark.parametrize("name", ENUMS)
def test_an_enum_has_the_values_of_java(name: str) -> None:
    enum = reach(name)

    assert issubclass(enum, WireEnum)
    assert [member.value for member in enum] == ENUMS[name]


@pytest.mark.parametrize("name", ENUMS)
def test_an_enum_names_its_constants_as_java_does(name: str) -> None:
    assert [member.name for member in reach(name)] == [re.sub(r"\W", "_", value).upper() for value in ENUMS[name]]


@pytest.mark.parametrize("name", [name for name in ENUMS if "." in name])
def test_a_nested_enum_knows_where_it_lives(name: str) -> None:
    assert reach(name).__qualname__ == name


def test_what_is_beyond_java_is_not_in_java() -> None:
    for name, beyond in BEYOND["fields"].items():
        java = {fact["name"] for fact in FACTS["objects"][name]["fields"]}
        assert not java & {fact["name"] for fact in beyond}
    for name, values in BEYOND["values"].items():
        assert not {*FACTS["enums"][name]["values"]} & {*values}
    assert not {*BEYOND["classes"]} & {*FACTS["objects"], *FACTS["enums"]}


def test_the_names_of_both_java_versions_mean_what_they_should() -> None:
    assert models.EventTypeEnum is models.EventType
    assert models.BaseResponseType is models.BaseMessageType
    assert models.EventType("Presence").isRecognized
    assert models.EventCoBrowseType("Offering").isRecognized


def test_everything_public_is_java_s_or_ours_on_purpose() -> None:
    of_java = {name for name in (*OBJECTS, *ENUMS) if "." not in name} | {"EventTypeEnum", "BaseResponseType"}

    assert set(models.__all__) == of_java | set(BEYOND["classes"])
    assert all(issubclass(getattr(models, name), (WireModel, WireEnum)) for name in models.__all__)
