"""From the bed's state and facts to payloads: pure, and the only place that decides what leaves the bed.

A view copies named fields one by one. It never copies a whole object, so that a field added to an order or to a
fact stays at the bed until somebody writes it down here. Free text (what a person typed, what went over the
wire, why a port failed) is in no view: it can hold anything.

What a pump measured is left out as soon as it is stale. The delivered interval stays: silence widens it, so
it is true at any age.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from pumpd.core.codes import Priority
from pumpd.core.events import LinkState
from pumpd.core.look import MOVING, Look, look
from pumpd.core.pump import Detectable, DriverInfo
from pumpd.core.signals import signal, sounding
from pumpd.core.state import Alarm, BedState, PumpState
from pumpd.core.units import NL_PER_ML, NS_PER_MS, NS_PER_S
from pumpd.journal_rows import Head
from pumpd.samples import Sample
from pumpd.telemetry import payloads as p
from pumpd.telemetry.payloads import Payload, PriorityName, Quality
from pumpd.words_bed import alarm_text

STALE_AFTER_NS: Final = 5 * NS_PER_S  # as on the page: numbers grey out at this age
UL_PER_ML: Final = 1_000

_PRIORITY: Final[dict[Priority, PriorityName]] = {
    Priority.PROMPT: "prompt",
    Priority.LOW: "low",
    Priority.MEDIUM: "medium",
    Priority.HIGH: "high",
}


Make = Callable[[int], Payload]  # the payload, once its number is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Now, by both clocks, and the run of the daemon it belongs to."""

    boot: str
    now_ns: int
    wall_ms: int

    def ts_ms(self, at_ns: int) -> int:
        """Wall time of a boot time."""
        return max(0, self.wall_ms - (self.now_ns - at_ns) // NS_PER_MS)


def ml(volume_nl: int) -> float:
    return volume_nl / NL_PER_ML


def ml_per_h(rate_ul_per_h: int | None) -> float | None:
    return None if rate_ul_per_h is None else rate_ul_per_h / UL_PER_ML


def priority_name(priority: Priority) -> PriorityName:
    return _PRIORITY[priority]


def moves(state: BedState) -> bool:
    """May anything at this bed be turning? Then there is a sample every second."""
    return any(pump.phase in MOVING for pump in state.pumps)


def alarms_of(state: BedState, slot: str) -> tuple[Alarm, ...]:
    """Alarms of this pump and of the bed as a whole, the most urgent first, then the oldest."""
    own = [alarm for alarm in state.alarms if alarm.slot in {slot, None}]
    return tuple(sorted(own, key=lambda alarm: (-alarm.priority.value, alarm.since_ns, alarm.alarm_id)))


def _quality(pump: PumpState, seen: Look) -> Quality:
    if seen.age_ns is None:
        return "unknown"
    return "good" if pump.link is LinkState.UP and seen.age_ns < STALE_AFTER_NS else "stale"


def _age_ms(seen: Look) -> int | None:
    return None if seen.age_ns is None else seen.age_ns // NS_PER_MS


def infusion_id(pump: PumpState | None) -> str | None:
    """The journal's own number of the infusion: it counts orders at this bed and says nothing else."""
    return None if pump is None or pump.infusion is None else str(pump.infusion.infusion_id)


# --- status, about, link --------------------------------------------------------------------------------


def status(
    state: BedState,
    moment: Moment,
    seq: int,
    *,
    version: str,
    training: bool,
    dropped: int,
    word: Literal["up", "down"] = "up",
    head: Head | None = None,
) -> p.Status:
    return p.Status(
        ts_ms=moment.wall_ms,
        boot=moment.boot,
        seq=seq,
        state=word,
        version=version,
        training=training,
        slots=",".join(pump.slot for pump in state.pumps),
        journal_ok=state.journal_ok,
        journal_seq=None if head is None else head.seq,
        journal_hash=None if head is None else head.hash,
        dropped=dropped,
    )


def last_will(moment: Moment) -> p.Status:
    """Laid down with the broker at each connection; `ts_ms` is when that was."""
    return p.Status(ts_ms=moment.wall_ms, boot=moment.boot, state="lost")


def about(pump: PumpState, info: DriverInfo, asset: str, moment: Moment, seq: int) -> p.About:
    who = pump.identified
    detects = info.detects
    return p.About(
        ts_ms=moment.wall_ms,
        boot=moment.boot,
        seq=seq,
        slot=slot_name(pump.slot),
        driver=info.name,
        title=info.title,
        asset=asset or None,
        model=None if who is None else who.model,
        firmware=None if who is None else who.firmware,
        serial=None if who is None else who.serial,
        verified_on_hardware=info.verified_on_hardware,
        detects_occlusion_by_pressure=Detectable.OCCLUSION_BY_PRESSURE in detects,
        detects_occlusion_by_stall=Detectable.OCCLUSION_BY_STALL in detects,
        detects_air=Detectable.AIR in detects,
        detects_empty=Detectable.EMPTY in detects,
        detects_syringe_size=Detectable.SYRINGE_SIZE in detects,
        detects_battery=Detectable.BATTERY in detects,
        detects_free_flow=Detectable.FREE_FLOW in detects,
        accuracy_ppm=info.accuracy_ppm,
        rate_step_ml_per_h=info.rate_step_ul_per_h / UL_PER_ML,
    )


def link(state: BedState, pump: PumpState, info: DriverInfo, moment: Moment, seq: int) -> p.Link:
    return p.Link(
        ts_ms=moment.wall_ms,
        boot=moment.boot,
        seq=seq,
        slot=slot_name(pump.slot),
        link=pump.link,
        why=pump.link_why,
        since_ts_ms=moment.ts_ms(pump.link_since_ns),
        age_ms=_age_ms(look(pump, info, moment.now_ns, state.boot_at_ns)),
    )


# --- telemetry, state, backfill -------------------------------------------------------------------------


def _telemetry(state: BedState, pump: PumpState, seen: Look, moment: Moment, seq: int) -> dict[str, Any]:
    """The fields that telemetry and state share; both models check every one of them."""
    quality = _quality(pump, seen)
    fresh = quality == "good"
    infused = pump.infusion is not None
    measured = seen.measured if fresh else None
    report = pump.sighting.last if fresh else None
    alarms = alarms_of(state, pump.slot)
    return {
        "ts_ms": moment.wall_ms,
        "boot": moment.boot,
        "seq": seq,
        "slot": pump.slot,
        "age_ms": _age_ms(seen),
        "quality": quality,
        "phase": seen.phase,
        "link": pump.link,
        "drive": None if report is None else report.drive,
        "infusion_id": infusion_id(pump),
        "asked_ml_per_h": ml_per_h(seen.asked_ul_per_h),
        "granted_ml_per_h": ml_per_h(seen.granted_ul_per_h),
        "measured_ml_per_h": None if measured is None else ml_per_h(measured.rate_ul_per_h),
        "measured_uncertainty_ml_per_h": None if measured is None else ml_per_h(measured.uncertainty_ul_per_h),
        "measured_window_ms": None if measured is None else measured.window_ns // NS_PER_MS,
        "delivered_low_ml": ml(seen.delivered.low_nl) if infused else None,
        "delivered_high_ml": ml(seen.delivered.high_nl) if infused else None,
        "total_ml": ml(seen.total_nl) if infused else None,
        "remaining_ml": ml(seen.remaining_nl) if infused else None,
        "left_ms": None if seen.left_ns is None else seen.left_ns // NS_PER_MS,
        "step": seen.step + 1 if infused else None,
        "steps": seen.steps if infused and seen.steps else None,
        "container": seen.container if infused else None,
        "containers": seen.containers if infused else None,
        "container_left_ms": None if seen.container_left_ns is None else seen.container_left_ns // NS_PER_MS,
        "alarm_count": len(alarms),
        "alarm_priority": priority_name(alarms[0].priority) if alarms else "none",
        "pressure_kpa": None if report is None or report.pressure_pa is None else report.pressure_pa / 1_000,
        "battery_percent": None if report is None else report.battery_percent,
    }


def telemetry(state: BedState, pump: PumpState, info: DriverInfo, moment: Moment, seq: int) -> p.Telemetry:
    return p.Telemetry(**_telemetry(state, pump, look(pump, info, moment.now_ns, state.boot_at_ns), moment, seq))


def bed_state(
    state: BedState,
    pump: PumpState,
    info: DriverInfo,
    moment: Moment,
    seq: int,
    *,
    publish_drug_name: bool,
) -> p.State:
    shared = _telemetry(state, pump, look(pump, info, moment.now_ns, state.boot_at_ns), moment, seq)
    infusion = pump.infusion
    alarms = alarms_of(state, pump.slot)
    return p.State(
        **shared,
        why=pump.why,
        phase_since_ts_ms=moment.ts_ms(pump.phase_since_ns),
        started_ts_ms=None if infusion is None else moment.ts_ms(infusion.started_ns),
        planned_end_ts_ms=None if infusion is None else moment.ts_ms(infusion.planned_end_ns),
        drug=infusion.programme.drug if infusion is not None and publish_drug_name else None,
        high_alert=None if infusion is None else infusion.programme.high_alert,
        step_due=None if infusion is None else infusion.step_due,
        beyond_soft_limit=None if infusion is None else bool(infusion.beyond),
        question=None if infusion is None else infusion.question,
        alarm_sounding=sounding(state, pump.slot),
        audio_paused_until_ts_ms=None if state.audio_pause is None else moment.ts_ms(state.audio_pause.until_ns),
        alarm_condition=alarms[0].condition if alarms else None,
        alarm_text=alarm_text(alarms[0]) if alarms else None,
    )


def news(state: BedState, pump: PumpState) -> object:
    """What makes a new `state` worth sending at once: everything in it that does not flow. Compared, not sent."""
    infusion = pump.infusion
    last = pump.sighting.last
    return (
        pump.phase,
        pump.why,
        pump.phase_since_ns,
        pump.link,
        None if last is None else last.drive,
        None
        if infusion is None
        else (
            infusion.infusion_id,
            infusion.rate_ul_per_h,
            infusion.granted_ul_per_h,
            infusion.step,
            infusion.step_due,
            infusion.beyond,
            infusion.question,
            infusion.total_nl,
            infusion.planned_end_ns,
        ),
        tuple((alarm.alarm_id, alarm.priority) for alarm in alarms_of(state, pump.slot)),
        sounding(state, pump.slot),
        state.audio_pause,
    )


def backfill(sample: Sample, boot: str, seq: int) -> p.Backfill:
    fresh = sample.age_ms is not None and sample.age_ms * NS_PER_MS < STALE_AFTER_NS
    stale: Quality = "unknown" if sample.age_ms is None else "stale"
    return p.Backfill(
        ts_ms=sample.wall_ms,
        boot=boot,
        seq=seq,
        slot=slot_name(sample.slot),
        age_ms=sample.age_ms,
        quality="good" if fresh else stale,
        phase=sample.phase,
        asked_ml_per_h=ml_per_h(sample.asked_ul_per_h),
        granted_ml_per_h=ml_per_h(sample.granted_ul_per_h),
        measured_ml_per_h=ml_per_h(sample.measured_ul_per_h) if fresh else None,
        measured_uncertainty_ml_per_h=ml_per_h(sample.measured_uncertainty_ul_per_h) if fresh else None,
        delivered_low_ml=ml(sample.delivered_low_nl),
        delivered_high_ml=ml(sample.delivered_high_nl),
    )


# --- alarm ----------------------------------------------------------------------------------------------


def alarm(active: Alarm, moment: Moment, seq: int) -> p.Alarm:
    return p.Alarm(
        ts_ms=moment.wall_ms,
        boot=moment.boot,
        seq=seq,
        slot="bed" if active.slot is None else slot_name(active.slot),
        alarm_id=active.alarm_id,
        condition=active.condition,
        priority=priority_name(active.priority),
        text=alarm_text(active),
        since_ts_ms=moment.ts_ms(active.since_ns),
        acknowledged=active.acknowledged,
        over=active.over,
        sounding=signal(active).sounding,
        colour=signal(active).colour,
        flash=signal(active).flash,
    )


def slot_name(slot: str) -> p.Slot:
    match slot:
        case "p1" | "p2" | "p3" | "p4":
            return slot
    raise AssertionError(f"{slot!r} is no slot of a bed")
