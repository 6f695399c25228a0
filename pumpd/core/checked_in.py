"""What the facts of check_in_facts.py make of a visit: applied, never judged, as in evolve.py."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core.check_in import Accepted, Company, Identity, ItemAnswer, Risk, RiskPlan, Weighing
from pumpd.core.check_in_facts import (
    CheckInFact,
    CompanyNoted,
    FindingSettled,
    IdentityChecked,
    ItemsNoted,
    RiskNoted,
    RiskPlanned,
    WeightTaken,
)
from pumpd.core.visit import Path, Visit


def checked_in(path: Path, fact: CheckInFact) -> Path:
    visit = path.visit(fact.visit)
    assert visit is not None, fact
    return path.with_visit(_with(visit, fact))


def _with(visit: Visit, fact: CheckInFact) -> Visit:
    at_ns, person = fact.at_ns, fact.person
    match fact:
        case IdentityChecked():
            identity = Identity(at_ns=at_ns, person=person, matched=fact.matched, differed=fact.differed)
            return replace(visit, identity=identity)
        case ItemsNoted():
            new = {each.said.item for each in fact.answers}
            kept = tuple(each for each in visit.answers if each.said.item not in new)
            return replace(visit, answers=(*kept, *fact.answers))
        case FindingSettled():
            accepted = Accepted(at_ns=at_ns, person=person, why=fact.why)
            return replace(visit, answers=tuple(_accepted(each, fact, accepted) for each in visit.answers))
        case WeightTaken():
            order = replace(visit.order, verified_weight_g=fact.weight_g)
            weighed = Weighing(at_ns=at_ns, person=person, weight_g=fact.weight_g)
            return replace(visit, order=order, weighed=weighed)
        case CompanyNoted():
            return replace(visit, company=Company(at_ns=at_ns, person=person, escort=fact.escort, ward=fact.ward))
        case RiskNoted():
            risk = Risk(at_ns=at_ns, person=person, positive=fact.positive, watching=fact.watching)
            return replace(visit, risk=risk)
        case RiskPlanned():
            assert visit.risk is not None, fact
            plan = RiskPlan(at_ns=at_ns, person=person, plan=fact.plan)
            return replace(visit, risk=replace(visit.risk, watching=fact.watching, plan=plan))
        case _:
            assert_never(fact)


def _accepted(answer: ItemAnswer, fact: FindingSettled, accepted: Accepted) -> ItemAnswer:
    return replace(answer, accepted=accepted) if answer.said.item is fact.item else answer
