"""`./run simulate`: whole infusions in virtual time, with faults by seed, watched from outside.

One seed is one story: a bed with a pump drawn from the plausible readings of its manual, a wire with its own climate of
mishaps, a disk that stalls or fails, a daemon that may be killed and started again, a nurse who stops, resumes, titrates
and taps. The same seed gives the same journal, hash for hash, in any process; a failure prints the line that plays it
again. `--replay SEED` prints the story as a time line.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final

import structlog
from pumpd_sim.bus import SimBus
from pumpd_sim.faults import FaultKind, Fired, Injection, WireFaults, WireRates, swarm_schedule
from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_options import NewEraOptions

from pumpd.core.codes import Phase
from pumpd.core.order import Order
from pumpd.core.requests import (
    AcknowledgeRequested,
    EndRequested,
    Keep,
    PauseReason,
    PauseRequested,
    PersonRequest,
    RateRequested,
    RearmRequested,
)
from pumpd.core.units import NS_PER_S
from pumpd.errors import ApiError
from pumpd.journal import Entry
from pumpd.registry import load
from pumpd.testing.oracles import Oracles, Watch
from pumpd.testing.played_bed import NURSE, Line, PlayedBed
from pumpd.testing.simulated_journal import Disk
from pumpd.testing.virtual import BOOT_NS, VirtualClock, run_virtual

LOOK_S: Final = 0.25
SETTLE_S: Final = 90.0  # after the last fault every question has an answer within this
ORDERS: Final = (  # regimen, container, shortest and longest weight in kg
    ("MDD-2x3", "syringe-60-1", 50, 99),
    ("FM-3H", "syringe-60-5", 50, 115),
    ("CRPS-OP10", "syringe-60-5", 50, 115),
    ("TRAIN-5MIN", "syringe-60", 50, 115),
    ("TRAIN-3STEP", "syringe-60", 50, 115),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one seed came to."""

    seed: int
    virtual_s: float
    journal_hash: str
    rows: int
    violations: tuple[str, ...]
    phases: tuple[str, ...]
    faults: int
    entries: tuple[Entry, ...] = ()
    fired: tuple[Fired, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is drawn for one seed before anything happens."""

    seed: int
    hours: float
    calm: bool = False  # no faults: the ordinary day

    def chance(self, what: str) -> random.Random:
        """Its own stream for each use, so that adding one changes no other."""
        return random.Random(f"{self.seed} {what}")


def play(story: Story, *, keep: bool = False) -> Outcome:
    """Play one seed to its end in virtual time."""
    return run_virtual(lambda clock: _play(story, clock, keep=keep), seed=story.seed)


async def _play(story: Story, clock: VirtualClock, *, keep: bool) -> Outcome:
    horizon_ns = int(story.hours * 3_600 * NS_PER_S)
    sim = _line(story, clock, horizon_ns)
    lines = (Line(sim=sim, slots=(("p1", 0),)),)
    disk = Disk() if story.calm else _disk(story.chance("disk"))
    watch = Watch(slot="p1", address=0, sim=sim, info=load("new_era").info)
    oracles = Oracles(clock=clock, watches=(watch,))
    ends_ns = clock.now_ns() + horizon_ns
    bed = PlayedBed.boot(clock, lines, chance=story.chance("journal"), disk=disk)
    bed.bedside.watch(oracles.on_facts)
    nurse = _Nurse(story.chance("nurse"), calm=story.calm)
    kills = [] if story.calm else _kill_times(story.chance("kills"), clock.now_ns(), horizon_ns)
    while clock.now_ns() < ends_ns:
        await asyncio.sleep(LOOK_S)
        watch.keypad = watch.keypad or any(fired.kind is FaultKind.OTHER_USER_AT_KEYPAD for fired in sim.fired)
        bed.fail_if_broken()
        oracles.look(bed.bedside.state)
        await nurse.act(bed)
        if kills and clock.now_ns() >= kills[0]:
            kills.pop(0)
            bed = await _killed_and_booted(story, bed, clock, lines, disk, oracles)
    await _settle(bed, oracles)
    oracles.journal(bed.bedside.state, bed.journal)
    survivors = await bed.kill()
    entries = tuple(bed.journal.entries()) if keep else ()
    return Outcome(
        seed=story.seed,
        virtual_s=(clock.now_ns() - BOOT_NS) / NS_PER_S,
        journal_hash=bed.journal.head.hash,
        rows=len(survivors),
        violations=tuple(oracles.violations),
        phases=tuple(pump.phase.value for pump in bed.bedside.state.pumps),
        faults=len(sim.fired),
        entries=entries,
        fired=tuple(sim.fired) if keep else (),
    )


def _line(story: Story, clock: VirtualClock, horizon_ns: int) -> SimBus:
    if story.calm:
        return SimBus([NewEra(now_ns=clock.now_ns())])
    rng = story.chance("faults")
    pump = NewEra(now_ns=clock.now_ns(), options=NewEraOptions.drawn(story.chance("firmware")))
    schedule = tuple(
        Injection(at_ns=clock.now_ns() + each.at_ns, fault=each.fault)
        for each in swarm_schedule(rng, horizon_ns=horizon_ns * 9 // 10)
    )
    return SimBus([pump], wire=WireFaults(rng, WireRates.drawn(rng)), schedule=schedule)


def _disk(rng: random.Random) -> Disk:
    return Disk(
        delay_ms=(1, rng.choice((5, 30, 120))),
        stall_per_mille=rng.choice((0, 0, 5, 50)),
        fail_per_mille=rng.choice((0, 0, 0, 5, 20)),
    )


def _kill_times(rng: random.Random, now_ns: int, horizon_ns: int) -> list[int]:
    count = rng.choice((0, 0, 1, 2))
    return sorted(now_ns + rng.randrange(horizon_ns) for _ in range(count))


async def _killed_and_booted(
    story: Story, bed: PlayedBed, clock: VirtualClock, lines: Sequence[Line], disk: Disk, oracles: Oracles
) -> PlayedBed:
    survivors = await bed.kill()
    rng = story.chance(f"restart at {clock.now_ns()}")
    await asyncio.sleep(rng.choice((0.2, 1.0, 4.0, 20.0, 60.0)))
    new = PlayedBed.boot(clock, lines, chance=rng, disk=disk, survivors=survivors)
    new.bedside.watch(oracles.on_facts)
    return new


async def _settle(bed: PlayedBed, oracles: Oracles) -> None:
    """Nothing new goes wrong: within SETTLE_S no phase is in doubt any more."""
    bed.lines[0].sim.wire.rates = WireRates()
    for _ in range(int(SETTLE_S / LOOK_S)):
        await asyncio.sleep(LOOK_S)
        bed.fail_if_broken()
        oracles.look(bed.bedside.state)
    for pump in bed.bedside.state.pumps:
        if pump.phase in (Phase.CHECKING, Phase.STARTING, Phase.STOPPING, Phase.UNCERTAIN):
            oracles.say(
                f"{pump.slot} is still {pump.phase.value} ({pump.why.value}) after {SETTLE_S:.0f} s without faults"
            )


class _Nurse:
    """Somebody who starts what can be started, and now and then does one of the other things."""

    def __init__(self, rng: random.Random, *, calm: bool) -> None:
        self._rng = rng
        self._calm = calm

    async def act(self, bed: PlayedBed) -> None:
        """At most one thing."""
        pump = bed.pump()
        rng = self._rng
        try:
            if bed.bedside.state.alarms and rng.random() < 0.05:
                await self._ask(bed, AcknowledgeRequested, alarm_id=bed.bedside.state.alarms[0].alarm_id)
            elif pump.phase in (Phase.IDLE, Phase.ENDED) and rng.random() < 0.05:
                await self._start(bed)
            elif pump.phase is Phase.STOPPED and rng.random() < 0.03:
                await self._after_a_stop(bed)
            elif pump.phase is Phase.FAULT and rng.random() < 0.02:
                await self._ask(bed, RearmRequested, slot="p1")
            elif pump.phase is Phase.INFUSING:
                await self._while_it_runs(bed)
        except ApiError as error:
            sys.stderr.write(f"{error}\n")

    async def _start(self, bed: PlayedBed) -> None:
        regimen, container, least, most = self._rng.choice(ORDERS)
        weight_g = self._rng.randrange(least * 10, most * 10) * 100
        height_mm = int((weight_g / 1_000 / 24) ** 0.5 * 1_000)
        day = self._rng.choice((1, 2, 3)) if regimen == "CRPS-OP10" else 1
        await bed.start(Order(regimen=regimen, day=day, weight_g=weight_g, height_mm=height_mm, container=container))

    async def _after_a_stop(self, bed: PlayedBed) -> None:
        if self._rng.random() < 0.1:
            await self._ask(bed, EndRequested, slot="p1")
        else:
            await bed.resume(keep=self._rng.choice((Keep.END_TIME, Keep.VOLUME)))

    async def _while_it_runs(self, bed: PlayedBed) -> None:
        rng, infusion = self._rng, bed.pump().infusion
        assert infusion is not None
        if infusion.step_due:
            if rng.random() < 0.02:
                await bed.step()
        elif rng.random() < (0.0002 if self._calm else 0.002):
            what = rng.randrange(4)
            if what == 0:
                await bed.stop()
            elif what == 1:
                await self._ask(bed, PauseRequested, slot="p1", reason=rng.choice(list(PauseReason)))
            elif what == 2:
                lower = infusion.rate_ul_per_h * rng.randrange(50, 100) // 100
                await self._ask(bed, RateRequested, slot="p1", rate_ul_per_h=lower // 10 * 10)
            else:
                back = infusion.plan[infusion.step].rate_ul_per_h
                await self._ask(bed, RateRequested, slot="p1", rate_ul_per_h=back)

    async def _ask(self, bed: PlayedBed, kind: type[PersonRequest], **fields: object) -> None:
        request = kind(at_ns=bed.clock.now_ns(), request_id=bed.clock.new_id(), actor=NURSE, **fields)  # type: ignore[arg-type]
        await bed.bedside.ask(request)


# --- the command --------------------------------------------------------------------------------------------


def time_line(outcome: Outcome) -> str:
    """The story of a seed, one line a fact or fault."""
    lines = [
        ((entry.at_ns - BOOT_NS) / NS_PER_S, f"{type(entry.fact).__name__:18} {_short(entry.fact)}")
        for entry in outcome.entries
    ]
    lines += [
        ((fired.at_ns - BOOT_NS) / NS_PER_S, f"  fault: {fired.kind.value} {fired.detail}") for fired in outcome.fired
    ]
    return "\n".join(f"{at_s:10.3f}  {text}" for at_s, text in sorted(lines, key=lambda line: line[0]))


def _short(fact: object) -> str:
    text = repr(fact)
    return text[text.index("(") + 1 : -1][:200]


def _quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 1 when any seed violates a wall."""
    parser = argparse.ArgumentParser(prog="./run simulate", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=50, help="how many seeds to play")
    parser.add_argument("--seed-base", type=int, default=1, help="the first seed")
    parser.add_argument("--hours", type=float, default=0.67, help="virtual hours a seed")
    parser.add_argument("--minutes", type=float, help="play seeds for this long by the clock on the wall instead")
    parser.add_argument("--replay", type=int, metavar="SEED", help="play one seed and print its time line")
    parser.add_argument("--calm", action="store_true", help="no faults: the ordinary day")
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args(arguments)
    _quiet()
    if chosen.replay is not None:
        outcome = play(Story(seed=chosen.replay, hours=chosen.hours, calm=chosen.calm), keep=True)
        sys.stdout.write(time_line(outcome) + "\n")
        return _report([outcome], 0.0, chosen.hours)
    began = time.monotonic()
    outcomes: list[Outcome] = []
    seed = chosen.seed_base
    with ProcessPoolExecutor(chosen.jobs, initializer=_quiet) as pool:
        while True:
            batch = range(seed, seed + (chosen.seeds if chosen.minutes is None else 4 * chosen.jobs))
            stories = [Story(seed=each, hours=chosen.hours, calm=chosen.calm) for each in batch]
            outcomes += pool.map(play, stories)
            seed = batch.stop
            if chosen.minutes is None or time.monotonic() - began > chosen.minutes * 60:
                break
    return _report(outcomes, time.monotonic() - began, chosen.hours)


def _report(outcomes: Sequence[Outcome], took_s: float, hours: float) -> int:
    bad = [outcome for outcome in outcomes if outcome.violations]
    for outcome in bad:
        for violation in outcome.violations:
            sys.stdout.write(f"seed {outcome.seed}: {violation}\n")
        sys.stdout.write(f"  play it again: ./run simulate --replay {outcome.seed} --hours {hours}\n")
    virtual_s = sum(outcome.virtual_s for outcome in outcomes)
    ends = sorted({phase for outcome in outcomes for phase in outcome.phases})
    counts = ", ".join(f"{sum(o.phases.count(end) for o in outcomes)} {end}" for end in ends)
    speed = f", {virtual_s / took_s:.0f} virtual s/s" if took_s else ""
    sys.stdout.write(
        f"{len(outcomes)} seeds, {virtual_s / 3_600:.1f} virtual hours{speed}, "
        f"{sum(o.faults for o in outcomes)} faults, {sum(o.rows for o in outcomes)} journal rows; at the end {counts}\n"
    )
    sys.stdout.write(f"{len(outcomes) - len(bad)} passed, {len(bad)} failed\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
