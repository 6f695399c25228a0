"""What a simulated pump is to the bus it sits on, and the truth that a test may ask of it.

A device reads no clock and does no I/O: it is told the time with everything that happens, and says when it
next wants to be woken. A bus in virtual time and a server on a real serial line drive it in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is really so, beside what the pump says. Volumes are net: infused less withdrawn, rounded down.

    displaced_nl = at_patient_nl + stored_nl + leaked_nl, to 2 nL of rounding. `rate_nl_per_h` is what the
    plunger displaces now; `believed_rate_nl_per_h` what the pump takes it to be, by the diameter it was told.
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
    status: str  # the status letter of the pump's program
    alarm: str  # the letter of the alarm that waits to be acknowledged, or ""
    mode: str  # "basic" or "safe"
    watchdog_left_ns: int | None
    steps: int
    step_nl: int


class Device(Protocol):
    """A pump on a bus."""

    @property
    def address(self) -> int: ...

    @property
    def baud(self) -> int: ...

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

    def occlude(self, now_ns: int) -> bytes: ...

    def release(self, now_ns: int) -> bytes: ...

    def leak(self, now_ns: int, permille: int) -> bytes: ...

    def jam(self, now_ns: int, *, jammed: bool) -> bytes: ...

    def load(self, now_ns: int, volume_nl: int | None = None) -> bytes: ...
