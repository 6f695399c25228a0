"""Alarm, stop, start, and the same alarm again: the third time within ten minutes locks until somebody looked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core.alarms import condition_of
from pumpd.core.codes import Condition, Phase, Priority, ReasonCode
from pumpd.core.events import Refused
from pumpd.core.facts import AlarmAcknowledged
from pumpd.core.pump import Drive, PumpAlarm
from pumpd.core.repeats import TIMES, WITHIN_NS
from pumpd.core.requests import Keep
from pumpd.core.units import NS_PER_S
from pumpd.testing.bed_story import BedStory

pytestmark = [pytest.mark.requirement("ALM-16"), pytest.mark.requirement("LEASE-07")]


def stalls(bed: BedStory, alarm: PumpAlarm = PumpAlarm.STALL, slot: str = "p1") -> None:
    """It runs, its motor stalls, somebody sees to it and takes the pump out of its alarm."""
    bed.report(Drive.STILL, slot=slot, infused_ul=0, alarm=alarm)
    assert bed.phase(slot) is Phase.STOPPED
    bed.acknowledge(condition_of(alarm), slot)
    bed.done(Drive.STILL, slot=slot)


def stalled_three_times() -> BedStory:
    bed = BedStory()
    bed.runs("FM-3H")
    for _ in range(TIMES - 1):
        stalls(bed)
        bed.resumes(keep=Keep.VOLUME)
    stalls(bed)
    return bed


def test_the_third_stall_within_ten_minutes_needs_a_person_who_looks() -> None:
    bed = stalled_three_times()
    alarm = bed.alarm(Condition.REPEATED_ALARM)
    assert alarm is not None
    assert alarm.priority is Priority.HIGH
    bed.resume(keep=Keep.VOLUME)
    assert bed.refusals == {ReasonCode.REPEATED_ALARM}
    bed.rearm()
    assert bed.alarm(Condition.REPEATED_ALARM) is None
    assert bed.phase() is Phase.STOPPED, "looking is no start"
    bed.resumes(keep=Keep.VOLUME)
    stalls(bed)
    bed.resumes(keep=Keep.VOLUME)


def test_acknowledging_the_guards_alarm_opens_nothing() -> None:
    bed = stalled_three_times()
    bed.acknowledge(Condition.REPEATED_ALARM)
    assert bed.alarm(Condition.REPEATED_ALARM)
    bed.resume(keep=Keep.VOLUME)
    assert bed.refusals == {ReasonCode.REPEATED_ALARM}


def test_who_acknowledged_the_guards_alarm_first_stays_on_record_when_another_takes_the_pump_back() -> None:
    bed = stalled_three_times()
    bed.acknowledge(Condition.REPEATED_ALARM)
    before = [fact for fact in bed.facts if isinstance(fact, AlarmAcknowledged)]
    bed.rearm()
    assert bed.alarm(Condition.REPEATED_ALARM) is None
    assert [fact for fact in bed.facts if isinstance(fact, AlarmAcknowledged)] == before
    bed.resumes(keep=Keep.VOLUME)


def test_ending_the_infusion_does_not_lead_round_the_guard() -> None:
    bed = stalled_three_times()
    bed.end()
    bed.start("TRAIN-5MIN")
    assert ReasonCode.REPEATED_ALARM in bed.refusals


def test_neither_time_nor_a_restart_opens_it() -> None:
    bed = stalled_three_times()
    bed.boot(away_s=3_600)
    bed.connect()
    bed.report(infused_ul=0)
    bed.end()
    bed.start("TRAIN-5MIN")
    assert bed.refusals == {ReasonCode.REPEATED_ALARM}


def test_trips_before_a_restart_count_with_those_after_it() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    for _ in range(TIMES - 1):
        stalls(bed)
        bed.resumes(keep=Keep.VOLUME)
    bed.boot(away_s=5)
    bed.connect()
    bed.report(Drive.STILL, alarm=PumpAlarm.STALL)
    assert bed.alarm(Condition.REPEATED_ALARM)


def test_two_different_alarms_are_not_one_that_comes_back() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    for alarm in (PumpAlarm.STALL, PumpAlarm.AIR, PumpAlarm.STALL, PumpAlarm.AIR):
        stalls(bed, alarm)
        bed.resumes(keep=Keep.VOLUME)
    assert bed.alarm(Condition.REPEATED_ALARM) is None


def test_a_pump_that_refuses_to_be_programmed_has_given_nothing_and_is_not_counted() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    for _ in range(TIMES + 1):
        bed.start("FM-3H")
        assert bed.phase() is Phase.CHECKING
        bed.ends(Refused(detail="?"))
        bed.stop_confirmed()
        bed.end()
    assert bed.alarm(Condition.REPEATED_ALARM) is None


def test_the_guard_of_one_pump_leaves_the_other_alone() -> None:
    bed = BedStory(slots=("p1", "p2"))
    bed.runs("TRAIN-5MIN", slot="p2")
    bed.runs("FM-3H", slot="p1")
    for _ in range(TIMES - 1):
        stalls(bed)
        bed.resumes(keep=Keep.VOLUME)
    stalls(bed)
    bed.drives(5, slot="p2")
    bed.rate(30_000, "p2")
    bed.done(Drive.INFUSING, slot="p2", rate=30_000, infused_ul=5)
    bed.rate(36_000, "p2")
    assert bed.reply is not None
    assert bed.reply.accepted


@given(gaps_s=st.lists(st.integers(0, 400), min_size=2, max_size=5))
def test_locked_exactly_when_three_fell_within_ten_minutes(gaps_s: list[int]) -> None:
    """Whatever the times: the guard stands when the window holds three, and not before."""
    bed = BedStory(resume_limit_s=14_400)
    bed.runs("FM-3H")
    stalls(bed)
    at = [bed.now_ns]
    for gap_s in gaps_s:
        bed.resumes(keep=Keep.VOLUME)
        bed.wait(gap_s)
        stalls(bed)
        at.append(bed.now_ns)
        if len(at) >= TIMES and at[-1] - at[-TIMES] < WITHIN_NS - NS_PER_S:
            assert bed.pump().locked_by is Condition.STALLED
            return
        if len(at) < TIMES or at[-1] - at[-TIMES] > WITHIN_NS + NS_PER_S:
            assert bed.pump().locked_by is None
        elif bed.pump().locked_by:
            return
