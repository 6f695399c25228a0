"""How much a visit asks of a nurse: budgets that must not be outgrown, whoever adds a gate."""

from __future__ import annotations

import pytest

from pumpd.testing.ideal_nurse import IdealNurse, play, treatments
from pumpd.testing.steered_bed import SteeredBed

TAPS_TO_START = 60
FIELDS_TO_START = 25
TAPS_OF_A_SET = 15
SIGNALS = 2


@pytest.mark.parametrize(
    "regimen",
    ["MDD-2x3", pytest.param("CRPS-OP10", marks=pytest.mark.long)],
    ids=["for a mood", "for pain, with a premedication"],
)
def test_the_second_visit_of_a_course_starts_within_60_taps_and_25_typed_fields(regimen: str) -> None:
    with SteeredBed() as bed:
        tally = IdealNurse(bed, regimen, 2).plays_to_the_start()
    assert tally.taps_to_start <= TAPS_TO_START, tally.lines()
    assert tally.fields_to_start <= FIELDS_TO_START, tally.lines()
    assert len(tally.gates) >= 12, "so many gates were there when these budgets were set"


def test_a_whole_visit_of_saline_is_played_to_the_way_home_and_no_signal_asks_for_nothing() -> None:
    """The shortest visit there is: three steps in five minutes. Those with a drug are played by hand (docs/path.md)."""
    tally = play("TRAIN-5MIN", 1)
    assert set(tally.alerts.values()) == set(), tally.lines()
    assert len(tally.signals) <= SIGNALS, tally.lines()
    assert max(tally.taps_of_sets, default=0) <= TAPS_OF_A_SET, tally.lines()


def test_there_is_a_visit_to_play_for_each_of_the_published_regimens() -> None:
    assert len(treatments()) == 12, "the thirteenth of the catalogue is saline for training"
