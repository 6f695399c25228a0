"""The mapped Modbus pump against the example bag pump's page (docs/bag-pump.md); all procedures cut off anywhere."""

from __future__ import annotations

import struct
import tomllib
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pumpd_drivers.generic_modbus import DRIVER, MappedPump
from pumpd_drivers.modbus_talk import Link
from pumpd_drivers.register_map import read_map

from pumpd.driver_api import (
    ConfigError,
    Configurable,
    Drive,
    Driver,
    IdentityKind,
    NoLease,
    PumpAlarm,
    PumpProcedures,
    PumpRefused,
    Remaining,
    SettableLease,
    WireError,
)

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "config" / "pumps" / "bedside-bag-pump.toml").read_text(encoding="utf-8")
FRAMES = tomllib.loads((ROOT / "tests" / "vectors" / "bag_pump.toml").read_text(encoding="utf-8"))["frame"]
REMAINING = Remaining(rate_ul_per_h=5_150, volume_nl=50_000_000, lease_s=5, syringe_diameter_um=None)


def driver(text: str = MAP, framing: str = "rtu") -> Driver:
    assert isinstance(DRIVER, Configurable)
    return DRIVER.configured({"map": text, "map_file": "bag.toml", "framing": framing})


def store(registers: dict[int, int], address: int, value: float) -> None:
    registers[address], registers[address + 1] = struct.unpack(">HH", struct.pack(">f", value))


def load(registers: dict[int, int], address: int) -> float:
    found: float = struct.unpack(">f", struct.pack(">HH", registers[address], registers[address + 1]))[0]
    return found


def behave(device: Any) -> None:  # noqa: ANN401
    """What the page says that writing does: the nearest thousandth, then cut to a step."""

    def written(address: int, values: Sequence[int]) -> None:
        if address == 0 and len(values) == 1:
            device.registers[64] = device.registers[64] & ~1 | (values[0] > 0)
        if address in (32, 34):
            thousandths = round(Fraction(load(device.registers, address)) * 1_000)
            cut = 100 if address == 32 and thousandths >= 100_000 else 10
            store(device.registers, address, thousandths // cut * cut / 1_000)
        if address == 34:
            store(device.registers, 68, 0.0)

    device.written = written


def registers() -> dict[int, int]:
    found = dict.fromkeys([*range(13), *range(32, 38), *range(64, 78)], 0)
    found |= {0: 0x4250, 1: 0x0100, 2: 0x0103, 3: 1, 5: 20_417, 10: 0x0A0B, 11: 0x0C0D, 37: 300, 76: 88}
    return found


Bench = Callable[..., tuple[PumpProcedures, Any]]


@pytest.fixture(params=["rtu", "tcp"])
def bench(request: pytest.FixtureRequest, modbus_pump: Any) -> Bench:  # noqa: ANN401
    def made(*, running: bool = False, text: str = MAP) -> tuple[PumpProcedures, Any]:
        chosen = driver(text, request.param)
        device = modbus_pump(chosen.framing(), coils=set(), registers=registers())
        behave(device)
        if running:
            device.registers[64] = 1
            store(device.registers, 32, 5.15)
            store(device.registers, 34, 50.0)
            store(device.registers, 68, 1.25)
        return chosen.pump(address=1, options={}), device

    return made


def test_the_first_question_is_the_one_of_the_vectors() -> None:
    asked = next(driver().pump(address=1, options={}).identify())
    vector = next(f for f in FRAMES if f["mode"] == "rtu" and f["meaning"] == "identity block")
    assert asked.data == bytes.fromhex(vector["hex"])


def test_identify_tells_serial_number_and_firmware_and_writes_nothing(bench: Bench) -> None:
    one, device = bench()
    found = device.play(one.identify())
    assert (found.model, found.firmware, found.serial) == ("Bedside bag pump", "1.3", "20417")
    assert not any(request.changes for request in device.sent)


@pytest.mark.parametrize(("address", "value"), [(0, 0x4251), (1, 0x0200), (3, 2), (10, 0x0C0D)])
def test_identify_takes_no_other_pump_and_no_other_word_order(bench: Bench, address: int, value: int) -> None:
    one, device = bench()
    device.registers[address] = value
    with pytest.raises(WireError, match=r"instead of .*this is no Bedside bag pump"):
        device.play(one.identify())


def test_observe_tells_what_the_page_says(bench: Bench) -> None:
    one, device = bench(running=True)
    device.registers[74] = 60
    report = device.play(one.observe())
    assert (report.drive, report.rate_ul_per_h, report.infused_nl) == (Drive.INFUSING, 5_150, 1_250_000)
    assert (report.target_nl, report.step_nl, report.battery_percent) == (50_000_000, 10_000, 88)
    assert report.pressure_pa == 8_000  # 60 mmHg, up


@pytest.mark.parametrize(
    ("bits", "alarm"),
    [
        (0, None),
        (1 << 0, PumpAlarm.OCCLUSION),
        (1 << 1, PumpAlarm.OCCLUSION),
        (1 << 2, PumpAlarm.AIR),
        (1 << 3, PumpAlarm.OTHER),
        (1 << 4, PumpAlarm.EMPTY),
        (1 << 5, PumpAlarm.BATTERY_LOW),
        (1 << 6, PumpAlarm.BATTERY_EMPTY),
        (1 << 7, PumpAlarm.LEASE_EXPIRED),
        (1 << 8, PumpAlarm.STALL),
        (1 << 9, PumpAlarm.RESET),
        (1 << 12, PumpAlarm.OTHER),  # a bit that the map does not know
        (1 << 5 | 1 << 1, PumpAlarm.OCCLUSION),
    ],
)
def test_each_alarm_bit_is_told_the_most_urgent_first(bench: Bench, bits: int, alarm: PumpAlarm | None) -> None:
    one, device = bench()
    device.registers[65] = bits
    assert device.play(one.observe()).alarm is alarm


def test_status_and_counter_come_from_one_answer() -> None:
    found = read_map(MAP, "bag.toml")
    assert found.block_of(found.registers["status"].address) == found.block_of(found.registers["infused"].address)


def test_no_two_questions_in_a_row_have_answers_of_one_form(bench: Bench) -> None:
    one, device = bench()
    for procedure in (one.identify(), one.observe(), one.prepare(REMAINING), one.observe(), one.observe()):
        device.play(procedure)
    pdus = [request.data[7:] if request.gap_ms == 0 else request.data[1:-2] for request in device.sent]
    assert all(a != b for a, b in pairwise(pdus))
    reads = [(one[3:5], two[3:5]) for one, two in pairwise(pdus) if one[0] == two[0] == 3]
    assert reads
    assert all(one != two for one, two in reads)


# prepare


@pytest.mark.requirement("SEC-03")
def test_prepare_writes_the_frames_of_the_vectors_and_grants_what_reads_back(bench: Bench) -> None:
    one, device = bench()
    granted = device.play(one.prepare(REMAINING))
    assert (granted.rate_ul_per_h, granted.volume_nl, granted.lease_s) == (5_150, 50_000_000, 5)
    assert (granted.infused_nl, granted.step_nl) == (0, 10_000)
    sent = [request.data.hex(" ") for request in device.sent]
    wanted = ("rate 5.15 mL/h, written as the next f32 towards zero, 5.1499996", "VTBI 50 mL", "timeout 5000 ms")
    pdus = [f["pdu"] for f in FRAMES if f["meaning"] in wanted and f["direction"] == "host_to_pump"]
    assert len(pdus) == 2 * len(wanted)
    assert all(any(pdu in data for data in sent) for pdu in pdus)
    assert device.registers[64] & 1 == 0


@given(rate=st.integers(100, 999_000), volume=st.integers(100_000, 999_000_000), lease=st.integers(1, 30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_granted_is_never_above_the_asked_and_misses_by_less_than_a_step(
    modbus_pump: Any,  # noqa: ANN401
    rate: int,
    volume: int,
    lease: int,
) -> None:
    """This pump rounds to the nearest thousandth first: what is not cut before would come out above the order."""
    chosen = driver()
    device = modbus_pump(chosen.framing(), coils=set(), registers=registers())
    behave(device)
    asked = Remaining(rate_ul_per_h=rate, volume_nl=volume, lease_s=lease, syringe_diameter_um=None)
    granted = device.play(chosen.pump(address=1, options={}).prepare(asked))
    assert rate - (100 if rate >= 100_000 else 10) < granted.rate_ul_per_h <= rate
    assert volume - 10_000 < granted.volume_nl <= volume


@pytest.mark.parametrize(
    ("address", "value", "said"),
    [
        (32, 5.16, "do not start"),
        (34, 50.01, "do not start"),
        (36, None, "time-out"),
        (32, float("nan"), "do not start"),
    ],
)
@pytest.mark.requirement("SEC-03")
def test_prepare_fails_on_a_read_back_above_what_was_asked(
    bench: Bench, address: int, value: float | None, said: str
) -> None:
    one, device = bench()

    def otherwise(written: int, _: Sequence[int]) -> None:
        if written == address and value is None:
            device.registers[36] = 30_000
        elif written == address and value is not None:
            store(device.registers, address, value)

    device.written = otherwise
    with pytest.raises(WireError, match=said):
        device.play(one.prepare(REMAINING))


@pytest.mark.parametrize(
    "wrong",
    [
        Remaining(rate_ul_per_h=5_000, volume_nl=1_000_000, lease_s=None, syringe_diameter_um=None),
        Remaining(rate_ul_per_h=5_000, volume_nl=1_000_000, lease_s=31, syringe_diameter_um=None),
        Remaining(rate_ul_per_h=99, volume_nl=1_000_000, lease_s=5, syringe_diameter_um=None),
        Remaining(rate_ul_per_h=1_000_000, volume_nl=1_000_000, lease_s=5, syringe_diameter_um=None),
        Remaining(rate_ul_per_h=5_000, volume_nl=9_999, lease_s=5, syringe_diameter_um=None),
    ],
)
def test_prepare_refuses_what_the_pump_cannot_be_told_before_a_byte_leaves(wrong: Remaining) -> None:
    with pytest.raises(PumpRefused):
        next(driver().pump(address=1, options={}).prepare(wrong))


def test_prepare_refuses_a_pump_that_runs(bench: Bench) -> None:
    one, device = bench(running=True)
    with pytest.raises(PumpRefused, match="stand still"):
        device.play(one.prepare(REMAINING))
    assert not any(request.changes for request in device.sent)


# running


def test_start_change_and_stop_are_told_by_the_look_behind_them(bench: Bench) -> None:
    one, device = bench()
    device.play(one.prepare(REMAINING))
    assert device.play(one.start()).drive is Drive.INFUSING
    assert device.play(one.change_rate(4_999)).rate_ul_per_h == 4_990
    assert next(one.stop()).text == "run off (0)"
    assert device.play(one.stop()).drive is Drive.STILL


def test_a_refused_start_says_why_and_one_that_leaves_it_still_is_refused(bench: Bench) -> None:
    one, device = bench()
    device.refuses[0] = 4
    with pytest.raises(PumpRefused, match=r"exception 4: not possible in its present state"):
        device.play(one.start())
    one, device = bench()
    device.written = lambda _address, _values: None
    with pytest.raises(PumpRefused, match="stands still"):
        device.play(one.start())


def test_a_stop_that_stops_nothing_never_claims_to_have(bench: Bench) -> None:
    one, device = bench(running=True)
    device.written = lambda _address, _values: None
    with pytest.raises(WireError, match="still moves"):
        device.play(one.stop())


@pytest.mark.requirement("CMD-05")
def test_a_rate_that_reads_back_higher_is_unknown(bench: Bench) -> None:
    one, device = bench(running=True)
    device.written = lambda _address, _values: store(device.registers, 32, 6.0)
    with pytest.raises(WireError, match="reads back") as raised:
        device.play(one.change_rate(5_000))
    assert not isinstance(raised.value, PumpRefused)


def test_acknowledge_writes_its_coil_and_looks(bench: Bench) -> None:
    one, device = bench()
    device.registers[65] = 1 << 9
    device.written = lambda address, _: device.registers.update({65: 0}) if address == 1 else None
    assert device.play(one.acknowledge()).alarm is None


@pytest.mark.requirement("LINK-03")
def test_a_procedure_cut_off_at_any_yield_ends_and_repeats_no_start(bench: Bench, cut_off: Any) -> None:  # noqa: ANN401
    cut_off(lambda running: bench(running=running), REMAINING).stands()


# the map


def test_the_shipped_map_is_a_pump_that_a_bed_can_use() -> None:
    info = driver().info
    assert info.lease == SettableLease(shortest_s=1, longest_s=30)
    assert (info.identity, info.takes_syringes) == (IdentityKind.SERIAL, False)
    assert (info.rate_ul_per_h_min, info.rate_ul_per_h_max, info.accuracy_ppm) == (100, 999_000, 50_000)


def test_without_a_time_out_in_its_map_a_pump_has_no_lease(bench: Bench) -> None:
    text = "\n".join(line for line in MAP.splitlines() if not line.startswith("timeout"))
    assert isinstance(driver(text).info.lease, NoLease)
    one, device = bench(text=text)
    unleased = Remaining(rate_ul_per_h=5_150, volume_nl=50_000_000, lease_s=None, syringe_diameter_um=None)
    assert device.play(one.prepare(unleased)).lease_s is None


@pytest.mark.parametrize(
    ("find", "put", "said"),
    [
        ("title =", "titel =", r"bag\.toml:5: unknown key 'titel'; did you mean 'title'\?"),
        ('"high_first"', '"highfirst"', r"bag\.toml:7: word_order = 'highfirst': write one of high_first, low_first"),
        ("address = 34", "address = 33", r"register 33 belongs to 'rate' already"),
        ('"f32", unit = "mL/h"', '"f64", unit = "mL/h"', r"bag\.toml:19: type = 'f64': write one of u16"),
        ('unit = "mL/h"', 'unit = "mL/hr"', r"unit = 'mL/hr': write one of mL/h"),
        ('step_ml_per_h = "0.01"', "step_ml_per_h = 0.01", r"bag\.toml:15: .*write a number as text"),
        ('"2" = "air"', '"2" = "aire"', r"'aire' is no alarm; did you mean 'air'\?"),
        ('"2" = "air"', '"22" = "air"', r"'22' is no bit of a register"),
        ("run = 0\n", "runs = 0\n", r"unknown key 'coils\.runs'; did you mean 'run'\?"),
        ("timeout_s = [1, 30]", "timeout_s = [30, 1]", r"bag\.toml:10: .*write \[shortest, longest\]"),
        ("timeout_s = [1, 30]", "", r"the key 'timeout_s' is missing"),
        ("[64, 14]]", "[64, 3]]", r"'infused' at 68|'pressure' at 74|'battery' at 76|does not lie"),
        ("[[0, 13], [32, 6], [64, 14]]", "[[64, 200]]", r"up to 125 of them"),
        ("equals = 0x4250", "equals = 0x14250", r"write a whole number from 0 to 65535"),
        ('min_ml_per_h = "0.1"', 'min_ml_per_h = "1000"', r"0 < min_ml_per_h <= max_ml_per_h"),
        ("infused = {", "infusd = {", r"unknown key 'registers\.infusd'; did you mean 'infused'\?"),
        ("detects = [", 'detects = ["smoke", ', r"'smoke' is nothing that a pump detects"),
    ],
)
def test_a_wrong_map_is_told_with_file_line_and_what_to_write(find: str, put: str, said: str) -> None:
    assert find in MAP
    wrong = MAP.replace(find, put, 1)
    if "does not lie" in said:
        wrong = MAP.replace("[64, 14]]", "[64, 5], [69, 9]]")
    with pytest.raises(ConfigError, match=said):
        driver(wrong)


def test_all_mistakes_of_a_map_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        driver(MAP.replace("title", "titel").replace("run = 0", "run = -1").replace('"9" = "reset"', '"9" = "rest"'))
    assert [line.split(":")[1] for line in str(raised.value).splitlines()] == sorted(
        [line.split(":")[1] for line in str(raised.value).splitlines()], key=int
    )
    assert len(str(raised.value).splitlines()) == 4  # the unknown key, and the one that is missing for it


def test_a_map_without_identity_is_no_map() -> None:
    with pytest.raises(ConfigError, match=r"\[\[identity\]\] is missing"):
        driver(MAP[: MAP.index("[[identity]]")])


def test_a_counter_that_is_read_before_the_status_is_refused() -> None:
    text = MAP.replace("[[0, 13], [32, 6], [64, 14]]", "[[0, 13], [32, 6], [68, 10], [64, 2]]")
    with pytest.raises(ConfigError, match="'status' has to stand before"):
        driver(text)


def test_without_a_map_the_driver_says_what_to_write() -> None:
    assert isinstance(DRIVER, Configurable)
    with pytest.raises(ConfigError, match=r"map = 'pumps/bedside-bag-pump\.toml'"):
        DRIVER.configured({})
    with pytest.raises(ConfigError, match="configured"):
        DRIVER.pump(address=1, options={})
    assert isinstance(DRIVER.info.lease, NoLease)


@given(text=st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_map_or_an_error_that_says_so(text: str) -> None:
    with pytest.raises(ConfigError):
        read_map(text, "any.toml")


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_value_in_any_place_of_a_map_is_read_or_told(data: st.DataObject) -> None:
    lines = MAP.splitlines()
    at = data.draw(st.sampled_from([n for n, line in enumerate(lines) if "=" in line and not line.startswith("#")]))
    value = data.draw(st.sampled_from(["-1", "[]", "{}", "true", '""', "1.5", "[[1]]", "99999999", "{ address = [] }"]))
    lines[at] = lines[at].split("=")[0] + f"= {value}"
    said = ""
    try:
        found = read_map("\n".join(lines), "bag.toml")
    except ConfigError as error:
        said = str(error)
    else:
        assert next(MappedPump(unit=1, link=Link({}), found=found).observe()).changes is False
    assert said == "" or said.startswith("bag.toml:")
