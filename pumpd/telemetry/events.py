"""Which facts become events, and what of them leaves the bed. Pure, like views.py, and by the same rules.

Facts that another topic tells better make no event: a checkpoint is in telemetry, a change of the bed's journal in
`status`. Who asked, with which words, and what the wire said stay at the bed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from pumpd.core import facts as f
from pumpd.core.delivered import Interval
from pumpd.core.events import LinkState
from pumpd.core.facts import Fact
from pumpd.telemetry import payloads as p
from pumpd.telemetry.views import Moment, ml, ml_per_h, priority_name, slot_name

_TOLD: Final = frozenset(get_args(p.ActionName))


def slot_of(fact: Fact, known_alarms: Mapping[int, str | None]) -> str | None:
    """The pump that a fact is about; None for the bed as a whole."""
    match fact:
        case f.AlarmAcknowledged() | f.AlarmOver() | f.AlarmCleared():
            return known_alarms.get(fact.alarm_id)
        case _:
            slot: str | None = getattr(fact, "slot", None)
            return slot


def _ends(delivered: Interval) -> dict[str, float]:
    return {"delivered_low_ml": ml(delivered.low_nl), "delivered_high_ml": ml(delivered.high_nl)}


def event(
    fact: Fact, slot: str, number: int | None, infusion_id: str | None, moment: Moment
) -> Callable[[int], p.Event] | None:
    """None for facts that other topics tell better. `number` is the row, None when the journal had no room."""
    found = _event_fields(fact)
    if found is None:
        return None
    name, fields = found
    ts_ms = moment.ts_ms(fact.at_ns)

    def make(seq: int) -> p.Event:
        return p.Event(
            ts_ms=ts_ms,
            boot=moment.boot,
            seq=seq,
            slot=slot_name(slot),
            id=number,
            event=name,
            infusion_id=infusion_id,
            **fields,
        )

    return make


def _event_fields(fact: Fact) -> tuple[p.EventName, dict[str, Any]] | None:
    """The event that a fact makes, or None for facts that other topics tell better."""
    match fact:
        case f.PersonAsked() | f.RequestRefused():
            if fact.action.value not in _TOLD:
                return None  # of a visit: that it was asked tells of whom
            return "person_asked" if isinstance(fact, f.PersonAsked) else "request_refused", {
                "action": fact.action.value
            }
        case f.InfusionOrdered():
            return "infusion_ordered", {"volume_ml": ml(fact.programme.total_nl)}
        case f.CommandIssued():
            return "command_issued", {
                "command": fact.command,
                "command_id": fact.command_id,
                "asked_ml_per_h": ml_per_h(fact.rate_ul_per_h),
                "volume_ml": None if fact.volume_nl is None else ml(fact.volume_nl),
            }
        case f.CommandClosed():
            return "command_closed", {
                "command": fact.command,
                "command_id": fact.command_id,
                "ending": fact.ending,
            }
        case f.LegPrepared():
            return "leg_prepared", {
                "granted_ml_per_h": ml_per_h(fact.granted.rate_ul_per_h),
                "volume_ml": ml(fact.granted.volume_nl),
                "lease_s": fact.granted.lease_s,
            }
        case f.RateGranted():
            return "rate_granted", {
                "asked_ml_per_h": ml_per_h(fact.asked_ul_per_h),
                "granted_ml_per_h": ml_per_h(fact.granted_ul_per_h),
                **_ends(fact.delivered),
            }
        case f.StepReached():
            return "step_reached", {"step": fact.step + 1, "waits": fact.waits}
        case f.StepTaken():
            return "step_taken", {"step": fact.step + 1}
        case f.PlanCut():
            return "plan_cut", {"volume_ml": ml(sum(step.volume_nl for step in fact.plan))}
        case f.PhaseChanged():
            return "phase_changed", {"phase": fact.phase, "why": fact.why, **_ends(fact.delivered)}
        case f.QuestionAsked():
            return "question_asked", {}
        case f.PumpRecognised():
            return "pump_recognised", {}
        case f.LinkWent():
            return "link_went", {"link": LinkState(fact.link)}
        case f.AlarmRaised():
            return "alarm_raised", {
                "alarm_id": fact.alarm_id,
                "condition": fact.condition,
                "priority": priority_name(fact.priority),
            }
        case f.AlarmAcknowledged():
            return "alarm_acknowledged", {"alarm_id": fact.alarm_id}
        case f.AlarmCleared():
            return "alarm_cleared", {"alarm_id": fact.alarm_id}
    return None
