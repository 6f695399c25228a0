"""The generated schemas are current, additive to the first ones published, and true of what is sent.

`docs/telemetry.md` is part of it: whoever builds a dashboard copies its examples.
"""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pumpd.telemetry.payloads import MODELS, decode, unknown_keys
from pumpd.telemetry.schema import ASYNCAPI, TREE_VERSION, asyncapi, broken, file_name, files, schema_of
from pumpd.telemetry.topics import Kind, parse

ROOT = Path(__file__).resolve().parents[2]
BASELINE = Path(__file__).parent / "baseline"
EXAMPLE = re.compile(r"^`(pumpd/1/\S+)`[^\n]*\n+```json\n(.*?)```", re.MULTILINE | re.DOTALL)
KINDS = pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.value)


def baseline(kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((BASELINE / Path(file_name(kind)).name).read_text())
    return found


def test_generated_files_are_current() -> None:
    stale = [name for name, text in files(TREE_VERSION).items() if (ROOT / "docs" / name).read_text() != text]
    assert stale == [], "run: python -m pumpd.telemetry.schema"


def test_no_schema_is_left_of_a_kind_that_is_gone() -> None:
    written = {path.name for path in (ROOT / "docs" / "telemetry").glob("*.json")}
    assert written == {Path(file_name(kind)).name for kind in Kind}
    assert {path.name for path in BASELINE.glob("*.json")} <= written, "a kind of topic may not vanish"


@KINDS
def test_only_additions_since_the_baseline(kind: Kind) -> None:
    assert broken(baseline(kind), schema_of(kind)) == []


@given(kind=st.sampled_from(Kind), data=st.data())
def test_whatever_is_taken_away_or_changed_is_noticed(kind: Kind, data: st.DataObject) -> None:
    before = baseline(kind)
    now = copy.deepcopy(before)
    name = data.draw(st.sampled_from(sorted(before["properties"])))
    field = now["properties"][name]
    match data.draw(st.sampled_from(["gone", "type", "optional", "enum"])):
        case "gone":
            del now["properties"][name]
        case "type":
            field["type"] = "array"
        case "optional":
            name = data.draw(st.sampled_from(before["required"]))
            now["required"].remove(name)
        case "enum":
            name = next((each for each, field in before["properties"].items() if "enum" in field), "")
            if not name:
                return
            now["properties"][name]["enum"] = now["properties"][name]["enum"][1:]
    assert any(line.startswith(f"{name}:") for line in broken(before, now))


@KINDS
def test_an_addition_is_free(kind: Kind) -> None:
    now = copy.deepcopy(baseline(kind))
    now["properties"]["colour"] = {"type": "string"}
    now["required"].append("colour")
    for field in now["properties"].values():
        if "enum" in field:
            field["enum"].append("new")
    assert broken(baseline(kind), now) == []


@KINDS
def test_a_schema_is_flat_has_no_null_and_is_valid(kind: Kind) -> None:
    schema = schema_of(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert "$ref" not in json.dumps(schema)
    assert {field.get("type") for field in schema["properties"].values()} <= {"string", "integer", "number", "boolean"}
    assert set(schema["properties"]) == set(MODELS[kind].model_fields)


def test_asyncapi_is_yaml_that_says_the_same() -> None:
    text = (ROOT / "docs" / ASYNCAPI).read_text()
    assert yaml.safe_load(text) == asyncapi(TREE_VERSION)


@pytest.mark.requirement("CMD-09")
def test_asyncapi_names_every_topic_with_its_qos_and_no_command() -> None:
    document = asyncapi(TREE_VERSION)
    assert {operation["action"] for operation in document["operations"].values()} == {"send"}
    for kind in Kind:
        address = document["channels"][kind.value]["address"]
        filled = address.format(site="s", ward="w", bed="b", slot="p1", alarm="7")
        parsed = parse(filled)
        assert parsed is not None
        assert parsed.kind is kind
        binding = document["operations"][f"send_{kind.value}"]["bindings"]["mqtt"]
        assert binding == {"qos": kind.qos, "retain": kind.retained}


# --- the page for dashboard builders ----------------------------------------------------------------------


def examples() -> list[tuple[str, str]]:
    return EXAMPLE.findall((ROOT / "docs" / "telemetry.md").read_text())


def test_every_kind_of_topic_has_an_example() -> None:
    kinds = {parsed.kind for topic, _ in examples() if (parsed := parse(topic))}
    assert kinds == set(Kind)


@pytest.mark.parametrize(("topic", "text"), examples(), ids=lambda part: part.split("/", 5)[-1][:30])
def test_every_example_of_the_page_is_valid(topic: str, text: str) -> None:
    parsed = parse(topic)
    assert parsed is not None
    message, wrong = decode(parsed.kind, text.encode())
    assert wrong == ()
    assert unknown_keys(parsed.kind, text.encode()) == ()
    assert getattr(message, "slot", parsed.slot) == parsed.slot
    jsonschema.validate(json.loads(text), schema_of(parsed.kind))


def test_the_page_names_every_field_that_it_shows_and_no_other_json() -> None:
    page = (ROOT / "docs" / "telemetry.md").read_text()
    assert page.count("```json") == len(examples()), "an example without its topic is checked by nobody"
