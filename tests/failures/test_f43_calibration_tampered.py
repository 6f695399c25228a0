"""F43: calibration was tampered with: the screen showed the prescribed dose, the flow was double.

B. Braun Infusomat Space, McAfee 2021: done in standby, effective at the next use. Here somebody writes another
syringe diameter into the pump while it stands still, by which each stroke is believed to be half of what it is; then
an infusion is started. What flows is what was granted.

Guard: `pumpd_drivers.new_era_talk.Talk.put`, by which every prepare writes each setting anew, the diameter among
them. (Without it the read-back would refuse; the story takes both away.)
"""

from __future__ import annotations

import pytest
from pumpd_drivers import new_era_numbers as numbers
from pumpd_drivers.new_era import NewEraPump
from pumpd_drivers.new_era_talk import Answer, Talk
from pumpd_sim.new_era import NewEra

from pumpd.driver_api import Procedure
from pumpd.testing.guards import guard_removed
from pumpd.testing.watched_bed import SALINE, WatchedBed, watched

HALF_THE_AREA_UM = 18_800  # of the 26.59 mm that is clamped in
_PUT, _CHECK = Talk.put, NewEraPump._check_number


async def tampered(told: WatchedBed) -> None:
    await told.bed.until_ready()
    pump = told.sim.device(0)
    assert isinstance(pump, NewEra)
    pump.memory.set_diameter(HALF_THE_AREA_UM)
    await told.runs(SALINE)
    await told.passes(10)
    granted, infusion = told.truth().rate_nl_per_h, told.bed.pump().infusion
    assert infusion is not None
    if granted > infusion.rate_ul_per_h * 1_010:
        told.say(f"{infusion.rate_ul_per_h} uL/h on the page, {granted} nL/h from the syringe")


def leaves_the_diameter(talk: Talk, command: str) -> Procedure[Answer]:
    return (yield from _PUT(talk, "CLDWDR" if command.startswith("DIA") else command))


def believes(pump: NewEraPump, command: str, expects: str, written: str, unit: str) -> Procedure[numbers.Number]:
    if command != "DIA":
        return (yield from _CHECK(pump, command, expects, written, unit))
    yield from pump._talk.ask("DIA", "number")
    return numbers.Number(value=numbers.value_of(written), step=1)


@pytest.mark.requirement("F43")
@pytest.mark.requirement("SEC-03")
def test_what_was_written_into_the_pump_at_rest_does_nothing() -> None:
    assert watched(tampered) == []


@pytest.mark.requirement("F43")
def test_a_driver_that_leaves_the_diameter_doubles_the_flow() -> None:
    with (
        guard_removed("pumpd_drivers.new_era_talk.Talk.put", instead=leaves_the_diameter),
        guard_removed("pumpd_drivers.new_era.NewEraPump._check_number", instead=believes),
    ):
        assert any("from the syringe" in each for each in watched(tampered))
