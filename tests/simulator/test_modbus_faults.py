"""The named faults at the Modbus look-alikes: each happens, and each pump tells of it what its registers can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pumpd_sim import devices
from pumpd_sim.bus import SimBus
from pumpd_sim.devices import Bench
from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.modbus_host import ModbusHost, RefusedError
from pumpd_sim.modbus_slave import f32
from pumpd_sim.modbus_wire import RtuReceiver, TcpReceiver
from pumpd_sim.pump_faults import can_have
from pumpd_sim.readings import read

NAMES = ("bag_pump", "dulcoflex", "isco")
ROOM = {"bag_pump": (0, 64), "dulcoflex": (1200, 1000), "isco": (0, 72)}  # run, and a register to ask


def running(name: str, **settings: str) -> ModbusHost:
    kind = devices.load(name)
    options = read(kind.options, settings)
    bench = Bench(address=kind.addresses[0], baud=kind.bauds[0], plant=kind.plant, options=options, mode=kind.modes[0])
    bus = SimBus([kind.build(bench)], baud=None if kind.modes[0] in kind.tcp_modes else kind.bauds[0])
    host = ModbusHost(bus, unit=kind.addresses[0], mode=kind.modes[0] or "rtu")
    match name:
        case "bag_pump":
            host.coil(1, on=True)
            host.write(32, f32(60.0))
            host.write(34, f32(50.0))
            host.coil(0, on=True)
        case "isco":
            host.coil(89, on=True)
            host.write(12, f32(60.0))
            host.coil(0, on=True)
        case _:
            host.write(61, b"\0\0")
            host.write(1211, f32(5.0))
            host.write(1200, b"\0\1")
    return host


def bring(host: ModbusHost, kind: FaultKind, **fields: Any) -> None:  # noqa: ANN401 - as Fault has them
    host.bus.inject(host.now_ns, Fault(kind=kind, **fields))


def told(host: ModbusHost, name: str) -> float:
    """What the pump counts as given, in its own unit."""
    if name == "bag_pump":
        high, low = host.words(70, 2)
        return high * 65_536 + low
    return host.value(148 if name == "isco" else 1036)


@pytest.mark.parametrize("name", NAMES)
def test_a_lost_answer_leaves_the_command_carried_out(name: str) -> None:
    host = running(name)
    bring(host, FaultKind.EXECUTE_BUT_LOSE_ACK)
    with pytest.raises(RefusedError):
        host.write(1200, b"\0\0") if name == "dulcoflex" else host.coil(0, on=False)
    assert not host.truth().motor_turning


@pytest.mark.parametrize("name", NAMES)
def test_refused_commands_are_not_carried_out_and_questions_are_answered(name: str) -> None:
    host = running(name)
    bring(host, FaultKind.REFUSE, count=2)
    assert told(host, name) >= 0
    for _ in range(2):
        with pytest.raises(RefusedError, match="x04"):
            host.write(1200, b"\0\0") if name == "dulcoflex" else host.coil(0, on=False)
        assert host.truth().motor_turning
    host.write(1200, b"\0\0") if name == "dulcoflex" else host.coil(0, on=False)
    assert not host.truth().motor_turning


@pytest.mark.parametrize("name", NAMES)
def test_counters_that_fall_tell_less_than_before(name: str) -> None:
    host = running(name)
    host.wait(60)
    before, displaced = told(host, name), host.truth().displaced_nl
    bring(host, FaultKind.COUNTER_RESET)
    assert told(host, name) < before / 10
    assert host.truth().displaced_nl >= displaced


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_calibration_is_seen_by_no_counter(name: str) -> None:
    plain, wrong = running(name), running(name)
    bring(wrong, FaultKind.CALIBRATION, permille=800)
    for host in (plain, wrong):
        host.wait(120)
    assert told(wrong, name) == pytest.approx(told(plain, name), rel=0.001)
    assert wrong.truth().displaced_nl == pytest.approx(0.8 * plain.truth().displaced_nl, rel=0.01)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [FaultKind.OCCLUSION, FaultKind.SLOW_OCCLUSION])
def test_a_line_that_closes_stops_every_pump_with_an_alarm(name: str, kind: FaultKind) -> None:
    host = running(name)
    bring(host, kind, for_ms=20_000 if kind is FaultKind.SLOW_OCCLUSION else None)
    host.wait(200)
    truth = host.truth()
    assert (truth.motor_turning, bool(truth.alarm), truth.status) == (False, True, "stopped")


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_container_stops_every_pump(name: str) -> None:
    host = running(name)
    bring(host, FaultKind.EMPTY_EARLY, volume_nl=0)
    host.wait(30)
    assert (host.truth().motor_turning, host.truth().alarm) == (False, "level" if name == "dulcoflex" else "empty")


@pytest.mark.parametrize("name", NAMES)
def test_each_alarm_of_a_storm_stops_it_or_warns(name: str) -> None:
    host = running(name)
    bring(host, FaultKind.ALARM_STORM, count=20, by_ms=100)
    host.wait(5)
    assert host.truth().alarm
    assert not host.truth().motor_turning


@pytest.mark.parametrize("name", NAMES)
def test_another_units_answer_has_a_good_checksum_and_is_not_ours(name: str) -> None:
    host = running(name)
    bring(host, FaultKind.WRONG_ADDRESS)
    with pytest.raises(RefusedError):
        host.words(ROOM[name][1], 2)
    (stray,) = host.strays
    if host.mode == "rtu":
        receiver = RtuReceiver(19_200)
        receiver.feed(0, stray)
        request = receiver.take(10**9)
    else:
        (request,) = TcpReceiver().feed(0, stray)
    assert request is not None
    assert request.unit == host.unit + 1


@pytest.mark.parametrize("name", NAMES)
def test_free_flow_reaches_the_patient_behind_the_counters_back(name: str) -> None:
    plain, free = running(name), running(name)
    bring(free, FaultKind.FREE_FLOW, rate_nl_per_h=360_000_000)
    for host in (plain, free):
        host.wait(60)
    assert told(free, name) == pytest.approx(told(plain, name), rel=0.001)
    assert free.truth().at_patient_nl - plain.truth().at_patient_nl > 5_000_000


def test_a_day_that_is_moved_on_does_not_touch_the_timeout() -> None:
    host = running("bag_pump")
    host.coil(0, on=False)
    host.write(36, (5_000).to_bytes(2, "big"))
    host.coil(0, on=True)
    host.wait(4)
    host.bus.device().shift_timers(3_600 * 10**9)  # type: ignore[attr-defined]  # a part of Device that not all have
    host.wait(3)
    assert host.truth().motor_turning


def test_battery_and_air_are_for_the_bag_pump_alone() -> None:
    able = {
        kind: [name for name in NAMES if can_have(running(name).bus.device(), kind)]
        for kind in (FaultKind.BATTERY_SAG, FaultKind.REVERSE, FaultKind.WRONG_SYRINGE)
    }
    assert able == {
        FaultKind.BATTERY_SAG: ["bag_pump"],
        FaultKind.REVERSE: ["isco"],
        FaultKind.WRONG_SYRINGE: ["isco"],
    }
    host = running("bag_pump")
    bring(host, FaultKind.AIR, volume_nl=200_000)
    host.wait(30)
    assert host.truth().alarm == "air"


CHAOS: tuple[Callable[[ModbusHost], None], ...] = (
    lambda host: bring(host, FaultKind.OCCLUSION),
    lambda host: bring(host, FaultKind.RELEASE_OCCLUSION),
    lambda host: bring(host, FaultKind.AIR, volume_nl=30_000),
    lambda host: bring(host, FaultKind.LEAK, permille=300),
    lambda host: bring(host, FaultKind.CALIBRATION, permille=900),
    lambda host: bring(host, FaultKind.FREE_FLOW, rate_nl_per_h=10_000_000),
    lambda host: bring(host, FaultKind.STALL, for_ms=500),
    lambda host: bring(host, FaultKind.REBOOT, for_ms=500),
    lambda host: bring(host, FaultKind.NEW_SYRINGE),
    lambda host: bring(host, FaultKind.OTHER_USER_AT_KEYPAD, key="start"),
    lambda host: bring(host, FaultKind.OTHER_USER_AT_KEYPAD, key="clear"),
)


@pytest.mark.parametrize("name", NAMES)
@given(events=st.lists(st.tuples(st.integers(0, 8_000), st.integers(0, len(CHAOS) - 1)), max_size=8))
def test_no_fluid_is_made_or_lost_whatever_befalls(name: str, events: list[tuple[int, int]]) -> None:
    host = running(name)
    for wait_ms, event in events:
        host.wait(wait_ms / 1_000)
        CHAOS[event](host)
        truth = host.truth()
        whole = truth.at_patient_nl + truth.stored_nl + truth.leaked_nl + truth.air_nl
        assert abs(truth.displaced_nl - whole) <= 3


@pytest.mark.parametrize("name", NAMES)
@given(data=st.binary(max_size=300))
def test_noise_is_neither_answered_nor_obeyed_nor_fatal(name: str, data: bytes) -> None:
    host = running(name)
    before = host.truth()
    host.send(data)
    host.wait(1)
    after = host.truth()
    assert after.believed_rate_nl_per_h == before.believed_rate_nl_per_h
    assert host.words(ROOM[name][1], 2)
