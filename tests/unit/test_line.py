"""The line: a purge before anybody is connected is nobody's alarm, and after that it is a dose."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.balance import difference
from pumpd.core.bed import Decision
from pumpd.core.codes import Condition, Phase, ReasonCode, Severity, Why
from pumpd.core.container_facts import Balanced, LineFlushed, LinePurged
from pumpd.core.delivered import Interval
from pumpd.core.effects import Stop
from pumpd.core.people import Role
from pumpd.core.pump import Drive
from pumpd.testing.bed_story import NURSE, BedStory

PHARMACIST: Final = Actor(person="pharmacist-1", role=Role.PHARMACIST)


def ready() -> BedStory:
    bed = BedStory()
    bed.connect("p1")
    bed.report()
    return bed


def prime(
    bed: BedStory, *, actor: Actor | None = NURSE, regimen: str = "FM-3H", container: str = "syringe-60-5"
) -> Decision:
    return bed.take(
        r.PrimeConfirmed(
            at_ns=bed.now_ns, request_id=bed.request_id(), actor=actor, slot="p1", regimen=regimen, container=container
        )
    )


def flush(bed: BedStory, volume_nl: int) -> Decision:
    return bed.take(
        r.FlushRecorded(
            at_ns=bed.now_ns, request_id=bed.request_id(), actor=NURSE, slot="p1", volume_nl=volume_nl
        )
    )  # fmt: skip


def balance(bed: BedStory, loaded_ul: int, residual_ul: int, remark: str = "") -> Decision:
    return bed.take(
        r.ReconcileRequested(
            at_ns=bed.now_ns, request_id=bed.request_id(), actor=NURSE, slot="p1", loaded_nl=loaded_ul * 1_000,
            residual_nl=residual_ul * 1_000, remark=remark,
        )
    )  # fmt: skip


def ended() -> BedStory:
    """22.4 mL were ordered, and 6 mL of ketamine 5 mg/mL were given before somebody ended it."""
    bed = BedStory()
    bed.runs("FM-3H")
    bed.drives(6_000, after_s=4_000)
    bed.paused(6_000)
    bed.end()
    assert bed.phase() is Phase.ENDED
    return bed


def given_ng(bed: BedStory) -> int:
    return sum(each.mass_ng for each in bed.state.history if each.drug == "ketamine")


# --- priming ----------------------------------------------------------------------------------------------------


def test_purge_before_anybody_is_connected_is_no_alarm_and_no_dose() -> None:
    bed = ready()
    bed.report(Drive.OTHER, infused_ul=1_500)
    bed.report(Drive.STILL, infused_ul=3_000)
    assert bed.phase() is Phase.IDLE
    assert bed.state.alarms == ()
    assert bed.state.history == ()


def test_drive_that_is_no_purge_is_an_alarm_all_the_same() -> None:
    bed = ready()
    bed.report(Drive.INFUSING, infused_ul=100)
    assert bed.phase() is Phase.FAULT


def test_purge_after_the_line_was_primed_is_stopped_alarmed_and_counted_as_given() -> None:
    bed = ready()
    bed.report(infused_ul=3_000)
    prime(bed)
    bed.report(Drive.OTHER, infused_ul=3_200)
    assert (bed.phase(), bed.pump().why) == (Phase.FAULT, Why.UNCOMMANDED)
    assert bed.alarm(Condition.UNCOMMANDED_DRIVE) is not None
    assert bed.sent(Stop)
    bed.stop_confirmed(infused_ul=3_250)
    assert 250 * 5_000 <= given_ng(bed) <= 252 * 5_000  # uL x ug/mL is ng, and a counter step for each look
    assert [each.drug for each in bed.state.history] == ["ketamine"] * 2


def test_primed_pump_that_moves_between_two_looks_is_alarmed_and_counted() -> None:
    bed = ready()
    bed.report(infused_ul=3_000)
    prime(bed)
    for _ in range(3):
        bed.report(infused_ul=3_100)
    assert bed.alarm(Condition.UNCOMMANDED_DRIVE) is not None
    assert 100 * 5_000 <= given_ng(bed) <= 101 * 5_000, "and once, not at every look"


def test_counter_that_was_cleared_after_priming_is_counted_from_zero() -> None:
    bed = ready()
    bed.report(infused_ul=3_000)
    prime(bed)
    bed.report(infused_ul=40)
    assert 40 * 5_000 <= given_ng(bed) <= 41 * 5_000


def test_what_a_purge_gave_counts_in_the_windows_of_the_start_that_follows() -> None:
    bed = ready()
    prime(bed)
    bed.report(Drive.OTHER, infused_ul=9_000)
    bed.stop_confirmed(infused_ul=30_000)  # 150 mg; 2 mg/kg in an hour are 140 mg
    bed.acknowledge(Condition.UNCOMMANDED_DRIVE)
    bed.rearm()
    bed.start("FM-3H")
    assert ReasonCode.ROLLING_HOUR_UG_PER_KG in bed.refusals


@pytest.mark.parametrize("phase", [Phase.STOPPED, Phase.INFUSING])
def test_purge_during_an_infusion_is_stopped_alarmed_and_in_the_interval(phase: Phase) -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.drives(100, after_s=86)
    if phase is Phase.STOPPED:
        bed.paused(100)
    bed.report(Drive.OTHER, infused_ul=900)
    assert bed.alarm(Condition.UNCOMMANDED_DRIVE) is not None
    bed.stop_confirmed(infused_ul=1_000)
    assert bed.phase() is Phase.STOPPED
    assert bed.infusion().delivered.low_nl <= 1_000_000 <= bed.infusion().delivered.high_nl
    assert given_ng(bed) >= 1_000 * 5_000


def test_purge_after_the_end_is_an_alarm_until_somebody_has_balanced_what_was_drawn_up() -> None:
    bed = ended()
    balance(bed, 26_400, 20_400)
    bed.report(Drive.OTHER, infused_ul=6_500)
    assert bed.phase() is Phase.ENDED
    assert bed.alarm(Condition.UNCOMMANDED_DRIVE) is None
    bed = ended()
    bed.report(Drive.OTHER, infused_ul=6_500)
    assert bed.phase() is Phase.FAULT


def test_only_who_may_start_confirms_a_primed_line_and_only_of_what_the_library_has() -> None:
    bed = ready()
    prime(bed, actor=None)
    assert bed.refusals == {ReasonCode.NOT_SIGNED_IN}
    prime(bed, actor=PHARMACIST)
    assert bed.refusals == {ReasonCode.ROLE_MAY_NOT}
    prime(bed, regimen="NONE")
    assert bed.refusals == {ReasonCode.UNKNOWN_REGIMEN}
    prime(bed, container="bucket")
    assert bed.refusals == {ReasonCode.UNKNOWN_CONTAINER}
    bed.report(Drive.OTHER, infused_ul=10)
    prime(bed)
    assert bed.refusals == {ReasonCode.WRONG_PHASE}
    assert bed.pump().primed is None


def test_restart_forgets_no_primed_line() -> None:
    bed = ready()
    bed.report(infused_ul=3_000)
    prime(bed)
    bed.boot(away_s=5)
    bed.connect("p1")
    bed.report(Drive.OTHER, infused_ul=3_100)
    assert bed.phase() is Phase.FAULT
    assert given_ng(bed) >= 100 * 5_000


# --- flushing ---------------------------------------------------------------------------------------------------


def test_flush_counts_what_the_line_held_and_no_report_takes_it_back() -> None:
    bed = ended()
    before_ng = given_ng(bed)
    flush(bed, 10_000_000)
    (fact,) = [each for each in bed.last.facts if isinstance(each, LineFlushed)]
    assert (fact.volume_nl, fact.given_nl) == (10_000_000, 3_000_000)
    assert given_ng(bed) - before_ng == 3_000 * 5_000
    for _ in range(3):
        bed.report(infused_ul=6_000)
    assert given_ng(bed) - before_ng == 3_000 * 5_000


def test_line_is_flushed_once_and_only_after_the_end() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    flush(bed, 10_000_000)
    assert bed.refusals == {ReasonCode.WRONG_PHASE}
    bed = ended()
    flush(bed, 0)
    assert bed.refusals == {ReasonCode.WRONG_PHASE}
    flush(bed, 2_000_000)
    assert bed.reply is not None
    assert bed.reply.accepted
    flush(bed, 2_000_000)
    assert bed.refusals == {ReasonCode.WRONG_PHASE}
    assert bed.infusion().flushed_nl == 2_000_000


# --- the balance ------------------------------------------------------------------------------------------------

volumes = st.integers(0, 10**9)


@given(volumes, volumes, st.integers(0, 10**8), volumes)
def test_difference_is_how_far_the_gone_volume_lies_outside_the_interval(
    loaded_nl: int, low_nl: int, width_nl: int, residual_nl: int
) -> None:
    found = difference(
        loaded_nl=loaded_nl, given=Interval(low_nl=low_nl, high_nl=low_nl + width_nl), residual_nl=residual_nl
    )
    gone_nl = loaded_nl - residual_nl
    assert (found.nl == 0) is (low_nl <= gone_nl <= low_nl + width_nl)
    assert found.nl in (0, abs(low_nl - gone_nl), abs(gone_nl - low_nl - width_nl))
    assert found.tolerance_nl >= 1_000_000
    assert found.is_within is (found.nl <= max(1_000_000, loaded_nl // 20))


def test_balance_within_the_tolerance_needs_no_word() -> None:
    bed = ended()
    balance(bed, 26_400, 19_100)  # 1.3 mL apart, 5 % of 26.4 mL are 1.32 mL
    (fact,) = [each for each in bed.last.facts if isinstance(each, Balanced)]
    assert fact.difference_nl <= fact.tolerance_nl == 1_320_000
    assert bed.infusion().balance == fact.difference_nl


def test_balance_beyond_the_tolerance_is_kept_only_with_a_remark() -> None:
    bed = ended()
    balance(bed, 26_400, 18_900, remark="  ")
    assert bed.refusals == {ReasonCode.BALANCE_DIFFERENCE_NL}
    assert bed.reply is not None
    assert [each.severity for each in bed.reply.reasons] == [Severity.SOFT]
    assert bed.infusion().balance is None
    balance(bed, 26_400, 18_900, remark="1.5 mL spilt")
    (fact,) = [each for each in bed.last.facts if isinstance(each, Balanced)]
    assert fact.remark == "1.5 mL spilt"
    assert fact.difference_nl > fact.tolerance_nl


def test_flush_that_may_or_may_not_have_carried_the_lines_drug_widens_what_balances() -> None:
    bed = ended()
    flush(bed, 5_000_000)
    for residual_ul in (20_400, 17_400):  # all of the line's 3 mL came back out, or all of it went in
        balance(bed, 26_400, residual_ul)
        (fact,) = [each for each in bed.last.facts if isinstance(each, Balanced)]
        assert fact.difference_nl == 0


def test_nothing_is_balanced_before_the_end() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    balance(bed, 26_400, 26_400)
    assert bed.refusals == {ReasonCode.WRONG_PHASE}


def test_purge_fact_says_where_the_counter_stands() -> None:
    bed = ready()
    bed.report(infused_ul=3_000)
    prime(bed)
    bed.report(infused_ul=3_010)
    (fact,) = [each for each in bed.last.facts if isinstance(each, LinePurged)]
    assert (fact.counter_nl, fact.volume_nl) == (3_010_000, 11_000)


def test_nothing_is_primed_for_a_regimen_whose_drug_left_the_library() -> None:
    bed = ready()
    rules = bed.setup.rules
    library = replace(rules.library, entries=tuple(each for each in rules.library.entries if not each.high_alert))
    bed.setup = replace(bed.setup, rules=replace(rules, library=library))
    prime(bed)
    assert bed.refusals == {ReasonCode.LIBRARY_UNUSABLE}


def test_purge_of_saline_is_alarmed_and_gives_no_drug() -> None:
    bed = ready()
    prime(bed, regimen="TRAIN-5MIN", container="syringe-60")
    bed.report(Drive.OTHER, infused_ul=0)
    bed.report(Drive.STILL, infused_ul=500)
    assert bed.alarm(Condition.UNCOMMANDED_DRIVE)
    assert [fact for fact in bed.facts if isinstance(fact, LinePurged)]
    assert bed.state.history == ()
