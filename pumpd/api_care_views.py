"""A visit's care -> what crosses the socket. Decides nothing: what is due and what holds is the core's."""

from __future__ import annotations

from pumpd import words_care
from pumpd.api_care_models import (
    BoundView,
    CareView,
    DueState,
    DueView,
    EmergencyView,
    GivenView,
    HandOverView,
    HoldView,
    LowerView,
    MarkView,
    MayGiveView,
    ObservationView,
    OfferView,
    ReductionView,
    SideEffectView,
    VerbalView,
)
from pumpd.api_care_words import CARE_WORDS
from pumpd.api_moment import Moment
from pumpd.api_orders import BANDS
from pumpd.api_reviews import reason_view
from pumpd.core.attending import MISSES_MEDIUM
from pumpd.core.emergency import Emergency
from pumpd.core.held import standing
from pumpd.core.holds import Band, Criterion, Hold
from pumpd.core.observing import Measure, Observation
from pumpd.core.offering import MayGive, Reduction, may_give, offers_emergency, reductions
from pumpd.core.prompts import ItemDue, dues
from pumpd.core.relieving import told
from pumpd.core.rescue import GivenRescue
from pumpd.core.side_effects import OFFERED, Noted, SideEffect
from pumpd.core.state import BedState
from pumpd.core.turn import Setup
from pumpd.core.verbal import VerbalOrder, holds_with
from pumpd.core.visit import Visit
from pumpd.words import mass, rate_ml_per_h
from pumpd.words_verbal import criterion_text, verbal_text


def care_view(state: BedState, setup: Setup, visit: Visit, moment: Moment) -> CareView:
    care = visit.care
    latest = [found for item in Measure if (found := care.latest(item)) is not None]
    return CareView(
        visit=visit.visit,
        profile=visit.profile.id,
        due=tuple(_due_view(each, moment) for each in dues(state, visit)),
        holds=tuple(_hold_view(each) for each in standing(visit)),
        latest=tuple(_observation_view(each, moment) for each in latest),
        baseline=tuple(_observation_view(each, moment) for each in care.baseline),
        signs=care.signs,
        side_effects=tuple(_side_effect_view(each, moment) for each in care.side_effects),
        offers=tuple(_offer_view(each) for each in SideEffect),
        reductions=tuple(_reduction_view(each) for each in reductions(state, setup, visit)),
        may_give=tuple(_may_give_view(each) for each in may_give(visit, moment.now_ns)),
        rescues=tuple(_given_view(each, moment) for each in care.rescues),
        infiltrated=care.infiltrated,
        emergencies=tuple(_emergency_view(each, moment) for each in care.emergencies),
        emergency_offered=offers_emergency(state, visit),
        handed_over=_hand_over_view(visit, moment),
        words=CARE_WORDS,
        verbal=tuple(_verbal_view(each, moment) for each in care.verbal),
        bounds=tuple(_bound_view(each) for each in holds_with(visit.holds, care.verbal).criteria if _moves(each)),
    )


def _moves(criterion: Criterion) -> bool:
    """By word: a bound that is a number of its own, and asks for no stop."""
    return criterion.band is not Band.STOP and (criterion.above is not None or criterion.below is not None)


def _bound_view(criterion: Criterion) -> BoundView:
    return BoundView(item=criterion.item, band=BANDS[criterion.band], text=criterion_text(criterion))


def _due_view(each: ItemDue, moment: Moment) -> DueView:
    return DueView(
        item=each.item,
        text=words_care.ITEMS[each.item][0],
        due_ts_ms=moment.ts_ms(each.due.at_ns),
        state=_state(each, moment.now_ns),
    )


def _state(each: ItemDue, now_ns: int) -> DueState:
    if not each.is_due(now_ns):
        return "later"
    misses = each.due.misses(now_ns)
    if misses == 0:
        return "due"
    return "missed" if misses >= MISSES_MEDIUM else "overdue"


def _hold_view(hold: Hold) -> HoldView:
    return HoldView(
        about=hold.about,
        band=BANDS[hold.band],
        value=hold.value,
        limit=hold.limit,
        text=words_care.hold_text(hold),
        todo=words_care.BANDS[hold.band],
    )


def _observation_view(each: Observation, moment: Moment) -> ObservationView:
    reading = each.reading
    return ObservationView(
        item=reading.item,
        value=reading.value,
        why_not=reading.why_not,
        scale=reading.scale,
        taken_ts_ms=moment.ts_ms(each.taken_at_ns),
        entered_ts_ms=moment.ts_ms(each.entered_at_ns),
        person=each.person,
        text=words_care.reading_text(reading),
        value_text=words_care.worth_text(reading),
    )


def _side_effect_view(noted: Noted, moment: Moment) -> SideEffectView:
    return SideEffectView(
        effect=noted.effect,
        severity=noted.severity,
        remedies=noted.remedies,
        remark=noted.remark,
        ts_ms=moment.ts_ms(noted.noted_at_ns),
        person=noted.person,
    )


def _offer_view(effect: SideEffect) -> OfferView:
    return OfferView(effect=effect, remedies=OFFERED[effect], text=words_care.SIDE_EFFECTS[effect])


def _reduction_view(each: Reduction) -> ReductionView:
    return ReductionView(
        slot=each.slot,
        by_percent=each.by_percent,
        rate_ul_per_h=each.rate_ul_per_h,
        rate_text=rate_ml_per_h(each.rate_ul_per_h),
    )


def _may_give_view(each: MayGive) -> MayGiveView:
    return MayGiveView(
        drug=each.rescue.drug,
        dose_ug=each.rescue.dose_ug,
        dose_text=mass(each.rescue.dose_ug),
        left_text=mass(each.left_ug),
        route=each.rescue.route,
        against=each.rescue.against,
        reasons=tuple(reason_view(told(flag, each.rescue.drug)) for flag in each.flags),
    )


def _given_view(each: GivenRescue, moment: Moment) -> GivenView:
    return GivenView(
        drug=each.given.drug,
        dose_text=mass(each.given.dose_ug),
        route=each.given.route,
        given_by=each.given.given_by,
        given_ts_ms=moment.ts_ms(each.given.given_at_ns),
        flags=tuple(words_care.FLAG_TEXTS[flag] for flag in each.flags),
    )


def _hand_over_view(visit: Visit, moment: Moment) -> HandOverView | None:
    handed = visit.care.handed_over
    if handed is None:
        return None
    return HandOverView(
        person=handed.person,
        said=handed.said,
        ts_ms=moment.ts_ms(handed.handed_at_ns),
        taken_by=None if visit.writer == handed.person else visit.writer,
    )


def _verbal_view(order: VerbalOrder, moment: Moment) -> VerbalView:
    lower = order.lower
    return VerbalView(
        order=order.order,
        prescriber=order.prescriber,
        person=order.person,
        text=verbal_text(order),
        read_back=order.read_back,
        given_ts_ms=moment.ts_ms(order.given_at_ns),
        agreed=order.agreed,
        signed_by=order.signed_by or None,
        signed_ts_ms=None if order.signed_at_ns is None else moment.ts_ms(order.signed_at_ns),
        remark=order.remark,
        lower=None if lower is None else LowerView(
            slot=lower.slot, rate_ul_per_h=lower.rate_ul_per_h, rate_text=rate_ml_per_h(lower.rate_ul_per_h)
        ),
    )  # fmt: skip


def _emergency_view(each: Emergency, moment: Moment) -> EmergencyView:
    return EmergencyView(
        called_ts_ms=moment.ts_ms(each.called_at_ns),
        person=each.person,
        marks=tuple(
            MarkView(moment=mark.moment, text=words_care.MOMENTS[mark.moment], ts_ms=moment.ts_ms(mark.marked_at_ns))
            for mark in each.marks
        ),
        over_ts_ms=None if each.over_at_ns is None else moment.ts_ms(each.over_at_ns),
    )
