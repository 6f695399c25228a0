"""The volume of one leg on a pump that has no target of its own: where its counter stood, and where it has to end.

Such a pump goes on until somebody stops it, and its counter goes on from leg to leg. So the driver remembers where the
counter stood at the prepare: reports count from there, as they have to (driver_api), and the look that finds the leg
given stops the pump. After a restart of the daemon nobody knows either figure. A report then tells no volume, as what
the pump has counted is mostly of other infusions, and the bed stops a pump that nobody would stop at the end.
"""

from __future__ import annotations

from pumpd.driver_api import Drive, Report


class Leg:
    __slots__ = ("_base_nl", "_stands_nl", "_volume_nl")

    def __init__(self) -> None:
        self._base_nl: int | None = None
        self._stands_nl: int | None = None
        self._volume_nl: int | None = None

    @property
    def is_counted(self) -> bool:
        """Did the last look find a counter?"""
        return self._stands_nl is not None

    def forget(self) -> None:
        """A prepare has begun: what was known is over."""
        self._base_nl, self._volume_nl = None, None

    def begin(self, volume_nl: int) -> None:
        """From where the counter stood at the last look."""
        self._base_nl, self._volume_nl = self._stands_nl, volume_nl

    def since(self, counter_nl: int | None) -> int | None:
        """What the leg has given; None where it has no beginning.

        A counter that stands below where the leg began was cleared at the pump: told as it is.
        """
        self._stands_nl = counter_nl
        if counter_nl is None or self._base_nl is None:
            return None
        return counter_nl - self._base_nl if counter_nl >= self._base_nl else counter_nl

    def is_over(self, report: Report) -> bool:
        """Does it drive on although the leg is given?"""
        if report.drive is not Drive.INFUSING or self._volume_nl is None or report.infused_nl is None:
            return False
        return report.infused_nl >= self._volume_nl
