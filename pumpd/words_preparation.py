"""Preparation and double check -> text for people: why their gates are closed, what opens them, and the record.

As in words_reasons.py each sentence says what is missing and what to do now; words_path.py joins them to the rest. What
a second person is told never holds a value that the first one entered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pumpd.core import preparation_facts as p
from pumpd.core.codes import Action, ReasonCode
from pumpd.core.library import DoseUnit
from pumpd.core.preparation import CheckField
from pumpd.core.prescribed import Route
from pumpd.core.rise_proposed import ProposedRise
from pumpd.words import concentration, dose, duration, mass, rate_ml_per_h, typed_number, volume_ml, weight

_PLAIN: Final[Callable[[int], str]] = "{:,}".format

PREPARATION: Final[Mapping[ReasonCode, tuple[str, Callable[[int], str]]]] = {
    ReasonCode.LABEL_NOT_READ: (
        "The label of the container that hangs next is not read. Read label and barrel, and enter what stands there.",
        _PLAIN,
    ),
    ReasonCode.LABEL_DRUG_DIFFERS: (
        "The label names another drug than the order. Do not use it; call the pharmacy.",
        _PLAIN,
    ),
    ReasonCode.LABEL_EXPIRED: ("This container has expired. Do not use it; ask the pharmacy for another one.", _PLAIN),
    ReasonCode.LOT_NEEDED: ("The lot is missing. Read it off the label and enter it.", _PLAIN),
    ReasonCode.CONTAINER_SIZE_NL: (
        "What hangs holds {asked}; {limit} were ordered. Check the barrel; use the ordered size or ask the prescriber.",
        volume_ml,
    ),
    ReasonCode.SYRINGE_BRAND: (
        (
            "This brand is not the one that is used here in this size: another brand is as wide as no table says. "
            "Read the barrel again, or use the right brand."
        ),
        _PLAIN,
    ),
    ReasonCode.LINE_NOT_CHECKED: (
        "The line is not checked. Check that it is open, used for nothing else, and trace it to the patient.",
        _PLAIN,
    ),
    ReasonCode.NOT_PRIMED: (
        "Nobody has confirmed that the line is primed. Prime it off the patient, with this container, and confirm it.",
        _PLAIN,
    ),
    ReasonCode.PREMEDICATION_NOT_GIVEN: (
        "A premedication that was ordered is not given. Give it and enter it, or enter why it is left out.",
        _PLAIN,
    ),
    ReasonCode.PREMEDICATION_WAIT_S: (
        "The premedication was given {asked} ago, and needs {limit} to act. Wait; baseline and checks may go on.",
        duration,
    ),
    ReasonCode.PREMEDICATION_NOT_ORDERED: (
        "This drug is not ordered before the start. Ask the prescriber for a new order.",
        _PLAIN,
    ),
    ReasonCode.PREMEDICATION_DOSE_UG: (
        "{asked} are not what was ordered: up to {limit}, in one way. Check the order, and call the prescriber.",
        mass,
    ),
    ReasonCode.PREMEDICATION_GIVEN_BEFORE: (
        "This premedication is on record as given already. Check the record before anything else is given.",
        _PLAIN,
    ),
    ReasonCode.TIME_NOT_IN_VISIT: ("This time is not within the visit. Check when it was, and enter it.", _PLAIN),
    ReasonCode.CHECK_NEEDED: (
        (
            "A second person has not checked this. Ask a nurse, pharmacist or prescriber who has not prepared it to "
            "enter it from label, barrel, slip and order."
        ),
        _PLAIN,
    ),
    ReasonCode.CHECK_DIFFERED: (
        (
            "The second person entered something else. Read what differs off its source again, the first person first; "
            "then check again."
        ),
        _PLAIN,
    ),
    ReasonCode.CHECK_BY_THE_FIRST: (
        "Whoever read the label or weighed the patient cannot be the second person. Ask somebody else.",
        _PLAIN,
    ),
    ReasonCode.RISE_CHECK_NEEDED: (
        (
            "Another person has not checked this. Ask a nurse, pharmacist or prescriber to open this pump on a page of "
            "their own, and to enter drug, concentration and new dose from label and order; then confirm it again."
        ),
        _PLAIN,
    ),
    ReasonCode.RISE_CHECK_DIFFERED: (
        (
            "This is not what the first person wants to set. Read the label and the order again, both of you; then the "
            "first person types it anew. If the label is not what the page names, press STOP."
        ),
        _PLAIN,
    ),
    ReasonCode.RISE_CHECK_BY_THE_FIRST: (
        "Whoever wants to set it cannot be the second person. Ask somebody else.",
        _PLAIN,
    ),
    ReasonCode.NO_RISE_TO_CHECK: (
        "Nothing waits for a second person here. Ask who wants to set it to confirm it first.",
        _PLAIN,
    ),
}

PREPARATION_ACTIONS: Final[Mapping[Action, str]] = {
    Action.READ_LABEL: "a label that was read",
    Action.CHECK_LINE: "a check of the line",
    Action.GIVE_PREMEDICATION: "a premedication that was given",
    Action.LEAVE_PREMEDICATION: "a premedication to be left out",
    Action.ENTER_CHECK: "a double check",
    Action.CHECK_RISE: "a double check of a rise",
}

FIELDS: Final[Mapping[CheckField, str]] = {
    CheckField.WEIGHT: "weight",
    CheckField.DRUG: "drug",
    CheckField.CONCENTRATION: "concentration",
    CheckField.BRAND: "brand",
    CheckField.SIZE: "size",
    CheckField.DOSE: "dose",
}
ROUTES: Final[Mapping[Route, str]] = {Route.VEIN: "IV", Route.MOUTH: "by mouth", Route.SKIN: "by patch"}


def fields_text(fields: Sequence[CheckField]) -> str:
    """`weight, size`: which of them, and no value."""
    return ", ".join(FIELDS[each] for each in fields)


def drug_text(drug: str, dose_ug: int, route: Route) -> str:
    """`midazolam 2 mg IV`."""
    return f"{drug} {mass(dose_ug)} {ROUTES[route]}"


def preparation_text(fact: p.PreparationFact) -> str:
    """One line of the record."""
    match fact:
        case p.LabelNoted():
            read = fact.reading
            barrel = f", {read.brand} {volume_ml(read.capacity_nl)}" if read.brand else ""
            strength = concentration(read.concentration_ug_per_ml)
            return f"{fact.person} read the label: {read.drug} {strength}, lot {read.lot}{barrel}"
        case p.LineFound():
            return f"{fact.person} checked the line"
        case p.PremedicationNoted():
            given = fact.given
            return f"{given.given_by} gave {drug_text(given.drug, given.dose_ug, given.route)}, noted by {given.person}"
        case p.PremedicationLeft():
            return f"{fact.person} left out {fact.drug}: {fact.why}"
        case p.CheckAgreed():
            return f"Double check by {fact.person}: agrees"
        case p.CheckDiffered():
            names = fields_text(fact.differed)
            entered = fact.entered
            return (
                f"Double check by {fact.person}: {names} differed; entered were {weight(entered.weight_g)}, "
                f"{entered.drug} {concentration(entered.concentration_ug_per_ml)}, {entered.brand} "
                f"{volume_ml(entered.capacity_nl)}"
            )
        case p.RiseProposed():
            return f"{fact.rise.person} wants {rise_text(fact.rise)}; it waits for another person's check"
        case p.RiseChecked():
            return f"Double check of the rise by {fact.person}: agrees"
        case p.RiseDiffered():
            names = ", ".join(FIELDS[each] for each in fact.differed)
            strength = concentration(fact.entered.concentration_ug_per_ml)
            return (
                f"Double check by {fact.person} of {rise_text(fact.rise)}: {names} differed; entered were "
                f"{fact.entered.drug} {strength} and a dose of {typed_number(fact.entered.dose, digits=3)}"
            )


def rise_text(rise: ProposedRise) -> str:
    """What is wanted, in the words of the page."""
    if rise.bolus_ug_per_kg is not None:
        return f"a bolus of {dose(rise.bolus_ug_per_kg, DoseUnit.MG_PER_KG)} on {rise.slot}"
    return f"{rate_ml_per_h(rise.wanted_ul_per_h)} on {rise.slot}"
