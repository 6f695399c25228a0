"""A second NE-1000 on the same cable in the middle of an infusion: the real driver, two simulated pumps, virtual time.

It reports the same model and firmware and no serial number. Whatever it does, it inherits nothing, it is stopped if it
drives, and nothing rises on the slot before somebody has read the right label.
"""

from __future__ import annotations

import asyncio

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.new_era import NewEra

from pumpd.core.codes import Condition, Phase, ReasonCode
from pumpd.core.order import Order
from pumpd.testing.played_bed import Line, PlayedBed, asset_of
from pumpd.testing.simulate import quiet
from pumpd.testing.virtual import VirtualClock, run_virtual

ORDER = Order(regimen="TRAIN-5MIN", day=1, weight_g=70_000, height_mm=1_750, container="syringe-60")
ALREADY_IN_S = 30  # our infusion has run for so long when the cable is moved


@pytest.fixture(autouse=True)
def no_log_lines() -> None:
    quiet()


def told(pump: NewEra, now_ns: int, *commands: str) -> None:
    """Somebody programs a pump in Basic mode, over another cable."""
    for command in ("VER", *commands):  # the first is answered by the alarm of its power-up
        pump.on_bytes(now_ns, f"{command}\r".encode())


async def moved(sim: SimBus, clock: VirtualClock, other: NewEra) -> None:
    """The cable is pulled out of one pump, and put into the other a second later."""
    sim.inject(clock.now_ns(), Fault(kind=FaultKind.MUTE, for_ms=1_000))
    await asyncio.sleep(0.5)
    sim.devices[:] = [other]
    await asyncio.sleep(0.6)


async def until_doubted(bed: PlayedBed) -> None:
    await bed.until_it(lambda pump: pump.asset_in_doubt and pump.phase is Phase.STOPPED)


@pytest.mark.requirement("LINK-06", "LINK-01")
@pytest.mark.parametrize(
    ("twin", "started_s"),
    [("drives at the same rate and is ahead", -100), ("drives at the same rate and is behind", 25), ("at zero", None)],
)
def test_a_twin_in_the_middle_of_an_infusion_inherits_nothing(twin: str, started_s: int | None) -> None:
    async def played(clock: VirtualClock) -> None:
        ours, other = NewEra(now_ns=clock.now_ns()), NewEra(now_ns=clock.now_ns())
        sim = SimBus([ours])
        bed = PlayedBed.boot(clock, [Line(sim=sim, slots=(("p1", 0),))])
        await bed.until_ready()
        run = ("DIA26.59", "VOLML", "RAT36.00MH", "VOL4.500", "DIRINF", "RUN")
        if started_s is not None and started_s < 0:
            told(other, clock.now_ns(), *run)
            await asyncio.sleep(-started_s)
        assert (await bed.start(ORDER)).accepted
        pump = await bed.until(Phase.INFUSING)
        assert pump.infusion is not None
        assert pump.infusion.leg is not None
        target_nl = pump.infusion.leg.granted.volume_nl
        assert target_nl == 4_500_000
        await asyncio.sleep(ALREADY_IN_S if started_s is None or started_s < 0 else started_s)
        if started_s is None:
            told(other, clock.now_ns())
        elif started_s > 0:
            told(other, clock.now_ns(), *run)
            await asyncio.sleep(ALREADY_IN_S - started_s)
        await moved(sim, clock, other)
        await until_doubted(bed)
        assert not other.truth(clock.now_ns()).motor_turning, twin
        infusion = bed.pump().infusion
        assert infusion is not None
        assert infusion.delivered.low_nl <= ours.truth(clock.now_ns()).displaced_nl <= infusion.delivered.high_nl

        refused = await bed.resume()
        assert ReasonCode.PUMP_NOT_CONFIRMED in {reason.code for reason in refused.reasons}
        wrong = await bed.confirm("NE-1000 No. 99")
        assert {reason.code for reason in wrong.reasons} == {ReasonCode.ASSET_DIFFERS}
        await moved(sim, clock, ours)
        await asyncio.sleep(3)  # a look, and the alarm of its lease is told
        assert (await bed.confirm(asset_of("p1").lower())).accepted, "a scanner's case is not the pump's"
        assert Condition.PUMP_IN_DOUBT not in {alarm.condition for alarm in bed.bedside.state.alarms}
        await asyncio.sleep(3)  # a look at its own counter
        infusion = bed.pump().infusion
        assert infusion is not None
        displaced_nl = ours.truth(clock.now_ns()).displaced_nl
        assert infusion.delivered.low_nl <= displaced_nl <= infusion.delivered.high_nl
        resumed = await bed.resume()
        assert resumed.accepted, resumed.reasons
        await bed.until(Phase.INFUSING)
        await bed.kill()

    run_virtual(played)


@pytest.mark.requirement("LINK-06")
def test_the_same_pump_back_on_its_cable_within_its_lease_goes_on_without_a_label() -> None:
    async def played(clock: VirtualClock) -> None:
        ours = NewEra(now_ns=clock.now_ns())
        sim = SimBus([ours])
        bed = PlayedBed.boot(clock, [Line(sim=sim, slots=(("p1", 0),))])
        await bed.until_ready()
        assert (await bed.start(ORDER)).accepted
        await bed.until(Phase.INFUSING)
        await asyncio.sleep(ALREADY_IN_S)
        sim.inject(clock.now_ns(), Fault(kind=FaultKind.MUTE, for_ms=7_000))
        await bed.until(Phase.UNCERTAIN)
        pump = await bed.until(Phase.INFUSING)
        assert not pump.asset_in_doubt
        await bed.kill()

    run_virtual(played)
