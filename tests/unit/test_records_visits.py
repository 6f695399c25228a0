"""The record of a visit: every word of its path, its infusions with it, and no name in what leaves the house."""

from __future__ import annotations

import csv
import io
import json

from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.bundle import Bundle

from pumpd import records_csv, records_fhir, records_json, records_text
from pumpd.core.codes import Action
from pumpd.core.observing import Measure, WhyNot
from pumpd.core.units import NS_PER_MS
from pumpd.journal_rows import Entry, is_durable
from pumpd.records import Record, chosen, gather
from pumpd.testing.departure_story import DepartureStory
from pumpd.words_record import sheet

HEAD = "b" * 64
H = 3_600


def entries(bed: DepartureStory) -> list[Entry]:
    durable = [fact for fact in bed.facts if is_durable(fact)]
    return [
        Entry(seq=seq, boot="boot-1", at_ns=fact.at_ns, wall_ms=1_780_000_000_000 + fact.at_ns // NS_PER_MS, fact=fact)
        for seq, fact in enumerate(durable, start=1)
    ]


def whole_visit() -> DepartureStory:
    """Checked in, observed, infused, recovered, sent home."""
    story = DepartureStory()
    story.here("PAIN-4H")
    story.infuses()
    story.observes({Measure.SYSTOLIC: 151, Measure.DIASTOLIC: 80, Measure.SPO2: WhyNot.NO_READING}, ago_s=120)
    story.gives()
    story.moves()
    story.accepted()
    story.wait(3 * H)
    story.scores()
    story.goes_home()
    story.accepted()
    return story


def record(bed: DepartureStory, which: str = "last") -> Record:
    return Record(
        place="demo / ward / bed-1", software="0.1.0", head_seq=7, head_hash=HEAD, made_wall_ms=1_780_009_000_000,
        told=chosen(gather(entries(bed)), which),
    )  # fmt: skip


def test_visit_comes_with_all_of_its_rows_and_the_infusions_that_were_given_in_it() -> None:
    bed = whole_visit()
    told = record(bed).told
    (visit,) = told.visits
    named = [fact for fact in bed.facts if getattr(fact, "visit", None) == visit.visit.visit and is_durable(fact)]
    shown = [each.fact for each in visit.happenings]
    assert len(named) > 6
    assert [fact for fact in named if fact not in shown] == []
    assert Action.ANSWER_ITEMS in {getattr(fact, "action", None) for fact in shown}  # a request names no visit itself
    assert [each.ordered.infusion_id for each in told.infusions] == [dose.infusion_id for dose in visit.visit.doses]
    assert record(bed, visit.visit.visit).told == told
    assert record(bed, "1").told.visits == ()


def test_text_tells_check_in_observations_recovery_and_end() -> None:
    told = " ".join(records_text.text(sheet(record(whole_visit()), lambda _: 0)).split())
    for needed in (
        "Patient: not named in this record", "Check-in", "Observations", "systolic pressure; Value: 151 mmHg",
        "Recovery and end", "went home", "Infusion 1: order", "not accounted for yet",
    ):  # fmt: skip
        assert needed.lower() in told.lower(), needed


def test_late_entry_shows_both_of_its_times() -> None:
    bed = whole_visit()
    rows = next(block for block in sheet(record(bed), lambda _: 0).blocks if block.title == "Observations").rows
    (late,) = (row for row in rows if row[2] == "151 mmHg")
    taken, entered = late[0].split()[1], late[4]
    assert taken < entered
    assert any(row[1] == "oxygen saturation" and "no" in row[2] for row in rows)


def test_name_stands_on_paper_only_when_asked_for_and_nowhere_once_erased() -> None:
    kept = {"patient-1": "Zoë Example, 1970-01-01"}
    bed = whole_visit()
    assert "Zoë" in records_text.text(sheet(record(bed), lambda _: 0, lambda key: kept.get(key, "erased")))
    kept.clear()
    after = records_text.text(sheet(record(bed), lambda _: 0, lambda key: kept.get(key, "erased")))
    assert "Zoë" not in after
    assert "erased" in after
    assert "patient-1" in after  # the key stays, and with it the proof of what was given


def test_csv_has_the_outcome_and_still_nobody() -> None:
    made = records_csv.as_csv(record(whole_visit()).told)
    (row,) = csv.DictReader(io.StringIO(made))
    assert (row["visit_exit"], row["systolic_highest_mmhg"], row["pain_before"]) == ("home", "151", "4")
    assert int(row["recovery_s"]) >= 3 * H
    assert int(row["padss"]) >= 9
    for traitor in ("patient-1", "nurse", "doctor", "v1", "s1"):
        assert traitor not in made.split("\n", 1)[1]


def test_fhir_has_what_was_measured_of_the_same_patient_and_not_what_was_not() -> None:
    made = records_fhir.bundle(record(whole_visit()))
    Bundle.model_validate(made)
    resources = [entry["resource"] for entry in made["entry"]]
    for each in resources:
        get_fhir_model_class(each["resourceType"]).model_validate(each)
    coded = {
        coding["code"]: each for each in resources if each["resourceType"] == "Observation"
        for coding in each["code"].get("coding", ())
    }  # fmt: skip
    systolic = coded["8480-6"]
    assert systolic["valueQuantity"]["value"] == 151
    assert systolic["issued"] > systolic["effectiveDateTime"]
    assert {each["valueQuantity"]["value"] for code, each in coded.items() if code == "59408-5"} == {97}  # of baseline
    (given,) = (each for each in resources if each["resourceType"] == "MedicationAdministration")
    assert given["subject"] == systolic["subject"]
    assert "patient-1" not in json.dumps(made)


def test_json_has_the_visit_as_it_stands_and_each_row_of_it() -> None:
    bed = whole_visit()
    (visit,) = json.loads(records_json.as_json(record(bed)))["visits"]
    assert visit["visit"]["closing"]["exit"] == "home"
    assert visit["series"]["prescriber"] == "doctor-1"
    kinds = [row["kind"] for row in visit["history"]]
    assert kinds.index("visit_opened") < kinds.index("identity_checked") < kinds.index("visit_closed")
    assert visit["opened_ts_ms"] == 1_780_000_000_000 + bed.known().opened_at_ns // NS_PER_MS


def test_both_values_of_a_double_check_stand_side_by_side_also_where_they_differ() -> None:
    bed = DepartureStory()
    bed.connected()
    bed.sign("PAIN-4H")
    bed.opens()
    bed.checks_in()
    bed.reads_label()
    bed.checks_line()
    bed.second_checks(weight_g=72_000)
    bed.weighs()
    bed.second_checks()
    blocks = {block.title: block for block in sheet(record(bed), lambda _: 0).blocks}
    rows = blocks["Independent double check"].rows
    said = [(row[1], row[2].partition(" (")[0], row[6].partition(":")[0]) for row in rows]
    assert said == [
        ("nurse-1", "70 kg", "weighed"),
        ("nurse-1", "", "label of container 1"),
        ("nurse-2", "72 kg", "DIFFERS"),
        ("nurse-1", "70 kg", "weighed"),
        ("nurse-2", "70 kg", "agrees"),
    ]
    assert rows[1][3] == rows[2][3]  # the same drug and concentration, read by two
    assert [row[4] for row in rows] == ["", "", "0.5 mg/kg/h", "", "0.5 mg/kg/h"]
    assert len(blocks["Preparation"].rows) == 4


def test_dose_that_the_second_person_entered_otherwise_is_on_paper_with_the_order_s_own() -> None:
    bed = DepartureStory()
    bed.connected()
    bed.sign("PAIN-4H")
    bed.opens()
    bed.checks_in()
    bed.reads_label()
    bed.second_checks(dose=2_000)
    (row,) = (
        row
        for block in sheet(record(bed), lambda _: 0).blocks
        if block.title == "Independent double check"
        for row in block.rows
        if row[1] == "nurse-2"
    )
    assert row[4] == "2 mg/kg/h"
    assert row[6] == "DIFFERS: dose; the order has 0.5 mg/kg/h"


def test_call_for_observations_is_told_in_the_infusion_as_over_once_they_were_entered() -> None:
    """It belongs to the bed and to no pump; the record of what ran meanwhile has its beginning and its end."""
    bed = DepartureStory()
    bed.begins("MDD-2x3")
    bed.runs_on(11 * 60)
    bed.observes()
    bed.tick()
    alarms = next(block for block in sheet(record(bed), lambda _: 0).blocks if block.title == "Infusion 1: alarms")
    (became,) = (row[3] for row in alarms.rows if row[1] == "Observations are due")
    assert became.endswith("An alarm is over")
