"""Requests: what a person asks of the bed. They go through `bed.decide`, as do the events of events.py.

A request is data with the time at which it is decided (`at_ns`, boot-time nanoseconds) and the time at which somebody
asked (`asked_at_ns`; without it, nobody knows and it counts as now). Nothing in it has been judged: it may be refused,
with every reason. Its `request_id` is executed once: the same id again gets the same answer (asking.py). STOP carries
no person on purpose: it needs no login, and it neither expires nor counts as a repetition.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pumpd.core.actor import Actor
from pumpd.core.arrival_requests import ArrivalRequest
from pumpd.core.care_requests import CareRequest
from pumpd.core.check_in_requests import CheckInRequest
from pumpd.core.codes import PauseReason
from pumpd.core.course_requests import CourseRequest
from pumpd.core.departure_requests import DepartureRequest
from pumpd.core.events import BusEvent, DaemonEvent
from pumpd.core.order import Order
from pumpd.core.preparation_requests import PreparationRequest
from pumpd.core.writer_facts import WriterTaken


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
    visit: str | None = None  # whose order it is, where a visit is at the bed
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested:
    """Stop one pump, or all of them when `slot` is None. Anybody may."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str | None
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRequested:
    """A stop with a reason and a time box."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    reason: PauseReason
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequested:
    """Go on from Stopped, at no higher rate than before."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    keep: Keep = Keep.END_TIME
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRequested:
    """Titrate: down freely; what a rise needs beside the rate is said in raising.py.

    `digest`: of the review of the rise that the person read. `repeated_ul_per_h`: the rate, said a second time.
    """

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    rate_ul_per_h: int
    digest: str = ""
    repeated_ul_per_h: int | None = None
    override: Override | None = None
    reason: str = ""  # why it goes beyond, where whoever has checked it is who agrees
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BolusRequested:
    """A prescriber's bolus on top of what runs; `digest` is of the review that they read (bolus_asking.py)."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    dose_ug_per_kg: int
    duration_s: int
    digest: str
    override: Override | None = None
    reason: str = ""  # as of a rise
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRequested:
    """The tap that lets a due step up happen; `rate_ul_per_h` is the rate that the person saw beside it."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    rate_ul_per_h: int | None = None
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRequested:
    """End a stopped infusion for good."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeRequested:
    """Somebody has seen this alarm."""

    at_ns: int
    request_id: str
    actor: Actor | None
    alarm_id: int
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPauseRequested:
    """Be quiet for a while; `watcher` names the stream of whoever asks, None where there is none."""

    at_ns: int
    request_id: str
    actor: Actor | None
    watcher: str | None = None
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAnswered:
    """The answer to the one question that an unknown outcome asks."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    answer: Answer
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RearmRequested:
    """A person has looked at a pump in Fault and takes it back into use."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerChangeRequested:
    """Another container hangs, with the line off the patient meanwhile: what its label says, and who checked it.

    `checked_in`: it was checked by two people before it came to the bed; if not, `second` does it here.
    """

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    container: str
    concentration_ug_per_ml: int
    lot: str | None = None
    checked_in: bool = False
    second: Actor | None = None
    keep: Keep = Keep.VOLUME
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimeConfirmed:
    """The line is primed out of this container, and was off the patient while it was."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    regimen: str
    container: str
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlushRecorded:
    """After the end the line was flushed in, with so much; `all_the_same`: what speaks against it has been read."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    volume_nl: int
    all_the_same: bool = False
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileRequested:
    """What was drawn up in all, and what is left over in all; `remark` says why they do not add up."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    loaded_nl: int
    residual_nl: int
    remark: str = ""
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpConfirmed:
    """Somebody read, or scanned, the label on the housing of a pump that may be another one."""

    at_ns: int
    request_id: str
    actor: Actor | None
    slot: str
    asset: str
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorAnswered:
    """These were done in the name of whoever asks, on a locked page: was it them?"""

    at_ns: int
    request_id: str
    actor: Actor | None
    acts: tuple[str, ...]  # request ids
    mine: bool
    asked_at_ns: int | None = None


PathRequest = (
    ArrivalRequest | CheckInRequest | CareRequest | DepartureRequest | WriterTaken | PreparationRequest | CourseRequest
)

PersonRequest = (
    StartRequested
    | StopRequested
    | PauseRequested
    | ResumeRequested
    | RateRequested
    | StepRequested
    | BolusRequested
    | EndRequested
    | AcknowledgeRequested
    | AudioPauseRequested
    | DeliveryAnswered
    | RearmRequested
    | ContainerChangeRequested
    | PumpConfirmed
    | PrimeConfirmed
    | FlushRecorded
    | ReconcileRequested
    | AuthorAnswered
    | PathRequest
)
Request = PersonRequest | BusEvent | DaemonEvent
