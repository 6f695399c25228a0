"""A pump without a serial number that may be another one: what raises the doubt, what it blocks, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pumpd.core.actor import Actor
from pumpd.core.codes import AssetDoubt, Condition, Phase, ReasonCode
from pumpd.core.effects import ChangeRate
from pumpd.core.events import LinkState, PumpReported, PumpSilent
from pumpd.core.people import Role
from pumpd.core.pump import Drive, DriverInfo, Identified, IdentityKind, NoLease, PumpAlarm
from pumpd.core.requests import Keep
from pumpd.testing.bed_story import NURSE, BedStory
from pumpd.testing.clinical import NE_1000
from pumpd.testing.swap_story import label_read

WITH_SERIAL = replace(NE_1000, identity=IdentityKind.SERIAL)


def running(info: DriverInfo = NE_1000) -> BedStory:
    bed = BedStory(info=info)
    bed.runs("TRAIN-5MIN")
    bed.flows(40)  # 400 uL
    return bed


def gap(bed: BedStory) -> None:
    """Three looks show nothing, and the pump is asked who it is."""
    for _ in range(3):
        bed.wait(0.3)
        bed.take(PumpSilent(at_ns=bed.now_ns, slot="p1", detail="no reply"))
    bed.link(LinkState.SILENT)
    bed.connect()


DOUBTS: dict[AssetDoubt, Callable[[BedStory], object]] = {
    AssetDoubt.COUNTER: lambda bed: bed.report(Drive.INFUSING, infused_ul=900),
    AssetDoubt.RATE: lambda bed: bed.drives(412, rate=30_000),
    AssetDoubt.STATE: lambda bed: bed.report(Drive.STILL, infused_ul=405),
    AssetDoubt.POWER: lambda bed: bed.report(Drive.STILL, infused_ul=0, alarm=PumpAlarm.RESET),
    AssetDoubt.SILENCE: lambda bed: bed.tick(16),
}


@pytest.mark.requirement("LINK-06")
@pytest.mark.parametrize("why", list(DOUBTS))
def test_whatever_does_not_fit_after_a_gap_is_a_doubt_and_nothing_rises(why: AssetDoubt) -> None:
    bed = running()
    gap(bed)
    DOUBTS[why](bed)
    assert bed.pump().asset_doubt is why
    assert bed.alarm(Condition.PUMP_IN_DOUBT)
    if bed.phase() is Phase.STOPPING:
        bed.stop_confirmed(infused_ul=405)
    bed.connect()
    bed.report(infused_ul=405)
    bed.report(infused_ul=405)
    assert bed.phase() is Phase.STOPPED
    bed.resume(keep=Keep.VOLUME)
    assert ReasonCode.PUMP_NOT_CONFIRMED in bed.refusals
    assert label_read(bed)
    assert bed.alarm(Condition.PUMP_IN_DOUBT) is None
    bed.resume(keep=Keep.VOLUME)
    assert bed.phase() is Phase.CHECKING


@pytest.mark.requirement("LINK-06")
@pytest.mark.parametrize("why", [each for each in DOUBTS if each is not AssetDoubt.SILENCE])
def test_a_pump_that_tells_its_serial_number_is_not_doubted_while_it_is_the_same(why: AssetDoubt) -> None:
    bed = running(WITH_SERIAL)
    gap(bed)
    DOUBTS[why](bed)
    assert not bed.pump().asset_in_doubt


@pytest.mark.requirement("LINK-01")
def test_another_serial_number_is_another_pump_whatever_it_does() -> None:
    bed = BedStory(info=WITH_SERIAL)
    ours = Identified(model="X", firmware="1", serial="17")
    bed.connect(who=ours)
    bed.report()
    bed.runs("TRAIN-5MIN")
    bed.connect(who=replace(ours, serial="18"))
    assert bed.phase() is Phase.FAULT
    assert bed.pump().asset_doubt is AssetDoubt.IDENTITY


@pytest.mark.requirement("LINK-06")
def test_a_pump_that_fits_after_a_gap_is_not_doubted() -> None:
    bed = running()
    gap(bed)
    bed.drives(415)
    assert bed.phase() is Phase.INFUSING
    assert not bed.pump().asset_in_doubt


@pytest.mark.requirement("LINK-06")
def test_a_jumping_counter_moves_only_the_upper_end() -> None:
    bed = running()
    low_nl = bed.look().delivered.low_nl
    gap(bed)
    bed.report(Drive.INFUSING, infused_ul=900)
    bed.stop_confirmed(infused_ul=905)
    delivered = bed.look().delivered
    assert low_nl <= delivered.low_nl <= 405_000
    assert delivered.high_nl >= 905_000
    gap(bed)
    bed.report(infused_ul=420)  # ours is back on its cable, where its lease had let it come to
    assert label_read(bed)
    bed.report(infused_ul=420)
    delivered = bed.look().delivered
    assert delivered.low_nl <= 420_000 <= delivered.high_nl <= 425_000, "its own counter tells again"


@pytest.mark.requirement("LINK-06")
def test_ours_may_run_on_elsewhere_until_its_lease_is_over() -> None:
    bed = running()
    gap(bed)
    bed.report(Drive.STILL, infused_ul=0)
    assert bed.pump().asset_doubt is AssetDoubt.COUNTER
    bed.stop_confirmed(infused_ul=0)
    assert bed.look().delivered.high_nl >= 400_000 + 36_000 * 15 // 3_600 * 1_000, "15 s at 36 mL/h, lease and slack"


@pytest.mark.requirement("LINK-06")
def test_ours_without_a_lease_may_have_run_on_elsewhere_to_the_end_of_its_volume() -> None:
    bed = running(replace(NE_1000, lease=NoLease()))
    leg = bed.infusion().leg
    assert leg is not None
    gap(bed)
    bed.report(Drive.STILL, infused_ul=0)
    assert bed.pump().asset_doubt is AssetDoubt.COUNTER
    bed.stop_confirmed(infused_ul=0)
    assert bed.look().delivered.high_nl >= leg.whole_nl


@pytest.mark.requirement("LINK-06")
def test_a_wrong_label_is_refused_and_stands_in_the_journal() -> None:
    bed = running()
    gap(bed)
    DOUBTS[AssetDoubt.RATE](bed)
    bed.stop_confirmed(infused_ul=412)
    assert not label_read(bed, "No. 99")
    assert bed.refusals == {ReasonCode.ASSET_DIFFERS}
    asked = [fact for fact in bed.facts if getattr(fact, "text", None) == "no.99"]
    assert len(asked) == 1
    assert bed.pump().asset_in_doubt
    assert not label_read(bed, actor=None)
    assert not label_read(bed, actor=Actor(person="a", role=Role.TECHNICIAN))
    bed.link(LinkState.SILENT)
    assert not label_read(bed)
    bed.link(LinkState.UP)
    assert label_read(bed, "  no. P1 ", actor=NURSE)
    assert not label_read(bed)
    assert bed.refusals == {ReasonCode.PUMP_NOT_IN_DOUBT}


@pytest.mark.requirement("LINK-06")
def test_without_a_label_in_the_configuration_nobody_can_confirm() -> None:
    bed = running()
    bed.setup = replace(bed.setup, assets=())
    gap(bed)
    DOUBTS[AssetDoubt.RATE](bed)
    assert not label_read(bed)
    assert ReasonCode.NO_ASSET_KNOWN in bed.refusals


@pytest.mark.requirement("LINK-06")
def test_a_doubt_survives_a_restart() -> None:
    bed = running()
    gap(bed)
    DOUBTS[AssetDoubt.RATE](bed)
    bed.boot(away_s=1)
    assert bed.pump().asset_in_doubt


@pytest.mark.requirement("LINK-06")
def test_another_pump_at_rest_is_doubted_before_it_can_be_resumed() -> None:
    bed = running()
    bed.paused(401)
    gap(bed)
    bed.report(infused_ul=0)
    assert bed.pump().asset_doubt is AssetDoubt.COUNTER


# --- at the pump's own keys, while we look on -----------------------------------------------------------------------


@pytest.mark.requirement("CMD-05")
def test_a_lower_rate_set_at_the_keys_is_taken_and_told() -> None:
    bed = running()
    bed.drives(405, rate=30_000)
    assert (bed.phase(), bed.infusion().rate_ul_per_h, bed.infusion().granted_ul_per_h) == (
        Phase.INFUSING, 30_000, 30_000,
    )  # fmt: skip
    assert bed.alarm(Condition.RATE_LOWERED_AT_PUMP)
    assert bed.infusion().steps_by_tap, "a person changed the rate: nothing rises by itself any more"
    assert not bed.pump().asset_in_doubt
    bed.rate(36_000)
    assert bed.sent(ChangeRate), "back up to what was confirmed, by a person on the page"


@pytest.mark.requirement("CMD-05")
@pytest.mark.parametrize("rate", [0, 36_001, 72_000])
def test_any_other_rate_set_at_the_keys_is_a_stop(rate: int) -> None:
    bed = running()
    bed.drives(405, rate=rate)
    assert bed.phase() is Phase.STOPPING
    assert bed.alarm(Condition.RATE_DIFFERS)


@pytest.mark.requirement("CMD-05")
def test_a_volume_target_changed_at_the_keys_is_a_stop() -> None:
    for target_nl, phase in ((None, Phase.INFUSING), (4_500_000, Phase.INFUSING), (9_000_000, Phase.STOPPING)):
        bed = running()
        report = replace(bed.a_report(Drive.INFUSING, infused_ul=405), target_nl=target_nl)
        bed.wait(0.5)
        bed.take(PumpReported(at_ns=bed.now_ns, slot="p1", asked_at_ns=bed.now_ns, report=report))
        assert bed.phase() is phase
        assert (bed.alarm(Condition.TARGET_DIFFERS) is not None) is (phase is Phase.STOPPING)


@pytest.mark.requirement("CMD-05")
def test_a_lower_rate_is_not_taken_from_a_pump_that_was_out_of_sight() -> None:
    bed = running()
    gap(bed)
    bed.drives(405, rate=30_000)
    assert bed.phase() is Phase.STOPPING


def test_a_counter_that_was_cleared_takes_nothing_back_once_the_pump_is_known_to_be_the_same() -> None:
    """Not even where the leg began with an interval as wide as what the leg has given since."""
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    bed.flows(30)
    bed.pause()
    bed.wait(20)
    bed.stop_confirmed(infused_ul=None)  # it tells no counter at its end
    width_nl = bed.infusion().delivered.width_nl
    bed.resumes(keep=Keep.VOLUME)
    bed.flows(10)
    assert width_nl > 100_000
    bed.report(Drive.INFUSING, infused_ul=0, after_s=8)
    assert bed.alarm(Condition.COUNTER_CLEARED)
    high_nl = bed.infusion().delivered.high_nl
    assert label_read(bed)
    bed.stop_confirmed(infused_ul=0)
    assert bed.phase() is Phase.STOPPED
    assert bed.look().delivered.high_nl >= high_nl
