"""What each driver's lease means at a bed: ketamine, saline, and how fast (wall 8). The facts are the drivers' own."""

from __future__ import annotations

import pytest
from pumpd_drivers import alaris, harvard

from pumpd.core.codes import Phase, ReasonCode
from pumpd.core.lease import lease_rate_max_ul_per_h
from pumpd.core.new_rate import against_cycle
from pumpd.core.pump import DriverInfo
from pumpd.core.turn import Turn
from pumpd.testing.bed_story import BedStory


def ready(info: DriverInfo) -> BedStory:
    bed = BedStory(info=info, cycle_ms=info.worst_observe_ms)
    bed.connect()
    bed.report()
    return bed


@pytest.mark.requirement("LEASE-02")
def test_a_harvard_pump_is_refused_ketamine_with_the_reason_and_may_train_with_saline() -> None:
    bed = ready(harvard.DRIVER.info)
    bed.start("FM-3H")
    assert bed.phase() is Phase.IDLE
    assert ReasonCode.NO_LEASE_FOR_HIGH_ALERT in bed.refusals
    bed.start("TRAIN-5MIN")
    assert bed.phase() is Phase.CHECKING
    assert bed.infusion().programme.lease_s is None


@pytest.mark.requirement("LEASE-02")
def test_an_alaris_runs_ketamine_under_its_own_fifteen_seconds_on_a_bus_of_its_own() -> None:
    bed = ready(alaris.DRIVER.info)
    bed.start("FM-3H")
    assert bed.phase() is Phase.CHECKING, bed.reply
    assert bed.infusion().programme.lease_s == 15
    assert against_cycle(Turn(bed.state, bed.setup, bed.now_ns), "p1", 15) == []


@pytest.mark.requirement("LEASE-02")
def test_an_alaris_gives_half_a_millilitre_alone_at_most() -> None:
    """120 mL/h is 0.5 mL in 15 s; the second that the pump's own timer may take longer is counted too."""
    assert lease_rate_max_ul_per_h(length_s=15, concentration_ug_per_ml=0, weight_g=70_000) == 112_500
    bed = ready(alaris.DRIVER.info)
    bed.start("TRAIN-3STEP")
    assert ReasonCode.LEASE_RATE_UL_PER_H in bed.refusals
