"""A guard that is taken away is away everywhere, and is back afterwards."""

from __future__ import annotations

import pytest

from pumpd import bus
from pumpd.core import exposure, rise, totals
from pumpd.testing.guards import guard_removed


def test_a_guard_is_away_wherever_it_was_imported_and_back_afterwards() -> None:
    before = exposure.committed

    def fails() -> None:
        with guard_removed("pumpd.core.exposure.committed", instead=lambda *_: ()):
            assert exposure.committed((), 0, 0) == ()
            assert vars(totals)["committed"] is exposure.committed is not before
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fails()
    assert vars(totals)["committed"] is exposure.committed is before


def test_a_method_can_be_a_guard() -> None:
    before = bus.Bus.withdraw
    with guard_removed("pumpd.bus.Bus.withdraw", instead=lambda *_: ()):
        assert bus.Bus.withdraw is not before
    assert bus.Bus.withdraw is before


def test_a_guard_that_is_not_there_is_told() -> None:
    with (
        pytest.raises(KeyError, match="against_nothing"),
        guard_removed("pumpd.core.rise.against_nothing", instead=None),
    ):
        pass
    with (
        pytest.raises(AssertionError, match="against_a_rise"),
        guard_removed("pumpd.core.rise.against_a_rise", instead=rise.against_a_rise),
    ):
        pass
