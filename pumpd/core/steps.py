"""Steps of a plan: a volume at a rate, and what kind of step it is.

Beside the steps that an order asks for there are three kinds that only an entry which asks for them can bring:

- a **ramp** makes a rate be reached, or left, by a staircase instead of a jump. Its stairs lie below the confirmed rate
  and take their volume from the step beside them, so the total stays and the infusion lasts a little longer;
- **KVO** keeps the vein open behind the planned end. With a drug in the line it keeps giving drug, so it is a step like
  any other: confirmed at the start, counted in totals, windows and container, bounded in time and volume. Its rate is
  never above the last one;
- a **bolus** is put into the plan while it runs (boluses.py).

Being steps, they end where steps end, and whatever stops, pauses or doubts an infusion does so to them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from pumpd.core.pump import DriverInfo
from pumpd.core.units import NL_PER_ML, NL_PER_UL, S_PER_H, Towards, divide, on_grid

KVO_LONGEST_S: Final = 3_600  # whoever does not come within an hour has forgotten the patient; then it stops
KVO_MOST_NL: Final = 1 * NL_PER_ML


class StepKind(Enum):
    """Where a step comes from."""

    ORDERED = "ordered"
    RAMP = "ramp"
    BOLUS = "bolus"
    KVO = "kvo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A volume at a rate."""

    rate_ul_per_h: int
    volume_nl: int
    kind: StepKind = StepKind.ORDERED


class StepMode(Enum):
    """What a due step up does: wait for a tap, or go by itself."""

    ASK = "ask"
    AUTOMATIC = "automatic"


def _flows_nl(rate_ul_per_h: int, seconds: int) -> int:
    return divide(rate_ul_per_h * NL_PER_UL * seconds, S_PER_H, Towards.DOWN)


def _stairs(top_ul_per_h: int, lasts_s: int, stairs: int, info: DriverInfo) -> list[Step]:
    """From the lowest to the one below the top, equal in time, on the pump's grid."""
    if lasts_s <= 0:
        return []
    rates = [on_grid(top_ul_per_h * nth // (stairs + 1), info.rate_step_ul_per_h, info.rate_digits)
             for nth in range(1, stairs + 1)]  # fmt: skip
    each_s = divide(lasts_s, stairs, Towards.DOWN)
    return [Step(rate_ul_per_h=rate, volume_nl=_flows_nl(rate, each_s), kind=StepKind.RAMP) for rate in rates]


def with_ramp(steps: list[Step], *, rise_s: int, fall_s: int, stairs: int, info: DriverInfo) -> list[Step] | None:
    """The same volume with stairs at both ends; None where a step is too short to give them their volume."""
    up = _stairs(steps[0].rate_ul_per_h, rise_s, stairs, info)
    down = _stairs(steps[-1].rate_ul_per_h, fall_s, stairs, info)[::-1]
    ramped = list(steps)
    for index, part in ((0, up), (-1, down)):
        left_nl = ramped[index].volume_nl - sum(step.volume_nl for step in part)
        if left_nl <= 0:
            return None
        ramped[index] = replace(ramped[index], volume_nl=left_nl)
    return [*up, *ramped, *down]


def with_kvo(steps: list[Step], rate_ul_per_h: int, info: DriverInfo) -> list[Step]:
    """The same with what keeps the vein open behind the end: never faster than the last step."""
    rate = on_grid(min(rate_ul_per_h, steps[-1].rate_ul_per_h), info.rate_step_ul_per_h, info.rate_digits)
    volume_nl = min(_flows_nl(rate, KVO_LONGEST_S), KVO_MOST_NL)
    return [*steps, Step(rate_ul_per_h=rate, volume_nl=volume_nl, kind=StepKind.KVO)] if volume_nl > 0 else steps
