"""What a person typed -> exact integers, once and strictly, or a sentence that says how to type it.

Nothing is repaired: "82,4", ".5" and "1e3" are refused, since each has been read as another number
somewhere. What comes out has not been judged: a weight of 0.1 kg is a fine number and the limits' business.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from pumpd.api_models import CourseBody, OrderBody
from pumpd.api_rise_models import BolusBody
from pumpd.core.order import NEW_COURSE, Course, Order, Settled
from pumpd.core.units import NG_PER_MG, parse_scaled
from pumpd.errors import ApiError, BadNumber

UNPROCESSABLE: Final = 422
_FIRST_DAY: Final = date(1970, 1, 1)


def order(typed: OrderBody) -> Order:
    """Raises ApiError with the field. A height left empty is 0: the limits say whether one is needed."""
    elsewhere_ng = optional(
        typed.given_elsewhere_mg, NG_PER_MG, field="given_elsewhere_mg", said="The dose given elsewhere in milligrams"
    )
    return Order(
        regimen=typed.regimen,
        day=typed.day,
        weight_g=quantity(typed.weight_kg, 1_000, field="weight_kg", said="The weight in kilograms"),
        height_mm=optional(typed.height_cm, 10, field="height_cm", said="The height in centimetres") or 0,
        container=typed.container,
        weight_basis=typed.weight_basis,
        actual_weight_g=optional(
            typed.actual_weight_kg, 1_000, field="actual_weight_kg", said="The actual weight in kilograms"
        ),
        verified_weight_g=optional(
            typed.verified_weight_kg, 1_000, field="verified_weight_kg", said="Today's weight in kilograms"
        ),
        sex=typed.sex,
        age_years=optional(typed.age_years, 1, field="age_years", said="The age in years"),
        elsewhere_ng=elsewhere_ng or 0,
        course=_course(typed.course),
    )


def _course(typed: CourseBody | None) -> Course:
    if typed is None:
        return NEW_COURSE
    given_ng = optional(typed.given_mg, NG_PER_MG, field="given_mg", said="The dose of the series in milligrams")
    settled = tuple(Settled(code=each.code, value=each.value) for each in typed.settled)
    return Course(visits=typed.visits, given_ng=given_ng or 0, settled=settled)


def optional(typed: str, scale: int, *, field: str, said: str) -> int | None:
    return quantity(typed, scale, field=field, said=said) if typed else None


def rate_ul_per_h(typed: str) -> int:
    """Of a rate in mL/h. Raises ApiError."""
    return quantity(typed, 1_000, field="rate_ml_per_h", said="The rate in millilitres an hour")


def concentration_ug_per_ml(typed: str) -> int:
    """Of a concentration in mg/mL, as on a label. Raises ApiError."""
    return quantity(typed, 1_000, field="concentration_mg_per_ml", said="The concentration in milligrams a millilitre")


def volume_nl(typed: str, *, field: str) -> int:
    """Of a volume in mL. Raises ApiError with the field."""
    return quantity(typed, 1_000_000, field=field, said="The volume in millilitres")


def bolus_ug_per_kg(typed: BolusBody) -> int:
    """Raises ApiError."""
    return quantity(typed.dose_mg_per_kg, 1_000, field="dose_mg_per_kg", said="The dose in milligrams a kilogram")


def bolus_s(typed: BolusBody) -> int:
    """Raises ApiError."""
    return quantity(typed.duration_min, 60, field="duration_min", said="The duration in minutes")


def quantity(typed: str, scale: int, *, field: str, said: str) -> int:
    if not typed:
        raise ApiError(f"{said} is missing. Type it as a plain number.", status=UNPROCESSABLE, field=field)
    try:
        return parse_scaled(typed, scale)
    except BadNumber as error:
        raise ApiError(f"{said} cannot be read: {error}.", status=UNPROCESSABLE, field=field) from error


def day_of(typed: str, *, field: str) -> int:
    """A local day number. Raises ApiError for a day that no calendar has."""
    try:
        return (date.fromisoformat(typed) - _FIRST_DAY).days
    except ValueError as error:
        raise ApiError("There is no such day. Write it as in 2027-01-31.", status=UNPROCESSABLE, field=field) from error
