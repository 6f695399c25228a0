"""The DULCO flex look-alike: the vectors in the states they tell of, and the traps of its time-out."""

from __future__ import annotations

import struct
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pumpd_sim.bag_plant import BagPlant
from pumpd_sim.bus import SimBus
from pumpd_sim.devices import Bench
from pumpd_sim.dulcoflex import DulcoFlex
from pumpd_sim.dulcoflex_kind import DEVICE, HOSE
from pumpd_sim.dulcoflex_options import DulcoFlexOptions
from pumpd_sim.modbus_host import ModbusHost, RefusedError
from pumpd_sim.modbus_slave import f32
from pumpd_sim.readings import read

NL_PER_L = 10**9
FRAMES = tomllib.loads((Path(__file__).parents[1] / "vectors" / "dulcoflex.toml").read_text())["frame"]
RUN, RATE, TIMEOUT, MODE, BATCH = 1200, 1211, 61, 1229, 1215
U16 = struct.Struct(">H").pack


def bench_top(*, volume_ml: int = 10_000, **settings: str) -> tuple[ModbusHost, DulcoFlex]:
    spec = replace(DEVICE.plant, volume_nl=volume_ml * 1_000_000)
    pump = DulcoFlex(plant=BagPlant(spec, HOSE), options=read(DulcoFlexOptions, settings))
    return ModbusHost(SimBus([pump]), unit=20), pump


def running(
    *, timeout_ms: int = 2_000, rate: float = 5.0, volume_ml: int = 10_000, **settings: str
) -> tuple[ModbusHost, DulcoFlex]:
    host, pump = bench_top(volume_ml=volume_ml, **settings)
    host.write(TIMEOUT, U16(timeout_ms))
    host.write(RATE, f32(rate))
    host.write(RUN, U16(1))
    return host, pump


def silent(
    seconds: float, *, timeout_ms: int = 2_000, timeout_bit_clears: str = "acknowledge"
) -> tuple[ModbusHost, DulcoFlex]:
    host, pump = running(timeout_ms=timeout_ms, timeout_bit_clears=timeout_bit_clears)
    host.wait(seconds)
    return host, pump


def test_silence_stops_it_and_any_question_starts_it_again() -> None:
    host, _ = silent(2.5)
    stopped = host.truth()
    assert (stopped.motor_turning, stopped.alarm) == (False, "timeout")
    host.words(63, 2)
    assert host.truth().motor_turning
    host.wait(1)
    assert host.truth().displaced_nl > stopped.displaced_nl


def test_a_first_request_that_takes_run_back_does_not_start_it() -> None:
    host, _ = silent(2.5)
    stopped = host.truth().steps
    host.write(RUN, U16(0))
    host.words(63, 2)
    host.wait(1)
    assert (host.truth().motor_turning, host.truth().steps) == (False, stopped)
    assert host.words(RUN, 1) == (2,)


def test_a_timeout_of_zero_lets_it_run_for_ever() -> None:
    host, _ = silent(600, timeout_ms=0)
    assert host.truth().motor_turning


@pytest.mark.parametrize(("clears", "left"), [("acknowledge", 2), ("run_written", 0)])
def test_who_takes_the_timeout_bit_back_is_open(clears: str, left: int) -> None:
    host, _ = silent(2.5, timeout_bit_clears=clears)
    host.write(RUN, U16(0))
    assert host.words(RUN, 1) == (left,)
    host.write(1236, U16(0x5555))
    assert host.words(RUN, 1) == (0,)


def test_a_batch_ends_by_itself_with_run_taken_back() -> None:
    host, _ = bench_top()
    host.write(TIMEOUT, U16(0))
    host.write(RATE, f32(10.0))
    host.write(BATCH, f32(0.5))
    host.write(MODE, U16(3))
    host.write(RUN, U16(1))
    host.wait(1)
    assert not host.truth().motor_turning
    host.write(1235, U16(0x5555))
    assert host.value(1018) == 10.0
    host.wait(90)
    assert abs(host.value(1040) - 0.25) < 0.01
    host.wait(100)
    assert (host.truth().motor_turning, host.words(RUN, 1)) == (False, (0,))
    assert abs(host.value(1036) - 0.5) < 1e-6
    assert abs(host.truth().at_patient_nl - 0.5 * NL_PER_L) < 0.002 * NL_PER_L


def test_a_blocked_motor_is_an_error_and_acknowledging_it_starts_the_pump_again_where_run_stays() -> None:
    for survives in (True, False):
        host, pump = running(timeout_ms=0, run_survives_error=str(survives))
        pump.jam(host.now_ns, jammed=True)
        host.wait(3)
        assert host.words(1002, 2) == (0x4000, 0)
        assert host.words(1000, 2)[1] & 0x20
        pump.jam(host.now_ns, jammed=False)
        host.wait(1)
        assert not host.truth().motor_turning
        host.write(1236, U16(0x5555))
        assert host.truth().motor_turning is survives


def test_a_closed_line_blocks_the_motor() -> None:
    host, pump = running(timeout_ms=0)
    pump.occlude(host.now_ns)
    host.wait(30)
    assert host.truth().blocked == ""
    assert host.words(1002, 2) == (0x4000, 0)


@pytest.mark.parametrize("clears_itself", [True, False])
def test_a_container_that_runs_dry_is_a_level_error(*, clears_itself: bool) -> None:
    host, pump = running(timeout_ms=0, volume_ml=20, rate=10.0, level_clears_itself=str(clears_itself))
    host.wait(60)
    assert host.words(1002, 2) == (0, 8)
    assert not host.truth().motor_turning
    pump.load(host.now_ns, 10**9)
    assert host.truth().motor_turning is clears_itself


def test_hands_at_the_pump_hold_it_and_let_it_go() -> None:
    host, pump = running(timeout_ms=0)
    pump.press(host.now_ns, "stop")
    assert host.words(1000, 2)[1] & 0x80
    assert (host.truth().motor_turning, host.words(RUN, 1)) == (False, (1,))
    pump.press(host.now_ns, "start")
    assert host.truth().motor_turning


@pytest.mark.parametrize("kept", ["settings", "nothing"])
def test_power_lost_takes_run_and_perhaps_the_settings(kept: str) -> None:
    host, pump = running(timeout_ms=0, kept_without_power=kept)
    pump.reboot(host.now_ns, 10**9)
    with pytest.raises(RefusedError):
        host.words(RUN, 1)
    host.wait(2)
    assert (host.words(RUN, 1), host.truth().motor_turning) == ((0,), False)
    assert (host.value(RATE), host.words(TIMEOUT, 1)) == ((5.0, (0,)) if kept == "settings" else (0.0, (5_000,)))


def test_only_the_key_acknowledges() -> None:
    host, _ = silent(2.5)
    with pytest.raises(RefusedError, match="x03"):
        host.write(1236, U16(1))
    assert host.words(RUN, 1) == (3,)


def test_printed_numbers_may_be_one_more_than_addresses() -> None:
    host, _ = bench_top(numbers="one_more")
    assert host.words(62, 2) == (0xAABB, 0xCCDD)
    with pytest.raises(RefusedError):
        host.words(63, 2)


def test_run_may_stand_in_the_high_byte() -> None:
    host, _ = bench_top(run_byte="high")
    host.write(RATE, f32(5.0))
    host.write(RUN, U16(1))
    assert not host.truth().motor_turning
    host.write(RUN, U16(0x0100))
    assert host.truth().motor_turning


@pytest.mark.parametrize("rate", [-1.0, 25.1, float("nan"), float("inf")])
def test_a_rate_it_cannot_do_is_refused(rate: float) -> None:
    host, _ = running()
    with pytest.raises(RefusedError):
        host.write(RATE, f32(rate))
    assert host.value(RATE) == 5.0


def test_priming_runs_at_full_rate_for_its_time() -> None:
    host, _ = bench_top()
    host.write(TIMEOUT, U16(0))
    host.write(1233, U16(10))
    assert (host.value(1018), host.words(1000, 2)[1] & 0x200) == (25.0, 0x200)
    host.wait(11)
    assert not host.truth().motor_turning
    assert abs(host.truth().displaced_nl - 25 * NL_PER_L * 10 // 3_600) < 0.003 * NL_PER_L


def give_batch(pump: DulcoFlex, rate_nl_per_h: int, seconds: int) -> None:
    pump.on_wake(0)
    pump.timeout_ms = 0
    pump.set_rate(rate_nl_per_h)
    pump.set_batch(NL_PER_L // 2)
    pump.set_mode(3)
    pump.set_run(run=True)
    pump.start_batch()
    pump.on_wake(seconds * 10**9)


def give_and_hold(pump: DulcoFlex) -> None:
    give_batch(pump, 10 * NL_PER_L, 45)
    pump.press(45 * 10**9, "stop")


def jammed(pump: DulcoFlex) -> None:
    pump.timeout_ms = 0
    pump.set_rate(5 * NL_PER_L)
    pump.set_run(run=True)
    pump.jam(0, jammed=True)
    pump.on_wake(3 * 10**9)


def dried(pump: DulcoFlex) -> None:
    jammed(pump)
    pump.jam(3 * 10**9, jammed=False)
    pump.acknowledge()
    pump.load(3 * 10**9, 0)
    pump.on_wake(5 * 10**9)


def timed_out(pump: DulcoFlex) -> None:
    pump.timed_out = True


# What has to be so for the pump to say the bytes of a row; rows that are not here say the same in any state.
STATES: dict[tuple[str, str], tuple[dict[str, str], Callable[[DulcoFlex], object]]] = {
    ("byte-order test pattern", "low word first"): ({"word_order": "low_first"}, lambda _pump: None),
    ("run and time-out", "runs, no time-out"): ({}, lambda pump: pump.set_run(run=True)),
    ("run and time-out", "stands, a time-out has happened"): ({}, timed_out),
    ("Modbus time-out", "4000 ms"): ({}, lambda pump: pump.set_timeout(4_000)),
    ("target rate", "5.0 l/h"): ({}, lambda pump: pump.set_rate(5 * NL_PER_L)),
    ("batch volume", "0.5 l"): ({}, lambda pump: pump.set_batch(NL_PER_L // 2)),
    ("status", "fieldbus, an error stands"): ({}, jammed),
    ("errors", "motor blocked"): ({}, jammed),
    ("errors", "level: the container is empty"): ({}, dried),
    ("actual rate", "5.0 l/h"): ({}, lambda pump: give_batch(pump, 5 * NL_PER_L, 1)),
    ("actual and maximum rate", "5.0 and 25 l/h"): ({}, lambda pump: give_batch(pump, 5 * NL_PER_L, 1)),
    ("clearable quantity", "0.125 l"): ({}, give_and_hold),
    ("remaining quantity", "0.375 l"): ({}, give_and_hold),
}


@pytest.mark.parametrize(
    ("asked", "answered"), list(zip(FRAMES[::2], FRAMES[1::2], strict=True)), ids=lambda row: row["meaning"][:40]
)
def test_the_vectors_come_about_in_the_states_they_tell_of(asked: dict[str, Any], answered: dict[str, Any]) -> None:
    settings, prepare = STATES.get((asked["meaning"], answered["meaning"]), ({}, lambda _pump: None))
    bench = Bench(address=20, baud=19_200, plant=DEVICE.plant, options=read(DulcoFlexOptions, settings))
    pump = DEVICE.build(bench)
    assert isinstance(pump, DulcoFlex)
    prepare(pump)
    host = ModbusHost(SimBus([pump]), unit=20, now_ns=pump.now_ns)
    assert host.send(bytes.fromhex(asked["hex"])).hex(" ") == answered["hex"]
