"""A pump that knows no silence, but stops at a target: its target is the lease, and only looks that fit move it on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core import events as e
from pumpd.core.codes import Condition, Phase, ReasonCode
from pumpd.core.effects import Effect, Extend, Observe, Prepare
from pumpd.core.pump import Drive, VolumeLease
from pumpd.core.units import NL_PER_UL, NS_PER_MS
from pumpd.testing.bed_story import STEP_NL, BedStory
from pumpd.testing.clinical import NE_1000

VOLUME = replace(NE_1000, lease=VolumeLease(changeable_while_running=True, step_nl=STEP_NL))
LEASE_S = 14  # 15 s, and one off
AHEAD_UL = 10 * LEASE_S - 1  # 36 mL/h are 10 uL a second; the counter may be a step behind


def seen(bed: BedStory, infused_ul: int, target_ul: int, drive: Drive = Drive.INFUSING) -> list[Effect]:
    """A look half a second later, and what the bed asks for next."""
    bed.wait(0.5)
    report = replace(bed.a_report(drive, infused_ul=infused_ul), target_nl=target_ul * NL_PER_UL)
    bed.take(e.PumpReported(at_ns=bed.now_ns, slot="p1", asked_at_ns=bed.now_ns - 50 * NS_PER_MS, report=report))
    wanted = list(bed.last.effects)
    bed.tick(0.5)
    return [each for each in (*wanted, *bed.last.effects) if isinstance(each, Observe | Extend)]


def running() -> BedStory:
    bed = BedStory(info=VOLUME)
    bed.connect()
    bed.report()
    bed.start()
    (prepare,) = bed.sent(Prepare)
    assert prepare.remaining.volume_nl == AHEAD_UL * NL_PER_UL, "no more than what may flow into silence"
    bed.prepared()
    bed.done(Drive.INFUSING)
    assert bed.phase() is Phase.INFUSING
    return bed


@pytest.mark.requirement("LEASE-02")
def test_each_look_that_fits_moves_the_target_on_and_none_that_is_there_already() -> None:
    bed = running()
    assert seen(bed, 5, AHEAD_UL) == [Extend(slot="p1", target_nl=(5 + AHEAD_UL) * NL_PER_UL)]
    assert seen(bed, 15, 15 + AHEAD_UL) == [Observe(slot="p1")]


@pytest.mark.requirement("LEASE-02")
def test_the_last_target_is_the_end_of_what_the_leg_gives() -> None:
    bed = running()
    leg = bed.infusion().leg
    assert leg is not None
    whole_ul = leg.whole_nl // NL_PER_UL
    bed.wait(whole_ul / 10)
    assert seen(bed, whole_ul - 7, whole_ul - 5) == [Extend(slot="p1", target_nl=leg.whole_nl)]


@pytest.mark.requirement("LEASE-04")
def test_a_pump_that_reached_its_target_before_the_end_tells_a_lease_that_ran_out() -> None:
    bed = running()
    seen(bed, 5, AHEAD_UL)
    bed.wait(14)
    seen(bed, AHEAD_UL, AHEAD_UL, Drive.STILL)
    assert bed.alarm(Condition.LEASE_EXPIRED)
    assert bed.phase() is not Phase.INFUSING


def test_a_target_beyond_the_whole_was_set_by_somebody_else() -> None:
    bed = running()
    leg = bed.infusion().leg
    assert leg is not None
    seen(bed, 5, leg.whole_nl // NL_PER_UL)
    assert bed.alarm(Condition.TARGET_DIFFERS) is None
    seen(bed, 15, leg.whole_nl // NL_PER_UL + 1)
    assert bed.alarm(Condition.TARGET_DIFFERS)
    assert bed.phase() is Phase.STOPPING


@pytest.mark.requirement("LEASE-13")
def test_after_the_last_look_it_is_reckoned_with_no_more_than_its_lease() -> None:
    bed = running()
    seen(bed, 5, AHEAD_UL)
    bed.take(e.PumpSilent(at_ns=bed.now_ns, slot="p1", detail="no reply"))
    bed.wait(60)
    high_ul = bed.look().delivered.high_nl / NL_PER_UL
    assert AHEAD_UL <= high_ul <= 1.3 * AHEAD_UL, "a minute gives 600 uL"


@pytest.mark.requirement("LEASE-02")
def test_a_target_that_is_too_coarse_for_the_rate_is_no_lease() -> None:
    bed = BedStory(info=replace(NE_1000, lease=VolumeLease(changeable_while_running=True, step_nl=20_000)))
    bed.connect()
    bed.report()
    bed.start()
    assert ReasonCode.PUMP_RATE_MIN_UL_PER_H in bed.refusals


@pytest.mark.requirement("LEASE-02", "LEASE-04")
def test_a_pump_that_is_being_stopped_or_was_not_heard_or_tells_no_counter_keeps_its_target() -> None:
    """Nothing moves it on but a look that shows the pump driving, with a counter that fits."""
    bed = running()
    seen(bed, 5, AHEAD_UL)
    bed.take(e.PumpSilent(at_ns=bed.now_ns, slot="p1", detail="no reply"))
    assert all(not isinstance(each, Extend) for each in bed.ticks(1))
    bed = running()
    assert all(not isinstance(each, Extend) for each in seen_without_counter(bed))
    bed = running()
    seen(bed, 5, AHEAD_UL)
    bed.stop()
    bed.stop_ends(e.Unknown(detail="?"))
    assert all(not isinstance(each, Extend) for each in bed.ticks(2))


def seen_without_counter(bed: BedStory) -> list[Effect]:
    """A look that tells no counter, and what is asked next."""
    bed.report(Drive.INFUSING, infused_ul=None)
    return [*bed.last.effects, *bed.ticks(0.6)]


@pytest.mark.requirement("LEASE-02")
def test_a_look_from_before_it_drove_moves_no_target() -> None:
    """It was asked while the start was on its way, and comes in late: it shows no drive, and so it renews nothing."""
    bed = running()
    began_ns = bed.pump().phase_since_ns
    bed.wait(0.5)
    late = bed.a_report(Drive.STILL, infused_ul=0)
    bed.take(e.PumpReported(at_ns=bed.now_ns, slot="p1", asked_at_ns=began_ns - 1, report=late))
    assert bed.phase() is Phase.INFUSING
    assert all(not isinstance(each, Extend) for each in (*bed.last.effects, *bed.ticks(0.6)))
    seen(bed, 10, AHEAD_UL)
    assert bed.phase() is Phase.INFUSING
