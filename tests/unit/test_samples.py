"""Measurements are bounded in memory and on disk, oldest dropped first, and appending never waits."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from pumpd import samples
from pumpd.core.codes import Phase
from pumpd.errors import JournalUnavailable
from pumpd.samples import COARSE_ROWS_MAX, RECENT_ROWS_MAX, RecentSamples, Sample, Samples, read

FIRST = Sample(
    at_ns=0,
    wall_ms=0,
    slot="p1",
    phase=Phase.INFUSING,
    asked_ul_per_h=24_000,
    granted_ul_per_h=24_000,
    measured_ul_per_h=None,
    measured_uncertainty_ul_per_h=None,
    delivered_low_nl=0,
    delivered_high_nl=10_000,
    age_ms=None,
)


def at(second: int, **changes: object) -> Sample:
    return replace(FIRST, at_ns=second * 10**9, wall_ms=second * 1_000, **changes)  # type: ignore[arg-type]


def test_what_was_appended_is_read_back_whole_from_memory_and_disk(tmp_path: Path) -> None:
    path = tmp_path / "samples.sqlite3"
    rows = (at(1), at(2, measured_ul_per_h=23_990, measured_uncertainty_ul_per_h=120, age_ms=40))
    other = at(2, slot="p2", phase=Phase.STOPPED)
    store = Samples(path)
    for row in (*rows, other):
        store.append(row)
    assert store.recent("p1") == rows
    store.close()
    assert tuple(read(path, "p1", 0)) == rows
    assert tuple(read(path, "p1", 2_000)) == rows[1:]
    assert tuple(read(path, "p2", 0)) == (other,)
    assert store.dropped == 0


def test_the_oldest_rows_on_disk_are_dropped_first(tmp_path: Path) -> None:
    path = tmp_path / "samples.sqlite3"
    store = Samples(path, rows_max=10)
    for second in range(25):
        store.append(at(second))
    store.close()
    assert [row.wall_ms // 1_000 for row in read(path, "p1", 0)] == list(range(15, 25))


def test_rows_survive_the_daemon_and_a_second_run_goes_on_behind_them(tmp_path: Path) -> None:
    path = tmp_path / "samples.sqlite3"
    for second in (1, 2):
        store = Samples(path)
        store.append(at(second))
        store.close()
    assert [row.wall_ms for row in read(path, "p1", 0)] == [1_000, 2_000]


def test_memory_keeps_the_last_quarter_hour_whole_and_thins_what_is_older() -> None:
    memory = RecentSamples()
    count = RECENT_ROWS_MAX + 100
    for second in range(count):
        memory.append(at(second))
    seconds = [row.at_ns // 10**9 for row in memory.recent("p1")]
    assert seconds == [*range(0, 100, 10), *range(100, count)]


def test_thinning_keeps_every_change_of_phase_and_rate() -> None:
    memory = RecentSamples()
    memory.append(at(0))
    memory.append(at(1, granted_ul_per_h=12_000))
    memory.append(at(2, phase=Phase.STOPPED, granted_ul_per_h=12_000))
    memory.append(at(3, phase=Phase.STOPPED, granted_ul_per_h=12_000))
    for second in range(4, 4 + RECENT_ROWS_MAX):
        memory.append(at(second, phase=Phase.STOPPED, granted_ul_per_h=12_000))
    assert [row.at_ns // 10**9 for row in memory.recent("p1")][:4] == [0, 1, 2, 4]


def test_memory_is_bounded_for_ever() -> None:
    memory = RecentSamples()
    for second in range(0, 10 * (COARSE_ROWS_MAX + RECENT_ROWS_MAX + 50), 10):
        memory.append(at(second))
    assert len(memory.recent("p1")) == COARSE_ROWS_MAX + RECENT_ROWS_MAX
    assert memory.recent("p1")[-1].at_ns == (10 * (COARSE_ROWS_MAX + RECENT_ROWS_MAX + 50) - 10) * 10**9


def test_a_slow_disk_costs_the_oldest_waiting_rows_and_they_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "FLUSH_S", 3_600)
    monkeypatch.setattr(samples, "ROWS_WAITING_MAX", 5)
    path = tmp_path / "samples.sqlite3"
    store = Samples(path)
    for second in range(8):
        store.append(at(second))
    assert store.dropped == 3
    store.close()
    assert [row.wall_ms // 1_000 for row in read(path, "p1", 0)] == [3, 4, 5, 6, 7]


def test_a_full_disk_costs_rows_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "FLUSH_S", 3_600)
    store = Samples(tmp_path / "samples.sqlite3")
    store._connection.execute("PRAGMA max_page_count = 1")
    for second in range(1_000):
        store.append(at(second))
    store.close()
    assert store.dropped == 1_000
    assert len(store.recent("p1")) == RECENT_ROWS_MAX + 10


def test_a_damaged_file_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "samples.sqlite3"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    store = Samples(path)
    store.append(at(1))
    store.close()
    assert [row.wall_ms for row in read(path, "p1", 0)] == [1_000]
    assert (tmp_path / "samples.sqlite3.damaged").read_bytes().startswith(b"this is no database")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalUnavailable, match="cannot be written"):
        Samples(tmp_path / "file" / "samples.sqlite3")
    with pytest.raises(sqlite3.Error):
        list(read(tmp_path / "none.sqlite3", "p1", 0))
