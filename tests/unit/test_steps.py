"""Ramps and KVO: only where an entry asks for them, never above what was confirmed, and counted in all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pumpd.core.bed import preview
from pumpd.core.codes import Condition, Phase, ReasonCode
from pumpd.core.effects import ChangeRate
from pumpd.core.library import Ramp
from pumpd.core.programme import Programme
from pumpd.core.pump import Drive
from pumpd.core.regimen import Rules
from pumpd.core.requests import Keep
from pumpd.core.steps import KVO_LONGEST_S, KVO_MOST_NL, Step, StepKind, with_kvo, with_ramp
from pumpd.core.units import NL_PER_UL, NS_PER_S, S_PER_H
from pumpd.testing.bed_story import BedStory, order_for
from pumpd.testing.clinical import NE_1000, shipped_rules

KVO_UL_PER_H = 500


def rules_with(*, kvo_ul_per_h: int = 0, ramp: Ramp | None = None) -> Rules:
    """The shipped rules, and a site's entries that ask for more."""
    rules = shipped_rules()
    entries = tuple(replace(each, kvo_ul_per_h=kvo_ul_per_h, ramp=ramp) for each in rules.library.entries)
    return replace(rules, library=replace(rules.library, entries=entries))


def programme_of(rules: Rules, regimen: str = "FM-3H") -> Programme:
    bed = BedStory(rules=rules)
    bed.connect()
    bed.report()
    programme = preview(bed.state, "p1", order_for(regimen), bed.setup, bed.now_ns).programme
    assert programme is not None
    return programme


@pytest.mark.requirement("F11")
def test_no_entry_that_we_ship_asks_for_a_ramp_or_a_bolus_and_one_keeps_the_vein_open() -> None:
    """After days, and with a painful limb to find a vein in; config/drug-library.toml says why."""
    asks = {entry.id: (entry.kvo_ul_per_h, entry.ramp, entry.bolus) for entry in shipped_rules().library.entries}
    assert asks.pop("KET-PAIN-IP") == (500, None, None)
    assert set(asks.values()) == {(0, None, None)}


# --- KVO ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("FLOW-12")
@given(last=st.integers(1, 400_000), kvo=st.integers(1, 20_000))
def test_kvo_is_never_faster_than_the_last_step_and_has_an_end(last: int, kvo: int) -> None:
    steps = with_kvo([Step(rate_ul_per_h=last, volume_nl=10_000_000)], kvo, NE_1000)
    assert steps[0] == Step(rate_ul_per_h=last, volume_nl=10_000_000)
    for step in steps[1:]:
        assert step.kind is StepKind.KVO
        assert step.rate_ul_per_h <= min(kvo, last)
        assert step.volume_nl <= min(KVO_MOST_NL, step.rate_ul_per_h * NL_PER_UL * KVO_LONGEST_S // S_PER_H)


@pytest.mark.requirement("FLOW-13")
def test_kvo_is_confirmed_and_counted_at_the_start() -> None:
    plain, kept = programme_of(rules_with()), programme_of(rules_with(kvo_ul_per_h=KVO_UL_PER_H))
    assert kept.steps[:-1] == plain.steps
    assert kept.total_nl == plain.total_nl + 500_000
    limited = rules_with(kvo_ul_per_h=KVO_UL_PER_H)
    total_ug = plain.total_nl * plain.concentration_ug_per_ml // 1_000_000
    entries = tuple(
        each if each.cap_total_ug is None else replace(each, cap_total_ug=replace(each.cap_total_ug, hard=total_ug))
        for each in limited.library.entries
    )
    bed = BedStory(rules=replace(limited, library=replace(limited.library, entries=entries)))
    found = preview(bed.state, "p1", order_for("FM-3H"), bed.setup, bed.now_ns).grant
    assert ReasonCode.CAP_TOTAL_UG in {reason.code for reason in found.reasons}


def near_its_end() -> BedStory:
    """A short infusion with KVO behind it, just before its planned end."""
    bed = BedStory(rules=rules_with(kvo_ul_per_h=KVO_UL_PER_H))
    bed.runs("TRAIN-30S")
    return bed


@pytest.mark.requirement("FLOW-13")
@pytest.mark.requirement("F11")
def test_the_planned_end_leads_to_kvo_and_kvo_to_a_stop() -> None:
    bed = near_its_end()
    planned_ul = bed.infusion().plan[0].volume_nl // NL_PER_UL
    bed.drives(planned_ul - 5)
    assert bed.alarm(Condition.NEAR_END)
    bed.drives(planned_ul + 5)
    (fall,) = bed.sent(ChangeRate)
    assert fall.rate_ul_per_h == KVO_UL_PER_H
    bed.done(Drive.INFUSING, rate=KVO_UL_PER_H, infused_ul=planned_ul + 5)
    assert bed.alarm(Condition.KVO_RUNNING)
    assert bed.alarm(Condition.NEAR_END) is None
    bed.report(Drive.STILL, infused_ul=bed.infusion().total_nl // NL_PER_UL, rate=KVO_UL_PER_H)
    assert bed.phase() is Phase.ENDED
    assert bed.alarm(Condition.KVO_RUNNING) is None


@pytest.mark.requirement("FLOW-12")
def test_an_infusion_that_was_slowed_below_kvo_does_not_rise_to_it() -> None:
    bed = near_its_end()
    planned_ul = bed.infusion().plan[0].volume_nl // NL_PER_UL
    bed.rate(300)
    bed.done(Drive.INFUSING, rate=300)
    bed.drives(planned_ul + 5)
    assert bed.infusion().plan[bed.infusion().step].kind is StepKind.KVO
    assert bed.sent(ChangeRate) == []
    assert bed.infusion().rate_ul_per_h == 300


@pytest.mark.requirement("F11")
@pytest.mark.parametrize("keep", Keep)
def test_a_resume_that_keeps_the_end_brings_no_kvo_and_one_that_keeps_the_volume_does(keep: Keep) -> None:
    bed = near_its_end()
    bed.drives(100)
    bed.paused(90)  # a rest that the counter makes longer than it is
    bed.resumes(keep=keep)
    kinds = [step.kind for step in bed.infusion().plan if step.volume_nl > 0]
    assert (StepKind.KVO in kinds) is (keep is Keep.VOLUME)


def test_the_planned_end_is_the_one_before_kvo() -> None:
    bed = near_its_end()
    plain = BedStory()
    plain.runs("TRAIN-30S")
    assert bed.look().left_ns == plain.look().left_ns
    assert bed.infusion().planned_end_ns - bed.infusion().started_ns == (
        plain.infusion().planned_end_ns - plain.infusion().started_ns
    )


# --- ramp ---------------------------------------------------------------------------------------------------


@given(
    rate=st.integers(100, 400_000),
    volume_ml=st.integers(1, 200),
    rise_s=st.integers(0, 3_600),
    fall_s=st.integers(0, 3_600),
    stairs=st.integers(2, 20),
)
def test_a_ramp_gives_the_same_volume_and_never_more_at_a_time(
    *, rate: int, volume_ml: int, rise_s: int, fall_s: int, stairs: int
) -> None:
    top = on_pump(rate)
    whole = [Step(rate_ul_per_h=top, volume_nl=volume_ml * 1_000_000)]
    ramped = with_ramp(whole, rise_s=rise_s, fall_s=fall_s, stairs=stairs, info=NE_1000)
    assume(ramped is not None)
    assert ramped is not None
    rates = [step.rate_ul_per_h for step in ramped]
    assert sum(step.volume_nl for step in ramped) == whole[0].volume_nl
    assert max(rates) == top
    peak = rates.index(top)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert all(step.kind is StepKind.RAMP for step in ramped if step.rate_ul_per_h < top)


def on_pump(rate: int) -> int:
    """Four digits, as the pump takes them."""
    power: int = 10 ** max(0, len(str(rate)) - 4)
    return rate - rate % power


def ramped_bed() -> BedStory:
    bed = BedStory(rules=rules_with(ramp=Ramp(rise_s=60, fall_s=60, stairs=3)))
    bed.runs("TRAIN-5MIN")
    return bed


@pytest.mark.requirement("FLOW-03")
def test_the_stairs_of_a_ramp_go_by_themselves_and_only_while_every_gate_is_open() -> None:
    bed = ramped_bed()
    plan = bed.infusion().plan
    assert bed.infusion().rate_ul_per_h == plan[0].rate_ul_per_h < plan[1].rate_ul_per_h
    bed.journal(ok=False)
    bed.drives(plan[0].volume_nl // NL_PER_UL + 5)
    assert bed.sent(ChangeRate) == []
    bed.journal(ok=True)
    bed.drives(plan[0].volume_nl // NL_PER_UL + 6)
    (rise,) = bed.sent(ChangeRate)
    assert rise.rate_ul_per_h == plan[1].rate_ul_per_h


def test_after_a_restart_even_a_stair_waits_for_a_tap() -> None:
    bed = ramped_bed()
    plan = bed.infusion().plan
    bed.wait(plan[0].volume_nl * 3_600 // (plan[0].rate_ul_per_h * NL_PER_UL))
    bed.drives(plan[0].volume_nl // NL_PER_UL - 1)
    bed.boot(away_s=1)
    bed.connect()
    bed.drives(plan[0].volume_nl // NL_PER_UL)
    assert bed.phase() is Phase.INFUSING
    bed.drives(plan[0].volume_nl // NL_PER_UL + 8)
    assert bed.sent(ChangeRate) == []
    assert bed.alarm(Condition.STEP_DUE)


def test_a_ramp_longer_than_its_step_is_refused_with_its_reason() -> None:
    bed = BedStory(rules=rules_with(ramp=Ramp(rise_s=3_600, fall_s=0, stairs=2)))
    found = preview(bed.state, "p1", order_for("TRAIN-30S"), bed.setup, bed.now_ns).grant
    assert ReasonCode.RAMP_S in {reason.code for reason in found.reasons}
    assert not found.allowed


def test_the_top_of_a_ramp_is_held_until_its_volume_is_in() -> None:
    bed = ramped_bed()
    plain = BedStory()
    plain.runs("TRAIN-5MIN")
    assert bed.infusion().total_nl == plain.infusion().total_nl
    assert bed.infusion().planned_end_ns - bed.infusion().started_ns > plain.infusion().planned_end_ns - (
        plain.infusion().started_ns + NS_PER_S
    )
