"""The visits of a journal: each as it stood last, with every row that concerned it, from its opening to its last word.

The state keeps the latest visits only, so each is noted down while it is there. A row belongs to the visit that it
names; one that names none and no pump (a refusal, a request to write) belongs to whoever is at the bed then.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.series import SeriesOrder
from pumpd.core.state import BedState
from pumpd.core.visit import Visit
from pumpd.records_rows import Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRecord:
    """One patient's session. `ns_to_wall_ms` turns the times inside the visit (boot clock) into times of day."""

    visit: Visit
    series: SeriesOrder | None
    opened_wall_ms: int
    happenings: tuple[Happening, ...]

    def wall_ms(self, at_ns: int) -> int:
        """By the opening, which has both clocks."""
        return self.opened_wall_ms + (at_ns - self.visit.opened_at_ns) // 1_000_000


class Visits:
    """Takes the rows in their order, with the state behind each."""

    def __init__(self) -> None:
        self._seen: dict[str, Visit] = {}
        self._series: dict[str, SeriesOrder] = {}
        self._opened_wall_ms: dict[str, int] = {}
        self._rows: dict[str, list[Happening]] = {}

    def take(self, happening: Happening, state: BedState) -> None:
        path = state.path
        for visit in path.visits:
            if self._seen.get(visit.visit) is not visit:
                self._seen[visit.visit] = visit
                self._opened_wall_ms.setdefault(visit.visit, happening.wall_ms)
        for signed in path.series:
            self._series.setdefault(signed.series, signed)
        named: str | None = getattr(happening.fact, "visit", None)
        if named is None and happening.slot is None and path.at_bed is not None:
            named = path.at_bed.visit
        if named is not None:
            self._rows.setdefault(named, []).append(happening)

    def told(self) -> tuple[VisitRecord, ...]:
        return tuple(
            VisitRecord(
                visit=visit,
                series=self._series.get(visit.series),
                opened_wall_ms=self._opened_wall_ms[name],
                happenings=tuple(self._rows.get(name, ())),
            )
            for name, visit in self._seen.items()
        )
