"""Glimpses: the facts that are not journalled. `Asked` (a look at a pump was asked for), `Seen` (what it showed),
`Missed` (it showed nothing), `StopTried`, and `Listened` (somebody serves pages that can be heard).

They carry `DURABLE = False`, live in the part of the state named `sighting` (the last in
`hearing`), and are lost with the daemon on purpose:
after a restart the pump is asked again rather than remembered (wall 12).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pumpd.core.pump import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A look at the pump was asked for. Not journalled."""

    DURABLE: ClassVar[bool] = False
    at_ns: int
    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a look showed, true at some moment between the two times. Not journalled."""

    DURABLE: ClassVar[bool] = False
    at_ns: int
    slot: str
    asked_at_ns: int
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A look that showed nothing. Not journalled."""

    DURABLE: ClassVar[bool] = False
    at_ns: int
    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTried:
    """An attempt at a stop left (`pending`), or ended without a report that settles it. Not journalled."""

    DURABLE: ClassVar[bool] = False
    at_ns: int
    slot: str
    pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listened:
    """Whoever goes by this name serves so many pages whose sound is on; none: it is forgotten. Not journalled."""

    DURABLE: ClassVar[bool] = False
    at_ns: int
    watcher: str
    pages: int
