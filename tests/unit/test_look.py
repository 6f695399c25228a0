"""The one pane: three values for a rate, an age for what was seen, and nothing shown that is not known."""

from __future__ import annotations

import pytest

from pumpd.core.codes import Phase
from pumpd.core.look import measured_now, motor_step_nl
from pumpd.core.pump import Drive
from pumpd.core.state import Reading
from pumpd.core.units import NS_PER_MS, NS_PER_S
from pumpd.testing.bed_story import BedStory
from pumpd.testing.clinical import NE_1000


def running(regimen: str = "TRAIN-5MIN") -> BedStory:
    bed = BedStory()
    bed.runs(regimen)
    return bed


def test_asked_granted_and_measured_are_three_values() -> None:
    bed = running()
    bed.flows(10)
    bed.rate(20_000)
    look = bed.look()
    assert (look.asked_ul_per_h, look.granted_ul_per_h) == (20_000, 36_000)
    assert look.measured is not None
    assert abs(look.measured.rate_ul_per_h - 36_000) <= look.measured.uncertainty_ul_per_h


def test_a_measured_rate_starts_anew_when_the_rate_changes() -> None:
    bed = running()
    bed.flows(10)
    bed.rate(20_000)
    bed.done(Drive.INFUSING, rate=20_000, infused_ul=101)
    assert bed.look().measured is None
    bed.flows(10, from_ul=101)
    measured = bed.look().measured
    assert measured is not None
    assert abs(measured.rate_ul_per_h - 20_000) <= measured.uncertainty_ul_per_h


def test_at_rest_nothing_is_granted_or_measured() -> None:
    bed = running()
    bed.flows(10)
    bed.paused(100)
    look = bed.look()
    assert (look.asked_ul_per_h, look.granted_ul_per_h, look.measured) == (0, None, None)


def test_without_an_infusion_nothing_is_said() -> None:
    look = BedStory().look()
    assert look.phase is Phase.IDLE
    assert (look.asked_ul_per_h, look.granted_ul_per_h, look.left_ns, look.age_ns) == (None, None, None, None)


@pytest.mark.requirement("LINK-08")
def test_what_was_seen_has_an_age() -> None:
    bed = running()
    bed.drives(10)
    bed.wait(3)
    assert bed.look().age_ns == 3 * NS_PER_S


def test_silence_widens_upwards_and_a_report_narrows_again() -> None:
    bed = running()
    bed.drives(1_00)
    narrow = bed.look().delivered
    bed.wait(5)
    wide = bed.look().delivered
    assert wide.low_nl == narrow.low_nl
    assert wide.high_nl >= narrow.high_nl + 50_000
    bed.drives(150)
    again = bed.look().delivered
    assert again.width_nl <= narrow.width_nl
    assert again.low_nl > narrow.low_nl


def test_silence_beyond_the_lease_widens_no_further_once_nothing_is_asked() -> None:
    bed = running()
    bed.drives(100)
    lease_s = bed.infusion().programme.lease_s
    assert lease_s is not None
    bed.wait(lease_s + 1)
    end = bed.look().delivered
    bed.wait(100)
    assert bed.look().delivered == end


def test_a_look_under_way_may_renew_the_lease_until_it_ends() -> None:
    bed = running()
    bed.drives(100)
    bed.tick(0.6)
    assert bed.asks_to_look()
    bed.wait(30)
    assert bed.look().delivered.high_nl >= 100_000 + 300_000


def test_the_volume_target_caps_what_may_be_in() -> None:
    bed = running("TRAIN-30S")
    bed.drives(900)
    bed.tick(0.6)
    bed.wait(300)
    assert bed.look().delivered.high_nl <= 1_000_000 + 10_000


def test_a_rate_seen_above_the_granted_one_widens_what_may_be_in() -> None:
    """Somebody at the keypad made it faster: from the report on, the upper end knows."""
    bed = running()
    bed.drives(10, rate=100_000)
    bed.wait(2)
    assert bed.look().delivered.high_nl >= 10_000 + 100_000 * 2 * 1_000_000 // 3_600_000


@pytest.mark.requirement("PWR-02")
def test_time_left_follows_the_plan_at_present_and_confirmed_rates() -> None:
    bed = running()
    left_ns = bed.look().left_ns
    assert left_ns is not None
    assert abs(left_ns - 300 * NS_PER_S) < NS_PER_S
    bed.rate(18_000)
    bed.done(Drive.INFUSING, rate=18_000)
    left_ns = bed.look().left_ns
    assert left_ns is not None
    assert abs(left_ns - 400 * NS_PER_S) < NS_PER_S, "twice as long for the first step"


def test_the_motor_step_is_area_times_travel_rounded_up() -> None:
    # pi/4 x (26.59 mm)^2 x 0.85 um = 472.003... nL
    assert motor_step_nl(NE_1000, 26_590) == 473
    assert motor_step_nl(NE_1000, None) == 0


def test_too_short_a_window_measures_nothing() -> None:
    def reading(at_ms: int, ul: int, late_ms: int = 50) -> Reading:
        at_ns = at_ms * NS_PER_MS
        return Reading(asked_at_ns=at_ns - late_ms * NS_PER_MS, at_ns=at_ns, infused_nl=ul * 1_000, step_nl=1_000)

    assert measured_now(()) is None
    assert measured_now((reading(1_000, 0), reading(3_900, 29))) is None
    assert measured_now((reading(1_000, 0), reading(4_100, 31, late_ms=300))) is None, "it may have been 2.8 s"
    assert measured_now((reading(1_000, 0), reading(4_100, 31)))


def test_a_reading_from_before_a_decrease_is_not_widened_at_the_lower_rate() -> None:
    """Asked before the change, told after it: 36 mL/h still flowed in between."""
    bed = running()
    bed.flows(10)
    bed.rate(2_000)
    bed.wait(1)
    bed.done(Drive.INFUSING, rate=2_000, infused_ul=None)
    bed.report(Drive.INFUSING, rate=2_000, infused_ul=101, ago_ms=1_000, after_s=0.1)
    assert bed.look().delivered.high_nl >= 100_000 + 11 * 1_000


def test_a_rate_dialled_at_the_keys_widens_the_interval_although_the_pump_tells_the_stored_one() -> None:
    bed = running()  # granted 36 mL/h
    for look_no in range(1, 13):
        bed.drives(look_no * 60_000 // 7_200, rate=36_000, after_s=0.5)  # and runs at 60
    before = bed.look().delivered.high_nl
    bed.wait(2)
    assert bed.look().delivered.high_nl - before >= 2 * 60_000_000 // 3_600


def test_a_counter_that_tells_a_step_less_than_before_proves_no_speed() -> None:
    """Within its step a counter may fall: that stopped the whole bed with an assertion."""
    bed = BedStory()
    bed.runs("FM-3H")
    bed.drives(5)
    bed.drives(4)
    bed.rate(3_000)
    bed.done(Drive.INFUSING, rate=3_000, infused_ul=4)
    assert bed.infusion().granted_ul_per_h == 3_000
