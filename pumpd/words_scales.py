"""The steps of the scales of sedation in words, as somebody who stands at the bed would say what they see.

A number of a scale means nothing without its scale, and little without its words: POSS 3 and MOAA/S 3 are nearly
opposite. So a page offers steps to choose from and no number to type. POSS is Pasero's (2009), RASS Sessler's (2002),
MOAA/S Chernik's (1990), each told in our own words. POSS writes S for a sleeper who is easy to rouse: 0 here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pumpd.core.observing import Scale

# from awake to deeply sedated, as a nurse would read down a list
STEPS: Final[Mapping[Scale, tuple[tuple[int, str], ...]]] = {
    Scale.POSS: (
        (1, "awake and alert"),
        (2, "slightly drowsy, easy to rouse"),
        (3, "drifts off in the middle of a sentence"),
        (4, "hardly answers, or not at all"),
        (0, "asleep, easy to rouse (S)"),
    ),
    Scale.RASS: (
        (4, "combative"),
        (3, "very agitated, pulls at lines"),
        (2, "agitated, moves without aim"),
        (1, "restless"),
        (0, "alert and calm"),
        (-1, "drowsy, looks at you for 10 s or more"),
        (-2, "looks at you for less than 10 s"),
        (-3, "moves to the voice, does not look"),
        (-4, "moves only when touched"),
        (-5, "does not react"),
    ),
    Scale.MOAAS: (
        (5, "answers at once to the name"),
        (4, "answers slowly to the name"),
        (3, "answers only when called loudly or again"),
        (2, "reacts only to gentle shaking"),
        (1, "reacts only to a painful squeeze"),
        (0, "does not react to a painful squeeze"),
    ),
}
