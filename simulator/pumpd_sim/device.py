"""What a simulated pump is to the bus it sits on, and the truth that a test may ask of it.

A device reads no clock and does no I/O: it is told the time with everything that happens, and says when it
next wants to be woken. A bus in virtual time and a server on a real serial line drive it in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

from pumpd_sim.plant import Plant


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is really so, beside what the pump says. Volumes are net: infused less withdrawn, rounded down.

    displaced_nl = at_patient_nl + stored_nl + leaked_nl + air_nl, to 3 nL of rounding. `rate_nl_per_h` is what the
    pump displaces now; `believed_rate_nl_per_h` what it takes that to be, by what it was told of its syringe.
    `status`, `alarm` and `mode` are in the words of the pump's own protocol.
    """

    at_ns: int
    address: int
    displaced_nl: int
    at_patient_nl: int
    stored_nl: int
    leaked_nl: int
    remaining_nl: int
    motor_turning: bool
    rate_nl_per_h: int
    believed_rate_nl_per_h: int
    pressure_mmhg: int
    occluded: bool
    blocked: str  # "", "occluded", "empty", "full" or "jammed"
    powered: bool
    status: str  # what the pump takes itself to be doing: a letter, a prompt, a word
    alarm: str  # the alarm that waits to be acknowledged, or ""
    mode: str  # the state of its remote side, such as "basic" or "safe"; "" when the protocol has none
    watchdog_left_ns: int | None  # until the pump stops because nobody talks to it; None when nothing counts
    steps: int
    step_nl: int
    air_nl: int = 0

    @classmethod
    def of(
        cls,
        plant: Plant,
        *,
        at_ns: int,
        address: int,
        believed_rate_nl_per_h: int,
        powered: bool,
        status: str,
        alarm: str,
        mode: str = "",
        watchdog_left_ns: int | None = None,
    ) -> Self:
        """What the plant does at this moment, beside what the pump takes itself to be doing."""
        return cls(
            at_ns=at_ns,
            address=address,
            displaced_nl=plant.displaced_nl,
            at_patient_nl=plant.at_patient_nl,
            stored_nl=plant.stored_nl,
            leaked_nl=plant.leaked_nl,
            air_nl=plant.air_nl,
            remaining_nl=plant.remaining_nl,
            motor_turning=plant.turning,
            rate_nl_per_h=plant.rate_nl_per_h,
            believed_rate_nl_per_h=believed_rate_nl_per_h,
            pressure_mmhg=plant.pressure_mmhg,
            occluded=plant.occluded,
            blocked=plant.blocked.value if plant.blocked else "",
            powered=powered,
            status=status,
            alarm=alarm,
            mode=mode,
            watchdog_left_ns=watchdog_left_ns,
            steps=plant.position_steps,
            step_nl=plant.step_nl,
        )


def _one_frame(said: bytes) -> list[bytes]:
    return [said]


def _unguarded(_frame: bytes) -> bool:
    return False


def _whole(frame: bytes) -> range:
    return range(len(frame))


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """How the bytes of a protocol lie on the wire; all a bus needs to know of it.

    `frames` splits what a pump said at once. `guarded` tells whether a checksum guards this frame, of either way: only
    then do bits flip in it by lot. `may_flip` names its bytes in which up to three flipped bits or a burst of 16 keep
    the checksum's promise that the receiver will notice; without a checksum, the bytes that a flip on order may damage;
    none where the carrier lets no bit flip (TCP). `answers_on_waking`: a request ends by silence, so that its answer is
    said when the pump wakes, and can get lost like any other. `numbered`: frames are MBAP's, whose answers bear the
    number of their question, so that several hosts may ask at once.
    """

    frames: Callable[[bytes], list[bytes]] = _one_frame
    guarded: Callable[[bytes], bool] = _unguarded
    may_flip: Callable[[bytes], range] = _whole
    bits_per_byte: int = 10  # start, eight, stop; 11 with a parity bit
    answers_on_waking: bool = False
    numbered: bool = False


class Device(Protocol):
    """A pump on a bus. All pumps of one bus have the same speech.

    A `plant` and some methods more are optional: with them a pump can have more faults (`needs` in `fault_table`) and
    its day can be moved (`shift_timers`). What it lacks is refused by name.
    """

    @property
    def address(self) -> int: ...

    @property
    def baud(self) -> int: ...

    @property
    def speech(self) -> Speech: ...

    @property
    def reply_delay_ns(self) -> int: ...

    def on_bytes(self, now_ns: int, data: bytes) -> bytes:
        """Take bytes from the host; returns what the pump answers."""

    def next_wake_ns(self) -> int | None:
        """When something happens in the pump by itself, or None."""

    def on_wake(self, now_ns: int) -> bytes:
        """Let happen what is due; returns what the pump says unasked."""

    def truth(self, now_ns: int) -> Truth: ...

    def press(self, now_ns: int, key: str, *, rate_nl_per_h: int | None = None) -> bytes: ...

    def reboot(self, now_ns: int, outage_ns: int) -> bytes: ...
