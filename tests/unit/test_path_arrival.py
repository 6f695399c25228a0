"""From a signed series to a visit at the bed, and what a start asks of it."""

from __future__ import annotations

from typing import Any

import pytest

from pumpd.core.actor import Actor
from pumpd.core.arrival_requests import SeriesSignRequested, VisitOpenRequested
from pumpd.core.bed import preview
from pumpd.core.codes import Phase, ReasonCode
from pumpd.core.evolve import evolve
from pumpd.core.facts import BootStarted
from pumpd.core.order import WeightBasis
from pumpd.core.people import Role
from pumpd.core.steps import StepMode
from pumpd.core.units import NS_PER_S
from pumpd.core.visit import Place
from pumpd.testing.bed_story import SECOND, BedStory
from pumpd.testing.path_story import PATIENT, PRESCRIBER, PathStory, series_order


def test_a_drug_needs_a_visit_and_saline_for_training_does_not() -> None:
    story = PathStory()
    story.connected()
    story.start("MDD-2x3")
    assert ReasonCode.NO_VISIT in story.refusals
    story.start("TRAIN-5MIN")
    assert story.reply is not None
    assert story.reply.accepted


def test_only_a_prescriber_signs_and_it_holds_as_signed() -> None:
    story = PathStory()
    story.sign("MDD-2x3", actor=SECOND)
    assert story.refusals == {ReasonCode.ROLE_MAY_NOT}
    story.sign("MDD-2x3")
    (signed,) = story.state.path.series
    assert (signed.prescriber, signed.patient, signed.signed_day) == (PRESCRIBER.person, PATIENT, story.today)


def test_a_visit_of_another_patient_does_not_begin_while_one_is_at_the_bed() -> None:
    story = PathStory()
    story.sign("MDD-2x3", series="s1")
    story.sign("MDD-2x3", series="s2")
    story.opens(series="s1", visit="v1")
    story.opens(series="s2", visit="v2")
    assert story.refusals == {ReasonCode.BED_TAKEN}
    assert [each.visit for each in story.state.path.visits] == ["v1"]


def test_a_visit_that_is_over_is_not_opened_again_and_its_record_stays_closed() -> None:
    story = PathStory()
    story.sign("MDD-2x3", series="s1")
    story.opens(visit="v1")
    story.leaves_bed()
    story.wait(60)
    story.opens(visit="v1", number=2)
    assert story.refusals == {ReasonCode.VISIT_KNOWN}
    assert story.state.path.at_bed is None
    (known,) = story.state.path.visits
    assert (known.number, known.place) == (1, Place.CLOSED)


@pytest.mark.parametrize(
    ("number", "expires", "code"),
    [(7, 90, ReasonCode.SERIES_VISITS), (0, 90, ReasonCode.SERIES_VISITS), (1, -1, ReasonCode.SERIES_EXPIRED)],
)
def test_a_visit_that_the_series_does_not_cover_does_not_begin(number: int, expires: int, code: ReasonCode) -> None:
    story = PathStory()
    story.sign("MDD-2x3", series="s1")
    story.today += 0 if expires > 0 else 91
    story.opens(series="s1", number=number)
    assert story.refusals == {code}


def test_a_start_is_of_the_visits_own_order_and_names_it() -> None:
    """Two patients with the same order are still two patients."""
    story = PathStory()
    story.connected()
    story.sign("MDD-2x3", series="s1")
    story.opens(series="s1", visit="v1")
    story.start_visit(named="v2")
    assert ReasonCode.ORDER_NOT_THE_VISITS in story.refusals
    story.start_visit(named="v1", weight_g=71_000)
    assert ReasonCode.ORDER_NOT_THE_VISITS in story.refusals


def test_times_of_the_path_move_with_a_boot_of_the_machine() -> None:
    story = PathStory()
    story.sign("MDD-2x3", series="s1")
    story.opens(series="s1", visit="v1")
    boot = BootStarted(at_ns=5 * NS_PER_S, boot="b2", kernel_boot="k2", shift_ns=-900 * NS_PER_S, slots=("p1",))
    moved = evolve(story.state, boot)
    before, after = story.state.path.visits[0], moved.path.visits[0]
    assert after.opened_at_ns == before.opened_at_ns - 900 * NS_PER_S
    assert moved.path.series[0].signed_at_ns == story.state.path.series[0].signed_at_ns - 900 * NS_PER_S
    assert (after.opened_day, after.order) == (before.opened_day, before.order)


def test_a_bed_that_keeps_no_path_asks_for_no_visit() -> None:
    story = BedStory()
    story.runs("PAIN-4H")
    assert story.phase() is Phase.INFUSING


def test_requests_of_the_path_are_for_people_who_are_signed_in() -> None:
    story = PathStory()
    order = series_order("MDD-2x3")
    story.take(SeriesSignRequested(at_ns=story.now_ns, request_id="a", actor=None, order=order, today_day=story.today))
    assert story.refusals == {ReasonCode.NOT_SIGNED_IN}
    viewer = Actor(person="v", role=Role.VIEWER)
    story.sign("MDD-2x3", series="s1")
    story.take(
        VisitOpenRequested(
            at_ns=story.now_ns, request_id="b", actor=viewer, visit="v1", series="s1", number=1, today_day=story.today
        )
    )
    assert story.refusals == {ReasonCode.ROLE_MAY_NOT}
    assert story.state.path.at_bed is None
    assert [each for each in story.state.path.visits if each.place is Place.AT_BED] == []


# --- what a prescriber signs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"failed_treatments": ()}, ReasonCode.FAILED_TREATMENTS_NEEDED),
        ({"failed_treatments": (" ",)}, ReasonCode.FAILED_TREATMENTS_NEEDED),
        ({"consent_day": None}, ReasonCode.CONSENT_NEEDED),
        ({"consent_day": 20_001}, ReasonCode.CONSENT_NEEDED),
        ({"weighed_day": 20_001}, ReasonCode.DAY_TO_COME),
        ({"weight_g": 95_000, "height_mm": 1_630}, ReasonCode.WEIGHT_BASIS_BMI_MILLI),
        ({"container": "bag-100-1"}, ReasonCode.CONTAINER_NOT_FOR_PUMP),
        ({"age_years": 17}, ReasonCode.AGE_YEARS),
    ],
)
def test_what_would_refuse_every_visit_is_told_to_the_prescriber_who_signs(
    said: dict[str, Any], code: ReasonCode
) -> None:
    story = PathStory()
    story.sign("MDD-2x3", **said)
    assert story.refusals == {code}


def test_an_order_of_a_heavy_patient_says_which_weight_the_dose_is_for() -> None:
    story = PathStory()
    story.sign("MDD-2x3", weight_g=95_000, height_mm=1_630, weight_basis=WeightBasis.ACTUAL)
    story.accepted()


def test_saline_for_training_has_failed_nobody_and_needs_no_consent() -> None:
    story = PathStory()
    story.sign("TRAIN-5MIN", failed_treatments=(), consent_day=None)
    story.accepted()


def test_a_second_order_under_a_known_name_is_refused_and_the_first_stands_as_signed() -> None:
    story = PathStory()
    story.sign("MDD-2x3", series="s1")
    story.sign("MDD-2x3", series="s1", weight_g=71_000)
    assert story.refusals == {ReasonCode.SERIES_KNOWN}
    (signed,) = story.state.path.series
    assert signed.weight_g == 70_000


def test_an_amendment_is_a_new_order_and_the_one_before_takes_no_further_visit() -> None:
    story = PathStory()
    story.sign("MDD-2x3", series="s1")
    story.sign("MDD-2x3", series="other", patient="patient-2")
    story.sign("MDD-2x3", series="s2", replaces="other")
    assert story.refusals == {ReasonCode.NOTHING_TO_REPLACE}
    story.sign("MDD-2x3", series="s2", replaces="s1")
    story.accepted()
    story.sign("MDD-2x3", series="s3", replaces="s1")
    assert story.refusals == {ReasonCode.SERIES_REPLACED}
    story.opens(series="s1")
    assert story.refusals == {ReasonCode.SERIES_REPLACED}
    story.opens(series="s2")
    story.accepted()


def test_a_visit_that_is_open_keeps_the_order_that_it_was_opened_with() -> None:
    story = PathStory()
    story.sign("MDD-2x3", series="s1")
    story.opens(series="s1")
    before = (story.visit.order, story.visit.signed)
    story.sign("MDD-2x3", series="s2", replaces="s1", weight_g=71_000)
    story.accepted()
    assert (story.visit.order, story.visit.signed) == before


def test_the_orders_own_maximum_lowers_every_step_that_is_above_it_and_says_so() -> None:
    story = PathStory()
    story.connected()
    story.sign("NP-OP5", max_ug_per_h=40_000)
    story.opens()
    review = story.review()
    assert review.programme is not None
    highest = max(step.rate_ul_per_h for step in review.programme.steps)
    assert highest * review.programme.concentration_ug_per_ml <= 40_000 * 1_000
    assert ReasonCode.ORDER_MAXIMUM_UG_PER_H in {each.code for each in review.grant.reasons}
    assert story.visit.order.max_ug_per_h == 40_000


def test_the_orders_own_maximum_binds_a_titration_too() -> None:
    story = PathStory()
    story.connected()
    story.sign("CRPS-IP5", max_ug_per_h=20_000)
    story.opens()
    programme = story.review().programme
    assert programme is not None
    assert programme.titrated is not None
    assert programme.titrated.highest_ul_per_h * programme.concentration_ug_per_ml == 20_000 * 1_000


def test_the_order_says_whether_a_due_step_asks() -> None:
    story = PathStory()
    story.connected()
    for series, steps in (("s1", None), ("s2", StepMode.AUTOMATIC)):
        order = series_order("PAIN-4H", series=series, steps=steps).order_for(1)
        programme = preview(story.state, "p1", order, story.setup, story.now_ns).programme
        assert programme is not None
        assert programme.mode is (StepMode.ASK if steps is None else steps)
