"""The fact and the request about who writes a visit. They stand beside facts.py and requests.py, whose rules hold."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterTook:
    """From here on this person writes the visit, and nobody else."""

    at_ns: int
    visit: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterTaken:
    """I write this visit from now on, whoever did before."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    asked_at_ns: int | None = None
