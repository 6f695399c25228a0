"""Whose turn it is on a bus.

1. The first attempt at a stop, of any pump.
2. The rest of an attempt that has begun. An attempt is a stop procedure up to its end or its first silence.
3. Everybody with work, in rotation, one exchange each. A repeated stop takes its turn here, before anything
   else of its own pump, and then makes its whole attempt.

"First" is the first since that pump last confirmed a stop, or was told to do anything else. Only a first attempt
pre-empts (bus.py): if a repeat did, a mute pump that is told to stop over and over would cut every exchange of
its neighbours, and nobody would see what they do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from pumpd.bus_procedure import Conversation
from pumpd.bus_wire import Alarmed, Answer, Answered, Cut, Silent, Wire
from pumpd.core.effects import PumpEffect, Stop
from pumpd.core.events import LinkState
from pumpd.driver_api import DriverInfo, PumpProcedures


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
    silences: int = 0

    @property
    def stopping(self) -> bool:
        return self.work is not None and isinstance(self.work.effect, Stop)

    @property
    def first_stop(self) -> bool:
        return bool(self.stops) and not self.stop_tried and not self.stopping

    @property
    def due(self) -> bool:
        return self.work is not None or bool(self.stops) or bool(self.queue)

    async def exchange(self, wire: Wire, work: Conversation, now_ns: int) -> Answer:
        """One exchange; the answer goes in, and the procedure stands at its next request or its end."""
        assert work.request is not None
        work.sending(now_ns)
        answer = await wire.exchange(work.request, quiet_ms=self.station.info.quiet_ms)
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

    def forget(self) -> None:
        """Drop everything unsaid; the procedure under way is left to the garbage collector, whatever it holds."""
        self.queue.clear()
        self.stops.clear()
        self.work, self.pressing, self.stop_tried = None, False, False


class Turns:
    def __init__(self, stations: Mapping[str, Station]) -> None:
        self._rotation = [Place(slot=slot, station=station) for slot, station in stations.items()]

    def next(self) -> Place | None:
        """The pump whose turn it is; it goes to the back of the rotation."""
        chosen = (
            next((place for place in self._rotation if place.first_stop), None)
            or next((place for place in self._rotation if place.pressing), None)
            or next((place for place in self._rotation if place.due), None)
        )
        if chosen is not None:
            self._rotation.remove(chosen)
            self._rotation.append(chosen)
        return chosen

    def places(self) -> tuple[Place, ...]:
        """In the order of turns."""
        return tuple(self._rotation)
