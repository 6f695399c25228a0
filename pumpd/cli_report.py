"""`pumpd report VISIT`: the record of a visit and what was given in it, on paper or for another program.

It reads the journal's file, also while a daemon writes it, and refuses one whose chain of hashes does not hold: a
record that looks whole and is not would be worse than none. The end of the chain is printed in every record, and here
on the error output, so that whoever keeps it can find a tail that was cut off later.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from pumpd import records, records_csv, records_fhir, records_json, records_text, words_downtime, words_record
from pumpd.clock import SystemClock
from pumpd.config import Config
from pumpd.errors import ConfigError
from pumpd.identities import Identities
from pumpd.journal import read_entries
from pumpd.journal_file import verify
from pumpd.words_record import Names, Sheet

DEFAULT_CONFIG: Final = Path("/etc/pumpd/pumpd.toml")
FORMATS: Final = ("text", "json", "fhir", "csv", "pdf", "sheet")
AS_A_SHEET: Final = ("text", "pdf", "sheet")
ALL: Final = "all"
ERASED: Final = "nothing is kept of this patient: never entered, or erased"


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="pumpd report", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument(
        "which", metavar="VISIT", nargs="?", default=records.LAST,
        help="a visit's id or an infusion's number in the journal, `last` (the default), or `all` for csv",
    )  # fmt: skip
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"the daemon's file (default {DEFAULT_CONFIG})")
    parser.add_argument("--journal", type=Path, metavar="FILE", help="a journal, or a copy of one, without its config")
    parser.add_argument(
        "--names", action="store_true", help="name the patient in text and pdf, from the table that can be erased"
    )
    parser.add_argument(
        "--downtime", action="store_true", help="paper to go on with when the program is down, from the journal's end"
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="text", help="`sheet` is what a page shows: titled blocks, as JSON"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it there; a PDF needs this")
    given = parser.parse_args(argv)
    journal, place, names = _source(given.config, given.journal, named=given.names)
    if given.downtime and given.format not in AS_A_SHEET:
        raise ConfigError(f"a downtime sheet is for people: --format {' or '.join(AS_A_SHEET)}")
    which = None if given.downtime else given.which
    made = _made(which, given.format, journal, place, names)
    if given.out is not None:
        given.out.write_bytes(made)
    elif given.format == "pdf":
        raise ConfigError("a PDF is no text for a terminal: say where with --out FILE")
    else:
        sys.stdout.write(made.decode())
    return 0


def _source(config: Path | None, journal: Path | None, *, named: bool) -> tuple[Path, str, Names]:
    """The journal, what its bed is called, and who its patients are where that was asked for."""
    if journal is not None and config is None:
        return journal, "bed not named", words_record.nobody
    read = Config.load(config or DEFAULT_CONFIG)
    place = f"{read.site} / {read.ward} / {read.bed}"
    if not named:
        return journal or read.journal_path, place, words_record.nobody
    kept = Identities(read.identities_path)

    def who(patient: str) -> str:
        known = kept.known(patient)
        return ERASED if known is None else ", ".join(filter(None, (known.name, known.born, known.number)))

    return journal or read.journal_path, place, who


def _made(which: str | None, form: str, journal: Path, place: str, names: Names) -> bytes:
    """`which` None: the downtime sheet. Raises JournalError, RecordError."""
    if not journal.exists():
        raise ConfigError(f"{journal}: there is no such journal; say which with --journal FILE or --config FILE")
    now_ms = SystemClock().wall_ms()
    if which is None:
        standing = records.standing(read_entries(journal))
        head = verify(journal).head
        source = words_downtime.Source(place=place, made_wall_ms=now_ms, head_seq=head.seq, head_hash=head.hash)
        return _of_sheet(words_downtime.downtime(standing, source, offset_min, names), form)
    told = records.gather(read_entries(journal))
    head = verify(journal).head
    sys.stderr.write(f"pumpd report: the journal ends at row {head.seq}, {head.hash}\n")
    if form == "csv":
        return records_csv.as_csv(told if which == ALL else records.chosen(told, which)).encode()
    record = records.Record(
        place=place,
        software=version("pumpd"),
        head_seq=head.seq,
        head_hash=head.hash,
        made_wall_ms=now_ms,
        told=records.chosen(told, which),
    )
    match form:
        case "json":
            return records_json.as_json(record).encode()
        case "fhir":
            return records_fhir.as_json(record).encode()
    return _of_sheet(words_record.sheet(record, offset_min, names), form)


def _of_sheet(sheet: Sheet, form: str) -> bytes:
    match form:
        case "text":
            return records_text.text(sheet).encode()
        case "sheet":
            return TypeAdapter(Sheet).dump_json(sheet)
    from pumpd.records_pdf import pdf

    return pdf(sheet)


def offset_min(wall_ms: int) -> int:
    """Minutes between this computer's local time and UTC at that moment."""
    offset = datetime.fromtimestamp(wall_ms // 1_000, tz=UTC).astimezone().utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) // 60
