"""A real bed for a real browser: processes from pumpd/testing/real_bed.py, and Debian's Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage

from pumpd import api_client
from pumpd.api_models import Phase
from pumpd.testing.ideal_nurse import IdealNurse
from pumpd.testing.nursed_bed import accepted
from pumpd.testing.processes import SOON_S
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import PANEL, Open, Screen, chromium
from pumpd.testing.steered_bed import SteeredBed


def with_a_page(bed: RealBed, *slots: str, training: bool = False) -> RealBed:
    """Each pump on a wire of its own."""
    for slot in slots:
        bed.begin_pump(slot)
    bed.write_config(training=training)
    bed.begin_daemon()
    bed.begin_console()
    return bed


@pytest.fixture(scope="session")
def shared_bed() -> Iterator[RealBed]:
    with RealBed() as real:
        yield with_a_page(real, "p1", "p2")


@pytest.fixture
def bed(shared_bed: RealBed) -> Iterator[RealBed]:
    """Two pumps at rest, shared by all tests that break nothing."""
    yield shared_bed
    shared_bed.rest()


@pytest.fixture
def own_bed() -> Iterator[RealBed]:
    """One pump, for a test that freezes or kills something."""
    with RealBed() as real:
        yield with_a_page(real, "p1")


@pytest.fixture
def training_bed() -> Iterator[RealBed]:
    with RealBed() as real:
        yield with_a_page(real, "p1", training=True)


@pytest.fixture
def steered_bed() -> Iterator[SteeredBed]:
    """A bed of one's own with the page, on a clock that can be moved on: for the whole of a visit."""
    with SteeredBed() as bed:
        bed.begin_console()
        yield bed


@pytest.fixture
def pumpd_steered() -> Iterator[SteeredBed]:
    """One pump, on a clock that can be moved on; the page is begun by the test, or by what it plays first."""
    with SteeredBed() as steered:
        yield steered


@pytest.fixture
def ended() -> Iterator[tuple[SteeredBed, str]]:
    """A visit of a mood regimen, the infusion of which has just been ended early."""
    with SteeredBed() as bed:
        bed.begin_console()
        nurse = IdealNurse(bed, "MDD-2x3", 1)
        nurse.plays_to_the_start()
        bed.advance(minutes=2)
        bed.stop()
        bed.sign_in()
        accepted(bed.client.send(api_client.end("p1")))
        bed.reaches(Phase.ENDED)
        yield bed, nurse.visit


@pytest.fixture(scope="module", name="chromium")
def module_chromium() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def _complains(told: ConsoleMessage) -> bool:
    """A page that was opened without a touch may make no sound; the browser says so, and the page says SOUND OFF."""
    return told.type in ("error", "warning") and "AudioContext was not allowed" not in told.text


@pytest.fixture
def screen(chromium: Browser) -> Iterator[Open]:
    """`screen(size, javascript=False)`: a browser of its own, without anybody's session."""
    contexts: list[BrowserContext] = []

    def opened(size: tuple[int, int] = PANEL, *, javascript: bool = True) -> Screen:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, java_script_enabled=javascript, reduced_motion="reduce"
        )
        context.set_default_timeout(SOON_S * 1_000)
        contexts.append(context)
        found = Screen(page=context.new_page())
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on(
            "console",
            lambda told: found.complaints.append(told.text) if _complains(told) else None,
        )
        found.page.on("request", lambda asked: found.hosts.add(asked.url.split("/")[2]))
        return found

    yield opened
    for context in contexts:
        context.close()
