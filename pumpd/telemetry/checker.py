"""Judges a stream of messages by what docs/telemetry.md promises: an oracle for tests, the demo and other people's CI.

Pure: messages go in with the time they arrived, findings come out. It knows the models and the tree, and nothing of how
the publisher works. Three kinds of promises are held against the stream: each message by itself (schema, topic,
slot), messages in a row (numbers without gap, a delivered volume that never falls), and what stands at the
broker (`standing`: whatever is retained must belong to the boot that `status` says is up).

A repeated message with the same number and the same bytes is what QoS 1 may do, and is no finding. Keys that this
version does not know are noted, since a newer daemon may add some.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from pumpd.core.look import MOVING
from pumpd.telemetry import payloads as p
from pumpd.telemetry.payloads import decode, unknown_keys
from pumpd.telemetry.topics import BED_SLOT, Kind, Place, Topic, parse

FINDINGS_MAX: Final = 1_000  # beyond it they are only counted
COUNTS_MAX: Final = 4_096  # slots, kinds and boots whose numbers are remembered
MISSING_MAX: Final = 1_000  # numbers that may still come late, of one count
RECENT_MAX: Final = 64  # messages whose bytes are remembered, of one count
SETTLE_MS: Final = 5_000  # what stands is judged when nothing changed for this long
SILENT_STATE_MS: Final = 30_000  # three heartbeats
SILENT_TELEMETRY_MS: Final = 10_000  # ten samples


class Fault(Enum):
    """What can be wrong."""

    TOPIC = "topic"
    SCHEMA = "schema"
    RETAIN = "retain"
    GAP = "gap"
    LATE = "late"
    RENUMBERED = "renumbered"
    BACKWARDS = "backwards"
    NO_STATUS = "no_status"
    STALE = "stale"
    SILENT = "silent"
    ALARM_COUNT = "alarm_count"
    UNKNOWN_KEY = "unknown_key"

    @property
    def is_note(self) -> bool:
        """Told, but no failure."""
        return self is Fault.UNKNOWN_KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    fault: Fault
    topic: str
    text: str


@dataclass(slots=True, kw_only=True)
class _Count:
    """Numbers of one boot, slot and kind."""

    last: int
    missing: set[int] = field(default_factory=set)
    recent: OrderedDict[int, bytes] = field(default_factory=OrderedDict)


@dataclass(slots=True, kw_only=True)
class _Bed:
    """What is known to stand at the broker for one bed."""

    since_ms: int
    status: p.Status | None = None
    changed_ms: int | None = None  # when status or alarms last changed before our eyes
    alarms: dict[str, tuple[Topic, p.Alarm]] = field(default_factory=dict)
    retained: dict[str, p.Payload] = field(default_factory=dict)  # about, link, state
    live_ms: dict[str, int] = field(default_factory=dict)  # topic -> when it last came live


class Checker:
    """`take` every message, then look at `findings` and `standing`."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.messages: dict[Kind, int] = dict.fromkeys(Kind, 0)
        self.unlisted = 0  # findings beyond FINDINGS_MAX
        self._counts: OrderedDict[tuple[Place, str, str, Kind], _Count] = OrderedDict()
        self._beds: dict[Place, _Bed] = {}
        self._lows: dict[tuple[Place, str, Kind], tuple[str, str | None, float]] = {}

    @property
    def gaps(self) -> int:
        """Numbers that never came."""
        return sum(len(count.missing) for count in self._counts.values())

    @property
    def beds(self) -> tuple[Place, ...]:
        return tuple(self._beds)

    def faults(self, at_ms: int) -> tuple[Finding, ...]:
        """Everything that is wrong, notes left out."""
        return tuple(each for each in (*self.findings, *self.standing(at_ms)) if not each.fault.is_note)

    def take(self, topic: str, payload: bytes, *, retained: bool, at_ms: int) -> None:
        parsed = parse(topic)
        if parsed is None:
            self._find(Fault.TOPIC, topic, "is not a topic of this tree")
            return
        self.messages[parsed.kind] += 1
        bed = self._beds.setdefault(parsed.place, _Bed(since_ms=at_ms))
        if retained and not parsed.kind.retained:
            self._find(Fault.RETAIN, topic, "is retained, and would look new to whoever comes later")
        if not payload and parsed.kind.retained:
            self._cleared(topic, bed, at_ms)
            return
        message, wrong = decode(parsed.kind, payload)
        for text in wrong:
            self._find(Fault.SCHEMA, topic, text)
        if message is None:
            return
        for key in unknown_keys(parsed.kind, payload):
            self._find(Fault.UNKNOWN_KEY, topic, f"{key} is no key of this version")
        slot = getattr(message, "slot", BED_SLOT)
        if slot != parsed.slot:
            self._find(Fault.SCHEMA, topic, f"slot: says {slot}")
        if not retained:
            self._number(topic, parsed, message, payload)
            bed.live_ms[topic] = at_ms
        self._stands(topic, parsed, message, bed, None if retained else at_ms)

    def standing(self, at_ms: int) -> tuple[Finding, ...]:
        """What is wrong with what stands at the broker, now. Not kept: it may have been a moment between two."""
        found: list[Finding] = []
        for place, bed in self._beds.items():
            if bed.changed_ms is None or at_ms - bed.changed_ms >= SETTLE_MS:
                found += _stale(place, bed)
                found += _miscounted(bed)
            found += _silent(place, bed, at_ms)
        return tuple(found)

    # --- one message ------------------------------------------------------------------------------------------

    def _find(self, fault: Fault, topic: str, text: str) -> None:
        if len(self.findings) >= FINDINGS_MAX:
            self.unlisted += 1
            return
        self.findings.append(Finding(fault=fault, topic=topic, text=text))

    def _cleared(self, topic: str, bed: _Bed, at_ms: int) -> None:
        bed.alarms.pop(topic, None)
        bed.retained.pop(topic, None)
        bed.changed_ms = at_ms

    def _stands(self, topic: str, parsed: Topic, message: p.Payload, bed: _Bed, live_ms: int | None) -> None:
        match message:
            case p.Status():
                if live_ms is not None and (bed.status is None or _differs(bed.status, message)):
                    bed.changed_ms = live_ms
                bed.status = message
            case p.Alarm():
                bed.alarms[topic] = parsed, message
                bed.changed_ms = live_ms if live_ms is not None else bed.changed_ms
                if parsed.alarm_id != message.alarm_id:
                    self._find(Fault.SCHEMA, topic, f"alarm_id: says {message.alarm_id}")
            case p.About() | p.Link() | p.State():
                bed.retained[topic] = message
        if isinstance(message, p.Telemetry):
            self._volume(topic, parsed, message)

    def _volume(self, topic: str, parsed: Topic, message: p.Telemetry) -> None:
        """What went in stays in: the lower bound of one infusion never falls."""
        if message.delivered_low_ml is None:
            return
        # by kind, since the two are sent on different ways; by boot, since a crash loses what no checkpoint has
        key = parsed.place, parsed.slot, parsed.kind
        boot, infusion, low = self._lows.get(key, ("", None, 0.0))
        now = message.delivered_low_ml
        if (boot, infusion) == (message.boot, message.infusion_id) and now < low:
            self._find(Fault.BACKWARDS, topic, f"delivered_low_ml fell from {low} to {now}")
            return
        self._lows[key] = message.boot, message.infusion_id, now

    def _number(self, topic: str, parsed: Topic, message: p.Payload, payload: bytes) -> None:
        seq: int | None = getattr(message, "seq", None)
        if seq is None:
            return  # a last will
        key = parsed.place, message.boot, parsed.slot, parsed.kind
        count = self._counts.get(key)
        if count is None:
            while len(self._counts) >= COUNTS_MAX:
                self._counts.popitem(last=False)
            count = self._counts[key] = _Count(last=seq)
        elif seq > count.last:
            self._gap(topic, count, seq)
            count.last = seq
        elif seq in count.missing:
            count.missing.discard(seq)
            self._find(Fault.LATE, topic, f"number {seq} came after {count.last}")
        elif count.recent.get(seq, payload) != payload:
            self._find(Fault.RENUMBERED, topic, f"number {seq} came twice, with different contents")
        count.recent[seq] = payload
        while len(count.recent) > RECENT_MAX:
            count.recent.popitem(last=False)

    def _gap(self, topic: str, count: _Count, seq: int) -> None:
        lost = seq - count.last - 1
        if lost == 0:
            return
        self._find(Fault.GAP, topic, f"{lost} missing between {count.last} and {seq}")
        count.missing.update(range(count.last + 1, min(seq, count.last + 1 + MISSING_MAX)))
        while len(count.missing) > MISSING_MAX:
            count.missing.discard(min(count.missing))


def _differs(before: p.Status, now: p.Status) -> bool:
    return (before.boot, before.state) != (now.boot, now.state)


def _stale(place: Place, bed: _Bed) -> Iterator[Finding]:
    """Retained values that nobody stands behind."""
    if bed.status is None:
        yield Finding(fault=Fault.NO_STATUS, topic=place.status, text="nothing is retained here")
        return
    for topic, (_, alarm) in bed.alarms.items():
        if bed.status.state != "up":
            yield Finding(fault=Fault.STALE, topic=topic, text=f"is retained while status is {bed.status.state}")
        elif alarm.boot != bed.status.boot:
            yield Finding(fault=Fault.STALE, topic=topic, text=f"is of boot {alarm.boot}, not {bed.status.boot}")
    for topic, message in bed.retained.items():
        if bed.status.state == "up" and message.boot != bed.status.boot:
            yield Finding(fault=Fault.STALE, topic=topic, text=f"is of boot {message.boot}, not {bed.status.boot}")


def _miscounted(bed: _Bed) -> Iterator[Finding]:
    """`state` and the alarm topics tell the same number."""
    if bed.status is None or bed.status.state != "up":
        return
    for topic, message in bed.retained.items():
        if isinstance(message, p.State):
            alarms = sum(alarm.slot in {message.slot, BED_SLOT} for _, alarm in bed.alarms.values())
            if alarms != message.alarm_count:
                text = f"alarm_count is {message.alarm_count}, {alarms} alarm topics stand"
                yield Finding(fault=Fault.ALARM_COUNT, topic=topic, text=text)


def _silent(place: Place, bed: _Bed, at_ms: int) -> Iterator[Finding]:
    """A daemon that is up says so."""
    if bed.status is None or bed.status.state != "up":
        return
    for topic, message in bed.retained.items():
        if not isinstance(message, p.State):
            continue
        heard_ms = bed.live_ms.get(topic, bed.since_ms)
        if at_ms - heard_ms > SILENT_STATE_MS:
            yield Finding(fault=Fault.SILENT, topic=topic, text=f"nothing for {(at_ms - heard_ms) // 1_000} s")
        if message.phase in MOVING:
            telemetry = place.of(message.slot, Kind.TELEMETRY)
            heard_ms = max(bed.live_ms.get(telemetry, bed.since_ms), message.phase_since_ts_ms)
            if at_ms - heard_ms > SILENT_TELEMETRY_MS:
                text = f"nothing for {(at_ms - heard_ms) // 1_000} s, while the pump may move"
                yield Finding(fault=Fault.SILENT, topic=telemetry, text=text)
