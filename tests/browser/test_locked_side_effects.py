"""Nobody has a hand free for a PIN: what goes wrong is noted on a locked page, and what was begun there is kept."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pumpd import api_care_calls
from pumpd.api_models import Phase
from pumpd.testing.ideal_nurse import IdealNurse
from pumpd.testing.screen import PINS, Open
from pumpd.testing.steered_bed import SteeredBed

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]


def test_ben_notes_on_annas_locked_page_what_he_saw_and_gave_and_what_she_had_typed_is_there_for_him(
    steered_bed: SteeredBed, screen: Open
) -> None:
    bed = steered_bed
    nurse = IdealNurse(bed, "MDD-2x3", 1)
    nurse.plays_to_the_start()
    at = f"{bed.url}/visits/{nurse.visit}/side-effects"
    panel = screen()
    page = panel.page
    panel.sign_in(bed.url, f"/visits/{nurse.visit}/side-effects?effect=nausea")
    page.click("text=Another drug was given")
    page.fill("#drug", "ondansetron")
    page.check("[name=route][value=vein]")
    with page.expect_response(lambda answer: "/drafts/side-effects-rescue-nausea" in answer.url):
        page.fill("#dose_mg", "4")
    page.click("summary:has-text('infiltrated')")
    with page.expect_response(lambda answer: "/drafts/side-effects-infiltration" in answer.url):
        page.fill("#seen", "The left hand is swollen.")
    page.click("#lock")
    expect(page.locator(".person small")).to_have_text("locked")

    page.goto(f"{at}?effect=nausea")
    page.check("[name=severity][value='4']")
    page.select_option("#author-note", "ben")
    page.click("#do-note")
    expect(page.locator(".noted")).to_contain_text("Nausea 4 of 10: Ben")
    page.goto(f"{at}?effect=headache")
    page.click("text=Another drug was given")
    page.fill("#drug", "paracetamol")
    page.fill("#dose_mg", "1000")
    page.check("[name=route][value=mouth]")
    page.select_option("#author-give-other", "ben")
    page.click("#give-other")
    expect(page.locator(".notice")).to_contain_text("is no rescue drug of the order")
    expect(page.locator("#author-note")).to_have_value("ben")
    page.click("#do-all-the-same")
    expect(page.locator(".noted")).to_contain_text("paracetamol 1,000 mg, given by Ben")
    page.goto(f"{at}?effect=headache")
    page.click("text=Another drug was given")
    expect(page.locator("#drug")).to_have_value("")  # it is on record, and typed nowhere any more

    page.goto(at)
    page.click("#unlock")
    page.check("input[value=ben]")
    page.fill("#pin", PINS["ben"])
    page.click("#sign-in")
    expect(page.locator("#unconfirmed")).to_contain_text("a rescue drug to be recorded")
    page.click("#do-mine")
    page.goto(f"{at}?effect=nausea")
    expect(page.locator("#drug")).to_have_value("ondansetron")
    expect(page.locator("#dose_mg")).to_have_value("4")
    expect(page.locator(".kept").first).to_contain_text("Typed by Anna Berg at")
    expect(page.locator("#seen")).to_have_value("The left hand is swollen.")
    page.click("#do-infiltration")
    bed.reaches(Phase.STOPPED)
    page.goto(at)
    page.click("summary:has-text('infiltrated')")
    expect(page.locator("#seen")).to_have_value("")
    page.goto(f"{bed.url}/pumps/p1")
    page.evaluate(
        """() => {
            const form = document.createElement("form");
            form.method = "post";
            form.action = "/pumps/p1/resume";
            form.append(document.querySelector("input[name=token]").cloneNode());
            document.body.append(form);
            form.submit();
        }"""  # as from a page that was opened before the nausea was noted
    )
    expect(page.locator(".notice")).to_contain_text("Not done.")
    expect(page.locator("#to-due")).to_be_visible()  # the refusal leads to what it is about
    bed.sign_in()
    view = bed.client.send(api_care_calls.care(nurse.visit))
    assert [(each.drug, each.given_by) for each in view.rescues] == [("paracetamol", "ben")]
    assert [each.person for each in view.side_effects] == ["ben"]
    assert len(view.infiltrated) == 1
