"""The journal's file: SQLite in WAL mode with synchronous=FULL, append only, held by one daemon at a time.

A commit has reached the disk when it returns: WAL with FULL syncs the log at each commit, so a power cut
costs at most what was never reported durable. Two triggers refuse UPDATE and DELETE: no proof
against somebody with the file in hand (the chain of hashes is for that), but against a slip.

`verify` reads a journal while a daemon writes it, or a copy long after, and finds every edit and gap.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from pumpd.errors import JournalBroken, JournalUnavailable
from pumpd.journal_rows import FACTS_LOST, FactsLost, Head, Row, Stored, decode, faults_of_chain

_APPLICATION_ID: Final = 0x70756D70  # "pump", so that file(1) and we know the file
_SCHEMA: Final = 1
_BUSY_MS: Final = 1_000  # a checkpoint of a reader takes milliseconds; longer is told as a failure and retried
_FAULTS_TOLD_MAX: Final = 100  # one edit gives one or two; more rows than this help nobody

_CREATE: Final = f"""
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_SCHEMA};
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY CHECK (seq > 0),
    boot TEXT NOT NULL, at_ns INTEGER NOT NULL, wall_ms INTEGER NOT NULL,
    slot TEXT, visit TEXT,
    kind TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
    prev TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TRIGGER no_update BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
CREATE TRIGGER no_delete BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
"""
_COLUMNS: Final = "seq, boot, at_ns, wall_ms, slot, visit, kind, version, body, prev, hash"
_INSERT: Final = f"INSERT INTO journal ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # our own names
_SELECT: Final = f"SELECT {_COLUMNS} FROM journal ORDER BY seq"  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyResult:
    """`faults` is empty when every row stands as it was written; `lost` counts facts that found no room."""

    rows: int
    head: Head
    faults: tuple[str, ...]
    lost: int

    @property
    def holds(self) -> bool:
        return not self.faults


class JournalFile:
    """The one writer, for one thread at a time. Raises sqlite3.Error and OSError, for its caller to retry."""

    def __init__(self, path: Path, lock: int, connection: sqlite3.Connection) -> None:
        self.path = path
        self._lock = lock
        self._connection = connection
        self._inode = path.stat().st_ino

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises JournalUnavailable when it cannot be written here, JournalBroken when it is no journal."""
        with ExitStack() as undo:  # what was opened is closed again unless all of it worked
            lock = _hold(path)
            undo.callback(os.close, lock)
            try:
                with suppress(FileExistsError):
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
                connection = sqlite3.connect(
                    path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1_000
                )
                undo.callback(connection.close)
                _prepare(path, connection)
                opened = cls(path, lock, connection)
            except (OSError, sqlite3.OperationalError) as error:
                raise JournalUnavailable(f"{path}: cannot be written: {error}") from error
            except sqlite3.DatabaseError as error:
                raise JournalBroken(f"{path}: not a journal: {error}; move it away and look into it") from error
            undo.pop_all()
        return opened

    def last(self) -> Head:
        found = self._connection.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
        return Head() if found is None else Head(seq=found[0], hash=found[1])

    def write(self, rows: Sequence[Stored]) -> None:
        """All of them durable when this returns, none of them when it raises."""
        self._require_same_file()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, [_values(stored) for stored in rows])
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        self._connection.close()
        os.close(self._lock)

    def _require_same_file(self) -> None:
        """SQLite goes on writing into a file that was deleted under it, and nobody would ever read that."""
        if self.path.stat().st_ino != self._inode:
            raise FileNotFoundError(f"{self.path} was replaced by another file while the daemon ran")


def read(path: Path) -> Iterator[Stored]:
    """Every row, as one moment of the file, damage included. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        connection.text_factory = _text_whatever_it_holds
        try:
            for values in connection.execute(_SELECT):
                yield _stored(*values)
        except UnicodeDecodeError as error:  # Python could not even read the text of SQLite's complaint
            raise sqlite3.DatabaseError("the description of the table is damaged") from error


def _stored(seq: int, *values: object) -> Stored:
    boot, at_ns, wall_ms, slot, visit, kind, version, body, prev, digest = values
    row = Row(
        seq=seq,
        boot=_text(boot),
        at_ns=_number(at_ns),
        wall_ms=_number(wall_ms),
        slot=None if slot is None else _text(slot),
        visit=None if visit is None else _text(visit),
        kind=_text(kind),
        version=_number(version),
        body=_text(body),
    )
    return Stored(row=row, prev=_text(prev), hash=_text(digest))


def _text_whatever_it_holds(data: bytes) -> str:
    """A damaged character becomes another one, which the hash then does not fit."""
    return data.decode("utf-8", "replace")


def _text(value: object) -> str:
    """A damaged file can hold anything in any column; what is not as written must only be unlike it."""
    return value if isinstance(value, str) else repr(value)


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1


def verify(path: Path, known: Sequence[Head] = ()) -> VerifyResult:
    """Read all of it; `known` are heads that went out earlier, against which a cut tail shows."""
    count = lost = 0
    head = Head()
    faults: list[str] = []

    def counted() -> Iterator[Stored]:
        nonlocal count, lost, head
        for stored in read(path):
            count += 1
            head = Head(seq=stored.row.seq, hash=stored.hash)
            lost += _lost_in(stored.row)
            yield stored

    if not path.is_file():
        return VerifyResult(rows=0, head=head, faults=(f"there is no file {path}",), lost=0)
    try:
        faults = list(faults_of_chain(counted(), known))
    except sqlite3.Error as error:
        faults.append(f"the file cannot be read behind row {head.seq}: {error}")
    hidden = len(faults) - _FAULTS_TOLD_MAX
    more = (f"and {hidden} more",) if hidden > 0 else ()
    return VerifyResult(rows=count, head=head, faults=(*faults[:_FAULTS_TOLD_MAX], *more), lost=lost)


def _lost_in(row: Row) -> int:
    if row.kind != FACTS_LOST:
        return 0
    with suppress(JournalBroken):
        match decode(row.kind, row.version, row.body):
            case FactsLost(count=count):
                return count
    return 0


def _hold(path: Path) -> int:
    """A lock beside the file: SQLite itself would let two daemons interleave their rows."""
    name = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalUnavailable(
            f"{path}: cannot be written: {error.strerror}; the folder has to belong to the daemon's user"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(lock, 32).decode("ascii", "replace").strip() or "?"
        os.close(lock)
        raise JournalUnavailable(
            f"{path}: another pumpd (process {holder}) holds this journal; one daemon serves one bed"
        ) from error
    os.ftruncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    schema = connection.execute("PRAGMA user_version").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if not empty and application != _APPLICATION_ID:
        raise JournalBroken(f"{path}: a database of something else, not a journal; nothing was changed in it")
    if not empty and schema != _SCHEMA:
        raise JournalUnavailable(
            f"{path}: written by another version of pumpd (schema {schema}, this one writes {_SCHEMA})"
        )
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    if empty:
        connection.executescript(f"BEGIN IMMEDIATE; {_CREATE} COMMIT;")


def _values(stored: Stored) -> tuple[object, ...]:
    row = stored.row
    return (
        row.seq,
        row.boot,
        row.at_ns,
        row.wall_ms,
        row.slot,
        row.visit,
        row.kind,
        row.version,
        row.body,
        stored.prev,
        stored.hash,
    )
