"""Are the files that this run of the daemon went by still the same? Read again twice an hour, and compared by hash.

A library, a catalogue, a configuration or a pump's register map that changes behind a running daemon is one of two
things: a new release that somebody put in its place, or damage. Either way the next start would go by something else
than what is in force now, so new starts are refused until the daemon is restarted, and what runs goes on (SELF-02, at
most 60 min apart).

The hash is of the file's bytes, comments included, and is taken before the file is read for use: a change between the
two shows as a change. Reading happens in a thread, since a disk that hangs must not hold up the bed's loop.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pumpd.core.events import FilesCompared
from pumpd.core.standing import RulesFile

COMPARE_EVERY_S: Final = 1_800
COMPARED_WITHIN_S: Final = 3_600  # SELF-02, after the Open PCA requirements R7.4.0(2): one late comparison is no breach
_MISSING: Final = ""


class FileCheck:
    """What each file held when it was read."""

    def __init__(self) -> None:
        self._known: list[tuple[RulesFile, Path, str]] = []  # two pumps may have a map each

    def about_to_read(self, which: RulesFile, path: Path) -> Path:
        """Call it before the file is read for use; returns the path."""
        self._known.append((which, path, _sha256(path)))
        return path

    def changed(self) -> tuple[RulesFile, ...]:
        """Which files are not what they were, each kind once. Blocks for as long as the disk does."""
        return tuple(dict.fromkeys(which for which, path, known in self._known if _sha256(path) != known))


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return _MISSING


async def keep_comparing(
    files: FileCheck, deliver: Callable[[FilesCompared], None], now_ns: Callable[[], int], beat: Callable[[], None]
) -> None:
    """For as long as the daemon lives: compare, tell the bed, wait. `beat` once a round."""
    while True:
        changed = await asyncio.to_thread(files.changed)
        deliver(FilesCompared(at_ns=now_ns(), changed=changed))
        beat()
        await asyncio.sleep(COMPARE_EVERY_S)
