"""Marks along a leg: every half minute, what had been given by then, and what the granted rates make of that time.

A deviation that counts is one that lasts (a quarter of an hour, GIP 1.2.2), so something has to remember where the leg
stood then. That is not kept beside the state but derived from facts that are journalled anyway: checkpoints, granted
rates, the entry into Infusing. A restart of the daemon therefore forgets nothing of it.

Both sides are intervals. What was given is the counter within what it cannot tell, without the legs before, whose
own doubt is the same at every mark. What was due lies between the slowest and the fastest rate that was granted or
asked in the stretch, since nobody knows when within it the pump took a new one. A window over a change of rate so
needs no new beginning: it only knows a little less.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pumpd.core.delivered import Interval
from pumpd.core.state import Infusion, Leg, Mark
from pumpd.core.units import NL_PER_UL, NS_PER_H, NS_PER_MIN, Towards, divide

MARKS_KEPT_NS: Final = 16 * NS_PER_MIN  # the longest window, and a stretch
MARKS_MAX: Final = 64  # two a minute, and one for each new rate


def as_of(infusion: Infusion, leg: Leg, at_ns: int, delivered: Interval, also_ul_per_h: int | None = None) -> Mark:
    """The mark of this leg that this moment would be. `also_ul_per_h`: one more rate it may have had."""
    before = leg.marks[-1] if leg.marks else Mark(at_ns=at_ns, low_nl=0, high_nl=0, due_low_nl=0, due_high_nl=0)
    either = (infusion.rate_ul_per_h, infusion.granted_ul_per_h, also_ul_per_h)
    rates = [each for each in either if each is not None]
    slowest, fastest = min(rates), max(rates)
    elapsed_ns = max(0, at_ns - before.at_ns)
    low_nl = max(0, delivered.low_nl - leg.base.low_nl)
    return Mark(
        at_ns=at_ns,
        low_nl=low_nl,
        high_nl=max(low_nl, delivered.high_nl - leg.base.high_nl),
        due_low_nl=before.due_low_nl + divide(slowest * NL_PER_UL * elapsed_ns, NS_PER_H, Towards.DOWN),
        due_high_nl=before.due_high_nl + divide(fastest * NL_PER_UL * elapsed_ns, NS_PER_H, Towards.UP),
    )


def marked(infusion: Infusion, at_ns: int, also_ul_per_h: int | None = None) -> Infusion:
    """The infusion with a mark at this moment, by what is on record."""
    leg = infusion.leg
    if leg is None:
        return infusion
    mark = as_of(infusion, leg, at_ns, infusion.delivered, also_ul_per_h)
    kept = tuple(each for each in leg.marks if each.at_ns >= at_ns - MARKS_KEPT_NS)
    return replace(infusion, leg=replace(leg, marks=(*kept, mark)[-MARKS_MAX:]))


def shifted(leg: Leg, by_ns: int) -> Leg:
    """The same leg on another boot's clock."""
    marks = tuple(replace(each, at_ns=each.at_ns + by_ns) for each in leg.marks)
    return replace(leg, from_ns=leg.from_ns + by_ns, marks=marks)
