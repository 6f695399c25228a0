"""Across boots of the machine: wall time in the safe direction, and what is said of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.new_era import NewEra

from pumpd.bedside import Bedside
from pumpd.core.codes import AssetDoubt, Phase, ReasonCode, TimeAway
from pumpd.core.order import Order
from pumpd.core.requests import Keep, ResumeRequested
from pumpd.core.resuming import against_going_on
from pumpd.core.state import BedState
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S
from pumpd.journal_rows import Stored
from pumpd.samples import RecentSamples
from pumpd.testing.played_bed import NURSE, Line, PlayedBed, setup_for
from pumpd.testing.simulate import quiet
from pumpd.testing.simulated_journal import Disk, SimulatedJournal
from pumpd.testing.virtual import VirtualClock, run_virtual

ORDER = Order(regimen="MDD-2x3", day=1, weight_g=70_000, height_mm=1_750, container="syringe-60-1")
UP_NS = 40 * NS_PER_S  # the machine has been up for so long when the daemon starts
GIVEN_S = 60


class AfterReboot:
    """The clocks of a machine that was switched on again."""

    def __init__(self, before: VirtualClock, wall_ms: int) -> None:
        self._before, self._wall_ms = before, wall_ms

    def now_ns(self) -> int:
        return UP_NS

    def monotonic_ns(self) -> int:
        return UP_NS

    def wall_ms(self) -> int:
        return self._wall_ms

    def kernel_boot(self) -> str:
        return "another boot"

    def new_id(self) -> str:
        return self._before.new_id()

    def local_day(self) -> int:
        return self._before.local_day()


def rebooted(*, stopped: bool, off_s: int) -> tuple[BedState, Bedside]:
    """Drug was given for a minute; then the machine was off for so long by the wall clock, which may have gone back."""

    async def played(clock: VirtualClock) -> tuple[BedState, Bedside]:
        lines = [Line(sim=SimBus([NewEra(now_ns=clock.now_ns())]), slots=(("p1", 0),))]
        bed = PlayedBed.boot(clock, lines)
        await bed.until_ready()
        reply = await bed.start(ORDER)
        assert reply.accepted, reply.reasons
        await bed.until(Phase.INFUSING)
        await asyncio.sleep(GIVEN_S)
        if stopped:
            await bed.stop("p1")
            await bed.until(Phase.STOPPED)
        await asyncio.sleep(0.5)
        survivors: Sequence[Stored] = await bed.kill()
        journal = SimulatedJournal("next", random.Random(0), Disk(), survivors)
        after = AfterReboot(clock, clock.wall_ms() + off_s * 1_000)
        bedside = Bedside(
            setup=setup_for(lines), journal=journal, samples=RecentSamples(), clock=after, send=lambda _: None,
            beat=lambda: None,
        )  # fmt: skip
        bedside.boot("next")
        return bedside.state, bedside

    return run_virtual(played)


def youngest_s(state: BedState) -> int:
    """How long ago the last drug went in, by the windows."""
    return (UP_NS - max(each.to_ns for each in state.history)) // NS_PER_S


@pytest.fixture(autouse=True)
def no_log_lines() -> None:
    quiet()


@pytest.mark.requirement("LOG-07", "FLOW-15")
def test_drug_counts_as_long_ago_as_the_wall_clock_says_when_it_went_forward() -> None:
    state, _ = rebooted(stopped=True, off_s=1_800)
    assert 1_795 <= youngest_s(state) <= 1_805


@pytest.mark.requirement("LOG-07", "FLOW-15")
def test_drug_counts_as_given_just_now_when_the_wall_clock_went_back() -> None:
    state, _ = rebooted(stopped=True, off_s=-86_400)
    assert 0 <= youngest_s(state) <= 1
    assert all(each.from_ns <= UP_NS for each in state.history)


@pytest.mark.requirement("LOG-07")
def test_a_pause_of_unknown_length_is_too_long_to_go_on_from() -> None:
    for off_s, over in ((300, False), (1_800, True), (-86_400, True), (-1, True)):
        state, bedside = rebooted(stopped=True, off_s=off_s)
        pump = state.on("p1")
        assert pump.phase is Phase.STOPPED
        turn = Turn(state, bedside.setup, UP_NS)
        request = ResumeRequested(at_ns=UP_NS, request_id="r", actor=NURSE, slot="p1", keep=Keep.VOLUME)
        waited_s = (UP_NS - (pump.due().stopped_since_ns or 0)) // NS_PER_S
        assert (waited_s > bedside.setup.resume_limit_s) is over
        assert against_going_on(turn, "p1", request), "and not before the pump has been seen either way"


@pytest.mark.requirement("LINK-06")
def test_a_pump_that_was_alone_while_the_machine_started_has_its_label_read() -> None:
    for stopped in (True, False):
        state, bedside = rebooted(stopped=stopped, off_s=60)
        pump = state.on("p1")
        assert pump.asset_doubt is AssetDoubt.SILENCE
        assert pump.phase is (Phase.STOPPED if stopped else Phase.UNCERTAIN)
        turn = Turn(state, bedside.setup, UP_NS)
        request = ResumeRequested(at_ns=UP_NS, request_id="r", actor=NURSE, slot="p1", keep=Keep.VOLUME)
        assert ReasonCode.PUMP_NOT_CONFIRMED in {each.code for each in against_going_on(turn, "p1", request)}


@pytest.mark.requirement("LOG-07")
def test_what_is_known_of_the_time_away_stands_in_the_journal() -> None:
    for off_s, away in ((60, TimeAway.WALL), (-60, TimeAway.UNKNOWN)):
        _, bedside = rebooted(stopped=True, off_s=off_s)
        boots = [entry.fact for entry in bedside._journal.read_all() if type(entry.fact).__name__ == "BootStarted"]
        assert [getattr(each, "away", None) for each in boots] == [TimeAway.KERNEL, away]
