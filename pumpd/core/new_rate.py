"""A new rate for an infusion that runs: on the run where pump and lease allow it, else by stop, prepare and start.

A lease is computed for the highest rate that was confirmed, and written into a pump that stands still (wall 8). A rate
above that one needs a shorter lease, which is never written behind anybody's back: the pump is stopped, and once its
own report shows no drive the rest is programmed anew under the new lease, read back, and started. A pump that takes no
rate while it runs goes the same way for every change.

`set_rate` is the one function for it; who asks has collected the reasons against a rise, and `against_lease`, before.
The confirmation holds for `STANDSTILL_WITHIN_NS`: a stop that takes longer, a person's own stop or pause, an
alarm, or a gate that closed meanwhile leave the pump stopped, and somebody resumes at the rate before.
"""

from __future__ import annotations

from typing import Final

from pumpd.core import alarms
from pumpd.core import facts as f
from pumpd.core.codes import Condition, Phase, Reason, ReasonCode, Why
from pumpd.core.lease import CYCLES_IN_A_LEASE, surely_ns
from pumpd.core.phases import change_rate, drop_waiting, send_stop, to
from pumpd.core.programme import Misfit, lease_at, too_slow_for_lease
from pumpd.core.programming import prepare
from pumpd.core.rise import against_a_rise, against_moving, hard
from pumpd.core.state import Infusion
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_MS, NS_PER_S

AT_AN_END: Final = (Phase.IDLE, Phase.ENDED)
STANDSTILL_WITHIN_NS: Final = 5 * NS_PER_S  # as long as a start may wait for the disk (bedside.py)


def on_the_run(turn: Turn, slot: str, rate_ul_per_h: int) -> bool:
    """Can this rate be set without a stop?"""
    info = turn.setup.info(slot)
    return info.changes_rate_while_running and rate_ul_per_h <= turn.infusion(slot).leased_ul_per_h


def against_lease(turn: Turn, slot: str, rate_ul_per_h: int) -> list[Reason]:
    """Why this rate cannot be had under any lease of this pump, or of its bus."""
    infusion, info = turn.infusion(slot), turn.setup.info(slot)
    found = [_reason(each) for each in too_slow_for_lease(infusion.programme, info, rate_ul_per_h)]
    lease = _lease_for(turn, slot, infusion, rate_ul_per_h)
    if isinstance(lease, Misfit):
        return [*found, _reason(lease)]
    return found if on_the_run(turn, slot, rate_ul_per_h) else found + against_cycle(turn, slot, lease)


def against_cycle(turn: Turn, slot: str, lease_s: int | None) -> list[Reason]:
    """Three worst rounds of the bus have to fit into the shortest lease on it: this one and its neighbours'."""
    leases = [] if lease_s is None else [surely_ns(turn.setup.info(slot), lease_s)]
    for other in turn.setup.neighbours(slot):
        infusion = turn.pump(other).infusion
        if infusion is not None and infusion.lease_s is not None and turn.pump(other).phase not in AT_AN_END:
            leases.append(surely_ns(turn.setup.info(other), infusion.lease_s))
    cycles_ms = CYCLES_IN_A_LEASE * turn.setup.cycle_ms(slot)
    if leases and cycles_ms * NS_PER_MS > min(leases):
        return [hard(ReasonCode.BUS_CYCLE_MS, cycles_ms, min(leases) // NS_PER_MS)]
    return []


def set_rate(turn: Turn, slot: str, rate_ul_per_h: int, *, anew: bool = False) -> None:
    """Set a rate that was confirmed and passed every gate; `anew` where the pump needs another volume too."""
    if not anew and on_the_run(turn, slot, rate_ul_per_h):
        change_rate(turn, slot, rate_ul_per_h)
        return
    lease = _lease_for(turn, slot, turn.infusion(slot), rate_ul_per_h)
    assert not isinstance(lease, Misfit), lease
    turn.record(f.RateWaits(at_ns=turn.now_ns, slot=slot, rate_ul_per_h=rate_ul_per_h, lease_s=lease))
    to(turn, slot, Phase.STOPPING, Why.NEW_RATE)
    send_stop(turn, slot)


def go_on(turn: Turn, slot: str) -> None:
    """The pump has just shown that it stands still: if it was stopped for a new rate, that is programmed now."""
    waiting = turn.infusion(slot).waiting
    if waiting is None:
        return
    late = turn.now_ns - waiting.since_ns > STANDSTILL_WITHIN_NS
    against = against_a_rise if waiting.rate_ul_per_h > waiting.before_ul_per_h else against_moving
    if late or against(turn, slot):
        drop_waiting(turn, slot)
        alarms.raise_alarm(turn, Condition.START_FAILED, slot, detail="it was stopped for a new rate, and stays so")
        return
    turn.record(f.RateProgrammed(at_ns=turn.now_ns, slot=slot))
    to(turn, slot, Phase.CHECKING, Why.NEW_RATE)
    prepare(turn, slot)


def _lease_for(turn: Turn, slot: str, infusion: Infusion, rate_ul_per_h: int) -> int | Misfit | None:
    """The lease stands while no rate lies above the one it is for; beyond, it is for the new one."""
    if rate_ul_per_h <= infusion.leased_ul_per_h:
        return infusion.lease_s
    return lease_at(infusion.programme, turn.setup.info(slot), rate_ul_per_h)


def _reason(misfit: Misfit) -> Reason:
    return hard(ReasonCode(misfit.kind.value), misfit.asked, misfit.limit)
