"""A nurse who has the page alone: each act is a touch or a typed field in a real browser, and is counted there.

The counting is the browser's own: a touch is a click that a pointer made, a typed field one whose text was changed.
Digits on the keypad and letters of a name are parts of their field. What has to be there before the patient comes (the
prescriber's order, the visit before) is made over the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pumpd import api_check_in_calls as c
from pumpd import api_departure_calls as d
from pumpd import api_path_calls
from pumpd.api_check_in_models import Answered, CompanyBody, Item, ItemsBody, PatientBody, SaidBody
from pumpd.api_departure_models import ExitBody
from pumpd.api_path_models import Disposition, PremedicationOrderBody, SeriesBody, VisitBody
from pumpd.core.departure import Exit
from pumpd.core.library import Container, ContainerKind, Entry
from pumpd.core.prescribed import Route
from pumpd.core.regimen import Regimen
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.nursed_bed import NursedBed, accepted
from pumpd.testing.path_story import series_order
from pumpd.testing.screen import LINES_MAX, LOOK_MS, Screen
from pumpd.words import typed_number

PATIENT: Final = PatientBody(name="Eva Lind", born="1970-12-31", number="4711")
MIDAZOLAM: Final = PremedicationOrderBody(drug="midazolam", dose_mg="2", route=Route.VEIN, wait_min=5, sedating=True)
TABS_MAX: Final = 120
AGAIN_MS: Final = 600  # START is pressed a second time, and not at once
_COUNTS: Final = """
    addEventListener("click", (event) => {
        if (event.isTrusted && event.detail > 0 && !event.target.closest(".key")) touched("tap");
    }, true);
    addEventListener("change", (event) => {
        if (event.target.matches("textarea, input:not([type=radio], [type=checkbox])")) touched("field");
    }, true);
"""


def orders(bed: NursedBed, regimen: str, *, disposition: Disposition = Disposition.HOME) -> str:
    """The prescriber's order for Eva Lind, over the API; midazolam before a drug for pain. Returns the series."""
    entry, container = _container(regimen)
    bed.client.sign_in("dora", "1618")
    patient = bed.client.send(c.add_patient(PATIENT)).patient
    body = SeriesBody(
        patient=patient, regimen=regimen, visits=_regimen(regimen).sessions, weight_kg="70", height_cm="175",
        container=container.id, disposition=disposition, failed_treatments=("two others",), consent_on="2026-01-31",
        extension="4021", premedication=(MIDAZOLAM,) if entry.high_alert and not asks_risk(regimen) else (),
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


def asks_risk(regimen: str) -> bool:
    return _regimen(regimen).asks_risk


def label_of(regimen: str) -> dict[str, str]:
    """What stands on label and barrel of the container that `orders` names, field by field as it is typed."""
    entry, container = _container(regimen)
    label = {
        "drug": entry.drug,
        "concentration_mg_per_ml": typed_number(container.concentration_ug_per_ml, digits=3),
        "lot": "L 17",
        "expires": "2099-01-31",
        "size_ml": typed_number(container.capacity_nl, digits=6),
    }
    return label | ({"brand": "BD"} if container.kind is ContainerKind.SYRINGE else {})


def check_of(regimen: str, day: int = 1) -> dict[str, str]:
    """What the second person finds at the sources."""
    steps = _regimen(regimen).steps_on(day)
    assert steps is not None
    read = {name: text for name, text in label_of(regimen).items() if name not in ("lot", "expires")}
    return {"weight_kg": "70", **read, "dose_mg": typed_number(max(step.dose for step in steps), digits=3)}


def _regimen(regimen: str) -> Regimen:
    found = shipped_rules().catalogue.regimen(regimen)
    assert found is not None, regimen
    return found


def _container(regimen: str) -> tuple[Entry, Container]:
    entry = shipped_rules().library.entry(_regimen(regimen).entry)
    container = None if entry is None else entry.container(series_order(regimen).container)
    assert entry is not None
    assert container is not None
    return entry, container


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
        """A button or a link, which leads to another page; nobody taps on before that has come."""
        page = self.screen.page
        page.locator(selector).first.wait_for()
        page.evaluate("document.documentElement.dataset.left = ''")
        self._presses(selector)
        page.locator("html:not([data-left])").wait_for(state="attached")
        page.wait_for_load_state()

    def _presses(self, selector: str) -> None:
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

    def prepares(self, label: Mapping[str, str]) -> None:
        """`label`: what stands on label and barrel, by the names of the form's fields."""
        given = self.screen.page.locator("[id^='do-given-now-']")
        for _ in range(given.count()):
            self.taps(f"#{given.first.get_attribute('id')}")
        for name, text in label.items():
            self.types(name, text)
        self.taps("#do-label")
        self.taps("#do-line")
        if self.screen.page.locator("#do-prime").is_visible():
            self.taps("#do-prime")

    def checks(self, entered: Mapping[str, str]) -> None:
        """As the second person, at the screen of the check."""
        for name, text in entered.items():
            self.types(name, text)
        self.taps("#do-check")

    def unlocks(self, pin: str = "2718") -> None:
        """A page that was left alone for a while asks for the PIN of its own person, and leads back to where it was."""
        self.taps("#unlock")
        self.types("pin", pin)
        self.taps("#sign-in")

    def observes(self) -> None:
        """A baseline of a patient who is well, at its screen: the keypad goes from one number to the next."""
        self._numbers({
            "systolic_mmhg": "120", "diastolic_mmhg": "75", "heart_rate_per_min": "72", "breaths_per_min": "14",
            "spo2_percent": "97", "cadss6": "0",
        })  # fmt: skip
        self.chooses("sedation", "poss:1")
        self.chooses("pain", "4")
        self.chooses("nothing_unusual", "yes")
        self.taps("#do-set")

    def _numbers(self, values: Mapping[str, str]) -> None:
        page = self.screen.page
        page.click(f"[name='{next(iter(values))}']")
        for name, text in values.items():
            if not page.locator(".keypad").count():
                page.click(f"[name='{name}']")
            page.keyboard.type(text)
            page.click(".key-ok")

    def goes_on(self) -> None:
        """To the next step that is still closed, as the screen leads."""
        self.taps("#go-on")

    def checks_in(self, *, known: bool, mood: bool, weight_kg: str = "70") -> None:
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
        self.types("weight_kg", weight_kg)
        self.taps("#do-weight")
        if known:
            self.taps("#do-same-escort")
        elif self.screen.page.locator("[name='ward']").count():
            self.types("ward", "pain ward")
            self.taps("#do-company")
        else:
            self.types("escort_name", "Jan Lind")
            self.types("escort_phone", "0301234567")
            self.taps("#do-company")
        if mood:
            self.chooses("positive", "no")
            self.taps("#do-risk")


class KeyboardNurse(PageNurse):
    """The same with the keyboard alone: Tab to what is wanted, then its keys."""

    def _presses(self, selector: str) -> None:
        self._tabs_to(selector)
        self.screen.page.keyboard.press("Enter")

    def types(self, name: str, text: str) -> None:
        self._tabs_to(f"[name='{name}']")
        self.screen.page.keyboard.press("ControlOrMeta+A")
        self.screen.page.keyboard.type(text)

    def _numbers(self, values: Mapping[str, str]) -> None:
        for name, text in values.items():
            self.types(name, text)

    def chooses(self, name: str, value: str) -> None:
        """Tab comes to the group; arrows go through it."""
        self._tabs_to(f"[name='{name}']")
        wanted = f"[name='{name}'][value='{value}']"
        self.screen.page.keyboard.press("Space")
        for _ in range(TABS_MAX):
            if self.screen.page.locator(wanted).is_checked():
                return
            self.screen.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrows never came to {wanted}")

    def picks(self, name: str, text: str) -> None:
        """One of a list that drops down, by its first letters."""
        self._tabs_to(f"[name='{name}']")
        self.screen.page.keyboard.type(text)

    def starts(self) -> None:
        """Pressed too early START leads to what was not seen; then it is pressed twice."""
        self._tabs_to("#start")
        start = self.screen.page.locator("#start")
        for _ in range(LINES_MAX):
            self.screen.page.wait_for_timeout(LOOK_MS)
            if start.get_attribute("aria-disabled") == "false":
                break
            self.screen.page.keyboard.press("Enter")
        for _ in range(2):
            self.screen.page.keyboard.press("Enter")
            self.screen.page.wait_for_timeout(AGAIN_MS)

    def _tabs_to(self, selector: str) -> None:
        page = self.screen.page
        page.locator(selector).first.wait_for()
        for _ in range(TABS_MAX):
            if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"no Tab came to {selector}")
