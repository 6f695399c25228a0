"""What speaks about a container, its label and what was drawn up, in bedside words; words_reasons.py joins them.

A code has a text with {asked} and {limit} where numbers are known, and how they read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pumpd.core.codes import ReasonCode
from pumpd.words import concentration, duration, rate_ml_per_h, volume_ml


def _plain(value: int) -> str:
    return f"{value:,}"


CONTAINERS: Final[Mapping[ReasonCode, tuple[str, Callable[[int], str]]]] = {
    ReasonCode.CONTAINER_VOLUME_NL: (
        "{asked} are needed, but the container gives {limit}. Choose a larger or more concentrated container.",
        volume_ml,
    ),
    ReasonCode.CONTAINERS_NEEDED: (
        (
            "{asked} containers would be needed, and this use allows {limit}, one after the other. "
            "Choose a larger or more concentrated container."
        ),
        _plain,
    ),
    ReasonCode.CONTAINER_RATE_MIN_UL_PER_H: (
        (
            "{asked} are needed, but below {limit} a container of this size flows in fits and starts. "
            "Choose a smaller or less concentrated one."
        ),
        rate_ml_per_h,
    ),
    ReasonCode.BALANCE_DIFFERENCE_NL: (
        "Drawn up, given and left over differ by {asked}; {limit} is allowed. Read both again, or enter why.",
        volume_ml,
    ),
    ReasonCode.STARTUP_DELAY_S: (
        (
            "At this rate it takes {asked} until the first drop flows, more than a tenth of the infusion ({limit}). "
            "Keep it in mind; a smaller syringe starts sooner."
        ),
        duration,
    ),
    ReasonCode.SMALLER_CONTAINER_NL: (
        "It all fits into the smaller size of {limit}. Choose that one instead of {asked}, if it is at hand.",
        volume_ml,
    ),
    ReasonCode.CONTAINER_USED_UP_NL: (
        "This container is used up. Connect the next one and change it on this page, or end the infusion.",
        volume_ml,
    ),
    ReasonCode.CONTAINER_NOT_AS_ORDERED: (
        "This is not the container that was ordered. Use the ordered one, or end the infusion and ask for a new order.",
        _plain,
    ),
    ReasonCode.LABEL_UG_PER_ML: (
        "The label says {asked}, but {limit} was ordered. Do not connect it. Look for the right container.",
        concentration,
    ),
    ReasonCode.SECOND_CHECK_NEEDED: (
        "Nobody has checked this container in. A second person reads the label and confirms it with you.",
        _plain,
    ),
    ReasonCode.CONTAINER_NOT_FOR_PUMP: (
        "This pump cannot take this container. Choose a syringe on a syringe pump, a bag on any other.",
        _plain,
    ),
    ReasonCode.UNKNOWN_CONTAINER: ("There is no such container. Choose one from the list.", _plain),
    ReasonCode.CONTAINER_NOT_FOR_REGIMEN: (
        "This container belongs to another drug or use. Choose one from the regimen's list.",
        _plain,
    ),
}
