"""The alarm table: condition, priority, how it clears. Codes only; words.py has the sentences.

An alarm is raised once while its condition lasts. How it goes away is data in the table, never an `if`
somewhere else:

- `ITSELF`: cleared when the condition is over;
- `SEEN`: the condition has to be over *and* somebody has to have acknowledged it (latching);
- `BY_SEEING`: the condition was an event, so that acknowledging it ends it.

What a pump tells of itself is latching: it stands for as long as the pump's reports repeat it, acknowledged or not,
and until somebody has seen it. Acknowledging one alarm never touches another. What the pump does about a condition
(stop, nothing) is decided where the condition is found, in reports.py, and written in the last column here for
people: a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from pumpd.core import facts as f
from pumpd.core.codes import Condition, Priority
from pumpd.core.pump import PumpAlarm
from pumpd.core.repeats import stopped_by
from pumpd.core.state import Alarm
from pumpd.core.turn import Turn


class Clears(Enum):
    """How an alarm goes away."""

    ITSELF = "itself"
    SEEN = "seen"
    BY_SEEING = "by_seeing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table."""

    priority: Priority
    clears: Clears
    stops: bool  # the pump is stopped because of it


TABLE: Final[dict[Condition, Row]] = {
    Condition.STOP_UNCONFIRMED: Row(priority=Priority.HIGH, clears=Clears.ITSELF, stops=True),
    Condition.REPEATED_ALARM: Row(priority=Priority.HIGH, clears=Clears.ITSELF, stops=False),
    Condition.UNCOMMANDED_DRIVE: Row(priority=Priority.HIGH, clears=Clears.BY_SEEING, stops=True),
    Condition.OVER_INFUSION: Row(priority=Priority.HIGH, clears=Clears.BY_SEEING, stops=True),
    Condition.DELIVERY_UNKNOWN: Row(priority=Priority.HIGH, clears=Clears.ITSELF, stops=False),
    Condition.PUMP_CHANGED: Row(priority=Priority.HIGH, clears=Clears.BY_SEEING, stops=True),
    Condition.PUMP_RESET: Row(priority=Priority.HIGH, clears=Clears.SEEN, stops=True),
    Condition.STALLED: Row(priority=Priority.HIGH, clears=Clears.SEEN, stops=True),
    Condition.LEASE_EXPIRED: Row(priority=Priority.HIGH, clears=Clears.SEEN, stops=True),
    Condition.PUMP_ALARM: Row(priority=Priority.HIGH, clears=Clears.SEEN, stops=True),
    Condition.RATE_DIFFERS: Row(priority=Priority.HIGH, clears=Clears.BY_SEEING, stops=True),
    Condition.START_FAILED: Row(priority=Priority.MEDIUM, clears=Clears.BY_SEEING, stops=True),
    Condition.STOPPED_AT_PUMP: Row(priority=Priority.MEDIUM, clears=Clears.BY_SEEING, stops=False),
    Condition.LINK_LOST: Row(priority=Priority.MEDIUM, clears=Clears.ITSELF, stops=False),
    Condition.UNDER_INFUSION: Row(priority=Priority.MEDIUM, clears=Clears.ITSELF, stops=False),
    Condition.JOURNAL_DOWN: Row(priority=Priority.MEDIUM, clears=Clears.ITSELF, stops=False),
    Condition.CLOCK_JUMP: Row(priority=Priority.LOW, clears=Clears.BY_SEEING, stops=False),
    Condition.PAUSE_OVER: Row(priority=Priority.LOW, clears=Clears.ITSELF, stops=False),
    Condition.STEP_DUE: Row(priority=Priority.PROMPT, clears=Clears.ITSELF, stops=False),
    Condition.NEAR_END: Row(priority=Priority.PROMPT, clears=Clears.ITSELF, stops=False),
    Condition.ENDED: Row(priority=Priority.LOW, clears=Clears.BY_SEEING, stops=False),
    Condition.RESTARTED: Row(priority=Priority.LOW, clears=Clears.BY_SEEING, stops=False),
}

_TOLD_BY_PUMPS: Final[dict[PumpAlarm, Condition]] = {
    PumpAlarm.RESET: Condition.PUMP_RESET,
    PumpAlarm.STALL: Condition.STALLED,
    PumpAlarm.OCCLUSION: Condition.STALLED,
    PumpAlarm.LEASE_EXPIRED: Condition.LEASE_EXPIRED,
}


def condition_of(alarm: PumpAlarm) -> Condition:
    """The condition under which an alarm of the pump itself is raised here."""
    return _TOLD_BY_PUMPS.get(alarm, Condition.PUMP_ALARM)


def active(turn: Turn, condition: Condition, slot: str | None) -> Alarm | None:
    """The alarm of this condition on this slot, if there is one."""
    for alarm in turn.state.alarms:
        if alarm.condition is condition and alarm.slot == slot:
            return alarm
    return None


def raise_alarm(
    turn: Turn, condition: Condition, slot: str | None, *, value: int | None = None, detail: str = ""
) -> None:
    """The condition holds. An alarm that is active already is not raised again, one that was over is."""
    if slot is not None and TABLE[condition].stops and stopped_by(turn, slot, condition):
        raise_alarm(turn, Condition.REPEATED_ALARM, slot)
    standing = active(turn, condition, slot)
    if standing is not None and not standing.over:
        return  # the same condition lasts, acknowledged or not
    if standing is not None:
        turn.record(f.AlarmCleared(at_ns=turn.now_ns, alarm_id=standing.alarm_id))
    turn.record(
        f.AlarmRaised(
            at_ns=turn.now_ns, alarm_id=turn.state.next_alarm_id, slot=slot, condition=condition,
            priority=TABLE[condition].priority, value=value, detail=detail,
        )
    )  # fmt: skip


def condition_over(turn: Turn, condition: Condition, slot: str | None) -> None:
    """The condition holds no longer."""
    alarm = active(turn, condition, slot)
    if alarm is None or alarm.over:
        return
    clears = TABLE[condition].clears
    if clears is Clears.ITSELF or (clears is Clears.SEEN and alarm.acknowledged):
        turn.record(f.AlarmCleared(at_ns=turn.now_ns, alarm_id=alarm.alarm_id))
    elif clears is Clears.SEEN:
        turn.record(f.AlarmOver(at_ns=turn.now_ns, alarm_id=alarm.alarm_id))


def told_by_pump(turn: Turn, slot: str, alarm: PumpAlarm | None) -> None:
    """A report says which alarm the pump is in: what it was in before is over."""
    told = None if alarm is None else condition_of(alarm)
    for condition in (*dict.fromkeys(_TOLD_BY_PUMPS.values()), Condition.PUMP_ALARM):
        if condition is not told:
            condition_over(turn, condition, slot)


def acknowledge(turn: Turn, alarm: Alarm, person: str | None) -> None:
    """Somebody has seen this alarm, and only this one."""
    turn.record(f.AlarmAcknowledged(at_ns=turn.now_ns, alarm_id=alarm.alarm_id, person=person))
    clears = TABLE[alarm.condition].clears
    if clears is Clears.BY_SEEING or (clears is Clears.SEEN and alarm.over):
        turn.record(f.AlarmCleared(at_ns=turn.now_ns, alarm_id=alarm.alarm_id))


def high_unseen(turn: Turn, slot: str) -> bool:
    """Is there a HIGH alarm on this slot or the bed that nobody has acknowledged?"""
    return any(
        alarm.priority is Priority.HIGH and not alarm.acknowledged and alarm.slot in (slot, None)
        for alarm in turn.state.alarms
    )


def forget_ended(turn: Turn, slot: str) -> None:
    """A new infusion begins: whoever starts it has seen that the last one ended."""
    alarm = active(turn, Condition.ENDED, slot)
    if alarm is not None:
        turn.record(f.AlarmCleared(at_ns=turn.now_ns, alarm_id=alarm.alarm_id))
