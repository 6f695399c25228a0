"""What crosses the socket about a visit's care: observations, what is due, what holds. As api_models.py.

A value is a whole number in the unit at the end of its item's code (`systolic_mmhg`); scores and scales have none.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pumpd.api_models import View
from pumpd.api_orders import Body, Name
from pumpd.core.observing import Measure, Scale, Sign, WhyNot

__all__ = [
    "AcceptBody", "BandName", "CareView", "DueState", "DueView", "HoldView", "Measure", "ObservationView",
    "ObservationsBody", "ReadingBody", "Scale", "Sign", "WhyNot",
]  # fmt: skip

BandName = Literal["start", "reduce", "pause", "stop"]
DueState = Literal["later", "due", "overdue", "missed"]
Whole = Annotated[int, Field(strict=True, ge=-9, le=999)]


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


class CareView(View):
    """What is due when in this visit, what holds, and what was seen last."""

    visit: str
    profile: str
    due: tuple[DueView, ...]
    holds: tuple[HoldView, ...]
    latest: tuple[ObservationView, ...]
    baseline: tuple[ObservationView, ...]
    signs: tuple[Sign, ...]
