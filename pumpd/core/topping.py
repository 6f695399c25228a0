"""The next look at a pump: an observation, or one that first moves the target which stands in for a lease.

A pump with a volume lease (lease.py) stops by itself a few seconds' worth of volume ahead of its counter. It is kept
going by moving that target on, and nothing moves it but this: the bed's loop, after it has taken in a report that
shows the pump driving and a counter that fits. A loop that died, or a pump in doubt, leaves the target where it is.

The target never lies further ahead than the present rate times the lease, and never beyond what the whole leg is to
give: so it comes back when the rate falls, at the next look, and the end of the plan is the last target.
"""

from __future__ import annotations

from pumpd.core.codes import Phase
from pumpd.core.effects import Extend, Observe
from pumpd.core.lease import allowance_nl, stands_in
from pumpd.core.look import believed
from pumpd.core.pump import Drive
from pumpd.core.turn import Turn


def next_look(turn: Turn, slot: str) -> Observe | Extend:
    """What the bed asks of a pump that has named itself."""
    target_nl = _target_nl(turn, slot)
    return Observe(slot=slot) if target_nl is None else Extend(slot=slot, target_nl=target_nl)


def _target_nl(turn: Turn, slot: str) -> int | None:
    """Where the target belongs, if it is elsewhere."""
    pump, volume = turn.pump(slot), stands_in(turn.setup.info(slot))
    infusion, last = pump.infusion, pump.sighting.last
    if volume is None or infusion is None or infusion.leg is None or infusion.lease_s is None:
        return None
    if pump.phase is not Phase.INFUSING or pump.stop is not None or pump.sighting.missed or not believed(pump):
        return None
    if last is None or last.infused_nl is None or last.drive is not Drive.INFUSING:
        return None
    rate = min(infusion.rate_ul_per_h, infusion.granted_ul_per_h or 0)  # a raise that is on its way is not there yet
    ahead_nl = allowance_nl(volume, rate, infusion.lease_s)
    target_nl = min(infusion.leg.whole_nl, last.infused_nl + ahead_nl)
    return None if target_nl == last.target_nl else target_nl
