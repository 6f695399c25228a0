"""Every fault: where it sits, what it does, which fields count, and who can observe it by what.

`FAULTS` is the whole list. A driver that stands under `observable_by` should be held to noticing; for all others a
test should assert that nothing is claimed. `needs` is what a simulated pump must be able to do to have the fault: a
method of the device or of its plant; a pump that lacks it refuses the fault and says which pumps do not. The page
docs/faults.md is generated from here (`fault_page`), `GET /faults` and `pumpd-sim faults` say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pumpd_sim.faults import FaultKind

Place = Literal["wire", "pump", "line", "person", "host", "broker"]
ANY_DRIVER = ("every driver",)
TRIGGERS = ("after_ms", "after_frames", "after_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultFacts:
    """`observable_by` names drivers, `how` says by what they see it; `needs` is a method of the device or its plant."""

    place: Place
    what: str
    fields: tuple[str, ...]
    observable_by: tuple[str, ...]
    how: str
    needs: str = ""


def _wire(what: str, *fields: str, seen: tuple[str, ...] = ANY_DRIVER, how: str, needs: str = "") -> FaultFacts:
    return FaultFacts(place="wire", what=what, fields=fields, observable_by=seen, how=how, needs=needs)


def _pump(what: str, *fields: str, seen: tuple[str, ...] = ANY_DRIVER, how: str, needs: str) -> FaultFacts:
    return FaultFacts(place="pump", what=what, fields=("address", *fields), observable_by=seen, how=how, needs=needs)


def _line(what: str, *fields: str, seen: tuple[str, ...] = (), how: str, needs: str) -> FaultFacts:
    return FaultFacts(place="line", what=what, fields=("address", *fields), observable_by=seen, how=how, needs=needs)


def _person(what: str, *fields: str, seen: tuple[str, ...] = (), how: str, needs: str) -> FaultFacts:
    return FaultFacts(place="person", what=what, fields=("address", *fields), observable_by=seen, how=how, needs=needs)


_NOT_HERE = "no pump can have it: {}"
NOT_MEASURED = "no pump here measures it"

FAULTS: dict[FaultKind, FaultFacts] = {
    FaultKind.MUTE: _wire(
        "nothing passes, for for_ms (5000; 0 ends it); with an address, that pump alone neither hears nor is heard",
        "direction", "for_ms", "address",
        how="no reply; where the pump watches over silence, its alarm afterwards",
    ),
    FaultKind.DROP: _wire("a frame is lost", "direction", "count", how="no reply"),
    FaultKind.FLIP: _wire(
        "up to three bits, or a burst of 16, are turned where the protocol promises to notice (bits: 0 = by lot)",
        "direction", "count", "bits",
        how="the checksum, where there is one; in plain text nothing shows a digit that became another",
    ),
    FaultKind.GARBLE: _wire("a frame becomes noise of the same length", "direction", "count", how="it is no frame"),
    FaultKind.DELAY: _wire(
        "a frame takes by_ms longer (60), within every reply limit", "direction", "count", "by_ms",
        seen=(), how="within the reply limit: nothing to see",
    ),
    FaultKind.LATE: _wire(
        "a frame takes by_ms longer (1500): the answer to the question before", "direction", "count", "by_ms",
        how="no reply in time, then one that nobody asked for",
    ),
    FaultKind.DUPLICATE: _wire("a frame comes twice in one breath", "direction", "count", how="a second reply"),
    FaultKind.SPLIT: _wire(
        "a frame comes in two pieces, up to 20 ms apart", "direction", "count", seen=(),
        how="nothing to see; a pump on Modbus RTU takes no request with such a gap in it",
    ),
    FaultKind.MERGE: _wire(
        "a frame waits for the next one of its way, by_ms (300) at most, and both come as one",
        "direction", "count", "by_ms",
        how="no reply in time, then two at once",
    ),
    FaultKind.ONE_BYTE: _wire(
        "a frame comes byte by byte, by_ms (2) apart", "direction", "count", "by_ms", seen=(), how="nothing to see",
    ),
    FaultKind.ECHO: _wire(
        "the adapter sends back what the host sends, for for_ms (for good without; 0 ends it)", "for_ms",
        how="its own request comes back before the reply",
    ),
    FaultKind.BABBLE: _wire(
        "something on the wire sends noise: count bursts, by_ms (100) apart", "direction", "count", "by_ms",
        how="bytes that are no frame, and frames with noise around them",
    ),
    FaultKind.HANG_UP: _wire(
        "the port goes away with all that is under way, and is there again after for_ms (0)", "for_ms",
        how="the connection or the device file is gone; over a wire without hang-up, silence",
    ),
    FaultKind.WRONG_ADDRESS: _wire(
        "a reply bears the address of another pump, with a good checksum", "count",
        how="the address in the reply", needs="readdressed",
    ),
    FaultKind.WRONG_BAUD: _wire(
        "the host's port runs at baud (9600): both ways are misread, for for_ms (for good without; 0 ends it)",
        "for_ms", "baud",
        how="noise, or silence",
    ),
    FaultKind.EXECUTE_BUT_LOSE_ACK: _pump(
        "a command is carried out and its reply is lost", "count",
        how="no reply; state and totals tell afterwards", needs="on_bytes",
    ),
    FaultKind.REFUSE: _pump(
        "the next count commands are refused as the protocol refuses, and not carried out", "count",
        how="the refusal in the reply", needs="refuse_next",
    ),
    FaultKind.REBOOT: _pump(
        "the power fails and is back after for_ms (2000)", "for_ms",
        how="silence, then the reset alarm or a stopped pump", needs="reboot",
    ),
    FaultKind.STALL: _pump(
        "the motor is held, for for_ms (until freed)", "for_ms",
        how="the pump's stall or occlusion alarm, once it misses its steps", needs="jam",
    ),
    FaultKind.FREE_MOTOR: _pump("a held motor is free again", seen=(), how="the next start simply works", needs="jam"),
    FaultKind.ALARM_STORM: _pump(
        "count alarms, by_ms (500) apart: the one that alarm names, or each the pump knows in turn",
        "count", "by_ms", "alarm",
        how="the pump's alarms", needs="raise_alarm",
    ),
    FaultKind.BATTERY_SAG: _pump(
        "the mains is gone and the battery holds permille of its charge", "permille",
        how="the pump's battery alarm or state", needs="sag_battery",
    ),
    FaultKind.BATTERY_CUT: _pump(
        "the power is gone, for for_ms (for good)", "for_ms", how="silence", needs="reboot",
    ),
    FaultKind.COUNTER_RESET: _pump(
        "the counters of delivered volume fall to zero", how="a total below the last one", needs="reset_counters",
    ),
    FaultKind.SLOW_CLOCK: _pump(
        "the pump's own clock runs ppm (10000) slow: timers, and the motor with them (0 ends it)", "ppm",
        how="its counter falls behind the granted rate by as much", needs="on_bytes",
    ),
    FaultKind.CALIBRATION: _pump(
        "each motor step displaces permille of what it should", "permille",
        seen=(), how="a pump counts steps: only what is left over at the end tells", needs="miscalibrate",
    ),
    FaultKind.OCCLUSION: _line(
        "the line is closed at once, for for_ms (until released)", "for_ms",
        seen=ANY_DRIVER, how="only the pump's alarm, once its pressure limit is reached or its motor stalls",
        needs="occlude",
    ),
    FaultKind.SLOW_OCCLUSION: _line(
        "the line closes little by little over for_ms (600000)", "for_ms",
        seen=ANY_DRIVER, how="as occlusion, later", needs="narrow",
    ),
    FaultKind.RELEASE_OCCLUSION: _line(
        "the line is open again: what it stored goes to the patient", how="the bolus is not measured", needs="release",
    ),
    FaultKind.AIR: _line(
        "volume_nl (200000) of the next that leaves the line is air", "volume_nl",
        seen=("generic_modbus",), how="only a pump with an air detector alarms; the others pump it", needs="admit_air",
    ),
    FaultKind.LEAK: _line(
        "permille of what leaves the line is lost (0 ends it)", "permille",
        how="a pump counts its steps, not what arrives", needs="leak",
    ),
    FaultKind.FREE_FLOW: _line(
        "the container empties by itself at rate_nl_per_h (60 mL/h), for for_ms (for good without; rate 0 ends it)",
        "rate_nl_per_h", "for_ms",
        how=NOT_MEASURED, needs="flow_freely",
    ),
    FaultKind.REVERSE: _line(
        "the plunger moves against its motor's sense, for for_ms (for good without; 0 ends it)", "for_ms",
        how=NOT_MEASURED, needs="reverse",
    ),
    FaultKind.EMPTY_EARLY: _line(
        "only volume_nl (0) is left in the container", "volume_nl",
        seen=ANY_DRIVER, how="the stall or end alarm, long before the counter expects it", needs="load",
    ),
    FaultKind.OTHER_USER_AT_KEYPAD: _person(
        "somebody presses key (start, stop, rate with rate_nl_per_h, clear)", "key", "rate_nl_per_h",
        seen=ANY_DRIVER, how="state, rate read back, totals", needs="press",
    ),
    FaultKind.NEW_SYRINGE: _person(
        "another container of the same kind is put in, with volume_nl (full)", "volume_nl",
        how="the plunger's place is not measured", needs="load",
    ),
    FaultKind.WRONG_SYRINGE: _person(
        "a syringe of diameter_um (14430) sits where another was told", "diameter_um",
        how="a pump believes the diameter it was told", needs="fit",
    ),
    FaultKind.HOST_CLOCK_STEP: FaultFacts(
        place="host", what="somebody sets the host's wall clock", fields=(), observable_by=("pumpd",),
        how=_NOT_HERE.format("pumpd.testing.virtual has VirtualClock.step_wall and suspend"),
    ),
    FaultKind.HOST_STALL: FaultFacts(
        place="host", what="the host's program stands still for a while", fields=(), observable_by=("pumpd",),
        how=_NOT_HERE.format("pumpd.testing.virtual has VirtualClock.hold_up; a process takes SIGSTOP"),
    ),
    FaultKind.BROKER_DOWN: FaultFacts(
        place="broker", what="the MQTT broker is gone", fields=(), observable_by=("pumpd",),
        how=_NOT_HERE.format("pumpd.testing.broker has Mosquitto.kill"),
    ),
    FaultKind.BROKER_SLOW: FaultFacts(
        place="broker", what="the MQTT broker stands but does not answer", fields=(), observable_by=("pumpd",),
        how=_NOT_HERE.format("pumpd.testing.broker has Mosquitto.freeze and thaw"),
    ),
}  # fmt: skip
