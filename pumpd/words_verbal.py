"""Orders by word -> text for people: what may be said and what may not, and how one reads in the record.

As in words_reasons.py each sentence says what is wrong and what to do now; words_path.py joins them to the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pumpd.core.care_facts import VerballyOrdered, VerballySettled
from pumpd.core.codes import Action, ReasonCode
from pumpd.core.holds import Criterion
from pumpd.core.verbal import HoldBound, VerbalOrder
from pumpd.words import duration, mass, rate_ml_per_h
from pumpd.words_care import BAND_NAMES, ITEMS, ROUTES, SCALES, value_text

_PLAIN: Final[Callable[[int], str]] = "{:,}".format

VERBAL: Final[Mapping[ReasonCode, tuple[str, Callable[[int], str]]]] = {
    ReasonCode.VERBAL_ONLY_LESS: (
        (
            "By word goes a lower rate, a rescue drug or a hold parameter, one at a time. Anything else is read before "
            "it is signed: ask the prescriber to sign an order here, or to come."
        ),
        _PLAIN,
    ),
    ReasonCode.VERBAL_RISE_UL_PER_H: (
        "{asked} is more than the {limit} that is set, and more is not ordered by word. Ask the prescriber to come.",
        rate_ml_per_h,
    ),
    ReasonCode.VERBAL_STOP_BOUND: (
        "What asks for a stop is moved neither by word nor by an order. Look after the patient first; leave it out.",
        _PLAIN,
    ),
    ReasonCode.VERBAL_HOLD_UNCLEAR: (
        "This hold parameter is not clear. Enter one item, the bound that can be true, and the scale of a sedation.",
        _PLAIN,
    ),
    ReasonCode.VERBAL_NO_PRESCRIBER: (
        "Nobody of this name prescribes here. Choose who said it; only a prescriber orders.",
        _PLAIN,
    ),
    ReasonCode.VERBAL_BY_ONESELF: (
        "What you say yourself nobody has read back to you. Ask a nurse to write it down, or sign an order.",
        _PLAIN,
    ),
    ReasonCode.READ_BACK_NEEDED: (
        "It was not read back. Read it to the prescriber with its numbers, and enter that they said yes to it.",
        _PLAIN,
    ),
    ReasonCode.VERBAL_TOO_MANY: (
        "{limit} orders by word of this visit are not signed yet. Ask the prescriber to sign them first.",
        _PLAIN,
    ),
    ReasonCode.NO_SUCH_VERBAL_ORDER: (
        "This visit has no such order by word. Look at the list of what is still to be done.",
        _PLAIN,
    ),
    ReasonCode.VERBAL_SIGNED_BEFORE: ("A prescriber has looked at this order already. Nothing to do.", _PLAIN),
}

VERBAL_ACTIONS: Final[Mapping[Action, str]] = {
    Action.ORDER_BY_WORD: "an order by word",
    Action.SIGN_BY_WORD: "a signature for an order by word",
}


def verbal_text(order: VerbalOrder) -> str:
    """What was ordered, in one phrase."""
    if order.lower is not None:
        return f"{rate_ml_per_h(order.lower.rate_ul_per_h)} or less on {order.lower.slot}"
    if order.rescue is not None:
        drug = order.rescue
        most = f"{mass(drug.most_ug)} at most in this visit"
        return f"{drug.drug} {mass(drug.dose_ug)} {ROUTES[drug.route]} against {drug.against}, {most}"
    return "" if order.bound is None else _bound_text(order.bound)


def read_back_text(order: VerbalOrder) -> str:
    """What was ordered, who wrote it down, and what they read back."""
    return f"{verbal_text(order)}; written down by {order.person}, who read back: {order.read_back}"


def _bound_text(bound: HoldBound) -> str:
    scale = "" if bound.scale is None else f" {SCALES[bound.scale]}"
    return f"{BAND_NAMES[bound.band]} from {ITEMS[bound.item][0]}{scale} {_sides(bound)} on"


def criterion_text(criterion: Criterion) -> str:
    """Beside the name of its item: what it asks for, and from where on."""
    scale = "" if criterion.scale is None else f"{SCALES[criterion.scale]} "
    lasts = f" for {duration(criterion.lasts_s)}" if criterion.lasts_s else ""
    return f"{BAND_NAMES[criterion.band]}: {scale}{_sides(criterion)}{lasts}"


def _sides(bound: HoldBound | Criterion) -> str:
    sides = [f"above {value_text(bound.item, bound.above)}"] if bound.above is not None else []
    sides += [f"below {value_text(bound.item, bound.below)}"] if bound.below is not None else []
    return " or ".join(sides)


def verbal_fact_text(fact: VerballyOrdered | VerballySettled) -> str:
    """One line of the record."""
    if isinstance(fact, VerballyOrdered):
        order = fact.order
        return f"Ordered by word of {order.prescriber}: {read_back_text(order)}"
    told = "signed" if fact.agreed else "NOT what was ordered, and counts no longer, says"
    remark = f": {fact.remark}" if fact.remark else ""
    return f"Order by word {told} {'by ' if fact.agreed else ''}{fact.person}{remark}"
