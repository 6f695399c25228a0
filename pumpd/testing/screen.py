"""One browser at the bed: what a nurse does with it, and everything that the browser complained about."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

PANEL: Final = (1280, 800)
PHONE: Final = (390, 844)
LOOK_MS: Final = 500
LINES_MAX: Final = 40
HOLD_MS: Final = 1_200
PINS: Final = {"anna": "2718", "ben": "3141", "dora": "1618"}  # of config/accounts.toml, for demonstration


@dataclass
class Screen:
    """One browser at the bed, and whatever it complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def sign_in(self, url: str, then: str = "/", person: str = "anna") -> None:
        self.page.goto(f"{url}/sign-in?next={then}")
        self.page.check(f"input[value={person}]")
        self.page.fill("#pin", PINS[person])
        self.page.click("#sign-in")
        self.page.wait_for_selector("text=Sign out")

    def choose(self, regimen: str, weight_kg: str, height_cm: str = "") -> None:
        self.page.check(f"input[value='{regimen}']")
        self.page.check(f".regimen:has(input[value='{regimen}']) .options input[type=radio] >> nth=0")
        self.page.fill("#weight_kg", weight_kg)
        self.page.fill("#height_cm", height_cm)
        self.page.click("#to-review")

    def read_review(self) -> None:
        """Every line comes into view, as START asks for: pressed too early, it leads to the first that did not."""
        start = self.page.locator("#start")
        start.wait_for()
        for _ in range(LINES_MAX):
            self.page.wait_for_timeout(LOOK_MS)
            if start.get_attribute("aria-disabled") == "false":
                return
            start.dispatch_event("click", {"detail": 0})
        raise AssertionError("START stays closed although the whole review was looked at")

    def hold_start(self) -> None:
        self.read_review()
        self.page.click("#start", delay=HOLD_MS)

    def start(self, url: str, regimen: str = "TRAIN-5MIN", slot: str = "p1") -> None:
        """From the sign-in to an infusion that runs."""
        self.sign_in(url, f"/pumps/{slot}/new")
        self.choose(regimen, "70")
        self.hold_start()
        self.page.wait_for_selector(".phase-infusing")

    def field(self, name: str) -> str:
        return self.page.locator(f"[data-field='{name}']").first.inner_text()


Open = Callable[..., Screen]  # of the fixture `screen`


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Debian's, with these switches. A desk without it gets all other tests; in CI a skip fails the run."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", *arguments])
        yield browser
        browser.close()
