"""F20: the clock inside failed.

Medfusion, 2022. Here the machine's wall clock stands still, runs a tenth fast, and jumps by a leap second and by
years, each through a whole infusion of three steps; and the machine sleeps, which is the one thing that boot time
tells.

Guard: `pumpd.clock.SystemClock.now_ns`: nothing is decided by the wall clock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from pumpd.core.codes import Condition, Phase
from pumpd.core.units import NS_PER_S
from pumpd.testing.guards import guard_removed
from pumpd.testing.watched_bed import STEPS, WatchedBed, by_the_wall, watched

YEARS_MS = 12 * 365 * 86_400_000  # beyond 2038


async def stands_still(told: WatchedBed) -> None:
    told.kernel.fast_permille = -1_000


async def runs_fast(told: WatchedBed) -> None:
    told.kernel.fast_permille = 100


async def leap_second(told: WatchedBed) -> None:
    await told.passes(5)
    told.clock.step_wall(-1_000)


async def years(told: WatchedBed) -> None:
    await told.passes(5)
    told.clock.step_wall(YEARS_MS)


def infusion_with(failing: Callable[[WatchedBed], Awaitable[None]]) -> list[str]:
    async def story(told: WatchedBed) -> None:
        await told.runs(STEPS)
        await failing(told)
        await told.ends()
        if told.phase() is not Phase.ENDED:
            told.say(f"{told.phase().value} instead of ended")
        if unexpected := [each for each in told.alarms() if each not in {Condition.NEAR_END, Condition.ENDED}]:
            told.say(f"alarms {unexpected}")

    return watched(story)


CLOCKS = [stands_still, runs_fast, leap_second, years]


@pytest.mark.requirement("F20")
@pytest.mark.requirement("LOG-07")
@pytest.mark.requirement("LOG-09")
@pytest.mark.parametrize("failing", CLOCKS)
def test_an_infusion_ends_as_planned_whatever_the_wall_clock_does(
    failing: Callable[[WatchedBed], Awaitable[None]],
) -> None:
    assert infusion_with(failing) == []


@pytest.mark.requirement("F20")
@pytest.mark.requirement("G09")
def test_a_machine_that_slept_asks_the_pump_and_goes_on() -> None:
    async def story(told: WatchedBed) -> None:
        await told.runs(STEPS)
        await told.passes(5)
        told.clock.suspend(2 * NS_PER_S)
        await told.passes(10)
        assert Condition.CLOCK_JUMP in told.alarms()
        assert told.phase() is Phase.INFUSING

    assert watched(story) == []


@pytest.mark.requirement("F20")
@pytest.mark.parametrize("failing", [stands_still, runs_fast, years])
def test_a_daemon_that_decides_by_that_clock_does_not_get_there(
    failing: Callable[[WatchedBed], Awaitable[None]],
) -> None:
    with guard_removed("pumpd.clock.SystemClock.now_ns", instead=by_the_wall):
        assert infusion_with(failing)
