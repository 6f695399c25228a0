"""What the facts of audio.py make of the bed's alarms, and of who listens: applied, never judged, as in evolve.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from pumpd.core.audio import AlarmRose, AudioPaused, AudioResumed, SoundArmed, SoundGone
from pumpd.core.glimpses import Listened
from pumpd.core.state import AudioPause, BedState, Hearing, Listener

LISTENERS_MAX: Final = 16  # as many as there are streams (api_feed.py); beyond, whoever spoke longest ago is forgotten


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


def hearing(before: Hearing, fact: SoundArmed | SoundGone | Listened) -> Hearing:
    match fact:
        case SoundArmed() | SoundGone():
            return replace(before, armed=isinstance(fact, SoundArmed), since_ns=fact.at_ns)
        case Listened():
            others = tuple(each for each in before.listeners if each.watcher != fact.watcher)
            said = (Listener(watcher=fact.watcher, at_ns=fact.at_ns),) if fact.pages else ()
            return replace(before, listeners=(*others, *said)[-LISTENERS_MAX:])
        case _:
            assert_never(fact)


def _with_sound(state: BedState, *, paused: bool) -> BedState:
    return replace(state, alarms=tuple(replace(each, audio_paused=paused) for each in state.alarms))
