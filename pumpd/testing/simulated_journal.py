"""A journal in memory that takes its time, stalls and fails, by seed.

An inline journal would be durable before the next line of the bed's loop ran, and would hide the sixth wall: what waits
for the disk has to be seen waiting, and a stop has to be seen overtaking it. So rows become durable after a drawn
delay of milliseconds, now and then of seconds, and sometimes the disk is gone for a while and comes back.

Numbers and hashes come from the same functions as the real journal's, so a run's head hash stands for everything that
was decided in it. What a killed daemon had not made durable is gone: `survivors` is what the next one folds.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pumpd.core.facts import Fact
from pumpd.journal import Entry, FactsLost, Head
from pumpd.journal_rows import Stored, entry_of, is_durable, next_hash, row_of

GENESIS: Final = Head(seq=0, hash="0" * 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """How the disk behaves: delays in ms, chances in a thousand commits."""

    delay_ms: tuple[int, int] = (1, 8)
    stall_ms: tuple[int, int] = (200, 3_000)
    stall_per_mille: int = 0
    fail_ms: tuple[int, int] = (500, 20_000)
    fail_per_mille: int = 0


class SimulatedJournal:
    """A FactStore on the running loop."""

    def __init__(self, boot: str, chance: random.Random, disk: Disk, survivors: Sequence[Stored] = ()) -> None:
        self.on_committed: Callable[[int], None] = _ignore
        self.on_failed: Callable[[str], None] = _ignore
        self.on_recovered: Callable[[], None] = _ignore
        self.rows: list[Stored] = list(survivors)
        self._boot = boot
        self._chance = chance
        self._disk = disk
        self._committed = len(self.rows)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def head(self) -> Head:
        return self._at(len(self.rows))

    @property
    def committed(self) -> Head:
        return self._at(self._committed)

    @property
    def survivors(self) -> tuple[Stored, ...]:
        """What a kill leaves."""
        return tuple(self.rows[: self._committed])

    def slow_down(self, disk: Disk) -> None:
        """From the next commit on, the disk behaves like this."""
        self._disk = disk

    def append(self, facts: Sequence[Fact], *, at_ns: int, wall_ms: int) -> int:
        for fact in facts:
            if is_durable(fact):
                row = row_of(fact, seq=len(self.rows) + 1, boot=self._boot, at_ns=at_ns, wall_ms=wall_ms)
                prev = self.head.hash
                self.rows.append(Stored(row=row, prev=prev, hash=next_hash(prev, row)))
        if self._timer is None and self._committed < len(self.rows):
            self._begin_commit()
        return len(self.rows)

    def read_all(self) -> Iterator[Entry]:
        for stored in self.rows:
            yield entry_of(stored.row)

    def entries(self) -> list[Entry]:
        """Every entry so far, durable or not."""
        return list(self.read_all())

    def close(self) -> None:
        """The process is gone; nothing becomes durable any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _at(self, count: int) -> Head:
        return Head(seq=count, hash=self.rows[count - 1].hash) if count else GENESIS

    def _begin_commit(self) -> None:
        disk, chance = self._disk, self._chance
        upto = len(self.rows)
        wait_ms = chance.randint(*disk.delay_ms)
        fails = chance.randrange(1_000) < disk.fail_per_mille
        if fails:
            wait_ms = chance.randint(*disk.fail_ms)
            asyncio.get_running_loop().call_soon(self.on_failed, "the simulated disk is gone")
        elif chance.randrange(1_000) < disk.stall_per_mille:
            wait_ms = chance.randint(*disk.stall_ms)
        self._timer = asyncio.get_running_loop().call_later(wait_ms / 1_000, self._end_commit, upto, fails)

    def _end_commit(self, upto: int, failed: bool) -> None:  # noqa: FBT001  # a callback of the loop
        self._timer = None
        self._committed = upto
        if failed:
            self.on_recovered()
        self.on_committed(upto)
        if self._committed < len(self.rows):
            self._begin_commit()


def lost(entries: Sequence[Entry]) -> int:
    """How many facts a journal says that it lost."""
    return sum(1 for entry in entries if isinstance(entry.fact, FactsLost))


def _ignore(*_: object) -> None:
    """Until the bed listens."""
