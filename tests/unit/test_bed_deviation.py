"""Granted against measured: every deviation is found within its time, and resolution alone never makes one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core import events as e
from pumpd.core.alarm_table import TABLE
from pumpd.core.codes import Condition, Phase
from pumpd.core.library import Watch
from pumpd.core.pump import Drive
from pumpd.core.regimen import Rules
from pumpd.core.tolerance import STANDARD, TIGHT, Tolerance, surely_over, surely_under
from pumpd.core.units import NS_PER_MIN, NS_PER_S
from pumpd.core.waypoints import as_of
from pumpd.testing.bed_story import BedStory
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.swap_story import label_read

DEVIATIONS = (
    Condition.OVER_INFUSION, Condition.UNDER_INFUSION, Condition.STALLED, Condition.REVERSE_FLOW,
    Condition.COUNTER_CLEARED,
)  # fmt: skip


def running(regimen: str = "FM-3H", tolerance: Tolerance = STANDARD, rules: Rules | None = None) -> BedStory:
    bed = BedStory() if rules is None else BedStory(rules=rules)
    bed.setup = replace(bed.setup, tolerance=tolerance)
    bed.runs(regimen)
    return bed


def gives(
    bed: BedStory, permille: int, seconds: float, *, from_ul: float = 0, step_ul: int = 1, every_s: float = 0.5
) -> float:
    """It says the granted rate and gives this share of it, until a deviation is found or the time is over."""
    granted = bed.infusion().granted_ul_per_h
    assert granted is not None
    given_ul, began_ns = from_ul, bed.now_ns
    while bed.now_ns - began_ns < seconds * NS_PER_S and found(bed) is None:
        given_ul += granted * every_s * permille / 1_000 / 3_600
        told = replace(bed.a_report(Drive.INFUSING), infused_nl=int(given_ul / step_ul) * step_ul * 1_000)
        bed.wait(every_s)
        bed.take(
            e.PumpReported(at_ns=bed.now_ns, slot="p1", asked_at_ns=bed.now_ns - 50_000_000,
                           report=replace(told, step_nl=step_ul * 1_000))
        )  # fmt: skip
    return given_ul


def found(bed: BedStory) -> Condition | None:
    return next((each for each in DEVIATIONS if bed.alarm(each)), None)


def took(permille: int, within_s: float, *, before_s: float = 0, tolerance: Tolerance = STANDARD) -> tuple[int, object]:
    """After how many seconds what was found, in a leg that was healthy for some time before."""
    bed = running(tolerance=tolerance)
    given_ul = gives(bed, 1_000, before_s, every_s=2)
    assert found(bed) is None
    began_ns = bed.now_ns
    gives(bed, permille, within_s, from_ul=given_ul)
    return (bed.now_ns - began_ns) // NS_PER_S, found(bed)


# --- sustained ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("FLOW-08")
@pytest.mark.parametrize("before_s", [0, 700])
def test_too_much_for_a_quarter_of_an_hour_stops(before_s: int) -> None:
    after_s, condition = took(1_120, 905, before_s=before_s)
    assert condition is Condition.OVER_INFUSION
    assert after_s <= 900


@pytest.mark.requirement("FLOW-09")
@pytest.mark.parametrize("before_s", [0, 700])
def test_too_little_for_a_quarter_of_an_hour_is_told_and_goes_on(before_s: int) -> None:
    after_s, condition = took(880, 905, before_s=before_s)
    assert condition is Condition.UNDER_INFUSION
    assert after_s <= 900


def test_over_infusion_stops_and_under_infusion_does_not() -> None:
    bed = running()
    gives(bed, 1_200, 900, every_s=2)
    assert bed.phase() is Phase.STOPPING
    bed = running()
    given_ul = gives(bed, 800, 900, every_s=2)
    assert bed.phase() is Phase.INFUSING
    assert found(bed) is Condition.UNDER_INFUSION
    bed.acknowledge(Condition.UNDER_INFUSION)
    granted = bed.infusion().granted_ul_per_h
    assert granted is not None
    for _ in range(600):  # 20 min as granted
        given_ul += granted / 1_800
        bed.report(Drive.INFUSING, infused_ul=int(given_ul), after_s=2)
    assert found(bed) is None, "it gives what was granted again"


@pytest.mark.requirement("FLOW-10")
@pytest.mark.parametrize(("permille", "condition"), [(1_120, Condition.OVER_INFUSION), (880, Condition.UNDER_INFUSION)])
def test_the_tight_profile_takes_five_minutes(permille: int, condition: Condition) -> None:
    after_s, told = took(permille, 400, before_s=300, tolerance=TIGHT)
    assert told is condition
    assert after_s <= 300


@pytest.mark.requirement("FLOW-10")
@pytest.mark.parametrize("watch", Watch)
@pytest.mark.parametrize("site", [STANDARD, TIGHT])
def test_site_and_entry_choose_and_the_sharper_of_both_holds(watch: Watch, site: Tolerance) -> None:
    """The entry as it was when the infusion started: a library that is exchanged meanwhile changes nothing."""
    rules = shipped_rules()
    entries = tuple(replace(each, deviation=watch) for each in rules.library.entries)
    bed = running(tolerance=site, rules=replace(rules, library=replace(rules.library, entries=entries)))
    bed.setup = replace(bed.setup, rules=rules)
    given_ul = gives(bed, 1_000, 300, every_s=2)
    began_ns = bed.now_ns
    gives(bed, 1_120, 905, from_ul=given_ul)
    assert found(bed) is Condition.OVER_INFUSION
    sharp = TIGHT in (site, TIGHT if watch is Watch.TIGHT else STANDARD)
    assert (bed.now_ns - began_ns <= 300 * NS_PER_S) is sharp


def test_a_coarse_counter_is_given_longer_than_the_window_and_tells_all_the_same() -> None:
    """A fifth too much at 4.2 mL/h, in steps of 40 uL: what both ends may hide is more than 5 min show."""
    bed = running(tolerance=TIGHT)
    gives(bed, 1_200, 900, step_ul=40, every_s=2)
    assert found(bed) is Condition.OVER_INFUSION


@pytest.mark.parametrize("permille", [910, 1_000, 1_090])
@pytest.mark.parametrize("step_ul", [1, 10])
def test_what_lies_within_the_tolerance_is_never_told(permille: int, step_ul: int) -> None:
    bed = running()
    gives(bed, permille, 1_500, step_ul=step_ul, every_s=2)
    assert found(bed) is None


def test_a_deviation_is_remembered_over_a_restart() -> None:
    """Marks come from facts: a daemon that restarts every ten minutes is not blind."""
    bed = running()
    given_ul = gives(bed, 1_150, 600)
    assert found(bed) is None
    bed.boot(away_s=2)
    bed.connect()
    began_ns = bed.now_ns
    gives(bed, 1_150, 400, from_ul=given_ul + 2.7)
    assert found(bed) is Condition.OVER_INFUSION
    assert bed.now_ns - began_ns < 5 * NS_PER_MIN


def test_a_change_of_rate_is_no_new_beginning() -> None:
    bed = running()
    given_ul = gives(bed, 1_150, 600)
    bed.rate(3_800)
    bed.done(Drive.INFUSING, rate=3_800, infused_ul=int(given_ul))
    began_ns = bed.now_ns
    gives(bed, 1_150, 400, from_ul=given_ul)
    assert found(bed) is Condition.OVER_INFUSION
    assert bed.now_ns - began_ns < 5 * NS_PER_MIN


def test_a_mark_is_made_also_where_no_rate_was_granted() -> None:
    """Evolve is total: a journal may tell of Infusing after a rest, and the fold must not fall over it."""
    bed = running()
    rested = replace(bed.infusion(), granted_ul_per_h=None)
    assert rested.leg is not None
    mark = as_of(rested, rested.leg, bed.now_ns + 10 * NS_PER_S, rested.delivered)
    assert mark.due_high_nl >= mark.due_low_nl > 0


# --- at once ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("FLOW-08", "LINK-09", "F43")
def test_a_doubled_calibration_under_a_right_echo_is_found_and_stopped() -> None:
    """F43: the display showed the prescribed dose while the flow was doubled."""
    after_s, condition = took(2_000, 60, before_s=60)
    assert condition is Condition.OVER_INFUSION
    assert after_s <= 10, "4.2 mL/h and a counter step of 1 uL: three of them in doubt, and half as much again"


@pytest.mark.requirement("FLOW-08")
def test_free_flow_is_found_with_the_third_look() -> None:
    after_s, condition = took(100_000, 60, before_s=60)
    assert condition is Condition.OVER_INFUSION
    assert after_s <= 1


def test_one_misread_counter_is_not_enough() -> None:
    bed = running()
    bed.flows(30)
    bed.drives(4_000, after_s=0.5)
    assert found(bed) is None
    bed.drives(4_001, after_s=0.5)
    assert found(bed) is Condition.OVER_INFUSION


@pytest.mark.requirement("FLOW-09")
def test_a_pump_that_drives_by_its_word_and_stands_by_its_counter_is_stopped() -> None:
    bed = running("TRAIN-5MIN")  # 10 uL a second
    counter = bed.flows(20)
    began_ns = bed.now_ns
    while found(bed) is None:
        bed.drives(counter, after_s=0.5)
    assert found(bed) is Condition.STALLED
    assert bed.phase() is Phase.STOPPING
    assert bed.now_ns - began_ns <= 2.5 * NS_PER_S


@pytest.mark.requirement("FLOW-08", "FLOW-09")
def test_a_pump_whose_counter_nobody_has_read_yet_has_no_deviation_and_is_watched_from_the_first_reading_on() -> None:
    """A line that garbles every count is no pump that stands; what it gives is bounded by the clock until then."""
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.start("TRAIN-5MIN")  # 10 uL a second
    bed.prepared()
    bed.done(Drive.INFUSING, infused_ul=None)
    for _ in range(40):
        bed.report(Drive.INFUSING, infused_ul=None, after_s=0.5)
    assert (bed.phase(), found(bed)) == (Phase.INFUSING, None)
    delivered = bed.look().delivered
    assert delivered.low_nl <= 200_000 <= delivered.high_nl
    bed.report(Drive.INFUSING, infused_ul=203, after_s=0.2)
    counter = bed.flows(20, from_ul=203)
    assert (bed.phase(), found(bed)) == (Phase.INFUSING, None)
    for _ in range(6):
        bed.drives(counter, after_s=0.5)
    assert found(bed) is Condition.STALLED


def test_a_slow_counter_is_given_the_time_it_needs() -> None:
    bed = running()  # 1.17 uL a second: 20 uL, that two steps may hide, take 17 s
    began_ns = bed.now_ns
    gives(bed, 0, 60, step_ul=10)
    assert found(bed) is Condition.STALLED
    assert 17 * NS_PER_S <= bed.now_ns - began_ns <= 20 * NS_PER_S
    healthy = running()
    gives(healthy, 1_000, 120, step_ul=10)
    assert found(healthy) is None


@pytest.mark.requirement("FLOW-20", "F21")
def test_a_counter_that_was_cleared_while_it_drove_stops_and_what_it_had_counted_is_in() -> None:
    bed = running("TRAIN-5MIN")
    truth_ul = bed.flows(20)
    bed.drives(0)
    assert bed.phase() is Phase.STOPPING
    assert found(bed) is Condition.COUNTER_CLEARED
    bed.stop_confirmed(infused_ul=0)
    delivered = bed.infusion().delivered
    assert delivered.low_nl <= truth_ul * 1_000 <= delivered.high_nl


@pytest.mark.requirement("FLOW-14", "F48")
@pytest.mark.parametrize("by_ul", [1, 5])
def test_a_plunger_that_goes_back_is_stopped(by_ul: int) -> None:
    bed = running("TRAIN-5MIN")
    counter = bed.flows(20)
    looks = 0
    while found(bed) is None and looks < 3:
        looks += 1
        counter -= by_ul
        bed.drives(counter, after_s=0.5)
    assert found(bed) is Condition.REVERSE_FLOW
    assert bed.phase() is Phase.STOPPING
    assert looks <= 2


@pytest.mark.requirement("FLOW-14")
def test_a_counter_that_fell_while_somebody_read_the_label_is_stopped_like_any_other() -> None:
    """What was read before may be another pump's, so there is nothing to tell by how much it fell."""
    bed = running("TRAIN-5MIN")
    counter = bed.flows(40)
    bed.tick(16)
    bed.connect()
    bed.drives(counter + 160, after_s=0.1)
    assert bed.phase() is Phase.INFUSING
    assert label_read(bed)
    bed.report(Drive.INFUSING, infused_ul=0)
    assert bed.phase() is Phase.STOPPING
    bed.stop_confirmed(infused_ul=0)
    assert bed.infusion().delivered.low_nl >= counter * 1_000 - 20_000, "what went in stays in"


def test_a_counter_that_falls_by_its_own_step_is_no_reverse_flow() -> None:
    bed = running("TRAIN-5MIN")
    counter = bed.flows(20)
    bed.drives(counter - 1)
    bed.drives(counter + 9)
    assert found(bed) is None


# --- resolution and arithmetic ------------------------------------------------------------------------------


@given(
    step_ul=st.sampled_from([1, 10]),
    looks=st.lists(st.tuples(st.integers(100, 2_000), st.integers(0, 900)), min_size=30, max_size=100),
)
def test_late_looks_at_a_coarse_counter_are_no_deviation(step_ul: int, looks: list[tuple[int, int]]) -> None:
    """The pump gives exactly what was granted; only when it is looked at, and how finely it counts, varies."""
    bed = running("TRAIN-5MIN")
    granted = bed.infusion().granted_ul_per_h or 0
    began_ns = bed.now_ns
    for every_ms, late_ms in looks:
        taken_ns = bed.now_ns + every_ms * 1_000_000
        given_ul = granted * (taken_ns - began_ns) // 3_600 // NS_PER_S
        if given_ul >= 990:
            break  # the next step begins
        told = replace(bed.a_report(Drive.INFUSING), infused_nl=given_ul // step_ul * step_ul * 1_000)
        asked_ns = taken_ns - 10_000_000
        bed.now_ns = taken_ns + late_ms * 1_000_000
        bed.take(
            e.PumpReported(at_ns=bed.now_ns, slot="p1", asked_at_ns=asked_ns,
                           report=replace(told, step_nl=step_ul * 1_000))
        )  # fmt: skip
        assert found(bed) is None, bed.state.alarms


@pytest.mark.requirement("F45")
def test_no_tolerance_vanishes_in_a_division() -> None:
    """F45: a tolerance as a percentage, divided by a hundred before use, became 0 or 1. From 0.1 to 200 %."""
    due_nl = 1_000_000
    for permille in range(1, 2_001):
        edge_nl = due_nl * (1_000 + permille) // 1_000
        assert not surely_over(edge_nl, due_nl, permille)
        assert surely_over(edge_nl + 1, due_nl, permille)
        least_nl = due_nl * (1_000 - permille) // 1_000
        assert not surely_under(max(0, least_nl), due_nl, permille)
        assert surely_under(least_nl - 1, due_nl, permille) or permille >= 1_000


def test_all_that_stops_among_them_waits_for_a_person() -> None:
    for condition in DEVIATIONS:
        row = TABLE[condition]
        assert row.action(Phase.INFUSING).value == ("keep" if condition is Condition.UNDER_INFUSION else "stop")
