"""When what a pump moves may go into a patient, and what is made of a purge then (line.py tells the line's story).

Not armed, a purge at the pump's keys is how a line is primed, and nobody's alarm. Armed, it is stopped and told like
any other drive that nobody asked for; and before there is an order to count it into, it is counted here.
"""

from __future__ import annotations

from pumpd.core import alarms
from pumpd.core.codes import Condition, Phase
from pumpd.core.container_facts import LinePurged
from pumpd.core.state import PumpState
from pumpd.core.turn import Turn


def is_armed(pump: PumpState) -> bool:
    """May what this pump moves go into a patient?"""
    if pump.primed is not None:
        return True
    if pump.phase is Phase.IDLE:
        return False
    return pump.phase is not Phase.ENDED or pump.infusion is None or pump.infusion.balance is None


def count_purge(turn: Turn, slot: str) -> None:
    """What the counter of a primed pump shows before any order: given, and told."""
    pump = turn.pump(slot)
    primed, last = pump.primed, pump.sighting.last
    if primed is None or last is None or last.infused_nl is None:
        return
    if primed.counter_nl is None or last.infused_nl == primed.counter_nl:
        moved_nl = 0
    else:  # a counter that fell was cleared, and shows what it counted since
        fell = last.infused_nl < primed.counter_nl
        moved_nl = (last.infused_nl if fell else last.infused_nl - primed.counter_nl) + last.step_nl
    if moved_nl > 0:
        alarms.raise_alarm(turn, Condition.UNCOMMANDED_DRIVE, slot)
    if last.infused_nl != primed.counter_nl:
        turn.record(LinePurged(at_ns=turn.now_ns, slot=slot, volume_nl=moved_nl, counter_nl=last.infused_nl))
