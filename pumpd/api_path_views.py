"""The path of the bed's state -> what crosses the socket. Decides nothing: the gates are the core's."""

from __future__ import annotations

from pumpd.api_moment import Moment
from pumpd.api_path_models import SeriesView, VisitView
from pumpd.api_reviews import reason_view
from pumpd.core.series import SeriesOrder
from pumpd.core.state import BedState
from pumpd.core.turn import Setup, Turn
from pumpd.core.visit import Visit
from pumpd.core.visit_gates import missing
from pumpd.words import weight


def series_view(order: SeriesOrder) -> SeriesView:
    return SeriesView(
        series=order.series,
        patient=order.patient,
        prescriber=order.prescriber,
        regimen=order.regimen,
        visits=order.visits,
        container=order.container,
        disposition=order.disposition,
        signed_day=order.signed_day,
        expires_day=order.expires_day,
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
