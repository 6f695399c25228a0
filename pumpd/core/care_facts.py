"""Facts of a visit's care while the drug runs and after it. They stand beside facts.py, and the same rules hold."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.holds import Accepted
from pumpd.core.observing import Reading, Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A set of observations; `signs` is None where nobody looked for any, and empty where none was seen."""

    at_ns: int
    visit: str
    person: str
    taken_at_ns: int
    readings: tuple[Reading, ...]
    signs: tuple[Sign, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueAccepted:
    """A prescriber let a value stand that the order's hold parameters speak against."""

    at_ns: int
    visit: str
    accepted: Accepted


CareFact = Observed | ValueAccepted
