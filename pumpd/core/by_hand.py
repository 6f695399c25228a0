"""What was given by hand in a visit, before the start and as a rescue, as far as recovery counts from it.

A drug is sedating where the order or the table of usual doses says so; one that neither knows counts as sedating. A
drug that reverses another wears off sooner than what it reverses: whoever woke by it may fall asleep again.
"""

from __future__ import annotations

from pumpd.core.prescribed import Premedication
from pumpd.core.rescue import is_sedating, same
from pumpd.core.visit import Visit


def sedated_at_ns(visit: Visit) -> tuple[int, ...]:
    """When a sedating drug was given by hand."""
    before = (each.given_at_ns for each in visit.premedicated if is_sedating(each.drug, _ordered(visit, each.drug)))
    rescues = (each.given.given_at_ns for each in visit.care.rescues if each.sedating)
    return (*before, *rescues)


def reversed_at_ns(visit: Visit) -> int | None:
    """When a drug was last reversed."""
    return max((each.given.given_at_ns for each in visit.care.rescues if each.reverses), default=None)


def _ordered(visit: Visit, drug: str) -> Premedication | None:
    orders = () if visit.signed is None else visit.signed.premedication
    return next((each for each in orders if same(each.drug, drug)), None)
