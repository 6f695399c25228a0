"""The phases of one pump's delivery, the only ways between them, and the commands that a phase sends.

Nine phases. `IDLE` has no infusion. An accepted start goes to `CHECKING` (the pump is programmed and read back),
then `STARTING` (the start is on its way). Only the pump's own report makes it `INFUSING`; only the pump's own
report makes it `STOPPED` or `ENDED` (wall 3; reports.py has the one function that does it).

A command that ended unknown, a silence, a restart and a suspended host all lead to `UNCERTAIN`: nothing may rise, the
pump is asked who it is and what it does, and its totals decide. If they fit, the infusion goes on; if anything
differs, it is stopped. If they cannot decide within 15 s, a person is asked to look at the plunger.

A stop goes to `STOPPING` and is sent until a report shows no drive, however many replies are lost. `STOPPED` is
not the end: the rest can be resumed for a while. `FAULT` is for a pump that cannot be trusted to be ours: it was
changed, or it drove when nobody asked. It is stopped, and a person takes it back into use. `ENDED` is `IDLE` again
when the patient leaves the bed (leaving.py): nothing of theirs stays on the pump.

Whatever is not in the table is impossible by construction: `to` asserts it, and the state is unchanged.
"""

from __future__ import annotations

from typing import Final, assert_never

from pumpd.core import alarms
from pumpd.core import facts as f
from pumpd.core import glimpses as g
from pumpd.core.alarm_table import TABLE, PumpAction
from pumpd.core.codes import CommandKind, Condition, Phase, Why
from pumpd.core.effects import Acknowledge, ChangeRate, Stop, When
from pumpd.core.look import believed
from pumpd.core.turn import Turn

TRANSITIONS: Final[dict[Phase, tuple[Phase, ...]]] = {
    Phase.IDLE: (Phase.CHECKING, Phase.FAULT),
    Phase.CHECKING: (Phase.STARTING, Phase.STOPPING, Phase.FAULT),
    Phase.STARTING: (Phase.INFUSING, Phase.STOPPING, Phase.UNCERTAIN, Phase.ENDED, Phase.FAULT),
    Phase.INFUSING: (Phase.STOPPING, Phase.STOPPED, Phase.UNCERTAIN, Phase.ENDED, Phase.FAULT),
    Phase.STOPPING: (Phase.STOPPED, Phase.ENDED, Phase.FAULT),
    Phase.STOPPED: (Phase.CHECKING, Phase.STOPPING, Phase.ENDED, Phase.FAULT),
    Phase.UNCERTAIN: (Phase.INFUSING, Phase.STOPPING, Phase.STOPPED, Phase.ENDED, Phase.FAULT),
    Phase.ENDED: (Phase.CHECKING, Phase.FAULT, Phase.IDLE),
    Phase.FAULT: (Phase.IDLE, Phase.ENDED),
}


def to(turn: Turn, slot: str, phase: Phase, why: Why, *, settled: bool = False) -> None:
    """Change the phase along the table; `settled` when a report shows a pump that stands still."""
    before = turn.pump(slot).phase
    assert phase in TRANSITIONS[before], (slot, before, phase)
    # an alarm may be all that a report had to say: then the last counter is as old as it was
    turn.go(slot, phase, why, turn.counted(slot) if settled and believed(turn.pump(slot)) else None)
    if phase is not Phase.STOPPING:
        alarms.condition_over(turn, Condition.STOP_UNCONFIRMED, slot)
    if phase is not Phase.UNCERTAIN:
        alarms.condition_over(turn, Condition.DELIVERY_UNKNOWN, slot)
    if phase is not Phase.INFUSING:
        for over in (
            Condition.STEP_DUE, Condition.NEAR_END, Condition.CONTAINER_NEAR_END, Condition.KVO_RUNNING,
            Condition.UNDER_INFUSION,
        ):  # fmt: skip
            alarms.condition_over(turn, over, slot)
    if phase is not Phase.STOPPED:
        alarms.condition_over(turn, Condition.PAUSE_OVER, slot)
        alarms.condition_over(turn, Condition.CONTAINER_ENDED, slot)


def send_stop(turn: Turn, slot: str) -> None:
    """One more attempt at a stop: one command for the whole of a stopping, however often it is sent."""
    pump = turn.pump(slot)
    command = pump.stop
    if command is None:
        command_id = turn.state.next_command_id
        turn.record(f.CommandIssued(at_ns=turn.now_ns, slot=slot, command_id=command_id, command=CommandKind.STOP))
    else:
        command_id = command.command_id
    turn.record(g.StopTried(at_ns=turn.now_ns, slot=slot, pending=True))
    turn.want(Stop(slot=slot, command_id=command_id))


def stop_now(turn: Turn, slot: str, why: Why) -> None:
    """Stop this pump, whatever it is doing."""
    phase = turn.pump(slot).phase
    drop_waiting(turn, slot)
    if phase in (Phase.CHECKING, Phase.STARTING, Phase.INFUSING, Phase.STOPPED, Phase.UNCERTAIN):
        to(turn, slot, Phase.STOPPING, why)
    send_stop(turn, slot)


def drop_waiting(turn: Turn, slot: str) -> bool:
    """A rate that waits for a standstill does not survive another stop; says whether one did."""
    infusion = turn.pump(slot).infusion
    if infusion is None or infusion.waiting is None or infusion.waiting.programmed:
        return False
    turn.record(f.RateDropped(at_ns=turn.now_ns, slot=slot))
    return True


def trip(turn: Turn, slot: str, condition: Condition, why: Why, *, value: int | None = None, detail: str = "") -> None:
    """The condition holds: its alarm, and what its row in the table does to a pump in this phase."""
    pump = turn.pump(slot)
    action = TABLE[condition].action(pump.phase)
    alarms.raise_alarm(turn, condition, slot, value=value, detail=detail)
    match action:
        case PumpAction.STOP:
            under_way = pump.phase in (Phase.STOPPING, Phase.FAULT) and pump.sighting.stop_pending
            if not under_way:
                stop_now(turn, slot, why)
        case PumpAction.OUT_OF_USE:
            to(turn, slot, Phase.FAULT, why)
            send_stop(turn, slot)
        case PumpAction.KEEP:
            pass
        case _:
            assert_never(action)


def change_rate(turn: Turn, slot: str, rate_ul_per_h: int) -> None:
    """Send a new rate; only a raise waits until its facts are durable."""
    before = turn.infusion(slot).rate_ul_per_h
    raises = rate_ul_per_h > before
    command_id = turn.state.next_command_id
    turn.record(
        f.CommandIssued(
            at_ns=turn.now_ns, slot=slot, command_id=command_id, command=CommandKind.CHANGE_RATE,
            rate_ul_per_h=rate_ul_per_h, raises=raises,
        )
    )  # fmt: skip
    when = When.AFTER_COMMIT if raises else When.NOW
    turn.want(ChangeRate(slot=slot, command_id=command_id, rate_ul_per_h=rate_ul_per_h, when=when))


def acknowledge_pump(turn: Turn, slot: str) -> None:
    """Take the pump itself out of its alarm; it stays still."""
    command_id = turn.state.next_command_id
    turn.record(f.CommandIssued(at_ns=turn.now_ns, slot=slot, command_id=command_id, command=CommandKind.ACKNOWLEDGE))
    turn.want(Acknowledge(slot=slot, command_id=command_id))
