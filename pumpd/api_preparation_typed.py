"""What was typed while preparing and checking -> exact integers, once and strictly, as in api_typed.py."""

from __future__ import annotations

from pumpd.api_preparation_models import CheckBody, LabelReadBody, PremedicationBody, RiseCheckBody
from pumpd.api_typed import concentration_ug_per_ml, day_of, quantity, volume_nl
from pumpd.core.preparation import Entered, LabelReading
from pumpd.core.rise_proposed import RiseEntered


def reading(typed: LabelReadBody) -> LabelReading:
    """Raises ApiError with the field."""
    return LabelReading(
        drug=typed.drug.strip(),
        concentration_ug_per_ml=concentration_ug_per_ml(typed.concentration_mg_per_ml),
        lot=typed.lot.strip(),
        expires_day=day_of(typed.expires, field="expires"),
        capacity_nl=volume_nl(typed.size_ml, field="size_ml"),
        brand=typed.brand.strip(),
    )


def dose_ug(typed: PremedicationBody) -> int:
    """Raises ApiError."""
    return quantity(typed.dose_mg, 1_000, field="dose_mg", said="The dose in milligrams")


def rise_entered(typed: RiseCheckBody) -> RiseEntered:
    """Raises ApiError with the field."""
    return RiseEntered(
        drug=typed.drug.strip(),
        concentration_ug_per_ml=concentration_ug_per_ml(typed.concentration_mg_per_ml),
        dose=quantity(typed.dose_mg, 1_000, field="dose_mg", said="The new dose"),
    )


def entered(typed: CheckBody) -> Entered:
    """Raises ApiError with the field."""
    return Entered(
        weight_g=quantity(typed.weight_kg, 1_000, field="weight_kg", said="The weight in kilograms"),
        drug=typed.drug.strip(),
        concentration_ug_per_ml=concentration_ug_per_ml(typed.concentration_mg_per_ml),
        brand=typed.brand.strip(),
        capacity_nl=volume_nl(typed.size_ml, field="size_ml"),
        dose=quantity(typed.dose_mg, 1_000, field="dose_mg", said="The dose on the order"),
    )
