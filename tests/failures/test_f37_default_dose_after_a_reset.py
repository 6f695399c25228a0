"""F37: after a reset the pump went on with its default dose.

GIP hazard 5.11. Here the pump loses its power in the middle of an infusion and comes back as its manual says it may:
it drives, at the rate of its factory, and its counter begins anew. Nothing is assumed of it; it is stopped at the
first look, and what had gone in stays in.

Guard: `pumpd.core.reports._drives`, by which a pump drives as confirmed or not at all.
"""

from __future__ import annotations

import pytest

from pumpd.core import reports
from pumpd.core.codes import Phase
from pumpd.core.pump import Drive, Report
from pumpd.core.turn import Turn
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed

FACTORY_UL_PER_H = 10_000


def complaints() -> list[str]:
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    so_far = bed.flows(20)
    bed.ticks(2)  # no answer while it starts anew
    found = []
    for second in range(1, 4):
        bed.report(Drive.INFUSING, rate=FACTORY_UL_PER_H, infused_ul=3 * second, after_s=1)
        if bed.phase() is Phase.INFUSING:
            found.append(f"infusing, {second} s after it began at {FACTORY_UL_PER_H} uL/h of its own")
    if bed.phase() is Phase.STOPPING:
        bed.stop_confirmed(infused_ul=10)
    if bed.infusion().delivered.low_nl < (so_far - 5) * 1_000:
        found.append(f"{so_far} uL had gone in, {bed.infusion().delivered} is on record")
    return found


_DRIVES = reports._drives


def it_drives(turn: Turn, slot: str, report: Report) -> None:
    """What a controller does that takes a moving motor for good news."""
    if turn.pump(slot).phase is not Phase.INFUSING:
        _DRIVES(turn, slot, report)


@pytest.mark.requirement("F37")
@pytest.mark.requirement("LINK-06")
def test_a_pump_that_drives_by_its_own_default_is_stopped() -> None:
    assert complaints() == []


@pytest.mark.requirement("F37")
def test_a_moving_motor_taken_for_good_news_goes_on() -> None:
    with guard_removed("pumpd.core.reports._drives", instead=it_drives):
        assert complaints()
