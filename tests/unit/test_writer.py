"""One person writes a visit, everybody sees who, and another takes it over with one tap."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import get_args

import pytest

from pumpd.core.actor import Actor
from pumpd.core.arrival_requests import VisitOpenRequested
from pumpd.core.check_in_requests import FindingAccepted, PatientWeighed, RiskPlanSigned
from pumpd.core.codes import Phase, ReasonCode
from pumpd.core.people import Role
from pumpd.core.preparation_requests import CheckEntered, PremedicationGiven, PremedicationOmitted, RiseCheckEntered
from pumpd.core.pump import Drive
from pumpd.core.requests import PathRequest
from pumpd.core.writer_facts import WriterTaken
from pumpd.core.writing import WRITES
from pumpd.testing.bed_story import NURSE, SECOND
from pumpd.testing.path_story import PRESCRIBER, PathStory

FREE = {
    VisitOpenRequested: "makes the visit, and whoever does it is its writer",
    WriterTaken: "is the tap that takes it over",
    CheckEntered: "the other person's",
    RiseCheckEntered: "another person's, too",
    PremedicationGiven: "by whoever gave it",
    PremedicationOmitted: "a prescriber's",
    FindingAccepted: "a prescriber's",
    RiskPlanSigned: "a prescriber's",
}
FREE_MODULES = {
    "pumpd.core.departure_requests": "recovery is another room, and a way out is open to whoever stands there",
    "pumpd.core.care_requests": "what is seen at the bed is written down by whoever sees it",
}


def opened() -> PathStory:
    story = PathStory()
    story.connected()
    story.sign("MDD-2x3")
    story.opens()
    return story


def weighs(story: PathStory, actor: Actor | None, weight_g: int = 70_000) -> set[ReasonCode]:
    story.take(
        PatientWeighed(at_ns=story.now_ns, request_id=story.request_id(), actor=actor, visit="v1", weight_g=weight_g)
    )
    assert story.reply is not None
    return {each.code for each in story.reply.reasons}


def takes_over(story: PathStory, actor: Actor | None, visit: str = "v1") -> set[ReasonCode]:
    story.take(WriterTaken(at_ns=story.now_ns, request_id=story.request_id(), actor=actor, visit=visit))
    assert story.reply is not None
    return {each.code for each in story.reply.reasons}


def test_of_every_request_about_a_visit_it_is_said_whether_it_waits_for_the_writer() -> None:
    kinds = [each for part in get_args(PathRequest) for each in (get_args(part) or (part,))]
    about = {kind for kind in kinds if "visit" in {each.name for each in fields(kind)}}
    about = {kind for kind in about if kind.__module__ not in FREE_MODULES}
    assert about == {*WRITES, *FREE}, "put it into WRITES of core/writing.py, or here with the reason why not"


def test_whoever_opens_a_visit_writes_it_and_another_takes_it_over_with_one_tap() -> None:
    story = opened()
    assert story.visit.writer == NURSE.person
    assert weighs(story, NURSE) == set()
    assert weighs(story, SECOND, 71_000) == {ReasonCode.ANOTHER_WRITES}
    assert story.visit.weighed is not None
    assert story.visit.weighed.weight_g == 70_000
    assert takes_over(story, SECOND) == set()
    assert story.visit.writer == SECOND.person
    assert weighs(story, SECOND, 71_000) == set()
    assert weighs(story, NURSE) == {ReasonCode.ANOTHER_WRITES}
    story.boot()
    assert story.visit.writer == SECOND.person


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (None, ReasonCode.NOT_SIGNED_IN),
        (replace(SECOND, confirmed=False), ReasonCode.PIN_NEEDED),
        (Actor(person="view-1", role=Role.VIEWER), ReasonCode.ROLE_MAY_NOT),
    ],
)
def test_who_may_not_care_takes_nothing_over_and_is_not_told_to(actor: Actor | None, code: ReasonCode) -> None:
    story = opened()
    assert code in takes_over(story, actor)
    told = weighs(story, actor)
    assert code in told
    assert ReasonCode.ANOTHER_WRITES not in told
    assert story.visit.writer == NURSE.person


def test_a_visit_that_is_not_known_has_no_writer() -> None:
    assert takes_over(opened(), SECOND, "v9") == {ReasonCode.NO_SUCH_VISIT}


def test_stop_pause_and_decrease_wait_for_no_writer() -> None:
    story = PathStory()
    story.passes_to_start()
    story.start_visit()
    story.prepared()
    story.done(Drive.INFUSING)
    assert takes_over(story, PRESCRIBER) == set()
    story.rate(1_000, actor=SECOND)
    assert story.reply is not None
    assert story.reply.accepted
    story.pause()
    assert story.reply.accepted
    story.stop()
    assert story.phase() is Phase.STOPPING
