"""What went in, put on record: the infusion's interval, and the history that the rolling windows count.

The volume that a fact carries also goes into `history`, as drug given over the stretch since the last such fact,
by the upper ends: that is what the windows count, in this boot and across boots. What silence had put there and a
later report shows not to have gone in is taken out again, so that history and interval tell the same total.
"""

from __future__ import annotations

from dataclasses import replace

from pumpd.core.codes import Given
from pumpd.core.delivered import Interval, monotone
from pumpd.core.state import HISTORY_KEPT_NS, HISTORY_MAX, BedState
from pumpd.core.units import Towards, mass_ng
from pumpd.core.visit_doses import with_dose


def recorded(state: BedState, slot: str, at_ns: int, delivered: Interval) -> BedState:
    """The infusion with this interval on record, and the history with what it adds or takes back."""
    pump = state.on(slot)
    infusion = pump.due()
    before, now = infusion.delivered, monotone(infusion.delivered, delivered)
    seen = pump.sighting
    if infusion.leg is None:
        seen = replace(seen, readings=seen.readings[-1:])  # what it moved without a leg is told by `delivered` now
    recorded = replace(infusion, delivered=now, delivered_at_ns=at_ns)
    state = state.with_pump(replace(pump, infusion=recorded, sighting=seen))
    state = with_dose(state, slot, at_ns, since_ns=min(infusion.delivered_at_ns, at_ns))
    concentration = infusion.programme.concentration_ug_per_ml
    if now.high_nl > before.high_nl and concentration > 0:
        given = Given(
            drug=infusion.programme.drug,
            from_ns=min(infusion.delivered_at_ns, at_ns),
            to_ns=at_ns,
            mass_ng=mass_ng(now.high_nl - before.high_nl, concentration, Towards.UP),
            infusion_id=infusion.infusion_id,
            patient=infusion.patient,
        )
        return replace(state, history=with_given(state.history, given))
    less_ng = mass_ng(max(0, before.high_nl - now.high_nl), concentration, Towards.DOWN)
    return replace(state, history=_taken_back(state.history, infusion.infusion_id, less_ng))


def with_given(history: tuple[Given, ...], given: Given) -> tuple[Given, ...]:
    """One stretch more. When there are too many, the two oldest of one drug and patient become one: none is lost.

    512 stretches of 30 s reach back over an hour, the longest rolling window, even for four pumps.
    """
    kept = [*(each for each in history if each.to_ns > given.to_ns - HISTORY_KEPT_NS), given]
    if len(kept) > HISTORY_MAX:
        oldest: dict[tuple[str, str | None], int] = {}
        for index, each in enumerate(kept):
            whose = (each.drug, each.patient)
            if whose in oldest:
                old = kept[oldest[whose]]
                kept[index] = replace(each, from_ns=min(old.from_ns, each.from_ns), mass_ng=old.mass_ng + each.mass_ng)
                del kept[oldest[whose]]
                break
            oldest[whose] = index
    return tuple(kept)


def _taken_back(history: tuple[Given, ...], infusion_id: int, less_ng: int) -> tuple[Given, ...]:
    """Without the drug that did not go in after all, the newest stretches of its infusion first."""
    kept = list(history)
    for index in reversed(range(len(kept))):
        each = kept[index]
        if less_ng > 0 and each.infusion_id == infusion_id:
            back_ng = min(less_ng, each.mass_ng)
            kept[index] = replace(each, mass_ng=each.mass_ng - back_ng)
            less_ng -= back_ng
    return tuple(each for each in kept if each.mass_ng > 0)
