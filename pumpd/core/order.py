"""What was asked for, for this patient: frozen once it is signed.

An order names a published regimen and the facts that turn it into a programme: the day of the series, the
weight in grams, the height in millimetres and the container. It names neither rates nor volumes: those
are compiled, so that the same order gives the same programme everywhere and nobody types one in the wrong
field.

`weight_g` is the weight that the dose is for. For most people that is their own; from a body mass index of 30 on the
prescriber says which (the choice changes the dose up to 1.7-fold), and where it is not the actual weight the order
says that one too. What the scale shows today is a third number and never replaces the first.

The journal is the bed's, and a course goes over many days and beds: what the course has had, and what a second person
has settled for all of it, comes in with the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pumpd.core.codes import ReasonCode
from pumpd.core.steps import StepMode
from pumpd.core.units import NG_PER_UG


class WeightBasis(Enum):
    """Which weight the dose is for; ideal is Devine's, adjusted is ideal and four tenths of what is above it."""

    ACTUAL = "actual"
    IDEAL = "ideal"
    ADJUSTED = "adjusted"


class Sex(Enum):
    """As Devine's formula asks for it."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A soft limit of the patient that two people crossed earlier in this course, and the value they saw."""

    code: ReasonCode
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What this series has had before this visit, upper end, wherever it was given."""

    visits: int = 0
    given_ng: int = 0
    settled: tuple[Settled, ...] = ()
    days_since: int | None = None  # since this patient's last visit with a drug, of whatever series; None: none known
    apart_days: int = 0  # what that visit's regimen asks for between itself and the next one


NEW_COURSE = Course()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Asked, in the order's own terms. None: nobody has said."""

    regimen: str  # id in the catalogue, for example "CRPS-OP10"
    day: int  # 1 is the first day of the series
    weight_g: int  # the dose is for this weight
    height_mm: int  # 0: not measured
    container: str  # id in the library entry
    weight_basis: WeightBasis | None = None
    actual_weight_g: int | None = None  # when it was ordered, where the dose is for another weight
    verified_weight_g: int | None = None  # on today's scale
    sex: Sex | None = None
    age_years: int | None = None
    elsewhere_ng: int = 0  # given in this visit, as far as this bed did not give it: a bolus by hand, another bed
    course: Course = NEW_COURSE
    steps: StepMode | None = None  # how a due step up begins; None: as the regimen has it
    max_ug_per_h: int | None = None  # the prescriber's own maximum, below every cap of the scheme

    def cap_ng_per_h(self, scheme_ng_per_h: int | None) -> int | None:
        """Of the scheme's cap and the prescriber's own maximum the least counts."""
        own_ng_per_h = None if self.max_ug_per_h is None else self.max_ug_per_h * NG_PER_UG
        return min((each for each in (scheme_ng_per_h, own_ng_per_h) if each is not None), default=None)
