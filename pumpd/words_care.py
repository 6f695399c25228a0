"""Observations and what they hold back -> text for people: names of items, what a value asks for, what to do now.

Beside words_path.py, since a nurse reads these while the drug runs. Sentences of reasons name the item that they are
about (`Reason.about`), as a nurse would say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pumpd.core import care_facts as cf
from pumpd.core.codes import Action, Condition, Reason, ReasonCode
from pumpd.core.emergency import Moment
from pumpd.core.holds import Band, Hold
from pumpd.core.observing import Flaw, Flawed, Measure, Reading, Scale, Sign, WhyNot
from pumpd.core.prescribed import Route
from pumpd.core.rescue import Flag
from pumpd.core.side_effects import Remedy, SideEffect
from pumpd.words import duration, mass, volume_ml

# what it is called, and the unit behind its value
ITEMS: Final[Mapping[Measure, tuple[str, str]]] = {
    Measure.SYSTOLIC: ("systolic pressure", " mmHg"),
    Measure.DIASTOLIC: ("diastolic pressure", " mmHg"),
    Measure.HEART_RATE: ("heart rate", "/min"),
    Measure.BREATHS: ("breaths", "/min"),
    Measure.SPO2: ("oxygen saturation", "\N{NO-BREAK SPACE}%"),
    Measure.ETCO2: ("end-tidal CO2", " mmHg"),
    Measure.SEDATION: ("sedation", ""),
    Measure.DISTRESS: ("distress", " of 10"),
    Measure.NAUSEA: ("nausea", " of 10"),
    Measure.HEADACHE: ("headache", " of 10"),
    Measure.PAIN: ("pain", " of 10"),
    Measure.CADSS6: ("CADSS-6", " of 24"),
}

SCALES: Final[Mapping[Scale, str]] = {Scale.POSS: "POSS", Scale.RASS: "RASS", Scale.MOAAS: "MOAA/S"}

SIGNS: Final[Mapping[Sign, str]] = {
    Sign.CHEST_PAIN: "chest pain",
    Sign.NEUROLOGICAL: "a neurological sign",
    Sign.ARRHYTHMIA: "a new arrhythmia",
    Sign.APNOEA: "pauses in breathing",
    Sign.DANGER_TO_SELF: "panic, or danger to self",
    Sign.THUNDERCLAP: "a sudden, worst-ever headache",
    Sign.ASKS_TO_STOP: "the patient asks to stop",
    Sign.VOMITING: "vomiting",
    Sign.HALLUCINATION: "hallucinations",
    Sign.LOST_WAVEFORM: "the capnograph shows no waveform",
    Sign.UNWELL: "the patient feels unwell",
}

WHY_NOTS: Final[Mapping[WhyNot, str]] = {
    WhyNot.DECLINED: "declined",
    WhyNot.ASLEEP: "asleep",
    WhyNot.AWAY: "away",
    WhyNot.NO_EQUIPMENT: "no equipment",
    WhyNot.NO_READING: "the device shows none",
}

BANDS: Final[Mapping[Band, str]] = {
    Band.START: "Do not start. Measure again in 5 min, or ask the prescriber.",
    Band.REDUCE: "Measure again in 5 min; reduce the rate if it stays.",
    Band.PAUSE: "Pause, and call the prescriber.",
    Band.STOP: "Press STOP, and call for help: EMERGENCY.",
}

BAND_NAMES: Final[Mapping[Band, str]] = {
    Band.START: "do not start", Band.REDUCE: "measure again, reduce", Band.PAUSE: "pause", Band.STOP: "stop",
}  # fmt: skip

FLAWS: Final[Mapping[Flaw, str]] = {
    Flaw.IMPOSSIBLE: "cannot be {value}; look again",
    Flaw.WITHOUT_SCALE: "is sedation with the scale that was used, and nothing else has one",
    Flaw.NEITHER_NOR: "needs a value, or the reason why there is none, and not both",
    Flaw.TWICE: "stands twice in one set",
    Flaw.HALF_A_PRESSURE: "is missing: a blood pressure is both values",
    Flaw.UPSIDE_DOWN: "is not below the upper one; look again",
}

CARE_ALARMS: Final[Mapping[Condition, tuple[str, str]]] = {
    Condition.OBSERVATION_DUE: ("Observations are due", "Look at the patient, and enter them."),
    Condition.OBSERVATION_OVERDUE: ("Observations are overdue", "Look at the patient now, and enter them."),
    Condition.OBSERVATION_MISSED: (
        "Observations were missed more than once, or while a value asked for care",
        "Go to the patient now. Pause if you cannot observe.",
    ),
    Condition.HOLD_PAUSE: ("What was observed asks for a pause", "Pause, and call the prescriber."),
    Condition.HOLD_STOP: (
        "What was observed asks for a stop",
        "Press STOP, and call for help: EMERGENCY. If it was mistyped, enter it again.",
    ),
}

SIDE_EFFECTS: Final[Mapping[SideEffect, str]] = {
    SideEffect.HALLUCINATION: "hallucinations",
    SideEffect.DYSPHORIA: "dysphoria",
    SideEffect.NAUSEA: "nausea",
    SideEffect.HEADACHE: "headache",
    SideEffect.HYPERTENSION: "high blood pressure",
    SideEffect.OVER_SEDATION: "over-sedation",
}

REMEDIES: Final[Mapping[Remedy, str]] = {
    Remedy.REASSURED: "light and noise down, reassured",
    Remedy.REDUCED: "rate reduced",
    Remedy.PAUSED: "paused",
    Remedy.RESCUED: "rescue drug given",
    Remedy.CALLED: "prescriber called",
    Remedy.WATCHED: "watched",
}

FLAG_TEXTS: Final[Mapping[Flag, str]] = {
    Flag.NOT_ORDERED: "not ordered",
    Flag.ABOVE_ORDER: "more at once than ordered",
    Flag.ABOVE_ORDER_IN_VISIT: "more in this visit than ordered",
    Flag.ABOVE_USUAL: "more at once than usual",
    Flag.ABOVE_USUAL_IN_VISIT: "more in this visit than usual",
    Flag.PRESSURE_FIRST: "before the blood pressure was taken",
}

MOMENTS: Final[Mapping[Moment, str]] = {
    Moment.HELP_CALLED: "help called",
    Moment.HELP_HERE: "help is here",
    Moment.AIRWAY: "airway",
    Moment.OXYGEN: "oxygen",
    Moment.COMPRESSIONS: "chest compressions",
    Moment.SHOCK: "shock",
    Moment.DRUG: "a drug",
    Moment.BACK: "back",
    Moment.OTHER: "something else",
}

ROUTES: Final[Mapping[Route, str]] = {Route.VEIN: "into the vein", Route.MOUTH: "by mouth", Route.SKIN: "on the skin"}

CARE_ACTIONS: Final[Mapping[Action, str]] = {
    Action.OBSERVE: "observations",
    Action.ACCEPT_VALUE: "a value to be let stand",
    Action.SIDE_EFFECT: "a side effect to be noted",
    Action.RESCUE: "a rescue drug to be recorded",
    Action.INFILTRATED: "an infiltrated line to be noted",
    Action.EMERGENCY: "EMERGENCY",
    Action.MARK: "a moment to be marked",
    Action.EMERGENCY_OVER: "the end of an emergency",
    Action.HAND_OVER: "a hand-over",
}

_PLAIN_CARE: Final[Mapping[ReasonCode, str]] = {
    ReasonCode.VISIT_CLOSED: "This visit is closed. Look at the to-do list for what is still missing.",
    ReasonCode.NOTHING_OBSERVED: "Nothing was entered. Enter a value, or why there is none.",
    ReasonCode.DOSE_UNCLEAR: "The drug, its dose or who gave it is missing or unclear. Enter them as on the ampoule.",
    ReasonCode.NOT_OF_THIS_VISIT: "Nothing of this visit is on that pump. Look at the pumps of this bed.",
    ReasonCode.EMERGENCY_LASTS: "An emergency lasts: nothing goes up. End it here once it is over.",
    ReasonCode.NOTHING_SAID: "Nothing is written for the next nurse. Enter what they have to know.",
    ReasonCode.NO_EMERGENCY: "No emergency lasts in this visit. Nothing to do.",
    ReasonCode.NOTHING_HOLDS: "Nothing holds here that could be let stand. Nothing to do.",
}


SeenFact = (
    cf.Observed
    | cf.ValueAccepted
    | cf.SideEffectNoted
    | cf.RescueNoted
    | cf.Infiltrated
    | cf.EmergencyCalled
    | cf.EmergencyMarked
    | cf.EmergencyOver
    | cf.HandedOver
)  # orders by word read in words_verbal.py


def named(about: str) -> str:
    """The item or sign of this code, as a nurse would say it."""
    items = {each.value: name for each, (name, _) in ITEMS.items()}
    signs = {each.value: name for each, name in SIGNS.items()}
    return items.get(about) or signs.get(about) or about


def value_text(item: Measure, value: int) -> str:
    """A value with its unit."""
    return f"{value}{ITEMS[item][1]}"


def reading_text(reading: Reading) -> str:
    """One item of a set, for the record."""
    return f"{ITEMS[reading.item][0]} {worth_text(reading)}"


def worth_text(reading: Reading) -> str:
    """The same without the item's name."""
    if reading.value is None:
        why = "" if reading.why_not is None else f" ({WHY_NOTS[reading.why_not]})"
        return f"not measured{why}"
    scale = "" if reading.scale is None else f"{SCALES[reading.scale]} "
    return f"{scale}{value_text(reading.item, reading.value)}"


def hold_text(hold: Hold) -> str:
    """What stands in the way, with its bound."""
    said = f"{_beyond(hold.about, hold.value, hold.limit)}."
    return said[0].upper() + said[1:]


def flaw_text(flawed: Flawed) -> str:
    """What is wrong with an item as it was typed."""
    name, _ = ITEMS[flawed.item]
    value = "this" if flawed.value is None else value_text(flawed.item, flawed.value)
    sentence = f"{name} {FLAWS[flawed.flaw].format(value=value)}."
    return sentence[0].upper() + sentence[1:]


def care_text(reason: Reason) -> str:
    """A reason of care, and what to do now; empty for every other code."""
    name = named(reason.about) if reason.about else "an item"
    match reason.code:
        case ReasonCode.BASELINE_MISSING_S:
            within = "its time" if reason.limit is None else duration(reason.limit)
            said = f"The baseline needs {name}, measured within {within} before the start. Measure it now."
        case ReasonCode.OBSERVATION_OVERDUE:
            said = f"{name} is overdue. Enter it first: nothing goes up while it is."
        case ReasonCode.NOT_MEASURED:
            said = f"{name} was not measured the last time. Measure it first: nothing goes up without it."
        case ReasonCode.VALUE_HOLDS:
            beyond = _beyond(reason.about, reason.asked, reason.limit)
            said = f"{beyond}: nothing goes up. Measure again, or ask the prescriber."
        case ReasonCode.STOP_VALUE:
            beyond = _beyond(reason.about, reason.asked, reason.limit)
            said = f"{beyond}: that asks for a stop and cannot be let stand. Look after the patient first."
        case ReasonCode.OBSERVATION_IMPOSSIBLE:
            said = f"{name} cannot be right as it was entered. Look again, and enter it anew."
        case ReasonCode.RESCUE_NOT_ORDERED:
            said = f"{name} is no rescue drug of the order. Ask the prescriber; if it was given, confirm that."
        case ReasonCode.RESCUE_AT_ONCE_UG | ReasonCode.USUAL_AT_ONCE_UG:
            said = f"{_dose(reason, name, 'at once')}. Look at the ampoule; if it was given, confirm that."
        case ReasonCode.RESCUE_IN_VISIT_UG | ReasonCode.USUAL_IN_VISIT_UG:
            said = f"{_dose(reason, name, 'in this visit')}. Ask the prescriber; if it was given, confirm that."
        case ReasonCode.PRESSURE_FIRST:
            said = "Before a headache is treated, measure the blood pressure. If the drug was given, confirm that."
        case ReasonCode.PREMEDICATION_LEFT_OUT:
            said = f"This regimen has {name} before the start, and the order has no benzodiazepine. Keep it in mind."
        case ReasonCode.PREMEDICATION_FOR_MOOD:
            said = f"{name} before the start may blunt the effect on a mood. Keep it in mind."
        case ReasonCode.VERBAL_WAS_READ_BACK:
            by = reason.about or "the prescriber"
            said = f"Read back, and confirmed by {by}. It is on record as asked; ask for a signed order."
        case ReasonCode.TAKEN_AHEAD_S:
            said = "The time at which it was taken lies in the future. Enter the time again."
        case ReasonCode.TAKEN_LONG_AGO_S:
            said = "It was taken before this visit, or too long ago. Measure it again now."
        case _:
            said = _PLAIN_CARE.get(reason.code, "")
    return said[:1].upper() + said[1:]


def _dose(reason: Reason, name: str, when: str) -> str:
    asked = "this" if reason.asked is None else mass(reason.asked)
    limit = "what is allowed" if reason.limit is None else mass(reason.limit)
    of_order = reason.code in (ReasonCode.RESCUE_AT_ONCE_UG, ReasonCode.RESCUE_IN_VISIT_UG)
    whose = "the order lets give" if of_order else "is usual"
    return f"{name}: {asked} {when} is more than the {limit} that {whose}"


def _beyond(about: str, value: int | None, limit: int | None) -> str:
    name = named(about) if about else "an item"
    item = next((each for each in Measure if each.value == about), None)
    if item is None or value is None or limit is None:
        return f"{name} was noted"
    side = "above" if value > limit else "below"
    return f"{name} of {value_text(item, value)} is {side} {value_text(item, limit)}"


def care_fact_text(fact: SeenFact) -> str:
    """One line of the record."""
    match fact:
        case cf.Observed():
            seen = [reading_text(each) for each in fact.readings]
            if fact.signs is not None:
                seen += [SIGNS[each] for each in fact.signs] or ["nothing unusual seen"]
            return f"Observed by {fact.person}: {', '.join(seen)}"
        case cf.ValueAccepted():
            stands = f"{ITEMS[fact.accepted.item][0]} of {value_text(fact.accepted.item, fact.accepted.value)}"
            return f"{fact.accepted.person} lets {stands} stand: {fact.accepted.remark}"
        case cf.SideEffectNoted():
            noted = fact.noted
            severity = "" if noted.severity is None else f" {noted.severity} of 10"
            done = ", ".join(REMEDIES[each] for each in noted.remedies) or "nothing done"
            return f"{SIDE_EFFECTS[noted.effect]}{severity}, noted by {noted.person}: {done}".capitalize()
        case cf.RescueNoted():
            given = fact.rescue.given
            flags = "".join(f"; {FLAG_TEXTS[each]}" for each in fact.rescue.flags)
            return f"{given.drug} {mass(given.dose_ug)} {ROUTES[given.route]}, given by {given.given_by}{flags}"
        case cf.Infiltrated():
            pumped = volume_ml(fact.delivered.high_nl)
            return f"Infiltrated, says {fact.person}: {pumped} pumped, not all received; all of it counts as given"
        case cf.EmergencyCalled():
            return f"EMERGENCY, called by {fact.person}"
        case cf.EmergencyMarked():
            return f"Emergency: {MOMENTS[fact.moment]}"
        case cf.HandedOver():
            return f"Handed over by {fact.person}: {fact.said}"
        case cf.EmergencyOver():
            return f"The emergency is over, says {fact.person}"
