"""When to doubt that the pump on a slot is still ours (swapping.py says what a doubt means, and how it ends)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pumpd.core import alarms
from pumpd.core.asset_facts import AssetDoubted
from pumpd.core.codes import AssetDoubt, Condition, Phase
from pumpd.core.delivered import Interval, from_counter, monotone
from pumpd.core.look import MOVING, believed, lease_ns, motor_step_nl
from pumpd.core.pump import IdentityKind, Report
from pumpd.core.state import Infusion, Leg, PumpState, Reading
from pumpd.core.turn import Turn
from pumpd.core.units import NL_PER_UL, NS_PER_H, NS_PER_S, Towards, divide

SILENCE_NS: Final = 15 * NS_PER_S  # of a pump without a lease: the longest that any has (wall 8)
FASTER_PERCENT: Final = 10  # a pump that gives up to so much too much is ours, and over-infuses (GIP 1.2.2)
OPEN: Final = (
    Phase.CHECKING, Phase.STARTING, Phase.INFUSING, Phase.STOPPING, Phase.STOPPED, Phase.UNCERTAIN, Phase.FAULT,
)  # fmt: skip


def doubt(turn: Turn, slot: str, why: AssetDoubt) -> None:
    """It may be another pump, if its own word cannot say that it is not."""
    pump = turn.pump(slot)
    tells = turn.setup.info(slot).identity is IdentityKind.SERIAL and why is not AssetDoubt.IDENTITY
    if tells or pump.phase not in OPEN or pump.infusion is None:
        return
    alarms.raise_alarm(turn, Condition.PUMP_IN_DOUBT, slot)
    if pump.asset_doubt is None or (pump.asset_doubt is AssetDoubt.SILENCE and why is not AssetDoubt.SILENCE):
        turn.record(AssetDoubted(at_ns=turn.now_ns, slot=slot, why=why, delivered=_left_alone(turn, slot, why)))


def _left_alone(turn: Turn, slot: str, why: AssetDoubt) -> Interval | None:
    """What is in at most when ours is no longer on the cable, and runs on until its own lease is over."""
    infusion, info = turn.infusion(slot), turn.setup.info(slot)
    leg, moved = infusion.leg, turn.pump(slot).phase in MOVING
    if leg is None or not moved or why in (AssetDoubt.SILENCE, AssetDoubt.IDENTITY):
        return None
    reach_nl = _reach_nl(turn, slot, infusion, leg)
    alone_ns = lease_ns(infusion, info)
    most_nl = leg.whole_nl
    if alone_ns is not None:
        most_nl = min(most_nl, reach_nl + _gives_nl(infusion, leg, alone_ns))
    high_nl = leg.base.high_nl + most_nl + leg.granted.step_nl
    before, known = _before(turn.pump(slot)), infusion.delivered
    if before is not None:
        step_nl = motor_step_nl(info, infusion.programme.syringe_diameter_um)
        known = monotone(known, from_counter(leg.base, before.infused_nl, before.step_nl, step_nl))
    return replace(known, high_nl=max(known.high_nl, high_nl))


def doubt_silence(turn: Turn, slot: str) -> None:
    """Longer than the lease without a word: the pump that speaks next may be another."""
    pump = turn.pump(slot)
    if pump.infusion is None or pump.asset_doubt is not None:
        return
    limit_ns = lease_ns(pump.infusion, turn.setup.info(slot)) or SILENCE_NS
    heard_ns = max(pump.sighting.last_at_ns or 0, turn.state.boot_at_ns)
    if turn.now_ns - heard_ns > limit_ns:
        doubt(turn, slot, AssetDoubt.SILENCE)


def beyond_reach(turn: Turn, slot: str, report: Report) -> bool:
    """After a gap: has the counter got further than this leg can have brought it since it was last known?"""
    pump = turn.pump(slot)
    infusion = pump.infusion
    if not pump.sighting.after_gap or infusion is None or infusion.leg is None or report.infused_nl is None:
        return False
    return report.infused_nl > _reach_nl(turn, slot, infusion, infusion.leg) + 2 * report.step_nl


def _reach_nl(turn: Turn, slot: str, infusion: Infusion, leg: Leg) -> int:
    """Where our own counter stands at most: as last known before this look, and what it may have done since."""
    before = _before(turn.pump(slot))
    known_nl, since_ns = max(0, infusion.delivered.high_nl - leg.base.high_nl), infusion.delivered_at_ns
    if before is not None and before.asked_at_ns >= since_ns:
        known_nl, since_ns = before.infused_nl + before.step_nl, before.asked_at_ns
    return known_nl + _gives_nl(infusion, leg, max(0, turn.now_ns - since_ns))


def _before(pump: PumpState) -> Reading | None:
    """The reading before the one that is doubted."""
    readings = pump.sighting.readings
    older = readings[:-1] if believed(pump) else readings
    return older[-1] if older else None


def _gives_nl(infusion: Infusion, leg: Leg, for_ns: int) -> int:
    fastest = max(leg.fastest_ul_per_h, infusion.rate_ul_per_h) * NL_PER_UL * (100 + FASTER_PERCENT)
    return divide(fastest * for_ns, 100 * NS_PER_H, Towards.UP)
