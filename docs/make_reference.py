"""Writes the pages of docs/reference that describe the simulator, from what validates it.

Run as ``python docs/make_reference.py``. A test compares them with what is committed.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from genesys_webmessaging.simulator import BotScript, Faults
from genesys_webmessaging.simulator.server.control import ASKABLE, CALLS, AgentCall
from genesys_webmessaging.simulator.server.events import AnyEvent

HERE = Path(__file__).parent / "reference"
HIDDEN = ("self", "when")
TYPES = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false", "null": "null"}
EXAMPLE_CALLS = """\
<!-- invisible-code-block: python
from genesys_webmessaging import Conversation
guest = Conversation.open(simulator.address, "demo", join=True)
-->
```sh
simulator=http://127.0.0.1:8080                        # of `simulate --port 8080`; on this machine no key is needed
curl $simulator/simulator/state
curl $simulator/simulator/sessions/1/messages
curl -X POST $simulator/simulator/agent -d '{"session": 1, "text": "Which wheel?", "quickReplies": ["Front", "Rear"]}'
curl -X POST $simulator/simulator/agent -d '{"session": 1, "disconnect": {"readOnly": true}}'
curl -X POST $simulator/simulator/faults -d '{"fault": "loseEcho", "times": 2}'
curl -X POST $simulator/simulator/clock -d '{"advance": 3600}'
curl -H "Authorization: Bearer $KEY" http://elsewhere:8080/simulator/state     # from another machine
```
<!-- invisible-code-block: python
guest.close()
-->
"""


def pages() -> dict[str, str]:
    """The text of each page, by the name of its file."""
    return {
        "bot-script.md": bot_script(),
        "control.md": control(),
        "events.md": events(),
        "faults.md": faults(),
    }


def bot_script() -> str:
    """The format of a bot script."""
    example = resources.files("genesys_webmessaging.simulator").joinpath("example.yaml").read_text("utf-8")
    return "\n".join(
        [
            "# Bot scripts",
            "",
            "A bot script is YAML or JSON. `genesys-webmessaging simulate --script FILE` runs it, `Simulator(bot=…)`",
            "does in Python, and `simulate --example-script` prints the one at the end of this page. A mistake is an",
            "error that names the file, the line and the place; `BotScript.model_json_schema()` is for editors.",
            "",
            *described(BotScript, {}),
            "## An example with everything in it",
            "",
            "```yaml",
            example.rstrip("\n"),
            "```",
            "",
        ]
    )


def control() -> str:
    """The calls under /simulator/."""
    lines = [
        "# Control calls",
        "",
        "What Python can do with a simulator, for programs in any language. Bodies and answers are JSON. Programs on",
        "the same machine need no key; everybody else, and every page in a browser, needs the one that `simulate`",
        "prints behind the `#` of the desk's address (`--token` or `GENESYS_WEBMESSAGING_SIMULATOR_TOKEN` set it), as",
        "`Authorization: Bearer <key>`, or on a WebSocket of a page as the subprotocol `bearer.<key>`. A session is",
        "named by a number of the simulator's, never by its token.",
        "",
        EXAMPLE_CALLS,
    ]
    documented: set[str] = set()
    for method, path, model, words in CALLS:
        lines += [f"## {method} {path}", "", words, ""]
        if path == "/simulator/faults" and method == "POST":
            lines += ["The body names the fault and its settings: see [faults](faults.md).", ""]
        if path == "/simulator/events":
            lines += ["See [events](events.md).", ""]
        if model is AgentCall:
            lines += ["What can be said is described with [bot scripts](bot-script.md).", ""]
        if model is not None:
            schema = model.model_json_schema()
            said = model is AgentCall
            lines += [*table(schema, only=set(AgentCall.__annotations__) if said else None), ""]
            if said:
                schema = {"$defs": {"Leaving": schema["$defs"]["Leaving"]}}  # the rest is with bot scripts
            lines += list(definitions(schema, documented))
    return "\n".join(lines)


def events() -> str:
    """What is told on /simulator/events."""
    lines = [
        "# Events",
        "",
        "`/simulator/events` is a WebSocket on which everything is told that happens: one JSON object in each text",
        "frame. The first one is `state`. What is sent to it is ignored. See [control calls](control.md) for the key.",
        "",
    ]
    documented: set[str] = set()
    union, *_ = get_args(AnyEvent)
    for model in get_args(union):
        schema = model.model_json_schema()
        name = schema["properties"]["event"]["const"]
        lines += [f"## `{name}`", "", schema["description"], "", *table(schema, validates=False), ""]
        lines += list(definitions(schema, documented, validates=False))
    return "\n".join(lines)


def faults() -> str:
    """The faults that can be asked for."""
    general = inspect.cleandoc(Faults.__doc__ or "").split("\n\n", 2)[-1]
    lines = [
        "# Faults",
        "",
        '`simulator.faults.drop(how="fin")` in Python, `{"fault": "drop", "how": "fin"}` to',
        "[POST /simulator/faults](control.md) in any language, where `class_` is written `class`, and `where` and",
        "`connection` as an object are for Python alone.",
        "",
        general,
        "",
    ]
    for name, method in vars(Faults).items():
        if name not in ASKABLE:
            continue
        words, _, arguments = inspect.cleandoc(method.__doc__).partition("\n\nArgs:\n")
        parameters = [each for each in inspect.signature(method).parameters.values() if each.name not in HIDDEN]
        shown = ", ".join(
            each.name if each.default is inspect.Parameter.empty else f"{each.name}={each.default!r}"
            for each in parameters
        )
        lines += [f"## `{name}({shown})`", "", words, ""]
        for argument, meaning in re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", arguments, re.MULTILINE):
            if argument != "when":
                lines += [f"- `{argument}`: {' '.join(meaning.split())}"]
        if arguments:
            lines += [""]
    return "\n".join(lines)


def described(model: type[BaseModel], documented: Mapping[str, None]) -> Iterator[str]:
    """A model and everything in it."""
    schema = model.model_json_schema()
    yield from [schema["description"], "", *table(schema), ""]
    yield from definitions(schema, set(documented))


def definitions(schema: Mapping[str, Any], documented: set[str], *, validates: bool = True) -> Iterator[str]:
    """The models that a model refers to, each once."""
    for name, inner in schema.get("$defs", {}).items():
        if name not in documented and "properties" in inner:
            documented.add(name)
            yield from [f"### {name}", "", inner.get("description", ""), "", *table(inner, validates=validates), ""]


def table(schema: Mapping[str, Any], only: set[str] | None = None, *, validates: bool = True) -> Iterator[str]:
    """The fields of an object."""
    required = set(schema.get("required", ()))
    yield "| field | is | |"
    yield "|---|---|---|"
    for name, field in schema.get("properties", {}).items():
        if only is not None and name not in only:
            continue
        words = " ".join(field.get("description", "").split())
        must = "Must be there. " if name in required and validates else ""
        default = None if "const" in field else field.get("default")
        otherwise = f" Default: `{str(default).lower() if isinstance(default, bool) else default}`." if default else ""
        yield f"| `{name}` | {kind(field)} | {must}{words}{otherwise} |".replace("  ", " ")


def kind(field: Mapping[str, Any]) -> str:
    """What a field is, in words."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    if "anyOf" in field or "oneOf" in field:
        kinds = [kind(each) for each in field.get("anyOf") or field["oneOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if field.get("type") == "array":
        return f"list of {kind(field.get('items', {}))}"
    if field.get("type") == "object":
        return "object"
    return TYPES.get(str(field.get("type")), "anything")


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")
