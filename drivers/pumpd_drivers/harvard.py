"""Procedures of the Harvard / KD Scientific pumps with the "Ultra" command set (PHD ULTRA, 11 Elite, KDS Legato).

**No watchdog.** These pumps go on when the daemon dies, up to the target volume; so no high-alert drug runs on them,
and a target volume is written and read back before every start (user's guide 5419-002, pages 83 and 88; clients of
the family).

**Is it still?** There is no checksum, and `:` (idle) differs from `>` (infusing) by one bit. So no report says still
on one reply: the pump is asked twice, both prompts have to say idle, stalled or at the target, both flag fields must
not show a running motor (newer firmware writes the direction as a capital while it runs; the guide's form never does,
and both are read), and both volumes, which are told to the femtolitre, must be equal. If the replies contradict each
other the look fails, and the bed treats the pump as one that said nothing.

What no public page settles works either way here: the time field of `status` (seconds or milliseconds) is not used;
whether `irate` is taken while the pump runs shows in its answer, and the rate counts as changed only when `status`
tells it; whether an empty `version` label stands before the serial number; whether lines carry an address
(harvard_talk.py). What sets a pump back after a stall is not known: `acknowledge` only looks, and a stall that stays
is told again.

The force limit, on which a stall depends, is set at the pump for the syringe in it: nothing here writes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pumpd.core.units import NL_PER_ML, NL_PER_UL
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
    NoLease,
    NoReply,
    Procedure,
    PumpAlarm,
    PumpProcedures,
    PumpRefused,
    Remaining,
    Report,
    WireError,
)
from pumpd_drivers.harvard_frames import POLL, HarvardFraming
from pumpd_drivers.harvard_talk import BAUDS, Answer, Talk, quantity, reply_limit_ms
from pumpd_drivers.options import Options, check_options

_OPTIONS: Final = ("baud",)
_FL_PER_NL: Final = 1_000_000
_S_PER_H: Final = 3_600
_FL_PER_UL: Final = 1_000_000_000
_UL_PER_ML: Final = 1_000
# The counter is told to the femtolitre; a motor that stops at its target may stop a little before it. [assumption]
_COUNTER_STEP_NL: Final = 1_000
_DECIMALS: Final = 10_000  # four digits behind the point, as the pumps print a diameter
_SERIAL: Final = re.compile(r"(?:serial[^:]*:)?\s*(\S.{0,39})", re.ASCII | re.IGNORECASE)
_FIRMWARE: Final = re.compile(r"(?:firmware[^:]*:)?\s*(\S.{0,39})", re.ASCII | re.IGNORECASE)

_STATUS_FIELDS: Final = re.compile(r"([0-9]+) [0-9]+ ([0-9]+) ([^ ]+)", re.ASCII)

INFO: Final = DriverInfo(
    name="harvard",
    title="Harvard / KDS Ultra",
    lease=NoLease(),
    identity=IdentityKind.SERIAL,
    detects=(Detectable.OCCLUSION_BY_STALL, Detectable.EMPTY),  # empty: the limit switch at the end of the travel
    rate_digits=6,
    rate_step_ul_per_h=1,
    # Speeds differ from model to model: the pump itself refuses a rate ("Out of range") when it is programmed.
    piston_um_per_h_min=0,
    piston_um_per_h_max=0,
    accuracy_ppm=10_000,  # [assumption: twice what the family's data sheets say]
    motor_step_um_ppm=1_000_000,  # 1 µm [assumption: coarser than any microstep of the family]
    changes_rate_while_running=True,  # where a model does not, its refusal is told and nothing has changed
    unsolicited_alarms=False,
    quiet_ms=50,
    preempt_after_ms=200,
    worst_observe_ms=3 * reply_limit_ms(min(BAUDS)),  # status twice, irate
    verified_on_hardware=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Status:
    """One `status` reply with the prompt behind it."""

    rate_fl_per_s: int | None
    volume_fl: int
    flags: str
    prompt: str

    @property
    def drive(self) -> Drive | None:
        """None: prompt and flags contradict each other."""
        runs = self.flags[0].isupper()
        if self.prompt == ">":
            return Drive.INFUSING if self.flags[0] in "iI" else None
        if self.prompt == "<":
            return Drive.OTHER
        return None if runs else Drive.STILL

    @property
    def alarm(self) -> PumpAlarm | None:
        if self.prompt == "*" or self.flags[2] in "sS":
            return PumpAlarm.STALL
        if self.prompt == ">*" or self.flags[1] == "I":
            return PumpAlarm.EMPTY
        return PumpAlarm.OTHER if self.prompt == "<*" or self.flags[1] == "W" else None


class HarvardPump:
    """The procedures of one pump."""

    __slots__ = ("_talk",)

    def __init__(self, *, address: int, baud: int) -> None:
        self._talk = Talk(address=address, baud=baud)

    def identify(self) -> Procedure[Identified]:
        """Polling on first: without XON no later reply has an end."""
        talk = self._talk
        yield from talk.exchange("poll on", POLL)
        version = yield from talk.ask("version", "text")
        if len(version.lines) != 3:
            version.differs("three lines: firmware, address and serial number")
        talk.learn(version.raw[0])
        firmware, _, serial = (talk.without_address(line) for line in version.raw)
        named, numbered = _FIRMWARE.fullmatch(firmware), _SERIAL.fullmatch(serial)
        if named is None or numbered is None:
            version.differs("a firmware and a serial number")
        model = yield from talk.ask("ver", "text")
        return Identified(model=model.text, firmware=named[1], serial=numbered[1])

    def observe(self) -> Procedure[Report]:
        return (yield from self._look())

    def prepare(self, remaining: Remaining) -> Procedure[Granted]:
        """Infuse only, diameter, rate and target; each read back. Never starts."""
        rate, volume, diameter = _programmable(remaining)
        talk = self._talk
        if not talk.trusts_numbers():
            raise PumpRefused("nothing was sent: the pump has not been identified yet, and its numbers cannot be read")
        before = yield from self._look()
        if before.drive is not Drive.STILL:
            raise PumpRefused("the pump moves: stop it and prepare again")
        if before.alarm is not None:
            raise PumpRefused(f"the pump reports {before.alarm.value}: clear it at the pump and prepare again")
        yield from talk.put("load qs i")  # quick start, infuse only: another method might withdraw afterwards
        yield from talk.put(f"diameter {diameter}")
        yield from talk.put(f"irate {rate} ml/hr")
        yield from talk.put("civolume")
        yield from talk.put("ctvolume")
        yield from talk.put(f"tvolume {volume} ml")
        read_diameter = yield from self._number("diameter", "diameter")
        if read_diameter != remaining.syringe_diameter_um:
            raise WireError(f"the pump reads back a diameter of {read_diameter} µm, not {diameter} mm: do not start")
        read_rate = yield from self._number("irate", "rate")
        target = yield from self._number("tvolume", "target")
        granted = Granted(
            rate_ul_per_h=int(read_rate / NL_PER_UL),
            volume_nl=int(target),
            lease_s=None,
            infused_nl=0,
            step_nl=_COUNTER_STEP_NL,
        )
        if read_rate > remaining.rate_ul_per_h * NL_PER_UL or not 0 < target <= remaining.volume_nl:
            raise WireError(f"the pump read back {granted}, which does not lie within {remaining}: do not start")
        if _far_below(read_rate, remaining.rate_ul_per_h * NL_PER_UL) or _far_below(target, remaining.volume_nl):
            raise WireError(f"the pump read back {granted}, far below {remaining}: do not start")
        after = yield from self._look()
        if after.drive is not Drive.STILL or after.infused_nl != 0:
            raise WireError("the pump moves, or its infused volume was not cleared: do not start")
        return granted

    def start(self) -> Procedure[Report]:
        """`irun` goes out once. A pump without a target volume is never started: it would go on for ever."""
        yield from self._number("tvolume", "target")
        answer = yield from self._talk.exchange("irun", changes=True)
        if answer.error:
            answer.refuse()
        report = yield from self._look()
        if report.drive is Drive.OTHER:
            raise WireError("sent 'irun', and the pump moves otherwise than infusing: stop it")
        return report

    def change_rate(self, rate_ul_per_h: int) -> Procedure[Report]:
        """Done only when `status` tells the new rate."""
        before = yield from self._look()
        if before.drive is not Drive.INFUSING:
            return before
        rate = _plain(Fraction(rate_ul_per_h, _UL_PER_ML))
        answer = yield from self._talk.exchange(f"irate {rate} ml/hr", changes=True)
        report = yield from self._look()
        if report.drive is not Drive.INFUSING:
            return report
        if answer.error:
            answer.refuse()
        if report.rate_ul_per_h != rate_ul_per_h:
            raise WireError(f"sent 'irate {rate}', the pump tells {report.rate_ul_per_h} µL/h: look, or stop it")
        return report

    def stop(self) -> Procedure[Report]:
        """The first byte out is the stop. Silence may mean that polling is off: it is put on, and the look decides."""
        talk = self._talk
        for _ in range(2):
            try:
                yield from talk.exchange("stop", POLL, changes=True)
            except NoReply:
                yield from talk.exchange("poll on", POLL)
            report = yield from self._look()
            if report.drive is Drive.STILL:
                return report
        raise WireError("sent 'stop' twice and the pump still moves: send it again, or press Stop at the pump")

    def acknowledge(self) -> Procedure[Report]:
        """No command is known that clears a stall: look again."""
        return (yield from self._look())

    def _look(self) -> Procedure[Report]:
        first = yield from self._status()
        drive = first.drive
        if drive is Drive.STILL:
            second = yield from self._status()
            if second.drive is not Drive.STILL or second.volume_fl != first.volume_fl:
                drive = second.drive if second.drive in (Drive.INFUSING, Drive.OTHER) else None
            first = second
        if drive is None:
            raise WireError(
                f"the pump shows {first.prompt!r} and tells {first.flags!r}, {first.volume_fl} fL: this contradicts "
                "itself or what it told a moment ago; look again, and at the pump"
            )
        if drive is Drive.INFUSING and first.rate_fl_per_s is not None:
            rate: int | None = _nearest(first.rate_fl_per_s * _S_PER_H, _FL_PER_UL)
        else:
            rate = yield from self._set_rate()
        forward = first.flags[0] in "iI"  # the volume is that of the present direction
        return Report(
            drive=drive,
            rate_ul_per_h=rate,
            infused_nl=first.volume_fl // _FL_PER_NL if forward else None,
            step_nl=_COUNTER_STEP_NL,
            alarm=first.alarm,
        )

    def _status(self) -> Procedure[_Status]:
        answer = yield from self._talk.ask("status", "status")
        fields = _STATUS_FIELDS.fullmatch(answer.text)
        if fields is None:
            answer.differs("rate, time, volume and flags")  # noise that looks like an address stands before them
        rate, volume, flags = fields.groups()
        return _Status(
            rate_fl_per_s=int(rate) if self._talk.trusts_numbers() else None,
            volume_fl=int(volume),
            flags=flags,
            prompt=answer.prompt,
        )

    def _set_rate(self) -> Procedure[int | None]:
        answer = yield from self._talk.ask("irate", "rate")
        number = quantity(answer.text)
        return int(number / NL_PER_UL) if number is not None and self._talk.trusts_numbers() else None

    def _number(self, command: str, expects: str) -> Procedure[Fraction]:
        answer: Answer = yield from self._talk.ask(command, expects)
        number = quantity(answer.text)
        if number is None:
            answer.differs("a number with its unit")
        return number


def _far_below(read: Fraction, asked: int) -> bool:
    """Lower by more than the pump's own rounding: another setting."""
    return read * 1_000 < asked * 999


def _nearest(value: int, unit: int) -> int:
    return (value + unit // 2) // unit


def _plain(value: Fraction) -> str:
    """At most four digits behind the point, rounded down, without trailing zeros."""
    whole, rest = divmod(int(value * _DECIMALS), _DECIMALS)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


def _programmable(remaining: Remaining) -> tuple[str, str, str]:
    """Rate in mL/h, volume in mL, diameter in mm; or why this pump cannot carry it."""
    diameter_um = remaining.syringe_diameter_um
    if diameter_um is None:
        raise PumpRefused("no syringe diameter: this pump computes its speed from it")
    if remaining.rate_ul_per_h <= 0:
        raise PumpRefused(f"a rate of {remaining.rate_ul_per_h} µL/h: this pump needs one above zero")
    volume = _plain(Fraction(remaining.volume_nl, NL_PER_ML))
    if volume == "0":
        raise PumpRefused(f"a volume of {remaining.volume_nl} nL: below 100 nL it would mean no target at all")
    return _plain(Fraction(remaining.rate_ul_per_h, _UL_PER_ML)), volume, _plain(Fraction(diameter_um, 1_000))


class HarvardDriver:
    """What the entry point names."""

    __slots__ = ()

    @property
    def info(self) -> DriverInfo:
        return INFO

    def framing(self) -> Framing:
        return HarvardFraming()

    def pump(self, *, address: int, options: Options) -> PumpProcedures:
        """Options: `baud`, which only sets how long a reply may take."""
        check_options("harvard", options, _OPTIONS)
        if not 0 <= address <= 99:
            raise ConfigError(f"address {address}: a Harvard pump has an address from 0 to 99")
        baud = options.get("baud", max(BAUDS))
        if isinstance(baud, bool) or baud not in BAUDS:
            raise ConfigError(f"baud = {baud!r}: write one of {', '.join(map(str, BAUDS))}, as set at the pump")
        return HarvardPump(address=address, baud=int(baud))


DRIVER: Final[Driver] = HarvardDriver()
