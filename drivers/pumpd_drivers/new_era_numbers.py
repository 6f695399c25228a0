"""Numbers as a New Era pump reads and writes them, exactly.

The pump carries at most four digits and a decimal point, at most three of them behind the point (NE-1000
manual, publication 1200-01, section 10.2.1); its replies are five characters wide, `26.59`, `5.000`,
`1000.`, and nesp-lib (PyPI) accepts `.9999` as the smallest step of that form. So a number is an integer
count of ten-thousandths and is never a float. The unit follows as two letters: ml or ul, an hour or a
minute.

Writing rounds down, because what is written will be given: 12.345 mL/h goes out as `12.34`. Reading rounds
up, because what is read may be flowing; a rate in MH and a volume in ML or UL are always whole in our
units. A diameter is never rounded: a smaller one would make the same pump push more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pumpd.core.units import NL_PER_ML, NL_PER_UL, Towards, divide

SCALE: Final = 10_000  # a number is counted in ten-thousandths
_DIGITS_END: Final = 10_000  # four digits
_DECIMALS_MAX: Final = 3

NUMBER: Final = r"(?=[0-9.]{2,5}(?![0-9.]))[0-9]{0,4}\.[0-9]{0,4}"
UL_PER_H: Final = {"MH": 1_000, "UH": 1, "MM": 60_000, "UM": 60}  # one unit of rate in microlitres an hour
NL: Final = {"ML": NL_PER_ML, "UL": NL_PER_UL}  # one unit of volume in nanolitres

_NUMBER: Final = re.compile(NUMBER, re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """What a five-character field says, and how finely it says it; both in ten-thousandths."""

    value: int
    step: int


def read(text: str) -> Number | None:
    """A field of a reply; None when it is none."""
    if not _NUMBER.fullmatch(text):
        return None
    whole, _, fraction = text.partition(".")
    step = SCALE // 10 ** len(fraction)
    return Number(value=int(whole or "0") * SCALE + int(fraction or "0") * step, step=step)


def write(numerator: int, denominator: int) -> str | None:
    """The largest number not above the fraction that the pump can carry; None when there is none above zero.

    `write(12_345, 1_000)` is "12.34".
    """
    for decimals in range(_DECIMALS_MAX, -1, -1):
        digits = divide(numerator * 10**decimals, denominator, Towards.DOWN)
        if digits < _DIGITS_END:
            break
    else:
        return None
    if digits == 0:
        return None
    if decimals == 0:
        return str(digits)
    padded = f"{digits:0{decimals + 1}d}"
    return f"{padded[:-decimals]}.{padded[-decimals:]}"


def value_of(written: str) -> int:
    """What `write` wrote, in ten-thousandths: the read-back has to say the same."""
    number = read(written if "." in written else f"{written}.")
    assert number is not None, written
    return number.value


def rate_ul_per_h(number: Number, unit: str) -> int:
    """Rounded up: it may be flowing."""
    return divide(number.value * UL_PER_H[unit], SCALE, Towards.UP)


def volume_nl(number: Number, unit: str) -> int:
    """Whole in every form but `.9999UL`, and then rounded up."""
    return divide(number.value * NL[unit], SCALE, Towards.UP)


def step_nl(number: Number, unit: str) -> int:
    """The finest difference that a volume printed like this can show."""
    return divide(number.step * NL[unit], SCALE, Towards.UP)
