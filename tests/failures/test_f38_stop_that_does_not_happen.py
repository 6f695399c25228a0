"""F38: the stop that a failure called for did not happen.

GIP hazard 5.10. Here the wire is dead in the moment of the stop, for twice as long as one attempt takes, or the pump
obeys nothing for a while; its lease is long. The stop is sent until a report shows no drive, and if that takes more
than two seconds somebody is told.

Guard: `pumpd.core.phases.send_stop`, one attempt of many. Without it a stop is sent once.
"""

from __future__ import annotations

from typing import Literal

import pytest
from pumpd_sim.faults import Fault, FaultKind

from pumpd.core import phases
from pumpd.core.codes import Condition, Phase
from pumpd.core.order import Order
from pumpd.core.turn import Turn
from pumpd.testing.guards import guard_removed
from pumpd.testing.watched_bed import WatchedBed, watched

SLOW = Order(regimen="TRAIN-5MIN", day=1, weight_g=70_000, height_mm=1_750, container="syringe-60")
Way = Literal["to_pump", "to_host", "both"]


def stopped(way: Way) -> list[str]:
    async def story(told: WatchedBed) -> None:
        await told.runs(SLOW)
        await told.passes(5)
        told.fault(Fault(kind=FaultKind.MUTE, direction=way, for_ms=4_000))
        await told.bed.stop("p1")
        await told.passes(8)
        if told.truth().motor_turning or told.phase() is not Phase.STOPPED:
            told.say(f"{told.phase().value} 8 s after the stop, motor turning: {told.truth().motor_turning}")
        if Condition.STOP_UNCONFIRMED not in told.alarms():
            told.say("nobody was told that the stop was not confirmed")

    return watched(story)


_SEND = phases.send_stop


def once(turn: Turn, slot: str) -> None:
    if turn.pump(slot).stop is None:
        _SEND(turn, slot)


@pytest.mark.requirement("F38")
@pytest.mark.parametrize("way", ["to_pump", "to_host", "both"])
def test_a_stop_into_a_dead_wire_is_sent_until_the_pump_stands_still(way: Way) -> None:
    assert stopped(way) == []


@pytest.mark.requirement("F38")
def test_a_stop_that_is_sent_once_leaves_it_running() -> None:
    with guard_removed("pumpd.core.phases.send_stop", instead=once):
        assert any("after the stop" in each for each in stopped("to_pump"))
