"""What the HTTP control understands and answers, as an OpenAPI document: for clients in any language.

Written by hand beside the routes, with the parts that tables know taken from the tables: the truth's fields from
`Truth`, the faults and their fields from `fault_table`. A test holds it to the routes and to real answers.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, get_args

from pumpd_sim.bus import Event
from pumpd_sim.device import Truth
from pumpd_sim.fault_table import FAULTS, TRIGGERS
from pumpd_sim.fault_text import IN_OTHER_UNITS

VERSION = "1.1.0"
Schema = dict[str, Any]

_TYPES: dict[str, Schema] = {
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "str": {"type": "string"},
    "int | None": {"type": ["integer", "null"]},
}
_TEXTS = ("direction", "key", "alarm")


def _object(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


def _truth() -> Schema:
    known = {field.name: _TYPES[str(field.type)] for field in fields(Truth)}
    always = tuple(field.name for field in fields(Truth) if field.default is MISSING)
    return _object(always, **known)


def _fault() -> Schema:
    """Every fault with exactly the fields that count for it."""
    either: list[Schema] = []
    for kind, facts in FAULTS.items():
        names = [*facts.fields, *TRIGGERS]
        names += [other for other, (field, _) in IN_OTHER_UNITS.items() if field in names]
        properties = {name: {"type": "string"} if name in _TEXTS else {"type": ["number", "null"]} for name in names}
        properties["fault"] = {"const": kind.value, "description": f"{facts.what}. Seen by: {facts.how}"}
        either.append(
            {"type": "object", "required": ["fault"], "properties": properties, "additionalProperties": False}
        )
    return {"oneOf": either}


def _fired() -> Schema:
    texts = {"type": "string"}
    fired = _object(("at_ns", "fault", "detail"), at_ns=_TYPES["int"], fault=texts, detail=texts)
    known = _object(("fault", "place", "what", "fields", "observable_by", "how"), fault=texts, place=texts, what=texts)
    return _object(("known", "fired"), known={"type": "array", "items": known}, fired={"type": "array", "items": fired})


_DONE = _object(("done", "at_ns"), done=_TYPES["bool"], at_ns=_TYPES["int"], day_ns=_TYPES["int"])
_EVENT: Schema = {"enum": list(get_args(Event))}
_SEEN = _object(("at_ns", "event", "text"), at_ns=_TYPES["int"], event=_EVENT, hex=_TYPES["str"], text=_TYPES["str"])
_KEY = _object(("key",), key=_TYPES["str"], address=_TYPES["int"], rate_nl_per_h=_TYPES["int"])
_SPAN = _object((), hours={"type": "number"}, minutes={"type": "number"}, seconds={"type": "number"})
_ASKED = _object((), text=_TYPES["str"], hex=_TYPES["str"], event=_EVENT, times=_TYPES["int"])
_VERDICT = _object(
    ("holds", "found", "sentence", "near"),
    holds=_TYPES["bool"], found=_TYPES["int"], sentence=_TYPES["str"], near={"type": "array", "items": _SEEN},
)  # fmt: skip
_SOURCE = _object(("behaviour", "source", "where"), behaviour=_TYPES["str"], source=_TYPES["str"], where=_TYPES["str"])


def _state() -> Schema:
    return _object(
        ("device", "now_ns", "day_ns", "speed", "pumps"),
        device=_TYPES["str"],
        now_ns=_TYPES["int"],
        day_ns=_TYPES["int"],
        speed=_TYPES["int"],
        baud=_TYPES["int | None"],
        pty={"type": ["string", "null"]},
        tcp={"type": ["string", "null"]},
        pumps={"type": "array", "items": {"$ref": "#/components/schemas/Truth"}},
    )


def _answers(schema: Schema, *, what: str) -> Schema:
    error = {"$ref": "#/components/schemas/Error"}
    return {
        "200": {"description": what, "content": {"application/json": {"schema": schema}}},
        "400": {"description": "the request makes no sense", "content": {"application/json": {"schema": error}}},
        "404": {"description": "no such pump", "content": {"application/json": {"schema": error}}},
    }


def _get(summary: str, schema: Schema, *parameters: str) -> Schema:
    queries = [{"name": name, "in": "query", "required": False, "schema": _TYPES["int"]} for name in parameters]
    return {"get": {"summary": summary, "parameters": queries, "responses": _answers(schema, what=summary)}}


def _post(summary: str, body: Schema, schema: Schema) -> Schema:
    sent = {"required": True, "content": {"application/json": {"schema": body}}}
    return {"post": {"summary": summary, "requestBody": sent, "responses": _answers(schema, what=summary)}}


def document() -> Schema:
    truth = {"$ref": "#/components/schemas/Truth"}
    fault = {"$ref": "#/components/schemas/Fault"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "pumpd-sim control", "version": VERSION, "description": "A door into simulated pumps."},
        "paths": {
            "/truth": _get("What is really so, beside what the pump says", truth, "address"),
            "/state": _get("The device, both times, and the truth of every pump", _state()),
            "/faults": {
                **_get("Every fault, who can observe it, and what has happened", _fired()),
                **_post("Bring on a fault, now or at its trigger", fault, _DONE),
            },
            "/keypad": _post("Somebody presses a key at the pump", _KEY, _DONE),
            "/advance": _post("So much of the pumps' day passes at once", _SPAN, _DONE),
            "/journal": _get("Every byte, at both ends of the wire", {"type": "array", "items": _SEEN}, "last"),
            "/verify": _post("Was this said; a no names what came closest", _ASKED, _VERDICT),
            "/provenance": _get("Where each behaviour comes from", {"type": "array", "items": _SOURCE}),
            "/readyz": _get("Whether it serves", _object(("ready",), ready=_TYPES["bool"])),
            "/openapi.json": _get("This document", {"type": "object"}),
        },
        "components": {
            "schemas": {"Truth": _truth(), "Fault": _fault(), "Error": _object(("error",), error=_TYPES["str"])}
        },
    }
