"""From the end of an infusion to a patient who goes: what keeps them, what lets them go, and who inherits what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.check_in_requests import CompanyNamed
from pumpd.core.codes import Condition, Phase, ReasonCode, Severity
from pumpd.core.departure import Exit, Padss
from pumpd.core.events import Unknown
from pumpd.core.pump import Drive, PumpAlarm
from pumpd.core.requests import Keep, PrimeConfirmed
from pumpd.core.rise import history_for
from pumpd.core.series import Disposition
from pumpd.core.turn import Turn
from pumpd.core.visit import Place
from pumpd.testing.bed_story import NURSE
from pumpd.testing.departure_story import FIT, DepartureStory

MIN = 60
H = 3_600


def recovering(regimen: str = "PAIN-4H") -> DepartureStory:
    """An infusion of a few minutes has ended, and the patient has left the bed."""
    story = DepartureStory()
    story.here(regimen)
    story.infuses()
    story.gives()
    story.moves()
    story.accepted()
    return story


def fit_to_go(regimen: str = "PAIN-4H") -> DepartureStory:
    story = recovering(regimen)
    story.wait(3 * H)
    story.scores()
    return story


# --- the bed is free at once ----------------------------------------------------------------------


def test_a_patient_who_has_left_gives_the_bed_and_the_pump_free() -> None:
    story = recovering()
    assert story.known().place is Place.RECOVERING
    assert story.state.path.at_bed is None
    assert story.phase() is Phase.IDLE
    assert story.pump().infusion is None
    assert story.alarm(Condition.ENDED) is None
    (dose,) = story.known().doses
    assert dose.delivered.low_nl <= 2_000_000 <= dose.delivered.high_nl


def test_nobody_leaves_the_bed_while_something_runs_or_could_go_on() -> None:
    story = DepartureStory()
    story.here()
    story.infuses()
    story.moves()
    assert story.refusals == {ReasonCode.INFUSION_RUNS}
    story.drives(500)
    story.stop()
    story.stop_confirmed(infused_ul=500)
    story.moves()
    assert story.refusals == {ReasonCode.INFUSION_NOT_ENDED}
    story.end()
    story.moves()
    story.accepted()


def test_a_pump_that_nobody_hears_holds_nobody_back_once_the_line_is_off() -> None:
    """The link is gone in mid-infusion: the patient leaves, the next one comes, and the pump is stopped anyway."""
    story = DepartureStory()
    story.here()
    story.infuses()
    story.drives(500)
    story.stop()
    story.stop_ends(Unknown(detail="no reply"))
    assert story.phase() is Phase.STOPPING
    story.signed_for("patient-2")
    story.next_patient()
    assert story.refusals == {ReasonCode.LINE_NOT_OFF}
    story.next_patient(line_off=True)
    story.accepted()
    assert story.visit.visit == "v2"
    assert story.known("v1").place is Place.RECOVERING
    story.stop_confirmed(infused_ul=500)
    story.resume()
    assert ReasonCode.PATIENT_HAS_LEFT in story.refusals
    story.end()
    assert story.phase() is Phase.IDLE


def test_what_an_uncertain_pump_may_still_push_after_the_line_is_off_did_not_reach_the_patient_later() -> None:
    story = DepartureStory()
    story.here()
    story.infuses()
    story.drives(500)
    story.stop()
    left_ns = story.now_ns
    story.moves(line_off=True)
    story.wait(40 * MIN)
    story.stop_confirmed(infused_ul=700)
    assert story.known().doses[0].last_at_ns <= left_ns


def test_new_patient_is_one_answer_of_whoever_opens_the_next_visit() -> None:
    story = DepartureStory()
    story.here()
    story.infuses()
    story.gives()
    story.signed_for("patient-2")
    story.opens(series="s2", visit="v2")
    assert story.refusals == {ReasonCode.BED_TAKEN}
    story.next_patient()
    story.accepted()
    assert (story.known("v1").place, story.known("v2").place) == (Place.RECOVERING, Place.AT_BED)


def test_training_that_still_runs_is_ended_before_a_patient_comes() -> None:
    story = DepartureStory()
    story.connected()
    story.runs("TRAIN-5MIN")
    story.sign("PAIN-4H")
    story.opens()
    assert story.refusals == {ReasonCode.PUMP_STILL_BUSY}


# --- the next patient inherits nothing ------------------------------------------------------------


def given_counted(story: DepartureStory) -> int:
    return sum(each.mass_ng for each in history_for(Turn(story.state, story.setup, story.now_ns), "p1"))


@pytest.mark.requirement("FLOW-15")
def test_what_one_patient_had_is_in_no_window_of_the_next_one() -> None:
    story = recovering()
    story.signed_for("patient-2")
    story.next_patient()
    assert given_counted(story) == 0
    assert sum(each.mass_ng for each in story.state.history) > 0


@pytest.mark.requirement("FLOW-15")
def test_what_a_patient_had_before_midnight_counts_when_they_come_again_after_it() -> None:
    story = recovering()
    story.today += 1
    had_ng = sum(each.mass_ng for each in story.state.history)
    story.opens(series="s1", visit="v2", number=2)
    story.accepted()
    assert given_counted(story) == had_ng > 0


def test_a_line_that_was_primed_for_one_patient_is_not_the_next_ones() -> None:
    story = DepartureStory()
    story.here()
    at_ns, request_id, container = story.now_ns, story.request_id(), story.visit.order.container
    story.take(
        PrimeConfirmed(
            at_ns=at_ns, request_id=request_id, actor=NURSE, slot="p1", regimen="PAIN-4H", container=container
        )
    )
    assert story.pump().primed is not None
    story.leaves(Exit.NOT_TREATED, reason="blood pressure")
    assert story.pump().primed is None


def test_alarms_of_a_pump_stay_with_the_pump() -> None:
    """Whoever comes next has to know that this pump met a resistance; only the message of an end goes."""
    story = DepartureStory()
    story.here()
    story.infuses()
    story.drives(500)
    story.report(Drive.STILL, infused_ul=500, alarm=PumpAlarm.OCCLUSION)
    assert story.phase() is Phase.STOPPED
    story.end()
    story.moves()
    assert story.alarm(Condition.OCCLUSION) is not None
    assert story.alarm(Condition.ENDED) is None


# --- recovery -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after_s", "closed"),
    [
        (59 * MIN, {ReasonCode.RECOVERY_AFTER_DRUG_S, ReasonCode.RECOVERY_AFTER_START_S}),
        (61 * MIN, {ReasonCode.RECOVERY_AFTER_START_S}),
        (121 * MIN, set()),
    ],
)
def test_a_patient_stays_an_hour_after_the_drug_and_two_after_the_start(after_s: int, closed: set[ReasonCode]) -> None:
    story = recovering()
    story.wait(after_s)
    story.scores()
    assert story.closed_to() == closed
    story.goes_home()
    assert story.known().is_open is bool(closed)


def test_a_score_is_of_this_patient_as_they_are_now() -> None:
    story = recovering()
    story.wait(3 * H)
    assert story.closed_to() == {ReasonCode.NOT_SCORED}
    story.scores(replace(FIT, nausea=0))
    assert story.closed_to() == {ReasonCode.PADSS_LOW}
    story.scores(awake=False)
    assert story.closed_to() == {ReasonCode.NOT_AWAKE_AS_BEFORE}
    story.scores()
    assert story.closed_to() == set()
    story.wait(31 * MIN)
    assert story.closed_to() == {ReasonCode.SCORE_OLD_S}


def test_a_score_from_before_the_last_drug_says_nothing() -> None:
    story = DepartureStory()
    story.here()
    story.scores()
    story.infuses()
    story.gives()
    assert ReasonCode.NOT_SCORED in story.closed_to()


def test_a_score_has_items_of_0_to_2() -> None:
    story = recovering()
    story.scores(Padss(vital_signs=3, activity=2, nausea=2, pain=2, bleeding=2))
    assert story.refusals == {ReasonCode.PADSS_ITEM}


def test_home_needs_the_escort_and_the_instructions() -> None:
    story = fit_to_go()
    story.goes_home(escort=False, instructions=False)
    assert story.refusals == {ReasonCode.ESCORT_NOT_PRESENT, ReasonCode.INSTRUCTIONS_NOT_GIVEN}
    story.goes_home()
    story.accepted()
    closing = story.known().closing
    assert closing is not None
    assert (closing.exit, story.known().place) == (Exit.HOME, Place.CLOSED)


def test_a_mood_regimen_asks_about_risk_and_a_found_one_needs_a_plan() -> None:
    story = fit_to_go("MDD-2x3")
    assert story.closed_to() == {ReasonCode.RISK_NOT_ASKED_AGAIN}
    story.asks_about_risk(found=True)
    story.goes_home()
    assert story.refusals == {ReasonCode.RISK_PLAN_NEEDED}
    assert story.closed_to(Disposition.WARD) == set()
    story.plans()
    story.accepted()
    story.goes_home()
    story.accepted()


def test_a_risk_that_was_found_at_check_in_closes_the_way_home_until_the_plan_is_signed() -> None:
    story = DepartureStory()
    story.here("MDD-2x3")
    story.risk(positive=True)
    story.infuses()
    story.gives()
    story.wait(3 * H)
    story.scores()
    assert story.closed_to() == {ReasonCode.RISK_PLAN_NEEDED}
    assert story.closed_to(Disposition.WARD) == set()
    story.plans()
    story.accepted()
    assert story.closed_to() == {ReasonCode.RISK_NOT_ASKED_AGAIN}
    story.asks_about_risk(found=False)
    assert story.closed_to() == set()


def test_a_patient_for_the_ward_does_not_go_home_and_is_handed_over_to_somebody() -> None:
    story = DepartureStory()
    story.connected()
    story.sign("PAIN-4H", disposition=Disposition.WARD)
    story.opens()
    story.by(CompanyNamed, escort=False, ward="ward 4")
    story.identified()
    story.answers()
    story.weighs()
    story.prepares()
    story.baseline()
    story.infuses()
    story.gives()
    story.wait(3 * H)
    story.scores()
    story.goes_home()
    assert story.refusals == {ReasonCode.ORDERED_TO_THE_WARD}
    story.goes_to_the_ward(taken_over_by=" ")
    assert story.refusals == {ReasonCode.NOT_HANDED_OVER}
    story.goes_to_the_ward()
    story.accepted()
    assert story.state.path.at_bed is None


def test_several_recover_while_the_next_one_is_on_the_bed() -> None:
    story = recovering()
    story.signed_for("patient-2")
    story.next_patient()
    story.wait(3 * H)
    story.scores(visit="v1")
    story.goes_home(visit="v1")
    story.accepted()
    assert story.visit.visit == "v2"


# --- the other ways out ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", [Exit.TRANSFERRED, Exit.ADMITTED, Exit.LEFT, Exit.EMERGENCY])
def test_every_other_way_out_is_open_at_once_and_takes_a_reason(way: Exit) -> None:
    story = recovering("MDD-2x3")
    story.asks_about_risk(found=True)
    if way is not Exit.EMERGENCY:
        story.leaves(way, reason=" ")
        assert story.refusals == {ReasonCode.REASON_NEEDED}
    story.leaves(way, reason="" if way is Exit.EMERGENCY else "would not stay")
    story.accepted()
    assert not story.known().is_open


def test_whoever_was_not_reached_is_told_later() -> None:
    story = recovering()
    story.leaves(Exit.LEFT)
    closing = story.known().closing
    assert closing is not None
    assert closing.prescriber == ""
    story.tells()
    told = story.known().closing
    assert told is not None
    assert told.prescriber == "doctor-1"


def test_a_discharge_has_no_short_cut_and_a_drug_cannot_be_untold() -> None:
    story = recovering()
    story.leaves(Exit.HOME)
    assert story.refusals == {ReasonCode.DISCHARGE_INSTEAD}
    story.leaves(Exit.NOT_TREATED)
    assert story.refusals == {ReasonCode.SOMETHING_WAS_GIVEN}


def test_a_closed_visit_stays_closed() -> None:
    story = recovering()
    story.leaves(Exit.LEFT)
    for again in (story.moves, story.scores, story.goes_home):
        again()
        assert ReasonCode.VISIT_CLOSED in story.refusals
    story.leaves(Exit.ADMITTED)
    assert story.refusals == {ReasonCode.VISIT_CLOSED}


def test_an_unknown_visit_is_refused_and_no_role_but_a_carers_closes_one() -> None:
    story = recovering()
    story.leaves(Exit.LEFT, visit="v9")
    assert story.refusals == {ReasonCode.NO_SUCH_VISIT}
    story.moves(actor=None)
    assert ReasonCode.NOT_SIGNED_IN in story.refusals
    assert all(reason.severity is Severity.HARD for reason in story.reply.reasons) if story.reply else False


def test_the_message_of_a_planned_end_goes_with_the_patient() -> None:
    story = DepartureStory()
    story.here("MDD-2x3")
    story.infuses()
    leg = story.infusion().leg
    assert leg is not None
    whole_ul = leg.granted.volume_nl // 1_000
    story.drives(whole_ul - 1)
    story.report(Drive.STILL, infused_ul=whole_ul)
    assert story.phase() is Phase.ENDED
    assert story.alarm(Condition.ENDED) is not None
    story.moves()
    story.accepted()
    assert story.alarm(Condition.ENDED) is None


# --- the rest of a visit's dose ---------------------------------------------------------------------


def totals(story: DepartureStory) -> tuple[int, int]:
    """What the first infusion of v1 may have given, and what the one that was programmed now will give."""
    return story.known("v1").doses[0].given.high_nl, story.infusion().total_nl


@pytest.mark.requirement("F17")
def test_a_visits_dose_is_given_once_however_often_it_is_started() -> None:
    """A vein fails after some minutes: what is started again is the rest."""
    story = DepartureStory()
    story.here("MDD-2x3")
    programme = story.review().programme
    assert programme is not None
    whole_nl = programme.total_nl
    story.infuses()
    story.gives(5_000)
    assert ReasonCode.REST_OF_DOSE_UG in {each.code for each in story.review().grant.reasons}
    story.passes_to_start()
    story.start_visit()
    story.accepted()
    had_nl, rest_nl = totals(story)
    assert rest_nl > 0
    assert had_nl + rest_nl <= whole_nl
    assert whole_nl - had_nl - rest_nl < 20_000, "nothing but what no counter could tell is lost"


@pytest.mark.requirement("F17")
def test_what_is_titrated_in_the_rest_of_a_dose_stays_within_what_the_whole_order_may_give() -> None:
    """Slow for a while, stopped, and resumed with its volume kept: the end is far away, and a rise would fill it."""
    story = DepartureStory()
    story.here("CRPS-IP5")
    whole = story.review().programme
    assert whole is not None
    assert whole.titrated is not None
    story.infuses()
    story.gives(20_000)
    story.passes_to_start()
    story.infuses()
    rest = story.infusion().programme
    assert rest.titrated is not None
    start = story.infusion().rate_ul_per_h
    story.rate(start // 5)
    story.done(Drive.INFUSING, rate=start // 5)
    story.paused(1)
    story.resumes(keep=Keep.VOLUME)
    story.rises_to(start, twice=True)
    story.done(Drive.INFUSING, rate=start, infused_ul=1)
    story.wait(rest.titrated.dwell_s)
    story.drives(start, after_s=1)
    story.observes()
    story.rises_to(start + rest.titrated.up_by_ul_per_h)
    story.accepted()
    had_nl, rest_nl = totals(story)
    assert rest_nl > rest.total_nl, "the rise is within the order, and adds to it"
    assert had_nl + rest_nl <= whole.titrated.most_nl


@pytest.mark.requirement("F17")
def test_a_visit_that_has_had_its_dose_starts_no_other() -> None:
    story = DepartureStory()
    story.here("MDD-2x3")
    story.infuses()
    leg = story.infusion().leg
    assert leg is not None
    whole_ul = leg.granted.volume_nl // 1_000
    story.drives(whole_ul - 1)
    story.report(Drive.STILL, infused_ul=whole_ul)
    assert story.phase() is Phase.ENDED
    story.start_visit()
    assert ReasonCode.DOSE_GIVEN_UG in story.refusals


@pytest.mark.requirement("F17")
def test_who_comes_back_on_the_same_day_gets_the_rest_and_the_next_day_nothing_of_it() -> None:
    story = recovering("MDD-2x3")
    had_nl = story.known().doses[0].given.high_nl
    story.opens(visit="v2", number=1)
    story.accepted()
    assert story.visit.order.course.visits == 0, "it is no second visit"
    story.passes_to_start()
    programme = story.review().programme
    assert programme is not None
    assert had_nl + programme.total_nl <= 35_000_000  # 0.5 mg/kg of 70 kg, 1 mg/mL
    story.leaves(Exit.NOT_TREATED, visit="v2", reason="enough")
    story.today += 1
    story.opens(visit="v3", number=1)
    assert story.refusals == {ReasonCode.NUMBER_GIVEN}


def test_what_another_pump_may_still_give_is_no_rest_to_be_started() -> None:
    story = DepartureStory(slots=("p1", "p2"))
    story.here("MDD-2x3")
    story.connect("p2")
    story.report(slot="p2")
    story.infuses()
    story.start_visit(slot="p2")
    assert ReasonCode.DOSE_GIVEN_UG in story.refusals
