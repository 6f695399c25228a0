"""The calls while an infusion is prepared and checked, for both clients; see api_path_calls.py."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter

from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView
from pumpd.api_preparation_models import (
    CheckBody,
    CheckTaskView,
    LabelReadBody,
    OmissionBody,
    PremedicationBody,
    PreparationView,
    RiseCheckBody,
)

_ANSWER: Final = TypeAdapter(AnswerView)
_PREPARATION: Final = TypeAdapter(PreparationView)
_TASK: Final = TypeAdapter(CheckTaskView)


def preparation(visit: str) -> Call[PreparationView]:
    """How far the preparation is, for those who prepare."""
    return Call(method="GET", path=_path(visit, "preparation"), answer=_PREPARATION)


def check_task(visit: str) -> Call[CheckTaskView]:
    """What a second person enters; no value."""
    return Call(method="GET", path=_path(visit, "check"), answer=_TASK)


def read_label(visit: str, body: LabelReadBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "label", body, key)


def check_line(visit: str, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "line", None, key)


def give_premedication(visit: str, body: PremedicationBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "premedication", body, key)


def leave_premedication(visit: str, body: OmissionBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "premedication/omitted", body, key)


def enter_check(visit: str, body: CheckBody, key: str | None = None) -> Call[AnswerView]:
    """From the sources, by somebody who has not prepared it."""
    return _act(visit, "check", body, key)


def check_rise(visit: str, body: RiseCheckBody, key: str | None = None) -> Call[AnswerView]:
    """From label and order, by somebody who does not ask for the rise."""
    return _act(visit, "check/rise", body, key)


def _path(visit: str, act: str) -> str:
    return f"/v1/visits/{quote(visit, safe='')}/{act}"


def _act(visit: str, act: str, body: BaseModel | None, key: str | None) -> Call[AnswerView]:
    return Call(method="POST", path=_path(visit, act), answer=_ANSWER, body=body, key=key)
