"""The state of one bed: plain frozen data, always the fold of the journal's facts.

`PumpState.sighting` is the exception and says so: it holds what was seen since this run of the daemon began
(the last report, the counter's recent readings, the link), it is made of facts that are not journalled, and
`durable` leaves it out, as it does with `Hearing.listeners`. Everything else must come out equal when the journal is
folded again; the simulation checks that after every run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pumpd.core.codes import (
    Action,
    AssetDoubt,
    CommandKind,
    Condition,
    Given,
    Grant,
    PauseReason,
    Phase,
    Priority,
    Reason,
    Severity,
    Why,
)
from pumpd.core.delivered import NOTHING, Interval
from pumpd.core.events import LinkState, LinkWhy
from pumpd.core.library import Entry
from pumpd.core.order import Order
from pumpd.core.programme import Programme
from pumpd.core.pump import Granted, Identified, Report
from pumpd.core.standing import Judged, RulesFile, Used
from pumpd.core.steps import Step
from pumpd.core.units import NS_PER_H, NS_PER_S
from pumpd.core.visit import EMPTY_PATH, Path

READINGS_MAX = 64  # of a counter that stands three are kept: the slower it counts the further back they reach
HISTORY_MAX = 512  # stretches of given drug kept for the windows; see evolve.py for what is joined
HISTORY_KEPT_NS = 12 * NS_PER_H  # the longest window that any limit looks back: a session (limits.py)
TRIPS_MAX = 64  # two of every condition that stops, many times over: the third of one locks and nothing counts on
ANSWERS_MAX = 64  # what a bed is asked within the 10 s in which a request may be repeated, many times over
LATELY_KEPT_NS = 60 * NS_PER_S  # the minute in which a rate at most doubles without a review (raising.py)
LATELY_MAX = 16
LONG_AGO_NS = 24 * NS_PER_H  # beyond every time within which anything could be resumed
ALARMS_MAX = 256  # above the number of conditions times pumps


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The pump's counter at a moment: seen between `asked_at_ns` and `at_ns`."""

    asked_at_ns: int
    at_ns: int
    infused_nl: int
    step_nl: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What this run of the daemon has seen of a pump; not journalled."""

    asking_since_ns: int | None = None
    asked_at_ns: int | None = None  # when the last look was asked for, answered or not
    quiet_since_ns: int | None = None  # when the last look or command ended: until then the lease may have been renewed
    last: Report | None = None
    last_at_ns: int | None = None
    readings: tuple[Reading, ...] = ()  # of this leg's counter, and only such as go on from one another
    missed: int = 0  # looks in a row that showed nothing
    gap: bool = True  # since the last report something went unanswered, or the pump had to say anew who it is
    after_gap: bool = False  # ... and the last report is the first after it
    heard_at_ns: int | None = None  # the pump was heard at this moment at the earliest
    stop_pending: bool = False  # an attempt at a stop is with the bus


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that has not ended yet."""

    command_id: int
    kind: CommandKind
    at_ns: int
    rate_ul_per_h: int | None
    raises: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a leg stood at a moment: given in it so far, and due by its granted rates; as bounds (waypoints.py)."""

    at_ns: int
    low_nl: int
    high_nl: int
    due_low_nl: int
    due_high_nl: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One stretch between a prepare and the next stop: the pump's counter started at zero with it."""

    granted: Granted
    from_ns: int
    whole_nl: int  # what the whole leg is to give; a volume target that stands in for a lease is only part of it
    base: Interval  # delivered before this leg
    fastest_ul_per_h: int  # the highest rate that may be at the pump; for what silence could hide
    ends_container: bool = False  # its end is the container's, not the plan's
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RanAt:
    """A rate that the infusion ran at until then."""

    rate_ul_per_h: int
    until_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BolusState:
    """A bolus that stands in the plan (bolus_plan.py)."""

    step: int
    basal_ul_per_h: int  # the rate that comes back
    basal_nl: int  # the basal share that the bolus step holds
    began: bool = False  # the pump was seen to run it
    doubted: bool = False  # the pump was not heard meanwhile: it is not gone on with


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """An alarm that stopped a pump: for the guard against alarm, stop and start over and over (repeats.py)."""

    condition: Condition
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRate:
    """A rate that the pump takes only standing still: it is stopped for it, programmed and started (new_rate.py)."""

    rate_ul_per_h: int
    lease_s: int | None
    before_ul_per_h: int
    since_ns: int
    programmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Infusion:
    """One pump's delivery of one order."""

    infusion_id: int
    person: str
    order: Order
    programme: Programme
    grant: Grant
    override_reason: str | None
    override_person: str | None
    started_ns: int
    plan: tuple[Step, ...]  # the programme's steps, or what a resume left of them
    planned_end_ns: int
    lease_s: int | None  # of every leg from here on (wall 8)
    leased_ul_per_h: int  # the highest rate that this lease was computed for
    visit: str | None = None
    patient: str | None = None  # opaque key
    entry: Entry | None = None  # the limits it was started under; None: started by a program that did not keep them
    step: int = 0
    step_due: bool = False  # the next step up waits for its tap
    steps_by_tap: bool = False  # after a restart even automatic steps wait for a tap
    rate_ul_per_h: int = 0  # asked, now
    waiting: WaitingRate | None = None
    granted_ul_per_h: int | None = None  # the pump's read-back of it
    delivered: Interval = NOTHING
    delivered_at_ns: int = 0  # when `delivered` was written
    leg: Leg | None = None
    container: int = 1  # which one hangs
    container_from: Interval = NOTHING  # what was in when it was put on
    flushed_nl: int = 0  # of the line's drug, flushed in after the end
    balance: int | None = None  # nanolitres by which drawn up, given and left over differ, once somebody added them up
    stopped_since_ns: int | None = None
    uncertain_since_ns: int | None = None
    question: bool = False
    near_end_told: bool = False
    bolus: BolusState | None = None
    lately: tuple[RanAt, ...] = ()
    agreed: tuple[Reason, ...] = ()  # soft limits that rises of the rate went beyond; the newest of each kind
    raised_at_ns: int = 0  # when its rate last rose; a start is a rise
    pause: PauseReason | None = None  # why it stands still; None for a STOP without a reason

    @property
    def beyond(self) -> tuple[Reason, ...]:
        """The soft limits that two people let this infusion cross: for as long as it lasts, also when it is lowered."""
        raised = {reason.code for reason in self.agreed}
        first = (each for each in self.grant.reasons if each.severity is Severity.SOFT and each.code not in raised)
        return (*first, *self.agreed)

    @property
    def total_nl(self) -> int:
        """What the plan adds up to: the programme's volume, or less."""
        return sum(step.volume_nl for step in self.plan)

    def boundary_nl(self, step: int) -> int:
        """The delivered volume at which `step` is complete."""
        return sum(each.volume_nl for each in self.plan[: step + 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Primed:
    """A line full of a drug, before any order: what the pump moves from here on counts as given."""

    at_ns: int  # of the confirmation, or of what was counted last
    drug: str
    concentration_ug_per_ml: int
    counter_nl: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpState:
    """One slot of the bed."""

    slot: str
    phase: Phase = Phase.IDLE
    why: Why = Why.ORDERED
    phase_since_ns: int = 0
    link: LinkState = LinkState.DOWN
    link_why: LinkWhy | None = None
    link_detail: str = ""
    link_since_ns: int = 0
    identified: Identified | None = None
    asset_doubt: AssetDoubt | None = None  # it may be another pump: nothing rises before its label is read
    primed: Primed | None = None  # the line, until an order is accepted or the pump is taken back into use
    infusion: Infusion | None = None
    command: Command | None = None  # prepare, start, change of rate, acknowledge: one at a time
    stop: Command | None = None  # a stop waits for none of them, and lasts until a report shows no drive
    trips: tuple[Trip, ...] = ()
    locked_by: Condition | None = None  # it stopped this pump too often: no start before a person has looked
    sighting: Sighting = Sighting()

    @property
    def asset_in_doubt(self) -> bool:
        """Nobody can say that this is still the pump which belongs here."""
        return self.asset_doubt is not None

    def due(self) -> Infusion:
        """The infusion of a pump that must have one."""
        assert self.infusion is not None, self.slot
        return self.infusion


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An active alarm."""

    alarm_id: int
    slot: str | None
    condition: Condition
    priority: Priority
    since_ns: int
    value: int | None
    detail: str
    acknowledged: bool = False
    acknowledged_by: str | None = None
    over: bool = False  # the condition is gone, the alarm waits to be seen
    audio_paused: bool = False  # it stood already when the sound was paused


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPause:
    """Somebody is here and needs no sound: for a while, and only as long as whoever asked still watches."""

    until_ns: int
    person: str | None
    watcher: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who said last, and when, that pages with their sound on are open; not journalled."""

    watcher: str
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Would an alarm be heard at a page? `listeners` is of this run of the daemon and left out of `durable`."""

    armed: bool = False
    since_ns: int = 0
    listeners: tuple[Listener, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A request of a person that has been decided: the same again is not decided a second time."""

    request_id: str
    content: str
    reasons: tuple[Reason, ...] = ()  # none: accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """Something that was done on a locked page, in the name of whoever was chosen there."""

    request_id: str
    at_ns: int
    person: str
    action: Action
    slot: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BedState:
    """Everything that is known at this bed."""

    boot: str = ""
    kernel_boot: str = ""
    boot_at_ns: int = 0
    pumps: tuple[PumpState, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    audio_pause: AudioPause | None = None
    hearing: Hearing = Hearing()
    history: tuple[Given, ...] = ()
    answers: tuple[Answered, ...] = ()
    unconfirmed: tuple[Unconfirmed, ...] = ()  # until their authors sign in and say so
    bolus_at_ns: int | None = None  # the last one on this bed that was no visit's; a visit's stands with the visit
    judged: Judged | None = None  # the library and regimens of this run of the daemon
    used: tuple[Used, ...] = ()  # libraries that stood good at this bed: no older one after them
    files_changed: tuple[RulesFile, ...] = ()  # on the disk, since this run of the daemon read them
    path: Path = EMPTY_PATH
    journal_ok: bool = True
    next_command_id: int = 1
    next_infusion_id: int = 1
    next_alarm_id: int = 1

    def pump(self, slot: str) -> PumpState | None:
        """The pump on a slot, if this bed has it."""
        for pump in self.pumps:
            if pump.slot == slot:
                return pump
        return None

    def on(self, slot: str) -> PumpState:
        """The pump on a slot that this bed must have."""
        pump = self.pump(slot)
        assert pump is not None, slot
        return pump

    def with_pump(self, changed: PumpState) -> BedState:
        """The same bed with one pump changed."""
        return replace(self, pumps=tuple(changed if each.slot == changed.slot else each for each in self.pumps))


def durable(state: BedState) -> BedState:
    """The part that the journal must reproduce exactly."""
    return replace(
        state,
        hearing=replace(state.hearing, listeners=()),
        pumps=tuple(replace(pump, sighting=Sighting()) for pump in state.pumps),
    )
