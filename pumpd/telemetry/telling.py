"""What there is to tell of the bed, put into the outbox. Knows no broker, waits for nothing.

`watch` runs inside the bed's own loop, where a fault of ours would cost an infusion: `turned` does nothing there but
put the turn aside. What it means is worked out afterwards, on the publisher's own task. Retained topics
are told when their news changes (everything that does not flow), all of them anew after a connection, and the
states every ten seconds as a sign of life that has to be acknowledged.
"""

from __future__ import annotations

import importlib.metadata
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from pumpd.clock import Clock
from pumpd.config import Config, Mqtt
from pumpd.core.facts import AlarmRaised, Fact
from pumpd.core.state import Alarm, BedState
from pumpd.core.turn import Setup
from pumpd.journal_rows import Head, is_durable
from pumpd.telemetry import events, views
from pumpd.telemetry.backfill import Missing
from pumpd.telemetry.outbox import Message, Outbox
from pumpd.telemetry.payloads import encode
from pumpd.telemetry.topics import BED_SLOT, Kind, Place, parse
from pumpd.telemetry.views import Moment

PERIOD_S: Final = 1.0  # of telemetry while anything may move
HEARTBEAT_EVERY: Final = 10  # periods between two states without news
STATUS_EVERY: Final = 60  # periods between two heads of the journal
TURNS_MAX: Final = 1_024  # a hundred seconds of a busy bed


class Watched(Protocol):
    """What telemetry needs of the bedside loop."""

    setup: Setup

    @property
    def state(self) -> BedState: ...
    @property
    def last_seq(self) -> int: ...
    def watch(self, watcher: Callable[[BedState, tuple[Fact, ...]], None], /) -> Callable[[], None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """What `watch` told, and the journal's last row then."""

    state: BedState
    facts: tuple[Fact, ...]
    last_seq: int


class Telling:
    def __init__(
        self,
        *,
        config: Config,
        mqtt: Mqtt,
        bedside: Watched,
        clock: Clock,
        outbox: Outbox,
        missing: Missing,
        head: Callable[[], Head] | None,
    ) -> None:
        self.place = Place(site=config.site, ward=config.ward, bed=config.bed)
        self._bedside = bedside
        self._clock = clock
        self._outbox = outbox
        self._missing = missing
        self._head = head
        self._publish_drug_name = mqtt.publish_drug_name
        self._assets: dict[str, str] = {pump.slot: pump.asset for pump in config.pumps}
        self._version = importlib.metadata.version("pumpd")
        self._online = False
        self._periods = 0
        self._turns: deque[_Turn] = deque()
        self._lost_turns = 0
        self._last_seq = bedside.last_seq
        self._alarm_slots = {alarm.alarm_id: alarm.slot for alarm in bedside.state.alarms}
        self._shown: dict[str, object] = {}  # topic -> what made the last message there
        self._alarms: dict[str, Alarm] = {}  # topic -> as announced on this connection
        self._held: set[str] = set()  # alarm topics that the broker may still retain

    @property
    def dropped(self) -> int:
        """Messages, and turns of the bed whose events could not be told."""
        return self._outbox.dropped + self._lost_turns

    @property
    def moment(self) -> Moment:
        return Moment(boot=self._bedside.state.boot, now_ns=self._clock.now_ns(), wall_ms=self._clock.wall_ms())

    @property
    def last_will(self) -> bytes:
        return encode(views.last_will(self.moment))

    def turned(self, state: BedState, facts: tuple[Fact, ...]) -> None:
        """Inside the bed's loop."""
        if len(self._turns) >= TURNS_MAX:
            self._turns.popleft()
            self._lost_turns += 1
        self._turns.append(_Turn(state=state, facts=facts, last_seq=self._bedside.last_seq))

    def catch_up(self) -> None:
        """Tell the turns that were put aside."""
        if not self._bedside.state.boot:
            return
        while self._turns:
            self._events(self._turns.popleft())
        if self._online:
            self._news(self._bedside.state)

    def online(self, silent_since_ms: int | None) -> None:
        """A broker is there: everything retained, anew; what nobody heard of meanwhile is to be filled in."""
        self._online = True
        self._outbox.online()
        if silent_since_ms is not None:
            self._missing.add(silent_since_ms, self._clock.wall_ms())
        self._shown.clear()
        self._alarms = {}
        self._news(self._bedside.state)

    def offline(self) -> None:
        self._online = False
        self._outbox.offline()

    def tick(self) -> None:
        """Once a period."""
        state = self._bedside.state
        if not state.boot:
            return
        self._periods += 1
        moment = self.moment
        if views.moves(state):
            self._telemetry(state, moment)
        if not self._online:
            return
        if self._outbox.overflowed and self._outbox.nothing_live:
            self.online(None)
        if self._periods % HEARTBEAT_EVERY == 0:
            for pump in state.pumps:
                topic = self.place.of(pump.slot, Kind.STATE)
                self._outbox.retained(topic, pump.slot, Kind.STATE, self._state_view(state, pump.slot, moment))
        if self._periods % STATUS_EVERY == 0:
            self._shown.pop(self.place.status, None)
        self._news(state)

    def farewell(self) -> Message:
        """`down`: the daemon ends in order; what the pump does goes on."""
        state = self._bedside.state
        view = partial(views.status, state, self.moment, word="down", version=self._version)
        make = partial(view, training=self._bedside.setup.training, dropped=self.dropped)
        return self._outbox.farewell(self.place.status, make)

    def stands_behind(self, topic: str) -> bool:
        """False for what an earlier run left with the broker, and nobody means any more."""
        parsed = parse(topic)
        if parsed is None or parsed.place != self.place or parsed.kind is Kind.STATUS:
            return True  # nothing of ours, or told anew already
        if parsed.kind is Kind.ALARM:
            return topic in self._alarms
        return self._bedside.state.pump(parsed.slot) is not None

    def clear(self, topic: str) -> None:
        parsed = parse(topic)
        assert parsed is not None, topic
        self._outbox.retained(topic, parsed.slot, parsed.kind, None)

    def _events(self, turn: _Turn) -> None:
        moment = self.moment
        durable = [fact for fact in turn.facts if is_durable(fact)]
        raised = {fact.alarm_id: fact.slot for fact in durable if isinstance(fact, AlarmRaised)}
        known = self._alarm_slots | raised
        journalled = turn.last_seq - self._last_seq >= len(durable)
        self._last_seq = turn.last_seq
        for number, fact in enumerate(durable, start=turn.last_seq - len(durable) + 1):
            slot = events.slot_of(fact, known)
            if slot is None:
                continue
            infusion_id = views.infusion_id(turn.state.pump(slot))
            make = events.event(fact, slot, number if journalled else None, infusion_id, moment)
            if make is not None:
                self._outbox.event(self.place.of(slot, Kind.EVENT), slot, make)
        self._alarm_slots = {alarm.alarm_id: alarm.slot for alarm in turn.state.alarms}

    def _telemetry(self, state: BedState, moment: Moment) -> None:
        for pump in state.pumps:
            topic = self.place.of(pump.slot, Kind.TELEMETRY)
            make = partial(views.telemetry, state, pump, self._bedside.setup.info(pump.slot), moment)
            if not self._outbox.telemetry(topic, pump.slot, make) and self._online:
                self._missing.add(moment.wall_ms - round(PERIOD_S * 1_000), moment.wall_ms)

    def _news(self, state: BedState) -> None:
        """What changed on the retained topics since they were told last."""
        moment = self.moment
        self._tell(self.place.status, BED_SLOT, Kind.STATUS, state.journal_ok, self._status_view(state, moment))
        for pump in state.pumps:
            slot = pump.slot
            info = self._bedside.setup.info(slot)
            about = partial(views.about, pump, info, self._assets.get(slot, ""), moment)
            self._tell(self.place.of(slot, Kind.ABOUT), slot, Kind.ABOUT, pump.identified, about)
            link = partial(views.link, state, pump, info, moment)
            self._tell(self.place.of(slot, Kind.LINK), slot, Kind.LINK, (pump.link, pump.link_since_ns), link)
            whole = self._state_view(state, slot, moment)
            self._tell(self.place.of(slot, Kind.STATE), slot, Kind.STATE, views.news(state, pump), whole)
        self._tell_alarms(state, moment)

    def _tell(self, topic: str, slot: str, kind: Kind, news: object, make: views.Make) -> None:
        if topic in self._shown and self._shown[topic] == news:
            return
        self._shown[topic] = news
        self._outbox.retained(topic, slot, kind, make)

    def _tell_alarms(self, state: BedState, moment: Moment) -> None:
        active = {self.place.alarm(alarm.slot, alarm.alarm_id): alarm for alarm in state.alarms}
        for topic, alarm in active.items():
            if self._alarms.get(topic) != alarm:
                self._held.add(topic)
                make = partial(views.alarm, alarm, moment)
                self._outbox.retained(topic, alarm.slot or BED_SLOT, Kind.ALARM, make)
        for topic in sorted(self._held - active.keys()):
            self._held.discard(topic)
            self.clear(topic)
        self._alarms = active

    def _status_view(self, state: BedState, moment: Moment) -> views.Make:
        return partial(
            views.status,
            state,
            moment,
            version=self._version,
            training=self._bedside.setup.training,
            dropped=self.dropped,
            head=None if self._head is None else self._head(),
        )

    def _state_view(self, state: BedState, slot: str, moment: Moment) -> views.Make:
        pump = state.pump(slot)
        assert pump is not None, slot
        info = self._bedside.setup.info(slot)
        return partial(views.bed_state, state, pump, info, moment, publish_drug_name=self._publish_drug_name)
