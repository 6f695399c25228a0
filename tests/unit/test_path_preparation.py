"""Label, line, premedication and the independent double check: what closes their gates, and what opens them."""

from __future__ import annotations

from typing import Any, Final

import pytest

from pumpd.api_moment import Moment
from pumpd.api_preparation_views import check_task
from pumpd.core.actor import Actor
from pumpd.core.check_in import Item
from pumpd.core.codes import Phase, ReasonCode
from pumpd.core.people import Role
from pumpd.core.preparation import CheckField
from pumpd.core.preparation_facts import CheckDiffered
from pumpd.core.preparation_requests import CheckEntered, LabelRead, PremedicationGiven, PremedicationOmitted
from pumpd.core.prescribed import Premedication, Route
from pumpd.core.requests import ContainerChangeRequested
from pumpd.core.writer_facts import WriterTaken
from pumpd.testing.bed_story import NURSE, SECOND
from pumpd.testing.path_story import PRESCRIBER, PathStory

PHARMACIST: Final = Actor(person="pharmacist-1", role=Role.PHARMACIST)
MIDAZOLAM: Final = Premedication(drug="midazolam", dose_ug=2_000, route=Route.VEIN, wait_s=300, sedating=True)
CLONIDINE: Final = Premedication(drug="cloNIDine", dose_ug=100, route=Route.MOUTH, wait_s=1_800)


def checked_in(regimen: str = "MDD-2x3", *before: Premedication) -> PathStory:
    story = PathStory()
    story.connected()
    story.sign(regimen, premedication=before)
    story.opens()
    story.checks_in()
    return story


def test_whoever_passes_every_gate_starts_and_by_the_pumps_own_report_infuses() -> None:
    story = PathStory()
    story.passes_to_start("PAIN-4H")
    story.start_visit()
    story.accepted()
    assert story.phase() is Phase.CHECKING
    assert story.infusion().visit == story.visit.visit


# --- label and line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"drug": "ketorolac"}, ReasonCode.LABEL_DRUG_DIFFERS),
        ({"concentration_ug_per_ml": 1_000}, ReasonCode.LABEL_UG_PER_ML),
        ({"lot": " "}, ReasonCode.LOT_NEEDED),
        ({"expires_day": 19_999}, ReasonCode.LABEL_EXPIRED),
        ({"capacity_nl": 50_000_000}, ReasonCode.CONTAINER_SIZE_NL),
        ({"brand": ""}, ReasonCode.SYRINGE_BRAND),
        ({"brand": "Terumo"}, ReasonCode.SYRINGE_BRAND),
    ],
)
def test_a_label_that_is_not_the_orders_is_refused_and_opens_nothing(wrong: dict[str, Any], code: ReasonCode) -> None:
    story = checked_in("PAIN-4H")
    story.setup = story.with_brand("bd")
    story.reads_label(**wrong)
    assert story.refusals == {code}
    assert ReasonCode.LABEL_NOT_READ in story.missing
    story.reads_label()
    story.accepted()
    assert ReasonCode.LABEL_NOT_READ not in story.missing


def test_a_site_that_names_no_brand_takes_any_and_keeps_it_on_record() -> None:
    story = checked_in()
    story.reads_label(brand="Terumo")
    story.accepted()
    assert story.visit.label is not None
    assert story.visit.label.reading.brand == "Terumo"


def test_a_line_primed_before_this_visit_is_not_this_visits() -> None:
    story = PathStory()
    story.connected()
    story.sign("PAIN-4H")
    story.opens(visit="v0")
    story.primes()
    story.accepted()
    story.leaves_bed()
    story.wait(60)
    story.opens(visit="v1", number=2)
    assert ReasonCode.NOT_PRIMED in story.missing
    story.primes()
    assert ReasonCode.NOT_PRIMED not in story.missing


# --- premedication --------------------------------------------------------------------------------------------------


def test_what_was_ordered_before_the_start_is_given_and_had_its_time_to_act() -> None:
    story = checked_in("CRPS-OP10", MIDAZOLAM, CLONIDINE)
    assert ReasonCode.PREMEDICATION_NOT_GIVEN in story.missing
    story.gives_premedication()
    assert ReasonCode.PREMEDICATION_WAIT_S in story.missing
    story.wait(1_799)
    assert ReasonCode.PREMEDICATION_WAIT_S in story.missing, "the longest wait counts"
    story.wait(1)
    assert not {ReasonCode.PREMEDICATION_NOT_GIVEN, ReasonCode.PREMEDICATION_WAIT_S} & story.missing


def test_a_premedication_counts_from_when_it_was_given_and_not_from_when_it_was_written_down() -> None:
    story = checked_in("CRPS-OP10", MIDAZOLAM)
    story.wait(300)
    story.gives_premedication(ago_s=300)
    assert ReasonCode.PREMEDICATION_WAIT_S not in story.missing


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"drug": "lorazepam"}, ReasonCode.PREMEDICATION_NOT_ORDERED),
        ({"dose_ug": 2_001}, ReasonCode.PREMEDICATION_DOSE_UG),
        ({"dose_ug": 0}, ReasonCode.PREMEDICATION_DOSE_UG),
        ({"route": Route.MOUTH}, ReasonCode.PREMEDICATION_DOSE_UG),
        ({"ago_s": 3_600}, ReasonCode.TIME_NOT_IN_VISIT),
        ({"ago_s": -60}, ReasonCode.TIME_NOT_IN_VISIT),
    ],
)
def test_another_drug_dose_way_or_time_than_was_ordered_is_refused(said: dict[str, Any], code: ReasonCode) -> None:
    story = checked_in("CRPS-OP10", MIDAZOLAM)
    right: dict[str, Any] = {"drug": "Midazolam", "dose_ug": 2_000, "route": Route.VEIN, "given_by": "", "ago_s": 0}
    story.by(PremedicationGiven, **(right | said))
    assert story.refusals == {code}
    story.by(PremedicationGiven, **right)
    story.accepted()
    story.by(PremedicationGiven, **right)
    assert story.refusals == {ReasonCode.PREMEDICATION_GIVEN_BEFORE}, "a second dose is another order"


def test_what_is_left_out_needs_a_reason_and_no_wait() -> None:
    story = checked_in("CRPS-OP10", MIDAZOLAM)
    story.by(PremedicationOmitted, drug="midazolam", why="")
    assert story.refusals == {ReasonCode.REASON_NEEDED}
    story.by(PremedicationOmitted, drug="midazolam", why="took lorazepam at home")
    story.accepted()
    assert not {ReasonCode.PREMEDICATION_NOT_GIVEN, ReasonCode.PREMEDICATION_WAIT_S} & story.missing


# --- double check ---------------------------------------------------------------------------------------------------


def ready_to_check() -> PathStory:
    story = checked_in("PAIN-4H")
    story.reads_label()
    return story


@pytest.mark.parametrize("second", [SECOND, PHARMACIST, PRESCRIBER])
def test_a_second_nurse_a_pharmacist_or_a_prescriber_checks(second: Actor) -> None:
    story = ready_to_check()
    assert ReasonCode.CHECK_NEEDED in story.missing
    story.second_checks(second)
    story.accepted()
    assert ReasonCode.CHECK_NEEDED not in story.missing


@pytest.mark.parametrize(("regimen", "unit"), [("MDD-2x3", "mg/kg"), ("PAIN-4H", "mg/kg/h"), ("CRPS-IP5", "mg/h")])
def test_the_second_person_is_told_in_which_unit_the_order_has_the_dose(regimen: str, unit: str) -> None:
    story = checked_in(regimen)
    task = check_task(story.state, story.setup, story.visit, Moment(now_ns=story.now_ns, wall_ms=0))
    asked = {each.field: each.unit for each in task.fields}
    assert asked[CheckField.DOSE] == unit
    assert (asked[CheckField.WEIGHT], asked[CheckField.CONCENTRATION], asked[CheckField.SIZE]) == ("kg", "mg/mL", "mL")
    assert not asked[CheckField.DRUG]


def test_whoever_prepared_it_is_no_second_person_and_neither_is_somebody_who_only_looks() -> None:
    story = ready_to_check()
    story.second_checks(NURSE)
    assert story.refusals == {ReasonCode.CHECK_BY_THE_FIRST}
    story.second_checks(Actor(person="v", role=Role.VIEWER))
    assert story.refusals == {ReasonCode.ROLE_MAY_NOT}
    story.by(WriterTaken, SECOND)
    story.reads_label(SECOND)
    story.second_checks(SECOND)
    assert story.refusals == {ReasonCode.CHECK_BY_THE_FIRST}


@pytest.mark.parametrize(
    ("said", "field", "again"),
    [
        ({"weight_g": 154_000}, CheckField.WEIGHT, ReasonCode.NOT_WEIGHED),
        ({"drug": "ketorolac"}, CheckField.DRUG, ReasonCode.LABEL_NOT_READ),
        ({"concentration_ug_per_ml": 1_000}, CheckField.CONCENTRATION, ReasonCode.LABEL_NOT_READ),
        ({"brand": "Terumo"}, CheckField.BRAND, ReasonCode.LABEL_NOT_READ),
        ({"capacity_nl": 50_000_000}, CheckField.SIZE, ReasonCode.LABEL_NOT_READ),
        ({"dose": 5_000}, CheckField.DOSE, ReasonCode.CHECK_DIFFERED),
    ],
)
def test_a_difference_stops_is_on_record_with_both_values_and_is_read_off_its_source_again(
    said: dict[str, Any], field: CheckField, again: ReasonCode
) -> None:
    story = ready_to_check()
    story.second_checks(**said)
    assert story.refusals == {ReasonCode.CHECK_DIFFERED}
    (fact,) = [each for each in story.last.facts if isinstance(each, CheckDiffered)]
    assert fact.differed == (field,)
    assert again in story.missing
    if again is ReasonCode.NOT_WEIGHED:
        story.second_checks(weight_g=70_000)
        assert story.refusals == {ReasonCode.NOT_WEIGHED}, "nobody reaches agreement by trying"
        story.weighs()
    elif again is ReasonCode.LABEL_NOT_READ:
        story.second_checks()
        assert story.refusals == {ReasonCode.LABEL_NOT_READ}, "nobody reaches agreement by trying"
        story.reads_label()
    story.second_checks()
    story.accepted()
    assert not {ReasonCode.CHECK_DIFFERED, ReasonCode.CHECK_NEEDED} & story.missing


@pytest.mark.parametrize(("visit", "code"), [("v0", ReasonCode.VISIT_NOT_AT_BED), ("v9", ReasonCode.NO_SUCH_VISIT)])
def test_a_label_and_a_check_of_a_visit_that_is_not_at_the_bed_open_no_gate_of_the_one_that_is(
    visit: str, code: ReasonCode
) -> None:
    """A page that still shows the patient before, or one that this bed has never had."""
    story = PathStory()
    story.connected()
    story.sign("PAIN-4H")
    story.opens(visit="v0")
    story.checks_in()
    story.reads_label()
    story.leaves_bed()
    story.opens(visit="v1", number=2)
    story.checks_in()
    story.by(LabelRead, visit=visit, reading=story.reading(), today_day=story.today)
    assert story.refusals == {code}
    assert ReasonCode.LABEL_NOT_READ in story.missing
    story.reads_label()
    story.by(CheckEntered, SECOND, visit=visit, entered=story.entered())
    assert story.refusals == {code}
    assert ReasonCode.CHECK_NEEDED in story.missing


@pytest.mark.parametrize("anew", ["reads_label", "weighs"])
def test_what_is_read_or_weighed_after_the_check_is_checked_again(anew: str) -> None:
    story = ready_to_check()
    story.second_checks()
    story.wait(1)
    getattr(story, anew)()
    story.accepted()
    assert ReasonCode.CHECK_NEEDED in story.missing


def test_the_next_container_is_read_and_checked_for_itself() -> None:
    story = PathStory()
    story.passes_to_start("PAIN-4H")
    story.start_visit()
    story.accepted()
    assert {ReasonCode.LABEL_NOT_READ, ReasonCode.CHECK_NEEDED} <= story.missing
    assert story.visit.hung == 1


def test_a_stop_needs_nothing_of_all_this() -> None:
    story = PathStory()
    story.passes_to_start("PAIN-4H")
    story.start_visit()
    story.answers(Item.ALLERGIES)
    story.stop()
    story.accepted()


def test_in_a_visit_a_container_that_was_not_checked_in_does_not_follow_whoever_signs_beside_it() -> None:
    story = PathStory()
    story.begins("PAIN-4H")
    story.paused(story.flows(10))

    def changes() -> None:
        order = story.visit.order
        story.take(
            ContainerChangeRequested(
                at_ns=story.now_ns, request_id=story.request_id(), actor=NURSE, slot="p1", container=order.container,
                concentration_ug_per_ml=5_000, lot="L 17", second=SECOND,
            )
        )  # fmt: skip

    changes()
    assert story.refusals == {ReasonCode.LABEL_NOT_READ}
    story.reads_label(lot="L 18")
    changes()
    assert story.refusals == {ReasonCode.LABEL_NOT_READ}, "another one was read"
    story.reads_label()
    changes()
    assert story.refusals == {ReasonCode.CHECK_NEEDED}
    story.second_checks()
    changes()
    story.accepted()
    assert story.visit.hung == 2
    assert ReasonCode.LABEL_NOT_READ in story.missing, "the next one is read for itself"
