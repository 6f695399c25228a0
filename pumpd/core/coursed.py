"""What facts make of a course: applied, never judged, as in evolve.py.

Beside the facts of course_facts.py a course is told by a visit that this bed lets go of, and by a start for which two
people crossed a soft limit of the patient: that is settled for the rest of the course.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core.codes import Grant, Severity
from pumpd.core.course import EARLIER_MAX, OUTCOMES_MAX, Attended, Attested, CourseLog, FollowUp, Outcome
from pumpd.core.course_facts import CourseAttested, CourseFact, CourseImported, FollowUpNoted, OutcomeNoted
from pumpd.core.course_tally import attended
from pumpd.core.order import Settled
from pumpd.core.visit import SERIES_MAX, Path, Visit


def coursed(path: Path, fact: CourseFact) -> Path:
    match fact:
        case CourseAttested():
            said = Attested(
                at_ns=fact.at_ns, person=fact.person, day=fact.day, visits=fact.visits, given_ng=fact.given_ng
            )
            return path.with_course(replace(path.course(fact.series), attested=said))
        case CourseImported():
            return _imported(path, fact)
        case OutcomeNoted():
            log = path.course(fact.series)
            noted = Outcome(person=fact.person, day=fact.day, instrument=fact.instrument, total=fact.total)
            return path.with_course(replace(log, outcomes=_outcomes(log.outcomes, (noted,))))
        case FollowUpNoted():
            log = path.course(fact.series)
            asked = FollowUp(person=fact.person, day=fact.day, prompt=fact.prompt, found=fact.found)
            return path.with_course(replace(log, follow_ups=(*log.follow_ups, asked)[-OUTCOMES_MAX:]))
        case _:
            assert_never(fact)


def remembered(path: Path, gone: Visit) -> Path:
    """A visit that this bed lets go of stays in its course."""
    log = path.course(gone.series)
    return path.with_course(replace(log, earlier=_earlier(log.earlier, (attended(gone),))))


def settled(path: Path, visit: str, grant: Grant) -> Path:
    """Two people let this start cross these soft limits: what is the patient's own is not asked again in the course."""
    found = path.visit(visit)
    crossed = {
        each.code: Settled(code=each.code, value=each.asked)
        for each in grant.reasons
        if each.severity is Severity.SOFT and each.asked is not None
    }
    if found is None or not crossed:
        return path
    log = path.course(found.series)
    before = tuple(each for each in log.settled if each.code not in crossed)
    return path.with_course(replace(log, settled=(*before, *crossed.values())))


def _imported(path: Path, fact: CourseImported) -> Path:
    if path.signed(fact.order.series) is None:
        path = replace(path, series=(*path.series, fact.order)[-SERIES_MAX:])
    here, there = path.course(fact.order.series), fact.log
    codes = {each.code for each in here.settled}
    attests = [each for each in (here.attested, there.attested) if each is not None]
    follow_ups = (*here.follow_ups, *(each for each in there.follow_ups if each not in here.follow_ups))
    return path.with_course(
        CourseLog(
            series=fact.order.series,
            earlier=_earlier(here.earlier, there.earlier),
            settled=(*here.settled, *(each for each in there.settled if each.code not in codes)),
            attested=max(attests, key=lambda each: each.given_ng, default=None),
            outcomes=_outcomes(here.outcomes, there.outcomes),
            follow_ups=follow_ups[-OUTCOMES_MAX:],
            imported_from=there.imported_from,
        )
    )


def _earlier(here: tuple[Attended, ...], more: tuple[Attended, ...]) -> tuple[Attended, ...]:
    """Each visit once, with the most that anybody knows of it; were there too many, the two oldest count as one."""
    known = {each.visit: each for each in here}
    for each in more:
        before = known.get(each.visit)
        known[each.visit] = each if before is None or each.given_ng > before.given_ng else before
    kept = sorted(known.values(), key=lambda each: (each.day, each.visit))
    while len(kept) > EARLIER_MAX:
        first, second, *rest = kept
        kept = [replace(second, given_ng=first.given_ng + second.given_ng), *rest]
    return tuple(kept)


def _outcomes(here: tuple[Outcome, ...], more: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """One total an instrument and day: the later word replaces the one before."""
    known = {(each.instrument, each.day): each for each in (*here, *more)}
    return tuple(sorted(known.values(), key=lambda each: (each.day, each.instrument.value)))[-OUTCOMES_MAX:]
