"""The calls about the end of a visit, for `Client.send` and `AsyncClient.send`; the others stand in api_client.py."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from pydantic import TypeAdapter

from pumpd.api_departure_models import (
    DischargeBody,
    ExitBody,
    MoveBody,
    RecoveryView,
    ScoreBody,
    TellBody,
    TodoView,
    WasteBody,
    WitnessBody,
)
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView

_ANSWER: Final = TypeAdapter(AnswerView)
_TODO: Final = TypeAdapter(tuple[TodoView, ...])
_RECOVERIES: Final = TypeAdapter(tuple[RecoveryView, ...])
_RECOVERY: Final = TypeAdapter(RecoveryView)

DepartureBody = MoveBody | ScoreBody | DischargeBody | ExitBody | TellBody | WasteBody | WitnessBody


def recovery() -> Call[tuple[RecoveryView, ...]]:
    """Every visit that is not closed, and what still keeps the patient here."""
    return Call(method="GET", path="/v1/recovery", answer=_RECOVERIES)


def recovery_of(visit: str) -> Call[RecoveryView]:
    """One visit, open or closed."""
    return Call(method="GET", path=f"/v1/visits/{quote(visit, safe='')}/recovery", answer=_RECOVERY)


def todo() -> Call[tuple[TodoView, ...]]:
    """What is still to be done for this bed's patients."""
    return Call(method="GET", path="/v1/todo", answer=_TODO)


def move(visit: str, body: MoveBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "move", body, key)


def score(visit: str, body: ScoreBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "score", body, key)


def discharge(visit: str, body: DischargeBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "discharge", body, key)


def leave(visit: str, body: ExitBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "leave", body, key)


def tell(visit: str, body: TellBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "tell", body, key)


def waste(visit: str, body: WasteBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "waste", body, key)


def witness(visit: str, body: WitnessBody, key: str | None = None) -> Call[AnswerView]:
    return _act(visit, "witness", body, key)


def _act(visit: str, act: str, body: DepartureBody, key: str | None) -> Call[AnswerView]:
    return Call(method="POST", path=f"/v1/visits/{quote(visit, safe='')}/{act}", answer=_ANSWER, body=body, key=key)
