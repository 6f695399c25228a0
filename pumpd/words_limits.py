"""What crossed a limit of the drug library or a ceiling, in bedside words: which quantity, by how much, what to do now.

All of these read alike, so that a nurse learns one sentence: the quantity with its value, above or below which limit
with its value, and what can be done about it. Everything else that may speak has a sentence of its own, in
words_reasons.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pumpd.core.codes import Reason, ReasonCode, Severity
from pumpd.core.library import DoseUnit
from pumpd.words import bmi, dose, duration, mass, rate_ml_per_h, weight


def _per_kg(value: int) -> str:
    return dose(value, DoseUnit.MG_PER_KG)


def _per_kg_per_h(value: int) -> str:
    return dose(value, DoseUnit.MG_PER_KG_PER_H)


def _per_h(value: int) -> str:
    return dose(value, DoseUnit.MG_PER_H)


# code -> what is limited, how its numbers read. The sentence around them is `limited_text`.
LIMITED: Final[Mapping[ReasonCode, tuple[str, Callable[[int], str]]]] = {
    ReasonCode.BOLUS_UG_PER_KG: ("The bolus", _per_kg),
    ReasonCode.DOSE_UG_PER_KG: ("The dose", _per_kg),
    ReasonCode.DOSE_UG_PER_KG_PER_H: ("The dose rate", _per_kg_per_h),
    ReasonCode.DOSE_UG_PER_H: ("The dose rate", _per_h),
    ReasonCode.DOSE_UL_PER_H: ("The flow", rate_ml_per_h),
    ReasonCode.DURATION_S: ("The duration", duration),
    ReasonCode.RATE_LIMIT_UG_PER_KG_PER_H: ("The speed of giving this dose", _per_kg_per_h),
    ReasonCode.CAP_UG_PER_H: ("The dose rate", _per_h),
    ReasonCode.CAP_TOTAL_UG: ("The dose of this session, with what was given already,", mass),
    ReasonCode.CAP_TOTAL_UG_PER_KG: ("The dose of this session, with what was given already,", _per_kg),
    ReasonCode.ROLLING_HOUR_UG: ("The dose within 60 minutes, with what was given already,", mass),
    ReasonCode.ROLLING_HOUR_UG_PER_KG: ("The dose within 60 minutes, with what was given already,", _per_kg),
    ReasonCode.CAP_COURSE_UG: ("The dose of this series, with what was given already,", mass),
    ReasonCode.CAP_COURSE_UG_PER_KG: ("The dose of this series, with what was given already,", _per_kg),
    ReasonCode.WEIGHT_G: ("The weight", weight),
    ReasonCode.BMI_MILLI: ("The body mass index", bmi),
    ReasonCode.AGE_YEARS: ("The age", lambda value: f"{value} years"),
    ReasonCode.CEILING_UG_PER_KG_PER_H: ("The dose rate", _per_kg_per_h),
    ReasonCode.CEILING_UG_PER_H: ("The dose rate", _per_h),
    ReasonCode.CEILING_HOUR_UG: ("The dose within 60 minutes, with what was given already,", mass),
    ReasonCode.CEILING_HOUR_UG_PER_KG: ("The dose within 60 minutes, with what was given already,", _per_kg),
    ReasonCode.CEILING_TOTAL_UG: ("The dose within 12 hours, with what was given already,", mass),
    ReasonCode.CEILING_TOTAL_UG_PER_KG: ("The dose within 12 hours, with what was given already,", _per_kg),
    ReasonCode.CEILING_COURSE_UG_PER_KG: ("The dose of this series, with what was given already,", _per_kg),
}
_FIXED_LIMITS: Final = frozenset(code for code in LIMITED if code.value.startswith("ceiling_"))
_OF_PATIENT: Final = (ReasonCode.WEIGHT_G, ReasonCode.BMI_MILLI)

_WHAT_TO_DO: Final[Mapping[Severity, str]] = {
    Severity.HARD: "It cannot be given; ask the prescriber.",
    Severity.SOFT: "To go on, give a reason and have a second person confirm.",
    Severity.CLAMPED: "Nothing to do.",
    Severity.NOTE: "Keep it in mind.",
}


def limited_text(reason: Reason) -> str:
    noun, read = LIMITED[reason.code]
    if reason.asked is None or reason.limit is None:
        return f"{noun} is outside its limits. {_WHAT_TO_DO[reason.severity]}"
    side = "above" if reason.asked > reason.limit else "below"
    kind = "hard limit" if reason.severity is Severity.HARD else "soft limit"
    if reason.code in _FIXED_LIMITS:
        kind = "ceiling, which no library can raise,"
    first = f"{noun} of {read(reason.asked)} is {side} the {kind} of {read(reason.limit)}."
    if noun.endswith(","):
        first = f"{noun} is {read(reason.asked)}: {side} the {kind} of {read(reason.limit)}."
    if reason.code in _OF_PATIENT:
        return f"{first} Was it measured in kilograms and centimetres? {_WHAT_TO_DO[reason.severity]}"
    if reason.code is ReasonCode.AGE_YEARS and reason.severity is Severity.NOTE:
        return f"{first} Keep it in mind: the blood pressure rises further in the old."
    return f"{first} {_WHAT_TO_DO[reason.severity]}"
