"""F14: programming one channel while three ran ended in an error code, and all channels stopped.

Baxter Colleague 3, 2007. Here two of three pumps infuse while the third is programmed, and that ends in every bad way
there is: refused, unknown, in an alarm, with a read-back that differs. Only the third is stopped.

Guard: `pumpd.core.phases.stop_now`, which stops the pump that it is told to.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core import phases
from pumpd.core.codes import Phase, Why
from pumpd.core.effects import Prepare, Stop
from pumpd.core.events import Done, Outcome, Refused, Unknown
from pumpd.core.pump import Granted, PumpAlarm
from pumpd.core.turn import Turn
from pumpd.testing.bed_story import STEP_NL, BedStory
from pumpd.testing.guards import guard_removed


def bad_ends(bed: BedStory) -> dict[str, Outcome]:
    (prepare,) = bed.sent(Prepare, "p2")
    sent = prepare.remaining
    granted = Granted(
        rate_ul_per_h=sent.rate_ul_per_h, volume_nl=sent.volume_nl, lease_s=sent.lease_s, infused_nl=0, step_nl=STEP_NL
    )
    return {
        "refused": Refused(detail="?OOR"),
        "in alarm": Refused(detail="A?E", alarm=PumpAlarm.PROGRAM_ERROR),
        "unknown": Unknown(detail="no reply"),
        "another rate": Done(granted=replace(granted, rate_ul_per_h=sent.rate_ul_per_h + 1)),
        "nothing read": Done(),
    }


def complaints(how: str) -> list[str]:
    bed = BedStory(slots=("p1", "p2", "p3"))
    bed.connect()
    for slot in ("p1", "p2", "p3"):
        bed.report(slot=slot)
    bed.runs("TRAIN-5MIN", slot="p1")
    bed.runs("TRAIN-5MIN", slot="p3")
    bed.start("TRAIN-5MIN", slot="p2")
    bed.ends(bad_ends(bed)[how], "p2")
    assert bed.phase("p2") is Phase.STOPPING
    stopped = {each.slot for each in bed.last.effects if isinstance(each, Stop)}
    found = [f"{slot} is stopped" for slot in sorted(stopped - {"p2"})]
    for slot in ("p1", "p3"):
        bed.drives(10, slot=slot)
        if bed.phase(slot) is not Phase.INFUSING:
            found.append(f"{slot} is {bed.phase(slot).value}")
    return found


ENDS = ["refused", "in alarm", "unknown", "another rate", "nothing read"]
_STOP_NOW = phases.stop_now


def stops_the_bed(turn: Turn, _slot: str, why: Why) -> None:
    for pump in turn.state.pumps:
        _STOP_NOW(turn, pump.slot, why)


@pytest.mark.requirement("F14")
@pytest.mark.parametrize("how", ENDS)
def test_a_pump_that_cannot_be_programmed_leaves_the_others_alone(how: str) -> None:
    assert complaints(how) == []


@pytest.mark.requirement("F14")
@pytest.mark.parametrize("how", ENDS)
def test_a_stop_that_means_the_bed_stops_all_channels(how: str) -> None:
    with guard_removed("pumpd.core.phases.stop_now", instead=stops_the_bed):
        assert "p1 is stopped" in complaints(how)
