"""One exchange at a time on an open link: write a request, wait for the reply that answers it, drop the rest.

No pump protocol that pumpd speaks over a serial line numbers its frames, so a reply that comes late looks
like the answer to the next question. Three habits keep that from happening: what arrives before a question is
never its answer; after a silence, a cut or an alarm nothing is sent until the wire has been quiet for as
long as the pump's manual makes a late reply possible; and a frame counts as the answer only if the framing
says that it can be. Everything else is counted, never acted on, but for alarms, which are news whenever they come.

An alarm frame that arrives in place of a reply may be the reply or may have been under way already. The wire
waits the quiet time for a real reply: if one comes the command was answered and the alarm was news; if none
comes the alarm was the answer.

Everything here waits on one bell, which received bytes, a hang-up and the bus's own submit all ring. That is
what lets a stop shorten a wait that has already begun without any task being cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from pumpd.bus_echo import Echo
from pumpd.core.events import LinkWhy
from pumpd.core.units import NS_PER_S
from pumpd.driver_api import AlarmFrame, Framing, Garbled, PumpAlarm, Reply, WireRequest
from pumpd.errors import PortStuck
from pumpd.link import Link

BEAT_S: Final = 0.5  # no wait is longer: proof of life at least once a second, with room
WRITE_LIMIT_S: Final = 1.0  # a frame of 64 bytes at 1200 baud takes 0.53 s; a port that takes longer is stuck
QUIET_STRETCH: Final = 2  # a wire that babbles through the quiet time holds up a stop for twice as long at most
TRACE_BYTES: Final = 48  # what of the received bytes a detail shows


@dataclass(slots=True, kw_only=True)
class Counts:
    """What a bus has seen since it was made; only grows."""

    exchanges: int = 0
    no_replies: int = 0
    cut: int = 0
    late: int = 0  # replies of our own pumps that answer nothing
    foreign: int = 0  # frames from an address that is not ours
    garbled: int = 0
    alarms: int = 0
    opened: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    reply: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarmed:
    alarm: PumpAlarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Nothing that answers came; `detail` says what was sent and what came instead, `why` gives it a name."""

    detail: str
    why: LinkWhy


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A stop would not wait any longer."""

    detail: str


Answer = Answered | Alarmed | Silent | Cut


class Bell:
    """Ends a wait early. Has one waiter, remembers one ring.

    Nearly every wait ends early, so its timer stays and serves the next: a loop full of cancelled timers is slow.
    """

    def __init__(self) -> None:
        self._rung = False
        self._waiter: asyncio.Future[None] | None = None
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def ring(self) -> None:
        self._rung = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait_until(self, at: float) -> None:
        """Until the bell rings, or loop time `at`."""
        if not self._rung:
            loop = asyncio.get_running_loop()
            self._waiter, self._until = loop.create_future(), at
            if self._timer is None or self._timer.when() > at:
                self._set_timer(loop)
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._rung = False

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(self._until, self._due, self._until)

    def _due(self, at: float) -> None:
        self._timer = None
        if self._waiter is not None and self._until > at:
            self._set_timer(asyncio.get_running_loop())
        elif self._waiter is not None:
            self.ring()


class Wire:
    """An open link with its framing. Ends with a LinkError from any method; the bus then opens another."""

    def __init__(
        self,
        *,
        link: Link,
        framing: Framing,
        bell: Bell,
        counts: Counts,
        beat: Callable[[], None],
        addresses: tuple[int, ...],
        alarm_seen: Callable[[int, PumpAlarm], None],
    ) -> None:
        self._link = link
        self._framing = framing
        self._bell = bell
        self._counts = counts
        self._beat = beat
        self._addresses = addresses
        self._alarm_seen = alarm_seen
        self._awaiting: WireRequest | None = None
        self._reply: Reply | None = None
        self._alarm: PumpAlarm | None = None
        self._received = bytearray()
        self._echo = Echo()
        self._cut_at: float | None = None
        self._heard_at = self._asked_at = 0.0
        self._quiet_s = 0.0
        self._quiet_until: float | None = None
        self._quiet_at_most = 0.0
        framing.quiet()
        link.listen(bell.ring)

    @property
    def echoes(self) -> bool:
        """Does the adapter hear itself?"""
        return self._echo.heard

    def close(self) -> None:
        self._link.close()

    def hurry(self, at: float) -> None:
        """Give the exchange in flight until loop time `at`, and no longer."""
        if self._awaiting is not None:
            self._cut_at = at if self._cut_at is None else min(self._cut_at, at)
            self._bell.ring()

    def hear(self) -> None:
        """Take what has come unasked."""
        data = self._link.take()
        if data:
            self._heard_at = asyncio.get_running_loop().time()
            self._sort(data)

    async def settle(self) -> None:
        """Wait out the quiet time that the last exchange left behind, if any; then the wire is ours."""
        loop = asyncio.get_running_loop()
        self.hear()
        while self._quiet_until is not None:
            if loop.time() >= self._quiet_until:
                self._framing.quiet()
                self._quiet_until = None
                return
            await self._nap(self._quiet_until)
            before = self._heard_at
            self.hear()
            if self._heard_at > before:
                self._quiet_until = min(loop.time() + self._quiet_s, self._quiet_at_most)

    async def idle(self, until: float) -> None:
        """Until something rings, then, or the next beat; call `hear` after it."""
        await self._nap(until)

    async def exchange(self, request: WireRequest, *, quiet_ms: int) -> Answer:
        """Send (the caller has settled) and wait for what answers. Raises LinkError."""
        assert self._awaiting is None, "one exchange in flight"
        await self._part_from_the_last(request.gap_ms)
        self._counts.exchanges += 1
        self._quiet_s = quiet_ms / 1000
        self._reply = self._alarm = self._cut_at = None
        self._received.clear()
        if asyncio.get_running_loop().time() - self._heard_at >= self._quiet_s:
            self._framing.quiet()  # half a frame from long ago would swallow the reply
        self._asked_at = asyncio.get_running_loop().time()
        self._awaiting = request
        self._echo.sending(request.data, query=not request.changes)
        try:
            self._link.write(request.data)
            return await self._answer(request)
        finally:
            self._awaiting = None

    async def _part_from_the_last(self, gap_ms: int) -> None:
        """Some protocols tell frames apart by silence: some milliseconds, too few for a stop to shorten."""
        loop = asyncio.get_running_loop()
        while (until := self._heard_at + gap_ms / 1000) > loop.time():
            await self._nap(until)
            self.hear()

    async def _answer(self, request: WireRequest) -> Answer:
        loop = asyncio.get_running_loop()
        began = loop.time()
        left_at: float | None = None  # when the last byte was, or will be, on the wire
        alarm_at: float | None = None
        while True:
            now = loop.time()
            if left_at is None and self._link.unsent() == 0:
                left_at = now + len(request.data) * self._link.byte_s
            if left_at is None and now >= began + WRITE_LIMIT_S:
                raise PortStuck(f"the port has not taken {request.data.hex(' ')} within {WRITE_LIMIT_S} s")
            self._listen_for(request)
            if self._reply is not None:
                self._news_of_alarm(request)
                return Answered(reply=self._reply)
            if self._alarm is not None and alarm_at is None:
                alarm_at = now
            until = began + WRITE_LIMIT_S
            if left_at is not None:
                limit_s = self._quiet_s if alarm_at is not None else request.reply_limit_ms / 1000
                until = (left_at if alarm_at is None else alarm_at) + limit_s
                cut = self._cut_at is not None and max(self._cut_at, left_at) < until
                if cut and self._cut_at is not None:
                    until = max(self._cut_at, left_at)
                if now >= until:
                    return self._without_reply(request, cut=cut)
            await self._nap(until)

    def _listen_for(self, request: WireRequest) -> None:
        data = self._link.take()
        if data:
            self._heard_at = asyncio.get_running_loop().time()
            self._received = (self._received + data)[-TRACE_BYTES:]
            self._sort(self._echo.take(data), request)

    def _without_reply(self, request: WireRequest, *, cut: bool) -> Answer:
        """The wait is over: whatever still comes has to be let pass before anything is sent."""
        now = asyncio.get_running_loop().time()
        self._sort(self._echo.rest())
        self._quiet_until = now + self._quiet_s
        self._quiet_at_most = now + self._quiet_s * QUIET_STRETCH
        if self._alarm is not None:
            self._counts.alarms += 1
            if not cut:
                self._quiet_until = now  # the quiet time has passed already, while we waited for a reply
            return Alarmed(alarm=self._alarm)
        sent = f"sent {request.text or '-'} ({request.data[:TRACE_BYTES].hex(' ')})"
        came = f"received {self._received.hex(' ') or 'nothing'}"
        if cut:
            self._counts.cut += 1
            return Cut(detail=f"cut short by a stop: {sent}, {came} so far")
        self._counts.no_replies += 1
        return Silent(detail=f"no reply within {request.reply_limit_ms} ms: {sent}, {came}", why=self._why(request))

    def _why(self, request: WireRequest) -> LinkWhy:
        """What a silence was filled with."""
        if not self._received:
            return LinkWhy.MUTE
        only_echo = self._echo.copied and self._received == request.data[-TRACE_BYTES:]
        return LinkWhy.ECHO if only_echo else LinkWhy.NOISE

    def _sort(self, data: bytes, request: WireRequest | None = None) -> None:
        for frame in self._framing.receive(data, request):
            match frame:
                case Garbled():
                    self._counts.garbled += 1
                case AlarmFrame(address=address, alarm=alarm):
                    if request is not None and address == request.address and self._reply is None:
                        self._alarm = alarm
                    else:
                        self._news(address, alarm)
                case Reply():
                    if request is not None and self._reply is None and self._framing.answers(request, frame):
                        asked_at_ns, at_ns = round(self._asked_at * NS_PER_S), round(self._heard_at * NS_PER_S)
                        self._reply = replace(frame, asked_at_ns=asked_at_ns, at_ns=at_ns)
                    else:
                        self._drop(frame)

    def _news_of_alarm(self, request: WireRequest) -> None:
        if self._alarm is not None:
            self._news(request.address, self._alarm)

    def _news(self, address: int, alarm: PumpAlarm) -> None:
        if address in self._addresses:
            self._counts.alarms += 1
            self._alarm_seen(address, alarm)
        else:
            self._counts.foreign += 1

    def _drop(self, reply: Reply) -> None:
        if reply.address in self._addresses:
            self._counts.late += 1
        else:
            self._counts.foreign += 1

    async def _nap(self, until: float) -> None:
        await self._bell.wait_until(min(until, asyncio.get_running_loop().time() + BEAT_S))
        self._beat()
