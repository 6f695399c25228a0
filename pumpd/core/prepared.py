"""What the facts of preparation_facts.py make of a visit, and what hanging a container does: applied, never judged."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core.preparation import CheckField, Label, LineCheck, SecondCheck
from pumpd.core.preparation_facts import (
    CheckAgreed,
    CheckDiffered,
    LabelNoted,
    LineFound,
    PremedicationLeft,
    PremedicationNoted,
    PreparationFact,
    RiseChecked,
    RiseDiffered,
    RiseProposed,
)
from pumpd.core.prescribed import Omitted
from pumpd.core.visit import Path, Visit


def prepared(path: Path, fact: PreparationFact) -> Path:
    visit = path.visit(fact.visit)
    assert visit is not None, fact
    return path.with_visit(_with(visit, fact))


def hung_in(path: Path, visit_id: str | None) -> Path:
    """One more container of this visit hangs: what was read and checked of it is used up."""
    visit = None if visit_id is None else path.visit(visit_id)
    return path if visit is None else path.with_visit(replace(visit, hung=visit.hung + 1))


def risen(path: Path, slot: str) -> Path:
    """What was wanted on this pump has begun, and its check is used up."""
    visit = path.at_bed
    if visit is None or visit.rise is None or visit.rise.slot != slot:
        return path
    return path.with_visit(replace(visit, rise=None))


def _with(visit: Visit, fact: PreparationFact) -> Visit:
    match fact:
        case LabelNoted():
            label = Label(at_ns=fact.at_ns, person=fact.person, number=fact.number, reading=fact.reading)
            return replace(visit, label=label)
        case LineFound():
            return replace(visit, line=LineCheck(at_ns=fact.at_ns, person=fact.person))
        case PremedicationNoted():
            kept = tuple(each for each in visit.omitted if each.drug != fact.given.drug)
            return replace(visit, premedicated=(*visit.premedicated, fact.given), omitted=kept)
        case PremedicationLeft():
            omitted = Omitted(at_ns=fact.at_ns, person=fact.person, drug=fact.drug, why=fact.why)
            others = tuple(each for each in visit.omitted if each.drug != fact.drug)
            return replace(visit, omitted=(*others, omitted))
        case CheckAgreed():
            check = SecondCheck(at_ns=fact.at_ns, person=fact.person, number=fact.number, entered=fact.entered)
            return replace(visit, check=check, differed=())
        case CheckDiffered():
            return _differed(visit, fact)
        case RiseProposed():
            return replace(visit, rise=fact.rise)
        case RiseChecked():
            assert visit.rise is not None, fact
            checked = replace(visit.rise, checked_by=fact.person, checked_role=fact.role, checked_at_ns=fact.at_ns)
            return replace(visit, rise=checked)
        case RiseDiffered():
            return replace(visit, rise=None)
        case _:
            assert_never(fact)


def _differed(visit: Visit, fact: CheckDiffered) -> Visit:
    """Neither of two values that differ is the right one: both are gone, and the source is read again."""
    found = set(fact.differed)
    after = replace(visit, check=None, differed=fact.differed)
    if CheckField.WEIGHT in found:
        after = replace(after, weighed=None, order=replace(after.order, verified_weight_g=None))
    if found & {CheckField.DRUG, CheckField.CONCENTRATION, CheckField.BRAND, CheckField.SIZE}:
        after = replace(after, label=None)
    return after
