"""The tree of topics: what stands where, how it is sent, and how a topic is read back.

    pumpd/1/{site}/{ward}/{bed}/status                  retained; the broker publishes it when the daemon dies
    pumpd/1/{site}/{ward}/{bed}/{slot}/about            retained
    pumpd/1/{site}/{ward}/{bed}/{slot}/link             retained
    pumpd/1/{site}/{ward}/{bed}/{slot}/state            retained
    pumpd/1/{site}/{ward}/{bed}/{slot}/telemetry
    pumpd/1/{site}/{ward}/{bed}/{slot}/event
    pumpd/1/{site}/{ward}/{bed}/{slot}/alarm/{id}       retained while active, cleared by an empty payload
    pumpd/1/{site}/{ward}/{bed}/{slot}/backfill
    pumpd/1/{site}/{ward}/{bed}/bed/alarm/{id}          the same, for alarms of no single pump

The daemon belongs to a bed and pumps wander, so the slot (p1..p4) is a level and a serial number is not. The
number behind `pumpd` grows when a reader of the old tree could misunderstand the new one, and only then.
QoS and retain stand in the table below; the schema, the documentation and the publisher all take them from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

ROOT: Final = "pumpd/1"
BED_SLOT: Final = "bed"  # stands where a slot does, for alarms of the bed as a whole
SLOTS: Final = ("p1", "p2", "p3", "p4")

_LEVEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?"
_TOPIC: Final = re.compile(
    rf"{ROOT}/(?P<site>{_LEVEL})/(?P<ward>{_LEVEL})/(?P<bed>{_LEVEL})/(?:(?P<status>status)|"
    rf"(?P<slot>p[1-4])/(?P<kind>about|link|state|telemetry|event|backfill)|"
    rf"(?P<alarm_slot>p[1-4]|{BED_SLOT})/alarm/(?P<alarm>[0-9]{{1,18}}))",
    re.ASCII,
)


class Kind(Enum):
    """What a topic carries."""

    STATUS = "status"
    ABOUT = "about"
    LINK = "link"
    STATE = "state"
    TELEMETRY = "telemetry"
    EVENT = "event"
    ALARM = "alarm"
    BACKFILL = "backfill"

    @property
    def retained(self) -> bool:
        """The broker keeps the last one for whoever comes later."""
        return self in {Kind.STATUS, Kind.ABOUT, Kind.LINK, Kind.STATE, Kind.ALARM}

    @property
    def qos(self) -> int:
        """0 only where the next one follows within a second and tells the same."""
        return 0 if self is Kind.TELEMETRY else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One bed in the tree."""

    site: str
    ward: str
    bed: str

    @property
    def prefix(self) -> str:
        return f"{ROOT}/{self.site}/{self.ward}/{self.bed}"

    @property
    def status(self) -> str:
        return f"{self.prefix}/status"

    def of(self, slot: str, kind: Kind) -> str:
        assert kind not in {Kind.STATUS, Kind.ALARM}, kind
        return f"{self.prefix}/{slot}/{kind.value}"

    def alarm(self, slot: str | None, alarm_id: int) -> str:
        return f"{self.prefix}/{slot or BED_SLOT}/alarm/{alarm_id}"

    @property
    def retained_filters(self) -> tuple[str, ...]:
        """Subscriptions that find every retained topic of this bed but `status`."""
        kinds = ("about", "link", "state", "alarm/+")
        return tuple(f"{self.prefix}/+/{kind}" for kind in kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic, taken apart; `slot` is `bed` for what belongs to no single pump."""

    place: Place
    slot: str
    kind: Kind
    alarm_id: int | None = None


def parse(topic: str) -> Topic | None:
    """None for a topic that is not of this tree."""
    match = _TOPIC.fullmatch(topic)
    if match is None:
        return None
    place = Place(site=match["site"], ward=match["ward"], bed=match["bed"])
    if match["status"]:
        return Topic(place=place, slot=BED_SLOT, kind=Kind.STATUS)
    if match["alarm"]:
        return Topic(place=place, slot=match["alarm_slot"], kind=Kind.ALARM, alarm_id=int(match["alarm"]))
    return Topic(place=place, slot=match["slot"], kind=Kind(match["kind"]))
