"""How an alarm signals: the one place that says whether it is heard, in which colour and how it flashes.

Page, board, MQTT and command line all take it from here, so that a bed cannot be silent on one of them and loud on
another. By table 5 of Open PCA 1.0.0, after IEC 60601-1-8, HIGH is red and flashes fast, MEDIUM yellow and slowly, LOW
cyan and steady. A prompt is no alarm signal: it is only written. What was acknowledged is seen and no longer heard, and
flashes no more; what is latched signals on, since nobody has come yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from pumpd.core.codes import Priority
from pumpd.core.state import Alarm, BedState


class Colour(Enum):
    RED = "red"
    YELLOW = "yellow"
    CYAN = "cyan"
    PLAIN = "plain"


class Flash(Enum):
    FAST = "fast"
    SLOW = "slow"
    STEADY = "steady"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What a person hears and sees of one alarm."""

    sounding: bool
    colour: Colour
    flash: Flash


_SEEN: Final[dict[Priority, tuple[Colour, Flash]]] = {
    Priority.HIGH: (Colour.RED, Flash.FAST),
    Priority.MEDIUM: (Colour.YELLOW, Flash.SLOW),
    Priority.LOW: (Colour.CYAN, Flash.STEADY),
    Priority.PROMPT: (Colour.PLAIN, Flash.STEADY),
}


def signal(alarm: Alarm) -> Signal:
    """By its priority now, and by what people have done about it."""
    colour, flash = _SEEN[alarm.priority]
    heard = alarm.priority is not Priority.PROMPT and not alarm.acknowledged and not alarm.audio_paused
    return Signal(sounding=heard, colour=colour, flash=Flash.STEADY if alarm.acknowledged else flash)


def sounding(state: BedState, slot: str | None = None) -> bool:
    """Is anything heard at this bed, or of one pump and the bed as a whole?"""
    return any(signal(each).sounding for each in state.alarms if slot is None or each.slot in (slot, None))
