"""Decoders and encoders, one compiled for each class from its dataclass fields and their dataclasses-json metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from ..exceptions import DecodeError

Convert = Callable[[Any], Any]

_decoders: dict[type, Convert] = {}
_encoders: dict[type, Convert] = {}


def decoder_of(cls: type) -> Convert:
    found = _decoders.get(cls)
    if found is None:
        found = _decoders[cls] = _compile_decoder(cls)
    return found


def encoder_of(cls: type) -> Convert:
    found = _encoders.get(cls)
    if found is None:
        found = _encoders[cls] = _compile_encoder(cls)
    return found


def _config(cls, f):
    c = dict(getattr(cls, "dataclass_json_config", None) or {})
    c.update(f.metadata.get("dataclasses_json", {}))
    return c


def _key(cls, f):
    lc = _config(cls, f).get("letter_case")
    return lc(f.name) if lc else f.name


def _copy(v):
    if isinstance(v, dict):
        return {k: _copy(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [_copy(x) for x in v]
    return v


def _text(v):
    if v is None or isinstance(v, str):
        return v
    if v is True:
        return "true"
    if v is False:
        return "false"
    if isinstance(v, (int, float)):
        try:
            return json.dumps(v)
        except ValueError:
            return v
    return _copy(v)


_INTEGER = re.compile(r"[+-]?[0-9]+")


def _integer(v):
    if isinstance(v, bool):
        return v
    if isinstance(v, str) and _INTEGER.fullmatch(v.strip()):
        try:
            return int(v)
        except ValueError:
            return v
    if isinstance(v, float):
        try:
            return int(v)
        except (ValueError, OverflowError):
            return v
    return _copy(v)


def _number(v):
    if isinstance(v, str):
        if _INTEGER.fullmatch(v.strip()):
            return _integer(v)
        if re.fullmatch(r"[+-]?[0-9]+\.[0-9]+([eE][+-]?[0-9]+)?", v.strip()):
            return float(v)
    return _copy(v)


def _boolean(v):
    if isinstance(v, str):
        return {"true": True, "false": False}.get(v.strip().lower(), v)
    if isinstance(v, int) and v in (0, 1):
        return bool(v)
    return _copy(v)


_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|z|[+-]\d\d:?\d\d|[+-]\d\d)?)?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def _date(v):
    try:
        if isinstance(v, str):
            m = _DATE.fullmatch(v.strip())
            if m:
                y, mo, d, h, mi, s, fr, z = m.groups()
                tz = timezone.utc
                if z and z not in "Zz":
                    digits = z[1:].replace(":", "").ljust(4, "0")
                    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
                    tz = timezone(-delta if z[0] == "-" else delta)
                return datetime(
                    int(y), int(mo), int(d), int(h or 0), int(mi or 0), int(s or 0), int((fr or "0").ljust(6, "0")[:6]), tz
                )
        elif isinstance(v, (int, float)) and not isinstance(v, bool):
            return _EPOCH + timedelta(milliseconds=v)
    except (ValueError, OverflowError):
        return v
    return _copy(v)


def _enum(cls):
    members = dict(cls._value2member_map_)

    def convert(v):
        if isinstance(v, str):
            found = members.get(v)
            return cls(v) if found is None else found
        return _copy(v)

    return convert


def _converter(t, owner, name):
    def misfit(what, v):
        raise DecodeError(f"{owner.__name__}.{name}: {what} expected, not {type(v).__name__}")

    if get_origin(t) is Union or type(t).__name__ == "UnionType":
        args = [a for a in get_args(t) if a is not type(None)]
        t = args[0] if len(args) == 1 else Any
    simple = {str: _text, int: _integer, float: _number, bool: _boolean, datetime: _date, Any: _copy}.get(t)
    if simple:
        return simple
    if isinstance(t, type) and issubclass(t, Enum):
        return _enum(t)
    if isinstance(t, type) and is_dataclass(t):

        def nested(v):
            if v is None or v == "":
                return None
            if isinstance(v, t):
                return v
            if not isinstance(v, Mapping):
                misfit("an object", v)
            return decoder_of(t)(v)

        return nested
    if get_origin(t) is list:
        item = _converter(get_args(t)[0], owner, name)

        def many(v):
            if v is None or v == "":
                return []
            if not isinstance(v, (list, tuple)):
                misfit("a list", v)
            return [None if x is None else item(x) for x in v]

        return many
    if get_origin(t) is dict:
        item = _converter(get_args(t)[1], owner, name)

        def map_(v):
            if v is None or v == "":
                return None
            if not isinstance(v, Mapping):
                misfit("a map", v)
            return {k: None if x is None else item(x) for k, x in v.items()}

        return map_
    return _copy


def _compile_decoder(cls):
    hints = get_type_hints(cls)
    table = {}
    for f in fields(cls):
        if f.init:
            table[_key(cls, f)] = (f.name, _config(cls, f).get("decoder") or _converter(hints[f.name], cls, f.name))
    kind = getattr(cls, "_kind", None)

    def decode(data):
        if not isinstance(data, Mapping):
            raise DecodeError(f"{cls.__name__}: an object expected, not {type(data).__name__}")
        values = {}
        for key, value in data.items():
            if key in table:
                name, convert = table[key]
                values[name] = convert(value)
        made = cls(**values)
        if kind:
            k = getattr(made, kind)
            if k is not None and not getattr(k, "isRecognized", False):
                made.__dict__["_raw"] = _copy(data)
        return made

    return decode


def plain(v):
    if v is None or isinstance(v, (bool, int, float)):
        return v
    if isinstance(v, Enum):
        return v.value
    if isinstance(v, str):
        return v
    if is_dataclass(v):
        return encoder_of(type(v))(v)
    if isinstance(v, Mapping):
        return {k: plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple, set)):
        return [plain(x) for x in v]
    if isinstance(v, datetime):
        if v.tzinfo is None:
            v = v.replace(tzinfo=timezone.utc)
        return v.isoformat().replace("+00:00", "Z")
    return v


def _compile_encoder(cls):
    table = [(f.name, _key(cls, f), _config(cls, f).get("encoder")) for f in fields(cls)]

    def encode(obj):
        raw = getattr(obj, "raw", None)
        if raw is not None:
            return _copy(raw)
        out = {}
        for name, key, enc in table:
            v = getattr(obj, name)
            if v is None or (isinstance(v, (list, dict)) and not v):
                continue
            out[key] = enc(v) if enc else plain(v)
        return out

    return encode
