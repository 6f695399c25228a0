"""A rate above the one that the lease was computed for: stop, prepare under a shorter lease, start (wall 8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.codes import Condition, Phase, ReasonCode, Why
from pumpd.core.effects import ChangeRate, Effect, Prepare, Start, Stop, When
from pumpd.core.events import Refused
from pumpd.core.evolve import evolve
from pumpd.core.new_rate import against_lease, set_rate
from pumpd.core.pump import FixedLease, SettableLease
from pumpd.core.turn import Turn
from pumpd.testing.bed_story import BedStory
from pumpd.testing.clinical import NE_1000

HIGHER = 180_000  # mL/h times 1,000: half a millilitre in 10 s, so the lease is 9 s


def raised(bed: BedStory, rate: int, slot: str = "p1") -> tuple[Effect, ...]:
    """What titration does once its gates are open; the confirmed rates of the shipped regimens lie below."""
    turn = Turn(bed.state, bed.setup, bed.now_ns)
    assert against_lease(turn, slot, rate) == []
    set_rate(turn, slot, rate)
    for fact in turn.facts:
        bed.state = evolve(bed.state, fact)
        bed.kept = evolve(bed.kept, fact) if getattr(fact, "DURABLE", True) else bed.kept
    return tuple(turn.effects)


def running(*, info: object = None) -> BedStory:
    bed = BedStory() if info is None else BedStory(info=info)  # type: ignore[arg-type]  # a DriverInfo, in two tests
    bed.runs("TRAIN-5MIN")
    bed.flows(10)
    return bed


@pytest.mark.requirement("LEASE-02")
def test_a_rate_above_the_leased_one_is_stop_prepare_start_under_a_shorter_lease() -> None:
    bed = running()
    lease_before_s = bed.infusion().lease_s
    (stop,) = raised(bed, HIGHER)
    assert isinstance(stop, Stop)
    assert (bed.phase(), bed.pump().why) == (Phase.STOPPING, Why.NEW_RATE)
    assert bed.infusion().rate_ul_per_h == 36_000, "nothing has risen yet"
    bed.stop_confirmed(infused_ul=101)
    assert bed.phase() is Phase.CHECKING
    (prepare,) = bed.sent(Prepare)
    assert lease_before_s == 14
    assert (prepare.remaining.rate_ul_per_h, prepare.remaining.lease_s) == (HIGHER, 9)
    assert prepare.remaining.volume_nl <= bed.infusion().total_nl - 101_000
    bed.prepared()
    (start,) = bed.sent(Start)
    assert start.when is When.AFTER_COMMIT
    assert bed.infusion().leg is not None
    assert bed.infusion().leg.granted.lease_s == 9  # type: ignore[union-attr]  # asserted on the line above


@pytest.mark.requirement("LEASE-02")
def test_a_rate_within_the_leased_one_is_set_on_the_run() -> None:
    bed = running()
    (change,) = raised(bed, 20_000)
    assert isinstance(change, ChangeRate)
    assert (bed.phase(), bed.infusion().lease_s) == (Phase.INFUSING, 14)


def test_a_pump_that_takes_no_rate_while_it_runs_is_stopped_for_every_change() -> None:
    bed = running(info=replace(NE_1000, changes_rate_while_running=False))
    bed.rate(20_000)
    assert not bed.sent(ChangeRate)
    assert bed.phase() is Phase.STOPPING
    bed.stop_confirmed(infused_ul=101)
    (prepare,) = bed.sent(Prepare)
    assert (prepare.remaining.rate_ul_per_h, prepare.remaining.lease_s) == (20_000, 14)


@pytest.mark.requirement("LEASE-07")
def test_a_stop_that_somebody_presses_meanwhile_ends_it() -> None:
    for press in (BedStory.stop, BedStory.pause):
        bed = running()
        raised(bed, HIGHER)
        press(bed)
        assert bed.reply is not None
        assert bed.reply.accepted
        bed.stop_confirmed(infused_ul=101)
        assert bed.phase() is Phase.STOPPED
        assert not bed.sent(Prepare)
        assert bed.infusion().rate_ul_per_h == 36_000


@pytest.mark.requirement("LEASE-07")
def test_a_confirmation_does_not_outlast_a_slow_stop_or_a_gate_that_closed() -> None:
    for late_s, journal_ok in ((6.0, True), (0.5, False)):
        bed = running()
        raised(bed, HIGHER)
        bed.journal(ok=journal_ok)
        bed.wait(late_s)
        bed.stop_confirmed(infused_ul=101)
        assert bed.phase() is Phase.STOPPED
        assert bed.alarm(Condition.START_FAILED)
        assert not bed.sent(Prepare)
        assert bed.infusion().waiting is None


@pytest.mark.requirement("LEASE-07")
def test_a_higher_rate_that_was_not_programmed_is_not_resumed_at() -> None:
    bed = running()
    raised(bed, HIGHER)
    bed.stop_confirmed(infused_ul=101)
    bed.ends(Refused(detail="the pump said no"))
    assert bed.phase() is Phase.STOPPING
    bed.stop_confirmed(infused_ul=101)
    assert (bed.phase(), bed.infusion().rate_ul_per_h) == (Phase.STOPPED, 36_000)


@pytest.mark.requirement("LEASE-07")
def test_a_restart_while_it_is_stopped_for_a_higher_rate_leaves_it_stopped() -> None:
    bed = running()
    raised(bed, HIGHER)
    bed.boot(away_s=1)
    bed.connect()
    assert bed.phase() is Phase.STOPPING
    bed.stop_confirmed(infused_ul=101)
    assert (bed.phase(), bed.infusion().rate_ul_per_h) == (Phase.STOPPED, 36_000)


@pytest.mark.requirement("LEASE-02")
def test_no_standstill_makes_a_fixed_lease_shorter() -> None:
    bed = running(info=replace(NE_1000, lease=FixedLease(length_s=15)))
    turn = Turn(bed.state, bed.setup, bed.now_ns)
    assert against_lease(turn, "p1", 112_500) == []  # half a millilitre in 16 s
    (reason,) = against_lease(turn, "p1", 112_501)
    assert (reason.code, reason.limit) == (ReasonCode.LEASE_RATE_UL_PER_H, 112_500)


@pytest.mark.requirement("LEASE-02")
def test_a_rate_for_which_the_pump_has_no_lease_short_enough_is_refused() -> None:
    bed = running(info=replace(NE_1000, lease=SettableLease(shortest_s=10, longest_s=60)))
    codes = {each.code for each in against_lease(Turn(bed.state, bed.setup, bed.now_ns), "p1", HIGHER)}
    assert codes == {ReasonCode.LEASE_S}


@pytest.mark.requirement("LEASE-02")
def test_a_start_is_refused_when_its_bus_is_too_slow_for_the_lease_of_a_neighbour_that_runs() -> None:
    for one_bus, accepted in ((False, True), (True, False)):
        bed = BedStory(slots=("p1", "p2"), cycle_ms=4_000, one_bus=one_bus)
        bed.runs("TRAIN-5MIN", slot="p1")
        raised(bed, 120_000)  # under a lease of 14 s still
        bed.stop_confirmed(infused_ul=0)
        bed.state = bed.state.with_pump(
            replace(bed.pump(), infusion=replace(bed.infusion(), lease_s=11))  # set when fewer pumps shared the bus
        )
        bed.kept = bed.state
        bed.connect("p2")
        bed.report(slot="p2")
        bed.start("TRAIN-5MIN", slot="p2")
        assert bed.reply is not None
        assert bed.reply.accepted is accepted
        if not accepted:
            assert bed.refusals == {ReasonCode.BUS_CYCLE_MS}
