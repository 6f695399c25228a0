"""What crosses the daemon's socket: a code, a value and a text, side by side.

The code is for programs, the value (an integer with its unit in the name) for arithmetic, the text for people. All
texts were made by words.py in the daemon, so that page, command line and log agree; a client composes none.

Numbers that a person types cross as they were typed ("82.4"), since a page that parses is a second
opinion on what a decimal point is. The daemon parses them once, strictly, and answers in bedside words.

A value that is not known is null and stays unknown on the page: never zero, never the last number.
Fields are only added, never renamed.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from pumpd.api_alarms import AlarmView, AudioPauseBody, PriorityName
from pumpd.api_orders import Body, CourseBody, Name, OrderBody, PremedicationOrderBody, SettledBody, Typed
from pumpd.api_quantities import DeliveredView, MeasuredView, PlanStepView, RateView, View, VolumeView
from pumpd.core.codes import Action, Condition, PauseReason, Phase, ReasonCode, Severity, Why
from pumpd.core.events import LinkState, LinkWhy
from pumpd.core.library import ContainerKind
from pumpd.core.order import Sex, WeightBasis
from pumpd.core.people import Role
from pumpd.core.pump import Drive
from pumpd.core.requests import Answer, Keep
from pumpd.core.standing import Standing
from pumpd.core.steps import StepMode

__all__ = [  # a client takes enums and quantities from here, and knows nothing of the core
    "Action", "AlarmView", "Answer", "AudioPauseBody", "Body", "Condition", "ContainerKind", "CourseBody",
    "DeliveredView", "Drive", "Keep", "LinkState", "LinkWhy", "MeasuredView", "OrderBody", "PauseReason", "Phase",
    "PlanStepView", "PremedicationOrderBody", "PriorityName", "RateView", "ReasonCode", "Role", "SettledBody",
    "Severity", "Sex", "Standing", "StepMode", "View", "VolumeView", "WeightBasis", "Why",
]  # fmt: skip

TEXT_CHARS_MAX: Final = 500  # a reason for an override is a sentence or three
PIN_CHARS_MAX: Final = 64  # a passphrase passes, a pasted page does not reach the hash
ACTS_MAX: Final = 128  # as many as a bed keeps

Pin = Annotated[str, Field(min_length=1, max_length=PIN_CHARS_MAX, repr=False)]


# --- the bed --------------------------------------------------------------------------------------------


class ButtonView(View):
    """Whether an action is possible now; `why_not` is there exactly when it is not."""

    allowed: bool
    why_not: str | None = None


class ButtonsView(View):
    """STOP is always allowed and stands here only for completeness."""

    start: ButtonView
    stop: ButtonView
    pause: ButtonView
    resume: ButtonView
    rate: ButtonView
    step: ButtonView
    end: ButtonView
    answer: ButtonView
    rearm: ButtonView
    change_container: ButtonView
    label: ButtonView  # the label of a pump that may be another one


class ReasonView(View):
    """One limit or gate that spoke; `asked` and `limit` are in the unit at the end of the code, or of `about`."""

    code: ReasonCode
    severity: Severity
    asked: int | None
    limit: int | None
    text: str
    about: str = ""  # what it speaks of, where the code speaks of several


class InfusionView(View):
    """One order on one pump, from its start until the next one."""

    infusion_id: int
    regimen: str
    regimen_title: str
    visit: str | None = None  # whose infusion it is; None for a training without a patient
    day: int
    container_title: str
    started_by: str
    drug: str
    high_alert: bool
    concentration_ug_per_ml: int
    concentration_text: str
    weight_text: str
    patient_weight_g: int | None = None  # the patient's own, whichever the dose is for
    mode: StepMode
    step: int  # 1 is the first
    steps: int
    step_due: bool
    next_rate: RateView | None  # of the step that is due or comes next
    rate_max: RateView  # the highest that may be set now: what was confirmed for this step
    total: VolumeView
    container_ordered: str  # id in the library
    container: int  # which one hangs; 1 is the first
    containers: int  # in all, as the plan stands now
    planned_end_ts_ms: int
    started_ts_ms: int
    plan: tuple[PlanStepView, ...] = ()
    reductions: tuple[ReasonView, ...] = ()  # why less is granted than was asked for, as accepted at the review
    bolus_text: str = ""  # what the library lets a prescriber give on top; empty: nothing
    beyond: tuple[ReasonView, ...] = ()  # soft limits that two people let it cross, for as long as it lasts


class PumpView(View):
    """One slot of the bed. `asked`, `granted` and `measured` are three values, and each may be unknown."""

    slot: str
    title: str
    asset: str
    verified_on_hardware: bool
    identity_text: str
    cannot_detect: tuple[str, ...]
    pressure_pa: int | None = None  # by its own last report
    pressure_text: str = ""  # "not fitted" where this model has none
    battery_percent: int | None = None
    battery_text: str = ""
    link: LinkState
    link_why: LinkWhy | None = None
    link_text: str
    link_detail: str
    drive: Drive | None
    phase: Phase
    why: Why
    phase_text: str
    why_text: str
    phase_since_ts_ms: int
    infusion: InfusionView | None
    asked: RateView | None
    granted: RateView | None
    measured: MeasuredView | None
    delivered: DeliveredView | None
    remaining: VolumeView | None
    left_ms: int | None
    left_text: str | None
    planned_end_text: str | None
    step_left_ms: int | None = None  # until the next step is due, at the present rate
    step_left_text: str | None = None
    container_left_ms: int | None  # None: it outlasts the infusion
    container_left_text: str | None
    container_end_text: str | None
    asset_in_doubt: bool  # it may be another pump of the same model: its label has to be read
    in_line: VolumeView | None  # drug that the line still holds after the end, beyond what was given
    question: str | None  # the one question to the nurse, when there is one
    command_pending: bool
    age_ms: int | None  # of the pump's last report
    rise_to_check: bool = False  # a rise beyond the programme waits for a second person
    buttons: ButtonsView


class LibraryView(View):
    """The drug library of this bed; `standing` is null where none has been looked at."""

    name: str
    version: str
    sha256: str
    standing: Standing | None
    text: str


class BedView(View):
    """Everything about the bed at one moment. `number` grows with every view of this boot."""

    site: str
    ward: str
    bed: str
    boot: str
    number: int
    training: bool
    library: LibraryView | None = None  # null only from a daemon of an earlier version
    ts_ms: int
    journal_ok: bool
    journal_text: str | None
    sounding: bool = False  # at least one alarm is to be heard
    audio_paused_until_ts_ms: int | None = None
    audio_paused_by: str | None = None
    alarms: tuple[AlarmView, ...]
    pumps: tuple[PumpView, ...]
    visit: str | None = None  # of the patient at the bed: an opaque id


# --- choosing and reviewing -----------------------------------------------------------------------------


class ContainerView(View):
    id: str
    kind: ContainerKind
    title: str
    concentration_ug_per_ml: int
    concentration_text: str
    usable: VolumeView
    weights_text: str | None  # for which patients, when not for all
    proposal: bool  # our own proposal, with no published source
    source: str


class RegimenView(View):
    """A regimen that this pump can run."""

    id: str
    title: str
    indication: str
    drug: str
    high_alert: bool
    first_day: int
    last_day: int
    sessions: int
    course: str
    premedication: str
    before: tuple[PremedicationOrderBody, ...] = ()  # offered to whoever writes an order, as it would be sent with it
    before_texts: tuple[str, ...] = ()  # the same, for people
    evidence: str
    advice: str
    source: str
    mode: StepMode
    containers: tuple[ContainerView, ...]


class ReviewRequest(Body):
    slot: Name
    order: OrderBody


class StepView(View):
    """One row of the programme's table."""

    step: int  # 1 is the first
    rate: RateView
    volume: VolumeView
    duration_ms: int
    duration_text: str


class LineView(View):
    """One line of what is read aloud before a start."""

    label: str
    text: str


class ReviewView(View):
    """What a person confirms before a start: `digest` is the fingerprint of exactly this."""

    digest: str
    allowed: bool
    needs_override: bool
    lines: tuple[LineView, ...]
    reasons: tuple[ReasonView, ...]
    highest_acceptable: int | None
    highest_acceptable_text: str | None
    steps: tuple[StepView, ...]
    total: VolumeView | None
    duration_ms: int | None
    duration_text: str | None
    cannot_detect: tuple[str, ...]


# --- acting ---------------------------------------------------------------------------------------------


Reasoned = Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MAX)]


class OverrideBody(Body):
    """Going beyond a soft limit: why, and who else agrees, with their own PIN."""

    reason: Reasoned
    second_person: Name
    second_pin: Pin


class StartBody(Body):
    order: OrderBody
    digest: Name
    override: OverrideBody | None = None


class PauseBody(Body):
    reason: PauseReason = PauseReason.OTHER


class ResumeBody(Body):
    keep: Keep = Keep.END_TIME


class RateBody(Body):
    """Down needs the rate alone; a rise may need the digest of its review, the rate once more, and two people."""

    rate_ml_per_h: Typed
    digest: Name | None = None
    repeated_ml_per_h: Typed | None = None
    override: OverrideBody | None = None
    reason: Reasoned | None = None  # why it goes beyond, where whoever has checked it is who agrees


class LabelBody(Body):
    asset: Name


class AnswerBody(Body):
    answer: Answer


class AnswerView(View):
    """The answer to an act; refused means that nothing was done, for all of these reasons."""

    request_id: str
    accepted: bool
    reasons: tuple[ReasonView, ...]

    @property
    def text(self) -> str:
        """All reasons in one line; empty when accepted without remark."""
        return " ".join(reason.text for reason in self.reasons)


class ProblemView(View):
    """What went wrong with a call before anybody at the bed was asked; `field` names what was typed wrong."""

    text: str
    field: str | None = None


class PersonView(View):
    id: str
    name: str
    role: Role


class SessionBody(Body):
    person: Name
    pin: Pin


class UnconfirmedView(View):
    """Done on a locked page in this person's name: they say whether it was them."""

    id: str
    ts_ms: int
    slot: str | None
    text: str


class SessionView(View):
    """`token` is the credential of every further call. Unused until `expires_ts_ms` the page locks; it ends later."""

    token: str = Field(repr=False)
    person: str
    name: str
    role: Role
    expires_ts_ms: int
    locked: bool
    ends_ts_ms: int
    unconfirmed: tuple[UnconfirmedView, ...]


class AuthorBody(Body):
    """Acts of `unconfirmed`: all of them mine, or none."""

    acts: tuple[Name, ...] = Field(min_length=1, max_length=ACTS_MAX)
    mine: bool


class SampleView(View):
    """One measurement for a plot."""

    ts_ms: int
    slot: str
    phase: Phase
    asked_ul_per_h: int | None
    granted_ul_per_h: int | None
    measured_ul_per_h: int | None
    delivered_low_nl: int
    delivered_high_nl: int


class HistoryRow(View):
    """One journalled fact in a person's words; `seq` is its place in the journal."""

    seq: int | None  # None: the journal had no room for it
    ts_ms: int
    slot: str | None
    kind: str
    person: str | None
    action: Action | None
    text: str
