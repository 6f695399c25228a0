"""What is asked across the socket: bodies, and the order with all that a nurse or prescriber may say of a patient.

Numbers cross as they were typed; the daemon parses them once, strictly (api_typed.py). What nobody has said is an empty
text or null, and whether it is needed is for the limits to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pumpd.core.codes import ReasonCode
from pumpd.core.holds import Band
from pumpd.core.observing import Measure, Scale
from pumpd.core.order import Sex, WeightBasis
from pumpd.core.prescribed import Route
from pumpd.core.units import parse_scaled

TYPED_CHARS_MAX: Final = 32  # beyond any number a person types; the strict parser judges the rest
NAME_CHARS_MAX: Final = 64  # ids of regimens, containers and people
COUNT_MAX: Final = 1_000  # no day or visit of a series comes near; keeps absurd integers out
FOR_EVER: Final = "stands in the journal for ever: no name of a patient"  # of every free text
SETTLED_MAX: Final = 16  # more kinds than may be settled
HOLDS_MAX: Final = 8  # of one order: who needs more of them otherwise needs another scheme


def counted(value: object) -> object:
    """A whole number, or the text of one in its one plain form: a form's fields are texts."""
    return parse_scaled(value, 1) if isinstance(value, str) else value


BandName = Literal["start", "reduce", "pause", "stop"]
BANDS: Final[Mapping[Band, BandName]] = {
    Band.START: "start",
    Band.REDUCE: "reduce",
    Band.PAUSE: "pause",
    Band.STOP: "stop",
}
Whole = Annotated[int, Field(strict=True, ge=-9, le=999)]
Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARS_MAX)]
Typed = Annotated[str, Field(max_length=TYPED_CHARS_MAX)]
Count = Annotated[int, BeforeValidator(counted), Field(strict=True, ge=0, le=COUNT_MAX)]
Day = Annotated[int, BeforeValidator(counted), Field(strict=True, ge=1, le=COUNT_MAX)]


class Body(BaseModel):
    """What a client asks; an unknown field is an error, since it may be a misspelt limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HoldBoundBody(Body):
    """This item speaks in this band beyond these bounds; null: as it is. `scale` with a sedation."""

    item: Measure
    band: BandName
    above: Whole | None = None
    below: Whole | None = None
    scale: Scale | None = None


class PremedicationOrderBody(Body):
    """Given before the start; `wait_min` later it may be started."""

    drug: Name
    dose_mg: Typed
    route: Route
    wait_min: Count
    sedating: bool = False


class SettledBody(Body):
    """A soft limit of the patient that two people crossed earlier in the series, and the reason's `asked` of then."""

    code: ReasonCode
    value: Annotated[int, Field(strict=True, ge=0)]


class CourseBody(Body):
    """What the series has had before this visit."""

    visits: Count = 0
    given_mg: Typed = ""
    settled: Annotated[tuple[SettledBody, ...], Field(max_length=SETTLED_MAX)] = ()


class OrderBody(Body):
    """What was asked, as typed."""

    regimen: Name
    day: Day = 1
    weight_kg: Typed  # the dose is for this weight
    height_cm: Typed = ""  # for saline it may be left out
    container: Name
    weight_basis: WeightBasis | None = None
    actual_weight_kg: Typed = ""  # when it was ordered, where the dose is for another weight
    verified_weight_kg: Typed = ""  # on today's scale
    sex: Sex | None = None
    age_years: Typed = ""
    given_elsewhere_mg: Typed = ""  # in this visit, not by this bed
    course: CourseBody | None = None
