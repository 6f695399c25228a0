"""Files that the daemon went by are compared again, at most an hour later; a hanging disk holds up nobody."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from pumpd import file_check
from pumpd.core.events import FilesCompared
from pumpd.core.standing import RulesFile
from pumpd.file_check import COMPARE_EVERY_S, COMPARED_WITHIN_S, FileCheck, keep_comparing


def read(folder: Path) -> FileCheck:
    files = FileCheck()
    for which in RulesFile:
        path = folder / which.value
        path.write_text(f"what {which.value} says\n")
        assert files.about_to_read(which, path) == path
    return files


@pytest.mark.requirement("SELF-02")
def test_a_file_that_changes_is_named_until_it_is_as_it_was(tmp_path: Path) -> None:
    files = read(tmp_path)
    assert files.changed() == ()
    for which in RulesFile:
        path = tmp_path / which.value
        said = path.read_text()
        path.write_text(said + "# a comment\n")
        assert files.changed() == (which,)
        path.unlink()
        assert files.changed() == (which,)
        path.write_text(said)
        assert files.changed() == ()


def test_each_of_several_files_of_a_kind_is_compared_and_the_kind_is_told_once(tmp_path: Path) -> None:
    """Two pumps of a bed may have a map each."""
    files = FileCheck()
    paths = [files.about_to_read(RulesFile.REGISTER_MAP, tmp_path / name) for name in ("one", "two")]
    for path in paths:
        path.write_text("another map")
        assert files.changed() == (RulesFile.REGISTER_MAP,)


@pytest.mark.requirement("SELF-02")
def test_a_change_between_the_hash_and_the_reading_shows(tmp_path: Path) -> None:
    """The hash is of the moment before: what was read after it is another content, and is said to be."""
    path = tmp_path / "library"
    path.write_text("old")
    files = FileCheck()
    path = files.about_to_read(RulesFile.LIBRARY, path)
    path.write_text("new")
    assert files.changed() == (RulesFile.LIBRARY,)


def test_a_file_that_was_never_there_is_not_changed_before_it_is(tmp_path: Path) -> None:
    files = FileCheck()
    path = files.about_to_read(RulesFile.LIBRARY, tmp_path / "library")
    assert files.changed() == ()
    path.write_text("now it is")
    assert files.changed() == (RulesFile.LIBRARY,)


@pytest.mark.requirement("SELF-02")
def test_comparing_goes_on_for_ever_and_tells_the_bed_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 2 * COMPARE_EVERY_S <= COMPARED_WITHIN_S <= 3_600, "one late comparison is still within the hour"
    monkeypatch.setattr(file_check, "COMPARE_EVERY_S", 0)
    files = read(tmp_path)
    told: list[FilesCompared] = []
    beats: list[int] = []

    def deliver(event: FilesCompared) -> None:
        told.append(event)
        if len(told) == 2:
            (tmp_path / "regimens").write_text("something else")
        if len(told) == 3:
            done.set()

    async def three_rounds() -> None:
        comparing = asyncio.create_task(keep_comparing(files, deliver, lambda: 7, lambda: beats.append(1)))
        await done.wait()
        comparing.cancel()
        with suppress(asyncio.CancelledError):
            await comparing

    done = asyncio.Event()
    asyncio.run(three_rounds())
    assert [event.changed for event in told] == [(), (), (RulesFile.REGIMENS,)]
    assert told[0].at_ns == 7
    assert len(beats) >= 2, "the daemon's health hears of every round"
