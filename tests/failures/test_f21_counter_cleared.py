"""F21: the counter of what was delivered was cleared unexpectedly.

Medfusion, 2022. Here the pump's own counter falls to zero, or back by half, in the middle of an infusion, by a power
failure or for no reason. What had gone in stays in, on the page and on record, and the pump is stopped.

Guard: `pumpd.core.look.believed`: a counter that does not go on from what was known is no reading of this
infusion.
"""

from __future__ import annotations

import pytest

from pumpd.core.codes import Phase
from pumpd.core.pump import Drive, PumpAlarm
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed

BEFORE_UL = 300


def complaints(after_ul: int, alarm: PumpAlarm | None) -> list[str]:
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    granted = bed.infusion().granted_ul_per_h
    assert granted is not None
    so_far = bed.flows(BEFORE_UL * 3_600 / granted)
    low_nl = bed.look().delivered.low_nl
    bed.report(Drive.STILL if alarm else Drive.INFUSING, infused_ul=after_ul, alarm=alarm)
    found = []
    if bed.phase() is Phase.INFUSING:
        found.append("infusing, by a counter that fell")
    if bed.phase() is Phase.STOPPING:
        bed.stop_confirmed(infused_ul=after_ul)
    for where, interval in (("the page", bed.look().delivered), ("the record", bed.infusion().delivered)):
        if interval.low_nl < low_nl:
            found.append(f"{where} says {interval.low_nl} nL, {low_nl} nL were surely in")
        if not interval.low_nl <= so_far * 1_000 <= interval.high_nl:
            found.append(f"{where} says {interval}, and {so_far} uL went in")
    return found


CASES = [(0, PumpAlarm.RESET), (0, None), (BEFORE_UL // 2, None)]


@pytest.mark.requirement("F21")
@pytest.mark.requirement("FLOW-20")
@pytest.mark.parametrize(("after_ul", "alarm"), CASES)
def test_what_went_in_stays_in_when_the_pump_forgets_it(after_ul: int, alarm: PumpAlarm | None) -> None:
    assert complaints(after_ul, alarm) == []


@pytest.mark.requirement("F21")
def test_a_counter_that_is_believed_takes_back_what_went_in() -> None:
    with guard_removed("pumpd.core.look.believed", instead=lambda *_: True):
        assert any(complaints(after_ul, alarm) for after_ul, alarm in CASES)
