"""The calls of a visit's care, for `Client.send` and `AsyncClient.send`, as in api_path_calls.py."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from pydantic import TypeAdapter

from pumpd.api_care_models import (
    AcceptBody,
    CareView,
    HandOverBody,
    InfiltrationBody,
    MarkBody,
    ObservationsBody,
    RescueBody,
    SideEffectBody,
)
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView

_ANSWER: Final = TypeAdapter(AnswerView)
_CARE: Final = TypeAdapter(CareView)


def care(visit_id: str) -> Call[CareView]:
    """What is due when, what holds, and what was seen last."""
    return Call(method="GET", path=f"{_visit(visit_id)}/care", answer=_CARE)


def observe(visit_id: str, body: ObservationsBody, key: str | None = None) -> Call[AnswerView]:
    return Call(method="POST", path=f"{_visit(visit_id)}/observations", answer=_ANSWER, body=body, key=key)


def accept_value(visit_id: str, body: AcceptBody, key: str | None = None) -> Call[AnswerView]:
    """A prescriber lets a value stand."""
    return Call(method="POST", path=f"{_visit(visit_id)}/accept_value", answer=_ANSWER, body=body, key=key)


def take_over(visit_id: str, key: str | None = None) -> Call[AnswerView]:
    """Whoever asks writes this visit from now on."""
    return Call(method="POST", path=f"{_visit(visit_id)}/writer", answer=_ANSWER, key=key)


def note_side_effect(visit_id: str, body: SideEffectBody, key: str | None = None) -> Call[AnswerView]:
    return Call(method="POST", path=f"{_visit(visit_id)}/side_effects", answer=_ANSWER, body=body, key=key)


def record_rescue(visit_id: str, body: RescueBody, key: str | None = None) -> Call[AnswerView]:
    """A drug was given by hand."""
    return Call(method="POST", path=f"{_visit(visit_id)}/rescues", answer=_ANSWER, body=body, key=key)


def note_infiltration(visit_id: str, body: InfiltrationBody, key: str | None = None) -> Call[AnswerView]:
    return Call(method="POST", path=f"{_visit(visit_id)}/infiltration", answer=_ANSWER, body=body, key=key)


def emergency(visit_id: str, key: str | None = None) -> Call[AnswerView]:
    """Everything of this visit stops, and the bed asks for nothing."""
    return Call(method="POST", path=f"{_visit(visit_id)}/emergency", answer=_ANSWER, key=key)


def mark(visit_id: str, body: MarkBody, key: str | None = None) -> Call[AnswerView]:
    return Call(method="POST", path=f"{_visit(visit_id)}/emergency/marks", answer=_ANSWER, body=body, key=key)


def emergency_over(visit_id: str, key: str | None = None) -> Call[AnswerView]:
    return Call(method="POST", path=f"{_visit(visit_id)}/emergency/over", answer=_ANSWER, key=key)


def hand_over(visit_id: str, body: HandOverBody, key: str | None = None) -> Call[AnswerView]:
    """Tell whoever cares next; `api_path_calls.take_over` is how they take it."""
    return Call(method="POST", path=f"{_visit(visit_id)}/handover", answer=_ANSWER, body=body, key=key)


def _visit(visit_id: str) -> str:
    return f"/v1/visits/{quote(visit_id, safe='')}"
