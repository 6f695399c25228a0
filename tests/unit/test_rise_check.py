"""Beyond the programme another person enters the new dose from label and order before anything rises in a visit."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.api_moment import Moment
from pumpd.api_preparation_views import check_task
from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import preview_rise
from pumpd.core.codes import ReasonCode
from pumpd.core.deliveries import BeyondAgreed
from pumpd.core.effects import Stop
from pumpd.core.evolve import evolve
from pumpd.core.people import Role
from pumpd.core.preparation import CheckField
from pumpd.core.preparation_facts import RiseChecked, RiseDiffered, RiseProposed
from pumpd.core.preparation_requests import RiseCheckEntered
from pumpd.core.pump import Drive
from pumpd.core.raising import agrees_alone
from pumpd.core.rise_proposed import RiseEntered
from pumpd.testing.bed_story import NURSE, SECOND, BedStory
from pumpd.testing.path_story import PRESCRIBER, PathStory

MG: Final = 200  # 1 mg/h of 5 mg/mL, in uL/h
WANTED: Final = 12 * MG  # of 10 mg/h that run, before the order's hour is over
AGREED: Final = r.Override(reason="pain unchanged", second=PRESCRIBER)
RIGHT: Final = RiseEntered(drug="Ketamine ", concentration_ug_per_ml=5_000, dose=12_000)


def running() -> PathStory:
    """CRPS, five days, in a visit: the first minute at 10 mg/h."""
    story = PathStory()
    story.begins("CRPS-IP5")
    story.drives(1)
    return story


def waits() -> PathStory:
    """A nurse wants 12 mg/h at once, with a prescriber who agrees; it is put down for somebody else."""
    story = running()
    story.rises_to(WANTED, override=AGREED)
    assert story.refusals == {ReasonCode.RISE_CHECK_NEEDED}
    return story


def checks(story: PathStory, actor: Actor | None = SECOND, entered: RiseEntered = RIGHT) -> None:
    story.by(RiseCheckEntered, actor, entered=entered)


def is_set(story: BedStory) -> bool:
    """The pump takes the larger volume standing still: it is on its way."""
    return bool(story.sent(Stop))


def rises(story: PathStory) -> None:
    story.rises_to(WANTED, override=AGREED)


def test_two_who_agree_at_one_page_raise_nothing_beyond_the_order_until_another_has_checked_it() -> None:
    story = waits()
    assert not is_set(story)
    checks(story)
    story.accepted()
    rises(story)
    story.accepted()
    assert is_set(story)
    (fact,) = [each for each in story.last.facts if isinstance(each, BeyondAgreed)]
    assert (fact.person, fact.override_person, fact.checked_by) == (NURSE.person, PRESCRIBER.person, SECOND.person)


def test_whoever_checks_is_told_which_pump_and_units_and_no_value() -> None:
    story = waits()
    rise = check_task(story.state, story.setup, story.visit, Moment(now_ns=story.now_ns, wall_ms=0)).rise
    assert rise is not None
    assert {each.field: each.unit for each in rise.fields} == {
        CheckField.DRUG: "", CheckField.CONCENTRATION: "mg/mL", CheckField.DOSE: "mg/h",
    }  # fmt: skip
    assert not any(figure.isdecimal() for each in rise.fields for figure in each.text)


@pytest.mark.parametrize("second", [SECOND, PRESCRIBER, Actor(person="pharmacist-1", role=Role.PHARMACIST)])
def test_a_nurse_a_prescriber_or_a_pharmacist_checks(second: Actor) -> None:
    story = waits()
    checks(story, second)
    story.accepted()


def test_two_are_enough_where_the_prescriber_is_who_checks_it() -> None:
    story = running()
    story.rises_to(WANTED)
    checks(story, PRESCRIBER)
    story.rises_to(WANTED)
    assert ReasonCode.OVERRIDE_NEEDED in story.refusals, "nobody has said why"
    story.rises_to(WANTED, reason="pain unchanged")
    story.accepted()
    assert is_set(story)
    (fact,) = [each for each in story.last.facts if isinstance(each, BeyondAgreed)]
    assert (fact.override_reason, fact.override_person, fact.checked_by) == (
        "pain unchanged", PRESCRIBER.person, PRESCRIBER.person,
    )  # fmt: skip


def test_two_are_enough_where_a_prescriber_wants_it_and_a_nurse_checks_it() -> None:
    story = running()
    story.rises_to(WANTED, actor=PRESCRIBER)
    checks(story)
    story.rises_to(WANTED, actor=PRESCRIBER, reason="pain unchanged")
    story.accepted()


def test_two_nurses_write_no_order() -> None:
    story = running()
    story.rises_to(WANTED)
    checks(story)
    story.rises_to(WANTED, reason="pain unchanged")
    assert story.refusals == {ReasonCode.PRESCRIBER_NEEDED}


def test_whoever_checked_another_rate_or_too_long_ago_agrees_with_nothing() -> None:
    story = running()
    story.rises_to(WANTED)
    checks(story, PRESCRIBER)
    story.rises_to(WANTED + MG, reason="pain unchanged")
    assert ReasonCode.OVERRIDE_NEEDED in story.refusals
    story.rises_to(WANTED)
    checks(story, PRESCRIBER)
    story.wait(601)
    story.drives(400)
    story.rises_to(WANTED, reason="pain unchanged")
    assert ReasonCode.OVERRIDE_NEEDED in story.refusals


def test_a_check_of_an_older_journal_agrees_with_nothing_by_itself() -> None:
    story = waits()
    old = RiseChecked(at_ns=story.now_ns, visit=story.visit.visit, person=PRESCRIBER.person, entered=RIGHT)
    story.state, story.kept = evolve(story.state, old), evolve(story.kept, old)
    story.rises_to(WANTED, reason="pain unchanged")
    assert ReasonCode.OVERRIDE_NEEDED in story.refusals
    rises(story)
    story.accepted()


def test_whoever_wants_it_checks_nothing_and_neither_does_somebody_who_only_looks() -> None:
    story = waits()
    checks(story, NURSE)
    assert story.refusals == {ReasonCode.RISE_CHECK_BY_THE_FIRST}
    checks(story, Actor(person="v", role=Role.VIEWER))
    assert story.refusals == {ReasonCode.ROLE_MAY_NOT}
    rises(story)
    assert story.refusals == {ReasonCode.RISE_CHECK_NEEDED}


@pytest.mark.parametrize(
    ("entered", "field"),
    [
        (replace(RIGHT, drug="ketorolac"), CheckField.DRUG),
        (replace(RIGHT, concentration_ug_per_ml=1_000), CheckField.CONCENTRATION),
        (replace(RIGHT, dose=1_200), CheckField.DOSE),
    ],
)
def test_a_difference_closes_the_gate_is_on_record_and_is_asked_for_anew(
    entered: RiseEntered, field: CheckField
) -> None:
    story = waits()
    checks(story, entered=entered)
    assert story.refusals == {ReasonCode.RISE_CHECK_DIFFERED}
    (fact,) = [each for each in story.last.facts if isinstance(each, RiseDiffered)]
    assert fact.differed == (field,)
    assert fact.rise.wanted_ul_per_h == WANTED
    checks(story)
    assert story.refusals == {ReasonCode.NO_RISE_TO_CHECK}, "nobody reaches agreement by trying"
    rises(story)
    assert story.refusals == {ReasonCode.RISE_CHECK_NEEDED}
    checks(story)
    rises(story)
    story.accepted()


def test_what_was_checked_is_used_once_at_that_rate_and_for_no_other() -> None:
    story = waits()
    checks(story)
    story.rises_to(WANTED + MG, override=AGREED)
    assert story.refusals == {ReasonCode.RISE_CHECK_NEEDED}
    rises(story)
    assert story.refusals == {ReasonCode.RISE_CHECK_NEEDED}, "what was wanted last takes the place of it"
    checks(story)
    rises(story)
    story.accepted()
    assert story.visit.rise is None
    story.stop_confirmed(infused_ul=1)
    story.prepared()
    story.done(Drive.INFUSING)
    story.rate(10 * MG)
    story.done(Drive.INFUSING, rate=10 * MG, infused_ul=1)
    story.rises_to(13 * MG, override=AGREED)
    assert story.refusals == {ReasonCode.RISE_CHECK_NEEDED}


def test_a_check_counts_as_long_as_a_review_does() -> None:
    story = waits()
    story.wait(601)
    story.drives(400)
    checks(story)
    assert story.refusals == {ReasonCode.NO_RISE_TO_CHECK}
    rises(story)
    checks(story)
    story.wait(601)
    story.drives(700)
    rises(story)
    assert ReasonCode.RISE_CHECK_NEEDED in story.refusals


def test_nothing_waits_for_a_second_person_while_anything_else_speaks_against_it() -> None:
    story = running()
    story.rate(WANTED)  # without its review
    assert {ReasonCode.RISE_TO_BE_READ_UL_PER_H, ReasonCode.RISE_CHECK_NEEDED} <= story.refusals
    story.rises_to(60 * MG, override=AGREED)
    assert ReasonCode.RISE_CHECK_NEEDED not in story.refusals, "a hard limit needs no second person to refuse"
    assert not [fact for fact in story.facts if isinstance(fact, RiseProposed)]


def test_what_only_lacks_people_is_put_down_once_for_whoever_checks_it() -> None:
    story = running()
    story.rises_to(WANTED)
    story.rises_to(WANTED)
    assert {ReasonCode.OVERRIDE_NEEDED, ReasonCode.RISE_CHECK_NEEDED} <= story.refusals
    assert len([fact for fact in story.facts if isinstance(fact, RiseProposed)]) == 1


def test_stop_pause_decrease_and_going_on_with_the_same_rest_ask_for_no_check() -> None:
    story = waits()
    story.rate(8 * MG)
    story.accepted()
    story.done(Drive.INFUSING, rate=8 * MG, infused_ul=1)
    story.rises_to(10 * MG)
    story.accepted()
    story.done(Drive.INFUSING, rate=10 * MG, infused_ul=1)
    story.paused(1)
    story.resume()
    story.accepted()
    story.stop()
    story.accepted()


def test_without_a_visit_two_people_at_one_page_are_enough_as_before() -> None:
    bed = BedStory()
    bed.runs("CRPS-IP5")
    bed.drives(1)
    bed.rises_to(WANTED, override=AGREED)
    assert is_set(bed)


def test_what_waits_is_of_the_patient_who_is_there() -> None:
    story = waits()
    story.leaves_bed()
    story.by(RiseCheckEntered, SECOND, visit="v1", entered=RIGHT)
    assert ReasonCode.VISIT_NOT_AT_BED in story.refusals


def test_a_check_survives_a_restart_of_the_daemon() -> None:
    story = waits()
    checks(story)
    story.boot(away_s=2)
    story.connect()
    story.drives(1)
    story.drives(2)
    rises(story)
    story.accepted()


@given(st.integers(min_value=10_100, max_value=14_900), st.integers(min_value=9_000, max_value=16_000))
def test_two_doses_agree_within_a_hundredth_or_the_finest_step_of_the_pump_and_never_beyond(
    wanted_ug_per_h: int, entered_ug_per_h: int
) -> None:
    story = running()
    wanted = wanted_ug_per_h // 5  # 5 mg/mL, by a whole microlitre an hour
    story.rises_to(wanted, override=AGREED)
    checks(story, entered=replace(RIGHT, dose=entered_ug_per_h))
    apart = abs(entered_ug_per_h - wanted * 5)
    finest = story.setup.info("p1").rate_step_ul_per_h * 5
    assert story.reply is not None
    assert story.reply.accepted == (apart * 100 <= entered_ug_per_h or apart <= finest)


def test_the_review_says_that_it_waits_who_has_checked_it_and_whether_that_is_enough() -> None:
    story = running()

    def read(asker: Actor | None = NURSE) -> tuple[bool, str | None, bool]:
        review = preview_rise(story.state, "p1", WANTED, story.setup, story.now_ns)
        assert review is not None
        return review.to_be_checked, review.checked_by, agrees_alone(review, asker)

    assert read() == (True, None, False)
    rises(story)
    assert read() == (True, None, False)
    checks(story)
    assert read() == (True, SECOND.person, False)
    assert read(PRESCRIBER) == (True, SECOND.person, True), "one of the two is a prescriber"
    assert read(None) == (True, SECOND.person, False)
    story.rises_to(WANTED + MG)  # another one takes the place of it
    rises(story)
    checks(story, PRESCRIBER)
    assert read() == (True, PRESCRIBER.person, True)
    assert read(PRESCRIBER) == (True, PRESCRIBER.person, False), "nobody agrees with themselves"
