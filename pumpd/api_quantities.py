"""Quantities as they cross the daemon's socket: exact integers with the unit in the name, and the text beside them.

Clients take them from api_models.py, where the rest of what crosses stands, and where the reasons for its form are.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """What the daemon answers; a field that this client does not know yet is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class RateView(View):
    """A flow, and the dose rate that it carries where a drug is in the container."""

    ul_per_h: int
    text: str
    dose_ng_per_h: int | None = None
    dose_text: str | None = None


class MeasuredView(RateView):
    """A flow by the pump's own counter, over a window."""

    uncertainty_ul_per_h: int
    window_ms: int
    window_text: str


class VolumeView(View):
    nl: int
    text: str
    mass_ng: int | None = None
    mass_text: str | None = None


class DeliveredView(View):
    """At least this, at most that; `text` says both."""

    low_nl: int
    high_nl: int
    text: str
    mass_text: str | None = None


class PlanStepView(View):
    """One step of what is planned, as it stands now."""

    rate_ul_per_h: int
    volume_nl: int
