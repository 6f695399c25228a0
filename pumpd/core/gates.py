"""The gates: what a person asks for, and everything that must hold before it happens.

One function a request, and in each the same order: note who asked, collect every reason against it, and only then
act. All reasons come back at once, so that nobody mends one thing to be refused for the next. Every request that
could raise delivery passes rise.py (wall 10: one gate through which all of them go). STOP has no gate at
all: it needs no login, no confirmation and no journal.
"""

from __future__ import annotations

from pumpd.core import alarms
from pumpd.core import facts as f
from pumpd.core.asking import accept, gate_of_person, gate_of_phase, note, refuse
from pumpd.core.codes import Action, Condition, Phase, ReasonCode, Severity, Why
from pumpd.core.confirming import against_confirmed
from pumpd.core.deliveries import PauseNoted, StartsUnlocked
from pumpd.core.events import LinkState
from pumpd.core.leaving import free_pump
from pumpd.core.look import MOVING
from pumpd.core.new_rate import against_cycle
from pumpd.core.people import Act, may_be_second
from pumpd.core.phases import acknowledge_pump, send_stop, stop_now, to
from pumpd.core.programming import prepare
from pumpd.core.pump import Drive
from pumpd.core.requests import (
    AcknowledgeRequested,
    Answer,
    DeliveryAnswered,
    EndRequested,
    PauseRequested,
    RearmRequested,
    StartRequested,
    StopRequested,
)
from pumpd.core.rise import against_a_rise, hard, review_order
from pumpd.core.state import Alarm
from pumpd.core.turn import Turn
from pumpd.core.visit_gates import against_visit

# --- start ------------------------------------------------------------------------------------------------------


def start(turn: Turn, request: StartRequested) -> None:
    """Order accepted, or refused with every reason; the pump is programmed next."""
    slot = request.slot
    note(turn, request, Action.START, text=request.order.regimen)
    reasons = gate_of_person(request, Act.START)
    reasons += gate_of_phase(turn, slot, Phase.IDLE, Phase.ENDED)
    reasons += against_a_rise(turn, slot)
    reasons += against_visit(turn, request)
    answer = review_order(turn, slot, request.order)
    if not answer.grant.allowed:
        reasons += [each for each in answer.grant.reasons if each.severity is Severity.HARD]
    reasons += against_confirmed(request.digest, answer.digest, turn.now_ns)
    if answer.grant.needs_override and not _override_stands(request):
        reasons.append(hard(ReasonCode.OVERRIDE_NEEDED))
    programme = answer.programme
    if programme is not None:
        reasons += against_cycle(turn, slot, programme.lease_s)
    if reasons or programme is None or request.actor is None:
        refuse(turn, request, Action.START, reasons)
        return
    override, visit = request.override, turn.state.path.at_bed
    turn.record(
        f.InfusionOrdered(
            at_ns=turn.now_ns,
            slot=slot,
            infusion_id=turn.state.next_infusion_id,
            person=request.actor.person,
            order=request.order,
            programme=programme,
            grant=answer.grant,
            entry=turn.setup.rules.library.entry(programme.entry),
            library_sha256=turn.setup.rules.library.sha256,
            override_reason=None if override is None else override.reason,
            override_person=None if override is None else override.second.person,
            visit=None if visit is None else visit.visit,
        )
    )
    alarms.forget_ended(turn, slot)
    to(turn, slot, Phase.CHECKING, Why.ORDERED)
    prepare(turn, slot)
    accept(turn, request)


def _override_stands(request: StartRequested) -> bool:
    """Soft limits: a reason, and a second person who may."""
    override, actor = request.override, request.actor
    if override is None or actor is None or not override.reason.strip():
        return False
    return may_be_second(actor.person, override.second.person, override.second.role)


# --- stop, pause, end ---------------------------------------------------------------------------------------------


def stop(turn: Turn, request: StopRequested) -> None:
    """STOP: one pump or all, from anybody, now."""
    slots = tuple(pump.slot for pump in turn.state.pumps) if request.slot is None else (request.slot,)
    note(turn, request, Action.STOP)
    for slot in slots:
        if turn.pump(slot).phase is Phase.STOPPED:
            send_stop(turn, slot)  # it stands still by its own report; once more harms nobody
        else:
            stop_now(turn, slot, Why.STOP_PRESSED)
    accept(turn, request)


def pause(turn: Turn, request: PauseRequested) -> None:
    """A stop with a reason and a quiet time; never refused while something runs.

    The quiet takes somebody who will be looked for when it is over: asked for by nobody, it is the stop alone.
    """
    note(turn, request, Action.PAUSE, text=request.reason.value)
    reasons = gate_of_phase(
        turn, request.slot, Phase.CHECKING, Phase.STARTING, Phase.INFUSING, Phase.UNCERTAIN
    )  # fmt: skip
    infusion = turn.pump(request.slot).infusion
    if reasons and (infusion is None or infusion.waiting is None):  # one that is stopped only for a new rate runs on
        refuse(turn, request, Action.PAUSE, reasons)
        return
    if request.actor is None:
        stop_now(turn, request.slot, Why.STOP_PRESSED)
    else:
        turn.record(PauseNoted(at_ns=turn.now_ns, slot=request.slot, reason=request.reason))
        stop_now(turn, request.slot, Why.PAUSED)
    accept(turn, request)


def end(turn: Turn, request: EndRequested) -> None:
    """End a stopped infusion for good."""
    note(turn, request, Action.END)
    reasons = gate_of_person(request, None) + gate_of_phase(turn, request.slot, Phase.STOPPED)
    if reasons or request.actor is None:
        refuse(turn, request, Action.END, reasons)
        return
    to(turn, request.slot, Phase.ENDED, Why.ENDED_BY_PERSON)
    free_pump(turn, request.slot, request.actor.person)
    accept(turn, request)


# --- doubt and alarms -----------------------------------------------------------------------------------------------


def answer_delivery(turn: Turn, request: DeliveryAnswered) -> None:
    """What the nurse sees at the plunger. Driven waits on; stopped or cannot tell is stopped to be sure."""
    note(turn, request, Action.ANSWER, text=request.answer.value)
    reasons = gate_of_person(request, None) if request.answer is Answer.DRIVEN else []  # the others only stop
    if turn.pump(request.slot).phase is not Phase.UNCERTAIN or turn.pump(request.slot).infusion is None:
        reasons.append(hard(ReasonCode.WRONG_PHASE))
    if reasons:
        refuse(turn, request, Action.ANSWER, reasons)
        return
    asked = alarms.active(turn, Condition.DELIVERY_UNKNOWN, request.slot)
    if asked is not None and not asked.acknowledged:
        alarms.acknowledge(turn, asked, None if request.actor is None else request.actor.person)
    if request.answer is not Answer.DRIVEN:
        stop_now(turn, request.slot, Why.ANSWERED)
    accept(turn, request)


def acknowledge(turn: Turn, request: AcknowledgeRequested) -> None:
    """Somebody saw one alarm."""
    note(turn, request, Action.ACKNOWLEDGE, value=request.alarm_id)
    reasons = gate_of_person(request, None)
    alarm = next((each for each in turn.state.alarms if each.alarm_id == request.alarm_id), None)
    if alarm is None:
        reasons.append(hard(ReasonCode.NO_SUCH_ALARM))
    if reasons or alarm is None or request.actor is None:
        refuse(turn, request, Action.ACKNOWLEDGE, reasons)
        return
    alarms.acknowledge(turn, alarm, request.actor.person)
    if alarm.slot is not None and _tells(turn, alarm):
        acknowledge_pump(turn, alarm.slot)
    accept(turn, request)


def _tells(turn: Turn, alarm: Alarm) -> bool:
    """Is a pump at rest still in the very alarm that was seen? Another alarm's acknowledgement leaves it alone."""
    pump = None if alarm.slot is None else turn.state.pump(alarm.slot)
    if pump is None or pump.phase in MOVING or pump.command is not None:
        return False
    told = None if pump.sighting.last is None else pump.sighting.last.alarm
    return told is not None and alarms.condition_of(told) is alarm.condition


def rearm(turn: Turn, request: RearmRequested) -> None:
    """A person looked at a pump that tripped, it stands still by its own report, and it is used again."""
    slot = request.slot
    note(turn, request, Action.REARM)
    pump = turn.pump(slot)
    reasons = gate_of_person(request, Act.REARM)
    if pump.phase is not Phase.FAULT and pump.locked_by is None:
        reasons.append(hard(ReasonCode.WRONG_PHASE))
    last = pump.sighting.last
    if pump.link is not LinkState.UP or last is None or last.drive is not Drive.STILL or pump.stop is not None:
        reasons.append(hard(ReasonCode.LINK_DOWN))
    if reasons or request.actor is None:
        refuse(turn, request, Action.REARM, reasons)
        return
    if pump.locked_by is not None:
        turn.record(StartsUnlocked(at_ns=turn.now_ns, slot=slot, person=request.actor.person))
        alarms.settled_by_person(turn, Condition.REPEATED_ALARM, slot, request.actor.person)
    if pump.phase is Phase.FAULT:
        to(turn, slot, Phase.IDLE if pump.infusion is None else Phase.ENDED, Why.REARMED)
        free_pump(turn, slot, request.actor.person)
    accept(turn, request)
