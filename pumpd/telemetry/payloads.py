"""What each topic carries: these models are the schema, and the only place where it is written down.

One message is one flat JSON object: dashboards make one column of each top-level key and see nothing below it.
A key ends in its unit and never changes its type. What is not known is left out: never null, never zero and
never the last number. Nothing here can name a patient, a regimen, an indication, a weight, a score or a member
of staff, and no field takes free text that a person typed: what has no field cannot leak.

Every message says which run of the daemon sent it (`boot`) and its number there (`seq`, counted by slot and
kind of topic), so that a gap is a gap and a restart is not one. Wall time is inside, since a broker's
time of arrival is not when it was true.

Volumes and rates are decimals in mL and mL/h here, made from integers by one exact division; the daemon
decides with the integers, and nothing that decides reads MQTT.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pumpd.core.codes import CommandKind, Condition, Ending, Phase, Why
from pumpd.core.events import LinkState, LinkWhy
from pumpd.core.pump import Drive
from pumpd.core.signals import Colour, Flash
from pumpd.telemetry.topics import Kind

PAYLOAD_BYTES_MAX: Final = 4_096  # four times the longest that is sent; guards a reader of a stranger's broker

PriorityName = Literal["none", "prompt", "low", "medium", "high"]
Quality = Literal["good", "stale", "unknown"]
Slot = Literal["p1", "p2", "p3", "p4"]
AlarmSlot = Literal["p1", "p2", "p3", "p4", "bed"]
EventName = Literal[
    "person_asked", "request_refused", "infusion_ordered", "command_issued", "command_closed", "leg_prepared",
    "rate_granted", "step_reached", "step_taken", "plan_cut", "phase_changed", "question_asked",
    "pump_recognised", "link_went", "alarm_raised", "alarm_acknowledged", "alarm_cleared",
]  # fmt: skip
# what is asked about a pump; what is asked about a visit tells of its patient, and never leaves the bed
ActionName = Literal[
    "start", "stop", "pause", "resume", "change_rate", "step", "bolus", "end", "acknowledge", "pause_audio", "answer",
    "rearm", "confirm_pump", "change_container", "prime", "flush", "reconcile",
]  # fmt: skip

Boot = Annotated[
    str, Field(min_length=1, max_length=64, description="one run of the daemon; a new one after each start")
]
Seq = Annotated[
    int, Field(ge=1, description="1, 2, 3 ... by boot, slot and kind of topic; a missing number is a lost message")
]
Ms = Annotated[int, Field(ge=0)]
Volume = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Payload(BaseModel):
    """What every message has. Made with exactly its keys; `decode` passes over those that a newer daemon adds."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    ts_ms: Ms = Field(description="when it was true: UTC, milliseconds since 1970")
    boot: Boot


class Status(Payload):
    """The daemon of this bed. `lost` is its last will: the broker says it when the daemon cannot."""

    state: Literal["up", "down", "lost"] = Field(
        description="up; down: ended in order (the pump may go on); lost: gone without a word"
    )
    seq: Seq | None = Field(default=None, description="left out in a last will, which has no number")
    version: str | None = Field(default=None, max_length=64, description="of pumpd")
    training: bool | None = Field(default=None, description="only training programmes can run here")
    slots: str | None = Field(default=None, max_length=16, description="the pumps of this bed, as p1,p2")
    journal_ok: bool | None = None
    journal_seq: int | None = Field(default=None, ge=0, description="the last row of the journal")
    journal_hash: str | None = Field(
        default=None, max_length=128, description="hash of that row: whoever kept it can see a journal cut short"
    )
    dropped: int | None = Field(
        default=None, ge=0, description="messages of this boot given up because the broker was away or slow"
    )


class About(Payload):
    """Which pump is on the slot, and what it can notice by itself."""

    slot: Slot
    seq: Seq
    driver: str
    title: str = Field(description="the model, as its maker writes it")
    asset: str | None = Field(default=None, description="the label on the housing")
    model: str | None = Field(default=None, description="as the pump names itself, once it has")
    firmware: str | None = None
    serial: str | None = Field(default=None, description="left out for pumps that report none")
    verified_on_hardware: bool
    detects_occlusion_by_pressure: bool
    detects_occlusion_by_stall: bool
    detects_air: bool
    detects_empty: bool
    detects_syringe_size: bool
    detects_battery: bool
    detects_free_flow: bool
    accuracy_ppm: int = Field(ge=0, description="of the displaced volume, by the manual")
    rate_step_ml_per_h: Rate = Field(description="the finest step of a rate")


class Link(Payload):
    """The daemon's link to the pump: not the broker's to the daemon, which is `status`."""

    slot: Slot
    seq: Seq
    link: LinkState
    why: LinkWhy | None = Field(default=None, description="why the link is in this state")
    since_ts_ms: Ms = Field(description="in this state, for this reason")
    age_ms: Ms | None = Field(default=None, description="since the pump's last report; left out before the first")


class Snapshot(Payload):
    """What can honestly be said of one pump at `ts_ms`."""

    slot: Slot
    seq: Seq
    age_ms: Ms | None = Field(default=None, description="since the pump's last report; left out before the first")
    quality: Quality = Field(
        description="good; stale: no report for 5 s or the link is not up; unknown: no report in this boot"
    )
    phase: Phase
    asked_ml_per_h: Rate | None = Field(default=None, description="by the order, now")
    granted_ml_per_h: Rate | None = Field(default=None, description="as the pump read it back")
    measured_ml_per_h: Rate | None = Field(
        default=None, description="by the pump's own counter; left out while it cannot be said"
    )
    measured_uncertainty_ml_per_h: Rate | None = None
    measured_window_ms: Ms | None = None
    delivered_low_ml: Volume | None = Field(default=None, description="at least this much is in")
    delivered_high_ml: Volume | None = Field(default=None, description="at most this much is in")

    @model_validator(mode="after")
    def _interval_has_two_ends(self) -> Self:
        low, high = self.delivered_low_ml, self.delivered_high_ml
        if (low is None) != (high is None):
            raise ValueError("delivered_low_ml and delivered_high_ml come together")
        if low is not None and high is not None and low > high:
            raise ValueError(f"delivered_low_ml {low} is above delivered_high_ml {high}")
        return self


class Telemetry(Snapshot):
    """A sample, every second while a pump of this bed may move."""

    link: LinkState
    drive: Drive | None = Field(default=None, description="does the motor turn, by the pump's own word")
    infusion_id: str | None = Field(default=None, max_length=64, description="opaque; the same across a restart")
    total_ml: Volume | None = Field(default=None, description="volume to be infused")
    remaining_ml: Volume | None = Field(default=None, description="of it, by the upper end of what is in")
    left_ms: Ms | None = Field(default=None, description="at the present and the confirmed later rates")
    step: int | None = Field(default=None, ge=1, description="1 is the first")
    steps: int | None = Field(default=None, ge=1)
    container: int | None = Field(default=None, ge=1, description="which one hangs; 1 is the first")
    containers: int | None = Field(default=None, ge=1, description="in all, as the plan stands now")
    container_left_ms: Ms | None = Field(
        default=None, description="until this container is used up; left out where it outlasts the infusion"
    )
    alarm_count: int = Field(ge=0, description="active alarms of this pump and of the bed as a whole")
    alarm_priority: PriorityName = Field(description="the highest among them")
    pressure_kpa: float | None = Field(default=None, allow_inf_nan=False)
    battery_percent: int | None = Field(default=None, ge=0, le=100)


class State(Telemetry):
    """The whole of one pump: at every change, and every 10 s as a sign of life."""

    why: Why = Field(description="what moved the phase")
    phase_since_ts_ms: Ms
    started_ts_ms: Ms | None = None
    planned_end_ts_ms: Ms | None = None
    drug: str | None = Field(default=None, max_length=64, description="only where the site publishes it")
    high_alert: bool | None = None
    step_due: bool | None = Field(default=None, description="the next step up waits for a tap")
    beyond_soft_limit: bool | None = Field(
        default=None, description="two people let this infusion cross a soft limit; for as long as it lasts"
    )
    question: bool | None = Field(default=None, description="a person is asked whether the plunger is driven")
    alarm_sounding: bool | None = Field(default=None, description="an alarm of this pump or the bed is to be heard now")
    audio_paused_until_ts_ms: Ms | None = Field(
        default=None, description="the sound of older alarms is paused till then"
    )
    alarm_condition: Condition | None = Field(default=None, description="of the highest alarm")
    alarm_text: str | None = Field(default=None, max_length=500, description="of the highest alarm, for people")


class Event(Payload):
    """Something that happened, as journalled. `id` is its row in the journal: a repeat has the same."""

    slot: Slot
    seq: Seq
    id: int | None = Field(default=None, ge=1, description="left out when the journal had no room for the row")
    event: EventName
    infusion_id: str | None = Field(default=None, max_length=64)
    phase: Phase | None = None
    why: Why | None = None
    action: ActionName | None = None
    command: CommandKind | None = None
    command_id: int | None = Field(default=None, ge=0)
    ending: Ending | None = None
    link: LinkState | None = None
    asked_ml_per_h: Rate | None = None
    granted_ml_per_h: Rate | None = None
    volume_ml: Volume | None = None
    delivered_low_ml: Volume | None = None
    delivered_high_ml: Volume | None = None
    lease_s: int | None = Field(default=None, ge=0, description="the pump stops by itself after this much silence")
    step: int | None = Field(default=None, ge=1)
    waits: bool | None = Field(default=None, description="the step waits for a tap")
    alarm_id: int | None = Field(default=None, ge=0)
    condition: Condition | None = None
    priority: PriorityName | None = None


class Alarm(Payload):
    """An active alarm. It counts only while `status` is up with the same boot."""

    slot: AlarmSlot
    seq: Seq
    alarm_id: int = Field(ge=0)
    condition: Condition
    priority: PriorityName
    text: str = Field(max_length=500, description="for people")
    since_ts_ms: Ms
    acknowledged: bool
    over: bool = Field(description="the condition is gone, the alarm waits to be seen")
    sounding: bool | None = Field(default=None, description="it is to be heard at the bed now")
    colour: Colour | None = Field(default=None, description="in which it is shown")
    flash: Flash | None = None


class Backfill(Snapshot):
    """A sample that was taken while the broker was away. Behind live ones, never in front."""

    historical: Literal[True] = True


MODELS: Final[dict[Kind, type[Payload]]] = {
    Kind.STATUS: Status,
    Kind.ABOUT: About,
    Kind.LINK: Link,
    Kind.STATE: State,
    Kind.TELEMETRY: Telemetry,
    Kind.EVENT: Event,
    Kind.ALARM: Alarm,
    Kind.BACKFILL: Backfill,
}


def encode(payload: Payload) -> bytes:
    """One line of JSON in which what is not known does not appear."""
    return payload.model_dump_json(exclude_none=True).encode()


def _refuse_constant(name: str) -> Any:  # noqa: ANN401, the type that json.loads asks for
    raise ValueError(f"{name} is no JSON")


def decode(kind: Kind, data: bytes) -> tuple[Payload | None, tuple[str, ...]]:
    """What a message says, and everything that is wrong with it; the payload is None when it cannot be used."""
    if len(data) > PAYLOAD_BYTES_MAX:
        return None, (f"{len(data)} bytes, more than {PAYLOAD_BYTES_MAX}",)
    try:
        raw = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return None, (f"not JSON: {error}",)
    if not isinstance(raw, dict):
        return None, ("not an object",)
    wrong = [f"{key}: null, where a missing value is left out" for key, value in raw.items() if value is None]
    wrong += [f"{key}: not flat" for key, value in raw.items() if isinstance(value, (dict, list))]
    if wrong:
        return None, tuple(wrong)
    try:
        # as JSON, since strict mode takes text for an enum only from there
        known = {key: value for key, value in raw.items() if key in MODELS[kind].model_fields}
        return MODELS[kind].model_validate_json(json.dumps(known)), ()
    except ValidationError as error:
        return None, tuple(
            f"{'.'.join(str(part) for part in each['loc']) or 'message'}: {each['msg']}" for each in error.errors()
        )


def unknown_keys(kind: Kind, data: bytes) -> tuple[str, ...]:
    """Keys that this version does not know: of a newer daemon, or misspelt."""
    known = MODELS[kind].model_fields
    return tuple(key for key in json.loads(data) if key not in known)
