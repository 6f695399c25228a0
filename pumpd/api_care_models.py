"""What crosses the socket about a visit's care: observations, what is due, what holds. As api_models.py.

A value is a whole number in the unit at the end of its item's code (`systolic_mmhg`); scores and scales have none.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pumpd.api_models import ReasonView, View
from pumpd.api_orders import FOR_EVER, BandName, Body, Name, Typed, Whole
from pumpd.core.emergency import Moment
from pumpd.core.observing import Measure, Scale, Sign, WhyNot
from pumpd.core.prescribed import Route
from pumpd.core.side_effects import Remedy, SideEffect

__all__ = [
    "AcceptBody", "BandName", "CareView", "CareWordsView", "ChoiceView", "DueState", "DueView", "EmergencyView",
    "GivenView", "HandOverBody", "HandOverView", "HoldView", "InfiltrationBody", "ItemToTakeView", "MarkBody",
    "MarkView", "MayGiveView", "Measure", "Moment", "ObservationView", "ObservationsBody", "OfferView", "ReadingBody",
    "ReductionView", "Remedy", "RescueBody", "Route", "Scale", "ScaleStepView", "ScaleView", "SideEffect",
    "SideEffectBody", "SideEffectView", "Sign", "VerbalView", "WhyNot",
]  # fmt: skip

DueState = Literal["later", "due", "overdue", "missed"]


class ReadingBody(Body):
    """One item of a set: a value, or why there is none; `scale` with a sedation."""

    item: Measure
    value: Whole | None = None
    why_not: WhyNot | None = None
    scale: Scale | None = None


class ObservationsBody(Body):
    """A set, taken at `taken_ts_ms` (now, where that is missing); `signs` is null where nobody looked for any."""

    readings: Annotated[tuple[ReadingBody, ...], Field(max_length=16)] = ()
    signs: Annotated[tuple[Sign, ...], Field(max_length=16)] | None = None
    taken_ts_ms: Annotated[int, Field(strict=True, ge=0)] | None = None


class AcceptBody(Body):
    """A prescriber lets the last value of this item stand. A nurse asks with the prescriber's PIN beside it."""

    item: Measure
    value: Whole
    remark: Annotated[str, Field(min_length=1, max_length=400)]
    prescriber: Name | None = None
    prescriber_pin: Annotated[str, Field(max_length=64)] = ""


Remark = Annotated[str, Field(max_length=400, description=FOR_EVER)]


class SideEffectBody(Body):
    """A side effect, `severity` of 10, and what was done about it."""

    effect: SideEffect
    severity: Annotated[int, Field(strict=True, ge=0, le=10)] | None = None
    remedies: Annotated[tuple[Remedy, ...], Field(max_length=8)] = ()
    remark: Remark = ""


class RescueBody(Body):
    """A drug that was given by hand; `all_the_same` once what speaks against it was read."""

    drug: Name
    dose_mg: Typed
    route: Route
    given_by: Name
    against: SideEffect | None = None
    given_ts_ms: Annotated[int, Field(strict=True, ge=0)] | None = None
    all_the_same: bool = False


class InfiltrationBody(Body):
    """The line on this pump did not run into the vein."""

    slot: Name
    remark: Remark = ""


class HandOverBody(Body):
    """What whoever cares for this patient next has to know."""

    said: Annotated[str, Field(min_length=1, max_length=2_000, description=FOR_EVER)]


class MarkBody(Body):
    """This happened now."""

    moment: Moment


class DueView(View):
    """When an item has to be taken."""

    item: Measure
    text: str
    due_ts_ms: int
    state: DueState


class HoldView(View):
    """A value or a sign that stands in the way of a rise, and what it asks for."""

    about: str
    band: BandName
    value: int | None
    limit: int | None
    text: str
    todo: str


class ObservationView(View):
    """The last of an item; `value` is null where it was not measured."""

    item: Measure
    value: int | None
    why_not: WhyNot | None
    scale: Scale | None
    taken_ts_ms: int
    entered_ts_ms: int
    person: str
    text: str
    value_text: str  # the value alone, for a place that has the name already


class SideEffectView(View):
    """A side effect that was noted, and what was done."""

    effect: SideEffect
    severity: int | None
    remedies: tuple[Remedy, ...]
    remark: str
    ts_ms: int
    person: str


class GivenView(View):
    """A drug that was given by hand, and what spoke against it."""

    drug: str
    dose_text: str
    route: Route
    given_by: str
    given_ts_ms: int
    flags: tuple[str, ...]


class MayGiveView(View):
    """An ordered rescue drug, what is left of it in this visit, and what speaks against one more dose now."""

    drug: str
    dose_ug: int
    dose_text: str
    left_text: str
    route: Route
    against: str
    reasons: tuple[ReasonView, ...]


class ReductionView(View):
    """A lower rate that the order lets a nurse set: ask for it as for every rate."""

    slot: str
    by_percent: int
    rate_ul_per_h: int
    rate_text: str


class OfferView(View):
    """What may be done about a side effect, the mildest first."""

    effect: SideEffect
    remedies: tuple[Remedy, ...]
    text: str


class MarkView(View):
    moment: Moment
    text: str
    ts_ms: int


class EmergencyView(View):
    """`over_ts_ms` is null while it lasts."""

    called_ts_ms: int
    person: str
    marks: tuple[MarkView, ...]
    over_ts_ms: int | None


class HandOverView(View):
    """The last hand-over; `taken_by` writes the visit since, and is null while nobody else does."""

    person: str
    said: str
    ts_ms: int
    taken_by: str | None


class ChoiceView(View):
    """One of several that a person chooses from."""

    code: str
    text: str


class ItemToTakeView(View):
    """An item of a set; `least` and `most` are the bounds of what can be true, null for a sedation."""

    item: Measure
    text: str
    unit: str
    least: int | None
    most: int | None


class ScaleStepView(View):
    value: int
    text: str


class ScaleView(View):
    scale: Scale
    text: str
    steps: tuple[ScaleStepView, ...]


class CareWordsView(View):
    """What a page lets somebody choose from; the same for every visit."""

    items: tuple[ItemToTakeView, ...]
    scales: tuple[ScaleView, ...]
    signs: tuple[ChoiceView, ...]
    why_not: tuple[ChoiceView, ...]
    remedies: tuple[ChoiceView, ...]
    routes: tuple[ChoiceView, ...]
    moments: tuple[ChoiceView, ...]
    bands: tuple[ChoiceView, ...]  # of a hold parameter that may be moved by word


class BoundView(View):
    """A bound of the hold parameters that are in force, and that may be moved by word."""

    item: Measure
    band: BandName
    text: str


class LowerView(View):
    """A lower rate that was ordered by word; setting it is a call of its own."""

    slot: str
    rate_ul_per_h: int
    rate_text: str


class VerbalView(View):
    """An order by word. `agreed` is null until a prescriber has looked; false: it was not so, and counts no longer."""

    order: str
    prescriber: str
    person: str
    text: str
    read_back: str
    given_ts_ms: int
    agreed: bool | None
    signed_by: str | None
    signed_ts_ms: int | None
    remark: str
    lower: LowerView | None = None


class CareView(View):
    """What is due when in this visit, what holds, what was seen last, what was done, and what may be."""

    visit: str
    profile: str
    due: tuple[DueView, ...]
    holds: tuple[HoldView, ...]
    latest: tuple[ObservationView, ...]
    baseline: tuple[ObservationView, ...]
    signs: tuple[Sign, ...]
    side_effects: tuple[SideEffectView, ...]
    offers: tuple[OfferView, ...]
    reductions: tuple[ReductionView, ...]
    may_give: tuple[MayGiveView, ...]
    rescues: tuple[GivenView, ...]
    infiltrated: tuple[int, ...]  # infusions of which not all reached the vein
    emergencies: tuple[EmergencyView, ...]
    emergency_offered: bool
    handed_over: HandOverView | None
    words: CareWordsView
    verbal: tuple[VerbalView, ...] = ()
    bounds: tuple[BoundView, ...] = ()
