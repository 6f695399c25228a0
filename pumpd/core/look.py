"""What can honestly be said of one pump at this moment: computed from state, never stored.

Asked, granted and measured stay three values (wall 5); each has its age. The delivered interval is the last
thing known, widened by the time since in which the pump may have run. Page, MQTT, API, samples and
the bed's own checks all look through this one pane, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pumpd.core import delivered as volume
from pumpd.core.codes import AssetDoubt, Phase, Why
from pumpd.core.containers import container_left_ns, containers_in_all
from pumpd.core.delivered import Interval, Measured
from pumpd.core.lease import stands_in
from pumpd.core.pump import Drive, DriverInfo, FixedLease
from pumpd.core.state import Infusion, PumpState, Reading
from pumpd.core.steps import StepKind
from pumpd.core.units import NS_PER_S, PPM, Towards, divide, duration_for_ns

LEASE_SLACK_NS = NS_PER_S  # a pump's own timer has whole seconds: it may stop up to one later
MEASURE_WINDOW_NS = 60 * NS_PER_S  # at 24.5 mL/h and a 10 uL counter step: +-5 %
EVIDENT_READINGS = 8  # four seconds of looks: a pace that needs longer to prove outruns no counter step between two
MEASURE_SHORTEST_NS = 3 * NS_PER_S  # below this a rate is mostly counter step
MOVING = (Phase.STARTING, Phase.INFUSING, Phase.STOPPING, Phase.UNCERTAIN, Phase.FAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One pump now. None means: nothing can be said, never zero."""

    phase: Phase
    asked_ul_per_h: int | None
    granted_ul_per_h: int | None
    measured: Measured | None
    delivered: Interval
    total_nl: int
    remaining_nl: int  # by the upper end: what may still be given
    left_ns: int | None  # at the present and the confirmed later rates
    step: int
    steps: int
    age_ns: int | None  # of the last report
    drive: Drive | None
    container: int = 0  # which one hangs; 1 is the first
    containers: int = 0  # in all, as the plan stands now
    container_left_ns: int | None = None  # until it is used up; None where it outlasts the plan


def motor_step_nl(info: DriverInfo, syringe_diameter_um: int | None) -> int:
    """Volume of one motor step, rounded up: area x travel, with pi < 3.1416."""
    if syringe_diameter_um is None:
        return 0
    # um^2 x (um / 1e6) = um^3 / 1e6, and 1 nl = 1e6 um^3
    cubic_um_ppm = 31_416 * syringe_diameter_um * syringe_diameter_um * info.motor_step_um_ppm
    return divide(cubic_um_ppm, 4 * 10_000 * 1_000_000 * 1_000_000, Towards.UP)


def lease_ns(infusion: Infusion, info: DriverInfo) -> int | None:
    """After this much silence the pump stands still by itself, or None if it never does."""
    if infusion.leg is not None and infusion.leg.granted.lease_s is not None:
        return infusion.leg.granted.lease_s * NS_PER_S + LEASE_SLACK_NS
    if isinstance(info.lease, FixedLease):
        return info.lease.length_s * NS_PER_S + LEASE_SLACK_NS
    if stands_in(info) is not None and infusion.lease_s is not None:
        return infusion.lease_s * NS_PER_S + LEASE_SLACK_NS
    return None


def believed(pump: PumpState) -> bool:
    """Did the last report tell a counter that goes on from what was known of this leg?"""
    seen = pump.sighting
    if not seen.readings or seen.last is None or _is_foreign(pump):
        return False
    return (seen.readings[-1].at_ns, seen.readings[-1].infused_nl) == (seen.last_at_ns, seen.last.infused_nl)


def _is_foreign(pump: PumpState) -> bool:
    """Another pump stands on the slot: its counter says nothing of this infusion."""
    return pump.phase is Phase.FAULT and pump.why is Why.PUMP_CHANGED


def counted(pump: PumpState, infusion: Infusion, info: DriverInfo) -> Interval:
    """Delivered by the last reading of the counter in this leg, else as journalled."""
    readings = pump.sighting.readings
    leg = infusion.leg
    if not readings or _is_foreign(pump):
        return infusion.delivered
    last = readings[-1]
    step_nl = motor_step_nl(info, infusion.programme.syringe_diameter_um)
    if leg is None:
        moved_nl = last.infused_nl - readings[0].infused_nl
        # perhaps by less than the counter resolves
        ran = pump.phase in (Phase.STOPPING, Phase.FAULT) and pump.why is Why.UNCOMMANDED
        known, slack_nl = infusion.delivered, 2 * (last.step_nl + step_nl)
        # somebody ran the pump at its own keys with nothing of ours programmed: into the patient, or beside
        return replace(known, high_nl=known.high_nl + max(0, moved_nl) + slack_nl) if ran or moved_nl > 0 else known
    told = volume.from_counter(leg.base, last.infused_nl, last.step_nl, step_nl)
    if pump.asset_doubt not in (None, AssetDoubt.SILENCE):  # perhaps another pump's: it takes nothing for given
        return replace(infusion.delivered, high_nl=max(infusion.delivered.high_nl, told.high_nl))
    return volume.monotone(infusion.delivered, told)


def delivered_now(pump: PumpState, info: DriverInfo, now_ns: int, boot_at_ns: int = 0) -> Interval:
    """Delivered at this moment: what is known, widened by what the pump may have done since."""
    infusion = pump.infusion
    if infusion is None:
        return volume.NOTHING
    leg, seen = infusion.leg, pump.sighting
    drives = seen.last is not None and seen.last.drive is not Drive.STILL
    if leg is None:
        return counted(pump, infusion, info)
    if not (drives or pump.phase in MOVING):
        return infusion.delivered
    known, since_ns = infusion.delivered, infusion.delivered_at_ns
    # a reading asked for before the last record may be from before a change of rate that the record knows of
    if seen.readings and seen.readings[-1].asked_at_ns >= since_ns:
        known, since_ns = counted(pump, infusion, info), seen.readings[-1].asked_at_ns
    elapsed_ns = max(0, now_ns - since_ns)
    longest_ns = lease_ns(infusion, info)
    if longest_ns is not None:
        renewed_ns = max(since_ns, _renewed_ns(pump, now_ns, boot_at_ns))
        elapsed_ns = min(elapsed_ns, renewed_ns - since_ns + longest_ns)
    # somebody at its keypad may have made it faster than anything that was sent
    told = seen.last.rate_ul_per_h if drives and seen.last is not None and not _is_foreign(pump) else None
    fastest = max(leg.fastest_ul_per_h, told or 0)
    fastest = max(fastest, _evident_ul_per_h(seen.readings, fastest, info.accuracy_ppm))
    wider = volume.widened(known, fastest, elapsed_ns, info.accuracy_ppm)
    if elapsed_ns > 0 and not seen.readings and known.high_nl <= leg.base.high_nl:
        # no reading of this leg has made room for it yet: a roller's first stroke comes sooner than at its mean rate
        wider = replace(wider, high_nl=wider.high_nl + leg.granted.step_nl)
    if not info.stops_at_volume:
        return volume.monotone(infusion.delivered, wider)
    step_nl = motor_step_nl(info, infusion.programme.syringe_diameter_um)
    ceiling_nl = leg.base.high_nl + leg.whole_nl + leg.granted.step_nl + step_nl
    return volume.monotone(infusion.delivered, volume.capped(wider, ceiling_nl))


def _evident_ul_per_h(readings: tuple[Reading, ...], fastest_ul_per_h: int, accuracy_ppm: int) -> int:
    """How fast the pump may be where its counter proves it faster than anything that it was told; 0 where it does not.

    A rate dialled at the keys of a pump whose read-back tells the stored one shows nowhere else.
    """
    recent = readings[-EVIDENT_READINGS:]
    for first in reversed(recent[:-1]):
        last = recent[-1]
        shortest_ns, longest_ns = last.asked_at_ns - first.at_ns, last.at_ns - first.asked_at_ns
        if shortest_ns <= 0 or last.infused_nl < first.infused_nl:  # a counter may tell a step less than before
            continue
        measured = volume.measured_rate(last.infused_nl - first.infused_nl, shortest_ns, longest_ns, last.step_nl)
        surely_ul_per_h = measured.rate_ul_per_h - measured.uncertainty_ul_per_h
        if surely_ul_per_h * PPM > fastest_ul_per_h * (PPM + accuracy_ppm):
            return measured.rate_ul_per_h + measured.uncertainty_ul_per_h
    return 0


def _renewed_ns(pump: PumpState, now_ns: int, boot_at_ns: int) -> int:
    """Until when the pump's lease may have been renewed: a request may reach it at any moment until it has ended.

    Until a look has ended in this run, the run before may have renewed it up to the moment of this boot.
    """
    seen = pump.sighting
    if _is_foreign(pump):
        return pump.phase_since_ns  # what is asked now reaches the other pump
    if seen.asking_since_ns is not None or seen.stop_pending or pump.command is not None:
        return now_ns
    return max(boot_at_ns, seen.quiet_since_ns or 0)


def measured_now(readings: tuple[Reading, ...]) -> Measured | None:
    """The rate by the counter over the readings kept, or None while the window is too short."""
    if len(readings) < 2:
        return None
    last = readings[-1]
    # of a counter that hardly moves few readings are kept: then the newest that lies further back
    within = (each for each in readings[:-1] if each.at_ns >= last.at_ns - MEASURE_WINDOW_NS)
    first = next(within, readings[-2])
    shortest_ns, longest_ns = last.asked_at_ns - first.at_ns, last.at_ns - first.asked_at_ns
    if shortest_ns < MEASURE_SHORTEST_NS or last.infused_nl < first.infused_nl:
        return None
    return volume.measured_rate(last.infused_nl - first.infused_nl, shortest_ns, longest_ns, last.step_nl)


def time_left_ns(infusion: Infusion, delivered_nl: int) -> int:
    """How long the rest of the plan takes, at the present rate now and the confirmed rates later."""
    left_ns, done_nl = 0, delivered_nl
    for index in range(infusion.step, len(infusion.plan)):
        rate = infusion.rate_ul_per_h if index == infusion.step else infusion.plan[index].rate_ul_per_h
        if infusion.plan[index].kind is StepKind.KVO and index != infusion.step:
            break  # the planned end comes before it
        part_nl = max(0, infusion.boundary_nl(index) - done_nl)
        left_ns += duration_for_ns(part_nl, rate, Towards.UP)
        done_nl += part_nl
    return left_ns


def look(pump: PumpState, info: DriverInfo, now_ns: int, boot_at_ns: int = 0) -> Look:
    """Everything that page, MQTT and samples show of a pump."""
    sighting = pump.sighting
    age_ns = None if sighting.last_at_ns is None else max(0, now_ns - sighting.last_at_ns)
    drive = None if sighting.last is None else sighting.last.drive
    infusion = pump.infusion
    if infusion is None:
        return Look(
            phase=pump.phase, asked_ul_per_h=None, granted_ul_per_h=None, measured=None, delivered=volume.NOTHING,
            total_nl=0, remaining_nl=0, left_ns=None, step=0, steps=0, age_ns=age_ns, drive=drive,
        )  # fmt: skip
    interval = delivered_now(pump, info, now_ns, boot_at_ns)
    active = pump.phase in MOVING
    return Look(
        phase=pump.phase,
        asked_ul_per_h=infusion.rate_ul_per_h if active else 0,
        granted_ul_per_h=infusion.granted_ul_per_h if active else None,
        measured=measured_now(sighting.readings) if active else None,
        delivered=interval,
        total_nl=infusion.total_nl,
        remaining_nl=max(0, infusion.total_nl - interval.high_nl),
        left_ns=time_left_ns(infusion, interval.low_nl),
        step=infusion.step,
        steps=len(infusion.plan),
        age_ns=age_ns,
        drive=drive,
        container=infusion.container,
        containers=containers_in_all(infusion),
        container_left_ns=container_left_ns(infusion, interval),
    )
