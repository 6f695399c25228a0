"""F12: two processors lost each other, and the only key that still did something stopped everything.

Alaris PC 8015, 2013: with the link to the keypad's processor gone, nurses pressed System On, and all infusions
stopped. Here one of two pumps falls silent. Nothing is stopped by that; the other pump does not notice; and for the
silent one every act that a nurse may want is still there, for that pump alone.

Guard: `pumpd.core.watch._doubt_silence`, which makes a silence doubt and not a stop.
"""

from __future__ import annotations

import pytest

from pumpd.core.codes import Condition, Phase, Why
from pumpd.core.effects import Stop
from pumpd.core.phases import stop_now
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed


def complaints() -> list[str]:
    found = []
    bed = BedStory(slots=("p1", "p2"))
    bed.connect()
    bed.report(slot="p1")
    bed.report(slot="p2")
    bed.runs("TRAIN-5MIN", slot="p1")
    bed.runs("TRAIN-5MIN", slot="p2")
    for second in range(1, 9):  # p1 says nothing any more
        stops = [each for each in bed.ticks(1) if isinstance(each, Stop)]
        found += [f"{each.slot} is stopped by a silence of p1" for each in stops]
        bed.drives(10 * second, slot="p2")
    if bed.phase("p2") is not Phase.INFUSING:
        found.append(f"p2 is {bed.phase('p2').value} by a silence of p1")
    if bed.phase() is not Phase.UNCERTAIN:
        return [*found, f"p1 is {bed.phase().value} instead of uncertain"]
    bed.acknowledge(Condition.LINK_LOST)
    assert bed.reply is not None
    assert bed.reply.accepted
    bed.stop("p1")  # the nurse stops the silent one: it alone
    if {each.slot for each in bed.last.effects if isinstance(each, Stop)} != {"p1"}:
        found.append("a stop of p1 is not a stop of p1 alone")
    if bed.phase("p2") is not Phase.INFUSING:
        found.append("p2 does not go on")
    return found


def everything_stops(turn: Turn, slot: str) -> None:
    if turn.now_ns - (turn.pump(slot).sighting.last_at_ns or 0) > 2 * NS_PER_S:
        for pump in turn.state.pumps:
            stop_now(turn, pump.slot, Why.SILENCE)


@pytest.mark.requirement("F12")
def test_a_silent_pump_stops_nothing_and_leaves_every_key_its_meaning() -> None:
    assert complaints() == []


@pytest.mark.requirement("F12")
def test_a_silence_that_is_taken_for_a_failure_stops_the_bed() -> None:
    with guard_removed("pumpd.core.watch._doubt_silence", instead=everything_stops):
        assert "p2 is stopped by a silence of p1" in complaints()
