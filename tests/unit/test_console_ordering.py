"""What stands in the form crosses as it was typed, and what was left empty was not said."""

from __future__ import annotations

from pumpd.api_models import Sex, WeightBasis
from pumpd.console.ordering import _order

FORM = {
    "regimen": "MDD-2x3",
    "day:MDD-2x3": "3",
    "container:MDD-2x3": "syringe-60-1",
    "container:FM-3H": "syringe-60-5",
    "weight_kg": "55,1",
    "height_cm": "163",
}


def test_form_without_the_folded_fields_says_nothing_of_them() -> None:
    folded = dict.fromkeys(("weight_basis", "actual_weight_kg", "verified_weight_kg", "sex", "age_years"), "")
    order, faults = _order({**FORM, **folded})
    assert faults == {}
    assert order is not None
    assert (order.day, order.container, order.weight_kg) == (3, "syringe-60-1", "55,1")
    assert (order.weight_basis, order.sex, order.age_years) == (None, None, "")


def test_weight_that_the_dose_is_for_and_todays_cross_as_typed() -> None:
    said = {"weight_basis": "ideal", "sex": "female", "actual_weight_kg": "95", "verified_weight_kg": "94.6"}
    order, faults = _order({**FORM, **said, "age_years": "061"})
    assert faults == {}
    assert order is not None
    assert (order.weight_basis, order.sex) == (WeightBasis.IDEAL, Sex.FEMALE)
    assert (order.actual_weight_kg, order.verified_weight_kg, order.age_years) == ("95", "94.6", "061")


def test_day_in_another_form_is_told_beside_its_field() -> None:
    assert set(_order({**FORM, "day:MDD-2x3": "03"})[1]) == {"day"}
