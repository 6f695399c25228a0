"""The record as JSON: every figure as an exact integer with its unit in the name, every fact as it was journalled.

For programs and for a second look in later years: nothing is rounded, and beside each fact stands the sentence that
people read. Fields are only added.
"""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import TypeAdapter

from pumpd.core import facts as f
from pumpd.core.units import Towards
from pumpd.journal_rows import kind_of
from pumpd.records import InfusionRecord, Record
from pumpd.records_rows import Happening
from pumpd.records_visits import VisitRecord
from pumpd.words_bed import fact_text

FORMAT: Final = "pumpd-record"
VERSION: Final = 1

Json = dict[str, Any]


def as_json(record: Record) -> str:
    return json.dumps(as_data(record), indent=1, ensure_ascii=False) + "\n"


def as_data(record: Record) -> Json:
    return {
        "format": FORMAT,
        "version": VERSION,
        "place": record.place,
        "software": record.software,
        "made_ts_ms": record.made_wall_ms,
        "journal": {"seq": record.head_seq, "sha256": record.head_hash},
        "visits": [_visit(each) for each in record.told.visits],
        "infusions": [_infusion(each) for each in record.told.infusions],
    }


def _visit(record: VisitRecord) -> Json:
    """As it stood last, by the patient's opaque key, and every row of it: both values of a double check among them."""
    return {
        "visit": plain(record.visit),
        "series": None if record.series is None else plain(record.series),
        "opened_ts_ms": record.opened_wall_ms,
        "history": [_happening(each) for each in record.happenings],
    }


def _infusion(record: InfusionRecord) -> Json:
    ordered = record.ordered
    return {
        "infusion_id": ordered.infusion_id,
        "slot": record.slot,
        "ordered_ts_ms": record.ordered_wall_ms,
        "began_ts_ms": record.began_wall_ms,
        "over_ts_ms": record.over_wall_ms,
        "phase": record.phase.value,
        "confirmed_by": ordered.person,
        "override_person": ordered.override_person,
        "override_reason": ordered.override_reason,
        "order": plain(ordered.order),
        "order_sha256": record.order_sha256,
        "programme": plain(ordered.programme),
        "grant": plain(ordered.grant),
        "library_sha256": ordered.library_sha256,
        "library": None if record.library is None else plain(record.library),
        "pump": None if record.identified is None else plain(record.identified),
        "delivered_low_nl": record.delivered.low_nl,
        "delivered_high_nl": record.delivered.high_nl,
        "delivered_low_ug": record.mass_ug(record.delivered.low_nl, Towards.DOWN),
        "delivered_high_ug": record.mass_ug(record.delivered.high_nl, Towards.UP),
        "steps": [plain(each) for each in record.steps],
        "history": [_happening(each) for each in record.happenings],
    }


def _happening(happening: Happening) -> Json:
    fact = happening.fact
    return {
        "seq": happening.seq,
        "boot": happening.boot,
        "at_ns": happening.at_ns,
        "ts_ms": happening.wall_ms,
        "slot": happening.slot,
        "person": happening.person,
        "kind": kind_of(type(fact)),
        "text": fact_text(fact) if isinstance(fact, f.Fact) else None,
        "rate": None if happening.rate is None else plain(happening.rate),
        "fact": plain(fact),
    }


def plain(value: object) -> Any:  # noqa: ANN401  # whatever JSON can hold
    """A frozen dataclass of codes and integers as what JSON can hold."""
    return TypeAdapter(type(value)).dump_python(value, mode="json")
