"""Who a patient is: names, days of birth and telephones, in a table of their own beside the journal, by an opaque key.

The journal is a chain that nobody can take a row out of, and a person has a right to be forgotten. So no row of it
names a patient: it holds the key, and what the key means stands here, where it can be erased. What was given, and to
whom by key, stays provable; who that was is then known to nobody.

The file is small and each call opens it for itself, off the loop; deleted rows are overwritten (`secure_delete`), since
SQLite otherwise keeps them in free pages. Every failure is an ApiError: without this table nobody can be checked in,
and nothing else is the worse for it.
"""

from __future__ import annotations

import os
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pumpd.core.check_in import Identifier
from pumpd.errors import ApiError

_BUSY_S: Final = 2.0
_PATIENTS_MAX: Final = 10_000  # years of one bed
_CREATE: Final = """
CREATE TABLE IF NOT EXISTS patient (
    patient TEXT PRIMARY KEY, name TEXT NOT NULL, born TEXT NOT NULL, number TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS escort (
    patient TEXT PRIMARY KEY REFERENCES patient (patient), name TEXT NOT NULL, phone TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is kept of a patient, or what one says; empty: not said."""

    name: str = ""
    born: str = ""  # as in 1970-12-31
    number: str = ""

    def said(self) -> dict[Identifier, str]:
        """Each identifier that there is, in the form in which two are compared."""
        both = {Identifier.NAME: self.name, Identifier.BIRTH: self.born, Identifier.NUMBER: self.number}
        plain = {kind: _plain(text) for kind, text in both.items()}
        return {kind: text for kind, text in plain.items() if text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Escort:
    name: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Which identifiers agree; one that was said and is not kept differs: nothing stands behind it."""

    matched: tuple[Identifier, ...]
    differed: tuple[Identifier, ...]


class Identities:
    """Every method opens the file, and is called off the loop. Each raises ApiError when the file cannot be had."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, patient: str, known: Known) -> None:
        with self._opened() as table:
            (count,) = table.execute("SELECT count(*) FROM patient").fetchone()
            if count >= _PATIENTS_MAX:
                raise ApiError(
                    "This bed keeps as many names as it may. Erase some that are no longer needed.", status=409
                )
            table.execute(
                "INSERT INTO patient (patient, name, born, number) VALUES (?, ?, ?, ?)",
                (patient, known.name, known.born, known.number),
            )

    def known(self, patient: str) -> Known | None:
        with self._opened() as table:
            row = table.execute("SELECT name, born, number FROM patient WHERE patient = ?", (patient,)).fetchone()
        return None if row is None else Known(name=row[0], born=row[1], number=row[2])

    def all_known(self) -> tuple[tuple[str, Known], ...]:
        with self._opened() as table:
            rows = table.execute("SELECT patient, name, born, number FROM patient ORDER BY name, patient").fetchall()
        return tuple((row[0], Known(name=row[1], born=row[2], number=row[3])) for row in rows)

    def compare(self, patient: str, said: Known) -> Compared:
        """What was said against what is kept of this patient."""
        kept = known.said() if (known := self.known(patient)) is not None else {}
        matched = tuple(kind for kind, text in said.said().items() if kept.get(kind) == text)
        differed = tuple(kind for kind in said.said() if kind not in matched)
        return Compared(matched=matched, differed=differed)

    def escort(self, patient: str) -> Escort | None:
        with self._opened() as table:
            row = table.execute("SELECT name, phone FROM escort WHERE patient = ?", (patient,)).fetchone()
        return None if row is None else Escort(name=row[0], phone=row[1])

    def keep_escort(self, patient: str, escort: Escort) -> None:
        """Raises ApiError where nothing is kept of this patient: an escort is nobody's then."""
        with self._opened() as table:
            if table.execute("SELECT 1 FROM patient WHERE patient = ?", (patient,)).fetchone() is None:
                raise ApiError("No name is kept of this patient. Enter the patient first.", status=409, field="patient")
            table.execute(
                "INSERT INTO escort (patient, name, phone) VALUES (?, ?, ?)"
                " ON CONFLICT (patient) DO UPDATE SET name = excluded.name, phone = excluded.phone",
                (patient, escort.name, escort.phone),
            )

    def erase(self, patient: str) -> bool:
        """Forget who this is; whether anything was kept."""
        with self._opened() as table:
            table.execute("DELETE FROM escort WHERE patient = ?", (patient,))
            return table.execute("DELETE FROM patient WHERE patient = ?", (patient,)).rowcount > 0

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        try:
            with suppress(FileExistsError):
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL, 0o600))  # nobody else reads names
            with closing(sqlite3.connect(self._path, timeout=_BUSY_S)) as table, table:
                table.execute("PRAGMA secure_delete = ON")
                table.executescript(_CREATE)
                yield table
        except (sqlite3.Error, OSError) as error:
            raise ApiError(
                f"The table of names cannot be used: {error}. Infusions are undisturbed. Call support.", status=503
            ) from error


def _plain(text: str) -> str:
    """Two people write a name with other capitals, spaces and accents: none of that tells patients apart."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return " ".join(bare.casefold().split())
