"""F10: a delayed start came earlier or later than programmed.

Alaris 8100, 2014; BD Alaris, 2020: "delay until" was computed with a clock that then moved. pumpd delays no start: a
person starts, and a step follows when the volume of the one before is in. Here the wall clock is set while a
programme of three steps goes by itself; each step begins with the volume that it was planned for.

Guard: `pumpd.core.watch._next_step`, which goes by volume. The story without it goes by a time of day, as those pumps
did.
"""

from __future__ import annotations

import pytest

from pumpd.core import facts as f
from pumpd.core.codes import Phase
from pumpd.core.facts import Fact
from pumpd.core.state import BedState
from pumpd.core.turn import Turn
from pumpd.core.units import Towards, duration_for_ns
from pumpd.core.watch import take_step
from pumpd.testing.guards import guard_removed
from pumpd.testing.watched_bed import STEPS, WatchedBed, by_the_wall, watched

HOUR_MS = 3_600_000
LATE_NL = 200_000  # two looks at the fastest step


async def programme(told: WatchedBed) -> None:
    def at_its_volume(state: BedState, facts: tuple[Fact, ...]) -> None:
        for fact in facts:
            if isinstance(fact, f.StepTaken):
                infusion = state.on("p1").due()
                apart_nl = told.truth().displaced_nl - infusion.boundary_nl(fact.step - 1)
                if not -told.truth().step_nl <= apart_nl <= LATE_NL:
                    told.say(f"step {fact.step} begins {apart_nl} nL from where it was programmed")

    await told.runs(STEPS)
    told.bed.bedside.watch(at_its_volume)
    for by_ms in (HOUR_MS, -2 * HOUR_MS, HOUR_MS):
        await told.passes(3)
        told.clock.step_wall(by_ms)
    await told.ends()
    if told.phase() is not Phase.ENDED:
        told.say(f"{told.phase().value} instead of ended")


def by_its_time(turn: Turn, slot: str) -> None:
    infusion = turn.infusion(slot)
    before = infusion.plan[: infusion.step + 1]
    lasts_ns = sum(duration_for_ns(each.volume_nl, each.rate_ul_per_h, Towards.UP) for each in before)
    if infusion.step + 1 < len(infusion.plan) and turn.now_ns >= infusion.started_ns + lasts_ns:
        take_step(turn, slot, person=None)


@pytest.mark.requirement("F10")
@pytest.mark.requirement("LOG-09")
def test_steps_begin_with_their_volume_whatever_the_clock_on_the_wall_says() -> None:
    assert watched(programme) == []


@pytest.mark.requirement("F10")
def test_steps_by_the_time_of_day_begin_early_or_late() -> None:
    with (
        guard_removed("pumpd.core.watch._next_step", instead=by_its_time),
        guard_removed("pumpd.clock.SystemClock.now_ns", instead=by_the_wall),
    ):
        assert any("from where it was programmed" in each for each in watched(programme))
