"""The vocabulary of the core: codes for reasons, phases, conditions and commands, and what is built of them alone.

A code is what is journalled, sent over the socket and published; words.py turns it into a sentence. A code is never
renamed or given another meaning: old journals hold it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How strongly a reason speaks; HARD refuses, SOFT needs a reason and a second person."""

    NOTE = "note"
    CLAMPED = "clamped"
    SOFT = "soft"
    HARD = "hard"


class ReasonCode(Enum):
    """Why something was refused, reduced or remarked on. The value ends in the unit of `asked` and `limit`."""

    # limits of the drug library (core/limits.py)
    DOSE_UG_PER_KG = "dose_ug_per_kg"
    DOSE_UG_PER_KG_PER_H = "dose_ug_per_kg_per_h"
    DOSE_UG_PER_H = "dose_ug_per_h"
    DURATION_S = "duration_s"
    RATE_LIMIT_UG_PER_KG_PER_H = "rate_limit_ug_per_kg_per_h"
    CAP_UG_PER_H = "cap_ug_per_h"
    CAP_TOTAL_UG = "cap_total_ug"
    CAP_TOTAL_UG_PER_KG = "cap_total_ug_per_kg"
    ROLLING_HOUR_UG = "rolling_hour_ug"
    ROLLING_HOUR_UG_PER_KG = "rolling_hour_ug_per_kg"
    WEIGHT_G = "weight_g"
    BMI_MILLI = "bmi_milli"
    CONCENTRATION_UG_PER_ML = "concentration_ug_per_ml"
    CEILING_UG_PER_KG_PER_H = "ceiling_ug_per_kg_per_h"
    CEILING_TOTAL_UG_PER_KG = "ceiling_total_ug_per_kg"
    REGIMEN_CAP_UG_PER_H = "regimen_cap_ug_per_h"
    ROUNDED_RATE_UL_PER_H = "rounded_rate_ul_per_h"
    ROUNDED_TOTAL_NL = "rounded_total_nl"
    DOSE_UL_PER_H = "dose_ul_per_h"
    HEIGHT_NOT_GIVEN = "height_not_given"
    WEIGHT_BASIS_BMI_MILLI = "weight_basis_bmi_milli"
    WEIGHT_BASIS_INCOMPLETE = "weight_basis_incomplete"
    DOSING_WEIGHT_G = "dosing_weight_g"
    WEIGHT_CHANGED_G = "weight_changed_g"
    AGE_YEARS = "age_years"
    CAP_COURSE_UG = "cap_course_ug"
    CAP_COURSE_UG_PER_KG = "cap_course_ug_per_kg"
    COURSE_VISITS = "course_visits"
    CEILING_UG_PER_H = "ceiling_ug_per_h"
    CEILING_HOUR_UG = "ceiling_hour_ug"
    CEILING_HOUR_UG_PER_KG = "ceiling_hour_ug_per_kg"
    CEILING_TOTAL_UG = "ceiling_total_ug"
    CEILING_COURSE_UG_PER_KG = "ceiling_course_ug_per_kg"
    TRIANGLE_PPM = "triangle_ppm"
    # what the container and the pump can do
    CONTAINER_VOLUME_NL = "container_volume_nl"
    CONTAINERS_NEEDED = "containers_needed"
    CONTAINER_RATE_MIN_UL_PER_H = "container_rate_min_ul_per_h"
    PUMP_RATE_MAX_UL_PER_H = "pump_rate_max_ul_per_h"
    PUMP_RATE_MIN_UL_PER_H = "pump_rate_min_ul_per_h"
    RAMP_S = "ramp_s"
    LEASE_S = "lease_s"
    NO_LEASE_FOR_HIGH_ALERT = "no_lease_for_high_alert"
    LEASE_RATE_UL_PER_H = "lease_rate_ul_per_h"
    BUS_CYCLE_MS = "bus_cycle_ms"
    CONTAINER_NOT_FOR_PUMP = "container_not_for_pump"
    # a change of the container (core/changing.py)
    BALANCE_DIFFERENCE_NL = "balance_difference_nl"
    STARTUP_DELAY_S = "startup_delay_s"
    SMALLER_CONTAINER_NL = "smaller_container_nl"
    CONTAINER_USED_UP_NL = "container_used_up_nl"
    CONTAINER_NOT_AS_ORDERED = "container_not_as_ordered"
    LABEL_UG_PER_ML = "label_ug_per_ml"
    SECOND_CHECK_NEEDED = "second_check_needed"
    # the order itself
    UNKNOWN_REGIMEN = "unknown_regimen"
    UNKNOWN_CONTAINER = "unknown_container"
    CONTAINER_NOT_FOR_REGIMEN = "container_not_for_regimen"
    DAY_NOT_IN_REGIMEN = "day_not_in_regimen"
    LIBRARY_UNUSABLE = "library_unusable"
    LIMITS_NOT_ON_RECORD = "limits_not_on_record"
    # what is in force at this bed (core/in_force.py)
    LIBRARY_UNREADABLE = "library_unreadable"
    LIBRARY_ALTERED = "library_altered"
    LIBRARY_NOT_YET_APPROVED = "library_not_yet_approved"
    LIBRARY_EXPIRED = "library_expired"
    LIBRARY_OLDER = "library_older"
    LIBRARY_VERSION_REUSED = "library_version_reused"
    REGIMENS_UNREADABLE = "regimens_unreadable"
    REGIMENS_ALTERED = "regimens_altered"
    LIBRARY_FILE_CHANGED = "library_file_changed"
    REGIMENS_FILE_CHANGED = "regimens_file_changed"
    CONFIGURATION_FILE_CHANGED = "configuration_file_changed"
    # gates of the bed (core/bed.py)
    NOT_SIGNED_IN = "not_signed_in"
    ROLE_MAY_NOT = "role_may_not"
    OVERRIDE_NEEDED = "override_needed"
    REVIEW_CHANGED = "review_changed"
    WRONG_PHASE = "wrong_phase"
    COMMAND_PENDING = "command_pending"
    DELIVERY_UNKNOWN = "delivery_unknown"
    LINK_DOWN = "link_down"
    PUMP_UNKNOWN = "pump_unknown"
    PUMP_IN_ALARM = "pump_in_alarm"
    JOURNAL_DOWN = "journal_down"
    NEEDS_REARM = "needs_rearm"
    SAME_DRUG_RUNNING = "same_drug_running"
    RISE_NOT_CONFIRMED_UL_PER_H = "rise_not_confirmed_ul_per_h"
    RISE_TO_BE_READ_UL_PER_H = "rise_to_be_read_ul_per_h"
    RISE_TO_BE_SAID_TWICE_UL_PER_H = "rise_to_be_said_twice_ul_per_h"
    PRESCRIBER_NEEDED = "prescriber_needed"
    TITRATION_UP_UL_PER_H = "titration_up_ul_per_h"
    TITRATION_DWELL_S = "titration_dwell_s"
    TITRATION_HIGHEST_UL_PER_H = "titration_highest_ul_per_h"
    BOLUS_NOT_ALLOWED = "bolus_not_allowed"
    BOLUS_RUNNING_UL_PER_H = "bolus_running_ul_per_h"
    BOLUS_IN_ALARM = "bolus_in_alarm"
    BOLUS_LOCKOUT_S = "bolus_lockout_s"
    BOLUS_UG_PER_KG = "bolus_ug_per_kg"
    BOLUS_SHORT_S = "bolus_short_s"
    BOLUS_DOES_NOT_FIT_S = "bolus_does_not_fit_s"
    NOT_A_CHANGE_UL_PER_H = "not_a_change_ul_per_h"
    NOTHING_LEFT_NL = "nothing_left_nl"
    NO_STEP_DUE = "no_step_due"
    NO_SUCH_ALARM = "no_such_alarm"
    GRANTED_DIFFERS = "granted_differs"
    RESUME_TIME_OVER_S = "resume_time_over_s"
    REQUEST_EXPIRED = "request_expired"
    REQUEST_ID_USED = "request_id_used"
    REVIEW_EXPIRED_S = "review_expired_s"
    NO_SUCH_SLOT = "no_such_slot"
    # which pump it is (core/swapping.py)
    PUMP_NOT_CONFIRMED = "pump_not_confirmed"
    PUMP_NOT_IN_DOUBT = "pump_not_in_doubt"
    ASSET_DIFFERS = "asset_differs"
    NO_ASSET_KNOWN = "no_asset_known"
    REPEATED_ALARM = "repeated_alarm"
    # the nurse's path (core/arriving.py, core/visit_gates.py)
    NO_VISIT = "no_visit"
    ORDER_NOT_THE_VISITS = "order_not_the_visits"
    BED_TAKEN = "bed_taken"
    VISIT_KNOWN = "visit_known"
    NO_SUCH_SERIES = "no_such_series"
    SERIES_KNOWN = "series_known"
    SERIES_EXPIRED = "series_expired"
    SERIES_VISITS = "series_visits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One limit or gate that spoke: what was asked, where the limit lies, both in the code's unit."""

    code: ReasonCode
    severity: Severity
    asked: int | None = None
    limit: int | None = None


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
    SIGN_SERIES = "sign_series"
    OPEN_VISIT = "open_visit"


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
