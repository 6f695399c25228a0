"""`evolve(state, fact)`: what a fact makes of the state. It applies, and never judges.

No limit, no library and no phase rule is consulted here, so a journal written under yesterday's rules folds to
what really happened. Total over all facts; a fact about a slot that this bed does not have is impossible by
construction and asserted.

The volume that a fact carries also goes into `history`, as drug given over the stretch since the last such fact,
by the upper ends: that is what the rolling windows count, in this boot and across boots.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core import facts as f
from pumpd.core.codes import CommandKind, Given, Phase
from pumpd.core.delivered import Interval, monotone
from pumpd.core.facts import Fact
from pumpd.core.look import time_left_ns
from pumpd.core.requests import LinkState
from pumpd.core.state import (
    ALARMS_MAX,
    HISTORY_MAX,
    READINGS_MAX,
    Alarm,
    BedState,
    Command,
    Infusion,
    Leg,
    PumpState,
    Reading,
    Sighting,
)
from pumpd.core.units import Towards, duration_for_ns, mass_ng


def evolve(state: BedState, fact: Fact) -> BedState:
    """The state after one fact."""
    match fact:
        case f.BootStarted():
            return _booted(state, fact)
        case f.PersonAsked() | f.RequestRefused() | f.ClockJumpSeen():
            return state  # for the journal and its readers: nothing is decided by them
        case f.JournalWent():
            return replace(state, journal_ok=fact.ok)
        case f.AlarmRaised() | f.AlarmAcknowledged() | f.AlarmOver() | f.AlarmCleared():
            return _alarm(state, fact)
        case f.LinkWent() | f.PumpRecognised() | f.Asked() | f.Seen() | f.Missed() | f.StopTried():
            return state.with_pump(_sighted(_pump(state, fact.slot), fact))
        case f.CommandIssued() | f.CommandClosed():
            return _command(state, fact)
        case f.InfusionOrdered():
            return _ordered(state, fact)
        case f.LegPrepared() | f.StepReached() | f.StepTaken() | f.StepsByTap() | f.PlanCut() | f.QuestionAsked():
            pump = _pump(state, fact.slot)
            return state.with_pump(replace(pump, infusion=_planned(_infusion(pump), fact)))
        case f.RateGranted():
            return _rate_granted(state, fact)
        case f.PhaseChanged():
            return _phase_changed(state, fact)
        case f.Checkpoint():
            return _recorded(state, fact.slot, fact.at_ns, fact.delivered)
        case _:
            assert_never(fact)


def fold(facts: tuple[Fact, ...], state: BedState | None = None) -> BedState:
    """The state that a journal tells."""
    folded = BedState() if state is None else state
    for fact in facts:
        folded = evolve(folded, fact)
    return folded


def _pump(state: BedState, slot: str) -> PumpState:
    pump = state.pump(slot)
    assert pump is not None, slot
    return pump


def _infusion(pump: PumpState) -> Infusion:
    assert pump.infusion is not None, pump.slot
    return pump.infusion


def _booted(state: BedState, fact: f.BootStarted) -> BedState:
    """Times of the old boot moved into the new one; slots of the configuration; nothing seen yet."""
    known = {pump.slot: pump for pump in state.pumps}
    return replace(
        state,
        boot=fact.boot,
        kernel_boot=fact.kernel_boot,
        boot_at_ns=fact.at_ns,
        journal_ok=True,
        pumps=tuple(
            _pump_booted(known.get(slot, PumpState(slot=slot)), fact) for slot in fact.slots
        ),
        alarms=tuple(replace(alarm, since_ns=alarm.since_ns + fact.shift_ns) for alarm in state.alarms),
        history=tuple(
            replace(each, from_ns=each.from_ns + fact.shift_ns, to_ns=each.to_ns + fact.shift_ns)
            for each in state.history
        ),
    )  # fmt: skip


def _pump_booted(pump: PumpState, fact: f.BootStarted) -> PumpState:
    shift = fact.shift_ns
    infusion = pump.infusion
    if infusion is not None:
        leg = infusion.leg
        infusion = replace(
            infusion,
            started_ns=infusion.started_ns + shift,
            planned_end_ns=infusion.planned_end_ns + shift,
            delivered_at_ns=infusion.delivered_at_ns + shift,
            leg=None if leg is None else replace(leg, from_ns=leg.from_ns + shift),
            stopped_since_ns=None if infusion.stopped_since_ns is None else infusion.stopped_since_ns + shift,
            uncertain_since_ns=None if infusion.uncertain_since_ns is None else infusion.uncertain_since_ns + shift,
            steps_by_tap=True,
        )
    return replace(
        pump,
        phase_since_ns=pump.phase_since_ns + shift,
        link=LinkState.DOWN,
        link_detail="the daemon has just started",
        link_since_ns=fact.at_ns,
        infusion=infusion,
        command=None,
        stop=None,
        sighting=Sighting(),
    )


_AlarmFact = f.AlarmRaised | f.AlarmAcknowledged | f.AlarmOver | f.AlarmCleared


def _alarm(state: BedState, fact: _AlarmFact) -> BedState:
    if isinstance(fact, f.AlarmRaised):
        raised = Alarm(
            alarm_id=fact.alarm_id, slot=fact.slot, condition=fact.condition, priority=fact.priority,
            since_ns=fact.at_ns, value=fact.value, detail=fact.detail,
        )  # fmt: skip
        assert len(state.alarms) < ALARMS_MAX, state.alarms
        return replace(state, alarms=(*state.alarms, raised), next_alarm_id=fact.alarm_id + 1)
    if isinstance(fact, f.AlarmCleared):
        return replace(state, alarms=tuple(a for a in state.alarms if a.alarm_id != fact.alarm_id))
    if isinstance(fact, f.AlarmOver):
        return replace(
            state,
            alarms=tuple(replace(a, over=True) if a.alarm_id == fact.alarm_id else a for a in state.alarms),
        )
    return replace(
        state,
        alarms=tuple(
            replace(a, acknowledged=True, acknowledged_by=fact.person) if a.alarm_id == fact.alarm_id else a
            for a in state.alarms
        ),
    )


_SightFact = f.LinkWent | f.PumpRecognised | f.Asked | f.Seen | f.Missed | f.StopTried


def _sighted(pump: PumpState, fact: _SightFact) -> PumpState:
    seen = pump.sighting
    match fact:
        case f.LinkWent():
            link = LinkState(fact.link)
            return replace(pump, link=link, link_detail=fact.detail, link_since_ns=fact.at_ns)
        case f.PumpRecognised():
            return replace(pump, identified=fact.identified, sighting=replace(seen, asking_since_ns=None, missed=0))
        case f.Asked():
            return replace(pump, sighting=replace(seen, asking_since_ns=fact.at_ns, asked_at_ns=fact.at_ns))
        case f.Missed():
            return replace(pump, sighting=replace(seen, asking_since_ns=None, missed=seen.missed + 1))
        case f.StopTried():
            return replace(pump, sighting=replace(seen, stop_pending=fact.pending))
        case f.Seen():
            return replace(pump, sighting=_with_report(seen, fact))
        case _:
            assert_never(fact)


def _with_report(seen: Sighting, fact: f.Seen) -> Sighting:
    readings = seen.readings
    if fact.report.infused_nl is not None:
        reading = Reading(
            asked_at_ns=fact.asked_at_ns, at_ns=fact.at_ns,
            infused_nl=fact.report.infused_nl, step_nl=fact.report.step_nl,
        )  # fmt: skip
        readings = (*readings, reading)[-READINGS_MAX:]
    return replace(seen, asking_since_ns=None, last=fact.report, last_at_ns=fact.at_ns, readings=readings, missed=0)


def _command(state: BedState, fact: f.CommandIssued | f.CommandClosed) -> BedState:
    pump = _pump(state, fact.slot)
    if isinstance(fact, f.CommandClosed):
        if pump.stop is not None and pump.stop.command_id == fact.command_id:
            return state.with_pump(replace(pump, stop=None))
        if pump.command is not None and pump.command.command_id == fact.command_id:
            return state.with_pump(replace(pump, command=None))
        return state
    command = Command(
        command_id=fact.command_id, kind=fact.command, at_ns=fact.at_ns,
        rate_ul_per_h=fact.rate_ul_per_h, raises=fact.raises,
    )  # fmt: skip
    stops = fact.command is CommandKind.STOP
    pump = replace(pump, stop=command) if stops else replace(pump, command=command)
    infusion = pump.infusion
    if fact.command is CommandKind.CHANGE_RATE and infusion is not None and fact.rate_ul_per_h is not None:
        leg = infusion.leg
        if leg is not None:
            leg = replace(leg, fastest_ul_per_h=max(leg.fastest_ul_per_h, fact.rate_ul_per_h))
        pump = replace(pump, infusion=replace(infusion, rate_ul_per_h=fact.rate_ul_per_h, leg=leg))
    return replace(state.with_pump(pump), next_command_id=fact.command_id + 1)


def _ordered(state: BedState, fact: f.InfusionOrdered) -> BedState:
    duration_ns = sum(duration_for_ns(s.volume_nl, s.rate_ul_per_h, Towards.UP) for s in fact.programme.steps)
    infusion = Infusion(
        infusion_id=fact.infusion_id,
        person=fact.person,
        order=fact.order,
        programme=fact.programme,
        grant=fact.grant,
        override_reason=fact.override_reason,
        override_person=fact.override_person,
        started_ns=fact.at_ns,
        plan=fact.programme.steps,
        planned_end_ns=fact.at_ns + duration_ns,
        rate_ul_per_h=fact.programme.steps[0].rate_ul_per_h,
        delivered_at_ns=fact.at_ns,
    )
    pump = replace(_pump(state, fact.slot), infusion=infusion)
    return replace(state.with_pump(pump), next_infusion_id=fact.infusion_id + 1)


_PlanFact = f.LegPrepared | f.StepReached | f.StepTaken | f.StepsByTap | f.PlanCut | f.QuestionAsked


def _planned(infusion: Infusion, fact: _PlanFact) -> Infusion:
    match fact:
        case f.LegPrepared():
            leg = Leg(
                granted=fact.granted, from_ns=fact.at_ns, base=infusion.delivered,
                fastest_ul_per_h=fact.granted.rate_ul_per_h,
            )  # fmt: skip
            return replace(
                infusion, leg=leg, granted_ul_per_h=fact.granted.rate_ul_per_h,
                rate_ul_per_h=fact.granted.rate_ul_per_h, delivered_at_ns=fact.at_ns,
            )  # fmt: skip
        case f.StepReached():
            return replace(infusion, step_due=fact.waits)
        case f.StepTaken():
            return replace(infusion, step=fact.step, step_due=False)
        case f.StepsByTap():
            return replace(infusion, steps_by_tap=True)
        case f.PlanCut():
            return replace(infusion, plan=fact.plan, planned_end_ns=fact.planned_end_ns)
        case f.QuestionAsked():
            return replace(infusion, question=True)
        case _:
            assert_never(fact)


def _rate_granted(state: BedState, fact: f.RateGranted) -> BedState:
    state = _recorded(state, fact.slot, fact.at_ns, fact.delivered)
    pump = _pump(state, fact.slot)
    infusion = _infusion(pump)
    leg = infusion.leg
    infusion = replace(
        infusion,
        rate_ul_per_h=fact.asked_ul_per_h,
        granted_ul_per_h=fact.granted_ul_per_h,
        leg=None if leg is None else replace(leg, fastest_ul_per_h=fact.granted_ul_per_h),
    )
    # a measured rate over a change of rate would mean nothing: the window starts again
    seen = replace(pump.sighting, readings=pump.sighting.readings[-1:])
    return state.with_pump(replace(pump, infusion=infusion, sighting=seen))


def _phase_changed(state: BedState, fact: f.PhaseChanged) -> BedState:
    pump = _pump(state, fact.slot)
    before = pump.phase
    if pump.infusion is not None:
        state = _recorded(state, fact.slot, fact.at_ns, fact.delivered)
        pump = _pump(state, fact.slot)
        infusion = _infusion(pump)
        if before is Phase.INFUSING and fact.phase is not Phase.ENDED:
            left_ns = time_left_ns(infusion, infusion.delivered.low_nl)
            infusion = replace(infusion, planned_end_ns=fact.at_ns + (left_ns or 0))
        still = fact.phase in (Phase.STOPPED, Phase.ENDED, Phase.CHECKING)
        stopped_ns = infusion.stopped_since_ns if before is Phase.STOPPED else fact.at_ns
        infusion = replace(
            infusion,
            leg=None if still else infusion.leg,
            granted_ul_per_h=None if still else infusion.granted_ul_per_h,
            stopped_since_ns=stopped_ns if fact.phase is Phase.STOPPED else None,
            uncertain_since_ns=fact.at_ns if fact.phase is Phase.UNCERTAIN else None,
            question=False,
        )
        pump = replace(pump, infusion=None if fact.phase is Phase.IDLE else infusion)
    seen = pump.sighting
    if fact.phase in (Phase.CHECKING, Phase.STARTING):
        seen = replace(seen, readings=())  # the counter starts anew
    return state.with_pump(replace(pump, phase=fact.phase, why=fact.why, phase_since_ns=fact.at_ns, sighting=seen))


def _recorded(state: BedState, slot: str, at_ns: int, delivered: Interval) -> BedState:
    """The infusion with this interval on record, and the drug that it adds in the history."""
    pump = _pump(state, slot)
    infusion = _infusion(pump)
    now = monotone(infusion.delivered, delivered)
    more_nl = max(0, now.high_nl - infusion.delivered.high_nl)
    state = state.with_pump(replace(pump, infusion=replace(infusion, delivered=now, delivered_at_ns=at_ns)))
    concentration = infusion.programme.concentration_ug_per_ml
    if more_nl == 0 or concentration == 0:
        return state
    given = Given(
        drug=infusion.programme.drug,
        from_ns=min(infusion.delivered_at_ns, at_ns),
        to_ns=at_ns,
        mass_ng=mass_ng(more_nl, concentration, Towards.UP),
    )
    # oldest dropped first: 512 stretches of 30 s reach back over 2 h for two pumps, the widest window is 1 h
    return replace(state, history=(*state.history, given)[-HISTORY_MAX:])
