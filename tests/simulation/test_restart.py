"""A daemon that is killed and comes back: the pump is looked for, and stopped where it must be."""

from __future__ import annotations

import asyncio

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.new_era import NewEra

from pumpd.core.codes import Phase
from pumpd.core.events import LinkState
from pumpd.core.order import Order
from pumpd.testing.oracles import Oracles, Watch
from pumpd.testing.pairs import PAIRS
from pumpd.testing.played_bed import Line, PlayedBed, asset_of
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


@pytest.mark.parametrize("driver", ["isco", "dulcoflex"])
@pytest.mark.parametrize("killed_in", [Phase.INFUSING, Phase.STOPPED])
def test_a_counter_that_goes_on_from_leg_to_leg_is_no_ones_after_a_restart(driver: str, killed_in: Phase) -> None:
    """Where this leg began went with the daemon that prepared it: what the pump counted before is not what is in."""
    pair = PAIRS[driver]

    async def played(clock: VirtualClock) -> list[str]:
        pump = pair.pump(now_ns=clock.now_ns())
        sim = SimBus([pump], baud=pump.baud)
        lines = [Line(sim=sim, slots=(("p1", pair.address),), driver=pair.loaded())]
        watch = Watch(slot="p1", address=pair.address, sim=sim, info=pair.loaded().info, starts=pair.starts)
        oracles = Oracles(clock=clock, watches=(watch,))
        order = Order(regimen="TRAIN-2MIN", day=1, weight_g=70_000, height_mm=1_750, container=pair.container)
        bed = PlayedBed.boot(clock, lines)
        bed.bedside.watch(oracles.on_facts)
        for _ in range(2):  # the second leg begins where the first one left the counter
            await bed.until_it(lambda pump: pump.link is LinkState.UP and pump.sighting.last is not None)
            assert (await bed.start(order)).accepted
            await bed.until(Phase.INFUSING)
            await bed.until(Phase.ENDED, within_s=200)
        await bed.start(order)
        await bed.until(Phase.INFUSING)
        await asyncio.sleep(10)
        if killed_in is Phase.STOPPED:
            await bed.stop("p1")
            await bed.until(Phase.STOPPED)
        await asyncio.sleep(0.1)
        bed = PlayedBed.boot(clock, lines, survivors=await bed.kill())
        bed.bedside.watch(oracles.on_facts)
        for _ in range(40):
            await asyncio.sleep(0.25)
            oracles.look(bed.bedside.state)
            if bed.pump().asset_in_doubt and bed.pump().phase is Phase.STOPPED:
                await bed.confirm(asset_of("p1"))
        assert bed.pump().phase is Phase.STOPPED
        await bed.kill()
        return oracles.violations

    assert run_virtual(played) == []
