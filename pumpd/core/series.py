"""A series order: what a prescriber signs once for all visits of a course, frozen from then on.

It names a published regimen and the person it is for, and says what the nurse may do without asking again: which
container, which weight the dose is for, where the patient goes afterwards. It names no rate and no volume: those are
compiled for each visit, from that visit's own copy (`order_for`), so that a change of the catalogue between two visits
shows in the review and never silently in the dose.

`patient` is an opaque key. Who it is stands outside the journal, where it can be erased without breaking the chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pumpd.core.holds import STANDARD_HOLDS, HoldParameters
from pumpd.core.order import NEW_COURSE, Course, Order, Sex, WeightBasis
from pumpd.core.prescribed import Premedication, Rescue
from pumpd.core.steps import StepMode
from pumpd.core.verbal import HoldBound, bounded


class Disposition(Enum):
    """Where the patient goes when the visit is over."""

    HOME = "home"  # with an escort
    WARD = "ward"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesOrder:
    """Signed by `prescriber`; days are local day numbers (since 1970-01-01)."""

    series: str  # opaque id
    patient: str  # opaque key
    prescriber: str
    signed_at_ns: int
    signed_day: int
    expires_day: int
    regimen: str
    visits: int
    weight_g: int  # the dose is for this weight
    weighed_day: int
    height_mm: int
    container: str
    disposition: Disposition
    weight_basis: WeightBasis | None = None
    actual_weight_g: int | None = None
    sex: Sex | None = None
    age_years: int | None = None
    steps: StepMode | None = None  # how a due step up begins; None: as the regimen has it
    max_ug_per_h: int | None = None  # the prescriber's own maximum, titrated or not
    failed_treatments: tuple[str, ...] = ()  # attested by the signature
    consent_day: int | None = None
    replaces: str | None = None  # an amendment is a new order; the one before takes no further visit
    premedication: tuple[Premedication, ...] = ()
    rescue: tuple[Rescue, ...] = ()
    extension: str = ""  # where the prescriber is reached while the patient is here
    holds: HoldParameters = STANDARD_HOLDS
    bounds: tuple[HoldBound, ...] = ()  # what the prescriber has otherwise, for this patient

    @property
    def held(self) -> HoldParameters:
        """The hold parameters that a visit of it begins with."""
        return bounded(self.holds, self.bounds)

    def order_for(self, number: int, *, verified_weight_g: int | None = None, course: Course = NEW_COURSE) -> Order:
        """The copy for visit `number`, 1 being the first; the regimen's days are the visits of the series."""
        return Order(
            regimen=self.regimen,
            day=number,
            weight_g=self.weight_g,
            height_mm=self.height_mm,
            container=self.container,
            weight_basis=self.weight_basis,
            actual_weight_g=self.actual_weight_g,
            verified_weight_g=verified_weight_g,
            sex=self.sex,
            age_years=self.age_years,
            course=course,
            steps=self.steps,
            max_ug_per_h=self.max_ug_per_h,
        )
