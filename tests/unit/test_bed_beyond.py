"""What runs beyond a soft limit says so for as long as it lasts, on record with who agreed and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.api_moment import Moment as ApiMoment
from pumpd.api_views import Place, bed_view
from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import preview_rise
from pumpd.core.codes import ReasonCode, Severity
from pumpd.core.deliveries import BeyondAgreed
from pumpd.core.order import Course
from pumpd.core.people import Role
from pumpd.core.pump import Drive
from pumpd.telemetry.views import Moment, bed_state
from pumpd.testing.bed_story import TOGETHER, BedStory

PRESCRIBER = Actor(person="doctor-1", role=Role.PRESCRIBER)
AGREED = r.Override(reason="pain unchanged", second=PRESCRIBER)
MG = 200  # 1 mg/h of 5 mg/mL, in uL/h


def running() -> BedStory:
    """CRPS, five days: an hour at 10 mg/h."""
    bed = BedStory()
    bed.runs("CRPS-IP5")
    bed.wait(3_600)
    bed.drives(2_000, after_s=0.5)
    return bed


def beyond(bed: BedStory) -> set[ReasonCode]:
    return {reason.code for reason in bed.infusion().beyond}


def raised_to_35_mg_per_h() -> BedStory:
    bed = running()
    bed.rises_to(35 * MG, override=AGREED)
    assert bed.reply is not None
    assert bed.reply.accepted, bed.reply.reasons
    bed.stop_confirmed(infused_ul=2_000)
    bed.prepared()
    bed.done(Drive.INFUSING)
    return bed


@pytest.mark.requirement("LIB-01")
def test_a_rise_that_two_people_agreed_to_is_on_record_with_limits_people_and_reason() -> None:
    bed = raised_to_35_mg_per_h()
    (fact,) = (each for each in bed.facts if isinstance(each, BeyondAgreed))
    assert (fact.person, fact.override_person, fact.override_reason) == ("nurse-1", "doctor-1", "pain unchanged")
    assert {reason.code for reason in fact.reasons} >= {ReasonCode.DOSE_UG_PER_H, ReasonCode.CAP_UG_PER_H}
    assert {reason.severity for reason in fact.reasons} == {Severity.SOFT}


@pytest.mark.requirement("LIB-01")
def test_it_is_shown_until_the_end_also_when_the_rate_is_low_again() -> None:
    bed = running()
    assert beyond(bed) == set()
    bed = raised_to_35_mg_per_h()
    crossed = beyond(bed)
    assert {ReasonCode.DOSE_UG_PER_H, ReasonCode.CAP_UG_PER_H} <= crossed
    bed.rate(10 * MG)
    bed.boot()
    assert beyond(bed) == crossed


def test_a_second_rise_tells_the_newest_of_each_kind() -> None:
    bed = raised_to_35_mg_per_h()
    bed.rises_to(40 * MG, override=AGREED)
    bed.stop_confirmed(infused_ul=0)
    asked = {reason.code: reason.asked for reason in bed.infusion().beyond}
    assert asked[ReasonCode.DOSE_UG_PER_H] == 40_000


def test_page_api_and_telemetry_say_it() -> None:
    bed = raised_to_35_mg_per_h()
    place = Place(site="north", ward="pain", bed="bed-1", people={})
    view = bed_view(bed.state, bed.setup, place, ApiMoment(now_ns=bed.now_ns, wall_ms=1_780_000_000_000), number=1)
    infusion = view.pumps[0].infusion
    assert infusion is not None
    texts = {reason.code: reason.text for reason in infusion.beyond}
    assert texts[ReasonCode.DOSE_UG_PER_H] == "The dose rate of 35 mg/h is above the soft limit of 30 mg/h."
    moment = Moment(boot=bed.state.boot, now_ns=bed.now_ns, wall_ms=1_780_000_000_000)
    told = bed_state(bed.state, bed.pump(), bed.setup.info("p1"), moment, 1, publish_drug_name=False)
    assert told.beyond_soft_limit is True
    calm = running()
    told = bed_state(calm.state, calm.pump(), calm.setup.info("p1"), moment, 1, publish_drug_name=False)
    assert told.beyond_soft_limit is False


def test_a_soft_limit_crossed_at_the_start_is_shown_too() -> None:
    bed = BedStory(slots=("p1", "p2"))
    bed.runs("FM-3H")
    bed.runs("PAIN-4H", slot="p2", override=TOGETHER)
    assert ReasonCode.SAME_DRUG_RUNNING in {reason.code for reason in bed.infusion("p2").beyond}
    assert beyond(bed) == set()


@pytest.mark.requirement("FLOW-02")
def test_a_rise_counts_what_the_course_has_had() -> None:
    """As everything that could raise delivery does: through the one gate."""
    bed = running()
    infusion = bed.infusion()
    had = replace(infusion.order, course=Course(given_ng=7_250_000_000))  # of 8,400 mg; 1,202 mg are planned here
    bed.state = bed.state.with_pump(replace(bed.pump(), infusion=replace(infusion, order=had)))
    review = preview_rise(bed.state, "p1", 15 * MG, bed.setup, bed.now_ns)
    assert review is not None
    found = {reason.code: reason.severity for reason in review.grant.reasons}
    assert found[ReasonCode.CAP_COURSE_UG] is Severity.HARD
