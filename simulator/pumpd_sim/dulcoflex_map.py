"""The registers of a DULCO flex Control, by the numbers printed in its operating instructions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pumpd_sim.modbus_names import Named, values
from pumpd_sim.modbus_slave import (
    ILLEGAL_VALUE,
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
    from collections.abc import Callable

    from pumpd_sim.dulcoflex import DulcoFlex

FUNCTIONS = (3, 6, 16, 23)
NL_PER_L = 10**9
KEY = 0x5555
TIMEOUT_LIMIT_MS = 10_000
MODES = range(5)
PRIMING_LIMIT_S = 300
BATCH_LIMIT_L = 99_999
STATUS = {
    2: "mode_1",
    3: "mode_2",
    4: "mode_4",
    5: "error",
    6: "warning",
    7: "manual_stop",
    8: "stop",
    9: "priming",
    10: "auxiliary",
    11: "pause",
    12: "fieldbus",
    13: "flow",
}
ERRORS = {3: "level", 24: "power", 30: "motor_blocked"}
NAMES = (
    *values("u32", (1, "product"), (63, "byte_order")),
    *values("u16", (3, "version"), (50, "bus_active"), (51, "baud_hundreds"), (52, "unit"), (61, "timeout_ms")),
    Named(name="serial", address=4, form="text", words=10),
    Named(name="status", address=1000, form="flags", words=2, flags=STATUS),
    Named(name="errors", address=1002, form="flags", words=2, flags=ERRORS),
    *values("f32", (1018, "actual_l_per_h"), (1020, "highest_l_per_h"), (1034, "total_l"), (1036, "clearable_l")),
    *values("f32", (1040, "remaining_l"), (1211, "rate_l_per_h"), (1215, "batch_l")),
    Named(name="run", address=1200, form="flags", flags={0: "run", 1: "timed_out"}),
    *values("u16", (1022, "mode"), (1229, "target_mode"), (1233, "priming_s"), (1234, "clear_counter")),
    *values("u16", (1235, "start_batch"), (1236, "acknowledge")),
)


def status_bits(pump: DulcoFlex) -> int:
    on = {
        5: bool(pump.errors) or pump.held_by_silence,
        7: pump.held_by_key,
        9: pump.priming,
        12: pump.bus_active,
        13: pump.plant.turning,
    }
    return (pump.target_mode & 7) << 2 | sum(1 << place for place, bit in on.items() if bit)


def error_bits(pump: DulcoFlex) -> int:
    return sum(1 << error for error in pump.errors)


def _litres(data: bytes, limit: float) -> int:
    """An f32 of litres (an hour) as whole nanolitres; refused out of range, and when it is no number."""
    value = number(data)
    if not 0 <= value <= limit:
        raise ExceptionReply(ILLEGAL_VALUE)
    return int(value * NL_PER_L)


def _whole(data: bytes, allowed: range) -> int:
    value = int.from_bytes(data, "big")
    if value not in allowed:
        raise ExceptionReply(ILLEGAL_VALUE)
    return value


def _with_key(data: bytes, deed: Deed) -> Deed:
    if int.from_bytes(data, "big") != KEY:
        raise ExceptionReply(ILLEGAL_VALUE)
    return deed


def _run_writer(pump: DulcoFlex, data: bytes) -> Deed:
    run = bool(data[1 if pump.options.run_byte == "low" else 0] & 1)
    return lambda: pump.set_run(run=run)


def _run_word(pump: DulcoFlex) -> bytes:
    byte = pump.run | pump.timed_out << 1
    return bytes([0, byte] if pump.options.run_byte == "low" else [byte, 0])


def _timeout_writer(pump: DulcoFlex, data: bytes) -> Deed:
    timeout_ms = _whole(data, range(TIMEOUT_LIMIT_MS + 1))

    def do() -> None:
        pump.set_timeout(timeout_ms)

    return do


def _rate_writer(pump: DulcoFlex, data: bytes) -> Deed:
    rate = _litres(data, pump.options.max_rate_l_per_h)
    return lambda: pump.set_rate(rate)


def _batch_writer(pump: DulcoFlex, data: bytes) -> Deed:
    batch = _litres(data, BATCH_LIMIT_L)
    return lambda: pump.set_batch(batch)


def _mode_writer(pump: DulcoFlex, data: bytes) -> Deed:
    mode = _whole(data, MODES)
    return lambda: pump.set_mode(mode)


def _priming_writer(pump: DulcoFlex, data: bytes) -> Deed:
    seconds = _whole(data, range(PRIMING_LIMIT_S + 1))
    return lambda: pump.prime(seconds)


def slave_of(pump: DulcoFlex) -> Slave:
    """What a pump answers from; reads it anew at every request."""
    shift = 0 if pump.options.numbers == "addresses" else 1

    def wide(data: bytes) -> bytes:
        return data if pump.options.word_order == "high_first" else data[2:] + data[:2]

    def item(
        printed: int, read: Callable[[], bytes], *, words: int = 1, write: Callable[[bytes], Deed] | None = None
    ) -> Item:
        return Item(address=printed - shift, words=words, read=read, write=write)

    def double(printed: int, read: Callable[[], bytes], write: Callable[[bytes], Deed] | None = None) -> Item:
        turned = None if write is None else lambda data: write(wide(data))
        return item(printed, lambda: wide(read()), words=2, write=turned)

    def litres(nanolitres: int) -> bytes:
        return f32(nanolitres / NL_PER_L)

    text = pump.options.serial.encode("ascii")[:20].ljust(20, b"\0")
    key = {1235: pump.start_batch, 1236: pump.acknowledge}
    return Slave(
        functions=FUNCTIONS,
        holding=Registers(
            [
                double(1, lambda: u32(pump.options.product)),
                item(3, lambda: u16(0x0102)),
                item(4, lambda: text, words=10),
                item(50, lambda: u16(pump.bus_active)),
                item(51, lambda: u16(pump.baud // 100)),
                item(52, lambda: u16(pump.address)),
                item(53, lambda: u16(2)),
                item(61, lambda: u16(pump.timeout_ms), write=lambda data: _timeout_writer(pump, data)),
                double(63, lambda: u32(0xAABBCCDD)),
                double(1000, lambda: u32(status_bits(pump))),
                double(1002, lambda: u32(error_bits(pump))),
                double(1006, lambda: u32(0)),
                double(1018, lambda: litres(pump.driven_nl_per_h)),
                double(1020, lambda: litres(pump.max_rate_nl_per_h)),
                item(1022, lambda: u16(pump.target_mode)),
                item(1023, lambda: u16(0)),
                double(1034, lambda: litres(pump.total_nl)),
                double(1036, lambda: litres(pump.clearable_nl)),
                double(1040, lambda: litres(pump.remaining_nl)),
                item(1200, lambda: _run_word(pump), write=lambda data: _run_writer(pump, data)),
                double(1211, lambda: litres(pump.rate_nl_per_h), lambda data: _rate_writer(pump, data)),
                double(1215, lambda: litres(pump.batch_nl), lambda data: _batch_writer(pump, data)),
                item(1229, lambda: u16(pump.target_mode), write=lambda data: _mode_writer(pump, data)),
                item(1233, lambda: u16(0), write=lambda data: _priming_writer(pump, data)),
                item(1234, lambda: u16(0), write=lambda _data: pump.clear_counter),
                item(1235, lambda: u16(0), write=lambda data: _with_key(data, key[1235])),
                item(1236, lambda: u16(0), write=lambda data: _with_key(data, key[1236])),
            ]
        ),
    )
