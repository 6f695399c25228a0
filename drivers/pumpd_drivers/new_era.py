"""New Era NE-1000 over its own protocol, always in Safe mode: the procedures, and the facts of the model.

Facts are from the NE-1000 manual (publication 1200-01) and, where it is silent, from the manuals of its
siblings with the same firmware. What no public page settles is not assumed here; each procedure works with
either answer:
- a second STP turns Paused into Stopped and may draw `?NA` on a stopped pump: only a look decides;
- RAT may be refused outside a rate phase: a report then has no rate;
- RAT while pumping may answer with the rate it runs at, or with the stored one: until it has been seen to follow a
  change, a report says that its rate may be a stored one;
- the upper end of SAF was never seen printed: read back, so a pump that takes less refuses;
- LOC 1 may or may not lock the stop key: we write LOC 0, a firmware without LOC is left alone.

Traps that shape the code. A rate set while pumping takes no unit, so `change_rate` asks for the unit in
force. Setting the diameter changes the unit of volume, so the unit is written after it. RUN begins at the
selected phase, and a programme without a STP phase may pump for ever, so phase 2 is written, read, and the
pointer brought back to 1. The report's counter and its status letter come from one and the same reply, so
that a pump which ends between two replies is never reported still with a counter read before its end.

A lease exists only in Safe mode. A pump found running in Basic mode is left as it is: observe and stop work
there, without a checksum and without a lease, and the next prepare brings it to Safe mode before anything
else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pumpd.core.units import NL_PER_ML
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
    PumpAlarmed,
    PumpProcedures,
    PumpRefused,
    Remaining,
    Report,
    SettableLease,
    WireError,
)
from pumpd_drivers import new_era_numbers as numbers
from pumpd_drivers.new_era_frames import VERSION, NewEraFraming
from pumpd_drivers.new_era_talk import ALARMS_HEARD_MAX, BAUDS, Answer, Talk, reply_limit_ms
from pumpd_drivers.options import Options, check_options

_LEASE_MIN_S: Final = 1
_LEASE_MAX_S: Final = 255  # where nesp-lib (PyPI) stops; no manual page with the limit was found
_IDLE_LEASE_S: Final = 15  # of a pump that was found in Basic mode, until a prepare sets its own
_COUNTER_STEP_NL: Final = 1_000  # three decimals of a millilitre, when no counter could be read
_BEEPS: Final = 5
_UM_PER_MM: Final = 1_000
_MODELS: Final = ("1000",)
_OPTIONS: Final = ("baud",)

INFO: Final = DriverInfo(
    name="new_era",
    title="New Era NE-1000",
    lease=SettableLease(shortest_s=_LEASE_MIN_S, longest_s=_LEASE_MAX_S),
    identity=IdentityKind.MODEL,
    # Occlusion, the plunger's end and an empty syringe all show as a stalled motor: late, and not told apart.
    detects=(Detectable.OCCLUSION_BY_STALL,),
    rate_digits=4,
    rate_step_ul_per_h=1,
    piston_um_per_h_min=43,  # 0.004205 cm/h, up
    piston_um_per_h_max=3_060_300,  # 5.1005 cm/min
    # 1 % of the volume; no public page with a figure for the dispensed volume was found. [assumption]
    accuracy_ppm=10_000,
    # Half a step of 400 to the turn, gear 15/28, 20 turns to the inch: 0.8504 µm, its coarsest microstep.
    # [assumption: geometry from the family's data sheets, not from the pages cited above]
    motor_step_um_ppm=850_447,
    buzzes=True,
    changes_rate_while_running=True,
    unsolicited_alarms=True,
    quiet_ms=50,  # longer than a reply's whole time on the wire at 9,600 baud (25 ms) and an adapter's 16 ms
    preempt_after_ms=200,  # a little above the reply limit: an exchange in flight may end by itself
    worst_observe_ms=3 * reply_limit_ms(min(BAUDS)),  # RAT, VOL, DIS
    verified_on_hardware=False,
)


def _drive(letter: str) -> Drive:
    """T and U do not turn now, but go on by themselves: never to be taken for standing still."""
    match letter:
        case "I":
            return Drive.INFUSING
        case "S" | "P":
            return Drive.STILL
        case _:
            return Drive.OTHER


class NewEraPump:
    """The procedures of one pump."""

    __slots__ = ("_reads_live", "_set_running", "_talk")

    def __init__(self, *, address: int, baud: int) -> None:
        self._talk = Talk(address=address, baud=baud)
        # RAT was seen to follow a rate that was set while the pump ran: then it reads what runs.
        self._reads_live = False
        # Since the last prepare a rate may have been set while it ran; by an earlier run of the daemon, at first.
        self._set_running = True

    def identify(self) -> Procedure[Identified]:
        """Keeps an alarm that it acknowledges (the one after power-up is common here) for the next report."""
        talk = self._talk
        version = yield from self._through_alarms("VER", VERSION)
        model, variant, firmware = version.fields
        if model not in _MODELS:
            version.differs("an NE-1000, the only model whose speeds this driver knows")
        mode = yield from self._through_alarms("SAF", "timeout")
        if int(mode.fields[0]) == 0 and _drive(mode.letter) is Drive.STILL:
            yield from talk.put(f"SAF{_IDLE_LEASE_S}")
            mode = yield from talk.ask("SAF", "timeout")
            if int(mode.fields[0]) != _IDLE_LEASE_S:
                mode.differs(f"{_IDLE_LEASE_S} s of Safe mode")
        return Identified(model=f"NE-{model}{variant}", firmware=firmware, serial=None)

    def observe(self) -> Procedure[Report]:
        return (yield from self._look())

    def buzz(self) -> Procedure[Report]:
        """`n` beeps end by themselves; without `n` it would be one tone until BUZ0. Allowed while pumping."""
        yield from self._talk.hear(f"BUZ1{_BEEPS}")
        return (yield from self._look())

    def prepare(self, remaining: Remaining) -> Procedure[Granted]:
        """Everything is checked before the first byte leaves; every value is read back as it was written."""
        diameter, rate, unit, volume, lease_s = _programmable(remaining)
        self._reads_live, self._set_running = False, True  # cut half-way, nobody knows what is stored, or in which pump
        yield from self._bring_to_stopped()
        yield from self._write_programme(diameter=diameter, rate=rate, unit=unit, volume=volume, lease_s=lease_s)
        granted = yield from self._read_programme(
            diameter=diameter, rate=rate, unit=unit, volume=volume, lease_s=lease_s
        )
        if granted.rate_ul_per_h > remaining.rate_ul_per_h or granted.volume_nl > remaining.volume_nl:
            raise WireError(f"the pump read back {granted}, which is above {remaining}: do not start")
        self._set_running = False
        return granted

    def start(self) -> Procedure[Report]:
        """RUN goes out once, whatever comes back; then only the look counts."""
        answer = yield from self._talk.exchange("RUN", changes=True)
        if answer.error:
            answer.refuse()
        report = yield from self._look()
        if report.drive is Drive.OTHER:
            raise WireError("sent 'RUN', and the pump moves otherwise than infusing: stop it")
        if report.drive is Drive.STILL and report.alarm is None and answer.letter != "I":
            raise PumpRefused(f"sent 'RUN', the pump answered {answer.letter!r} and stands still: look at its display")
        return report

    def change_rate(self, rate_ul_per_h: int) -> Procedure[Report]:
        """In the unit in force, rounded down. A pump that ended in between is reported still, not changed.

        A read-back that did not move is no error: this firmware may tell the stored rate, and the report says so.
        """
        talk = self._talk
        present = yield from talk.persist("RAT", "rate")
        if _drive(present.letter) is not Drive.INFUSING:
            return (yield from self._look())
        if present.error:
            present.refuse()
        unit, before = present.fields[1], _rate(present)
        rate = numbers.write(rate_ul_per_h, numbers.UL_PER_H[unit])
        if rate is None:
            raise PumpRefused(f"{rate_ul_per_h} µL/h cannot be written in {unit}, the pump's unit: nothing was changed")
        wanted = numbers.rate_ul_per_h(numbers.Number(value=numbers.value_of(rate), step=1), unit)
        self._set_running = True
        answer = yield from talk.persist(f"RAT{rate}", changes=True)
        report = yield from self._look()
        if report.drive is not Drive.INFUSING:
            return report
        if answer.error:
            answer.refuse()
        if before not in (None, wanted) and report.rate_ul_per_h == wanted:
            self._reads_live = True
            return replace(report, rate_may_be_stored=False)
        expected = (wanted, None) if self._reads_live else (wanted, before, None)
        if report.rate_ul_per_h not in expected:
            raise WireError(f"sent {'RAT' + rate!r}, the pump reads back {report.rate_ul_per_h} µL/h: look, or stop it")
        return report

    def stop(self) -> Procedure[Report]:
        """The first byte out is the stop; then look, and stop again while anything turns.

        From Paused it leads to Stopped, which resets the programme; resuming is always a new prepare.
        """
        for _ in range(2):
            try:
                # Whatever the pump says to it, `?NA` on a stopped pump included, the look decides.
                yield from self._talk.exchange("STP", changes=True)
            except PumpAlarmed as alarmed:
                self._talk.keep(alarmed)
            report = yield from self._look()
            if report.drive is Drive.STILL:
                return report
        raise WireError("sent 'STP' twice and the pump still moves: send it again, or press Stop at the pump")

    def acknowledge(self) -> Procedure[Report]:
        """Any reply acknowledges. An alarm that a report has told is not told again; another one is."""
        yield from self._talk.hear("")
        if self._talk.untold is self._talk.told:
            self._talk.untold = None
        return (yield from self._look())

    def _through_alarms(self, command: str, expects: str) -> Procedure[Answer]:
        answer = yield from self._talk.hear(command, expects)
        if answer is None:
            raise WireError(
                f"sent {command!r} {ALARMS_HEARD_MAX + 1} times and heard only alarms: clear it at the pump"
            )
        if answer.error:
            answer.refuse()
        return answer

    def _look(self) -> Procedure[Report]:
        """Rate, target, then counter and status together; each reply renews the lease.

        A pump that answers nothing but alarms stands still by its manual, and its counter is unknown.
        """
        talk = self._talk
        rate = yield from talk.hear("RAT", "rate")
        target = yield from talk.hear("VOL", "volume")
        counter = yield from talk.hear("DIS", "dispensed")
        infused = None if counter is None or counter.error else numbers.read(counter.fields[0])
        unit = "ML" if counter is None or counter.error else counter.fields[2]
        return Report(
            drive=Drive.STILL if counter is None else _drive(counter.letter),
            rate_ul_per_h=_rate(rate),
            rate_may_be_stored=self._set_running and not self._reads_live,
            infused_nl=None if infused is None else numbers.volume_nl(infused, unit),
            step_nl=_COUNTER_STEP_NL if infused is None else numbers.step_nl(infused, unit),
            alarm=talk.tell(),
            target_nl=_volume(target),
            paused=counter is not None and counter.letter == "P",
        )

    def _bring_to_stopped(self) -> Procedure[None]:
        """Only a stopped pump takes a programme, and RUN on a paused one would resume the old one."""
        answer = yield from self._talk.ask("")
        if answer.letter == "P":
            yield from self._talk.persist("STP", changes=True)
            answer = yield from self._talk.ask("")
        if answer.letter != "S":
            raise PumpRefused(
                f"asked for its status, the pump answered {answer.letter!r}: only a stopped pump (S) can be "
                "programmed; stop it and prepare again"
            )

    def _write_programme(self, *, diameter: str, rate: str, unit: str, volume: str, lease_s: int) -> Procedure[None]:
        talk = self._talk
        yield from talk.put(f"SAF{lease_s}")  # first: from here on every reply carries a checksum
        yield from talk.put(f"DIA{diameter}")
        yield from talk.put("PHN2")
        yield from self._check_phase(2)
        yield from talk.put("FUNSTP")
        yield from talk.check("FUN", "function", "STP")
        yield from talk.put("PHN1")
        yield from self._check_phase(1)
        yield from talk.put("FUNRAT")
        yield from talk.put(f"RAT{rate}MH")
        yield from talk.put(f"VOL{unit}")
        yield from talk.put(f"VOL{volume}")
        yield from talk.put("DIRINF")
        yield from talk.put("PF0")  # never starts by itself when power returns
        yield from talk.put("AL1")  # the pump's own buzzer speaks too
        yield from talk.put("TRGSP")  # the foot switch may stop the pump, and cannot start it
        unlocked = yield from talk.insist("LOC0", changes=True)  # its own stop key works
        if unlocked.error not in ("", "?", "?NA"):
            unlocked.refuse()
        yield from talk.put("CLDINF")
        yield from talk.put("CLDWDR")

    def _read_programme(self, *, diameter: str, rate: str, unit: str, volume: str, lease_s: int) -> Procedure[Granted]:
        talk = self._talk
        yield from self._check_number("DIA", "number", diameter, "")
        yield from talk.check("FUN", "function", "RAT")
        read_rate = yield from self._check_number("RAT", "rate", rate, "MH")
        read_volume = yield from self._check_number("VOL", "volume", volume, unit)
        yield from talk.check("DIR", "direction", "INF")
        yield from talk.check("PF", "switch", "0")
        yield from talk.check("AL", "switch", "1")
        yield from talk.check("TRG", "trigger", "SP")
        lock = yield from talk.insist("LOC", "switch")
        if not lock.error and lock.data != "0":
            lock.differs("0, a keypad whose stop key works")
        lease = yield from talk.ask("SAF", "timeout")
        if int(lease.fields[0]) != lease_s:
            lease.differs(f"a time-out of {lease_s} s")
        yield from self._check_phase(1)
        counter = yield from talk.ask("DIS", "dispensed")
        infused, withdrawn = numbers.read(counter.fields[0]), numbers.read(counter.fields[1])
        if infused is None or withdrawn is None or infused.value or withdrawn.value:
            counter.differs("both totals at zero")
        if counter.letter != "S":
            counter.differs("a stopped pump (S)")
        return Granted(
            rate_ul_per_h=numbers.rate_ul_per_h(read_rate, "MH"),
            volume_nl=numbers.volume_nl(read_volume, unit),
            lease_s=lease_s,
            infused_nl=0,
            step_nl=numbers.step_nl(infused, counter.fields[2]),
        )

    def _check_phase(self, phase: int) -> Procedure[None]:
        answer = yield from self._talk.ask("PHN", "phase")
        if int(answer.fields[0]) != phase:
            answer.differs(f"phase {phase}")

    def _check_number(self, command: str, expects: str, written: str, unit: str) -> Procedure[numbers.Number]:
        answer = yield from self._talk.ask(command, expects)
        number = numbers.read(answer.fields[0])
        if number is None or number.value != numbers.value_of(written) or (unit and answer.fields[1] != unit):
            answer.differs(f"{written}{unit} as it was set")
        return number


def _rate(answer: Answer | None) -> int | None:
    number = None if answer is None or answer.error else numbers.read(answer.fields[0])
    return None if answer is None or number is None else numbers.rate_ul_per_h(number, answer.fields[1])


def _volume(answer: Answer | None) -> int | None:
    number = None if answer is None or answer.error else numbers.read(answer.fields[0])
    return None if answer is None or number is None else numbers.volume_nl(number, answer.fields[1])


def _programmable(remaining: Remaining) -> tuple[str, str, str, str, int]:
    """Diameter, rate in MH, unit and number of the volume, lease; or why this pump cannot carry it.

    MH is as fine as whole microlitres an hour can be, so a later rate of the same leg fits as well.
    Below a millilitre the volume goes in microlitres, which is finer there.
    """
    if remaining.lease_s is None or not _LEASE_MIN_S <= remaining.lease_s <= _LEASE_MAX_S:
        raise PumpRefused(f"a lease of {remaining.lease_s} s: this pump takes {_LEASE_MIN_S} to {_LEASE_MAX_S} s")
    if remaining.syringe_diameter_um is None:
        raise PumpRefused("no syringe diameter: this pump computes its speed from it")
    diameter = numbers.write(remaining.syringe_diameter_um, _UM_PER_MM)
    if diameter is None or numbers.value_of(diameter) * _UM_PER_MM != remaining.syringe_diameter_um * numbers.SCALE:
        raise PumpRefused(f"a diameter of {remaining.syringe_diameter_um} µm does not fit into the pump's four digits")
    rate = numbers.write(remaining.rate_ul_per_h, numbers.UL_PER_H["MH"])
    if rate is None:
        raise PumpRefused(f"a rate of {remaining.rate_ul_per_h} µL/h does not fit into the pump's four digits")
    unit = "UL" if remaining.volume_nl < NL_PER_ML else "ML"
    volume = numbers.write(remaining.volume_nl, numbers.NL[unit])
    if volume is None:  # zero would mean: without end
        raise PumpRefused(f"a volume of {remaining.volume_nl} nL does not fit into the pump's four digits")
    return diameter, rate, unit, volume, remaining.lease_s


class NewEraDriver:
    """What the entry point names."""

    __slots__ = ()

    @property
    def info(self) -> DriverInfo:
        return INFO

    def framing(self) -> Framing:
        return NewEraFraming()

    def pump(self, *, address: int, options: Options) -> PumpProcedures:
        """Options: `baud`, which only sets how long a reply may take."""
        check_options("new_era", options, _OPTIONS)
        if not 0 <= address <= 99:
            raise ConfigError(f"address {address}: a New Era pump has an address from 0 to 99")
        baud = options.get("baud", max(BAUDS))
        if isinstance(baud, bool) or baud not in BAUDS:
            raise ConfigError(
                f"baud = {baud!r}: write 19200 (the factory's) or 9600; "
                "slower, looks would be too rare for the shortest lease"
            )
        return NewEraPump(address=address, baud=int(baud))


DRIVER: Final[Driver] = NewEraDriver()
