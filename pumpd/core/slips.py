"""The slips that a library has to catch: wrong by a factor of ten, another unit, pounds.

A slip is a factor on a dose. Key bounce and a decimal point that was missed make ten or a tenth. A number in another
unit makes a factor that depends on the patient and on the time of the step: 0.5 mg/kg over 40 min is 0.75 mg/kg/h,
12.5 mcg/kg/min and 0.0125 mg/kg/min, and at 70 kg 35 mg. Either number may end up where the other belongs, so every
pair of units is tried in both directions. A dose over a time is a unit of its own only where the day has one step of
a few hours: nobody adds up steps, and nobody writes five days as one dose.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Final, assert_never

from pumpd.core.library import DoseUnit
from pumpd.core.regimen import RegimenStep


class Slip(Enum):
    """What went wrong; the value names the self-test's column."""

    TENFOLD = "tenfold"
    TENFOLD_STEP = "tenfold_step"
    TENTH = "tenth"
    UNIT = "unit"
    POUNDS = "pounds"


class Written(Enum):
    """Ways to write one dose rate."""

    MG_PER_KG = "mg/kg"
    MG_PER_KG_PER_H = "mg/kg/h"
    MG_PER_KG_PER_MIN = "mg/kg/min"
    MCG_PER_KG_PER_MIN = "mcg/kg/min"
    MG_PER_H = "mg/h"
    MG = "mg"


LONGEST_DOSE_S: Final = 6 * 3_600
_OVER_A_TIME: Final = (Written.MG_PER_KG, Written.MG)
_OF: Final = {
    DoseUnit.MG_PER_KG: Written.MG_PER_KG,
    DoseUnit.MG_PER_KG_PER_H: Written.MG_PER_KG_PER_H,
    DoseUnit.MG_PER_H: Written.MG_PER_H,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistaken:
    """The number of one unit where that of another belongs."""

    meant: Written
    taken: Written


def _number(written: Written, step: RegimenStep, weight_g: int) -> Fraction:
    """How 1 mg/kg/h for this step and patient is written."""
    per_kg = Fraction(weight_g, 1_000)
    match written:
        case Written.MG_PER_KG:
            return Fraction(step.duration_s, 3_600)
        case Written.MG:
            return Fraction(step.duration_s, 3_600) * per_kg
        case Written.MG_PER_KG_PER_H:
            return Fraction(1)
        case Written.MG_PER_KG_PER_MIN:
            return Fraction(1, 60)
        case Written.MCG_PER_KG_PER_MIN:
            return Fraction(1_000, 60)
        case Written.MG_PER_H:
            return per_kg
        case _:
            assert_never(written)


def mistaken(unit: DoseUnit, steps: tuple[RegimenStep, ...]) -> tuple[Mistaken, ...]:
    """Every pair with the entry's own unit in it, in both directions."""
    own = _OF[unit]
    whole = len(steps) == 1 and steps[0].duration_s <= LONGEST_DOSE_S
    others = [each for each in Written if each is not own and (whole or each not in _OVER_A_TIME)]
    return tuple(
        pair for other in others for pair in (Mistaken(meant=other, taken=own), Mistaken(meant=own, taken=other))
    )


def factor(pair: Mistaken, step: RegimenStep, weight_g: int) -> Fraction:
    """By how much the dose is wrong: the number in one unit over the number in the other."""
    return Fraction(_number(pair.meant, step, weight_g), _number(pair.taken, step, weight_g))
