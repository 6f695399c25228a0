"""The independent double check: a second person enters from the sources what the first one did, and sees nothing of it.

It stands before a start, before a container that was not checked when it hangs, before a rise beyond the programme and
before anything that crosses a soft limit; never before a stop, a decrease, or going on with the same rest. A difference
is a fact: both sets of values are on record, neither counts any more, and what differed is read off its source again by
the first person before the second one checks again. So nobody reaches agreement by trying.

Whoever read the label or weighed the patient cannot be the second person.
"""

from __future__ import annotations

from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.codes import Action, ReasonCode
from pumpd.core.library import DoseUnit
from pumpd.core.people import Act
from pumpd.core.preparation import CheckField, Entered, same_words
from pumpd.core.preparation_facts import CheckAgreed, CheckDiffered
from pumpd.core.preparation_gates import label_stands
from pumpd.core.preparation_requests import CheckEntered
from pumpd.core.rise import hard
from pumpd.core.turn import Turn
from pumpd.core.visit import Visit
from pumpd.core.visit_named import at_bed


def enter_check(turn: Turn, request: CheckEntered) -> None:
    note(turn, request, Action.ENTER_CHECK, text=request.visit)
    visit, reasons = at_bed(turn, request.visit)
    reasons += gate_of_person(request, Act.CHECK)
    if visit is not None:
        if not label_stands(visit):
            reasons.append(hard(ReasonCode.LABEL_NOT_READ))
        if visit.weighed is None:
            reasons.append(hard(ReasonCode.NOT_WEIGHED))
        first = {each.person for each in (visit.label, visit.weighed) if each is not None}
        if request.actor is not None and request.actor.person in first:
            reasons.append(hard(ReasonCode.CHECK_BY_THE_FIRST))
    if reasons or visit is None or request.actor is None:
        refuse(turn, request, Action.ENTER_CHECK, reasons)
        return
    number, person = visit.hung + 1, request.actor.person
    differed, unit = differences(turn, visit, request.entered), dose_unit(turn, visit)
    if differed:
        turn.record(
            CheckDiffered(
                at_ns=turn.now_ns, visit=visit.visit, person=person, number=number, entered=request.entered,
                differed=differed, unit=unit, ordered_dose=ordered_dose(turn, visit),
            )
        )  # fmt: skip
        refuse(turn, request, Action.ENTER_CHECK, [hard(ReasonCode.CHECK_DIFFERED)])
        return
    turn.record(
        CheckAgreed(
            at_ns=turn.now_ns, visit=visit.visit, person=person, number=number, entered=request.entered, unit=unit
        )
    )  # fmt: skip
    accept(turn, request)


def differences(turn: Turn, visit: Visit, entered: Entered) -> tuple[CheckField, ...]:
    """What the second person entered otherwise than the first, in the order in which it is entered."""
    assert visit.label is not None
    assert visit.weighed is not None
    read = visit.label.reading
    agree = {
        CheckField.WEIGHT: entered.weight_g == visit.weighed.weight_g,
        CheckField.DRUG: same_words(entered.drug, read.drug),
        CheckField.CONCENTRATION: entered.concentration_ug_per_ml == read.concentration_ug_per_ml,
        CheckField.BRAND: same_words(entered.brand, read.brand),
        CheckField.SIZE: entered.capacity_nl == read.capacity_nl,
        CheckField.DOSE: entered.dose == ordered_dose(turn, visit),
    }
    return tuple(field for field, agrees in agree.items() if not agrees)


def ordered_dose(turn: Turn, visit: Visit) -> int | None:
    """The highest dose of this visit, in the unit of the library's entry, as it stands on the order."""
    regimen = turn.setup.rules.catalogue.regimen(visit.order.regimen)
    steps = None if regimen is None else regimen.steps_on(visit.order.day)
    return max((step.dose for step in steps or ()), default=None)


def dose_unit(turn: Turn, visit: Visit) -> DoseUnit | None:
    """What the dose is entered in; None for a regimen that is in the catalogue no longer."""
    regimen = turn.setup.rules.catalogue.regimen(visit.order.regimen)
    entry = None if regimen is None else turn.setup.rules.library.entry(regimen.entry)
    return None if entry is None else entry.unit
