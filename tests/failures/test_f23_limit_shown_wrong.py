"""F23: the library's lower limit was shown wrong.

Medfusion, 2024. Here every limit of the shipped library is brought to speak, and the number in its sentence is read
back: it is the limit itself, to the last digit, in the entry's own unit.

Guard: `pumpd.words._milli`, which writes thousandths without losing one.
"""

from __future__ import annotations

import pytest

from pumpd.core.codes import Reason, ReasonCode, Severity
from pumpd.core.library import DoseUnit
from pumpd.core.units import parse_scaled
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.guards import guard_removed
from pumpd.words import number
from pumpd.words_reasons import reason_text

CODES = {
    DoseUnit.MG_PER_KG: ReasonCode.DOSE_UG_PER_KG,
    DoseUnit.MG_PER_KG_PER_H: ReasonCode.DOSE_UG_PER_KG_PER_H,
    DoseUnit.MG_PER_H: ReasonCode.DOSE_UG_PER_H,
    DoseUnit.ML_PER_H: ReasonCode.DOSE_UL_PER_H,
}
EXTRA = (1, 7, 15, 25, 105, 1_005, 12_345)  # what another site may write: down to a thousandth


def complaints() -> list[str]:
    found = []
    for entry in shipped_rules().library.entries:
        span = entry.dose
        for limit in (span.hard_low, span.soft_low, span.soft_high, span.hard_high, *EXTRA):
            text = reason_text(Reason(code=CODES[entry.unit], severity=Severity.SOFT, asked=0, limit=limit))
            shown = text.partition("limit of ")[2].partition(f" {entry.unit.value}")[0].replace(",", "")
            if not shown or parse_scaled(shown, 1_000) != limit:
                found.append(f"{entry.id}: {limit} thousandths of {entry.unit.value}, the page says {text}")
    return found


def one_place(value: int) -> str:
    return number(value, digits=3, places=1)


@pytest.mark.requirement("F23")
def test_every_limit_reads_back_as_it_stands_in_the_library() -> None:
    assert complaints() == []


@pytest.mark.requirement("F23")
def test_one_place_fewer_shows_another_limit() -> None:
    with guard_removed("pumpd.words._milli", instead=one_place):
        assert complaints()
