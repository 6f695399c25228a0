"""`pumpd report` on the journal of a real bed: while the daemon runs, and on a copy that somebody edited."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pumpd.testing.processes import python
from pumpd.testing.real_bed import LONG, RealBed

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def bed() -> Iterator[RealBed]:
    """A bed whose daemon runs, with one infusion stopped and ended."""
    with RealBed() as real:
        real.begin_pump()
        real.begin_daemon()
        real.infuse(LONG)
        real.displaces(20_000)
        real.stop()
        real.rest()
        real.entries()
        yield real


def report(bed: RealBed, *words: str) -> subprocess.CompletedProcess[str]:
    command = python("-m", "pumpd.cli", "report", *words)
    return subprocess.run(command, cwd=bed.folder, capture_output=True, text=True, timeout=60, check=False)


def test_record_of_a_living_bed_says_what_the_bed_says_with_the_head_of_its_chain(bed: RealBed) -> None:
    head = bed.verified().head
    made = report(bed, "--config", str(bed.config), "--format", "json")
    assert made.returncode == 0, made.stderr
    read = json.loads(made.stdout)
    delivered = bed.pump().delivered
    assert delivered is not None
    (infusion,) = read["infusions"]
    assert (infusion["delivered_low_nl"], infusion["delivered_high_nl"]) == (delivered.low_nl, delivered.high_nl)
    assert read["journal"] == {"seq": head.seq, "sha256": head.hash}
    assert read["place"] == "demo / pain-clinic / bed-1"
    assert head.hash in made.stderr


def test_every_form_is_made_and_a_pdf_goes_to_a_file_only(bed: RealBed, tmp_path: Path) -> None:
    for form in ("text", "csv", "fhir"):
        made = report(bed, "1", "--config", str(bed.config), "--format", form)
        assert made.returncode == 0, made.stderr
        assert LONG in made.stdout
    refused = report(bed, "1", "--config", str(bed.config), "--format", "pdf")
    assert (refused.returncode, "--out" in refused.stderr) == (2, True)
    paper = tmp_path / "record.pdf"
    assert report(bed, "1", "--config", str(bed.config), "--format", "pdf", "--out", str(paper)).returncode == 0
    assert paper.read_bytes().startswith(b"%PDF-")


def test_journal_that_was_edited_gives_no_record(bed: RealBed, tmp_path: Path) -> None:
    copy = tmp_path / "journal.sqlite3"
    with closing(sqlite3.connect(bed.journal)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    assert report(bed, "--journal", str(copy)).returncode == 0
    with closing(sqlite3.connect(copy)) as opened, opened:
        opened.execute("DROP TRIGGER no_update")
        opened.execute("UPDATE journal SET body = replace(body, 'anna', 'otto') WHERE kind = 'person_asked'")
    refused = report(bed, "--journal", str(copy))
    assert refused.returncode == 2
    assert "was edited" in refused.stderr
    assert refused.stdout == ""


def test_unknown_number_and_missing_journal_are_told_in_one_line(bed: RealBed, tmp_path: Path) -> None:
    unknown = report(bed, "77", "--config", str(bed.config))
    assert (unknown.returncode, unknown.stderr.splitlines()[-1]) == (
        2,
        "pumpd: this journal holds no visit or infusion '77'; the latest are: 1",
    )
    missing = report(bed, "--journal", str(tmp_path / "no.sqlite3"))
    assert missing.returncode == 2
    assert "there is no such journal" in missing.stderr
