"""What a visit may ask of a nurse at most. A path that nurses work around is unsafe: these are requirements.

A container that is used up is a signal and an alert that ask for something: one more of each for every change. There is
no other alert in a visit where nothing goes wrong.
"""

from __future__ import annotations

from typing import Final

from pumpd.testing.nurse_tally import Tally

TAPS_TO_START: Final = 60
FIELDS_TO_START: Final = 25
TAPS_OF_A_SET: Final = 15
SIGNALS: Final = 2


def keeps_within(tally: Tally) -> None:
    """AssertionError with the whole day where it does not."""
    told = "\n".join([*tally.day(), *tally.lines()])
    assert tally.taps_to_start <= TAPS_TO_START, told
    assert tally.fields_to_start <= FIELDS_TO_START, told
    assert max(tally.taps_of_sets, default=0) <= TAPS_OF_A_SET, told
    assert len(tally.signals) <= SIGNALS + tally.changes, told
    assert list(tally.alerts.values()) == ["container_ended"] * tally.changes, told
