"""Somebody runs the pump at its own keys while nothing of ours is programmed; and a rate that no read-back tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.codes import Condition, Phase
from pumpd.core.delivered import Interval
from pumpd.core.effects import ChangeRate
from pumpd.core.events import Done, PumpReported, Unknown
from pumpd.core.pump import Drive, PumpAlarm, Report
from pumpd.core.units import NL_PER_UL, NS_PER_S
from pumpd.testing.bed_story import BedStory


def after_a_failed_resume(delivered_ul: int) -> BedStory:
    """Stopped, with a counter that somebody's prepare had cleared and no leg to count for."""
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    bed.drives(delivered_ul)
    bed.paused(delivered_ul)
    bed.resume()
    bed.ends(Unknown(detail="a reply was lost"))
    bed.stop_confirmed(infused_ul=0)
    assert bed.phase() is Phase.STOPPED
    assert bed.infusion().leg is None
    return bed


@pytest.mark.parametrize("looks_before", [0, 3])
def test_what_the_keys_gave_with_nothing_programmed_widens_the_upper_end(looks_before: int) -> None:
    bed = after_a_failed_resume(100)
    for _ in range(looks_before):
        bed.report(infused_ul=0)
    before = bed.look().delivered
    bed.drives(10)
    assert bed.alarm(Condition.UNCOMMANDED_DRIVE)
    bed.stop_confirmed(infused_ul=25)
    for _ in range(3):
        bed.report(infused_ul=25)
    after = bed.look().delivered
    assert bed.phase() is Phase.STOPPED
    assert after.low_nl == before.low_nl
    assert 25 * NL_PER_UL <= after.high_nl - before.high_nl <= 35 * NL_PER_UL, "and once, not at every look"


def test_a_run_between_two_looks_is_taken_in_once() -> None:
    bed = after_a_failed_resume(100)
    bed.report(infused_ul=0)
    before = bed.look().delivered
    for _ in range(5):
        bed.report(infused_ul=20)
    assert 20 * NL_PER_UL <= bed.look().delivered.high_nl - before.high_nl <= 25 * NL_PER_UL


def test_less_than_the_counter_resolves_widens_it_too() -> None:
    bed = after_a_failed_resume(100)
    before = bed.look().delivered
    bed.drives(0)
    bed.stop_confirmed(infused_ul=0)
    assert 1 * NL_PER_UL <= bed.look().delivered.high_nl - before.high_nl <= 10 * NL_PER_UL


def test_a_new_order_inherits_nothing_of_what_the_counter_did_before() -> None:
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    bed.flows(20)
    bed.paused(200)
    bed.end()
    bed.start("TRAIN-5MIN")
    assert bed.phase() is Phase.CHECKING
    assert bed.look().delivered == Interval(low_nl=0, high_nl=0)


def test_a_counter_that_a_power_failure_cleared_takes_nothing_back() -> None:
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    bed.wait(0.5)  # 5 uL at 36 mL/h, which no look has shown
    bed.report(Drive.STILL, infused_ul=0, alarm=PumpAlarm.RESET, after_s=0)
    bed.report(infused_ul=0)
    assert bed.phase() is Phase.STOPPED
    assert bed.look().delivered.high_nl >= 5 * NL_PER_UL


# --- a rate that no read-back tells ---------------------------------------------------------------------------------


def stored(bed: BedStory, rate: int, infused_ul: int) -> Report:
    """A look at a firmware that may tell the stored rate."""
    return replace(bed.a_report(Drive.INFUSING, rate=rate, infused_ul=infused_ul), rate_may_be_stored=True)


def looks(bed: BedStory, report: Report) -> None:
    bed.wait(0.5)
    asked_at_ns = bed.now_ns - NS_PER_S // 20
    bed.take(PumpReported(at_ns=bed.now_ns, slot="p1", asked_at_ns=asked_at_ns, report=report))


def changed_to(rate: int) -> BedStory:
    """Titrated from 36 mL/h, and the read-back still says 36."""
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    bed.flows(10)
    bed.rate(rate)
    (change,) = bed.sent(ChangeRate)
    assert change.rate_ul_per_h == rate
    bed.ends(Done(report=stored(bed, 36_000, 100), asked_at_ns=bed.now_ns))
    return bed


def runs_on(bed: BedStory, really: int, seconds: int, from_ul: int = 100) -> int:
    """It goes on at this rate, whatever is read back; its counter at the end, in uL."""
    infused_ul = from_ul
    for half_second in range(1, 2 * seconds + 1):
        infused_ul = from_ul + really * half_second // 7_200
        looks(bed, stored(bed, 36_000, infused_ul))
    return infused_ul


def test_a_stored_read_back_is_no_proof_and_the_totals_decide_for_the_new_rate() -> None:
    bed = changed_to(18_000)
    assert bed.phase() is Phase.UNCERTAIN
    assert bed.infusion().granted_ul_per_h == 36_000
    infused_ul = runs_on(bed, 18_000, 8)
    assert (bed.phase(), bed.infusion().granted_ul_per_h) == (Phase.INFUSING, 18_000)
    runs_on(bed, 18_000, 8, infused_ul)
    assert bed.phase() is Phase.INFUSING, "the stored rate is not taken for a deviation later either"


def test_totals_that_show_the_old_rate_send_the_fall_again() -> None:
    bed = changed_to(18_000)
    runs_on(bed, 36_000, 8)
    assert bed.infusion().granted_ul_per_h == 36_000
    assert bed.infusion().rate_ul_per_h == 18_000
    assert bed.pump().command is not None


def test_totals_that_show_neither_stop_the_pump() -> None:
    bed = changed_to(18_000)
    runs_on(bed, 90_000, 8)
    assert bed.phase() is Phase.STOPPING
    assert bed.alarm(Condition.RATE_DIFFERS)


def test_two_rates_that_the_counter_cannot_part_are_settled_after_a_while_for_the_higher_one() -> None:
    """It may be either: the higher is reckoned with, and what it really gives is watched like any other."""
    bed = changed_to(35_990)
    counter = runs_on(bed, 36_000, 10)
    assert bed.phase() is Phase.UNCERTAIN
    runs_on(bed, 36_000, 6, counter)
    assert bed.phase() is Phase.INFUSING
    assert bed.infusion().granted_ul_per_h == 36_000
