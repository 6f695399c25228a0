"""A bed that keeps the nurse's path, as a story: a series is signed, a visit opened, and its gates passed one by one.

It is a BedStory, so that whatever must hold at a bed is checked after every request here as well.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pumpd.core.actor import Actor
from pumpd.core.arrival_requests import SeriesSignRequested, VisitOpenRequested
from pumpd.core.bed import Decision, preview
from pumpd.core.people import Role
from pumpd.core.requests import StartRequested
from pumpd.core.series import Disposition, SeriesOrder
from pumpd.core.visit import Visit
from pumpd.testing.bed_story import NURSE, BedStory, order_for

PRESCRIBER: Final = Actor(person="doctor-1", role=Role.PRESCRIBER)
PATIENT: Final = "patient-1"


def series_order(regimen: str, *, series: str = "s1", visits: int = 6, today: int = 20_000) -> SeriesOrder:
    """For the adult of `order_for`: 70 kg and 175 cm, home with an escort."""
    order = order_for(regimen)
    return SeriesOrder(
        series=series, patient=PATIENT, prescriber="", signed_at_ns=0, signed_day=today, expires_day=today + 90,
        regimen=regimen, visits=visits, weight_g=order.weight_g, weighed_day=today, height_mm=order.height_mm,
        container=order.container, disposition=Disposition.HOME,
    )  # fmt: skip


class PathStory(BedStory):
    def __init__(self) -> None:
        super().__init__()
        self.setup = replace(self.setup, keeps_path=True)

    @property
    def visit(self) -> Visit:
        """Whoever is at the bed."""
        visit = self.state.path.at_bed
        assert visit is not None
        return visit

    def connected(self) -> None:
        """The pump has said who it is, and stands still."""
        self.connect()
        self.report()

    def sign(self, regimen: str, *, series: str = "s1", actor: Actor | None = PRESCRIBER) -> Decision:
        order = series_order(regimen, series=series, today=self.today)
        return self.take(
            SeriesSignRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=actor, order=order, today_day=self.today
            )
        )

    def opens(self, *, series: str = "s1", visit: str = "v1", number: int = 1, actor: Actor | None = NURSE) -> Decision:
        return self.take(
            VisitOpenRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=actor, visit=visit, series=series,
                number=number, today_day=self.today,
            )
        )  # fmt: skip

    def start_visit(self, *, named: str, weight_g: int | None = None) -> Decision:
        """A start of the visit's order, or of what somebody made of it."""
        order = self.visit.order if weight_g is None else replace(self.visit.order, weight_g=weight_g)
        digest = preview(self.state, "p1", order, self.setup, self.now_ns).digest
        return self.take(
            StartRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, slot="p1", order=order, digest=digest,
                visit=named,
            )
        )  # fmt: skip
