"""The alarm table as data: every condition, what it can do to the patient and how soon, and all that follows from it.

The priority of a row is not a matter of taste. It stands in the cell of its harm and its onset (the matrix of IEC
60601-1-8, as Open PCA 1.0.0 prints it in its table 3); a row that says anything else does not import. The one freedom
that the matrix leaves is whether a delayed minor harm signals LOW or only shows: here it shows (PROMPT), because what
sounds without need teaches people not to listen. In the field it is 0.18 alarms in an infusion-hour (Vitoux 2018).

Harm is judged as it is *once the pump's own and our own reaction has happened*: an empty syringe has stopped by then,
and what is left is a patient without the drug.

- `clears`: ITSELF goes when the condition is over. SEEN latches: over *and* acknowledged. BY_SEEING was an event, over
  as soon as it happened, so that acknowledging ends it. HIGH always waits for a person, one way or the other.
- `stops`, `out_of_use`: the phases in which the pump is stopped because of it, or stopped and taken out of use until a
  person takes it back. In every phase not named the pump is left as it is: the table has no undefined cell.
- `rises`: what it becomes when nobody has acknowledged it in that time. It never falls again while it stands.

Three conditions of Open PCA's table differ on purpose: over-infusion of a drug like ketamine ends in a stop and not in
KVO; a planned end is LOW and rises, since an end alarm that stays low and unanswered is how people died of another
drug (Fresenius Volumat 2019), and one that screams at every end is not listened to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from pumpd.core.codes import Condition, Phase, Priority


class Harm(Enum):
    """The worst that can credibly follow if nobody reacts."""

    DEATH = "death"  # or irreversible injury
    REVERSIBLE = "reversible"
    MINOR = "minor"  # or discomfort


class Onset(Enum):
    """How soon it would follow."""

    IMMEDIATE = "immediate"  # no time to come by
    PROMPT = "prompt"  # minutes
    DELAYED = "delayed"


class Clears(Enum):
    """How an alarm goes away."""

    ITSELF = "itself"
    SEEN = "seen"
    BY_SEEING = "by_seeing"


class PumpAction(Enum):
    """What is done to the pump."""

    KEEP = "keep"
    STOP = "stop"
    OUT_OF_USE = "out_of_use"  # stopped, and nothing starts before a person takes it back


MATRIX: Final[dict[tuple[Harm, Onset], tuple[Priority, ...]]] = {
    (Harm.DEATH, Onset.IMMEDIATE): (Priority.HIGH,),
    (Harm.DEATH, Onset.PROMPT): (Priority.HIGH,),
    (Harm.DEATH, Onset.DELAYED): (Priority.MEDIUM,),
    (Harm.REVERSIBLE, Onset.IMMEDIATE): (Priority.HIGH,),
    (Harm.REVERSIBLE, Onset.PROMPT): (Priority.MEDIUM,),
    (Harm.REVERSIBLE, Onset.DELAYED): (Priority.LOW,),
    (Harm.MINOR, Onset.IMMEDIATE): (Priority.MEDIUM,),
    (Harm.MINOR, Onset.PROMPT): (Priority.LOW,),
    (Harm.MINOR, Onset.DELAYED): (Priority.LOW, Priority.PROMPT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """Nobody came."""

    to: Priority
    after_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table."""

    harm: Harm
    onset: Onset
    priority: Priority
    clears: Clears
    stops: tuple[Phase, ...] = ()
    out_of_use: tuple[Phase, ...] = ()
    rises: Rise | None = None

    def __post_init__(self) -> None:
        assert self.priority in MATRIX[self.harm, self.onset], self
        assert self.priority is not Priority.HIGH or self.clears is not Clears.ITSELF, self
        assert not set(self.stops) & set(self.out_of_use), self
        assert self.rises is None or self.rises.to.value > self.priority.value, self

    @property
    def sounds(self) -> bool:
        """A prompt is only shown; everything above it is also heard."""
        return self.priority is not Priority.PROMPT

    def action(self, phase: Phase) -> PumpAction:
        """What is done to a pump in this phase; there is an answer for every phase."""
        if phase in self.out_of_use:
            return PumpAction.OUT_OF_USE
        return PumpAction.STOP if phase in self.stops else PumpAction.KEEP


# phases in which something of ours is in the pump, or on its way, and may drive
OURS: Final = (Phase.CHECKING, Phase.STARTING, Phase.INFUSING, Phase.UNCERTAIN)
DRIVEN: Final = (Phase.STARTING, Phase.INFUSING, Phase.UNCERTAIN)
NOT_ASKED_TO: Final = (*OURS, Phase.STOPPING, Phase.STOPPED, Phase.FAULT)
OF_A_PATIENT: Final = (*OURS, Phase.STOPPING, Phase.STOPPED)
NOBODY_CAME_S: Final = 300

TABLE: Final[dict[Condition, Row]] = {
    Condition.STOP_UNCONFIRMED: Row(
        harm=Harm.DEATH, onset=Onset.IMMEDIATE, priority=Priority.HIGH, clears=Clears.SEEN, stops=(Phase.STOPPING,)
    ),
    Condition.UNCOMMANDED_DRIVE: Row(
        harm=Harm.DEATH, onset=Onset.IMMEDIATE, priority=Priority.HIGH, clears=Clears.SEEN,
        stops=NOT_ASKED_TO, out_of_use=(Phase.IDLE, Phase.ENDED),
    ),
    Condition.OVER_INFUSION: Row(
        harm=Harm.DEATH, onset=Onset.IMMEDIATE, priority=Priority.HIGH, clears=Clears.BY_SEEING, stops=DRIVEN
    ),
    Condition.RATE_DIFFERS: Row(
        harm=Harm.DEATH, onset=Onset.IMMEDIATE, priority=Priority.HIGH, clears=Clears.BY_SEEING, stops=OURS
    ),
    Condition.REVERSE_FLOW: Row(
        harm=Harm.DEATH, onset=Onset.IMMEDIATE, priority=Priority.HIGH, clears=Clears.BY_SEEING, stops=DRIVEN
    ),
    Condition.COUNTER_CLEARED: Row(
        harm=Harm.REVERSIBLE, onset=Onset.IMMEDIATE, priority=Priority.HIGH, clears=Clears.BY_SEEING, stops=DRIVEN
    ),
    Condition.DELIVERY_UNKNOWN: Row(
        harm=Harm.DEATH, onset=Onset.PROMPT, priority=Priority.HIGH, clears=Clears.SEEN
    ),
    Condition.PUMP_CHANGED: Row(
        harm=Harm.DEATH, onset=Onset.PROMPT, priority=Priority.HIGH, clears=Clears.BY_SEEING, out_of_use=OF_A_PATIENT
    ),
    Condition.TARGET_DIFFERS: Row(
        harm=Harm.DEATH, onset=Onset.IMMEDIATE, priority=Priority.HIGH, clears=Clears.BY_SEEING, stops=DRIVEN
    ),
    Condition.REPEATED_ALARM: Row(
        harm=Harm.REVERSIBLE, onset=Onset.IMMEDIATE, priority=Priority.HIGH, clears=Clears.SEEN
    ),
    Condition.PUMP_RESET: Row(
        harm=Harm.REVERSIBLE, onset=Onset.IMMEDIATE, priority=Priority.HIGH, clears=Clears.SEEN, stops=OURS
    ),
    Condition.STALLED: Row(
        harm=Harm.REVERSIBLE, onset=Onset.IMMEDIATE, priority=Priority.HIGH, clears=Clears.SEEN, stops=OURS
    ),
    Condition.OCCLUSION: Row(
        harm=Harm.REVERSIBLE, onset=Onset.IMMEDIATE, priority=Priority.HIGH, clears=Clears.SEEN, stops=OURS
    ),
    Condition.LEASE_EXPIRED: Row(
        harm=Harm.REVERSIBLE, onset=Onset.IMMEDIATE, priority=Priority.HIGH, clears=Clears.SEEN, stops=OURS
    ),
    Condition.PUMP_ALARM: Row(
        harm=Harm.REVERSIBLE, onset=Onset.IMMEDIATE, priority=Priority.HIGH, clears=Clears.SEEN, stops=OURS
    ),
    Condition.AIR: Row(
        harm=Harm.DEATH, onset=Onset.DELAYED, priority=Priority.MEDIUM, clears=Clears.SEEN, stops=OURS
    ),
    Condition.EMPTY: Row(
        harm=Harm.REVERSIBLE, onset=Onset.PROMPT, priority=Priority.MEDIUM, clears=Clears.SEEN, stops=OURS
    ),
    Condition.BATTERY_EMPTY: Row(
        harm=Harm.REVERSIBLE, onset=Onset.PROMPT, priority=Priority.MEDIUM, clears=Clears.SEEN, stops=OURS
    ),
    Condition.START_FAILED: Row(
        harm=Harm.REVERSIBLE, onset=Onset.PROMPT, priority=Priority.MEDIUM, clears=Clears.BY_SEEING,
        stops=(Phase.CHECKING, Phase.STARTING, Phase.UNCERTAIN),
    ),
    Condition.STOPPED_AT_PUMP: Row(
        harm=Harm.REVERSIBLE, onset=Onset.PROMPT, priority=Priority.MEDIUM, clears=Clears.BY_SEEING
    ),
    Condition.RATE_LOWERED_AT_PUMP: Row(
        harm=Harm.REVERSIBLE, onset=Onset.PROMPT, priority=Priority.MEDIUM, clears=Clears.BY_SEEING
    ),
    Condition.CONTAINER_ENDED: Row(
        harm=Harm.REVERSIBLE, onset=Onset.PROMPT, priority=Priority.MEDIUM, clears=Clears.ITSELF
    ),
    Condition.LINK_DOUBT: Row(
        harm=Harm.MINOR, onset=Onset.DELAYED, priority=Priority.PROMPT, clears=Clears.ITSELF
    ),
    Condition.LINK_LOST: Row(
        harm=Harm.REVERSIBLE, onset=Onset.PROMPT, priority=Priority.MEDIUM, clears=Clears.ITSELF
    ),
    Condition.UNDER_INFUSION: Row(
        harm=Harm.REVERSIBLE, onset=Onset.PROMPT, priority=Priority.MEDIUM, clears=Clears.ITSELF
    ),
    Condition.JOURNAL_DOWN: Row(
        harm=Harm.REVERSIBLE, onset=Onset.PROMPT, priority=Priority.MEDIUM, clears=Clears.ITSELF
    ),
    Condition.BATTERY_LOW: Row(
        harm=Harm.REVERSIBLE, onset=Onset.DELAYED, priority=Priority.LOW, clears=Clears.ITSELF,
        rises=Rise(to=Priority.MEDIUM, after_s=NOBODY_CAME_S),
    ),
    Condition.ENDED: Row(
        harm=Harm.REVERSIBLE, onset=Onset.DELAYED, priority=Priority.LOW, clears=Clears.BY_SEEING,
        rises=Rise(to=Priority.MEDIUM, after_s=NOBODY_CAME_S),
    ),
    Condition.KVO_RUNNING: Row(
        harm=Harm.REVERSIBLE, onset=Onset.DELAYED, priority=Priority.LOW, clears=Clears.ITSELF,
        rises=Rise(to=Priority.MEDIUM, after_s=NOBODY_CAME_S),
    ),
    Condition.CLOCK_JUMP: Row(
        harm=Harm.REVERSIBLE, onset=Onset.DELAYED, priority=Priority.LOW, clears=Clears.BY_SEEING
    ),
    Condition.PAUSE_OVER: Row(
        harm=Harm.REVERSIBLE, onset=Onset.DELAYED, priority=Priority.LOW, clears=Clears.ITSELF
    ),
    Condition.FILES_CHANGED: Row(
        harm=Harm.REVERSIBLE, onset=Onset.DELAYED, priority=Priority.LOW, clears=Clears.ITSELF
    ),
    Condition.RESTARTED: Row(
        harm=Harm.MINOR, onset=Onset.PROMPT, priority=Priority.LOW, clears=Clears.BY_SEEING
    ),
    Condition.PUMP_IN_DOUBT: Row(
        harm=Harm.MINOR, onset=Onset.DELAYED, priority=Priority.PROMPT, clears=Clears.ITSELF
    ),
    Condition.STEP_DUE: Row(
        harm=Harm.MINOR, onset=Onset.DELAYED, priority=Priority.PROMPT, clears=Clears.ITSELF
    ),
    Condition.NEAR_END: Row(
        harm=Harm.MINOR, onset=Onset.DELAYED, priority=Priority.PROMPT, clears=Clears.ITSELF
    ),
    Condition.CONTAINER_NEAR_END: Row(
        harm=Harm.MINOR, onset=Onset.DELAYED, priority=Priority.PROMPT, clears=Clears.ITSELF
    ),
    Condition.LIBRARY_NOT_IN_FORCE: Row(
        harm=Harm.MINOR, onset=Onset.DELAYED, priority=Priority.PROMPT, clears=Clears.ITSELF
    ),
    Condition.LIBRARY_EXPIRES: Row(
        harm=Harm.MINOR, onset=Onset.DELAYED, priority=Priority.PROMPT, clears=Clears.ITSELF
    ),
    Condition.OBSERVATION_DUE: Row(
        harm=Harm.MINOR, onset=Onset.DELAYED, priority=Priority.PROMPT, clears=Clears.ITSELF
    ),
    Condition.OBSERVATION_OVERDUE: Row(
        harm=Harm.REVERSIBLE, onset=Onset.DELAYED, priority=Priority.LOW, clears=Clears.ITSELF
    ),
    Condition.OBSERVATION_MISSED: Row(
        harm=Harm.REVERSIBLE, onset=Onset.PROMPT, priority=Priority.MEDIUM, clears=Clears.ITSELF
    ),
    Condition.NOBODY_LISTENS: Row(
        harm=Harm.REVERSIBLE, onset=Onset.PROMPT, priority=Priority.MEDIUM, clears=Clears.ITSELF
    ),
    Condition.HOLD_PAUSE: Row(
        harm=Harm.REVERSIBLE, onset=Onset.PROMPT, priority=Priority.MEDIUM, clears=Clears.ITSELF
    ),
    Condition.HOLD_STOP: Row(
        harm=Harm.DEATH, onset=Onset.PROMPT, priority=Priority.HIGH, clears=Clears.SEEN
    ),
}  # fmt: skip
