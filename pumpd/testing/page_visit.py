"""A whole visit from the page alone: the prescriber's order, what is done while the drug runs, and the way home.

The path to START has its verbs in page_nurse.py; these are the rest. Time goes by while nobody has a page open, since
every second of a jump would be drawn on each of them; whoever comes back to a page that was left alone types the PIN
again. That somebody is wanted is heard in a room without looking at a page: it is read off the socket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Page

from pumpd.api_models import BedView, Condition, Phase
from pumpd.testing.coarse import coarsely
from pumpd.testing.page_nurse import PATIENT, PageNurse, label_of
from pumpd.testing.steered_bed import SteeredBed

DUE: Final = frozenset({Condition.OBSERVATION_DUE, Condition.OBSERVATION_OVERDUE, Condition.OBSERVATION_MISSED})
NEAR_END: Final = frozenset({Condition.CONTAINER_NEAR_END})
WELL: Final = {
    "systolic_mmhg": "122", "diastolic_mmhg": "76", "heart_rate_per_min": "70", "breaths_per_min": "14",
    "spo2_percent": "97", "cadss6": "0",
}  # fmt: skip
AS_SAID: Final = {"pain": "4", "nausea": "1"}
PADSS: Final = {"vital_signs": "2", "activity": "2", "nausea": "2", "pain": "1"}
NEXT_LOT: Final = "L 18"
LOOK_S: Final = 61  # no whole part of a schedule, as the ideal nurse looks
LOOKS_MAX: Final = 600
NOBODY: Final = "about:blank"
WHO: Final = ".person a.button"  # "Sign in" where nobody is, "PIN" where the page is locked


def signs_the_order(page: Page, url: str, regimen: str, container: str) -> None:
    """The prescriber, signed in at this page, writes the order for Eva Lind, reads it back whole, and signs."""
    page.goto(f"{url}/series")
    page.click("#new-series")
    for name, text in (
        ("name", PATIENT.name), ("born", PATIENT.born), ("number", PATIENT.number), ("weight_kg", "70"),
        ("height_cm", "175"), ("failed", "two others"), ("consent_on", "2026-01-31"), ("extension", "4021"),
    ):  # fmt: skip
        page.fill(f"#{name}", text)
    page.check(f"input[value='{regimen}']")
    page.check(f"[name='container:{regimen}'][value='{container}']")
    page.check("[name='disposition'][value='home']")
    page.click("#to-read")
    page.click("#sign")
    page.wait_for_selector(".who .name")


@dataclass
class VisitNurse(PageNurse):
    """`visit`: set when it is opened; empty before."""

    visit: str = ""
    person: str = "anna"
    pin: str = "2718"

    # --- at the page --------------------------------------------------------------------------------------------

    def looks_at(self, screen: str) -> Page:
        """From the bed on, by what stands on the pages; with the PIN where the page was left alone."""
        page = self.screen.page
        page.goto(self.url)
        page.locator("html:not([data-shape=gone])").wait_for(state="attached")  # a bed that is busy comes back
        if page.locator(WHO).count():
            self.taps(WHO)
            self.chooses("person", self.person)
            self.types("pin", self.pin)
            self.taps("#sign-in")
        for link in self._way_to(screen):
            self.taps(f"{link}:visible")
        return page

    def _way_to(self, screen: str) -> tuple[str, ...]:
        """A screen of the visit by the strip of its steps; else where a nurse would look for it."""
        visits, mine = "a[href='/visits']", f".at-bed a[href^='/visits/{self.visit}']"
        match screen:
            case "pump":
                return ("#open-p1",)
            case "waste":
                return (mine, ".strip a[href$='/recovery']", "#to-waste")
            case "to-do":
                return (visits, "a[href='/to-do']")
            case "record":
                return (visits, f"a[href='/visits/{self.visit}/record']")
            case "course":
                return (visits, "a[href='/series']", "a[href$='/course']")
            case _:
                return (mine, f".strip a[href$='/{screen}']")

    def leaves_the_page(self) -> None:
        self.screen.page.goto(NOBODY)

    # --- while it runs ------------------------------------------------------------------------------------------

    def enters_a_set(self, **measured: str) -> None:
        """Of a patient who is well, but for what was measured; scores where they are asked for."""
        page = self.looks_at("observations")
        page.locator("#do-set").wait_for()
        values = WELL | measured
        self._numbers({name: text for name, text in values.items() if page.locator(f"#{name}").is_visible()})
        self.chooses("sedation", "poss:2")
        for name, value in AS_SAID.items():
            if page.locator(f".choice:has(input[name='{name}'])").first.is_visible():
                self.chooses(name, value)
        self.chooses("nothing_unusual", "yes")
        self.taps("#do-set")

    def notes_nausea_and_lowers_the_rate(self) -> None:
        page = self.looks_at("pump")
        self.taps("#to-side-effects")
        self.taps("#effect-nausea")
        self.chooses("severity", "5")
        self.chooses("done:reassured", "yes")
        self.taps("#do-note")
        page.wait_for_selector(".hold")
        self.taps("#effect-nausea")
        self.taps("#reduce-p1-25")
        self.taps("#confirm-rate")

    def begins_the_step(self) -> None:
        self.looks_at("pump")
        self.taps("#do-step")

    def reads_the_next_label(self, regimen: str) -> None:
        """Of the container that will hang next."""
        page = self.looks_at("pump")
        self.taps("#to-next-container")
        if not page.locator("#do-label").is_visible():
            page.click("summary:has-text('label read by')")
        for name, text in (label_of(regimen) | {"lot": NEXT_LOT}).items():
            self.types(name, text)
        self.taps("#do-label")

    def hangs_the_next(self, regimen: str) -> None:
        self.looks_at("pump")
        self.taps("#to-container")
        self.types("concentration_mg_per_ml", label_of(regimen)["concentration_mg_per_ml"])
        self.types("lot", NEXT_LOT)
        self.taps("#change-container")

    # --- the end ------------------------------------------------------------------------------------------------

    def flushes(self, infusion: int, volume_ml: str) -> None:
        """From the page of a pump that is through."""
        self.looks_at("pump")
        self.taps("#to-flush")
        self._fills(f"volume_ml-{infusion}", volume_ml)
        self.taps(f"#do-flush-{infusion}")

    def throws_away(self, infusion: int, loaded_ml: str, wasted_ml: str, witness: tuple[str, str] | None) -> None:
        """`witness`: who sees it, with their own PIN; None: somebody later."""
        page = self.looks_at("waste")
        self._fills(f"loaded_ml-{infusion}", loaded_ml)
        self._fills(f"wasted_ml-{infusion}", wasted_ml)
        if witness is not None:
            page.select_option(f"#second_person-{infusion}", witness[0])
            page.fill(f"#second_pin-{infusion}", witness[1])
        self.taps(f"#do-waste-{infusion}")

    def _fills(self, field: str, text: str) -> None:
        """By its id, with real keys: the same name stands in the form of each infusion."""
        page = self.screen.page
        page.focus(f"#{field}")
        page.keyboard.type(text)

    def scores(self) -> None:
        self.looks_at("recovery")
        for name, value in PADSS.items():
            self.chooses(name, value)
        self.chooses("sedation_at_baseline", "yes")
        self.taps("#do-score")

    def sends_home(self, *, mood: bool) -> None:
        """Where the score was entered."""
        if mood:
            self.chooses("positive", "no")
            self.taps("#do-risk")
        self.chooses("escort_present", "yes")
        self.chooses("instructions_given", "yes")
        self.taps("#do-home")


def heard(seen: BedView) -> frozenset[Condition]:
    """What the bed calls for now."""
    return frozenset(each.condition for each in seen.alarms if not each.over)


def time_goes_by(
    bed: SteeredBed, *, heeds: frozenset[Condition] = DUE | NEAR_END, until_ts_ms: int | None = None
) -> BedView:
    """Until somebody is wanted: for what they heed, for a step, or since it runs no more; or until a time of day."""

    def is_over(seen: BedView) -> bool:
        pump = seen.pumps[0]
        if heeds & heard(seen) or pump.buttons.step.allowed:
            return True
        return pump.phase is not Phase.INFUSING if until_ts_ms is None else bed.clock.wall_ms() >= until_ts_ms

    with coarsely():
        for _ in range(LOOKS_MAX):
            seen = bed.client.bed()
            if is_over(seen):
                return seen
            bed.advance(seconds=LOOK_S)
    raise AssertionError(f"nobody was wanted for {LOOKS_MAX * LOOK_S} s")
