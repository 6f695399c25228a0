"""The calls of a check-in and of who a patient is, for `Client.send` and `AsyncClient.send`; see api_path_calls.py."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter

from pumpd.api_check_in_models import (
    CheckInView,
    CompanyBody,
    ErasedView,
    FindingBody,
    IdentityBody,
    ItemsBody,
    PatientBody,
    PatientView,
    RiskBody,
    RiskPlanBody,
    UnchangedBody,
    WeightBody,
)
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView

_ERASED: Final = TypeAdapter(ErasedView)
_ANSWER: Final = TypeAdapter(AnswerView)
_CHECK_IN: Final = TypeAdapter(CheckInView)
_PATIENT: Final = TypeAdapter(PatientView)
_PATIENTS: Final = TypeAdapter(tuple[PatientView, ...])


def add_patient(body: PatientBody) -> Call[PatientView]:
    return Call(method="POST", path="/v1/patients", answer=_PATIENT, body=body)


def patients() -> Call[tuple[PatientView, ...]]:
    return Call(method="GET", path="/v1/patients", answer=_PATIENTS)


def patient(key: str) -> Call[PatientView]:
    return Call(method="GET", path=f"/v1/patients/{quote(key, safe='')}", answer=_PATIENT)


def erase_patient(key: str) -> Call[ErasedView]:
    return Call(method="DELETE", path=f"/v1/patients/{quote(key, safe='')}", answer=_ERASED)


def check_in(visit: str) -> Call[CheckInView]:
    """How far the check-in is, and what an earlier visit said."""
    return Call(method="GET", path=_path(visit, "check-in"), answer=_CHECK_IN)


def compare_identity(visit: str, body: IdentityBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "identity", body, key)


def answer_items(visit: str, body: ItemsBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "items", body, key)


def confirm_unchanged(visit: str, body: UnchangedBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "unchanged", body, key)


def accept_finding(visit: str, body: FindingBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "finding", body, key)


def weigh(visit: str, weight_kg: str, key: str | None = None) -> Call[AnswerView]:
    """Today's weight as typed."""
    return _act(visit, "weight", WeightBody(weight_kg=weight_kg), key)


def name_company(visit: str, body: CompanyBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "company", body, key)


def answer_risk(visit: str, *, positive: bool, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "risk", RiskBody(positive=positive), key)


def sign_risk_plan(visit: str, body: RiskPlanBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "risk/plan", body, key)


def _path(visit: str, act: str) -> str:
    return f"/v1/visits/{quote(visit, safe='')}/{act}"


def _act(visit: str, act: str, body: BaseModel, key: str | None) -> Call[AnswerView]:
    return Call(method="POST", path=_path(visit, act), answer=_ANSWER, body=body, key=key)
