"""From the sign-in to a drug that runs, from the page alone: what it asks of a nurse, and what it refuses."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pumpd import api_care_calls
from pumpd.api_care_models import Measure, ObservationsBody, ReadingBody, Scale
from pumpd.api_models import Phase
from pumpd.testing.nursed_bed import accepted
from pumpd.testing.page_nurse import PageNurse, asks_risk, check_of, label_of, orders, was_here_before
from pumpd.testing.path_story import WELL
from pumpd.testing.screen import Open
from pumpd.testing.steered_bed import SteeredBed

pytestmark = pytest.mark.timeout(180)
TAPS_MAX, FIELDS_MAX = 60, 25  # to the start of a second visit


def observes(bed: SteeredBed, visit: str) -> None:
    """The baseline, over the API."""
    bed.client.sign_in("anna", "2718")
    values = WELL | {Measure.PAIN: 4, Measure.CADSS6: 0}
    readings = tuple(
        ReadingBody(item=item, value=value, scale=Scale.POSS if item is Measure.SEDATION else None)
        for item, value in values.items()
    )
    accepted(bed.client.send(api_care_calls.observe(visit, ObservationsBody(readings=readings, signs=()))))


@pytest.mark.parametrize("regimen", ["MDD-2x3", "CRPS-OP10"])
def test_second_visit_is_started_from_the_page_within_its_budget(
    steered_bed: SteeredBed, screen: Open, regimen: str
) -> None:
    mood = asks_risk(regimen)
    was_here_before(steered_bed, orders(steered_bed, regimen))
    anna = PageNurse(screen(), steered_bed.url)
    page = anna.screen.page
    anna.signs_in()
    visit = anna.opens_the_visit()
    anna.checks_in(known=True, mood=mood)
    anna.goes_on()
    anna.prepares(label_of(regimen))
    ben = PageNurse(screen(), steered_bed.url)
    ben.signs_in("ben", "3141", f"/visits/{visit}/check")
    ben.checks(check_of(regimen, 2))
    observes(steered_bed, visit)
    if not mood:
        expect(page.locator("[role=timer]")).to_contain_text("left to act")
        steered_bed.advance(minutes=6)
        page.reload()
        anna.unlocks()
    page.reload()
    anna.goes_on()
    anna.screen.hold_start()
    page.wait_for_selector(".phase-infusing")
    assert steered_bed.reaches(Phase.INFUSING).infusion is not None
    assert anna.counts["tap"] <= TAPS_MAX
    assert anna.counts["field"] <= FIELDS_MAX
    assert anna.screen.complaints == []
