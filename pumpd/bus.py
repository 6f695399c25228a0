"""One bus: a serial port or TCP connection with one or several pumps on it.

A wire carries one exchange at a time, and the exchange is the unit of turn-taking: between two exchanges of
one procedure another pump may have its turn (bus_turns.py says whose), so a silent pump costs its neighbours
one reply limit a round. The bus sends nothing by itself. It has no heartbeat, because whatever it sent
would renew a lease that only the bed may renew.

A stop takes the commands of its pump that have not begun out of the queue (overtaken), and closes what has begun
of its own pump. If it is the first, it also pre-empts: the exchange in flight, whoever's it is, gets
`preempt_after_ms` and is then cut. A start or a change of rate that arrives while a stop of its pump is
waiting or under way is overtaken too. No prepare, start or change of rate goes to a pump that has not
identified itself since the port was opened or the pump fell silent: connected means identified.

A pump that stays silent on a shared bus is looked at more and more seldom (bus_turns.py). Each state of a link has
its reason by name, and ends by itself when its cause does.

While the port is down nothing waits for it: observations end as silent, commands as refused, stops as unknown
(the bed repeats them), ten times a second at most, and each stop makes the port be tried at once.
`stop_all` needs no bed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

import structlog

from pumpd.bus_port import Awake, Port, why_of
from pumpd.bus_procedure import Conversation, Raised, Returned, bounded
from pumpd.bus_turns import Place, Station, Turns
from pumpd.bus_wire import Alarmed, Answer, Answered, Bell, Counts, Cut, Silent, Wire
from pumpd.core.effects import ChangeRate, Extend, Identify, Observe, Prepare, PumpEffect, Start, Stop
from pumpd.core.events import (
    AlarmSeen,
    BusEvent,
    CommandEnded,
    LinkReported,
    LinkState,
    LinkWhy,
    Outcome,
    Overtaken,
    PumpIdentified,
    PumpSilent,
    Refused,
    Unknown,
)
from pumpd.driver_api import Framing, NoReply, PumpAlarm
from pumpd.errors import LinkError
from pumpd.link import Link

__all__ = ["Bus", "Counts", "Station"]

QUEUE_LIMIT: Final = 16  # per pump; the bed has one look and one command under way, so this many is a fault
STOPS_LIMIT: Final = 16  # per pump; all that wait are answered by the same attempt
PREEMPT_LIMIT_MS: Final = 250  # no pump may ask a stop to wait longer for the exchange in flight
SILENT_AFTER: Final = 3  # procedures in a row without a reply: one lost frame is noise, three are a pulled plug
DOWN_PACE_S: Final = 0.1  # how often effects end while the port is down: a bed that asks again must not spin
STOP_ALL_ROUNDS: Final = 3  # attempts at each pump, when nobody will repeat them

log = structlog.get_logger(__name__)


class Bus:
    def __init__(
        self,
        *,
        name: str,
        open_link: Callable[[], Awaitable[Link]],
        framing: Framing,
        pumps: Mapping[str, Station],
        deliver: Callable[[BusEvent], None],
        now_ns: Callable[[], int],
        beat: Callable[[], None],
    ) -> None:
        """`deliver` is called from `submit` and from the loop; it may only put the request into a queue."""
        assert len({station.address for station in pumps.values()}) == len(pumps), "one pump an address"
        self.name = name
        self.counts = Counts()
        self._port = Port(name, open_link)
        self._awake = Awake(now_ns)
        self._framing = framing
        self._turns = Turns(pumps)
        self._places = {place.slot: place for place in self._turns.places()}
        self._deliver = deliver
        self._now_ns = now_ns
        self._beat = beat
        self._bell = Bell()
        self._lock = asyncio.Lock()  # one turn, or one stop_all
        self._wire: Wire | None = None
        self._flying: Place | None = None  # whose exchange is in flight
        self._running = False
        self._sealed = False  # after stop_all: nothing but looks and stops

    # --- for the bed ---

    @property
    def slots(self) -> tuple[str, ...]:
        """The pumps on this bus."""
        return tuple(self._places)

    def submit(self, effect: PumpEffect) -> None:
        """Never blocks. Every effect is answered by one delivered request, some before this returns."""
        place = self._places[effect.slot]
        if isinstance(effect, Stop):
            self._submit_stop(place, effect)
        elif isinstance(effect, Start | ChangeRate) and (place.stops or place.stopping or self._sealed):
            self._tell(place, effect.command_id, Overtaken())
        elif isinstance(effect, Extend) and (place.stops or place.stopping or self._sealed):
            self._end_unsent(place, effect, "a stop goes first")
        elif len(place.queue) >= QUEUE_LIMIT:
            self._end_unsent(place, effect, f"{QUEUE_LIMIT} requests wait for this pump already")
        else:
            place.queue.append(effect)
        if self._wire is not None:
            self._bell.ring()

    def withdraw(self, slot: str) -> tuple[int, ...]:
        """Take the commands that have not begun out of the queue: each ends as overtaken. Looks stay."""
        place = self._places[slot]
        looks: deque[PumpEffect] = deque()
        taken: list[int] = []
        waiting, place.queue = place.queue, looks
        for effect in waiting:
            if isinstance(effect, Identify | Observe):
                looks.append(effect)
            elif isinstance(effect, Extend):
                self._end_unsent(place, effect, "a stop goes first")
            else:
                taken.append(effect.command_id)
        for command_id in taken:
            self._tell(place, command_id, Overtaken())
        return tuple(taken)

    def reconnect_now(self) -> None:
        """Somebody has reason to think that the port is back: try it without waiting."""
        self._port.soon()
        self._bell.ring()

    async def run(self) -> None:
        """For ever. Nothing that a wire can do ends it; a failed assertion does."""
        self._running = True
        try:
            while True:
                async with self._lock:
                    await self._turn()
                self._beat()
        finally:
            self._running = False
            self._hang_up()

    async def stop_all(self) -> tuple[str, ...]:
        """Stop every pump now, without the bed: for failed assertions. Works beside run() or after it.

        Returns the slots whose stop no pump confirmed. From then on the bus sends no start and no rate,
        and tells the bed nothing.
        """
        self._sealed, self._deliver = True, _ignore  # a full queue of a dead bed must not get in the way
        if self._wire is not None:
            self._wire.hurry(asyncio.get_running_loop().time() + PREEMPT_LIMIT_MS / 1000)
        self._bell.ring()
        async with self._lock:
            moving = tuple(self._places.values())
            for place in moving:
                place.forget()
            for _ in range(STOP_ALL_ROUNDS):
                moving = tuple([place for place in moving if not await self._confirms_stop(place)])
            if not self._running:
                self._hang_up()
        log.error("stop_all", bus=self.name, unconfirmed=[place.slot for place in moving])
        return tuple(place.slot for place in moving)

    # --- turns ---

    def _submit_stop(self, place: Place, stop: Stop) -> None:
        self.withdraw(place.slot)
        if len(place.stops) >= STOPS_LIMIT:
            detail = f"{STOPS_LIMIT} stops wait for this pump already"
            self._tell(place, stop.command_id, Unknown(detail=detail))
            return
        place.stops.append(stop.command_id)
        if place.first_stop and self._wire is not None and self._flying is not None:
            wait_ms = min(self._flying.station.info.preempt_after_ms, PREEMPT_LIMIT_MS)
            self._wire.hurry(asyncio.get_running_loop().time() + wait_ms / 1000)

    async def _turn(self) -> None:
        """One exchange, or one wait for something to do."""
        slept_s = self._awake.slept_s()
        if slept_s and self._wire is not None:
            self._lose(LinkWhy.SLEPT, f"this computer was asleep for {slept_s} s")
            self._port.soon()
        if self._wire is None:
            await self._down()
            return
        try:
            await self._wire.settle()
            now = asyncio.get_running_loop().time()
            place = self._turns.next(now)
            if place is None:
                await self._wire.idle(self._turns.wake_at(now))
            else:
                await self._serve(self._wire, place)
        except LinkError as error:
            self._lose(why_of(error), str(error))

    async def _serve(self, wire: Wire, place: Place) -> None:
        work = self._work_of(place)
        if work is None:
            return
        if work.ending is None:
            place.pressing = isinstance(work.effect, Stop)
            self._flying = place
            try:
                answer = await place.exchange(wire, work, self._now_ns())
            finally:
                self._flying = None
            self._heed(place, work, answer)
        if work.ending is not None:
            self._finish(place, work)

    def _work_of(self, place: Place) -> Conversation | None:
        """What is under way, or the next to begin; None if that ended without beginning."""
        if place.stops and not place.stopping:
            if place.work is not None:
                place.work.close("closed by a stop of the same pump")
                self._finish(place, place.work)
            place.stop_ids, place.stops, place.stop_tried = tuple(place.stops), [], True
            stop = Stop(slot=place.slot, command_id=place.stop_ids[0])
            place.work, place.used_s = Conversation(stop, place.station.procedures), 0.0
        elif place.work is None:
            effect = place.queue.popleft()
            if isinstance(effect, Extend | Prepare | Start | ChangeRate):
                if place.link is not LinkState.UP or self._sealed:
                    detail = "nothing was sent: the pump has not identified itself on this connection"
                    self._end_unsent(place, effect, detail)
                    return None
                place.stop_tried = place.stop_tried and isinstance(effect, Extend)
            place.work, place.used_s = Conversation(effect, place.station.procedures), 0.0
        return place.work

    def _heed(self, place: Place, work: Conversation, answer: Answer) -> None:
        """What an exchange says about the pump itself, beside the procedure."""
        match answer:
            case Answered() | Alarmed():
                place.heard()
                self._port.works()
            case Silent(detail=detail, why=why):
                place.met_silence(why)
                if place.probe_gap_s and place.looking and work.ending is None:
                    work.close(detail)  # a probe asks once
                    self._silence(place, detail)
            case Cut():
                pass
        if self._turns.shared and work.ending is None and place.over_budget:
            work.close(f"the look took {place.used_s:.1f} s, longer than its driver promised: others wait")

    def _silence(self, place: Place, detail: str) -> None:
        """One more procedure in a row without a reply."""
        place.silences += 1
        if place.silences >= SILENT_AFTER:
            if self._turns.shared:
                place.fell_silent(asyncio.get_running_loop().time())
            self._report_link(place, LinkState.SILENT, place.silence(SILENT_AFTER), detail)

    def _finish(self, place: Place, work: Conversation) -> None:
        place.work, place.pressing = None, False
        if isinstance(work.effect, Stop) and isinstance(work.ending, Returned):
            place.stop_tried = False
        for told in work.outcome(self._now_ns()):
            if isinstance(told, CommandEnded) and isinstance(work.effect, Stop):
                for command_id in place.stop_ids:
                    self._deliver(replace(told, command_id=command_id))
                continue
            self._deliver(told)
            if isinstance(told, PumpIdentified):
                echoes = self._wire is not None and self._wire.echoes
                why = LinkWhy.ECHOED if echoes else LinkWhy.IDENTIFIED
                self._report_link(place, LinkState.UP, why, told.identified.model)
        if isinstance(work.ending, Raised) and isinstance(work.ending.error, NoReply):
            self._silence(place, str(work.ending.error))

    # --- the port ---

    async def _down(self) -> None:
        loop = asyncio.get_running_loop()
        for place in self._places.values():
            waiting, place.queue = place.queue, deque()
            for effect in waiting:
                self._end_unsent(place, effect, f"the port is down: {self._port.detail}")
        if loop.time() >= self._port.try_at or any(place.stops for place in self._places.values()):
            try:
                await self._open()
            except LinkError as error:
                self._went_down(why_of(error), str(error))
            else:
                return
        for place in self._places.values():
            stops, place.stops = place.stops, []
            for command_id in stops:
                detail = bounded(f"the port is down: {self._port.detail}")
                self._tell(place, command_id, Unknown(detail=detail))
        await self._bell.wait_until(min(self._port.try_at, loop.time() + DOWN_PACE_S))

    async def _open(self) -> Wire:
        link = await self._port.open()
        self.counts.opened += 1
        self._wire = Wire(
            link=link,
            framing=self._framing,
            bell=self._bell,
            counts=self.counts,
            beat=self._beat,
            addresses=tuple(place.station.address for place in self._places.values()),
            alarm_seen=self._alarm_seen,
        )
        for place in self._places.values():
            place.heard()
            detail = "the port is open; the pump has not identified itself"
            self._report_link(place, LinkState.SILENT, LinkWhy.OPENED, detail)
        return self._wire

    def _lose(self, why: LinkWhy, detail: str) -> None:
        """The port failed under us: what was under way ends, and the port is tried again."""
        self._drop_wire()
        self._port.lost()
        self._went_down(why, detail)
        for place in self._places.values():
            if place.work is not None:
                place.work.close(f"the port failed: {detail}")
                self._finish(place, place.work)

    def _went_down(self, why: LinkWhy, detail: str) -> None:
        if detail != self._port.detail:
            log.warning("port_down", bus=self.name, why=why.value, detail=detail)
        self._port.detail = detail
        for place in self._places.values():
            self._report_link(place, LinkState.DOWN, why, detail)

    def _drop_wire(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _hang_up(self) -> None:
        self._drop_wire()
        for place in self._places.values():
            place.forget()
            place.link = place.why = None

    # --- what the bed is told ---

    def _report_link(self, place: Place, link: LinkState, why: LinkWhy, detail: str) -> None:
        if (link, why) == (place.link, place.why):
            return
        place.link, place.why = link, why
        log.info("link", bus=self.name, slot=place.slot, link=link.value, why=why.value, detail=detail)
        at_ns, detail = self._now_ns(), bounded(detail)
        self._deliver(LinkReported(at_ns=at_ns, slot=place.slot, link=link, detail=detail, why=why))

    def _alarm_seen(self, address: int, alarm: PumpAlarm) -> None:
        for place in self._places.values():
            if place.station.address == address:
                self._deliver(AlarmSeen(at_ns=self._now_ns(), slot=place.slot, alarm=alarm))

    def _end_unsent(self, place: Place, effect: PumpEffect, detail: str) -> None:
        if isinstance(effect, Identify | Observe | Extend):
            self._deliver(PumpSilent(at_ns=self._now_ns(), slot=place.slot, detail=bounded(detail)))
        else:
            self._tell(place, effect.command_id, Refused(detail=bounded(detail)))

    def _tell(self, place: Place, command_id: int, outcome: Outcome) -> None:
        self._deliver(CommandEnded(at_ns=self._now_ns(), slot=place.slot, command_id=command_id, outcome=outcome))

    # --- without the bed ---

    async def _confirms_stop(self, place: Place) -> bool:
        """Whatever goes wrong with one pump, even a fault of ours, must not keep the next from its stop."""
        (result,) = await asyncio.gather(self._press_stop(place), return_exceptions=True)
        if isinstance(result, BaseException):
            log.error("stop_all_failed", bus=self.name, slot=place.slot, error=repr(result))
            return False
        return result

    async def _press_stop(self, place: Place) -> bool:
        try:
            wire = self._wire or await self._open()
            return await place.press_stop(wire, self._now_ns)
        except LinkError:
            self._drop_wire()
            raise


def _ignore(request: BusEvent) -> None:
    """After stop_all nobody is told: whoever would act on it has failed."""
