"""F09: the end of an infusion was told with low priority only, and nobody came; a patient died.

Fresenius Volumat 2019, BD Alaris 2020. Here the volume is in, and nobody comes. The end is announced beforehand, told
as LOW, and rises when it stands unanswered, until somebody has seen it.

Guard: `pumpd.core.alarms.rise_unanswered`.
"""

from __future__ import annotations

import pytest

from pumpd.core.codes import Condition, Phase, Priority
from pumpd.core.pump import Drive
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed


def complaints() -> list[str]:
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    found = []
    infusion = bed.infusion()
    assert infusion.leg is not None
    volume_ul = infusion.leg.granted.volume_nl // 1_000
    bed.drives(volume_ul * 99 // 100, after_s=298)
    if bed.alarm(Condition.NEAR_END) is None:
        found.append("the end is near, and nothing says so")
    bed.report(Drive.STILL, infused_ul=volume_ul, after_s=4)
    assert bed.phase() is Phase.ENDED
    for minute in range(1, 31):
        bed.tick(60)
        alarm = bed.alarm(Condition.ENDED)
        if alarm is None:
            return [*found, f"after {minute} min nothing tells of the end"]
        if minute > 5 and alarm.priority.value < Priority.MEDIUM.value:
            return [*found, f"after {minute} min the end is still {alarm.priority.name}"]
    bed.acknowledge(Condition.ENDED)
    if bed.alarm(Condition.ENDED) is not None:
        found.append("somebody came, and it is still told")
    return found


@pytest.mark.requirement("F09")
@pytest.mark.requirement("ALM-19")
def test_an_end_to_which_nobody_comes_is_told_louder() -> None:
    assert complaints() == []


@pytest.mark.requirement("F09")
def test_without_rising_it_stays_low_for_ever() -> None:
    with guard_removed("pumpd.core.alarms.rise_unanswered", instead=lambda _: None):
        assert complaints() == ["after 6 min the end is still LOW"]
