"""The alarm table: every condition has a row, each clears as its row says, and none clears another."""

from __future__ import annotations

import pytest

from pumpd.core import alarms
from pumpd.core import facts as f
from pumpd.core.alarm_table import TABLE, Clears
from pumpd.core.codes import Condition, Phase
from pumpd.core.pump import Drive, PumpAlarm
from pumpd.core.state import ALARMS_MAX, Alarm
from pumpd.core.turn import Turn
from pumpd.testing.bed_story import BedStory


def quiet_turn() -> Turn:
    bed = BedStory(slots=("p1", "p2"))
    return Turn(bed.state, bed.setup, bed.now_ns)


def standing(turn: Turn, condition: Condition, slot: str | None = "p1") -> Alarm:
    alarm = alarms.active(turn, condition, slot)
    assert alarm is not None
    return alarm


def test_every_condition_has_a_row_and_all_of_four_pumps_find_room() -> None:
    assert set(TABLE) == set(Condition)
    assert 4 * len(TABLE) <= ALARMS_MAX


@pytest.mark.parametrize("condition", list(Condition))
def test_a_condition_that_lasts_is_one_alarm(condition: Condition) -> None:
    turn = quiet_turn()
    for _ in range(3):
        alarms.raise_alarm(turn, condition, "p1")
    alarm = standing(turn, condition)
    alarms.acknowledge(turn, alarm, "nurse-1")
    if TABLE[condition].clears is Clears.BY_SEEING:
        assert alarms.active(turn, condition, "p1") is None
        return
    for _ in range(3):
        alarms.raise_alarm(turn, condition, "p1")
    assert standing(turn, condition).alarm_id == alarm.alarm_id, "acknowledged, and it still lasts: no new alarm"
    alarms.condition_over(turn, condition, "p1")
    assert alarms.active(turn, condition, "p1") is None


@pytest.mark.parametrize("condition", [c for c in Condition if TABLE[c].clears is Clears.BY_SEEING])
@pytest.mark.requirement("ALM-07")
def test_an_event_is_over_when_somebody_has_seen_it_and_not_when_a_report_no_longer_tells_it(
    condition: Condition,
) -> None:
    turn = quiet_turn()
    alarms.raise_alarm(turn, condition, "p1")
    alarms.condition_over(turn, condition, "p1")
    assert not standing(turn, condition).over
    alarms.acknowledge(turn, standing(turn, condition), "nurse-1")
    assert alarms.active(turn, condition, "p1") is None


@pytest.mark.parametrize("condition", [c for c in Condition if TABLE[c].clears is Clears.SEEN])
@pytest.mark.requirement("ALM-07")
@pytest.mark.requirement("ALM-09")
def test_a_latching_alarm_waits_to_be_seen_and_comes_again(condition: Condition) -> None:
    turn = quiet_turn()
    alarms.raise_alarm(turn, condition, "p1")
    first = standing(turn, condition)
    alarms.condition_over(turn, condition, "p1")
    assert standing(turn, condition).over
    alarms.raise_alarm(turn, condition, "p1")
    again = standing(turn, condition)
    assert again.alarm_id != first.alarm_id
    assert not again.over
    alarms.condition_over(turn, condition, "p1")
    alarms.acknowledge(turn, standing(turn, condition), None)
    assert alarms.active(turn, condition, "p1") is None


@pytest.mark.parametrize("condition", [c for c in Condition if TABLE[c].clears is Clears.ITSELF])
def test_an_alarm_that_clears_itself_needs_nobody(condition: Condition) -> None:
    turn = quiet_turn()
    alarms.raise_alarm(turn, condition, "p1")
    alarms.condition_over(turn, condition, "p1")
    assert alarms.active(turn, condition, "p1") is None


@pytest.mark.parametrize("seen", list(Condition))
@pytest.mark.requirement("ALM-08")
def test_acknowledging_one_alarm_never_clears_another(seen: Condition) -> None:
    """F46: the cancel code of one alarm cleared another. Every alarm against every other, on both pumps."""
    turn = quiet_turn()
    for slot in ("p1", "p2"):
        for condition in Condition:
            alarms.raise_alarm(turn, condition, slot)
    before = {(a.slot, a.condition): a for a in turn.state.alarms}
    alarms.acknowledge(turn, before["p1", seen], "nurse-1")
    after = {(a.slot, a.condition): a for a in turn.state.alarms}
    del before["p1", seen]
    after.pop(("p1", seen), None)
    assert after == before


def test_only_an_unseen_high_alarm_of_this_pump_or_the_bed_closes_the_gate() -> None:
    turn = quiet_turn()
    alarms.raise_alarm(turn, Condition.STALLED, "p2")
    alarms.raise_alarm(turn, Condition.NEAR_END, "p1")
    assert not alarms.high_unseen(turn, "p1")
    alarms.raise_alarm(turn, Condition.STALLED, "p1")
    assert alarms.high_unseen(turn, "p1")
    alarms.acknowledge(turn, standing(turn, Condition.STALLED), None)
    assert not alarms.high_unseen(turn, "p1")


@pytest.mark.parametrize("alarm", [each for each in PumpAlarm if each is not PumpAlarm.BATTERY_LOW])
def test_an_alarm_of_a_running_pump_stops_it_as_its_row_says(alarm: PumpAlarm) -> None:
    bed = BedStory()
    bed.runs()
    bed.drives(10)
    bed.report(Drive.STILL, infused_ul=11, alarm=alarm)
    assert bed.phase() is Phase.STOPPED
    assert bed.alarm(alarms.condition_of(alarm))


def test_an_alarm_that_every_report_repeats_is_raised_once_also_after_it_was_seen() -> None:
    bed = BedStory()
    bed.runs()
    for _ in range(3):
        bed.report(Drive.STILL, infused_ul=11, alarm=PumpAlarm.PROGRAM_ERROR)
    bed.acknowledge(Condition.PUMP_ALARM)
    for _ in range(3):
        bed.report(Drive.STILL, infused_ul=11, alarm=PumpAlarm.PROGRAM_ERROR)
    raised = [each for each in bed.facts if isinstance(each, f.AlarmRaised) and each.condition is Condition.PUMP_ALARM]
    assert len(raised) == 1
    bed.report(Drive.STILL, infused_ul=11)
    assert bed.alarm(Condition.PUMP_ALARM) is None


@pytest.mark.requirement("ALM-09")
def test_a_condition_that_is_still_there_after_a_resume_alarms_again() -> None:
    """F27: no alarm came again when an occlusion was not cleared before the restart."""
    bed = BedStory()
    bed.runs()
    bed.drives(10)
    bed.report(Drive.STILL, infused_ul=11, alarm=PumpAlarm.STALL)
    bed.report(Drive.STILL, infused_ul=11)
    bed.acknowledge(Condition.STALLED)
    assert bed.alarm(Condition.STALLED) is None
    bed.resumes()
    bed.report(Drive.STILL, infused_ul=1, alarm=PumpAlarm.STALL)
    assert bed.alarm(Condition.STALLED)


def test_acknowledging_something_else_leaves_the_pump_in_its_alarm() -> None:
    bed = BedStory()
    bed.runs("TRAIN-30S")
    bed.report(Drive.STILL, infused_ul=1_000)
    assert bed.phase() is Phase.ENDED
    bed.report(Drive.STILL, infused_ul=1_000, alarm=PumpAlarm.PROGRAM_ERROR)
    bed.acknowledge(Condition.ENDED)
    assert bed.pump().command is None
    bed.acknowledge(Condition.PUMP_ALARM)
    assert bed.pump().command is not None


def test_a_pump_that_was_switched_on_at_rest_is_no_alarm() -> None:
    bed = BedStory()
    bed.connect()
    bed.report(alarm=PumpAlarm.RESET)
    assert bed.state.alarms == ()
