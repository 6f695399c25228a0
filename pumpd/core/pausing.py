"""A pump that stands still for a while: how long that may last before the bed reminds, and again.

Forgetting to resume is a hazard of its own (FDA's list for infusion pumps names it; GIP 2.2.2 asks for an alert). Each
reason for a pause has its time box, which a site may set; a STOP that nobody gave a reason has the shortest. When the
box is over a LOW alarm is raised, and every 15 min anew, so that one that was acknowledged and forgotten comes back.

Nothing here resumes: a time box ends in a reminder, never in delivery.
"""

from __future__ import annotations

from typing import Final

from pumpd.core import alarms
from pumpd.core.codes import Condition
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_MIN, NS_PER_S

REMIND_AGAIN_NS: Final = 15 * NS_PER_MIN  # GIP 2.2.1: every 15 min while input is pending


def remind(turn: Turn, slot: str) -> None:
    """On the clock, for a pump in Stopped."""
    infusion = turn.infusion(slot)
    since_ns = infusion.stopped_since_ns
    if since_ns is None or turn.now_ns - since_ns < turn.setup.pause_box_s(infusion.pause) * NS_PER_S:
        return
    told = alarms.active(turn, Condition.PAUSE_OVER, slot)
    if told is not None and turn.now_ns - told.since_ns >= REMIND_AGAIN_NS:
        alarms.condition_over(turn, Condition.PAUSE_OVER, slot)
    alarms.raise_alarm(turn, Condition.PAUSE_OVER, slot)
