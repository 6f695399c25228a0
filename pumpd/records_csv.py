"""One line for each infusion, to study how it went: no name, no identifier, no date, no weight.

What could lead back to a person is left out and not masked: times are lengths, the dose is for each kilogram, people
are counted. The infusion's number is the journal's own and means nothing outside of it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from pumpd.core import deliveries as d
from pumpd.core import facts as f
from pumpd.core.codes import Phase, Priority, Why
from pumpd.core.units import Towards
from pumpd.records import InfusionRecord

COLUMNS: Final = (
    "infusion", "regimen", "day", "drug", "phase", "ended_why", "duration_s", "planned_ul", "given_low_ul",
    "given_high_ul", "dose_low_ug_per_kg", "dose_high_ug_per_kg", "steps_planned", "stops", "pauses", "rate_changes",
    "refusals", "overridden", "alarms_high", "alarms_medium", "alarms_low",
)  # fmt: skip


def as_csv(infusions: Iterable[InfusionRecord]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_row, infusions))
    return out.getvalue()


def _row(record: InfusionRecord) -> dict[str, str | int]:
    ordered, delivered = record.ordered, record.delivered
    told = [each.fact for each in record.happenings]
    raised = [fact.priority for fact in told if isinstance(fact, f.AlarmRaised)]
    phases = [fact for fact in told if isinstance(fact, f.PhaseChanged)]
    ended = [fact.why.value for fact in phases if fact.phase is Phase.ENDED]
    weight_g = ordered.programme.weight_g
    lasted = "" if record.began_wall_ms is None or record.over_wall_ms is None else _seconds(record)
    return {
        "infusion": ordered.infusion_id,
        "regimen": ordered.order.regimen,
        "day": ordered.order.day,
        "drug": ordered.programme.drug,
        "phase": record.phase.value,
        "ended_why": ended[-1] if ended else "",
        "duration_s": lasted,
        "planned_ul": ordered.programme.total_nl // 1_000,
        "given_low_ul": delivered.low_nl // 1_000,
        "given_high_ul": -(-delivered.high_nl // 1_000),
        "dose_low_ug_per_kg": record.mass_ug(delivered.low_nl, Towards.DOWN) * 1_000 // weight_g,
        "dose_high_ug_per_kg": -(-record.mass_ug(delivered.high_nl, Towards.UP) * 1_000 // weight_g),
        "steps_planned": len(ordered.programme.steps),
        "stops": sum(fact.phase is Phase.STOPPED and fact.why is Why.STOP_PRESSED for fact in phases),
        "pauses": sum(isinstance(fact, d.PauseNoted) for fact in told),
        "rate_changes": sum(isinstance(fact, f.RateGranted) for fact in told),
        "refusals": sum(isinstance(fact, f.RequestRefused) for fact in told),
        "overridden": int(ordered.override_person is not None),
        "alarms_high": raised.count(Priority.HIGH),
        "alarms_medium": raised.count(Priority.MEDIUM),
        "alarms_low": raised.count(Priority.LOW),
    }


def _seconds(record: InfusionRecord) -> int:
    assert record.began_wall_ms is not None
    assert record.over_wall_ms is not None
    return (record.over_wall_ms - record.began_wall_ms) // 1_000
