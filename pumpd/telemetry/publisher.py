"""Tells the world what the bed does, and never lets the world reach back.

The publisher looks at the bed through `watch` and a once-a-second look of its own; both only put messages into
a bounded outbox (and `watch`, which runs inside the bed's loop, only puts the turn aside). Everything slow (names, sockets, acknowledgements) happens in its own task, so that a
broker that is away, slow or frozen costs the bed nothing. It takes no commands. Once after each connection it
listens for three seconds to its own retained topics, to clear what an earlier run left there and nobody stands
behind any more; then it listens to nothing.

After a connection: status, about, link, state and active alarms anew; then what happens, live; behind it what was
measured meanwhile. A loss is noticed by an acknowledgement that does not come in time: a state goes
out every ten seconds at least and has to be acknowledged, which is faster than MQTT's keep-alive and also finds a
broker that is frozen. In order to leave (SIGTERM), it says `down` within a limit, then goes: the pump may well go on.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import zlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import aiomqtt
import structlog

from pumpd.clock import Clock
from pumpd.config import Config
from pumpd.core.facts import AlarmRaised, Fact
from pumpd.core.state import Alarm, BedState
from pumpd.core.turn import Setup
from pumpd.journal_rows import Head, is_durable
from pumpd.samples import SampleStore
from pumpd.telemetry import connection, views
from pumpd.telemetry.backfill import PERIOD_S, Missing, stored
from pumpd.telemetry.outbox import Outbox
from pumpd.telemetry.payloads import encode
from pumpd.telemetry.topics import BED_SLOT, Kind, Place, parse
from pumpd.telemetry.views import Moment

log = structlog.get_logger(__name__)

PERIOD: Final = 1.0  # s, of telemetry while anything may move
TURNS_MAX: Final = 1_024  # a hundred seconds of a busy bed
HEARTBEAT_EVERY: Final = 10  # periods between two states without news; with ACK_LIMIT_S the limit of noticing a loss
STATUS_EVERY: Final = 60  # periods between two heads of the journal
BACK_OFF_FIRST_S: Final = 0.5
BACK_OFF_MAX_S: Final = 10.0  # a broker that comes back is found within this
STEADY_S: Final = 10.0  # a connection that lasted this long starts the back-off anew
SWEEP_S: Final = 3.0  # brokers send what they retain right after the subscription
GOODBYE_LIMIT_S: Final = 0.5  # of the second that a SIGTERM may take


class Watched(Protocol):
    """What the publisher needs of the bedside loop."""

    @property
    def state(self) -> BedState: ...
    @property
    def setup(self) -> Setup: ...
    @property
    def last_seq(self) -> int: ...
    def watch(self, callback: Callable[[BedState, tuple[Fact, ...]], None], /) -> Callable[[], None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """What `watch` told, and the journal's last row then."""

    state: BedState
    facts: tuple[Fact, ...]
    last_seq: int


class Publisher:
    """`beat` is called every second; `head` gives the last row of the journal that is durable."""

    def __init__(
        self,
        *,
        config: Config,
        bedside: Watched,
        samples: SampleStore,
        clock: Clock,
        beat: Callable[[], None],
        head: Callable[[], Head] | None = None,
    ) -> None:
        assert config.mqtt is not None, "no [mqtt] in the configuration: nothing to publish to"
        self._config = config
        self._mqtt = config.mqtt
        self._bedside = bedside
        self._samples = samples
        self._clock = clock
        self._beat = beat
        self._head = head
        self._place = Place(site=config.site, ward=config.ward, bed=config.bed)
        self._assets = {pump.slot: pump.asset for pump in config.pumps}
        self._version = importlib.metadata.version("pumpd")
        self._wake = asyncio.Event()
        self._booted = asyncio.Event()
        self._outbox = Outbox(self._wake.set)
        self._missing = Missing()
        self._acked_ms: int | None = None  # wall time of the last acknowledgement
        self._connected = False
        self._trouble: str | None = None  # logged once per change
        self._periods = 0
        self._turns: deque[_Turn] = deque()
        self._turned_bell = asyncio.Event()
        self._lost_turns = 0
        self._last_seq = 0
        self._shown: dict[str, object] = {}  # topic -> what made the last message there
        self._alarms: dict[str, Alarm] = {}  # topic -> as announced on this connection
        self._held: set[str] = set()  # alarm topics that the broker may still retain
        self._alarm_slots: dict[int, str | None] = {}

    @property
    def connected(self) -> bool:
        """A broker takes what is sent."""
        return self._connected

    @property
    def dropped(self) -> int:
        """Messages, and turns of the bed whose events could not be told."""
        return self._outbox.dropped + self._lost_turns

    @property
    def waiting(self) -> int:
        """Messages in the outbox: bounded, whatever the broker does."""
        return len(self._outbox)

    async def run(self) -> None:
        """For ever; cancel it to end it."""
        self._last_seq = self._bedside.last_seq
        self._alarm_slots = {alarm.alarm_id: alarm.slot for alarm in self._bedside.state.alarms}
        unwatch = self._bedside.watch(self._turned)
        try:
            if self._bedside.state.boot:
                self._booted.set()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow(), name="mqtt-follow")
                tasks.create_task(self._tick(), name="mqtt-tick")
                tasks.create_task(self._deliver(), name="mqtt-deliver")
                tasks.create_task(self._fill(), name="mqtt-fill")
        finally:
            unwatch()

    def _moment(self, state: BedState) -> Moment:
        return Moment(boot=state.boot, now_ns=self._clock.now_ns(), wall_ms=self._clock.wall_ms())

    # --- what the bed does ------------------------------------------------------------------------------

    def _turned(self, state: BedState, facts: tuple[Fact, ...]) -> None:
        """Runs inside the bed's loop, so it does nothing that could fail there: it puts the turn aside."""
        if len(self._turns) >= TURNS_MAX:
            self._turns.popleft()
            self._lost_turns += 1
        self._turns.append(_Turn(state=state, facts=facts, last_seq=self._bedside.last_seq))
        self._turned_bell.set()

    async def _follow(self) -> None:
        """Turns that were put aside, in order; what is retained is told once for all of them."""
        while True:
            await self._turned_bell.wait()
            self._turned_bell.clear()
            state = self._bedside.state
            if not state.boot:
                continue
            self._booted.set()
            moment = self._moment(state)
            while self._turns:
                self._events(self._turns.popleft(), moment)
            if self._connected:
                self._news(state, moment)

    def _events(self, turn: _Turn, moment: Moment) -> None:
        durable = [fact for fact in turn.facts if is_durable(fact)]
        raised = {fact.alarm_id: fact.slot for fact in durable if isinstance(fact, AlarmRaised)}
        known = self._alarm_slots | raised
        journalled = turn.last_seq - self._last_seq >= len(durable)
        self._last_seq = turn.last_seq
        for number, fact in enumerate(durable, start=turn.last_seq - len(durable) + 1):
            slot = views.slot_of(fact, known)
            if slot is None:
                continue
            infusion_id = views.infusion_id(turn.state.pump(slot))
            make = views.event(fact, slot, number if journalled else None, infusion_id, moment)
            if make is not None:
                self._outbox.event(self._place.of(slot, Kind.EVENT), slot, make)
        self._alarm_slots = {alarm.alarm_id: alarm.slot for alarm in turn.state.alarms}

    def _news(self, state: BedState, moment: Moment) -> None:
        """What changed on the retained topics since the last time."""
        self._status(state, moment, news=(state.boot, state.journal_ok))
        setup = self._bedside.setup
        for pump in state.pumps:
            info = setup.info(pump.slot)
            about = partial(views.about, pump, info, self._assets.get(pump.slot, ""), moment)
            self._retain(pump.slot, Kind.ABOUT, pump.identified, about)
            self._retain(
                pump.slot, Kind.LINK, (pump.link, pump.link_since_ns), partial(views.link, state, pump, info, moment)
            )
            self._retain(pump.slot, Kind.STATE, views.news(state, pump), self._state_view(state, pump.slot, moment))
        self._announce_alarms(state, moment)

    def _retain(self, slot: str, kind: Kind, news: object, make: views.Make) -> None:
        topic = self._place.of(slot, kind)
        if topic in self._shown and self._shown[topic] == news:
            return
        self._shown[topic] = news
        self._outbox.retained(topic, slot, kind, make)

    def _status(self, state: BedState, moment: Moment, *, news: object) -> None:
        topic = self._place.status
        if topic in self._shown and self._shown[topic] == news:
            return
        self._shown[topic] = news
        make = partial(
            views.status,
            state,
            moment,
            version=self._version,
            training=self._config.training,
            dropped=self.dropped,
            head=None if self._head is None else self._head(),
        )
        self._outbox.retained(topic, BED_SLOT, Kind.STATUS, make)

    def _state_view(self, state: BedState, slot: str, moment: Moment) -> views.Make:
        pump = state.pump(slot)
        assert pump is not None, slot
        return partial(
            views.bed_state,
            state,
            pump,
            self._bedside.setup.info(slot),
            moment,
            publish_drug_name=self._mqtt.publish_drug_name,
        )

    def _announce_alarms(self, state: BedState, moment: Moment) -> None:
        active = {self._place.alarm(alarm.slot, alarm.alarm_id): alarm for alarm in state.alarms}
        for topic, alarm in active.items():
            if self._alarms.get(topic) != alarm:
                slot = alarm.slot or BED_SLOT
                self._held.add(topic)
                self._outbox.retained(topic, slot, Kind.ALARM, partial(views.alarm, alarm, moment))
        for topic in sorted(self._held - active.keys()):
            self._clear(topic)
        self._alarms = active

    def _clear(self, topic: str) -> None:
        parsed = parse(topic)
        if parsed is not None:
            self._held.discard(topic)
            self._outbox.retained(topic, parsed.slot, parsed.kind, None)

    # --- time -------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self._beat()
            if self._booted.is_set():
                self._look()
            due = max(due + PERIOD, loop.time())
            await asyncio.sleep(due - loop.time())

    def _look(self) -> None:
        state = self._bedside.state
        moment = self._moment(state)
        self._periods += 1
        if views.moves(state):
            for pump in state.pumps:
                topic = self._place.of(pump.slot, Kind.TELEMETRY)
                make = partial(views.telemetry, state, pump, self._bedside.setup.info(pump.slot), moment)
                if not self._outbox.telemetry(topic, pump.slot, make) and self._connected:
                    self._missing.add(moment.wall_ms - int(PERIOD * 1_000), moment.wall_ms)
        if not self._connected:
            return
        if self._outbox.overflowed and self._outbox.nothing_live:
            self._outbox.online()
            self._announce(state)
        if self._periods % HEARTBEAT_EVERY == 0:
            for pump in state.pumps:
                make = self._state_view(state, pump.slot, moment)
                self._outbox.retained(self._place.of(pump.slot, Kind.STATE), pump.slot, Kind.STATE, make)
        if self._periods % STATUS_EVERY == 0:
            self._shown.pop(self._place.status, None)
        self._news(state, moment)

    # --- the broker -------------------------------------------------------------------------------------

    async def _deliver(self) -> None:
        await self._booted.wait()
        loop = asyncio.get_running_loop()
        spread = 0.75 + zlib.crc32(self._place.prefix.encode()) % 500 / 1_000  # beds do not knock in step
        wait_s = BACK_OFF_FIRST_S
        while True:
            began = loop.time()
            try:
                await self._session()
            except* (aiomqtt.MqttError, OSError) as group:
                self._note(_first_line(group))
            if loop.time() - began > STEADY_S:
                wait_s = BACK_OFF_FIRST_S
            await asyncio.sleep(wait_s * spread)
            wait_s = min(2 * wait_s, BACK_OFF_MAX_S)

    def _note(self, trouble: str | None) -> None:
        """Once per change: a broker that is away all night is one line, not ten thousand."""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        broker = f"{self._mqtt.host}:{self._mqtt.port}"
        if trouble is None:
            log.info("telemetry_up", broker=broker)
        else:
            log.warning("telemetry_down", broker=broker, trouble=trouble, consequence="infusions are not affected")

    async def _session(self) -> None:
        """One connection, from its start to its loss. Raises MqttError or OSError, also in a group."""
        async with self._connection() as client:
            self._connected = True
            self._outbox.online()
            try:
                self._announce(self._bedside.state)
                self._note(None)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._send(client), name="mqtt-send")
                    tasks.create_task(self._listen(client), name="mqtt-listen")
                    tasks.create_task(self._sweep(client), name="mqtt-sweep")
            except asyncio.CancelledError:
                await self._goodbye(client)
                raise
            finally:
                self._connected = False
                self._outbox.offline()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiomqtt.Client]:
        context = connection.tls_context(self._mqtt)
        await connection.reach(self._mqtt.host, self._mqtt.port, context)
        place = self._place
        will = aiomqtt.Will(
            place.status, encode(views.last_will(self._moment(self._bedside.state))), qos=1, retain=True
        )
        identifier = f"pumpd-{place.site}-{place.ward}-{place.bed}"
        client = connection.client(self._mqtt, identifier=identifier, will=will, context=context)
        try:
            async with client:
                try:
                    yield client
                finally:
                    await connection.cut(client)
        finally:
            await connection.cut(client)  # also when it never came to be: a frozen broker accepts and says nothing

    def _announce(self, state: BedState) -> None:
        """Everything retained, anew; and the stretch that nobody heard of is remembered."""
        moment = self._moment(state)
        if self._acked_ms is not None:
            self._missing.add(self._acked_ms, moment.wall_ms)
        self._shown.clear()
        self._alarms = {}
        self._news(state, moment)

    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            message = self._outbox.take()
            if message is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            await client.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)
            self._outbox.done()
            if message.qos:
                self._acked_ms = self._clock.wall_ms()

    async def _listen(self, client: aiomqtt.Client) -> None:
        """Ends with MqttError when the connection does. What arrives is what the broker retained of us."""
        async for message in client.messages:
            topic = message.topic.value
            if message.retain and not self._stands_behind(topic):
                self._clear(topic)

    def _stands_behind(self, topic: str) -> bool:
        parsed = parse(topic)
        if parsed is None or parsed.place != self._place or parsed.kind is Kind.STATUS:
            return True  # nothing of ours: not ours to clear
        if parsed.kind is Kind.ALARM:
            return topic in self._alarms
        return any(pump.slot == parsed.slot for pump in self._bedside.state.pumps)

    async def _sweep(self, client: aiomqtt.Client) -> None:
        """Listen to our own retained topics for a moment. A broker that forbids it keeps its leftovers: they
        carry an old boot, and readers ignore those.
        """
        filters = list(self._place.retained_filters)
        await client.subscribe([(each, 1) for each in filters])
        await asyncio.sleep(SWEEP_S)
        await client.unsubscribe(filters)

    async def _goodbye(self, client: aiomqtt.Client) -> None:
        """Say `down`; a broker that does not take it in time will say `lost` by itself."""
        state = self._bedside.state
        make = partial(views.status, word="down", version=self._version, training=self._config.training)
        message = self._outbox.farewell(
            self._place.status,
            partial(make, state, self._moment(state), dropped=self.dropped),
        )
        with suppress(aiomqtt.MqttError, TimeoutError):
            async with asyncio.timeout(GOODBYE_LIMIT_S):
                await client.publish(message.topic, message.payload, qos=1, retain=True)
                await connection.leave(client)

    # --- what was missed --------------------------------------------------------------------------------

    async def _fill(self) -> None:
        """Behind everything live, and slowly."""
        while True:
            await asyncio.sleep(PERIOD)
            while self._missing and self._connected:
                await self._fill_some()

    async def _fill_some(self) -> None:
        span = self._missing.spans[0]
        file = self._config.samples_path if self._config.samples_path.is_file() else None
        state = self._bedside.state
        slots = tuple(pump.slot for pump in state.pumps)
        rows, complete_to = await stored(span, slots, self._samples, file, self._clock.wall_ms())
        for row in rows:
            while self._connected and (self._outbox.backfill_full or not self._outbox.nothing_live):
                await asyncio.sleep(PERIOD_S)
            if not self._connected:
                return  # the next connection asks again from where we are
            make = partial(views.backfill, row, state.boot)
            self._outbox.backfill(self._place.of(row.slot, Kind.BACKFILL), row.slot, make)
            self._missing.filled_to(row.wall_ms)
            await asyncio.sleep(PERIOD_S)
        self._missing.filled_to(complete_to)


def _first_line(group: BaseExceptionGroup[BaseException]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__
