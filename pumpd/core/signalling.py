"""What the facts of audio.py make of the bed's alarms: applied, never judged, as in evolve.py."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core.audio import AlarmRose, AudioPaused, AudioResumed
from pumpd.core.state import AudioPause, BedState


def signalling(state: BedState, fact: AlarmRose | AudioPaused | AudioResumed) -> BedState:
    match fact:
        case AlarmRose():  # more urgent, and heard again
            risen = tuple(
                replace(each, priority=fact.priority, audio_paused=False) if each.alarm_id == fact.alarm_id else each
                for each in state.alarms
            )
            return replace(state, alarms=risen)
        case AudioPaused():
            pause = AudioPause(until_ns=fact.until_ns, person=fact.person, watcher=fact.watcher)
            return replace(_with_sound(state, paused=True), audio_pause=pause)
        case AudioResumed():
            return replace(_with_sound(state, paused=False), audio_pause=None)
        case _:
            assert_never(fact)


def _with_sound(state: BedState, *, paused: bool) -> BedState:
    return replace(state, alarms=tuple(replace(each, audio_paused=paused) for each in state.alarms))
