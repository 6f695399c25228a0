"""F32: only the reply was lost; the dose was sent again, and given twice.

LoopKit/Loop issues 1434 and 1543: a timeout was told as a failure, people asked again, and both boluses went in. Here
the pump carries out the start and its reply is lost, every time; the nurse presses start again as long as she sees no
infusion. One start reaches the wire, and one dose goes in.

Guard: `pumpd.core.infusion._started`: an outcome that nobody knows is for the pump's totals, and not for a second
try.
"""

from __future__ import annotations

import pytest
from pumpd_sim.faults import Fault, FaultKind

from pumpd.core.codes import Phase
from pumpd.core.effects import Start, When
from pumpd.core.events import Done, Outcome
from pumpd.core.turn import Turn
from pumpd.testing.guards import guard_removed
from pumpd.testing.watched_bed import SALINE, WatchedBed, watched


async def reply_lost(told: WatchedBed) -> None:
    await told.bed.until_ready()
    assert (await told.bed.start(SALINE)).accepted
    await told.bed.until(Phase.STARTING)
    told.fault(Fault(kind=FaultKind.EXECUTE_BUT_LOSE_ACK, address=0, count=3))
    for _ in range(6):
        await told.passes(2)
        if told.phase() is not Phase.INFUSING:
            await told.bed.start(SALINE)
    await told.ends()
    truth, infusion = told.truth(), told.bed.pump().infusion
    assert infusion is not None
    if told.heard("RUN") != 1:
        told.say(f"{told.heard('RUN')} starts on the wire")
    if truth.displaced_nl > infusion.programme.total_nl + 2 * truth.step_nl:
        told.say(f"{truth.displaced_nl} nL of {infusion.programme.total_nl}")
    if told.phase() is not Phase.ENDED:
        told.say(f"{told.phase().value} instead of ended")


def tries_again(turn: Turn, slot: str, outcome: Outcome) -> None:
    command_id = turn.state.next_command_id
    if not isinstance(outcome, Done):
        turn.want(Start(slot=slot, command_id=command_id, when=When.NOW))


@pytest.mark.requirement("F32")
@pytest.mark.requirement("CMD-04")
def test_a_start_whose_reply_is_lost_is_given_once() -> None:
    assert watched(reply_lost) == []


@pytest.mark.requirement("F32")
def test_a_lost_reply_that_is_taken_for_a_failure_sends_it_again() -> None:
    with guard_removed("pumpd.core.infusion._started", instead=tries_again):
        assert any("starts on the wire" in each or "raised" in each for each in watched(reply_lost))
