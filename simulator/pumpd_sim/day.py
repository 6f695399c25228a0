"""The pumps' own time beside the wire's: a day that can be moved on, run faster, or go by a slow clock.

Infusions take hours and protocols milliseconds, and a test of somebody's product wants the first without losing the
second. So there are two times. The wire's is the caller's: frames, replies, gaps between bytes. The pumps' is ahead of
it by what was added: motor, line, programme, waits, alarms of the pump's day, battery, power cuts and scheduled faults
go by it. What a pump times on its line (silence of the host, gaps between bytes) is protocol though it counts in the
pump: at each jump the device is asked to move those deadlines by as much (`shift_timers`), and none of them notices.

A slow clock is the pump's alone: everything in it, timers and motor, runs so many parts in a million too slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pumpd_sim.faults import CannotHaveError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pumpd_sim.device import Device

PPM = 10**6
SLICE_NS = 20_000_000  # of the wire's time: how finely a faster day is cut
SPEED_LIMIT = 3_600


@dataclass(slots=True, kw_only=True)
class SlowClock:
    """Device time as a function of the pumps' time: exact at the origin, slower from there on."""

    origin_ns: int
    shown_ns: int
    ppm: int

    def shows(self, at_ns: int) -> int:
        return self.shown_ns + (at_ns - self.origin_ns) * (PPM - self.ppm) // PPM

    def when(self, shown_ns: int) -> int:
        """The first moment at which it shows this."""
        return self.origin_ns - (shown_ns - self.shown_ns) * PPM // (self.ppm - PPM)


class Day:
    """One time for all pumps of a bus; `now_ns` is how far it has come."""

    def __init__(self, devices: Sequence[Device], *, speed: int = 1, began_ns: int = 0) -> None:
        """`began_ns`: how far their day had come when the wire's time began."""
        if not 1 <= speed <= SPEED_LIMIT:
            message = f"speed: 1 to {SPEED_LIMIT}, not {speed}"
            raise ValueError(message)
        self.speed = speed
        self.slice_ns = SLICE_NS
        self.now_ns = began_ns
        self._devices = devices
        self._ahead_ns = began_ns
        self._slow: dict[int, SlowClock] = {}  # by the device's place on the bus
        if speed > 1:
            self._must_shift()

    def at(self, wire_ns: int) -> int:
        return wire_ns + self._ahead_ns

    def on_the_wire(self, wire_now_ns: int, at_ns: int) -> int:
        """When to look again, on the wire, for what happens at `at_ns` of the day."""
        left_ns = at_ns - self.at(wire_now_ns)
        return wire_now_ns + max(0, -(-left_ns // self.speed))

    def jump(self, by_ns: int) -> None:
        """Move on. Raises CannotHaveError when a pump cannot tell its line timers from the rest."""
        if by_ns < 0:
            message = f"a day moves forwards, not by {by_ns} ns"
            raise ValueError(message)
        self._must_shift()
        for place, device in enumerate(self._devices):
            slow = self._slow.get(place)
            shift_ns = by_ns if slow is None else slow.shows(self.now_ns + by_ns) - slow.shows(self.now_ns)
            device.shift_timers(shift_ns)  # type: ignore[attr-defined]  # just checked
        self._ahead_ns += by_ns

    def _must_shift(self) -> None:
        for device in self._devices:
            if not hasattr(device, "shift_timers"):
                message = f"{type(device).__name__} has no shift_timers: its day cannot be moved beside the wire's"
                raise CannotHaveError(message)

    def slow_down(self, device: Device, ppm: int) -> None:
        """From now on this pump's clock is slow by so much; 0 lets it run rightly, from where it is."""
        if not 0 <= ppm < PPM:
            message = f"ppm: 0 to {PPM - 1}, not {ppm}"
            raise ValueError(message)
        shown_ns = self.told(device, self.now_ns)
        self._slow[self._devices.index(device)] = SlowClock(origin_ns=self.now_ns, shown_ns=shown_ns, ppm=ppm)

    def told(self, device: Device, at_ns: int) -> int:
        """The time that this pump takes it to be."""
        if not self._slow:
            return at_ns
        slow = self._slow.get(self._devices.index(device))
        return at_ns if slow is None else slow.shows(at_ns)

    def wake_ns(self, device: Device) -> int | None:
        """When it next wants to be woken, in the day's time."""
        wake_ns = device.next_wake_ns()
        if wake_ns is None or not self._slow:
            return wake_ns
        slow = self._slow.get(self._devices.index(device))
        return wake_ns if slow is None else slow.when(wake_ns)
