"""The bed's loop: what waits for the disk, and what must not leave once it is durable."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.new_era import NewEra

from pumpd.bedside import Bedside
from pumpd.core import attending
from pumpd.core.codes import Phase
from pumpd.core.facts import AlarmRaised
from pumpd.core.order import Order
from pumpd.core.standing import Standing
from pumpd.samples import RecentSamples
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.played_bed import Line, PlayedBed, setup_for
from pumpd.testing.simulated_journal import Disk, SimulatedJournal
from pumpd.testing.virtual import DAY_MS, VirtualClock, run_virtual

TRAINING = Order(regimen="TRAIN-3STEP", day=1, weight_g=70_000, height_mm=1_700, container="syringe-60")


def _bed(clock: VirtualClock, disk: Disk) -> tuple[PlayedBed, SimBus]:
    sim = SimBus([NewEra(now_ns=clock.now_ns())])
    return PlayedBed.boot(clock, [Line(sim=sim, slots=(("p1", 0),))], chance=random.Random(1), disk=disk), sim


def _runs_sent(sim: SimBus) -> int:
    return sum(1 for seen in sim.journal if seen.event == "host_sends" and b"RUN" in seen.data)


@pytest.mark.requirement("LOG-01")
def test_a_start_waits_until_its_facts_are_durable() -> None:
    async def story(clock: VirtualClock) -> None:
        bed, sim = _bed(clock, Disk(delay_ms=(1_500, 1_500)))
        await bed.until_ready()
        await bed.start(TRAINING)
        await bed.until(Phase.STARTING)
        await asyncio.sleep(1.0)
        assert _runs_sent(sim) == 0
        await bed.until(Phase.INFUSING)
        assert _runs_sent(sim) == 1
        await bed.kill()

    run_virtual(story)


@pytest.mark.requirement("CMD-06")
def test_a_stop_takes_a_waiting_start_with_it() -> None:
    async def story(clock: VirtualClock) -> None:
        bed, sim = _bed(clock, Disk(delay_ms=(1_500, 1_500)))
        await bed.until_ready()
        await bed.start(TRAINING)
        await bed.until(Phase.STARTING)
        await bed.stop()
        await bed.until(Phase.STOPPED)
        await asyncio.sleep(10.0)
        assert _runs_sent(sim) == 0
        assert not sim.truth(clock.now_ns()).motor_turning
        await bed.kill()

    run_virtual(story)


def test_a_raise_that_waited_for_the_disk_does_not_leave_into_doubt() -> None:
    async def story(clock: VirtualClock) -> None:
        bed, sim = _bed(clock, Disk(delay_ms=(1, 1)))
        await bed.until_ready()
        await bed.start(TRAINING)
        await bed.until(Phase.INFUSING)
        bed.journal.slow_down(Disk(delay_ms=(4_500, 4_500)))
        await bed.until_it(lambda pump: pump.command is not None)  # the automatic step up, waiting in the outbox
        sim.inject(clock.now_ns(), Fault(kind=FaultKind.MUTE, for_ms=3_000))
        await bed.until(Phase.UNCERTAIN)
        sent = [seen for seen in sim.journal if seen.event == "host_sends"]
        await asyncio.sleep(6.0)
        later = [seen for seen in sim.journal if seen.event == "host_sends"][len(sent) :]
        assert later
        assert not any(b"RAT2" in seen.data for seen in later), "the raise went out into doubt"
        await bed.kill()

    run_virtual(story)


def test_a_start_that_waited_for_the_disk_is_not_measured_too_slow() -> None:
    async def story(clock: VirtualClock) -> None:
        bed, _sim = _bed(clock, Disk(delay_ms=(1_500, 1_500)))
        await bed.until_ready()
        await bed.start(TRAINING)
        await bed.until(Phase.INFUSING)
        await asyncio.sleep(8.0)
        raised = [entry.fact for entry in bed.journal.entries() if isinstance(entry.fact, AlarmRaised)]
        assert [fact.condition for fact in raised] == []
        await bed.kill()

    run_virtual(story)


def test_what_is_due_by_the_minute_is_looked_at_once_in_every_second_of_ten_ticks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []
    monkeypatch.setattr(attending, "attend", lambda turn: looked.append(turn.now_ns // 10**9))

    async def story(clock: VirtualClock) -> None:
        bed, _sim = _bed(clock, Disk(delay_ms=(1, 1)))
        await bed.until_ready()
        looked.clear()
        await asyncio.sleep(30.0)
        await bed.kill()

    run_virtual(story)
    assert len(looked) >= 30
    assert looked == sorted(set(looked)), "no second twice"


@pytest.mark.requirement("LIB-02")
def test_the_bed_is_told_the_day_when_it_begins_and_at_every_midnight() -> None:
    """The last day of an approval: at midnight the library expires, with nobody there and no restart."""

    async def story(clock: VirtualClock) -> None:
        rules = shipped_rules()
        today = clock.local_day()
        library = replace(rules.library, training=False, approved_day=today, expires_day=today)
        bedside = Bedside(
            setup=replace(setup_for([]), rules=replace(rules, library=library)),
            journal=SimulatedJournal("boot", random.Random(0), Disk()),
            samples=RecentSamples(),
            clock=clock,
            send=lambda _: None,
            beat=lambda: None,
        )
        bedside.boot("boot")
        assert _standing(bedside) is Standing.GOOD
        running = asyncio.create_task(bedside.run())
        clock.step_wall(DAY_MS - clock.wall_ms() % DAY_MS - 5_000)
        await asyncio.sleep(4.0)
        assert _standing(bedside) is Standing.GOOD
        await asyncio.sleep(2.0)
        assert _standing(bedside) is Standing.EXPIRED
        clock.step_wall(-DAY_MS)  # somebody set the clock back
        await asyncio.sleep(1.0)
        assert _standing(bedside) is Standing.GOOD
        running.cancel()
        await asyncio.wait([running])

    run_virtual(story)


def _standing(bedside: Bedside) -> Standing:
    judged = bedside.state.judged
    assert judged is not None
    return judged.standing
