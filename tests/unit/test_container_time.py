"""Reservoir time: told before the start, at each change of rate and at every look, right to three minutes (GIP 1.5)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core.codes import Phase
from pumpd.core.containers import portions
from pumpd.core.effects import Prepare
from pumpd.core.pump import Drive
from pumpd.core.requests import Keep
from pumpd.core.units import NL_PER_UL, NS_PER_H, NS_PER_MIN, NS_PER_S
from pumpd.testing.container_story import ContainerStory, small_containers

WITHIN_NS: Final = 3 * NS_PER_MIN
USABLE_NL: Final = 2_000_000


def truth_ns(bed: ContainerStory, infused_ul: int) -> int:
    """What the pump itself needs to its target at the granted rate, in a plan of one rate."""
    leg, granted = bed.infusion().leg, bed.infusion().granted_ul_per_h
    assert leg is not None
    assert granted is not None
    return (leg.granted.volume_nl - infused_ul * NL_PER_UL) * NS_PER_H // (granted * NL_PER_UL)


@pytest.mark.requirement("PWR-02")
@given(
    st.integers(1_000, 1_924),
    st.lists(st.tuples(st.integers(50, 100), st.integers(10, 700)), min_size=1, max_size=5),
)
def test_time_to_the_containers_end_is_right_at_every_look_and_after_every_change_of_rate(
    first_ul_per_h: int, course: list[tuple[int, int]]
) -> None:
    """Down to 0.9 mL/h, the slowest of the shipped regimens halved, with pauses and changes of rate between looks."""
    bed = ContainerStory(rules=small_containers(USABLE_NL))
    bed.begins("CRPS-OP10", weight_g=55_000)
    bed.rate(min(first_ul_per_h, bed.infusion().rate_ul_per_h - 1))
    bed.done(Drive.INFUSING)
    infused_ul = 0
    for percent, seconds in course:
        granted = bed.infusion().granted_ul_per_h
        assert granted is not None
        infused_ul += granted * seconds // 3_600
        leg = bed.infusion().leg
        assert leg is not None
        if infused_ul * NL_PER_UL >= leg.granted.volume_nl:
            return
        bed.drives(infused_ul, after_s=seconds)
        told_ns = bed.look().container_left_ns
        assert told_ns is not None
        assert abs(told_ns - truth_ns(bed, infused_ul)) <= WITHIN_NS
        lower = max(900, granted * percent // 100)
        if lower < granted:
            bed.rate(lower)
            bed.done(Drive.INFUSING, infused_ul=infused_ul)
            told_ns = bed.look().container_left_ns
            assert told_ns is not None
            assert abs(told_ns - truth_ns(bed, infused_ul)) <= WITHIN_NS


@pytest.mark.requirement("PWR-02")
def test_plan_before_the_start_is_what_then_happens() -> None:
    bed = ContainerStory(rules=small_containers(USABLE_NL))
    bed.begins("TRAIN-5MIN")
    programme, begun_ns = bed.infusion().programme, bed.now_ns
    assert programme.container is not None
    planned = portions(programme.steps, programme.container)
    assert len(planned) == 3
    bed.flows_out()
    assert abs(bed.now_ns - begun_ns - planned[0].ends_after_ns) <= 10 * NS_PER_S


def test_pauses_do_not_wear_the_figure_out() -> None:
    bed = ContainerStory(rules=small_containers(USABLE_NL))
    bed.begins("CRPS-OP10", weight_g=55_000)
    for _ in range(80):
        bed.drives(5, after_s=9.4)
        bed.paused(5)
        bed.resumes(keep=Keep.VOLUME)
    told_ns = bed.look().container_left_ns
    assert told_ns is not None
    assert abs(told_ns - truth_ns(bed, 0)) <= WITHIN_NS


def test_container_that_outlasts_the_plan_has_no_end_of_its_own() -> None:
    bed = ContainerStory()
    bed.begins("TRAIN-5MIN")
    assert bed.look().container_left_ns is None
    assert (bed.look().container, bed.look().containers) == (1, 1)


def test_look_says_which_container_hangs_and_how_many_are_still_to_come() -> None:
    bed = ContainerStory(rules=small_containers(USABLE_NL))
    bed.begins("TRAIN-5MIN")
    assert (bed.look().container, bed.look().containers) == (1, 3)
    bed.paused(bed.flows(20))
    bed.changed()  # one that failed early: the rest still fits into two
    assert (bed.look().container, bed.look().containers) == (2, 4)


def test_figure_counts_down_from_look_to_look_and_not_only_with_the_record() -> None:
    bed = ContainerStory(rules=small_containers(USABLE_NL))
    bed.begins("TRAIN-5MIN")
    told = []
    for infused_ul in (100, 200, 300):  # 10 s each at 36 mL/h; the record is kept every 30 s
        bed.drives(infused_ul, after_s=10)
        lasts_ns = bed.look().container_left_ns
        assert lasts_ns is not None
        told.append(lasts_ns)
    steps_ns = [before - after for before, after in pairwise(told)]
    assert all(9 * NS_PER_S <= step_ns <= 11 * NS_PER_S for step_ns in steps_ns)


def test_a_plan_of_nothing_needs_no_container() -> None:
    entry = small_containers(USABLE_NL).library.entry("KET-PAIN-OP")
    assert entry is not None
    assert portions((), entry.containers[0]) == ()


def test_an_infusion_from_a_journal_that_knew_no_containers_goes_on_and_nothing_is_said_of_its_syringe() -> None:
    bed = ContainerStory()
    bed.begins("FM-3H")
    old = replace(bed.infusion().programme, container=None)
    pump = replace(bed.pump(), infusion=replace(bed.infusion(), programme=old))
    bed.state = bed.kept = bed.state.with_pump(pump)
    bed.flows(60)
    assert bed.phase() is Phase.INFUSING
    look = bed.look()
    assert (look.container, look.containers, look.container_left_ns) == (1, 1, None)
    bed.paused(70)
    bed.resume(keep=Keep.VOLUME)
    (prepare,) = bed.sent(Prepare)
    assert prepare.remaining.volume_nl == old.total_nl - bed.infusion().delivered.high_nl, "the whole rest of the plan"
