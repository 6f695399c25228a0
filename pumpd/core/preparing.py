"""Decides the requests of preparation_requests.py: label, line, premedication.

A label that is not the order's is refused with everything that is wrong with it, and the refusal is on record: a wrong
syringe that was found is as much worth knowing as a right one. The second person's check stands in double_check.py.
"""

from __future__ import annotations

from typing import assert_never

from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.codes import Action, Reason, ReasonCode
from pumpd.core.double_check import enter_check
from pumpd.core.library import ContainerKind
from pumpd.core.people import Act
from pumpd.core.preparation import LabelReading, same_words
from pumpd.core.preparation_facts import LabelNoted, LineFound, PremedicationLeft, PremedicationNoted
from pumpd.core.preparation_gates import given_of, ordered, ordered_before
from pumpd.core.preparation_requests import (
    CheckEntered,
    LabelRead,
    LineChecked,
    PremedicationGiven,
    PremedicationOmitted,
    PreparationRequest,
    RiseCheckEntered,
)
from pumpd.core.prescribed import Given, Premedication
from pumpd.core.rise import hard
from pumpd.core.rise_check import check_rise
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S
from pumpd.core.visit import Visit
from pumpd.core.visit_named import at_bed


def make_ready(turn: Turn, request: PreparationRequest) -> None:
    match request:
        case LabelRead():
            read_label(turn, request)
        case LineChecked():
            check_line(turn, request)
        case PremedicationGiven():
            give(turn, request)
        case PremedicationOmitted():
            leave_out(turn, request)
        case CheckEntered():
            enter_check(turn, request)
        case RiseCheckEntered():
            check_rise(turn, request)
        case _:
            assert_never(request)


def read_label(turn: Turn, request: LabelRead) -> None:
    """Also of a container that hangs later: it is read, and checked, before it comes to the pump."""
    note(turn, request, Action.READ_LABEL, text=request.reading.lot)
    visit, reasons = at_bed(turn, request.visit)
    reasons += gate_of_person(request, Act.CARE)
    if visit is not None:
        reasons += _against_label(turn, visit, request.reading, request.today_day)
    if reasons or visit is None or request.actor is None:
        refuse(turn, request, Action.READ_LABEL, reasons)
        return
    turn.record(
        LabelNoted(
            at_ns=turn.now_ns, visit=visit.visit, person=request.actor.person, number=visit.hung + 1,
            reading=request.reading,
        )
    )  # fmt: skip
    accept(turn, request)


def _against_label(turn: Turn, visit: Visit, reading: LabelReading, today_day: int) -> list[Reason]:
    """In which way what hangs is not what was ordered."""
    entry, container = ordered(turn, visit)
    if entry is None or container is None:
        return [hard(ReasonCode.UNKNOWN_CONTAINER)]
    found = []
    if not same_words(reading.drug, entry.drug):
        found.append(hard(ReasonCode.LABEL_DRUG_DIFFERS))
    right_ug_per_ml = container.concentration_ug_per_ml
    if reading.concentration_ug_per_ml != right_ug_per_ml:
        found.append(hard(ReasonCode.LABEL_UG_PER_ML, max(reading.concentration_ug_per_ml, 0), right_ug_per_ml))
    if reading.expires_day < today_day:
        found.append(hard(ReasonCode.LABEL_EXPIRED))
    if not reading.lot.strip():
        found.append(hard(ReasonCode.LOT_NEEDED))
    if reading.capacity_nl != container.capacity_nl:
        found.append(hard(ReasonCode.CONTAINER_SIZE_NL, max(reading.capacity_nl, 0), container.capacity_nl))
    if container.kind is ContainerKind.SYRINGE:
        allowed = turn.setup.syringe_brand(container.capacity_nl)
        if not reading.brand.strip() or (allowed and not same_words(reading.brand, allowed)):
            found.append(hard(ReasonCode.SYRINGE_BRAND))
    return found


def check_line(turn: Turn, request: LineChecked) -> None:
    note(turn, request, Action.CHECK_LINE, text=request.visit)
    visit, reasons = at_bed(turn, request.visit)
    reasons += gate_of_person(request, Act.CARE)
    if reasons or visit is None or request.actor is None:
        refuse(turn, request, Action.CHECK_LINE, reasons)
        return
    turn.record(LineFound(at_ns=turn.now_ns, visit=visit.visit, person=request.actor.person))
    accept(turn, request)


def give(turn: Turn, request: PremedicationGiven) -> None:
    """As it was given; more than was ordered is refused, stays on record as asked, and is the prescriber's question."""
    note(turn, request, Action.GIVE_PREMEDICATION, value=request.dose_ug, text=request.drug)
    visit, reasons = at_bed(turn, request.visit)
    reasons += gate_of_person(request, Act.CARE)
    asked = _ordered(visit, request.drug)
    if asked is None:
        reasons.append(hard(ReasonCode.PREMEDICATION_NOT_ORDERED))
    elif not 0 < request.dose_ug <= asked.dose_ug or request.route is not asked.route:
        reasons.append(hard(ReasonCode.PREMEDICATION_DOSE_UG, max(request.dose_ug, 0), asked.dose_ug))
    if visit is not None and asked is not None and given_of(visit, asked) is not None:
        reasons.append(hard(ReasonCode.PREMEDICATION_GIVEN_BEFORE))
    given_at_ns = turn.now_ns - request.ago_s * NS_PER_S
    if request.ago_s < 0 or (visit is not None and given_at_ns < visit.opened_at_ns):
        reasons.append(hard(ReasonCode.TIME_NOT_IN_VISIT))
    if reasons or visit is None or request.actor is None or asked is None:
        refuse(turn, request, Action.GIVE_PREMEDICATION, reasons)
        return
    given = Given(
        at_ns=turn.now_ns, person=request.actor.person, given_by=request.given_by or request.actor.person,
        given_at_ns=given_at_ns, drug=asked.drug, dose_ug=request.dose_ug, route=request.route,
    )  # fmt: skip
    turn.record(PremedicationNoted(at_ns=turn.now_ns, visit=visit.visit, given=given))
    accept(turn, request)


def leave_out(turn: Turn, request: PremedicationOmitted) -> None:
    note(turn, request, Action.LEAVE_PREMEDICATION, text=request.drug)
    visit, reasons = at_bed(turn, request.visit)
    reasons += gate_of_person(request, Act.CARE)
    asked = _ordered(visit, request.drug)
    if asked is None:
        reasons.append(hard(ReasonCode.PREMEDICATION_NOT_ORDERED))
    elif visit is not None and given_of(visit, asked) is not None:
        reasons.append(hard(ReasonCode.PREMEDICATION_GIVEN_BEFORE))
    if not request.why.strip():
        reasons.append(hard(ReasonCode.REASON_NEEDED))
    if reasons or visit is None or request.actor is None or asked is None:
        refuse(turn, request, Action.LEAVE_PREMEDICATION, reasons)
        return
    turn.record(
        PremedicationLeft(
            at_ns=turn.now_ns, visit=visit.visit, person=request.actor.person, drug=asked.drug, why=request.why
        )
    )
    accept(turn, request)


def _ordered(visit: Visit | None, drug: str) -> Premedication | None:
    before = () if visit is None else ordered_before(visit)
    return next((each for each in before if same_words(each.drug, drug)), None)
