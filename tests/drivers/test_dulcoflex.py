"""The DULCO flex driver against its table, with either word order and offset; all procedures cut off anywhere."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pumpd_drivers.dulcoflex import DRIVER, INFO

from pumpd.driver_api import (
    ConfigError,
    Drive,
    PumpAlarm,
    PumpProcedures,
    PumpRefused,
    Remaining,
    WireError,
)

REMAINING = Remaining(rate_ul_per_h=180_000, volume_nl=15_000_000, lease_s=4, syringe_diameter_um=None)
Bench = Callable[..., tuple[PumpProcedures, Any]]


class Table:
    """The printed register numbers of one device, wherever they stand in its frames."""

    def __init__(self, device: Any, *, offset: int, high_first: bool) -> None:  # noqa: ANN401
        self.device, self.offset, self.high_first = device, offset, high_first

    def bits(self, number: int, value: int) -> None:
        high, low = value >> 16, value & 0xFFFF
        words = (high, low) if self.high_first else (low, high)
        self.device.registers |= {number + self.offset + n: word for n, word in enumerate(words)}

    def single(self, number: int, value: float) -> None:
        self.bits(number, struct.unpack(">I", struct.pack(">f", value))[0])


def table_of(device: Any) -> Table:  # noqa: ANN401
    table: Table = device.table
    return table


@pytest.fixture(params=[(0, True), (0, False), (-1, True)], ids=["printed", "low word first", "printed from 1"])
def bench(request: pytest.FixtureRequest, modbus_pump: Any) -> Bench:  # noqa: ANN401
    offset, high_first = request.param
    return bench_of(modbus_pump, offset=offset, high_first=high_first)


def bench_of(modbus_pump: Any, *, offset: int, high_first: bool) -> Bench:  # noqa: ANN401
    def made(*, running: bool = False, identified: bool = True) -> tuple[PumpProcedures, Any]:
        device = modbus_pump(DRIVER.framing(), coils=set(), registers={})
        numbers = [
            *range(1, 14),
            61,
            63,
            64,
            *range(1000, 1004),
            *range(1018, 1022),
            *range(1034, 1038),
            1200,
            1211,
            1212,
        ]
        device.registers |= {number + offset: 0 for number in numbers}
        table = Table(device, offset=offset, high_first=high_first)
        device.table = table
        table.bits(1, 4711)
        device.registers[3 + offset] = 0x0102
        text = b"DF1234567".ljust(20, b"\0")
        device.registers |= {4 + offset + n: int.from_bytes(text[2 * n : 2 * n + 2], "big") for n in range(10)}
        table.bits(63, 0xAABBCCDD)
        table.bits(1000, 1 << 12)
        table.single(1020, 25.0)
        table.single(1036, 0.125)
        one = DRIVER.pump(address=20, options={"register_offset": offset})
        if identified:
            device.play(one.identify())
            device.sent.clear()
        if running:
            device.registers[1200 + offset] = 1
            table.single(1018, 0.18)
            table.single(1211, 0.18)

        def written(address: int, values: Sequence[int]) -> None:
            if address == 1200 + offset:
                table.single(1018, 0.18 if values[0] & 1 else 0.0)

        device.written = written
        return one, device

    return made


def test_the_first_frame_of_identify_and_of_a_stop_takes_the_run_bit_back(bench: Bench) -> None:
    """Whoever asks this pump after a silence how it is has started it again."""
    one, device = bench(identified=False, running=True)
    for procedure in (one.identify(), one.stop(), one.acknowledge()):
        request = next(procedure)
        assert (request.text.split()[0], request.data[1], request.data[4:6]) == ("stop", 6, b"\0\0")
    found = device.play(one.identify())
    assert (found.model, found.firmware, found.serial) == ("DULCO flex 4711", "1.2", "DF1234567")
    assert device.registers[1200 + table_of(device).offset] == 0


@pytest.mark.parametrize("pattern", [0xBBAADDCC, 0xDDCCBBAA, 0x0000AABB, 0])
def test_a_pattern_that_is_none_of_the_orders_points_at_the_offset(bench: Bench, pattern: int) -> None:
    one, device = bench(identified=False)
    table_of(device).bits(63, pattern)
    with pytest.raises(WireError, match="register_offset"):
        device.play(one.identify())


def test_a_wrong_offset_is_found_by_the_pattern(modbus_pump: Any) -> None:  # noqa: ANN401
    _, device = bench_of(modbus_pump, offset=-1, high_first=True)(identified=False)
    device.registers |= {n: 0 for n in (63, 64, 1200) if n not in device.registers}
    with pytest.raises(WireError, match="register_offset"):
        device.play(DRIVER.pump(address=20, options={}).identify())


def test_a_serial_number_that_is_no_text_is_no_identity(bench: Bench) -> None:
    one, device = bench(identified=False)
    device.registers |= {4 + table_of(device).offset + n: 0 for n in range(10)}
    with pytest.raises(WireError, match="no text"):
        device.play(one.identify())


@pytest.mark.parametrize(
    ("run", "status", "actual", "drive"),
    [
        (0, 0, 0.0, Drive.STILL),
        (1, 0, 0.18, Drive.INFUSING),
        (1, 0, 0.0, Drive.INFUSING),  # has just been told, and nothing holds it
        (0, 0, 0.18, Drive.OTHER),  # still turns
        (1, 1 << 5, 0.0, Drive.OTHER),  # an error holds it: it goes on when that ends
        (1, 1 << 11, 0.0, Drive.OTHER),
        (1, 1 << 8, 0.0, Drive.OTHER),
        (0, 1 << 9, 0.0, Drive.OTHER),  # primes
        (0, 0, float("nan"), Drive.OTHER),
        (2, 0, 0.0, Drive.STILL),
    ],
)
def test_observe_never_calls_still_what_turns_or_would_go_on(
    bench: Bench, run: int, status: int, actual: float, drive: Drive
) -> None:
    one, device = bench()
    table = table_of(device)
    device.registers[1200 + table.offset] = run
    table.bits(1000, status)
    table.single(1018, actual)
    assert device.play(one.observe()).drive is drive


@pytest.mark.parametrize(
    ("run", "status", "errors", "alarm"),
    [
        (0, 0, 0, None),
        (0, 1 << 5, 1 << 30, PumpAlarm.STALL),
        (0, 1 << 5, 1 << 3, PumpAlarm.EMPTY),
        (0, 0, 1 << 24, PumpAlarm.RESET),
        (0, 1 << 5, 1 << 4, PumpAlarm.OTHER),
        (0, 1 << 5, 0, PumpAlarm.OTHER),
        (2, 1 << 5, 0, PumpAlarm.LEASE_EXPIRED),
        (3, 1 << 5, 1 << 30, PumpAlarm.STALL),
    ],
)
def test_errors_and_the_time_out_are_told_as_alarms(
    bench: Bench, run: int, status: int, errors: int, alarm: PumpAlarm | None
) -> None:
    one, device = bench()
    table = table_of(device)
    device.registers[1200 + table.offset] = run
    table.bits(1000, status)
    table.bits(1002, errors)
    assert device.play(one.observe()).alarm is alarm


def test_no_two_questions_in_a_row_have_answers_of_one_form(bench: Bench) -> None:
    one, device = bench()
    for procedure in (one.identify(), one.observe(), one.observe(), one.prepare(REMAINING)):
        device.play(procedure)
    pdus = [request.data[1:-2] for request in device.sent]
    reads = [(one[3:5], two[3:5]) for one, two in pairwise(pdus) if one[0] == two[0] == 3]
    assert reads
    assert all(one != two for one, two in reads)


@pytest.mark.requirement("SEC-03")
def test_prepare_stops_first_and_grants_what_reads_back(bench: Bench) -> None:
    one, device = bench()
    granted = device.play(one.prepare(REMAINING))
    assert device.sent[0].text.startswith("stop")
    assert (granted.rate_ul_per_h, granted.volume_nl, granted.lease_s) == (180_000, 15_000_000, 4)
    assert granted.infused_nl == 0, "reports count from here"
    assert device.registers[61 + table_of(device).offset] == 4_000
    assert device.registers[1200 + table_of(device).offset] == 0


@given(rate=st.integers(10_000, 25_000_000))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_granted_rate_is_never_above_the_asked_and_never_off_by_more_than_a_single(
    modbus_pump: Any,  # noqa: ANN401
    rate: int,
) -> None:
    one, device = bench_of(modbus_pump, offset=0, high_first=True)()
    asked = Remaining(rate_ul_per_h=rate, volume_nl=1_000_000, lease_s=4, syringe_diameter_um=None)
    granted = device.play(one.prepare(asked)).rate_ul_per_h
    assert rate - 2 <= granted <= rate


@pytest.mark.parametrize("number", [61, 1211])
@pytest.mark.requirement("SEC-03")
def test_prepare_fails_on_a_read_back_that_differs(bench: Bench, number: int) -> None:
    one, device = bench()
    table = table_of(device)

    def otherwise(address: int, _: Sequence[int]) -> None:
        if address == number + table.offset and number == 61:
            device.registers[address] = 0
        elif address == number + table.offset:
            table.single(number, 0.2)

    device.written = otherwise
    with pytest.raises(WireError, match=r"reads back.*do not start"):
        device.play(one.prepare(REMAINING))


@pytest.mark.parametrize("lease_s", [None, 0, 11])
def test_a_lease_that_the_register_cannot_hold_is_refused_before_a_byte_leaves(lease_s: int | None) -> None:
    with pytest.raises(PumpRefused, match="1 to 10 s"):
        next(
            DRIVER.pump(address=20, options={}).prepare(
                Remaining(rate_ul_per_h=1, volume_nl=1, lease_s=lease_s, syringe_diameter_um=None)
            )
        )


def test_more_than_its_maximum_is_refused(bench: Bench) -> None:
    one, device = bench()
    table_of(device).single(1020, 0.1)
    with pytest.raises(PumpRefused, match=r"gives 10000[01] at most"):
        device.play(one.prepare(REMAINING))


def test_the_look_that_finds_the_volume_given_stops_the_pump(bench: Bench) -> None:
    one, device = bench()
    device.play(one.prepare(REMAINING))
    assert device.play(one.start()).drive is Drive.INFUSING
    table_of(device).single(1036, 0.139)
    assert device.play(one.observe()).drive is Drive.INFUSING
    table_of(device).single(1036, 0.1401)
    assert device.play(one.observe()).drive is Drive.STILL
    assert device.registers[1200 + table_of(device).offset] == 0


def test_a_start_that_is_held_is_unknown_and_a_rate_that_reads_back_higher_too(bench: Bench) -> None:
    one, device = bench()
    table_of(device).bits(1000, 1 << 7)
    with pytest.raises(WireError, match="stop it") as raised:
        device.play(one.start())
    assert not isinstance(raised.value, PumpRefused)
    one, device = bench(running=True)
    device.written = lambda _address, _values: table_of(device).single(1211, 0.5)
    with pytest.raises(WireError, match="reads back"):
        device.play(one.change_rate(120_000))


def test_a_stop_that_stops_nothing_never_claims_to_have(bench: Bench) -> None:
    one, device = bench(running=True)
    device.written = lambda _address, _values: None
    with pytest.raises(WireError, match="still turns"):
        device.play(one.stop())


def test_the_run_bits_may_stand_in_the_high_byte(bench: Bench) -> None:
    _, device = bench()
    one = DRIVER.pump(address=20, options={"register_offset": table_of(device).offset, "run_in_high_byte": True})
    device.play(one.identify())
    device.registers[1200 + table_of(device).offset] = 0x0100
    assert device.play(one.observe()).drive is Drive.INFUSING
    assert next(one.start()).data[4:6] == b"\x01\0"


@pytest.mark.requirement("LINK-03")
def test_a_procedure_cut_off_at_any_yield_ends_and_repeats_no_start(bench: Bench, cut_off: Any) -> None:  # noqa: ANN401
    cut_off(lambda running: bench(running=running), REMAINING).stands()


def test_options_are_told_with_what_to_write() -> None:
    for options, said in (
        ({"register_offset": 1}, "write 0, or -1"),
        ({"run_in_high_byte": 1}, "true or false"),
        ({"register_ofset": 0}, "did you mean 'register_offset'"),
    ):
        with pytest.raises(ConfigError, match=said):
            DRIVER.pump(address=20, options=options)


def test_a_stop_can_let_any_exchange_in_flight_end(bench: Bench) -> None:
    one, device = bench(running=True)
    device.play(one.observe())
    assert max(request.reply_limit_ms for request in device.sent) <= INFO.preempt_after_ms
    assert sum(request.reply_limit_ms for request in device.sent) <= INFO.worst_observe_ms
