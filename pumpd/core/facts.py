"""Facts: what has been decided or observed, as journalled. The bed's state is the fold of these, and nothing else.

A fact is past tense and final: `evolve` applies it without judging, so a newer library or program can never
rewrite what happened. Facts hold codes and integers; sentences are made of them in words.py.

Five facts are not journalled; they stand in glimpses.py. What they narrow, the delivered volume, is made durable by a
`Checkpoint` every 30 s and by every change of phase.

The codes that facts are made of stand in codes.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.arrival_facts import ArrivalFact
from pumpd.core.asset_facts import AssetConfirmed, AssetDoubted
from pumpd.core.audio import AudioFact
from pumpd.core.authorship_facts import AuthorSettled
from pumpd.core.care_facts import CareFact
from pumpd.core.check_in_facts import CheckInFact
from pumpd.core.codes import (
    Action,
    CommandKind,
    Condition,
    Ending,
    Grant,
    Phase,
    Priority,
    Reason,
    TimeAway,
    Why,
)
from pumpd.core.container_facts import Balanced, ContainerChanged, LineFlushed, LinePrimed, LinePurged
from pumpd.core.course_facts import CourseFact
from pumpd.core.delivered import Interval
from pumpd.core.deliveries import AlarmStopped, BeyondAgreed, BolusBegan, BolusOver, PauseNoted, StartsUnlocked
from pumpd.core.departure_facts import DepartureFact
from pumpd.core.events import LinkWhy
from pumpd.core.glimpses import Asked, Listened, Missed, Seen, StopTried
from pumpd.core.library import Entry
from pumpd.core.order import Order
from pumpd.core.preparation_facts import PreparationFact
from pumpd.core.programme import Programme
from pumpd.core.pump import Granted, Identified
from pumpd.core.standing import Judged, RulesFile
from pumpd.core.steps import Step
from pumpd.core.writer_facts import WriterTook


@dataclass(frozen=True, slots=True, kw_only=True)
class BootStarted:
    """A run of the daemon began."""

    at_ns: int
    boot: str
    kernel_boot: str
    shift_ns: int
    slots: tuple[str, ...]
    away: TimeAway = TimeAway.KERNEL


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAsked:
    """A person asked for something; `person` is None for a STOP that nobody signed."""

    at_ns: int
    request_id: str
    person: str | None
    slot: str | None
    action: Action
    value: int | None = None
    text: str | None = None
    content: str = ""  # fingerprint of all that was asked: the same id with another content is no repetition
    confirmed: bool = True  # False: on a locked page, by whoever was chosen there as the author


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRefused:
    """It was refused, for all these reasons."""

    at_ns: int
    request_id: str
    slot: str | None
    action: Action
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkWent:
    """The link to a pump changed; `link` is the value of a requests.LinkState. Old rows name no reason."""

    at_ns: int
    slot: str
    link: str
    detail: str
    why: LinkWhy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpRecognised:
    """This is who is on the slot."""

    at_ns: int
    slot: str
    identified: Identified


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusionOrdered:
    """A start was accepted: the order, what it was compiled to, why it was allowed, and by which limits.

    `entry` is the library's entry as it stood then; None in the rows of a program that did not keep it.
    """

    at_ns: int
    slot: str
    infusion_id: int
    person: str
    order: Order
    programme: Programme
    grant: Grant
    library_sha256: str
    override_reason: str | None
    override_person: str | None
    entry: Entry | None = None
    visit: str | None = None  # whose it is, on a bed that keeps the path


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandIssued:
    """A command is on its way to the pump."""

    at_ns: int
    slot: str
    command_id: int
    command: CommandKind
    rate_ul_per_h: int | None = None
    volume_nl: int | None = None
    raises: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandClosed:
    """A command ended; `detail` keeps what was sent and received when it did not end well."""

    at_ns: int
    slot: str
    command_id: int
    command: CommandKind
    ending: Ending
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegPrepared:
    """The pump read back what it will do until the next stop; the counter counts from here.

    `whole_nl` is all that this leg is to give, where the target that was programmed is only a lease (lease.py).
    """

    at_ns: int
    slot: str
    granted: Granted
    ends_container: bool = False  # it uses the container up before the plan is over
    whole_nl: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateGranted:
    """The pump read back a new rate while running."""

    at_ns: int
    slot: str
    asked_ul_per_h: int
    granted_ul_per_h: int
    delivered: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class RateWaits:
    """A rate that this pump takes only standing still, under this lease: it is stopped for it (new_rate.py)."""

    at_ns: int
    slot: str
    rate_ul_per_h: int
    lease_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateProgrammed:
    """The pump stands still, and the rate that waited for that is programmed now."""

    at_ns: int
    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDropped:
    """The rate that waited for a standstill is not set after all."""

    at_ns: int
    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReached:
    """The volume of a step is in: the next one is due (up), or simply follows (down)."""

    at_ns: int
    slot: str
    step: int
    waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """The next step begins; `person` is None where it went by itself."""

    at_ns: int
    slot: str
    step: int
    person: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsByTap:
    """A person changed the rate: from here on even an automatic step up waits for a tap."""

    at_ns: int
    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCut:
    """A resume kept the end time: this is what is left of the steps, counted from the infusion's start."""

    at_ns: int
    slot: str
    plan: tuple[Step, ...]
    planned_end_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChanged:
    """An infusion went into another phase."""

    at_ns: int
    slot: str
    phase: Phase
    why: Why
    delivered: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What is in so far; every 30 s while it runs."""

    at_ns: int
    slot: str
    delivered: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised:
    """A condition began. `value` is a number for the text, in the condition's unit."""

    at_ns: int
    alarm_id: int
    slot: str | None
    condition: Condition
    priority: Priority
    value: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmAcknowledged:
    """Somebody saw it."""

    at_ns: int
    alarm_id: int
    person: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmOver:
    """The condition is gone, but somebody has to see that it was there."""

    at_ns: int
    alarm_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmCleared:
    """The condition is over, and was seen where its row in the table asks for that."""

    at_ns: int
    alarm_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalWent:
    """The journal can, or cannot, make facts durable."""

    at_ns: int
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJumpSeen:
    """The host slept this long."""

    at_ns: int
    by_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryJudged:
    """What this run of the daemon goes by, and whether anything new may be started by it."""

    at_ns: int
    today_day: int
    judged: Judged


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesDiffered:
    """These files are no longer, or none is any longer, another than what this run of the daemon read."""

    at_ns: int
    changed: tuple[RulesFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked:
    """The pump's totals did not decide in time: is the plunger driven?"""

    at_ns: int
    slot: str


PathFact = ArrivalFact | CheckInFact | CareFact | WriterTook | PreparationFact | CourseFact

Fact = (
    BootStarted
    | PersonAsked
    | RequestRefused
    | LinkWent
    | PumpRecognised
    | AssetDoubted
    | AssetConfirmed
    | InfusionOrdered
    | CommandIssued
    | CommandClosed
    | LegPrepared
    | RateGranted
    | RateWaits
    | RateProgrammed
    | RateDropped
    | StepReached
    | StepTaken
    | StepsByTap
    | PlanCut
    | PhaseChanged
    | Checkpoint
    | AlarmRaised
    | AlarmAcknowledged
    | AlarmOver
    | AlarmCleared
    | AudioFact
    | JournalWent
    | ClockJumpSeen
    | QuestionAsked
    | LibraryJudged
    | FilesDiffered
    | AlarmStopped
    | StartsUnlocked
    | PauseNoted
    | BeyondAgreed
    | BolusBegan
    | BolusOver
    | ContainerChanged
    | LinePrimed
    | LinePurged
    | LineFlushed
    | Balanced
    | AuthorSettled
    | PathFact
    | DepartureFact
    | Asked
    | Seen
    | Missed
    | StopTried
    | Listened
)
