"""The record of an infusion: everything that concerned it, and the same figures on paper and for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.bundle import Bundle
from pydantic import BaseModel

from pumpd import records, records_csv, records_fhir, records_json, records_text
from pumpd.core import facts as f
from pumpd.core.codes import Condition, Phase
from pumpd.core.pump import Drive
from pumpd.core.units import NS_PER_MS
from pumpd.errors import RecordError
from pumpd.journal_rows import Entry, FactsLost, is_durable
from pumpd.records import InfusionRecord, Record, chosen, gather
from pumpd.records_pdf import latin, pdf
from pumpd.testing.bed_story import BedStory
from pumpd.words_record import sheet

HEAD = "a" * 64


def entries(bed: BedStory) -> list[Entry]:
    durable = [fact for fact in bed.facts if is_durable(fact)]
    return [
        Entry(seq=seq, boot="boot-1", at_ns=fact.at_ns, wall_ms=1_780_000_000_000 + fact.at_ns // NS_PER_MS, fact=fact)
        for seq, fact in enumerate(durable, start=1)
    ]


def eventful() -> BedStory:
    """Refused, started, slowed, paused by STOP, resumed, a step taken, ended by a person; an alarm seen."""
    bed = BedStory()
    bed.start("MDD-2x3")  # no pump has been heard yet
    bed.runs("FM-3H")
    bed.drives(200, after_s=172)
    bed.rate(3_000)
    bed.done(Drive.INFUSING, infused_ul=200)
    bed.drives(250, after_s=60)
    bed.paused(250)
    bed.resumes()
    bed.drives(60, after_s=72)
    bed.stop()
    bed.stop_confirmed(infused_ul=60)
    bed.end()
    return bed


def record(bed: BedStory) -> Record:
    told = chosen(gather(entries(bed)), "last")
    return Record(
        place="demo / ward / bed-1", software="0.1.0", head_seq=99, head_hash=HEAD, made_wall_ms=1_780_000_900_000,
        told=told,
    )  # fmt: skip


def only(bed: BedStory) -> InfusionRecord:
    (found,) = record(bed).told.infusions
    return found


def text_of(bed: BedStory) -> str:
    return records_text.text(sheet(record(bed), lambda _: 0))


def test_record_holds_everything_that_was_journalled_about_the_infusion_and_loses_nothing() -> None:
    bed = eventful()
    told = [each.fact for each in only(bed).happenings]
    of_p1 = [
        fact
        for fact in bed.facts
        if is_durable(fact) and getattr(fact, "slot", None) == "p1" and not isinstance(fact, f.Checkpoint)
    ]
    assert [fact for fact in of_p1 if fact not in told] == []
    assert [each.seq for each in only(bed).happenings] == sorted(each.seq for each in only(bed).happenings)


def test_refusal_before_the_start_belongs_to_the_infusion_that_came_of_it() -> None:
    told = [each.fact for each in only(eventful()).happenings]
    assert isinstance(told[-1], f.PhaseChanged)
    refused = next(fact for fact in told if isinstance(fact, f.RequestRefused))
    assert told.index(refused) < next(i for i, fact in enumerate(told) if isinstance(fact, f.InfusionOrdered))


def test_two_infusions_on_one_pump_share_no_row() -> None:
    bed = eventful()
    bed.runs("TRAIN-5MIN")
    first, second = gather(entries(bed)).infusions
    rows = [{each.seq for each in infusion.happenings if each.slot is not None} for infusion in (first, second)]
    assert rows[0] & rows[1] == set()
    assert (first.phase, second.phase) == (Phase.ENDED, Phase.INFUSING)
    assert second.over_wall_ms is None


def test_change_of_rate_is_told_as_old_asked_and_read_back() -> None:
    changed = next(
        each for each in only(eventful()).happenings if isinstance(each.fact, f.RateGranted) and each.rate is not None
    )
    assert changed.rate is not None
    assert changed.rate.before_ul_per_h == 4_200  # 0.3 mg/kg/h x 70 kg at 5 mg/mL
    assert (changed.rate.asked_ul_per_h, changed.rate.granted_ul_per_h) == (3_000, 3_000)
    told = " ".join(text_of(eventful()).split())
    assert "Rate 3 mL/h granted of 3 mL/h asked; Before: 4.2 mL/h; Asked: 3 mL/h; Read back: 3 mL/h" in told


def test_steps_add_up_to_what_was_delivered() -> None:
    found = only(eventful())
    assert sum(each.given.low_nl for each in found.steps) == found.delivered.low_nl
    assert sum(each.given.high_nl for each in found.steps) == found.delivered.high_nl
    assert found.delivered.low_nl > 0
    assert all(each.given.low_nl <= each.planned_nl for each in found.steps)


def test_alarm_is_told_with_whoever_saw_it() -> None:
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    bed.report(infused_ul=100)
    raised = [each.fact for each in only(bed).happenings if isinstance(each.fact, f.AlarmRaised)]
    assert Condition.STOPPED_AT_PUMP in {fact.condition for fact in raised}
    bed.acknowledge(Condition.STOPPED_AT_PUMP)
    alarms = next(block for block in sheet(record(bed), lambda _: 0).blocks if block.title.endswith("alarms"))
    assert any("seen by nurse-1" in row[3] for row in alarms.rows)


def test_lost_facts_are_told_in_every_form() -> None:
    rows = entries(eventful())
    middle = len(rows) // 2
    gap = Entry(seq=0, boot="boot-1", at_ns=rows[middle].at_ns, wall_ms=rows[middle].wall_ms, fact=FactsLost(count=3))
    found = chosen(gather([*rows[:middle], gap, *rows[middle:]]), "last")
    whole = Record(place="p", software="s", head_seq=1, head_hash=HEAD, made_wall_ms=0, told=found)
    assert "lost" in records_text.text(sheet(whole, lambda _: 0))
    assert any(row["kind"] == "facts_lost" for row in records_json.as_data(whole)["infusions"][0]["history"])


def test_text_has_the_head_of_the_chain_the_order_and_no_line_that_a_form_would_cut() -> None:
    told = text_of(eventful())
    assert told.rstrip().endswith(f"Journal row 99, {HEAD}")
    for needed in ("FM-3H, day 1", "ketamine", "70 kg", "SHA-256", "not a medical device", "Refused: start"):
        assert needed in told
    assert max(map(len, told.splitlines())) <= records_text.COLUMNS


def test_json_repeats_every_figure_as_an_integer() -> None:
    read = json.loads(records_json.as_json(record(eventful())))
    infusion = read["infusions"][0]
    found = only(eventful())
    assert read["journal"] == {"seq": 99, "sha256": HEAD}
    assert infusion["delivered_low_nl"] == found.delivered.low_nl
    assert infusion["delivered_high_ug"] * 1_000 >= found.delivered.high_nl * 5  # 5 mg/mL
    assert len(infusion["history"]) == len(found.happenings)
    assert {type(step["planned_nl"]) for step in infusion["steps"]} == {int}


def test_csv_has_one_line_an_infusion_and_nothing_that_leads_back_to_a_person() -> None:
    bed = eventful()
    made = records_csv.as_csv(gather(entries(bed)))
    (row,) = csv.DictReader(io.StringIO(made))
    assert row["regimen"] == "FM-3H"
    assert int(row["dose_low_ug_per_kg"]) <= int(row["dose_high_ug_per_kg"])
    assert (row["rate_changes"], row["refusals"], row["stops"], row["pauses"]) == ("1", "1", "1", "1")
    for traitor in ("nurse", "70000", "178", "p1", "boot"):
        assert traitor not in made.split("\n", 1)[1]


def codes_of(model: BaseModel) -> Iterator[tuple[str, str, list[str]]]:
    """Every code with a closed list: fhir.resources keeps the list and does not hold anybody to it (its issue 23)."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        allowed = (
            (field.json_schema_extra or {}).get("enum_values") if isinstance(field.json_schema_extra, dict) else None
        )
        if isinstance(allowed, list) and isinstance(value, str):
            yield f"{type(model).__name__}.{name}", value, [str(each) for each in allowed]
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, BaseModel):
                yield from codes_of(each)


def test_fhir_bundle_is_valid_r4b_with_every_code_from_its_list_and_every_reference_inside() -> None:
    made = records_fhir.bundle(record(eventful()))
    bundle = Bundle.model_validate(made)
    resources = [
        get_fhir_model_class(entry["resource"]["resourceType"]).model_validate(entry["resource"])
        for entry in made["entry"]
    ]
    checked = [found for each in (bundle, *resources) for found in codes_of(each)]
    assert len(checked) > 5
    assert [(where, code) for where, code, allowed in checked if code not in allowed] == []
    inside = {entry["fullUrl"] for entry in made["entry"]}
    assert references(made) <= inside
    kinds = {entry["resource"]["resourceType"] for entry in made["entry"]}
    assert kinds == {"Device", "DeviceMetric", "MedicationAdministration", "Observation"}


def references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["reference"]} if isinstance(value.get("reference"), str) else set()
        return own.union(*(references(each) for each in value.values()))
    return set().union(*(references(each) for each in value)) if isinstance(value, list) else set()


def test_fhir_says_stopped_for_what_a_person_ended_and_completed_only_for_the_whole_volume() -> None:
    def status(bed: BedStory) -> object:
        resources = [entry["resource"] for entry in records_fhir.bundle(record(bed))["entry"]]
        return next(each["status"] for each in resources if each["resourceType"] == "MedicationAdministration")

    running = BedStory()
    running.runs("TRAIN-5MIN")
    assert status(running) == "in-progress"
    assert status(eventful()) == "stopped"


def test_bundle_of_the_same_journal_is_the_same_and_names_nobody() -> None:
    first, second = (records_fhir.as_json(record(eventful())) for _ in range(2))
    assert first == second
    assert '"resourceType": "Patient"' not in first


def test_pdf_is_a_document_of_several_pages_with_the_head_on_each() -> None:
    made = pdf(sheet(record(eventful()), lambda _: 0))
    assert made.startswith(b"%PDF-")
    assert made.count(b"/Type /Page\n") >= 2


def test_name_that_no_font_has_keeps_its_letters() -> None:
    assert latin("Zoë Čapek → 5") == "Zoë Capek to 5"
    assert latin("李") == "?"


def test_unknown_infusion_is_told_with_what_there_is() -> None:
    found = gather(entries(eventful()))
    with pytest.raises(RecordError, match=r"no visit or infusion '7'.*latest are: 1"):
        chosen(found, "7")
    with pytest.raises(RecordError, match="no infusion yet"):
        chosen(gather([]), records.LAST)
