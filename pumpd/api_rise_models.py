"""What crosses the socket about a rise and a bolus: each is reviewed before it is confirmed (see api_models)."""

from __future__ import annotations

from pumpd.api_models import OverrideBody, Reasoned, ReasonView
from pumpd.api_orders import Body, Name, Typed
from pumpd.api_quantities import RateView, View, VolumeView


class BolusBody(Body):
    """A prescriber's bolus as typed; `digest` is of the review that they read, which itself needs none."""

    dose_mg_per_kg: Typed
    duration_min: Typed
    digest: Name | None = None
    override: OverrideBody | None = None
    reason: Reasoned | None = None  # why it goes beyond, where whoever has checked it is who agrees


class BolusReviewView(View):
    """A bolus as it is confirmed: on top of what, how fast both together, and how much."""

    digest: str
    allowed: bool
    needs_override: bool
    to_be_checked: bool = False  # by another person, independently, before it is confirmed
    checked_by: str | None = None
    agreed: bool = False  # by whoever has checked it: the prescriber needs nobody else, and says why
    basal: RateView
    together: RateView
    bolus: VolumeView
    reasons: tuple[ReasonView, ...]


class RateReviewView(View):
    """A rise as it is confirmed: old and new side by side, what it becomes, and what it needs."""

    digest: str
    allowed: bool
    needs_override: bool
    to_be_read: bool
    said_twice: bool
    to_be_checked: bool = False  # by another person, independently, before it is confirmed
    checked_by: str | None = None
    agreed: bool = False  # by whoever has checked it: whoever asks needs nobody else, and says why
    before: RateView
    after: RateView
    planned_end_ts_ms: int = 0  # with it, as far as the present plan goes
    total: VolumeView
    reasons: tuple[ReasonView, ...]
