"""The lease made of volume, end to end: bed, bus and driver interface keep a pump's target moving, in virtual time."""

from __future__ import annotations

import asyncio

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.faults import Fault, FaultKind

from pumpd.bus import Bus, Station
from pumpd.core.codes import Condition, Phase
from pumpd.core.effects import Extend, Stop
from pumpd.core.events import BusEvent, PumpSilent
from pumpd.core.order import Order
from pumpd.core.requests import RateRequested
from pumpd.core.units import NS_PER_S
from pumpd.errors import LinkError
from pumpd.link import Link
from pumpd.testing.played_bed import NURSE, Line, PlayedBed
from pumpd.testing.simulate import quiet
from pumpd.testing.virtual import VirtualClock, run_virtual
from pumpd.testing.volume_pump import DRIVER, STEP_NL, VolumePump

ORDER = Order(regimen="TRAIN-5MIN", day=1, weight_g=70_000, height_mm=1_750, container="syringe-60")
LEASE_S = 14  # 15 s, and a second off; the highest rate is 72 mL/h


@pytest.fixture(autouse=True)
def no_log_lines() -> None:
    quiet()


async def running(clock: VirtualClock) -> tuple[VolumePump, PlayedBed]:
    pump = VolumePump(now_ns=clock.now_ns())
    bed = PlayedBed.boot(clock, [Line(sim=SimBus([pump]), slots=(("p1", 0),), driver=DRIVER)])
    await bed.until_ready()
    reply = await bed.start(ORDER)
    assert reply.accepted, reply.reasons
    await bed.until(Phase.INFUSING)
    return pump, bed


def ahead_nl(pump: VolumePump, now_ns: int) -> int:
    """What it would still give if nobody spoke to it again."""
    pump.truth(now_ns)
    return pump.target_nl - pump.counter_nl


@pytest.mark.requirement("LEASE-01", "LEASE-02")
def test_a_whole_infusion_is_given_under_a_target_that_is_never_far_ahead() -> None:
    async def played(clock: VirtualClock) -> None:
        pump, bed = await running(clock)
        assert pump.target_nl < 36_000 * LEASE_S // 3_600 * 1_000, "only what the lease allows was programmed"
        fastest_ul_per_h = 0
        while bed.pump().phase is Phase.INFUSING:
            await asyncio.sleep(0.05)
            left_nl = ahead_nl(pump, clock.now_ns())
            infusion = bed.pump().due()
            fastest_ul_per_h = max(fastest_ul_per_h, pump.rate_ul_per_h)
            assert left_nl <= 500_000
            assert left_nl * 3_600 <= 15 * pump.rate_ul_per_h * 1_000, (left_nl, pump.rate_ul_per_h)
            assert pump.displaced_nl <= infusion.programme.total_nl
        assert bed.pump().phase is Phase.ENDED
        assert fastest_ul_per_h == 72_000
        total_nl = bed.pump().due().programme.total_nl
        assert total_nl - STEP_NL <= pump.displaced_nl <= total_nl, "to the last step, and not beyond"
        alarms = {alarm.condition for alarm in bed.bedside.state.alarms}
        assert alarms <= {Condition.ENDED, Condition.NEAR_END}
        await bed.kill()

    run_virtual(played)


@pytest.mark.requirement("LEASE-02", "LEASE-03", "LEASE-09")
@pytest.mark.parametrize("alive_s", [1.3, 20.0, 95.0, 110.0, 200.0, 290.0])
def test_a_pump_whose_daemon_died_stops_within_its_lease(alive_s: float) -> None:
    async def played(clock: VirtualClock) -> None:
        pump, bed = await running(clock)
        await asyncio.sleep(alive_s)
        pump.truth(clock.now_ns())
        rate, before_nl, died_ns = pump.rate_ul_per_h, pump.displaced_nl, clock.now_ns()
        await bed.kill()
        await asyncio.sleep(60)
        pump.truth(clock.now_ns())
        assert not pump.drives
        more_nl = pump.displaced_nl - before_nl
        assert more_nl * 3_600 <= 15 * rate * 1_000
        assert all(at_ns <= died_ns + NS_PER_S // 10 for at_ns, _ in pump.targets), "nobody else moves the target"

    run_virtual(played)


@pytest.mark.requirement("LEASE-04")
def test_a_pump_in_doubt_is_given_no_more_and_tells_when_its_target_was_reached() -> None:
    async def played(clock: VirtualClock) -> None:
        pump, bed = await running(clock)
        await asyncio.sleep(30)
        bed.lines[0].sim.inject(clock.now_ns(), Fault(kind=FaultKind.MUTE, for_ms=20_000, direction="to_host"))
        await bed.until(Phase.UNCERTAIN)
        moved = len(pump.targets)
        await bed.until(Phase.STOPPED)
        assert len(pump.targets) == moved
        assert Condition.LEASE_EXPIRED in {alarm.condition for alarm in bed.bedside.state.alarms}
        delivered = bed.pump().due().delivered
        assert delivered.low_nl <= pump.displaced_nl <= delivered.high_nl
        await bed.kill()

    run_virtual(played)


@pytest.mark.requirement("LEASE-02")
def test_the_target_comes_back_when_the_rate_falls() -> None:
    async def played(clock: VirtualClock) -> None:
        pump, bed = await running(clock)
        await asyncio.sleep(20)
        request = RateRequested(
            at_ns=clock.now_ns(), request_id="r1", actor=NURSE, slot="p1", rate_ul_per_h=9_000
        )  # a quarter
        assert (await bed.bedside.ask(request)).accepted
        await asyncio.sleep(1.5)
        assert pump.rate_ul_per_h == 9_000
        assert ahead_nl(pump, clock.now_ns()) * 3_600 <= 15 * 9_000 * 1_000
        await bed.kill()

    run_virtual(played)


@pytest.mark.requirement("LEASE-02")
def test_a_rate_too_slow_for_the_grid_of_the_target_is_refused() -> None:
    async def played(clock: VirtualClock) -> None:
        _, bed = await running(clock)
        await asyncio.sleep(5)
        for rate, accepted in ((2_057, False), (2_058, True)):  # 8 steps of 1 uL in 14 s
            request = RateRequested(
                at_ns=clock.now_ns(), request_id=f"r{rate}", actor=NURSE, slot="p1", rate_ul_per_h=rate
            )
            assert (await bed.bedside.ask(request)).accepted is accepted
        await bed.kill()

    run_virtual(played)


@pytest.mark.requirement("LEASE-04")
def test_a_stop_goes_before_a_target_that_waits() -> None:
    async def played(clock: VirtualClock) -> None:
        pump, bed = await running(clock)
        for _ in range(40):  # at every moment of a look
            await asyncio.sleep(0.513)
            if bed.pump().phase is Phase.STOPPED:
                assert (await bed.resume()).accepted
                await bed.until(Phase.INFUSING)
                continue
            await bed.stop("p1")
            stopped_ns = clock.now_ns()
            await bed.until(Phase.STOPPED)
            assert all(at_ns <= stopped_ns + NS_PER_S // 10 for at_ns, _ in pump.targets)
            assert not pump.truth(clock.now_ns()).motor_turning
        await bed.kill()

    run_virtual(played)


async def _no_link() -> Link:
    raise LinkError("there is no port")


@pytest.mark.requirement("LEASE-04", "CMD-06")
def test_a_target_that_waits_at_the_bus_ends_with_the_stop_and_none_is_taken_behind_it() -> None:
    told: list[BusEvent] = []
    station = Station(address=0, procedures=DRIVER.pump(address=0, options={}), info=DRIVER.info)
    bus = Bus(
        name="cart", open_link=_no_link, framing=DRIVER.framing(), pumps={"p1": station}, deliver=told.append,
        now_ns=lambda: 7, beat=lambda: None,
    )  # fmt: skip
    bus.submit(Extend(slot="p1", target_nl=5_000))
    assert told == []
    bus.submit(Stop(slot="p1", command_id=1))
    bus.submit(Extend(slot="p1", target_nl=6_000))
    assert told == [PumpSilent(at_ns=7, slot="p1", detail="a stop goes first")] * 2
