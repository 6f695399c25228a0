"""What a person typed -> exact integers, once and strictly, or a sentence that says how to type it.

Nothing is repaired: "82,4", ".5" and "1e3" are refused, since each has been read as another number
somewhere. What comes out has not been judged: a weight of 0.1 kg is a fine number and the limits' business.
"""

from __future__ import annotations

from typing import Final

from pumpd.api_models import OrderBody
from pumpd.core.order import Order
from pumpd.core.units import parse_scaled
from pumpd.errors import ApiError, BadNumber

UNPROCESSABLE: Final = 422


def order(typed: OrderBody) -> Order:
    """Raises ApiError with the field. A height left empty is 0: the limits say whether one is needed."""
    return Order(
        regimen=typed.regimen,
        day=typed.day,
        weight_g=quantity(typed.weight_kg, 1_000, field="weight_kg", said="The weight in kilograms"),
        height_mm=quantity(typed.height_cm, 10, field="height_cm", said="The height in centimetres")
        if typed.height_cm
        else 0,
        container=typed.container,
    )


def rate_ul_per_h(typed: str) -> int:
    """Of a rate in mL/h. Raises ApiError."""
    return quantity(typed, 1_000, field="rate_ml_per_h", said="The rate in millilitres an hour")


def quantity(typed: str, scale: int, *, field: str, said: str) -> int:
    if not typed:
        raise ApiError(f"{said} is missing. Type it as a plain number.", status=UNPROCESSABLE, field=field)
    try:
        return parse_scaled(typed, scale)
    except BadNumber as error:
        raise ApiError(f"{said} cannot be read: {error}.", status=UNPROCESSABLE, field=field) from error
