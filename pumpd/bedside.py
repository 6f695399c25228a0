"""The one loop of the bed: request -> decide -> journal -> effects.

Every request of every pump, person and clock goes through one queue into one pure decision (wall 2). What the loop adds
is the order in which a decision takes effect. Facts go to the journal, which makes them durable in its own time.
Effects that only lower, look or stop leave at once; a start or a raise waits in the outbox until the facts that
justify it are durable. A stop empties the outbox of its pump in the same breath, so nothing that waited there can
follow it onto the wire (wall 6): each such entry ends as overtaken, which is a fact too.

Nothing here waits for the disk, the network or a page. A request that finds no room is the caller's error; a stop
always finds room, at the head of the queue.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import structlog

from pumpd.clock import Clock
from pumpd.core import events as e
from pumpd.core import glimpses as g
from pumpd.core import requests as r
from pumpd.core.bed import decide, still_stands
from pumpd.core.codes import TimeAway
from pumpd.core.effects import ChangeRate, Effect, PumpEffect, Reply, Start, Stop, When
from pumpd.core.evolve import fold
from pumpd.core.facts import Fact
from pumpd.core.look import MOVING, look
from pumpd.core.state import BedState
from pumpd.core.turn import Setup
from pumpd.core.units import NS_PER_MS, NS_PER_S
from pumpd.errors import ApiError
from pumpd.journal import NEVER_DURABLE, FactsLost, FactStore
from pumpd.samples import Sample, SampleStore

TICK_S: Final = 0.1  # deadlines of the core are tenths of a second or longer
QUEUE_MAX: Final = 1_024  # a second of every source at its fastest, many times over
ASKING_MAX: Final = 64  # people at one bed, with all their pages
OUTBOX_WAIT_NS: Final = 5 * NS_PER_S  # a start that a slow disk held this long is no longer what the nurse expects
ANSWER_WITHIN_S: Final = 2.0
JUMP_NS: Final = NS_PER_S  # boot-time ahead of monotonic by more than this: the host was suspended
SAMPLE_EVERY_NS: Final = NS_PER_S

Watcher = Callable[[BedState, tuple[Fact, ...]], None]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """An effect in the outbox: the row that must be durable first, and since when it waits."""

    seq: int
    since_ns: int
    effect: Start | ChangeRate


class Bedside:
    """One bed's loop. All methods belong to the event loop on which it runs."""

    def __init__(
        self,
        *,
        setup: Setup,
        journal: FactStore,
        samples: SampleStore,
        clock: Clock,
        send: Callable[[PumpEffect], None],
        beat: Callable[[], None],
    ) -> None:
        """`send` hands an effect to the bus of its slot and never blocks."""
        self.setup = setup
        self.clock = clock
        self._journal = journal
        self._samples = samples
        self._send = send
        self._beat = beat
        self._state = BedState()
        self._queue: deque[r.Request] = deque()
        self._outbox: deque[_Waiting] = deque()
        self._early: list[tuple[int, Effect]] | None = []  # what the boot wants done, until the loop runs: then None
        self._asking: dict[str, asyncio.Future[Reply]] = {}
        self._watchers: tuple[Watcher, ...] = ()
        self._bell = asyncio.Event()
        self._last_seq = 0
        self._tick_due = False
        self._second = -1
        self._apart_ns = clock.now_ns() - clock.monotonic_ns()
        self._today = clock.local_day()
        self._sampled_ns: dict[str, int] = {}
        journal.on_committed = self._committed
        journal.on_failed = self._journal_failed
        journal.on_recovered = self._journal_recovered

    # --- for everybody else -----------------------------------------------------------------------------------

    @property
    def state(self) -> BedState:
        """The state after the last decision."""
        return self._state

    @property
    def last_seq(self) -> int:
        """The journal's sequence of the last durable fact that was decided."""
        return self._last_seq

    def submit(self, request: r.Request) -> None:
        """Put a request into the queue. Raises ApiError when there is no room; a stop always has."""
        if isinstance(request, r.StopRequested):
            self._queue.appendleft(request)
        elif isinstance(request, r.PersonRequest) and len(self._queue) >= QUEUE_MAX:
            raise ApiError("the bed is busy: nothing was done, try again")
        else:
            assert len(self._queue) < 2 * QUEUE_MAX, "the bed's loop does not keep up with its pumps"
            self._queue.append(request)
        self._bell.set()

    async def ask(self, request: r.PersonRequest) -> Reply:
        """Submit a person's request and wait for its answer: accepted, or refused with reasons."""
        if len(self._asking) >= ASKING_MAX and not isinstance(request, r.StopRequested):
            raise ApiError("too many requests wait at this bed: nothing was done, try again")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asking[request.request_id] = future
        try:
            self.submit(request)
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await future
        except TimeoutError:
            raise ApiError("the bed did not answer in time: look at the pump before you repeat anything") from None
        finally:
            self._asking.pop(request.request_id, None)

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` after every decision with facts; it must not block. Returns how to end that."""
        self._watchers = (*self._watchers, watcher)

        def unwatch() -> None:
            self._watchers = tuple(each for each in self._watchers if each is not watcher)

        return unwatch

    # --- the loop ---------------------------------------------------------------------------------------------

    def boot(self, boot: str) -> None:
        """Fold the journal, then take the boot in as the first request; `run` sends what it asks for.

        Raises JournalBroken.
        """
        at_ns, wall_ms = self.clock.now_ns(), self.clock.wall_ms()
        last_at_ns, last_wall_ms = at_ns, wall_ms
        state = BedState()
        for entry in self._journal.read_all():
            if not isinstance(entry.fact, FactsLost):
                state = fold((entry.fact,), state)
            last_at_ns, last_wall_ms = entry.at_ns, entry.wall_ms
        self._state = state
        kernel_boot = self.clock.kernel_boot()
        shift_ns, away = 0, TimeAway.KERNEL
        if state.kernel_boot not in ("", kernel_boot):
            # another boot of the machine: by wall time, and never further back than the clock can vouch for
            away = TimeAway.WALL if wall_ms >= last_wall_ms else TimeAway.UNKNOWN
            away_ns = max(0, wall_ms - last_wall_ms) * NS_PER_MS
            shift_ns = at_ns - (last_at_ns + away_ns)
        slots = tuple(slot for slot, _ in self.setup.pumps)
        self._today = self.clock.local_day()
        self._take(
            e.Booted(
                at_ns=at_ns,
                boot=boot,
                kernel_boot=kernel_boot,
                shift_ns=shift_ns,
                slots=slots,
                today_day=self._today,
                away=away,
            )
        )

    async def run(self) -> None:
        """For as long as the daemon lives. Raises only on a fault of our own: the caller stops every pump."""
        loop = asyncio.get_running_loop()
        early, self._early = self._early or [], None
        for seq, effect in early:
            self._carry(effect, seq)
        self._tick_due = True
        while True:
            self._beat()
            while self._queue:
                self._take(self._decided_now(self._queue.popleft()))
            if self._tick_due:
                self._tick_due = False
                loop.call_later(TICK_S, self._ring_tick)
                self._tick()
                continue
            self._bell.clear()
            if self._queue:
                continue
            await self._bell.wait()

    def _decided_now(self, request: r.Request) -> r.Request:
        """A person's request is judged at the time at which it is decided: what it waited for makes it older."""
        return replace(request, at_ns=self.clock.now_ns()) if isinstance(request, r.PersonRequest) else request

    def _ring_tick(self) -> None:
        self._tick_due = True
        self._bell.set()

    def _tick(self) -> None:
        now_ns = self.clock.now_ns()
        apart_ns = now_ns - self.clock.monotonic_ns()
        if apart_ns - self._apart_ns > JUMP_NS:
            self._take(e.ClockJumped(at_ns=now_ns, by_ns=apart_ns - self._apart_ns))
        self._apart_ns = apart_ns
        if (today := self.clock.local_day()) != self._today:
            self._today = today
            self._take(e.DayBegan(at_ns=now_ns, today_day=today))
        while self._outbox and now_ns - self._outbox[0].since_ns > OUTBOX_WAIT_NS:
            late = self._outbox.popleft().effect
            detail = "nothing was sent: the journal could not make the start or raise durable in time"
            self._queue.append(self._ended(late, e.Refused(detail=detail)))
        before, self._second = self._second, now_ns // NS_PER_S
        self._take(e.Ticked(at_ns=now_ns, full_second=self._second != before))

    def _take(self, request: r.Request) -> None:
        """One decision, and everything that follows from it, in the order that the walls ask for."""
        decision = decide(self._state, request, self.setup)
        self._state = decision.state
        seq = self._last_seq
        if decision.facts:
            seq = self._journal.append(decision.facts, at_ns=request.at_ns, wall_ms=self.clock.wall_ms())
            if seq != NEVER_DURABLE:
                self._last_seq = seq
        for effect in decision.effects:
            self._carry(effect, seq)
        if decision.facts:
            self._sample(decision.facts)
            for watcher in self._watchers:
                watcher(self._state, decision.facts)

    def _carry(self, effect: Effect, seq: int) -> None:
        if self._early is not None:
            self._early.append((seq, effect))  # a stop of the boot: there may be no bus yet that could send it
            return
        if isinstance(effect, Reply):
            future = self._asking.get(effect.request_id)
            if future is not None and not future.done():
                future.set_result(effect)
            return
        if effect.when is When.AFTER_COMMIT:
            assert isinstance(effect, Start | ChangeRate), effect
            if seq == NEVER_DURABLE:
                self._queue.append(self._ended(effect, e.Refused(detail="nothing was sent: the journal is full")))
            elif self._journal.committed.seq >= seq:
                self._send(effect)
            else:
                self._outbox.append(_Waiting(seq=seq, since_ns=self.clock.now_ns(), effect=effect))
            return
        if isinstance(effect, Stop):
            self._overtake(effect.slot)
        self._send(effect)

    def _overtake(self, slot: str) -> None:
        """A stop takes everything of its pump out of the outbox, before it is itself sent."""
        for waiting in tuple(self._outbox):
            if waiting.effect.slot == slot:
                self._outbox.remove(waiting)
                self._queue.append(self._ended(waiting.effect, e.Overtaken()))
                self._bell.set()

    def _ended(self, effect: Start | ChangeRate, outcome: e.Outcome) -> e.CommandEnded:
        return e.CommandEnded(
            at_ns=self.clock.now_ns(), slot=effect.slot, command_id=effect.command_id, outcome=outcome
        )

    # --- the journal --------------------------------------------------------------------------------------------

    def _committed(self, seq: int) -> None:
        while self._outbox and self._outbox[0].seq <= seq:
            effect = self._outbox.popleft().effect
            if still_stands(self._state, effect):
                self._send(effect)
            else:
                detail = "nothing was sent: the pump came into doubt while the journal made the start or raise durable"
                self._queue.append(self._ended(effect, e.Refused(detail=detail)))
                self._bell.set()

    def _journal_failed(self, detail: str) -> None:
        log.error("journal_down", detail=detail)
        self.submit(e.JournalReported(at_ns=self.clock.now_ns(), ok=False, detail=detail))

    def _journal_recovered(self) -> None:
        log.info("journal_back")
        self.submit(e.JournalReported(at_ns=self.clock.now_ns(), ok=True, detail=""))

    # --- measurements -------------------------------------------------------------------------------------------

    def _sample(self, facts: tuple[Fact, ...]) -> None:
        """A row of measurements for each pump that was seen moving, once a second."""
        for fact in facts:
            if not isinstance(fact, g.Seen):
                continue
            pump = self._state.pump(fact.slot)
            last_ns = self._sampled_ns.get(fact.slot)
            if pump is None or pump.infusion is None or (pump.phase not in MOVING and last_ns is None):
                continue
            if last_ns is not None and fact.at_ns - last_ns < SAMPLE_EVERY_NS:
                continue
            if pump.phase in MOVING:
                self._sampled_ns[fact.slot] = fact.at_ns
            else:
                del self._sampled_ns[fact.slot]  # one row at rest closes the curve
            now = look(pump, self.setup.info(fact.slot), fact.at_ns, self._state.boot_at_ns)
            measured = now.measured
            self._samples.append(
                Sample(
                    at_ns=fact.at_ns,
                    wall_ms=self.clock.wall_ms(),
                    slot=fact.slot,
                    phase=now.phase,
                    asked_ul_per_h=now.asked_ul_per_h,
                    granted_ul_per_h=now.granted_ul_per_h,
                    measured_ul_per_h=None if measured is None else measured.rate_ul_per_h,
                    measured_uncertainty_ul_per_h=None if measured is None else measured.uncertainty_ul_per_h,
                    delivered_low_nl=now.delivered.low_nl,
                    delivered_high_nl=now.delivered.high_nl,
                    age_ms=None if now.age_ns is None else now.age_ns // NS_PER_MS,
                )
            )
