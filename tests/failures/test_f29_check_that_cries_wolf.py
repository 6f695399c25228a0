"""F29: a self-check of its data alarmed though the data were good.

Medfusion, 2024. Here the files that the daemon goes by are touched, copied over themselves, moved away and back,
restored from a backup and linked: everything that happens to good files on a machine that is looked after. Their
content is what it was, and the check says nothing; one byte less, and it does.

Guard: `pumpd.file_check._sha256`: what is compared is the content.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pumpd.core.standing import RulesFile
from pumpd.file_check import FileCheck
from pumpd.testing.guards import guard_removed


def touched(path: Path) -> None:
    os.utime(path, (1, 1))


def rewritten(path: Path) -> None:
    said = path.read_bytes()
    path.unlink()
    path.write_bytes(said)


def restored(path: Path) -> None:
    backup = path.with_suffix(".bak")
    shutil.copy(path, backup)
    backup.replace(path)


def linked(path: Path) -> None:
    real = path.with_suffix(".real")
    path.rename(real)
    path.symlink_to(real)


def locked(path: Path) -> None:
    path.chmod(0o400)


CARE = [touched, rewritten, restored, linked, locked]


def complaints(folder: Path, care: Callable[[Path], None]) -> list[str]:
    files = FileCheck()
    for which in RulesFile:
        path = folder / which.value
        path.write_text(f"what {which.value} says\n")
        files.about_to_read(which, path)
    found = []
    for which in RulesFile:
        care(folder / which.value)
        found += [f"{each.value} is said to have changed when it was {care.__name__}" for each in files.changed()]
    last = folder / RulesFile.LIBRARY.value
    last.chmod(0o600)
    last.write_text("what library say\n")
    if RulesFile.LIBRARY not in files.changed():
        found.append("and a change goes unseen")
    return found


@pytest.mark.requirement("F29")
@pytest.mark.requirement("SELF-02")
@pytest.mark.parametrize("care", CARE)
def test_a_file_that_is_looked_after_raises_no_alarm(tmp_path: Path, care: Callable[[Path], None]) -> None:
    assert complaints(tmp_path, care) == []


def looks_at_the_envelope(path: Path) -> str:
    about = path.stat()
    return f"{about.st_mtime_ns} {about.st_ino} {about.st_mode}"


@pytest.mark.requirement("F29")
@pytest.mark.parametrize("care", [touched, rewritten, restored, locked])
def test_a_check_of_times_and_places_cries_wolf(tmp_path: Path, care: Callable[[Path], None]) -> None:
    with guard_removed("pumpd.file_check._sha256", instead=looks_at_the_envelope):
        assert any("is said to have changed" in each for each in complaints(tmp_path, care))
