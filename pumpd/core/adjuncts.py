"""What is usual of the drugs that are given by hand beside an infusion: so much at a time, so much in a visit.

Nothing is refused by it, because a dose that was given has to be on record whatever it was. A dose above what is usual,
or above what the order lets give, is flagged: before it is recorded the nurse reads the flag, and afterwards it stands
in the record. None of these drugs is pumped here.

Midazolam by its published dosing (under 60 years 1 to 2.5 mg at a time, more than 5 mg in all rarely needed; from 60 on
at most 1.5 and 3.5 mg); clonidine as in Schwartzman 2009; ondansetron, glycopyrrolate and flumazenil by emergency
department guidelines; lorazepam, labetalol, hydralazine and acetaminophen are our own proposals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ELDER_YEARS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjunct:
    """`sedating`: recovery counts from it. `reverses`: it wears off before what it reverses does."""

    drug: str
    most_ug: int
    visit_ug: int
    elder_most_ug: int | None = None
    elder_visit_ug: int | None = None
    sedating: bool = False
    reverses: bool = False

    def most_at_once_ug(self, age_years: int | None) -> int:
        """Nobody's age is taken for a young one."""
        elder = age_years is None or age_years >= ELDER_YEARS
        return self.elder_most_ug if elder and self.elder_most_ug is not None else self.most_ug

    def most_in_visit_ug(self, age_years: int | None) -> int:
        elder = age_years is None or age_years >= ELDER_YEARS
        return self.elder_visit_ug if elder and self.elder_visit_ug is not None else self.visit_ug


BENZODIAZEPINES: Final = frozenset(
    {"alprazolam", "clonazepam", "diazepam", "lorazepam", "midazolam", "oxazepam", "temazepam"}
)

ADJUNCTS: Final = (
    Adjunct(drug="midazolam", most_ug=2_000, visit_ug=5_000, elder_most_ug=1_500, elder_visit_ug=3_500, sedating=True),
    Adjunct(drug="lorazepam", most_ug=1_000, visit_ug=2_000, sedating=True),
    Adjunct(drug="clonidine", most_ug=100, visit_ug=200, sedating=True),
    Adjunct(drug="ondansetron", most_ug=4_000, visit_ug=8_000),
    Adjunct(drug="glycopyrrolate", most_ug=200, visit_ug=200),
    Adjunct(drug="labetalol", most_ug=10_000, visit_ug=40_000),
    Adjunct(drug="hydralazine", most_ug=10_000, visit_ug=20_000),
    Adjunct(drug="flumazenil", most_ug=200, visit_ug=1_000, reverses=True),
    Adjunct(drug="acetaminophen", most_ug=1_000_000, visit_ug=1_000_000),
)


def adjunct(drug: str) -> Adjunct | None:
    """By name, however it is capitalised: LORazepam is lorazepam."""
    return next((each for each in ADJUNCTS if each.drug == drug.casefold()), None)
