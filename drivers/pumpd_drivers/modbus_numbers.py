"""Numbers as Modbus pumps carry them: IEEE 754 singles and 32-bit integers over two registers, exactly.

A single has 24 binary digits, so most decimal rates do not fit: 5.15 lies between 5.1499996 and 5.1500001. What is
written is the next one towards zero, because what will be given rounds down; what is read is taken as the exact
fraction that it is, and rounded up where it may have been given. No Python float comes in between: a second rounding,
in a library or on another processor, would be one that nobody has looked at.

Word order is the order of the two registers. Most devices put the high word first; a few say so by a pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

_FRACTION_BITS: Final = 23
_HIDDEN: Final = 1 << _FRACTION_BITS
_BIAS: Final = 150  # exponent of the last digit of the fraction: 127 + 23
_EXPONENT_END: Final = 255  # infinite, or no number
F32_MAX: Final = Fraction((1 << 24) - 1) * (1 << 104)


def f32_value(bits: int) -> Fraction | None:
    """The exact value; None for what is no finite number."""
    exponent, fraction = bits >> _FRACTION_BITS & 0xFF, bits & (_HIDDEN - 1)
    if exponent == _EXPONENT_END:
        return None
    digits = fraction if exponent == 0 else fraction | _HIDDEN
    power = max(exponent, 1) - _BIAS
    value = Fraction(digits << power) if power >= 0 else Fraction(digits, 1 << -power)
    return -value if bits >> 31 else value


def f32_towards_zero(value: Fraction) -> int:
    """The largest single not above the value, as its bits. The value is finite, and not below zero."""
    assert 0 <= value <= F32_MAX, value
    power = value.numerator.bit_length() - value.denominator.bit_length() - _FRACTION_BITS
    power = max(power - 1, 1 - _BIAS)
    while _shifted(value, -power) >= _HIDDEN << 1:
        power += 1
    digits = _shifted(value, -power)
    if digits < _HIDDEN:
        return digits  # below the normal range; zero too
    return (power + _BIAS) << _FRACTION_BITS | digits & (_HIDDEN - 1)


def f32_step(bits: int) -> Fraction:
    """How far the next single lies away: finer than this no counter of singles can count."""
    power = max(bits >> _FRACTION_BITS & 0xFF, 1) - _BIAS
    return Fraction(1 << power) if power >= 0 else Fraction(1, 1 << -power)


def joined(registers: Sequence[int], *, high_first: bool) -> int:
    """Two registers as 32 bits."""
    first, second = registers
    high, low = (first, second) if high_first else (second, first)
    return high << 16 | low


def parted(bits: int, *, high_first: bool) -> tuple[int, int]:
    high, low = bits >> 16, bits & 0xFFFF
    return (high, low) if high_first else (low, high)


def _shifted(value: Fraction, bits: int) -> int:
    """The value times 2 to the power of `bits`, whole digits only."""
    if bits >= 0:
        return (value.numerator << bits) // value.denominator
    return value.numerator // (value.denominator << -bits)
