"""The calls about a course, for `Client.send` and `AsyncClient.send`; the others stand in api_client.py."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from pydantic import TypeAdapter

from pumpd.api_course_models import AttestBody, CourseView, ExportView, FollowUpBody, ImportBody, OutcomeBody
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView

_ANSWER: Final = TypeAdapter(AnswerView)
_COURSE: Final = TypeAdapter(CourseView)
_EXPORT: Final = TypeAdapter(ExportView)


def course(series: str) -> Call[CourseView]:
    """What this course has had, and what each sum rests on."""
    return Call(method="GET", path=f"{_series(series)}/course", answer=_COURSE)


def export(series: str) -> Call[ExportView]:
    return Call(method="GET", path=f"{_series(series)}/export", answer=_EXPORT)


def take_in(body: ImportBody, key: str | None = None) -> Call[AnswerView]:
    return Call(method="POST", path="/v1/series/import", answer=_ANSWER, body=body, key=key)


def attest(series: str, body: AttestBody, key: str | None = None) -> Call[AnswerView]:
    return Call(method="POST", path=f"{_series(series)}/attest", answer=_ANSWER, body=body, key=key)


def outcome(series: str, body: OutcomeBody, key: str | None = None) -> Call[AnswerView]:
    return Call(method="POST", path=f"{_series(series)}/outcome", answer=_ANSWER, body=body, key=key)


def follow_up(series: str, body: FollowUpBody, key: str | None = None) -> Call[AnswerView]:
    return Call(method="POST", path=f"{_series(series)}/follow-up", answer=_ANSWER, body=body, key=key)


def _series(series: str) -> str:
    return f"/v1/series/{quote(series, safe='')}"
