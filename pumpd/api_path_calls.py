"""The calls of the nurse's path, for `Client.send` and `AsyncClient.send`; the rest of the table is api_client.py."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from pydantic import TypeAdapter

from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, ReviewView
from pumpd.api_path_models import (
    DraftBody,
    DraftView,
    DroppedView,
    SeriesBody,
    SeriesView,
    SignedView,
    VisitBody,
    VisitStartBody,
    VisitView,
)

_ANSWER: Final = TypeAdapter(AnswerView)
_SERIES: Final = TypeAdapter(tuple[SeriesView, ...])
_SIGNED: Final = TypeAdapter(SignedView)
_VISITS: Final = TypeAdapter(tuple[VisitView, ...])
_REVIEW: Final = TypeAdapter(ReviewView)
_DRAFT: Final = TypeAdapter(DraftView)
_DROPPED: Final = TypeAdapter(DroppedView)
_VISIT: Final = TypeAdapter(VisitView)


def series() -> Call[tuple[SeriesView, ...]]:
    return Call(method="GET", path="/v1/series", answer=_SERIES)


def series_of(series_id: str) -> Call[SignedView]:
    """One order whole, as it would be typed again."""
    return Call(method="GET", path=f"/v1/series/{quote(series_id, safe='')}", answer=_SIGNED)


def sign_series(body: SeriesBody, key: str | None = None) -> Call[AnswerView]:
    """The id of the answer is the id of the series."""
    return Call(method="POST", path="/v1/series", answer=_ANSWER, body=body, key=key)


def visits() -> Call[tuple[VisitView, ...]]:
    """Every visit that this bed knows, the latest last."""
    return Call(method="GET", path="/v1/visits", answer=_VISITS)


def visit(visit_id: str) -> Call[VisitView]:
    return Call(method="GET", path=_visit(visit_id), answer=_VISIT)


def open_visit(body: VisitBody, key: str | None = None) -> Call[AnswerView]:
    """The id of the answer is the id of the visit."""
    return Call(method="POST", path="/v1/visits", answer=_ANSWER, body=body, key=key)


def review_visit(visit_id: str, slot: str) -> Call[ReviewView]:
    """What the visit's own order would become on this pump."""
    return Call(method="GET", path=f"{_visit(visit_id)}/review", answer=_REVIEW, query=(("slot", slot),))


def start_visit(visit_id: str, body: VisitStartBody, key: str | None = None) -> Call[AnswerView]:
    return Call(method="POST", path=f"{_visit(visit_id)}/start", answer=_ANSWER, body=body, key=key)


def take_over(visit_id: str, key: str | None = None) -> Call[AnswerView]:
    """Whoever asks writes this visit from now on."""
    return Call(method="POST", path=f"{_visit(visit_id)}/writer", answer=_ANSWER, key=key)


def keep_draft(form: str, fields: dict[str, str], visit_id: str = "") -> Call[DraftView]:
    """What is typed into a form of a visit, or of one's own; kept until it is dropped or the visit ends."""
    return Call(method="PUT", path=_draft(form), answer=_DRAFT, body=DraftBody(fields=fields), query=_of(visit_id))


def draft(form: str, visit_id: str = "") -> Call[DraftView]:
    return Call(method="GET", path=_draft(form), answer=_DRAFT, query=_of(visit_id))


def drop_draft(form: str, visit_id: str = "") -> Call[DroppedView]:
    return Call(method="DELETE", path=_draft(form), answer=_DROPPED, query=_of(visit_id))


def _draft(form: str) -> str:
    return f"/v1/drafts/{quote(form, safe='')}"


def _of(visit_id: str) -> tuple[tuple[str, str], ...]:
    return (("visit", visit_id),) if visit_id else ()


def _visit(visit_id: str) -> str:
    return f"/v1/visits/{quote(visit_id, safe='')}"
