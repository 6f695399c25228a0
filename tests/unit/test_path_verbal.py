"""Orders by word: only what is less or helps, read back, at once in force, and on a list until the prescriber signs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from pumpd.core.actor import Actor
from pumpd.core.care_facts import VerballyOrdered, VerballySettled
from pumpd.core.care_requests import RescueRequested, VerbalOrderRequested, VerbalSignRequested
from pumpd.core.codes import ReasonCode
from pumpd.core.effects import ChangeRate
from pumpd.core.facts import RequestRefused
from pumpd.core.holds import STANDARD_HOLDS, Band
from pumpd.core.observing import Measure, Scale
from pumpd.core.offering import may_give
from pumpd.core.people import Role
from pumpd.core.prescribed import Rescue, Route
from pumpd.core.todo import Open, Todo
from pumpd.core.verbal import KEPT_MAX, UNSIGNED_MAX, HoldBound, LowerRate, VerbalOrder, holds_with, with_order
from pumpd.core.wasting import to_do
from pumpd.testing.bed_story import NURSE, SECOND
from pumpd.testing.path_story import PRESCRIBER, WELL, PathStory
from pumpd.words_bed import fact_text

COLLEAGUE: Final = Actor(person="doctor-2", role=Role.PRESCRIBER)
MIDAZOLAM: Final = Rescue(
    drug="midazolam", dose_ug=1_000, most_ug=2_000, route=Route.VEIN, against="dysphoria", sedating=True
)


def says(story: PathStory, actor: Actor | None = NURSE, prescriber: Actor | None = PRESCRIBER, **said: Any) -> None:  # noqa: ANN401  # fields of a request that a test names
    said = {"read_back": "read to Dr A with its numbers", **said}
    story.by(VerbalOrderRequested, actor, prescriber=prescriber, **said)


def signs(story: PathStory, actor: Actor = PRESCRIBER, *, agrees: bool = True, remark: str = "") -> None:
    (order, *_) = story.visit.care.verbal
    story.by(VerbalSignRequested, actor, order=order.order, agrees=agrees, remark=remark)


def open_orders(story: PathStory) -> list[Open]:
    return [each for each in to_do(story.state) if each.todo is Todo.SIGN_BY_WORD]


def running() -> PathStory:
    story = PathStory()
    story.begins("PAIN-4H")
    story.drives(1)
    return story


# --- what may be ordered --------------------------------------------------------------------------------------------


def test_a_lower_rate_by_word_is_on_record_with_who_said_it_who_wrote_it_and_what_was_read_back() -> None:
    story = running()
    says(story, lower=LowerRate(slot="p1", rate_ul_per_h=2_000), read_back="two millilitres an hour, Dr A")
    story.accepted()
    (order,) = story.visit.care.verbal
    assert (order.prescriber, order.person) == (PRESCRIBER.person, NURSE.person)
    assert order.read_back == "two millilitres an hour, Dr A"
    assert [(each.order, each.prescriber) for each in open_orders(story)] == [(order.order, PRESCRIBER.person)]


def test_the_decrease_itself_waits_for_no_order_and_no_signature() -> None:
    story = running()
    story.rate(2_000)
    story.accepted()
    assert [each.rate_ul_per_h for each in story.sent(ChangeRate)] == [2_000]
    says(story, lower=LowerRate(slot="p1", rate_ul_per_h=2_000))
    story.accepted()
    says(story, lower=LowerRate(slot="p1", rate_ul_per_h=2_001))
    assert story.refusals == {ReasonCode.VERBAL_RISE_UL_PER_H}, "up again is no decrease"


def test_a_rise_by_word_is_refused_with_both_rates() -> None:
    story = running()
    present = story.infusion().rate_ul_per_h
    says(story, lower=LowerRate(slot="p1", rate_ul_per_h=present + 1))
    assert story.reply is not None
    (reason,) = story.reply.reasons
    assert (reason.code, reason.asked, reason.limit) == (ReasonCode.VERBAL_RISE_UL_PER_H, present + 1, present)


@pytest.mark.parametrize("slot", ["p2", "p9"])
def test_a_rate_of_a_pump_that_gives_this_patient_nothing_is_refused(slot: str) -> None:
    story = PathStory(slots=("p1", "p2"))
    story.begins("PAIN-4H")
    says(story, lower=LowerRate(slot=slot, rate_ul_per_h=1))
    assert story.refusals == {ReasonCode.NOT_OF_THIS_VISIT}


def test_anything_else_by_word_is_refused_and_stands_on_record_as_asked() -> None:
    story = running()
    says(story, other="another 10 mg as a bolus", read_back="", confirmed=True)
    assert story.refusals == {ReasonCode.VERBAL_ONLY_LESS, ReasonCode.VERBAL_WAS_READ_BACK}
    (refused,) = [each for each in story.last.facts if isinstance(each, RequestRefused)]
    assert "confirmed by doctor-1: another 10 mg as a bolus." in fact_text(refused)
    assert any(getattr(fact, "text", None) == "another 10 mg as a bolus" for fact in story.last.facts)
    says(story, other="another 10 mg", lower=LowerRate(slot="p1", rate_ul_per_h=1), confirmed=True)
    assert ReasonCode.VERBAL_ONLY_LESS in story.refusals, "nothing rides along with a lower rate"
    says(story, lower=LowerRate(slot="p1", rate_ul_per_h=1), rescue=MIDAZOLAM)
    assert story.refusals == {ReasonCode.VERBAL_ONLY_LESS}, "one at a time"
    assert story.visit.care.verbal == ()


def test_something_else_that_was_only_heard_is_not_said_to_have_been_read_back() -> None:
    story = running()
    says(story, other="fifty", read_back="fifty")
    assert story.refusals == {ReasonCode.VERBAL_ONLY_LESS, ReasonCode.READ_BACK_NEEDED}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"prescriber": SECOND}, ReasonCode.VERBAL_NO_PRESCRIBER),
        ({"prescriber": None}, ReasonCode.VERBAL_NO_PRESCRIBER),
        ({"actor": PRESCRIBER}, ReasonCode.VERBAL_BY_ONESELF),
        ({"actor": Actor(person="v", role=Role.VIEWER)}, ReasonCode.ROLE_MAY_NOT),
        ({"actor": None}, ReasonCode.NOT_SIGNED_IN),
        ({"read_back": "  "}, ReasonCode.READ_BACK_NEEDED),
        ({"read_back": "", "confirmed": True}, ReasonCode.READ_BACK_NEEDED),  # its numbers are typed again
        ({"rescue": replace(MIDAZOLAM, dose_ug=0)}, ReasonCode.DOSE_UNCLEAR),
        ({"rescue": replace(MIDAZOLAM, most_ug=999)}, ReasonCode.DOSE_UNCLEAR),
        ({"rescue": replace(MIDAZOLAM, drug=" ")}, ReasonCode.DOSE_UNCLEAR),
    ],
)
def test_it_takes_a_prescriber_somebody_else_who_read_it_back_and_a_clear_dose(
    said: dict[str, Any], code: ReasonCode
) -> None:
    story = running()
    says(story, **{"rescue": MIDAZOLAM, **said})
    assert story.refusals == {code}
    assert story.visit.care.verbal == ()


# --- rescue drugs ---------------------------------------------------------------------------------------------------


def gives(story: PathStory) -> set[ReasonCode]:
    story.by(RescueRequested, drug="Midazolam", dose_ug=1_000, route=Route.VEIN, given_by="nurse-1")
    assert story.reply is not None
    return {each.code for each in story.reply.reasons}


def test_a_rescue_drug_by_word_may_be_given_at_once_up_to_what_was_said() -> None:
    story = running()
    assert gives(story) == {ReasonCode.RESCUE_NOT_ORDERED}
    says(story, rescue=MIDAZOLAM)
    assert gives(story) == set()
    (offered,) = may_give(story.visit, story.now_ns)
    assert offered.left_ug == 1_000
    gives(story)
    assert gives(story) == {ReasonCode.RESCUE_IN_VISIT_UG}


def test_what_the_prescriber_did_not_say_counts_no_longer_and_leaves_the_list() -> None:
    story = running()
    says(story, rescue=MIDAZOLAM)
    signs(story, agrees=False)
    assert story.refusals == {ReasonCode.REASON_NEEDED}
    signs(story, agrees=False, remark="I said lorazepam")
    story.accepted()
    assert gives(story) == {ReasonCode.RESCUE_NOT_ORDERED}
    assert open_orders(story) == []


# --- hold parameters ------------------------------------------------------------------------------------------------


def test_a_hold_parameter_by_word_lets_a_pressure_stand_that_is_usual_for_this_patient() -> None:
    story = running()
    story.observes({**WELL, Measure.SYSTOLIC: 165})
    story.rises_to(story.infusion().rate_ul_per_h + 1)
    assert ReasonCode.VALUE_HOLDS in story.refusals
    says(story, bound=HoldBound(item=Measure.SYSTOLIC, band=Band.REDUCE, above=170))
    story.accepted()
    story.rises_to(story.infusion().rate_ul_per_h + 1)
    assert ReasonCode.VALUE_HOLDS in story.refusals, "a third above this patient's own baseline still speaks"
    story.observes({**WELL, Measure.SYSTOLIC: 156})
    story.rises_to(story.infusion().rate_ul_per_h + 1)
    assert ReasonCode.VALUE_HOLDS not in story.refusals
    says(story, bound=HoldBound(item=Measure.SYSTOLIC, band=Band.REDUCE, above=150))
    story.rises_to(story.infusion().rate_ul_per_h + 1)
    assert ReasonCode.VALUE_HOLDS in story.refusals, "the last word counts, and at once"


@pytest.mark.parametrize(
    ("bound", "code"),
    [
        (HoldBound(item=Measure.SYSTOLIC, band=Band.STOP, above=220), ReasonCode.VERBAL_STOP_BOUND),
        (HoldBound(item=Measure.SYSTOLIC, band=Band.PAUSE), ReasonCode.VERBAL_HOLD_UNCLEAR),
        (HoldBound(item=Measure.SYSTOLIC, band=Band.PAUSE, above=1_700), ReasonCode.VERBAL_HOLD_UNCLEAR),
        (HoldBound(item=Measure.SYSTOLIC, band=Band.PAUSE, above=90, below=90), ReasonCode.VERBAL_HOLD_UNCLEAR),
        (HoldBound(item=Measure.SEDATION, band=Band.PAUSE, above=2), ReasonCode.VERBAL_HOLD_UNCLEAR),
        (HoldBound(item=Measure.SPO2, band=Band.PAUSE, below=90, scale=Scale.POSS), ReasonCode.VERBAL_HOLD_UNCLEAR),
    ],
)
def test_what_asks_for_a_stop_is_not_moved_by_word_and_neither_is_what_nobody_can_read(
    bound: HoldBound, code: ReasonCode
) -> None:
    story = running()
    says(story, bound=bound)
    assert story.refusals == {code}


def test_a_bound_replaces_those_of_its_item_and_band_and_is_added_where_there_is_none() -> None:
    def with_bound(bound: HoldBound, *, agreed: bool | None = None) -> list[tuple[int | None, int | None]]:
        order = VerbalOrder(
            order="w", given_at_ns=0, prescriber="d", person="n", read_back="r", bound=bound, agreed=agreed
        )
        holds = holds_with(STANDARD_HOLDS, [order])
        found = [each for each in holds.criteria if (each.item, each.band) == (bound.item, bound.band)]
        return [(each.below, each.above) for each in found if each.above_baseline_percent is None]

    pulse = HoldBound(item=Measure.HEART_RATE, band=Band.PAUSE, above=130, below=45)
    assert with_bound(pulse) == [(45, 130)]
    assert with_bound(pulse, agreed=False) == [(50, 120)], "what was not so counts no longer"
    slow = HoldBound(item=Measure.HEART_RATE, band=Band.REDUCE, below=55)
    assert with_bound(slow) == [(None, 110), (55, None)]


# --- the list -------------------------------------------------------------------------------------------------------


def test_it_stands_on_the_list_until_the_prescriber_signs_once() -> None:
    story = running()
    says(story, rescue=MIDAZOLAM)
    signs(story, NURSE)
    assert ReasonCode.ROLE_MAY_NOT in story.refusals
    story.wait(60)
    signs(story)
    story.accepted()
    (order,) = story.visit.care.verbal
    assert (order.agreed, order.signed_by, order.signed_at_ns) == (True, PRESCRIBER.person, story.now_ns)
    assert open_orders(story) == []
    assert gives(story) == set(), "what is signed counts on"
    signs(story)
    assert story.refusals == {ReasonCode.VERBAL_SIGNED_BEFORE}


def test_a_signature_is_for_one_order_and_the_other_one_stays_on_the_list() -> None:
    story = running()
    says(story, rescue=MIDAZOLAM)
    says(story, lower=LowerRate(slot="p1", rate_ul_per_h=1_000))
    other = story.visit.care.verbal[1]
    signs(story)
    story.accepted()
    assert [each.order for each in open_orders(story)] == [other.order]
    assert story.visit.care.verbal[1] == other


def test_another_prescriber_signs_in_their_place_with_a_remark() -> None:
    story = running()
    says(story, rescue=MIDAZOLAM)
    signs(story, COLLEAGUE)
    assert story.refusals == {ReasonCode.REASON_NEEDED}
    signs(story, COLLEAGUE, remark="for Dr A, who is off duty")
    story.accepted()


def test_it_outlives_the_visit_and_is_signed_afterwards() -> None:
    story = running()
    says(story, rescue=MIDAZOLAM)
    order = story.visit.care.verbal[0].order
    story.leaves_bed()
    assert [each.order for each in open_orders(story)] == [order]
    story.by(VerbalSignRequested, PRESCRIBER, visit="v1", order="another")
    assert story.refusals == {ReasonCode.NO_SUCH_VERBAL_ORDER}
    story.by(VerbalSignRequested, PRESCRIBER, visit="v9", order=order)
    assert story.refusals == {ReasonCode.NO_SUCH_VISIT}
    story.by(VerbalSignRequested, PRESCRIBER, visit="v1", order=order)
    story.accepted()
    assert open_orders(story) == []
    says(story, visit="v1", rescue=MIDAZOLAM)
    assert story.refusals == {ReasonCode.VISIT_CLOSED}


def test_an_order_by_word_for_a_visit_that_this_bed_does_not_know_is_refused_and_counts_for_nobody() -> None:
    story = running()
    says(story, visit="v9", rescue=MIDAZOLAM)
    assert story.refusals == {ReasonCode.NO_SUCH_VISIT}
    assert open_orders(story) == []
    assert gives(story) == {ReasonCode.RESCUE_NOT_ORDERED}


def test_so_many_unsigned_orders_are_enough_and_no_unsigned_one_is_ever_dropped() -> None:
    story = running()
    for _ in range(UNSIGNED_MAX):
        says(story, rescue=MIDAZOLAM)
        story.accepted()
    says(story, rescue=MIDAZOLAM)
    assert story.refusals == {ReasonCode.VERBAL_TOO_MANY}
    unsigned = story.visit.care.verbal
    signed = tuple(replace(each, order=f"s{number}", agreed=True) for number, each in enumerate(unsigned))
    kept = with_order(signed + unsigned, unsigned[0])
    assert len(kept) == KEPT_MAX
    assert set(unsigned) <= set(kept)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"lower": LowerRate(slot="p1", rate_ul_per_h=2_000)}, "2 mL/h or less on p1"),
        ({"rescue": MIDAZOLAM}, "midazolam 1 mg into the vein against dysphoria, 2 mg at most in this visit"),
        (
            {"bound": HoldBound(item=Measure.SEDATION, band=Band.PAUSE, above=2, scale=Scale.POSS)},
            "pause from sedation POSS above 2 on",
        ),
        (
            {"bound": HoldBound(item=Measure.HEART_RATE, band=Band.REDUCE, above=115, below=55)},
            "measure again, reduce from heart rate above 115/min or below 55/min on",
        ),
    ],
)
def test_the_record_says_what_was_ordered_by_whom_what_was_read_back_and_how_it_was_signed(
    said: dict[str, Any], read: str
) -> None:
    story = running()
    says(story, **said)
    (fact,) = [each for each in story.last.facts if isinstance(each, VerballyOrdered)]
    who = "written down by nurse-1, who read back: read to Dr A with its numbers"
    assert fact_text(fact) == f"Ordered by word of doctor-1: {read}; {who}"
    signs(story, COLLEAGUE, agrees=False, remark="not so")
    (settled,) = [each for each in story.last.facts if isinstance(each, VerballySettled)]
    assert fact_text(settled) == "Order by word NOT what was ordered, and counts no longer, says doctor-2: not so"
    assert fact_text(replace(settled, agreed=True, remark="")) == "Order by word signed by doctor-2"
