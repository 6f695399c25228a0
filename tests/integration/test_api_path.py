"""The nurse's path over the socket: a whole daemon, its real journal, and the table of names beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from pumpd import api_care_calls as care
from pumpd import api_check_in_calls as c
from pumpd import api_client
from pumpd import api_path_calls as p
from pumpd import api_preparation_calls as q
from pumpd.api_care_models import Measure, ObservationsBody, ReadingBody, Scale
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
from pumpd.api_container_models import PrimeBody
from pumpd.api_models import Phase, ReasonCode
from pumpd.api_path_models import Disposition, PremedicationOrderBody, Route, SeriesBody, VisitBody, VisitStartBody
from pumpd.api_preparation_models import CheckBody, CheckField, LabelReadBody, PremedicationBody
from pumpd.errors import ApiError
from pumpd.testing.nursed_bed import NURSE
from pumpd.testing.steered_bed import SteeredBed

WHO: Final = PatientBody(name="Élodie Weiß", born="1970-05-31", number="H 4711")
MIDAZOLAM: Final = PremedicationOrderBody(drug="midazolam", dose_mg="1", route=Route.VEIN, wait_min=5, sedating=True)
LABEL: Final = LabelReadBody(
    drug="Ketamine", concentration_mg_per_ml="1", lot="L 17", expires="2099-01-31", size_ml="60", brand="BD"
)  # fmt: skip
CHECK: Final = CheckBody(
    weight_kg="71.2", drug="ketamine", concentration_mg_per_ml="1", size_ml="60", brand="bd", dose_mg="0.5"
)  # fmt: skip
WELL: Final = ObservationsBody(
    readings=tuple(
        ReadingBody(item=item, value=value, scale=Scale.POSS if item is Measure.SEDATION else None)
        for item, value in {
            Measure.SYSTOLIC: 120, Measure.DIASTOLIC: 70, Measure.HEART_RATE: 70, Measure.BREATHS: 14,
            Measure.SPO2: 98, Measure.SEDATION: 1, Measure.PAIN: 4, Measure.CADSS6: 0,
        }.items()
    ),
    signs=(),
)  # fmt: skip
SAID: Final = IdentityBody(name=" elodie  WEISS ", born="1970-05-31")


@pytest.fixture(scope="module")
def bed() -> Iterator[SteeredBed]:
    with SteeredBed() as bed:
        yield bed


@pytest.fixture(scope="module")
def nurse(bed: SteeredBed) -> Client:
    return signed_in(bed, *NURSE)


@pytest.fixture(scope="module")
def prescriber(bed: SteeredBed) -> Client:
    return signed_in(bed, "dora", "1618")


def signed_in(bed: SteeredBed, person: str, pin: str) -> Client:
    client = Client(bed.socket, sent_at_ns=bed.clock.now_ns)
    client.sign_in(person, pin)
    return client


@pytest.fixture(scope="module")
def patient(nurse: Client) -> str:
    """The key of somebody who is new here."""
    return nurse.send(c.add_patient(WHO)).patient


@pytest.fixture(scope="module")
def visit(nurse: Client, prescriber: Client, patient: str) -> str:
    """Their first visit, checked in."""
    body = SeriesBody(
        patient=patient, regimen="MDD-2x3", visits=1, weight_kg="70", height_cm="175", container="syringe-60-1",
        disposition=Disposition.HOME, extension="4711",
        failed_treatments=("two others",), consent_on="2026-01-31", premedication=(MIDAZOLAM,),
    )  # fmt: skip
    signed = prescriber.send(p.sign_series(body))
    assert signed.accepted, signed.text
    opened = nurse.send(p.open_visit(VisitBody(series=signed.request_id, number=1)))
    assert opened.accepted, opened.text
    visit = opened.request_id
    answers = tuple(SaidBody(item=item, answered=Answered.CLEAR) for item in Item)
    company = CompanyBody(escort_name="Jürgen Weiß", escort_phone="030 1234567")
    for call in (
        c.compare_identity(visit, SAID),
        c.answer_items(visit, ItemsBody(answers=answers)),
        c.weigh(visit, "71.2"),
        c.name_company(visit, company),
        c.answer_risk(visit, positive=True),
    ):
        answer = nurse.send(call)
        assert answer.accepted, answer.text
    return visit


def everything_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


def test_a_visit_is_checked_in_over_the_socket_and_its_names_stand_in_no_journal(
    bed: SteeredBed, nurse: Client, visit: str, patient: str
) -> None:
    view = nurse.send(c.check_in(visit))
    assert view.weight_text == "71.2 kg (about 157 pounds)"
    assert (view.escort_named, view.goes_home) == (True, True)
    others = {ReasonCode.IDENTITY_NOT_COMPARED, ReasonCode.NOT_WEIGHED, ReasonCode.ESCORT_NOT_NAMED}
    assert not others & {each.code for each in nurse.send(p.visit(visit)).missing}
    assert "Weiß".encode() in everything_on_disk(bed.journal.parent)
    assert "Weiß".encode() not in bed.journal.read_bytes()
    assert b"1234567" not in bed.journal.read_bytes()
    assert nurse.send(c.patient(patient)).name == WHO.name


def test_a_positive_risk_question_names_whom_to_call_until_a_plan_is_signed(
    nurse: Client, prescriber: Client, visit: str
) -> None:
    assert nurse.send(c.answer_risk(visit, positive=True)).accepted
    view = nurse.send(c.check_in(visit))
    assert view.watching is Watching.CONSTANT
    assert view.call_text is not None
    assert "extension 4711" in view.call_text
    plan = RiskPlanBody(plan="seen by the team", watching=Watching.CLOSE)
    assert prescriber.send(c.sign_risk_plan(visit, plan)).accepted
    assert nurse.send(c.check_in(visit)).call_text is None


def test_another_patients_name_is_refused_and_tells_nothing(nurse: Client, visit: str, bed: SteeredBed) -> None:
    answer = nurse.send(c.compare_identity(visit, IdentityBody(name="Anna Schmidt", born="1970-05-31")))
    assert [each.code for each in answer.reasons] == [ReasonCode.IDENTITY_DIFFERS]
    assert "Weiß" not in answer.model_dump_json()
    assert b"Schmidt" not in everything_on_disk(bed.journal.parent)
    assert nurse.send(c.compare_identity(visit, IdentityBody(born="1970-05-31", number="h 4711"))).accepted


def test_names_are_for_people_who_care_for_patients_and_are_erased_by_a_prescriber_once_the_visit_is_closed(
    bed: SteeredBed, nurse: Client, prescriber: Client, visit: str, patient: str
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
    assert nurse.send(p.visit(visit)).patient == patient
    with pytest.raises(ApiError, match="still open"):
        prescriber.send(c.erase_patient(patient))


def test_what_a_visit_needs_is_asked_of_the_bed_with_its_reasons(nurse: Client, prescriber: Client, visit: str) -> None:
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


def test_the_second_persons_task_holds_no_value_and_the_visit_starts_once_both_agree(
    bed: SteeredBed, nurse: Client, prescriber: Client, visit: str
) -> None:
    assert nurse.send(q.read_label(visit, LABEL)).accepted
    assert nurse.send(q.check_line(visit)).accepted
    primed = PrimeBody(regimen="MDD-2x3", container="syringe-60-1")
    # a pump that has just been switched on is in alarm until that was acknowledged
    bed.advance_until(lambda: nurse.send(api_client.prime("p1", primed)).accepted, "the line is primed")
    given = PremedicationBody(drug="midazolam", dose_mg="1", route=Route.VEIN)
    assert nurse.send(q.give_premedication(visit, given)).accepted
    (before,) = nurse.send(q.preparation(visit)).premedication
    assert (before.text, before.given, before.omitted) == ("midazolam 1 mg IV", True, None)

    task = prescriber.send(q.check_task(visit)).model_dump_json().replace(visit, "")  # drawn, perhaps of these digits
    assert [value for value in ("71", "L 17", "BD", "0.5", "ketamine") if value in task] == []
    other = prescriber.send(q.enter_check(visit, CHECK.model_copy(update={"concentration_mg_per_ml": "2"})))
    assert [each.code for each in other.reasons] == [ReasonCode.CHECK_DIFFERED]
    assert nurse.send(q.preparation(visit)).differed == (CheckField.CONCENTRATION,)
    assert nurse.send(q.read_label(visit, LABEL)).accepted
    assert prescriber.send(q.enter_check(visit, CHECK)).accepted
    assert nurse.send(q.preparation(visit)).checked_by == "dora"

    assert ReasonCode.PREMEDICATION_WAIT_S in {each.code for each in nurse.send(p.visit(visit)).missing}
    bed.advance(minutes=5)
    nurse.sign_in(*NURSE)
    assert nurse.send(care.observe(visit, WELL)).accepted
    assert not {each.code for each in nurse.send(p.visit(visit)).missing}
    review = nurse.send(p.review_visit(visit, "p1"))
    assert nurse.send(p.start_visit(visit, VisitStartBody(slot="p1", digest=review.digest))).accepted
    assert bed.reaches(Phase.INFUSING).phase is Phase.INFUSING
