"""A rise: within the order by one person who read it, beyond it by two of whom one prescribes, and never in a jump."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import preview_rise
from pumpd.core.codes import Condition, Phase, ReasonCode, Why
from pumpd.core.deliveries import BeyondAgreed
from pumpd.core.effects import ChangeRate, Prepare, Stop, When
from pumpd.core.pace import lowest_lately_ul_per_h
from pumpd.core.people import Role
from pumpd.core.pump import Drive
from pumpd.core.regimen import RegimenStep, Rules, Titration
from pumpd.core.state import LATELY_MAX
from pumpd.core.units import NL_PER_UL, NS_PER_S
from pumpd.testing.bed_story import NURSE, SECOND, BedStory
from pumpd.testing.clinical import NE_1000, shipped_rules

START, UP_BY, HIGHEST = 4_200, 1_400, 7_000  # 0.3, 0.1 and 0.5 mg/kg/h for 70 kg, in uL/h of 5 mg/mL
DWELL_S, LASTS_S = 900, 10_800
PRESCRIBER = Actor(person="doctor-1", role=Role.PRESCRIBER)
AGREED = r.Override(reason="pain unchanged", second=PRESCRIBER)


def titrated_rules() -> Rules:
    """A site's regimen: 0.3 mg/kg/h for 3 h, up by 0.1 after 15 min at a rate, to 0.5 at most."""
    rules = shipped_rules()
    regimens = tuple(
        replace(
            each,
            days=tuple(replace(day, steps=(RegimenStep(dose=300, duration_s=LASTS_S),)) for day in each.days),
            titration=Titration(up_by=100, dwell_s=DWELL_S, highest=500),
        )
        if each.id == "FM-3H"
        else each
        for each in rules.catalogue.regimens
    )
    return replace(rules, catalogue=replace(rules.catalogue, regimens=regimens))


def running(after_s: float = DWELL_S, *, rules: Rules | None = None) -> BedStory:
    bed = BedStory(rules=titrated_rules() if rules is None else rules)
    bed.runs("FM-3H")
    bed.wait(after_s)
    bed.drives(START * round(after_s) // 3_600, after_s=0.5)  # waited already
    return bed


def stands_and_goes_on(bed: BedStory, infused_ul: int) -> None:
    """The pump is stopped for a larger volume, programmed, and started."""
    bed.stop_confirmed(infused_ul=infused_ul)
    assert bed.phase() is Phase.CHECKING
    bed.prepared()
    bed.done(Drive.INFUSING)
    assert bed.phase() is Phase.INFUSING


# --- within the order ---------------------------------------------------------------------------------------


@pytest.mark.requirement("CMD-11")
def test_a_rise_within_the_order_is_read_confirmed_programmed_anew_and_keeps_the_end() -> None:
    bed = running()
    ends_ns, before_nl = bed.infusion().planned_end_ns, bed.infusion().total_nl
    bed.rises_to(START + UP_BY)
    assert bed.sent(Stop), "a larger volume is written into a pump that stands still"
    assert (bed.phase(), bed.pump().why) == (Phase.STOPPING, Why.NEW_RATE)
    stands_and_goes_on(bed, 1_050)
    infusion = bed.infusion()
    assert infusion.rate_ul_per_h == START + UP_BY
    assert infusion.plan[0].rate_ul_per_h == START + UP_BY, "confirmed, from here on"
    assert infusion.planned_end_ns == ends_ns
    rest_s = LASTS_S - DWELL_S
    grown_nl = UP_BY * NL_PER_UL * rest_s // 3_600
    assert before_nl + grown_nl * 99 // 100 <= infusion.total_nl <= before_nl + grown_nl + 50_000


def test_no_rise_without_its_review_and_none_of_another_rise() -> None:
    bed = running()
    bed.rate(START + UP_BY)
    assert ReasonCode.RISE_TO_BE_READ_UL_PER_H in bed.refusals
    read = preview_rise(bed.state, "p1", START + UP_BY, bed.setup, bed.now_ns)
    assert read is not None
    bed.take(
        r.RateRequested(
            at_ns=bed.now_ns, request_id="x", actor=NURSE, slot="p1", rate_ul_per_h=START + UP_BY - 1,
            digest=read.digest,
        )
    )  # fmt: skip
    assert bed.refusals == {ReasonCode.REVIEW_CHANGED}


@pytest.mark.parametrize(
    ("after_s", "to", "code"),
    [
        (DWELL_S - 10, START + UP_BY, ReasonCode.TITRATION_DWELL_S),
        (DWELL_S, START + UP_BY + 1, ReasonCode.TITRATION_UP_UL_PER_H),
        (DWELL_S, HIGHEST + 1, ReasonCode.TITRATION_HIGHEST_UL_PER_H),
    ],
)
def test_beyond_the_order_one_person_is_not_enough(after_s: int, to: int, code: ReasonCode) -> None:
    bed = running(after_s)
    bed.rises_to(to)
    assert {ReasonCode.OVERRIDE_NEEDED, code} <= bed.refusals


def test_the_dwell_counts_from_the_last_rise_and_a_restart_does_not_shorten_it() -> None:
    bed = running()
    bed.rises_to(START + UP_BY)
    stands_and_goes_on(bed, 1_050)
    bed.boot(away_s=5)
    bed.connect()
    bed.drives(10)
    bed.drives(12)
    assert bed.phase() is Phase.INFUSING
    bed.rises_to(HIGHEST)
    assert ReasonCode.TITRATION_DWELL_S in bed.refusals
    bed.wait(DWELL_S)
    bed.drives(1_400)
    bed.rises_to(HIGHEST)
    assert bed.phase() is Phase.STOPPING


def test_down_is_free_before_any_dwell_and_back_up_needs_no_review() -> None:
    bed = running(1)
    bed.rate(3_000)
    assert [each.when for each in bed.sent(ChangeRate)] == [When.NOW]
    bed.done(Drive.INFUSING, rate=3_000)
    bed.rate(START)
    assert [each.when for each in bed.sent(ChangeRate)] == [When.AFTER_COMMIT]


def test_a_rise_whose_start_failed_leaves_the_rate_before_and_never_a_higher_one() -> None:
    bed = running()
    bed.rises_to(START + UP_BY)
    bed.stop()
    bed.stop_confirmed(infused_ul=1_050)
    assert bed.phase() is Phase.STOPPED
    bed.resume()
    (again,) = bed.sent(Prepare)
    assert again.remaining.rate_ul_per_h == START


@given(story=st.lists(st.tuples(st.integers(0, 1_200), st.integers(2_000, 8_000)), max_size=6))
def test_whatever_is_asked_no_rate_and_no_total_exceeds_what_the_order_allows(story: list[tuple[int, int]]) -> None:
    bed = running(1)
    counter = 0
    most_nl = HIGHEST * NL_PER_UL * LASTS_S // 3_600
    for wait_s, wanted in story:
        if bed.phase() is not Phase.INFUSING:
            return
        bed.wait(wait_s)
        counter += bed.infusion().rate_ul_per_h * wait_s // 3_600
        bed.drives(counter)
        if bed.phase() is not Phase.INFUSING or bed.pump().command:
            return
        present = bed.infusion().rate_ul_per_h
        if wanted > present:
            bed.rises_to(wanted)
        else:
            bed.rate(wanted)
        if bed.phase() is Phase.STOPPING:
            stands_and_goes_on(bed, counter)
            counter = 0
        elif bed.pump().command is not None:
            bed.done(Drive.INFUSING, rate=wanted, infused_ul=counter)
        assert bed.infusion().rate_ul_per_h <= HIGHEST
        assert bed.infusion().total_nl <= most_nl


# --- beyond the order ---------------------------------------------------------------------------------------


def test_beyond_the_order_two_people_and_one_of_them_a_prescriber() -> None:
    bed = running(0)
    wanted = HIGHEST + 500
    bed.rises_to(wanted, override=r.Override(reason="pain", second=SECOND))
    assert bed.refusals == {ReasonCode.PRESCRIBER_NEEDED}
    bed.rises_to(wanted, override=replace(AGREED, reason=" "))
    assert ReasonCode.OVERRIDE_NEEDED in bed.refusals
    bed.rises_to(wanted, actor=PRESCRIBER, override=AGREED)
    assert ReasonCode.OVERRIDE_NEEDED in bed.refusals, "nobody is their own second person"
    total_nl = bed.infusion().total_nl
    bed.rises_to(wanted, override=AGREED)
    assert bed.reply is not None
    assert bed.reply.accepted
    assert bed.infusion().total_nl == total_nl, "the volume stays: it ends sooner"
    assert bed.infusion().plan[0].rate_ul_per_h == wanted


def test_a_hard_limit_stands_whoever_agrees() -> None:
    bed = running(0)
    bed.rises_to(42_000, override=AGREED, twice=True)
    assert bed.refusals & {ReasonCode.DOSE_UG_PER_KG_PER_H, ReasonCode.CEILING_UG_PER_KG_PER_H}


def test_an_order_without_titration_rises_above_its_step_only_with_a_prescriber() -> None:
    bed = running(0, rules=shipped_rules())
    bed.rises_to(5_000)
    assert ReasonCode.RISE_NOT_CONFIRMED_UL_PER_H in bed.refusals
    bed.rises_to(5_000, override=AGREED)
    assert [each.when for each in bed.sent(ChangeRate)] == [When.AFTER_COMMIT]


# --- never in a jump ----------------------------------------------------------------------------------------


@pytest.mark.requirement("FLOW-03")
@pytest.mark.requirement("F01")
def test_a_rise_above_twice_the_lowest_rate_of_a_minute_has_to_be_read() -> None:
    bed = running(1)
    bed.rate(1_000)
    bed.done(Drive.INFUSING, rate=1_000)
    bed.rate(2_000)
    bed.done(Drive.INFUSING, rate=2_000)
    bed.rate(2_001)
    assert bed.refusals == {ReasonCode.RISE_TO_BE_READ_UL_PER_H}, "two rises make no new minute"
    bed.wait(60)
    bed.drives(35)
    bed.rate(4_000)
    assert bed.sent(ChangeRate)


@pytest.mark.requirement("FLOW-03")
@pytest.mark.requirement("F01")
def test_a_low_rate_of_the_last_minute_is_remembered_however_often_the_rate_was_changed_since() -> None:
    """More changes than are kept: the oldest of them go together, and the low one among them stays."""
    bed = running(1)
    for rate in (1_000, 1_400, *(1_401 + number for number in range(LATELY_MAX + 2))):
        bed.rate(rate)
        bed.done(Drive.INFUSING, rate=rate)
        assert bed.infusion().granted_ul_per_h == rate
    assert len(bed.infusion().lately) == LATELY_MAX
    bed.rate(2_001)
    assert bed.refusals == {ReasonCode.RISE_TO_BE_READ_UL_PER_H}
    bed.wait(60)
    bed.drives(25)
    bed.rate(2_001)
    assert bed.sent(ChangeRate)


@pytest.mark.requirement("FLOW-03")
def test_falling_is_never_limited() -> None:
    bed = running(1)
    for rate in (4_000, 400, 40):
        bed.rate(rate)
        assert [each.rate_ul_per_h for each in bed.sent(ChangeRate)] == [rate]
        bed.done(Drive.INFUSING, rate=rate)


@pytest.mark.requirement("FLOW-04")
@pytest.mark.requirement("F02")
def test_five_times_the_rate_is_said_twice() -> None:
    """One keystroke read as several: 10 became 100."""
    bed = running(1)
    bed.rate(800)
    bed.done(Drive.INFUSING, rate=800)
    bed.rises_to(4_000)
    assert bed.refusals == {ReasonCode.RISE_TO_BE_SAID_TWICE_UL_PER_H}
    bed.rises_to(3_999)
    assert bed.sent(ChangeRate)
    bed = running(1)
    bed.rate(800)
    bed.done(Drive.INFUSING, rate=800)
    bed.rises_to(4_000, twice=True)
    assert bed.sent(ChangeRate)


@pytest.mark.requirement("FLOW-04")
def test_a_tap_repeats_what_it_begins_where_it_is_five_times_as_much() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.rate(1_000)
    bed.done(Drive.INFUSING, rate=1_000)
    bed.drives(2_110)
    bed.tap()
    assert bed.refusals == {ReasonCode.RISE_TO_BE_SAID_TWICE_UL_PER_H}
    common = {"at_ns": bed.now_ns, "actor": NURSE, "slot": "p1"}
    bed.take(r.StepRequested(**common, request_id="a", rate_ul_per_h=56_000))  # type: ignore[arg-type]
    assert bed.refusals == {ReasonCode.REVIEW_CHANGED}
    bed.take(r.StepRequested(**common, request_id="b", rate_ul_per_h=5_600))  # type: ignore[arg-type]
    assert [each.rate_ul_per_h for each in bed.sent(ChangeRate)] == [5_600]


def test_a_rise_that_was_read_long_ago_is_read_again() -> None:
    bed = running()
    read = preview_rise(bed.state, "p1", START + UP_BY, bed.setup, bed.now_ns - 601 * NS_PER_S)
    assert read is not None
    fresh = preview_rise(bed.state, "p1", START + UP_BY, bed.setup, bed.now_ns)
    assert fresh is not None
    stale = f"{fresh.digest.partition('-')[0]}-{bed.now_ns // NS_PER_S - 601}"
    bed.take(
        r.RateRequested(
            at_ns=bed.now_ns, request_id="x", actor=NURSE, slot="p1", rate_ul_per_h=START + UP_BY, digest=stale
        )
    )
    assert bed.refusals == {ReasonCode.REVIEW_EXPIRED_S}


def test_the_return_to_the_confirmed_rate_begins_a_dwell() -> None:
    bed = running()
    bed.rate(3_000)
    bed.done(Drive.INFUSING, rate=3_000, infused_ul=1_050)
    bed.rate(START)
    bed.done(Drive.INFUSING, rate=START, infused_ul=1_050)
    bed.rises_to(START + UP_BY)
    assert ReasonCode.TITRATION_DWELL_S in bed.refusals


def test_a_rise_by_standstill_counts_in_its_minute_too() -> None:
    bed = running()
    bed.rises_to(START + UP_BY)
    stands_and_goes_on(bed, 1_050)
    assert lowest_lately_ul_per_h(bed.infusion(), bed.now_ns) == START
    assert lowest_lately_ul_per_h(bed.infusion(), bed.now_ns + 61 * NS_PER_S) == START + UP_BY


def test_another_value_the_second_time_is_no_second_time() -> None:
    bed = running(1)
    bed.rate(800)
    bed.done(Drive.INFUSING, rate=800)
    read = preview_rise(bed.state, "p1", 4_000, bed.setup, bed.now_ns)
    assert read is not None
    bed.take(
        r.RateRequested(
            at_ns=bed.now_ns, request_id="x", actor=NURSE, slot="p1", rate_ul_per_h=4_000, digest=read.digest,
            repeated_ul_per_h=400,
        )
    )  # fmt: skip
    assert bed.refusals == {ReasonCode.RISE_TO_BE_SAID_TWICE_UL_PER_H}


def test_an_end_that_moved_gives_a_rise_no_more_than_the_orders_highest_would_have_given() -> None:
    """Slowed, paused and resumed with the volume kept, it ends hours later; the volume is bounded all the same."""
    bed = running()
    bed.rate(2_100)
    bed.done(Drive.INFUSING, rate=2_100, infused_ul=1_050)
    bed.paused(1_050)
    bed.resumes(keep=r.Keep.VOLUME)
    bed.rate(START)
    bed.done(Drive.INFUSING, rate=START)
    bed.wait(DWELL_S)
    bed.drives(1_050)
    bed.rises_to(START + UP_BY)
    stands_and_goes_on(bed, 1_050)
    assert bed.infusion().total_nl == HIGHEST * NL_PER_UL * LASTS_S // 3_600


def test_a_fall_waits_for_the_command_that_is_on_its_way() -> None:
    bed = running()
    bed.rate(3_000)
    bed.rate(2_500)
    assert bed.refusals == {ReasonCode.COMMAND_PENDING}
    bed.done(Drive.INFUSING, rate=3_000, infused_ul=1_050)
    bed.rate(2_500)
    assert bed.sent(ChangeRate)


def test_a_second_person_who_was_not_needed_is_no_agreement_to_go_beyond_anything() -> None:
    bed = running()
    bed.rises_to(START + UP_BY, override=AGREED)
    assert bed.reply is not None
    assert bed.reply.accepted, bed.reply.reasons
    assert not [fact for fact in bed.facts if isinstance(fact, BeyondAgreed)]
    stands_and_goes_on(bed, 1_050)
    assert bed.infusion().beyond == ()


def test_a_due_step_is_not_begun_by_a_tap_through_a_closed_gate() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.drives(2_110)
    assert bed.alarm(Condition.STEP_DUE)
    bed.journal(ok=False)
    bed.tap()
    assert bed.refusals == {ReasonCode.JOURNAL_DOWN}
    bed.journal(ok=True)
    bed.tap()
    assert bed.sent(ChangeRate)


def test_where_nothing_runs_there_is_no_review_of_a_rise() -> None:
    bed = running()
    bed.paused(1_050)
    for slot in ("p1", "p9"):
        assert preview_rise(bed.state, slot, START + UP_BY, bed.setup, bed.now_ns) is None


def test_a_rate_beyond_the_pump_is_refused_with_the_pumps_highest() -> None:
    bed = BedStory(rules=titrated_rules(), info=replace(NE_1000, rate_ul_per_h_max=HIGHEST))
    bed.runs("FM-3H")
    bed.rises_to(HIGHEST + 1_000)
    assert ReasonCode.PUMP_RATE_MAX_UL_PER_H in bed.refusals


def test_a_tap_when_all_is_in_asks_no_limit_and_hurts_nobody() -> None:
    """The nurse let the first rate run on to the very end of the plan: no drug is left for a limit to be asked of."""
    bed = BedStory()
    bed.runs("FM-3H")
    bed.drives(22_399)
    assert bed.infusion().step_due
    bed.tap()
    assert bed.reply is not None
    assert bed.reply.accepted, bed.reply.reasons
