"""Each oracle sees the lie that it is there for: a healthy infusion, and one thing told about it that is not so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.new_era import NewEra

from pumpd.core import facts as f
from pumpd.core.codes import Condition, Phase, Priority, Why
from pumpd.core.order import Order
from pumpd.core.state import BedState, Infusion
from pumpd.registry import load
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.oracles import Oracles, Watch
from pumpd.testing.played_bed import Line, PlayedBed
from pumpd.testing.simulate import quiet
from pumpd.testing.virtual import VirtualClock, run_virtual

ORDER = Order(regimen="TRAIN-5MIN", day=1, weight_g=70_000, height_mm=1_750, container="syringe-60")
Lie = Callable[[PlayedBed, Oracles], Awaitable[None]]


def told(lie: Lie, *, calm: bool = False) -> list[str]:
    """What the oracles say of a healthy infusion in its twentieth second, of which `lie` then tells something."""

    async def played(clock: VirtualClock) -> list[str]:
        sim = SimBus([NewEra(now_ns=clock.now_ns())])
        bed = PlayedBed.boot(clock, [Line(sim=sim, slots=(("p1", 0),))])
        watch = Watch(slot="p1", address=0, sim=sim, info=load("new_era").info)
        oracles = Oracles(clock=clock, watches=(watch,), calm=calm)
        bed.bedside.watch(oracles.on_facts)
        await asyncio.sleep(2)
        assert (await bed.start(ORDER)).accepted
        await bed.until(Phase.INFUSING)
        for _ in range(80):
            await asyncio.sleep(0.25)
            oracles.look(bed.bedside.state)
        assert oracles.violations == []
        await lie(bed, oracles)
        await bed.kill()
        return oracles.violations

    return run_virtual(played)


@pytest.fixture(autouse=True)
def no_log_lines() -> None:
    quiet()
    shipped_rules()


async def watched(bed: PlayedBed, oracles: Oracles, lie: Callable[[BedState], BedState], seconds: float) -> None:
    for _ in range(int(seconds * 4)):
        await asyncio.sleep(0.25)
        oracles.look(lie(bed.bedside.state))


def infusing(state: BedState, change: Callable[[Infusion], Infusion]) -> BedState:
    pump = state.pumps[0]
    assert pump.infusion is not None
    return state.with_pump(replace(pump, infusion=change(pump.infusion)))


def halved(infusion: Infusion) -> Infusion:
    assert infusion.leg is not None
    rate = infusion.rate_ul_per_h // 2
    return replace(infusion, rate_ul_per_h=rate, leg=replace(infusion.leg, fastest_ul_per_h=rate))


def test_the_truth_is_no_violation() -> None:
    async def lie(bed: PlayedBed, oracles: Oracles) -> None:
        await watched(bed, oracles, lambda state: state, 5)
        oracles.journal(bed.bedside.state, bed.journal)

    assert told(lie, calm=True) == []


def test_a_pump_faster_than_granted_is_seen_after_one_report() -> None:
    async def lie(bed: PlayedBed, oracles: Oracles) -> None:
        await watched(bed, oracles, lambda state: infusing(state, halved), 1.5)
        assert not any("runs at" in violation for violation in oracles.violations)
        await watched(bed, oracles, lambda state: infusing(state, halved), 1)

    assert any("runs at" in violation for violation in told(lie))


@pytest.mark.parametrize("phase", [Phase.STOPPED, Phase.ENDED, Phase.IDLE, Phase.CHECKING])
def test_a_phase_at_rest_while_the_motor_turns_is_seen_at_once(phase: Phase) -> None:
    async def lie(bed: PlayedBed, oracles: Oracles) -> None:
        state = bed.bedside.state
        oracles.look(state.with_pump(replace(state.pumps[0], phase=phase)))

    assert any(f"p1 is {phase.value} while the motor turns" in violation for violation in told(lie))


def test_an_end_that_the_bed_tells_too_early_is_seen_in_the_fact() -> None:
    async def lie(bed: PlayedBed, oracles: Oracles) -> None:
        state = bed.bedside.state
        infusion = state.pumps[0].infusion
        assert infusion is not None
        ended = f.PhaseChanged(
            at_ns=bed.clock.now_ns(), slot="p1", phase=Phase.ENDED, why=Why.VOLUME_REACHED, delivered=infusion.delivered
        )
        oracles.on_facts(state, (ended,))

    assert any("p1 is ended while the motor turns" in violation for violation in told(lie))


@pytest.mark.parametrize("by_nl", [-20_000, 20_000])
def test_an_interval_that_misses_the_truth_is_seen(by_nl: int) -> None:
    async def lie(bed: PlayedBed, oracles: Oracles) -> None:
        def shifted(watch: Watch) -> None:
            watch.begun_nl = {each: begun + by_nl for each, begun in watch.begun_nl.items()}

        shifted(oracles.watches[0])
        oracles.look(bed.bedside.state)

    assert any("displaced" in violation and "stated" in violation for violation in told(lie))


def test_more_than_the_plan_is_seen() -> None:
    async def lie(bed: PlayedBed, oracles: Oracles) -> None:
        def smaller(infusion: Infusion) -> Infusion:
            programme = infusion.programme
            return replace(
                infusion, programme=replace(programme, steps=(replace(programme.steps[0], volume_nl=10_000),))
            )

        oracles.look(infusing(bed.bedside.state, smaller))

    assert any("of a plan of" in violation for violation in told(lie))


def test_a_start_after_a_stop_is_seen_on_the_wire() -> None:
    async def lie(bed: PlayedBed, oracles: Oracles) -> None:
        await bed.stop("p1")
        await bed.until(Phase.STOPPED)
        await asyncio.sleep(1)
        bed.lines[0].sim.write(bed.clock.now_ns(), b"\x02\x080RUN\x00\x00\x03")
        oracles.look(bed.bedside.state)

    assert any("went out after the stop" in violation for violation in told(lie))


def test_a_start_that_is_sent_twice_is_seen_on_the_wire() -> None:
    async def lie(bed: PlayedBed, oracles: Oracles) -> None:
        await asyncio.sleep(0.3)
        bed.lines[0].sim.write(bed.clock.now_ns(), b"\x02\x080RUN\x00\x00\x03")
        oracles.look(bed.bedside.state)

    assert any("went out again" in violation for violation in told(lie))


def test_a_pump_that_outlives_its_lease_is_seen() -> None:
    async def lie(bed: PlayedBed, oracles: Oracles) -> None:
        oracles.died(bed.bedside.state)  # a lie: the daemon goes on, and renews
        for _ in range(80):
            await asyncio.sleep(0.25)
            oracles.look_alone()

    assert any("after its daemon died" in violation for violation in told(lie))


def test_a_state_that_the_journal_does_not_tell_is_seen() -> None:
    async def lie(bed: PlayedBed, oracles: Oracles) -> None:
        oracles.journal(replace(bed.bedside.state, next_alarm_id=99), bed.journal)

    assert any("is not the live state" in violation for violation in told(lie))


def alarm_of(condition: Condition) -> Lie:
    async def lie(bed: PlayedBed, oracles: Oracles) -> None:
        alarm = f.AlarmRaised(
            at_ns=bed.clock.now_ns(), alarm_id=1, slot="p1", condition=condition, priority=Priority.LOW,
            value=None, detail="",
        )  # fmt: skip
        oracles.on_facts(bed.bedside.state, (alarm,))

    return lie


def test_an_alarm_on_a_day_without_faults_is_seen() -> None:
    assert told(alarm_of(Condition.LINK_LOST)) == []
    assert any("on a day without faults" in violation for violation in told(alarm_of(Condition.LINK_LOST), calm=True))


def test_a_deviation_that_nothing_caused_is_seen_on_any_day() -> None:
    assert any("nothing that happened" in violation for violation in told(alarm_of(Condition.UNDER_INFUSION)))


def test_somebody_at_the_keys_excuses_the_motor_only_until_a_look_shows_it() -> None:
    async def lie(bed: PlayedBed, oracles: Oracles) -> None:
        await bed.stop("p1")
        await bed.until(Phase.STOPPED)
        bed.lines[0].sim.inject(bed.clock.now_ns(), Fault(kind=FaultKind.OTHER_USER_AT_KEYPAD, key="start"))
        await watched(bed, oracles, lambda state: state, 6)
        assert oracles.violations == []
        assert oracles.watches[0].pressed_ns is None
        assert bed.pump().phase is Phase.STOPPED
        pump = bed.lines[0].sim.devices[0]
        pump.press(bed.clock.now_ns(), "start")  # past the list of faults: nobody is excused
        oracles.look(bed.bedside.state)

    assert any("p1 is stopped while the motor turns" in violation for violation in told(lie))


def test_a_task_that_dies_is_raised_at_the_next_look() -> None:
    async def lie(bed: PlayedBed, oracles: Oracles) -> None:
        async def dies() -> None:
            raise LookupError("the bus found nothing")

        bed.tasks.append(asyncio.create_task(dies()))
        await asyncio.sleep(0.25)
        with pytest.raises(LookupError, match="found nothing"):
            bed.fail_if_broken()
        oracles.say("seen")

    assert len(told(lie)) == 1
