"""JSON Schemas and the AsyncAPI document, made from the payload models: `python -m pumpd.telemetry.schema`.

The models are the only place where a field is written down; what other people's tools read is generated, checked in
under docs/, and held against the models by a test. A schema describes what is sent, in which null never occurs.

`broken` compares two schemas the way a reader of the old one would: what was there must still be there, with the
same type and meaning, and only additions are free. The first published schemas are kept as the baseline of
that comparison; a change that needs a new baseline needs a new number in the topic tree.

The YAML is written here in a dozen lines (scalars as JSON, which YAML includes), so that the daemon needs no library
for it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from pumpd.telemetry.payloads import MODELS
from pumpd.telemetry.topics import BED_SLOT, ROOT, SLOTS, Kind

Schema = dict[str, Any]

ASYNCAPI: Final = "asyncapi.yaml"
_DIALECT: Final = GenerateJsonSchema.schema_dialect


def file_name(kind: Kind) -> str:
    return f"telemetry/{kind.value}.schema.json"


def schema_of(kind: Kind) -> Schema:
    """Without references and without null: what stands on the wire."""
    raw = MODELS[kind].model_json_schema(mode="validation")
    shapes = raw.pop("$defs", {})
    properties = {name: _plain(field, shapes) for name, field in raw["properties"].items()}
    return {
        "$schema": _DIALECT,
        "$id": f"urn:{ROOT.replace('/', ':')}:{kind.value}",
        "title": kind.value,
        "description": " ".join(raw["description"].split()),
        "type": "object",
        "properties": properties,
        "required": raw["required"],
    }


def _plain(field: Schema, shapes: Schema) -> Schema:
    """One property: its reference followed, its null and the model's own title dropped."""
    field = dict(field)
    choices = field.pop("anyOf", None)
    if choices is not None:
        (one,) = (choice for choice in choices if choice.get("type") != "null")
        field = {**one, **field}
    reference = field.pop("$ref", None)
    if reference is not None:
        shape = shapes[reference.rsplit("/", 1)[-1]]
        field = {key: value for key, value in shape.items() if key != "description"} | field  # that is for us
    field.pop("title", None)
    if field.get("default", 0) is None:
        field.pop("default")
    return field


def broken(before: Schema, now: Schema) -> list[str]:
    """What a reader of the old schema would stumble over. Empty when everything is an addition."""
    found = []
    for name, old in before["properties"].items():
        new = now["properties"].get(name)
        if new is None:
            found.append(f"{name}: gone")
            continue
        changed = [key for key in _MEANING if key in old and old[key] != new.get(key)]
        found += [f"{name}: {key} was {old[key]!r}, is {new.get(key)!r}" for key in changed]
        sent = new.get("enum", ())
        found += [f"{name}: {value!r} is no longer sent" for value in old.get("enum", ()) if value not in sent]
    found += [f"{name}: may be missing now" for name in before["required"] if name not in now["required"]]
    return found


_MEANING: Final = ("type", "const", "minimum", "maximum", "maxLength", "minLength", "pattern")


# --- AsyncAPI -------------------------------------------------------------------------------------------------


def _address(kind: Kind) -> str:
    bed = f"{ROOT}/{{site}}/{{ward}}/{{bed}}"
    match kind:
        case Kind.STATUS:
            return f"{bed}/status"
        case Kind.ALARM:
            return f"{bed}/{{slot}}/alarm/{{alarm}}"
        case _:
            return f"{bed}/{{slot}}/{kind.value}"


def asyncapi(version: str) -> Schema:
    """AsyncAPI 3.0: one channel and one sending operation a kind."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "pumpd telemetry",
            "version": version,
            "description": "What a pumpd daemon publishes. It takes no commands over MQTT. "
            "Demonstration and research software, not a medical device.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "127.0.0.1:1883",
                "protocol": "mqtt",
                "protocolVersion": "3.1.1",
                "description": "Any MQTT 3.1.1 broker; the site's own, with TLS, in use.",
                "bindings": {"mqtt": _server_binding()},
            }
        },
        "channels": {kind.value: _channel(kind) for kind in Kind},
        "operations": {f"send_{kind.value}": _operation(kind) for kind in Kind},
        "components": {"messages": {kind.value: _message(kind) for kind in Kind}},
    }


def _server_binding() -> Schema:
    will = {"topic": _address(Kind.STATUS), "qos": 1, "retain": True, "message": "status with state lost"}
    return {"clientId": "pumpd-{site}-{ward}-{bed}", "cleanSession": True, "lastWill": will}


def _channel(kind: Kind) -> Schema:
    parameters: Schema = {
        name: {"description": f"{name}, 1 to 32 of a-z, 0-9 and -"} for name in ("site", "ward", "bed")
    }
    if kind is not Kind.STATUS:
        slots = [*SLOTS, BED_SLOT] if kind is Kind.ALARM else list(SLOTS)
        parameters["slot"] = {"enum": slots, "description": "the pump's place at the bed"}
    if kind is Kind.ALARM:
        parameters["alarm"] = {"description": "a number; the topic is cleared by an empty payload"}
    return {
        "address": _address(kind),
        "description": schema_of(kind)["description"],
        "parameters": parameters,
        "messages": {kind.value: {"$ref": f"#/components/messages/{kind.value}"}},
    }


def _operation(kind: Kind) -> Schema:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{kind.value}"},
        "bindings": {"mqtt": {"qos": kind.qos, "retain": kind.retained}},
    }


def _message(kind: Kind) -> Schema:
    payload = {key: value for key, value in schema_of(kind).items() if key not in {"$schema", "$id"}}
    return {"name": kind.value, "contentType": "application/json", "payload": payload}


def yaml_lines(value: object, indent: str = "") -> Iterator[str]:
    """Block style for objects, JSON for everything in them that is not an object."""
    assert isinstance(value, dict), value
    for key, each in value.items():
        name = key if key.isidentifier() else json.dumps(key)
        if isinstance(each, dict) and each:
            yield f"{indent}{name}:"
            yield from yaml_lines(each, indent + "  ")
        else:
            yield f"{indent}{name}: {json.dumps(each, ensure_ascii=False)}"


# --- files ----------------------------------------------------------------------------------------------------


def files(version: str) -> dict[str, str]:
    """Every generated file, by its path below docs/."""
    made = {file_name(kind): json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n" for kind in Kind}
    note = "# Generated by `python -m pumpd.telemetry.schema` from pumpd/telemetry/payloads.py: edit that."
    made[ASYNCAPI] = "\n".join([note, *yaml_lines(asyncapi(version))]) + "\n"
    return made


TREE_VERSION: Final = ROOT.rpartition("/")[2] + ".0.0"  # of the tree, not of the program: it outlives releases


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m pumpd.telemetry.schema")
    parser.add_argument("docs", nargs="?", type=Path, default=Path("docs"), help="where to write (default: docs)")
    docs: Path = parser.parse_args().docs
    for name, text in files(TREE_VERSION).items():
        path = docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
