"""A power cut leaves the journal's log cut off somewhere: whole decisions are read, and none that was promised lacks.

The file and its write-ahead log are copied as they stand after some decisions; the log is then cut at every boundary of
a frame and in between. SQLite's own recovery does the work; what is tested is that we asked it for what we promise.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pumpd.core.facts import AlarmOver
from pumpd.journal import read_entries, verify
from pumpd.journal_file import JournalFile
from pumpd.journal_rows import GENESIS, Stored, next_hash, row_of

DECISIONS, FACTS = 12, 3
EVERY_BYTES = 512
WAL_HEADER, FRAME = 32, 24 + 4_096


def rows(first_seq: int, prev: str) -> list[Stored]:
    found = []
    for seq in range(first_seq, first_seq + FACTS):
        row = row_of(AlarmOver(at_ns=seq, alarm_id=seq), seq=seq, boot="b1", at_ns=seq, wall_ms=seq)
        stored = Stored(row=row, prev=prev, hash=next_hash(prev, row))
        prev = stored.hash
        found.append(stored)
    return found


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, list[int]]:
    """A journal as it stands in mid-run, and how long its log was when each decision was called durable."""
    path, copy = tmp_path / "live.sqlite", tmp_path / "copy"
    journal, prev, durable = JournalFile.open(path), GENESIS, []
    log = path.with_name(f"{path.name}-wal")
    for decision in range(DECISIONS):
        stored = rows(1 + decision * FACTS, prev)
        journal.write(stored)
        prev = stored[-1].hash
        durable.append(log.stat().st_size)
    shutil.copy(path, copy)
    shutil.copy(log, f"{copy}-wal")
    journal.close()
    return copy, durable


@pytest.mark.requirement("LOG-04")
def test_a_log_that_is_cut_anywhere_holds_whole_decisions_and_all_that_were_durable(
    written: tuple[Path, list[int]], tmp_path: Path
) -> None:
    whole, durable = written
    log = Path(f"{whole}-wal").read_bytes()
    assert durable == sorted(durable)
    assert durable[-1] == len(log)
    frames = range(WAL_HEADER, len(log) + 1, FRAME)
    cuts = {*range(0, len(log), EVERY_BYTES), *(at + by for at in frames for by in (-1, 0, 1) if at + by <= len(log))}
    cut = tmp_path / "cut"
    first_durable = None
    for length in sorted(cuts):
        shutil.copy(whole, cut)
        Path(f"{cut}-wal").write_bytes(log[:length])
        Path(f"{cut}-shm").unlink(missing_ok=True)
        promised = sum(size <= length for size in durable)
        if promised == 0:
            continue  # the table itself was made in the log: before the first decision there is no journal yet
        first_durable = length if first_durable is None else first_durable
        result = verify(cut)
        assert result.holds, (length, result.faults)
        assert result.rows % FACTS == 0, f"half a decision at {length}"
        assert result.rows >= promised * FACTS, f"{promised} decisions were durable, {result.rows} rows at {length}"
        facts = [entry.fact for entry in read_entries(cut)]
        assert facts == [AlarmOver(at_ns=seq, alarm_id=seq) for seq in range(1, result.rows + 1)]
    assert first_durable is not None


@pytest.mark.requirement("LOG-04")
def test_the_next_run_goes_on_behind_a_torn_tail(written: tuple[Path, list[int]], tmp_path: Path) -> None:
    whole, durable = written
    torn = tmp_path / "torn"
    shutil.copy(whole, torn)
    Path(f"{torn}-wal").write_bytes(Path(f"{whole}-wal").read_bytes()[: durable[-2] + 700])
    journal = JournalFile.open(torn)
    try:
        last = journal.last()
        assert last.seq == (DECISIONS - 1) * FACTS
        journal.write(rows(last.seq + 1, last.hash))
    finally:
        journal.close()
    result = verify(torn)
    assert result.holds
    assert result.rows == DECISIONS * FACTS
