"""How much a visit asks of a nurse: budgets that must not be outgrown, whoever adds a gate.

A mood's visit is played whole in every run, a pain's to its start; each of the published regimens whole with `--long`.
"""

from __future__ import annotations

import pytest

from pumpd.testing.ideal_nurse import IdealNurse, bed_for, play
from pumpd.testing.nurse_tally import Tally
from pumpd.testing.treatment import Treatment, treatments

TAPS_TO_START = 60
FIELDS_TO_START = 25
TAPS_OF_A_SET = 15
SIGNALS = 2
DAYS = "CRPS-IP5"  # its five days have a test of their own


def keeps_within(tally: Tally, *, changes: int = 0) -> None:
    """A container that is used up is a signal that asks for something: one for each change."""
    told = "\n".join([*tally.day(), *tally.lines()])
    assert tally.taps_to_start <= TAPS_TO_START, told
    assert tally.fields_to_start <= FIELDS_TO_START, told
    assert max(tally.taps_of_sets, default=0) <= TAPS_OF_A_SET, told
    assert len(tally.signals) <= SIGNALS + changes, told
    assert list(tally.alerts.values()) == ["container_ended"] * changes, told


def test_a_second_visit_for_a_mood_stays_within_its_taps_fields_and_signals() -> None:
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
@pytest.mark.parametrize("regimen", [each.id for each in treatments() if each.id != DAYS])
def test_the_last_visit_of_every_published_regimen_goes_from_sign_in_to_the_way_out(regimen: str) -> None:
    tally = play(regimen, Treatment.of(regimen, 1).regimen.sessions)
    changes = sum("hangs it" in line for line in tally.day())
    keeps_within(tally, changes=changes)


def test_there_is_a_visit_to_play_for_each_of_the_published_regimens() -> None:
    assert len(treatments()) == 12, "the thirteenth of the catalogue is saline for training"
