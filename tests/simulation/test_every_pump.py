"""Every driver meets its look-alike, in every reading of the manual that is plausible, and the plant has the last word.

Drivers and look-alikes were written from the same manuals by different hands, so this is where they may disagree. A
whole lesson in virtual time: three steps, a pause, a resume, the planned end. The oracles look every quarter second
(never infusing without a confirmed start, never told stopped while driven, the truth inside the interval), no alarm may
be raised but the end's, and what was displaced is what was ordered, to the grain of the pump.
"""

from __future__ import annotations

import asyncio

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.readings import Reading

from pumpd.core.codes import Condition, Phase
from pumpd.core.events import LinkState
from pumpd.core.facts import AlarmRaised, Fact
from pumpd.core.order import Order
from pumpd.core.requests import Keep
from pumpd.core.state import BedState, PumpState
from pumpd.testing.oracles import Oracles, Watch
from pumpd.testing.pairs import PAIRS, Pair
from pumpd.testing.played_bed import Line, PlayedBed
from pumpd.testing.simulate import quiet
from pumpd.testing.virtual import VirtualClock, run_virtual

LOOK_S = 0.25
LESSON_S = 240
LATE = {"reply_ms=450", "slow_every=5"}  # a pump that answers so late has not confirmed a stop in its time
EXPECTED = {Condition.ENDED, Condition.NEAR_END}


CASES = [
    pytest.param(pair, reading, id=f"{pair.driver}-{reading.name}")
    for pair in PAIRS.values()
    for reading in pair.kind.readings
]


def is_ready(pump: PumpState) -> bool:
    return pump.link is LinkState.UP and pump.sighting.last is not None and pump.sighting.last.alarm is None


async def lesson(clock: VirtualClock, pair: Pair, reading: Reading) -> list[str]:
    driver = pair.loaded()
    pump = pair.pump(reading, now_ns=clock.now_ns())
    sim = SimBus([pump], baud=pump.baud)
    line = Line(sim=sim, slots=(("p1", pair.address),), driver=driver, options=pair.said(reading))
    watch = Watch(slot="p1", address=pair.address, sim=sim, info=driver.info, starts=pair.starts)
    oracles = Oracles(clock=clock, watches=(watch,))
    alarms: list[Condition] = []

    def on_facts(_state: BedState, facts: tuple[Fact, ...]) -> None:
        alarms.extend(fact.condition for fact in facts if isinstance(fact, AlarmRaised))

    bed = PlayedBed.boot(clock, (line,))
    bed.bedside.watch(oracles.on_facts)
    bed.bedside.watch(on_facts)
    try:
        # an Alaris shows that it stands still by 40 s without a change
        await bed.until_it(is_ready, within_s=90)
        order = Order(regimen=pair.regimen, day=1, weight_g=70_000, height_mm=1_750, container=pair.container)
        reply = await bed.start(order)
        assert reply.accepted, reply.reasons
        paused = False
        for _ in range(round(LESSON_S / LOOK_S)):
            await asyncio.sleep(LOOK_S)
            bed.fail_if_broken()
            oracles.look(bed.bedside.state)
            state = bed.pump()
            if state.phase is Phase.ENDED:
                break
            if state.phase is Phase.INFUSING and not paused and sim.truth(clock.now_ns()).displaced_nl > 500_000:
                paused = True
                assert (await bed.stop("p1")).accepted
            elif state.phase is Phase.STOPPED and paused:
                assert (await bed.resume(keep=Keep.VOLUME)).accepted
        assert paused
        assert bed.pump().phase is Phase.ENDED, (bed.pump().phase, bed.pump().why, alarms)
        infusion = bed.pump().infusion
        assert infusion is not None
        displaced = sim.truth(clock.now_ns()).displaced_nl
        assert infusion.delivered.low_nl <= displaced <= infusion.delivered.high_nl
        assert -pair.over_nl <= infusion.total_nl - displaced <= pair.under_nl
        oracles.journal(bed.bedside.state, bed.journal)
    finally:
        await bed.kill()
    return [*oracles.violations, *(f"alarm {each.value}" for each in alarms if each not in EXPECTED)]


@pytest.mark.parametrize(("pair", "reading"), CASES)
def test_every_reading_of_every_pump_gives_what_was_ordered(pair: Pair, reading: Reading) -> None:
    quiet()

    async def played(clock: VirtualClock) -> list[str]:
        return await lesson(clock, pair, reading)

    excused = ["alarm stop_unconfirmed"] if reading.name in LATE else []
    assert [told for told in run_virtual(played) if told not in excused] == []
