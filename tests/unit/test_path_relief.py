"""Side effects, rescue drugs, a line beside the vein, and an emergency."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.api_care_views import care_view
from pumpd.api_moment import Moment as Moment_
from pumpd.core.actor import Actor
from pumpd.core.adjuncts import ADJUNCTS, adjunct
from pumpd.core.care_requests import (
    EmergencyOverRequested,
    EmergencyRequested,
    HandOverRequested,
    InfiltrationRequested,
    MarkRequested,
    RescueRequested,
    SideEffectRequested,
)
from pumpd.core.codes import Condition, PauseReason, Phase, Priority, ReasonCode
from pumpd.core.effects import Stop
from pumpd.core.emergency import Moment
from pumpd.core.held import standing
from pumpd.core.holds import Band
from pumpd.core.observing import Measure, Sign
from pumpd.core.offering import may_give, offers_emergency, reductions
from pumpd.core.people import Role
from pumpd.core.prescribed import Rescue, Route
from pumpd.core.prompts import dues
from pumpd.core.pump import Drive
from pumpd.core.recovery import against_going
from pumpd.core.rescue import Flag
from pumpd.core.series import Disposition
from pumpd.core.side_effects import Remedy, SideEffect
from pumpd.core.turn import Turn
from pumpd.core.writer_facts import WriterTaken
from pumpd.testing.bed_story import NURSE, SECOND
from pumpd.testing.path_story import WELL, PathStory

MIDAZOLAM = Rescue(drug="midazolam", dose_ug=1_000, most_ug=2_000, route=Route.VEIN, against="dysphoria", sedating=True)
ONDANSETRON = Rescue(drug="ondansetron", dose_ug=4_000, most_ug=8_000, route=Route.VEIN, against="nausea")
LOCKED = Actor(person="nurse-1", role=Role.NURSE, confirmed=False)


def running(regimen: str = "MDD-2x3", *, age_years: int = 45) -> PathStory:
    """A visit whose order has two rescue drugs, and whose drug runs."""
    story = PathStory()
    story.connected()
    story.sign(regimen, rescue=(MIDAZOLAM, ONDANSETRON), age_years=age_years)
    story.begins(regimen)
    story.tick(1)
    return story


def gives(
    story: PathStory,
    drug: str = "midazolam",
    dose_ug: int = 1_000,
    *,
    against: SideEffect | None = None,
    all_the_same: bool = False,
) -> None:
    story.by(
        RescueRequested, drug=drug, dose_ug=dose_ug, route=Route.VEIN, given_by="nurse-1", against=against,
        all_the_same=all_the_same,
    )  # fmt: skip


def due_items(story: PathStory) -> set[Measure]:
    return {each.item for each in dues(story.state, story.visit) if each.is_due(story.now_ns)}


def keeps_here(story: PathStory) -> set[ReasonCode]:
    turn = Turn(story.state, story.setup, story.now_ns)
    return {each.code for each in against_going(turn, story.visit, Disposition.HOME)}


# --- side effects ---------------------------------------------------------------------------------------------------


def test_a_severity_is_an_observation_and_holds_like_one() -> None:
    story = running()
    story.by(SideEffectRequested, effect=SideEffect.NAUSEA, severity=6, remedies=(Remedy.RESCUED,))
    assert [(each.about, each.band) for each in standing(story.visit)] == [("nausea", Band.REDUCE)]
    story.rises_to(story.infusion().rate_ul_per_h + 600)
    assert ReasonCode.VALUE_HOLDS in story.refusals
    assert story.visit.care.side_effects[-1].remedies == (Remedy.RESCUED,)


def test_whether_it_helped_is_asked_after_five_minutes_however_mild_it_was() -> None:
    story = running()
    story.by(SideEffectRequested, effect=SideEffect.DYSPHORIA, severity=2, remedies=(Remedy.REASSURED,))
    story.tick(5 * 60 - 1)
    assert due_items(story) == set()
    story.tick(1)
    assert due_items(story) == {Measure.DISTRESS}
    assert story.alarm(Condition.OBSERVATION_DUE, None)
    story.observes({Measure.DISTRESS: 1})
    assert due_items(story) == set()


def test_hallucinations_are_a_sign_until_somebody_looked_and_they_were_gone() -> None:
    story = running()
    story.observes({}, signs=(Sign.VOMITING,))
    story.by(SideEffectRequested, effect=SideEffect.HALLUCINATION, severity=None, remedies=())
    assert set(story.visit.care.signs) == {Sign.VOMITING, Sign.HALLUCINATION}
    story.tick(60)
    story.observes({}, signs=())
    assert standing(story.visit) == ()


def test_a_headache_asks_for_the_pressure_first() -> None:
    story = running()
    story.tick(6 * 60)
    story.by(SideEffectRequested, effect=SideEffect.HEADACHE, severity=5, remedies=())
    assert {Measure.SYSTOLIC, Measure.DIASTOLIC} <= due_items(story)
    gives(story, "acetaminophen", 650_000, against=SideEffect.HEADACHE)
    assert ReasonCode.PRESSURE_FIRST in story.refusals
    story.observes({Measure.SYSTOLIC: 130, Measure.DIASTOLIC: 80})
    assert Measure.SYSTOLIC not in due_items(story)
    gives(story, "acetaminophen", 650_000, against=SideEffect.HEADACHE)
    assert story.refusals == {ReasonCode.RESCUE_NOT_ORDERED}


def test_over_sedation_is_looked_at_again_by_all_that_tells_it() -> None:
    story = running()
    story.by(SideEffectRequested, effect=SideEffect.OVER_SEDATION, severity=None, remedies=(Remedy.PAUSED,))
    story.tick(5 * 60)
    assert due_items(story) == {Measure.SEDATION, Measure.BREATHS, Measure.SPO2}


def test_the_order_offers_a_quarter_and_a_half_less_on_the_pumps_own_grid() -> None:
    story = running()
    rate = story.infusion().rate_ul_per_h
    offered = reductions(story.state, story.setup, story.visit)
    assert [each.by_percent for each in offered] == [25, 50]
    for each in offered:
        assert each.rate_ul_per_h <= rate * (100 - each.by_percent) // 100
        story.rate(each.rate_ul_per_h)
        story.accepted()
        story.done(Drive.INFUSING, infused_ul=story.pump().sighting.readings[-1].infused_nl // 1_000)


def test_what_the_grid_of_the_pump_would_make_a_stop_is_not_offered_as_a_lower_rate() -> None:
    story = running()
    slowest = replace(story.infusion(), rate_ul_per_h=1)
    state = story.state.with_pump(replace(story.pump(), infusion=slowest))
    assert reductions(state, story.setup, story.visit) == ()


# --- rescue drugs ---------------------------------------------------------------------------------------------------


def test_a_rescue_dose_within_the_order_is_recorded_without_a_word() -> None:
    story = running()
    gives(story)
    story.accepted()
    (rescue,) = story.visit.care.rescues
    assert (rescue.given.drug, rescue.flags, rescue.sedating) == ("midazolam", (), True)
    assert [each.left_ug for each in may_give(story.visit, story.now_ns)] == [1_000, 8_000]


@pytest.mark.parametrize(
    ("drug", "doses", "codes", "flag"),
    [
        ("midazolam", [1_500], {ReasonCode.RESCUE_AT_ONCE_UG}, Flag.ABOVE_ORDER),
        ("midazolam", [1_000, 1_000, 1_000], {ReasonCode.RESCUE_IN_VISIT_UG}, Flag.ABOVE_ORDER_IN_VISIT),
        ("LORazepam", [500], {ReasonCode.RESCUE_NOT_ORDERED}, Flag.NOT_ORDERED),
        (
            "LORazepam",
            [1_500],
            {ReasonCode.RESCUE_NOT_ORDERED, ReasonCode.USUAL_AT_ONCE_UG},
            Flag.ABOVE_USUAL,
        ),
        ("ondansetron", [4_000, 4_000, 4_000], {ReasonCode.RESCUE_IN_VISIT_UG, ReasonCode.USUAL_IN_VISIT_UG}, None),
    ],
)
def test_what_speaks_against_a_dose_is_read_first_and_then_it_is_recorded_all_the_same(
    drug: str, doses: list[int], codes: set[ReasonCode], flag: Flag | None
) -> None:
    story = running()
    for dose_ug in doses[:-1]:
        gives(story, drug, dose_ug)
        story.accepted()
    gives(story, drug, doses[-1])
    assert story.refusals == codes
    assert len(story.visit.care.rescues) == len(doses) - 1
    gives(story, drug, doses[-1], all_the_same=True)
    story.accepted()
    flags = story.visit.care.rescues[-1].flags
    assert len(flags) == len(codes)
    assert flag is None or flag in flags


def test_the_old_have_less() -> None:
    midazolam = adjunct("Midazolam")
    assert midazolam is not None
    assert [midazolam.most_at_once_ug(age) for age in (59, 60, None)] == [2_000, 1_500, 1_500]
    assert [midazolam.most_in_visit_ug(age) for age in (59, 60, None)] == [5_000, 3_500, 3_500]
    assert all(each.most_at_once_ug(70) <= each.most_at_once_ug(40) for each in ADJUNCTS)


@pytest.mark.parametrize(("drug", "dose_ug"), [(" ", 1_000), ("midazolam", 0), ("midazolam", -1), ("midazolam", 10**9)])
def test_a_dose_that_says_nothing_is_refused(drug: str, dose_ug: int) -> None:
    story = running()
    gives(story, drug, dose_ug, all_the_same=True)
    assert story.refusals == {ReasonCode.DOSE_UNCLEAR}


def over(story: PathStory, *, after_s: int) -> None:
    """The infusion was stopped early and ended; so long afterwards."""
    story.stop()
    story.stop_confirmed()
    story.end()
    story.tick(after_s)


def test_recovery_counts_from_a_sedating_rescue_too() -> None:
    story = running()
    over(story, after_s=2 * 3_600)
    assert ReasonCode.RECOVERY_AFTER_DRUG_S not in keeps_here(story)
    gives(story)
    assert ReasonCode.RECOVERY_AFTER_DRUG_S in keeps_here(story)
    story.tick(3_600)
    assert ReasonCode.RECOVERY_AFTER_DRUG_S not in keeps_here(story)
    gives(story, "ondansetron", 4_000)
    assert ReasonCode.RECOVERY_AFTER_DRUG_S not in keeps_here(story)


def test_a_reversal_keeps_the_patient_for_two_hours() -> None:
    story = running()
    over(story, after_s=2 * 3_600)
    gives(story, "flumazenil", 200, all_the_same=True)
    story.tick(2 * 3_600 - 1)
    assert ReasonCode.RECOVERY_AFTER_REVERSAL_S in keeps_here(story)
    story.tick(1)
    assert ReasonCode.RECOVERY_AFTER_REVERSAL_S not in keeps_here(story)


# --- beside the vein ------------------------------------------------------------------------------------------------


def test_infiltrated_is_pumped_and_not_received_and_counts_all_the_same() -> None:
    story = running()
    story.drives(500, after_s=34)
    story.by(InfiltrationRequested, slot="p1", remark="swollen")
    story.accepted()
    assert story.sent(Stop)
    story.stop_confirmed(infused_ul=500)
    assert story.infusion().pause is PauseReason.RESITING
    assert story.visit.care.infiltrated == (story.infusion().infusion_id,)
    assert sum(each.mass_ng for each in story.state.history) >= 500_000, "0.5 mL of 1 mg/mL"


def test_a_line_of_nobody_in_this_visit_did_not_infiltrate() -> None:
    story = PathStory()
    story.passes_to_start()
    story.by(InfiltrationRequested, slot="p1")
    assert story.refusals == {ReasonCode.NOT_OF_THIS_VISIT}


# --- emergency ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", [NURSE, LOCKED, Actor(person="v", role=Role.VIEWER), None])
def test_emergency_stops_at_once_whoever_calls_it(actor: Actor | None) -> None:
    story = running()
    story.by(EmergencyRequested, actor)
    assert story.sent(Stop)
    assert story.phase() is Phase.STOPPING
    assert (story.visit.care.emergency is None) is (actor is None)


def test_nothing_is_asked_for_while_an_emergency_lasts_and_what_is_due_is_due_after_it() -> None:
    story = running()
    story.tick(14 * 60)
    story.by(EmergencyRequested)
    story.stop_confirmed()
    for _ in range(5):
        story.tick(10 * 60)
        assert [each for each in story.state.alarms if each.slot is None] == []
    story.by(EmergencyOverRequested)
    due = story.alarm(Condition.OBSERVATION_DUE, None)
    assert due is not None
    assert due.priority is Priority.PROMPT
    story.tick(5 * 60)
    assert story.alarm(Condition.OBSERVATION_OVERDUE, None)


def test_one_tap_marks_a_moment_and_charting_comes_later() -> None:
    story = running()
    story.by(MarkRequested, moment=Moment.OXYGEN)
    assert story.refusals == {ReasonCode.NO_EMERGENCY}
    story.by(EmergencyRequested)
    called_ns = story.now_ns
    story.wait(20)
    story.by(MarkRequested, LOCKED, moment=Moment.OXYGEN)
    story.wait(40)
    story.by(MarkRequested, moment=Moment.BACK)
    story.by(EmergencyOverRequested)
    (emergency,) = story.visit.care.emergencies
    assert [(each.moment, (each.marked_at_ns - called_ns) // 10**9) for each in emergency.marks] == [
        (Moment.OXYGEN, 20), (Moment.BACK, 60),
    ]  # fmt: skip
    story.wait(1_800)
    story.observes({Measure.SPO2: 84}, ago_s=1_850)
    story.accepted()


def test_nothing_goes_on_while_an_emergency_lasts() -> None:
    story = running()
    story.by(EmergencyRequested)
    story.stop_confirmed()
    story.resume()
    assert story.refusals == {ReasonCode.EMERGENCY_LASTS}
    story.by(EmergencyRequested)
    assert story.refusals == {ReasonCode.EMERGENCY_LASTS}
    story.by(EmergencyOverRequested)
    story.by(EmergencyOverRequested)
    assert story.refusals == {ReasonCode.NO_EMERGENCY}


def test_stop_offers_emergency_and_so_does_a_value_that_asks_for_a_stop() -> None:
    story = running()
    assert not offers_emergency(story.state, story.visit)
    story.observes({**WELL, Measure.SPO2: 84})
    assert offers_emergency(story.state, story.visit)
    story.tick(60)
    story.observes({Measure.SPO2: 97})
    assert not offers_emergency(story.state, story.visit)
    story.stop()
    assert offers_emergency(story.state, story.visit)
    story.stop_confirmed()
    assert offers_emergency(story.state, story.visit)
    story.by(EmergencyRequested)
    assert not offers_emergency(story.state, story.visit)


# --- hand-over ------------------------------------------------------------------------------------------------------


def test_the_next_nurse_is_told_what_the_last_one_knew_and_is_seen_to_have_taken_over() -> None:
    story = running()
    story.by(HandOverRequested, said=" ")
    assert story.refusals == {ReasonCode.NOTHING_SAID}
    story.by(HandOverRequested, said="likes the blind down")
    moment = Moment_(now_ns=story.now_ns, wall_ms=0)
    told = care_view(story.state, story.setup, story.visit, moment).handed_over
    assert told is not None
    assert (told.person, told.said, told.taken_by) == (NURSE.person, "likes the blind down", None)
    story.by(WriterTaken, SECOND)
    told = care_view(story.state, story.setup, story.visit, moment).handed_over
    assert told is not None
    assert told.taken_by == SECOND.person


def test_what_a_nurse_is_shown_says_what_is_due_held_given_and_offered() -> None:
    story = running()
    story.observes({**WELL, Measure.SPO2: 84})
    gives(story)
    story.by(SideEffectRequested, effect=SideEffect.NAUSEA, severity=5, remedies=(Remedy.RESCUED,))
    story.tick(6 * 60)
    view = care_view(story.state, story.setup, story.visit, Moment_(now_ns=story.now_ns, wall_ms=0))
    assert {(each.about, each.band) for each in view.holds} == {("spo2_percent", "stop"), ("nausea", "reduce")}
    assert {each.item for each in view.due if each.state == "due"} == {Measure.SPO2, Measure.NAUSEA}
    assert view.emergency_offered
    assert [(each.drug, each.left_text) for each in view.may_give] == [("midazolam", "1 mg"), ("ondansetron", "8 mg")]
    assert [(each.drug, each.dose_text, each.flags) for each in view.rescues] == [("midazolam", "1 mg", ())]
    assert [each.by_percent for each in view.reductions] == []  # not heard for 6 min: nobody says that it infuses
    assert all(each.text and each.todo for each in view.holds)
