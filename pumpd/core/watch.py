"""Watching a running infusion: the plan's steps, what is measured, how old it is, and what is due.

`follow_plan` runs on every report that fits. `on_tick` runs a few times a second for every pump and carries the
deadlines: when to look again, when silence becomes doubt, when doubt becomes a question. It is also the only place
that asks for an observation, and it asks for the next one only after the last has been taken in: if the bed's
loop dies, nothing renews the pump's lease (wall 8).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pumpd.core import alarms
from pumpd.core import facts as f
from pumpd.core import glimpses as g
from pumpd.core.alarm_table import DRIVEN
from pumpd.core.bolus import follow_bolus
from pumpd.core.codes import CommandKind, Condition, Phase, Why
from pumpd.core.containers import container_left_ns
from pumpd.core.deviation import MARK_EVERY_NS, watch_delivery
from pumpd.core.doubting import doubt_silence
from pumpd.core.effects import Identify, Observe
from pumpd.core.events import LinkState
from pumpd.core.listening import buzzes
from pumpd.core.look import lease_ns, time_left_ns
from pumpd.core.new_rate import set_rate
from pumpd.core.pausing import remind
from pumpd.core.phases import send_stop, stop_now, to
from pumpd.core.resurgence import must_hear_stop
from pumpd.core.rise import may_step_up_by_itself
from pumpd.core.state import Infusion, PumpState
from pumpd.core.steps import StepKind, StepMode
from pumpd.core.topping import next_look
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_MS, NS_PER_S

LOOK_MOVING_NS: Final = 500 * NS_PER_MS  # a lease of 3 s still sees several looks
LOOK_RESTING_NS: Final = 1 * NS_PER_S
LOOK_LOST_NS: Final = 10 * NS_PER_S  # a look that never came back: the bus itself is in trouble, ask again
SILENCE_LONGEST_NS: Final = 5 * NS_PER_S  # older than this a value is no longer shown as true (ecosystem: 2 to 5 s)
IDENTIFY_AFTER_MISSES: Final = 3  # a pump that was silent this often may be another one
QUESTION_AFTER_NS: Final = 15 * NS_PER_S  # wall 4
STOP_CONFIRMED_WITHIN_NS: Final = 2 * NS_PER_S
REPORT_SOON: Final = (CommandKind.PREPARE, CommandKind.ACKNOWLEDGE)
FORESEEN: Final = (Phase.STARTING, Phase.INFUSING, Phase.STOPPING, Phase.UNCERTAIN, Phase.FAULT)


# --- on a report --------------------------------------------------------------------------------------------


def follow_plan(turn: Turn, slot: str) -> None:
    """It drives as granted: is the plan over, is it too much, is a step complete, is the end near?"""
    if turn.counted(slot).low_nl > turn.infusion(slot).total_nl:
        # what is left of a bolus that was cut is gone, but still in the volume that the pump would stop at by itself
        stop_now(turn, slot, Why.VOLUME_REACHED)
        return
    watch_delivery(turn, slot)
    if turn.pump(slot).phase is not Phase.INFUSING:
        return
    _next_step(turn, slot)
    _near_end(turn, slot)
    infusion = turn.infusion(slot)
    if turn.now_ns - infusion.delivered_at_ns >= MARK_EVERY_NS:
        turn.record(f.Checkpoint(at_ns=turn.now_ns, slot=slot, delivered=turn.delivered(slot)))


def _next_step(turn: Turn, slot: str) -> None:
    """A complete step is followed at once where the rate does not rise; a rise waits while any gate is closed."""
    if follow_bolus(turn, slot):
        return
    infusion = turn.infusion(slot)
    following = infusion.step + 1
    if following >= len(infusion.plan) or turn.pump(slot).command is not None:
        return
    if turn.counted(slot).low_nl < infusion.boundary_nl(infusion.step):
        return
    rises = _rate_of(infusion, following) > infusion.rate_ul_per_h
    stairs = StepKind.RAMP in (infusion.plan[infusion.step].kind, infusion.plan[following].kind)
    asks = (infusion.programme.mode is StepMode.ASK and not stairs) or infusion.steps_by_tap
    if rises and asks:
        if not infusion.step_due:
            turn.record(f.StepReached(at_ns=turn.now_ns, slot=slot, step=following, waits=True))
        alarms.raise_alarm(turn, Condition.STEP_DUE, slot, value=following + 1)  # again after a pause
        return
    if rises and not may_step_up_by_itself(turn, slot):
        return
    take_step(turn, slot, person=None)


def take_step(turn: Turn, slot: str, person: str | None) -> None:
    """The next step begins: at its confirmed rate, never catching up what waiting left out."""
    infusion = turn.infusion(slot)
    following = infusion.step + 1
    rate = _rate_of(infusion, following)
    turn.record(f.StepTaken(at_ns=turn.now_ns, slot=slot, step=following, person=person))
    alarms.condition_over(turn, Condition.STEP_DUE, slot)
    if infusion.plan[following].kind is StepKind.KVO:
        alarms.condition_over(turn, Condition.NEAR_END, slot)
        alarms.raise_alarm(turn, Condition.KVO_RUNNING, slot)
    if rate != infusion.rate_ul_per_h:
        set_rate(turn, slot, rate)


def _rate_of(infusion: Infusion, following: int) -> int:
    """The confirmed rate of a step; what keeps the vein open is never faster than what went before (FLOW-12)."""
    step = infusion.plan[following]
    return min(step.rate_ul_per_h, infusion.rate_ul_per_h) if step.kind is StepKind.KVO else step.rate_ul_per_h


def _near_end(turn: Turn, slot: str) -> None:
    infusion = turn.infusion(slot)
    if infusion.plan[infusion.step].kind is StepKind.KVO:
        return
    left_ns = time_left_ns(infusion, turn.counted(slot).low_nl)
    if left_ns <= infusion.programme.near_end_s * NS_PER_S:
        alarms.raise_alarm(turn, Condition.NEAR_END, slot)
    lasts_ns = container_left_ns(infusion, turn.counted(slot))
    if lasts_ns is not None and lasts_ns <= infusion.programme.near_end_s * NS_PER_S:
        alarms.raise_alarm(turn, Condition.CONTAINER_NEAR_END, slot)


# --- on the clock -------------------------------------------------------------------------------------------


def on_tick(turn: Turn, slot: str) -> None:
    """Every deadline of one pump."""
    pump = turn.pump(slot)
    if pump.stop is not None and not pump.sighting.stop_pending:
        send_stop(turn, slot)
    _look_again(turn, slot)
    doubt_silence(turn, slot)
    match pump.phase:
        case Phase.STOPPING:
            if turn.now_ns - pump.phase_since_ns >= STOP_CONFIRMED_WITHIN_NS:
                alarms.raise_alarm(turn, Condition.STOP_UNCONFIRMED, slot)
            if turn.pump(slot).stop is None:
                send_stop(turn, slot)
        case Phase.INFUSING:
            _doubt_silence(turn, slot)
        case Phase.UNCERTAIN:
            _doubt_silence(turn, slot)
            _ask_a_person(turn, slot)
        case Phase.STOPPED:
            remind(turn, slot)
        case _:
            pass


def _look_again(turn: Turn, slot: str) -> None:
    """Ask for the next look when the last has been taken in; ask who it is where that is in doubt."""
    pump = turn.pump(slot)
    seen = pump.sighting
    if must_hear_stop(turn, slot):
        if not seen.stop_pending and pump.phase in DRIVEN:
            stop_now(turn, slot, Why.SILENCE)
        elif not seen.stop_pending:
            send_stop(turn, slot)
        return
    if seen.asking_since_ns is not None and turn.now_ns - seen.asking_since_ns < LOOK_LOST_NS:
        return
    every_ns = LOOK_MOVING_NS if pump.phase in FORESEEN else LOOK_RESTING_NS
    asked_ns = seen.asked_at_ns
    news = asked_ns is None or asked_ns < pump.link_since_ns  # a port that has just opened is asked at once
    if asked_ns is not None and not news and turn.now_ns - asked_ns < every_ns:
        return
    if seen.stop_pending or (pump.command is not None and pump.command.kind in REPORT_SOON):
        return  # their own reports come first; a start or raise may wait for the disk, and the lease must not
    speaks = buzzes(turn, slot)
    turn.record(g.Asked(at_ns=turn.now_ns, slot=slot))
    if pump.link is not LinkState.UP or seen.missed >= IDENTIFY_AFTER_MISSES:
        turn.want(Identify(slot=slot))
    else:
        look = next_look(turn, slot)
        turn.want(replace(look, buzz=True) if speaks and isinstance(look, Observe) else look)


def lost_after_ns(pump: PumpState, infusion: Infusion, turn: Turn) -> int:
    """Half the lease, and without one 5 s: from here on the silence is heard."""
    lease = lease_ns(infusion, turn.setup.info(pump.slot))
    return SILENCE_LONGEST_NS if lease is None else lease // 2


def silence_limit_ns(pump: PumpState, infusion: Infusion, turn: Turn) -> int:
    """Half the lease, 5 s at most: from here on it is shown, and nobody says that it infuses."""
    return min(SILENCE_LONGEST_NS, lost_after_ns(pump, infusion, turn))


def _doubt_silence(turn: Turn, slot: str) -> None:
    """First it is shown, and nobody says any longer that it infuses; when half the lease is gone it is heard."""
    pump, infusion = turn.pump(slot), turn.infusion(slot)
    heard_ns = max(pump.sighting.last_at_ns or 0, turn.state.boot_at_ns)
    if pump.phase is Phase.INFUSING:
        heard_ns = max(heard_ns, pump.phase_since_ns)
    silent_ns = turn.now_ns - heard_ns
    if silent_ns >= lost_after_ns(pump, infusion, turn):
        alarms.condition_over(turn, Condition.LINK_DOUBT, slot)
        alarms.raise_alarm(turn, Condition.LINK_LOST, slot, detail=pump.link_detail)
    elif silent_ns >= silence_limit_ns(pump, infusion, turn):
        alarms.raise_alarm(turn, Condition.LINK_DOUBT, slot, detail=pump.link_detail)
    if pump.phase is Phase.INFUSING and silent_ns >= silence_limit_ns(pump, infusion, turn):
        to(turn, slot, Phase.UNCERTAIN, Why.SILENCE)


def _ask_a_person(turn: Turn, slot: str) -> None:
    """The pump's totals had their time: is the plunger driven?"""
    infusion = turn.infusion(slot)
    since_ns = infusion.uncertain_since_ns
    if infusion.question or since_ns is None or turn.now_ns - since_ns < QUESTION_AFTER_NS:
        return
    turn.record(f.QuestionAsked(at_ns=turn.now_ns, slot=slot))
    alarms.raise_alarm(turn, Condition.DELIVERY_UNKNOWN, slot)
