"""A course on the page: its sums and what they rest on, outcomes with their picture, and how it travels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pumpd import api_path_calls
from pumpd.api_check_in_calls import add_patient
from pumpd.api_check_in_models import PatientBody
from pumpd.api_course_calls import course
from pumpd.api_path_models import Disposition, SeriesBody
from pumpd.testing.nursed_bed import accepted
from pumpd.testing.screen import Open
from pumpd.testing.steered_bed import SteeredBed

pytestmark = [pytest.mark.timeout(180), pytest.mark.long]


def signs_for(bed: SteeredBed, name: str) -> str:
    bed.client.sign_in("dora", "1618")
    patient = bed.client.send(add_patient(PatientBody(name=name, born="1970-12-31"))).patient
    body = SeriesBody(
        patient=patient, regimen="MDD-2x3", visits=6, weight_kg="70", height_cm="175", container="syringe-60-1",
        disposition=Disposition.HOME, failed_treatments=("two others",), consent_on="2026-01-31",
    )  # fmt: skip
    signed = bed.client.send(api_path_calls.sign_series(body))
    accepted(signed)
    return signed.request_id


@pytest.fixture
def two_beds(tmp_path: Path) -> Iterator[tuple[SteeredBed, SteeredBed]]:
    """Of one site: a course travels between them."""
    key = tmp_path / "site.key"
    key.write_text("b7" * 32, encoding="ascii")
    key.chmod(0o600)
    with ExitStack() as beds:
        here, there = SteeredBed(), SteeredBed()
        for bed in (here, there):
            bed.site_key = key
            beds.enter_context(bed)
            bed.begin_console()
        yield here, there


def test_outcomes_are_kept_drawn_and_refused_out_of_their_range(steered_bed: SteeredBed, screen: Open) -> None:
    name = signs_for(steered_bed, "Eva Lind")
    anna = screen()
    anna.sign_in(steered_bed.url, f"/series/{name}/course")
    anna.page.select_option("#instrument", "madrs")
    anna.page.fill("#total", "31")
    anna.page.fill("#day", "2026-13-01")
    anna.page.click("#do-outcome")
    expect(anna.page.locator("#fault-day")).to_have_text("▲ Type the day as in 2026-12-31.")
    expect(anna.page.locator("#total")).to_have_value("31")
    anna.page.fill("#day", "")
    anna.page.click("#do-outcome")
    anna.page.select_option("#instrument", "madrs")
    anna.page.fill("#total", "61")
    anna.page.click("#do-outcome")
    expect(anna.page.locator(".notice")).to_contain_text("The total lies between 0 and 60, not at 61.")
    expect(anna.page.locator("main table")).to_contain_text("31 of 60")
    picture = anna.page.request.get(f"{steered_bed.url}/series/{name}/course/outcome.svg?of=madrs").text()
    assert "MADRS: 31 on" in picture
    expect(anna.page.locator("#do-attest")).to_have_count(0)  # a prescriber's
    assert [each.total for each in steered_bed.client.send(course(name)).outcomes] == [31]


def test_course_goes_as_a_file_to_another_bed_where_the_name_is_asked_for(
    two_beds: tuple[SteeredBed, SteeredBed], screen: Open, tmp_path: Path
) -> None:
    here, there = two_beds
    name = signs_for(here, "Eva Lind")
    dora = screen()
    dora.sign_in(here.url, f"/series/{name}/course", person="dora")
    dora.page.fill("#visits", "4")
    dora.page.fill("#given_mg", "140")
    dora.page.click("#do-attest")
    expect(dora.page.locator(".sums")).to_contain_text("as the prescriber attests")
    with dora.page.expect_download() as coming:
        dora.page.click("#export")
    kept = tmp_path / coming.value.suggested_filename
    coming.value.save_as(kept)

    anna = screen()
    anna.sign_in(there.url, "/series")
    anna.page.click("#do-import")
    expect(anna.page.locator("#fault-file")).to_be_visible()
    (tmp_path / "changed.json").write_text(kept.read_text().replace("MDD-2x3", "MDD-2x4"))
    anna.page.set_input_files("#file", tmp_path / "changed.json")
    anna.page.click("#do-import")
    expect(anna.page.locator("#fault-file")).to_be_visible()
    there.client.sign_in("ben", "3141")  # only to look
    assert there.client.send(api_path_calls.series()) == ()
    anna.page.set_input_files("#file", kept)
    anna.page.click("#do-import")
    anna.page.click("text=Course")
    expect(anna.page.locator(".sums")).to_contain_text("taken in from demo/pain-clinic/bed-1")
    expect(anna.page.locator(".sums")).to_contain_text("4 of 6")
    anna.page.fill("#name", "Eva Lind")
    anna.page.fill("#born", "1970-12-31")
    anna.page.click("#do-name")
    expect(anna.page.locator(".who .name")).to_contain_text("Eva Lind")
    expect(anna.page.locator("#do-name")).to_have_count(0)
