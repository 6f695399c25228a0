"""Listens to the broker from before the daemon's first word until after its last, and believes nobody.

It is what a dashboard is: a client of MQTT alone. It counts for itself: numbers by boot, slot and kind start at 1, so
that with a broker that was empty every missing number is a lost message, the first included. Beside it runs the
checker that `pumpd mqtt check` has, which knows the schemas.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import Any, Final, Self

import aiomqtt

from pumpd.clock import SystemClock
from pumpd.demo_parts import HERE
from pumpd.errors import DemoError
from pumpd.telemetry.checker import Checker
from pumpd.telemetry.topics import ROOT

NL_PER_ML: Final = 1_000_000


class Witness:
    def __init__(self) -> None:
        self.messages = 0
        self.checker = Checker()
        self.states: list[dict[str, Any]] = []  # of every slot, in order
        self.events: list[dict[str, Any]] = []
        self.statuses: list[str] = []
        self._numbers: dict[tuple[str, str, str], set[int]] = {}
        self._clock = SystemClock()
        self._heard = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def listening(cls, port: int) -> AsyncIterator[Self]:
        """From when the broker has confirmed the subscription, until the block ends. Raises DemoError."""
        witness = cls()
        try:
            async with aiomqtt.Client(HERE, port, identifier="demo-witness") as client:
                await client.subscribe(f"{ROOT}/#", qos=1)
                hearing = asyncio.create_task(witness._hear(client))
                try:
                    yield witness
                finally:
                    hearing.cancel()
                    await asyncio.wait([hearing])
                if not hearing.cancelled():
                    hearing.result()  # it ended by itself: with what?
        except aiomqtt.MqttError as error:
            raise DemoError(f"the witness lost the broker at {HERE}:{port}: {error}") from error

    async def _hear(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes), type(message.payload)
            self.take(message.topic.value, message.payload, retained=message.retain)

    def take(self, topic: str, payload: bytes, *, retained: bool = False) -> None:
        """One message."""
        self.messages += 1
        self.checker.take(topic, payload, retained=retained, at_ms=self._clock.wall_ms())
        with suppress(ValueError):  # no JSON, or nothing: the checker says so where it matters
            said = json.loads(payload, parse_float=Decimal)
            if isinstance(said, dict):
                self._read(topic, said)
        self._heard.set()

    def _read(self, topic: str, said: dict[str, Any]) -> None:
        levels = topic.split("/")  # pumpd/1/site/ward/bed/ and then status, slot/kind or slot/alarm/id
        slot, kind = ("bed", levels[5]) if len(levels) == 6 else (levels[5], levels[6])
        match kind:
            case "status":
                self.statuses.append(str(said.get("state")))
            case "state":
                self.states.append(said)
            case "event":
                self.events.append(said)
            case _:
                pass
        if "seq" in said and "boot" in said:  # a last will has no number
            self._numbers.setdefault((str(said["boot"]), slot, kind), set()).add(int(said["seq"]))

    # --- what it has to say -----------------------------------------------------------------------------

    @property
    def gaps(self) -> int:
        """Numbers that never came, the first of each count included."""
        return sum(max(numbers) - len(numbers) for numbers in self._numbers.values())

    @property
    def last_journal_row(self) -> int:
        """The highest row of the journal that an event named."""
        return max((event["id"] for event in self.events if "id" in event), default=0)

    def acts(self, slot: str) -> tuple[str, ...]:
        """What people asked, as published."""
        asked = (each for each in self.events if each.get("event") == "person_asked" and each.get("slot") == slot)
        return tuple(str(each.get("action")) for each in asked)

    def delivered_nl(self, slot: str) -> tuple[int, int] | None:
        """At least and at most, by the last state."""
        said = self._last_state(slot)
        if "delivered_low_ml" not in said:
            return None
        return _nl(said["delivered_low_ml"]), _nl(said["delivered_high_ml"])

    def phase(self, slot: str) -> str | None:
        """By the last state."""
        return self._last_state(slot).get("phase")

    def _last_state(self, slot: str) -> dict[str, Any]:
        return next((each for each in reversed(self.states) if each.get("slot") == slot), {})

    def faults(self) -> tuple[str, ...]:
        """What the checker finds wrong now."""
        return tuple(
            f"{each.fault.value}: {each.topic}: {each.text}" for each in self.checker.faults(self._clock.wall_ms())
        )

    async def until(self, holds: Callable[[], bool], within_s: float) -> bool:
        """Whether it came to hold in time."""
        try:
            async with asyncio.timeout(within_s):
                while not holds():
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            return False
        return True


def _nl(value_ml: Decimal | int) -> int:
    exact = value_ml * NL_PER_ML
    assert exact == int(exact), f"{value_ml} is finer than a nanolitre"
    return int(exact)
