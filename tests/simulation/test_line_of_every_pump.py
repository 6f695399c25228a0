"""A closed line, air in it, and a battery that lies: each shipped driver at a bed with its look-alike, by the plant.

What finds an occlusion is the pump, and never the daemon: a sensor for pressure, or a motor that stalls once the line
pushes back as hard as it can. So what a driver's pump does in a closed line (at which pressure, and how much the line
then holds back for the patient) is a fact of that pump, and stands here for each. The plants' lines give 1 uL per mmHg,
which is an assumption; a bag's set gives ten times as much.

An occlusion detector has two budgets, misses and false alarms (F26), so each is shown both a line that stays closed
and one that opens again before the limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.device import Truth
from pumpd_sim.faults import Fault, FaultKind

from pumpd.core.codes import Condition, Phase
from pumpd.core.events import LinkState
from pumpd.core.order import Order
from pumpd.core.pump import Detectable
from pumpd.core.state import PumpState
from pumpd.testing.pairs import PAIRS, Pair
from pumpd.testing.played_bed import Line, PlayedBed
from pumpd.testing.simulate import quiet
from pumpd.testing.virtual import VirtualClock, run_virtual
from pumpd.words_review import cannot_detect

PSI_MMHG: Final = 51.715
ALARMED_WITHIN_S: Final = 120
TWO_HOURS_NS: Final = 2 * 3_600 * 10**9
PROMPTS: Final = {Condition.STEP_DUE, Condition.NEAR_END, Condition.ENDED}
CLOSED: Final = {Condition.OCCLUSION, Condition.STALLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """A bed in the fifth second of a lesson."""

    clock: VirtualClock
    bed: PlayedBed
    sim: SimBus
    pair: Pair

    def truth(self) -> Truth:
        return self.sim.truth(self.clock.now_ns(), self.pair.address)

    def befalls(self, kind: FaultKind, **how: int) -> None:
        self.sim.inject(self.clock.now_ns(), Fault(kind=kind, address=self.pair.address, **how))  # type: ignore[arg-type]  # each field of a fault is checked there

    def alarms(self) -> set[Condition]:
        return {each.condition for each in self.bed.bedside.state.alarms} - PROMPTS

    async def passes(self, seconds: float, until: set[Condition] = frozenset()) -> float:  # type: ignore[assignment]  # none
        """Time, or less of it when one of these alarms comes and the pump is known to stand; how much it was."""
        begun_ns = self.clock.now_ns()
        while (passed_s := (self.clock.now_ns() - begun_ns) / 1e9) < seconds:
            await asyncio.sleep(0.25)
            self.bed.fail_if_broken()
            if self.alarms() & until and self.bed.pump().phase is Phase.STOPPED:
                break
        return passed_s


def is_ready(pump: PumpState) -> bool:
    return pump.link is LinkState.UP and pump.sighting.last is not None and pump.sighting.last.alarm is None


def play(pair: Pair, story: Callable[[At], Awaitable[None]], *, stood_ns: int = 0) -> None:
    async def played(clock: VirtualClock) -> None:
        device = pair.pump(now_ns=clock.now_ns())
        sim = SimBus([device], baud=device.baud)
        bed = PlayedBed.boot(clock, (Line(sim=sim, slots=(("p1", pair.address),), driver=pair.loaded()),))
        await bed.until_it(is_ready, within_s=90)
        if stood_ns:
            sim.advance(clock.now_ns(), stood_ns)  # the pump's day, primed and waiting; its protocol does not notice
            await asyncio.sleep(1)
        order = Order(regimen=pair.regimen, day=1, weight_g=70_000, height_mm=1_750, container=pair.container)
        assert (await bed.start(order)).accepted
        await bed.until(Phase.INFUSING)
        at = At(clock=clock, bed=bed, sim=sim, pair=pair)
        await at.passes(5)
        assert at.alarms() == set()
        await story(at)
        await bed.kill()

    run_virtual(played)


@pytest.fixture(autouse=True)
def no_log_lines() -> None:
    quiet()


ALL: Final = pytest.mark.parametrize("pair", PAIRS.values(), ids=list(PAIRS))
FINDING: Final = [pair for pair in PAIRS.values() if pair.driver != "dulcoflex"]  # its set takes more than a lesson
FINDS: Final = pytest.mark.parametrize("pair", FINDING, ids=[pair.driver for pair in FINDING])
HARDEST_PSI: Final = {"alaris": 10, "generic_modbus": 10}  # by a sensor; the others push until they stall or are full
BOLUS_NL: Final = {"alaris": 500_000, "generic_modbus": 500_000}


@pytest.mark.requirement("ALM-14")
@FINDS
def test_a_closed_line_stops_the_pump_and_is_alarmed_at_a_pressure_and_a_bolus_that_are_known(pair: Pair) -> None:
    async def story(at: At) -> None:
        at.befalls(FaultKind.OCCLUSION)
        before = at.truth()
        await at.passes(ALARMED_WITHIN_S, CLOSED)
        found = at.truth()
        assert at.alarms() & CLOSED, "nobody is told"
        assert not found.motor_turning
        assert found.pressure_mmhg <= HARDEST_PSI.get(pair.driver, 20) * PSI_MMHG
        held_back_nl = found.stored_nl - before.stored_nl
        assert held_back_nl <= BOLUS_NL.get(pair.driver, 1_000_000)
        if pair.drugs and held_back_nl > 500_000:  # then somebody has to watch for it: the review says so
            assert "the pressure of a blocked line" in cannot_detect(pair.loaded().info)

    play(pair, story)


@pytest.mark.requirement("F26")
@FINDS
def test_a_line_that_opens_again_before_the_limit_is_no_occlusion(pair: Pair) -> None:
    """The other budget of a detector: what is no occlusion alarms nobody."""

    async def story(at: At) -> None:
        at.befalls(FaultKind.OCCLUSION)
        await at.passes(7)  # the quickest, a bag pump's sensor, takes 17 s
        assert at.truth().pressure_mmhg > 50, "it was closed"
        at.befalls(FaultKind.RELEASE_OCCLUSION)
        await at.passes(60)
        assert at.alarms() == set()
        assert at.bed.pump().phase in (Phase.INFUSING, Phase.ENDED)

    play(pair, story)


@pytest.mark.requirement("F26")
@FINDS
def test_a_line_that_closes_little_by_little_is_found_all_the_same(pair: Pair) -> None:
    async def story(at: At) -> None:
        at.befalls(FaultKind.SLOW_OCCLUSION, for_ms=10_000)
        await at.passes(ALARMED_WITHIN_S, CLOSED)
        assert at.alarms() & CLOSED, "it is missed"
        assert not at.truth().motor_turning

    play(pair, story)


@pytest.mark.requirement("F28")
@ALL
def test_a_pump_that_waited_for_two_hours_after_priming_starts_without_an_alarm(pair: Pair) -> None:
    async def story(at: At) -> None:
        await at.passes(40)
        assert at.alarms() == set()
        assert at.bed.pump().phase is Phase.INFUSING

    play(pair, story, stood_ns=TWO_HOURS_NS)


@pytest.mark.requirement("ALM-15")
@ALL
def test_air_stops_a_pump_that_can_see_it_and_of_any_other_the_review_says_that_it_cannot(pair: Pair) -> None:
    info = pair.loaded().info
    sees = Detectable.AIR in info.detects
    assert sees == ("air in the line" not in cannot_detect(info))

    async def story(at: At) -> None:
        at.befalls(FaultKind.AIR, volume_nl=200_000)
        await at.passes(60, {Condition.AIR})
        assert (at.alarms() == {Condition.AIR}) == sees
        assert at.alarms() <= {Condition.AIR}
        assert at.truth().motor_turning != sees
        if sees:
            assert at.truth().air_nl <= 200_000, "the pump's own limit is no higher than GIP's"

    play(pair, story)


@pytest.mark.requirement("PWR-01")
@pytest.mark.requirement("F06")
@ALL
def test_a_pump_whose_battery_goes_out_without_a_warning_is_missed_by_its_silence(pair: Pair) -> None:
    """No gauge is asked: what does not answer is doubted at once, and alarmed before its lease is over."""

    async def story(at: At) -> None:
        at.befalls(FaultKind.BATTERY_CUT)
        before = at.truth()
        await at.passes(20)
        assert not before.motor_turning or not at.truth().powered
        assert Condition.LINK_LOST in at.alarms()
        assert Condition.BATTERY_LOW not in at.alarms(), "nothing told of it"
        assert at.bed.pump().phase is not Phase.INFUSING

    play(pair, story)
