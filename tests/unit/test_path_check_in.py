"""The check-in of a visit: what it asks, what closes a gate, and who may open it again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.check_in import Answered, Identifier, Item, Watching
from pumpd.core.check_in_facts import IdentityChecked
from pumpd.core.check_in_requests import (
    CompanyNamed,
    FindingAccepted,
    RiskPlanSigned,
    UnchangedConfirmed,
)
from pumpd.core.codes import ReasonCode, Severity
from pumpd.core.series import Disposition
from pumpd.core.visit import Place
from pumpd.core.writer_facts import WriterTaken
from pumpd.testing.bed_story import NURSE, SECOND
from pumpd.testing.path_story import PRESCRIBER, PathStory


def opened(regimen: str = "MDD-2x3", disposition: Disposition = Disposition.HOME) -> PathStory:
    story = PathStory()
    story.connected()
    story.sign(regimen, disposition=disposition)
    story.opens()
    return story


def next_visit(story: PathStory, *, series: str = "s1", number: int = 2) -> None:
    """The visit at the bed is over, and another one begins some days later."""
    story.leaves_bed()
    story.today += 3
    story.wait(60)
    story.opens(series=series, visit=f"{series}-{number}", number=number)
    story.accepted()


def test_a_visit_that_is_checked_in_has_no_gate_of_it_closed() -> None:
    story = opened()
    asked = story.missing
    story.checks_in()
    assert {
        ReasonCode.IDENTITY_NOT_COMPARED, ReasonCode.ALLERGIES_NOT_ASKED, ReasonCode.PREGNANCY_NOT_ASKED,
        ReasonCode.FASTING_NOT_ASKED, ReasonCode.CONTRAINDICATIONS_NOT_ASKED, ReasonCode.ESCORT_NOT_NAMED,
        ReasonCode.NOT_WEIGHED, ReasonCode.RISK_NOT_ASKED,
    } == asked - story.missing  # fmt: skip


def test_an_identifier_that_differs_is_on_record_and_closes_the_gate_until_two_agree() -> None:
    story = opened()
    story.checks_in()
    story.identified(Identifier.BIRTH)
    assert story.refusals == {ReasonCode.IDENTITY_DIFFERS}
    assert any(isinstance(fact, IdentityChecked) and fact.differed for fact in story.last.facts)
    story.start_visit()
    assert ReasonCode.IDENTITY_DIFFERS in story.refusals
    story.identified()
    story.accepted()
    assert ReasonCode.IDENTITY_DIFFERS not in story.missing


def test_one_identifier_is_not_enough_however_often_it_is_said() -> None:
    story = opened()
    story.compares(Identifier.NAME, Identifier.NAME)
    assert story.refusals == {ReasonCode.IDENTIFIERS_TOO_FEW}
    assert ReasonCode.IDENTITY_NOT_COMPARED in story.missing


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (Item.ALLERGIES, ReasonCode.ALLERGY_FOUND),
        (Item.PREGNANCY, ReasonCode.PREGNANCY_FOUND),
        (Item.FASTING, ReasonCode.NOT_FASTED),
        (Item.CONTRAINDICATIONS, ReasonCode.CONTRAINDICATION_FOUND),
    ],
)
def test_what_was_found_keeps_the_gate_closed_until_a_prescriber_accepts_it(item: Item, code: ReasonCode) -> None:
    story = opened()
    story.checks_in()
    before = story.missing
    story.answers(item, answered=Answered.FOUND)
    assert story.refusals == {ReasonCode.FINDING_NOT_NAMED}
    story.answers(item, answered=Answered.FOUND, remark="seen")
    assert story.missing - before == {code}
    story.by(FindingAccepted, item=item, why="benefit outweighs it")
    assert story.refusals == {ReasonCode.ROLE_MAY_NOT}
    story.by(FindingAccepted, PRESCRIBER, item=item, why=" ")
    assert story.refusals == {ReasonCode.REASON_NEEDED}
    story.by(FindingAccepted, PRESCRIBER, item=item, why="benefit outweighs it")
    assert story.missing == before


def test_what_has_not_changed_is_one_confirmation_that_keeps_author_and_day() -> None:
    story = opened()
    story.answers(Item.ALLERGIES, remark="none known")
    first = story.visit
    next_visit(story)
    story.by(WriterTaken, SECOND)
    story.by(UnchangedConfirmed, SECOND, of_visit=first.visit, items=(Item.ALLERGIES,), today_day=story.today)
    story.accepted()
    answer = story.visit.answer(Item.ALLERGIES)
    assert answer is not None
    assert (answer.said.remark, answer.person, answer.day) == ("none known", SECOND.person, story.today)
    assert (answer.first_person, answer.first_day) == (NURSE.person, story.today - 3)
    assert ReasonCode.ALLERGIES_NOT_ASKED not in story.missing


@pytest.mark.parametrize(
    ("item", "series"),
    [(Item.FASTING, "s1"), (Item.PREGNANCY, "s1"), (Item.ALLERGIES, "s2")],
    ids=["a fast is of today", "a pregnancy test is of today", "of another patient nothing is taken over"],
)
def test_what_is_of_today_or_of_another_patient_is_asked_anew(item: Item, series: str) -> None:
    story = opened()
    story.sign("MDD-2x3", series="s2", patient="patient-2")
    story.answers(item)
    first = story.visit
    next_visit(story, series=series)
    story.by(UnchangedConfirmed, of_visit=first.visit, items=(item,), today_day=story.today)
    assert story.refusals == {ReasonCode.NOTHING_EARLIER}


def test_what_was_read_has_to_be_the_latest_answer() -> None:
    story = opened()
    story.answers(Item.ALLERGIES, remark="none known")
    first = story.visit
    next_visit(story)
    story.answers(Item.ALLERGIES, answered=Answered.FOUND, remark="ketamine: rash")
    next_visit(story, number=3)
    story.by(UnchangedConfirmed, of_visit=first.visit, items=(Item.ALLERGIES,), today_day=story.today)
    assert story.refusals == {ReasonCode.NOTHING_EARLIER}


def test_what_a_prescriber_accepted_holds_for_that_series_alone() -> None:
    story = opened()
    story.sign("MDD-2x3", series="s2")
    story.answers(Item.CONTRAINDICATIONS, answered=Answered.FOUND, remark="high blood pressure, treated")
    story.by(FindingAccepted, PRESCRIBER, item=Item.CONTRAINDICATIONS, why="stable")
    first = story.visit
    next_visit(story)
    story.by(UnchangedConfirmed, of_visit=first.visit, items=(Item.CONTRAINDICATIONS,), today_day=story.today)
    second = story.visit
    assert ReasonCode.CONTRAINDICATION_FOUND not in story.missing
    next_visit(story, series="s2", number=1)
    story.by(UnchangedConfirmed, of_visit=second.visit, items=(Item.CONTRAINDICATIONS,), today_day=story.today)
    assert ReasonCode.CONTRAINDICATION_FOUND in story.missing


@pytest.mark.parametrize(
    ("weight_g", "speaks"), [(77_000, False), (77_001, True), (63_000, False), (62_999, True)]
)  # fmt: skip
def test_a_weight_beyond_a_tenth_of_the_orders_asks_two_people_from_the_first_visit_on(
    weight_g: int, *, speaks: bool
) -> None:
    story = opened()
    story.checks_in()
    story.weighs(weight_g)
    story.accepted()
    soft = {each.code for each in story.review().grant.reasons if each.severity is Severity.SOFT}
    assert (ReasonCode.WEIGHT_CHANGED_G in soft) is speaks


def test_a_weight_that_nobody_has_is_refused_at_the_scale() -> None:
    story = opened()
    story.weighs(7_000)
    assert story.refusals == {ReasonCode.WEIGHT_G}
    assert ReasonCode.NOT_WEIGHED in story.missing


def test_who_goes_to_a_ward_needs_a_ward_and_no_escort() -> None:
    story = opened("CRPS-IP5", disposition=Disposition.WARD)
    assert ReasonCode.WARD_NOT_NAMED in story.missing
    assert ReasonCode.ESCORT_NOT_NAMED not in story.missing
    story.goes_home_with_an_escort()
    assert story.refusals == {ReasonCode.WARD_NOT_NAMED}
    story.by(CompanyNamed, escort=False, ward="4 West")
    story.accepted()
    assert ReasonCode.WARD_NOT_NAMED not in story.missing


def test_the_risk_question_is_asked_where_the_regimen_is_for_a_mood() -> None:
    assert ReasonCode.RISK_NOT_ASKED in opened("MDD-2x3").missing
    assert ReasonCode.RISK_NOT_ASKED not in opened("PAIN-4H").missing


def test_a_risk_that_was_found_closes_home_until_a_prescriber_signs_a_plan_and_nobody_unsays_it() -> None:
    story = opened()
    story.risk(positive=True)
    story.accepted()
    assert story.visit.risk is not None
    assert (story.visit.risk.watching, story.visit.risk.closes_home) == (Watching.CONSTANT, True)
    story.risk(positive=False)
    assert story.refusals == {ReasonCode.RISK_STANDS}
    story.by(RiskPlanSigned, plan="seen by the team, safety plan agreed", watching=Watching.CLOSE)
    assert story.refusals == {ReasonCode.ROLE_MAY_NOT}
    story.by(RiskPlanSigned, PRESCRIBER, plan="seen by the team, safety plan agreed", watching=Watching.CLOSE)
    story.accepted()
    assert (story.visit.risk.watching, story.visit.risk.closes_home) == (Watching.CLOSE, False)


def test_a_risk_does_not_stand_in_the_way_of_the_start() -> None:
    story = opened()
    story.checks_in()
    before = story.missing
    story.risk(positive=True)
    assert story.missing == before


def test_nobody_checks_in_whoever_has_left_the_bed() -> None:
    story = opened()
    left = replace(story.visit, place=Place.RECOVERING)
    story.state = story.kept = replace(story.state, path=story.state.path.with_visit(left))
    story.by(CompanyNamed, visit=left.visit, escort=True, ward="")
    assert story.refusals == {ReasonCode.VISIT_NOT_AT_BED}
    story.by(CompanyNamed, visit="v9", escort=True, ward="")
    assert story.refusals == {ReasonCode.NO_SUCH_VISIT}
