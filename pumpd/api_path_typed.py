"""What was typed about a series -> exact integers, once and strictly, as in api_typed.py."""

from __future__ import annotations

from pumpd.api_orders import HoldBoundBody
from pumpd.api_path_models import PremedicationOrderBody, RescueOrderBody, SeriesBody
from pumpd.api_typed import day_of, optional, quantity
from pumpd.core.holds import Band
from pumpd.core.prescribed import Premedication, Rescue
from pumpd.core.series import SeriesOrder
from pumpd.core.verbal import HoldBound


def series(typed: SeriesBody, today_day: int) -> SeriesOrder:
    """Not signed yet: who, when and its id come with the request. Raises ApiError with the field."""
    return SeriesOrder(
        series="",
        patient=typed.patient,
        prescriber="",
        signed_at_ns=0,
        signed_day=today_day,
        expires_day=today_day + typed.expires_in_days,
        regimen=typed.regimen,
        visits=typed.visits,
        weight_g=quantity(typed.weight_kg, 1_000, field="weight_kg", said="The weight in kilograms"),
        weighed_day=day_of(typed.weighed_on, field="weighed_on") if typed.weighed_on else today_day,
        height_mm=quantity(typed.height_cm, 10, field="height_cm", said="The height in centimetres"),
        container=typed.container,
        disposition=typed.disposition,
        weight_basis=typed.weight_basis,
        actual_weight_g=optional(
            typed.actual_weight_kg, 1_000, field="actual_weight_kg", said="The actual weight in kilograms"
        ),
        sex=typed.sex,
        age_years=optional(typed.age_years, 1, field="age_years", said="The age in years"),
        steps=typed.steps,
        max_ug_per_h=optional(
            typed.max_mg_per_h, 1_000, field="max_mg_per_h", said="The maximum in milligrams an hour"
        ),
        failed_treatments=typed.failed_treatments,
        consent_day=day_of(typed.consent_on, field="consent_on") if typed.consent_on else None,
        replaces=typed.replaces,
        premedication=tuple(_premedication(each) for each in typed.premedication),
        rescue=tuple(rescue(each) for each in typed.rescue),
        extension=typed.extension,
        bounds=tuple(bound(each) for each in typed.holds),
    )


def _premedication(typed: PremedicationOrderBody) -> Premedication:
    return Premedication(
        drug=typed.drug.strip(),
        dose_ug=quantity(typed.dose_mg, 1_000, field="dose_mg", said="The dose of a premedication in milligrams"),
        route=typed.route,
        wait_s=typed.wait_min * 60,
        sedating=typed.sedating,
    )


def rescue(typed: RescueOrderBody) -> Rescue:
    """Raises ApiError with the field."""
    return Rescue(
        drug=typed.drug.strip(),
        dose_ug=quantity(typed.dose_mg, 1_000, field="dose_mg", said="The dose of a rescue drug in milligrams"),
        most_ug=quantity(typed.most_mg, 1_000, field="most_mg", said="The most of a rescue drug in milligrams"),
        route=typed.route,
        against=typed.against,
        sedating=typed.sedating,
        reverses=typed.reverses,
    )


def bound(typed: HoldBoundBody) -> HoldBound:
    """Whether it can be is for the bed to say."""
    return HoldBound(
        item=typed.item, band=Band[typed.band.upper()], above=typed.above, below=typed.below, scale=typed.scale
    )
