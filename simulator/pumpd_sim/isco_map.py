"""Coils and registers of an ISCO controller, by the numbers of its public EPICS support; addresses as in the frame.

All registers are singles, the high word first. Pumps B, C and D are not fitted: what is theirs reads zero and takes
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pumpd_sim.modbus_names import switches, values
from pumpd_sim.modbus_slave import (
    DEVICE_FAILURE,
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
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pumpd_sim.isco import Isco

FUNCTIONS = (1, 3, 5, 15, 16)
FLOW_NL_PER_H = (60_000_000, 1_000_000, 60_000, 1_000)  # mL/min, mL/h, uL/min, uL/h: coils 88 to 91
MMHG_PER_UNIT = (760.0, 750.061_7, 7.500_617, 51.714_93)  # atm, bar, kPa, psi: coils 84 to 87
NL_PER_ML = 1_000_000
READABLE_COILS, WRITABLE_COILS = range(142), range(109)
READABLE_REGISTERS = (range(108), range(148, 156), range(200, 246))
HIGHEST_FLOW, HIGHEST_PRESSURE = 12_240_000_000, 900  # nL/h and mmHg
CONTROL = {46: "local", 47: "remote", 48: "external"}
NAMES = (
    *switches((0, "run"), (9, "constant_pressure"), (13, "constant_flow"), *CONTROL.items()),
    *switches((82, "reset_dispensed"), (94, "shut_down_over_pressure"), (108, "reset_alarms")),
    *switches((84, "in_atm"), (85, "in_bar"), (86, "in_kpa"), (87, "in_psi")),
    *switches((88, "in_ml_per_min"), (89, "in_ml_per_h"), (90, "in_ul_per_min"), (91, "in_ul_per_h")),
    *switches((109, "transducer"), (110, "empty"), (111, "full"), (112, "over_pressure"), (114, "motor")),
    *values("f32", (12, "flow_set"), (32, "highest_pressure"), (48, "highest_flow"), (72, "pressure"), (74, "flow")),
    *values("f32", (76, "remaining_ml"), (148, "dispensed_ml"), (232, "pump_type"), (240, "software_version")),
)


def _nothing() -> None:
    """A value that the controller takes without effect."""


def _run_writer(pump: Isco, on: bool) -> Deed:  # noqa: FBT001 - a coil's value
    if not on:
        return pump.stop
    return pump.start if pump.may_run() else _nothing


def _not_fitted(on: bool) -> Deed:  # noqa: FBT001 - a coil's value
    if on:
        raise ExceptionReply(DEVICE_FAILURE)
    return _nothing


def _coils(pump: Isco) -> list[Bit]:
    def chosen(deed: Callable[[], None]) -> Callable[[bool], Deed]:
        """One of several: switching it on chooses it, switching it off does nothing."""
        return lambda on: deed if on else _nothing

    def mode(*, pressure: bool) -> Deed:
        def do() -> None:
            pump.constant_pressure = pressure
            if pressure:
                pump.stop()

        return do

    def pressure_unit(unit: int) -> Bit:
        def do() -> None:
            pump.pressure_unit = unit

        return Bit(address=84 + unit, read=lambda: pump.pressure_unit == unit, write=chosen(do))

    def flow_unit(unit: int) -> Bit:
        return Bit(
            address=88 + unit,
            read=lambda: pump.flow_unit == unit,
            write=chosen(lambda: pump.choose_flow_unit(unit)),
        )

    def control(address: int, name: str) -> Bit:
        def do() -> None:
            pump.control = name

        return Bit(address=address, read=lambda: pump.control == name, write=chosen(do))

    def alarm(address: int) -> Bit:
        return Bit(address=address, read=lambda: any(one == address for one in pump.alarms))

    def shut_down(on: bool) -> Deed:  # noqa: FBT001 - a coil's value
        def do() -> None:
            pump.shut_down_over_pressure = on

        return do

    known = [
        Bit(address=0, read=lambda: pump.running, write=lambda on: _run_writer(pump, on)),
        Bit(address=9, read=lambda: pump.constant_pressure, write=chosen(mode(pressure=True))),
        Bit(address=13, read=lambda: not pump.constant_pressure, write=chosen(mode(pressure=False))),
        Bit(address=17, read=lambda: True, write=chosen(_nothing)),
        Bit(address=82, read=lambda: pump.options.reset_volume_coil_reads, write=chosen(pump.reset_dispensed)),
        Bit(address=94, read=lambda: pump.shut_down_over_pressure, write=shut_down),
        Bit(address=108, read=lambda: False, write=chosen(pump.reset_alarms)),
    ]
    known += [Bit(address=each, read=lambda: False, write=_not_fitted) for each in (1, 2, 3, 5, 6, 7, 8)]
    known += [pressure_unit(unit) for unit in range(4)]
    known += [flow_unit(unit) for unit in range(4)]
    known += [control(each, name) for each, name in CONTROL.items()]
    known += [alarm(each) for each in range(109, 115)]
    have = {bit.address for bit in known}
    plain = [
        Bit(address=each, read=lambda: False, write=lambda _on: _nothing) for each in WRITABLE_COILS if each not in have
    ]
    return known + plain


def _flow_writer(pump: Isco, data: bytes) -> Deed:
    flow = pump.set_flow(number(data))
    return lambda: pump.take_flow(flow)


def _max_pressure_writer(pump: Isco, data: bytes) -> Deed:
    limit = round(number(data) * MMHG_PER_UNIT[pump.pressure_unit]) if 0 <= number(data) < 1e9 else -1
    if not 0 <= limit <= HIGHEST_PRESSURE:
        raise ExceptionReply(ILLEGAL_VALUE)

    def do() -> None:
        pump.max_pressure_mmhg = limit

    return do


def _registers(pump: Isco) -> list[Item]:
    def flow(value_nl_per_h: int) -> float:
        return value_nl_per_h / FLOW_NL_PER_H[pump.flow_unit]

    def pressure(value_mmhg: int) -> float:
        return value_mmhg / MMHG_PER_UNIT[pump.pressure_unit]

    reads: dict[int, Callable[[], float]] = {
        12: lambda: pump.flow_in_unit,
        32: lambda: pressure(pump.max_pressure_mmhg),
        48: lambda: flow(HIGHEST_FLOW),
        64: lambda: flow(HIGHEST_FLOW),
        72: lambda: pump.pressure_in_unit,
        74: lambda: flow(pump.nl_per_h),
        76: lambda: pump.remaining_nl / NL_PER_ML,
        148: lambda: pump.dispensed_nl / NL_PER_ML,
        200: lambda: pressure(HIGHEST_PRESSURE),
        202: lambda: flow(HIGHEST_FLOW),
        206: lambda: pump.plant.spec.capacity_nl / NL_PER_ML,
        232: lambda: pump.options.pump_type,
        240: lambda: float(pump.options.software_version),
    }
    writes: dict[int, Callable[[bytes], Deed]] = {
        12: lambda data: _flow_writer(pump, data),
        32: lambda data: _max_pressure_writer(pump, data),
    }

    def item(address: int) -> Item:
        read = reads.get(address, lambda: 0.0)
        return Item(address=address, words=2, read=lambda: f32(read()), write=writes.get(address))

    return [item(each) for span in READABLE_REGISTERS for each in span[::2]]


def slave_of(pump: Isco) -> Slave:
    """What a controller answers from; reads it anew at every request."""
    return Slave(
        functions=FUNCTIONS,
        coils=Bits(_coils(pump), reach=READABLE_COILS),
        holding=Registers(_registers(pump)),
    )
