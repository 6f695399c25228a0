"""The vocabulary of the core: codes for reasons, phases, conditions and commands, and what is built of them alone.

A code is what is journalled, sent over the socket and published; words.py turns it into a sentence. A code is never
renamed or given another meaning: old journals hold it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pumpd.core.reason_codes import ReasonCode, Severity

__all__ = ["ReasonCode", "Severity"]  # handed on: they are said with the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One limit or gate that spoke: what was asked, where the limit lies, both in the code's unit.

    `about`: the code of what it speaks of, where a code speaks of several things, and then the unit of its numbers.
    """

    code: ReasonCode
    severity: Severity
    asked: int | None = None
    limit: int | None = None
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """All limits at once: whether it may go ahead, the highest acceptable value, and every reason, most limiting first.

    `highest_acceptable` is in the entry's dose unit: what could be asked instead; None where no dose helps.
    """

    allowed: bool
    reasons: tuple[Reason, ...]
    highest_acceptable: int | None = None

    @property
    def needs_override(self) -> bool:
        """A soft limit spoke: a reason and a second person are needed."""
        return any(reason.severity is Severity.SOFT for reason in self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Drug that went in (upper end of the interval) over a stretch of time, for the windows of exposure.py."""

    drug: str
    from_ns: int
    to_ns: int
    mass_ng: int
    infusion_id: int = 0  # 0: committed, not given yet
    patient: str | None = None  # opaque key; None: nobody knows whose, so it counts for whoever comes

    def counts_for(self, patient: str | None) -> bool:
        """Does a limit for this patient count it? Where nobody knows whose it was, it does."""
        return self.patient is None or patient is None or self.patient == patient


class Phase(Enum):
    """Where one pump's infusion stands; the table of transitions is at the top of phases.py."""

    IDLE = "idle"
    CHECKING = "checking"
    STARTING = "starting"
    INFUSING = "infusing"
    STOPPING = "stopping"
    STOPPED = "stopped"
    UNCERTAIN = "uncertain"
    ENDED = "ended"
    FAULT = "fault"


class Why(Enum):
    """What moved a phase."""

    ORDERED = "ordered"
    PREPARED = "prepared"
    REPORTED_DRIVING = "reported_driving"
    REPORTED_STILL = "reported_still"
    VOLUME_REACHED = "volume_reached"
    STOP_PRESSED = "stop_pressed"
    PAUSED = "paused"
    RESUMED = "resumed"
    ENDED_BY_PERSON = "ended_by_person"
    COMMAND_REFUSED = "command_refused"
    COMMAND_UNKNOWN = "command_unknown"
    SILENCE = "silence"
    PUMP_ALARM = "pump_alarm"
    PUMP_RESET = "pump_reset"
    PUMP_CHANGED = "pump_changed"
    DEVIATION = "deviation"
    RESTART = "restart"
    CLOCK_JUMP = "clock_jump"
    ANSWERED = "answered"
    UNCOMMANDED = "uncommanded"
    REARMED = "rearmed"
    CONTAINER_ENDED = "container_ended"
    CONTAINER_CHANGED = "container_changed"
    NEW_RATE = "new_rate"
    PATIENT_LEFT = "patient_left"


class PauseReason(Enum):
    """Why a running infusion is held for a while."""

    TOILET = "toilet"
    BLOOD_PRESSURE = "blood_pressure"
    RESITING = "resiting"
    TRANSPORT = "transport"
    OTHER = "other"


class CommandKind(Enum):
    """Commands that change a pump."""

    PREPARE = "prepare"
    START = "start"
    CHANGE_RATE = "change_rate"
    STOP = "stop"
    ACKNOWLEDGE = "acknowledge"


class Action(Enum):
    """What a person asked, for the journal."""

    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    CHANGE_RATE = "change_rate"
    STEP = "step"
    BOLUS = "bolus"
    END = "end"
    ACKNOWLEDGE = "acknowledge"
    PAUSE_AUDIO = "pause_audio"
    ANSWER = "answer"
    REARM = "rearm"
    CONFIRM_PUMP = "confirm_pump"
    CHANGE_CONTAINER = "change_container"
    PRIME = "prime"
    FLUSH = "flush"
    RECONCILE = "reconcile"
    SETTLE_AUTHOR = "settle_author"
    WRITE_VISIT = "write_visit"
    SIGN_SERIES = "sign_series"
    OPEN_VISIT = "open_visit"
    COMPARE_IDENTITY = "compare_identity"
    ANSWER_ITEMS = "answer_items"
    CONFIRM_UNCHANGED = "confirm_unchanged"
    ACCEPT_FINDING = "accept_finding"
    WEIGH = "weigh"
    NAME_COMPANY = "name_company"
    ANSWER_RISK = "answer_risk"
    MOVE_VISIT = "move_visit"
    SCORE = "score"
    SIGN_PLAN = "sign_plan"
    DISCHARGE = "discharge"
    LEAVE = "leave"
    TELL_PRESCRIBER = "tell_prescriber"
    OBSERVE = "observe"
    ACCEPT_VALUE = "accept_value"
    WASTE = "waste"
    WITNESS = "witness"
    READ_LABEL = "read_label"
    CHECK_LINE = "check_line"
    GIVE_PREMEDICATION = "give_premedication"
    LEAVE_PREMEDICATION = "leave_premedication"
    ENTER_CHECK = "enter_check"
    CHECK_RISE = "check_rise"
    ATTEST_COURSE = "attest_course"
    IMPORT_COURSE = "import_course"
    NOTE_OUTCOME = "note_outcome"
    NOTE_FOLLOW_UP = "note_follow_up"
    SIDE_EFFECT = "side_effect"
    RESCUE = "rescue"
    INFILTRATED = "infiltrated"
    EMERGENCY = "emergency"
    MARK = "mark"
    EMERGENCY_OVER = "emergency_over"
    HAND_OVER = "hand_over"
    ORDER_BY_WORD = "order_by_word"
    SIGN_BY_WORD = "sign_by_word"


class TimeAway(Enum):
    """How well it is known for how long no daemon ran."""

    KERNEL = "kernel"  # one boot of the machine: its clock went on
    WALL = "wall"  # another boot of the machine: by the wall clock, which went forward
    UNKNOWN = "unknown"  # another boot, and the wall clock went back: any time, or none


class AssetDoubt(Enum):
    """Why a pump without a serial number may be another one."""

    SILENCE = "silence"  # longer than its lease
    COUNTER = "counter"  # not one that ours can show
    RATE = "rate"
    STATE = "state"  # it stands still where ours drives, or the other way round
    IDENTITY = "identity"
    POWER = "power"  # it was without for a moment, and nothing of before proves anything


class Condition(Enum):
    """Conditions of the alarm table, alarm_table.py."""

    STOP_UNCONFIRMED = "stop_unconfirmed"
    UNCOMMANDED_DRIVE = "uncommanded_drive"
    OVER_INFUSION = "over_infusion"
    DELIVERY_UNKNOWN = "delivery_unknown"
    PUMP_CHANGED = "pump_changed"
    PUMP_IN_DOUBT = "pump_in_doubt"
    TARGET_DIFFERS = "target_differs"
    RATE_LOWERED_AT_PUMP = "rate_lowered_at_pump"
    PUMP_RESET = "pump_reset"
    STALLED = "stalled"
    LEASE_EXPIRED = "lease_expired"
    OCCLUSION = "occlusion"
    AIR = "air"
    EMPTY = "empty"
    BATTERY_LOW = "battery_low"
    BATTERY_EMPTY = "battery_empty"
    PUMP_ALARM = "pump_alarm"
    RATE_DIFFERS = "rate_differs"
    START_FAILED = "start_failed"
    STOPPED_AT_PUMP = "stopped_at_pump"
    LINK_DOUBT = "link_doubt"
    LINK_LOST = "link_lost"
    UNDER_INFUSION = "under_infusion"
    REVERSE_FLOW = "reverse_flow"
    COUNTER_CLEARED = "counter_cleared"
    JOURNAL_DOWN = "journal_down"
    CLOCK_JUMP = "clock_jump"
    PAUSE_OVER = "pause_over"
    STEP_DUE = "step_due"
    NEAR_END = "near_end"
    CONTAINER_NEAR_END = "container_near_end"
    CONTAINER_ENDED = "container_ended"
    KVO_RUNNING = "kvo_running"
    ENDED = "ended"
    RESTARTED = "restarted"
    LIBRARY_NOT_IN_FORCE = "library_not_in_force"
    LIBRARY_EXPIRES = "library_expires"
    FILES_CHANGED = "files_changed"
    REPEATED_ALARM = "repeated_alarm"
    OBSERVATION_DUE = "observation_due"
    OBSERVATION_OVERDUE = "observation_overdue"
    OBSERVATION_MISSED = "observation_missed"
    HOLD_PAUSE = "hold_pause"
    HOLD_STOP = "hold_stop"
    NOBODY_LISTENS = "nobody_listens"


class Priority(Enum):
    """Alarm priorities, least first; PROMPT never sounds."""

    PROMPT = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Ending(Enum):
    """How a command ended."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    OVERTAKEN = "overtaken"
