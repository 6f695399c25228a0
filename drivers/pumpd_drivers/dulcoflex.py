"""ProMinent DULCO flex Control (DFXa), a peristaltic pump over Modbus RTU: the procedures, and the facts of the model.

Registers are those of the operating instructions' table (section on Modbus RTU); rates are litres an hour, a thousand
times what a bedside gives, so it stands here as a model of a volumetric pump, for training with saline.

Its time-out stops it when nobody asks, and **it goes on by itself when somebody asks again**. The core therefore gives
it no drug and makes a stop the first word after any silence; here too the first frame of `identify`, which
follows every lost connection, takes the run bit back before anything is asked.

What no public page settles is an option, or works either way:
- whether the printed numbers are addresses in the frame or one more: `register_offset`, proved at each connect by the
  byte-order pattern of register 63, whose two words tell the word order as well;
- where the eight bits of register 1200 stand in it: `run_in_high_byte`, low when left out;
- how a batch is started, and what a batch on top of a batch does: no batch is used. The driver remembers where the
  counter has to end, and the look that finds it there stops the pump.

A pump whose run bit is set while an error, a stop or a pause keeps it still goes on when that ends: it is never
told as still.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from pumpd.core.units import Towards, divide
from pumpd.driver_api import (
    ConfigError,
    Detectable,
    Drive,
    Driver,
    DriverInfo,
    Framing,
    Granted,
    Identified,
    IdentityKind,
    Procedure,
    PumpAlarm,
    PumpProcedures,
    PumpRefused,
    Remaining,
    Report,
    SettableLease,
    WireError,
)
from pumpd_drivers.modbus_leg import Leg
from pumpd_drivers.modbus_numbers import f32_step, f32_towards_zero, f32_value, joined, parted
from pumpd_drivers.modbus_talk import SLOWEST_BAUD, Link, Talk, check_unit, reply_limit_ms
from pumpd_drivers.options import Options, check_options

_PRODUCT, _VERSION, _SERIAL, _TIMEOUT_MS, _PATTERN = 1, 3, 4, 61, 63
_STATUS, _ACTUAL, _TOTALS, _RUN, _TARGET, _ACKNOWLEDGE = 1000, 1018, 1034, 1200, 1211, 1236
_SERIAL_WORDS: Final = 10
_PATTERN_BITS: Final = 0xAABBCCDD
_KEY: Final = 0x5555  # what the acknowledge register wants to be sure
_UL_PER_L: Final = 1_000_000
_NL_PER_L: Final = 1_000_000_000
_MS_PER_S: Final = 1_000
_LEASE_MIN_S, _LEASE_MAX_S = 1, 10  # register 61 holds 0 to 10,000 ms; below a second no look could renew it
_COUNTER_STEP_NL: Final = 1_000_000  # 1 mL: within a turn of the rotor, some millilitres, the flow pulses. [assumption]
_ERROR_BIT: Final = 5
_HELD_BITS: Final = (5, 7, 8, 11)  # error, manual stop, stop, pause
_PRIMING_BIT: Final = 9
_TIMED_OUT_BIT: Final = 1  # of the run register
_ALARM_OF: Final = (
    (30, PumpAlarm.STALL),  # motor blocked
    (3, PumpAlarm.EMPTY),  # level
    (24, PumpAlarm.RESET),  # power
)

INFO: Final = DriverInfo(
    name="dulcoflex",
    title="ProMinent DULCO flex Control",
    lease=SettableLease(shortest_s=_LEASE_MIN_S, longest_s=_LEASE_MAX_S, resumes_by_itself=True),
    identity=IdentityKind.SERIAL,
    detects=(Detectable.OCCLUSION_BY_STALL, Detectable.EMPTY),
    rate_digits=4,
    rate_step_ul_per_h=100,  # 0.0001 l/h
    piston_um_per_h_min=0,
    piston_um_per_h_max=0,
    accuracy_ppm=20_000,  # no public page with a figure was found. [assumption]
    motor_step_um_ppm=0,
    changes_rate_while_running=True,
    unsolicited_alarms=False,
    quiet_ms=50,
    preempt_after_ms=200,
    worst_observe_ms=5 * reply_limit_ms(13, SLOWEST_BAUD),
    verified_on_hardware=False,
    stops_at_volume=False,  # the look that finds it given stops it
    takes_syringes=False,
    rate_ul_per_h_min=10_000,  # 0.01 l/h; no public page with its lowest rate was found. [assumption]
)


class DulcoflexPump:
    """The procedures of one pump. `_high_first`: its word order, once the pattern has told it."""

    __slots__ = ("_high_first", "_leg", "_offset", "_shift", "_talk")

    def __init__(self, *, unit: int, link: Link, offset: int, run_in_high_byte: bool) -> None:
        self._talk = Talk(unit=unit, link=link)
        self._offset = offset
        self._shift = 8 if run_in_high_byte else 0
        self._high_first: bool | None = None
        self._leg = Leg()

    def identify(self) -> Procedure[Identified]:
        """The stop first: whoever asks this pump after a silence how it is has started it again."""
        yield from self._run(on=False)
        pattern = yield from self._read(_PATTERN, 2, "byte-order pattern", again=1)
        orders = [high for high in (True, False) if joined(pattern, high_first=high) == _PATTERN_BITS]
        if not orders:
            raise WireError(
                f"register {_PATTERN} holds {pattern[0]:04X} {pattern[1]:04X} instead of AABB CCDD: set "
                "register_offset = -1 (or 0), and check that this is a DULCO flex Control"
            )
        self._high_first = orders[0]
        version = yield from self._read(_VERSION, 1, "version", again=1)
        product = yield from self._read(_PRODUCT, 2, "product", again=1)
        words = yield from self._read(_SERIAL, _SERIAL_WORDS, "serial number", again=1)
        serial = b"".join(word.to_bytes(2, "big") for word in words).rstrip(b"\0 ").decode("latin-1")
        if not serial or not serial.isprintable() or not serial.isascii():
            raise WireError(f"the serial number {serial!r} is no text: check register_offset")
        return Identified(
            model=f"DULCO flex {joined(product, high_first=self._high_first)}",
            firmware=f"{version[0] >> 8}.{version[0] & 0xFF}",
            serial=serial,
        )

    def observe(self) -> Procedure[Report]:
        """A pump that has given what it was prepared for is stopped here: no batch is used."""
        report = yield from self._look()
        if self._leg.is_over(report):
            return (yield from self.stop())
        return report

    def prepare(self, remaining: Remaining) -> Procedure[Granted]:
        if remaining.lease_s is None or not _LEASE_MIN_S <= remaining.lease_s <= _LEASE_MAX_S:
            raise PumpRefused(f"a lease of {remaining.lease_s} s: this pump takes {_LEASE_MIN_S} to {_LEASE_MAX_S} s")
        if remaining.rate_ul_per_h < 1 or remaining.volume_nl < 1:
            raise PumpRefused(f"{remaining} has nothing to give")
        self._leg.forget()
        yield from self._run(on=False, again=1)
        before = yield from self._look()
        if before.drive is not Drive.STILL:
            raise PumpRefused("it does not stand still: stop it and prepare again")
        timeout_ms = remaining.lease_s * _MS_PER_S
        yield from self._talk.put(_TIMEOUT_MS + self._offset, timeout_ms, "time-out in ms", again=1)
        yield from self._set_rate(remaining.rate_ul_per_h, again=1)
        (read_ms,) = yield from self._read(_TIMEOUT_MS, 1, "time-out", again=1)
        if read_ms != timeout_ms:
            raise WireError(f"the time-out reads back as {read_ms} ms instead of {timeout_ms}: do not start")
        speeds = yield from self._read(_ACTUAL, 4, "actual and maximum rate", again=1)
        most = self._number(speeds[2:])
        most_ul_per_h = 0 if most is None or most < 0 else _up(most * _UL_PER_L)
        if most_ul_per_h < remaining.rate_ul_per_h:
            raise PumpRefused(
                f"{remaining.rate_ul_per_h} µL/h: as it is set up this pump gives {most_ul_per_h} at most"
            )
        report = yield from self._look()
        if report.drive is not Drive.STILL or not self._leg.is_counted:
            raise WireError("it moves, or has no counter: do not start")
        if not 0 < (report.rate_ul_per_h or 0) <= remaining.rate_ul_per_h:
            raise WireError(
                f"the rate reads back as {report.rate_ul_per_h} µL/h instead of {remaining.rate_ul_per_h}: do not start"
            )
        self._leg.begin(remaining.volume_nl)
        return Granted(
            rate_ul_per_h=report.rate_ul_per_h or 0,
            volume_nl=remaining.volume_nl,
            lease_s=remaining.lease_s,
            infused_nl=0,
            step_nl=report.step_nl,
        )

    def start(self) -> Procedure[Report]:
        """Run goes out once, whatever comes back; then only the look counts."""
        yield from self._run(on=True)
        report = yield from self._look()
        if report.drive is Drive.OTHER:
            raise WireError("sent run, and something holds it still or it primes: stop it, and look at its display")
        if report.drive is Drive.STILL and report.alarm is None:
            raise PumpRefused("sent run, and it stands still: set it to fieldbus, and look at its display")
        return report

    def change_rate(self, rate_ul_per_h: int) -> Procedure[Report]:
        if rate_ul_per_h < 1:
            raise PumpRefused(f"{rate_ul_per_h} µL/h is no rate: nothing was changed")
        before = yield from self._look()
        if before.drive is not Drive.INFUSING:
            return before
        yield from self._set_rate(rate_ul_per_h)
        report = yield from self._look()
        if report.drive is Drive.INFUSING and not 0 < (report.rate_ul_per_h or 0) <= rate_ul_per_h:
            raise WireError(f"sent {rate_ul_per_h} µL/h, it reads back {report.rate_ul_per_h}: look, or stop it")
        return report

    def stop(self) -> Procedure[Report]:
        """The first frame out is the stop; then look, and stop again while anything turns."""
        for _ in range(2):
            yield from self._run(on=False)
            report = yield from self._look()
            if report.drive is Drive.STILL:
                return report
        raise WireError("run was taken back twice and the pump still turns: send it again, or press Stop at the pump")

    def acknowledge(self) -> Procedure[Report]:
        """The stop first: an error that is taken back lets a pump go on whose run bit stands."""
        yield from self._run(on=False)
        yield from self._talk.put(_ACKNOWLEDGE + self._offset, _KEY, "acknowledge")
        return (yield from self._look())

    # --- parts --------------------------------------------------------------------------------------------------

    def _run(self, *, on: bool, again: int = 0) -> Procedure[None]:
        text = "run" if on else "stop"
        yield from self._talk.put(_RUN + self._offset, int(on) << self._shift, text, again=again)

    def _read(self, address: int, count: int, text: str, *, again: int = 0) -> Procedure[tuple[int, ...]]:
        return (yield from self._talk.read(address + self._offset, count, text, again=again))

    def _set_rate(self, rate_ul_per_h: int, *, again: int = 0) -> Procedure[None]:
        """Litres an hour, as the next single towards zero."""
        bits = f32_towards_zero(Fraction(rate_ul_per_h, _UL_PER_L))
        words = parted(bits, high_first=self._order())
        yield from self._talk.put_many(_TARGET + self._offset, words, f"rate {rate_ul_per_h} µL/h", again=again)

    def _look(self) -> Procedure[Report]:
        """What it does before what it has given; no two questions in a row have answers of the same form."""
        (run,) = yield from self._read(_RUN, 1, "run")
        target = yield from self._read(_TARGET, 2, "target rate")
        status = yield from self._read(_STATUS, 4, "status and errors")
        actual = yield from self._read(_ACTUAL, 2, "actual rate")
        totals = yield from self._read(_TOTALS, 4, "quantities")
        bits, errors = self._joined(status[:2]), self._joined(status[2:])
        rate, volume = self._number(target), self._number(totals[2:])
        finest = f32_step(self._joined(totals[2:])) * _NL_PER_L
        return Report(
            drive=_drive(run >> self._shift, bits, self._number(actual)),
            rate_ul_per_h=None if rate is None or rate < 0 else _up(rate * _UL_PER_L),
            infused_nl=self._leg.since(None if volume is None or volume < 0 else _up(volume * _NL_PER_L)),
            step_nl=_COUNTER_STEP_NL if volume is None else max(_COUNTER_STEP_NL, _up(finest)),
            alarm=_alarm(run >> self._shift, bits, errors),
        )

    def _order(self) -> bool:
        """High word first until the pattern has told: a stop needs none, and nothing starts before identify."""
        return self._high_first is not False

    def _joined(self, words: tuple[int, ...]) -> int:
        return joined(words, high_first=self._order())

    def _number(self, words: tuple[int, ...]) -> Fraction | None:
        return f32_value(self._joined(words))


def _drive(run: int, status: int, actual: Fraction | None) -> Drive:
    if status >> _PRIMING_BIT & 1:
        return Drive.OTHER
    held = any(status >> bit & 1 for bit in _HELD_BITS)
    if run & 1:
        return Drive.OTHER if held else Drive.INFUSING
    return Drive.STILL if actual == 0 else Drive.OTHER


def _alarm(run: int, status: int, errors: int) -> PumpAlarm | None:
    for bit, alarm in _ALARM_OF:
        if errors >> bit & 1:
            return alarm
    if run >> _TIMED_OUT_BIT & 1:
        return PumpAlarm.LEASE_EXPIRED
    return PumpAlarm.OTHER if errors or status >> _ERROR_BIT & 1 else None


def _up(value: Fraction) -> int:
    return divide(value.numerator, value.denominator, Towards.UP)


class DulcoflexDriver:
    """What the entry point names."""

    __slots__ = ("_link",)

    def __init__(self, link: Link | None = None) -> None:
        self._link = link or Link({})

    @property
    def info(self) -> DriverInfo:
        return INFO

    def configured(self, options: Options) -> Driver:
        return DulcoflexDriver(Link(options))

    def framing(self) -> Framing:
        return self._link.framing()

    def pump(self, *, address: int, options: Options) -> PumpProcedures:
        """Options: `register_offset` (0 or -1), `run_in_high_byte`, and those of the bus: `framing`, `baud`."""
        check_options("dulcoflex", options, ("register_offset", "run_in_high_byte", *Link.names))
        check_unit(address)
        offset, high = options.get("register_offset", 0), options.get("run_in_high_byte", False)
        if isinstance(offset, bool) or offset not in (0, -1):
            raise ConfigError(f"register_offset = {offset!r}: write 0, or -1 where printed numbers count from 1")
        if not isinstance(high, bool):
            raise ConfigError(f"run_in_high_byte = {high!r}: write true or false")
        return DulcoflexPump(unit=address, link=Link(options), offset=int(offset), run_in_high_byte=high)


DRIVER: Final[Driver] = DulcoflexDriver()
