"""F36: the change to summer time was taken for a lost pump.

AndroidAPS issue 449: at three in the morning an alarm said that the pump had not been heard of for an hour. Here the
wall clock is put an hour forwards, and later back, at a running pump that answers every look.

Guard: `pumpd.clock.SystemClock.now_ns`: ages are counted in boot time.
"""

from __future__ import annotations

import pytest

from pumpd.core.codes import Phase
from pumpd.testing.guards import guard_removed
from pumpd.testing.watched_bed import SALINE, WatchedBed, by_the_wall, watched

HOUR_MS = 3_600_000


async def night(told: WatchedBed) -> None:
    await told.runs(SALINE)
    for by_ms in (HOUR_MS, -HOUR_MS):
        await told.passes(10)
        told.clock.step_wall(by_ms)
        await told.passes(10)
        if told.phase() is not Phase.INFUSING:
            told.say(f"{told.phase().value} after the clock was changed by {by_ms} ms")
    if told.alarms():
        told.say(f"alarms of a night in which nothing happened: {told.alarms()}")


@pytest.mark.requirement("F36")
@pytest.mark.requirement("LOG-07")
@pytest.mark.requirement("LOG-09")
def test_no_alarm_comes_of_the_change_to_summer_time_and_back() -> None:
    assert watched(night) == []


@pytest.mark.requirement("F36")
def test_a_daemon_that_decides_by_the_wall_clock_alarms() -> None:
    with guard_removed("pumpd.clock.SystemClock.now_ns", instead=by_the_wall):
        complaints = watched(night)
    assert complaints
    assert "alarms of a night in which nothing happened" in complaints[0]
