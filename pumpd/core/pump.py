"""What is known of a pump, and what it reports: plain facts, shared by core and drivers.

`DriverInfo` is what a manual says about a model: how its own watchdog works (the lease), how surely it can
be told apart from its twin, how finely it counts and how fast it can push. Limits, leases and the review
sentence are computed from it; no code asks "is this a New Era".

`Report` is one look at a pump. It says what the pump claims, never what we conclude: `drive` comes from its
status, `infused_nl` from its counter, `rate_ul_per_h` from its own read-back. A value that a model cannot
report is None, which the page shows as "not fitted" and never as the last number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class IdentityKind(Enum):
    """How sure an identification can be."""

    SERIAL = "serial"  # the pump names itself: a swap is seen
    MODEL = "model"  # model and firmware only: a twin on the same cable looks the same


@dataclass(frozen=True, slots=True, kw_only=True)
class SettableLease:
    """The pump stops by itself when it hears nothing for the seconds that were set."""

    shortest_s: int
    longest_s: int
    resumes_by_itself: bool = False  # ... and goes on when it hears something again (ProMinent DULCO flex Control)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedLease:
    """The pump stops by itself after a time that cannot be set: it limits the rate instead."""

    length_s: int
    resumes_by_itself: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeLease:
    """The pump stops at a volume target, which stands in for a lease if it can be moved while running."""

    changeable_while_running: bool
    step_nl: int = 1_000  # the coarser of its target's and its counter's finest steps


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLease:
    """The pump goes on for ever when the daemon dies: no high-alert drug on it."""


Lease = SettableLease | FixedLease | VolumeLease | NoLease


class Detectable(Enum):
    """What a pump may be able to notice by itself; what it cannot is said at the review."""

    OCCLUSION_BY_PRESSURE = "occlusion_by_pressure"
    OCCLUSION_BY_STALL = "occlusion_by_stall"
    AIR = "air"
    EMPTY = "empty"
    SYRINGE_SIZE = "syringe_size"
    BATTERY = "battery"
    FREE_FLOW = "free_flow"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverInfo:
    """Facts of one pump model, each from its manual."""

    name: str  # "new_era"
    title: str  # "New Era NE-1000"
    lease: Lease
    identity: IdentityKind
    detects: tuple[Detectable, ...]
    rate_digits: int  # significant digits of a rate on the wire
    rate_step_ul_per_h: int  # finest step of a rate
    # piston speed limits; with the syringe's area they give the rate range; 0: no piston limits
    piston_um_per_h_min: int
    piston_um_per_h_max: int
    accuracy_ppm: int  # of the displaced volume, by the manual
    motor_step_um_ppm: int  # travel of one motor step in millionths of a micrometre
    changes_rate_while_running: bool
    unsolicited_alarms: bool
    quiet_ms: int  # silence that ends any late reply, before the bus speaks again
    preempt_after_ms: int  # how long a stop waits for the exchange in flight
    worst_observe_ms: int  # one observation in which every reply is late: for the cycle check of a bus
    verified_on_hardware: bool
    buzzes: bool = False  # its buzzer can be told to speak while the pump runs
    takes_syringes: bool = True  # False: its containers are bags
    stops_at_volume: bool = (
        True  # False: it has no target, and goes on until a look finds the volume given and stops it
    )
    # a range that holds whatever the container; 0: the piston alone decides
    rate_ul_per_h_min: int = 0
    rate_ul_per_h_max: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Who answered: compared whole with who was there before."""

    model: str
    firmware: str
    serial: str | None


class Drive(Enum):
    """Does the motor turn, by the pump's own word?"""

    STILL = "still"
    INFUSING = "infusing"
    OTHER = "other"  # withdrawing or purging: moving, but never what we asked for


class PumpAlarm(Enum):
    """Alarms that pumps report, in the words of the field."""

    RESET = "reset"  # power was interrupted
    STALL = "stall"  # motor stalled: on a New Era that is how an occlusion or the plunger's end shows
    LEASE_EXPIRED = "lease_expired"  # the pump's own communication timeout
    PROGRAM_ERROR = "program_error"
    OCCLUSION = "occlusion"
    AIR = "air"
    EMPTY = "empty"
    BATTERY_LOW = "battery_low"
    BATTERY_EMPTY = "battery_empty"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One look at a pump; `infused_nl` counts since the last prepare, `step_nl` is the counter's resolution there."""

    drive: Drive
    rate_ul_per_h: int | None
    infused_nl: int | None
    step_nl: int
    alarm: PumpAlarm | None
    rate_may_be_stored: bool = (
        False  # a rate was set since the prepare, and the read-back may still be the prepared one
    )
    target_nl: int | None = None  # volume target as read back, where the model tells
    paused: bool = False  # stopped, but its programme still stands (a second stop would reset it)
    pressure_pa: int | None = None
    battery_percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """What a prepare programs: the rest of the infusion from this container, never more."""

    rate_ul_per_h: int
    volume_nl: int
    lease_s: int | None
    syringe_diameter_um: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What the pump read back after a prepare: never above what was asked, or the driver raises."""

    rate_ul_per_h: int
    volume_nl: int
    lease_s: int | None
    infused_nl: int  # 0: what reports count from here on; a pump whose counter goes on needs a driver that takes it off
    step_nl: int
