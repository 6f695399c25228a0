"""False trips of the lease: how often does a pump stop an infusion because a living daemon left it alone for too long?

A lease that a busy computer cannot keep is a hazard of its own: each trip is an infusion that stands still and an alarm
without a cause at the patient, and the budget for alarms that the daemon makes itself is 0.01 in an infusion-hour (the
field has 0.18 of all causes, Vitoux 2018). So the whole bed runs in virtual time on a computer and a wire that are
worse than any that should be used:

- every 5 to 60 s the event loop is held for 50 to 700 ms, as by a page fault storm or a neighbour on the same core;
- three frames in ten are 1 to 60 ms late, each way; two in a thousand are lost;
- every 20 to 120 s a reply is 100 to 400 ms late, longer than anybody waits for it.

What is counted is a pump that tells that its lease ran out (the trip), and an infusion that was in doubt because half
of it had gone by in silence, which is how a trip begins. `python -m pumpd.testing.jitter --hours 25 --seeds 12` prints
both with what the hours can say: with no trip in N hours the rate is below 3/N at 95 % (the rule of three). Beside it
stands how much of a lease was ever used up, by the pump's own timer: how far from a trip all these hours were.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from pumpd_sim.bus import SimBus
from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.new_era import NewEra
from pumpd_sim.plant import PlantSpec
from pumpd_sim.swarm import WireRates
from pumpd_sim.wire_faults import WireFaults

from pumpd.core.codes import Condition, Phase, Why
from pumpd.core.facts import AlarmRaised, Fact, PhaseChanged
from pumpd.core.order import Order
from pumpd.core.regimen import Rules
from pumpd.core.state import BedState
from pumpd.core.units import NS_PER_MS, NS_PER_S, S_PER_H
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.played_bed import Line, PlayedBed, asset_of
from pumpd.testing.simulate import quiet
from pumpd.testing.virtual import VirtualClock, run_virtual

RULE_OF_THREE: Final = 3.0
STANDS_AT_MOST: Final = 3  # times as long as was to be infused: a bed that trips all the time gets nowhere
HELD_EVERY_S: Final = (5.0, 60.0)
HELD_MS: Final = (50, 700)
LATE_EVERY_S: Final = (20.0, 120.0)
LATE_MS: Final = (100, 400)
RATES: Final = WireRates(delay_ppm=300_000, drop_ppm=2_000)
FAST_UL_PER_H: Final = 300_000  # half a millilitre in 6 s: a lease of 5 s, the shortest that any of this is fit for


@dataclass(frozen=True, slots=True, kw_only=True)
class Trips:
    """What some hours came to."""

    infusion_h: float
    lease_s: int
    trips: int
    doubts: int
    held: int
    longest_ms: int = 0  # of a lease that was used up before it was renewed, seen four times a second

    @property
    def at_most_per_h(self) -> float:
        """The rate that these hours do not rule out: exactly the rule of three where nothing tripped."""
        return (self.trips + RULE_OF_THREE) / self.infusion_h


def jitter_rules() -> Rules:
    """The shipped rules with a training regimen as fast as the syringe's hard limit nearly allows, and endless drug.

    Without the caps of a session and an hour: nobody is treated here, and a bed that has to wait infuses nothing.
    """
    rules = shipped_rules()
    slow = rules.catalogue.regimen("TRAIN-5MIN")
    assert slow is not None
    steps = tuple(replace(step, dose=FAST_UL_PER_H) for step in slow.days[0].steps[:1])
    fast = replace(slow, id="TRAIN-FAST", days=(replace(slow.days[0], steps=steps),))
    regimens = (*rules.catalogue.regimens, fast)
    entries = tuple(
        replace(
            each, cap_total_ug=None, cap_total_ug_per_kg=None, rolling_hour_ug=None, rolling_hour_ug_per_kg=None
        )
        for each in rules.library.entries
    )  # fmt: skip
    return replace(
        rules,
        library=replace(rules.library, entries=entries),
        catalogue=replace(rules.catalogue, regimens=regimens),
    )


def play(*, seed: int, hours: float, fast: bool) -> Trips:
    """So many hours of infusing, one infusion after the other."""

    async def played(clock: VirtualClock) -> Trips:
        return await _Hours(clock, seed, fast=fast).until(hours * S_PER_H)

    return run_virtual(played, seed=seed)


class _Hours:
    def __init__(self, clock: VirtualClock, seed: int, *, fast: bool) -> None:
        self._clock, self._rng = clock, random.Random(f"jitter {seed}")
        tank = PlantSpec(volume_nl=10**12, capacity_nl=10**12)  # nobody changes a syringe here
        wire = WireFaults(random.Random(f"wire {seed}"), RATES)
        self._sim = SimBus([NewEra(now_ns=clock.now_ns(), plant=tank)], wire=wire)
        line = Line(sim=self._sim, slots=(("p1", 0),))
        self._bed = PlayedBed.boot(clock, [line], chance=random.Random(f"disk {seed}"), rules=jitter_rules())
        self._bed.bedside.watch(self._on_facts)
        regimen, container = ("TRAIN-FAST", "syringe-60") if fast else ("FM-3H", "syringe-60-5")
        self._order = Order(regimen=regimen, day=1, weight_g=70_000, height_mm=1_750, container=container)
        self._trips = self._doubts = self._held = self._longest_ns = 0

    def _on_facts(self, state: BedState, facts: tuple[Fact, ...]) -> None:
        for fact in facts:
            if isinstance(fact, AlarmRaised) and fact.condition is Condition.LEASE_EXPIRED:
                self._trips += 1
                infusion = state.on("p1").due()
                self._longest_ns = max(self._longest_ns, (infusion.lease_s or 0) * NS_PER_S)  # used up whole
            doubted = isinstance(fact, PhaseChanged) and fact.phase is Phase.UNCERTAIN and fact.why is Why.SILENCE
            self._doubts += doubted

    async def until(self, wanted_s: float) -> Trips:
        disturbers = [asyncio.create_task(self._hold()), asyncio.create_task(self._delay())]
        bed, infused_s, lease_s = self._bed, 0.0, 0
        await bed.until_ready()
        begun_ns = self._clock.now_ns()
        while infused_s < wanted_s and self._clock.now_ns() - begun_ns < STANDS_AT_MOST * wanted_s * NS_PER_S:
            await asyncio.sleep(0.25)
            bed.fail_if_broken()
            pump = bed.pump()
            if pump.asset_in_doubt:
                await bed.confirm(asset_of("p1"))
            if pump.phase is Phase.INFUSING:
                infused_s += 0.25
                lease_s = pump.due().lease_s or 0
                self._look_at_the_lease(lease_s)
                if pump.due().step_due:
                    await bed.step()
            elif pump.phase in (Phase.IDLE, Phase.ENDED):
                await bed.start(self._order)
            elif pump.phase is Phase.STOPPED:
                await bed.resume()
        for task in disturbers:
            task.cancel()
        await bed.kill()
        return Trips(
            infusion_h=infused_s / S_PER_H, lease_s=lease_s, trips=self._trips, doubts=self._doubts, held=self._held,
            longest_ms=self._longest_ns // NS_PER_MS,
        )  # fmt: skip

    def _look_at_the_lease(self, lease_s: int) -> None:
        """By the pump's own timer, which nobody but the simulator sees."""
        left_ns = self._sim.truth(self._clock.now_ns()).watchdog_left_ns
        if left_ns is not None:
            self._longest_ns = max(self._longest_ns, lease_s * NS_PER_S - left_ns)

    async def _hold(self) -> None:
        while True:
            await asyncio.sleep(self._rng.uniform(*HELD_EVERY_S))
            self._held += 1
            self._clock.hold_up(self._rng.randint(*HELD_MS) * NS_PER_MS)

    async def _delay(self) -> None:
        while True:
            await asyncio.sleep(self._rng.uniform(*LATE_EVERY_S))
            late = Fault(kind=FaultKind.DELAY, direction="to_host", by_ms=self._rng.randint(*LATE_MS))
            self._sim.inject(self._clock.now_ns(), late)


def total(found: Sequence[Trips]) -> Trips:
    return Trips(
        infusion_h=sum(each.infusion_h for each in found), lease_s=min(each.lease_s for each in found),
        trips=sum(each.trips for each in found), doubts=sum(each.doubts for each in found),
        held=sum(each.held for each in found), longest_ms=max(each.longest_ms for each in found),
    )  # fmt: skip


def told(found: Trips) -> str:
    return (
        f"lease {found.lease_s:2} s: {found.trips} false trips and {found.doubts} doubts in {found.infusion_h:.1f} "
        f"infusion-hours, the loop held {found.held} times: at most {found.at_most_per_h:.4f} trips an hour (95 %), "
        f"{found.longest_ms / 1_000:.1f} s of a lease used up at most"
    )


def _play(asked: tuple[int, float, bool]) -> Trips:
    seed, hours, fast = asked
    return play(seed=seed, hours=hours, fast=fast)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pumpd.testing.jitter", description="False trips of the lease.")
    parser.add_argument("--hours", type=float, default=1.0, help="infusion-hours a seed")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--seed-base", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--shortest", action="store_true", help="only the shortest lease, 5 s, and not that of a drug")
    chosen = parser.parse_args(arguments)
    quiet()
    began = time.monotonic()
    seeds = range(chosen.seed_base, chosen.seed_base + chosen.seeds)
    with ProcessPoolExecutor(chosen.jobs, initializer=quiet) as pool:
        for fast in (True,) if chosen.shortest else (False, True):
            found = []
            for seed, trips in zip(seeds, pool.map(_play, [(seed, chosen.hours, fast) for seed in seeds]), strict=True):
                found.append(trips)
                print(f"  seed {seed}: {trips.trips} in {trips.infusion_h:.1f} h", file=sys.stderr, flush=True)
            print(told(total(found)), flush=True)
    print(f"{time.monotonic() - began:.0f} s of real time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
