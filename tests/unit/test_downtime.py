"""The downtime sheet: what each pump was set to, what is due and when, and empty rows, from the journal alone."""

from __future__ import annotations

import pytest

from pumpd import records_pdf, records_text
from pumpd.core.units import NS_PER_MS
from pumpd.errors import RecordError
from pumpd.journal_rows import Entry, is_durable
from pumpd.records import standing
from pumpd.testing.departure_story import DepartureStory
from pumpd.words import clock_time, duration
from pumpd.words_downtime import Source, downtime
from pumpd.words_record import Sheet, nobody

SOURCE = Source(place="demo / pain-clinic / bed-1", made_wall_ms=1_780_009_000_000, head_seq=17, head_hash="ab" * 32)
BEGAN_WALL_MS = 1_780_000_000_000


def sheet_of(bed: DepartureStory) -> Sheet:
    durable = [fact for fact in bed.facts if is_durable(fact)]
    entries = [
        Entry(seq=seq, boot="boot-1", at_ns=fact.at_ns, wall_ms=BEGAN_WALL_MS + fact.at_ns // NS_PER_MS, fact=fact)
        for seq, fact in enumerate(durable, start=1)
    ]
    return downtime(standing(entries), SOURCE, lambda _: 0, nobody)


def said(sheet: Sheet, title: str) -> dict[str, str]:
    return dict(next(block.lines for block in sheet.blocks if block.title.startswith(title)))


def running() -> DepartureStory:
    bed = DepartureStory()
    bed.here("PAIN-4H")
    bed.infuses()
    bed.drives(2_000)
    return bed


def test_running_pump_is_told_with_its_rate_its_drug_and_when_it_stops_by_itself() -> None:
    bed = running()
    sheet, lease_s = sheet_of(bed), bed.state.on("p1").due().lease_s
    assert lease_s is not None
    told = said(sheet, "Pump p1")
    assert told["Rate, as read back"] == "4.2 mL/h = 21 mg/h = 0.3 mg/kg/h"
    assert told["Drug"] == "ketamine 5 mg/mL"
    assert told["Stops by itself"] == f"within {duration(lease_s)} once pumpd is silent"
    (steps,) = (block.rows for block in sheet.blocks if block.title == "Its steps")
    assert [row[1] for row in steps] == ["now", "to come", "to come"]


def test_what_is_due_stands_there_with_its_time_and_how_often_it_comes_again() -> None:
    bed = running()
    due = dict(enumerate(line for block in sheet_of(bed).blocks for name, line in block.lines if name == "Due"))
    began_ns = bed.known().began_at_ns
    assert began_ns is not None
    first = clock_time(BEGAN_WALL_MS + began_ns // NS_PER_MS + 300_000, offset_min=0)
    assert due[0].startswith(f"{first}, then every 5 min: ")
    assert "systolic pressure" in due[0]


def test_pump_at_rest_is_told_as_such_and_whoever_recovers_is_on_the_sheet() -> None:
    bed = running()
    bed.gives()
    bed.moves()
    bed.accepted()
    bed.scores()
    sheet = sheet_of(bed)
    assert "Rate, as read back" not in said(sheet, "Pump p1")
    recovering = said(sheet, "Visit v1, recovering")
    assert recovering["Recovery score"].startswith("9 of 10 at ")
    assert recovering["Given"].startswith("ketamine, infusion 1: ")


def test_paper_has_empty_rows_to_write_in_and_text_has_lines() -> None:
    sheet = sheet_of(running())
    assert records_pdf.pdf(sheet).startswith(b"%PDF-")
    lines = records_text.text(sheet).splitlines()
    assert lines.count("_" * 100) == sum(len(block.rows) for block in sheet.blocks if block.to_write) > 20


def test_empty_journal_makes_no_sheet() -> None:
    with pytest.raises(RecordError, match="nothing yet"):
        standing([])
