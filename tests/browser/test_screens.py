"""One day through the page, a picture of each screen on the way: panel and phone, for docs/screens.

    PUMPD_SCREENS=docs/screens pytest --long tests/browser/test_screens.py

It is run by hand when a screen has changed, and the pictures are looked at before they are committed. Without the
variable they go to a folder of the test's own: the day is played and every screen has to open without a complaint.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from PIL import Image
from playwright.sync_api import Browser, ViewportSize

from pumpd import api_client, api_path_calls
from pumpd.api_course_calls import outcome
from pumpd.api_course_models import Instrument, OutcomeBody
from pumpd.api_departure_calls import move
from pumpd.api_departure_models import MoveBody
from pumpd.api_models import Phase
from pumpd.testing.nursed_bed import accepted
from pumpd.testing.page_nurse import PageNurse, check_of, label_of, orders, was_here_before
from pumpd.testing.screen import PANEL, PHONE, PINS, Screen, chromium
from pumpd.testing.steered_bed import SteeredBed

pytestmark = [pytest.mark.long, pytest.mark.timeout(1_200)]
REGIMEN: Final = "MDD-2x3"
COLOURS: Final = 48
BYTES_MAX: Final = 3_000_000

# picture -> what it is, in the order of the day
TOLD: Final = {
    "sign-in": "Who is at the page: a name and a PIN; signing in arms the sound.",
    "series-order": "A prescriber's order for a series, once for all visits.",
    "series-read": "The order read back as a whole, with this bed's reading of the first visit, before it is signed.",
    "series": "All orders of the bed, and where a file of another bed is taken in.",
    "bed": "The bed at rest: its pumps, and who comes next.",
    "patient-comes": "A visit is opened from a signed order.",
    "check-in": "Check-in: two identifiers first, and one tap for what has not changed since the last visit.",
    "preparation": "Preparation: label and barrel, the line, priming, premedication.",
    "double-check": "The second person enters from the sources and sees no value of the first.",
    "review": "The review of the visit's own order; START is held, once all of it was in view.",
    "running": "What runs: dose largest, asked, granted and measured beside each other, the next thing due.",
    "bed-running": "The bed's page while a drug runs.",
    "far": "The far view, to be read from three metres.",
    "rate": "Another rate: old and new side by side.",
    "observations": "A set of observations: what is due and what holds above, one field after another below.",
    "side-effects": "Side effects, and what the order allows against them.",
    "by-word": "What a prescriber orders on the telephone: written down with what was read back.",
    "hand-over": "The visit goes to the next nurse.",
    "emergency": "An emergency: one tap a mark, charting later.",
    "overdue": "What is overdue says so, as an alarm of its own.",
    "end": "The infusion has ended: the patient leaves the bed, or goes straight from there.",
    "waste": "What is left over: two figures, and a witness now or later.",
    "recovery": "Recovery: how long the patient still stays, what keeps them here, the score.",
    "recovering": "Everybody who recovers, whoever may go next first.",
    "visits": "Who is at the bed, who recovers, what is still to be done.",
    "to-do": "What is still to be done, each with its form.",
    "record": "The record of the visit, as it would be printed, and its files.",
    "downtime": "The downtime sheet: what to go on with on paper.",
    "course": "The course: visits, gaps, the drug in all, outcomes, what is due.",
    "history": "The record of the bed, the latest first.",
}


@dataclass
class Camera:
    """One browser, looked at as a panel and as a phone. `folder`: where the pictures go."""

    bed: SteeredBed
    folder: Path
    screen: Screen
    taken: list[str] = field(default_factory=list)

    def takes(self, name: str, path: str, *acts: str, person: str | None = "anna") -> None:
        """`acts`: what is clicked, or chosen, before the picture."""
        page = self.screen.page
        page.set_viewport_size(_size(PANEL))
        page.goto(f"{self.bed.url}{path}")
        if person is not None and not self._is(person):
            self.screen.sign_in(self.bed.url, path, person=person)
        for act in acts:
            page.click(act)
        page.wait_for_selector("h1", state="attached")
        for kind, size in (("panel", PANEL), ("phone", PHONE)):
            page.set_viewport_size(_size(size))
            page.wait_for_timeout(300)
            self._keep(f"{name}-{kind}.png", page.screenshot())
        self.taken.append(name)

    def jumps(self, minutes: float) -> None:
        """No page follows: each second of it would be drawn on every open one."""
        self.screen.page.goto("about:blank")
        self.bed.advance(minutes=minutes)

    def _is(self, person: str) -> bool:
        """The page of this person, and not locked."""
        page = self.screen.page
        if page.locator("#sign-in").count() or page.locator("#unlock").count():
            return False
        return {"anna": "Anna", "ben": "Ben", "dora": "Dora"}[person] in page.locator(".top .person").inner_text()

    def _keep(self, name: str, png: bytes) -> None:
        with Image.open(io.BytesIO(png)) as picture:
            small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        small.save(self.folder / name, optimize=True)


@pytest.fixture
def browser() -> Iterator[Browser]:
    """One that may make sounds, so that no page says SOUND OFF."""
    with chromium("--autoplay-policy=no-user-gesture-required") as found:
        yield found


def _size(size: tuple[int, int]) -> ViewportSize:
    return ViewportSize(width=size[0], height=size[1])


def opened(browser: Browser) -> Screen:
    context = browser.new_context(viewport=_size(PANEL), reduced_motion="reduce")
    return Screen(page=context.new_page())


@pytest.fixture
def camera(steered_bed: SteeredBed, browser: Browser, tmp_path: Path) -> Camera:
    asked = os.environ.get("PUMPD_SCREENS")
    folder = tmp_path if asked is None else Path(asked)
    folder.mkdir(parents=True, exist_ok=True)
    return Camera(bed=steered_bed, folder=folder, screen=opened(browser))


def test_a_day_is_pictured_from_the_order_to_the_course(camera: Camera, browser: Browser) -> None:
    bed = camera.bed
    camera.takes("sign-in", "/sign-in", person=None)
    camera.takes("series-order", "/series/new", f"input[value='{REGIMEN}']", person="dora")
    series = orders(bed, REGIMEN)
    was_here_before(bed, series)
    camera.takes("series-read", f"/series/new?replaces={series}", "#to-read", person="dora")
    camera.takes("series", "/series")
    camera.takes("bed", "/")
    camera.takes("patient-comes", "/visits/new")
    visit = comes_and_is_prepared(camera, browser)
    camera.takes("review", f"/visits/{visit}/start")
    anna = camera.screen
    anna.page.set_viewport_size(_size(PANEL))
    anna.page.goto(f"{bed.url}/visits/{visit}/start")
    anna.hold_start()
    bed.reaches(Phase.INFUSING)
    camera.jumps(minutes=4)
    for name, path in (
        ("running", "/pumps/p1"), ("bed-running", "/"), ("far", "/far"), ("rate", "/pumps/p1/rate"),
        ("observations", f"/visits/{visit}/observations"), ("side-effects", f"/visits/{visit}/side-effects"),
        ("by-word", f"/visits/{visit}/by-word?what=rescue"),
        ("hand-over", f"/visits/{visit}/hand-over"), ("emergency", f"/visits/{visit}/emergency"),
    ):  # fmt: skip
        camera.takes(name, path)
    camera.jumps(minutes=13)
    camera.takes("overdue", f"/visits/{visit}/observations")
    leaves(camera, series, visit)
    assert camera.taken == list(TOLD)
    assert sum(each.stat().st_size for each in camera.folder.glob("*.png")) < BYTES_MAX
    (camera.folder / "README.md").write_text("\n".join(index()), encoding="utf-8")


def comes_and_is_prepared(camera: Camera, browser: Browser) -> str:
    """Through check-in, preparation, double check and baseline, by the page."""
    bed = camera.bed
    anna = PageNurse(opened(browser), bed.url)
    anna.signs_in()
    visit = anna.opens_the_visit()
    camera.takes("check-in", f"/visits/{visit}/check-in")
    anna.checks_in(known=True, mood=True)
    camera.takes("preparation", f"/visits/{visit}/preparation")
    anna.screen.page.goto(f"{bed.url}/visits/{visit}/preparation")
    anna.prepares(label_of(REGIMEN))
    camera.takes("double-check", f"/visits/{visit}/check", person="ben")
    ben = PageNurse(opened(browser), bed.url)
    ben.signs_in("ben", PINS["ben"], f"/visits/{visit}/check")
    ben.checks(check_of(REGIMEN, 2))
    ben.screen.page.wait_for_selector(".verdict.done")
    anna.screen.page.goto(f"{bed.url}/visits/{visit}/observations")
    anna.observes()
    anna.screen.page.wait_for_selector("text=Entered")
    for nurse in (anna, ben):
        nurse.screen.page.close()
    return visit


def leaves(camera: Camera, series: str, visit: str) -> None:
    """Ended early, to recovery, and on to paper."""
    bed = camera.bed
    bed.stop()
    bed.sign_in()
    accepted(bed.client.send(api_client.end("p1")))
    bed.reaches(Phase.ENDED)
    camera.takes("end", f"/visits/{visit}/recovery")
    camera.takes("waste", f"/visits/{visit}/waste")
    bed.sign_in()
    accepted(bed.client.send(move(visit, MoveBody())))
    camera.takes("recovery", f"/visits/{visit}/recovery")
    camera.takes("recovering", "/recovery")
    camera.takes("visits", "/visits")
    camera.takes("to-do", "/to-do")
    camera.takes("record", f"/visits/{visit}/record")
    camera.takes("downtime", "/downtime")
    bed.sign_in()
    signed = next(each for each in bed.client.send(api_path_calls.series()) if each.series == series)
    for days, total in ((21, 34), (14, 29), (7, 22), (0, 15)):
        asked = OutcomeBody(instrument=Instrument.MADRS, total=total, day=signed.signed_day - days)
        accepted(bed.client.send(outcome(series, asked)))
    camera.takes("course", f"/series/{series}/course")
    camera.takes("history", "/record")


def index() -> Iterator[str]:
    yield "# The screens of the page\n"
    yield "One day at a simulated bed, as `tests/browser/test_screens.py` plays it: 1280 x 800 points for the panel,"
    yield "390 x 844 for a phone. Written by that test, by hand:\n"
    yield "    PUMPD_SCREENS=docs/screens .venv/bin/pytest --long tests/browser/test_screens.py\n"
    for name, told in TOLD.items():
        yield f"## {name}\n"
        yield f"{told}\n"
        yield f"![{name} on the panel]({name}-panel.png) ![{name} on a phone]({name}-phone.png)\n"
