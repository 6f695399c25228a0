"""What may be chosen, what a choice becomes, and what was answered -> what crosses the socket.

A review runs through the very function that the start will run through, so that both have the same fingerprint:
what a person confirms is what is started, or the start is refused.
"""

from __future__ import annotations

from pumpd import api_models as m
from pumpd import api_rise_models as rm
from pumpd import words, words_reasons, words_review
from pumpd.api_doses import Dosed, concentration_text
from pumpd.api_moment import Moment
from pumpd.core.actor import Actor
from pumpd.core.bed import preview, preview_bolus, preview_rise
from pumpd.core.codes import Reason
from pumpd.core.effects import Reply
from pumpd.core.library import Container, DoseUnit, Entry
from pumpd.core.order import Order
from pumpd.core.prescribed import Premedication
from pumpd.core.raising import agrees_alone
from pumpd.core.regimen import Offer, offers
from pumpd.core.state import BedState
from pumpd.core.steps import StepMode
from pumpd.core.turn import Setup
from pumpd.core.units import NS_PER_MS, Towards, duration_for_ns
from pumpd.words_preparation import drug_text


def regimen_views(setup: Setup, slot: str) -> tuple[m.RegimenView, ...]:
    """The regimens that the pump on this slot can run; in a training bed only those without a drug."""
    return tuple(
        _regimen_view(offer)
        for offer in offers(setup.rules, setup.info(slot))
        if not (setup.training and offer.entry.high_alert)
    )


def _regimen_view(offer: Offer) -> m.RegimenView:
    regimen, entry = offer.regimen, offer.entry
    return m.RegimenView(
        id=regimen.id,
        title=regimen.title,
        indication=regimen.indication,
        drug=entry.drug,
        high_alert=entry.high_alert,
        first_day=min(plan.first_day for plan in regimen.days),
        last_day=max(plan.last_day for plan in regimen.days),
        sessions=regimen.sessions,
        course=regimen.course,
        premedication=regimen.premedication,
        before=tuple(_offered(each) for each in regimen.before),
        before_texts=tuple(drug_text(each.drug, each.dose_ug, each.route) for each in regimen.before),
        evidence=regimen.evidence,
        advice=entry.advice,
        source=regimen.source,
        mode=StepMode.AUTOMATIC if regimen.automatic else StepMode.ASK,
        containers=tuple(_container_view(container, entry) for container in offer.containers),
    )


def _offered(each: Premedication) -> m.PremedicationOrderBody:
    return m.PremedicationOrderBody(
        drug=each.drug,
        dose_mg=words.typed_number(each.dose_ug, digits=3),
        route=each.route,
        wait_min=each.wait_s // 60,
        sedating=each.sedating,
    )


def _container_view(container: Container, entry: Entry) -> m.ContainerView:
    dosed = Dosed(unit=entry.unit, concentration_ug_per_ml=container.concentration_ug_per_ml, weight_g=1_000)
    over, up_to = container.weight_over_g, container.weight_up_to_g
    said = [f"above {words.weight(over)}"] if over is not None else []
    said += [f"up to {words.weight(up_to)}"] if up_to is not None else []
    return m.ContainerView(
        id=container.id,
        kind=container.kind,
        title=container.title,
        concentration_ug_per_ml=container.concentration_ug_per_ml,
        concentration_text=concentration_text(container.concentration_ug_per_ml),
        usable=dosed.volume(container.usable_nl),
        weights_text=f"for patients {' and '.join(said)}" if said else None,
        proposal=container.proposal,
        source=container.source,
    )


def review_view(state: BedState, setup: Setup, slot: str, order: Order, at: Moment) -> m.ReviewView:
    """Through the same function as the start, so that a confirmed review is the start's review."""
    review = preview(state, slot, order, setup, at.now_ns)
    programme, info = review.programme, setup.info(slot)
    regimen = setup.rules.catalogue.regimen(order.regimen)
    entry = None if regimen is None else setup.rules.library.entry(regimen.entry)
    unit = DoseUnit.MG_PER_H if entry is None else entry.unit
    highest = words_reasons.highest_dose_text(review.grant, unit)
    lines: tuple[tuple[str, str], ...] = ()
    steps: tuple[m.StepView, ...] = ()
    total: m.VolumeView | None = None
    lasts_ns: int | None = None
    if programme is not None:
        dosed = Dosed(
            unit=unit,
            concentration_ug_per_ml=programme.concentration_ug_per_ml,
            weight_g=programme.weight_g,
        )
        lines = words_review.review_lines(
            order, programme, setup.rules, info, lambda after_ns: at.clock_text(at.now_ns + after_ns)
        )
        each_ns = [duration_for_ns(s.volume_nl, s.rate_ul_per_h, Towards.UP) for s in programme.steps]
        lasts_ns = sum(each_ns)
        total = dosed.volume(programme.total_nl)
        steps = tuple(
            m.StepView(
                step=index,
                rate=dosed.rate(step.rate_ul_per_h),
                volume=dosed.volume(step.volume_nl),
                duration_ms=step_ns // NS_PER_MS,
                duration_text=words.duration_ns(step_ns),
            )
            for index, (step, step_ns) in enumerate(zip(programme.steps, each_ns, strict=True), start=1)
        )
    return m.ReviewView(
        digest=review.digest,
        allowed=review.grant.allowed,
        needs_override=review.grant.needs_override,
        lines=tuple(m.LineView(label=label, text=text) for label, text in lines),
        reasons=tuple(map(reason_view, review.grant.reasons)),
        highest_acceptable=review.grant.highest_acceptable,
        highest_acceptable_text=highest or None,
        steps=steps,
        total=total,
        duration_ms=None if lasts_ns is None else lasts_ns // NS_PER_MS,
        duration_text=None if lasts_ns is None else words.duration_ns(lasts_ns),
        cannot_detect=(words_review.cannot_detect(info),),
    )


def rise_view(  # noqa: PLR0917  # as its neighbours: state, setup, slot, what is asked, by whom, when
    state: BedState, setup: Setup, slot: str, rate_ul_per_h: int, asker: Actor | None, at: Moment
) -> rm.RateReviewView | None:
    """A rise of what runs, through the same function as the rise itself; None where nothing runs."""
    review = preview_rise(state, slot, rate_ul_per_h, setup, at.now_ns)
    infusion = state.on(slot).infusion
    if review is None or infusion is None:
        return None
    dosed = Dosed.of(infusion)
    return rm.RateReviewView(
        digest=review.digest,
        allowed=review.grant.allowed,
        needs_override=review.grant.needs_override,
        to_be_read=review.to_be_read,
        said_twice=review.said_twice,
        to_be_checked=review.to_be_checked,
        checked_by=review.checked_by,
        agreed=agrees_alone(review, asker),
        before=dosed.rate(review.before_ul_per_h),
        after=dosed.rate(review.after_ul_per_h),
        planned_end_ts_ms=at.ts_ms(review.planned_end_ns),
        total=dosed.volume(sum(step.volume_nl for step in review.plan)),
        reasons=tuple(map(reason_view, review.grant.reasons)),
    )


def bolus_view(  # noqa: PLR0917  # as its neighbours: state, setup, slot, what is asked, when
    state: BedState, setup: Setup, slot: str, dose_ug_per_kg: int, duration_s: int, now_ns: int
) -> rm.BolusReviewView | None:
    """A bolus on top of what runs, through the same function as the bolus itself; None where nothing runs."""
    review = preview_bolus(state, slot, setup, now_ns, dose_ug_per_kg=dose_ug_per_kg, duration_s=duration_s)
    infusion = state.on(slot).infusion
    if review is None or infusion is None:
        return None
    dosed = Dosed.of(infusion)
    return rm.BolusReviewView(
        digest=review.digest,
        allowed=review.grant.allowed,
        needs_override=review.grant.needs_override,
        to_be_checked=review.to_be_checked,
        checked_by=review.checked_by,
        agreed=review.agreed,
        basal=dosed.rate(review.basal_ul_per_h),
        together=dosed.rate(review.rate_ul_per_h),
        bolus=dosed.volume(review.bolus_nl),
        reasons=tuple(map(reason_view, review.grant.reasons)),
    )


# --- answers --------------------------------------------------------------------------------------------


def reason_view(reason: Reason) -> m.ReasonView:
    return m.ReasonView(
        code=reason.code,
        severity=reason.severity,
        asked=reason.asked,
        limit=reason.limit,
        text=words_reasons.reason_text(reason),
        about=reason.about,
    )


def answer_view(reply: Reply) -> m.AnswerView:
    return m.AnswerView(
        request_id=reply.request_id,
        accepted=reply.accepted,
        reasons=tuple(map(reason_view, reply.reasons)),
    )
