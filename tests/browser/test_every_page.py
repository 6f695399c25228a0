"""What holds on every page there is: accessibility by axe, numbers in ISMP's form, no meaning by colour alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no py.typed

from pumpd import api_path_calls
from pumpd.api_departure_calls import leave
from pumpd.api_departure_models import Exit, ExitBody
from pumpd.api_path_models import Disposition, SeriesBody, VisitBody
from pumpd.console.app import ROUTES
from pumpd.testing.nursed_bed import accepted
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import PANEL, PHONE, Open, Screen

pytestmark = pytest.mark.timeout(600)
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# what ISMP's list of error-prone abbreviations forbids, as a person would read it on the page
ERROR_PRONE: Final = {
    "a trailing zero": re.compile(r"\d\.\d*0(?![\d.])"),
    "a naked point": re.compile(r"(?<![\d.])\.\d"),
    "a micro sign": re.compile(r"[µμ]g"),
    "cc": re.compile(r"\d\s*cc\b"),
    "no space before the unit": re.compile(r"\d(?:mL|mg|mcg|kg)\b"),
    "four digits without a comma": re.compile(r"(?<![\d.,:/-])\d{4,}\s?(?:mL|mg|mcg)"),
}
DOI: Final = re.compile(r"\b10\.\d{4,}/\S+")  # of a source, and no quantity
NO_QUANTITY: Final = ("footer", ".operator", ".clock", ".when", ".record td:first-child")  # versions, times, hashes


MORE: Final = ("by-word?what=rescue", "by-word?what=hold", "by-word?what=other", "side-effects?effect=headache")
# a stream, pictures, files, and what is asked for with a form
NO_PAGE: Final = (".svg", ".pdf", "/events", "/export", "/drafts")


def addresses(**named: str) -> Iterator[str]:
    """Every page that can be asked for and names just these parts of its address."""
    for route in ROUTES:
        path = getattr(route, "path", "")
        asked = "GET" in (getattr(route, "methods", None) or ()) and not path.endswith(NO_PAGE)
        if asked and set(re.findall("{(.*?)}", path)) == named.keys():
            yield path.format(**named)


def of_the_running_pumps() -> Iterator[str]:
    """Of p1, which runs, and of p2, which rests; and what shows both."""
    for slot in ("p1", "p2"):
        yield from (path for path in addresses(slot=slot) if "/review" not in path and "/start" not in path)
    yield from ("/", "/far", "/stopping")


def violations(screen: Screen) -> list[str]:
    found: dict[str, Any] = Axe().run(screen.page, options={"runOnly": RULES, "resultTypes": ["violations"]}).response
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def forms(screen: Screen) -> list[str]:
    """Quantities on the page in a form that has been misread."""
    text: str = screen.page.evaluate(
        """without => {
            const page = document.body.cloneNode(true);
            for (const each of page.querySelectorAll(["script", "style", ...without].join(", "))) each.remove();
            return [...page.querySelectorAll("*")].filter(e => e.children.length === 0)
                .map(e => e.textContent).join("\\n") + "\\n" + page.textContent;
        }""",
        list(NO_QUANTITY),
    )
    text = DOI.sub("", text)
    return [f"{name}: {found.group()!r}" for name, form in ERROR_PRONE.items() for found in form.finditer(text)]


def bare_colours(screen: Screen) -> list[str]:
    """A state that only its colour would tell: every phase and alarm has a sign and words."""
    bare: list[str] = screen.page.evaluate(
        """() => [...document.querySelectorAll(".phase, .alarm, .notice, .fault, .reasons.hard h2, .reasons.soft h2")]
            .filter(e => !e.querySelector("[aria-hidden]") || e.textContent.trim().length < 4)
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    return bare


def judged(screen: Screen, path: str) -> list[str]:
    return [f"{path}: {told}" for told in (*violations(screen), *forms(screen), *bare_colours(screen))]


@contextmanager
def visit_at(bed: RealBed) -> Iterator[tuple[str, str]]:
    """A visit and its order, by their names. It is closed again: others have the bed too."""
    client = bed.client
    client.sign_in("dora", "1618")
    body = SeriesBody(
        patient="patient-7", regimen="MDD-2x3", visits=6, weight_kg="70", height_cm="175", container="syringe-60-1",
        disposition=Disposition.HOME, failed_treatments=("two others",), consent_on="2026-01-31",
    )  # fmt: skip
    client.send(api_path_calls.sign_series(body))  # a list has more than one, also of one patient and regimen
    series = client.send(api_path_calls.sign_series(body)).request_id
    client.sign_in("anna", "2718")
    visit = client.send(api_path_calls.open_visit(VisitBody(series=series, number=1))).request_id
    yield visit, series
    client.sign_in("anna", "2718")
    away = ExitBody(exit=Exit.NOT_TREATED, reason="a test", prescriber="dora")
    accepted(client.send(leave(visit, away)))


@pytest.mark.parametrize("size", [PANEL, pytest.param(PHONE, marks=pytest.mark.long)], ids=["panel", "phone"])
def test_every_page_is_accessible_and_writes_no_number_that_is_misread(
    bed: RealBed, screen: Open, size: tuple[int, int]
) -> None:
    anna = screen(size)
    anna.sign_in(bed.url)
    faults: list[str] = []
    seen: set[str] = set()

    def looks_at(paths: Iterable[str]) -> None:
        for path in paths:
            anna.page.goto(bed.url + path)
            if anna.page.url not in seen:  # the address of a form leads back to its screen
                seen.add(anna.page.url)
                faults.extend(judged(anna, path))

    with visit_at(bed) as (visit, series):
        looks_at([*addresses(), *addresses(visit=visit), *addresses(series=series), "/no-such-page"])
        looks_at(f"/visits/{visit}/{more}" for more in MORE)
        assert f"{bed.url}/visits/{visit}/observations" in seen
    anna.start(bed.url)
    seen.clear()
    looks_at(of_the_running_pumps())
    anna.page.goto(f"{bed.url}/pumps/p2/new")
    anna.choose("TRAIN-5MIN", "40", "175")
    anna.page.wait_for_selector(".read")
    anna.page.wait_for_load_state()
    faults += judged(anna, "review")
    anna.page.goto(f"{bed.url}/pumps/p1/rate")
    anna.page.click("#rate_ml_per_h")
    anna.page.wait_for_selector(".keypad")
    faults += judged(anna, "keypad")
    assert faults == []


@pytest.mark.long
def test_quiet_room_is_accessible_too(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.start(bed.url)
    anna.page.click("#theme")
    faults: list[str] = []
    for path in ("/", "/far", "/pumps/p1", "/pumps/p2/new", "/pumps/p1/rate", "/record"):
        anna.page.goto(bed.url + path)
        faults += judged(anna, path)
    assert faults == []


def test_alarm_is_accessible_in_every_priority(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.sign_in(bed.url)
    for theme in ("bright", "quiet"):
        anna.page.evaluate(
            """theme => {
                document.documentElement.dataset.theme = theme;
                const alarms = document.querySelector(".alarms");
                alarms.replaceChildren();
                for (const priority of ["high", "medium", "low", "prompt"]) {
                    const alarm = alarms.appendChild(document.createElement("article"));
                    alarm.className = `alarm ${priority} steady`;
                    alarm.innerHTML = `<p class="mark" aria-hidden="true">!!</p><div><p class="what">
                        <span class="slot">p1</span> <strong>What is the case</strong></p><p>What to do</p></div>
                        <p class="when">since 10:12</p><button class="plain">Seen</button>`;
                }
            }""",
            theme,
        )
        assert violations(anna) == []


def test_lint_knows_a_misread_number_when_it_sees_one(bed: RealBed, screen: Open) -> None:
    page = screen()
    page.page.goto(f"{bed.url}/sign-in")
    assert forms(page) == []
    for written, fault in (
        ("give 5.0 mL", "a trailing zero"), ("give .5 mg", "a naked point"), ("100 µg", "a micro sign"),
        ("5 cc", "cc"), ("5mL", "no space before the unit"), ("1500 mL", "four digits without a comma"),
    ):  # fmt: skip
        page.page.evaluate("text => document.querySelector('main').replaceChildren(text)", written)
        assert {told.partition(":")[0] for told in forms(page)} == {fault}
