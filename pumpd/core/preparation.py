"""What is established while an infusion is prepared: records of a visit, each with who said it and when.

The label is read off what hangs, and the barrel off the syringe: neither is taken from the order, since what hangs is
not what was ordered until somebody has read it. The second person of a double check enters the same values again, from
the sources, and sees none of the first ones (Baldwin and Walsh, Nursing 2014: independent means without input from the
first); what they entered is kept beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class CheckField(Enum):
    """What the second person enters, and from where."""

    WEIGHT = "weight"  # off the slip of the scale
    DRUG = "drug"  # off the label
    CONCENTRATION = "concentration"
    BRAND = "brand"  # off the barrel
    SIZE = "size"
    DOSE = "dose"  # off the order


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReading:
    """Off a label and, for a syringe, its barrel; days are local day numbers."""

    drug: str
    concentration_ug_per_ml: int
    lot: str
    expires_day: int
    capacity_nl: int
    brand: str  # empty for a bag


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What the first person read, of container `number` of this visit."""

    at_ns: int
    person: str
    number: int
    reading: LabelReading


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCheck:
    """The line is patent, used for nothing else, and traced from the container to the patient."""

    at_ns: int
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What the second person entered. `dose` is in the unit of the library's entry: the highest of this visit."""

    weight_g: int
    drug: str
    concentration_ug_per_ml: int
    brand: str
    capacity_nl: int
    dose: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondCheck:
    """Another person entered the same, of container `number`."""

    at_ns: int
    person: str
    number: int
    entered: Entered


def same_words(one: str, other: str) -> bool:
    """Two people write a drug or a brand with other capitals and spaces."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())
