"""Alarms as they come and go, each as its row in alarm_table.py says.

An alarm is raised once while its condition lasts, and how it goes away is data in the table, never an `if` somewhere
else. What a pump tells of itself is latching: it stands for as long as the pump's reports repeat it, acknowledged or
not, and until somebody has seen it. Acknowledging one alarm never touches another.

What is done to the pump is in the table too, per phase; phases.py carries it out.
"""

from __future__ import annotations

from typing import Final

from pumpd.core import facts as f
from pumpd.core.alarm_table import TABLE, Clears, PumpAction
from pumpd.core.audio import AlarmRose
from pumpd.core.codes import Condition, Priority
from pumpd.core.pump import PumpAlarm
from pumpd.core.repeats import stopped_by
from pumpd.core.state import Alarm
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S

_TOLD_BY_PUMPS: Final[dict[PumpAlarm, Condition]] = {
    PumpAlarm.RESET: Condition.PUMP_RESET,
    PumpAlarm.STALL: Condition.STALLED,
    PumpAlarm.LEASE_EXPIRED: Condition.LEASE_EXPIRED,
    PumpAlarm.OCCLUSION: Condition.OCCLUSION,
    PumpAlarm.AIR: Condition.AIR,
    PumpAlarm.EMPTY: Condition.EMPTY,
    PumpAlarm.BATTERY_LOW: Condition.BATTERY_LOW,
    PumpAlarm.BATTERY_EMPTY: Condition.BATTERY_EMPTY,
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
    stops = slot is not None and TABLE[condition].action(turn.pump(slot).phase) is not PumpAction.KEEP
    if slot is not None and stops and stopped_by(turn, slot, condition):
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
    for condition in (*_TOLD_BY_PUMPS.values(), Condition.PUMP_ALARM):
        if condition is not told and condition is not Condition.BATTERY_LOW:  # that has its own rules: battery.py
            condition_over(turn, condition, slot)


def link_is_back(turn: Turn, slot: str) -> None:
    """The pump was heard again."""
    for condition in (Condition.LINK_DOUBT, Condition.LINK_LOST):
        condition_over(turn, condition, slot)


def acknowledge(turn: Turn, alarm: Alarm, person: str | None) -> None:
    """Somebody has seen this alarm, and only this one."""
    turn.record(f.AlarmAcknowledged(at_ns=turn.now_ns, alarm_id=alarm.alarm_id, person=person))
    clears = TABLE[alarm.condition].clears
    if clears is Clears.BY_SEEING or (clears is Clears.SEEN and alarm.over):
        turn.record(f.AlarmCleared(at_ns=turn.now_ns, alarm_id=alarm.alarm_id))


def settled_by_person(turn: Turn, condition: Condition, slot: str, person: str) -> None:
    """Whoever ends a condition with their own hands has seen its alarm."""
    alarm = active(turn, condition, slot)
    if alarm is not None and not alarm.acknowledged:
        acknowledge(turn, alarm, person)
    condition_over(turn, condition, slot)


def rise_unanswered(turn: Turn) -> None:
    """On the clock: an alarm that nobody has acknowledged in its time becomes more urgent."""
    for alarm in turn.state.alarms:
        rises = TABLE[alarm.condition].rises
        if rises is None or alarm.acknowledged or alarm.priority.value >= rises.to.value:
            continue
        if turn.now_ns - alarm.since_ns >= rises.after_s * NS_PER_S:
            turn.record(AlarmRose(at_ns=turn.now_ns, alarm_id=alarm.alarm_id, priority=rises.to))


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
