"""A careless nurse and an interrupted one: each story ends safely, nothing of it is lost, and none is a dead end.

Every story closes with `ends`: no pump moves, the patient goes one way or another, and the next patient is taken onto
the bed. That the state is the fold of the facts is checked after every request of each (bed_story.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pumpd.core import requests as r
from pumpd.core.care_requests import InfiltrationRequested
from pumpd.core.check_in import Identifier
from pumpd.core.codes import Condition, Phase, ReasonCode, Why
from pumpd.core.departure import Exit
from pumpd.core.look import MOVING
from pumpd.core.preparation_facts import CheckDiffered
from pumpd.core.pump import Drive, PumpAlarm
from pumpd.core.visit import Place
from pumpd.core.writer_facts import WriterTaken
from pumpd.testing.bed_story import NURSE, SECOND
from pumpd.testing.departure_story import DepartureStory

LB_FOR_KG_G = 154_000  # 70 kg, read in pounds
MDD = "MDD-2x3"


def at_check_in() -> DepartureStory:
    story = DepartureStory()
    story.connected()
    story.sign(MDD)
    story.opens()
    story.accepted()
    return story


def infusing() -> DepartureStory:
    story = DepartureStory()
    story.begins(MDD)
    return story


def ends(story: DepartureStory, *, visit: str = "v1") -> None:
    """Nothing moves, the visit is closed, and the next patient is at the bed and inherits nothing."""
    assert [pump.phase for pump in story.state.pumps if pump.phase in MOVING] == []
    assert story.known(visit).place is Place.CLOSED
    story.signed_for("patient-2", MDD)
    story.next_patient()
    story.accepted()
    assert story.visit.patient == "patient-2"
    assert story.visit.weighed is None
    assert story.visit.answers == ()
    assert ReasonCode.IDENTITY_NOT_COMPARED in story.missing


def stands(story: DepartureStory, seconds: int, *, infused_ul: int) -> None:
    """The pump stands still and is looked at; nobody comes."""
    for _ in range(seconds // 4):
        story.report(Drive.STILL, infused_ul=infused_ul, after_s=4)
        story.tick()


def is_stopped_and_ended(story: DepartureStory, infused_ul: int) -> None:
    story.stop()
    story.stop_confirmed(infused_ul=infused_ul)
    story.end()
    story.accepted()


# --- careless ---------------------------------------------------------------------------------------------------


def test_the_wrong_patient_is_found_by_a_birthday_and_goes_untreated() -> None:
    story = at_check_in()
    story.identified(Identifier.BIRTH)
    assert story.refusals == {ReasonCode.IDENTITY_DIFFERS}
    story.answers()
    story.weighs()
    story.goes_home_with_an_escort()
    story.risk()
    story.prepares()
    story.baseline()
    story.start_visit()
    assert ReasonCode.IDENTITY_DIFFERS in story.refusals
    assert story.phase() is Phase.IDLE
    story.leaves(Exit.NOT_TREATED, reason="another patient of this name", told="doctor-1")
    story.accepted()
    ends(story)


def test_a_weight_in_pounds_is_found_by_the_order_and_again_by_the_second_person() -> None:
    story = at_check_in()
    story.checks_in()
    story.weighs(LB_FOR_KG_G)
    review = story.review()
    assert ReasonCode.WEIGHT_CHANGED_G in {each.code for each in review.grant.reasons}
    assert review.grant.needs_override or not review.grant.allowed
    story.gives_premedication()
    story.reads_label()
    story.checks_line()
    story.primes()
    story.second_checks(weight_g=70_000)
    assert ReasonCode.CHECK_DIFFERED in story.refusals
    assert any(isinstance(fact, CheckDiffered) for fact in story.facts), "both values are on record"
    story.baseline()
    story.start_visit()
    assert story.phase() is Phase.IDLE
    story.weighs(70_000)
    story.accepted()
    story.second_checks()
    story.accepted()
    assert story.missing == set()
    story.leaves(Exit.NOT_TREATED, reason="no time left today", told="doctor-1")
    story.accepted()
    ends(story)


@pytest.mark.parametrize(
    ("read", "code"),
    [
        ({"drug": "ketorolac"}, ReasonCode.LABEL_DRUG_DIFFERS),
        ({"capacity_nl": 20_000_000}, ReasonCode.CONTAINER_SIZE_NL),
        ({"expires_day": 1}, ReasonCode.LABEL_EXPIRED),
    ],
    ids=["drug", "size", "expired"],
)
def test_the_wrong_syringe_is_told_when_its_label_is_read_and_the_right_one_goes_on(
    read: dict[str, Any], code: ReasonCode
) -> None:
    story = at_check_in()
    story.checks_in()
    story.reads_label(**read)
    assert code in story.refusals
    story.start_visit()
    assert ReasonCode.LABEL_NOT_READ in story.refusals
    story.prepares()
    story.baseline()
    story.start_visit()
    story.accepted()
    story.prepared()
    story.done(Drive.INFUSING)
    is_stopped_and_ended(story, 500)
    story.leaves(Exit.ADMITTED, reason="dizzy", told="doctor-1")
    story.accepted()
    ends(story)


def test_the_syringe_of_another_brand_is_found_by_the_second_person() -> None:
    story = at_check_in()
    story.checks_in()
    for step in (story.gives_premedication, story.reads_label, story.checks_line, story.primes):
        step()
    story.second_checks(brand="Terumo")
    assert ReasonCode.CHECK_DIFFERED in story.refusals
    assert story.missing & {ReasonCode.LABEL_NOT_READ, ReasonCode.CHECK_NEEDED}
    story.leaves(Exit.NOT_TREATED, reason="no such syringe in the house", told="doctor-1")
    story.accepted()
    ends(story)


def test_a_resume_that_was_forgotten_is_asked_for_and_later_takes_a_new_start_or_none() -> None:
    story = infusing()
    story.runs_on(60)
    story.pause()
    story.stop_confirmed(infused_ul=200)
    stands(story, 660, infused_ul=200)
    assert story.alarm(Condition.PAUSE_OVER) is not None
    given = story.infusion().delivered
    stands(story, story.setup.resume_limit_s, infused_ul=200)
    story.resume()
    assert ReasonCode.OBSERVATION_OVERDUE in story.refusals, "whoever comes back looks at the patient first"
    story.observes()
    story.resume()
    assert ReasonCode.RESUME_TIME_OVER_S in story.refusals
    assert story.infusion().delivered == given
    story.end()
    story.accepted()
    story.moves()
    story.accepted()
    story.leaves(Exit.LEFT, reason="would not wait", told="doctor-1")
    story.accepted()
    ends(story)


# --- interrupted ------------------------------------------------------------------------------------------------


def test_at_the_shift_change_the_next_nurse_takes_over_and_what_a_locked_page_did_finds_its_author() -> None:
    story = infusing()
    story.runs_on(120)
    locked = replace(SECOND, confirmed=False)  # the page is still Anna's, and locked
    story.rate(story.infusion().rate_ul_per_h // 2, actor=locked)
    story.accepted()
    story.done(Drive.INFUSING, infused_ul=300)
    story.by(WriterTaken, SECOND)
    story.accepted()
    (waits,) = story.state.unconfirmed
    story.take(
        r.AuthorAnswered(
            at_ns=story.now_ns, request_id=story.request_id(), actor=SECOND, acts=(waits.request_id,), mine=True
        )
    )
    story.accepted()
    story.observes(actor=SECOND)
    story.accepted()
    is_stopped_and_ended(story, 310)
    assert story.visit.writer == SECOND.person
    assert story.state.unconfirmed == ()
    story.leaves(Exit.TRANSFERRED, reason="bed needed", told="doctor-1")
    story.accepted()
    ends(story)


def test_after_a_power_cut_the_visit_is_where_it_was_and_the_infusion_goes_on_when_a_person_says_so() -> None:
    story = infusing()
    story.runs_on(120)
    visit, in_before = story.visit, story.infusion().delivered
    story.boot(away_s=300)
    assert replace(story.visit, doses=()) == replace(visit, doses=()), "check-in, preparation and check of before stand"
    assert story.phase() is Phase.UNCERTAIN
    story.connected()
    story.report(Drive.STILL, infused_ul=0, alarm=PumpAlarm.RESET)
    story.stop_confirmed(infused_ul=0) if story.pump().stop is not None else story.report(Drive.STILL, infused_ul=0)
    assert story.phase() is Phase.STOPPED
    assert story.infusion().delivered.low_nl >= in_before.low_nl
    story.end()
    story.accepted()
    story.leaves(Exit.ADMITTED, reason="power cut", told="doctor-1")
    story.accepted()
    ends(story)


def test_a_syringe_that_is_empty_in_mid_step_is_changed_and_the_visit_goes_on() -> None:
    story = infusing()
    story.runs_on(60)
    story.report(Drive.INFUSING, infused_ul=400, alarm=PumpAlarm.EMPTY)
    story.stop_confirmed(infused_ul=400)
    assert story.phase() is Phase.STOPPED
    assert story.alarm(Condition.EMPTY) is not None
    story.reads_label(lot="L 18")
    story.accepted()
    story.second_checks()
    story.accepted()
    order, programme = story.visit.order, story.infusion().programme
    story.reads_label(lot="L 18")
    story.second_checks()
    story.accepted()
    story.take(
        r.ContainerChangeRequested(
            at_ns=story.now_ns, request_id=story.request_id(), actor=NURSE, slot="p1", container=order.container,
            concentration_ug_per_ml=programme.concentration_ug_per_ml, lot="L 18", second=SECOND,
        )
    )  # fmt: skip
    story.accepted()
    story.prepared()
    story.done(Drive.INFUSING, infused_ul=400)
    assert story.phase() is Phase.INFUSING
    assert story.infusion().delivered.low_nl >= 400_000
    is_stopped_and_ended(story, 500)
    story.leaves(Exit.LEFT, reason="had enough", told="doctor-1")
    story.accepted()
    ends(story)


def test_a_line_that_fails_after_two_minutes_is_sited_anew_and_what_was_pumped_still_counts() -> None:
    story = infusing()
    story.runs_on(120)
    pumped = story.infusion().delivered
    story.by(InfiltrationRequested, slot="p1", remark="swollen")
    story.accepted()
    story.stop_confirmed(infused_ul=pumped.low_nl // 1_000)
    assert story.pump().why is Why.PAUSED
    assert len(story.visit.care.infiltrated) == 1
    (dose,) = story.visit.doses
    assert dose.delivered.high_nl >= pumped.low_nl, "every limit and the course count it, received or not"
    story.resume()
    story.accepted()
    story.prepared()
    story.done(Drive.INFUSING)
    assert story.infusion().delivered.low_nl >= pumped.low_nl
    is_stopped_and_ended(story, 100)
    story.leaves(Exit.ADMITTED, reason="arm swollen", told="doctor-1")
    story.accepted()
    ends(story)


def test_an_escort_who_does_not_come_keeps_the_patient_from_home_and_from_nothing_else() -> None:
    story = infusing()
    story.runs_on(60)
    is_stopped_and_ended(story, 300)
    story.moves()
    story.accepted()
    story.tick(3 * 3_600)
    story.scores()
    story.asks_about_risk(found=False)
    story.goes_home(escort=False)
    assert ReasonCode.ESCORT_NOT_PRESENT in story.refusals
    assert story.known().place is Place.RECOVERING
    story.signed_for("patient-3", MDD, series="s3")
    story.next_patient(series="s3", visit="v3")
    story.accepted()
    story.leaves(Exit.NOT_TREATED, visit="v3", reason="came on the wrong day", told="doctor-1")
    story.accepted()
    assert story.known().place is Place.RECOVERING, "the next patient's end is not this one's"
    story.leaves(Exit.ADMITTED, reason="nobody at home", told="doctor-1")
    story.accepted()
    ends(story)
