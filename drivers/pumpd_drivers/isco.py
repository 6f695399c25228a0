"""Teledyne ISCO D-series and SyriXus syringe pumps over Modbus TCP or RTU: the procedures, and the facts of the model.

Registers and coils are those of the EPICS support for these pumps (epics-modules/SyringePump, 94b2851), where they
were used on real ones; recorded traffic of 2021-02-28 shows the framing and the flow limits. All numbers are IEEE 754
singles, the high word first.

What the pump lacks decides what may run on it. No page says that it stops when the host falls silent, so it has **no
lease** and no high-alert drug runs on it. It has no target volume either: the driver remembers where the counter has to
end, and the look that finds it there stops the pump. It tells no serial number.

What no public page settles is not assumed here:
- what number stands for which pump type: it is told as it was read, and compared with what it was before;
- which counter the coils 82 and 83 reset: none is reset, the counter at the prepare is where the leg begins;
- whether it has to be in remote mode (coil 47): it is asked to be, and only a run that does not run is a refusal;
- whether the run coil falls back when the cylinder is empty: the alarm is reported beside it.

The unit of flow is a setting that anybody may change at the keypad. Prepare sets µL/h, in which every whole rate fits;
every look reads the unit again, and a pump that shows two of them or none says nothing about its rate.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from pumpd.core.units import NL_PER_ML, Towards, divide
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
    Procedure,
    PumpAlarm,
    PumpProcedures,
    PumpRefused,
    Remaining,
    Report,
    WireError,
)
from pumpd_drivers.modbus_leg import Leg
from pumpd_drivers.modbus_numbers import f32_step, f32_towards_zero, f32_value, joined, parted
from pumpd_drivers.modbus_talk import SLOWEST_BAUD, Link, Talk, check_unit, reply_limit_ms
from pumpd_drivers.options import Options, check_options

_PUMPS: Final = "ABCD"
_RUN, _REFILL, _CONSTANT_PRESSURE, _CONSTANT_FLOW = 0, 5, 9, 13  # each + the pump's place
_HOLD: Final = 39
_REMOTE: Final = 47
_FLOW_UNITS: Final = {88: Fraction(60_000), 89: Fraction(1_000), 90: Fraction(60), 91: Fraction(1)}  # in µL/h
_UL_PER_H: Final = 91
_COILS: Final = 109  # what one question asks for, as the recorded host did
_ALARMS: Final = 109
_ALARM_COILS: Final = 29  # to the valve error
_POOR_FILL, _VALVE_ERROR = 133, 137
_FLOW_SET, _PRESENT, _DISPENSED, _TYPE, _SOFTWARE = 12, 72, 148, 232, 240
# By urgency. "Full" is where every refill ends, and no alarm. Poor fill and the valve are the refill's, told as OTHER.
_ALARM_OF: Final = (
    (5, PumpAlarm.STALL),
    (3, PumpAlarm.OCCLUSION),
    (1, PumpAlarm.EMPTY),
    (0, PumpAlarm.OTHER),
    (4, PumpAlarm.OTHER),
)
_COUNTER_STEP_NL: Final = 10_000  # a hundredth of a millilitre: how finely the volume is kept is not told [?]

INFO: Final = DriverInfo(
    name="isco",
    title="Teledyne ISCO syringe pump",
    lease=NoLease(),
    identity=IdentityKind.MODEL,
    detects=(Detectable.OCCLUSION_BY_PRESSURE, Detectable.EMPTY),
    rate_digits=7,  # a single has 24 binary digits
    rate_step_ul_per_h=1,
    piston_um_per_h_min=0,
    piston_um_per_h_max=0,
    accuracy_ppm=10_000,  # 1 % of the volume; no public page with a figure was found. [assumption]
    motor_step_um_ppm=0,
    changes_rate_while_running=True,
    unsolicited_alarms=False,
    quiet_ms=50,
    preempt_after_ms=200,
    worst_observe_ms=4 * reply_limit_ms(33, SLOWEST_BAUD),
    verified_on_hardware=False,
    stops_at_volume=False,
    rate_ul_per_h_min=60,  # 0.001 mL/min: minimum flow in the recorded traffic
    rate_ul_per_h_max=1_800_000,  # 30 mL/min: maximum flow there
)


class IscoPump:
    """The procedures of one pump of a controller, which may have up to four."""

    __slots__ = ("_leg", "_place", "_talk")

    def __init__(self, *, unit: int, place: int, link: Link) -> None:
        self._talk = Talk(unit=unit, link=link)
        self._place = place
        self._leg = Leg()

    def identify(self) -> Procedure[Identified]:
        # All four types and then two registers: a late answer to one question has not the form of the other.
        kinds = yield from self._talk.read(_TYPE, 8, "pump types", again=1)
        software = yield from self._talk.read(_SOFTWARE, 2, "software", again=1)
        kind, version = _number(kinds[2 * self._place :]), _number(software)
        if kind is None or version is None:
            raise WireError("pump type or software version is no number: check that this is an ISCO controller")
        letter = _PUMPS[self._place]
        return Identified(model=f"ISCO type {_shown(kind)}, pump {letter}", firmware=_shown(version), serial=None)

    def observe(self) -> Procedure[Report]:
        """A pump that has given what it was prepared for is stopped here: it has no target of its own."""
        report = yield from self._look()
        if self._leg.is_over(report):
            return (yield from self.stop())
        return report

    def prepare(self, remaining: Remaining) -> Procedure[Granted]:
        """At rest, at constant flow in µL/h. The counter stays: from here on reports count from where it stands."""
        if remaining.lease_s is not None:
            raise PumpRefused(f"a lease of {remaining.lease_s} s: this pump has none")
        if remaining.rate_ul_per_h < 1 or remaining.volume_nl < 1:
            raise PumpRefused(f"{remaining} has nothing to give")
        talk, place = self._talk, self._place
        self._leg.forget()
        before = yield from self._look()
        if before.drive is not Drive.STILL:
            raise PumpRefused("it does not stand still: stop it and prepare again")
        try:  # noqa: SIM105 (contextlib is not among what a driver may import)
            yield from talk.switch(_REMOTE, "remote", on=True, again=1)
        except PumpRefused:
            pass  # a model without the coil; whether it obeys shows at the start
        yield from talk.switch(_CONSTANT_FLOW + place, "constant flow", on=True, again=1)
        yield from talk.switch(_UL_PER_H, "flow in µL/h", on=True, again=1)
        bits = f32_towards_zero(Fraction(remaining.rate_ul_per_h))
        yield from talk.put_many(
            _FLOW_SET + 2 * place, parted(bits, high_first=True), f"flow {remaining.rate_ul_per_h} µL/h", again=1
        )
        coils = yield from talk.bits(0, _COILS, "coils", again=1)
        if not coils[_CONSTANT_FLOW + place] or coils[_CONSTANT_PRESSURE + place] or _flow_unit(coils) != 1:
            raise WireError("it did not take constant flow in µL/h: do not start; set it at the controller")
        present = yield from talk.read(_PRESENT + 6 * place, 6, "pressure, flow and volume remaining", again=1)
        held = _number(present[4:])
        if held is None or held * NL_PER_ML < remaining.volume_nl:
            raise PumpRefused(f"the cylinder does not hold {remaining.volume_nl} nL: refill it, and prepare again")
        report = yield from self._look()
        if report.drive is not Drive.STILL or report.rate_ul_per_h is None or not self._leg.is_counted:
            raise WireError("it moves, or reads back no flow or no counter: do not start")
        if report.rate_ul_per_h > remaining.rate_ul_per_h:
            raise WireError(
                f"the flow reads back as {report.rate_ul_per_h} µL/h, above {remaining.rate_ul_per_h}: do not start"
            )
        self._leg.begin(remaining.volume_nl)
        return Granted(
            rate_ul_per_h=report.rate_ul_per_h,
            volume_nl=remaining.volume_nl,
            lease_s=None,
            infused_nl=0,
            step_nl=report.step_nl,
        )

    def start(self) -> Procedure[Report]:
        """The run coil goes out once, whatever comes back; then only the look counts."""
        yield from self._talk.switch(_RUN + self._place, "run", on=True)
        report = yield from self._look()
        if report.drive is Drive.OTHER:
            raise WireError("sent run, and the pump refills or holds: stop it")
        if report.drive is Drive.STILL and report.alarm is None:
            raise PumpRefused("sent run, and it stands still: set it to remote operation, and look at its display")
        return report

    def change_rate(self, rate_ul_per_h: int) -> Procedure[Report]:
        """In the unit in force, rounded down."""
        coils = yield from self._talk.bits(0, _COILS, "coils")
        unit = _flow_unit(coils)
        if not coils[_RUN + self._place]:
            return (yield from self._look())
        if unit is None or rate_ul_per_h < 1:
            raise PumpRefused(f"{rate_ul_per_h} µL/h, and no single unit of flow in force: nothing was changed")
        bits = f32_towards_zero(Fraction(rate_ul_per_h) / unit)
        yield from self._talk.put_many(
            _FLOW_SET + 2 * self._place, parted(bits, high_first=True), f"flow {rate_ul_per_h} µL/h"
        )
        report = yield from self._look()
        if report.drive is Drive.INFUSING and (report.rate_ul_per_h or rate_ul_per_h + 1) > rate_ul_per_h:
            raise WireError(
                f"sent a flow of {rate_ul_per_h} µL/h, it reads back {report.rate_ul_per_h}: look, or stop it"
            )
        return report

    def stop(self) -> Procedure[Report]:
        """The first frame out is the stop; then look, and stop again while anything runs."""
        for _ in range(2):
            yield from self._talk.switch(_RUN + self._place, "run", on=False)
            report = yield from self._look()
            if report.drive is Drive.STILL:
                return report
        raise WireError("run was taken back twice and the pump still moves: send it again, or press STOP at it")

    def acknowledge(self) -> Procedure[Report]:
        """Its alarms go with their causes; there is nothing to take back."""
        return (yield from self._look())

    def _look(self) -> Procedure[Report]:
        """What it does is read before what it has given: one that ends in between is never still with an old counter.

        No two questions in a row have answers of the same form.
        """
        place, talk = self._place, self._talk
        coils = yield from talk.bits(0, _COILS, "coils")
        flows = yield from talk.read(_FLOW_SET, 8, "flow set points")
        alarms = yield from talk.bits(_ALARMS, _ALARM_COILS, "alarms")
        counted = yield from talk.read(_DISPENSED + 2 * place, 2, "volume dispensed")
        unit, flow, volume = _flow_unit(coils), _number(flows[2 * place : 2 * place + 2]), _number(counted)
        rate = None if unit is None or flow is None or flow < 0 else flow * unit
        finest = f32_step(joined(counted, high_first=True)) * NL_PER_ML
        return Report(
            drive=_drive(coils, place),
            rate_ul_per_h=None if rate is None else _whole(rate, Towards.UP),
            infused_nl=self._leg.since(
                None if volume is None or volume < 0 else _whole(volume * NL_PER_ML, Towards.UP)
            ),
            step_nl=max(_COUNTER_STEP_NL, _whole(finest, Towards.UP)) if volume is not None else _COUNTER_STEP_NL,
            alarm=_alarm(alarms, place),
        )


def _drive(coils: tuple[bool, ...], place: int) -> Drive:
    """One that refills, holds or keeps a pressure goes on by itself: never to be taken for standing still."""
    if coils[_REFILL + place] or coils[_HOLD + place]:
        return Drive.OTHER
    if not coils[_RUN + place]:
        return Drive.STILL
    return Drive.INFUSING if coils[_CONSTANT_FLOW + place] and not coils[_CONSTANT_PRESSURE + place] else Drive.OTHER


def _alarm(alarms: tuple[bool, ...], place: int) -> PumpAlarm | None:
    for offset, alarm in _ALARM_OF:
        if alarms[6 * place + offset]:
            return alarm
    if alarms[_POOR_FILL - _ALARMS + place] or alarms[_VALVE_ERROR - _ALARMS]:
        return PumpAlarm.OTHER
    return None


def _flow_unit(coils: tuple[bool, ...]) -> Fraction | None:
    """In µL/h; None unless exactly one is in force."""
    units = [unit for coil, unit in _FLOW_UNITS.items() if coils[coil]]
    return units[0] if len(units) == 1 else None


def _number(registers: tuple[int, ...]) -> Fraction | None:
    return f32_value(joined(registers[:2], high_first=True))


def _whole(value: Fraction, towards: Towards) -> int:
    return divide(value.numerator, value.denominator, towards)


def _shown(value: Fraction) -> str:
    """To a thousandth, for people and for comparing."""
    whole, rest = divmod(_whole(abs(value) * 1_000, Towards.DOWN), 1_000)
    digits = f"{whole}.{rest:03d}".rstrip("0").rstrip(".")
    return f"-{digits}" if value < 0 else digits


class IscoDriver:
    """What the entry point names."""

    __slots__ = ("_link",)

    def __init__(self, link: Link | None = None) -> None:
        self._link = link or Link({})

    @property
    def info(self) -> DriverInfo:
        return INFO

    def configured(self, options: Options) -> Driver:
        return IscoDriver(Link(options))

    def framing(self) -> Framing:
        return self._link.framing()

    def pump(self, *, address: int, options: Options) -> PumpProcedures:
        """Options: `pump` ("A" to "D", A when left out), and those of the bus: `framing`, `baud`."""
        check_options("isco", options, ("pump", *Link.names))
        check_unit(address)
        letter = options.get("pump", "A")
        if not isinstance(letter, str) or len(letter) != 1 or letter not in _PUMPS:
            raise ConfigError(f"pump = {letter!r}: write 'A', 'B', 'C' or 'D', the pump's letter at its controller")
        return IscoPump(unit=address, place=_PUMPS.index(letter), link=Link(options))


DRIVER: Final[Driver] = IscoDriver()
