"""A nurse who has the page alone: each act is a touch or a typed field in a real browser, and is counted there.

The counting is the browser's own: a touch is a click that a pointer made, a typed field one whose text was changed.
Digits on the keypad and letters of a name are parts of their field. What has to be there before the patient comes (the
prescriber's order, the visit before) is made over the API.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pumpd import api_check_in_calls as c
from pumpd import api_departure_calls as d
from pumpd import api_path_calls
from pumpd.api_check_in_models import Answered, CompanyBody, Item, ItemsBody, PatientBody, SaidBody
from pumpd.api_departure_models import ExitBody
from pumpd.api_path_models import Disposition, PremedicationOrderBody, SeriesBody, VisitBody
from pumpd.core.departure import Exit
from pumpd.core.prescribed import Route
from pumpd.testing.nursed_bed import NursedBed, accepted
from pumpd.testing.path_story import series_order
from pumpd.testing.screen import Screen

PATIENT: Final = PatientBody(name="Eva Lind", born="1970-12-31", number="4711")
MIDAZOLAM: Final = PremedicationOrderBody(drug="midazolam", dose_mg="2", route=Route.VEIN, wait_min=5, sedating=True)
_COUNTS: Final = """
    addEventListener("click", (event) => {
        if (event.isTrusted && event.detail > 0 && !event.target.closest(".key")) touched("tap");
    }, true);
    addEventListener("change", (event) => {
        if (event.target.matches("textarea, input:not([type=radio], [type=checkbox])")) touched("field");
    }, true);
"""


def orders(
    bed: NursedBed, regimen: str, *, visits: int = 3, disposition: Disposition = Disposition.HOME, mood: bool = True
) -> str:
    """The prescriber's order for Eva Lind, over the API; returns the series."""
    bed.client.sign_in("dora", "1618")
    patient = bed.client.send(c.add_patient(PATIENT)).patient
    body = SeriesBody(
        patient=patient, regimen=regimen, visits=visits, weight_kg="70", height_cm="175",
        container=series_order(regimen).container, disposition=disposition, failed_treatments=("two others",),
        consent_on="2026-01-31", extension="4021", premedication=() if mood else (MIDAZOLAM,),
    )  # fmt: skip
    answer = bed.client.send(api_path_calls.sign_series(body))
    accepted(answer)
    return answer.request_id


def was_here_before(bed: NursedBed, series: str) -> None:
    """Visit 1 of the series, in which nothing was given: from it some answers and an escort are known."""
    bed.client.sign_in("anna", "2718")
    opened = bed.client.send(api_path_calls.open_visit(VisitBody(series=series, number=1)))
    accepted(opened)
    visit = opened.request_id
    clear = tuple(SaidBody(item=each, answered=Answered.CLEAR) for each in (Item.ALLERGIES, Item.CONTRAINDICATIONS))
    accepted(bed.client.send(c.answer_items(visit, ItemsBody(answers=clear))))
    escort = CompanyBody(escort_name="Jan Lind", escort_phone="0301234567")
    accepted(bed.client.send(c.name_company(visit, escort)))
    away = ExitBody(exit=Exit.NOT_TREATED, reason="the pump was needed elsewhere", prescriber="dora")
    accepted(bed.client.send(d.leave(visit, away)))


@dataclass
class PageNurse:
    """`screen`: a browser without anybody's session. `url`: of the page."""

    screen: Screen
    url: str
    counts: dict[str, int] = field(default_factory=lambda: {"tap": 0, "field": 0})

    def __post_init__(self) -> None:
        page = self.screen.page
        page.expose_function("touched", self._touched)
        page.add_init_script(_COUNTS)

    def _touched(self, what: str) -> None:
        self.counts[what] += 1

    # --- hands --------------------------------------------------------------------------------------------------

    def taps(self, selector: str) -> None:
        self.screen.page.click(selector)

    def types(self, name: str, text: str) -> None:
        """Into the field of this name: on the keypad where it is a number's."""
        page = self.screen.page
        page.click(f"[name='{name}']")
        page.keyboard.type(text)
        if page.locator(".keypad").count():
            page.click(".key-ok")

    def chooses(self, name: str, value: str) -> None:
        self.screen.page.click(f".choice:has(input[name='{name}'][value='{value}'])")

    # --- the path -----------------------------------------------------------------------------------------------

    def signs_in(self, person: str = "anna", pin: str = "2718", then: str = "/") -> None:
        self.screen.page.goto(f"{self.url}/sign-in?next={then}")
        self.chooses("person", person)
        self.types("pin", pin)
        self.taps("#sign-in")

    def opens_the_visit(self) -> str:
        """From the bed to the check-in of whoever comes; returns the visit's id."""
        self.taps("#patient-comes")
        self.taps("#open-visit")
        self.screen.page.wait_for_url("**/check-in")
        return self.screen.page.url.split("/")[-2]

    def checks_in(self, *, known: bool, mood: bool) -> None:
        """`known`: was here before, and nothing has changed."""
        self.types("name", PATIENT.name)
        self.types("born", PATIENT.born)
        self.taps("#do-identity")
        if known:
            self.taps("#do-unchanged")
        else:
            self.chooses("allergies", "clear")
            self.chooses("contraindications", "clear")
        self.chooses("pregnancy", "clear")
        self.chooses("fasting", "clear")
        self.taps("#do-items")
        self.types("weight_kg", "70")
        self.taps("#do-weight")
        if known:
            self.taps("#do-same-escort")
        else:
            self.types("escort_name", "Jan Lind")
            self.types("escort_phone", "0301234567")
            self.taps("#do-company")
        if mood:
            self.chooses("positive", "no")
            self.taps("#do-risk")
