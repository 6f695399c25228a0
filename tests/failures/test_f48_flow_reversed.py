"""F48: the set was put in the wrong way round: the flow was reversed.

Fresenius Ivenix 2025; GIP 1.8.1. A syringe pump can be set to withdraw at its own keys, and says so. Here one that
should infuse reports that it moves otherwise, once and then for ever: it is stopped and somebody is told. What a set
that was put in wrong does behind a pump that infuses, no counter sees.

Guard: `pumpd.core.reports._drives`, by which a pump drives as confirmed or not at all.
"""

from __future__ import annotations

import pytest

from pumpd.core import reports
from pumpd.core.codes import Condition, Phase
from pumpd.core.effects import Stop
from pumpd.core.pump import Drive, Report
from pumpd.core.turn import Turn
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed


def complaints() -> list[str]:
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    bed.drives(10)
    bed.report(Drive.OTHER, infused_ul=10)
    found = [] if bed.sent(Stop) else ["it withdraws, and is not stopped"]
    bed.report(Drive.OTHER, infused_ul=10)
    if bed.phase() is Phase.INFUSING:
        found.append("infusing, and it withdraws")
    if bed.alarm(Condition.UNCOMMANDED_DRIVE) is None:
        found.append("nobody is told that it withdraws")
    return found


_DRIVES = reports._drives


def it_drives(turn: Turn, slot: str, report: Report) -> None:
    """What a controller does that takes a moving motor for good news."""
    if turn.pump(slot).phase is not Phase.INFUSING:
        _DRIVES(turn, slot, report)


@pytest.mark.requirement("F48")
@pytest.mark.requirement("FLOW-14")
def test_a_pump_that_moves_the_other_way_is_stopped_and_told() -> None:
    assert complaints() == []


@pytest.mark.requirement("F48")
def test_any_movement_taken_for_infusing_goes_on() -> None:
    with guard_removed("pumpd.core.reports._drives", instead=it_drives):
        assert complaints()
