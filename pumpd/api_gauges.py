"""What a page shows beside the rate: the gauges that a pump has or has not, and how long the present step still lasts.

A gauge that is not fitted is said to be so, never left blank: a blank place reads as "all is well".
"""

from __future__ import annotations

from typing import Final, TypedDict

from pumpd import words
from pumpd.core.look import Look
from pumpd.core.pump import Detectable, DriverInfo, Report
from pumpd.core.state import Infusion
from pumpd.core.units import Towards, duration_for_ns

NOT_FITTED: Final = "not fitted"
NO_FIGURE: Final = "the pump watches it, and tells no figure"
NOT_KNOWN: Final = "not known"


class Gauges(TypedDict):
    """As the view has them."""

    pressure_pa: int | None
    pressure_text: str
    battery_percent: int | None
    battery_text: str


def fitted(last: Report | None, info: DriverInfo) -> Gauges:
    """By the pump's last report; its age is the page's to show."""
    pressure_pa = None if last is None else last.pressure_pa
    percent = None if last is None else last.battery_percent
    return Gauges(
        pressure_pa=pressure_pa,
        pressure_text=_told(
            None if pressure_pa is None else words.pressure(pressure_pa), Detectable.OCCLUSION_BY_PRESSURE, last, info
        ),
        battery_percent=percent,
        battery_text=_told(None if percent is None else words.battery(percent), Detectable.BATTERY, last, info),
    )


def _told(value: str | None, gauge: Detectable, last: Report | None, info: DriverInfo) -> str:
    if value is not None:
        return value
    if gauge not in info.detects:
        return NOT_FITTED
    return NOT_KNOWN if last is None else NO_FIGURE


def step_left(infusion: Infusion, seen: Look) -> int | None:
    """Nanoseconds until the next step is due at the present rate; None for the last one, or one that waits already."""
    rate_ul_per_h = seen.granted_ul_per_h or infusion.rate_ul_per_h
    if infusion.step_due or infusion.step + 1 >= len(infusion.plan) or not rate_ul_per_h:
        return None
    to_go_nl = max(0, infusion.boundary_nl(infusion.step) - seen.delivered.low_nl)
    return duration_for_ns(to_go_nl, rate_ul_per_h, Towards.UP)
