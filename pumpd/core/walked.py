"""What the facts of the nurse's path make of the state, each kind by a module of its own; applied, never judged."""

from __future__ import annotations

from dataclasses import replace

from pumpd.core.arrival_facts import ArrivalFact
from pumpd.core.arrived import arrived
from pumpd.core.care_facts import CareFact
from pumpd.core.cared import cared
from pumpd.core.checked_in import checked_in
from pumpd.core.course_facts import CourseFact
from pumpd.core.coursed import coursed
from pumpd.core.facts import PathFact
from pumpd.core.preparation_facts import PreparationFact
from pumpd.core.prepared import prepared
from pumpd.core.visit import Path
from pumpd.core.writer_facts import WriterTook


def walked(path: Path, fact: PathFact) -> Path:
    """The path after one fact of it."""
    if isinstance(fact, ArrivalFact):
        return arrived(path, fact)
    if isinstance(fact, CourseFact):
        return coursed(path, fact)
    if isinstance(fact, CareFact):
        return cared(path, fact)
    if isinstance(fact, WriterTook):
        visit = path.visit(fact.visit)
        assert visit is not None, fact
        return path.with_visit(replace(visit, writer=fact.person))
    if isinstance(fact, PreparationFact):
        return prepared(path, fact)
    return checked_in(path, fact)
