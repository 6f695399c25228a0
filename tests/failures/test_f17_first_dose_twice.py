"""F17: the first dose was given twice.

Medfusion, 2024: a loading dose was repeated after an interruption. Here the daemon is killed at every moment of the
first seconds of an infusion, from the request to the running pump, and later in it; it comes back a second later or
when the lease is over, and whatever stands still then is resumed by the nurse, with the volume kept. The dose goes in
once.

Guard: `pumpd.core.given.recorded`, which puts on record what went in. Without it a resume gives the whole dose again.
"""

from __future__ import annotations

import pytest

from pumpd.core import facts as f
from pumpd.core.codes import Phase
from pumpd.core.delivered import Interval
from pumpd.core.requests import Keep
from pumpd.core.state import BedState
from pumpd.core.turn import Turn
from pumpd.testing.guards import guard_removed
from pumpd.testing.watched_bed import SALINE, WatchedBed, watched

APART_MS = 200
CASES = [*((moment, 1) for moment in range(0, 3_000, APART_MS)), *((moment, 20) for moment in (1_000, 2_000, 30_000))]


def killed_at(moment_ms: int, away_s: float) -> list[str]:
    async def story(told: WatchedBed) -> None:
        await told.bed.until_ready()
        assert (await told.bed.start(SALINE)).accepted
        await told.passes(moment_ms / 1_000)
        await told.killed(away_s=away_s)
        for _ in range(3):
            await told.passes(12)
            if told.phase() is Phase.STOPPED:
                await told.bed.resume(keep=Keep.VOLUME)
        await told.passes(120)
        infusion, truth = told.bed.pump().infusion, told.truth()
        plan_nl = 0 if infusion is None else infusion.programme.total_nl  # the order may have died with the daemon
        if truth.displaced_nl > plan_nl + 2 * truth.step_nl:
            told.say(f"{truth.displaced_nl} nL of a plan of {plan_nl} nL")
        programmed = sum(isinstance(each, f.LegPrepared) for each in told.facts)
        if told.heard("RUN") > programmed:
            told.say(f"{told.heard('RUN')} starts after {programmed} programmes")

    return watched(story)


@pytest.mark.requirement("F17")
@pytest.mark.requirement("LEASE-09")
@pytest.mark.parametrize(("moment_ms", "away_s"), CASES)
def test_a_dose_is_given_once_wherever_the_daemon_dies_in_it(moment_ms: int, away_s: float) -> None:
    assert killed_at(moment_ms, away_s) == []


def forgets(state: BedState, _slot: str, _at_ns: int, _delivered: Interval) -> BedState:
    return state


def looks_away(_turn: Turn, _slot: str) -> None:
    pass


@pytest.mark.requirement("F17")
def test_a_daemon_that_keeps_no_record_gives_the_dose_again() -> None:
    with (
        guard_removed("pumpd.core.given.recorded", instead=forgets),
        # what is never on record looks like too much at the first mark: a second guard, and it would stop the pump
        guard_removed("pumpd.core.deviation.watch_delivery", instead=looks_away),
    ):
        assert any("of a plan of" in each for each in killed_at(30_000, 20))
