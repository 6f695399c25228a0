"""One short visit in real time: the bed of `./run demo`, real programs and the machine's own clock, order to way home.

Saline in the place of a drug, three steps in half a minute. Everything else is what a drug asks for.
"""

from __future__ import annotations

from typing import Final

import pytest
from playwright.sync_api import expect

from pumpd import api_departure_calls, api_path_calls
from pumpd.api_models import Phase
from pumpd.api_path_models import Place
from pumpd.testing.page_nurse import PageNurse, check_of, label_of, orders
from pumpd.testing.page_visit import VisitNurse
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import Open

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]
REGIMEN: Final = "TRAIN-3STEP"
STEP_MS: Final = 30_000  # twice its longest


def test_short_visit_goes_from_the_check_in_to_the_way_home_in_real_time(own_bed: RealBed, screen: Open) -> None:
    orders(own_bed, REGIMEN)
    anna, ben = VisitNurse(screen(), own_bed.url), PageNurse(screen(), own_bed.url)
    page = anna.screen.page
    anna.signs_in()
    anna.visit = anna.opens_the_visit()
    anna.checks_in(known=False, mood=False)
    anna.goes_on()
    anna.prepares(label_of(REGIMEN))
    ben.signs_in("ben", "3141", f"/visits/{anna.visit}/check")
    ben.checks(check_of(REGIMEN))
    anna.goes_on()
    anna.observes()
    anna.goes_on()
    anna.screen.hold_start()
    for step in (1, 2, 3):
        expect(page.locator(".volume")).to_contain_text(f"{step} of 3", timeout=STEP_MS)
    page.wait_for_selector(".phase-ended")
    assert own_bed.reaches(Phase.ENDED).delivered is not None
    assert own_bed.holds_the_truth()

    (dose,) = own_bed.client.send(api_departure_calls.recovery_of(anna.visit)).doses
    anna.flushes(dose.infusion_id, "3")
    anna.looks_at("recovery")
    anna.taps("#do-move")
    anna.scores()
    anna.sends_home(mood=False)
    expect(page.locator("main .verdict")).to_contain_text("The patient went home with the escort.")
    assert own_bed.client.send(api_path_calls.visit(anna.visit)).place is Place.CLOSED
    assert anna.screen.complaints == []
    assert ben.screen.complaints == []
