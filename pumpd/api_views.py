"""The bed's state -> what crosses the socket: texts put beside codes and values, nothing decided.

Whether a button can be pressed is not worked out here a second time: the bed's own `decide` is asked what it
would answer to a nurse now. It is pure, so the question changes nothing, and a page can never offer what
the bed would refuse for a reason that it knew.

Every quantity that is unknown stays None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypedDict

from pumpd import api_models as m
from pumpd import words, words_bed, words_library, words_reasons, words_review, words_rises
from pumpd.api_doses import Dosed, concentration_text
from pumpd.api_gauges import fitted, step_left
from pumpd.api_moment import Moment
from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import decide
from pumpd.core.codes import PauseReason, Phase, Priority, Reason, ReasonCode, Severity
from pumpd.core.containers import in_line_nl
from pumpd.core.effects import Reply
from pumpd.core.in_force import FORBIDS_A_NEW_START
from pumpd.core.look import Look, look
from pumpd.core.order import Order
from pumpd.core.people import Role
from pumpd.core.pump import IdentityKind
from pumpd.core.rise_check import waiting
from pumpd.core.signals import signal, sounding
from pumpd.core.state import Alarm, BedState, Infusion, PumpState
from pumpd.core.steps import StepMode
from pumpd.core.turn import Setup, Turn
from pumpd.core.units import NS_PER_MS
from pumpd.words_links import link_text

_PRIORITIES: Final[Mapping[Priority, m.PriorityName]] = {
    Priority.PROMPT: "prompt",
    Priority.LOW: "low",
    Priority.MEDIUM: "medium",
    Priority.HIGH: "high",
}
# gates of a start that no order can change; everything else is for the review
_GATES_OF_START: Final = frozenset(
    {
        ReasonCode.WRONG_PHASE,
        ReasonCode.DELIVERY_UNKNOWN,
        ReasonCode.NEEDS_REARM,
        ReasonCode.JOURNAL_DOWN,
        ReasonCode.LINK_DOWN,
        ReasonCode.PUMP_UNKNOWN,
        ReasonCode.PUMP_IN_ALARM,
        ReasonCode.REPEATED_ALARM,
        ReasonCode.COMMAND_PENDING,
        ReasonCode.PUMP_NOT_CONFIRMED,
    }
) | frozenset(FORBIDS_A_NEW_START)


class Common(TypedDict):
    """What every request of a person has."""

    at_ns: int
    request_id: str
    actor: Actor | None
    asked_at_ns: int | None


_NURSE: Final = Actor(person="", role=Role.NURSE)
_NO_ORDER: Final = Order(regimen="", day=1, weight_g=70_000, height_mm=1_700, container="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which bed this is, and what is written on its pumps."""

    site: str
    ward: str
    bed: str
    assets: Mapping[str, str] = field(default_factory=dict)  # slot -> label on the housing
    people: Mapping[str, str] = field(default_factory=dict)  # account id -> name
    site_key: bytes | None = field(default=None, repr=False)  # under which courses travel; None: they do not


def bed_view(state: BedState, setup: Setup, place: Place, at: Moment, number: int) -> m.BedView:
    return m.BedView(
        site=place.site,
        ward=place.ward,
        bed=place.bed,
        boot=state.boot,
        number=number,
        training=setup.training,
        library=library_view(state),
        ts_ms=at.wall_ms,
        journal_ok=state.journal_ok,
        journal_text=None if state.journal_ok else _said(ReasonCode.JOURNAL_DOWN),
        sounding=sounding(state),
        audio_paused_until_ts_ms=None if state.audio_pause is None else at.ts_ms(state.audio_pause.until_ns),
        audio_paused_by=None if state.audio_pause is None else _name(state.audio_pause.person, place),
        alarms=tuple(
            alarm_view(alarm, place, at)
            for alarm in sorted(state.alarms, key=lambda each: (-each.priority.value, each.since_ns))
        ),
        pumps=tuple(pump_view(state, pump, setup, place, at) for pump in state.pumps),
        visit=None if state.path.at_bed is None else state.path.at_bed.visit,
    )


def library_view(state: BedState) -> m.LibraryView:
    judged = state.judged
    return m.LibraryView(
        name="" if judged is None else judged.name,
        version="" if judged is None else judged.version,
        sha256="" if judged is None else judged.sha256,
        standing=None if judged is None else judged.standing,
        text=words_library.library_text(judged),
    )


def alarm_view(alarm: Alarm, place: Place, at: Moment) -> m.AlarmView:
    return m.AlarmView(
        alarm_id=alarm.alarm_id,
        slot=alarm.slot,
        condition=alarm.condition,
        priority=_PRIORITIES[alarm.priority],
        text=words_bed.alarm_text(alarm),
        todo=words_bed.alarm_todo(alarm.condition),
        detail=alarm.detail,
        since_ts_ms=at.ts_ms(alarm.since_ns),
        acknowledged=alarm.acknowledged,
        acknowledged_by=_name(alarm.acknowledged_by, place),
        over=alarm.over,
        sounding=signal(alarm).sounding,
        colour=signal(alarm).colour,
        flash=signal(alarm).flash,
    )


def _name(person: str | None, place: Place) -> str | None:
    return None if person is None else place.people.get(person, person)


# --- one pump -------------------------------------------------------------------------------------------


def pump_view(state: BedState, pump: PumpState, setup: Setup, place: Place, at: Moment) -> m.PumpView:
    info = setup.info(pump.slot)
    seen = look(pump, info, at.now_ns, state.boot_at_ns)
    infusion = pump.infusion
    dosed = None if infusion is None else Dosed.of(infusion)
    running = seen.left_ns is not None and pump.phase in (Phase.STARTING, Phase.INFUSING)
    lasts_ns = seen.container_left_ns if running else None
    step_left_ns = step_left(infusion, seen) if running and infusion is not None else None
    return m.PumpView(
        slot=pump.slot,
        title=info.title,
        asset=place.assets.get(pump.slot, ""),
        verified_on_hardware=info.verified_on_hardware,
        identity_text=_identity_text(pump, info.identity),
        cannot_detect=(words_review.cannot_detect(info),),
        **fitted(pump.sighting.last, info),
        link=pump.link,
        link_why=pump.link_why,
        link_text=link_text(pump.link, pump.link_why),
        link_detail=pump.link_detail,
        drive=seen.drive,
        phase=pump.phase,
        why=pump.why,
        phase_text=words_bed.PHASES[pump.phase],
        why_text="" if pump.phase is Phase.IDLE else words_bed.WHYS[pump.why],
        phase_since_ts_ms=at.ts_ms(pump.phase_since_ns),
        infusion=None if infusion is None else infusion_view(infusion, seen, setup, place, at),
        asked=_rate_or_none(seen.asked_ul_per_h, dosed),
        granted=_rate_or_none(seen.granted_ul_per_h, dosed),
        measured=_measured(seen, dosed),
        delivered=None if dosed is None else dosed.delivered(seen.delivered.low_nl, seen.delivered.high_nl),
        remaining=None if dosed is None else dosed.volume(seen.remaining_nl),
        left_ms=seen.left_ns // NS_PER_MS if running and seen.left_ns is not None else None,
        left_text=words.duration_ns(seen.left_ns) if running and seen.left_ns is not None else None,
        planned_end_text=at.clock_text(at.now_ns + seen.left_ns) if running and seen.left_ns is not None else None,
        step_left_ms=None if step_left_ns is None else step_left_ns // NS_PER_MS,
        step_left_text=None if step_left_ns is None else words.duration_ns(step_left_ns),
        container_left_ms=lasts_ns // NS_PER_MS if lasts_ns is not None else None,
        container_left_text=words.duration_ns(lasts_ns) if lasts_ns is not None else None,
        container_end_text=at.clock_text(at.now_ns + lasts_ns) if lasts_ns is not None else None,
        asset_in_doubt=pump.asset_in_doubt,
        in_line=_in_line(pump, dosed),
        question=words_bed.QUESTION if infusion is not None and infusion.question else None,
        command_pending=pump.command is not None or pump.stop is not None,
        age_ms=None if seen.age_ns is None else seen.age_ns // NS_PER_MS,
        rise_to_check=_rise_waits(state, pump, setup, at),
        buttons=buttons(state, pump, setup, at.now_ns),
    )


def _rise_waits(state: BedState, pump: PumpState, setup: Setup, at: Moment) -> bool:
    """A rise beyond the programme, or a bolus, waits here for a second person."""
    visit = state.path.at_bed
    rise = None if visit is None else waiting(Turn(state, setup, at.now_ns), visit)
    return rise is not None and rise.slot == pump.slot


def infusion_view(infusion: Infusion, seen: Look, setup: Setup, place: Place, at: Moment) -> m.InfusionView:
    programme, order = infusion.programme, infusion.order
    dosed = Dosed.of(infusion)
    regimen = setup.rules.catalogue.regimen(order.regimen)
    container = None if infusion.entry is None else infusion.entry.container(order.container)
    bolus = None if infusion.entry is None else infusion.entry.bolus
    following = infusion.step + 1
    return m.InfusionView(
        infusion_id=infusion.infusion_id,
        regimen=order.regimen,
        regimen_title=order.regimen if regimen is None else regimen.title,
        visit=infusion.visit,
        day=order.day,
        container_title=order.container if container is None else container.title,
        started_by=place.people.get(infusion.person, infusion.person),
        drug=programme.drug,
        high_alert=programme.high_alert,
        concentration_ug_per_ml=programme.concentration_ug_per_ml,
        concentration_text=concentration_text(programme.concentration_ug_per_ml),
        weight_text=words.weight(order.weight_g),
        patient_weight_g=order.actual_weight_g or order.weight_g,
        mode=StepMode.ASK if infusion.steps_by_tap else programme.mode,
        step=infusion.step + 1,
        steps=seen.steps,
        step_due=infusion.step_due,
        next_rate=dosed.rate(infusion.plan[following].rate_ul_per_h) if following < len(infusion.plan) else None,
        rate_max=dosed.rate(infusion.plan[infusion.step].rate_ul_per_h),
        total=dosed.volume(seen.total_nl),
        container_ordered=order.container,
        container=seen.container,
        containers=seen.containers,
        planned_end_ts_ms=at.ts_ms(infusion.planned_end_ns),
        started_ts_ms=at.ts_ms(infusion.started_ns),
        plan=tuple(m.PlanStepView(rate_ul_per_h=s.rate_ul_per_h, volume_nl=s.volume_nl) for s in infusion.plan),
        reductions=tuple(
            _reason_view(reason) for reason in infusion.grant.reasons if reason.severity is Severity.CLAMPED
        ),
        bolus_text="" if bolus is None else words_rises.bolus_text(bolus),
        beyond=tuple(map(_beyond_view, infusion.beyond)),
    )


def _reason_view(reason: Reason) -> m.ReasonView:
    return m.ReasonView(
        code=reason.code,
        severity=reason.severity,
        asked=reason.asked,
        limit=reason.limit,
        text=words_reasons.reason_text(reason),
    )


def _beyond_view(reason: Reason) -> m.ReasonView:
    return m.ReasonView(
        code=reason.code,
        severity=reason.severity,
        asked=reason.asked,
        limit=reason.limit,
        text=words_reasons.beyond_text(reason),
    )


def _in_line(pump: PumpState, dosed: Dosed | None) -> m.VolumeView | None:
    """After the end: what a flush would still give; None while it runs, and where nothing is left in the line."""
    if pump.infusion is None or dosed is None or pump.phase is not Phase.ENDED:
        return None
    held_nl = in_line_nl(pump.infusion)
    return dosed.volume(held_nl) if held_nl > 0 else None


def _rate_or_none(rate_ul_per_h: int | None, dosed: Dosed | None) -> m.RateView | None:
    return None if rate_ul_per_h is None or dosed is None else dosed.rate(rate_ul_per_h)


def _measured(seen: Look, dosed: Dosed | None) -> m.MeasuredView | None:
    """Shown no finer than it is known; the exact integers stand beside the text."""
    if seen.measured is None or dosed is None:
        return None
    exact = seen.measured
    coarse = 1 if exact.uncertainty_ul_per_h < 10 else 10 if exact.uncertainty_ul_per_h < 100 else 100
    shown = (exact.rate_ul_per_h + coarse // 2) // coarse * coarse
    spread = -(-exact.uncertainty_ul_per_h // coarse) * coarse
    rate = dosed.rate(exact.rate_ul_per_h)
    return m.MeasuredView(
        ul_per_h=exact.rate_ul_per_h,
        text=f"{words.rate_ml_per_h(shown)} ± {words.rate_ml_per_h(spread)}",
        dose_ng_per_h=rate.dose_ng_per_h,
        dose_text=rate.dose_text,
        uncertainty_ul_per_h=exact.uncertainty_ul_per_h,
        window_ms=exact.window_ns // NS_PER_MS,
        window_text=words.duration_ns(exact.window_ns),
    )


def _identity_text(pump: PumpState, kind: IdentityKind) -> str:
    known = pump.identified
    if known is None:
        return "has not said who it is"
    if known.serial is not None:
        return f"{known.model}, firmware {known.firmware}, serial number {known.serial}"
    told = f"{known.model}, firmware {known.firmware}"
    return told if kind is IdentityKind.SERIAL else f"{told}; cannot tell itself from its twin: compare the label"


# --- buttons --------------------------------------------------------------------------------------------


def buttons(state: BedState, pump: PumpState, setup: Setup, now_ns: int) -> m.ButtonsView:
    """What the bed would answer to a nurse who presses each of them now."""
    slot, infusion = pump.slot, pump.infusion
    common: Common = {"at_ns": now_ns, "request_id": "", "actor": _NURSE, "asked_at_ns": None}
    present = infusion.rate_ul_per_h if infusion is not None else 0

    def button(request: r.PersonRequest, gates: frozenset[ReasonCode] | None = None) -> m.ButtonView:
        against = tuple(
            reason
            for reason in would_answer(state, request, setup).reasons
            if (gates is None or reason.code in gates) and reason.code is not ReasonCode.NOT_A_CHANGE_UL_PER_H
        )
        if not against:
            return m.ButtonView(allowed=True)
        return m.ButtonView(allowed=False, why_not=" ".join(map(words_reasons.reason_text, against)))

    return m.ButtonsView(
        start=button(r.StartRequested(**common, slot=slot, order=_NO_ORDER, digest=""), _GATES_OF_START),
        stop=m.ButtonView(allowed=True),
        pause=button(r.PauseRequested(**common, slot=slot, reason=PauseReason.OTHER)),
        resume=button(r.ResumeRequested(**common, slot=slot)),
        rate=button(r.RateRequested(**common, slot=slot, rate_ul_per_h=present)),
        step=button(r.StepRequested(**common, slot=slot)),
        end=button(r.EndRequested(**common, slot=slot)),
        answer=button(r.DeliveryAnswered(**common, slot=slot, answer=r.Answer.DRIVEN)),
        rearm=button(r.RearmRequested(**common, slot=slot)),
        label=button(r.PumpConfirmed(**common, slot=slot, asset=setup.asset(slot))),
        change_container=button(_as_ordered(state, infusion, common, slot)),
    )


def _as_ordered(state: BedState, infusion: Infusion | None, common: Common, slot: str) -> r.ContainerChangeRequested:
    """A change to just what was ordered, of the lot that a visit's label told: whether it is possible now."""
    programme = None if infusion is None else infusion.programme
    visit = None if infusion is None or infusion.visit is None else state.path.visit(infusion.visit)
    label = None if visit is None else visit.label
    return r.ContainerChangeRequested(
        **common,
        slot=slot,
        container="" if infusion is None else infusion.order.container,
        concentration_ug_per_ml=0 if programme is None else programme.concentration_ug_per_ml,
        lot=None if label is None else label.reading.lot,
        checked_in=True,
    )


def would_answer(state: BedState, request: r.PersonRequest, setup: Setup) -> Reply:
    """What the bed would say. Pure: nothing happens."""
    for effect in decide(state, request, setup).effects:
        if isinstance(effect, Reply):
            return effect
    raise AssertionError(f"the bed gave no answer to {request}")


def _said(code: ReasonCode) -> str:
    return words_reasons.reason_text(Reason(code=code, severity=Severity.HARD))
