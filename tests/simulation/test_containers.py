"""A saline infusion out of two syringes, on the real driver and the simulated New Era, with the oracles watching."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.new_era import NewEra
from pumpd_sim.plant import PlantSpec

from pumpd.core.codes import Condition, Phase, Why
from pumpd.core.order import Order
from pumpd.testing.container_story import small_containers
from pumpd.testing.oracles import Oracles, Watch
from pumpd.testing.played_bed import Line, PlayedBed
from pumpd.testing.simulate import quiet
from pumpd.testing.virtual import VirtualClock, run_virtual

ORDER = Order(regimen="TRAIN-5MIN", day=1, weight_g=70_000, height_mm=1_750, container="syringe-60")
USABLE_NL = 2_500_000  # of 4.5 mL in all
DEAD_NL = 1_000_000


@pytest.fixture(autouse=True)
def no_log_lines() -> None:
    quiet()


async def watched(bed: PlayedBed, oracles: Oracles, phase: Phase, within_s: int = 600) -> None:
    """Look often until the pump is in this phase."""
    for _ in range(within_s * 4):
        if bed.pump().phase is phase:
            return
        await asyncio.sleep(0.25)
        bed.fail_if_broken()
        oracles.look(bed.bedside.state)
    raise AssertionError(f"after {within_s} s p1 is {bed.pump().phase}")


def test_an_infusion_out_of_two_syringes_gives_its_whole_volume_and_never_runs_dry() -> None:
    async def played(clock: VirtualClock) -> None:
        spec = replace(PlantSpec(), volume_nl=USABLE_NL + DEAD_NL)  # the line is primed: what is left for the patient
        sim = SimBus([NewEra(plant=spec, now_ns=clock.now_ns())])
        line = Line(sim=sim, slots=(("p1", 0),))
        watch = Watch(slot="p1", address=0, sim=sim, info=line.loaded().info)
        oracles = Oracles(clock=clock, watches=(watch,), calm=True)
        bed = PlayedBed.boot(clock, [line], rules=small_containers(USABLE_NL, containers_max=2))
        bed.bedside.watch(oracles.on_facts)
        await bed.until_ready()
        assert (await bed.start(ORDER)).accepted
        await watched(bed, oracles, Phase.STOPPED)
        assert bed.pump().why is Why.CONTAINER_ENDED
        assert [each.condition for each in bed.bedside.state.alarms] == [Condition.CONTAINER_ENDED]
        truth = sim.truth(clock.now_ns())
        assert truth.alarm == ""
        assert truth.remaining_nl >= DEAD_NL - 2 * truth.step_nl  # stopped by its target, before the plunger's end
        step, rate = bed.pump().due().step, bed.pump().due().rate_ul_per_h

        await asyncio.sleep(90)
        sim.inject(clock.now_ns(), Fault(kind=FaultKind.NEW_SYRINGE, volume_nl=USABLE_NL + DEAD_NL))
        assert (await bed.change_container()).accepted
        await watched(bed, oracles, Phase.INFUSING)
        assert (bed.pump().due().step, bed.pump().due().rate_ul_per_h) == (step, rate)
        await watched(bed, oracles, Phase.ENDED)
        assert bed.pump().why is Why.VOLUME_REACHED
        total_nl = bed.pump().due().programme.total_nl
        truth = sim.truth(clock.now_ns())
        assert total_nl - 100_000 <= truth.displaced_nl <= total_nl + 2 * truth.step_nl
        oracles.journal(bed.bedside.state, bed.journal)
        assert oracles.violations == []
        await bed.kill()

    run_virtual(played)
