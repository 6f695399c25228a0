"""A bed that keeps the nurse's path, as a story: a series is signed, a visit opened, and its gates passed one by one.

It is a BedStory, so that whatever must hold at a bed is checked after every request here as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from pumpd.core.actor import Actor
from pumpd.core.arrival_requests import SeriesSignRequested, VisitOpenRequested
from pumpd.core.bed import Decision, preview
from pumpd.core.check_in import Answered, Identifier, Item, Said
from pumpd.core.check_in_requests import CompanyNamed, IdentityCompared, ItemsAnswered, PatientWeighed, RiskAnswered
from pumpd.core.codes import ReasonCode
from pumpd.core.limits import Review
from pumpd.core.people import Role
from pumpd.core.requests import PathRequest, StartRequested
from pumpd.core.series import Disposition, SeriesOrder
from pumpd.core.turn import Turn
from pumpd.core.visit import Visit
from pumpd.core.visit_gates import missing
from pumpd.testing.bed_story import NURSE, BedStory, order_for
from pumpd.testing.clinical import shipped_rules

PRESCRIBER: Final = Actor(person="doctor-1", role=Role.PRESCRIBER)
PATIENT: Final = "patient-1"


def series_order(regimen: str, *, series: str = "s1", today: int = 20_000, **said: object) -> SeriesOrder:
    """For the adult of `order_for`: 70 kg and 175 cm, home with an escort; as many visits as the regimen has."""
    order, found = order_for(regimen), shipped_rules().catalogue.regimen(regimen)
    visits = 1 if found is None else found.sessions
    entry = None if found is None else shipped_rules().library.entry(found.entry)
    syringes = [] if entry is None else [each.id for each in entry.containers if each.id.startswith("syringe")]
    usual = SeriesOrder(
        series=series, patient=PATIENT, prescriber="", signed_at_ns=0, signed_day=today, expires_day=today + 90,
        regimen=regimen, visits=visits, weight_g=order.weight_g, weighed_day=today, height_mm=order.height_mm,
        container=order.container if order.container in syringes else (syringes or [order.container])[0],
        disposition=Disposition.HOME,
    )  # fmt: skip
    return replace(usual, **said)  # type: ignore[arg-type]  # whatever fields a test names


class PathStory(BedStory):
    def __init__(self, *, slots: Sequence[str] = ("p1",)) -> None:
        super().__init__(slots=slots)
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

    def sign(self, regimen: str, *, series: str = "s1", actor: Actor | None = PRESCRIBER, **said: object) -> Decision:
        """`said`: fields of the order that are not those of `series_order`."""
        order = series_order(regimen, series=series, today=self.today, **said)
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

    # --- check-in -----------------------------------------------------------------------------------------------

    def by(self, make: Callable[..., PathRequest], actor: Actor | None = NURSE, **fields: object) -> Decision:
        """A request about the visit at the bed."""
        visit = fields.pop("visit", None) or self.visit.visit
        return self.take(make(at_ns=self.now_ns, request_id=self.request_id(), actor=actor, visit=visit, **fields))

    def compares(self, *matched: Identifier) -> Decision:
        """What was said agrees with what is kept."""
        return self.by(IdentityCompared, matched=matched, differed=())

    def identified(self, *differed: Identifier) -> Decision:
        """The patient says name and day of birth; `differed` of them are not those that are kept."""
        said = (Identifier.NAME, Identifier.BIRTH)
        matched = tuple(each for each in said if each not in differed)
        return self.by(IdentityCompared, matched=matched, differed=differed)

    def answers(self, *items: Item, answered: Answered = Answered.CLEAR, remark: str = "") -> Decision:
        """All items at once, unless some are named."""
        said = tuple(Said(item=item, answered=answered, remark=remark) for item in items or tuple(Item))
        return self.by(ItemsAnswered, answers=said, today_day=self.today)

    def weighs(self, weight_g: int = 70_000) -> Decision:
        return self.by(PatientWeighed, weight_g=weight_g)

    def goes_home_with_an_escort(self) -> Decision:
        return self.by(CompanyNamed, escort=True, ward="")

    def risk(self, *, positive: bool = False) -> Decision:
        return self.by(RiskAnswered, positive=positive)

    def checks_in(self) -> None:
        """Everything that a check-in asks, and nothing found."""
        for decision in (
            self.identified(),
            self.answers(),
            self.weighs(),
            self.goes_home_with_an_escort(),
            self.risk(),
        ):
            assert decision.facts, "nothing was decided"
            self.accepted()

    def accepted(self) -> None:
        """The last request of a person was."""
        assert self.reply is not None
        assert self.reply.accepted, self.reply.reasons

    def review(self) -> Review:
        """Of the visit's own order."""
        return preview(self.state, "p1", self.visit.order, self.setup, self.now_ns)

    @property
    def missing(self) -> set[ReasonCode]:
        """The closed gates of the visit at the bed."""
        return {each.code for each in missing(Turn(self.state, self.setup, self.now_ns), self.visit)}

    def passes_to_start(self, regimen: str = "MDD-2x3", *, number: int = 1) -> None:
        """Signed, opened and passed through every gate: a start of the visit's order is accepted now."""
        if self.pump().sighting.last is None:
            self.connected()
        if self.state.path.at_bed is None:
            if self.state.path.signed("s1") is None:
                self.sign(regimen)
                self.accepted()
            self.opens(visit=f"v{number}", number=number)
            self.accepted()
        self.checks_in()
        assert self.missing == set()

    # --- start --------------------------------------------------------------------------------------------------

    def start_visit(self, *, named: str | None = None, weight_g: int | None = None, slot: str = "p1") -> Decision:
        """A start of the visit's order, or of what somebody made of it."""
        order = self.visit.order if weight_g is None else replace(self.visit.order, weight_g=weight_g)
        digest = preview(self.state, slot, order, self.setup, self.now_ns).digest
        return self.take(
            StartRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, slot=slot, order=order, digest=digest,
                visit=named or self.visit.visit,
            )
        )  # fmt: skip
