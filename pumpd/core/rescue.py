"""Rescue drugs: what the order lets give, what was given, and what speaks against a dose.

A dose that was given is always recorded: the record is of what happened. What speaks against it (not ordered, more at
once or in this visit than the order or the table of usual doses says, a headache treated before the pressure was taken)
is read first, and stands beside the dose as flags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pumpd.core.adjuncts import adjunct
from pumpd.core.prescribed import Given, Premedication, Rescue
from pumpd.core.side_effects import SideEffect


class Flag(Enum):
    """What speaks against a dose."""

    NOT_ORDERED = "not_ordered"
    ABOVE_ORDER = "above_order"  # more at once than the order says
    ABOVE_ORDER_IN_VISIT = "above_order_in_visit"
    ABOVE_USUAL = "above_usual"
    ABOVE_USUAL_IN_VISIT = "above_usual_in_visit"
    PRESSURE_FIRST = "pressure_first"  # a headache is a question about the blood pressure


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """A flag, with the dose and the limit where there is one."""

    flag: Flag
    dose_ug: int = 0
    limit_ug: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRescue:
    """What was given, against what, and what was read before it was recorded."""

    given: Given
    against: SideEffect | None
    flags: tuple[Flag, ...]
    sedating: bool  # recovery counts from it
    reverses: bool  # recovery is longer after it


def same(drug: str, other: str) -> bool:
    return drug.casefold() == other.casefold()


def ordered(rescues: Sequence[Rescue], drug: str) -> Rescue | None:
    return next((each for each in rescues if same(each.drug, drug)), None)


def total_ug(drug: str, given: Sequence[Given]) -> int:
    """Of this drug in this visit so far, by hand."""
    return sum(each.dose_ug for each in given if same(each.drug, drug))


def flagged(
    drug: str,
    dose_ug: int,
    *,
    rescues: Sequence[Rescue],
    given: Sequence[Given],
    rescued: Sequence[Given],
    age_years: int | None,
) -> list[Flagged]:
    """What the order and the table of usual doses say; `rescued` are the rescue doses among `given`."""
    order, usual = ordered(rescues, drug), adjunct(drug)
    found = []
    if order is None:
        found.append(Flagged(flag=Flag.NOT_ORDERED, dose_ug=dose_ug))
    else:
        so_far_ug = total_ug(drug, rescued) + dose_ug
        if dose_ug > order.dose_ug:
            found.append(Flagged(flag=Flag.ABOVE_ORDER, dose_ug=dose_ug, limit_ug=order.dose_ug))
        if so_far_ug > order.most_ug:
            found.append(Flagged(flag=Flag.ABOVE_ORDER_IN_VISIT, dose_ug=so_far_ug, limit_ug=order.most_ug))
    if usual is None:
        return found
    at_once_ug, in_visit_ug = usual.most_at_once_ug(age_years), usual.most_in_visit_ug(age_years)
    so_far_ug = total_ug(drug, given) + dose_ug
    if dose_ug > at_once_ug:
        found.append(Flagged(flag=Flag.ABOVE_USUAL, dose_ug=dose_ug, limit_ug=at_once_ug))
    if so_far_ug > in_visit_ug:
        found.append(Flagged(flag=Flag.ABOVE_USUAL_IN_VISIT, dose_ug=so_far_ug, limit_ug=in_visit_ug))
    return found


def is_sedating(drug: str, order: Rescue | Premedication | None) -> bool:
    """By the order or by the table; what neither knows counts as sedating."""
    usual = adjunct(drug)
    if order is None and usual is None:
        return True
    return (order is not None and order.sedating) or (usual is not None and usual.sedating)


def does_reverse(drug: str, order: Rescue | None) -> bool:
    usual = adjunct(drug)
    return (order is not None and order.reverses) or (usual is not None and usual.reverses)
