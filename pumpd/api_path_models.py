"""What crosses the socket about series and visits. As api_models.py, whose rules hold here too.

Names of patients never cross in views of the bed: `patient` is an opaque key.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pumpd.api_models import OverrideBody, ReasonView, Sex, View, WeightBasis
from pumpd.api_orders import HOLDS_MAX, Body, Day, HoldBoundBody, Name, PremedicationOrderBody, Typed
from pumpd.core.prescribed import PRESCRIBED_MAX, Route
from pumpd.core.series import Disposition
from pumpd.core.steps import StepMode
from pumpd.core.visit import Place

__all__ = [
    "Disposition", "Place", "PremedicationOrderBody", "RescueOrderBody", "Route", "SeriesBody", "SeriesView",
    "StepMode", "VisitBody", "VisitStartBody", "VisitView",
]  # fmt: skip


FIELDS_MAX = 64  # of one form
Typing = Annotated[str, Field(max_length=2_000)]  # as long as a hand-over
Extension = Annotated[str, Field(max_length=32)]


TRIED_MAX = 16
Tried = Annotated[str, Field(min_length=1, max_length=200)]


DayTyped = Annotated[str, Field(pattern=r"^(?:\d{4}-\d{2}-\d{2})?$")]


class RescueOrderBody(Body):
    """May be given against what it names: so much at a time, and no more in a visit than `most_mg`."""

    drug: Name
    dose_mg: Typed
    most_mg: Typed
    route: Route
    against: Name
    sedating: bool = False
    reverses: bool = False


class SeriesBody(Body):
    """A prescriber signs once for `visits` visits; it expires after `expires_in_days`."""

    patient: Name
    regimen: Name
    visits: Day
    weight_kg: Typed
    height_cm: Typed
    container: Name
    disposition: Disposition
    weight_basis: WeightBasis | None = None
    actual_weight_kg: Typed = ""
    sex: Sex | None = None
    age_years: Typed = ""
    expires_in_days: Day = 90
    steps: StepMode | None = None
    max_mg_per_h: Typed = ""  # the prescriber's own maximum
    failed_treatments: Annotated[tuple[Tried, ...], Field(max_length=TRIED_MAX)] = ()
    consent_on: DayTyped = ""
    weighed_on: DayTyped = ""  # weight and height; empty: today
    replaces: Name | None = None  # an order of this patient that takes no further visit
    premedication: Annotated[tuple[PremedicationOrderBody, ...], Field(max_length=PRESCRIBED_MAX)] = ()
    rescue: Annotated[tuple[RescueOrderBody, ...], Field(max_length=PRESCRIBED_MAX)] = ()
    extension: Extension = ""  # where the prescriber is reached
    holds: Annotated[tuple[HoldBoundBody, ...], Field(max_length=HOLDS_MAX)] = ()  # hold parameters that are not usual


class SeriesView(View):
    series: str
    patient: str
    prescriber: str
    regimen: str
    visits: int
    container: str
    container_title: str
    disposition: Disposition
    signed_day: int  # local days since 1970-01-01
    signed_text: str
    expires_day: int
    expires_text: str
    replaced: bool  # by an amendment: it takes no further visit


class SignedView(View):
    """One order whole, as it would be typed: to be read back, or amended."""

    order: SeriesView
    body: SeriesBody


class VisitBody(Body):
    """The patient of this series is at the bed, for visit `number`."""

    series: Name
    number: Day
    bed_is_empty: bool = False  # "new patient?": whoever was here before has left the bed
    line_off: bool = False  # ... and the line is off them, where a pump cannot be known to stand still


class VisitView(View):
    """One visit, and what is still missing for a start by its order (`missing` is empty when all gates are open)."""

    visit: str
    series: str
    patient: str
    number: int
    place: Place
    regimen: str
    container: str
    weight_text: str
    opened_ts_ms: int
    opened_by: str
    writer: str  # account id of who fills it in now
    missing: tuple[ReasonView, ...]


class DraftBody(Body):
    """What stands in a form, field by field, as typed."""

    fields: Annotated[dict[Name, Typing], Field(max_length=FIELDS_MAX)]


class DraftView(View):
    form: str
    person: str  # account id of who typed last
    ts_ms: int
    fields: dict[str, str]


class DroppedView(View):
    form: str


class VisitStartBody(Body):
    """Start what the visit's own order asks for; `digest` is of the review that was read."""

    slot: Name
    digest: Name
    override: OverrideBody | None = None
