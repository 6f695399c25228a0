"""What a prescriber orders by word: written down by a nurse who reads it back, and signed by the prescriber afterwards.

Only what is less, or what helps: a lower rate, a rescue drug, a hold parameter. It counts from the read-back on, beside
the visit's own copy of the signed order, which never changes; a prescriber who says afterwards that it was not so takes
it away again. A lower rate counts by being set, and that waits for nothing and nobody; here it is only on record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from pumpd.core.holds import Band, Criterion, HoldParameters
from pumpd.core.observing import Measure, Scale
from pumpd.core.prescribed import Rescue

UNSIGNED_MAX: Final = 32  # of one visit: many times what anybody says
KEPT_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerRate:
    slot: str
    rate_ul_per_h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldBound:
    """This item speaks in this band beyond these bounds; None: as the order has it."""

    item: Measure
    band: Band
    above: int | None = None
    below: int | None = None
    scale: Scale | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbalOrder:
    """One of the three. `person` wrote it down and read it back; `agreed` is None until a prescriber has looked."""

    order: str  # opaque id
    given_at_ns: int
    prescriber: str
    person: str
    read_back: str
    lower: LowerRate | None = None
    rescue: Rescue | None = None
    bound: HoldBound | None = None
    agreed: bool | None = None
    signed_by: str = ""
    signed_at_ns: int | None = None
    remark: str = ""

    @property
    def counts(self) -> bool:
        """From the read-back on, unless a prescriber took it away."""
        return self.agreed is not False


def with_order(orders: tuple[VerbalOrder, ...], new: VerbalOrder) -> tuple[VerbalOrder, ...]:
    """One more is kept; of those that were signed the oldest goes where there is no room."""
    kept = [*orders, new]
    if len(kept) > KEPT_MAX:
        kept.remove(next(each for each in kept if each.agreed is not None))
    return tuple(kept)


def rescues_with(rescues: tuple[Rescue, ...], orders: Iterable[VerbalOrder]) -> tuple[Rescue, ...]:
    """What may be given: what was signed, and what was said since; the last word on a drug counts."""
    by_drug = {each.drug.casefold(): each for each in rescues}
    for each in orders:
        if each.rescue is not None and each.counts:
            by_drug[each.rescue.drug.casefold()] = each.rescue
    return tuple(by_drug.values())


def holds_with(holds: HoldParameters, orders: Iterable[VerbalOrder]) -> HoldParameters:
    """The order's hold parameters with every bound that was said since."""
    return bounded(holds, (each.bound for each in orders if each.bound is not None and each.counts))


def bounded(holds: HoldParameters, bounds: Iterable[HoldBound]) -> HoldParameters:
    """Hold parameters with these bounds, one after the other."""
    criteria = holds.criteria
    for each in bounds:
        criteria = _with_bound(criteria, each)
    return holds if criteria is holds.criteria else replace(holds, criteria=criteria)


def _with_bound(criteria: tuple[Criterion, ...], bound: HoldBound) -> tuple[Criterion, ...]:
    """In every criterion of this item and band that has such a bound; a bound that none has is one more criterion."""
    above, below = bound.above, bound.below
    changed = []
    for each in criteria:
        now = each
        if (each.item, each.band, each.scale) == (bound.item, bound.band, bound.scale):
            if bound.above is not None and each.above is not None:
                now, above = replace(now, above=bound.above), None
            if bound.below is not None and each.below is not None:
                now, below = replace(now, below=bound.below), None
        changed.append(now)
    if above is not None or below is not None:
        changed.append(Criterion(item=bound.item, band=bound.band, above=above, below=below, scale=bound.scale))
    return tuple(changed)
