"""What waits for the broker: bounded, ordered, and honest about what it gave up. Pure; knows no MQTT client.

Four classes, because a slow or absent broker must cost the least important first:

- **retained** topics: only the newest of each counts. Their numbers are given when they leave, so that replacing
  one that waits is not a gap. While there is no broker none waits: a reconnect announces everything anew;
- **events** are kept, in order, up to a limit; beyond it the oldest goes and is counted;
- **telemetry** is numbered when it is taken. A sample that was never sent leaves a gap in the numbers on purpose:
  that is how a reader learns of it, and the backfill behind is how it gets it;
- **backfill** leaves only when nothing else waits.

A message stays until the broker has confirmed it (`done`). One that was in flight when the connection broke is sent
again with the same bytes: a reader sees the same number twice, never a number with two meanings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pumpd.telemetry.payloads import Payload, encode
from pumpd.telemetry.topics import BED_SLOT, Kind

EVENTS_MAX: Final = 2_000  # a busy day of one bed; about 1 MB
TELEMETRY_MAX: Final = 32  # 8 s of four pumps: older ones come better as backfill
BACKFILL_MAX: Final = 4  # the store is the queue; this only keeps the sender busy
AGAIN_MAX: Final = 2
RETAINED_MAX: Final = 256  # 4 slots x 3 topics, 64 alarms, and clearing as many, with room


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Ready to send. An empty payload clears a retained topic."""

    topic: str
    kind: Kind
    payload: bytes

    @property
    def retain(self) -> bool:
        return self.kind.retained

    @property
    def qos(self) -> int:
        return self.kind.qos


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    slot: str
    kind: Kind
    make: Callable[[int], Payload] | None  # None clears the topic


class Outbox:
    def __init__(self, woken: Callable[[], None]) -> None:
        self._woken = woken
        self._online = False
        self._numbers: dict[tuple[str, Kind], int] = {}
        self._retained: dict[str, _Waiting] = {}
        self._events: deque[Message] = deque()
        self._telemetry: deque[Message] = deque()
        self._backfill: deque[Message] = deque()
        self._flying: Message | None = None
        self._again: list[Message] = []  # cut off in flight: one `status` and one other at most
        self.dropped = 0
        self.overflowed = False  # a retained topic found no room: everything has to be announced anew

    def __len__(self) -> int:
        """Messages held, the one in flight included."""
        waiting = len(self._retained) + len(self._events) + len(self._telemetry) + len(self._backfill)
        return waiting + len(self._again) + (self._flying is not None)

    @property
    def nothing_live(self) -> bool:
        """Nothing waits that would have to go before a backfill."""
        return not (self._retained or self._events or self._telemetry or self._again)

    @property
    def backfill_full(self) -> bool:
        return len(self._backfill) >= BACKFILL_MAX

    def online(self) -> None:
        """A broker is there. What was retained is announced anew by whoever knows the state."""
        self._online = True
        self.overflowed = False

    def offline(self) -> None:
        self._online = False
        if self._flying is not None and self._flying.qos:
            self._again.insert(0, self._flying)
            assert len(self._again) <= AGAIN_MAX, self._again
        self._flying = None
        self._retained.clear()
        self._telemetry.clear()

    def retained(self, topic: str, slot: str, kind: Kind, make: Callable[[int], Payload] | None) -> None:
        """The newest of a retained topic; `make` gets its number when it leaves, None clears the topic."""
        if not self._online:
            return
        if topic not in self._retained and len(self._retained) >= RETAINED_MAX:
            self.overflowed = True
            self.dropped += 1
            return
        self._retained[topic] = _Waiting(slot=slot, kind=kind, make=make)
        self._woken()

    def event(self, topic: str, slot: str, make: Callable[[int], Payload]) -> None:
        payload = make(self._number(slot, Kind.EVENT))
        if len(self._events) >= EVENTS_MAX:
            self._events.popleft()
            self.dropped += 1
        self._events.append(Message(topic=topic, kind=Kind.EVENT, payload=encode(payload)))
        self._woken()

    def telemetry(self, topic: str, slot: str, make: Callable[[int], Payload]) -> bool:
        """False when a sample was given up, this one or the oldest: the backfill has to bring it."""
        seq = self._number(slot, Kind.TELEMETRY)
        if not self._online:
            return False
        fits = len(self._telemetry) < TELEMETRY_MAX
        if not fits:
            self._telemetry.popleft()
            self.dropped += 1
        self._telemetry.append(Message(topic=topic, kind=Kind.TELEMETRY, payload=encode(make(seq))))
        self._woken()
        return fits

    def backfill(self, topic: str, slot: str, make: Callable[[int], Payload]) -> None:
        assert not self.backfill_full, "ask backfill_full first"
        payload = make(self._number(slot, Kind.BACKFILL))
        self._backfill.append(Message(topic=topic, kind=Kind.BACKFILL, payload=encode(payload)))
        self._woken()

    def take(self) -> Message | None:
        """The next to send, and the same one again until `done`."""
        if self._flying is None:
            self._flying = self._next()
        return self._flying

    def done(self) -> None:
        """The broker has it."""
        assert self._flying is not None, "nothing was taken"
        self._flying = None

    def farewell(self, topic: str, make: Callable[[int], Payload]) -> Message:
        """The last message of this run, past everything that waits."""
        return Message(topic=topic, kind=Kind.STATUS, payload=encode(make(self._number(BED_SLOT, Kind.STATUS))))

    def _number(self, slot: str, kind: Kind) -> int:
        number = self._numbers.get((slot, kind), 0) + 1
        self._numbers[slot, kind] = number
        return number

    def _next(self) -> Message | None:
        # `status` comes first, since nothing counts before it is up; but never an old one behind a new one
        status = next((topic for topic, each in self._retained.items() if each.kind is Kind.STATUS), None)
        if self._again and (status is None or self._again[0].kind is Kind.STATUS):
            return self._again.pop(0)
        if self._retained:
            return self._made(status or next(iter(self._retained)))
        for queue in (self._events, self._telemetry, self._backfill):
            if queue:
                return queue.popleft()
        return None

    def _made(self, topic: str) -> Message:
        waiting = self._retained.pop(topic)
        if waiting.make is None:
            return Message(topic=topic, kind=waiting.kind, payload=b"")
        payload = waiting.make(self._number(waiting.slot, waiting.kind))
        return Message(topic=topic, kind=waiting.kind, payload=encode(payload))
