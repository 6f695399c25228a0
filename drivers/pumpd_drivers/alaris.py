"""Alaris / Asena GH and CC syringe pumps over their remote control protocol: procedures, and the facts of the model.

No manufacturer's page with the protocol is public. Facts are from the OpenICE project's client and the lines that it
quotes from a real pump (mdpnp/mdpnp 1ae7f72), and from the Alaris CC user manual (1000DF00329, page 32): an infusion
that was started over the serial line stops with an alarm when the line was quiet for 15 s. Any frame ends that quiet.

What no public page settles, and what is done instead of assuming it:
- whether it drives: alaris_drive.py; while nothing shows it, there is no report ("cannot tell"), and an alarm is told
  alone;
- a refusal has no known form, so silence may be one: a setting of a pump at rest is sent once more, then it is
  refused;
- a command may need the control to be taken first, and control may lapse: it is taken before each setting and start.
  A stop goes out before anything else; only if nothing acknowledges it is control taken, and the stop sent again;
- whether `INF` shows the rate that is set while the pump stands, or none: the acknowledgement of the rate tells it (a
  copy of our own frame is taken off by the bus), and once it drives `INF` has to show the granted one;
- whether `INF_VTBI` counts down: it is read back before the start, and never while running;
- whether pumps with software above 2.3.6 take control at all (a user's report says no): a pump that does not is
  refused.

A report takes one exchange, since a reply may take 4 s and three rounds have to fit into 15 s; with an alarm it takes
two. Notices that do not stop a pump (mains lost, near the end, call back) are not alarms of the report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from pumpd.core.units import NL_PER_ML, NL_PER_UL
from pumpd.driver_api import (
    ConfigError,
    Detectable,
    Drive,
    Driver,
    DriverInfo,
    FixedLease,
    Framing,
    Granted,
    Identified,
    IdentityKind,
    NoReply,
    Procedure,
    PumpAlarm,
    PumpAlarmed,
    PumpProcedures,
    PumpRefused,
    Remaining,
    Reply,
    Report,
    WireError,
    WireRequest,
)
from pumpd_drivers.alaris_drive import Evidence, Reading
from pumpd_drivers.alaris_frames import FORMS, AlarisFraming, crc, frame
from pumpd_drivers.alaris_numbers import left_s, number, thousandths

_LEASE_S: Final = 15
_CLIENT_WAITS_MS: Final = 500  # for an answer, in OpenICE: enough for a pump that is not at its slowest
_REPLY_LIMIT_MS: Final = 4_100  # COMMS_RESPONSE_MAX says 4,000; the rest is the wire and a USB adapter
_LOOKS_MAX: Final = 40  # of one command, until something is shown: some 30 ms each, where a pump answers at once
_UL_PER_CENT: Final = 10  # a rate has two decimals of mL/h
_UL_PER_ML: Final = 1_000
_PA_PER_1000_MMHG: Final = 133_322

# By the names that the frames carry; what each does to the delivery is not told anywhere, but for COMTO (stops) and the
# three VTBI names. None: a notice, or the end that was programmed.
_ALARMS: Final = {
    "AL_OCCLU": PumpAlarm.OCCLUSION,
    "AL_COMTO": PumpAlarm.LEASE_EXPIRED,
    "AL_EOIST": PumpAlarm.EMPTY,
    "AL_EOIKV": PumpAlarm.EMPTY,
    "AL_EMBAT": PumpAlarm.BATTERY_EMPTY,
    "AL_LWBAT": PumpAlarm.BATTERY_LOW,
    "AL_LBTAC": PumpAlarm.BATTERY_LOW,
    "AL_NOALM": None,
    "AL_VTBIS": None,
    "AL_ACDIS": None,
    "AL_NEOIN": None,
    "AL_CALLB": None,
}
_STOPPED_BY_NAME: Final = ("AL_COMTO", "AL_VTBIS")

INFO: Final = DriverInfo(
    name="alaris",
    title="Alaris / Asena GH, CC",
    lease=FixedLease(length_s=_LEASE_S),
    identity=IdentityKind.SERIAL,
    detects=(
        Detectable.OCCLUSION_BY_PRESSURE,
        Detectable.EMPTY,
        Detectable.SYRINGE_SIZE,
        Detectable.BATTERY,
    ),
    rate_digits=6,
    rate_step_ul_per_h=_UL_PER_CENT,
    piston_um_per_h_min=0,  # it takes mL/h whatever the syringe, and tells the syringe's own highest rate
    piston_um_per_h_max=0,
    rate_ul_per_h_min=100,
    rate_ul_per_h_max=1_200_000,
    accuracy_ppm=20_000,  # 2 % of the volume [assumption: no public page with the figure was found]
    motor_step_um_ppm=1_000_000,  # 1 µm [assumption]
    changes_rate_while_running=True,
    unsolicited_alarms=False,
    quiet_ms=100,  # answers name their question, so a late one is told apart; this lets the rest of a frame pass
    preempt_after_ms=100,  # a reply takes 4 s at worst: a stop does not wait for it
    worst_observe_ms=_REPLY_LIMIT_MS,
    verified_on_hardware=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One `INF` answer, and the alarm asked for where it shows one."""

    reading: Reading
    code: str  # "AL_OCCLU"; empty when no alarm shows
    pressure_pa: int

    @property
    def alarm(self) -> PumpAlarm | None:
        return _ALARMS.get(self.code, PumpAlarm.OTHER) if self.code else None


class AlarisPump:
    """The procedures of one pump."""

    __slots__ = ("_evidence", "_serial")

    def __init__(self) -> None:
        self._serial = ""
        self._evidence = Evidence()

    def identify(self) -> Procedure[Identified]:
        """Another serial number than before: what was seen of the other pump says nothing."""
        serial = yield from self._ask_serial()
        protocol = yield from self._ask("COMMS_PROTOCOL")
        return Identified(model="Alaris / Asena", firmware=protocol[1], serial=serial)

    def observe(self) -> Procedure[Report]:
        return (yield from self._report())

    def prepare(self, remaining: Remaining) -> Procedure[Granted]:
        """Counter to zero, rate, and a volume that ends in STOP; each read back. Never starts."""
        cents, micro_ml = _programmable(remaining)
        look = yield from self._look()
        before = self._told(look)
        if before.drive is not Drive.STILL:
            raise PumpRefused("the pump drives: stop it and prepare again")
        if before.alarm is not None:
            raise PumpRefused(f"the pump reports {before.alarm.value}: clear it at the pump and prepare again")
        yield from self._take_settings()
        if look.code not in ("", "AL_NOALM"):
            # a notice, as of the end before: a pump may take no start beside one, and a stop may end it [?]
            yield from self._put("INF_STOP", "INF_STOP")
        yield from self._check_syringe(cents)
        yield from self._put("INF_VI_CLEAR", "INF_VI_CLEAR")
        yield from self._put(f"INF_RATE^{cents // 100}.{cents % 100:02d}^ml/h", "INF_RATE")
        yield from self._put(f"INF_VTBI^ACTIV^{micro_ml // 1_000}.{micro_ml % 1_000:03d}^ml^STOP", "INF_VTBI")
        vtbi = yield from self._ask("INF_VTBI")
        if vtbi[2] != "STOP" or thousandths(vtbi[1]) != micro_ml * 1_000:
            _differs("INF_VTBI", vtbi[0], f"{micro_ml} µL with the end action STOP")
        rate = yield from self._ask("INF_RATE")
        if thousandths(rate[1]) != cents * _UL_PER_CENT * NL_PER_UL:
            _differs("INF_RATE", rate[0], f"{cents * _UL_PER_CENT} µL/h as it was set")
        after = yield from self._look(by_us=True)
        if after.reading.infused_nl != 0 or after.reading.rate_ul_per_h not in (0, cents * _UL_PER_CENT):
            _differs("INF", f"{after.reading}", f"a counter at zero and {cents * _UL_PER_CENT} µL/h, or none at rest")
        return Granted(
            rate_ul_per_h=cents * _UL_PER_CENT,
            volume_nl=micro_ml * NL_PER_UL,
            lease_s=_LEASE_S,
            infused_nl=0,
            step_nl=after.reading.step_nl,
        )

    def start(self) -> Procedure[Report]:
        """`INF_START` goes out once. Then looks, until something shows that it drives, or that it stayed still."""
        yield from self._take_control()
        self._evidence.start_left()
        yield from self._exchange("INF_START", "INF_START", changes=True)
        return (yield from self._until_shown(through_alarms=False))

    def change_rate(self, rate_ul_per_h: int) -> Procedure[Report]:
        """In hundredths of mL/h, rounded down. A pump that ended in between is reported, not changed."""
        cents = rate_ul_per_h // _UL_PER_CENT
        if cents * _UL_PER_CENT < INFO.rate_ul_per_h_min:
            raise PumpRefused(f"{rate_ul_per_h} µL/h is below the pump's lowest rate: nothing was changed")
        before = yield from self._report()
        if before.drive is not Drive.INFUSING:
            return before
        yield from self._take_control()
        yield from self._exchange(f"INF_RATE^{cents // 100}.{cents % 100:02d}^ml/h", "INF_RATE", changes=True)
        look = yield from self._look(by_us=True)
        report = self._told(look)
        if report.drive is Drive.INFUSING and report.rate_ul_per_h not in (None, cents * _UL_PER_CENT):
            raise WireError(
                f"sent {cents * _UL_PER_CENT} µL/h, the pump shows {report.rate_ul_per_h} µL/h: look, or stop it"
            )
        return report

    def stop(self) -> Procedure[Report]:
        """The first byte out is the stop; then looks bear it out, and it is sent again while anything moves."""
        for again in (False, True):
            try:
                if again:  # it was taken, and the pump moves on: perhaps the acknowledgement was no consent
                    yield from self._take_control()
                yield from self._exchange("INF_STOP", "INF_STOP", changes=True, limit_ms=_CLIENT_WAITS_MS)
            except NoReply:  # slow, or the permission has lapsed [?]
                yield from self._take_control()
                yield from self._exchange("INF_STOP", "INF_STOP", changes=True)
            self._evidence.stop_acknowledged()
            report = yield from self._until_shown(through_alarms=True)
            if report.drive is Drive.STILL:
                return report
        raise WireError("sent 'INF_STOP' twice and the pump still moves: send it again, or press Stop at the pump")

    def acknowledge(self) -> Procedure[Report]:
        """No frame that silences or clears an alarm was ever seen: look again; it is cleared at the pump."""
        return (yield from self._report())

    # --- looking ---

    def _report(self) -> Procedure[Report]:
        look = yield from self._look()
        return self._told(look)

    def _until_shown(self, *, through_alarms: bool) -> Procedure[Report]:
        """Look, and look again until it is shown whether it drives, or an alarm is to be told."""
        for _ in range(_LOOKS_MAX - 1):
            look = yield from self._look()
            if self._evidence.drive is not None or (look.alarm is not None and not through_alarms):
                return self._told(look)
        return (yield from self._report())

    def _told(self, look: _Look) -> Report:
        drive = self._evidence.drive
        if drive is None and look.alarm is not None:
            raise PumpAlarmed(look.alarm)
        if drive is None:
            raise WireError(
                f"nothing shows yet whether the pump drives: it tells {look.reading.infused_nl} nL, mode "
                f"{look.reading.mode!r}; look again, or at the pump"
            )
        return Report(
            drive=drive,
            # where INF tells what flows [?], none is what it tells of an infusion that has just ended
            rate_ul_per_h=look.reading.rate_ul_per_h or None,
            infused_nl=look.reading.infused_nl,
            step_nl=look.reading.step_nl,
            alarm=look.alarm,
            pressure_pa=look.pressure_pa,
        )

    def _look(self, *, by_us: bool = False) -> Procedure[_Look]:
        """`by_us`: what differs from the last look was programmed in between."""
        reply, told = yield from self._answer("INF", "INF", changes=False)
        if self._serial and reply["serial"] != self._serial:
            _differs("INF", reply[0], f"an answer of the pump {self._serial}")
        infused, step = number(reply["infused"])
        rate, _ = number(reply["rate"])
        reading = Reading(
            asked_at_ns=told.asked_at_ns,
            at_ns=told.at_ns,
            infused_nl=infused,
            step_nl=step,
            rate_ul_per_h=rate // NL_PER_UL,
            left_s=left_s(reply["left"]),
            mode=reply["mode"],
        )
        if by_us:
            self._evidence.set_by_us(reading)
        self._evidence.read(reading)
        code = ""
        if reply["alarm"] not in ("-", ""):
            code = (yield from self._ask("ALARM"))[1]
        if code in _STOPPED_BY_NAME:
            self._evidence.says_stopped(reading)
        pressure = reply["pressure"]
        millionths, _ = number(pressure.lstrip("-"))
        pascal = millionths * _PA_PER_1000_MMHG // 1_000 // NL_PER_ML
        return _Look(reading=reading, code=code, pressure_pa=-pascal if pressure.startswith("-") else pascal)

    # --- talking ---

    def _ask_serial(self) -> Procedure[str]:
        found = yield from self._ask("INST_SERIALNO")
        if found[1] != self._serial:
            self._serial, self._evidence = found[1], Evidence()
        return found[1]

    def _take_control(self) -> Procedure[None]:
        """The permission code is the checksum of the serial number."""
        serial = self._serial or (yield from self._ask_serial())
        yield from self._exchange(f"REMOTE_CTRL^ENABLED^{crc(serial)}", "REMOTE_CTRL")

    def _take_settings(self) -> Procedure[None]:
        """Some clients ask for this beside control [?]. What a pump without it does not take shows at the read-back."""
        yield from self._take_control()
        try:  # noqa: SIM105  # contextlib is not among what a driver may import
            yield from self._exchange(
                f"REMOTE_CFG^ENABLED^{crc(self._serial)}", "REMOTE_CFG", limit_ms=_CLIENT_WAITS_MS
            )
        except NoReply:
            pass

    def _check_syringe(self, cents: int) -> Procedure[None]:
        syringe = yield from self._ask("SYRINGE_STATUS")
        if syringe[3] != "CONF":
            raise PumpRefused(f"the pump tells {syringe[0]!r}: confirm the syringe at the pump and prepare again")
        highest = yield from self._ask("INF_RATE_MAX_SYRINGE")
        if thousandths(highest[1]) < cents * _UL_PER_CENT * NL_PER_UL:
            raise PumpRefused(f"with this syringe the pump gives {highest[1]} mL/h at most: take a larger one")

    def _ask(self, name: str) -> Procedure[re.Match[str]]:
        """A query, once more into silence."""
        try:
            return (yield from self._exchange(name, name))
        except NoReply:
            return (yield from self._exchange(name, name))

    def _put(self, body: str, expects: str) -> Procedure[re.Match[str]]:
        """A setting of a pump at rest: absolute, so once more into silence; then silence is the pump's no."""
        try:
            return (yield from self._exchange(body, expects, changes=True))
        except NoReply:
            try:
                return (yield from self._exchange(body, expects, changes=True))
            except NoReply as silence:
                raise PumpRefused(
                    f"sent {body!r} twice, the pump said nothing, which is how it refuses: look at its display"
                ) from silence

    def _exchange(
        self, body: str, expects: str, *, changes: bool = False, limit_ms: int = _REPLY_LIMIT_MS
    ) -> Procedure[re.Match[str]]:
        return (yield from self._answer(body, expects, changes=changes, limit_ms=limit_ms))[0]

    def _answer(
        self, body: str, expects: str, *, changes: bool, limit_ms: int = _REPLY_LIMIT_MS
    ) -> Procedure[tuple[re.Match[str], Reply]]:
        reply = yield WireRequest(
            data=frame(body), address=0, changes=changes, reply_limit_ms=limit_ms, expects=expects, text=body
        )
        found = FORMS[expects].fullmatch(reply.body.decode("latin-1"))
        if found is None:
            _differs(body, reply.body.decode("latin-1"), f"the form of {expects}")
        return found, reply


def _differs(sent: str, came: str, expected: str) -> NoReturn:
    raise WireError(f"sent {sent!r}, the pump told {came!r} instead of {expected}: do not start; prepare again")


def _programmable(remaining: Remaining) -> tuple[int, int]:
    """The rate in hundredths of mL/h and the volume in microlitres; or why this pump cannot carry it."""
    cents, micro_ml = remaining.rate_ul_per_h // _UL_PER_CENT, remaining.volume_nl // NL_PER_UL
    if not INFO.rate_ul_per_h_min <= cents * _UL_PER_CENT <= INFO.rate_ul_per_h_max:
        raise PumpRefused(f"a rate of {remaining.rate_ul_per_h} µL/h: this pump gives 0.1 to 1200 mL/h")
    if not 0 < micro_ml < 10_000_000:
        raise PumpRefused(f"a volume of {remaining.volume_nl} nL: this pump takes 0.001 to 9999.999 mL")
    if remaining.lease_s not in (None, _LEASE_S):
        raise PumpRefused(f"a lease of {remaining.lease_s} s: this pump's is {_LEASE_S} s and cannot be set")
    return cents, micro_ml


class AlarisDriver:
    """What the entry point names."""

    __slots__ = ()

    @property
    def info(self) -> DriverInfo:
        return INFO

    def framing(self) -> Framing:
        return AlarisFraming()

    def pump(self, *, address: int, options: Mapping[str, str | int | bool]) -> PumpProcedures:
        """No options. One pump has the line to itself, and no address."""
        if options:
            raise ConfigError(f"alaris has no option {min(options)!r}, nor any other: take it out")
        if address != 0:
            raise ConfigError(f"address {address}: an Alaris pump has none and a port of its own; write 0")
        return AlarisPump()


DRIVER: Final[Driver] = AlarisDriver()
