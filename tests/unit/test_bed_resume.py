"""A pause is a stop, a resume is a new check and start: of what is left, at no higher rate, for a site's time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.codes import Condition, Phase, ReasonCode
from pumpd.core.effects import Prepare
from pumpd.core.library import Cap
from pumpd.core.pump import Drive, PumpAlarm
from pumpd.core.requests import Keep
from pumpd.testing.bed_story import BedStory


def paused(infused_ul: int = 500, regimen: str = "TRAIN-5MIN") -> BedStory:
    bed = BedStory()
    bed.runs(regimen)
    bed.drives(infused_ul)
    bed.paused(infused_ul)
    return bed


def prepared_nl(bed: BedStory) -> int:
    (prepare,) = bed.sent(Prepare)
    return prepare.remaining.volume_nl


def test_volume_kept_ends_later_with_the_same_volume() -> None:
    bed = paused()
    end_ns = bed.infusion().planned_end_ns
    bed.wait(60)
    bed.resume(keep=Keep.VOLUME)
    assert prepared_nl(bed) == 4_500_000 - bed.infusion().delivered.high_nl
    assert bed.infusion().planned_end_ns > end_ns + 59 * 10**9


def test_end_kept_gives_less() -> None:
    bed = paused()
    end_ns = bed.infusion().planned_end_ns
    high_nl = bed.infusion().delivered.high_nl
    bed.wait(60)
    bed.resume(keep=Keep.END_TIME)
    assert bed.infusion().planned_end_ns <= end_ns
    less_nl = 4_500_000 - high_nl - prepared_nl(bed)
    minute_nl = 1_200_000  # of the last step, which is the fastest
    assert abs(less_nl - minute_nl) < 10_000
    assert [step.rate_ul_per_h for step in bed.infusion().plan] == [36_000, 54_000, 72_000]


def test_end_kept_counts_the_present_step_at_its_present_rate() -> None:
    bed = BedStory()
    bed.runs()
    bed.rate(18_000)
    bed.done(Drive.INFUSING, rate=18_000)
    bed.drives(100)
    bed.paused(100)
    high_nl = bed.infusion().delivered.high_nl
    bed.wait(60)
    bed.resume(keep=Keep.END_TIME)
    assert abs(4_500_000 - high_nl - prepared_nl(bed) - 1_200_000) < 10_000


def test_a_pause_that_outlasts_the_end_leaves_nothing_to_resume() -> None:
    bed = paused()
    bed.wait(400)
    bed.resume(keep=Keep.END_TIME)
    assert ReasonCode.NOTHING_LEFT_NL in bed.refusals
    bed.resume(keep=Keep.VOLUME)
    assert bed.phase() is Phase.CHECKING


def test_a_resume_never_has_a_higher_rate() -> None:
    bed = BedStory()
    bed.runs()
    bed.rate(20_000)
    bed.done(Drive.INFUSING, rate=20_000)
    bed.drives(100)
    bed.paused(100)
    bed.resume(keep=Keep.VOLUME)
    (prepare,) = bed.sent(Prepare)
    assert prepare.remaining.rate_ul_per_h == 20_000


def test_a_resume_in_a_later_step_has_that_steps_rate_and_boundaries() -> None:
    bed = BedStory()
    bed.runs()
    bed.drives(1_005)
    bed.done(Drive.INFUSING, rate=54_000, infused_ul=1_006)
    bed.drives(1_500)
    bed.paused(1_500)
    bed.resumes(keep=Keep.VOLUME)
    assert bed.infusion().granted_ul_per_h == 54_000
    bed.drives(995)
    assert bed.infusion().step == 1, "1.5 mL before and 0.995 now: the boundary lies at 2.5"
    bed.drives(1_010)
    assert bed.infusion().step == 2


def test_a_resume_is_refused_when_its_time_is_over() -> None:
    bed = paused()
    bed.wait(890)
    bed.resume(keep=Keep.VOLUME)
    assert bed.phase() is Phase.CHECKING
    late = paused()
    late.wait(902)
    late.resume(keep=Keep.VOLUME)
    assert late.refusals == {ReasonCode.RESUME_TIME_OVER_S}


def test_a_resumed_leg_fits_its_own_counter() -> None:
    """The counter starts at zero again: a healthy second leg is no reset."""
    bed = paused(500)
    bed.resumes()
    for counter in (0, 5, 11, 40):
        bed.drives(counter)
    assert bed.phase() is Phase.INFUSING
    delivered = bed.look().delivered
    assert delivered.low_nl <= 540_000 <= delivered.high_nl


def test_many_short_pauses_never_add_up_to_more_than_was_confirmed() -> None:
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    given_nl = 0
    for _ in range(10):
        bed.drives(100)
        bed.paused(100)
        given_nl += 100_000
        bed.resume(keep=Keep.VOLUME)
        assert given_nl + prepared_nl(bed) <= 4_500_000
        bed.prepared()
        bed.done(Drive.INFUSING)


def test_a_paused_pump_is_looked_at_so_that_its_lease_goes_on() -> None:
    bed = paused()
    bed.tick(1.1)
    assert bed.asks_to_look()


def test_the_way_out_of_a_pumps_alarm() -> None:
    """Alarm at the pump: no resume. Seen by a person: acknowledged at the pump too. No alarm any more: resume."""
    bed = BedStory()
    bed.runs()
    bed.drives(500)
    bed.report(Drive.STILL, infused_ul=501, alarm=PumpAlarm.STALL)
    assert bed.phase() is Phase.STOPPED
    for _ in range(3):
        bed.report(Drive.STILL, infused_ul=501, alarm=PumpAlarm.STALL)
    bed.resume(keep=Keep.VOLUME)
    assert bed.refusals == {ReasonCode.PUMP_IN_ALARM}
    bed.acknowledge(Condition.STALLED)
    assert bed.pump().command is not None
    bed.report(Drive.STILL, infused_ul=501, alarm=PumpAlarm.STALL, ago_ms=500)
    assert len([a for a in bed.state.alarms if a.condition is Condition.STALLED]) == 1
    bed.done(Drive.STILL, infused_ul=501)
    assert bed.alarm(Condition.STALLED) is None
    bed.resume(keep=Keep.VOLUME)
    assert bed.phase() is Phase.CHECKING


def test_a_rest_too_small_to_be_told_from_none_is_not_resumed() -> None:
    bed = paused(995, "TRAIN-30S")
    assert bed.phase() is Phase.STOPPED
    bed.resume(keep=Keep.VOLUME)
    assert ReasonCode.NOTHING_LEFT_NL in bed.refusals


@pytest.mark.requirement("FLOW-02")
@pytest.mark.parametrize(("hardest", "goes_on"), [(750, True), (749, False)])
def test_a_dose_over_minutes_is_gone_on_with_below_its_limit_of_rate(hardest: int, goes_on: bool) -> None:  # noqa: FBT001  # a row of the table
    """Its dose is no rate: what binds the rest of 0.5 mg/kg in 40 min is the limit of mg/kg/h beside it."""
    bed = BedStory()
    bed.runs("MDD-2x3")
    bed.drives(5)
    bed.paused(5)
    entry = bed.infusion().entry
    assert entry is not None
    strict = replace(entry, rate_ug_per_kg_per_h=Cap(soft=None, hard=hardest))
    pump = replace(bed.pump(), infusion=replace(bed.infusion(), entry=strict))
    bed.state = bed.kept = bed.state.with_pump(pump)
    bed.resume(keep=Keep.VOLUME)
    assert bed.reply is not None
    assert bed.reply.accepted is goes_on, bed.reply.reasons
