"""The guard against alarm, stop, start and alarm again: what the same alarm keeps stopping is not started on and on.

Each start after an occlusion that was not cleared pushes what the line has stored into the patient, and each one
teaches that the alarm is a nuisance. When the same condition has stopped the same pump three times within ten
minutes (Open PCA R6.5.0(18): the sequence repeated 3 times in 10 min), the third start is refused: nothing may rise
on that pump until a person has looked at it and takes it back into use. Waiting does not open the lock, and neither
does a restart of the daemon: the trips and the lock are facts.

Only an alarm that stops a pump on its way to delivering, or delivering, counts. A pump that refuses to be
programmed has given nothing.
"""

from __future__ import annotations

from typing import Final

from pumpd.core.codes import Condition, Phase
from pumpd.core.deliveries import AlarmStopped
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_MIN

TIMES: Final = 3
WITHIN_NS: Final = 10 * NS_PER_MIN
COUNTS: Final = (Phase.STARTING, Phase.INFUSING, Phase.UNCERTAIN)


def stopped_by(turn: Turn, slot: str, condition: Condition) -> bool:
    """Note that this condition stops this pump; true when it has now done so too often."""
    pump = turn.pump(slot)
    if pump.phase not in COUNTS:
        return False
    earlier = [each for each in pump.trips if each.condition is condition and turn.now_ns - each.at_ns < WITHIN_NS]
    locks = pump.locked_by is None and len(earlier) + 1 >= TIMES
    turn.record(AlarmStopped(at_ns=turn.now_ns, slot=slot, condition=condition, locks=locks))
    return locks
