"""One decision of a search, as the walls see it: the state before, the request, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pumpd.core import requests as r
from pumpd.core.bed import Decision
from pumpd.core.effects import Effect
from pumpd.core.state import BedState, PumpState
from pumpd.core.turn import Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One decision, as the walls see it."""

    before: BedState
    request: r.Request
    decision: Decision
    setup: Setup

    @property
    def after(self) -> BedState:
        return self.decision.state

    def was(self, slot: str) -> PumpState:
        return self.before.on(slot)

    def wanted(self) -> Iterator[Effect]:
        yield from self.decision.effects


Wall = Callable[[Judged], Iterator[str]]
