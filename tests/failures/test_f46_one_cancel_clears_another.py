"""F46: the code that cancels alarm A cleared alarm B.

Generated code of the Minnesota GPCA model. Here every pair of conditions stands at the same time, on one pump or on
pump and bed, and one of them is acknowledged: the other has not changed in any way.

Guard: `pumpd.core.alarms.acknowledge`, which knows which alarm was seen.
"""

from __future__ import annotations

from itertools import permutations

import pytest

from pumpd.core import alarms
from pumpd.core.codes import Condition
from pumpd.core.state import Alarm
from pumpd.core.turn import Turn
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed

_ACKNOWLEDGE = alarms.acknowledge


def standing(*conditions: Condition) -> Turn:
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    turn = Turn(bed.state, bed.setup, bed.now_ns)
    for condition in conditions:
        alarms.raise_alarm(turn, condition, "p1")
    return turn


def complaints() -> list[str]:
    both, found = standing(*Condition), []
    for seen, other in permutations(Condition, 2):
        turn = Turn(both.state, both.setup, both.now_ns)
        alarm, before = alarms.active(turn, seen, "p1"), alarms.active(turn, other, "p1")
        assert alarm is not None
        alarms.acknowledge(turn, alarm, "nurse-1")
        if alarms.active(turn, other, "p1") != before:
            found.append(f"acknowledging {seen.value} changed {other.value}")
    return found


def the_first_one(turn: Turn, _alarm: Alarm, person: str | None) -> None:
    """What the model's code did: one cancel for whatever is on the display."""
    _ACKNOWLEDGE(turn, turn.state.alarms[0], person)


@pytest.mark.requirement("F46")
@pytest.mark.requirement("ALM-08")
def test_acknowledging_one_alarm_changes_no_other() -> None:
    assert complaints() == []


@pytest.mark.requirement("F46")
def test_a_cancel_for_what_is_displayed_clears_another_alarm() -> None:
    with guard_removed("pumpd.core.alarms.acknowledge", instead=the_first_one):
        assert complaints()
