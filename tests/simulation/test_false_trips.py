"""A living daemon on a bad computer and a bad wire does not let a lease run out; and one that is too bad is seen."""

from __future__ import annotations

import pytest

from pumpd.testing import jitter
from pumpd.testing.jitter import RULE_OF_THREE, play, told, total
from pumpd.testing.simulate import quiet

BUDGET_PER_H = 0.01  # alarms that the daemon makes itself (ALM-20)
HOURS = 0.25  # a seed: what a test may take. The hours that bear on the budget are in docs/leases.md


@pytest.fixture(autouse=True)
def no_log_lines() -> None:
    quiet()


@pytest.mark.timeout(300)
@pytest.mark.requirement("ALM-20", "LEASE-04")
@pytest.mark.parametrize("fast", [False, True], ids=["a drug's lease", "the shortest lease"])
def test_stalls_and_jitter_trip_no_lease(*, fast: bool) -> None:
    found = total([play(seed=seed, hours=HOURS, fast=fast) for seed in (1, 2)])
    assert found.trips == 0, told(found)
    assert found.held > 40, "nothing was held up: this says nothing"
    assert found.lease_s == (5 if fast else 14)
    assert 600 <= found.longest_ms < 5_000, "a look is asked for every half second, and stalls last for up to 700 ms"
    # these hours alone rule out no more than this; a rate of the budget shows in one of a hundred hours
    assert found.at_most_per_h == pytest.approx(RULE_OF_THREE / found.infusion_h)
    assert found.at_most_per_h > BUDGET_PER_H


@pytest.mark.timeout(300)
@pytest.mark.requirement("ALM-20")
def test_a_computer_that_is_held_for_longer_than_a_lease_trips_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jitter, "HELD_MS", (7_000, 9_000))
    found = play(seed=1, hours=0.1, fast=True)
    assert found.trips > 0, told(found)
    assert found.longest_ms == 5_000, "a trip has used up the lease whole"


def test_what_is_told_names_trips_hours_and_the_bound() -> None:
    found = jitter.Trips(infusion_h=300.0, lease_s=5, trips=0, doubts=7, held=9)
    assert "0 false trips and 7 doubts in 300.0 infusion-hours" in told(found)
    assert "at most 0.0100 trips an hour" in told(found)
