"""The gates: what a person asks for, and everything that must hold before it happens.

One function a request, and in each the same order: note who asked, collect every reason against it, and only then
act. All reasons come back at once, so that nobody mends one thing to be refused for the next. Every request that
could raise delivery passes rise.py (wall 10: one gate through which all of them go). STOP has no gate at
all: it needs no login, no confirmation and no journal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pumpd.core import alarms
from pumpd.core import facts as f
from pumpd.core.codes import Action, CommandKind, Phase, Reason, ReasonCode, Severity, Why
from pumpd.core.effects import Prepare, Reply
from pumpd.core.look import MOVING
from pumpd.core.people import Act, may, may_be_second
from pumpd.core.phases import acknowledge_pump, change_rate, send_stop, stop_now, to
from pumpd.core.programme import Step, rate_range_ul_per_h
from pumpd.core.pump import Drive, Remaining, SettableLease
from pumpd.core.requests import (
    AcknowledgeRequested,
    Answer,
    DeliveryAnswered,
    EndRequested,
    Keep,
    LinkState,
    PauseRequested,
    PersonRequest,
    RateRequested,
    RearmRequested,
    ResumeRequested,
    StartRequested,
    StepRequested,
    StopRequested,
)
from pumpd.core.rest import plan_until_end, rest_of
from pumpd.core.rise import against_a_rise, against_next_step, against_rate, against_rest, hard, review_order
from pumpd.core.state import Alarm, Infusion
from pumpd.core.turn import Turn
from pumpd.core.units import NL_PER_UL, NS_PER_MS, NS_PER_S, Towards, duration_for_ns, on_grid
from pumpd.core.watch import take_step

CYCLES_IN_A_LEASE: Final = 3  # wall 8: a lease must outlive three worst rounds of its bus
REST_SMALLEST_NL: Final = 10 * NL_PER_UL  # the coarsest counter step: a smaller rest could not be told from none


def _note(
    turn: Turn, request: PersonRequest, action: Action, value: int | None = None, text: str | None = None
) -> None:
    slot = None if isinstance(request, AcknowledgeRequested) else request.slot
    turn.record(
        f.PersonAsked(
            at_ns=turn.now_ns, request_id=request.request_id, slot=slot, action=action, value=value, text=text,
            person=None if request.actor is None else request.actor.person,
        )
    )  # fmt: skip


def _accept(turn: Turn, request: PersonRequest) -> None:
    turn.want(Reply(request_id=request.request_id, accepted=True))


def _refuse(turn: Turn, request: PersonRequest, action: Action, reasons: list[Reason]) -> None:
    slot = None if isinstance(request, AcknowledgeRequested) else request.slot
    turn.record(
        f.RequestRefused(
            at_ns=turn.now_ns, request_id=request.request_id, slot=slot, action=action, reasons=tuple(reasons)
        )
    )
    turn.want(Reply(request_id=request.request_id, accepted=False, reasons=tuple(reasons)))


# --- gates that several requests share ------------------------------------------------------------------------


def _gate_of_person(request: PersonRequest, act: Act | None) -> list[Reason]:
    if request.actor is None:
        return [hard(ReasonCode.NOT_SIGNED_IN)]
    if act is not None and not may(request.actor.role, act):
        return [hard(ReasonCode.ROLE_MAY_NOT)]
    return []


def _gate_of_phase(turn: Turn, slot: str, *phases: Phase) -> list[Reason]:
    phase = turn.pump(slot).phase
    if phase in phases:
        return []
    if phase is Phase.UNCERTAIN:
        return [hard(ReasonCode.DELIVERY_UNKNOWN)]
    if phase is Phase.FAULT:
        return [hard(ReasonCode.NEEDS_REARM)]
    return [hard(ReasonCode.WRONG_PHASE)]


# --- start ------------------------------------------------------------------------------------------------------


def start(turn: Turn, request: StartRequested) -> None:
    """Order accepted, or refused with every reason; the pump is programmed next."""
    slot = request.slot
    _note(turn, request, Action.START, text=request.order.regimen)
    reasons = _gate_of_person(request, Act.START)
    reasons += _gate_of_phase(turn, slot, Phase.IDLE, Phase.ENDED)
    reasons += against_a_rise(turn, slot)
    answer = review_order(turn, slot, request.order)
    if not answer.grant.allowed:
        reasons += [each for each in answer.grant.reasons if each.severity is Severity.HARD]
    if answer.digest != request.digest:
        reasons.append(hard(ReasonCode.REVIEW_CHANGED))
    if answer.grant.needs_override and not _override_stands(request):
        reasons.append(hard(ReasonCode.OVERRIDE_NEEDED))
    programme = answer.programme
    if programme is not None and programme.lease_s is not None:
        cycles_ms = CYCLES_IN_A_LEASE * turn.setup.cycle_ms(slot)
        if cycles_ms * NS_PER_MS > programme.lease_s * NS_PER_S:
            reasons.append(hard(ReasonCode.BUS_CYCLE_MS, cycles_ms, programme.lease_s * 1_000))
    if reasons or programme is None or request.actor is None:
        _refuse(turn, request, Action.START, reasons)
        return
    override = request.override
    turn.record(
        f.InfusionOrdered(
            at_ns=turn.now_ns,
            slot=slot,
            infusion_id=turn.state.next_infusion_id,
            person=request.actor.person,
            order=request.order,
            programme=programme,
            grant=answer.grant,
            library_sha256=turn.setup.rules.library.sha256,
            override_reason=None if override is None else override.reason,
            override_person=None if override is None else override.second.person,
        )
    )
    alarms.forget_ended(turn, slot)
    to(turn, slot, Phase.CHECKING, Why.ORDERED)
    _prepare(turn, slot)
    _accept(turn, request)


def _override_stands(request: StartRequested) -> bool:
    """Soft limits: a reason, and a second person who may."""
    override, actor = request.override, request.actor
    if override is None or actor is None or not override.reason.strip():
        return False
    return may_be_second(actor.person, override.second.person, override.second.role)


def _prepare(turn: Turn, slot: str) -> None:
    """Program the rest of the plan: by the upper end of what is in, so never more than the plan."""
    infusion = turn.infusion(slot)
    remaining = Remaining(
        rate_ul_per_h=infusion.rate_ul_per_h,
        volume_nl=infusion.total_nl - infusion.delivered.high_nl,
        lease_s=infusion.programme.lease_s if isinstance(turn.setup.info(slot).lease, SettableLease) else None,
        syringe_diameter_um=infusion.programme.syringe_diameter_um,
    )
    command_id = turn.state.next_command_id
    turn.record(
        f.CommandIssued(
            at_ns=turn.now_ns, slot=slot, command_id=command_id, command=CommandKind.PREPARE,
            rate_ul_per_h=remaining.rate_ul_per_h, volume_nl=remaining.volume_nl,
        )
    )  # fmt: skip
    turn.want(Prepare(slot=slot, command_id=command_id, remaining=remaining))


# --- stop, pause, resume, end -------------------------------------------------------------------------------------


def stop(turn: Turn, request: StopRequested) -> None:
    """STOP: one pump or all, from anybody, now."""
    slots = tuple(pump.slot for pump in turn.state.pumps) if request.slot is None else (request.slot,)
    _note(turn, request, Action.STOP)
    for slot in slots:
        if turn.pump(slot).phase is Phase.STOPPED:
            send_stop(turn, slot)  # it stands still by its own report; once more harms nobody
        else:
            stop_now(turn, slot, Why.STOP_PRESSED)
    _accept(turn, request)


def pause(turn: Turn, request: PauseRequested) -> None:
    """A stop with a reason; never refused while something runs."""
    _note(turn, request, Action.PAUSE, text=request.reason.value)
    reasons = _gate_of_phase(
        turn, request.slot, Phase.CHECKING, Phase.STARTING, Phase.INFUSING, Phase.UNCERTAIN
    )  # fmt: skip
    if reasons:
        _refuse(turn, request, Action.PAUSE, reasons)
        return
    stop_now(turn, request.slot, Why.PAUSED)
    _accept(turn, request)


def resume(turn: Turn, request: ResumeRequested) -> None:
    """Go on from Stopped with what is left, at no higher rate than before."""
    slot = request.slot
    _note(turn, request, Action.RESUME, text=request.keep.value)
    reasons = _gate_of_person(request, Act.RESUME)
    reasons += _gate_of_phase(turn, slot, Phase.STOPPED)
    reasons += against_a_rise(turn, slot)
    plan: tuple[Step, ...] = ()
    if not reasons:
        infusion = turn.infusion(slot)
        waited_ns = turn.now_ns - (infusion.stopped_since_ns or turn.now_ns)
        if waited_ns > turn.setup.resume_limit_s * NS_PER_S:
            reasons.append(hard(ReasonCode.RESUME_TIME_OVER_S, waited_ns // NS_PER_S, turn.setup.resume_limit_s))
        plan = infusion.plan if request.keep is Keep.VOLUME else plan_until_end(infusion, turn.now_ns)
        rest = rest_of(replace(infusion, plan=plan), infusion.delivered.high_nl)
        if sum(step.volume_nl for step in rest) < REST_SMALLEST_NL:
            reasons.append(hard(ReasonCode.NOTHING_LEFT_NL, sum(step.volume_nl for step in rest), REST_SMALLEST_NL))
        else:
            reasons += against_rest(turn, slot, rest)
    if reasons:
        _refuse(turn, request, Action.RESUME, reasons)
        return
    infusion = turn.infusion(slot)
    left_ns = sum(duration_for_ns(step.volume_nl, step.rate_ul_per_h, Towards.UP) for step in rest)
    turn.record(f.PlanCut(at_ns=turn.now_ns, slot=slot, plan=plan, planned_end_ns=turn.now_ns + left_ns))
    to(turn, slot, Phase.CHECKING, Why.RESUMED)
    _prepare(turn, slot)
    _accept(turn, request)


def end(turn: Turn, request: EndRequested) -> None:
    """End a stopped infusion for good."""
    _note(turn, request, Action.END)
    reasons = _gate_of_person(request, None) + _gate_of_phase(turn, request.slot, Phase.STOPPED)
    if reasons:
        _refuse(turn, request, Action.END, reasons)
        return
    to(turn, request.slot, Phase.ENDED, Why.ENDED_BY_PERSON)
    _accept(turn, request)


# --- while it runs ------------------------------------------------------------------------------------------------


def rate(turn: Turn, request: RateRequested) -> None:
    """Titrate: down is free; up again at most to the confirmed rate of the present step."""
    slot, wanted = request.slot, request.rate_ul_per_h
    _note(turn, request, Action.CHANGE_RATE, value=wanted)
    pump = turn.pump(slot)
    infusion = pump.infusion
    rises = infusion is not None and wanted > infusion.rate_ul_per_h
    reasons = _gate_of_person(request, Act.RAISE if rises else None)
    reasons += _gate_of_phase(turn, slot, Phase.INFUSING)
    if infusion is not None and not reasons:
        confirmed = infusion.plan[infusion.step].rate_ul_per_h
        if rises:
            reasons += against_a_rise(turn, slot)
            if wanted > confirmed:
                reasons.append(hard(ReasonCode.RISE_NOT_CONFIRMED_UL_PER_H, wanted, confirmed))
            else:
                reasons += against_rate(turn, slot, wanted)
        elif pump.command is not None or pump.stop is not None:
            reasons.append(hard(ReasonCode.COMMAND_PENDING))
        if wanted == infusion.rate_ul_per_h:
            reasons.append(hard(ReasonCode.NOT_A_CHANGE_UL_PER_H, wanted, infusion.rate_ul_per_h))
        reasons += _fits_pump(turn, slot, infusion, wanted)
    if reasons:
        _refuse(turn, request, Action.CHANGE_RATE, reasons)
        return
    turn.record(f.StepsByTap(at_ns=turn.now_ns, slot=slot))
    change_rate(turn, slot, wanted)
    _accept(turn, request)


def _fits_pump(turn: Turn, slot: str, infusion: Infusion, wanted: int) -> list[Reason]:
    """Rate range and grid of this pump with this syringe: refused, never rounded behind anybody's back."""
    info = turn.setup.info(slot)
    diameter_um = infusion.programme.syringe_diameter_um
    found = []
    least, most = (1, None) if diameter_um is None else rate_range_ul_per_h(info, diameter_um)
    if wanted < least:
        found.append(hard(ReasonCode.PUMP_RATE_MIN_UL_PER_H, wanted, least))
    if most is not None and wanted > most:
        found.append(hard(ReasonCode.PUMP_RATE_MAX_UL_PER_H, wanted, most))
    finest = on_grid(max(wanted, 0), info.rate_step_ul_per_h, info.rate_digits)
    if finest != wanted:
        found.append(hard(ReasonCode.ROUNDED_RATE_UL_PER_H, wanted, finest))
    return found


def step(turn: Turn, request: StepRequested) -> None:
    """The tap that a due step up waits for."""
    slot = request.slot
    _note(turn, request, Action.STEP)
    reasons = _gate_of_person(request, Act.RAISE) + _gate_of_phase(turn, slot, Phase.INFUSING)
    reasons += against_a_rise(turn, slot)
    infusion = turn.pump(slot).infusion
    if infusion is None or not infusion.step_due:
        reasons.append(hard(ReasonCode.NO_STEP_DUE))
    elif not reasons:
        reasons += against_next_step(turn, slot)
    if reasons or request.actor is None:
        _refuse(turn, request, Action.STEP, reasons)
        return
    take_step(turn, slot, person=request.actor.person)
    _accept(turn, request)


def answer_delivery(turn: Turn, request: DeliveryAnswered) -> None:
    """What the nurse sees at the plunger. Driven waits on; stopped or cannot tell is stopped to be sure."""
    _note(turn, request, Action.ANSWER, text=request.answer.value)
    infusion = turn.pump(request.slot).infusion
    if turn.pump(request.slot).phase is not Phase.UNCERTAIN or infusion is None:
        _refuse(turn, request, Action.ANSWER, [hard(ReasonCode.WRONG_PHASE)])
        return
    if request.answer is not Answer.DRIVEN:
        stop_now(turn, request.slot, Why.ANSWERED)
    _accept(turn, request)


def acknowledge(turn: Turn, request: AcknowledgeRequested) -> None:
    """Somebody saw one alarm."""
    _note(turn, request, Action.ACKNOWLEDGE, value=request.alarm_id)
    alarm = next((each for each in turn.state.alarms if each.alarm_id == request.alarm_id), None)
    if alarm is None:
        _refuse(turn, request, Action.ACKNOWLEDGE, [hard(ReasonCode.NO_SUCH_ALARM)])
        return
    alarms.acknowledge(turn, alarm, None if request.actor is None else request.actor.person)
    if alarm.slot is not None and _tells(turn, alarm):
        acknowledge_pump(turn, alarm.slot)
    _accept(turn, request)


def _tells(turn: Turn, alarm: Alarm) -> bool:
    """Is a pump at rest still in the very alarm that was seen? Another alarm's acknowledgement leaves it alone."""
    pump = None if alarm.slot is None else turn.state.pump(alarm.slot)
    if pump is None or pump.phase in MOVING or pump.command is not None:
        return False
    told = None if pump.sighting.last is None else pump.sighting.last.alarm
    return told is not None and alarms.condition_of(told) is alarm.condition


def rearm(turn: Turn, request: RearmRequested) -> None:
    """A person looked at a pump in Fault, it stands still by its own report, and it is used again."""
    slot = request.slot
    _note(turn, request, Action.REARM)
    pump = turn.pump(slot)
    reasons = _gate_of_person(request, Act.REARM)
    if pump.phase is not Phase.FAULT:
        reasons.append(hard(ReasonCode.WRONG_PHASE))
    last = pump.sighting.last
    if pump.link is not LinkState.UP or last is None or last.drive is not Drive.STILL or pump.stop is not None:
        reasons.append(hard(ReasonCode.LINK_DOWN))
    if reasons:
        _refuse(turn, request, Action.REARM, reasons)
        return
    to(turn, slot, Phase.IDLE if pump.infusion is None else Phase.ENDED, Why.REARMED)
    _accept(turn, request)
