"""The same drug on two pumps: one sum for every limit, and a question for two people before the second starts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.bed import preview
from pumpd.core.codes import Phase, ReasonCode, Severity
from pumpd.core.regimen import RegimenStep, Rules
from pumpd.core.requests import StartRequested
from pumpd.testing.bed_story import NURSE, TOGETHER, BedStory, order_for
from pumpd.testing.clinical import shipped_rules
from pumpd.words_reasons import reason_text

pytestmark = [pytest.mark.requirement("FLOW-16"), pytest.mark.requirement("F41")]


def running_on_p1(regimen: str = "FM-3H", *, day: int = 1) -> BedStory:
    bed = BedStory(slots=("p1", "p2"))
    bed.connect()
    bed.report(slot="p1")
    bed.report(slot="p2")
    bed.runs(regimen, slot="p1", day=day)
    return bed


def asked_about(bed: BedStory, regimen: str = "MDD-2x3") -> bool:
    grant = preview(bed.state, "p2", order_for(regimen), bed.setup, bed.now_ns).grant
    return any(each.code is ReasonCode.SAME_DRUG_RUNNING and each.severity is Severity.SOFT for each in grant.reasons)


def test_a_second_pump_with_the_same_drug_needs_a_reason_and_a_second_person() -> None:
    bed = running_on_p1()
    bed.start("FM-3H", slot="p2")
    assert bed.refusals == {ReasonCode.OVERRIDE_NEEDED}
    bed.start("FM-3H", slot="p2", override=replace(TOGETHER, second=NURSE))
    assert bed.refusals == {ReasonCode.OVERRIDE_NEEDED}
    bed.start("FM-3H", slot="p2", override=TOGETHER)
    assert bed.phase("p2") is Phase.CHECKING
    shown = {each.code for each in bed.infusion("p2").grant.reasons}
    assert ReasonCode.SAME_DRUG_RUNNING in shown, "for the whole infusion"


def test_the_alert_is_overridable_and_the_limit_is_not() -> None:
    bed = running_on_p1("CRPS-OP10", day=10)
    bed.start("CRPS-OP10", slot="p2", day=10, override=TOGETHER)
    assert {ReasonCode.CAP_TOTAL_UG} <= bed.refusals


@pytest.mark.requirement("FLOW-15", "F44")
@pytest.mark.parametrize("silent_s", [0, 3_600])
def test_what_a_silent_pump_may_have_given_may_as_well_be_still_to_come(silent_s: int) -> None:
    """Every reply to STOP is lost: it may have run on all the time, or have stood still and go on when it is heard."""
    bed = BedStory(slots=("p1", "p2"), rules=short_rules())
    bed.connect()
    bed.report(slot="p1")
    bed.report(slot="p2")
    bed.runs("FM-3H", slot="p1", override=TOGETHER)
    bed.stop("p1")
    bed.tick(silent_s)
    bed.report(slot="p2")
    bed.start("FM-3H", slot="p2", override=TOGETHER)
    assert bed.refusals == {ReasonCode.ROLLING_HOUR_UG_PER_KG}


def short_rules() -> Rules:
    """0.4 mg/kg in 50 min, of which the hour holds one and all but a trace of another."""
    rules = shipped_rules()
    entries = tuple(replace(each, rolling_hour_ug_per_kg=799) for each in rules.library.entries)
    regimens = tuple(
        replace(each, days=tuple(replace(d, steps=(RegimenStep(dose=480, duration_s=3_000),)) for d in each.days))
        if each.id == "FM-3H"
        else each
        for each in rules.catalogue.regimens
    )
    return replace(
        rules,
        library=replace(rules.library, entries=entries),
        catalogue=replace(rules.catalogue, regimens=regimens),
    )


def test_what_is_stopped_but_may_be_resumed_counts_and_what_has_ended_does_not() -> None:
    bed = running_on_p1()
    bed.paused(0, slot="p1")
    assert asked_about(bed)
    bed.end("p1")
    assert not asked_about(bed)


def test_two_entries_of_one_drug_are_the_same_drug() -> None:
    bed = running_on_p1("FM-3H")
    assert order_for("MDD-2x3").regimen != "FM-3H"
    assert asked_about(bed, "MDD-2x3")


def test_saline_is_no_drug() -> None:
    bed = running_on_p1("TRAIN-5MIN")
    assert not asked_about(bed, "TRAIN-5MIN")
    assert not asked_about(bed, "FM-3H")


def test_whoever_read_the_review_before_the_other_pump_started_reads_it_again() -> None:
    bed = BedStory(slots=("p1", "p2"))
    bed.connect()
    bed.report(slot="p1")
    bed.report(slot="p2")
    order = order_for("FM-3H")
    digest = preview(bed.state, "p2", order, bed.setup, bed.now_ns).digest
    bed.runs("FM-3H", slot="p1")
    bed.take(
        StartRequested(
            at_ns=bed.now_ns, request_id="r", actor=NURSE, slot="p2", order=order, digest=digest, override=TOGETHER
        )
    )
    assert bed.refusals == {ReasonCode.REVIEW_CHANGED}


def test_the_sentence_says_what_two_people_have_to_do() -> None:
    bed = running_on_p1()
    grant = preview(bed.state, "p2", order_for("FM-3H"), bed.setup, bed.now_ns).grant
    (said,) = [reason_text(each) for each in grant.reasons if each.code is ReasonCode.SAME_DRUG_RUNNING]
    assert "second person" in said
