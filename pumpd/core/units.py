"""Integers with their unit in the name, and the few exact conversions between them.

Everything that decides about a patient is an integer: volume in nanolitres (`_nl`), rate in microlitres
an hour (`_ul_per_h`), mass in nanograms (`_ng`), concentration in micrograms a millilitre (`_ug_per_ml`),
weight in grams (`_g`), length in micrometres (`_um`) or millimetres (`_mm`), time in nanoseconds (`_ns`).
An integer does not round behind our back, hashes the same on every machine, and survives JSON.

With these units the two products that matter are exact: `ul/h x ug/mL = ng/h` and `nl x ug/mL = pg`.
Only division rounds, and `divide` is the only place that divides: towards zero for what will be given,
up for what may have been. Decimal appears where people type or read, in `parse_scaled` and in words.py.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from pumpd.errors import BadNumber

NL_PER_UL: Final = 1_000
NL_PER_ML: Final = 1_000_000
NG_PER_UG: Final = 1_000
NG_PER_MG: Final = 1_000_000
NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000
NS_PER_MIN: Final = 60 * NS_PER_S
NS_PER_H: Final = 3_600 * NS_PER_S
S_PER_H: Final = 3_600
PPM: Final = 1_000_000
PERMILLE: Final = 1_000


class Towards(Enum):
    """DOWN for what will be given, UP for what may have been given."""

    DOWN = "down"
    UP = "up"


def divide(numerator: int, denominator: int, towards: Towards) -> int:
    """The one rounding division of pumpd; both arguments not negative."""
    assert numerator >= 0, numerator
    assert denominator > 0, denominator
    if towards is Towards.DOWN:
        return numerator // denominator
    return -(-numerator // denominator)


def delivered_nl(rate_ul_per_h: int, duration_ns: int, towards: Towards) -> int:
    """What a pump at this rate displaces in this time."""
    return divide(rate_ul_per_h * NL_PER_UL * duration_ns, NS_PER_H, towards)


def duration_for_ns(volume_nl: int, rate_ul_per_h: int, towards: Towards) -> int:
    """How long this volume takes at this rate."""
    return divide(volume_nl * NS_PER_H, rate_ul_per_h * NL_PER_UL, towards)


def mass_ng(volume_nl: int, concentration_ug_per_ml: int, towards: Towards) -> int:
    """The drug in a volume: `nl x ug/mL` is exactly picograms."""
    return divide(volume_nl * concentration_ug_per_ml, 1_000, towards)


def volume_for_nl(mass_ng: int, concentration_ug_per_ml: int, towards: Towards) -> int:
    """The volume that holds this much drug."""
    return divide(mass_ng * 1_000, concentration_ug_per_ml, towards)


def dose_rate_ng_per_h(rate_ul_per_h: int, concentration_ug_per_ml: int) -> int:
    """Exact: `ul/h x ug/mL = ng/h`."""
    return rate_ul_per_h * concentration_ug_per_ml


def on_grid(value: int, step: int, digits: int) -> int:
    """The highest number not above `value` that a pump can be told: whole steps, and `digits` significant."""
    power = 1
    while len(str(value // power)) > digits:
        power *= 10
    coarse = value - value % power
    return coarse - coarse % step


_NUMBER: Final = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_DIGITS_MAX: Final = 12  # far above any dose or weight; keeps a pasted page of digits out


def parse_scaled(text: str, scale: int) -> int:
    """A typed decimal as an exact integer of the unit `1/scale`: `parse_scaled("82.4", 1000)` is 82400.

    Strict, and nothing is repaired: leading zero required, no trailing zero behind the point, no comma,
    sign, exponent or space, and never finer than the scale can hold. Raises BadNumber with the reason.
    """
    if len(text) > _DIGITS_MAX or not _NUMBER.fullmatch(text):
        raise BadNumber(f"{text[:20]!r} is not a plain decimal number such as 0.5 or 82.4")
    whole, _, fraction = text.partition(".")
    if fraction.endswith("0"):
        raise BadNumber(f"{text!r} has a zero at its end that could be misread: write {text.rstrip('0').rstrip('.')}")
    if scale % 10 ** len(fraction):
        raise BadNumber(f"{text!r} has more decimals than can be used here")
    parts = int("1" + "0" * len(fraction))
    return int(whole) * scale + int(fraction or "0") * (scale // parts)
