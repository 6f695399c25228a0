"""The ISCO look-alike: the vectors in the states they tell of, what a recorded pump did, and what no page settles."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.devices import Bench
from pumpd_sim.isco import Alarm, Isco
from pumpd_sim.isco_kind import DEVICE
from pumpd_sim.isco_options import IscoOptions
from pumpd_sim.modbus_host import ModbusHost, RefusedError
from pumpd_sim.modbus_slave import f32
from pumpd_sim.modbus_wire import tcp_frame, tcp_frames
from pumpd_sim.plant import Plant
from pumpd_sim.readings import read

ML = 1_000_000
FRAMES = tomllib.loads((Path(__file__).parents[1] / "vectors" / "isco.toml").read_text())["frame"]
UL_PER_H, FLOW, DISPENSED = 91, 12, 148
READ_RUN = bytes.fromhex("01 0000 0001")


def bench_top(*, volume_ml: int = 100, mode: str = "tcp", **settings: str) -> tuple[ModbusHost, Isco]:
    spec = replace(DEVICE.plant, volume_nl=volume_ml * ML)
    pump = Isco(plant=Plant(spec), mode="rtu" if mode == "rtu" else "tcp", options=read(IscoOptions, settings))
    return ModbusHost(SimBus([pump], baud=None), mode=mode), pump


def running(*, volume_ml: int = 100, mode: str = "tcp", **settings: str) -> tuple[ModbusHost, Isco]:
    host, pump = bench_top(volume_ml=volume_ml, mode=mode, **settings)
    host.coil(UL_PER_H, on=True)
    host.write(FLOW, f32(60_000.0))
    host.coil(0, on=True)
    return host, pump


def test_started_it_runs_until_it_is_stopped_whoever_listens() -> None:
    host, _ = running()
    host.wait(600)
    assert host.bits(0, 1) == (True,)
    assert (host.value(74), round(host.value(DISPENSED), 3)) == (60_000.0, 10.0)
    assert host.value(76) == pytest.approx(90.0, abs=0.002)
    host.coil(0, on=False)
    stopped = host.truth().steps
    host.wait(60)
    assert (host.truth().steps, host.value(74)) == (stopped, 0.0)


def test_it_ends_empty_with_the_coil_that_says_so() -> None:
    host, _ = running(volume_ml=1)
    host.wait(120)
    assert host.bits(109, 6) == (False, True, False, False, False, False)
    with pytest.raises(RefusedError, match="x85"):
        host.coil(0, on=True)


@pytest.mark.parametrize("shuts_down", [True, False])
def test_a_closed_line_ends_at_the_highest_pressure_or_in_a_motor_that_fails(*, shuts_down: bool) -> None:
    host, pump = running()
    host.coil(94, on=shuts_down)
    pump.occlude(host.now_ns)
    host.wait(120)
    over, motor = host.bits(112, 1)[0], host.bits(114, 1)[0]
    assert (over, motor, host.bits(0, 1)[0]) == (True, not shuts_down, False)
    host.coil(108, on=True)
    assert host.bits(109, 6) == (False,) * 6


def test_a_flow_is_a_number_in_the_unit_that_is_chosen() -> None:
    for keeps, flow_nl_per_h in (("keeps_flow", 60 * ML), ("keeps_number", 3_600 * ML)):
        host, pump = running(unit_change=keeps)
        host.coil(90, on=True)
        assert host.bits(88, 4) == (False, False, True, False)
        assert abs(pump.plant.rate_nl_per_h - flow_nl_per_h) < 10
        assert host.value(FLOW) == (1_000.0 if keeps == "keeps_flow" else 60_000.0)


def test_switching_a_unit_off_changes_nothing() -> None:
    host, _ = running()
    host.coil(UL_PER_H, on=False)
    assert host.bits(88, 4) == (False, False, False, True)


@pytest.mark.parametrize(("way", "flow"), [("exception", 60_000.0), ("clamped", 12_240_000.0)])
def test_a_flow_beyond_the_pump_is_refused_or_cut(way: str, flow: float) -> None:
    host, _ = running(flow_beyond_limit=way)
    answer = host.ask(bytes.fromhex("10 000c 0002 04") + f32(13e6))
    assert answer[0] == (0x90 if way == "exception" else 0x10)
    assert host.value(FLOW) == flow


def test_a_start_that_cannot_be_may_be_echoed_all_the_same() -> None:
    for way, said in (("exception", bytes([0x85, 4])), ("nothing", bytes.fromhex("05 0000 ff00"))):
        host, _ = bench_top(run_refused_with=way, control_needs_remote="true")
        host.write(FLOW, f32(1.0))
        assert host.ask(bytes.fromhex("05 0000 ff00")) == said
        assert host.bits(0, 1) == (False,)
        host.coil(47, on=True)
        host.coil(0, on=True)
        assert host.bits(46, 3) == (False, True, False)
        assert host.bits(0, 1) == (True,)


def test_requests_that_ran_together_are_answered_as_no_request_asked() -> None:
    host, _ = running()
    glued = tcp_frame(46, 1, READ_RUN) + tcp_frame(47, 1, READ_RUN)
    assert [frame.hex(" ") for frame in tcp_frames(host.send(glued))] == [
        "00 2e 00 00 00 03 03 e3 01",
        "00 2f 00 00 00 03 05 cd 01",
    ]
    assert host.bits(0, 1) == (True,)
    host, _ = running(run_together="answered")
    assert len(tcp_frames(host.send(glued))) == 2
    assert host.send(glued).endswith(b"\x01\x01\x01")


def test_a_disturbance_is_two_minutes_of_silence_and_then_answers_to_nothing() -> None:
    host, pump = running(disturbed_after_requests="3")
    for _ in range(3):
        with pytest.raises(RefusedError):
            host.bits(0, 1)
        host.wait(10)
    assert host.strays == []
    host.wait(100)
    units = [frame[6:].hex() for frame in tcp_frames(host.strays[0])]
    assert units == ["03e301", "05cd01", "07b301"]
    assert pump.running
    assert host.bits(0, 1) == (True,)


def test_a_long_reply_comes_in_two_pieces() -> None:
    host, _ = bench_top(split_after_bytes="96")
    host.bus.write(host.now_ns, tcp_frame(2, 1, bytes.fromhex("03 0000 0064")))
    pieces = []
    while (wake_ns := host.bus.next_wake_ns()) is not None:
        piece = host.bus.poll(wake_ns)
        pieces += [len(piece)] if piece else []
    assert pieces == [96, 113]


def test_requests_in_pieces_are_put_together() -> None:
    host, _ = running()
    frame = tcp_frame(9, 1, READ_RUN)
    for byte in frame[:-1]:
        assert host.send(bytes([byte])) == b""
    assert host.send(frame[-1:]) == tcp_frame(9, 1, bytes.fromhex("01 01 01"))


def test_a_volume_is_shown_in_its_step_and_reset_on_request() -> None:
    host, _ = running(dispensed_rounding_nl="10000")
    host.wait(1)
    assert host.truth().displaced_nl > 10_000
    assert host.value(DISPENSED) == pytest.approx(0.01)
    host.coil(82, on=True)
    assert (host.value(DISPENSED), host.bits(82, 1)) == (0.0, (False,))


def test_pumps_that_are_not_fitted_do_not_start() -> None:
    host, _ = bench_top()
    with pytest.raises(RefusedError, match="x04"):
        host.coil(1, on=True)
    assert host.value(78) == 0.0


def test_power_lost_leaves_it_stopped() -> None:
    host, pump = running()
    pump.reboot(host.now_ns, 10**9)
    host.wait(3)
    assert (host.bits(0, 1), host.value(DISPENSED), host.value(FLOW)) == ((False,), 0.0, 60_000.0)


def test_somebody_at_the_keys_changes_what_the_registers_say() -> None:
    host, pump = running()
    pump.press(host.now_ns, "rate", rate_nl_per_h=30 * ML)
    assert (host.value(FLOW), host.value(74)) == (30_000.0, 30_000.0)
    pump.press(host.now_ns, "stop")
    assert host.bits(0, 1) == (False,)
    pump.press(host.now_ns, "start")
    assert host.bits(0, 1) == (True,)


def in_ul_per_h(pump: Isco) -> None:
    pump.choose_flow_unit(3)


def set_flow(pump: Isco) -> None:
    in_ul_per_h(pump)
    pump.take_flow(5_150_000)


def run(pump: Isco) -> None:
    set_flow(pump)
    pump.start()


def with_alarms(*alarms: int) -> Callable[[Isco], None]:
    return lambda pump: pump.alarms.update(Alarm(alarm) for alarm in alarms)


# What has to be so for the pump to say the bytes of a row. Rows left out tell of parts that are not simulated.
STATES: dict[tuple[str, str], Callable[[Isco], object]] = {
    ("coil 84 (pressure in atm) off", "echo: coil 84 off"): in_ul_per_h,
    ("pump type of A", "1000 (what number a model answers is open: assumption)"): in_ul_per_h,
    ("software version", "2.5 (assumption)"): in_ul_per_h,
    ("stop pump A", "echo: stopped"): run,
    ("pumps A and B independent", "echo"): in_ul_per_h,
    ("constant flow on A", "echo"): in_ul_per_h,
    ("flow unit ul/h", "echo"): run,
    ("flow units, coils 88 to 91", "only 91 is on: ul/h"): in_ul_per_h,
    ("flow set point of A 5150 (ul/h: 5.15 ml/h)", "taken"): in_ul_per_h,
    ("flow set point of A", "5150"): set_flow,
    ("reset the volume dispensed", "echo"): run,
    ("run pump A", "echo: it runs"): set_flow,
    ("run pump A", "exception 4: device failure"): with_alarms(Alarm.MOTOR),
    ("does pump A run", "yes"): run,
    ("alarms of A: transducer, empty, full, over-pressure, under-pressure, motor", "empty"): with_alarms(Alarm.EMPTY),
    (
        "alarms of A: transducer, empty, full, over-pressure, under-pressure, motor",
        "over-pressure and motor failure",
    ): with_alarms(Alarm.OVER_PRESSURE, Alarm.MOTOR),
    ("registers that no page names", "exception 2: illegal address"): in_ul_per_h,
}
PAIRS = [(asked, answered) for asked, answered in pairwise(FRAMES) if (asked["meaning"], answered["meaning"]) in STATES]


def test_all_told_states_stand_in_the_vectors() -> None:
    assert {(asked["meaning"], answered["meaning"]) for asked, answered in PAIRS} == set(STATES)


@pytest.mark.parametrize(("asked", "answered"), PAIRS, ids=lambda row: f"{row['mode']} {row['meaning'][:40]}")
def test_the_vectors_come_about_in_the_states_they_tell_of(asked: dict[str, Any], answered: dict[str, Any]) -> None:
    bench = Bench(address=1, baud=19_200, plant=DEVICE.plant, options=IscoOptions(), mode=asked["mode"])
    pump = DEVICE.build(bench)
    assert isinstance(pump, Isco)
    STATES[asked["meaning"], answered["meaning"]](pump)
    host = ModbusHost(SimBus([pump], baud=None), mode=asked["mode"])
    assert host.send(bytes.fromhex(asked["hex"])).hex(" ") == answered["hex"]
