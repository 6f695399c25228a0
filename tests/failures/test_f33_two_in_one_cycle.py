"""F33: two automatic doses in one cycle.

LoopKit/Loop issue 1919: after a sensor came back two boluses were given ten seconds apart. Here a step up is due, and
a storm of looks comes in at once, each of which shows that it is: late ones, doubled ones, before the command has
ended and after. One rise is sent.

Guard: `pumpd.core.watch._next_step`: a step is taken when its own volume is in, and never while a command is under
way.
"""

from __future__ import annotations

import pytest

from pumpd.core.effects import ChangeRate
from pumpd.core.pump import Drive
from pumpd.core.turn import Turn
from pumpd.core.watch import take_step
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed


def complaints() -> list[str]:
    bed = BedStory()
    bed.runs("TRAIN-3STEP")
    boundary_ul = bed.infusion().boundary_nl(0) // 1_000
    seconds = boundary_ul * 3_600 / bed.infusion().rate_ul_per_h
    bed.flows(seconds - 1)
    sent = []
    for look in range(30):
        bed.drives(boundary_ul + 20, after_s=0.5 if look == 0 else 0)
        sent += [change.rate_ul_per_h for change in bed.sent(ChangeRate)]
        if look % 10 == 9 and bed.pump().command is not None:
            bed.done(Drive.INFUSING, infused_ul=boundary_ul + 20)
            sent += [change.rate_ul_per_h for change in bed.sent(ChangeRate)]
    return [f"{len(sent)} rises in one moment: {sent} uL/h"] if len(sent) != 1 else []


def eager(turn: Turn, slot: str) -> None:
    infusion = turn.infusion(slot)
    if infusion.step + 1 < len(infusion.plan) and turn.counted(slot).low_nl >= infusion.boundary_nl(0):
        take_step(turn, slot, person=None)


@pytest.mark.requirement("F33")
@pytest.mark.requirement("CMD-08")
def test_a_storm_of_looks_raises_the_rate_once() -> None:
    assert complaints() == []


@pytest.mark.requirement("F33")
def test_a_step_that_every_look_may_take_is_taken_twice() -> None:
    with guard_removed("pumpd.core.watch._next_step", instead=eager):
        assert complaints()
