"""The pumps' day can be moved on or run faster; the conversation on the wire must not notice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pumpd_sim.bus import SimBus
from pumpd_sim.faults import CannotHaveError, Fault, FaultKind
from pumpd_sim.host import Host
from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_wire import Framing, packed
from pumpd_sim.plant import PlantSpec

SECOND = 10**9
HOUR = 3_600 * SECOND


def infusing(*, rate: str = "6", volume: str = "50", timeout_s: int = 5, speed: int = 1) -> Host:
    pump = NewEra(timeout_s=timeout_s, plant=PlantSpec(drain_time_constant_ms=100))
    host = Host(SimBus([pump], baud=None, speed=speed), framing=Framing.SAFE)
    for command in ("", f"RAT{rate}MH", f"VOL{volume}", "PHN2", "FUNSTP", "PHN1", "RUN"):
        host.ask(command)
    assert host.ask("") == "00I"
    return host


def test_an_hour_passes_for_the_plunger_and_none_for_the_lease() -> None:
    host = infusing()
    before = host.truth()
    host.bus.advance(host.now_ns, HOUR)
    after = host.truth()
    assert after.displaced_nl - before.displaced_nl == pytest.approx(6_000_000, abs=before.step_nl)
    assert (after.watchdog_left_ns, after.motor_turning) == (before.watchdog_left_ns, True)
    assert after.at_ns - before.at_ns == HOUR
    host.wait(5.1)
    assert host.truth().alarm == "T"


def test_what_ends_within_the_jump_ends_at_its_own_moment() -> None:
    host = infusing(volume="1")
    host.bus.advance(host.now_ns, 2 * HOUR)
    truth = host.truth()
    assert (truth.motor_turning, host.ask("")) == (False, "00S")
    assert truth.displaced_nl == pytest.approx(1_000_000, abs=2 * truth.step_nl)


def test_faults_of_the_day_come_in_the_jump_and_in_their_order() -> None:
    host = infusing()
    for kind, after_ms in ((FaultKind.OCCLUSION, 60_000), (FaultKind.RELEASE_OCCLUSION, 90_000)):
        host.bus.inject(host.now_ns, Fault(kind=kind, after_ms=after_ms))
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.REBOOT, after_ms=120_000, for_ms=1_000))
    host.bus.advance(host.now_ns, HOUR)
    assert [fired.kind for fired in host.bus.fired] == [
        FaultKind.OCCLUSION, FaultKind.RELEASE_OCCLUSION, FaultKind.REBOOT
    ]  # fmt: skip
    assert host.truth().displaced_nl == pytest.approx(200_000, rel=0.05)
    assert host.ask("") == "00A?R"


@settings(max_examples=30)
@given(st.lists(st.integers(0, 1_800 * SECOND), min_size=1, max_size=6))
def test_one_jump_is_as_good_as_many(parts: list[int]) -> None:
    at_once, in_parts = infusing(volume="3"), infusing(volume="3")
    at_once.bus.advance(at_once.now_ns, sum(parts))
    for part in parts:
        in_parts.bus.advance(in_parts.now_ns, part)
    assert in_parts.truth() == at_once.truth()


def test_a_faster_day_delivers_more_in_the_same_time_on_the_wire() -> None:
    host = infusing(speed=60)
    before_nl = host.truth().displaced_nl
    for _ in range(10):
        host.wait(1)
        assert host.ask("") == "00I"
    elapsed_s = 10
    assert host.truth().displaced_nl - before_nl == pytest.approx(6_000_000 * elapsed_s * 60 // 3_600, rel=0.01)


def test_a_lease_lasts_as_long_on_the_wire_on_a_faster_day() -> None:
    host = infusing(speed=60)
    began_ns = host.now_ns
    while not host.truth().alarm:
        host.wait(0.05)
    assert 4.9 <= (host.now_ns - began_ns) / SECOND <= 5.1
    assert host.unasked[-1] == "00A?T"


def test_a_packet_whose_pieces_lie_around_a_jump_is_still_one() -> None:
    host = infusing()
    frame = packed(Framing.SAFE, "VER")
    host.bus.write(host.now_ns, frame[:3])
    host.bus.advance(host.now_ns, HOUR)
    assert host.send(frame[3:]) == packed(Framing.SAFE, "00INE1000V3.923")


def test_a_pump_that_cannot_tell_its_line_timers_apart_refuses_to_jump() -> None:
    class Plain(NewEra):
        shift_timers = property()  # as if it were not there

    with pytest.raises(CannotHaveError, match="Plain has no shift_timers"):
        SimBus([Plain()]).advance(0, HOUR)
    with pytest.raises(CannotHaveError, match="Plain has no shift_timers"):
        SimBus([Plain()], speed=2)


@pytest.mark.parametrize("speed", [0, 3_601])
def test_a_senseless_speed_is_refused(speed: int) -> None:
    with pytest.raises(ValueError, match="speed: 1 to 3600"):
        SimBus([NewEra()], speed=speed)
