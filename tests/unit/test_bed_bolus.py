"""A prescriber's bolus: only where an entry asks for it, once, never in doubt, and the rate before it comes back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.api_moment import Moment
from pumpd.api_views import Place, pump_view
from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import preview_bolus
from pumpd.core.codes import Condition, Phase, ReasonCode, Why
from pumpd.core.deliveries import BeyondAgreed
from pumpd.core.effects import ChangeRate, Prepare, Stop
from pumpd.core.library import Bolus, Cap
from pumpd.core.people import Role
from pumpd.core.preparation_requests import RiseCheckEntered
from pumpd.core.pump import Drive, DriverInfo
from pumpd.core.regimen import Rules
from pumpd.core.rise_proposed import RiseEntered
from pumpd.core.steps import StepKind
from pumpd.core.units import NL_PER_UL, NS_PER_S
from pumpd.testing.bed_story import NURSE, SECOND, BedStory
from pumpd.testing.clinical import NE_1000, shipped_rules
from pumpd.testing.departure_story import DepartureStory
from pumpd.testing.swap_story import label_read

PRESCRIBER = Actor(person="doctor-1", role=Role.PRESCRIBER)
BASAL = 4_200
DOSE, MINUTES = 100, 10  # ug/kg: 7 mg for 70 kg, 1.4 mL at 8.4 mL/h
LOCKOUT_S = 3_600


def bolus_rules() -> Rules:
    """A site whose entry for outpatients asks for boluses; none that is shipped does."""
    bolus = Bolus(dose_ug_per_kg=Cap(soft=300, hard=350), shortest_s=600, lockout_s=LOCKOUT_S)
    rules = shipped_rules()
    entries = tuple(replace(each, bolus=bolus if each.high_alert else None) for each in rules.library.entries)
    return replace(rules, library=replace(rules.library, entries=entries))


def running(*, rules: Rules | None = None, info: DriverInfo = NE_1000) -> BedStory:
    """FM-3H in its first step of 30 min: 2.1 mL at 4.2 mL/h."""
    bed = BedStory(rules=bolus_rules() if rules is None else rules, info=info)
    bed.runs("FM-3H")
    bed.drives(5)
    return bed


def asks(
    bed: BedStory,
    *,
    dose: int = DOSE,
    minutes: int = MINUTES,
    actor: Actor | None = PRESCRIBER,
    override: r.Override | None = None,
    reason: str = "",
    digest: str | None = None,
) -> None:
    if digest is None:
        review = preview_bolus(bed.state, "p1", bed.setup, bed.now_ns, dose_ug_per_kg=dose, duration_s=minutes * 60)
        digest = "" if review is None else review.digest
    bed.take(
        r.BolusRequested(
            at_ns=bed.now_ns, request_id=bed.request_id(), actor=actor, slot="p1", dose_ug_per_kg=dose,
            duration_s=minutes * 60, digest=digest, override=override, reason=reason,
        )
    )  # fmt: skip


def begins(bed: BedStory, infused_ul: int = 5) -> None:
    """Stopped for it, programmed, started."""
    asks(bed)
    assert bed.reply is not None
    assert bed.reply.accepted, bed.reply.reasons
    assert bed.sent(Stop)
    bed.stop_confirmed(infused_ul=infused_ul)
    bed.prepared()
    bed.done(Drive.INFUSING)
    assert bed.phase() is Phase.INFUSING


def bolus_end_ul(bed: BedStory, leg_from_ul: int = 5) -> int:
    bolus = bed.infusion().bolus
    assert bolus is not None
    return bed.infusion().boundary_nl(bolus.step) // NL_PER_UL - leg_from_ul


def falls_back(bed: BedStory) -> None:
    (fall,) = bed.sent(ChangeRate)
    assert fall.rate_ul_per_h == BASAL
    bed.done(Drive.INFUSING, rate=BASAL, infused_ul=bed.pump().sighting.readings[-1].infused_nl // NL_PER_UL)
    assert bed.infusion().granted_ul_per_h == BASAL


# --- it runs, and ends --------------------------------------------------------------------------------------


@pytest.mark.requirement("FLOW-06")
@pytest.mark.requirement("F24")
def test_a_bolus_is_given_whole_and_the_rate_before_it_comes_back() -> None:
    bed = running()
    total_nl = bed.infusion().total_nl
    begins(bed)
    together = BASAL + DOSE * 70 * 60 // 5 // MINUTES  # 1.4 mL in 10 min is 8.4 mL/h
    assert bed.infusion().granted_ul_per_h == together
    assert bed.infusion().total_nl == total_nl + 1_400_000
    assert bed.infusion().leg is not None
    bed.drives(bolus_end_ul(bed) - 10)
    assert bed.sent(ChangeRate) == []
    bed.drives(bolus_end_ul(bed))
    falls_back(bed)
    assert bed.infusion().bolus is None
    assert abs(bed.infusion().total_nl - total_nl - 1_400_000) <= 10_000
    assert bed.infusion().plan[bed.infusion().step].rate_ul_per_h == BASAL


def gives(bed: BedStory, permille: int, seconds: int, *, from_ul: float = 0) -> float:
    """It says the granted rate and gives this share of it, until a deviation is told or the time is over."""
    given_ul = from_ul
    for _ in range(seconds * 2):
        granted = bed.infusion().granted_ul_per_h
        if granted is None or bed.alarm(Condition.OVER_INFUSION) or bed.alarm(Condition.UNDER_INFUSION):
            break
        given_ul += granted * permille / 7_200_000
        bed.drives(int(given_ul), after_s=0.5)
    return given_ul


@pytest.mark.requirement("FLOW-10")
@pytest.mark.parametrize("healthy_s", [0, 47, 90])
@pytest.mark.parametrize(("permille", "told"), [(1_200, Condition.OVER_INFUSION), (800, Condition.UNDER_INFUSION)])
def test_a_deviation_in_a_bolus_is_found_within_a_minute(permille: int, told: Condition, healthy_s: int) -> None:
    """A quarter of an hour would be longer than the bolus."""
    bed = running()
    begins(bed)
    given_ul = gives(bed, 1_000, healthy_s)
    began_ns = bed.now_ns
    gives(bed, permille, 120, from_ul=given_ul)
    assert bed.alarm(told)
    assert bed.now_ns - began_ns <= 60 * NS_PER_S
    assert (bed.phase() is Phase.STOPPING) is (told is Condition.OVER_INFUSION)


@pytest.mark.requirement("FLOW-10")
@pytest.mark.parametrize("permille", [910, 1_090])
def test_what_lies_within_the_tolerance_is_not_told_in_a_bolus_either(permille: int) -> None:
    bed = running()
    begins(bed)
    gives(bed, permille, 540)
    assert bed.infusion().bolus is not None
    assert bed.state.alarms == ()


@pytest.mark.requirement("FLOW-10")
def test_too_little_in_a_bolus_is_over_when_the_rate_before_it_is_given_right() -> None:
    bed = running()
    begins(bed)
    given_ul = gives(bed, 800, 120)
    assert bed.alarm(Condition.UNDER_INFUSION)
    bed.rate(BASAL)
    bed.done(Drive.INFUSING, rate=BASAL, infused_ul=int(given_ul))
    assert bed.infusion().bolus is None
    for _ in range(75):
        given_ul += BASAL / 3_600
        bed.drives(int(given_ul), after_s=1)
    assert bed.alarm(Condition.UNDER_INFUSION) is None


@pytest.mark.requirement("FLOW-06")
def test_a_rate_that_had_been_lowered_comes_back_and_not_the_one_of_the_plan() -> None:
    bed = running()
    bed.rate(3_000)
    bed.done(Drive.INFUSING, rate=3_000, infused_ul=5)
    begins(bed)
    bed.drives(bolus_end_ul(bed))
    (fall,) = bed.sent(ChangeRate)
    assert fall.rate_ul_per_h == 3_000


@pytest.mark.requirement("FLOW-06")
@pytest.mark.requirement("F16")
@given(at_ul=st.integers(0, 2_080), keep=st.sampled_from(r.Keep))
def test_a_bolus_that_is_interrupted_anywhere_is_never_gone_on_with(at_ul: int, keep: r.Keep) -> None:
    """Interrupted, primed and resumed it over-delivered (Medfusion 2020): here the rest of it is gone."""
    bed = running()
    total_nl = bed.infusion().total_nl
    begins(bed)
    at_ul = min(at_ul, bolus_end_ul(bed) - 15)
    bed.drives(at_ul)
    bed.paused(at_ul)
    infusion = bed.infusion()
    assert infusion.bolus is None
    assert infusion.total_nl <= total_nl + 1_400_000
    given_of_it_nl = at_ul * NL_PER_UL * 2 // 3  # 8.4 of 12.6 mL/h
    assert infusion.total_nl <= total_nl + given_of_it_nl + 30_000, "what did not go in of it never will"
    bed.resume(keep=keep)
    (again,) = bed.sent(Prepare)
    assert again.remaining.rate_ul_per_h == BASAL
    assert again.remaining.volume_nl + infusion.delivered.high_nl <= infusion.total_nl


@pytest.mark.requirement("F17")
@pytest.mark.parametrize("when", ["asked", "stopped", "prepared", "started", "running"])
def test_a_daemon_that_restarts_at_any_moment_gives_no_bolus_twice(when: str) -> None:
    bed = running()
    asks(bed)
    if when != "asked":
        bed.stop_confirmed(infused_ul=5)
    if when in {"prepared", "started", "running"}:
        bed.prepared()
    if when in {"started", "running"}:
        bed.done(Drive.INFUSING)
    if when == "running":
        bed.drives(300)
    bed.boot(away_s=3)
    bed.connect()
    if when == "running":
        bed.drives(315)
        if not bed.sent(ChangeRate):
            bed.drives(318)
        falls_back(bed)
    else:
        bed.report(infused_ul=0 if when != "asked" else 5)
        bed.report(infused_ul=0 if when != "asked" else 5)
        if bed.pump().stop is not None:
            bed.stop_confirmed(infused_ul=0 if when != "asked" else 5)
    assert bed.infusion().bolus is None
    assert not [each for each in bed.last.effects if isinstance(each, Prepare)]
    if bed.phase() is Phase.STOPPED:
        label_read(bed)  # a counter that began anew may be another pump's
        bed.resume(keep=r.Keep.VOLUME)
        assert [each.remaining.rate_ul_per_h for each in bed.sent(Prepare)] == [BASAL]


def test_silence_ends_it_as_soon_as_the_pump_is_known_to_run() -> None:
    bed = running()
    begins(bed)
    bed.drives(100)
    bed.ticks(7)
    assert bed.phase() is Phase.UNCERTAIN
    bed.drives(140)
    if not bed.sent(ChangeRate):
        bed.drives(143)
    falls_back(bed)


def test_whoever_lowers_the_rate_ends_it() -> None:
    bed = running()
    begins(bed)
    bed.drives(100)
    bed.rate(10_000)
    assert bed.refusals == {ReasonCode.BOLUS_RUNNING_UL_PER_H}
    bed.rate(2_000)
    assert [each.rate_ul_per_h for each in bed.sent(ChangeRate)] == [2_000]
    assert bed.infusion().bolus is None


@pytest.mark.requirement("FLOW-06", "ALM-20")
def test_an_infusion_whose_bolus_was_cut_ends_as_planned_though_the_pump_would_go_on() -> None:
    """The pump's own target still holds the whole bolus: running on to it would be too much, and no alarm of that."""
    bed = running()
    begins(bed)
    bed.drives(100)
    bed.rate(2_000)
    bed.done(Drive.INFUSING, rate=2_000, infused_ul=100)
    infusion = bed.infusion()
    assert infusion.leg is not None
    assert infusion.leg.whole_nl > infusion.total_nl, "or this proves nothing"
    counter_ul = 100
    while bed.phase() is Phase.INFUSING:
        counter_ul += 100
        bed.drives(counter_ul)
        if bed.infusion().step_due:
            bed.tap()
            bed.done(Drive.INFUSING, infused_ul=counter_ul)
    assert 0 < counter_ul * NL_PER_UL - infusion.total_nl <= 110 * NL_PER_UL, "at the first look behind its end"
    assert (bed.phase(), bed.pump().why) == (Phase.STOPPING, Why.VOLUME_REACHED)
    bed.stop_confirmed(infused_ul=counter_ul)
    assert bed.phase() is Phase.ENDED
    assert bed.alarm(Condition.OVER_INFUSION) is None
    assert bed.alarm(Condition.ENDED)


def test_a_stop_before_it_began_leaves_nothing_of_it() -> None:
    bed = running()
    plan_nl = bed.infusion().total_nl
    asks(bed)
    bed.stop()
    bed.stop_confirmed(infused_ul=5)
    assert bed.infusion().bolus is None
    assert bed.infusion().total_nl <= plan_nl
    assert bed.infusion().rate_ul_per_h == BASAL


def test_a_standstill_that_took_too_long_leaves_nothing_of_it() -> None:
    bed = running()
    total_nl = bed.infusion().total_nl
    asks(bed)
    bed.wait(6)
    bed.stop_confirmed(infused_ul=12)
    assert bed.phase() is Phase.STOPPED
    assert bed.infusion().bolus is None
    assert bed.infusion().total_nl <= total_nl
    bed.resume(keep=r.Keep.VOLUME)
    assert [each.remaining.rate_ul_per_h for each in bed.sent(Prepare)] == [BASAL]


# --- it begins, or not --------------------------------------------------------------------------------------


def test_where_no_entry_asks_for_it_there_is_none() -> None:
    bed = running(rules=shipped_rules())
    asks(bed)
    assert ReasonCode.BOLUS_NOT_ALLOWED in bed.refusals


@pytest.mark.parametrize("actor", [NURSE, replace(PRESCRIBER, role=Role.PHARMACIST), None])
def test_only_a_prescriber_may(actor: Actor | None) -> None:
    bed = running()
    asks(bed, actor=actor)
    assert bed.refusals & {ReasonCode.ROLE_MAY_NOT, ReasonCode.NOT_SIGNED_IN}


@pytest.mark.parametrize(
    ("dose", "minutes", "code"),
    [
        (351, 10, ReasonCode.BOLUS_UG_PER_KG),
        (100, 9, ReasonCode.BOLUS_SHORT_S),
        (0, 10, ReasonCode.BOLUS_DOES_NOT_FIT_S),
        (100, 40, ReasonCode.BOLUS_DOES_NOT_FIT_S),
    ],
)
def test_dose_and_time_have_limits_of_their_own(dose: int, minutes: int, code: ReasonCode) -> None:
    bed = running()
    asks(bed, dose=dose, minutes=minutes)
    assert code in bed.refusals
    assert bed.phase() is Phase.INFUSING


def test_above_the_soft_limit_it_takes_a_reason_and_a_second_person() -> None:
    bed = running()
    asks(bed, dose=310, minutes=14)
    assert bed.refusals == {ReasonCode.OVERRIDE_NEEDED}
    asks(bed, dose=310, minutes=14, override=r.Override(reason="breakthrough", second=SECOND))
    assert bed.phase() is Phase.STOPPING
    (agreed,) = [fact for fact in bed.last.facts if isinstance(fact, BeyondAgreed)]
    assert (agreed.override_person, agreed.override_reason) == (SECOND.person, "breakthrough")
    assert ReasonCode.BOLUS_UG_PER_KG in {reason.code for reason in agreed.reasons}


@pytest.mark.requirement("FLOW-05")
def test_basal_and_bolus_together_stay_below_pump_and_limits() -> None:
    """0.35 mg/kg in 10 min is 2.1 mg/kg/h, and 0.3 run beside it: the entry's hard limit is 2."""
    bed = running()
    asks(bed, dose=350)
    assert ReasonCode.DOSE_UG_PER_KG_PER_H in bed.refusals


@pytest.mark.requirement("FLOW-19")
def test_none_in_alarm_in_doubt_or_on_its_way() -> None:
    bed = running()
    bed.boot()
    bed.connect()
    bed.drives(10)
    bed.drives(12)
    assert bed.alarm(Condition.RESTARTED)
    asks(bed)
    assert ReasonCode.BOLUS_IN_ALARM in bed.refusals
    bed.acknowledge(Condition.RESTARTED)
    bed.ticks(7)
    asks(bed)
    assert bed.refusals == {ReasonCode.DELIVERY_UNKNOWN}
    starting = BedStory(rules=bolus_rules())
    starting.connect()
    starting.report()
    starting.start("FM-3H")
    starting.prepared()
    asks(starting)
    assert ReasonCode.WRONG_PHASE in starting.refusals


@pytest.mark.requirement("FLOW-18")
def test_one_at_a_time() -> None:
    bed = running()
    begins(bed)
    bed.drives(100)
    asks(bed)
    assert ReasonCode.BOLUS_RUNNING_UL_PER_H in bed.refusals


@pytest.mark.requirement("FLOW-17")
@pytest.mark.requirement("F34")
def test_the_lockout_holds_over_restarts_other_infusions_and_a_clock_that_was_set() -> None:
    bed = running()
    begins(bed)
    bed.paused(10)
    bed.boot(away_s=1_000)
    bed.connect()
    bed.report(infused_ul=10)
    bed.end()
    bed.runs("FM-3H")
    bed.drives(3)
    for alarm in bed.state.alarms:
        bed.acknowledge(alarm.condition, alarm.slot)
    asks(bed)
    assert ReasonCode.BOLUS_LOCKOUT_S in bed.refusals
    bed.state = bed.kept = replace(bed.state, bolus_at_ns=bed.now_ns - LOCKOUT_S * NS_PER_S)
    asks(bed)
    assert bed.phase() is Phase.STOPPING


def test_what_was_not_read_is_not_begun() -> None:
    bed = running()
    asks(bed, digest="")
    assert bed.refusals == {ReasonCode.REVIEW_CHANGED}


def test_a_bolus_is_a_step_of_its_own_in_the_plan() -> None:
    bed = running()
    begins(bed)
    kinds = [step.kind for step in bed.infusion().plan]
    assert kinds.count(StepKind.BOLUS) == 1


@pytest.mark.requirement("FLOW-01")
def test_a_bolus_that_this_pump_cannot_drive_is_refused_with_its_highest_rate() -> None:
    bed = running(info=replace(NE_1000, rate_ul_per_h_max=12_000))
    asks(bed)  # 4.2 mL/h and 1.4 mL in 10 min are 12.6 mL/h
    assert bed.refusals == {ReasonCode.PUMP_RATE_MAX_UL_PER_H}
    asks(bed, minutes=11)
    assert bed.reply is not None
    assert bed.reply.accepted, bed.reply.reasons


@pytest.mark.requirement("FLOW-03")
def test_while_a_bolus_runs_nobody_titrates_above_it() -> None:
    bed = running()
    begins(bed)
    override = r.Override(reason="pain", second=PRESCRIBER)
    bed.rises_to(bed.infusion().rate_ul_per_h + 400, override=override)
    assert ReasonCode.RISE_NOT_CONFIRMED_UL_PER_H in bed.refusals, "and no second person changes that"


def read(bed: BedStory, *, dose: int = DOSE) -> tuple[bool, str | None]:
    """Of the review: has somebody else to check it, and who has?"""
    review = preview_bolus(bed.state, "p1", bed.setup, bed.now_ns, dose_ug_per_kg=dose, duration_s=MINUTES * 60)
    assert review is not None
    return review.to_be_checked, review.checked_by


def shown(bed: BedStory) -> str:
    """What a page is told of boluses."""
    place = Place(site="north", ward="pain", bed="bed-1", people={})
    infusion = pump_view(bed.state, bed.pump("p1"), bed.setup, place, Moment(now_ns=bed.now_ns, wall_ms=0)).infusion
    assert infusion is not None
    return infusion.bolus_text


def test_a_bolus_is_offered_with_its_bounds_only_where_the_entry_lets_one_be_given() -> None:
    assert shown(running()) == "0.35 mg/kg at most, over 10 min or longer, 1 h apart"
    assert not shown(running(rules=shipped_rules()))


def test_a_bolus_outside_a_visit_has_nobody_to_check_it() -> None:
    assert read(running()) == (False, None)


def bolus_of_a_visit() -> DepartureStory:
    bed = DepartureStory()
    bed.setup = replace(bed.setup, rules=bolus_rules())
    bed.boot()
    bed.connected()
    bed.sign("FM-3H")
    bed.opens()
    bed.passes_to_start()
    bed.infuses("v1")
    bed.drives(5)
    return bed


def test_above_the_soft_limit_who_has_checked_it_in_a_visit_is_who_agrees() -> None:
    bed = bolus_of_a_visit()
    asks(bed, dose=310, minutes=14)
    assert bed.refusals == {ReasonCode.OVERRIDE_NEEDED, ReasonCode.RISE_CHECK_NEEDED}
    checked = RiseEntered(drug="ketamine", concentration_ug_per_ml=5_000, dose=310)
    bed.by(RiseCheckEntered, NURSE, entered=checked)
    asks(bed, dose=310, minutes=14)
    assert bed.refusals == {ReasonCode.OVERRIDE_NEEDED}, "nobody has said why"
    asks(bed, dose=310, minutes=14, reason="breakthrough")
    assert bed.phase() is Phase.STOPPING
    (agreed,) = [fact for fact in bed.last.facts if isinstance(fact, BeyondAgreed)]
    assert (agreed.override_reason, agreed.override_person, agreed.checked_by) == (
        "breakthrough", NURSE.person, NURSE.person,
    )  # fmt: skip


def test_the_bolus_of_a_visit_locks_out_its_patient_and_not_the_next_one() -> None:
    bed = bolus_of_a_visit()
    assert read(bed) == (True, None), "the review says so before anybody asks"
    asks(bed)
    assert bed.refusals == {ReasonCode.RISE_CHECK_NEEDED}, "no programme has a bolus in it"
    right = RiseEntered(drug="ketamine", concentration_ug_per_ml=5_000, dose=DOSE)
    bed.by(RiseCheckEntered, PRESCRIBER, entered=right)
    assert bed.refusals == {ReasonCode.RISE_CHECK_BY_THE_FIRST}
    bed.by(RiseCheckEntered, NURSE, entered=replace(right, dose=DOSE * 10))
    assert bed.refusals == {ReasonCode.RISE_CHECK_DIFFERED}
    asks(bed)
    bed.by(RiseCheckEntered, NURSE, entered=right)
    assert read(bed) == (True, NURSE.person)
    begins(bed)
    assert bed.visit.rise is None, "a check is used once"
    assert read(bed) == (False, None), "one at a time: there is nothing to check"
    visit = bed.state.path.visit("v1")
    assert visit is not None
    assert visit.bolus_at_ns is not None
    assert bed.state.bolus_at_ns is None
