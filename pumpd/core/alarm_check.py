"""The alarm path tried on a dry bed: every condition raised, shown, heard, seen and gone, before anything runs.

An update once took a pump's low-battery alarm away and nobody noticed (Medfusion 4000, 2019), and a loudspeaker that
fails is noticed by the patient (Hospira Plum A+, 2014). What a daemon without a loudspeaker can honestly try is its own
part: that each condition still makes an alarm, that the alarm is heard unless it is a prompt, that acknowledging
silences it, and that it goes as its row says and takes no other with it. A condition that fails keeps the daemon from
starting. Whether anything sounds is tried where the loudspeaker is: at the page and by operation.
"""

from __future__ import annotations

from pumpd.core import alarms
from pumpd.core.alarm_table import TABLE, Clears
from pumpd.core.codes import Condition
from pumpd.core.signals import signal
from pumpd.core.state import BedState, PumpState
from pumpd.core.turn import Setup, Turn

SLOT = "p1"


def failing(setup: Setup) -> tuple[Condition, ...]:
    """Conditions whose alarm does not come, is not heard, is not silenced, or does not go."""
    return tuple(condition for condition in Condition if not _works(condition, setup))


def _works(condition: Condition, setup: Setup) -> bool:
    if condition not in TABLE:
        return False
    row, turn = TABLE[condition], Turn(BedState(pumps=(PumpState(slot=SLOT),)), setup, 0)
    alarms.raise_alarm(turn, condition, SLOT)
    alarm = alarms.active(turn, condition, SLOT)
    if alarm is None or alarm.priority is not row.priority or signal(alarm).sounding is not row.sounds:
        return False
    others = len(turn.state.alarms) - 1
    alarms.acknowledge(turn, alarm, None)
    seen = alarms.active(turn, condition, SLOT)
    if seen is not None and (row.clears is Clears.BY_SEEING or signal(seen).sounding):
        return False
    alarms.condition_over(turn, condition, SLOT)
    return alarms.active(turn, condition, SLOT) is None and len(turn.state.alarms) == others
