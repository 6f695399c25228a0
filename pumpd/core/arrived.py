"""What the facts of arrival_facts.py make of the path: applied, never judged, as in evolve.py."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core.arrival_facts import ArrivalFact, SeriesSigned, VisitOpened
from pumpd.core.todo import open_of
from pumpd.core.visit import SERIES_MAX, VISITS_MAX, Path, Place, Visit


def arrived(path: Path, fact: ArrivalFact) -> Path:
    match fact:
        case SeriesSigned():
            return replace(path, series=(*path.series, fact.order)[-SERIES_MAX:])
        case VisitOpened():
            return replace(path, visits=(*_room(path.visits), _opened(fact)))
        case _:
            assert_never(fact)


def _opened(fact: VisitOpened) -> Visit:
    return Visit(
        visit=fact.visit,
        series=fact.series,
        patient=fact.patient,
        number=fact.number,
        order=fact.order,
        opened_at_ns=fact.at_ns,
        opened_day=fact.opened_day,
        opened_by=fact.person,
        profile=fact.profile,
        holds=fact.holds,
        writer=fact.person,
        signed=fact.signed,
    )


def _room(visits: tuple[Visit, ...]) -> tuple[Visit, ...]:
    """One more fits in: the oldest closed one goes, one with nothing to be done first, and stays in the journal."""
    if len(visits) < VISITS_MAX:
        return visits
    closed = sorted((each for each in visits if each.place is Place.CLOSED), key=lambda each: any(open_of(each)))
    return tuple(each for each in visits if each is not (closed[0] if closed else None))
