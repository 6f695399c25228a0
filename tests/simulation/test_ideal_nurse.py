"""How much a visit asks of a nurse: budgets that must not be outgrown, whoever adds a gate.

A mood's visit is played whole in every run, a pain's to its start. With `--long` each of the published regimens is
played whole: one visit here, and every visit of a course in test_whole_course.py.
"""

from __future__ import annotations

import pytest

from pumpd.testing.coarse import coarsely
from pumpd.testing.ideal_nurse import IdealNurse, bed_for, play
from pumpd.testing.nurse_budget import keeps_within
from pumpd.testing.treatment import treatments

DAYS = "CRPS-IP5"
ONCE = [each.id for each in treatments() if each.sessions == 1 and each.id != DAYS]


def test_a_second_visit_for_a_mood_stays_within_its_taps_fields_and_signals() -> None:
    with coarsely():
        tally = play("MDD-2x3", 2)
    keeps_within(tally)
    assert len(tally.gates) >= 12, "so many gates were there when these budgets were set"
    assert len(tally.taps_of_sets) >= 7, "every ten minutes, and for an hour after"
    assert any("the escort of last time" in line for line in tally.day())
    assert any("suicide again" in line for line in tally.day())


def test_a_first_visit_for_pain_with_a_premedication_starts_within_its_taps_and_fields() -> None:
    with bed_for("FM-30") as bed:
        tally = IdealNurse(bed, "FM-30", 1).plays_to_the_start()
    keeps_within(tally)
    assert any("gives midazolam" in line for line in tally.day())
    assert len(tally.gates) >= 13, "one more than for a mood: what was given has its time to act"


def test_the_shortest_visit_there_is_asks_for_nothing_by_sound() -> None:
    """Saline for training, three steps in five minutes."""
    keeps_within(play("TRAIN-5MIN", 1))


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("regimen", ONCE)
def test_the_one_visit_of_a_regimen_goes_from_sign_in_to_the_way_out(regimen: str) -> None:
    """Those of several visits are played as whole courses (test_whole_course.py)."""
    keeps_within(play(regimen, 1))


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_five_days_on_the_ward_go_from_sign_in_to_the_way_out() -> None:
    """Played whole, titrated after an hour from 10 to 15 mg/h, observed day and night, one syringe after the other."""
    tally = play(DAYS, 1)
    keeps_within(tally)
    told = "\n".join(tally.day())
    assert "titrates to 3 mL/h" in told
    assert tally.changes == 6, told
    assert len(tally.taps_of_sets) >= 120, "every hour at the least"


def test_there_is_a_visit_to_play_for_each_of_the_published_regimens() -> None:
    assert len(treatments()) == 12, "the thirteenth of the catalogue is saline for training"
