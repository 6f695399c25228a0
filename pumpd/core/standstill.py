"""A rate that the pump takes only standing still: what the facts about it make of an infusion (new_rate.py decides).

The asked rate changes when the new one is programmed, not before, and goes back to what it was on every way that does
not end in INFUSING: a higher rate that never ran is not one that a resume may go on with.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core import facts as f
from pumpd.core.bolus_plan import bolus_in
from pumpd.core.codes import Phase
from pumpd.core.pace import ran
from pumpd.core.state import Infusion, WaitingRate

_WaitingFact = f.RateWaits | f.RateProgrammed | f.RateDropped


def rate_waits(infusion: Infusion, fact: _WaitingFact) -> Infusion:
    waiting = infusion.waiting
    match fact:
        case f.RateWaits():
            waiting = WaitingRate(
                rate_ul_per_h=fact.rate_ul_per_h, lease_s=fact.lease_s, before_ul_per_h=infusion.rate_ul_per_h,
                since_ns=fact.at_ns,
            )  # fmt: skip
            return replace(infusion, waiting=waiting)
        case f.RateProgrammed():
            assert waiting is not None, infusion
            return replace(
                ran(replace(infusion, granted_ul_per_h=waiting.before_ul_per_h), fact.at_ns, waiting.rate_ul_per_h),
                granted_ul_per_h=infusion.granted_ul_per_h,
                rate_ul_per_h=waiting.rate_ul_per_h,
                lease_s=waiting.lease_s,
                leased_ul_per_h=max(infusion.leased_ul_per_h, waiting.rate_ul_per_h),
                waiting=replace(waiting, programmed=True),
            )
        case f.RateDropped():
            return bolus_in(replace(infusion, waiting=None), Phase.STOPPED)  # what never began is over
        case _:
            assert_never(fact)


def still_waiting(infusion: Infusion, phase: Phase) -> Infusion:
    """The rate that waited for a standstill is set once it runs; on every other way out it is as it was before."""
    waiting = infusion.waiting
    on_the_way: tuple[Phase, ...] = (Phase.STOPPING, Phase.STOPPED)
    if waiting is not None and waiting.programmed:
        on_the_way = (Phase.CHECKING, Phase.STARTING, Phase.UNCERTAIN)
    if waiting is None or phase in on_the_way:
        return infusion
    if waiting.programmed and phase is not Phase.INFUSING:
        rate = min(infusion.rate_ul_per_h, waiting.before_ul_per_h)
        return replace(infusion, rate_ul_per_h=rate, waiting=None)
    return replace(infusion, waiting=None)
