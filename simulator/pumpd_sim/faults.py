"""What can go wrong, by name: the words that Python, HTTP, the command line and scenarios share.

A `Fault` is brought on at once, or waits for its trigger: a time (`after_ms`), a number of frames (`after_frames`) or
of bytes (`after_bytes`) on the wire, counted from the moment it was ordered. What each kind means, which fields count
for it and who can observe it stands in `fault_table`; what it does stands by its place: `wire_faults` for the wire,
`pump_faults` for the pump, its line, and the people at it. The faults of a host or a broker are named too, so that
nobody looks for them in vain, but they happen outside of any simulated pump (`pumpd.testing` has them).

Names and fields are under semantic versioning: other people's tests spell them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

NS_PER_MS = 1_000_000

Way = Literal["to_pump", "to_host"]
Direction = Literal["to_pump", "to_host", "both"]


class FaultKind(Enum):
    # on the wire
    MUTE = "mute"
    DROP = "drop"
    FLIP = "flip"
    GARBLE = "garble"
    DELAY = "delay"
    LATE = "late"
    DUPLICATE = "duplicate"
    SPLIT = "split"
    MERGE = "merge"
    ONE_BYTE = "one_byte"
    ECHO = "echo"
    BABBLE = "babble"
    HANG_UP = "hang_up"
    WRONG_ADDRESS = "wrong_address"
    WRONG_BAUD = "wrong_baud"
    # in the pump
    EXECUTE_BUT_LOSE_ACK = "execute_but_lose_ack"
    REFUSE = "refuse"
    REBOOT = "reboot"
    STALL = "stall"
    FREE_MOTOR = "free_motor"
    ALARM_STORM = "alarm_storm"
    BATTERY_SAG = "battery_sag"
    BATTERY_CUT = "battery_cut"
    COUNTER_RESET = "counter_reset"
    SLOW_CLOCK = "slow_clock"
    CALIBRATION = "calibration"
    # in the line and the syringe
    OCCLUSION = "occlusion"
    SLOW_OCCLUSION = "slow_occlusion"
    RELEASE_OCCLUSION = "release_occlusion"
    AIR = "air"
    LEAK = "leak"
    FREE_FLOW = "free_flow"
    REVERSE = "reverse"
    EMPTY_EARLY = "empty_early"
    # by other people's hands
    OTHER_USER_AT_KEYPAD = "other_user_at_keypad"
    NEW_SYRINGE = "new_syringe"
    WRONG_SYRINGE = "wrong_syringe"
    # at the host and at the broker
    HOST_CLOCK_STEP = "host_clock_step"
    HOST_STALL = "host_stall"
    BROKER_DOWN = "broker_down"
    BROKER_SLOW = "broker_slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. Without an address it meets the first pump on the bus; `fault_table` tells which fields count."""

    kind: FaultKind
    direction: Direction = "both"
    for_ms: int | None = None
    by_ms: int | None = None
    count: int = 1
    bits: int = 0
    address: int | None = None
    permille: int = 1_000
    ppm: int = 10_000
    baud: int = 9_600
    key: str = "stop"
    alarm: str = ""
    rate_nl_per_h: int | None = None
    volume_nl: int | None = None
    diameter_um: int = 14_430
    after_ms: int = 0
    after_frames: int = 0
    after_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """A fault that is ordered at a set time."""

    at_ns: int
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A fault that really happened."""

    at_ns: int
    kind: FaultKind
    detail: str


class CannotHaveError(ValueError):
    """This pump, or any pump, cannot have this fault; the sentence says who can."""
