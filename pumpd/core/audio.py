"""Facts about how alarms signal: one that became more urgent because nobody came, sound that is paused for a while,
and whether a page that can be heard is open at all.

They stand beside facts.py, which joins them to all others, as those of deliveries.py do. The same rules hold: past
tense, final, codes and integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pumpd.core.codes import Priority


class SoundAgain(Enum):
    """Why a pause of the sound ended."""

    TIME = "time"
    WATCHER_GONE = "watcher_gone"  # the page or link that had asked for it
    NOTHING_LEFT = "nothing_left"  # every alarm that was paused is over or seen


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRose:
    """Nobody acknowledged it in its time: it is more urgent now."""

    at_ns: int
    alarm_id: int
    priority: Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPaused:
    """The alarms that stand now are not heard until then. `watcher` is the stream that asked, by its own name."""

    at_ns: int
    until_ns: int
    person: str | None
    watcher: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioResumed:
    """They are heard again."""

    at_ns: int
    why: SoundAgain


class Unheard(Enum):
    """Why no page with its sound on is open any longer."""

    TOLD = "told"  # the last was closed, or its sound went off
    STREAM_ENDED = "stream_ended"  # whoever served the pages is gone
    SILENCE = "silence"  # nobody said so, and nobody said anything else in time


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundArmed:
    """At least one page with its sound on is open again. Who serves it is `watcher`, by its stream's name."""

    at_ns: int
    watcher: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundGone:
    """None is any longer."""

    at_ns: int
    why: Unheard


AudioFact = AlarmRose | AudioPaused | AudioResumed | SoundArmed | SoundGone
