"""The coils and registers of the example bag pump, as the tables of docs/bag-pump.md have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pumpd_sim.modbus_names import Named, switches, values
from pumpd_sim.modbus_slave import (
    ILLEGAL_VALUE,
    Bit,
    Bits,
    Deed,
    ExceptionReply,
    Item,
    Registers,
    Slave,
    f32,
    number,
    u16,
    u32,
)

if TYPE_CHECKING:
    from pumpd_sim.bag_pump import BagPump

FUNCTIONS = (1, 2, 3, 4, 5, 6, 15, 16, 22, 23)
MAKER, PRODUCT, FIRMWARE, MAP_VERSION, PATTERN = 0x4250, 0x0100, 0x0103, 1, 0x0A0B0C0D
RATE_UL_PER_H = range(100, 999_001)
VTBI_UL = range(100, 9_999_001)
TIMEOUT_MS = range(1_000, 30_001)
PRESSURE_MMHG = range(100, 601)
NL_PER_ML = 1_000_000
STATUS = {
    0: "drive_on",
    1: "vtbi_delivered",
    2: "alarm",
    3: "on_battery",
    4: "stopped_at_keypad",
    5: "ready",
    6: "changed_at_keypad",
}
ALARMS = {
    0: "upstream",
    1: "downstream",
    2: "air",
    3: "door",
    4: "empty",
    5: "battery_low",
    6: "battery_exhausted",
    7: "timeout",
    8: "blocked",
    9: "power",
}
NAMES = (
    *switches((0, "run"), (1, "acknowledge"), (2, "clear_total")),
    *values("u16", (0, "maker"), (1, "product"), (2, "firmware"), (3, "map_version"), (12, "power_ups")),
    *values("u32", (4, "serial_number"), (10, "pattern"), (70, "total_ul")),
    Named(name="model", address=6, form="text", words=4),
    *values("f32", (32, "rate_ml_per_h"), (34, "vtbi_ml"), (66, "delivering_ml_per_h"), (68, "infused_ml")),
    *values("f32", (72, "left_ml")),
    *values("u16", (36, "timeout_ms"), (37, "pressure_limit_mmhg"), (76, "battery_percent"), (77, "timeout_left_ms")),
    *values("i16", (74, "pressure_mmhg"), (75, "upstream_mmhg")),
    Named(name="status", address=64, form="flags", flags=STATUS),
    Named(name="alarms", address=65, form="flags", flags=ALARMS),
)


def status_bits(pump: BagPump) -> int:
    on = (
        pump.running,
        pump.complete,
        bool(pump.alarms),
        pump.on_battery,
        pump.stopped_at_keypad,
        pump.ready,
        pump.changed_at_keypad,
    )
    return sum(1 << place for place, bit in enumerate(on) if bit)


def alarm_bits(pump: BagPump) -> int:
    return sum(1 << alarm for alarm in pump.alarms)


def thousandths(value: float, allowed: range, *, cut: int) -> int:
    """An f32 to the nearest thousandth, cut to a step; refused out of range, and when it is no number."""
    if not allowed.start - 1 < value * 1_000 < allowed.stop + 1:
        raise ExceptionReply(ILLEGAL_VALUE)
    nearest = round(value * 1_000)
    if nearest not in allowed:
        raise ExceptionReply(ILLEGAL_VALUE)
    return nearest - nearest % cut


def _rate_writer(pump: BagPump, data: bytes) -> Deed:
    rate = thousandths(number(data), RATE_UL_PER_H, cut=1)
    rate -= rate % (10 if rate < 100_000 else 100)
    return lambda: pump.set_rate(rate)


def _vtbi_writer(pump: BagPump, data: bytes) -> Deed:
    pump.refuse_while_running()
    vtbi = thousandths(number(data), VTBI_UL, cut=10)
    return lambda: pump.set_vtbi(vtbi)


def _timeout_writer(pump: BagPump, data: bytes) -> Deed:
    pump.refuse_while_running()
    timeout_ms = int.from_bytes(data, "big") * (1_000 if pump.options.timeout_unit == "s" else 1)
    if timeout_ms and timeout_ms not in TIMEOUT_MS:
        raise ExceptionReply(ILLEGAL_VALUE)

    def do() -> None:
        pump.timeout_ms = timeout_ms

    return do


def _pressure_writer(pump: BagPump, data: bytes) -> Deed:
    limit = int.from_bytes(data, "big")
    if limit not in PRESSURE_MMHG:
        raise ExceptionReply(ILLEGAL_VALUE)

    def do() -> None:
        pump.pressure_limit_mmhg = limit

    return do


def _run_writer(pump: BagPump, on: bool) -> Deed:  # noqa: FBT001 - a coil's value
    if not on:
        return pump.stop
    pump.refuse_unless_ready()
    return pump.start


def _clear_writer(pump: BagPump, on: bool) -> Deed:  # noqa: FBT001 - a coil's value
    if not on:
        return lambda: None
    pump.refuse_while_running()
    return pump.clear_total


def slave_of(pump: BagPump) -> Slave:
    """What a pump answers from; reads it anew at every request."""

    def wide(data: bytes) -> bytes:
        return data if pump.options.word_order == "high_first" else data[2:] + data[:2]

    def timeout() -> bytes:
        return u16(pump.timeout_ms // (1_000 if pump.options.timeout_unit == "s" else 1))

    def left_ml() -> float:
        return max(0, pump.vtbi_ul * 1_000 - pump.infused_nl) / NL_PER_ML

    identity = [
        Item(address=0, read=lambda: u16(MAKER)),
        Item(address=1, read=lambda: u16(PRODUCT)),
        Item(address=2, read=lambda: u16(FIRMWARE)),
        Item(address=3, read=lambda: u16(MAP_VERSION)),
        Item(address=4, words=2, read=lambda: wide(u32(pump.options.serial_number))),
        Item(address=6, words=4, read=lambda: b"BAGPUMP1"),
        Item(address=10, words=2, read=lambda: wide(u32(PATTERN))),
        Item(address=12, read=lambda: u16(pump.power_ups)),
    ]
    settings = [
        Item(
            address=32,
            words=2,
            read=lambda: wide(f32(pump.rate_ul_per_h / 1_000)),
            write=lambda data: _rate_writer(pump, wide(data)),
        ),
        Item(
            address=34,
            words=2,
            read=lambda: wide(f32(pump.vtbi_ul / 1_000)),
            write=lambda data: _vtbi_writer(pump, wide(data)),
        ),
        Item(address=36, read=timeout, write=lambda data: _timeout_writer(pump, data)),
        Item(
            address=37,
            read=lambda: u16(pump.pressure_limit_mmhg),
            write=lambda data: _pressure_writer(pump, data),
        ),
    ]
    measured = [
        Item(address=64, read=lambda: u16(status_bits(pump))),
        Item(address=65, read=lambda: u16(alarm_bits(pump))),
        Item(address=66, words=2, read=lambda: wide(f32(pump.rate_ul_per_h / 1_000 if pump.running else 0.0))),
        Item(address=68, words=2, read=lambda: wide(f32(pump.infused_nl / NL_PER_ML))),
        Item(address=70, words=2, read=lambda: wide(u32(pump.total_ul))),
        Item(address=72, words=2, read=lambda: wide(f32(left_ml()))),
        Item(address=74, read=lambda: u16(pump.plant.pressure_mmhg)),
        Item(address=75, read=lambda: u16(pump.plant.upstream_mmhg)),
        Item(address=76, read=lambda: u16(pump.battery_percent)),
        Item(address=77, read=lambda: u16(pump.timeout_left_ms)),
    ]
    coils = [
        Bit(address=0, read=lambda: pump.running, write=lambda on: _run_writer(pump, on)),
        Bit(address=1, read=lambda: False, write=lambda on: pump.acknowledge if on else lambda: None),
        Bit(address=2, read=lambda: False, write=lambda on: _clear_writer(pump, on)),
    ]

    def discrete(place: int) -> Bit:
        bits = status_bits if place < 16 else alarm_bits
        return Bit(address=place, read=lambda: bool(bits(pump) >> place % 16 & 1))

    return Slave(
        functions=FUNCTIONS,
        coils=Bits(coils),
        discretes=Bits(discrete(place) for place in range(32)),
        holding=Registers([*identity, *settings, *measured]),
        inputs=Registers(measured),
    )
