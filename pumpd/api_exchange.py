"""One call of the API as a client makes it: what is sent with it, and how its answer is read.

A refusal by the bed is an answer with its reasons; anything else than an answer becomes an `ApiError` with the daemon's
own sentence. The table of calls is api_client.py, the two ways of sending them as well.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from pumpd.api_models import ProblemView
from pumpd.errors import ApiError

KEY_HEADER: Final = "Idempotency-Key"
SENT_HEADER: Final = "Pumpd-Sent-At-Ns"
AUTHOR_HEADER: Final = "Pumpd-Author"

T = TypeVar("T")

_ANSWERS: Final = frozenset({200, 201, 401, 409})  # 401 and 409 may carry the bed's own reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One call of the API: what is sent, and what the answer is. `author`: whom somebody chose on a locked page."""

    method: str
    path: str
    answer: TypeAdapter[T]
    body: BaseModel | None = None
    query: tuple[tuple[str, str], ...] = ()
    key: str | None = None
    author: str | None = None


def headers_of(call: Call[T], token: str | None, sent_at_ns: Callable[[], int] | None) -> dict[str, str]:
    headers = {}
    if token:  # an empty one is nobody's
        headers["Authorization"] = f"Bearer {token}"
    if call.key is not None:
        headers[KEY_HEADER] = call.key
    if call.author is not None:
        headers[AUTHOR_HEADER] = call.author
    if sent_at_ns is not None:
        headers[SENT_HEADER] = str(sent_at_ns())
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    return headers


def content_of(call: Call[T]) -> bytes | None:
    return None if call.body is None else call.body.model_dump_json().encode()


def read(call: Call[T], status: int, content: bytes) -> T:
    """Raises ApiError."""
    if status in _ANSWERS:
        with suppress(ValidationError):
            return call.answer.validate_json(content)
    try:
        problem = ProblemView.model_validate_json(content)
    except ValidationError:
        problem = ProblemView(text=f"{call.method} {call.path}: HTTP {status}: {content[:200]!r}")
    raise ApiError(problem.text, status=status, field=problem.field)
