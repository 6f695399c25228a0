"""The prompts and alarms of a visit's care, on the clock and after each observation.

A due item is a prompt, which is only shown; 5 min later it is LOW, and MEDIUM once it was missed twice, or at once
where a value stands that asks for something: the patient in trouble is the one who must not be forgotten. A value that
asks for a pause or a stop while the pump drives is an alarm of its own.

The bed stops nothing because of a value: it was typed by somebody who stands at the patient, a slip of the key is as
likely as the value, and whoever typed it is offered pause, STOP and emergency at once. What it does by itself is to let
nothing rise, and to be heard until the pump stands still or the value was taken again.

Several visits may be recovering while one is at the bed. An alarm is of the bed, and is raised anew when one more visit
comes to need it, so that the one that somebody has seen hides no other.
"""

from __future__ import annotations

from collections.abc import Iterator

from pumpd.core import alarms
from pumpd.core.alarm_table import OURS
from pumpd.core.codes import Condition
from pumpd.core.held import standing
from pumpd.core.holds import Band, Hold
from pumpd.core.prompts import dues
from pumpd.core.turn import Turn
from pumpd.core.visit import Place, Visit

MISSES_MEDIUM = 2


def attend(turn: Turn) -> None:
    """Every visit of this bed."""
    found = [needs(turn, visit) for visit in _under_way(turn)]
    for condition in (Condition.OBSERVATION_DUE, Condition.OBSERVATION_OVERDUE, Condition.OBSERVATION_MISSED):
        _count(turn, condition, sum(each is condition for each in found))
    visit = turn.state.path.at_bed
    held = () if visit is None or not _driven(turn, visit) else standing(visit)
    for condition, bands in (
        (Condition.HOLD_PAUSE, (Band.PAUSE,)),
        (Condition.HOLD_STOP, (Band.STOP,)),
    ):
        _count(turn, condition, sum(each.band in bands for each in held))


def needs(turn: Turn, visit: Visit) -> Condition | None:
    """How urgently this visit has to be observed."""
    due = [each for each in dues(turn.state, visit) if each.is_due(turn.now_ns)]
    misses = max((each.due.misses(turn.now_ns) for each in due), default=0)
    if misses >= MISSES_MEDIUM or (misses and any(_asks(each) for each in standing(visit))):
        return Condition.OBSERVATION_MISSED
    if misses:
        return Condition.OBSERVATION_OVERDUE
    return Condition.OBSERVATION_DUE if due else None


def _asks(hold: Hold) -> bool:
    return hold.band.value >= Band.REDUCE.value


def _under_way(turn: Turn) -> Iterator[Visit]:
    """Whose drug has run, and who has not left."""
    for visit in turn.state.path.visits:
        if visit.place is not Place.CLOSED and visit.began_at_ns is not None:
            yield visit


def _driven(turn: Turn, visit: Visit) -> bool:
    return any(
        pump.phase in OURS and pump.infusion is not None and pump.infusion.visit == visit.visit
        for pump in turn.state.pumps
    )


def _count(turn: Turn, condition: Condition, count: int) -> None:
    """So many reasons for this condition: more than when it was raised is news."""
    told = alarms.active(turn, condition, None)
    if count == 0:
        alarms.condition_over(turn, condition, None)
        return
    if told is not None and not told.over and (told.value or 0) < count:
        alarms.condition_over(turn, condition, None)
    alarms.raise_alarm(turn, condition, None, value=count)
