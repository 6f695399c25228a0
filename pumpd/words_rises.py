"""Why a rise or a bolus was refused, in bedside words; words_reasons.py has the other reasons and makes the sentence.

A text with {asked} and {limit} where numbers are known, and how they read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pumpd.core.codes import ReasonCode
from pumpd.core.library import Bolus, DoseUnit
from pumpd.words import dose, duration, rate_ml_per_h


def _plain(value: int) -> str:
    return f"{value:,}"


RISES: Final[Mapping[ReasonCode, tuple[str, Callable[[int], str]]]] = {
    ReasonCode.RISE_NOT_CONFIRMED_UL_PER_H: (
        "{asked} would be more than the {limit} that was confirmed. Ask for a new order to give more.",
        rate_ml_per_h,
    ),
    ReasonCode.RISE_TO_BE_READ_UL_PER_H: (
        "From {limit} to {asked} is more than a small step. Read the review of this rise, then confirm it.",
        rate_ml_per_h,
    ),
    ReasonCode.RISE_TO_BE_SAID_TWICE_UL_PER_H: (
        "From {limit} to {asked} is five times as much or more. Check the order, then enter the rate a second time.",
        rate_ml_per_h,
    ),
    ReasonCode.PRESCRIBER_NEEDED: (
        "This goes beyond the order. Ask the prescriber, who has to be one of the two who confirm it.",
        _plain,
    ),
    ReasonCode.TITRATION_UP_UL_PER_H: (
        "A rise by {asked} is more than the {limit} that the order allows at a time. Choose a smaller rise.",
        rate_ml_per_h,
    ),
    ReasonCode.TITRATION_DWELL_S: (
        "The present rate has run for {asked}; the order asks for {limit} before the next rise. Wait, and look again.",
        duration,
    ),
    ReasonCode.TITRATION_HIGHEST_UL_PER_H: (
        "{asked} is above the highest rate of the order, {limit}. Ask the prescriber.",
        rate_ml_per_h,
    ),
    ReasonCode.BOLUS_NOT_ALLOWED: (
        "The drug library allows no bolus here. Ask the prescriber for another way.",
        _plain,
    ),
    ReasonCode.BOLUS_RUNNING_UL_PER_H: (
        "A bolus or a ramp is on. Wait until it is over, or lower the rate to {limit} or less, which ends a bolus.",
        rate_ml_per_h,
    ),
    ReasonCode.BOLUS_IN_ALARM: (
        "No bolus while there is an alarm. Look at it, and see to it first.",
        _plain,
    ),
    ReasonCode.BOLUS_LOCKOUT_S: (
        "The last bolus began {asked} ago; the next one may begin after {limit}. Wait.",
        duration,
    ),
    ReasonCode.BOLUS_SHORT_S: (
        "{asked} is too short for a bolus; {limit} is the shortest. Choose a longer time.",
        duration,
    ),
    ReasonCode.BOLUS_DOES_NOT_FIT_S: (
        "A bolus of {asked} does not fit into what is left of the present step. Choose less or a shorter time.",
        duration,
    ),
    ReasonCode.REVIEW_CHANGED: (
        "The programme is no longer the one that you confirmed. Read the review again.",
        _plain,
    ),
    ReasonCode.REVIEW_EXPIRED_S: (
        "The review was read {asked} ago; after {limit} it no longer counts. Read it again, then confirm.",
        duration,
    ),
}


def bolus_text(bolus: Bolus) -> str:
    """What a prescriber may give on top of what runs."""
    most = dose(bolus.dose_ug_per_kg.hard, DoseUnit.MG_PER_KG)
    return f"{most} at most, over {duration(bolus.shortest_s)} or longer, {duration(bolus.lockout_s)} apart"
