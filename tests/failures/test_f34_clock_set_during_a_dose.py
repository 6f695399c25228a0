"""F34: the clock was set during a dose, and the dose stood twice in the record.

LoopKit/Loop issue 667. Here the wall clock of the bedside machine is set forwards and back by an hour and by a day
while a dose goes in, again and again. What is on record has to be what went in, once.

Guard: `pumpd.clock.SystemClock.now_ns`, boot time for every decision. Without it decisions follow the wall clock.
"""

from __future__ import annotations

import pytest

from pumpd.core.codes import Phase
from pumpd.testing.guards import guard_removed
from pumpd.testing.watched_bed import SALINE, WatchedBed, by_the_wall, watched

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


async def dose(told: WatchedBed) -> None:
    await told.runs(SALINE)
    for by_ms in (HOUR_MS, -HOUR_MS, DAY_MS, -2 * DAY_MS, -HOUR_MS, 2 * DAY_MS):
        await told.passes(12)
        told.clock.step_wall(by_ms)
    await told.ends()
    if told.phase() is not Phase.ENDED:
        told.say(f"the dose did not go in: {told.phase()}")
    truth, infusion = told.truth(), told.bed.pump().infusion
    assert infusion is not None
    on_record_nl = [each.to_ns - each.from_ns for each in told.bed.bedside.state.history]
    if any(length < 0 for length in on_record_nl):
        told.say("a stretch of the dose ends before it begins")
    if not infusion.delivered.low_nl <= truth.displaced_nl <= infusion.delivered.high_nl + truth.step_nl:
        told.say(f"{truth.displaced_nl} nL went in, {infusion.delivered} is on record")
    if told.heard("RUN") != 1:
        told.say(f"{told.heard('RUN')} starts for one dose")


@pytest.mark.requirement("F34")
@pytest.mark.requirement("LOG-07")
def test_a_dose_goes_in_once_whatever_is_done_to_the_wall_clock() -> None:
    assert watched(dose) == []


@pytest.mark.requirement("F34")
def test_a_daemon_that_decides_by_the_wall_clock_loses_its_dose() -> None:
    with guard_removed("pumpd.clock.SystemClock.now_ns", instead=by_the_wall):
        assert watched(dose)
