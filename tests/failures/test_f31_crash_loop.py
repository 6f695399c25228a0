"""F31: a controller that crashed and started again and again drained the device it talked to.

Tandem t:connect app, 2024: 224 injuries. Here the daemon crashes two seconds after each start, forty times, beside a
pump. What it asks of the pump in all that time is no more than what it asks while it lives in peace, and it changes
nothing.

Guard: `pumpd.core.watch._look_again`, which waits for its turn before it asks anew.
"""

from __future__ import annotations

import pytest

from pumpd.core.effects import Identify, Observe
from pumpd.core.events import LinkState
from pumpd.core.turn import Turn
from pumpd.testing.guards import guard_removed
from pumpd.testing.watched_bed import WatchedBed, watched

CRASHES = 40
FRAMES_PER_S = 8  # a look is three questions; a pump at rest is looked at once a second, and named once a start


def frames(told: WatchedBed) -> int:
    return sum(each.event == "host_sends" for each in told.sim.journal)


async def crash_loop(told: WatchedBed) -> None:
    await told.bed.until_ready()
    before, began_ns = frames(told), told.clock.now_ns()
    for _ in range(CRASHES):
        await told.killed(away_s=0.5)
        await told.passes(2)
    per_s = (frames(told) - before) * 10**9 / (told.clock.now_ns() - began_ns)
    if per_s > FRAMES_PER_S:
        told.say(f"{per_s:.1f} questions a second")
    if told.heard("RUN") or told.truth().displaced_nl:
        told.say("a crash loop moved the pump")


def eager(turn: Turn, slot: str) -> None:
    up = turn.pump(slot).link is LinkState.UP
    for _ in range(3):
        turn.want(Observe(slot=slot) if up else Identify(slot=slot))


@pytest.mark.requirement("F31")
@pytest.mark.requirement("LINK-05")
def test_a_daemon_that_crashes_for_ever_asks_no_more_than_one_that_lives() -> None:
    assert watched(crash_loop) == []


@pytest.mark.requirement("F31")
def test_a_daemon_that_asks_whenever_it_can_asks_without_end() -> None:
    with guard_removed("pumpd.core.watch._look_again", instead=eager):
        assert any("questions a second" in each for each in watched(crash_loop))
