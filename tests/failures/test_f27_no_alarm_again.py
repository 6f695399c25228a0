"""F27: an occlusion that had not quite cleared did not alarm again after the restart; the pump looked normal.

Baxter Spectrum, 2021 and 2022: 51 injuries, 3 deaths. Here the motor stalls, the nurse acknowledges and resumes, and
it stalls again at once; and once more after the daemon itself was restarted. Each time there is an alarm by the first
report.

Guard: `pumpd.core.alarms.told_by_pump`, by which an alarm that the pump no longer tells is over and can come again.
"""

from __future__ import annotations

import pytest

from pumpd.core.codes import Condition, Phase
from pumpd.core.pump import Drive, PumpAlarm
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed


def stalls(bed: BedStory, infused_ul: int) -> list[str]:
    before = sum(type(fact).__name__ == "AlarmRaised" for fact in bed.facts)
    bed.report(Drive.STILL, infused_ul=infused_ul, alarm=PumpAlarm.STALL)
    raised = sum(type(fact).__name__ == "AlarmRaised" for fact in bed.facts) - before
    alarm = bed.alarm(Condition.STALLED)
    if raised == 0 or alarm is None or alarm.acknowledged:
        return [f"it stalls at {infused_ul} uL, and nobody is told"]
    return []


def seen_and_resumed(bed: BedStory) -> None:
    """The nurse looks at the line, acknowledges, the pump leaves its alarm, and she goes on."""
    if bed.phase() is Phase.STOPPING:
        bed.stop_confirmed(infused_ul=0)
    bed.acknowledge(Condition.STALLED)
    if bed.pump().command is not None:
        bed.done(Drive.STILL)
    bed.report(Drive.STILL)
    bed.resumes()


def complaints() -> list[str]:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.drives(5)
    found = stalls(bed, 5)
    seen_and_resumed(bed)
    found += stalls(bed, 0)
    bed.boot(away_s=1)
    bed.connect()
    before = bed.alarm(Condition.STALLED)
    if before is None:
        found.append("a restart forgot that it stalls")
    bed.report(Drive.STILL, infused_ul=0, alarm=PumpAlarm.STALL)
    alarm = bed.alarm(Condition.STALLED)
    if alarm is None or alarm.acknowledged or alarm.over:
        found.append("it stalls after the restart, and nobody is told")
    return found


@pytest.mark.requirement("F27")
@pytest.mark.requirement("ALM-09")
def test_a_line_that_is_still_closed_alarms_by_the_first_report() -> None:
    assert complaints() == []


@pytest.mark.requirement("F27")
def test_an_alarm_that_is_never_over_never_comes_again() -> None:
    with guard_removed("pumpd.core.alarms.told_by_pump", instead=lambda *_: None):
        assert complaints()
