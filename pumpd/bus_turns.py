"""Whose turn it is on a bus.

1. The first attempt at a stop, of any pump.
2. The rest of an attempt that has begun. An attempt is a stop procedure up to its end or its first silence.
3. Everybody with work, in rotation, one exchange each. A repeated stop takes its turn here, before anything
   else of its own pump, and then makes its whole attempt.

"First" is the first since that pump last confirmed a stop, or was told to do anything else. Only a first attempt
pre-empts (bus.py): if a repeat did, a mute pump that is told to stop over and over would cut every exchange of
its neighbours, and nobody would see what they do.

A pump that stays silent on a shared bus opens its breaker: its looks then wait, at first half a second and soon
four, and such a probe ends at its first silence. So it costs its neighbours one reply limit a probe, and no longer one
a round. The first probes come quickly, while a lease may still be alive. Whatever is no look goes through at once: a
stop always, and a person's command, because somebody has reason to think that the pump is there. A look also has a
budget, what its driver promised it would take (`worst_observe_ms`): the cycle check of the bus rests on that promise.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Final

from pumpd.bus_procedure import Conversation, Returned
from pumpd.bus_wire import QUIET_STRETCH, Alarmed, Answer, Answered, Cut, Silent, Wire
from pumpd.core.effects import Identify, Observe, PumpEffect, Stop
from pumpd.core.events import LinkState, LinkWhy
from pumpd.driver_api import Drive, DriverInfo, PumpProcedures, Report

_SILENCES: Final = (LinkWhy.MUTE, LinkWhy.NOISE, LinkWhy.ECHO)
PROBE_FIRST_S: Final = 0.5
PROBE_MOST_S: Final = 4.0  # a pump that is switched on again is noticed within this and one round


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One pump on the bus, as the configuration names it."""

    address: int
    procedures: PumpProcedures
    info: DriverInfo


@dataclass(slots=True, kw_only=True, eq=False)
class Place:
    """What waits and what is under way for one pump."""

    slot: str
    station: Station
    queue: deque[PumpEffect] = field(default_factory=deque)  # never a stop
    stops: list[int] = field(default_factory=list)  # command ids that wait for an attempt
    work: Conversation | None = None
    stop_ids: tuple[int, ...] = ()  # the commands that the stop under way answers
    pressing: bool = False  # an attempt at a stop has begun and has met no silence
    stop_tried: bool = False
    link: LinkState | None = None
    why: LinkWhy | None = None
    silent_why: LinkWhy = LinkWhy.MUTE  # what the last silence was filled with
    alike: int = 0  # silences in a row that were filled with the same
    silences: int = 0
    used_s: float = 0.0  # of the wire, by what is under way
    probe_gap_s: float = 0.0  # above zero: the breaker is open
    probe_at: float = 0.0

    @property
    def stopping(self) -> bool:
        return self.work is not None and isinstance(self.work.effect, Stop)

    @property
    def first_stop(self) -> bool:
        return bool(self.stops) and not self.stop_tried and not self.stopping

    @property
    def due(self) -> bool:
        return self.work is not None or bool(self.stops) or bool(self.queue)

    def rests(self, now: float) -> bool:
        """Does it have its turn later? Only looks wait; a stop, and what a person asks, go through an open breaker."""
        waits = self.probe_gap_s > 0 and now < self.probe_at and self.work is None and not self.stops
        return waits and all(isinstance(effect, Identify | Observe) for effect in self.queue)

    @property
    def looking(self) -> bool:
        return self.work is not None and isinstance(self.work.effect, Identify | Observe)

    @property
    def over_budget(self) -> bool:
        """Does this look take more of the wire than its driver promised?"""
        promised_s = self.station.info.worst_observe_ms / 1000
        return self.work is not None and isinstance(self.work.effect, Observe) and self.used_s > promised_s

    def fell_silent(self, now: float) -> None:
        """Not for the first time: the breaker opens, or stays open for twice as long."""
        self.probe_gap_s = min(max(PROBE_FIRST_S, self.probe_gap_s * 2), PROBE_MOST_S)
        self.probe_at = now + self.probe_gap_s

    def met_silence(self, why: LinkWhy) -> None:
        self.pressing = False
        self.alike = self.alike + 1 if why is self.silent_why else 1
        self.silent_why = why

    def silence(self, after: int) -> LinkWhy:
        """The reason to tell: a new one only after so many in a row, or a crackling wire would fill the record."""
        silent = self.link is LinkState.SILENT and self.alike < after
        return self.why if silent and self.why in _SILENCES else self.silent_why

    def heard(self) -> None:
        self.silences, self.probe_gap_s = 0, 0.0

    async def exchange(self, wire: Wire, work: Conversation, now_ns: int) -> Answer:
        """One exchange; the answer goes in, and the procedure stands at its next request or its end."""
        assert work.request is not None
        work.sending(now_ns)
        began = asyncio.get_running_loop().time()
        answer = await wire.exchange(work.request, quiet_ms=self.station.info.quiet_ms)
        self.used_s += asyncio.get_running_loop().time() - began
        match answer:
            case Answered(reply=reply):
                work.answered(reply)
            case Alarmed(alarm=alarm):
                work.alarmed(alarm)
            case Silent(detail=detail):
                work.unanswered(detail)
            case Cut(detail=detail):
                work.close(detail)
        return answer

    async def press_stop(self, wire: Wire, now_ns: Callable[[], int]) -> bool:
        """One attempt at a stop, beside the turns; true if the pump's own report says that it stands still."""
        work = Conversation(Stop(slot=self.slot, command_id=0), self.station.procedures)
        while work.ending is None:
            await wire.settle()
            await self.exchange(wire, work, now_ns())
        report = work.ending.value if isinstance(work.ending, Returned) else None
        return isinstance(report, Report) and report.drive is Drive.STILL

    def forget(self) -> None:
        """Drop everything unsaid; the procedure under way is left to the garbage collector, whatever it holds."""
        self.queue.clear()
        self.stops.clear()
        self.work, self.pressing, self.stop_tried = None, False, False


def worst_cycle_ms(infos: Iterable[DriverInfo]) -> int:
    """One look at each pump of a bus when all goes as badly as the drivers allow.

    Every reply comes at the last moment, the last one never, and the wire then babbles through the quiet time.
    """
    return sum(info.worst_observe_ms + QUIET_STRETCH * info.quiet_ms for info in infos)


class Turns:
    def __init__(self, stations: Mapping[str, Station]) -> None:
        self._rotation = [Place(slot=slot, station=station) for slot, station in stations.items()]

    @property
    def shared(self) -> bool:
        """Is there a neighbour to be spared?"""
        return len(self._rotation) > 1

    def next(self, now: float) -> Place | None:
        """The pump whose turn it is; it goes to the back of the rotation."""
        chosen = (
            next((place for place in self._rotation if place.first_stop), None)
            or next((place for place in self._rotation if place.pressing), None)
            or next((place for place in self._rotation if place.due and not place.rests(now)), None)
        )
        if chosen is not None:
            self._rotation.remove(chosen)
            self._rotation.append(chosen)
        return chosen

    def wake_at(self, now: float) -> float:
        """When the next pump that rests has its turn; infinite if none does."""
        return min((each.probe_at for each in self._rotation if each.due and each.rests(now)), default=inf)

    def places(self) -> tuple[Place, ...]:
        """In the order of turns."""
        return tuple(self._rotation)
