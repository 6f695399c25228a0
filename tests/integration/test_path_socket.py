"""Over the real socket: care that goes wrong and is put right in one visit, and a course that goes to another bed."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from pumpd import api_care_calls as care
from pumpd import api_check_in_calls as c
from pumpd import api_client
from pumpd import api_course_calls as course
from pumpd import api_departure_calls as d
from pumpd import api_path_calls as p
from pumpd.api_care_models import (
    HandOverBody,
    InfiltrationBody,
    MarkBody,
    Measure,
    Moment,
    Remedy,
    RescueBody,
    SideEffect,
    SideEffectBody,
)
from pumpd.api_check_in_models import PatientBody
from pumpd.api_client import Client
from pumpd.api_course_models import AttestBody, ImportBody, Instrument, OutcomeBody
from pumpd.api_departure_models import ExitBody
from pumpd.api_models import Phase, RateBody, ReasonCode
from pumpd.api_path_models import Disposition, Route, SeriesBody, VisitBody
from pumpd.api_rise_calls import set_rate
from pumpd.core.departure import Exit
from pumpd.errors import ApiError
from pumpd.testing.ideal_nurse import IdealNurse, bed_for
from pumpd.testing.nursed_bed import NURSE
from pumpd.testing.steered_bed import SteeredBed

COLLEAGUE: Final = ("ben", "3141")
PRESCRIBER: Final = ("dora", "1618")
MDD: Final = "MDD-2x3"


def signed_in(bed: SteeredBed, person: str, pin: str) -> Client:
    client = Client(bed.socket, sent_at_ns=bed.clock.now_ns)
    client.sign_in(person, pin)
    return client


# --- one visit in which much goes wrong -------------------------------------------------------------------------


def test_a_headache_an_emergency_and_a_shift_change_are_on_record_and_the_patient_leaves() -> None:
    with bed_for(MDD) as bed:
        playing = IdealNurse(bed, MDD, 1)
        playing.plays_to_the_start()
        nurse, visit = playing.nurse.client, playing.visit
        bed.advance(minutes=9)
        nurse.sign_in(*NURSE)

        ache = SideEffectBody(effect=SideEffect.HEADACHE, severity=5, remedies=(Remedy.REASSURED,))
        assert nurse.send(care.note_side_effect(visit, ache)).accepted
        seen = nurse.send(care.care(visit))
        assert Measure.SYSTOLIC in {each.item for each in seen.due if each.state != "later"}, "the pressure first"
        assert [each.about for each in seen.holds] == ["headache"]

        lower = seen.reductions[0]
        slower = RateBody(rate_ml_per_h=f"{lower.rate_ul_per_h / 1_000:g}")
        assert nurse.send(set_rate(lower.slot, slower)).accepted
        unread = RescueBody(drug="ondansetron", dose_mg="4", route=Route.VEIN, given_by="anna")
        refused = nurse.send(care.record_rescue(visit, unread))
        assert not refused.accepted
        read = unread.model_copy(update={"all_the_same": True})
        assert nurse.send(care.record_rescue(visit, read)).accepted
        (given,) = nurse.send(care.care(visit)).rescues
        assert (given.drug, bool(given.flags)) == ("ondansetron", True)

        assert nurse.send(care.note_infiltration(visit, InfiltrationBody(slot="p1", remark="swollen"))).accepted
        bed.reaches(Phase.STOPPED)
        assert len(nurse.send(care.care(visit)).infiltrated) == 1

        assert nurse.send(care.emergency(visit)).accepted
        assert nurse.send(care.mark(visit, MarkBody(moment=Moment.HELP_CALLED))).accepted
        bed.advance(minutes=20)
        nurse.sign_in(*NURSE)
        lasting = nurse.send(care.care(visit))
        assert lasting.due == ()
        assert [each.moment for each in lasting.emergencies[0].marks] == [Moment.HELP_CALLED]
        resumed = nurse.send(api_client.resume("p1"))
        assert ReasonCode.EMERGENCY_LASTS in {each.code for each in resumed.reasons}
        assert nurse.send(care.emergency_over(visit)).accepted
        assert nurse.send(care.care(visit)).due, "what is due is due at once"

        said = "headache of 5, line re-sited, emergency without harm"
        assert nurse.send(care.hand_over(visit, HandOverBody(said=said))).accepted
        second = signed_in(bed, *COLLEAGUE)
        assert second.send(care.take_over(visit)).accepted
        taken = second.send(care.care(visit)).handed_over
        assert taken is not None
        assert (taken.said, taken.taken_by) == (said, "ben")

        assert second.send(api_client.end("p1")).accepted
        bed.reaches(Phase.ENDED)
        held = second.send(d.recovery_of(visit)).doses[0].flush
        assert held is not None
        assert (held.held_nl, held.beyond) == (3_000_000, ())
        assert held.visits_left == held.visits_fitting == held.visits_fitting_without
        assert "Or throw the line away" in held.text
        assert second.send(api_client.flush("p1", "3")).accepted
        assert second.send(d.recovery_of(visit)).doses[0].flush is None
        assert second.send(d.leave(visit, ExitBody(exit=Exit.ADMITTED, reason="observed overnight"))).accepted
        assert [each.todo.value for each in second.send(d.todo())] == ["waste", "tell_prescriber"]
        assert second.send(d.recovery()) == ()


# --- a course that travels ----------------------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Of a site."""
    path = tmp_path / "site.key"
    path.write_text(secrets.token_hex(32))
    path.chmod(0o640)
    return path


@contextmanager
def bed_of(key: Path) -> Iterator[tuple[Client, Client]]:
    """One bed of the site with this key: a nurse and a prescriber at it."""
    bed = SteeredBed()
    bed.site_key = key
    with bed:
        yield signed_in(bed, *NURSE), signed_in(bed, *PRESCRIBER)


def test_a_course_goes_to_another_bed_of_the_site_whole_once_and_unchanged(key: Path, tmp_path: Path) -> None:
    with bed_of(key) as (nurse, doctor):
        patient = nurse.send(c.add_patient(PatientBody(name="Eva Lind", born="1970-12-31"))).patient
        body = SeriesBody(
            patient=patient, regimen=MDD, visits=6, weight_kg="70", height_cm="175", container="syringe-60-1",
            disposition=Disposition.HOME, failed_treatments=("two others",), consent_on="2026-01-31",
        )  # fmt: skip
        series = doctor.send(p.sign_series(body)).request_id
        assert doctor.send(course.attest(series, AttestBody(visits=2, given_mg="70"))).accepted
        assert nurse.send(course.outcome(series, OutcomeBody(instrument=Instrument.MADRS, total=24))).accepted
        before = nurse.send(course.course(series))
        file = nurse.send(course.export(series)).file
        assert "Lind" not in file, "a name never travels"

    with bed_of(key) as (there, _):
        with pytest.raises(ApiError, match="no such series"):
            there.send(course.course(series))
        changed = file.replace("70", "71", 1)
        assert changed != file
        with pytest.raises(ApiError):
            there.send(course.take_in(ImportBody(file=changed)))
        assert there.send(course.take_in(ImportBody(file=file))).accepted
        after = there.send(course.course(series))
        assert (after.visits, after.given_text, after.outcomes) == (before.visits, before.given_text, before.outcomes)
        assert after.imported_from == "demo/pain-clinic/bed-1"
        assert there.send(course.take_in(ImportBody(file=file))).accepted
        assert there.send(course.course(series)) == after, "the same file twice adds nothing"
        assert there.send(p.open_visit(VisitBody(series=series, number=3))).accepted, "the course goes on here"

    elsewhere = tmp_path / "other.key"
    elsewhere.write_text(secrets.token_hex(32))
    elsewhere.chmod(0o640)
    with bed_of(elsewhere) as (stranger, _), pytest.raises(ApiError):
        stranger.send(course.take_in(ImportBody(file=file)))
