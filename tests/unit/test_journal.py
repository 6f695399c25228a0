"""The journal loses nothing that it called durable, and hides nothing that was done to it."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pumpd import journal as journal_module
from pumpd.core.codes import Phase, Why
from pumpd.core.delivered import Interval
from pumpd.core.facts import AlarmOver, Checkpoint, Fact, LinkWent, PhaseChanged
from pumpd.core.glimpses import Asked
from pumpd.errors import JournalBroken, JournalUnavailable
from pumpd.journal import NEVER_DURABLE, FactsLost, Head, Journal, read_entries, verify
from pumpd.journal_file import JournalFile, read
from pumpd.journal_rows import GENESIS, FactStore, Stored, decode, is_durable, kind_of, next_hash, row_of, version_of

st.register_type_strategy(
    Interval,
    st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)).map(
        lambda pair: Interval(low_nl=min(pair), high_nl=max(pair))
    ),
)
DURABLE = [one for one in get_args(Fact) if getattr(one, "DURABLE", True)]


def over(number: int) -> AlarmOver:
    return AlarmOver(at_ns=number, alarm_id=number)


@asynccontextmanager
async def opened(path: Path, boot: str = "b1", *, slow_s: float = 60) -> AsyncIterator[Journal]:
    journal = Journal.open(path, boot, slow_s=slow_s)
    try:
        yield journal
    finally:
        await journal.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # what it waits for comes from the writer's thread
            await asyncio.sleep(0.001)


async def written(path: Path, groups: Sequence[Sequence[Fact]]) -> Head:
    async with opened(path) as journal:
        for number, group in enumerate(groups, 1):
            journal.append(group, at_ns=number, wall_ms=number)
        await until(lambda: journal.committed == journal.head)
        return journal.head


def facts_in(path: Path) -> list[Fact | FactsLost]:
    return [entry.fact for entry in read_entries(path)]


# --- facts as rows


@given(st.data())
@settings(max_examples=150)
def test_every_kind_of_fact_survives_the_journal_unchanged(data: st.DataObject) -> None:
    fact_class = data.draw(st.sampled_from(DURABLE))
    fact = data.draw(st.from_type(fact_class))
    row = row_of(fact, seq=1, boot="b", at_ns=2, wall_ms=3)
    assert decode(row.kind, row.version, row.body) == fact
    assert row_of(decode(row.kind, row.version, row.body), seq=1, boot="b", at_ns=2, wall_ms=3) == row


def test_half_a_character_from_a_wire_becomes_a_question_mark() -> None:
    row = row_of(replace(big(1), detail="a\udc80b"), seq=1, boot="b", at_ns=2, wall_ms=3)
    assert decode(row.kind, row.version, row.body) == replace(big(1), detail="a?b")


def test_looks_at_a_pump_are_no_durable_facts() -> None:
    assert not is_durable(Asked(at_ns=1, slot="p1"))
    assert is_durable(over(1))


@pytest.mark.requirement("LOG-02")
def test_columns_repeat_what_the_fact_says() -> None:
    fact = PhaseChanged(
        at_ns=5, slot="p2", phase=Phase.INFUSING, why=Why.REPORTED_DRIVING, delivered=Interval(low_nl=1, high_nl=2)
    )
    row = row_of(fact, seq=7, boot="b", at_ns=5, wall_ms=6)
    assert (row.seq, row.boot, row.at_ns, row.wall_ms, row.slot, row.visit) == (7, "b", 5, 6, "p2", None)
    assert (row.kind, row.version) == ("phase_changed", 1)
    assert row.body == (
        '{"at_ns":5,"delivered":{"high_nl":2,"low_nl":1},"phase":"infusing","slot":"p2","why":"reported_driving"}'
    )


@pytest.mark.parametrize(
    ("kind", "version", "body", "said"),
    [
        ("alarm_ovr", 1, '{"at_ns":1,"alarm_id":1}', "of the kind 'alarm_ovr', which this program does not know"),
        ("asked", 1, '{"at_ns":1,"slot":"p1"}', "of the kind 'asked'"),
        ("alarm_over", 2, '{"at_ns":1,"alarm_id":1}', "version 2; this program reads 1"),
        ("alarm_over", 1, '{"at_ns":1}', "does not fit"),
        ("alarm_over", 1, '{"at_ns":"1","alarm_id":1}', "does not fit"),
    ],
)
def test_what_this_program_cannot_read_is_a_broken_journal_and_no_guess(
    kind: str, version: int, body: str, said: str
) -> None:
    with pytest.raises(JournalBroken, match=said):
        decode(kind, version, body)


def test_a_fact_that_gained_a_field_names_a_new_version() -> None:
    """The fields of each kind and version, as they were when they first went into a journal."""
    assert version_of(AlarmOver) == 1
    assert kind_of(AlarmOver) == "alarm_over"
    assert [field.name for field in dataclasses.fields(AlarmOver)] == ["at_ns", "alarm_id"]


def test_every_column_is_under_the_hash() -> None:
    row = row_of(over(1), seq=1, boot="b", at_ns=2, wall_ms=3)
    digest = next_hash(GENESIS, row)
    assert digest != next_hash("1" * 64, row)
    for field in dataclasses.fields(row):
        old = getattr(row, field.name)
        change: dict[str, Any] = {field.name: old + 1 if isinstance(old, int) else f"{old}x"}
        assert next_hash(GENESIS, replace(row, **change)) != digest, field.name


def test_the_chain_is_the_same_in_every_version_of_this_program() -> None:
    """A change of this hash makes every journal that exists unreadable."""
    row = row_of(over(1), seq=1, boot="b", at_ns=2, wall_ms=3)
    assert next_hash(GENESIS, row) == "45c1249f5af091584306412b8bf06ee196824bba0eaac73fd4f43706a30fcc7c"


# --- writing


@pytest.mark.requirement("LOG-02")
async def test_facts_come_back_in_order_with_gapless_numbers(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    facts = [over(number) for number in range(100)]
    head = await written(path, [facts[:1], facts[1:50], [], facts[50:]])
    entries = list(read_entries(path))
    assert [entry.fact for entry in entries] == facts
    assert [entry.seq for entry in entries] == list(range(1, 101))
    assert verify(path) == journal_module.VerifyResult(rows=100, head=head, faults=(), lost=0)


async def test_append_numbers_at_once_and_says_later_what_is_durable(tmp_path: Path) -> None:
    async with opened(tmp_path / "j") as journal:
        durable: list[int] = []
        journal.on_committed = durable.append
        assert journal.append([over(1), over(2)], at_ns=1, wall_ms=1) == 2
        assert journal.append([Asked(at_ns=1, slot="p1")], at_ns=1, wall_ms=1) == 2
        assert journal.append([over(3)], at_ns=2, wall_ms=2) == 3
        assert (journal.head.seq, journal.committed.seq, durable) == (3, 0, [])
        await until(lambda: journal.committed_seq == 3)
        assert durable == sorted(set(durable))
        assert durable[-1] == 3
        store: FactStore = journal
        assert store.committed == store.head


async def test_the_next_run_goes_on_with_the_same_chain(tmp_path: Path) -> None:
    path = tmp_path / "j"
    first = await written(path, [[over(1)], [over(2)]])
    async with opened(path, boot="b2") as journal:
        assert journal.head == journal.committed == first
        journal.append([over(3)], at_ns=1, wall_ms=1)
    assert [(entry.seq, entry.boot) for entry in read_entries(path)] == [(1, "b1"), (2, "b1"), (3, "b2")]
    assert verify(path, known=[first]).holds


async def test_close_writes_what_waits(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = Journal.open(path, "b1")
    for number in range(2_000):
        journal.append([over(number)], at_ns=1, wall_ms=1)
    assert await journal.close() == 0
    assert verify(path).rows == 2_000


async def test_two_daemons_cannot_hold_one_journal(tmp_path: Path) -> None:
    async with opened(tmp_path / "j"):
        with pytest.raises(JournalUnavailable, match=r"another pumpd \(process \d+\) holds this journal"):
            Journal.open(tmp_path / "j", "b2")
    async with opened(tmp_path / "j"):
        pass


async def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database " * 100)
    with pytest.raises(JournalBroken, match="not a journal"):
        Journal.open(tmp_path / "text", "b1")
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("CREATE TABLE x (y)")
    before = (tmp_path / "other").read_bytes()
    with pytest.raises(JournalBroken, match="a database of something else"):
        Journal.open(tmp_path / "other", "b1")
    assert (tmp_path / "other").read_bytes() == before


async def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalUnavailable, match="cannot be written"):
        Journal.open(tmp_path / "file" / "j", "b1")


# --- a disk that is full, gone or slow


def fill_disk(journal: Journal) -> None:
    """A real SQLITE_FULL, without root and without filling anything."""
    journal._file._connection.execute("PRAGMA max_page_count = 1")


def free_disk(journal: Journal) -> None:
    journal._file._connection.execute("PRAGMA max_page_count = 1000000")


def big(number: int) -> LinkWent:
    """A fact that needs a new page of the file."""
    return LinkWent(at_ns=number, slot="p1", link="down", detail="x" * 5_000)


@pytest.mark.requirement("LOG-06")
@pytest.mark.requirement("G06")
async def test_a_full_disk_is_told_once_and_loses_nothing_when_it_has_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j"
    async with opened(path) as journal:
        told: list[str] = []
        journal.on_failed = told.append
        journal.on_recovered = lambda: told.append("recovered")
        tries: list[int] = []
        write = journal._file.write

        def counted(rows: Sequence[Stored]) -> None:
            tries.append(len(rows))
            write(rows)

        monkeypatch.setattr(journal._file, "write", counted)
        fill_disk(journal)
        for number in range(50):
            journal.append([big(number)], at_ns=1, wall_ms=1)
        await until(lambda: len(tries) >= 3)
        assert (journal.committed_seq, journal.head.seq) == (0, 50)
        free_disk(journal)
        await until(lambda: journal.committed_seq == 50)
        assert len(told) == 2
        assert "database or disk is full" in told[0]
        assert told[1] == "recovered"
    assert facts_in(path) == [big(number) for number in range(50)]
    assert verify(path).holds


async def test_a_file_deleted_under_the_daemon_is_a_failure_and_no_silence(tmp_path: Path) -> None:
    path = tmp_path / "j"
    async with opened(path) as journal:
        told: list[str] = []
        journal.on_failed = told.append
        path.unlink()
        journal.append([over(1)], at_ns=1, wall_ms=1)
        await until(lambda: bool(told))
        assert "No such file" in told[0]
        assert journal.committed_seq == 0


@pytest.mark.requirement("LOG-06")
@pytest.mark.requirement("G06")
async def test_a_disk_that_hangs_is_told_as_slow_and_recovers(tmp_path: Path) -> None:
    path = tmp_path / "j"
    async with opened(path, slow_s=0.02) as journal:
        told: list[str] = []
        journal.on_failed = told.append
        journal.on_recovered = lambda: told.append("recovered")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # nobody else can write meanwhile
            journal.append([over(1)], at_ns=1, wall_ms=1)
            await until(lambda: bool(told))
            assert journal.committed_seq == 0
            other.execute("ROLLBACK")
        await until(lambda: journal.committed_seq == 1)
        assert "the disk is slow" in told[0]
        assert told[1:] == ["recovered"]


async def test_facts_beyond_the_limit_are_counted_and_the_hole_is_in_the_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "ROWS_WAITING_MAX", 10)
    path = tmp_path / "j"
    async with opened(path) as journal:
        fill_disk(journal)
        assert journal.append([big(number) for number in range(8)], at_ns=1, wall_ms=1) == 8
        assert journal.append([over(1), over(2), over(3)], at_ns=2, wall_ms=2) == NEVER_DURABLE
        assert journal.append([over(4)], at_ns=3, wall_ms=3) == NEVER_DURABLE  # once lossy, until told
        free_disk(journal)
        await until(lambda: journal.committed_seq == 9)
        assert journal.append([over(5)], at_ns=4, wall_ms=4) == 10
    assert facts_in(path)[8:] == [FactsLost(count=4), over(5)]
    result = verify(path)
    assert (result.holds, result.lost) == (True, 4)


async def test_close_gives_up_on_a_dead_disk_in_time_and_says_what_was_lost(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "j", "b1")
    fill_disk(journal)
    journal.append([big(1), big(2)], at_ns=1, wall_ms=1)
    assert await journal.close() == 2


async def test_the_facts_of_one_decision_share_a_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[list[int]] = []
    write = JournalFile.write

    def noted(self: JournalFile, rows: Sequence[Stored]) -> None:
        sizes.append([stored.row.at_ns for stored in rows])
        write(self, rows)

    monkeypatch.setattr(JournalFile, "write", noted)
    monkeypatch.setattr(journal_module, "ROWS_COMMIT_MAX", 4)
    async with opened(tmp_path / "j") as journal:
        with journal._wake:  # the writer finds all of them at once
            for decision, count in ((1, 3), (2, 3), (3, 6), (4, 1), (5, 3)):
                journal.append([over(decision)] * count, at_ns=decision, wall_ms=1)
    assert sizes == [[1, 1, 1], [2, 2, 2], [3] * 6, [4, 5, 5, 5]]


# --- tampering


def tamper(path: Path, *statements: str) -> None:
    """With the file in hand the triggers are no obstacle."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER no_update")
        connection.execute("DROP TRIGGER no_delete")
        for statement in statements:
            connection.execute(statement)


def rehash(path: Path, first: int) -> None:
    """A forger who knows the rule writes the chain anew from a row on."""
    stored = list(read(path))
    prev = stored[first - 2].hash if first > 1 else GENESIS
    links = []
    for one in stored[first - 1 :]:
        digest = next_hash(prev, one.row)
        links.append((prev, digest, one.row.seq))
        prev = digest
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("UPDATE journal SET prev = ?, hash = ? WHERE seq = ?", links)


EDITS = [
    ("UPDATE journal SET body = replace(body, '3', '4') WHERE seq = 3", "row 3 was edited"),
    ("UPDATE journal SET wall_ms = 0 WHERE seq = 3", "row 3 was edited"),
    ("UPDATE journal SET body = CAST(x'7bc2' AS TEXT) WHERE seq = 3", "row 3 was edited"),
    ("UPDATE journal SET slot = 'p1' WHERE seq = 3", "row 3 was edited"),
    ("UPDATE journal SET boot = 'other' WHERE seq = 1", "row 1 was edited"),
    ("DELETE FROM journal WHERE seq = 3", "rows 3 to 3 are missing"),
    ("DELETE FROM journal WHERE seq < 3", "rows 1 to 2 are missing"),
    ("UPDATE journal SET seq = 99 WHERE seq = 6", "rows 6 to 98 are missing"),
]


@pytest.mark.parametrize(("statement", "said"), EDITS)
@pytest.mark.requirement("LOG-05")
async def test_every_edit_and_gap_is_found(tmp_path: Path, statement: str, said: str) -> None:
    path = tmp_path / "j"
    await written(path, [[over(number)] for number in range(1, 7)])
    tamper(path, statement)
    assert said in verify(path).faults[0]
    with pytest.raises(JournalBroken, match=said):
        facts_in(path)


async def test_two_rows_that_changed_places_are_found(tmp_path: Path) -> None:
    path = tmp_path / "j"
    await written(path, [[over(number)] for number in range(1, 7)])
    tamper(
        path,
        "UPDATE journal SET seq = 99 WHERE seq = 2",
        "UPDATE journal SET seq = 2 WHERE seq = 3",
        "UPDATE journal SET seq = 3 WHERE seq = 99",
    )
    assert len(verify(path).faults) >= 2


@pytest.mark.requirement("LOG-05")
async def test_an_edit_with_its_own_hash_made_good_is_found_at_the_next_row(tmp_path: Path) -> None:
    path = tmp_path / "j"
    await written(path, [[over(number)] for number in range(1, 7)])
    tamper(path, "UPDATE journal SET wall_ms = 0 WHERE seq = 3")
    stored = list(read(path))[2]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE journal SET hash = ? WHERE seq = 3", (next_hash(stored.prev, stored.row),))
    assert verify(path).faults == ("row 4 does not follow row 3: one of the two was replaced",)


@pytest.mark.requirement("LOG-05")
async def test_a_rewritten_or_cut_tail_is_found_by_a_head_that_went_out(tmp_path: Path) -> None:
    path = tmp_path / "j"
    head = await written(path, [[over(number)] for number in range(1, 7)])
    tamper(path, "UPDATE journal SET wall_ms = 0 WHERE seq = 3")
    rehash(path, 3)
    assert verify(path).holds  # nobody can tell from the file alone
    assert verify(path, known=[head]).faults == ("row 6 is not the one whose hash was published: it was rewritten",)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM journal WHERE seq > 4")
    assert verify(path).holds
    assert verify(path, known=[head]).faults == ("the end is cut off: row 6 was published, the last one here is 4",)


async def test_a_slip_cannot_change_or_delete_a_row(tmp_path: Path) -> None:
    path = tmp_path / "j"
    await written(path, [[over(1)]])
    with closing(sqlite3.connect(path)) as connection:
        for statement in ("UPDATE journal SET body = ''", "DELETE FROM journal"):
            with pytest.raises(sqlite3.IntegrityError, match="the journal is append only"):
                connection.execute(statement)


@given(st.integers(0, 10**9), st.integers(1, 255))
@settings(max_examples=40)
def test_a_flipped_byte_of_a_row_never_passes_for_the_truth(
    tmp_path_factory: pytest.TempPathFactory, where: int, flip: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "flipped"
    folder.mkdir(exist_ok=True)
    good, bad = folder / "good", folder / "bad"
    facts: list[Fact] = [Checkpoint(at_ns=n, slot="p1", delivered=Interval(low_nl=n, high_nl=n)) for n in range(40)]
    if not good.exists():
        asyncio.run(written(good, [[fact] for fact in facts]))
    data = bytearray(good.read_bytes())
    data[where % len(data)] ^= flip
    bad.write_bytes(data)
    head = verify(good).head
    result = verify(bad, known=[head])
    if result.holds:
        assert facts_in(bad) == facts


# --- a real process, killed for real

CHILD = """
    import asyncio, sys
    from pathlib import Path
    from pumpd.core.facts import (AlarmOver)
    from pumpd.journal import Journal

    async def main():
        journal = Journal.open(Path(sys.argv[1]), "b1")
        journal.on_committed = lambda seq: print(seq, flush=True)
        number = journal.head.seq
        while True:
            pair = [AlarmOver(at_ns=1, alarm_id=number + 1), AlarmOver(at_ns=1, alarm_id=number + 2)]
            number = journal.append(pair, at_ns=1, wall_ms=1)
            await asyncio.sleep(0)

    asyncio.run(main())
"""


def killed_after(path: Path, rows: int) -> int:
    """Run the child until it has called so many rows durable, SIGKILL it, return the last number that it told."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        told = start = int(child.stdout.readline())
        while told < start + rows:
            told = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().splitlines(keepends=True)
    whole = [int(line) for line in rest if line.endswith("\n")]
    return max([told, *whole])


def test_a_killed_daemon_leaves_a_journal_that_holds_and_lacks_nothing_it_called_durable(tmp_path: Path) -> None:
    path = tmp_path / "j"
    for rows in (1, 37, 400, 1_500):
        told = killed_after(path, rows)
        snapshot = tmp_path / f"left-{rows}"
        snapshot.mkdir()
        for left in tmp_path.glob("j*"):
            shutil.copy(left, snapshot / left.name)
        result = verify(snapshot / "j")
        assert result.faults == ()
        assert result.rows >= told
        assert result.rows % 2 == 0  # no decision is torn apart
        facts: list[Any] = facts_in(snapshot / "j")
        assert [fact.alarm_id for fact in facts] == list(range(1, result.rows + 1))
