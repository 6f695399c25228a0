"""F19: the infusion went on after the system had failed, in one of its modes.

Medfusion, 2022, in intermittent mode. Here the daemon is killed for good in each phase in which the motor may turn,
and in the middle of a step up: the pump stands still by its own timer, within 15 s and half a millilitre.

Guard: `pumpd.core.lease.lease_bound_s`, the lease that follows from the rate. Without it the pump takes its
longest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from pumpd_sim.faults import Fault, FaultKind

from pumpd.core.codes import Phase
from pumpd.testing.guards import guard_removed
from pumpd.testing.watched_bed import SALINE, STEPS, WatchedBed, watched


async def starting(told: WatchedBed) -> None:
    await told.bed.until_ready()
    assert (await told.bed.start(SALINE)).accepted
    await told.bed.until(Phase.STARTING)


async def infusing(told: WatchedBed) -> None:
    await told.runs(SALINE)
    await told.passes(7)


async def stepping(told: WatchedBed) -> None:
    await told.runs(STEPS)
    await told.bed.until_it(lambda pump: pump.infusion is not None and pump.infusion.step == 1, within_s=60)


async def stopping(told: WatchedBed) -> None:
    await told.runs(SALINE)
    told.fault(Fault(kind=FaultKind.MUTE, for_ms=2_000))
    await told.bed.stop("p1")
    assert told.phase() is Phase.STOPPING


async def uncertain(told: WatchedBed) -> None:
    await told.runs(SALINE)
    told.fault(Fault(kind=FaultKind.MUTE, for_ms=8_000))
    await told.bed.until(Phase.UNCERTAIN)


Moment = Callable[[WatchedBed], Awaitable[None]]
MOMENTS = [starting, infusing, stepping, stopping, uncertain]


def killed_in(moment: Moment) -> list[str]:
    async def story(told: WatchedBed) -> None:
        await moment(told)
        told.oracles.died(told.bed.bedside.state)
        at_death_nl = told.truth().displaced_nl
        await told.bed.kill()
        for _ in range(4 * 16):
            await asyncio.sleep(0.25)
            told.oracles.look_alone()
        if told.truth().motor_turning:
            told.say(f"runs on 16 s after its daemon died, {told.truth().displaced_nl - at_death_nl} nL later")

    return watched(story)


@pytest.mark.requirement("F19")
@pytest.mark.requirement("LEASE-01")
@pytest.mark.requirement("LEASE-09")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_pump_whose_daemon_died_stands_still_in_every_phase(moment: Moment) -> None:
    assert killed_in(moment) == []


@pytest.mark.requirement("F19")
@pytest.mark.parametrize("moment", [infusing, stepping])
def test_a_lease_that_does_not_follow_from_the_rate_lets_it_run(moment: Moment) -> None:
    with guard_removed("pumpd.core.lease.lease_bound_s", instead=lambda **_: 255):
        assert any("runs on" in each for each in killed_in(moment))
