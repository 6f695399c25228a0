"""Measurements for plots and for backfill: many, small, and each of no consequence.

They are kept apart from the journal in every respect: own file, own thread, no hash, no sync at each row, and
dropped oldest first. A disk that is busy with a plot's past must never delay the row that a start waits
for, and a lost measurement is a gap in a line and not in the record.

The last hours are also in memory, thinned with age, so that a page is drawn without touching the disk: all of
the last quarter of an hour, then one in ten seconds and every change of phase or rate. In virtual time the
memory is all there is (`RecentSamples`), as a thread would take no time there.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final, Protocol

from pumpd.core.codes import Phase
from pumpd.core.units import NS_PER_S
from pumpd.errors import JournalUnavailable

ROWS_MAX: Final = 500_000
FLUSH_S: Final = 1.0  # what a crash may cost
ROWS_WAITING_MAX: Final = 2_000  # 4 pumps, a row a second, for 8 min of a disk that does not answer
RECENT_ROWS_MAX: Final = 900  # a slot's last 15 min at a row a second
COARSE_ROWS_MAX: Final = 3_000  # and 8 h before them at a row in ten seconds
_COARSE_NS: Final = 10 * NS_PER_S
_STOP_LIMIT_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look at a pump, in numbers. None is unknown, and stays unknown on every plot."""

    at_ns: int
    wall_ms: int
    slot: str
    phase: Phase
    asked_ul_per_h: int | None
    granted_ul_per_h: int | None
    measured_ul_per_h: int | None
    measured_uncertainty_ul_per_h: int | None
    delivered_low_nl: int
    delivered_high_nl: int
    age_ms: int | None  # of the pump's last report


_NAMES: Final = tuple(field.name for field in fields(Sample))
_CREATE: Final = """
CREATE TABLE IF NOT EXISTS sample (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ns INTEGER NOT NULL, wall_ms INTEGER NOT NULL, slot TEXT NOT NULL, phase TEXT NOT NULL,
    asked_ul_per_h INTEGER, granted_ul_per_h INTEGER,
    measured_ul_per_h INTEGER, measured_uncertainty_ul_per_h INTEGER,
    delivered_low_nl INTEGER NOT NULL, delivered_high_nl INTEGER NOT NULL,
    age_ms INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS by_time ON sample (slot, wall_ms);
"""
_INSERT: Final = f"INSERT INTO sample ({', '.join(_NAMES)}) VALUES ({', '.join('?' * len(_NAMES))})"  # noqa: S608  # our own names
_DROP: Final = "DELETE FROM sample WHERE number <= (SELECT max(number) FROM sample) - ?"
_READ: Final = f"""
SELECT {", ".join(_NAMES)} FROM sample WHERE slot = ? AND wall_ms >= ? ORDER BY wall_ms, number LIMIT ?
"""  # noqa: S608  # our own names


class SampleStore(Protocol):
    """What the bed's loop and the API need; both calls return at once."""

    def append(self, sample: Sample) -> None: ...

    def recent(self, slot: str, since_wall_ms: int = 0) -> tuple[Sample, ...]:
        """Oldest first, from memory."""
        ...


class RecentSamples:
    """The last hours of each slot, in memory."""

    def __init__(self) -> None:
        self._recent: dict[str, deque[Sample]] = {}
        self._coarse: dict[str, deque[Sample]] = {}

    def append(self, sample: Sample) -> None:
        recent = self._recent.setdefault(sample.slot, deque())
        recent.append(sample)
        if len(recent) > RECENT_ROWS_MAX:
            self._thin(recent.popleft())

    def recent(self, slot: str, since_wall_ms: int = 0) -> tuple[Sample, ...]:
        rows = (*self._coarse.get(slot, ()), *self._recent.get(slot, ()))
        return tuple(sample for sample in rows if sample.wall_ms >= since_wall_ms)

    def _thin(self, old: Sample) -> None:
        coarse = self._coarse.setdefault(old.slot, deque(maxlen=COARSE_ROWS_MAX))
        if not coarse or old.at_ns - coarse[-1].at_ns >= _COARSE_NS or _turn(coarse[-1], old):
            coarse.append(old)


def _turn(before: Sample, now: Sample) -> bool:
    return (before.phase, before.asked_ul_per_h, before.granted_ul_per_h) != (
        now.phase,
        now.asked_ul_per_h,
        now.granted_ul_per_h,
    )


class Samples:
    """On disk and in memory. `dropped` counts rows that a slow disk cost."""

    def __init__(self, path: Path, *, rows_max: int = ROWS_MAX) -> None:
        """Raises JournalUnavailable when the file cannot be made; a damaged one is put aside."""
        self.dropped = 0
        self._memory = RecentSamples()
        self._path = path
        self._rows_max = rows_max
        self._connection = _open(path)
        self._wake = threading.Condition()
        self._waiting: deque[Sample] = deque()  # guarded by _wake, as is _closing
        self._closing = False
        self._writer = threading.Thread(target=self._write_until_closed, name="samples", daemon=True)
        self._writer.start()

    def append(self, sample: Sample) -> None:
        """Never waits: the lock is held elsewhere only to swap a list."""
        self._memory.append(sample)
        with self._wake:
            if len(self._waiting) >= ROWS_WAITING_MAX:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(sample)

    def recent(self, slot: str, since_wall_ms: int = 0) -> tuple[Sample, ...]:
        return self._memory.recent(slot, since_wall_ms)

    def close(self) -> None:
        """Write what waits; half a second at most."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._writer.join(_STOP_LIMIT_S)

    def _write_until_closed(self) -> None:
        closing_now = False
        while not closing_now:
            with self._wake:
                closing_now = self._wake.wait_for(lambda: self._closing, timeout=FLUSH_S)
                rows = list(self._waiting)
                self._waiting.clear()
            if rows:
                self._write(rows)
        self._connection.close()

    def _write(self, rows: Sequence[Sample]) -> None:
        try:
            with self._connection:
                self._connection.executemany(_INSERT, [_values(row) for row in rows])
                self._connection.execute(_DROP, (self._rows_max,))
        except sqlite3.Error:
            self.dropped += len(rows)  # no second try: the next second brings new ones


def read(path: Path, slot: str, since_wall_ms: int, *, rows_max: int = 10_000) -> Iterator[Sample]:
    """From the file, oldest first, for backfill: in a thread, or in another process. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        for row in connection.execute(_READ, (slot, since_wall_ms, rows_max)):
            values = dict(zip(_NAMES, row, strict=True))
            yield Sample(**{**values, "phase": Phase(values["phase"])})


def _values(sample: Sample) -> tuple[object, ...]:
    return tuple(value.value if isinstance(value, Phase) else value for value in astuple(sample))


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            return _connect(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            path.replace(path.with_name(path.name + ".damaged"))
            for rest in ("-wal", "-shm"):
                with suppress(FileNotFoundError):
                    path.with_name(path.name + rest).unlink()
            return _connect(path)
    except (sqlite3.Error, OSError) as error:
        raise JournalUnavailable(f"{path}: cannot be written: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_CREATE)
    except sqlite3.Error:
        connection.close()
        raise
    return connection
