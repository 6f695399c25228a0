"""Decides the requests of check_in_requests.py: who the patient is, and what may stand against a start.

A difference between what a patient says and what is kept of them is a fact, not a refusal: it is journalled, and closes
the gate until two identifiers agree. What a nurse finds a prescriber may accept, with a reason; nobody else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.check_in import CARRIED, IDENTIFIERS_NEEDED, Answered, Item, ItemAnswer, Watching
from pumpd.core.check_in_facts import (
    CompanyNoted,
    FindingSettled,
    IdentityChecked,
    ItemsNoted,
    RiskNoted,
    RiskPlanned,
    WeightTaken,
)
from pumpd.core.check_in_gates import disposition_of
from pumpd.core.check_in_requests import (
    CheckInRequest,
    CompanyNamed,
    FindingAccepted,
    IdentityCompared,
    ItemsAnswered,
    PatientWeighed,
    RiskAnswered,
    RiskPlanSigned,
    UnchangedConfirmed,
)
from pumpd.core.codes import Action, ReasonCode, Severity
from pumpd.core.marks import within
from pumpd.core.people import Act
from pumpd.core.rise import hard
from pumpd.core.series import Disposition
from pumpd.core.turn import Turn
from pumpd.core.visit import Visit
from pumpd.core.visit_named import at_bed, open_visit


def check_in(turn: Turn, request: CheckInRequest) -> None:
    match request:
        case IdentityCompared():
            compare(turn, request)
        case ItemsAnswered():
            answer_items(turn, request)
        case UnchangedConfirmed():
            confirm_unchanged(turn, request)
        case FindingAccepted():
            accept_finding(turn, request)
        case PatientWeighed():
            weigh(turn, request)
        case CompanyNamed():
            name_company(turn, request)
        case RiskAnswered():
            answer_risk(turn, request)
        case RiskPlanSigned():
            sign_plan(turn, request)
        case _:
            assert_never(request)


def compare(turn: Turn, request: IdentityCompared) -> None:
    note(turn, request, Action.COMPARE_IDENTITY, text=request.visit)
    _, reasons = at_bed(turn, request.visit)
    reasons += gate_of_person(request, Act.CARE)
    matched, differed = tuple(dict.fromkeys(request.matched)), tuple(dict.fromkeys(request.differed))
    if len(matched) + len(differed) < IDENTIFIERS_NEEDED:
        reasons.append(hard(ReasonCode.IDENTIFIERS_TOO_FEW, len(matched) + len(differed), IDENTIFIERS_NEEDED))
    if reasons or request.actor is None:
        refuse(turn, request, Action.COMPARE_IDENTITY, reasons)
        return
    turn.record(
        IdentityChecked(
            at_ns=turn.now_ns, visit=request.visit, person=request.actor.person, matched=matched, differed=differed
        )
    )
    if differed:  # it is on record, and whoever asked hears at once that it may be somebody else
        refuse(turn, request, Action.COMPARE_IDENTITY, [hard(ReasonCode.IDENTITY_DIFFERS)])
        return
    accept(turn, request)


def answer_items(turn: Turn, request: ItemsAnswered) -> None:
    note(turn, request, Action.ANSWER_ITEMS, text=request.visit)
    _, reasons = at_bed(turn, request.visit)
    reasons += gate_of_person(request, Act.CARE)
    items = [each.item for each in request.answers]
    if not items or len(set(items)) < len(items):
        reasons.append(hard(ReasonCode.ITEM_UNCLEAR))
    if any(each.answered is Answered.FOUND and not each.remark.strip() for each in request.answers):
        reasons.append(hard(ReasonCode.FINDING_NOT_NAMED))
    if any(each.answered is Answered.NOT_APPLICABLE and each.item is not Item.PREGNANCY for each in request.answers):
        reasons.append(hard(ReasonCode.ITEM_UNCLEAR))
    if reasons or request.actor is None:
        refuse(turn, request, Action.ANSWER_ITEMS, reasons)
        return
    person, day = request.actor.person, request.today_day
    answers = tuple(
        ItemAnswer(said=said, at_ns=turn.now_ns, day=day, person=person, first_person=person, first_day=day)
        for said in request.answers
    )
    turn.record(ItemsNoted(at_ns=turn.now_ns, visit=request.visit, person=person, answers=answers))
    accept(turn, request)


def confirm_unchanged(turn: Turn, request: UnchangedConfirmed) -> None:
    """What was answered at an earlier visit of this patient holds today; accepted for this series stays accepted."""
    note(turn, request, Action.CONFIRM_UNCHANGED, text=request.visit)
    visit, reasons = at_bed(turn, request.visit)
    reasons += gate_of_person(request, Act.CARE)
    earlier = [] if visit is None else _earlier(turn, visit, request)
    if not earlier:
        reasons.append(hard(ReasonCode.NOTHING_EARLIER))
    if reasons or request.actor is None:
        refuse(turn, request, Action.CONFIRM_UNCHANGED, reasons)
        return
    person = request.actor.person
    answers = tuple(
        ItemAnswer(
            said=each.said, at_ns=turn.now_ns, day=request.today_day, person=person,
            first_person=each.first_person, first_day=each.first_day, accepted=each.accepted,
        )
        for each in earlier
    )  # fmt: skip
    turn.record(ItemsNoted(at_ns=turn.now_ns, visit=request.visit, person=person, answers=answers))
    accept(turn, request)


def _earlier(turn: Turn, visit: Visit, request: UnchangedConfirmed) -> list[ItemAnswer]:
    """The answers that were read, if they are still the latest of this patient; all that were named, or none."""
    found = []
    for item in dict.fromkeys(request.items):
        last = turn.state.path.last_answer(visit, item)
        if item not in CARRIED or last is None or last[0].visit != request.of_visit:
            return []
        earlier, answer = last
        found.append(answer if earlier.series == visit.series else replace(answer, accepted=None))
    return found


def accept_finding(turn: Turn, request: FindingAccepted) -> None:
    note(turn, request, Action.ACCEPT_FINDING, text=request.item.value)
    visit, reasons = at_bed(turn, request.visit)
    reasons += gate_of_person(request, Act.ORDER)
    answer = None if visit is None else visit.answer(request.item)
    if answer is None or answer.said.answered is not Answered.FOUND:
        reasons.append(hard(ReasonCode.NOTHING_FOUND))
    if not request.why.strip():
        reasons.append(hard(ReasonCode.REASON_NEEDED))
    if reasons or request.actor is None:
        refuse(turn, request, Action.ACCEPT_FINDING, reasons)
        return
    turn.record(
        FindingSettled(
            at_ns=turn.now_ns, visit=request.visit, person=request.actor.person, item=request.item, why=request.why
        )
    )
    accept(turn, request)


def weigh(turn: Turn, request: PatientWeighed) -> None:
    """Beyond what anybody weighs it is refused here; beyond a tenth of the order's the review asks two people."""
    note(turn, request, Action.WEIGH, value=request.weight_g)
    _, reasons = at_bed(turn, request.visit)
    reasons += gate_of_person(request, Act.CARE)
    spoke = within(ReasonCode.WEIGHT_G, request.weight_g, turn.setup.rules.library.patient.weight_g)
    reasons += [each for each in spoke if each.severity is Severity.HARD]
    if reasons or request.actor is None:
        refuse(turn, request, Action.WEIGH, reasons)
        return
    turn.record(
        WeightTaken(
            at_ns=turn.now_ns, visit=request.visit, person=request.actor.person, weight_g=request.weight_g
        )
    )  # fmt: skip
    accept(turn, request)


def name_company(turn: Turn, request: CompanyNamed) -> None:
    note(turn, request, Action.NAME_COMPANY, text=request.ward)
    visit, reasons = at_bed(turn, request.visit)
    reasons += gate_of_person(request, Act.CARE)
    if visit is not None and disposition_of(visit) is Disposition.WARD:
        if not request.ward.strip():
            reasons.append(hard(ReasonCode.WARD_NOT_NAMED))
    elif not request.escort:
        reasons.append(hard(ReasonCode.ESCORT_NOT_NAMED))
    if reasons or request.actor is None:
        refuse(turn, request, Action.NAME_COMPANY, reasons)
        return
    turn.record(
        CompanyNoted(
            at_ns=turn.now_ns, visit=request.visit, person=request.actor.person, escort=request.escort,
            ward=request.ward,
        )
    )  # fmt: skip
    accept(turn, request)


def answer_risk(turn: Turn, request: RiskAnswered) -> None:
    """A risk is acted on at once: the bed is watched all the time until a prescriber orders otherwise."""
    note(turn, request, Action.ANSWER_RISK, text=request.visit)
    visit, reasons = open_visit(turn, request.visit)
    reasons += gate_of_person(request, Act.CARE)
    if visit is not None and visit.risk is not None and visit.risk.closes_home and not request.positive:
        reasons.append(hard(ReasonCode.RISK_STANDS))  # what was found is not unsaid: it needs a plan
    if reasons or request.actor is None:
        refuse(turn, request, Action.ANSWER_RISK, reasons)
        return
    watching = Watching.CONSTANT if request.positive else Watching.ROUTINE
    turn.record(
        RiskNoted(
            at_ns=turn.now_ns, visit=request.visit, person=request.actor.person, positive=request.positive,
            watching=watching,
        )
    )  # fmt: skip
    accept(turn, request)


def sign_plan(turn: Turn, request: RiskPlanSigned) -> None:
    """Possible as long as the visit is open, at the bed or in recovery: it is what home waits for."""
    note(turn, request, Action.SIGN_PLAN, text=request.visit)
    visit, reasons = open_visit(turn, request.visit)
    reasons += gate_of_person(request, Act.ORDER)
    if visit is not None and (visit.risk is None or not visit.risk.positive):
        reasons.append(hard(ReasonCode.NOTHING_FOUND))
    if not request.plan.strip():
        reasons.append(hard(ReasonCode.REASON_NEEDED))
    if reasons or request.actor is None:
        refuse(turn, request, Action.SIGN_PLAN, reasons)
        return
    turn.record(
        RiskPlanned(
            at_ns=turn.now_ns, visit=request.visit, person=request.actor.person, plan=request.plan,
            watching=request.watching,
        )
    )  # fmt: skip
    accept(turn, request)
