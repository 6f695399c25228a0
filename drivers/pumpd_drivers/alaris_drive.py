"""Does an Alaris drive? What its `INF` answers show, since no public page says which word stands for it.

The mode field of `INF` was only ever seen as `SET`, and an acknowledgement says that a command arrived, not that the
plunger moves or stands. What shows it is what changes between two looks:

- the volume infused has grown, or the time left has fallen at an unchanged rate: it drives;
- nothing at all has changed for as long as one step of the counter takes at the rate shown, and two seconds more: it
  stands still. After an acknowledged `INF_STOP`, or an alarm whose meaning is "stopped", one second is enough;
- anything else that changed without our doing (the mode word, a counter that fell): nothing is known any more.

What was shown holds until something else is shown; a start that has left makes it unknown. While it is unknown the
driver makes no report: "cannot tell" is what the bed is told. Below 0.1 mL/h, the pump's lowest rate, nothing is
looked for.

A pump that somebody starts at its keys is seen when its counter moves: at 0.1 mL/h up to 36 s later, 1 µL after it
began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pumpd.core.units import NL_PER_UL
from pumpd.driver_api import Drive

_NS_PER_S: Final = 1_000_000_000
_NS_PER_H: Final = 3_600 * _NS_PER_S
_RATE_MIN_UL_PER_H: Final = 100
_UPDATE_NS: Final = 2 * _NS_PER_S  # how stale the fields of an answer may be [assumption]
_STOPPED_NS: Final = 1 * _NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The part of an `INF` answer that changes with motion; `left_s` is None where it says 24+ or nothing.

    It was so at some moment between question and answer, which may lie 4 s apart.
    """

    asked_at_ns: int
    at_ns: int
    infused_nl: int
    step_nl: int
    rate_ul_per_h: int
    left_s: int | None
    mode: str


class Evidence:
    """What the readings of one pump have shown; `drive` is None while nothing is known."""

    __slots__ = ("_since", "_stopped", "drive")

    def __init__(self) -> None:
        self.drive: Drive | None = None
        self._since: Reading | None = None  # the first of the readings that equal the last one
        self._stopped = False  # the pump said so, and nothing has moved since

    def read(self, now: Reading) -> None:
        before = self._since
        if before is None:
            self._since = now
        elif now.infused_nl > before.infused_nl or _counts_down(before, now):
            self.drive, self._since, self._stopped = Drive.INFUSING, now, False
        elif not _equal(before, now):
            self.drive, self._since, self._stopped = None, now, False
        elif now.asked_at_ns - before.at_ns >= (_STOPPED_NS if self._stopped else _must_show_ns(now)):
            self.drive = Drive.STILL

    def start_left(self) -> None:
        """A start is on its way: what was known is not known any more."""
        self.drive, self._since, self._stopped = None, None, False

    def stop_acknowledged(self) -> None:
        """The pump took the stop; the readings that follow have to bear it out."""
        if not self._stopped:
            self.drive, self._since, self._stopped = None, None, True

    def says_stopped(self, now: Reading) -> None:
        """By an alarm whose meaning it is; what was shown before holds until the counter bears it out."""
        if not self._stopped:
            self._since, self._stopped = now, True

    def set_by_us(self, now: Reading) -> None:
        """Rate, counter and time left changed because they were programmed."""
        self._since = now


def _counts_down(before: Reading, now: Reading) -> bool:
    if before.left_s is None or now.left_s is None or before.rate_ul_per_h != now.rate_ul_per_h:
        return False
    return now.left_s < before.left_s and before.mode == now.mode


def _equal(before: Reading, now: Reading) -> bool:
    return (before.infused_nl, before.rate_ul_per_h, before.left_s, before.mode) == (
        now.infused_nl,
        now.rate_ul_per_h,
        now.left_s,
        now.mode,
    )


def _must_show_ns(now: Reading) -> int:
    """Within this time a pump that drives at the rate shown has counted one more step.

    One that shows no rate at all could only be giving a bolus, which counts many steps a second.
    """
    if now.rate_ul_per_h == 0:
        return _UPDATE_NS
    rate = max(now.rate_ul_per_h, _RATE_MIN_UL_PER_H)
    return _UPDATE_NS + now.step_nl * _NS_PER_H // (rate * NL_PER_UL)
