"""On the mark and one unit beyond it: what an order is judged by, and where the search for another dose ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.codes import Given, Grant, Reason, ReasonCode, Severity
from pumpd.core.library import Cap, Container, ContainerKind, Entry, Span
from pumpd.core.limits import Review, check_remaining, judge_order, reasoned, review, reviewed_with
from pumpd.core.order import Course, Order, WeightBasis
from pumpd.core.programme import Programme
from pumpd.core.pump import DriverInfo
from pumpd.core.regimen import Catalogue, RegimenStep, Rules
from pumpd.core.steps import Step
from pumpd.testing.clinical import NE_1000, shipped_rules

NOW = 10**15
HOUR_S = 3_600
LARGEST = 1_000_000_000
ORDER = Order(
    regimen="FM-3H", day=1, weight_g=70_000, height_mm=1_750, container="syringe-60-5", weight_basis=WeightBasis.ACTUAL
)
ANY_DOSE = Span(hard_low=1, soft_low=1, typical=1, soft_high=2_000, hard_high=2_000)
ANY_TIME = Span(hard_low=1, soft_low=1, typical=1, soft_high=86_400, hard_high=86_400)


def entry() -> Entry:
    """FM-3H's, with the marks of dose and time far away and no other limit."""
    found = shipped_rules().library.entry("KET-PAIN-OP")
    assert found is not None
    return replace(
        found, dose=ANY_DOSE, duration_s=ANY_TIME, cap_ug_per_h=None, cap_total_ug=None, cap_total_ug_per_kg=None,
        rolling_hour_ug_per_kg=None,
    )  # fmt: skip


def rules(*steps: tuple[int, int], of: Entry | None = None) -> Rules:
    """FM-3H with other steps, dose and seconds each."""
    shipped, limits = shipped_rules(), entry() if of is None else of
    regimen = shipped.catalogue.regimen("FM-3H")
    assert regimen is not None
    days = tuple(
        replace(day, steps=tuple(RegimenStep(dose=dose, duration_s=seconds) for dose, seconds in steps))
        for day in regimen.days
    )
    library = replace(shipped.library, entries=(limits,))
    return Rules(library=library, catalogue=Catalogue(version="t", sha256="", regimens=(replace(regimen, days=days),)))


def judged(found: Rules, order: Order = ORDER, info: DriverInfo = NE_1000, history: tuple[Given, ...] = ()) -> Review:
    return review(order, found, info, history, NOW)


def said(grant: Grant, code: ReasonCode) -> Reason | None:
    return next((each for each in grant.reasons if each.code is code), None)


# --- what is compiled at all --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "weight_g", "compiled"),
    [
        (((1, 1),), 70_000, True),
        (((LARGEST, HOUR_S),), 70_000, True),
        (((LARGEST + 1, HOUR_S),), 70_000, False),
        (((0, HOUR_S),), 70_000, False),
        (((500, 0),), 70_000, False),
        (((500, HOUR_S), (500, 0)), 70_000, False),
        (((500, HOUR_S),), 1, True),
        (((500, HOUR_S),), LARGEST, True),
        (((500, HOUR_S),), 0, False),
        (((500, HOUR_S),), LARGEST + 1, False),
    ],
    ids=str,
)
def test_numbers_that_can_be_meant_are_compiled_and_no_others(
    steps: tuple[tuple[int, int], ...], weight_g: int, *, compiled: bool
) -> None:
    programme, found = judge_order(replace(ORDER, weight_g=weight_g), rules(*steps), NE_1000)
    assert (programme is not None) is compiled
    assert compiled or any(each.severity is Severity.HARD for each in found)


def test_a_name_that_leads_nowhere_is_told_by_the_desk_check_as_well() -> None:
    nowhere = judge_order(replace(ORDER, regimen="?"), rules((500, HOUR_S)), NE_1000)
    assert nowhere == (None, (Reason(code=ReasonCode.UNKNOWN_REGIMEN, severity=Severity.HARD),))
    somewhere, found = judge_order(ORDER, rules((500, HOUR_S)), NE_1000)
    assert somewhere is not None
    assert found == ()


def test_a_regimen_whose_entry_is_gone_is_refused() -> None:
    found = rules((500, HOUR_S))
    gone = replace(found, library=replace(found.library, entries=()))
    assert said(judged(gone).grant, ReasonCode.LIBRARY_UNUSABLE)


# --- what speaks ------------------------------------------------------------------------------------------------


def test_the_lowest_step_is_judged_beside_the_highest() -> None:
    marks = Span(hard_low=10, soft_low=100, typical=500, soft_high=1_000, hard_high=2_000)
    found = judged(rules((60, HOUR_S), (500, HOUR_S), (1_500, HOUR_S), of=replace(entry(), dose=marks))).grant
    asked = [(each.asked, each.limit) for each in found.reasons if each.code is ReasonCode.DOSE_UG_PER_KG_PER_H]
    assert sorted(asked, key=str) == [(1_500, 1_000), (60, 100)]


def test_the_refused_concentration_is_told_beside_the_one_for_this_weight() -> None:
    own = entry().containers[0]

    def box(name: str, kind: ContainerKind, strength: int, *, heavy: bool = True) -> Container:
        diameter_um = own.inner_diameter_um if kind is ContainerKind.SYRINGE else None
        return replace(
            own, id=name, kind=kind, concentration_ug_per_ml=strength, inner_diameter_um=diameter_um,
            weight_over_g=100_000 if heavy else None, weight_up_to_g=None if heavy else 100_000,
        )  # fmt: skip

    light = box("syringe-60-5", ContainerKind.SYRINGE, 5_000, heavy=False)
    bag, other_bag = box("bag-1", ContainerKind.BAG, 1_000), box("bag-2", ContainerKind.BAG, 2_000)
    syringe = box("syringe-3", ContainerKind.SYRINGE, 3_000)
    for containers, wanted in (((light, bag, syringe), 3_000), ((light, bag, other_bag), 1_000), ((light,), None)):
        found = rules((500, HOUR_S), of=replace(entry(), containers=containers))
        reason = said(judged(found, replace(ORDER, weight_g=110_000)).grant, ReasonCode.CONCENTRATION_UG_PER_ML)
        assert reason == Reason(
            code=ReasonCode.CONCENTRATION_UG_PER_ML, severity=Severity.HARD, asked=5_000, limit=wanted
        )
        assert said(judged(found).grant, ReasonCode.CONCENTRATION_UG_PER_ML) is None


def test_a_course_may_be_filled_to_its_last_microgram() -> None:
    full = replace(entry(), cap_course_ug=Cap(soft=None, hard=35_000), cap_course_ug_per_kg=None)
    assert judged(rules((500, HOUR_S), of=full)).grant.reasons == ()
    before = replace(ORDER, course=Course(given_ng=1))
    assert said(judged(rules((500, HOUR_S), of=full), before).grant, ReasonCode.CAP_COURSE_UG)


@pytest.mark.requirement("FLOW-22")
def test_a_pump_that_can_only_do_something_else_is_refused_at_the_review() -> None:
    """7 mL/h are asked for; a pump that knows steps of 4 mL/h would give 4."""
    found = judged(rules((500, HOUR_S)), info=replace(NE_1000, rate_step_ul_per_h=4_000)).grant
    assert not found.allowed
    assert said(found, ReasonCode.TRIANGLE_PPM)


def test_a_start_that_takes_its_time_is_told_at_the_review() -> None:
    slow = tuple(replace(each, play_nl=2_000_000) for each in entry().containers)
    found = judged(rules((500, HOUR_S), of=replace(entry(), containers=slow))).grant
    assert found.allowed
    reason = said(found, ReasonCode.STARTUP_DELAY_S)
    assert reason is not None
    assert reason.severity is Severity.NOTE


def test_what_only_the_bed_knows_is_added_to_the_review() -> None:
    answer = judged(rules((500, HOUR_S)))
    assert reviewed_with(answer, []) is answer
    soft = Reason(code=ReasonCode.SAME_DRUG_RUNNING, severity=Severity.SOFT)
    asked = reviewed_with(answer, [soft])
    assert (asked.programme, asked.grant.reasons) == (answer.programme, (soft,))
    assert asked.digest != answer.digest
    refused = reviewed_with(answer, [replace(soft, severity=Severity.HARD)])
    assert (refused.programme, refused.grant.allowed) == (None, False)


def test_a_reason_of_one_and_nothing_weighs_as_one() -> None:
    once = Reason(code=ReasonCode.LEASE_S, severity=Severity.HARD, asked=1, limit=0)
    half_more = Reason(code=ReasonCode.DURATION_S, severity=Severity.HARD, asked=3, limit=2)
    assert reasoned(Grant(allowed=True, reasons=()), [once, half_more]).reasons == (half_more, once)


# --- the search -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [1, 2_001, 30_000])
def test_the_highest_dose_does_not_depend_on_what_was_asked(asked: int) -> None:
    marks = Span(hard_low=10, soft_low=10, typical=500, soft_high=2_000, hard_high=2_000)
    assert judged(rules((asked, HOUR_S), of=replace(entry(), dose=marks))).grant.highest_acceptable == 2_000


def test_a_dose_that_the_pump_cannot_do_exactly_is_no_end_of_the_search() -> None:
    """1750 ug/kg/h are 24.5 mL/h, and this pump knows whole ones; 28 mL/h it can do."""
    found = judged(rules((30_000, HOUR_S)), info=replace(NE_1000, rate_step_ul_per_h=1_000)).grant
    assert found.highest_acceptable == 2_000


def test_the_smallest_dose_that_can_be_written_is_found_where_it_is_the_only_one() -> None:
    one = Span(hard_low=1, soft_low=1, typical=1, soft_high=1, hard_high=1)
    thin = tuple(replace(each, concentration_ug_per_ml=100) for each in entry().containers)
    found = judged(rules((10, HOUR_S), of=replace(entry(), dose=one, containers=thin))).grant
    assert not found.allowed
    assert found.highest_acceptable == 1


def test_the_other_steps_follow_in_proportion_and_are_rounded_down() -> None:
    """301 with half of it before are 451 ug/kg in two hours; 150.5 as 151 would be one too many."""
    full = replace(entry(), cap_total_ug_per_kg=Cap(soft=None, hard=451))
    found = judged(rules((400, HOUR_S), (800, HOUR_S), of=full)).grant
    assert said(found, ReasonCode.CAP_TOTAL_UG_PER_KG)
    assert found.highest_acceptable == 301


# --- the rest of an infusion --------------------------------------------------------------------------------------


def running() -> tuple[Programme, Step]:
    programme = judged(rules((500, HOUR_S))).programme
    assert programme is not None
    (step,) = programme.steps
    return programme, step


def test_a_rest_of_nothing_or_without_a_weight_is_not_judged_but_refused() -> None:
    programme, step = running()
    unusable = (Reason(code=ReasonCode.LIBRARY_UNUSABLE, severity=Severity.HARD),)
    assert check_remaining(programme, (), entry(), (), NOW).reasons == unusable
    assert check_remaining(replace(programme, weight_g=0), (step,), entry(), (), NOW).reasons == unusable
    lightest = check_remaining(replace(programme, weight_g=1), (step,), entry(), (), NOW)
    assert said(lightest, ReasonCode.LIBRARY_UNUSABLE) is None
    assert check_remaining(programme, (step,), entry(), (), NOW).reasons == ()


def test_no_rate_helps_where_the_volume_alone_is_too_much() -> None:
    programme, step = running()
    full = replace(entry(), cap_total_ug=Cap(soft=None, hard=34_999))
    found = check_remaining(programme, (step,), full, (), NOW)
    assert not found.allowed
    assert found.highest_acceptable == 0


def test_the_longer_of_two_schemes_gaps_is_the_mark() -> None:
    """Of the scheme that is given next, and of the one before it, whichever lets a patient rest for longer."""
    marks = []
    for own, before in ((3, 7), (7, 3)):
        shipped = rules((100, HOUR_S))
        (regimen,) = shipped.catalogue.regimens
        catalogue = replace(shipped.catalogue, regimens=(replace(regimen, apart_days=own),))
        order = replace(ORDER, course=replace(Course(), days_since=5, apart_days=before))
        _, found = judge_order(order, replace(shipped, catalogue=catalogue), NE_1000)
        marks += [each.limit for each in found if each.code is ReasonCode.GAP_DAYS]
    assert marks == [7, 7]


@pytest.mark.parametrize(("since", "asked"), [(6, [6]), (7, []), (None, [])])
def test_on_the_day_that_a_gap_ends_nothing_is_asked(since: int | None, asked: list[int]) -> None:
    shipped = rules((100, HOUR_S))
    (regimen,) = shipped.catalogue.regimens
    catalogue = replace(shipped.catalogue, regimens=(replace(regimen, apart_days=7),))
    order = replace(ORDER, course=replace(Course(), days_since=since))
    _, found = judge_order(order, replace(shipped, catalogue=catalogue), NE_1000)
    assert [each.asked for each in found if each.code is ReasonCode.GAP_DAYS] == asked
