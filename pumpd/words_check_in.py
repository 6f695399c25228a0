"""The check-in of a visit -> text for people: why its gates are closed, what opens them, and its lines in the record.

As in words_reasons.py each sentence says what is missing and what to do now; words_path.py joins them to the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pumpd.core import check_in_facts as c
from pumpd.core.check_in import Answered, Identifier, Item, ItemAnswer, Watching
from pumpd.core.codes import Action, ReasonCode
from pumpd.words import weight

_PLAIN: Final[Callable[[int], str]] = "{:,}".format

CHECK_IN: Final[Mapping[ReasonCode, tuple[str, Callable[[int], str]]]] = {
    ReasonCode.NO_SUCH_VISIT: ("This bed has no such visit. Look at the list of visits.", _PLAIN),
    ReasonCode.VISIT_NOT_AT_BED: (
        "This visit is no longer at the bed. Look at the list of visits for the patient who is here now.",
        _PLAIN,
    ),
    ReasonCode.IDENTITY_NOT_COMPARED: (
        "It is not checked who this is. Ask for the name and the day of birth, or read the wristband, and enter both.",
        _PLAIN,
    ),
    ReasonCode.IDENTITY_DIFFERS: (
        (
            "What the patient says is not what is kept for this visit: it may be another patient. "
            "Ask again, compare the wristband, and open the right visit."
        ),
        _PLAIN,
    ),
    ReasonCode.IDENTIFIERS_TOO_FEW: (
        "{asked} of {limit} identifiers were compared. Enter at least two: name, day of birth, record number.",
        _PLAIN,
    ),
    ReasonCode.ALLERGIES_NOT_ASKED: ("Nobody has asked about allergies. Ask, and enter the answer.", _PLAIN),
    ReasonCode.ALLERGY_FOUND: (
        "An allergy stands against this. Call the prescriber, who may accept it with a reason.",
        _PLAIN,
    ),
    ReasonCode.PREGNANCY_NOT_ASKED: (
        "Nobody has asked about pregnancy. Ask, or enter that it does not apply.",
        _PLAIN,
    ),
    ReasonCode.PREGNANCY_FOUND: (
        "The patient is, or may be, pregnant. Call the prescriber, who may accept it with a reason.",
        _PLAIN,
    ),
    ReasonCode.FASTING_NOT_ASKED: ("Nobody has asked when the patient last ate. Ask, and enter the answer.", _PLAIN),
    ReasonCode.NOT_FASTED: (
        "The patient has not fasted long enough. Wait, or call the prescriber, who may accept it with a reason.",
        _PLAIN,
    ),
    ReasonCode.CONTRAINDICATIONS_NOT_ASKED: (
        (
            "Nobody has gone through the contraindications. Ask about heart and blood pressure, psychosis, liver, "
            "pressure in head or eyes, and use of drugs, and enter the answer."
        ),
        _PLAIN,
    ),
    ReasonCode.CONTRAINDICATION_FOUND: (
        "A contraindication was found. Call the prescriber, who may accept it with a reason.",
        _PLAIN,
    ),
    ReasonCode.ESCORT_NOT_NAMED: (
        "Nobody is named who takes the patient home. Enter the escort's name and telephone.",
        _PLAIN,
    ),
    ReasonCode.WARD_NOT_NAMED: ("No ward is named that takes the patient. Enter the ward.", _PLAIN),
    ReasonCode.NOT_WEIGHED: ("The patient is not weighed today. Weigh in kilograms and enter it.", _PLAIN),
    ReasonCode.RISK_NOT_ASKED: (
        "The risk question is not asked today. Ask it, and enter its result.",
        _PLAIN,
    ),
    ReasonCode.RISK_STANDS: (
        "A risk was found at this visit and stands. Call the prescriber, who signs a plan for it.",
        _PLAIN,
    ),
    ReasonCode.ITEM_UNCLEAR: ("This answer does not fit the question. Choose one answer for each question.", _PLAIN),
    ReasonCode.FINDING_NOT_NAMED: ("Something was found, and nobody wrote what. Enter it in a few words.", _PLAIN),
    ReasonCode.NOTHING_FOUND: ("Nothing was found that a prescriber would have to settle. Nothing to do.", _PLAIN),
    ReasonCode.NOTHING_EARLIER: (
        "There is no such answer of an earlier visit that could be confirmed. Ask anew, and enter the answer.",
        _PLAIN,
    ),
    ReasonCode.REASON_NEEDED: ("This needs a reason in words. Enter it and try again.", _PLAIN),
}

CHECK_IN_ACTIONS: Final[Mapping[Action, str]] = {
    Action.COMPARE_IDENTITY: "a check of who the patient is",
    Action.ANSWER_ITEMS: "answers of the check-in",
    Action.CONFIRM_UNCHANGED: "a confirmation that nothing has changed",
    Action.ACCEPT_FINDING: "acceptance of a finding",
    Action.WEIGH: "today's weight",
    Action.NAME_COMPANY: "who takes the patient over",
    Action.ANSWER_RISK: "the result of the risk question",
    Action.SIGN_PLAN: "a plan after a risk was found",
}

ITEMS: Final[Mapping[Item, str]] = {
    Item.ALLERGIES: "allergies",
    Item.PREGNANCY: "pregnancy",
    Item.FASTING: "fasting",
    Item.CONTRAINDICATIONS: "contraindications",
}
ANSWERS: Final[Mapping[Answered, str]] = {
    Answered.CLEAR: "nothing that stands against a start",
    Answered.NOT_APPLICABLE: "does not apply",
    Answered.FOUND: "found",
}
IDENTIFIERS: Final[Mapping[Identifier, str]] = {
    Identifier.NAME: "name",
    Identifier.BIRTH: "day of birth",
    Identifier.NUMBER: "record number",
}
WATCHINGS: Final[Mapping[Watching, str]] = {
    Watching.ROUTINE: "watched as usual",
    Watching.CLOSE: "watched closely: somebody looks at least every 15 min",
    Watching.CONSTANT: "watched all the time: somebody stays within reach",
}


def call_text(name: str, extension: str) -> str:
    """Whom to call at once, and where."""
    where = f", extension {extension}" if extension else ""
    return f"Call {name}{where}, now: the risk question is positive. Somebody stays with the patient."


def answer_text(answer: ItemAnswer) -> str:
    """One item as it stands: `allergies: found (penicillin)`."""
    remark = f" ({answer.said.remark})" if answer.said.remark else ""
    settled = "" if answer.accepted is None else f", accepted by {answer.accepted.person}: {answer.accepted.why}"
    return f"{ITEMS[answer.said.item]}: {ANSWERS[answer.said.answered]}{remark}{settled}"


def identity_text(matched: Sequence[Identifier], differed: Sequence[Identifier]) -> str:
    """What agreed, or what did not: `name and day of birth agree`."""
    if differed:
        return f"{', '.join(IDENTIFIERS[each] for each in differed)} did not agree"
    return f"{' and '.join(IDENTIFIERS[each] for each in matched)} agree"


def check_in_text(fact: c.CheckInFact) -> str:
    """One line of the record."""
    match fact:
        case c.IdentityChecked():
            return f"{fact.person} compared who the patient is: {identity_text(fact.matched, fact.differed)}"
        case c.ItemsNoted():
            texts = "; ".join(answer_text(each) for each in fact.answers)
            return f"Check-in by {fact.person}: {texts}"
        case c.FindingSettled():
            return f"{fact.person} accepted what was found, {ITEMS[fact.item]}: {fact.why}"
        case c.WeightTaken():
            return f"{fact.person} weighed {weight(fact.weight_g)}"
        case c.CompanyNoted():
            return f"{fact.person} noted {f'the ward {fact.ward}' if fact.ward else 'an escort'} for after the visit"
        case c.RiskNoted():
            result = "positive" if fact.positive else "negative"
            return f"Risk question by {fact.person}: {result}; {WATCHINGS[fact.watching]}"
        case c.RiskPlanned():
            return f"{fact.person} signed a plan after the risk question; {WATCHINGS[fact.watching]}"
