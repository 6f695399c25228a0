"""F13: attaching another module disturbed the one that was running.

Alaris 8015 9.12. Here a second pump is switched on in the middle of an infusion, on the same wire: it puts its
power-up alarm onto the bus unasked, and is then looked for and identified between the looks at the first.

Guard: `pumpd.core.infusion.on_alarm_seen`, which lets an alarm frame mean the pump that sent it.
"""

from __future__ import annotations

import pytest
from pumpd_sim.faults import Fault, FaultKind

from pumpd.core.codes import Condition, Phase
from pumpd.core.events import AlarmSeen
from pumpd.core.reports import alarmed
from pumpd.core.turn import Turn
from pumpd.testing.guards import guard_removed
from pumpd.testing.watched_bed import SALINE, WatchedBed, watched


async def attached(told: WatchedBed) -> None:
    told.fault(Fault(kind=FaultKind.REBOOT, address=1, for_ms=20_000))  # not there yet
    await told.runs(SALINE)
    before = told.truth().rate_nl_per_h
    for _ in range(4):
        await told.passes(10)
        told.fault(Fault(kind=FaultKind.REBOOT, address=1, for_ms=2_000))
        if told.phase() is not Phase.INFUSING or told.truth().rate_nl_per_h != before:
            told.say(f"p1 is {told.phase().value} at {told.truth().rate_nl_per_h} nl/h")
    await told.ends()
    mine = [fact for fact in told.facts if getattr(fact, "slot", None) == "p1" and hasattr(fact, "condition")]
    if strange := [fact for fact in mine if fact.condition not in {Condition.NEAR_END, Condition.ENDED}]:
        told.say(f"p1 was disturbed: {strange}")


def means_every_pump(turn: Turn, request: AlarmSeen) -> None:
    for pump in turn.state.pumps:
        alarmed(turn, pump.slot, request.alarm)


@pytest.mark.requirement("F13")
def test_a_pump_that_is_switched_on_beside_a_running_one_does_not_disturb_it() -> None:
    assert watched(attached, pumps=2) == []


@pytest.mark.requirement("F13")
def test_an_alarm_frame_that_means_everybody_stops_the_running_pump() -> None:
    with guard_removed("pumpd.core.infusion.on_alarm_seen", instead=means_every_pump):
        assert any("p1 was disturbed" in each for each in watched(attached, pumps=2))
