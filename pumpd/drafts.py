"""What somebody has typed and not yet sent: kept over a sign-out, a locked page, a shift change, a power cut.

A draft belongs to a visit and a form of it, so whoever goes on with the visit goes on with its forms, and sees who
typed and when; a form without a visit is its author's alone. It is no fact: nothing is decided by it, the journal never
sees it, and it ends with the visit, since what is typed about a patient may name them. So the file is kept like the
table of names: readable for the daemon alone, its deleted rows overwritten.

Bounded in number and length; the oldest goes. Each call opens the file for itself, off the loop. A file that cannot be
used is an ApiError and costs a draft, nothing else.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pumpd.errors import ApiError

DRAFTS_MAX: Final = 256  # the forms of several visits, many times over
_BUSY_S: Final = 2.0
_CREATE: Final = """
CREATE TABLE IF NOT EXISTS draft (
    visit TEXT NOT NULL, author TEXT NOT NULL, form TEXT NOT NULL,
    person TEXT NOT NULL, wall_ms INTEGER NOT NULL, fields TEXT NOT NULL,
    PRIMARY KEY (visit, author, form)
) STRICT
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    person: str  # who typed last
    wall_ms: int
    fields: Mapping[str, str]  # as typed, by the form's own names


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Which form: of this visit; without one, of this author."""

    form: str
    visit: str = ""
    author: str = ""


class Drafts:
    """Every method opens the file, and is called off the loop. Each raises ApiError when the file cannot be had."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, form: Form, draft: Draft) -> None:
        """In the place of the one before."""
        fields = json.dumps(dict(draft.fields), ensure_ascii=False)
        with self._opened() as table:
            table.execute(
                "INSERT OR REPLACE INTO draft VALUES (?, ?, ?, ?, ?, ?)",
                (form.visit, form.author, form.form, draft.person, draft.wall_ms, fields),
            )
            newest = "SELECT rowid FROM draft ORDER BY wall_ms DESC, rowid DESC LIMIT ?"
            table.execute(f"DELETE FROM draft WHERE rowid NOT IN ({newest})", (DRAFTS_MAX,))  # noqa: S608  # ours

    def kept(self, form: Form) -> Draft | None:
        with self._opened() as table:
            row = table.execute(
                "SELECT person, wall_ms, fields FROM draft WHERE visit = ? AND author = ? AND form = ?",
                (form.visit, form.author, form.form),
            ).fetchone()
        return None if row is None else Draft(person=row[0], wall_ms=row[1], fields=json.loads(row[2]))

    def drop(self, form: Form) -> None:
        """It was sent, or is not wanted."""
        with self._opened() as table:
            table.execute(
                "DELETE FROM draft WHERE visit = ? AND author = ? AND form = ?", (form.visit, form.author, form.form)
            )

    def end_of_others(self, open_visits: Collection[str]) -> None:
        """Nothing typed about a patient outlives the visit."""
        held = ["", *open_visits]
        with self._opened() as table:
            table.execute(f"DELETE FROM draft WHERE visit NOT IN ({', '.join('?' * len(held))})", held)  # noqa: S608  # marks alone

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        try:
            with suppress(FileExistsError):
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL, 0o600))
            with closing(sqlite3.connect(self._path, timeout=_BUSY_S)) as table, table:
                table.execute("PRAGMA secure_delete = ON")
                table.execute(_CREATE)
                yield table
        except (sqlite3.Error, OSError) as error:
            raise ApiError(
                f"Drafts cannot be kept: {error}. What is sent is not concerned. Call support.", status=503
            ) from error
