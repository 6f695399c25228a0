"""`evolve(state, fact)`: what a fact makes of the state. It applies, and never judges.

No limit, no library and no phase rule is consulted here, so a journal written under yesterday's rules folds to
what really happened. Total over all facts; a fact about a slot that this bed does not have is impossible by
construction and asserted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core import asset_facts
from pumpd.core import audio as a
from pumpd.core import container_facts as c
from pumpd.core import deliveries as d
from pumpd.core import facts as f
from pumpd.core import glimpses as g
from pumpd.core.answers import answers_with
from pumpd.core.authored import authored
from pumpd.core.authorship_facts import AuthorSettled
from pumpd.core.bolus_plan import bolus_in
from pumpd.core.cared import delivery_went
from pumpd.core.codes import CommandKind, Phase, TimeAway, Why
from pumpd.core.coursed import settled
from pumpd.core.delivering import bolus_told, delivering
from pumpd.core.departed import departed
from pumpd.core.departure_facts import DepartureFact
from pumpd.core.events import LinkState, LinkWhy
from pumpd.core.facts import Fact
from pumpd.core.given import recorded
from pumpd.core.hung import hung
from pumpd.core.look import time_left_ns
from pumpd.core.pace import ran
from pumpd.core.prepared import hung_in, risen
from pumpd.core.shifting import shifted_moments
from pumpd.core.sighted import sighted
from pumpd.core.signalling import hearing, signalling
from pumpd.core.standing import Standing, with_used
from pumpd.core.standstill import rate_waits, still_waiting
from pumpd.core.state import (
    ALARMS_MAX,
    LONG_AGO_NS,
    Alarm,
    BedState,
    Command,
    Hearing,
    Infusion,
    Leg,
    PumpState,
    Sighting,
)
from pumpd.core.steps import StepKind
from pumpd.core.units import Towards, duration_for_ns
from pumpd.core.walked import walked
from pumpd.core.waypoints import marked, shifted


def evolve(state: BedState, fact: Fact) -> BedState:
    """The state after one fact."""
    if isinstance(fact, f.PathFact):
        return replace(state, path=walked(state.path, fact))
    if isinstance(fact, DepartureFact):
        return departed(state, fact)
    if isinstance(fact, f.InfusionOrdered | c.ContainerChanged):
        state = replace(state, path=hung_in(state.path, _visit_of(state, fact)))
    if isinstance(fact, d.BeyondAgreed | d.BolusBegan):
        state = replace(state, path=risen(state.path, fact.slot))
    match fact:
        case f.BootStarted():
            return _booted(state, fact)
        case f.PersonAsked() | f.RequestRefused():
            unconfirmed = authored(state.unconfirmed, fact)
            return replace(state, answers=answers_with(state.answers, fact), unconfirmed=unconfirmed)
        case AuthorSettled():
            return replace(state, unconfirmed=authored(state.unconfirmed, fact))
        case f.ClockJumpSeen():
            return state  # for the journal and its readers: nothing is decided by them
        case f.JournalWent():
            return replace(state, journal_ok=fact.ok)
        case f.LibraryJudged():
            good = fact.judged.standing is Standing.GOOD
            return replace(state, judged=fact.judged, used=with_used(state.used, fact.judged) if good else state.used)
        case f.FilesDiffered():
            return replace(state, files_changed=fact.changed)
        case f.AlarmRaised() | f.AlarmAcknowledged() | f.AlarmOver() | f.AlarmCleared():
            return _alarm(state, fact)
        case a.AlarmRose() | a.AudioPaused() | a.AudioResumed():
            return signalling(state, fact)
        case a.SoundArmed() | a.SoundGone() | g.Listened():
            return replace(state, hearing=hearing(state.hearing, fact))
        case asset_facts.AssetDoubted():
            if fact.delivered is not None:
                state = recorded(state, fact.slot, fact.at_ns, fact.delivered)
            return state.with_pump(replace(state.on(fact.slot), asset_doubt=fact.why))
        case asset_facts.AssetConfirmed():
            pump = state.on(fact.slot)
            seen = replace(pump.sighting, readings=())  # they may be another pump's
            return state.with_pump(replace(pump, asset_doubt=None, sighting=seen))
        case f.LinkWent() | f.PumpRecognised() | g.Asked() | g.Seen() | g.Missed() | g.StopTried():
            return state.with_pump(sighted(state.on(fact.slot), fact))
        case f.CommandIssued() | f.CommandClosed():
            return _command(state, fact)
        case f.InfusionOrdered():
            return _ordered(state, fact)
        case f.LegPrepared() | f.StepReached() | f.StepTaken() | f.StepsByTap() | f.PlanCut() | f.QuestionAsked():
            pump = state.on(fact.slot)
            return state.with_pump(replace(pump, infusion=_planned(pump.due(), fact)))
        case d.AlarmStopped() | d.StartsUnlocked() | d.PauseNoted() | d.BeyondAgreed():
            return state.with_pump(delivering(state.on(fact.slot), fact))
        case d.BolusBegan() | d.BolusOver():
            return bolus_told(state, fact)
        case c.ContainerChanged() | c.LinePrimed() | c.LinePurged() | c.LineFlushed() | c.Balanced():
            return hung(state, fact)
        case f.RateWaits() | f.RateProgrammed() | f.RateDropped():
            pump = state.on(fact.slot)
            return state.with_pump(replace(pump, infusion=rate_waits(pump.due(), fact)))
        case f.RateGranted():
            return _rate_granted(state, fact)
        case f.PhaseChanged():
            return _phase_changed(state, fact)
        case f.Checkpoint():
            state = recorded(state, fact.slot, fact.at_ns, fact.delivered)
            pump = state.on(fact.slot)
            if pump.phase is not Phase.INFUSING:
                return state
            return state.with_pump(replace(pump, infusion=marked(pump.due(), fact.at_ns)))
        case _:
            assert_never(fact)


def fold(facts: tuple[Fact, ...], state: BedState | None = None) -> BedState:
    """The state that a journal tells."""
    folded = BedState() if state is None else state
    for fact in facts:
        folded = evolve(folded, fact)
    return folded


def _visit_of(state: BedState, fact: f.InfusionOrdered | c.ContainerChanged) -> str | None:
    """Whose container this is."""
    return fact.visit if isinstance(fact, f.InfusionOrdered) else state.on(fact.slot).due().visit


def _booted(state: BedState, fact: f.BootStarted) -> BedState:
    """Times of the old boot moved into the new one; slots of the configuration; nothing seen yet."""
    known = {pump.slot: pump for pump in state.pumps}
    return replace(
        state,
        boot=fact.boot,
        kernel_boot=fact.kernel_boot,
        boot_at_ns=fact.at_ns,
        bolus_at_ns=None if state.bolus_at_ns is None else state.bolus_at_ns + fact.shift_ns,
        judged=None,
        files_changed=(),
        journal_ok=True,
        audio_pause=None,
        hearing=Hearing(since_ns=fact.at_ns),
        path=shifted_moments(state.path, fact.shift_ns),
        unconfirmed=shifted_moments(state.unconfirmed, fact.shift_ns),
        pumps=tuple(
            _pump_booted(known.get(slot, PumpState(slot=slot)), fact) for slot in fact.slots
        ),
        alarms=tuple(
            replace(alarm, since_ns=alarm.since_ns + fact.shift_ns, audio_paused=False)
            for alarm in state.alarms
            if alarm.slot is None or alarm.slot in fact.slots
        ),
        history=tuple(
            replace(each, from_ns=each.from_ns + fact.shift_ns, to_ns=each.to_ns + fact.shift_ns)
            for each in state.history
        ),
    )  # fmt: skip


def _stopped_since_ns(infusion: Infusion, fact: f.BootStarted) -> int | None:
    """Where nobody knows for how long the machine was off, a pause has lasted too long to be gone on with."""
    if infusion.stopped_since_ns is None:
        return None
    if fact.away is TimeAway.UNKNOWN:
        return fact.at_ns - LONG_AGO_NS
    return infusion.stopped_since_ns + fact.shift_ns


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
            leg=None if leg is None else shifted(leg, shift),
            waiting=None
            if infusion.waiting is None
            else replace(infusion.waiting, since_ns=infusion.waiting.since_ns + shift),
            stopped_since_ns=_stopped_since_ns(infusion, fact),
            uncertain_since_ns=None if infusion.uncertain_since_ns is None else infusion.uncertain_since_ns + shift,
            lately=tuple(replace(each, until_ns=each.until_ns + shift) for each in infusion.lately),
            raised_at_ns=infusion.raised_at_ns + shift,
            steps_by_tap=True,
        )
    return replace(
        pump,
        phase_since_ns=pump.phase_since_ns + shift,
        trips=tuple(replace(trip, at_ns=trip.at_ns + shift) for trip in pump.trips),
        link=LinkState.DOWN,
        link_why=LinkWhy.STARTING,
        link_detail="the daemon has just started",
        link_since_ns=fact.at_ns,
        primed=None if pump.primed is None else replace(pump.primed, at_ns=pump.primed.at_ns + shift),
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


def _command(state: BedState, fact: f.CommandIssued | f.CommandClosed) -> BedState:
    pump = state.on(fact.slot)
    if isinstance(fact, f.CommandClosed):
        if pump.stop is not None and pump.stop.command_id == fact.command_id:
            return state.with_pump(replace(pump, stop=None))
        if pump.command is not None and pump.command.command_id == fact.command_id:
            seen = replace(pump.sighting, quiet_since_ns=fact.at_ns)
            return state.with_pump(replace(pump, command=None, sighting=seen))
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


def _patient(state: BedState, visit: str) -> str | None:
    found = state.path.visit(visit)
    return None if found is None else found.patient


def _ordered(state: BedState, fact: f.InfusionOrdered) -> BedState:
    duration_ns = sum(
        duration_for_ns(step.volume_nl, step.rate_ul_per_h, Towards.UP)
        for step in fact.programme.steps
        if step.kind is not StepKind.KVO
    )
    infusion = Infusion(
        infusion_id=fact.infusion_id,
        person=fact.person,
        order=fact.order,
        programme=fact.programme,
        entry=fact.entry,
        visit=fact.visit,
        patient=None if fact.visit is None else _patient(state, fact.visit),
        grant=fact.grant,
        override_reason=fact.override_reason,
        override_person=fact.override_person,
        started_ns=fact.at_ns,
        plan=fact.programme.steps,
        planned_end_ns=fact.at_ns + duration_ns,
        lease_s=fact.programme.lease_s,
        leased_ul_per_h=fact.programme.top_rate_ul_per_h,
        rate_ul_per_h=fact.programme.steps[0].rate_ul_per_h,
        delivered_at_ns=fact.at_ns,
    )
    pump = state.on(fact.slot)
    pump = replace(
        pump, primed=None, infusion=infusion, sighting=replace(pump.sighting, readings=())
    )  # they count the one before
    path = state.path
    if fact.visit is not None and fact.override_person is not None:
        path = settled(path, fact.visit, fact.grant)
    return replace(state.with_pump(pump), path=path, next_infusion_id=fact.infusion_id + 1)


_PlanFact = f.LegPrepared | f.StepReached | f.StepTaken | f.StepsByTap | f.PlanCut | f.QuestionAsked


def _planned(infusion: Infusion, fact: _PlanFact) -> Infusion:
    match fact:
        case f.LegPrepared():
            leg = Leg(
                granted=fact.granted, from_ns=fact.at_ns, base=infusion.delivered,
                whole_nl=fact.granted.volume_nl if fact.whole_nl is None else fact.whole_nl,
                fastest_ul_per_h=fact.granted.rate_ul_per_h, ends_container=fact.ends_container,
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
    state = recorded(state, fact.slot, fact.at_ns, fact.delivered)
    pump = state.on(fact.slot)
    infusion = marked(ran(pump.due(), fact.at_ns, fact.granted_ul_per_h), fact.at_ns, fact.granted_ul_per_h)
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
    pump = state.on(fact.slot)
    before = pump.phase
    # a prepare clears the counter, and a power failure may; a re-armed pump may be another one
    counter_gone = fact.phase is Phase.CHECKING or fact.why in (Why.REARMED, Why.PUMP_RESET)
    starts_anew = fact.phase in (Phase.CHECKING, Phase.STARTING)
    if pump.infusion is not None:
        state = recorded(state, fact.slot, fact.at_ns, fact.delivered)
        pump = state.on(fact.slot)
        infusion = pump.due()
        had_leg = infusion.leg is not None
        if before is Phase.INFUSING and fact.phase is not Phase.ENDED:
            left_ns = time_left_ns(infusion, infusion.delivered.low_nl)
            infusion = replace(infusion, planned_end_ns=fact.at_ns + left_ns)
        still = fact.phase in (Phase.STOPPED, Phase.ENDED, Phase.CHECKING)
        stopped_ns = infusion.stopped_since_ns if before is Phase.STOPPED else fact.at_ns
        rate, granted = infusion.rate_ul_per_h, infusion.granted_ul_per_h
        infusion = replace(
            infusion,
            # at rest the leg stands, since its counter tells when somebody starts the pump at its own keys
            leg=None if counter_gone else infusion.leg,
            granted_ul_per_h=None if still else granted,
            rate_ul_per_h=min(rate, granted) if still and granted is not None else rate,  # a raise that never was
            stopped_since_ns=stopped_ns if fact.phase is Phase.STOPPED else None,
            uncertain_since_ns=fact.at_ns if fact.phase is Phase.UNCERTAIN else None,
            question=False,
            pause=infusion.pause if fact.phase in (Phase.STOPPING, Phase.STOPPED) else None,
        )
        infusion = bolus_in(still_waiting(infusion, fact.phase), fact.phase)
        if fact.phase is Phase.INFUSING and before is Phase.STARTING:
            infusion = replace(infusion, raised_at_ns=fact.at_ns)
        if fact.phase is Phase.INFUSING:
            infusion = marked(infusion, fact.at_ns)
        starts_anew = starts_anew or (counter_gone and had_leg)
        pump = replace(pump, infusion=None if fact.phase is Phase.IDLE else infusion)
    if fact.why is Why.REARMED:
        pump = replace(pump, primed=None)  # whoever looked has the line in their hand again
    seen = pump.sighting
    if starts_anew:
        seen = replace(seen, readings=())
    elif fact.phase is Phase.INFUSING:
        seen = replace(seen, readings=seen.readings[-1:])  # what was read before it drove would measure it too slow
    state = state.with_pump(replace(pump, phase=fact.phase, why=fact.why, phase_since_ns=fact.at_ns, sighting=seen))
    return delivery_went(state, fact.slot, fact.phase, fact.at_ns)
