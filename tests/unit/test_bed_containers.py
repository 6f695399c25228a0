"""An infusion out of several containers: each is used up at its own pace, and nothing but the container changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.codes import Condition, Phase, Priority, ReasonCode, Why
from pumpd.core.containers import REST_SMALLEST_NL, portions
from pumpd.core.effects import Prepare, Start, When
from pumpd.core.people import Role
from pumpd.core.pump import Drive
from pumpd.core.steps import Step
from pumpd.core.units import Towards, duration_for_ns
from pumpd.testing.bed_story import NURSE, STEP_NL
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.container_story import SECOND, ContainerStory, small_containers

TWO_ML: Final = 2_000_000
PHARMACIST: Final = Actor(person="pharmacist-1", role=Role.PHARMACIST)
TECHNICIAN: Final = Actor(person="admin-1", role=Role.TECHNICIAN)


def training() -> ContainerStory:
    """5 min of saline in three automatic steps, 4.5 mL, out of containers of 2 mL."""
    bed = ContainerStory(rules=small_containers(TWO_ML))
    bed.begins("TRAIN-5MIN")
    return bed


def drug() -> ContainerStory:
    """22.4 mL of ketamine 5 mg/mL out of containers of 2 mL; its steps up ask."""
    bed = ContainerStory(rules=small_containers(TWO_ML))
    bed.begins("FM-3H")
    return bed


# --- the plan ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("PWR-02")
def test_plan_says_what_is_loaded_what_is_used_and_when_each_container_ends() -> None:
    syringe = next(c for e in shipped_rules().library.entries for c in e.containers if c.id == "syringe-60-5")
    steps = (Step(rate_ul_per_h=28_000, volume_nl=70_000_000), Step(rate_ul_per_h=14_000, volume_nl=14_000_000))
    first, second = portions(steps, syringe)
    assert (first.number, first.used_nl, first.loaded_nl) == (1, 56_000_000, 60_000_000)
    assert (second.number, second.used_nl, second.loaded_nl) == (2, 28_000_000, 32_000_000)
    assert first.ends_after_ns == 2 * 3_600 * 10**9
    assert second.ends_after_ns == (2 * 3_600 + 1_800 + 3_600) * 10**9


@given(
    st.lists(st.tuples(st.integers(1, 300_000), st.integers(1, 10**8)), min_size=1, max_size=5),
    st.integers(1_000_000, 10**8),
)
def test_plan_loses_nothing_and_overfills_nothing(drawn: list[tuple[int, int]], usable_nl: int) -> None:
    syringe = replace(shipped_rules().library.entries[0].containers[0], capacity_nl=usable_nl, prime_nl=0, dead_nl=0)
    steps = tuple(Step(rate_ul_per_h=rate, volume_nl=volume_nl) for rate, volume_nl in drawn)
    plan = portions(steps, syringe)
    assert sum(each.used_nl for each in plan) == sum(step.volume_nl for step in steps)
    assert all(0 < each.used_nl <= usable_nl for each in plan)
    assert all(each.used_nl == usable_nl for each in plan[:-1])
    assert [each.number for each in plan] == list(range(1, len(plan) + 1))
    whole_ns = sum(duration_for_ns(step.volume_nl, step.rate_ul_per_h, Towards.UP) for step in steps)
    assert whole_ns <= plan[-1].ends_after_ns <= whole_ns + len(plan)  # each part is rounded up by a nanosecond at most


# --- running ----------------------------------------------------------------------------------------------------


def test_pump_is_programmed_with_what_this_container_holds_and_no_more() -> None:
    bed = training()
    leg = bed.infusion().leg
    assert leg is not None
    assert leg.granted.volume_nl == TWO_ML
    assert leg.ends_container
    assert bed.infusion().total_nl == 4_500_000


def test_containers_end_is_a_stop_with_its_own_name_and_the_plan_stands() -> None:
    bed = training()
    plan, step = bed.infusion().plan, bed.infusion().step
    bed.flows_out()
    assert (bed.phase(), bed.pump().why) == (Phase.STOPPED, Why.CONTAINER_ENDED)
    alarm = bed.alarm(Condition.CONTAINER_ENDED)
    assert alarm is not None
    assert alarm.priority is Priority.MEDIUM
    assert bed.alarm(Condition.ENDED) is None
    assert bed.infusion().plan == plan
    assert bed.infusion().step >= step


def test_whole_infusion_out_of_three_containers_gives_its_volume_and_ends() -> None:
    bed = training()
    given_ul = bed.flows_out()
    for number in (2, 3):
        bed.wait(40)
        bed.changed()
        assert bed.infusion().container == number
        assert bed.alarm(Condition.CONTAINER_ENDED) is None
        given_ul += bed.flows_out()
    assert (bed.phase(), bed.pump().why) == (Phase.ENDED, Why.VOLUME_REACHED)
    delivered = bed.infusion().delivered
    assert delivered.low_nl <= given_ul * 1_000 <= delivered.high_nl <= bed.infusion().programme.total_nl + 100_000
    assert given_ul * 1_000 >= bed.infusion().programme.total_nl - 100_000


@pytest.mark.requirement("PWR-02")
def test_step_and_rate_are_kept_over_a_change() -> None:
    bed = training()
    bed.flows_out()
    before = bed.infusion()
    assert before.step == 1
    bed.changed()
    after = bed.infusion()
    assert (after.step, after.rate_ul_per_h, after.plan) == (before.step, before.rate_ul_per_h, before.plan)
    assert after.granted_ul_per_h == before.rate_ul_per_h
    assert after.delivered.low_nl >= before.delivered.low_nl


def test_change_goes_through_read_back_and_the_start_waits_for_the_disk() -> None:
    bed = training()
    bed.flows_out()
    bed.change()
    assert bed.phase() is Phase.CHECKING
    assert bed.sent(Prepare)[0].remaining.volume_nl == TWO_ML
    bed.prepared()
    assert bed.sent(Start)[0].when is When.AFTER_COMMIT


def test_last_container_is_programmed_with_the_rest_of_the_plan() -> None:
    bed = training()
    for _ in range(2):
        bed.flows_out()
        bed.changed()
    infusion = bed.infusion()
    assert infusion.leg is not None
    assert not infusion.leg.ends_container
    assert infusion.leg.granted.volume_nl <= infusion.total_nl - infusion.leg.base.high_nl


@pytest.mark.requirement("PWR-02")
def test_near_end_of_the_container_is_told_and_the_infusions_is_not() -> None:
    bed = ContainerStory(rules=small_containers(TWO_ML))
    bed.begins("FM-3H")  # 4.2 mL/h; told 10 min before: from 700 uL before its end
    bed.drives(1_250, after_s=1_072)
    assert bed.alarm(Condition.CONTAINER_NEAR_END) is None
    bed.drives(1_320, after_s=60)
    assert bed.alarm(Condition.CONTAINER_NEAR_END) is not None
    assert bed.alarm(Condition.NEAR_END) is None


def test_used_up_container_is_not_resumed_but_changed() -> None:
    bed = training()
    bed.flows_out()
    bed.resume(keep=r.Keep.VOLUME)
    assert bed.refusals == {ReasonCode.CONTAINER_USED_UP_NL}
    bed.changed()


def test_stop_at_the_very_end_of_a_container_does_not_end_the_infusion() -> None:
    bed = training()
    bed.drives(1_990, after_s=160)
    bed.done(Drive.INFUSING, infused_ul=1_990)  # its second step has begun
    bed.stop()
    bed.stop_confirmed(infused_ul=2_000)
    assert (bed.phase(), bed.pump().why) == (Phase.STOPPED, Why.STOP_PRESSED)
    assert bed.alarm(Condition.CONTAINER_ENDED) is not None
    bed.changed()


def test_half_full_container_is_changed_from_stopped_at_any_time() -> None:
    bed = training()
    infused_ul = bed.flows(20)
    bed.paused(infused_ul)
    bed.changed()
    leg = bed.infusion().leg
    assert leg is not None
    assert leg.granted.volume_nl == TWO_ML
    assert bed.infusion().container == 2


def test_what_was_taken_before_a_pause_is_not_taken_from_the_container_twice() -> None:
    bed = training()
    infused_ul = bed.flows(20)
    bed.paused(infused_ul)
    bed.resumes(keep=r.Keep.VOLUME)
    leg = bed.infusion().leg
    assert leg is not None
    assert leg.granted.volume_nl <= TWO_ML - infused_ul * 1_000


def test_container_is_not_changed_while_it_runs() -> None:
    bed = training()
    bed.change()
    assert bed.refusals == {ReasonCode.WRONG_PHASE}


def test_wait_for_the_container_gives_less_only_if_a_person_says_so() -> None:
    kept, cut = training(), training()
    for bed, keep in ((kept, r.Keep.VOLUME), (cut, r.Keep.END_TIME)):
        bed.flows_out()
        bed.wait(60)
        bed.changed(keep=keep)
    assert kept.infusion().total_nl == 4_500_000
    assert cut.infusion().total_nl < 4_500_000 - 500_000


# --- the label --------------------------------------------------------------------------------------------------


def test_other_concentration_is_never_connected() -> None:
    bed = drug()
    bed.paused(bed.flows(20))
    for read in (4_999, 5_001, 1_000, 50_000, 0):
        bed.change(concentration_ug_per_ml=read)
        assert bed.refusals == {ReasonCode.LABEL_UG_PER_ML}
    assert bed.phase() is Phase.STOPPED
    assert bed.infusion().container == 1


def test_another_container_than_the_ordered_one_is_refused() -> None:
    bed = drug()
    bed.paused(bed.flows(20))
    bed.change(container="bag-250-2")
    assert bed.refusals == {ReasonCode.CONTAINER_NOT_AS_ORDERED}


@pytest.mark.parametrize("second", [None, TECHNICIAN, Actor(person="nurse-1", role=Role.NURSE)])
def test_drug_that_nobody_checked_in_needs_a_second_person(second: Actor | None) -> None:
    bed = drug()
    bed.paused(bed.flows(20))
    bed.change(checked_in=False, second=second)
    assert bed.refusals == {ReasonCode.SECOND_CHECK_NEEDED}


@pytest.mark.parametrize("second", [SECOND, PHARMACIST])
def test_second_person_opens_the_way_for_a_drug(second: Actor) -> None:
    bed = drug()
    bed.paused(bed.flows(20))
    bed.change(checked_in=False, second=second)
    assert bed.reply is not None
    assert bed.reply.accepted


def test_nobody_who_may_not_resume_changes_a_container() -> None:
    bed = training()
    bed.flows_out()
    for actor, why in ((None, ReasonCode.NOT_SIGNED_IN), (PHARMACIST, ReasonCode.ROLE_MAY_NOT)):
        bed.change(actor=actor)
        assert why in bed.refusals


# --- doubt and restart ------------------------------------------------------------------------------------------


def test_restart_knows_which_container_hangs_and_what_is_left_in_it() -> None:
    bed = training()
    bed.flows_out()
    bed.changed()
    infused_ul = bed.flows(10)
    before = bed.infusion()
    bed.boot(away_s=1)
    bed.connect()
    bed.drives(infused_ul + 15, rate=before.rate_ul_per_h, after_s=1)
    after = bed.infusion()
    assert bed.phase() is Phase.INFUSING
    assert (after.container, after.container_from) == (2, before.container_from)
    assert before.leg is not None
    assert after.leg is not None
    assert after.leg.granted == before.leg.granted
    bed.report(Drive.STILL, infused_ul=2_000, after_s=120)
    assert (bed.phase(), bed.pump().why) == (Phase.STOPPED, Why.CONTAINER_ENDED)


@given(st.lists(st.integers(1, 1_500), min_size=1, max_size=6))
def test_however_often_it_is_paused_no_container_gives_more_than_it_holds(pauses_ul: list[int]) -> None:
    bed = training()
    taken_ul = 0
    for pause_ul in pauses_ul:
        leg = bed.infusion().leg
        assert leg is not None
        infused_ul = min(pause_ul, leg.granted.volume_nl // 1_000)
        bed.drives(infused_ul, after_s=infused_ul * 3_600 / 36_000)
        if bed.pump().command is not None:
            bed.done(Drive.INFUSING, infused_ul=infused_ul)
        bed.paused(infused_ul)
        taken_ul += infused_ul
        assert taken_ul * 1_000 <= TWO_ML + STEP_NL
        bed.resume(keep=r.Keep.VOLUME)
        assert bed.reply is not None
        if not bed.reply.accepted:
            assert bed.refusals == {ReasonCode.CONTAINER_USED_UP_NL}
            assert taken_ul * 1_000 > TWO_ML - 10 * REST_SMALLEST_NL
            return
        bed.prepared()
        bed.done(Drive.INFUSING)


def test_no_container_is_changed_where_none_hangs() -> None:
    bed = ContainerStory()
    bed.connect()
    bed.report()
    bed.take(
        r.ContainerChangeRequested(
            at_ns=bed.now_ns, request_id="c", actor=NURSE, slot="p1", container="syringe-60-5",
            concentration_ug_per_ml=5_000, lot="L-7", checked_in=True, second=None, keep=r.Keep.VOLUME,
        )
    )  # fmt: skip
    assert ReasonCode.WRONG_PHASE in bed.refusals
