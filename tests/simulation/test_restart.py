"""A daemon that is killed at an awkward moment and comes back: the pump is looked for, and stopped where it must be."""

from __future__ import annotations

import asyncio

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.new_era import NewEra

from pumpd.core.codes import Phase
from pumpd.core.order import Order
from pumpd.testing.played_bed import Line, PlayedBed
from pumpd.testing.simulate import quiet
from pumpd.testing.virtual import VirtualClock, run_virtual

ORDER = Order(regimen="TRAIN-5MIN", day=1, weight_g=70_000, height_mm=1_750, container="syringe-60")


@pytest.fixture(autouse=True)
def no_log_lines() -> None:
    quiet()


@pytest.mark.parametrize("phase", [Phase.CHECKING, Phase.STOPPING])
def test_a_daemon_killed_while_it_checks_or_stops_comes_back_and_stops(phase: Phase) -> None:
    async def played(clock: VirtualClock) -> None:
        lines = [Line(sim=SimBus([NewEra(now_ns=clock.now_ns())]), slots=(("p1", 0),))]
        bed = PlayedBed.boot(clock, lines)
        await bed.until_ready()
        assert (await bed.start(ORDER)).accepted
        if phase is Phase.STOPPING:
            await bed.until(Phase.INFUSING)
            await bed.stop("p1")
        assert bed.pump().phase is phase
        await asyncio.sleep(0.012)  # its row is on the disk by then, and nothing has ended
        assert bed.pump().phase is phase
        survivors = await bed.kill()
        bed = PlayedBed.boot(clock, lines, survivors=survivors)
        assert bed.pump().phase is Phase.STOPPING
        await bed.until(Phase.STOPPED)
        assert not lines[0].sim.truth(clock.now_ns()).motor_turning
        await bed.kill()

    run_virtual(played)
