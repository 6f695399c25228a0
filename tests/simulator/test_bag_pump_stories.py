"""The example bag pump as its manual tells it, and what the fluid really does behind its back."""

from __future__ import annotations

import math
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pumpd_sim.bag_plant import BAG, BagPlant, DeliverySet
from pumpd_sim.bag_pump import Alarm, BagPump
from pumpd_sim.bag_pump_options import BagPumpOptions
from pumpd_sim.bus import SimBus
from pumpd_sim.device import Truth
from pumpd_sim.modbus_host import ModbusHost, RefusedError
from pumpd_sim.modbus_slave import f32
from pumpd_sim.modbus_wire import rtu_frame
from pumpd_sim.plant import PlantSpec, Speed

ML = 1_000_000
DRIVE_ON, COMPLETE, ALARMED, ON_BATTERY, AT_KEYPAD, READY, CHANGED = range(7)
REFUSED_STATE = bytes([0x85, 4])


def bedside(
    *, volume_ml: int = 100, options: BagPumpOptions | None = None, calibration_ppm: int = 0, clamp: bool = True
) -> ModbusHost:
    spec = replace(BAG, volume_nl=volume_ml * ML)
    plant = BagPlant(spec, DeliverySet(calibration_ppm=calibration_ppm, clamp=clamp))
    return ModbusHost(SimBus([BagPump(plant=plant, options=options)]))


def pump_of(host: ModbusHost) -> BagPump:
    pump = host.bus.device(1)
    assert isinstance(pump, BagPump)
    return pump


def programmed(host: ModbusHost, *, rate: float = 60.0, vtbi: float = 50.0, timeout_ms: int = 0) -> ModbusHost:
    host.coil(1, on=True)
    host.write(32, f32(rate))
    host.write(34, f32(vtbi))
    host.write(36, timeout_ms.to_bytes(2, "big"))
    return host


def running(host: ModbusHost, *, rate: float = 60.0, vtbi: float = 50.0, timeout_ms: int = 0) -> ModbusHost:
    programmed(host, rate=rate, vtbi=vtbi, timeout_ms=timeout_ms).coil(0, on=True)
    return host


def status(host: ModbusHost, bit: int) -> bool:
    return bool(host.words(64, 1)[0] >> bit & 1)


def alarms(host: ModbusHost) -> set[Alarm]:
    (bits,) = host.words(65, 1)
    return {alarm for alarm in Alarm if bits >> alarm & 1}


def conserves(truth: Truth) -> bool:
    return abs(truth.displaced_nl - truth.at_patient_nl - truth.stored_nl - truth.leaked_nl - truth.air_nl) <= 3


def test_it_gives_its_vtbi_and_stops_by_itself() -> None:
    host = running(bedside(), rate=120.0, vtbi=10.0)
    host.wait(299)
    assert status(host, DRIVE_ON)
    host.wait(5)
    assert (status(host, DRIVE_ON), status(host, COMPLETE), status(host, READY)) == (False, True, False)
    assert (host.value(68), host.value(72)) == (10.0, 0.0)
    host.wait(60)
    assert abs(host.truth().at_patient_nl - 10 * ML) <= 10_000
    assert host.ask(bytes.fromhex("05 0000 ff00")) == REFUSED_STATE


def test_silence_stops_it_and_talk_alone_does_not_bring_it_back() -> None:
    host = running(bedside(), timeout_ms=5_000)
    for _ in range(3):
        host.wait(4)
        assert status(host, DRIVE_ON)
    host.wait(5.1)
    stopped = host.truth()
    assert (stopped.motor_turning, stopped.alarm) == (False, "timeout")
    for _ in range(5):
        host.wait(1)
        assert alarms(host) == {Alarm.TIMEOUT}
    assert host.ask(bytes.fromhex("05 0000 ff00")) == REFUSED_STATE
    assert host.truth().steps == stopped.steps
    host.coil(1, on=True)
    host.coil(0, on=True)
    assert status(host, DRIVE_ON)


@pytest.mark.parametrize(
    ("frame", "feeds"),
    [
        pytest.param(rtu_frame(1, bytes.fromhex("03 0040 0001")), True, id="a read"),
        pytest.param(rtu_frame(1, bytes.fromhex("03 000c 0002")), True, id="what is refused"),
        pytest.param(rtu_frame(1, bytes([0x63])), True, id="an unknown function"),
        pytest.param(rtu_frame(2, bytes.fromhex("03 0040 0001")), False, id="another unit"),
        pytest.param(rtu_frame(0, bytes.fromhex("06 0025 0064")), False, id="a broadcast"),
        pytest.param(rtu_frame(1, bytes.fromhex("03 0040 0001"))[:-1] + b"\0", False, id="a damaged frame"),
        pytest.param(rtu_frame(1, bytes.fromhex("03 0040 0001")) * 2, False, id="two run together"),
    ],
)
def test_only_a_good_request_for_this_unit_holds_the_timeout_back(frame: bytes, *, feeds: bool) -> None:
    host = running(bedside(), timeout_ms=5_000)
    host.wait(4)
    host.send(frame)
    host.wait(3)
    assert host.truth().motor_turning is feeds


def test_a_gap_inside_a_request_breaks_it_and_so_do_two_without_a_gap() -> None:
    host = bedside()
    frame = rtu_frame(1, bytes.fromhex("03 0040 0001"))
    host.bus.write(host.now_ns, frame[:4])
    host.wait(0.02)
    assert host.send(frame[4:]) == b""
    host.wait(0.1)
    assert host.send(frame * 2) == b""
    host.wait(0.1)
    assert host.send(frame) == rtu_frame(1, bytes.fromhex("03 02 0004"))


def test_a_broadcast_stops_it_and_does_nothing_else() -> None:
    host = running(bedside())
    pump_of(host)  # broadcasts reach every pump on the line and are never answered
    assert host.send(rtu_frame(0, bytes.fromhex("10 0020 0002 04") + f32(500.0))) == b""
    assert host.value(32) == 60.0
    assert host.send(rtu_frame(0, bytes.fromhex("05 0000 0000"))) == b""
    assert not status(host, DRIVE_ON)
    assert host.send(rtu_frame(0, bytes.fromhex("05 0000 ff00"))) == b""
    assert not status(host, DRIVE_ON)


@given(rate_ul_per_h=st.integers(min_value=100, max_value=999_000))
def test_a_rate_written_as_the_next_single_towards_zero_reads_back_as_its_step_and_never_more(
    rate_ul_per_h: int,
) -> None:
    host = bedside()
    below = struct.unpack(">f", f32(rate_ul_per_h / 1_000))[0]
    if below > rate_ul_per_h / 1_000:
        below = struct.unpack(">f", (int.from_bytes(f32(below), "big") - 1).to_bytes(4, "big"))[0]
    host.write(32, f32(below))
    granted = pump_of(host).rate_ul_per_h
    step = 10 if rate_ul_per_h < 100_000 else 100
    assert granted == rate_ul_per_h - rate_ul_per_h % step
    assert host.value(32) == struct.unpack(">f", f32(granted / 1_000))[0]


@pytest.mark.parametrize("value", [0.0, 0.0989, 999.1, -5.0, math.nan, math.inf, -math.inf, 3.4e38])
def test_a_rate_that_is_none_is_refused_and_changes_nothing(value: float) -> None:
    host = running(bedside())
    assert host.ask(bytes.fromhex("10 0020 0002 04") + f32(value)) == bytes([0x90, 3])
    assert (host.value(32), host.value(66)) == (60.0, 60.0)


def test_a_rate_changed_while_it_runs_acts_at_once() -> None:
    host = running(bedside(), rate=60.0)
    host.wait(60)
    before = host.truth().displaced_nl
    host.write(32, f32(120.0))
    host.wait(60)
    assert abs(host.truth().displaced_nl - before - 2 * ML) < 20_000


@pytest.mark.parametrize(
    "pdu",
    [
        pytest.param(bytes.fromhex("10 0022 0002 04") + f32(80.0), id="VTBI"),
        pytest.param(bytes.fromhex("06 0024 1770"), id="timeout"),
        pytest.param(bytes.fromhex("05 0002 ff00"), id="clear total"),
    ],
)
def test_what_is_for_a_stopped_pump_is_refused_while_it_runs(pdu: bytes) -> None:
    host = running(bedside())
    assert host.ask(pdu) == bytes([pdu[0] | 0x80, 4])
    host.coil(0, on=False)
    assert host.ask(pdu)[0] == pdu[0]


def test_a_write_is_done_whole_or_not_at_all() -> None:
    host = programmed(bedside())
    both = bytes.fromhex("10 0020 0004 08") + f32(70.0) + f32(-1.0)
    assert host.ask(both) == bytes([0x90, 3])
    assert host.value(32) == 60.0
    half = bytes.fromhex("10 0020 0003 06") + f32(70.0) + b"\0\0"
    assert host.ask(half) == bytes([0x90, 2])
    assert host.value(32) == 60.0


def test_an_occlusion_below_alarms_at_its_limit_and_its_release_gives_the_stored_volume() -> None:
    host = running(bedside(), rate=60.0)
    host.write(37, (100).to_bytes(2, "big"))
    pump_of(host).occlude(host.now_ns)
    host.wait(20)
    truth = host.truth()
    assert (truth.motor_turning, truth.alarm) == (False, "downstream")
    assert 100 <= truth.pressure_mmhg <= 130
    host.coil(1, on=True)
    assert alarms(host) == {Alarm.DOWNSTREAM}
    pump_of(host).release(host.now_ns)
    host.wait(20)
    assert host.truth().at_patient_nl - truth.at_patient_nl > 90_000
    host.coil(1, on=True)
    assert alarms(host) == set()


def test_a_shut_clamp_above_starves_the_patient_before_it_alarms_and_the_count_does_not_see_it() -> None:
    host = running(bedside(), rate=300.0)
    host.wait(10)
    start = host.truth().displaced_nl
    pump_of(host).clamp_above(host.now_ns, shut=True)
    host.wait(10)
    truth = host.truth()
    assert (truth.motor_turning, truth.alarm) == (False, "upstream")
    assert truth.displaced_nl - start <= 200_000
    host.coil(1, on=True)
    assert alarms(host) == {Alarm.UPSTREAM}
    pump_of(host).clamp_above(host.now_ns, shut=False)
    host.coil(1, on=True)
    assert alarms(host) == set()


def test_a_bubble_stops_it_once_it_is_large_and_only_priming_ends_it() -> None:
    host = running(bedside(), rate=60.0)
    pump_of(host).admit_air(host.now_ns, 40_000)
    host.wait(30)
    assert status(host, DRIVE_ON)
    pump_of(host).admit_air(host.now_ns, 200_000)
    host.wait(30)
    assert alarms(host) == {Alarm.AIR}
    assert 50_000 < pump_of(host).plant.air_in_line_nl < 60_000
    host.coil(1, on=True)
    assert alarms(host) == {Alarm.AIR}
    pump_of(host).prime(host.now_ns)
    host.coil(1, on=True)
    assert alarms(host) == set()


@pytest.mark.parametrize(("seen_by", "alarm"), [("chamber", Alarm.EMPTY), ("air", Alarm.AIR)])
def test_an_empty_bag_stops_it_and_the_patient_has_what_was_in_it(seen_by: str, alarm: Alarm) -> None:
    options = BagPumpOptions(empty_seen_by="chamber" if seen_by == "chamber" else "air")
    host = running(bedside(volume_ml=2, options=options), rate=600.0)
    host.wait(60)
    assert alarms(host) == {alarm}
    assert abs(host.truth().at_patient_nl - 2 * ML) <= 10_000
    assert host.truth().remaining_nl == 0


def test_an_open_door_stops_it_and_a_set_without_a_clamp_runs_free_unseen() -> None:
    for clamp, reached_nl in ((True, 0), (False, 9 * ML)):
        host = running(bedside(clamp=clamp))
        host.wait(6)
        before, counted = host.truth(), host.words(70, 2)
        pump_of(host).open_door(host.now_ns, opened=True)
        host.wait(60)
        assert (alarms(host), status(host, DRIVE_ON)) == ({Alarm.DOOR}, False)
        assert host.truth().at_patient_nl - before.at_patient_nl >= reached_nl
        assert clamp is (host.truth().at_patient_nl - before.at_patient_nl < ML)
        assert host.words(70, 2) == counted
        assert host.ask(bytes.fromhex("05 0000 ff00")) == REFUSED_STATE
        pump_of(host).open_door(host.now_ns, opened=False)
        host.coil(1, on=True)
        host.coil(0, on=True)
        assert status(host, DRIVE_ON)


def test_a_blocked_drive_stops_it() -> None:
    host = running(bedside())
    pump_of(host).jam(host.now_ns, jammed=True)
    host.wait(2)
    assert alarms(host) == {Alarm.BLOCKED}


def test_the_battery_warns_then_stops_then_is_gone_with_everything_it_was_told() -> None:
    host = running(bedside())
    pump_of(host).sag_battery(host.now_ns, 150)
    assert (alarms(host), status(host, DRIVE_ON), status(host, ON_BATTERY)) == ({Alarm.BATTERY_LOW}, True, True)
    pump_of(host).sag_battery(host.now_ns, 0)
    assert (alarms(host), status(host, DRIVE_ON)) == ({Alarm.BATTERY_LOW, Alarm.BATTERY_EXHAUSTED}, False)
    host.wait(61)
    with pytest.raises(RefusedError):
        host.words(0, 1)
    pump_of(host).mains(host.now_ns)
    host.wait(1)
    assert (alarms(host), host.value(32), host.value(34), host.words(36, 1)) == ({Alarm.POWER}, 0.0, 0.0, (0,))


def test_power_lost_while_it_runs_leaves_it_stopped_counted_and_without_settings() -> None:
    host = running(bedside(), timeout_ms=5_000)
    host.wait(4)
    pump_of(host).reboot(host.now_ns, 2_000_000_000)
    with pytest.raises(RefusedError):
        host.words(64, 1)
    host.wait(3)
    assert (alarms(host), host.words(12, 1), host.words(70, 2)) == ({Alarm.POWER}, (2,), (0, 0))
    assert host.ask(bytes.fromhex("05 0000 ff00")) == REFUSED_STATE
    host.coil(1, on=True)
    assert host.ask(bytes.fromhex("05 0000 ff00")) == REFUSED_STATE
    assert not host.truth().motor_turning


def test_hands_at_the_keypad_are_told() -> None:
    host = running(bedside())
    pump_of(host).press(host.now_ns, "rate", rate_nl_per_h=90_000_000)
    assert (host.value(66), status(host, CHANGED), status(host, AT_KEYPAD)) == (90.0, True, False)
    pump_of(host).press(host.now_ns, "stop")
    assert (status(host, DRIVE_ON), status(host, AT_KEYPAD)) == (False, True)
    pump_of(host).press(host.now_ns, "start")
    assert (status(host, DRIVE_ON), status(host, AT_KEYPAD)) == (True, False)
    pump_of(host).press(host.now_ns, "clear")
    assert not status(host, CHANGED)


def test_a_narrow_set_gives_less_than_the_pump_counts() -> None:
    host = running(bedside(calibration_ppm=-50_000), rate=120.0, vtbi=10.0)
    host.wait(310)
    assert host.value(68) == 10.0
    assert 9.48 * ML <= host.truth().displaced_nl <= 9.5 * ML


def test_another_word_order_is_told_by_the_pattern() -> None:
    host = bedside(options=BagPumpOptions(word_order="low_first"))
    assert host.words(10, 2) == (0x0C0D, 0x0A0B)
    host.write(32, f32(60.0)[2:] + f32(60.0)[:2])
    assert pump_of(host).rate_ul_per_h == 60_000


def test_a_timeout_in_seconds_is_another_firmware() -> None:
    host = programmed(bedside(options=BagPumpOptions(timeout_unit="s")), timeout_ms=5)
    assert (pump_of(host).timeout_ms, host.words(36, 1)) == (5_000, (5,))
    assert host.ask(bytes.fromhex("06 0024 001f")) == bytes([0x86, 3])


@pytest.mark.parametrize(("address", "data"), [(64, b"\0\0"), (0, b"\0\0"), (66, f32(1.0)), (38, b"\0\0")])
def test_what_is_read_only_or_unnamed_takes_no_writing(address: int, data: bytes) -> None:
    host = programmed(bedside())
    with pytest.raises(RefusedError, match="x02"):
        host.write(address, data)


def test_a_vtbi_is_cut_to_its_step() -> None:
    host = programmed(bedside(), vtbi=12.349)
    assert host.value(34) == pytest.approx(12.34)


def test_a_masked_write_keeps_the_bits_it_is_told_to_keep() -> None:
    host = bedside()
    host.write(37, (0x0155).to_bytes(2, "big"))
    assert host.ask(bytes.fromhex("16 0025 ff0f 00a0")) == bytes.fromhex("16 0025 ff0f 00a0")
    assert host.words(37, 1) == (0x01A5,)


def test_within_a_turn_the_flow_is_behind_the_rotor_and_at_its_end_it_is_not() -> None:
    plant = BagPlant(BAG)
    plant.drive(0, Speed.of_rate(rate_nl_per_h=180 * ML, believed_step_zl=plant.believed_step_zl, direction=1))
    behind, displaced = [], 0
    for tenth in range(1, 41):  # a turn a second
        plant.advance(tenth * 100_000_000)
        behind.append(plant.position_steps * 100 - plant.displaced_nl)
        assert plant.displaced_nl >= displaced
        displaced = plant.displaced_nl
    assert max(behind) <= 10_000
    assert max(behind) > 8_000
    assert behind[9::10] == [0, 0, 0, 0]


def test_a_rotor_behind_a_shut_clamp_moves_what_the_tube_yields_and_no_more() -> None:
    plant = BagPlant(BAG)
    plant.clamp_above(0, shut=True)
    plant.drive(0, Speed.of_rate(rate_nl_per_h=300 * ML, believed_step_zl=plant.believed_step_zl, direction=1))
    plant.advance(60 * 10**9)
    assert (plant.displaced_nl, plant.upstream_mmhg, plant.air_nl) == (200_000, -400, 0)
    assert (plant.turning, plant.rate_nl_per_h) == (True, 0)


def test_a_new_bag_holds_what_it_was_filled_with_wherever_the_rotor_stands() -> None:
    plant = BagPlant(BAG)
    plant.drive(0, Speed.of_rate(rate_nl_per_h=300 * ML, believed_step_zl=plant.believed_step_zl, direction=1))
    plant.halt(800_000_000)
    plant.load(800_000_000, 7 * ML)
    assert plant.remaining_nl == 7 * ML


EVENTS = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=20_000),
        st.sampled_from(["drive", "halt", "occlude", "release", "shut", "open", "bubble", "door", "close", "leak"]),
    ),
    max_size=12,
)


@given(events=EVENTS, cuts=st.integers(min_value=2, max_value=9), clamp=st.booleans())
def test_fluid_is_neither_made_nor_lost_however_time_is_cut(
    events: list[tuple[int, str]], cuts: int, *, clamp: bool
) -> None:
    spec = PlantSpec(volume_nl=3 * ML, capacity_nl=10 * ML)
    whole, sliced = (BagPlant(spec, DeliverySet(clamp=clamp)) for _ in range(2))
    now_ns = 0
    for wait_ms, event in events:
        for cut in range(1, cuts):
            sliced.advance(now_ns + wait_ms * 1_000_000 * cut // cuts)
        now_ns += wait_ms * 1_000_000
        for plant in (whole, sliced):
            befall(plant, now_ns, event)
            lost = plant.displaced_nl - plant.at_patient_nl - plant.stored_nl - plant.leaked_nl - plant.air_nl
            assert abs(lost) <= 3
            assert abs(plant.displaced_nl - plant.air_nl + plant.remaining_nl - 3 * ML) <= 10_001
    assert (whole.displaced_nl, whole.at_patient_nl, whole.leaked_nl, whole.air_nl, whole.position_steps) == (
        sliced.displaced_nl,
        sliced.at_patient_nl,
        sliced.leaked_nl,
        sliced.air_nl,
        sliced.position_steps,
    )


def befall(plant: BagPlant, now_ns: int, event: str) -> None:
    speed = Speed.of_rate(rate_nl_per_h=300 * ML, believed_step_zl=plant.believed_step_zl, direction=1)
    match event:
        case "drive":
            plant.drive(now_ns, speed)
        case "halt":
            plant.halt(now_ns)
        case "occlude":
            plant.occlude(now_ns)
        case "release":
            plant.release(now_ns)
        case "shut" | "open":
            plant.clamp_above(now_ns, shut=event == "shut")
        case "bubble":
            plant.admit_air(now_ns, 70_000)
        case "door" | "close":
            plant.open_door(now_ns, opened=event == "door")
        case _:
            plant.leak(now_ns, 300)


def test_truth_is_asked_without_being_changed() -> None:
    host = running(bedside())
    host.wait(7)
    assert host.truth() == host.truth()
    assert conserves(host.truth())
