"""F04: the decimal point was not taken: ten times the dose.

Insulet Omnipod 5 app, 2024. Here every number that a weight or a rate can be is typed with a point, with a comma, and
with the point lost on the way. What is accepted reads back exactly as it was typed; a comma is refused and never
dropped.

Guard: `pumpd.core.units.parse_scaled`. Without it a keyboard of another country multiplies by ten.
"""

from __future__ import annotations

import pytest

from pumpd import words
from pumpd.api_typed import quantity
from pumpd.errors import ApiError
from pumpd.testing.guards import guard_removed


def read(text: str) -> int | None:
    try:
        return quantity(text, 1_000, field="rate_ml_per_h", said="The rate")
    except ApiError:
        return None


def complaints() -> list[str]:
    found = []
    for thousandths in (*range(1, 3_000, 7), *range(3_000, 120_000, 430)):
        typed = words.number(thousandths, digits=3, places=3).replace(",", "")
        meant = read(typed)
        if meant is None or words.number(meant, digits=3, places=3).replace(",", "") != typed:
            found.append(f"{typed} reads back as {meant}")
        if "." in typed and (taken := read(typed.replace(".", ","))) is not None:
            found.append(f"{typed.replace('.', ',')} is taken for {taken} thousandths")
    return found


def drops_the_comma(text: str, scale: int) -> int:
    return round(float(text.replace(",", "")) * scale)


@pytest.mark.requirement("F04")
@pytest.mark.requirement("CMD-13")
def test_a_point_is_kept_and_a_comma_is_never_dropped() -> None:
    assert complaints() == []


@pytest.mark.requirement("F04")
def test_a_reader_that_drops_commas_gives_ten_times_the_dose() -> None:
    with guard_removed("pumpd.core.units.parse_scaled", instead=drops_the_comma):
        told = complaints()
    assert "24,5 is taken for 245000 thousandths" in told
