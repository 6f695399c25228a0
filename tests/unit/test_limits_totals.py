"""Ceilings that no file can raise, what a course has had, and what others gave in this visit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core.codes import Given, Grant, ReasonCode, Severity
from pumpd.core.delivered import Interval
from pumpd.core.library import CEILINGS, Cap, DoseUnit, Entry, Span
from pumpd.core.limits import check_remaining, review
from pumpd.core.order import Course, Order, WeightBasis
from pumpd.core.programme import Programme
from pumpd.core.regimen import Rules
from pumpd.core.rest import rest_of
from pumpd.core.rise import against_rest
from pumpd.core.steps import Step
from pumpd.core.turn import Turn
from pumpd.testing.bed_story import BedStory
from pumpd.testing.clinical import NE_1000, shipped_rules

NOW = 10**15
HOUR_NS = 3_600 * 10**9
LIMITLESS = Span(hard_low=1, soft_low=1, typical=1, soft_high=10**9, hard_high=10**9)


def limitless() -> Entry:
    """An entry that a careless file could have: no limit at all."""
    return replace(
        entry("KET-PAIN-OP"),
        unit=DoseUnit.MG_PER_H,
        dose=LIMITLESS,
        rate_ug_per_kg_per_h=None,
        cap_ug_per_h=None,
        cap_total_ug=None,
        cap_total_ug_per_kg=None,
        rolling_hour_ug=None,
        rolling_hour_ug_per_kg=None,
        cap_course_ug=None,
        cap_course_ug_per_kg=None,
    )


def entry(entry_id: str) -> Entry:
    found = shipped_rules().library.entry(entry_id)
    assert found is not None
    return found


def order(**known: object) -> Order:
    asked = Order(
        regimen="MDD-2x3", day=1, weight_g=70_000, height_mm=1_750, container="syringe-60-1",
        weight_basis=WeightBasis.ACTUAL,
    )  # fmt: skip
    return replace(asked, **known)  # type: ignore[arg-type]


def programme(weight_g: int) -> Programme:
    found = review(order(), shipped_rules(), NE_1000, (), NOW).programme
    assert found is not None
    return replace(found, weight_g=weight_g, concentration_ug_per_ml=5_000)


def spoke(grant: Grant) -> dict[ReasonCode, Severity]:
    return {reason.code: reason.severity for reason in grant.reasons}


def asked(weight_g: int, ug_per_h: int, hours: int, history: tuple[Given, ...] = (), course_ng: int = 0) -> Grant:
    """This rate for so long, where the library says nothing."""
    rate = ug_per_h // 5
    steps = (Step(rate_ul_per_h=rate, volume_nl=rate * 1_000 * hours),)
    return check_remaining(programme(weight_g), steps, limitless(), history, NOW, course_ng=course_ng)


@pytest.mark.requirement("LIB-05")
@pytest.mark.requirement("FLOW-02")
@given(st.integers(35_000, 200_000), st.integers(5, 400_000), st.integers(1, 120))
def test_no_library_lifts_a_ceiling(weight_g: int, ug_per_h: int, hours: int) -> None:
    ug_per_h -= ug_per_h % 5
    found = spoke(asked(weight_g, ug_per_h, hours))
    over = {
        ReasonCode.CEILING_UG_PER_H: ug_per_h > CEILINGS.rate_ug_per_h,
        ReasonCode.CEILING_UG_PER_KG_PER_H: ug_per_h * 1_000 > CEILINGS.rate_ug_per_kg_per_h * weight_g,
        ReasonCode.CEILING_HOUR_UG: ug_per_h > CEILINGS.hour_ug,
        ReasonCode.CEILING_HOUR_UG_PER_KG: ug_per_h * 1_000 > CEILINGS.hour_ug_per_kg * weight_g,
        ReasonCode.CEILING_TOTAL_UG: ug_per_h * min(hours, 12) > CEILINGS.session_ug,
        ReasonCode.CEILING_TOTAL_UG_PER_KG: ug_per_h * min(hours, 12) * 1_000 > CEILINGS.session_ug_per_kg * weight_g,
        ReasonCode.CEILING_COURSE_UG_PER_KG: ug_per_h * hours * 1_000 > CEILINGS.course_ug_per_kg * weight_g,
    }
    assert found == {code: Severity.HARD for code, beyond in over.items() if beyond}


@pytest.mark.requirement("LIB-05")
def test_hour_of_the_ceiling_counts_what_went_in_before() -> None:
    just_now = Given(drug="ketamine", from_ns=NOW - HOUR_NS // 2, to_ns=NOW, mass_ng=150_000_000)
    slow = asked(100_000, 150_000, 1, (just_now,))
    assert spoke(slow) == {ReasonCode.CEILING_HOUR_UG: Severity.HARD}
    long_ago = replace(just_now, from_ns=NOW - 3 * HOUR_NS, to_ns=NOW - 2 * HOUR_NS)
    assert spoke(asked(100_000, 150_000, 1, (long_ago,))) == {}


def capped(**caps: Cap) -> Rules:
    rules = shipped_rules()
    entries = tuple(replace(e, **caps) if e.id == "KET-MOOD" else e for e in rules.library.entries)  # type: ignore[arg-type]
    return replace(rules, library=replace(rules.library, entries=entries))


@given(st.integers(0, 400_000_000))
def test_course_counts_what_came_before_and_this_visit(before_ng: int) -> None:
    """70 kg, 35 mg now; the series may have 210 mg, and never more than 280."""
    rules = capped(cap_course_ug=Cap(soft=210_000, hard=280_000), cap_course_ug_per_kg=Cap(soft=3_000, hard=4_000))
    grant = review(order(course=Course(given_ng=before_ng)), rules, NE_1000, (), NOW).grant
    in_all_ng = before_ng + 35_000_000
    severity = Severity.HARD if in_all_ng > 280_000_000 else Severity.SOFT if in_all_ng > 210_000_000 else None
    for code in (ReasonCode.CAP_COURSE_UG, ReasonCode.CAP_COURSE_UG_PER_KG):
        assert spoke(grant).get(code) is severity


def test_visit_beyond_the_series_is_asked_about() -> None:
    for visits, severity in ((0, None), (5, None), (6, Severity.SOFT)):
        grant = review(order(course=Course(visits=visits)), shipped_rules(), NE_1000, (), NOW).grant
        assert spoke(grant).get(ReasonCode.COURSE_VISITS) is severity


def test_what_others_gave_in_this_visit_counts_as_if_just_now() -> None:
    alone = review(order(), shipped_rules(), NE_1000, (), NOW).grant
    assert alone.reasons == ()
    with_bolus = review(order(elsewhere_ng=35_000_001), shipped_rules(), NE_1000, (), NOW).grant
    assert spoke(with_bolus)[ReasonCode.ROLLING_HOUR_UG_PER_KG] is Severity.HARD
    with_much = review(order(elsewhere_ng=70_000_000), shipped_rules(), NE_1000, (), NOW).grant
    assert spoke(with_much)[ReasonCode.CAP_TOTAL_UG] is Severity.HARD


def test_command_at_a_running_infusion_is_held_against_what_its_order_brought_along() -> None:
    """To the last nanogram that the course may have, and not one more."""
    story = BedStory()
    story.runs("FM-3H")
    story.paused(2_000)
    infusion = story.infusion()
    assert infusion.entry is not None
    assert infusion.entry.cap_course_ug_per_kg is not None
    most_ng = infusion.entry.cap_course_ug_per_kg.hard * infusion.programme.weight_g
    here_ng = infusion.total_nl * 5  # of 5 mg/mL
    for before_ng, refused in ((most_ng - here_ng, set()), (most_ng - here_ng + 1, {ReasonCode.CAP_COURSE_UG_PER_KG})):
        ordered = replace(infusion.order, course=Course(given_ng=before_ng))
        state = story.state.with_pump(replace(story.pump(), infusion=replace(infusion, order=ordered)))
        rest = rest_of(infusion, infusion.delivered.high_nl)
        found = against_rest(Turn(state, story.setup, story.now_ns), "p1", rest)
        assert {reason.code for reason in found} == refused


def test_infusion_of_days_counts_in_its_course_what_its_session_has_forgotten() -> None:
    story = BedStory()
    story.runs("CRPS-IP5")
    day_nl = story.infusion().rate_ul_per_h * 24 * 1_000
    story.paused(0)
    infusion = replace(story.infusion(), delivered=Interval(low_nl=day_nl, high_nl=day_nl))
    assert infusion.entry is not None
    most_ug = infusion.total_nl * 5 // 1_000  # of 5 mg/mL, KVO included
    tight = replace(infusion.entry, cap_course_ug=Cap(soft=None, hard=most_ug), cap_course_ug_per_kg=None)
    for entry_now, refused in (
        (tight, set()),
        (replace(tight, cap_course_ug=Cap(soft=None, hard=most_ug - 1)), {ReasonCode.CAP_COURSE_UG}),
    ):
        state = story.state.with_pump(replace(story.pump(), infusion=replace(infusion, entry=entry_now)))
        turn = Turn(state, story.setup, story.now_ns)
        rest = (Step(rate_ul_per_h=2_000, volume_nl=infusion.total_nl - day_nl),)
        assert {reason.code for reason in against_rest(turn, "p1", rest)} == refused


def test_the_remark_of_a_rest_rounds_what_was_given_up_and_the_whole_down() -> None:
    """From the first nanogram on: what was given is never told as less than it may have been, nor the dose as more."""
    rules = shipped_rules()
    changed = tuple(
        replace(each, containers=tuple(replace(one, concentration_ug_per_ml=1_001) for one in each.containers))
        for each in rules.library.entries
    )  # no shipped concentration leaves a part of a microgram over
    rules = replace(rules, library=replace(rules.library, entries=changed))
    whole = review(order(weight_g=70_300), rules, NE_1000, (), NOW).programme
    rest = review(order(weight_g=70_300), rules, NE_1000, (), NOW, had_ng=1)
    assert whole is not None
    whole_ng = whole.total_nl * 1_001 // 1_000
    assert whole_ng % 1_000 > 0
    (told,) = (each for each in rest.grant.reasons if each.code is ReasonCode.REST_OF_DOSE_UG)
    assert (told.severity, told.asked, told.limit) == (Severity.NOTE, 1, whole_ng // 1_000)
