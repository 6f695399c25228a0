"""What the facts of arrival_facts.py make of the path: applied, never judged, as in evolve.py."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core.arrival_facts import ArrivalFact, SeriesSigned, VisitOpened
from pumpd.core.coursed import remembered
from pumpd.core.todo import open_of
from pumpd.core.visit import SERIES_MAX, VISITS_MAX, Path, Place, Visit


def arrived(path: Path, fact: ArrivalFact) -> Path:
    match fact:
        case SeriesSigned():
            return replace(path, series=(*path.series, fact.order)[-SERIES_MAX:])
        case VisitOpened():
            path = _room(path)
            return replace(path, visits=(*path.visits, _opened(fact)))
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


def _room(path: Path) -> Path:
    """One more fits in: the oldest closed one goes, one with nothing to be done first, and stays in its course."""
    closed = sorted((each for each in path.visits if each.place is Place.CLOSED), key=lambda each: any(open_of(each)))
    if len(path.visits) < VISITS_MAX or not closed:
        return path
    gone = closed[0]
    return remembered(replace(path, visits=tuple(each for each in path.visits if each is not gone)), gone)
