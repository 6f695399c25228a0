"""The patient of the ideal nurse: who it is, what was ordered, and what the house knows from an earlier day.

An order needs a patient and a prescriber before a nurse can begin, and from the second visit on the patient has been
here before, so that what has not changed is one confirmation. None of that is the visit's own work, and nothing of it
is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pumpd import api_check_in_calls as c
from pumpd import api_departure_calls as d
from pumpd import api_path_calls
from pumpd.api_check_in_models import Answered, CompanyBody, Item, ItemsBody, PatientBody, SaidBody
from pumpd.api_departure_models import ExitBody
from pumpd.api_path_models import PremedicationOrderBody, SeriesBody, VisitBody
from pumpd.core.departure import Exit
from pumpd.core.prescribed import Route
from pumpd.testing.nurse_tally import Hands
from pumpd.testing.nursed_bed import NURSE
from pumpd.testing.steered_bed import SteeredBed
from pumpd.testing.treatment import Treatment

PRESCRIBER: Final = ("dora", "1618")
PATIENT: Final = PatientBody(name="Eva Lind", born="1970-12-31")
ESCORT: Final = CompanyBody(escort_name="Jan Lind", escort_phone="0301234567")
WARD: Final = CompanyBody(ward="pain ward")
MIDAZOLAM: Final = PremedicationOrderBody(drug="midazolam", dose_mg="2", route=Route.VEIN, wait_min=5, sedating=True)
WEIGHT_KG: Final = "70"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the house knows of a patient before this visit."""

    series: str
    earlier: str | None  # the visit before


def ordered(bed: SteeredBed, treatment: Treatment, day: int) -> Known:
    """The order is signed, and the patient known; from the second day on by a visit that came to nothing."""
    helping, doctor = Hands(bed, *NURSE), Hands(bed, *PRESCRIBER)
    helping.at_an_open_page()
    patient = helping.client.send(c.add_patient(PATIENT)).patient
    doctor.at_an_open_page()
    regimen = treatment.regimen
    body = SeriesBody(
        patient=patient, regimen=regimen.id, visits=regimen.sessions, weight_kg=WEIGHT_KG, height_cm="175",
        container=treatment.container.id, disposition=treatment.disposition, failed_treatments=("two others",),
        consent_on="2026-01-31", premedication=() if regimen.asks_risk else (MIDAZOLAM,),
    )  # fmt: skip
    series = doctor.does(api_path_calls.sign_series(body), "signs", taps=0).request_id
    if day == 1:
        return Known(series=series, earlier=None)
    opened = api_path_calls.open_visit(VisitBody(series=series, number=day - 1))
    earlier = helping.does(opened, "opens", taps=0).request_id
    answers = clear(Item.ALLERGIES, Item.CONTRAINDICATIONS)
    helping.does(c.answer_items(earlier, answers), "asks", taps=0)
    helping.does(c.name_company(earlier, WARD if treatment.to_the_ward else ESCORT), "asks", taps=0)
    away = ExitBody(exit=Exit.NOT_TREATED, reason="the pump was needed elsewhere", prescriber=PRESCRIBER[0])
    helping.does(d.leave(earlier, away), "lets go", taps=0)
    return Known(series=series, earlier=earlier)


def clear(*items: Item) -> ItemsBody:
    return ItemsBody(answers=tuple(SaidBody(item=item, answered=Answered.CLEAR) for item in items))
