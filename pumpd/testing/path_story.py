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
from pumpd.core.care_requests import AcceptRequested, ObserveRequested
from pumpd.core.check_in import Answered, Identifier, Item, Said
from pumpd.core.check_in_requests import CompanyNamed, IdentityCompared, ItemsAnswered, PatientWeighed, RiskAnswered
from pumpd.core.codes import Phase, ReasonCode
from pumpd.core.double_check import ordered_dose
from pumpd.core.library import ContainerKind
from pumpd.core.limits import Review
from pumpd.core.observing import Measure, Reading, Scale, Sign, WhyNot
from pumpd.core.order import Order
from pumpd.core.people import Role
from pumpd.core.preparation import Entered, LabelReading
from pumpd.core.preparation_gates import ordered, ordered_before
from pumpd.core.preparation_requests import CheckEntered, LabelRead, LineChecked, PremedicationGiven
from pumpd.core.pump import Drive
from pumpd.core.regimen import Regimen
from pumpd.core.requests import Override, PathRequest, PrimeConfirmed, StartRequested
from pumpd.core.series import Disposition, SeriesOrder
from pumpd.core.turn import Setup, Turn
from pumpd.core.units import NL_PER_ML, NS_PER_S
from pumpd.core.visit import Place, Visit
from pumpd.core.visit_gates import missing
from pumpd.testing.bed_story import NURSE, SECOND, BedStory, order_for
from pumpd.testing.clinical import shipped_rules

PRESCRIBER: Final = Actor(person="doctor-1", role=Role.PRESCRIBER)
PATIENT: Final = "patient-1"
WELL: Final = {
    Measure.SYSTOLIC: 120, Measure.DIASTOLIC: 75, Measure.HEART_RATE: 72, Measure.BREATHS: 14, Measure.SPO2: 97,
    Measure.SEDATION: 1,
}  # fmt: skip


def series_order(regimen: str, *, series: str = "s1", today: int = 20_000, **said: object) -> SeriesOrder:
    """For the adult of `order_for`: 70 kg and 175 cm, home with an escort; as many visits as the regimen has."""
    order, found = order_for(regimen), shipped_rules().catalogue.regimen(regimen)
    usual = SeriesOrder(
        series=series, patient=PATIENT, prescriber="", signed_at_ns=0, signed_day=today, expires_day=today + 90,
        regimen=regimen, visits=1 if found is None else found.sessions, weight_g=order.weight_g, weighed_day=today,
        height_mm=order.height_mm, container=_syringe(found, order), disposition=Disposition.HOME,
        failed_treatments=("two others, each for six weeks",), consent_day=today,
    )  # fmt: skip
    return replace(usual, **said)  # type: ignore[arg-type]  # whatever fields a test names


def _syringe(regimen: Regimen | None, order: Order) -> str:
    """The container of `order_for` where the regimen's entry has it, else the first syringe for this weight."""
    entry = None if regimen is None else shipped_rules().library.entry(regimen.entry)
    if entry is None or entry.container(order.container) is not None:
        return order.container
    syringes = (each for each in entry.containers if each.kind is ContainerKind.SYRINGE)
    return next((each.id for each in syringes if each.suits_weight(order.weight_g)), order.container)


class PathStory(BedStory):
    def __init__(self, *, slots: Sequence[str] = ("p1",)) -> None:
        super().__init__(slots=slots)
        self.setup = replace(self.setup, keeps_path=True)

    def with_brand(self, brand: str) -> Setup:
        """The same bed at a site that uses one brand of 60 mL syringes."""
        return replace(self.setup, syringe_brands=((60 * NL_PER_ML, brand),))

    def leaves_bed(self) -> None:
        """The visit is over, however it was."""
        path = self.state.path.with_visit(replace(self.visit, place=Place.CLOSED))
        self.state = self.kept = replace(self.state, path=path)

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

    # --- preparation --------------------------------------------------------------------------------------------

    def reading(self, **read: object) -> LabelReading:
        """What stands on the right label; `read`: what somebody reads instead."""
        entry, container = ordered(Turn(self.state, self.setup, self.now_ns), self.visit)
        assert entry is not None
        assert container is not None
        right = LabelReading(
            drug=entry.drug, concentration_ug_per_ml=container.concentration_ug_per_ml, lot="L 17",
            expires_day=self.today + 30, capacity_nl=container.capacity_nl, brand="BD",
        )  # fmt: skip
        return replace(right, **read)  # type: ignore[arg-type]  # whatever fields a test names

    def reads_label(self, actor: Actor = NURSE, **read: object) -> Decision:
        return self.by(LabelRead, actor, reading=self.reading(**read), today_day=self.today)

    def checks_line(self) -> Decision:
        return self.by(LineChecked)

    def primes(self, slot: str = "p1") -> Decision:
        order = self.visit.order
        return self.take(
            PrimeConfirmed(
                at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, slot=slot, regimen=order.regimen,
                container=order.container,
            )
        )  # fmt: skip

    def entered(self, **said: object) -> Entered:
        """What a second person reads off the right sources; `said`: what they enter instead."""
        read, weighed = self.reading(), self.visit.weighed
        dose = ordered_dose(Turn(self.state, self.setup, self.now_ns), self.visit)
        right = Entered(
            weight_g=70_000 if weighed is None else weighed.weight_g, drug=read.drug,
            concentration_ug_per_ml=read.concentration_ug_per_ml, brand=read.brand, capacity_nl=read.capacity_nl,
            dose=dose or 0,
        )  # fmt: skip
        return replace(right, **said)  # type: ignore[arg-type]  # whatever fields a test names

    def second_checks(self, actor: Actor | None = SECOND, **said: object) -> Decision:
        return self.by(CheckEntered, actor, entered=self.entered(**said))

    def gives_premedication(self, *, ago_s: int = 0) -> None:
        """All that was ordered."""
        for each in ordered_before(self.visit):
            self.by(
                PremedicationGiven, drug=each.drug, dose_ug=each.dose_ug, route=each.route, given_by="", ago_s=ago_s
            )
            self.accepted()

    def prepares(self) -> None:
        """Label, line, prime, premedication with its wait, and a second person's check."""
        self.gives_premedication()
        for step in (self.reads_label, self.checks_line, self.primes, self.second_checks):
            step()
            self.accepted()
        self.wait(max((each.wait_s for each in ordered_before(self.visit)), default=0))

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

    def passes_to_start(
        self, regimen: str = "MDD-2x3", *, number: int = 1, values: dict[Measure, int | WhyNot] | None = None
    ) -> None:
        """Signed, opened and passed through every gate: a start of the visit's order is accepted now.

        `values` of the baseline that are not those of somebody who is well may close one.
        """
        if self.pump().sighting.last is None:
            self.connected()
        if self.state.path.at_bed is None:
            if self.state.path.signed("s1") is None:
                self.sign(regimen)
                self.accepted()
            self.opens(visit=f"v{number}", number=number)
            self.accepted()
        self.checks_in()
        self.prepares()
        self.baseline(values)
        assert values or self.missing == set()

    # --- care ---------------------------------------------------------------------------------------------------

    def observes(
        self,
        values: dict[Measure, int | WhyNot] | None = None,
        *,
        signs: tuple[Sign, ...] | None = (),
        ago_s: int = 0,
        scale: Scale = Scale.POSS,
        actor: Actor | None = NURSE,
        visit: str | None = None,
    ) -> Decision:
        """A nurse enters these, or a set of somebody who is well."""
        readings = tuple(
            Reading(item=item, why_not=value)
            if isinstance(value, WhyNot)
            else Reading(item=item, value=value, scale=scale if item is Measure.SEDATION else None)
            for item, value in (WELL if values is None else values).items()
        )
        return self.take(
            ObserveRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=actor, visit=visit or self.visit.visit,
                taken_at_ns=self.now_ns - ago_s * NS_PER_S, readings=readings, signs=signs,
            )
        )  # fmt: skip

    def accepts(
        self,
        item: Measure,
        value: int,
        *,
        actor: Actor = PRESCRIBER,
        second: Actor | None = None,
        remark: str = "usual",
    ) -> Decision:
        """A prescriber lets a value stand."""
        return self.take(
            AcceptRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=actor, visit=self.visit.visit, item=item,
                value=value, remark=remark, second=second,
            )
        )  # fmt: skip

    def baseline(self, values: dict[Measure, int | WhyNot] | None = None) -> None:
        """Everything that a start asks to be observed."""
        self.observes({**WELL, Measure.PAIN: 4, Measure.CADSS6: 0, **(values or {})})

    def begins(self, regimen: str = "MDD-2x3", *, values: dict[Measure, int | WhyNot] | None = None) -> None:
        """The visit's drug runs, by the pump's own report."""
        self.passes_to_start(regimen, values=values)
        self.start_visit()
        self.accepted()
        self.prepared()
        self.done(Drive.INFUSING)
        assert self.phase() is Phase.INFUSING

    def runs_on(self, seconds: float) -> None:
        """It infuses evenly, is looked at once in 4 s, and the bed's clock goes on."""
        granted = self.infusion().granted_ul_per_h or 0
        began = self.pump().sighting.readings[-1].infused_nl // 1_000 if self.pump().sighting.readings else 0
        for look_no in range(1, round(seconds / 4) + 1):
            self.drives(began + granted * look_no * 4 // 3_600, after_s=4)
            self.tick()

    # --- start --------------------------------------------------------------------------------------------------

    def start_visit(
        self,
        *,
        named: str | None = None,
        weight_g: int | None = None,
        slot: str = "p1",
        override: Override | None = None,
    ) -> Decision:
        """A start of the visit's order, or of what somebody made of it."""
        order = self.visit.order if weight_g is None else replace(self.visit.order, weight_g=weight_g)
        digest = preview(self.state, slot, order, self.setup, self.now_ns).digest
        return self.take(
            StartRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, slot=slot, order=order, digest=digest,
                visit=named or self.visit.visit, override=override,
            )
        )  # fmt: skip
