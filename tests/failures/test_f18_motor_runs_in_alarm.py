"""F18: delivery went on while the alarm said that the motor was not running.

Medfusion, 2024. Here a pump reports an alarm by which it should stand still, and that it drives, again and again.
Whatever it says of itself: it is stopped, and the stop is sent until a report shows no drive.

Guard: `pumpd.core.alarm_table.Row.action`, what is done to a pump at each alarm.
"""

from __future__ import annotations

import pytest

from pumpd.core.alarm_table import PumpAction
from pumpd.core.codes import Phase
from pumpd.core.effects import Stop
from pumpd.core.pump import Drive, PumpAlarm
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed

SHOULD_STAND = [each for each in PumpAlarm if each is not PumpAlarm.BATTERY_LOW]


def complaints(alarm: PumpAlarm) -> list[str]:
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    found, stops = [], 0
    for second in range(1, 6):
        bed.report(Drive.INFUSING, infused_ul=8 * second, alarm=alarm)
        stops += len(bed.sent(Stop))
        stops += sum(isinstance(each, Stop) for each in bed.ticks(0.5))
        if bed.phase() is Phase.INFUSING:
            found.append(f"infusing, and the pump says {alarm.value}")
    if stops == 0:
        found.append(f"no stop for a pump that says {alarm.value}, and drives")
    return found


@pytest.mark.requirement("F18")
@pytest.mark.parametrize("alarm", SHOULD_STAND)
def test_a_pump_that_drives_in_an_alarm_is_stopped(alarm: PumpAlarm) -> None:
    assert complaints(alarm) == []


@pytest.mark.requirement("F18")
@pytest.mark.parametrize("alarm", SHOULD_STAND[1:])  # of that its counter tells as well
def test_an_alarm_that_is_only_shown_lets_it_run(alarm: PumpAlarm) -> None:
    with guard_removed("pumpd.core.alarm_table.Row.action", instead=lambda *_: PumpAction.KEEP):
        assert complaints(alarm)
