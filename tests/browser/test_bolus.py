"""A bolus on the page, where a site's library lets a prescriber give one: read, checked by another person, begun."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from pumpd.library_file import LibraryFile
from pumpd.rules_files import content_sha256
from pumpd.testing.ideal_nurse import IdealNurse
from pumpd.testing.screen import PHONE, Open, Screen
from pumpd.testing.steered_bed import SteeredBed
from pumpd.toml_file import read_toml

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]

BASAL_UL_PER_H = 52_500  # 0.75 mg/kg/h for 70 kg, of 1 mg/mL
BOLUS = '\nbolus = { dose_mg_per_kg = { hard = "0.1" }, shortest_min = "10", lockout_min = "60" }\n'


class BolusBed(SteeredBed):
    """The shipped library, but that its entry for moods lets a prescriber give a bolus."""

    def _write_files(self) -> None:
        super()._write_files()
        path = self.folder / "drug-library.toml"
        text = path.read_text(encoding="utf-8").replace('\nid = "KET-MOOD"\n', f'\nid = "KET-MOOD"{BOLUS}', 1)
        path.write_text(text, encoding="utf-8")
        file = read_toml(path, LibraryFile)
        path.write_text(text.replace(file.sha256, content_sha256(file)), encoding="utf-8")


@pytest.fixture
def running() -> Iterator[SteeredBed]:
    with BolusBed() as bed:
        bed.begin_console()
        IdealNurse(bed, "MDD-2x3", 1).plays_to_the_start()
        bed.sign_in()
        yield bed


def asked(bed: SteeredBed) -> int | None:
    found = bed.pump().asked
    return None if found is None else found.ul_per_h


def reads(screen: Screen, bed: SteeredBed, dose: str, minutes: str) -> None:
    screen.page.goto(f"{bed.url}/pumps/p1")
    screen.page.click("#to-bolus")
    screen.page.fill("#dose_mg_per_kg", dose)
    screen.page.fill("#duration_min", minutes)
    screen.page.click("#to-confirm")


def test_bolus_is_read_by_the_prescriber_and_checked_blindly_by_a_nurse_before_it_begins(
    running: SteeredBed, screen: Open
) -> None:
    bed = running
    dora, ben = screen(), screen(PHONE)
    dora.sign_in(bed.url, person="dora")
    ben.sign_in(bed.url, "/pumps/p1", person="ben")
    expect(ben.page.locator("#to-rate")).to_be_visible()
    expect(ben.page.locator("#to-bolus")).to_have_count(0)  # a nurse gives none
    reads(dora, bed, "0.2", "5")
    expect(dora.page.locator(".reasons")).to_contain_text("is too short for a bolus")
    expect(dora.page.locator(".reasons")).to_contain_text("The bolus")  # and it is too much: all is told at once
    assert dora.page.locator("#ask-check, #confirm-bolus").count() == 0

    reads(dora, bed, "0.05", "10")
    expect(dora.page.locator(".review-of")).to_contain_text("3.5 mg (3.5 mL) on top of what runs")
    assert dora.page.locator("#confirm-bolus").count() == 0
    bed.listens()
    dora.page.click("#ask-check")
    expect(dora.page.locator("#to-check")).to_be_visible()
    assert asked(bed) == BASAL_UL_PER_H

    ben.page.reload()
    ben.page.click("#to-check")
    assert "0.05" not in ben.page.locator("main").inner_text(), "no value to copy"
    expect(ben.page.locator("label[for=dose_mg]")).to_contain_text(
        "the bolus, off the order or as the prescriber says it to you, in mg/kg"
    )
    for name, typed in (("drug", "Ketamine"), ("concentration_mg_per_ml", "1"), ("dose_mg", "0.05")):
        ben.page.fill(f"#{name}", typed)
    ben.page.click("#enter-check")
    expect(ben.page.locator("#outcome")).to_contain_text("It agrees.")
    assert asked(bed) == BASAL_UL_PER_H

    reads(dora, bed, "0.05", "10")
    expect(dora.page.locator("main")).to_contain_text("Ben")
    bed.listens()
    dora.page.click("#confirm-bolus")
    dora.page.wait_for_selector(".phase-infusing")
    bed.advance_until(lambda: asked(bed) == BASAL_UL_PER_H + 21_000, "both together", hours=0.1)
