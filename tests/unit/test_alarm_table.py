"""The alarm table: total over alarm and phase, its priorities derived from harm and onset, its actions carried out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core import alarms
from pumpd.core.alarm_table import MATRIX, TABLE, Clears, Harm, Onset, PumpAction, Rise
from pumpd.core.audio import AlarmRose
from pumpd.core.codes import Condition, Phase, Priority, Why
from pumpd.core.effects import Stop
from pumpd.core.events import PumpReported
from pumpd.core.phases import TRANSITIONS, trip
from pumpd.core.pump import Drive, PumpAlarm
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S
from pumpd.testing.bed_story import BedStory

# IEC 60601-1-8's matrix as Open PCA 1.0.0 table 3 prints it, written a second time
PUBLISHED = """
    death       HIGH    HIGH    MEDIUM
    reversible  HIGH    MEDIUM  LOW
    minor       MEDIUM  LOW     LOW or PROMPT
"""


@pytest.mark.requirement("ALM-01")
def test_the_matrix_is_the_published_one() -> None:
    rows = [line.split(maxsplit=3) for line in PUBLISHED.strip().splitlines()]
    published = {
        (Harm(harm), onset): tuple(Priority[name] for name in cell.split(" or "))
        for harm, *cells in rows
        for onset, cell in zip(Onset, cells, strict=True)
    }
    assert published == MATRIX


@pytest.mark.requirement("ALM-01")
def test_every_condition_has_the_priority_that_follows_from_its_harm_and_onset() -> None:
    assert set(TABLE) == set(Condition)
    wrong = [c.value for c, row in TABLE.items() if row.priority not in MATRIX[row.harm, row.onset]]
    assert wrong == []


@pytest.mark.requirement("ALM-01")
def test_a_row_of_another_priority_than_its_harm_cannot_be_made() -> None:
    row = TABLE[Condition.LINK_LOST]
    for priority in {Priority.HIGH, Priority.LOW, Priority.PROMPT}:
        with pytest.raises(AssertionError):
            replace(row, priority=priority)


@pytest.mark.requirement("ALM-02")
def test_there_is_an_answer_for_every_alarm_in_every_phase() -> None:
    cells = {(c, phase): row.action(phase) for c, row in TABLE.items() for phase in Phase}
    assert len(cells) == len(Condition) * len(Phase)
    assert all(isinstance(cell, PumpAction) for cell in cells.values())


@pytest.mark.requirement("ALM-02")
@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("condition", list(Condition))
def test_what_the_code_does_to_the_pump_is_what_the_table_says(condition: Condition, phase: Phase) -> None:
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    turn = Turn(bed.state.with_pump(replace(bed.pump(), phase=phase)), bed.setup, bed.now_ns)
    trip(turn, "p1", condition, Why.DEVIATION)
    stopped = any(isinstance(each, Stop) for each in turn.effects)
    stopping = Phase.STOPPING if Phase.STOPPING in TRANSITIONS[phase] else phase
    done = {
        PumpAction.KEEP: (False, phase),
        PumpAction.STOP: (True, stopping),
        PumpAction.OUT_OF_USE: (True, Phase.FAULT),
    }
    assert (stopped, turn.pump("p1").phase) == done[TABLE[condition].action(phase)]
    assert alarms.active(turn, condition, "p1")


@pytest.mark.requirement("ALM-02")
@pytest.mark.parametrize("condition", list(Condition))
def test_what_is_only_shown_or_low_never_touches_the_pump(condition: Condition) -> None:
    row = TABLE[condition]
    if row.priority.value < Priority.MEDIUM.value:
        assert {row.action(phase) for phase in Phase} == {PumpAction.KEEP}


@pytest.mark.requirement("ALM-07")
def test_nothing_high_goes_away_before_somebody_has_seen_it() -> None:
    for condition, row in TABLE.items():
        if row.priority is Priority.HIGH:
            assert row.clears in {Clears.SEEN, Clears.BY_SEEING}, condition
    with pytest.raises(AssertionError):
        replace(TABLE[Condition.STALLED], clears=Clears.ITSELF)


def test_nothing_falls_by_rising_and_only_prompts_are_silent() -> None:
    with pytest.raises(AssertionError):
        replace(TABLE[Condition.LINK_LOST], rises=Rise(to=Priority.LOW, after_s=1))
    assert {row.priority for row in TABLE.values() if not row.sounds} == {Priority.PROMPT}


@pytest.mark.requirement("ALM-14", "ALM-15")
@pytest.mark.parametrize(
    ("alarm", "condition"),
    [
        (PumpAlarm.OCCLUSION, Condition.OCCLUSION),
        (PumpAlarm.AIR, Condition.AIR),
        (PumpAlarm.EMPTY, Condition.EMPTY),
        (PumpAlarm.BATTERY_EMPTY, Condition.BATTERY_EMPTY),
        (PumpAlarm.STALL, Condition.STALLED),
    ],
)
def test_what_a_pump_tells_of_its_line_stops_it_and_nothing_starts_it_again(
    alarm: PumpAlarm, condition: Condition
) -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.report(Drive.INFUSING, infused_ul=1, alarm=alarm)
    assert bed.phase() is Phase.STOPPING
    bed.stop_confirmed(infused_ul=1)
    raised = bed.alarm(condition)
    assert raised is not None
    assert raised.priority is TABLE[condition].priority
    bed.report(Drive.STILL, infused_ul=1)
    bed.ticks(30)
    assert bed.phase() is Phase.STOPPED, "no restart by itself once the pressure is gone"
    assert bed.alarm(condition), "gone, and still to be seen"


def gauge_says(bed: BedStory, percent: int, drive: Drive = Drive.INFUSING) -> None:
    """A look that also tells what is left in the pump's battery."""
    bed.wait(0.1)
    told = replace(bed.a_report(drive), battery_percent=percent)
    bed.take(PumpReported(at_ns=bed.now_ns, slot="p1", asked_at_ns=bed.now_ns, report=told))


@pytest.mark.requirement("PWR-01")
def test_a_low_battery_warns_in_stages_and_leaves_the_infusion_alone() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    told = []
    for percent in (80, 31, 30, 29, 15, 16, 12, 5, 6, 1):
        gauge_says(bed, percent)
        alarm = bed.alarm(Condition.BATTERY_LOW)
        told.append(None if alarm is None else (alarm.value, alarm.acknowledged))
        if alarm is not None and not alarm.acknowledged:
            bed.acknowledge(Condition.BATTERY_LOW)
        assert bed.phase() is Phase.INFUSING
    seen, new = True, False
    assert told == [
        None, None, (30, new), (30, seen), (15, new), (15, seen), (15, seen), (5, new), (5, seen), (1, new)
    ]  # fmt: skip


@pytest.mark.requirement("PWR-01")
@pytest.mark.requirement("F06")
def test_a_gauge_that_climbs_a_little_takes_nothing_back() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    gauge_says(bed, 30)
    for percent in (31, 39, 33):
        gauge_says(bed, percent)
        assert bed.alarm(Condition.BATTERY_LOW)
    gauge_says(bed, 40)
    assert bed.alarm(Condition.BATTERY_LOW) is None


@pytest.mark.requirement("PWR-01")
def test_a_pump_that_warns_without_a_number_is_believed_for_as_long_as_it_warns() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.report(Drive.INFUSING, infused_ul=0, alarm=PumpAlarm.BATTERY_LOW)
    assert bed.alarm(Condition.BATTERY_LOW)
    assert bed.phase() is Phase.INFUSING
    bed.report(Drive.INFUSING, infused_ul=0)
    assert bed.alarm(Condition.BATTERY_LOW) is None


def ended() -> BedStory:
    bed = BedStory()
    bed.runs("TRAIN-30S")
    bed.report(Drive.STILL, infused_ul=1_000)
    assert bed.phase() is Phase.ENDED
    return bed


@pytest.mark.requirement("ALM-19")
@pytest.mark.requirement("F09")
def test_an_end_that_nobody_answers_becomes_more_urgent_and_stays_so() -> None:
    """F09: an end-of-infusion alarm that was low and stayed low; nobody came."""
    bed = ended()
    bed.tick(299)
    alarm = bed.alarm(Condition.ENDED)
    assert alarm is not None
    assert alarm.priority is Priority.LOW
    bed.tick(1)
    for _ in range(5):
        bed.tick(600)
        risen = bed.alarm(Condition.ENDED)
        assert risen is not None
        assert (risen.priority, risen.alarm_id) == (Priority.MEDIUM, alarm.alarm_id)


def test_an_alarm_rises_when_its_time_is_over_and_not_a_nanosecond_before() -> None:
    bed = ended()
    alarm, rises = bed.alarm(Condition.ENDED), TABLE[Condition.ENDED].rises
    assert alarm is not None
    assert rises is not None
    for now_ns, priority in (
        (alarm.since_ns + rises.after_s * NS_PER_S - 1, Priority.LOW),
        (alarm.since_ns + rises.after_s * NS_PER_S, Priority.MEDIUM),
    ):
        bed.now_ns = now_ns
        bed.tick()
        seen = bed.alarm(Condition.ENDED)
        assert seen is not None
        assert seen.priority is priority


def test_an_alarm_rises_once() -> None:
    bed = ended()
    rises = TABLE[Condition.ENDED].rises
    assert rises is not None
    rose = []
    for _ in range(3):
        bed.tick(rises.after_s)
        rose += [each for each in bed.last.facts if isinstance(each, AlarmRose)]
    assert len(rose) == 1


def test_an_alarm_that_somebody_saw_does_not_rise() -> None:
    bed = BedStory()
    bed.connect()
    gauge_says(bed, 20, Drive.STILL)
    bed.acknowledge(Condition.BATTERY_LOW)
    bed.tick(3_600)
    alarm = bed.alarm(Condition.BATTERY_LOW)
    assert alarm is not None
    assert alarm.priority is Priority.LOW


def test_a_person_who_takes_a_locked_pump_back_or_answers_the_question_has_seen_the_alarm() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.ticks(25)
    alarm = bed.alarm(Condition.DELIVERY_UNKNOWN)
    assert alarm is not None
    assert not alarm.acknowledged
    bed.stop()
    bed.stop_confirmed()
    latched = bed.alarm(Condition.DELIVERY_UNKNOWN)
    assert latched is not None, "HIGH: over, and still to be seen"
    assert latched.over
    bed.acknowledge(Condition.DELIVERY_UNKNOWN)
    assert bed.alarm(Condition.DELIVERY_UNKNOWN) is None
