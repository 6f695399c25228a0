"""What may be done about a side effect now, as the order allows: lower rates, rescue drugs that are left, EMERGENCY.

Nothing here decides; it is what a nurse is offered beside what was observed, in the order in which the acts weigh.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.codes import Phase, Why
from pumpd.core.held import standing
from pumpd.core.holds import Band
from pumpd.core.prescribed import Rescue
from pumpd.core.relieving import flags_of, rescues_of
from pumpd.core.rescue import Flagged, total_ug
from pumpd.core.state import BedState
from pumpd.core.turn import Setup
from pumpd.core.units import on_grid
from pumpd.core.visit import Visit

WHOLE_PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """A lower rate that this pump can really do, by about so much."""

    slot: str
    by_percent: int
    rate_ul_per_h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MayGive:
    """An ordered rescue drug: how much of it is left in this visit, and what speaks against one more dose now."""

    rescue: Rescue
    left_ug: int
    flags: tuple[Flagged, ...]


def reductions(state: BedState, setup: Setup, visit: Visit) -> tuple[Reduction, ...]:
    """For each pump that gives to this patient: the least and the most that the order lets a nurse take off."""
    found = []
    for pump in state.pumps:
        infusion = pump.infusion
        if infusion is None or infusion.visit != visit.visit or pump.phase is not Phase.INFUSING:
            continue
        info = setup.info(pump.slot)
        for percent in (visit.holds.reduce_least_percent, visit.holds.reduce_most_percent):
            lower = infusion.rate_ul_per_h * (WHOLE_PERCENT - percent) // WHOLE_PERCENT
            rate = on_grid(lower, info.rate_step_ul_per_h, info.rate_digits)
            if rate > 0:
                found.append(Reduction(slot=pump.slot, by_percent=percent, rate_ul_per_h=rate))
    return tuple(found)


def may_give(visit: Visit, now_ns: int) -> tuple[MayGive, ...]:
    rescued = tuple(each.given for each in visit.care.rescues)
    return tuple(
        MayGive(
            rescue=each,
            left_ug=max(0, each.most_ug - total_ug(each.drug, rescued)),
            flags=tuple(flags_of(visit, each.drug, each.dose_ug, None, now_ns)),
        )
        for each in rescues_of(visit)
    )


def offers_emergency(state: BedState, visit: Visit) -> bool:
    """After a STOP, and beside a value that asks for one."""
    if visit.care.emergency is not None:
        return False
    stopped = any(
        pump.infusion is not None
        and pump.infusion.visit == visit.visit
        and pump.phase in (Phase.STOPPING, Phase.STOPPED)
        and pump.infusion.pause is None
        and pump.why in (Why.STOP_PRESSED, Why.REPORTED_STILL)
        for pump in state.pumps
    )
    return stopped or any(each.band is Band.STOP for each in standing(visit))
