"""What the facts of audio.py make of the bed's alarms: applied, never judged, as in evolve.py."""

from __future__ import annotations

from dataclasses import replace

from pumpd.core.audio import AlarmRose
from pumpd.core.state import BedState


def signalling(state: BedState, fact: AlarmRose) -> BedState:
    """More urgent, and not seen as such by anybody yet."""
    risen = tuple(
        replace(each, priority=fact.priority) if each.alarm_id == fact.alarm_id else each for each in state.alarms
    )
    return replace(state, alarms=risen)
