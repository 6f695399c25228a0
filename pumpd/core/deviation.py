"""Granted against measured while it infuses: too much, too little, not at all, backwards.

The counter is the second, independent measurement beside the rate that a pump reads back (LINK-09). A display can show
the prescribed rate while the flow is doubled (F43, the calibration that McAfee changed on a B. Braun pump in 2021); the
counter of the same pump then tells. What no counter sees, a leak or a syringe of another bore than was programmed, is
not claimed here either.

Nothing here is a statistic of hope. Volume and time are intervals, and only what is so for *every* value inside them
is a deviation; resolution and jitter can delay a finding, and never make one.

- **Sustained**: over the window of site and entry, or the one of a bolus while it runs, by the leg's marks. Too much
  stops the pump, over that window or any longer stretch, which a coarse counter needs; too little is told.
- **Gross**: half as much again as granted, over any stretch, however short, that both of the last two looks show. One
  misread counter is not enough; free flow is found as soon as the counter can tell, three looks after it began at best.
- **Standing**: it says that it drives, and its counter has not moved over three looks and 2 s in which it had to.
- **Backwards**: the counter fell. To nearly nothing: it was cleared (F21), and what it had counted is in all the same.
  By less: the plunger goes back (F48).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

from pumpd.core import alarms
from pumpd.core.codes import Condition, Why
from pumpd.core.library import Watch
from pumpd.core.look import motor_step_nl
from pumpd.core.phases import trip
from pumpd.core.state import Infusion, Mark, PumpState, Reading
from pumpd.core.tolerance import BOLUS_WINDOW_S, STANDARD, Tolerance, sharpest, surely_over, surely_under
from pumpd.core.turn import Turn
from pumpd.core.units import NL_PER_UL, NS_PER_H, NS_PER_S, PPM, Towards, divide
from pumpd.core.waypoints import as_of

MARK_EVERY_NS: Final = 30 * NS_PER_S  # a checkpoint while it infuses, and a mark with it
MARK_SLACK_NS: Final = 2 * NS_PER_S  # a mark is made with the first look after its time
STANDS_AFTER_NS: Final = 2 * NS_PER_S


def watch_delivery(turn: Turn, slot: str) -> None:
    """On every report of a pump that infuses and whose counter fits."""
    pump, infusion = turn.pump(slot), turn.infusion(slot)
    granted = infusion.granted_ul_per_h
    if infusion.leg is None or granted is None or not pump.sighting.readings:
        return
    now = as_of(infusion, infusion.leg, turn.now_ns, turn.delivered(slot))
    tolerance = tolerance_of(turn, infusion)
    stands = _stands(turn, slot, granted)
    over = _gross(pump, infusion, now, tolerance.gross_permille)
    long_enough = window_starts(infusion.leg.marks, now.at_ns, tolerance)
    over = over or next((mark for mark in long_enough if _over(mark, now, tolerance.permille)), None)
    if stands or over is not None:
        condition = Condition.STALLED if stands else Condition.OVER_INFUSION
        trip(turn, slot, condition, Why.DEVIATION, value=None if over is None else _rate_ul_per_h(over, now))
        return
    if not long_enough:
        _bolus_was_short_of(turn, slot, infusion.leg.marks, now)
        return
    before = long_enough[0]
    if surely_under(now.high_nl - before.low_nl, now.due_low_nl - before.due_low_nl, tolerance.permille):
        alarms.raise_alarm(turn, Condition.UNDER_INFUSION, slot, value=_rate_ul_per_h(before, now))
    elif not _rather_under(before, now, tolerance.permille):
        alarms.condition_over(turn, Condition.UNDER_INFUSION, slot)


def fell_back(turn: Turn, slot: str, infused_nl: int) -> Condition | None:
    """By how much did the counter of a driving pump fall, if it did: was it cleared, or does the plunger go back?"""
    pump, infusion = turn.pump(slot), turn.infusion(slot)
    readings = pump.sighting.readings
    if not readings:
        return None
    highest = max(readings, key=lambda each: each.infused_nl)
    if infused_nl + highest.step_nl >= highest.infused_nl:
        return None
    fastest = max(infusion.rate_ul_per_h, infusion.granted_ul_per_h or 0)
    since_ns = turn.now_ns - readings[-1].asked_at_ns
    anew_nl = divide(fastest * NL_PER_UL * since_ns, NS_PER_H, Towards.UP) + highest.step_nl
    return Condition.COUNTER_CLEARED if infused_nl <= anew_nl else Condition.REVERSE_FLOW


def tolerance_of(turn: Turn, infusion: Infusion) -> Tolerance:
    """An infusion that an older program started has no entry on record: then the site alone says it."""
    watch = Watch.STANDARD if infusion.entry is None else infusion.entry.deviation
    in_bolus = infusion.bolus is not None and infusion.bolus.began
    return sharpest(turn.setup.tolerance, watch, in_bolus=in_bolus)


def window_starts(marks: tuple[Mark, ...], now_ns: int, tolerance: Tolerance) -> list[Mark]:
    """The marks that lie a whole window back, the newest first: what lasts that long has lasted since before it.

    A stretch between marks less, so that whatever begins between two of them is found within the window all the same.
    """
    at_least_ns = tolerance.window_s * NS_PER_S - MARK_EVERY_NS - MARK_SLACK_NS
    return [each for each in reversed(marks) if now_ns - each.at_ns >= at_least_ns]


def _bolus_was_short_of(turn: Turn, slot: str, marks: tuple[Mark, ...], now: Mark) -> None:
    """Too little was told in a bolus that is over, and the leg is young: its last minute says whether that ended."""
    lately = window_starts(marks, now.at_ns, Tolerance(window_s=BOLUS_WINDOW_S))
    if lately and not _rather_under(lately[0], now, STANDARD.permille):
        alarms.condition_over(turn, Condition.UNDER_INFUSION, slot)


def _over(before: Mark, now: Mark, permille: int) -> bool:
    return surely_over(now.low_nl - before.high_nl, now.due_high_nl - before.due_high_nl, permille)


def _rather_under(before: Mark, now: Mark, permille: int) -> bool:
    """By the middle of what is known: an alarm that stands does not come and go with the counter's last step."""
    given_nl = (now.low_nl + now.high_nl) - (before.low_nl + before.high_nl)
    due_nl = (now.due_low_nl + now.due_high_nl) - (before.due_low_nl + before.due_high_nl)
    return surely_under(given_nl, due_nl, permille)


def _rate_ul_per_h(before: Mark, now: Mark) -> int:
    """What it gave in this time, by the middle of what is known."""
    twice_nl = max(0, (now.low_nl + now.high_nl) - (before.low_nl + before.high_nl))
    return divide(twice_nl * NS_PER_H, 2 * NL_PER_UL * max(1, now.at_ns - before.at_ns), Towards.DOWN)


def _gross(pump: PumpState, infusion: Infusion, now: Mark, permille: int) -> Mark | None:
    """The beginning of a stretch in which it surely gave far too much."""
    assert infusion.leg is not None
    readings = pump.sighting.readings
    fastest = max(infusion.rate_ul_per_h, infusion.granted_ul_per_h or 0)
    if len(readings) < 3:
        return None
    also_before = replace(now, low_nl=now.low_nl - (readings[-1].infused_nl - readings[-2].infused_nl))
    for mark in infusion.leg.marks:
        if _over(mark, also_before, permille):
            return mark
    for first in readings[:-2]:
        if all(_surely_faster(first, then, fastest, permille) for then in readings[-2:]):
            slack_nl = now.low_nl - readings[-1].infused_nl
            low_nl = first.infused_nl + slack_nl
            return Mark(
                at_ns=first.at_ns, low_nl=low_nl, high_nl=low_nl + now.high_nl - now.low_nl,
                due_low_nl=0, due_high_nl=0,
            )  # fmt: skip
    return None


def _surely_faster(first: Reading, then: Reading, rate_ul_per_h: int, permille: int) -> bool:
    given_nl = then.infused_nl - first.infused_nl - 2 * then.step_nl
    due = rate_ul_per_h * NL_PER_UL * (then.at_ns - first.asked_at_ns)
    return given_nl > 0 and surely_over(given_nl * NS_PER_H, due, permille)


def _stands(turn: Turn, slot: str, granted_ul_per_h: int) -> bool:
    """Its counter has not moved for so long that a pump that drives would have moved it."""
    pump, infusion = turn.pump(slot), turn.infusion(slot)
    readings = pump.sighting.readings
    still = 1
    for later, earlier in pairwise(reversed(readings)):
        if earlier.infused_nl != later.infused_nl:
            break
        still += 1
    first, last = readings[-still], readings[-1]
    surely_ns = last.asked_at_ns - first.at_ns
    if still < 3 or surely_ns < STANDS_AFTER_NS or pump.command is not None:
        return False
    info = turn.setup.info(slot)
    due = granted_ul_per_h * NL_PER_UL * surely_ns * (PPM - info.accuracy_ppm)
    cannot_tell_nl = 2 * last.step_nl + motor_step_nl(info, infusion.programme.syringe_diameter_um)
    return due > cannot_tell_nl * NS_PER_H * PPM
