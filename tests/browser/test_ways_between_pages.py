"""No page is an island: from the bed each of them is reached by following what stands on the pages, nothing typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page
from starlette.routing import Match, Route

from pumpd import api_client
from pumpd.api_departure_calls import leave, move
from pumpd.api_departure_models import Exit, ExitBody, MoveBody
from pumpd.api_models import Phase
from pumpd.console.app import ROUTES
from pumpd.testing.ideal_nurse import IdealNurse
from pumpd.testing.nursed_bed import accepted
from pumpd.testing.screen import Open
from pumpd.testing.steered_bed import SteeredBed

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]
LINKED: Final = re.compile(r'<a [^>]*?href="(/[^"#]*)"')
# where a form leads, and a sign-in: nobody asks for these
BY_A_FORM: Final = re.compile(
    r"/sign-in|/stopping.*|/series/import|.*/new/\w+|.*/(check-in|check|preparation)/\{form\}"
    r"|.*/(recovery|waste|by-word|course|to-do/\{visit\})/\w+"
)
# pages that take a form at their own address
TOO: Final = {"/visits/new", *(f"/pumps/{{slot}}/{name}" for name in ("new", "rate", "pause", "end"))}
FILES: Final = ("/visits/{visit}/record/{form}", "/downtime.pdf")  # each is written by a process of its own
NO_PAGE: Final = re.compile(r"/events|.*\.svg|.*/drafts")


def page_of(address: str) -> str:
    """Which page that is, with the names of the parts that vary."""
    scope = {"type": "http", "method": "GET", "path": address.partition("?")[0]}
    return next(each.path for each in ROUTES if isinstance(each, Route) and each.matches(scope)[0] is Match.FULL)


def asked_for() -> set[str]:
    """Every page and file that somebody opens by themselves, with no form before it."""
    gets = {each.path for each in ROUTES if isinstance(each, Route) and "GET" in (each.methods or ())}
    posts = {each.path for each in ROUTES if isinstance(each, Route) and "POST" in (each.methods or ())}
    return {each for each in gets - posts | TOO if not BY_A_FORM.fullmatch(each) and not NO_PAGE.fullmatch(each)}


def looks_around(page: Page, url: str, found: set[str]) -> None:
    """Adds to `found` every page that whoever is signed in here gets to from the bed."""
    waiting, seen = ["/"], set[str]()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        known = page_of(address)
        if known in found and known in FILES:
            continue
        found.add(known)
        answer = page.request.get(url + address)
        assert answer.ok, f"{address} answers {answer.status}"
        if "text/html" in answer.headers["content-type"]:
            waiting.extend(found.replace("&amp;", "&") for found in LINKED.findall(answer.text()))


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[SteeredBed]:
    """With a key of its site: its courses travel."""
    key = tmp_path / "site.key"
    key.write_text("a" * 64, encoding="ascii")
    found = SteeredBed()
    found.site_key = key
    with found:
        found.begin_console()
        yield found


def test_every_page_is_reached_from_the_bed(bed: SteeredBed, screen: Open) -> None:
    found = set[str]()
    people = {name: screen() for name in ("anna", "dora")}

    def they_look_around() -> None:
        for name, each in people.items():
            each.sign_in(bed.url, person=name)
            looks_around(each.page, bed.url, found)
            each.page.goto("about:blank")

    they_look_around()
    nurse = IdealNurse(bed, "MDD-2x3", 1)
    nurse.plays_to_the_start()
    they_look_around()
    bed.stop()
    bed.reaches(Phase.STOPPED)
    they_look_around()
    bed.sign_in()
    accepted(bed.client.send(api_client.end("p1")))
    bed.reaches(Phase.ENDED)
    they_look_around()
    bed.sign_in()
    accepted(bed.client.send(move(nurse.visit, MoveBody())))
    they_look_around()
    bed.sign_in()
    accepted(bed.client.send(leave(nurse.visit, ExitBody(exit=Exit.ADMITTED, reason="fever", prescriber="dora"))))
    they_look_around()
    assert sorted(asked_for() - found) == []
