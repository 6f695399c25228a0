"""A volumetric pump with a Modbus register map, described by a site in TOML: the procedures every such pump has.

The map (register_map.py) says where things stand; this module says in which order they may be touched. It serves a
pump that is told a rate and a volume, started by a coil, stops by itself at the volume, counts what it has given, and,
where the map says so, stops when nobody asks for some time. Such a pump has a lease, and may run a drug; one whose
map has no time-out has none.

Decimal steps and binary floats do not meet, so three things are done in this order. A value is first cut to the
pump's own step: a pump that rounds to its step would otherwise round up. Then it is written as the next single towards
zero. Read back, a single stands for every value to which it is the nearest one: if a whole step is among
them, the pump means that step. What then is above the order is an error, never a grant.

Registers that belong together are read in one go (`blocks`), so that a pump that ends between two questions is never
told as still with a counter from before its end.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from pumpd.core.units import NL_PER_UL, Towards, divide, on_grid
from pumpd.driver_api import (
    ConfigError,
    Drive,
    Driver,
    DriverInfo,
    Framing,
    Granted,
    Identified,
    IdentityKind,
    Lease,
    NoLease,
    Procedure,
    PumpAlarm,
    PumpProcedures,
    PumpRefused,
    Remaining,
    Report,
    SettableLease,
    WireError,
)
from pumpd_drivers.modbus_numbers import F32_MAX, f32_step, f32_towards_zero, f32_value, joined, parted
from pumpd_drivers.modbus_talk import SLOWEST_BAUD, Link, Talk, check_unit, reply_limit_ms
from pumpd_drivers.options import Options, check_options
from pumpd_drivers.register_map import WORDS, Register, RegisterMap, read_map

_MS_PER_S: Final = 1_000
_OPTIONS: Final = ("map", "map_file", *Link.names)

# What holds of a pump that nobody has described yet: nothing that would let anything run.
UNKNOWN: Final = DriverInfo(
    name="generic_modbus",
    title="Modbus pump",
    lease=NoLease(),
    identity=IdentityKind.MODEL,
    detects=(),
    rate_digits=1,
    rate_step_ul_per_h=1,
    piston_um_per_h_min=0,
    piston_um_per_h_max=0,
    accuracy_ppm=1_000_000,
    motor_step_um_ppm=0,
    changes_rate_while_running=True,
    unsolicited_alarms=False,
    quiet_ms=50,
    preempt_after_ms=200,
    worst_observe_ms=reply_limit_ms(3, SLOWEST_BAUD),
    verified_on_hardware=False,
    takes_syringes=False,
    rate_ul_per_h_min=1,
    rate_ul_per_h_max=1,
)


def info_of(found: RegisterMap, link: Link) -> DriverInfo:
    lease: Lease = NoLease()
    if found.lease_s is not None:
        lease = SettableLease(shortest_s=found.lease_s[0], longest_s=found.lease_s[1])
    least, most = found.rate_ul_per_h
    return DriverInfo(
        name=UNKNOWN.name,
        title=found.title,
        lease=lease,
        identity=IdentityKind.SERIAL if "serial" in found.registers else IdentityKind.MODEL,
        detects=found.detects,
        rate_digits=found.rate_digits,
        rate_step_ul_per_h=found.rate_step_ul_per_h,
        piston_um_per_h_min=0,
        piston_um_per_h_max=0,
        accuracy_ppm=found.accuracy_ppm,
        motor_step_um_ppm=0,
        changes_rate_while_running=True,
        unsolicited_alarms=False,
        quiet_ms=50,
        preempt_after_ms=200,
        worst_observe_ms=sum(reply_limit_ms(5 + 2 * count, link.baud) for _, count in _look_blocks(found)),
        verified_on_hardware=False,
        takes_syringes=False,
        rate_ul_per_h_min=least,
        rate_ul_per_h_max=most,
    )


def _look_blocks(found: RegisterMap) -> tuple[tuple[int, int], ...]:
    """What a look reads, in the order of the map; nothing that only tells who the pump is."""
    wanted = {found.block_of(each.address) for name, each in found.registers.items() if name not in _WHO}
    return tuple(block for block in found.blocks if block in wanted)


_WHO: Final = ("serial", "firmware")


class MappedPump:
    """The procedures of one pump."""

    __slots__ = ("_blocks", "_map", "_talk", "_untold")

    def __init__(self, *, unit: int, link: Link, found: RegisterMap) -> None:
        self._map = found
        self._talk = Talk(unit=unit, link=link)
        self._blocks = _look_blocks(found)
        self._untold: PumpAlarm | None = None  # acknowledged by us before any report told it

    def identify(self) -> Procedure[Identified]:
        """Every value of [[identity]] has to be there; firmware and serial number are told as they are."""
        found = self._map
        told = [found.registers[name] for name in _WHO if name in found.registers]
        addresses = [each.address for each in found.identity] + [each.address for each in told]
        wanted = {found.block_of(address) for address in addresses}
        memory = yield from self._read(tuple(block for block in found.blocks if block in wanted), again=1)
        for expected in found.identity:
            value = self._plain(memory, expected.address, expected.type)
            if value != expected.equals:
                raise WireError(
                    f"register {expected.address} holds {value} instead of {expected.equals}: this is no "
                    f"{found.title}, or its map counts registers from 1 or has the other word order"
                )
        serial, firmware = (self._shown(memory, found.registers.get(name)) for name in _WHO)
        yield from self._acknowledge_power_up()
        return Identified(model=found.title, firmware=firmware or "", serial=serial)

    def _acknowledge_power_up(self) -> Procedure[None]:
        """A pump that latches "the power was interrupted" takes no start; nobody at the bed hears of it, since no drug
        was in it. The next report tells it once, for the bed that had one running.
        """
        report = yield from self._look()
        if report.drive is Drive.STILL and report.alarm is PumpAlarm.RESET and self._map.acknowledge is not None:
            yield from self._talk.switch(self._map.acknowledge, "acknowledge", on=True)
            self._untold = report.alarm

    def observe(self) -> Procedure[Report]:
        return (yield from self._look())

    def prepare(self, remaining: Remaining) -> Procedure[Granted]:
        """Stopped; time-out, volume and rate are written, and read back in one look."""
        found, talk = self._map, self._talk
        rate, volume = self._rate_cut(remaining.rate_ul_per_h), self._volume_cut(remaining.volume_nl)
        if (remaining.lease_s is None) != (found.lease_s is None):
            raise PumpRefused(f"a lease of {remaining.lease_s} s: by its map this pump has one from {found.lease_s}")
        if remaining.lease_s is not None and found.lease_s is not None:
            shortest_s, longest_s = found.lease_s
            if not shortest_s <= remaining.lease_s <= longest_s:
                raise PumpRefused(f"a lease of {remaining.lease_s} s: this pump takes {shortest_s} to {longest_s} s")
        before = yield from self._look()
        if before.drive is not Drive.STILL:
            raise PumpRefused("it does not stand still: stop it and prepare again")
        yield from talk.switch(found.run, "run", on=False, again=1)
        if remaining.lease_s is not None:
            yield from self._write("timeout", Fraction(remaining.lease_s * _MS_PER_S), again=1)
        yield from self._write("volume", Fraction(volume), again=1)
        yield from self._write("rate", Fraction(rate), again=1)
        memory = yield from self._read(self._blocks, again=1)
        report = self._report(memory)
        lease_ms = self._value(memory, "timeout") if found.lease_s is not None else None
        if lease_ms != (None if remaining.lease_s is None else remaining.lease_s * _MS_PER_S):
            raise WireError(f"the time-out reads back as {lease_ms} ms instead of {remaining.lease_s} s: do not start")
        if report.drive is not Drive.STILL or report.infused_nl is None:
            raise WireError("it moves, or has no counter: do not start; stop it and prepare again")
        if not 0 < (report.rate_ul_per_h or 0) <= rate or not 0 < (report.target_nl or 0) <= volume:
            raise WireError(
                f"wrote {rate} µL/h and {volume} nL, it reads back {report.rate_ul_per_h} µL/h and "
                f"{report.target_nl} nL: do not start"
            )
        return Granted(
            rate_ul_per_h=report.rate_ul_per_h or 0,
            volume_nl=report.target_nl or 0,
            lease_s=remaining.lease_s,
            infused_nl=report.infused_nl,
            step_nl=report.step_nl,
        )

    def start(self) -> Procedure[Report]:
        """The run coil goes out once, whatever comes back; then only the look counts."""
        yield from self._talk.switch(self._map.run, "run", on=True)
        report = yield from self._look()
        if report.drive is Drive.OTHER:
            raise WireError("sent run, and the pump moves otherwise than infusing: stop it")
        if report.drive is Drive.STILL and report.alarm is None:
            raise PumpRefused("sent run, and it stands still: look at its display")
        return report

    def change_rate(self, rate_ul_per_h: int) -> Procedure[Report]:
        """A pump that ended in between is reported still, not changed."""
        rate = self._rate_cut(rate_ul_per_h)
        before = yield from self._look()
        if before.drive is not Drive.INFUSING:
            return before
        yield from self._write("rate", Fraction(rate), again=0)
        report = yield from self._look()
        if report.drive is Drive.INFUSING and not 0 < (report.rate_ul_per_h or 0) <= rate:
            raise WireError(f"sent {rate} µL/h, it reads back {report.rate_ul_per_h} µL/h: look, or stop it")
        return report

    def stop(self) -> Procedure[Report]:
        """The first frame out is the stop; then look, and stop again while anything turns."""
        for _ in range(2):
            yield from self._talk.switch(self._map.run, "run", on=False)
            report = yield from self._look()
            if report.drive is Drive.STILL:
                return report
        raise WireError("run was taken back twice and the pump still moves: send it again, or press Stop at the pump")

    def acknowledge(self) -> Procedure[Report]:
        if self._map.acknowledge is not None:
            yield from self._talk.switch(self._map.acknowledge, "acknowledge", on=True)
        return (yield from self._look())

    # --- what is written ----------------------------------------------------------------------------------------

    def _rate_cut(self, rate_ul_per_h: int) -> int:
        least, most = self._map.rate_ul_per_h
        rate = on_grid(max(rate_ul_per_h, 0), self._map.rate_step_ul_per_h, self._map.rate_digits)
        if not least <= rate <= most:
            raise PumpRefused(f"{rate_ul_per_h} µL/h: this pump gives {least} to {most} µL/h; nothing was changed")
        return rate

    def _volume_cut(self, volume_nl: int) -> int:
        step = self._map.registers["volume"].step
        steps = Fraction(max(volume_nl, 0)) / step
        volume = steps.numerator // steps.denominator * step
        if volume < 1:
            raise PumpRefused(f"a volume of {volume_nl} nL: this pump's finest is {divide_up(step)} nL")
        return volume.numerator // volume.denominator

    def _write(self, name: str, value: Fraction, *, again: int) -> Procedure[None]:
        register = self._map.registers[name]
        units = value / register.factor
        if register.type == "f32":
            if units > F32_MAX:
                raise PumpRefused(f"{value} does not fit into the register {name!r}")
            bits = f32_towards_zero(units)
        else:
            bits = units.numerator // units.denominator
            signed = register.type.startswith("i")
            if bits >> (16 * register.words - signed):
                raise PumpRefused(f"{value} does not fit into the register {name!r}")
        text = f"{name} {value}"
        if register.words == 1:
            yield from self._talk.put(register.address, bits, text, again=again)
        else:
            words = parted(bits, high_first=self._map.high_first)
            yield from self._talk.put_many(register.address, words, text, again=again)

    # --- what is read -------------------------------------------------------------------------------------------

    def _read(self, blocks: tuple[tuple[int, int], ...], *, again: int = 0) -> Procedure[dict[int, int]]:
        memory: dict[int, int] = {}
        for address, count in blocks:
            values = yield from self._talk.read(address, count, f"{count} registers", again=again)
            memory |= dict(enumerate(values, start=address))
        return memory

    def _look(self) -> Procedure[Report]:
        return self._report((yield from self._read(self._blocks)))

    def _report(self, memory: dict[int, int]) -> Report:
        infused = self._value(memory, "infused")
        untold, self._untold = self._untold, None
        return Report(
            drive=self._drive(memory),
            rate_ul_per_h=self._value(memory, "rate"),
            infused_nl=infused,
            step_nl=self._step_nl(memory),
            alarm=self._alarm(memory) or untold,
            target_nl=self._value(memory, "volume") or None,
            pressure_pa=self._value(memory, "pressure"),
            battery_percent=self._value(memory, "battery"),
        )

    def _drive(self, memory: dict[int, int]) -> Drive:
        status = memory[self._map.registers["status"].address]
        if any(status >> bit & 1 for bit in self._map.otherwise_bits):
            return Drive.OTHER
        return Drive.INFUSING if status >> self._map.running_bit & 1 else Drive.STILL

    def _alarm(self, memory: dict[int, int]) -> PumpAlarm | None:
        register = self._map.registers.get("alarms")
        if register is None:
            return None
        bits = memory[register.address]
        named = next((alarm for bit, alarm in self._map.alarms if bits >> bit & 1), None)
        return named if named is not None or bits == 0 else PumpAlarm.OTHER

    def _step_nl(self, memory: dict[int, int]) -> int:
        """The counter's step by the map, or the float's own where that has become coarser."""
        register = self._map.registers["infused"]
        step = register.step
        if register.type == "f32":
            step = max(step, f32_step(self._bits(memory, register)) * register.factor)
        return max(1, divide_up(step))

    def _value(self, memory: dict[int, int], name: str) -> int | None:
        """In the units of driver_api; None where the pump has no such register or says no number.

        Rounded up, as what may be flowing; but a single that stands for a whole step means that step.
        """
        register = self._map.registers.get(name)
        if register is None:
            return None
        bits = self._bits(memory, register)
        if register.type != "f32":
            value = Fraction(_signed(bits, register)) * register.factor
            return divide_up(value) if value >= 0 or name == "pressure" else None
        exact = f32_value(bits)
        if exact is None or exact < 0:
            return None
        reach = f32_step(bits) * register.factor / 2
        value = exact * register.factor
        steps = (Fraction(self._map.rate_step_ul_per_h), Fraction(1)) if name == "rate" else (register.step, NL_PER_UL)
        for step in (*steps, Fraction(1)):
            meant = round(value / step) * step
            if abs(meant - value) <= reach:
                return divide_up(Fraction(meant))
        return divide_up(value)

    def _bits(self, memory: dict[int, int], register: Register) -> int:
        return self._plain(memory, register.address, register.type)

    def _plain(self, memory: dict[int, int], address: int, kind: str) -> int:
        if WORDS[kind] == 1:
            return memory[address]
        return joined((memory[address], memory[address + 1]), high_first=self._map.high_first)

    def _shown(self, memory: dict[int, int], register: Register | None) -> str | None:
        if register is None:
            return None
        bits = self._bits(memory, register)
        return f"{bits >> 8}.{bits & 0xFF}" if register.type == "version" else str(bits)


def divide_up(value: Fraction) -> int:
    if value < 0:
        return -divide(-value.numerator, value.denominator, Towards.DOWN)
    return divide(value.numerator, value.denominator, Towards.UP)


def _signed(bits: int, register: Register) -> int:
    width = 16 * register.words
    return bits - (1 << width) if register.type.startswith("i") and bits >> (width - 1) else bits


class GenericModbusDriver:
    """What the entry point names; without a map it only says that it needs one."""

    __slots__ = ("_info", "_link", "_map")

    def __init__(self, found: RegisterMap | None = None, link: Link | None = None) -> None:
        self._map = found
        self._link = link or Link({})
        self._info = UNKNOWN if found is None else info_of(found, self._link)

    @property
    def info(self) -> DriverInfo:
        return self._info

    def configured(self, options: Options) -> Driver:
        """Reads the map: its text stands in the option `map`, the name of its file in `map_file`."""
        check_options("generic_modbus", options, _OPTIONS)
        text = options.get("map")
        if not isinstance(text, str):
            raise ConfigError(
                "generic_modbus needs the pump's register map: write map = 'pumps/bedside-bag-pump.toml' "
                "(or your own file) beside driver, not among its options"
            )
        return GenericModbusDriver(read_map(text, str(options.get("map_file", "map"))), Link(options))

    def framing(self) -> Framing:
        return self._link.framing()

    def pump(self, *, address: int, options: Options) -> PumpProcedures:
        """By the map that the driver was configured with, whatever has become of its file since."""
        check_options("generic_modbus", options, _OPTIONS)
        check_unit(address)
        if self._map is None:
            raise ConfigError("generic_modbus has no register map: it has to be configured with one first")
        return MappedPump(unit=address, link=self._link, found=self._map)


DRIVER: Final[Driver] = GenericModbusDriver()
