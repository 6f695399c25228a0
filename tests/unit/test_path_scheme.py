"""What a scheme states beside its doses: what comes before the start, and how long lies between two visits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.api_reviews import reason_view, regimen_views
from pumpd.core.adjuncts import BENZODIAZEPINES
from pumpd.core.arrival_facts import SeriesSigned
from pumpd.core.codes import Reason, ReasonCode, Severity
from pumpd.core.prescribed import Premedication, Route
from pumpd.core.requests import Override
from pumpd.testing.bed_story import SECOND
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.departure_story import DepartureStory
from pumpd.testing.path_story import PathStory

MIDAZOLAM = Premedication(drug="Midazolam", dose_ug=2_000, route=Route.VEIN, wait_s=300, sedating=True)
ONDANSETRON = Premedication(drug="ondansetron", dose_ug=4_000, route=Route.VEIN, wait_s=0)
FOR_PAIN = ["CRPS-OP10", "FM-30", "FM-3H", "NP-OP5", "PAIN-4H"]
FOR_A_MOOD = ["MDD-2x3", "MDD-3x2", "MDD-MAINT", "SI-2", "PTSD-3x2", "OCD-1"]


def signed_with(regimen: str, *before: Premedication) -> tuple[Reason, ...]:
    """What the signature is answered with; it is accepted all the same."""
    story = PathStory()
    story.connected()
    story.sign(regimen, premedication=before)
    story.accepted()
    (fact,) = [each for each in story.last.facts if isinstance(each, SeriesSigned)]
    assert story.reply is not None
    assert fact.notes == story.reply.reasons, "what was remarked on is on record"
    return story.reply.reasons


# --- before the start -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("regimen", FOR_PAIN)
def test_a_benzodiazepine_is_offered_before_pain_and_leaving_it_out_is_a_note(regimen: str) -> None:
    found = shipped_rules().catalogue.regimen(regimen)
    assert found is not None
    offered = [each for each in found.before if each.drug in BENZODIAZEPINES]
    assert [each.drug for each in offered] == ["midazolam"]
    assert signed_with(regimen, *found.before) == ()
    (note,) = signed_with(regimen, ONDANSETRON)
    assert (note.code, note.severity, note.about) == (
        ReasonCode.PREMEDICATION_LEFT_OUT,
        Severity.NOTE,
        "midazolam",
    )
    assert reason_view(note).text.startswith("This regimen has midazolam before the start")


@pytest.mark.parametrize("regimen", FOR_A_MOOD)
def test_none_is_offered_before_a_mood_and_adding_one_is_a_note(regimen: str) -> None:
    found = shipped_rules().catalogue.regimen(regimen)
    assert found is not None
    assert found.before == ()
    assert signed_with(regimen) == ()
    assert signed_with(regimen, ONDANSETRON) == ()
    (note,) = signed_with(regimen, MIDAZOLAM)
    assert (note.code, note.severity) == (ReasonCode.PREMEDICATION_FOR_MOOD, Severity.NOTE)
    assert reason_view(note).text == "Midazolam before the start may blunt the effect on a mood. Keep it in mind."


def test_every_regimen_with_a_drug_is_one_for_pain_or_for_a_mood() -> None:
    rules = shipped_rules()
    with_drug = [each.id for each in rules.catalogue.regimens if not each.id.startswith("TRAIN")]
    assert set(with_drug) == {*FOR_PAIN, *FOR_A_MOOD, "CRPS-IP5"}, "CRPS-IP5 gives midazolam when it is needed"


def test_what_is_offered_crosses_as_it_would_be_sent_with_the_order() -> None:
    views = {each.id: each for each in regimen_views(replace(PathStory().setup, training=False), "p1")}
    midazolam, clonidine = views["CRPS-OP10"].before
    assert midazolam.model_dump(mode="json") == {
        "drug": "midazolam", "dose_mg": "2", "route": "vein", "wait_min": 5, "sedating": True,
    }  # fmt: skip
    assert (clonidine.drug, clonidine.dose_mg, clonidine.route) == ("cloNIDine", "0.1", Route.MOUTH)
    assert views["MDD-2x3"].before == ()


# --- between two visits ---------------------------------------------------------------------------------------------


def had(regimen: str) -> DepartureStory:
    """A patient who had a visit of this regimen today, and has left the bed."""
    story = DepartureStory()
    story.here(regimen)
    story.infuses()
    story.gives()
    story.moves()
    story.accepted()
    return story


def comes_again(story: DepartureStory, regimen: str, *, days: int) -> set[ReasonCode]:
    """So many days later, on a new order; what their review says of it softly."""
    story.today += days
    story.wait(days * 86_400)
    story.connected()
    story.sign(regimen, series="s2")
    story.accepted()
    story.opens(series="s2", visit="v2", number=1)
    story.accepted()
    return {each.code for each in story.review().grant.reasons if each.severity is Severity.SOFT}


@pytest.mark.parametrize(("regimen", "days"), [("OCD-1", 7), ("FM-3H", 7)])
def test_sooner_than_the_scheme_lets_the_next_visit_follow_two_people_agree_with_a_reason(
    regimen: str, days: int
) -> None:
    assert ReasonCode.GAP_DAYS in comes_again(had(regimen), regimen, days=days - 1)
    assert ReasonCode.GAP_DAYS not in comes_again(had(regimen), regimen, days=days)


def test_the_gap_of_the_visit_before_counts_too_whatever_the_next_one_is() -> None:
    assert ReasonCode.GAP_DAYS in comes_again(had("OCD-1"), "MDD-2x3", days=3)
    assert ReasonCode.GAP_DAYS in comes_again(had("MDD-2x3"), "OCD-1", days=3)
    assert ReasonCode.GAP_DAYS not in comes_again(had("MDD-2x3"), "MDD-2x3", days=3)


def test_the_review_says_how_long_ago_it_was_and_a_start_waits_for_the_second_person() -> None:
    story = had("OCD-1")
    comes_again(story, "OCD-1", days=6)
    (gap,) = [each for each in story.review().grant.reasons if each.code is ReasonCode.GAP_DAYS]
    assert (gap.asked, gap.limit) == (6, 7)
    assert reason_view(gap).text.startswith(
        "The last visit with this drug was 6 days ago; 7 days should lie in between."
    )
    story.passes_to_start("OCD-1")
    story.start_visit()
    assert story.refusals == {ReasonCode.OVERRIDE_NEEDED}
    story.start_visit(override=Override(reason="the prescriber wants it", second=SECOND))
    story.accepted()


def test_another_patient_has_no_gap() -> None:
    story = had("OCD-1")
    story.today += 1
    story.sign("OCD-1", series="s2", patient="patient-2")
    story.opens(series="s2", visit="v2", number=1)
    story.accepted()
    assert story.visit.order.course.days_since is None
