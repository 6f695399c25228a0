"""A bolus while it runs: it ends by its volume, and at the first doubt.

It ends by the upper end of what is in, so that the uncertainty of a counter never makes it larger, and the fall back to
the basal rate needs nobody. Whoever lowers the rate meanwhile ends it. After a silence, a restart or a lost reply it is
not gone on with: the pump falls to the basal rate as soon as it is known to run (GIP 3.1.1: an active bolus is
cancelled on an error).
"""

from __future__ import annotations

from pumpd.core.deliveries import BolusOver
from pumpd.core.new_rate import set_rate
from pumpd.core.turn import Turn


def follow_bolus(turn: Turn, slot: str) -> bool:
    """On a report of a pump that drives as granted: is a bolus on, and if it is done, let the basal rate go on."""
    infusion = turn.infusion(slot)
    bolus = infusion.bolus
    if bolus is None:
        return False
    done = turn.counted(slot).high_nl >= infusion.boundary_nl(bolus.step)
    if (done or bolus.doubted) and turn.pump(slot).command is None:
        end_bolus(turn, slot, bolus.basal_ul_per_h)
    return True


def end_bolus(turn: Turn, slot: str, rate_ul_per_h: int) -> None:
    """The bolus is over, and this rate follows: the basal one, or less."""
    turn.record(BolusOver(at_ns=turn.now_ns, slot=slot, delivered=turn.delivered(slot)))
    set_rate(turn, slot, rate_ul_per_h)
