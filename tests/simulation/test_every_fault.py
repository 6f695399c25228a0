"""Every fault that a simulated pump can have, with every driver: no wall falls, and what nobody sees claims nothing.

One story a driver, each fault once, one after the other, in an order by lot; and one with only those faults that nobody
can observe, on which no alarm may be raised but those that ask a nurse for something due. `./run simulate --driver all`
plays more of them, by seed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from pumpd_sim.fault_table import FAULTS
from pumpd_sim.faults import FaultKind

from pumpd.registry import names
from pumpd.testing.fault_story import Day, observable, possible
from pumpd.testing.fuzz import FOLDER
from pumpd.testing.pairs import PAIRS
from pumpd.testing.simulate import failure, play_all, quiet
from pumpd.testing.story import Outcome, Story
from pumpd.traces import read_trace

JOBS = 2
NINE_MINUTES = 0.15
FIVE_MINUTES = 0.09
FORTY_MINUTES = 0.67


@pytest.fixture(autouse=True)
def no_log_lines() -> None:
    quiet()


def stories(day: Day, hours: float, seed: int) -> list[Story]:
    return [Story(seed=seed, hours=hours, driver=driver, day=day) for driver in PAIRS]


def played(told: list[Story]) -> dict[str, Outcome]:
    outcomes = list(play_all(told, JOBS))
    failed = [failure(outcome, story) for outcome, story in zip(outcomes, told, strict=True) if outcome.violations]
    assert not failed, "\n".join(failed)
    return {story.driver: outcome for outcome, story in zip(outcomes, told, strict=True)}


def missing(outcome: Outcome, kinds: Iterable[FaultKind]) -> list[str]:
    """Which of these never happened."""
    seen = dict(outcome.seen)
    return [kind.value for kind in kinds if not seen.get(f"fault {kind.value}")]


@pytest.mark.timeout(300)
@pytest.mark.requirement("LINK-03")
def test_every_fault_of_every_pump_happens_once_and_no_wall_falls() -> None:
    outcomes = played(stories(Day.EVERY, NINE_MINUTES, seed=1))
    assert {driver: missing(outcomes[driver], possible(pair)) for driver, pair in PAIRS.items()} == {
        driver: [] for driver in PAIRS
    }
    assert sum(len(observable(pair)) for pair in PAIRS.values()) >= 130, "pairs of a driver and what it can observe"
    for driver, outcome in outcomes.items():
        seen = dict(outcome.seen)
        assert seen.get("phase infusing", 0) >= 3, f"{driver} hardly ran"
        assert sum(count for what, count in seen.items() if what.startswith("alarm ")) >= 3, driver


@pytest.mark.timeout(300)
@pytest.mark.requirement("ALM-20")
def test_what_nobody_can_observe_claims_nothing() -> None:
    outcomes = played(stories(Day.UNSEEN, FIVE_MINUTES, seed=12))
    for driver, pair in PAIRS.items():
        unseen = set(possible(pair)) - set(observable(pair)) - {FaultKind.NEW_SYRINGE}
        assert missing(outcomes[driver], unseen) == [], driver
    completed = [dict(outcome.seen).get("completed", 0) for outcome in outcomes.values()]
    assert sum(completed) >= 6, completed


@pytest.mark.long
@pytest.mark.timeout(300)
def test_seeds_of_other_pumps_that_once_found_a_fault_pass() -> None:
    played(
        [
            # a roller's first stroke: more was in than was stated, until the first reading
            *(Story(seed=seed, hours=FORTY_MINUTES, driver="generic_modbus", day=Day.LOT) for seed in (2, 5)),
            # silent at its end, without target and lease: the checker asked for a stop that nobody could make
            Story(seed=4, hours=0.33, driver="isco", day=Day.LOT),
        ]
    )


def test_pairs_are_all_that_ship_and_the_table_forgets_no_driver() -> None:
    assert set(PAIRS) == set(names())
    told = {name for facts in FAULTS.values() for name in facts.observable_by} - {"every driver", "pumpd"}
    assert told <= set(PAIRS)


@pytest.mark.parametrize("driver", PAIRS)
def test_the_pattern_of_a_start_finds_the_one_start_of_a_trace(driver: str) -> None:
    """By the driver's own name for the step, so that the checkers do not look past what they are to see."""
    rows = read_trace(FOLDER / f"traces/{driver}.jsonl").rows
    starts = [row for row in rows if row.who == "host" and re.search(PAIRS[driver].starts, row.data, re.DOTALL)]
    assert len(starts) == 1
