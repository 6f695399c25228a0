"""Flows and volumes with the drug that is in them, as they cross the socket.

A rate on the page is always a flow, because that is what a pump does, and beside it the dose that the flow
carries, because that is what the patient gets. Saline has no dose: its fields stay None rather than 0.
Mass is rounded up: it may have been that much.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd import api_models as m
from pumpd import words
from pumpd.core.library import DoseUnit
from pumpd.core.state import Infusion
from pumpd.core.units import NG_PER_UG, Towards, divide, mass_ng


@dataclass(frozen=True, slots=True, kw_only=True)
class Dosed:
    """Flows and volumes of one container and patient, with the drug in them."""

    unit: DoseUnit
    concentration_ug_per_ml: int
    weight_g: int

    @classmethod
    def of(cls, infusion: Infusion) -> Dosed:
        programme, entry = infusion.programme, infusion.entry
        return cls(
            unit=DoseUnit.MG_PER_H if entry is None else entry.unit,
            concentration_ug_per_ml=programme.concentration_ug_per_ml,
            weight_g=programme.weight_g,
        )

    def rate(self, rate_ul_per_h: int) -> m.RateView:
        text = words.rate_ml_per_h(rate_ul_per_h)
        if self.concentration_ug_per_ml == 0:
            return m.RateView(ul_per_h=rate_ul_per_h, text=text)
        ng_per_h = rate_ul_per_h * self.concentration_ug_per_ml
        dose = words.dose_rate(ng_per_h)
        if self.unit is not DoseUnit.MG_PER_H:
            dose = f"{words.dose_rate_per_kg(ng_per_h, self.weight_g)} ({dose})"
        return m.RateView(ul_per_h=rate_ul_per_h, text=text, dose_ng_per_h=ng_per_h, dose_text=dose)

    def volume(self, volume_nl: int) -> m.VolumeView:
        if self.concentration_ug_per_ml == 0:
            return m.VolumeView(nl=volume_nl, text=words.volume_ml(volume_nl))
        drug_ng = mass_ng(volume_nl, self.concentration_ug_per_ml, Towards.UP)
        return m.VolumeView(
            nl=volume_nl,
            text=words.volume_ml(volume_nl),
            mass_ng=drug_ng,
            mass_text=words.mass(divide(drug_ng, NG_PER_UG, Towards.UP)),
        )

    def delivered(self, low_nl: int, high_nl: int) -> m.DeliveredView:
        most = self.volume(high_nl).mass_text
        return m.DeliveredView(
            low_nl=low_nl,
            high_nl=high_nl,
            text=words.interval_ml(low_nl, high_nl),
            mass_text=None if most is None else f"at most {most}",
        )


def concentration_text(concentration_ug_per_ml: int) -> str:
    return words.concentration(concentration_ug_per_ml) if concentration_ug_per_ml else "no drug"
