"""One line for each infusion, to study how it went: no name, no identifier, no date, no weight.

What could lead back to a person is left out and not masked: times are lengths, the dose is for each kilogram, people
are counted. The infusion's number is the journal's own and means nothing outside of it.
"""

from __future__ import annotations

import csv
import io
from typing import Final

from pumpd.core import deliveries as d
from pumpd.core import facts as f
from pumpd.core.care_facts import Observed
from pumpd.core.codes import Phase, Priority, Why
from pumpd.core.observing import Measure
from pumpd.core.units import NS_PER_S, Towards
from pumpd.records import InfusionRecord, Told
from pumpd.records_visits import VisitRecord

COLUMNS: Final = (
    "infusion", "regimen", "day", "drug", "phase", "ended_why", "duration_s", "planned_ul", "given_low_ul",
    "given_high_ul", "dose_low_ug_per_kg", "dose_high_ug_per_kg", "steps_planned", "stops", "pauses", "rate_changes",
    "refusals", "overridden", "alarms_high", "alarms_medium", "alarms_low", "visit_number", "visit_exit",
    "recovery_s", "padss", "observations", "systolic_highest_mmhg", "spo2_lowest_percent", "distress_highest",
    "pain_before", "pain_last",
)  # fmt: skip


def as_csv(told: Told) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    visits = {dose.infusion_id: each for each in told.visits for dose in each.visit.doses}
    for infusion in told.infusions:
        writer.writerow(_row(infusion) | _outcome(visits.get(infusion.ordered.infusion_id)))
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


def _outcome(record: VisitRecord | None) -> dict[str, str | int]:
    """What became of the visit; empty where there was none, or nobody measured."""
    if record is None:
        return {}
    visit = record.visit
    measured: dict[Measure, list[int]] = {}
    for each in record.happenings:
        if isinstance(each.fact, Observed):
            for reading in each.fact.readings:
                if reading.value is not None:
                    measured.setdefault(reading.item, []).append(reading.value)
    pain = measured.get(Measure.PAIN, [])
    recovered: str | int = ""
    if visit.closing is not None and visit.ended_at_ns is not None:
        recovered = (visit.closing.at_ns - visit.ended_at_ns) // NS_PER_S
    return {
        "visit_number": visit.number,
        "visit_exit": "" if visit.closing is None else visit.closing.exit.value,
        "recovery_s": recovered,
        "padss": "" if visit.score is None else visit.score.padss.total,
        "observations": sum(isinstance(each.fact, Observed) for each in record.happenings),
        "systolic_highest_mmhg": max(measured[Measure.SYSTOLIC]) if Measure.SYSTOLIC in measured else "",
        "spo2_lowest_percent": min(measured[Measure.SPO2]) if Measure.SPO2 in measured else "",
        "distress_highest": max(measured[Measure.DISTRESS]) if Measure.DISTRESS in measured else "",
        "pain_before": pain[0] if pain else "",
        "pain_last": pain[-1] if pain else "",
    }


def _seconds(record: InfusionRecord) -> int:
    assert record.began_wall_ms is not None
    assert record.over_wall_ms is not None
    return (record.over_wall_ms - record.began_wall_ms) // 1_000
