"""Tells the world what the bed does, and never lets the world reach back.

What there is to tell is worked out in telling.py and waits in outbox.py; here is the way to the broker, on tasks of
its own, so that a broker that is away, slow or frozen costs the bed nothing. No command is taken. Once after
each connection the publisher listens for three seconds to its own retained topics, to clear what an earlier run
left there and nobody stands behind any more; then it listens to nothing.

After a connection: status, about, link, state and active alarms anew; then what happens, live; behind it what was
measured meanwhile. A loss is noticed by an acknowledgement that does not come in time: a state goes out every ten
seconds at least and has to be acknowledged, which finds a frozen broker before MQTT's keep-alive does. At the end
(SIGTERM) it says `down` within a limit, then goes: the pump may well go on.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from functools import partial
from typing import Final

import aiomqtt
import structlog

from pumpd.clock import Clock
from pumpd.config import Config
from pumpd.core.facts import Fact
from pumpd.core.state import BedState
from pumpd.journal_rows import Head
from pumpd.samples import SampleStore
from pumpd.telemetry import backfill, connection, views
from pumpd.telemetry.backfill import Missing
from pumpd.telemetry.outbox import Outbox
from pumpd.telemetry.telling import PERIOD_S, Telling, Watched
from pumpd.telemetry.topics import Kind

log = structlog.get_logger(__name__)

BACK_OFF_FIRST_S: Final = 0.5
BACK_OFF_MAX_S: Final = 10.0  # a broker that comes back is found within this
STEADY_S: Final = 10.0  # a connection that lasted this long starts the back-off anew
SWEEP_S: Final = 3.0  # brokers send what they retain right after the subscription
GOODBYE_LIMIT_S: Final = 0.4  # of the second that a SIGTERM may take
LEAVE_LIMIT_S: Final = 0.2


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
        self._mqtt = config.mqtt
        self._bedside = bedside
        self._samples = samples
        self._samples_file = config.samples_path
        self._clock = clock
        self._beat = beat
        self._wake = asyncio.Event()  # something waits in the outbox
        self._bell = asyncio.Event()  # the bed has turned
        self._booted = asyncio.Event()  # the bed knows which run of the daemon this is
        self._outbox = Outbox(self._wake.set)
        self._missing = Missing()
        self._telling = Telling(
            config=config,
            mqtt=config.mqtt,
            bedside=bedside,
            clock=clock,
            outbox=self._outbox,
            missing=self._missing,
            head=head,
        )
        self._place = self._telling.place
        self._acked_ms = clock.wall_ms()  # of the last acknowledgement; at first, since when nobody heard anything
        self._connected = False
        self._trouble: str | None = None

    @property
    def connected(self) -> bool:
        """A broker takes what is sent."""
        return self._connected

    @property
    def dropped(self) -> int:
        """Given up because the broker was away or slow; also in `status`."""
        return self._telling.dropped

    @property
    def waiting(self) -> int:
        """Messages in the outbox: bounded, whatever the broker does."""
        return len(self._outbox)

    async def run(self) -> None:
        """For ever; cancel it to end it. After a failure it may be run again, and the numbers of messages go on."""
        unwatch = self._bedside.watch(self._turned)
        self._bell.set()  # the bed may have booted before us
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow(), name="mqtt-follow")
                tasks.create_task(self._tick(), name="mqtt-tick")
                tasks.create_task(self._deliver(), name="mqtt-deliver")
                tasks.create_task(self._fill(), name="mqtt-fill")
        finally:
            unwatch()

    def _turned(self, state: BedState, facts: tuple[Fact, ...]) -> None:
        self._telling.turned(state, facts)
        self._bell.set()

    async def _follow(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            if self._bedside.state.boot:
                self._booted.set()
            self._telling.catch_up()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self._beat()
            self._telling.tick()
            due = max(due + PERIOD_S, loop.time())
            await asyncio.sleep(due - loop.time())

    # --- the broker -------------------------------------------------------------------------------------------

    async def _deliver(self) -> None:
        """One connection after the other. Beds do not knock in step: each has a spread of its own."""
        await self._booted.wait()
        loop = asyncio.get_running_loop()
        spread = 0.75 + zlib.crc32(self._place.prefix.encode()) % 500 / 1_000
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
        """From a connection to its loss. Raises MqttError or OSError, alone or in a group."""
        context = connection.tls_context(self._mqtt)
        await connection.reach(self._mqtt.host, self._mqtt.port, context)
        will = aiomqtt.Will(self._place.status, self._telling.last_will, qos=1, retain=True)
        identifier = f"pumpd-{self._place.site}-{self._place.ward}-{self._place.bed}"
        client = connection.client(self._mqtt, identifier=identifier, will=will, context=context)
        async with connection.connected(client):
            try:
                self._connected = True
                self._telling.online(self._acked_ms)
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
                self._telling.offline()

    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            message = self._outbox.take()
            if message is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            await connection.publish(client, message)
            self._outbox.done()
            if message.qos:
                self._acked_ms = self._clock.wall_ms()

    async def _listen(self, client: aiomqtt.Client) -> None:
        """Raises MqttError when the connection ends. What arrives is what the broker retained of this bed."""
        async for message in client.messages:
            topic = message.topic.value
            if message.retain and not self._telling.stands_behind(topic):
                self._telling.clear(topic)

    async def _sweep(self, client: aiomqtt.Client) -> None:
        """A broker that forbids listening keeps leftovers: they carry an old boot, and readers ignore those."""
        await connection.subscribe(client, self._place.retained_filters)
        await asyncio.sleep(SWEEP_S)
        await connection.unsubscribe(client, self._place.retained_filters)

    async def _goodbye(self, client: aiomqtt.Client) -> None:
        """A broker that does not take it in time will say `lost` by itself."""
        message = self._telling.farewell()
        try:
            async with asyncio.timeout(GOODBYE_LIMIT_S):
                await connection.publish(client, message)
        except (aiomqtt.MqttError, TimeoutError):
            return
        await connection.leave(client, LEAVE_LIMIT_S)

    # --- what was missed --------------------------------------------------------------------------------------

    async def _fill(self) -> None:
        """Behind everything live, and slowly."""
        while True:
            await asyncio.sleep(PERIOD_S)
            while self._missing and self._connected:
                await self._fill_some()

    async def _fill_some(self) -> None:
        file = self._samples_file if self._samples_file.is_file() else None
        state = self._bedside.state
        slots = tuple(pump.slot for pump in state.pumps)
        span = self._missing.spans[0]
        rows, complete_to = await backfill.stored(span, slots, self._samples, file, self._clock.wall_ms())
        for row in rows:
            await asyncio.sleep(backfill.PERIOD_S)
            while self._connected and (self._outbox.backfill_full or not self._outbox.nothing_live):  # noqa: ASYNC110  # no hurry
                await asyncio.sleep(backfill.PERIOD_S)
            if not self._connected:
                return  # the next connection goes on from where this one came to
            make = partial(views.backfill, row, state.boot)
            self._outbox.backfill(self._place.of(row.slot, Kind.BACKFILL), row.slot, make)
            self._missing.filled_to(row.wall_ms)
        self._missing.filled_to(complete_to)


def _first_line(group: BaseExceptionGroup[BaseException]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__
