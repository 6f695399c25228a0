"""When an item is due again, by the published schedules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core.schedules import INPT, MH_40, PAIN_HRS, Delivered, Due, Profile, due_again, due_at_end, profile_for
from pumpd.core.units import NS_PER_MIN, NS_PER_S

BEGAN = 100 * NS_PER_MIN


def drug(*, raised_min: int = 0, ended_min: int | None = None) -> Delivered:
    ended_at_ns = None if ended_min is None else BEGAN + ended_min * NS_PER_MIN
    return Delivered(began_at_ns=BEGAN, raised_at_ns=BEGAN + raised_min * NS_PER_MIN, ended_at_ns=ended_at_ns)


def punctual(profile: Profile, until_min: int, *, ended_min: int | None = None, raised_min: int = 0) -> list[int]:
    """The minutes at which somebody is prompted who takes every set at once."""
    minutes: list[int] = []
    taken = BEGAN - 5 * NS_PER_MIN  # the baseline
    while True:
        runs_until = until_min if ended_min is None else ended_min
        due = due_again(profile, drug(raised_min=raised_min), taken)
        assert due is not None
        if ended_min is not None and (due.at_ns - BEGAN) // NS_PER_MIN > runs_until:
            due = due_again(profile, drug(ended_min=ended_min), taken)
        if due is None or (due.at_ns - BEGAN) // NS_PER_MIN > until_min:
            return minutes
        taken = due.at_ns
        minutes.append((taken - BEGAN) // NS_PER_MIN)


def test_a_mood_infusion_is_observed_every_ten_minutes_and_for_an_hour_after() -> None:
    assert punctual(MH_40, 200, ended_min=40) == [10, 20, 30, 40, 55, 70, 85, 100]


def test_hours_of_pain_treatment_begin_closely() -> None:
    assert punctual(PAIN_HRS, 150) == [5, 10, 15, 30, 45, 60, 90, 120, 150]


def test_a_rise_brings_half_an_hour_of_close_looks() -> None:
    after = drug(raised_min=65)
    at_60 = due_again(PAIN_HRS, after, BEGAN + 60 * NS_PER_MIN)
    assert at_60 == Due(at_ns=BEGAN + 80 * NS_PER_MIN, every_s=900)
    at_80 = due_again(PAIN_HRS, after, BEGAN + 80 * NS_PER_MIN)
    assert at_80 == Due(at_ns=BEGAN + 95 * NS_PER_MIN, every_s=900)
    at_95 = due_again(PAIN_HRS, after, BEGAN + 95 * NS_PER_MIN)
    assert at_95 == Due(at_ns=BEGAN + 125 * NS_PER_MIN, every_s=1_800)


def test_days_on_the_ward_come_down_to_every_hour() -> None:
    assert punctual(INPT, 300) == [15, 30, 45, 60, 90, 120, 150, 180, 240, 300]


def test_a_set_just_before_the_end_stands_for_the_one_at_the_end() -> None:
    over = drug(ended_min=43)
    before = due_again(MH_40, over, BEGAN + 40 * NS_PER_MIN)
    assert before == Due(at_ns=BEGAN + 58 * NS_PER_MIN, every_s=900)
    long_before = due_again(MH_40, over, BEGAN + 37 * NS_PER_MIN)
    assert long_before == Due(at_ns=BEGAN + 43 * NS_PER_MIN, every_s=900)


def test_scores_are_due_once_with_the_end() -> None:
    assert due_at_end(MH_40, drug(), BEGAN - NS_PER_MIN) is None
    over = drug(ended_min=40)
    assert due_at_end(MH_40, over, BEGAN - NS_PER_MIN) == Due(at_ns=BEGAN + 40 * NS_PER_MIN, every_s=900)
    assert due_at_end(MH_40, over, BEGAN + 41 * NS_PER_MIN) is None


@pytest.mark.parametrize(("late_s", "misses"), [(-1, 0), (0, 0), (299, 0), (300, 1), (899, 1), (900, 2), (1_500, 3)])
def test_a_miss_is_five_minutes_and_each_interval_after_them(late_s: int, misses: int) -> None:
    due = Due(at_ns=BEGAN, every_s=600)
    assert due.misses(BEGAN + late_s * NS_PER_S) == misses


@given(
    profile=st.sampled_from([MH_40, PAIN_HRS, INPT]),
    raised_min=st.integers(0, 600),
    taken_min=st.integers(-15, 600),
)
def test_nobody_is_left_longer_than_the_schedule_says(profile: Profile, raised_min: int, taken_min: int) -> None:
    due = due_again(profile, drug(raised_min=raised_min), BEGAN + taken_min * NS_PER_MIN)
    assert due is not None
    longest_s = max(each.every_s for each in profile.during)
    assert due.at_ns - (BEGAN + max(taken_min, 0) * NS_PER_MIN) <= longest_s * NS_PER_S
    assert due.at_ns > BEGAN + max(taken_min, 0) * NS_PER_MIN or due.at_ns > BEGAN + raised_min * NS_PER_MIN


@pytest.mark.parametrize(("minutes", "name"), [(40, "MH-40"), (60, "MH-40"), (210, "PAIN-HRS"), (7_200, "INPT")])
def test_the_length_of_a_day_chooses_the_schedule(minutes: int, name: str) -> None:
    assert profile_for(minutes * 60).id == name
