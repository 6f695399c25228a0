"""Requests of a visit's care: observations, and what they lead to.

As in requests.py nothing in them has been judged.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.actor import Actor
from pumpd.core.observing import Measure, Reading, Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveRequested:
    """A set of observations as it was typed, taken now where no time is given; `signs`: None where nobody looked."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    taken_at_ns: int | None
    readings: tuple[Reading, ...]
    signs: tuple[Sign, ...] | None = None
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRequested:
    """A prescriber, alone or beside whoever asks, accepts the last value of this item, `value`."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    item: Measure
    value: int
    remark: str
    second: Actor | None = None
    asked_at_ns: int | None = None


CareRequest = ObserveRequested | AcceptRequested
