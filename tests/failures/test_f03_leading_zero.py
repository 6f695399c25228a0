"""F03: a leading zero froze the screen.

Fresenius Ivenix 5.10.1, 2026. Here everything that people and machines have put into number fields is typed: leading
zeros, naked points, exponents, digits of other scripts, invisible spaces, a page of digits. Each is a number in its
one written form, or it is refused with a sentence; nothing hangs, and nothing is repaired.

Guard: `pumpd.core.units.parse_scaled`, the one place where a text becomes a number.
"""

from __future__ import annotations

import pytest

from pumpd.api_typed import quantity
from pumpd.errors import ApiError
from pumpd.testing.guards import guard_removed

GOOD = {"7": 7_000, "0.5": 500, "82.4": 82_400, "100": 100_000, "0.125": 125, "0": 0}
BAD = (
    "007", "00.5", "-007", ".5", "5.", "1e3", "1E3", "0x10", "٣", "٧.٥", "1\u00a0000", " 7", "7 ", "7\n", "\u200b7",
    "7\u0000", "9" * 400, "0." + "1" * 400, "1_000", "1,000", "1.000", "0.50", "+7", "-7", "--7", "1..5", "1.2.3",
    "nan", "inf", "-0.0", "1/2", "７", "½", "0.0005", "7 kg", "five",
)  # fmt: skip


def complaints() -> list[str]:
    found = []
    for text in (*GOOD, *BAD):
        try:
            read = quantity(text, 1_000, field="weight_kg", said="The weight")
        except ApiError as error:
            if text in GOOD:
                found.append(f"{text!r} is refused")
            if "\n" in str(error) or len(str(error)) > 300:
                found.append(f"{text[:20]!r} is answered with {len(str(error))} characters")
        except (ValueError, ArithmeticError) as error:
            found.append(f"{text[:20]!r} raises {error!r}")
        else:
            if GOOD.get(text) != read:
                found.append(f"{text[:20]!r} is taken for {str(read)[:20]}")
    return found


def reads_what_python_reads(text: str, scale: int) -> int:
    return round(float(text) * scale)


@pytest.mark.requirement("F03")
@pytest.mark.requirement("CMD-13")
def test_whatever_is_typed_is_a_number_in_its_one_form_or_refused() -> None:
    assert complaints() == []


@pytest.mark.requirement("F03")
def test_a_reader_that_repairs_takes_a_leading_zero_and_falls_over_a_script() -> None:
    with guard_removed("pumpd.core.units.parse_scaled", instead=reads_what_python_reads):
        told = complaints()
    assert "'007' is taken for 7000" in told
    assert any(each.startswith("'five' raises") for each in told)
