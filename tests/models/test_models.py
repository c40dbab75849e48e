from __future__ import annotations

import copy
import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any, Protocol, get_args, get_origin, get_type_hints
from unittest.mock import Mock

import dataclasses_json
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesys_webmessaging import models
from genesys_webmessaging.models import (
    BaseMessage,
    BaseMessagingContent,
    CleanMessageContent,
    CleanMessageEvent,
    ContentCard,
    ContentType,
    Direction,
    EventType,
    GetJwtRequest,
    MessageContent,
    MessageEvent,
    OAuthParams,
    PresignedUrlResponse,
    RequestTypeIncomingMessage,
    SendMessageRequest,
    StructuredMessage,
    WebMessagingContent,
    WebMessagingEvent,
    WebMessagingMessage,
    WireEnum,
    WireModel,
)

EVERYTHING = [getattr(models, name) for name in models.__all__ if name not in ("WireEnum", "WireModel")]
MODELS: list[type[WireModel]] = [each for each in EVERYTHING if issubclass(each, WireModel)]
ENUMS: list[type[WireEnum]] = [each for each in EVERYTHING if issubclass(each, WireEnum)]
NESTED: list[type[WireEnum]] = [
    each for model in MODELS for each in vars(model).values() if isinstance(each, type) and issubclass(each, WireEnum)
]
OPEN_KINDS = {
    BaseMessagingContent: "contentType",
    CleanMessageContent: "contentType",
    MessageContent: "contentType",
    WebMessagingContent: "contentType",
    CleanMessageEvent: "eventType",
    MessageEvent: "eventType",
    WebMessagingEvent: "eventType",
}
SECRETS = {"token", "jwt", "resumeToken", "deviceToken", "sessionJoinToken", "downloadUrl", "customAttributes"}
SECRETS_OF = {
    models.BaseContentAttachment: {"url"},
    models.CleanContentAttachment: {"url"},
    models.ContentAttachment: {"url"},
    models.WebMessagingAttachment: {"url"},
    OAuthParams: {"code"},
    PresignedUrlResponse: {"url", "headers"},
    BaseMessage: {"body"},
    models.JourneyCustomer: {"id"},  # web clients give the session token as the customer's id
}
UNHEARD_OF = {"unheardOf": {"deep": [1, None, {"to_dict": True}]}, "to_dict": "no method", "_raw": 5}

# A small alphabet: hypothesis takes seconds to prepare all of Unicode.
texts = st.text('aZ0_-. \n"\\é☃\U0001f600', max_size=8)
json_values = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner | st.none(), max_size=2) | st.dictionaries(texts, inner | st.none(), max_size=2),
    max_leaves=4,
)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(),
    float: st.integers() | st.floats(allow_nan=False),
    bool: st.booleans(),
    datetime: st.datetimes(timezones=zones),
    Any: json_values,
}


def bare(hint: Any) -> Any:
    kinds = [kind for kind in get_args(hint) if kind is not type(None)]
    return kinds[0] if type(None) in get_args(hint) else hint


@cache
def values_of(hint: Any, depth: int) -> st.SearchStrategy[Any]:
    hint = bare(hint)
    if hint in SCALARS:
        return SCALARS[hint]
    if get_origin(hint) is list:
        return st.lists(values_of(get_args(hint)[0], depth), max_size=2)
    if get_origin(hint) is dict:
        return st.dictionaries(texts, values_of(get_args(hint)[1], depth), min_size=1, max_size=2)
    if issubclass(hint, WireEnum):
        return st.sampled_from(hint) | texts.map(hint)
    return models_of(hint, depth - 1)


@cache
def models_of(cls: type[WireModel], depth: int = 2) -> st.SearchStrategy[Any]:
    some = {name: values_of(hint, depth) for name, hint in hints_of(cls).items() if depth > 0 or not is_model(hint)}
    return st.fixed_dictionaries({}, optional=some).map(lambda given: cls(**given))


@cache
def hints_of(cls: type[WireModel]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}


def is_model(hint: Any) -> bool:
    inner = bare(hint)
    inner = get_args(inner)[0] if get_origin(inner) is list else inner
    return get_origin(inner) is None and isinstance(inner, type) and issubclass(inner, WireModel)


def with_unknown_keys(cls: type[WireModel], document: Any) -> Any:
    """Put keys that no class has into every object of a document that a model is read from."""
    if document is None:
        return None
    grown = {**UNHEARD_OF, **document}
    for name, hint in hints_of(cls).items():
        key = name.rstrip("_")
        if key in document and is_model(hint):
            inner = bare(hint)
            if get_origin(inner) is list:
                grown[key] = [with_unknown_keys(get_args(inner)[0], item) for item in document[key]]
            else:
                grown[key] = with_unknown_keys(inner, document[key])
    return grown


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
def test_what_was_written_is_read_again(cls: type[WireModel]) -> None:
    @settings(max_examples=6, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(models_of(cls))
    def check(model: WireModel) -> None:
        document = model.to_dict()
        again = cls.from_dict(document)
        assert again == model
        assert again.to_dict() == document
        assert cls.from_json(model.to_json()) == model
        assert cls.from_json(model.to_json(ensure_ascii=False).encode()) == model
        assert cls.from_dict(with_unknown_keys(cls, document)) == model

    check()


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
def test_a_model_is_copied_and_pickled(cls: type[WireModel]) -> None:
    model = cls.from_dict({"contentType": "Hologram", "eventType": "Hologram"})

    for twin in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model)), replace(model)):
        assert twin == model
        assert twin is not model


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
def test_a_misspelt_argument_is_refused(cls: type[WireModel]) -> None:
    with pytest.raises(TypeError, match="unheardOf"):
        cls(unheardOf=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
def test_a_model_says_in_one_line_what_it_is(cls: type[WireModel]) -> None:
    assert cls.__doc__ is not None
    assert cls.__doc__.endswith(".")
    assert "\n" not in cls.__doc__
    assert cls.__name__ not in cls.__doc__


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
def test_the_lists_of_two_instances_are_not_the_same(cls: type[WireModel]) -> None:
    for first, second in ((cls(), cls()), (cls.from_dict({}), cls.from_dict({}))):
        for field in fields(cls):
            if isinstance(getattr(first, field.name), list):
                assert getattr(first, field.name) is not getattr(second, field.name)


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
def test_a_secret_does_not_show_in_repr(cls: type[WireModel]) -> None:
    secrets = {field.name for field in fields(cls)} & (SECRETS | SECRETS_OF.get(cls, set()))
    model = cls(**dict.fromkeys(secrets, "s3cr3t"))

    assert "s3cr3t" not in repr(model)
    assert "s3cr3t" not in str(model)
    assert {field.name for field in fields(cls) if not field.repr} == secrets


def test_the_repr_of_a_request_does_not_show_its_token_wherever_it_stands() -> None:
    customer = models.JourneyCustomer(id="s3cr3t", idType="cookie")
    context = models.JourneyContext(customer=customer)

    assert "s3cr3t" not in repr(models.ConfigureSessionRequest(token="s3cr3t", journeyContext=context))


def test_a_message_is_late_if_told_so_and_never_on_the_wire() -> None:
    message = StructuredMessage.from_dict({"text": "hi", "late": True})
    assert message.late is False

    message.late = True

    assert message == StructuredMessage(text="hi")
    assert message.to_dict() == {"text": "hi"}
    assert pickle.loads(pickle.dumps(message)).late is copy.copy(message).late is True
    assert StructuredMessage().late is False


def test_only_the_models_import_dataclasses_json_and_only_its_public_names() -> None:
    package = Path(models.__file__).parents[1]
    imports = {
        (path.relative_to(package).parent.as_posix(), module, names)
        for path in package.rglob("*.py")
        for module, names in re.findall(
            r"(?:from|import) (dataclasses_json\S*)(?: import (.*))?", path.read_text(encoding="utf-8")
        )
    }

    assert {(folder, module) for folder, module, _ in imports} == {("models", "dataclasses_json")}
    assert {name for _, _, names in imports for name in names.split(", ")} <= set(dataclasses_json.__all__)


def test_a_request_knows_its_action() -> None:
    assert SendMessageRequest().action is RequestTypeIncomingMessage.ONMESSAGE
    assert SendMessageRequest().to_dict() == {"action": "onMessage"}
    assert GetJwtRequest(token="t", tracingId="1").to_dict() == {"action": "getJwt", "token": "t", "tracingId": "1"}


def test_none_and_empty_lists_and_maps_are_not_written_but_empty_texts_and_models_are() -> None:
    message = StructuredMessage(text="", channel=models.BaseMessagingChannel(), content=[], metadata={})

    assert message.to_dict() == {"text": "", "channel": {}}


def test_a_keyword_of_python_has_an_underscore_in_python_only() -> None:
    channel = models.BaseMessagingChannel(from_=models.BaseMessagingRecipient(nickname="Agent"))

    assert channel.to_dict() == {"from": {"nickname": "Agent"}}
    assert BaseMessage.from_dict({"class": "JwtResponse"}).class_ is models.MessageDataType.JWTRESPONSE


@pytest.mark.parametrize(("cls", "kind"), OPEN_KINDS.items(), ids=lambda each: getattr(each, "__name__", each))
def test_an_object_of_an_unknown_kind_is_kept_whole(cls: type[Any], kind: str) -> None:
    document = {kind: "Hologram", "hologram": {"beams": [1, 2]}, "attachment": {"id": "a", "new": None}}

    read = cls.from_dict(document)

    assert read.raw == document
    assert read.to_dict() == document
    assert json.loads(read.to_json()) == document
    assert copy.deepcopy(read).raw == document
    assert pickle.loads(pickle.dumps(read)).raw == document


@pytest.mark.parametrize(("cls", "kind"), OPEN_KINDS.items(), ids=lambda each: getattr(each, "__name__", each))
def test_an_object_of_a_known_kind_has_nothing_raw(cls: type[Any], kind: str) -> None:
    member = next(iter(bare(hints_of(cls)[kind])))

    for document in ({kind: member.value, "other": 1}, {kind: member.value.upper(), "other": 1}):
        assert cls.from_dict(document).raw is None
        assert cls.from_dict(document).to_dict() == {kind: member.value}


def test_an_object_that_says_no_kind_has_nothing_raw() -> None:
    assert MessageContent.from_dict({}).raw is None
    assert MessageContent.from_dict({"contentType": None, "x": 1}).raw is None
    assert MessageContent().raw is None
    assert MessageContent(contentType=ContentType("Hologram")).raw is None


def test_an_object_whose_kind_is_no_text_is_kept_whole() -> None:
    for kind in (5, ["Card"], {"of": "Card"}):
        document = {"contentType": kind, "card": {"title": "A", "new": 1}}
        assert MessageContent.from_dict(document).raw == document
        assert MessageContent.from_dict(document).to_dict() == document


def test_an_unknown_kind_that_is_given_a_known_one_is_written_like_any_other() -> None:
    content = MessageContent.from_dict({"contentType": "Hologram", "card": {"title": "A"}, "hologram": 1})
    content.contentType = ContentType.CARD

    assert content.raw is None
    assert content.to_dict() == {"contentType": "Card", "card": {"title": "A"}}


def test_what_is_raw_is_a_copy_both_ways() -> None:
    document = {"contentType": "Hologram", "beams": [1]}
    content = MessageContent.from_dict(document)

    document["beams"].append(2)
    content.to_dict()["beams"].append(3)

    assert content.raw == {"contentType": "Hologram", "beams": [1]}


def test_raw_is_no_field() -> None:
    assert "raw" not in {field.name for field in fields(MessageContent)}
    with pytest.raises(TypeError, match="raw"):
        MessageContent(raw={})  # type: ignore[call-arg]


@pytest.mark.parametrize("enum", ENUMS + NESTED, ids=lambda enum: enum.__qualname__)
def test_an_enum_is_its_value_wherever_text_is_wanted(enum: type[WireEnum]) -> None:
    for member in (*enum, enum("Hologram")):
        value = member.value
        assert (str(member), f"{member}", f"{member:>40}") == (value, value, f"{value:>40}")
        assert json.dumps({member: [member]}) == json.dumps({value: [value]})
        assert member == value
        assert hash(member) == hash(value)
        assert {value: 1}[member] == 1


@pytest.mark.parametrize("enum", ENUMS + NESTED, ids=lambda enum: enum.__qualname__)
@pytest.mark.parametrize("twin_of", [copy.copy, copy.deepcopy, lambda member: pickle.loads(pickle.dumps(member))])
def test_an_enum_is_copied_and_pickled(enum: type[WireEnum], twin_of: Callable[[WireEnum], WireEnum]) -> None:
    assert all(twin_of(member) is member for member in enum)

    stranger = twin_of(enum("Hologram"))
    assert stranger == "Hologram"
    assert type(stranger) is enum
    assert not stranger.isRecognized


@pytest.mark.parametrize("enum", ENUMS + NESTED, ids=lambda enum: enum.__qualname__)
def test_an_enum_matches_in_any_case_and_keeps_what_it_does_not_know(enum: type[WireEnum]) -> None:
    for member in enum:
        assert member.isRecognized
        assert enum(member.value.upper()) is enum(member.value.lower()) is member

    stranger = enum("Hologram")
    assert stranger == "Hologram"
    assert stranger.name == "UNRECOGNIZED"
    assert not stranger.isRecognized
    assert "Hologram" in repr(stranger)
    assert "Hologram" not in [member.value for member in enum]
    assert enum("Hologram") is not stranger


def test_what_is_no_text_is_no_value_of_an_enum() -> None:
    with pytest.raises(ValueError, match="5"):
        Direction(5)


def test_a_nested_enum_is_an_attribute_of_its_owner() -> None:
    assert WebMessagingMessage.StatusEnum.SENT == "Sent"
    assert (
        ContentCard.from_dict({"actions": [{"type": "Link"}]}).actions[0].type is models.ContentCardAction.TypeEnum.LINK
    )


def test_the_names_are_sorted_and_a_wrong_one_is_an_attribute_error() -> None:
    assert models.__all__ == sorted(models.__all__)
    assert set(models.__all__) <= set(dir(models))
    with pytest.raises(AttributeError, match="NoSuchModel"):
        _ = models.NoSuchModel  # type: ignore[attr-defined]


def test_importing_the_models_loads_no_family_before_it_is_needed() -> None:
    script = (
        "import sys, genesys_webmessaging.models as models\n"
        "families = lambda: sorted(name for name in sys.modules if name.startswith(models.__name__ + '.'))\n"
        "assert families() == [], families()\n"
        "models.JwtResponse\n"
        "assert models.__name__ + '.session' in families(), families()\n"
        "assert models.__name__ + '.message' not in families(), families()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_an_event_type_of_either_java_version_is_found() -> None:
    assert models.EventTypeEnum.VIDEO is EventType.VIDEO


def test_a_model_may_be_of_a_protocol_and_be_stood_in_for() -> None:
    class HasText(Protocol):
        text: Any

    class Mine(StructuredMessage, HasText):
        """A model of a user's."""

    mine = Mine.from_dict({"text": "Hello"})
    assert (mine.text, mine.to_dict()) == ("Hello", {"text": "Hello"})
    assert isinstance(mine, StructuredMessage)
    assert not isinstance(StructuredMessage(), Mine)
    assert isinstance(Mock(spec=StructuredMessage), StructuredMessage)
