"""The record of a visit on the page and as files, and the downtime sheet: made beside the daemon, named for carers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pumpd.testing.screen import Open, Screen
from pumpd.testing.steered_bed import SteeredBed

pytestmark = [pytest.mark.timeout(180), pytest.mark.long]


def downloaded(anna: Screen, button: str, folder: Path) -> bytes:
    with anna.page.expect_download() as coming:
        anna.page.click(button)
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path.read_bytes()


def test_record_is_on_the_page_and_goes_home_as_files(
    ended: tuple[SteeredBed, str], screen: Open, tmp_path: Path
) -> None:
    bed, visit = ended
    anna = screen()
    anna.sign_in(bed.url, f"/visits/{visit}/record")
    main = anna.page.locator("main")
    expect(main).to_contain_text("Eva Lind, 1970-12-31")
    expect(anna.page.locator(".sheet:has-text('Independent double check')").first).to_contain_text("0.5 mg/kg")
    expect(main).to_contain_text("Journal row")
    assert downloaded(anna, "#as-pdf", tmp_path).startswith(b"%PDF-")
    kept = json.loads(downloaded(anna, "#as-json", tmp_path))
    assert [each["visit"]["visit"] for each in kept["visits"]] == [visit]
    assert "Eva Lind" not in json.dumps(kept)
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"visit-{visit}.json", f"visit-{visit}.pdf"]
    assert anna.complaints == []


def test_downtime_sheet_has_the_pump_what_is_due_and_room_to_write(
    ended: tuple[SteeredBed, str], screen: Open, tmp_path: Path
) -> None:
    bed, visit = ended
    anna = screen()
    anna.page.goto(f"{bed.url}/downtime")
    expect(anna.page.locator("#sign-in")).to_be_visible()
    anna.sign_in(bed.url, "/downtime")
    expect(anna.page.locator(f".sheet:has-text('Visit {visit}, at the bed')")).to_contain_text("systolic pressure")
    expect(anna.page.locator("main")).to_contain_text("12 empty rows on paper")
    assert downloaded(anna, "#print", tmp_path).startswith(b"%PDF-")
