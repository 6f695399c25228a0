"""The nurse's path over the socket: a whole daemon, its real journal, and the table of names beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from pumpd import api_check_in_calls as c
from pumpd import api_path_calls as p
from pumpd.api_check_in_models import (
    Answered,
    CompanyBody,
    FindingBody,
    IdentityBody,
    Item,
    ItemsBody,
    PatientBody,
    RiskPlanBody,
    SaidBody,
    UnchangedBody,
    Watching,
)
from pumpd.api_client import Client
from pumpd.api_models import ReasonCode
from pumpd.api_path_models import Disposition, SeriesBody, VisitBody
from pumpd.errors import ApiError
from pumpd.testing.steered_bed import SteeredBed

WHO: Final = PatientBody(name="Élodie Weiß", born="1970-05-31", number="H 4711")
SAID: Final = IdentityBody(name=" elodie  WEISS ", born="1970-05-31")


@pytest.fixture(scope="module")
def bed() -> Iterator[SteeredBed]:
    with SteeredBed() as bed:
        yield bed


@pytest.fixture
def nurse(bed: SteeredBed) -> Client:
    bed.sign_in()
    return bed.client


@pytest.fixture(scope="module")
def prescriber(bed: SteeredBed) -> Client:
    client = Client(bed.socket, sent_at_ns=bed.clock.now_ns)
    client.sign_in("dora", "1618")
    return client


def opened(nurse: Client, prescriber: Client, *, regimen: str = "MDD-2x3") -> tuple[str, str]:
    """A visit of a patient who is new here; its id and the patient's key."""
    patient = nurse.send(c.add_patient(WHO)).patient
    body = SeriesBody(
        patient=patient, regimen=regimen, visits=1, weight_kg="70", height_cm="175", container="syringe-60-1",
        disposition=Disposition.HOME, extension="4711",
    )  # fmt: skip
    signed = prescriber.send(p.sign_series(body))
    assert signed.accepted, signed.text
    visit = nurse.send(p.open_visit(VisitBody(series=signed.request_id, number=1)))
    assert visit.accepted, visit.text
    return visit.request_id, patient


def everything_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


def test_a_visit_is_checked_in_over_the_socket_and_its_names_stand_in_no_journal(
    bed: SteeredBed, nurse: Client, prescriber: Client
) -> None:
    visit, patient = opened(nurse, prescriber)
    assert nurse.send(c.compare_identity(visit, SAID)).accepted
    answers = tuple(SaidBody(item=item, answered=Answered.CLEAR) for item in Item)
    assert nurse.send(c.answer_items(visit, ItemsBody(answers=answers))).accepted
    assert nurse.send(c.weigh(visit, "71.2")).accepted
    company = CompanyBody(escort_name="Jürgen Weiß", escort_phone="030 1234567")
    assert nurse.send(c.name_company(visit, company)).accepted
    assert nurse.send(c.answer_risk(visit, positive=True)).accepted

    view = nurse.send(c.check_in(visit))
    assert view.weight_text == "71.2 kg (about 157 pounds)"
    assert view.call_text is not None
    assert "extension 4711" in view.call_text
    assert (view.watching, view.escort_named, view.goes_home) == (Watching.CONSTANT, True, True)
    plan = RiskPlanBody(plan="seen by the team", watching=Watching.CLOSE)
    assert prescriber.send(c.sign_risk_plan(visit, plan)).accepted
    assert nurse.send(c.check_in(visit)).call_text is None

    others = {ReasonCode.IDENTITY_NOT_COMPARED, ReasonCode.NOT_WEIGHED, ReasonCode.ESCORT_NOT_NAMED}
    assert not others & {each.code for each in nurse.send(p.visit(visit)).missing}
    kept = everything_on_disk(bed.journal.parent)
    assert "Weiß".encode() in kept
    assert "Weiß".encode() not in bed.journal.read_bytes()
    assert b"1234567" not in bed.journal.read_bytes()
    assert nurse.send(c.patient(patient)).name == WHO.name


def test_another_patients_name_is_refused_and_tells_nothing(nurse: Client, prescriber: Client, bed: SteeredBed) -> None:
    visit = bed.client.send(p.visits())[-1].visit
    answer = nurse.send(c.compare_identity(visit, IdentityBody(name="Anna Schmidt", born="1970-05-31")))
    assert [each.code for each in answer.reasons] == [ReasonCode.IDENTITY_DIFFERS]
    assert "Weiß" not in answer.model_dump_json()
    assert b"Schmidt" not in everything_on_disk(bed.journal.parent)
    assert nurse.send(c.compare_identity(visit, IdentityBody(born="1970-05-31", number="h 4711"))).accepted


def test_names_are_for_people_who_care_for_patients_and_are_erased_by_a_prescriber_once_the_visit_is_closed(
    bed: SteeredBed, nurse: Client, prescriber: Client
) -> None:
    stranger = Client(bed.socket)
    with pytest.raises(ApiError, match="signed in"):
        stranger.send(c.patients())
    gone = nurse.send(c.add_patient(PatientBody(name="Rosa Unvergessen", born="1950-01-01")))
    assert b"Unvergessen" in everything_on_disk(bed.journal.parent)
    with pytest.raises(ApiError, match="role"):
        nurse.send(c.erase_patient(gone.patient))
    prescriber.send(c.erase_patient(gone.patient))
    assert b"Unvergessen" not in everything_on_disk(bed.journal.parent)
    with pytest.raises(ApiError, match="No name is kept"):
        nurse.send(c.patient(gone.patient))
    at_bed = nurse.send(p.visits())[-1]
    with pytest.raises(ApiError, match="still open"):
        prescriber.send(c.erase_patient(at_bed.patient))


def test_what_a_visit_needs_is_asked_of_the_bed_with_its_reasons(nurse: Client, prescriber: Client) -> None:
    visit = nurse.send(p.visits())[-1].visit
    nothing = nurse.send(c.confirm_unchanged(visit, UnchangedBody(of_visit="none", items=(Item.ALLERGIES,))))
    assert [each.code for each in nothing.reasons] == [ReasonCode.NOTHING_EARLIER]
    found = SaidBody(item=Item.FASTING, answered=Answered.FOUND, remark="breakfast at 8")
    assert nurse.send(c.answer_items(visit, ItemsBody(answers=(found,)))).accepted
    assert ReasonCode.NOT_FASTED in {each.code for each in nurse.send(p.visit(visit)).missing}
    assert prescriber.send(c.accept_finding(visit, FindingBody(item=Item.FASTING, why="a light meal"))).accepted
    assert ReasonCode.NOT_FASTED not in {each.code for each in nurse.send(p.visit(visit)).missing}
    with pytest.raises(ApiError, match="telephone"):
        nurse.send(c.name_company(visit, CompanyBody(escort_name="Jürgen Weiß")))
    assert nurse.send(c.name_company(visit, CompanyBody(same_escort=True))).accepted
