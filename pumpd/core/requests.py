"""Requests: what a person, a pump, the bus or the clock brings to the bed. All of them go through `bed.decide`.

A request is data with the time it arrived (`at_ns`, boot-time nanoseconds). Nothing in it has been judged: a
request of a person may be refused with reasons, a request of the bus is what happened on the wire and can only
be believed or doubted. STOP carries no person on purpose: it needs no login.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pumpd.core.order import Order
from pumpd.core.people import Role
from pumpd.core.pump import Granted, Identified, PumpAlarm, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks, as authenticated by the API; `person` is an opaque account id, not a name."""

    person: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A soft limit is crossed on purpose: why, and who else agrees."""

    reason: str
    second: Actor


class Keep(Enum):
    """What a resume keeps: the planned end (gives less, the default) or the volume (ends later)."""

    END_TIME = "end_time"
    VOLUME = "volume"


class Answer(Enum):
    """The nurse's answer to "Look at the pump: is the plunger driven?"."""

    DRIVEN = "driven"
    STOPPED = "stopped"
    CANNOT_TELL = "cannot_tell"


class PauseReason(Enum):
    """Why a running infusion is held for a while."""

    TOILET = "toilet"
    BLOOD_PRESSURE = "blood_pressure"
    RESITING = "resiting"
    TRANSPORT = "transport"
    OTHER = "other"


# --- people ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequested:
    """Start this order; `digest` is the fingerprint of the review that the person saw."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    order: Order
    digest: str
    override: Override | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested:
    """Stop one pump, or all of them when `slot` is None. Anybody may."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRequested:
    """A stop with a reason and a time box."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    reason: PauseReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequested:
    """Go on from Stopped, at no higher rate than before."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    keep: Keep = Keep.END_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRequested:
    """Titrate: down freely, up again at most to the confirmed rate of the present step."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    rate_ul_per_h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRequested:
    """The tap that lets a due step up happen."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRequested:
    """End a stopped infusion for good."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeRequested:
    """Somebody has seen this alarm."""

    at_ns: int
    request_id: str
    actor: Actor | None
    alarm_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAnswered:
    """The answer to the one question that an unknown outcome asks."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class RearmRequested:
    """A person has looked at a pump in Fault and takes it back into use."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str


# --- the bus --------------------------------------------------------------------------------------------


class LinkState(Enum):
    """The daemon's link to a pump. Connected means identified."""

    DOWN = "down"  # the port does not open, or hung up
    SILENT = "silent"  # the port is open, the pump does not answer
    UP = "up"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReported:
    """The bus has news of a port or a silence; `detail` is for the operator."""

    at_ns: int
    slot: str
    link: LinkState
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpIdentified:
    """Somebody answered an identification."""

    at_ns: int
    slot: str
    identified: Identified


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpReported:
    """One finished observation. The report was true at some moment between the two times."""

    at_ns: int
    slot: str
    asked_at_ns: int
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpSilent:
    """An identification or observation that ended without an answer."""

    at_ns: int
    slot: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSeen:
    """An unrequested alarm frame."""

    at_ns: int
    slot: str
    alarm: PumpAlarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The command took effect, by the pump's own read-back."""

    granted: Granted | None = None
    report: Report | None = None
    asked_at_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The pump said no, or nothing that could change it had left."""

    detail: str
    alarm: PumpAlarm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A changing request left, and no answer settles whether it took effect."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaken:
    """A stop took the command out of the outbox or the queue: it never reached the wire."""


Outcome = Done | Refused | Unknown | Overtaken


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEnded:
    """Every command ends, once, as one of the outcomes."""

    at_ns: int
    slot: str
    command_id: int
    outcome: Outcome


# --- the daemon -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Booted:
    """A new run of the daemon begins; the state before it came from the journal.

    `shift_ns` is what to add to the journal's boot times: zero within one boot of the kernel, else the
    difference by the wall clock, taken in the safe direction by whoever computed it.
    """

    at_ns: int
    boot: str
    kernel_boot: str
    shift_ns: int
    slots: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """Time passed. Arrives a few times a second and carries every deadline."""

    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalReported:
    """The journal cannot make facts durable, or can again."""

    at_ns: int
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJumped:
    """CLOCK_BOOTTIME ran ahead of CLOCK_MONOTONIC: the host was suspended."""

    at_ns: int
    by_ns: int


PersonRequest = (
    StartRequested
    | StopRequested
    | PauseRequested
    | ResumeRequested
    | RateRequested
    | StepRequested
    | EndRequested
    | AcknowledgeRequested
    | DeliveryAnswered
    | RearmRequested
)
BusRequest = LinkReported | PumpIdentified | PumpReported | PumpSilent | AlarmSeen | CommandEnded
DaemonRequest = Booted | Ticked | JournalReported | ClockJumped
Request = PersonRequest | BusRequest | DaemonRequest
