"""The bed's journal: facts become rows at once, and durable a moment later, on a thread of its own.

`append` numbers and hashes the rows on the event loop: their order is the order of decisions, and nobody waits.
One writer thread takes what has gathered and commits it in one transaction (group commit): a busy moment
costs one sync of the disk and not fifty. The facts of one decision are never torn apart by a crash.

When the disk is full, slow or gone the rows wait in memory, in order, and the writer tries again with a
back-off. The bed hears it through `on_failed` and refuses increases; stops, reads and running infusions do not notice
(wall 6). Memory has a limit too. Beyond it new facts are counted instead of kept, and the first row
after the outage says how many are missing: a journal with an honest hole rather than a daemon that dies
of memory with a pump running. At a checkpoint every 30 s on four pumps that takes about 40 hours.

The thread is a daemon thread on purpose: a disk that hangs must not keep a process alive that systemd
wants to replace. What was not durable then is what a power cut would have taken.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeVarTuple

from pumpd.core.facts import Fact
from pumpd.errors import JournalBroken
from pumpd.journal_file import JournalFile, VerifyResult, read, verify
from pumpd.journal_rows import (
    NEVER_DURABLE,
    Entry,
    FactsLost,
    FactStore,
    Head,
    Stored,
    entry_of,
    faults_of_link,
    is_durable,
    next_hash,
    row_of,
)

__all__ = [
    "NEVER_DURABLE",
    "Entry",
    "FactStore",
    "FactsLost",
    "Head",
    "Journal",
    "VerifyResult",
    "read_entries",
    "verify",
]

Ts = TypeVarTuple("Ts")

ROWS_WAITING_MAX: Final = 20_000  # checkpoints of four pumps for 40 h, in 12 MiB as measured
ROWS_COMMIT_MAX: Final = 512  # one commit of these takes about as long as one of one row
RETRY_FIRST_S: Final = 0.05
RETRY_LONGEST_S: Final = 2.0  # a disk that has room again is noticed before the nurse has read the alarm
SLOW_S: Final = 2.0
CLOSE_LIMIT_S: Final = 1.0  # a hand-over has to be out within 2 s


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """The rows of one decision, and since when they wait, in the loop's time."""

    rows: tuple[Stored, ...]
    since_s: float

    @property
    def head(self) -> Head:
        return Head(seq=self.rows[-1].row.seq, hash=self.rows[-1].hash)


class Journal:
    """A FactStore on disk. All methods belong to the loop on which it was opened."""

    def __init__(self, file: JournalFile, boot: str, slow_s: float) -> None:
        self.on_committed: Callable[[int], None] = _ignore
        self.on_failed: Callable[[str], None] = _ignore
        self.on_recovered: Callable[[], None] = _ignore
        self._file = file
        self._boot = boot
        self._slow_s = slow_s
        self._loop = asyncio.get_running_loop()
        self._head = self._committed = file.last()
        self._waiting: deque[_Waiting] = deque()  # appended by the loop, taken off by the loop once durable
        self._lost = 0
        self._lost_stamp = (0, 0)  # at_ns and wall_ms of the last fact that found no room
        self._down = False
        self._slow_timer: asyncio.TimerHandle | None = None
        self._wake = threading.Condition()
        self._handed: deque[_Waiting] = deque()  # guarded by _wake: what the writer has not taken yet
        self._closing = False  # guarded by _wake
        self._ended = asyncio.Event()
        self._writer = threading.Thread(target=self._write_until_closed, name="journal", daemon=True)
        self._writer.start()

    @classmethod
    def open(cls, path: Path, boot: str, *, slow_s: float = SLOW_S) -> Self:
        """On the running loop; `boot` is this run of the daemon. Raises JournalUnavailable or JournalBroken.

        The chain is checked by `read_all`, which a daemon folds before it appends.
        """
        return cls(JournalFile.open(path), boot, slow_s)

    @property
    def head(self) -> Head:
        return self._head

    @property
    def committed(self) -> Head:
        return self._committed

    @property
    def committed_seq(self) -> int:
        return self._committed.seq

    def append(self, facts: Sequence[Fact], *, at_ns: int, wall_ms: int) -> int:
        durable = [fact for fact in facts if is_durable(fact)]
        if not durable:
            return self._head.seq
        if self._lost or self._rows_waiting() + len(durable) > ROWS_WAITING_MAX:
            self._lost += len(durable)
            self._lost_stamp = (at_ns, wall_ms)
            return NEVER_DURABLE
        self._chain(durable, at_ns=at_ns, wall_ms=wall_ms)
        return self._head.seq

    def read_all(self) -> Iterator[Entry]:
        return read_entries(self._file.path)

    async def close(self) -> int:
        """Write what waits, for CLOSE_LIMIT_S at most. Returns how many facts did not become durable."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await self._ended.wait()
        if self._slow_timer is not None:
            self._slow_timer.cancel()
        return self._rows_waiting() + self._lost

    # --- on the loop ------------------------------------------------------------------------------------

    def _rows_waiting(self) -> int:
        return self._head.seq - self._committed.seq

    def _chain(self, facts: Sequence[Fact | FactsLost], *, at_ns: int, wall_ms: int) -> None:
        rows = []
        head = self._head
        for fact in facts:
            row = row_of(fact, seq=head.seq + 1, boot=self._boot, at_ns=at_ns, wall_ms=wall_ms)
            stored = Stored(row=row, prev=head.hash, hash=next_hash(head.hash, row))
            rows.append(stored)
            head = Head(seq=row.seq, hash=stored.hash)
        self._head = head
        group = _Waiting(rows=tuple(rows), since_s=self._loop.time())
        self._waiting.append(group)
        if self._slow_timer is None:
            self._slow_timer = self._loop.call_at(group.since_s + self._slow_s, self._look_for_slowness)
        with self._wake:
            self._handed.append(group)
            self._wake.notify()

    def _look_for_slowness(self) -> None:
        self._slow_timer = None
        if not self._waiting:
            return
        due_s = self._waiting[0].since_s + self._slow_s
        if due_s > self._loop.time():
            self._slow_timer = self._loop.call_at(due_s, self._look_for_slowness)
        else:
            self._fail(f"{self._file.path}: nothing became durable for {self._slow_s:g} s: the disk is slow")

    def _fail(self, text: str) -> None:
        if not self._down:
            self._down = True
            self.on_failed(text)

    def _became_durable(self, head: Head) -> None:
        self._committed = head
        while self._waiting and self._waiting[0].rows[-1].row.seq <= head.seq:
            self._waiting.popleft()
        if self._lost and self._rows_waiting() < ROWS_WAITING_MAX:
            missing, self._lost = FactsLost(count=self._lost), 0
            self._chain([missing], at_ns=self._lost_stamp[0], wall_ms=self._lost_stamp[1])
        self.on_committed(head.seq)
        late = self._waiting and self._waiting[0].since_s + self._slow_s <= self._loop.time()
        if self._down and not late:
            self._down = False
            self.on_recovered()

    # --- on the writer thread ---------------------------------------------------------------------------

    def _write_until_closed(self) -> None:
        while groups := self._take():
            rows = [stored for group in groups for stored in group.rows]
            if not self._write(rows):
                break
            self._tell(self._became_durable, groups[-1].head)
        self._file.close()
        self._tell(self._ended.set)

    def _take(self) -> list[_Waiting]:
        """Whole decisions, as many as fit into one commit; empty when it is time to go."""
        with self._wake:
            self._wake.wait_for(lambda: self._handed or self._closing)
            groups: list[_Waiting] = []
            count = 0
            while self._handed and (not groups or count + len(self._handed[0].rows) <= ROWS_COMMIT_MAX):
                groups.append(self._handed.popleft())
                count += len(groups[-1].rows)
            return groups

    def _write(self, rows: list[Stored]) -> bool:
        """Try until it is durable; False when the journal was closed meanwhile."""
        pause_s = RETRY_FIRST_S
        while True:
            try:
                self._file.write(rows)
            except (sqlite3.Error, OSError) as error:
                self._tell(self._fail, f"{self._file.path}: {error}; {len(rows)} facts wait in memory")
                with self._wake:
                    if self._wake.wait_for(lambda: self._closing, timeout=pause_s):
                        return False
                pause_s = min(2 * pause_s, RETRY_LONGEST_S)
            else:
                return True

    def _tell(self, what: Callable[[*Ts], None], *args: *Ts) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left who could be told
            self._loop.call_soon_threadsafe(what, *args)


def read_entries(path: Path) -> Iterator[Entry]:
    """Every entry, decoded as it is read. Raises JournalBroken at the first row that was tampered with."""
    last = Head()
    try:
        for stored in read(path):
            for fault in faults_of_link(last, stored):
                raise JournalBroken(f"{path}: {fault}; see `pumpd journal verify`")
            last = Head(seq=stored.row.seq, hash=stored.hash)
            yield entry_of(stored.row)
    except sqlite3.Error as error:
        raise JournalBroken(
            f"{path}: cannot be read behind row {last.seq}: {error}; see `pumpd journal verify`"
        ) from error


def _ignore(*_: object) -> None:
    """Until somebody listens."""
