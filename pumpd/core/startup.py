"""How long it takes until anything flows: advice about the size of a syringe, never a refusal.

When a syringe pump starts, its screw, its gears and the plunger's seal first take up their play, and only then does the
first drop leave. The larger the syringe and the slower the rate, the longer: the patient waits while the pump counts.
Where that is more than a tenth of the whole infusion it is worth a smaller syringe, and if the library has one that
holds the volume at the same concentration, it is named by its size. The play of a size is the library's figure.
"""

from __future__ import annotations

from typing import Final

from pumpd.core.codes import Reason, ReasonCode, Severity
from pumpd.core.library import Container, Entry
from pumpd.core.programme import Programme, rate_range_ul_per_h
from pumpd.core.pump import DriverInfo
from pumpd.core.regimen import takes
from pumpd.core.units import NS_PER_S, Towards, divide, duration_for_ns

SHARE: Final = 10  # a delay of more than one tenth is told


def startup_ns(container: Container, rate_ul_per_h: int) -> int:
    """Until something flows, at this rate."""
    return duration_for_ns(container.play_nl, rate_ul_per_h, Towards.UP)


def advice(programme: Programme, container: Container, entry: Entry, info: DriverInfo) -> list[Reason]:
    """A note with both times when the start takes more than its share, and the smaller size that fits, if any."""
    rate = programme.steps[0].rate_ul_per_h
    if rate <= 0 or container.play_nl == 0:
        return []
    delay_ns = startup_ns(container, rate)
    lasts_ns = sum(
        duration_for_ns(step.volume_nl, step.rate_ul_per_h, Towards.UP)
        for step in programme.steps
        if step.rate_ul_per_h > 0
    )
    if delay_ns * SHARE <= lasts_ns:
        return []
    delay_s = divide(delay_ns, NS_PER_S, Towards.UP)
    share_s = divide(lasts_ns, NS_PER_S * SHARE, Towards.DOWN)
    found = [Reason(code=ReasonCode.STARTUP_DELAY_S, severity=Severity.NOTE, asked=delay_s, limit=share_s)]
    smaller = _smaller(programme, container, entry, info)
    if smaller is not None:
        note = Reason(
            code=ReasonCode.SMALLER_CONTAINER_NL,
            severity=Severity.NOTE,
            asked=container.capacity_nl,
            limit=smaller.capacity_nl,
        )
        found.append(note)
    return found


def _smaller(programme: Programme, container: Container, entry: Entry, info: DriverInfo) -> Container | None:
    """The smallest that holds it all, at the same concentration, and that this pump can drive as fast and as slowly."""
    fitting = [
        each
        for each in entry.containers
        if each.capacity_nl < container.capacity_nl
        and each.kind is container.kind
        and each.concentration_ug_per_ml == container.concentration_ug_per_ml
        and each.suits_weight(programme.weight_g)
        and each.usable_nl >= programme.total_nl
        and each.play_nl < container.play_nl
        and _drives(programme, each, info)
    ]
    return min(fitting, key=lambda each: each.capacity_nl, default=None)


def _drives(programme: Programme, container: Container, info: DriverInfo) -> bool:
    if not takes(info, container) or container.inner_diameter_um is None:
        return False
    least, most = rate_range_ul_per_h(info, container.inner_diameter_um)
    rates = [step.rate_ul_per_h for step in programme.steps]
    slow_enough = max(least, container.rate_ul_per_h_min) <= min(rates)
    return slow_enough and (most is None or max(rates) <= most)
