"""The path of the bed's state -> what crosses the socket. Decides nothing: the gates are the core's."""

from __future__ import annotations

from pumpd.api_moment import Moment
from pumpd.api_orders import BANDS, HoldBoundBody
from pumpd.api_path_models import (
    PremedicationOrderBody,
    RescueOrderBody,
    SeriesBody,
    SeriesView,
    SignedView,
    VisitView,
)
from pumpd.api_reviews import reason_view
from pumpd.core.prescribed import Premedication, Rescue
from pumpd.core.regimen import Rules
from pumpd.core.series import SeriesOrder
from pumpd.core.state import BedState
from pumpd.core.turn import Setup, Turn
from pumpd.core.verbal import HoldBound
from pumpd.core.visit import Path, Visit
from pumpd.core.visit_gates import missing
from pumpd.words import typed_number, weight
from pumpd.words_library import day_text


def series_view(order: SeriesOrder, path: Path, rules: Rules) -> SeriesView:
    return SeriesView(
        series=order.series,
        patient=order.patient,
        prescriber=order.prescriber,
        regimen=order.regimen,
        visits=order.visits,
        container=order.container,
        container_title=_container_title(order, rules),
        disposition=order.disposition,
        signed_day=order.signed_day,
        signed_text=day_text(order.signed_day),
        expires_day=order.expires_day,
        expires_text=day_text(order.expires_day),
        replaced=path.replaced(order.series),
    )


def _container_title(order: SeriesOrder, rules: Rules) -> str:
    """Its id, where the library has let go of what was ordered."""
    regimen = rules.catalogue.regimen(order.regimen)
    entry = None if regimen is None else rules.library.entry(regimen.entry)
    container = None if entry is None else entry.container(order.container)
    return order.container if container is None else container.title


def signed_view(order: SeriesOrder, path: Path, rules: Rules) -> SignedView:
    return SignedView(order=series_view(order, path, rules), body=_body(order))


def _body(order: SeriesOrder) -> SeriesBody:
    """As it would be typed again."""
    consent = "" if order.consent_day is None else day_text(order.consent_day)
    return SeriesBody(
        patient=order.patient,
        regimen=order.regimen,
        visits=order.visits,
        weight_kg=typed_number(order.weight_g, digits=3),
        height_cm=typed_number(order.height_mm, digits=1),
        container=order.container,
        disposition=order.disposition,
        weight_basis=order.weight_basis,
        actual_weight_kg="" if order.actual_weight_g is None else typed_number(order.actual_weight_g, digits=3),
        sex=order.sex,
        age_years="" if order.age_years is None else str(order.age_years),
        expires_in_days=max(1, order.expires_day - order.signed_day),
        steps=order.steps,
        max_mg_per_h="" if order.max_ug_per_h is None else typed_number(order.max_ug_per_h, digits=3),
        failed_treatments=order.failed_treatments,
        consent_on=consent,
        weighed_on=day_text(order.weighed_day),
        premedication=tuple(_premedication(each) for each in order.premedication),
        rescue=tuple(_rescue(each) for each in order.rescue),
        extension=order.extension,
        holds=tuple(_hold(each) for each in order.bounds),
    )


def _hold(bound: HoldBound) -> HoldBoundBody:
    return HoldBoundBody(
        item=bound.item, band=BANDS[bound.band], above=bound.above, below=bound.below, scale=bound.scale
    )


def _premedication(ordered: Premedication) -> PremedicationOrderBody:
    return PremedicationOrderBody(
        drug=ordered.drug,
        dose_mg=typed_number(ordered.dose_ug, digits=3),
        route=ordered.route,
        wait_min=ordered.wait_s // 60,
        sedating=ordered.sedating,
    )


def _rescue(ordered: Rescue) -> RescueOrderBody:
    return RescueOrderBody(
        drug=ordered.drug,
        dose_mg=typed_number(ordered.dose_ug, digits=3),
        most_mg=typed_number(ordered.most_ug, digits=3),
        route=ordered.route,
        against=ordered.against,
        sedating=ordered.sedating,
        reverses=ordered.reverses,
    )


def visit_view(state: BedState, setup: Setup, visit: Visit, moment: Moment) -> VisitView:
    return VisitView(
        visit=visit.visit,
        series=visit.series,
        patient=visit.patient,
        number=visit.number,
        place=visit.place,
        regimen=visit.order.regimen,
        container=visit.order.container,
        weight_text=weight(visit.order.weight_g),
        opened_ts_ms=moment.ts_ms(visit.opened_at_ns),
        opened_by=visit.opened_by,
        writer=visit.writer,
        missing=tuple(reason_view(each) for each in missing(Turn(state, setup, moment.now_ns), visit)),
    )
