"""What is still to be done for patients of this bed, oldest first: nothing of it holds up a pump, a bed or a visit.

A list and no gate. It is made anew from the state each time, so an entry goes when the thing is done and in no other
way; it outlives the visit's closing, and the visit itself is kept until nothing is left on it (arrived.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pumpd.core.departure import Exit
from pumpd.core.visit import Visit

DISCHARGED: Final = (Exit.HOME, Exit.WARD)


class Todo(Enum):
    WASTE = "waste"  # say what was drawn up and what was thrown away
    WITNESS = "witness"  # somebody else says that they saw it
    TELL_PRESCRIBER = "tell_prescriber"  # how the visit ended, and why
    SIGN_BY_WORD = "sign_by_word"  # a prescriber signs what they ordered by word


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """One thing to be done; `infusion_id` where it is about one, `order` where it is an order by word."""

    todo: Todo
    visit: str
    since_at_ns: int
    infusion_id: int | None = None
    order: str | None = None
    prescriber: str | None = None  # whose signature it waits for


def open_of(visit: Visit) -> Iterator[Open]:
    """What is to be done for one visit, or will be when its infusions are over (wasting.py lists those that are)."""
    for said in visit.care.verbal:
        if said.agreed is None:
            yield Open(
                todo=Todo.SIGN_BY_WORD, visit=visit.visit, since_at_ns=said.given_at_ns, order=said.order,
                prescriber=said.prescriber,
            )  # fmt: skip
    for dose in visit.doses:
        left = dose.leftover
        if not dose.is_sedating:
            continue
        if left is None:
            yield Open(todo=Todo.WASTE, visit=visit.visit, since_at_ns=dose.last_at_ns, infusion_id=dose.infusion_id)
        elif not left.witness:
            yield Open(todo=Todo.WITNESS, visit=visit.visit, since_at_ns=left.at_ns, infusion_id=dose.infusion_id)
    closing = visit.closing
    if closing is not None and closing.exit not in DISCHARGED and not closing.prescriber:
        yield Open(todo=Todo.TELL_PRESCRIBER, visit=visit.visit, since_at_ns=closing.at_ns)
