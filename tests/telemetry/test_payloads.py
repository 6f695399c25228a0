"""Topics and payloads: what is sent can be read back, and what breaks the promises is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core.codes import Phase
from pumpd.telemetry import payloads as p
from pumpd.telemetry.payloads import MODELS, PAYLOAD_BYTES_MAX, decode, encode, unknown_keys
from pumpd.telemetry.topics import BED_SLOT, SLOTS, Kind, Place, Topic, parse

WORD = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True)
PLACE = st.builds(Place, site=WORD, ward=WORD, bed=WORD)
ALARM = {
    "ts_ms": 1, "boot": "b", "slot": "p1", "seq": 1, "alarm_id": 1, "condition": "stalled", "priority": "high",
    "text": "x", "since_ts_ms": 1, "acknowledged": False, "over": False,
}  # fmt: skip
FORBIDDEN = (
    "patient",
    "regimen",
    "indication",
    "weight",
    "height",
    "score",
    "person",
    "name",
    "nurse",
    "visit",
    "order",
)


@given(place=PLACE, slot=st.sampled_from(SLOTS), kind=st.sampled_from(Kind), alarm_id=st.integers(0, 10**9))
def test_a_topic_that_was_made_is_taken_apart_the_same(place: Place, slot: str, kind: Kind, alarm_id: int) -> None:
    match kind:
        case Kind.STATUS:
            assert parse(place.status) == Topic(place=place, slot=BED_SLOT, kind=kind)
        case Kind.ALARM:
            assert parse(place.alarm(slot, alarm_id)) == Topic(place=place, slot=slot, kind=kind, alarm_id=alarm_id)
            bed = Topic(place=place, slot=BED_SLOT, kind=kind, alarm_id=alarm_id)
            assert parse(place.alarm(None, alarm_id)) == bed
        case _:
            assert parse(place.of(slot, kind)) == Topic(place=place, slot=slot, kind=kind)


@pytest.mark.parametrize(
    "topic",
    [
        "pumpd/2/s/w/b/status", "pumpd/1/s/w/b", "pumpd/1/s/w/b/p5/state", "pumpd/1/s/w/b/p1/set",
        "pumpd/1/S/w/b/status",
        "pumpd/1/s/w/b/p1/alarm/x", "pumpd/1/s/w/b/bed/state", "x/pumpd/1/s/w/b/status", "pumpd/1/s/w/b/status/x", "",
    ],
)  # fmt: skip
def test_a_topic_of_another_tree_is_none_of_ours(topic: str) -> None:
    assert parse(topic) is None


@given(st.text(max_size=80))
def test_any_text_as_a_topic_is_either_made_again_or_none(topic: str) -> None:
    assert parse(topic) is None or topic.startswith("pumpd/1/")


@given(volume_nl=st.integers(0, 10**12))
def test_a_volume_survives_the_wire_to_the_nanolitre(volume_nl: int) -> None:
    sent = p.Snapshot(
        ts_ms=1, boot="b", slot="p1", seq=1, quality="good", phase=Phase.INFUSING,
        delivered_low_ml=volume_nl / 1_000_000, delivered_high_ml=volume_nl / 1_000_000,
    )  # fmt: skip
    read = json.loads(encode(sent))
    assert round(read["delivered_low_ml"] * 1_000_000) == volume_nl
    assert isinstance(read["delivered_low_ml"], float), "a type that never changes: 25 would be another than 25.5"


def test_what_is_not_known_is_left_out_and_null_is_an_error() -> None:
    assert b"null" not in encode(p.Status(ts_ms=1, boot="b", state="lost"))
    assert decode(Kind.ALARM, json.dumps(ALARM).encode())[1] == ()
    assert decode(Kind.STATUS, b'{"ts_ms":1,"boot":"b","state":"up","seq":null}') == (
        None,
        ("seq: null, where a missing value is left out",),
    )


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"seq": 0}, "seq"), ({"seq": "1"}, "seq"), ({"seq": True}, "seq"), ({"priority": "urgent"}, "priority"),
        ({"text": ["x"]}, "text: not flat"), ({"acknowledged": 1}, "acknowledged"), ({"ts_ms": 1.5}, "ts_ms"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_named(change: dict[str, object], word: str) -> None:
    message, wrong = decode(Kind.ALARM, json.dumps(ALARM | change).encode())
    assert message is None
    assert wrong
    assert wrong[0].startswith(word)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"1", b"\xff", b'{"ts_ms":NaN}', b"[" * 4_000, b" " * (PAYLOAD_BYTES_MAX + 1)]
)
@pytest.mark.parametrize("kind", list(Kind))
def test_garbage_is_told_and_never_raises(kind: Kind, data: bytes) -> None:
    message, wrong = decode(kind, data)
    assert message is None
    assert wrong


@given(kind=st.sampled_from(Kind), data=st.binary(max_size=200))
def test_any_bytes_are_judged_without_an_exception(kind: Kind, data: bytes) -> None:
    message, wrong = decode(kind, data)
    assert (message is None) == bool(wrong)


def test_a_key_of_a_newer_daemon_is_passed_over_and_can_be_named() -> None:
    data = json.dumps(ALARM | {"smell": "burnt"}).encode()
    assert decode(Kind.ALARM, data)[1] == ()
    assert unknown_keys(Kind.ALARM, data) == ("smell",)


def test_no_field_can_name_a_patient_a_regimen_a_weight_or_staff() -> None:
    fields = [(kind.value, name) for kind, model in MODELS.items() for name in model.model_fields]
    assert len(fields) > 80
    assert [(kind, name) for kind, name in fields if any(word in name for word in FORBIDDEN)] == []


def test_an_interval_needs_both_ends_the_right_way_round() -> None:
    for low, high in ((2.0, 1.0), (None, 1.0), (1.0, None)):
        with pytest.raises(ValueError, match="delivered_low_ml"):
            p.Snapshot(
                ts_ms=1, boot="b", slot="p1", seq=1, quality="good", phase=Phase.IDLE,
                delivered_low_ml=low, delivered_high_ml=high,
            )  # fmt: skip
