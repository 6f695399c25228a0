"""The walls, as they are judged on every decision of a search: written a second time, and not by the code that decides.

Each takes one decision (the state before, the request, what came of it) and tells what is wrong with it. A wall that
cannot be seen in one decision is judged in explore.py: that from every state a plain way leads back to rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pumpd.core import facts as f
from pumpd.core import requests as r
from pumpd.core.alarm_table import TABLE, Clears
from pumpd.core.arrival_requests import VisitOpenRequested
from pumpd.core.bed import still_stands
from pumpd.core.codes import Condition, Phase, Why
from pumpd.core.departure_requests import DischargeRequested, ExitRequested, MoveRequested
from pumpd.core.effects import ChangeRate, Effect, Extend, Observe, Prepare, Reply, Start, Stop, When
from pumpd.core.events import Booted
from pumpd.core.evolve import fold
from pumpd.core.people import Role
from pumpd.core.pump import Drive
from pumpd.core.state import ALARMS_MAX, Alarm, Infusion, PumpState, durable
from pumpd.core.steps import Step, StepMode
from pumpd.core.units import NS_PER_S
from pumpd.testing.bed_faults import carries_report, faults_of
from pumpd.testing.explore_judged import Judged, Wall
from pumpd.testing.explore_limits import no_start_crosses_a_hard_limit

MAY_RUN: Final = (Phase.CHECKING, Phase.STARTING, Phase.INFUSING, Phase.UNCERTAIN)
LOOK_LOST_NS: Final = 10 * NS_PER_S


def phases_go_along_the_table_and_by_report(each: Judged) -> Iterator[str]:
    """Walls 1 and 3: the table, the pump's own report, and the fold."""
    yield from faults_of(each.before, each.request, each.decision.facts, each.after)


def the_journal_alone_tells_the_same(each: Judged) -> Iterator[str]:
    """Walls 1 and 12: what is not journalled makes no difference to what is."""
    kept = tuple(fact for fact in each.decision.facts if getattr(fact, "DURABLE", True))
    if len(kept) < len(each.decision.facts) and durable(fold(kept, durable(each.before))) != durable(each.after):
        yield "the durable facts do not fold to the durable state"


def nothing_is_journalled_for_nothing(each: Judged) -> Iterator[str]:
    """Wall 1: an event that changes nothing and causes nothing leaves no row.

    What people ask is always kept, and so is evidence: a boot and what it read, who a pump said it is,
    that the host slept.
    """
    if isinstance(each.request, r.PersonRequest) or each.decision.effects:
        return
    evidence = f.BootStarted | f.PumpRecognised | f.ClockJumpSeen | f.LibraryJudged
    kept = [fact for fact in each.decision.facts if getattr(fact, "DURABLE", True) and not isinstance(fact, evidence)]
    if kept and each.after == each.before:
        yield f"journalled for nothing: {kept}"


def every_person_is_answered_once_with_reasons(each: Judged) -> Iterator[str]:
    replies = [effect for effect in each.wanted() if isinstance(effect, Reply)]
    expected = 1 if isinstance(each.request, r.PersonRequest) else 0
    if len(replies) != expected:
        yield f"{len(replies)} replies"
    if any(not reply.accepted and not reply.reasons for reply in replies):
        yield "refused without a reason"


def starts_and_raises_wait_for_the_journal(each: Judged) -> Iterator[str]:
    """Wall 6: after commit, with their row in the same decision, and never while the journal is down."""
    for effect in each.wanted():
        if not _raises(each, effect):
            if effect.when is not When.NOW:
                yield f"{effect} waits for the disk"
            continue
        if effect.when is not When.AFTER_COMMIT:
            yield f"{effect} does not wait for its row"
        if not each.before.journal_ok:
            yield f"{effect} while the journal is down"
        issued = [fact for fact in each.decision.facts if isinstance(fact, f.CommandIssued) and fact.raises]
        if getattr(effect, "command_id", None) not in [fact.command_id for fact in issued]:
            yield f"{effect} without its own row"


def _raises(each: Judged, effect: Effect) -> bool:
    """Is it a start, or a rate above the one that the pump was last known or told to run at?"""
    if isinstance(effect, ChangeRate):
        infusion = each.was(effect.slot).infusion
        return infusion is not None and effect.rate_ul_per_h > infusion.rate_ul_per_h
    return isinstance(effect, Start)


def nothing_is_faster_than_confirmed(each: Judged) -> Iterator[str]:
    """Wall 9: no command and no granted rate lies above the confirmed rates of the steps that have begun."""
    for effect in each.wanted():
        match effect:
            case Prepare():
                due = each.after.on(effect.slot).due()
                if effect.remaining.rate_ul_per_h > _confirmed(due):
                    yield f"{effect} is faster than confirmed"
                if effect.remaining.volume_nl + due.delivered.high_nl > due.total_nl:
                    yield f"{effect} is more than the plan"
            case ChangeRate():
                if effect.rate_ul_per_h > _confirmed(each.after.on(effect.slot).due()):
                    yield f"{effect} is faster than confirmed"
            case _:
                pass
    for pump in each.after.pumps:
        infusion = pump.infusion
        if infusion is not None and max(infusion.rate_ul_per_h, infusion.granted_ul_per_h or 0) > _confirmed(infusion):
            yield f"{pump.slot} is granted more than confirmed"


def _confirmed(infusion: Infusion) -> int:
    """What was read and signed, for the steps that have begun: the highest of them."""
    return max(step.rate_ul_per_h for step in infusion.plan[: infusion.step + 1])


def the_plan_rises_only_by_who_may(each: Judged) -> Iterator[str]:
    """Wall 9: a plan is cut freely; it rises for a person who read it, in the present step alone, or by a bolus.

    A rate beyond what the order lets titrate takes a second person, and one of the two has to prescribe; a bolus is
    a prescriber's, and no larger than the entry says.
    """
    for was in each.before.pumps:
        before, now, asked = was.infusion, each.after.on(was.slot).infusion, each.request
        if before is None or now is None or now.infusion_id != before.infusion_id:
            continue
        if len(now.plan) > len(before.plan):
            if not isinstance(asked, r.BolusRequested) or not _may_give_bolus(before, asked):
                yield f"the plan of {was.slot} grew by what is no bolus, or not by who may give one"
            continue
        steps = [step for step, (old, new) in enumerate(zip(before.plan, now.plan, strict=True)) if _rises(old, new)]
        if not steps and now.total_nl <= before.total_nl:
            continue
        if not isinstance(asked, r.RateRequested) or asked.actor is None or not asked.digest:
            yield f"the plan of {was.slot} rises unread"
        elif steps != [now.step] or now.plan[now.step].rate_ul_per_h > asked.rate_ul_per_h:
            yield f"the plan of {was.slot} rises by more than was asked"
        elif not _titrated(before, now.plan[now.step]) and not _two_agree(asked):
            yield f"the plan of {was.slot} rises beyond its order on one pair of eyes"


def _rises(old: Step, new: Step) -> bool:
    return new.rate_ul_per_h > old.rate_ul_per_h


def _may_give_bolus(infusion: Infusion, asked: r.BolusRequested) -> bool:
    allowed = None if infusion.entry is None else infusion.entry.bolus
    prescribes = asked.actor is not None and asked.actor.role is Role.PRESCRIBER
    fits = allowed is not None and asked.dose_ug_per_kg <= allowed.dose_ug_per_kg.hard
    return prescribes and fits and asked.digest != ""


def _titrated(before: Infusion, new: Step) -> bool:
    titrated = before.programme.titrated
    return titrated is not None and new.rate_ul_per_h - before.rate_ul_per_h <= titrated.up_by_ul_per_h


def _two_agree(asked: r.RateRequested) -> bool:
    if asked.actor is None or asked.override is None or asked.actor.person == asked.override.second.person:
        return False
    return Role.PRESCRIBER in (asked.actor.role, asked.override.second.role)


def a_step_up_is_let_by_a_person_or_the_order(each: Judged) -> Iterator[str]:
    """Wall 9: a tap, or an order of saline whose steps go by themselves, and then only while every gate is open."""
    for fact in each.decision.facts:
        if not isinstance(fact, f.StepTaken):
            continue
        infusion = each.was(fact.slot).due()
        if infusion.plan[fact.step].rate_ul_per_h <= infusion.rate_ul_per_h:
            continue
        tapped = isinstance(each.request, r.StepRequested) and fact.person is not None
        if not tapped and (infusion.programme.mode is StepMode.ASK or infusion.steps_by_tap):
            yield f"{fact.slot} steps up without a tap"
        if fact.step != infusion.step + 1:
            yield f"{fact.slot} leaves out a step"


def a_rise_needs_an_open_gate(each: Judged) -> Iterator[str]:
    """Walls 4, 6, 9, 10: link up, journal up, no doubt, no stop, no alarm at the pump, no lock."""
    for effect in each.wanted():
        if not (_raises(each, effect) or isinstance(effect, Prepare)):
            continue
        slot = getattr(effect, "slot", "")
        was, now = each.was(slot), each.after.on(slot)
        last = now.sighting.last
        closed = {
            "a stop is under way": now.stop is not None,
            "what it does is unknown": was.phase is Phase.UNCERTAIN and not carries_report(each.request),
            "it is in fault": Phase.FAULT in (was.phase, now.phase),
            "it is locked": now.locked_by is not None,
            "another command is under way": was.command is not None and not _ends_it(each, was),
        }
        if not isinstance(effect, Start):  # judged when it was prepared; the pump then stands prepared
            closed["its link is not up"] = now.link.value != "up"
            closed["it is in alarm"] = last is None or last.alarm is not None
        yield from (f"{effect} although {why}" for why, holds in closed.items() if holds)


def _ends_it(each: Judged, was: PumpState) -> bool:
    return was.command is not None and getattr(each.request, "command_id", None) == was.command.command_id


def stop_is_always_taken(each: Judged) -> Iterator[str]:
    """Wall 6: from anybody, in every phase; what waited for the disk does not stand any longer."""
    request = each.request
    if not isinstance(request, r.StopRequested) or (request.slot and each.before.pump(request.slot) is None):
        return
    if not all(reply.accepted for reply in each.wanted() if isinstance(reply, Reply)):
        yield "a STOP was refused"
    for pump in each.after.pumps:
        if request.slot not in (None, pump.slot):
            continue
        if not any(isinstance(effect, Stop) and effect.slot == pump.slot for effect in each.wanted()):
            yield f"no stop is sent to {pump.slot}"
        if pump.phase in MAY_RUN:
            yield f"{pump.slot} is {pump.phase.value} after a STOP"
    yield from _stands_beside_a_stop(each)


def _stands_beside_a_stop(each: Judged) -> Iterator[str]:
    for was in each.before.pumps:
        pump = each.after.on(was.slot)
        if was.command is not None and pump.stop is not None:
            command_id = was.command.command_id
            waiting = (
                Start(slot=pump.slot, command_id=command_id),
                ChangeRate(slot=pump.slot, command_id=command_id, rate_ul_per_h=1, when=When.AFTER_COMMIT),
            )
            if any(still_stands(each.after, effect) for effect in waiting):
                yield f"what waited for the disk still stands beside the stop of {pump.slot}"


def a_stop_is_given_up_only_on_a_report(each: Judged) -> Iterator[str]:
    """Wall 4: sent until a report shows no drive. A restart drops it, and then it is doubt or a new one."""
    if isinstance(each.request, Booted):
        return
    for was in each.before.pumps:
        pump = each.after.on(was.slot)
        if was.stop is None or pump.stop is not None:
            continue
        last = pump.sighting.last
        if not carries_report(each.request) or last is None or last.drive is not Drive.STILL:
            yield f"the stop of {was.slot} was given up without a report of no drive"


def restart_trusts_nothing(each: Judged) -> Iterator[str]:
    """Wall 12: what may have moved is in doubt or being stopped."""
    if not isinstance(each.request, Booted):
        return
    for was in each.before.pumps:
        phase = each.after.on(was.slot).phase
        if was.phase in (Phase.STARTING, Phase.INFUSING, Phase.UNCERTAIN) and phase is not Phase.UNCERTAIN:
            yield f"{was.slot} is {phase.value} after a restart"
        if was.phase in (Phase.CHECKING, Phase.STOPPING, Phase.FAULT) and each.after.on(was.slot).stop is None:
            yield f"{was.slot} was {was.phase.value} and is not being stopped after a restart"


def only_the_loop_renews_a_lease(each: Judged) -> Iterator[str]:
    """Wall 8: one look at a time, asked for after the last was taken in, or lost."""
    looked: set[str] = set()
    for effect in each.wanted():
        if not isinstance(effect, Observe | Extend):
            continue
        since_ns = each.was(effect.slot).sighting.asking_since_ns
        if effect.slot in looked or (since_ns is not None and each.request.at_ns - since_ns < LOOK_LOST_NS):
            yield f"{effect.slot} is asked again before its last look was taken in"
        looked.add(effect.slot)


def what_infuses_is_whole(each: Judged) -> Iterator[str]:
    """Infusing: a leg, a read-back rate. At rest: neither command to rise nor a rate granted."""
    for pump in each.after.pumps:
        infusion = pump.infusion
        if (infusion is None) != (pump.phase is Phase.IDLE or (pump.phase is Phase.FAULT and infusion is None)):
            yield f"{pump.slot} is {pump.phase.value} and has {'no' if infusion is None else 'an'} infusion"
        if pump.phase is Phase.INFUSING and (infusion is None or infusion.leg is None or not infusion.granted_ul_per_h):
            yield f"{pump.slot} infuses without a leg or a granted rate"
        if (
            pump.phase in (Phase.STOPPED, Phase.ENDED)
            and infusion is not None
            and infusion.granted_ul_per_h is not None
        ):
            yield f"{pump.slot} stands still at a granted rate"


def what_is_in_stays_in(each: Judged) -> Iterator[str]:
    """Wall 11: the lower bound of what is in never falls, and the bounds never cross."""
    for was in each.before.pumps:
        pump = each.after.pump(was.slot)
        if pump is None or pump.infusion is None or was.infusion is None:
            continue
        if pump.infusion.infusion_id != was.infusion.infusion_id:
            continue
        if pump.infusion.delivered.low_nl < was.infusion.delivered.low_nl:
            yield f"what went in at {was.slot} went out again"


def alarms_are_those_of_the_table(each: Judged) -> Iterator[str]:
    """One table, each condition once, with its own priority, or what that becomes when nobody comes; it never falls."""
    alarms = each.after.alarms
    if len(alarms) > ALARMS_MAX or len({(alarm.condition, alarm.slot) for alarm in alarms}) != len(alarms):
        yield "an alarm stands twice"
    before = {alarm.alarm_id: alarm.priority for alarm in each.before.alarms}
    for alarm in alarms:
        row = TABLE[alarm.condition]
        lasted_ns = each.request.at_ns - alarm.since_ns
        risen = row.rises is not None and alarm.priority is row.rises.to and lasted_ns >= row.rises.after_s * NS_PER_S
        if alarm.priority is not row.priority and not risen:
            yield f"{alarm.condition.value} has priority {alarm.priority.name}"
        if alarm.priority.value < before.get(alarm.alarm_id, alarm.priority).value:
            yield f"{alarm.condition.value} fell to {alarm.priority.name}"


def latching_alarms_wait_to_be_seen(each: Judged) -> Iterator[str]:
    """Acknowledging one touches no other; one that latches goes only when it was seen, or is raised anew."""
    after = {alarm.alarm_id: alarm for alarm in each.after.alarms}
    raised = {(alarm.condition, alarm.slot) for alarm in each.after.alarms}
    over = {fact.alarm_id for fact in each.decision.facts if isinstance(fact, f.AlarmOver)}
    acknowledging = isinstance(each.request, r.AcknowledgeRequested)
    for alarm in each.before.alarms:
        now, seen = after.get(alarm.alarm_id), _sees(each, alarm)
        if acknowledging and not seen and now != alarm:
            yield f"acknowledging another alarm touched {alarm.condition.value}"
        if now is not None and now.acknowledged and not alarm.acknowledged and not seen:
            yield f"{alarm.condition.value} was acknowledged by nobody"
        latches = TABLE[alarm.condition].clears is not Clears.ITSELF
        anew = (alarm.condition, alarm.slot) in raised
        if now is None and latches and not (alarm.acknowledged or seen or anew):
            yield f"{alarm.condition.value} was cleared unseen"
        if now is None and latches and anew and not (alarm.over or alarm.alarm_id in over):
            yield f"{alarm.condition.value} is raised again while it lasts"


def _sees(each: Judged, alarm: Alarm) -> bool:
    """Does this request mean that a person has seen this alarm? Some end a condition with their own hands."""
    match each.request:
        case r.AcknowledgeRequested(alarm_id=alarm_id):
            return alarm_id == alarm.alarm_id
        case r.DeliveryAnswered(slot=slot):
            return alarm.condition is Condition.DELIVERY_UNKNOWN and alarm.slot == slot
        case r.RearmRequested(slot=slot):  # what it takes back may have been for a patient who has left since
            return alarm.condition in (Condition.REPEATED_ALARM, Condition.ENDED) and alarm.slot == slot
        case MoveRequested() | DischargeRequested() | ExitRequested() | VisitOpenRequested():
            return alarm.condition is Condition.ENDED  # whoever says that a patient has left, or does it for them
        case r.StartRequested(slot=slot):
            return alarm.condition is Condition.ENDED and alarm.slot == slot
        case _:
            return False


def doubt_has_its_reason(each: Judged) -> Iterator[str]:
    """Wall 4: from doubt, good news needs the pump's report and its name; nothing starts a second time out of it."""
    for fact in each.decision.facts:
        if not isinstance(fact, f.PhaseChanged) or fact.phase is not Phase.INFUSING:
            continue
        was = each.was(fact.slot)
        if was.phase is Phase.UNCERTAIN and was.link.value != "up":
            yield f"{fact.slot} goes on before it named itself"
        if fact.why is not Why.REPORTED_DRIVING:
            yield f"{fact.slot} infuses, why: {fact.why.value}"


WALLS: Final[tuple[Wall, ...]] = (
    phases_go_along_the_table_and_by_report,
    the_journal_alone_tells_the_same,
    nothing_is_journalled_for_nothing,
    every_person_is_answered_once_with_reasons,
    starts_and_raises_wait_for_the_journal,
    nothing_is_faster_than_confirmed,
    the_plan_rises_only_by_who_may,
    a_step_up_is_let_by_a_person_or_the_order,
    a_rise_needs_an_open_gate,
    stop_is_always_taken,
    a_stop_is_given_up_only_on_a_report,
    restart_trusts_nothing,
    only_the_loop_renews_a_lease,
    what_infuses_is_whole,
    what_is_in_stays_in,
    alarms_are_those_of_the_table,
    latching_alarms_wait_to_be_seen,
    doubt_has_its_reason,
    no_start_crosses_a_hard_limit,
)


def judge(each: Judged) -> list[str]:
    """Everything that is wrong with a decision, with the wall that says so."""
    return [f"{wall.__name__}: {wrong}" for wall in WALLS for wrong in wall(each)]
