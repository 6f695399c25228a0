"""One visit from sign-in to discharge, as a nurse plays it who makes no mistake, and what it asked of her.

    python -m pumpd.testing.ideal_nurse --regimen CRPS-OP10 --day 3

It goes through the whole daemon's real socket, with a simulated pump, on a clock that is steered: hours pass in
seconds, and everything that is due in them is due. Nothing is taken as done that the bed has not accepted. From the
second day on the patient has been here before, so that what has not changed is one confirmation. Of a regimen of days
the first two hours are played, and then it is ended early.

It ends with the counts (nurse_tally.py). Those that must not grow are held by tests/simulation/test_ideal_nurse.py.
"""

from __future__ import annotations

import argparse
import sys
from typing import Final

from pumpd import api_care_calls, api_client, api_path_calls, words
from pumpd import api_check_in_calls as c
from pumpd import api_departure_calls as d
from pumpd import api_preparation_calls as q
from pumpd.api_care_models import DueView, Measure, ObservationsBody, ReadingBody, Scale
from pumpd.api_check_in_models import (
    Answered,
    CompanyBody,
    IdentityBody,
    Item,
    ItemsBody,
    PatientBody,
    SaidBody,
    UnchangedBody,
)
from pumpd.api_container_models import PrimeBody, SecondBody
from pumpd.api_departure_models import DischargeBody, ExitBody, MoveBody, ScoreBody, WasteBody
from pumpd.api_models import Phase
from pumpd.api_path_models import Disposition, PremedicationOrderBody, SeriesBody, VisitBody, VisitStartBody
from pumpd.api_preparation_models import CheckBody, LabelReadBody, PremedicationBody
from pumpd.core.departure import Exit
from pumpd.core.prescribed import Route
from pumpd.core.regimen import Regimen
from pumpd.core.units import NL_PER_ML
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.nurse_tally import Hands, Tally
from pumpd.testing.nursed_bed import NURSE
from pumpd.testing.path_story import series_order
from pumpd.testing.steered_bed import SteeredBed

SECOND: Final = ("ben", "3141")
PRESCRIBER: Final = ("dora", "1618")
PATIENT: Final = PatientBody(name="Eva Lind", born="1970-12-31")
WELL: Final = {
    Measure.SYSTOLIC: 120, Measure.DIASTOLIC: 75, Measure.HEART_RATE: 72, Measure.BREATHS: 14, Measure.SPO2: 97,
    Measure.SEDATION: 1,
}  # fmt: skip
SCORES: Final = {Measure.PAIN: 4, Measure.CADSS6: 0}
MIDAZOLAM: Final = PremedicationOrderBody(drug="midazolam", dose_mg="2", route=Route.VEIN, wait_min=5, sedating=True)
WEIGHT_KG: Final = "70"
BRAND: Final = "BD"
LOOK_S: Final = 60
PLAYED_H: Final = 2  # of a regimen of days
LONG_S: Final = 24 * 3_600
LINE_ML: Final = "3"


class IdealNurse:
    """Plays one visit of a regimen; `tally` has the counts when it is over."""

    def __init__(self, bed: SteeredBed, regimen_id: str, day: int) -> None:
        rules = shipped_rules()
        regimen = rules.catalogue.regimen(regimen_id)
        assert regimen is not None, regimen_id
        entry, container = rules.library.entry(regimen.entry), series_order(regimen_id).container
        hangs = None if entry is None else entry.container(container)
        assert entry is not None, regimen.entry
        assert hangs is not None, container
        steps = regimen.steps_on(day)
        assert steps is not None, f"{regimen_id} has no day {day}"
        self.bed, self.day, self.regimen, self.entry, self.container = bed, day, regimen, entry, hangs
        self.lasts_s = sum(step.duration_s for step in steps)
        self.dose = _plain(max(step.dose for step in steps), 3)
        self.strength = _plain(hangs.concentration_ug_per_ml, 3)
        self.size_ml = _plain(hangs.capacity_nl, 6)
        self.tally = Tally()
        self.nurse = Hands(bed, *NURSE, self.tally)
        self.second = Hands(bed, *SECOND)
        self.doctor = Hands(bed, *PRESCRIBER)
        self.visit = ""

    def plays(self) -> Tally:
        """The whole visit."""
        self.plays_to_the_start()
        self._watches()
        self._ends()
        self._sends_home()
        return self.tally

    def plays_to_the_start(self) -> Tally:
        """From sign-in until the pump infuses by its own report."""
        self.plays_to_the_review()
        self._starts()
        return self.tally

    def plays_to_the_review(self) -> None:
        """Every gate is open."""
        earlier = self._comes()
        self.nurse.at_an_open_page()
        self._checks_in(earlier)
        self._prepares()

    # --- before the nurse ---------------------------------------------------------------------------------------

    def _comes(self) -> str | None:
        """The order is signed, and the patient known; from the second day on by a visit, which is returned."""
        helping = Hands(self.bed, *NURSE)  # another day: not counted
        helping.at_an_open_page()
        patient = helping.client.send(c.add_patient(PATIENT)).patient
        self.doctor.at_an_open_page()
        body = SeriesBody(
            patient=patient, regimen=self.regimen.id, visits=self.regimen.sessions, weight_kg=WEIGHT_KG,
            height_cm="175", container=self.container.id, disposition=Disposition.HOME,
            failed_treatments=("two others",), consent_on="2026-01-31",
            premedication=() if self.regimen.asks_risk else (MIDAZOLAM,),
        )  # fmt: skip
        self.series = self.doctor.does(api_path_calls.sign_series(body), taps=0).request_id
        if self.day == 1:
            return None
        opened = api_path_calls.open_visit(VisitBody(series=self.series, number=self.day - 1))
        earlier = helping.does(opened, taps=0).request_id
        helping.does(c.answer_items(earlier, _clear(Item.ALLERGIES, Item.CONTRAINDICATIONS)), taps=0)
        escort = CompanyBody(escort_name="Jan Lind", escort_phone="0301234567")
        helping.does(c.name_company(earlier, escort), taps=0)
        away = ExitBody(exit=Exit.NOT_TREATED, reason="the pump was needed elsewhere", prescriber="dora")
        helping.does(d.leave(earlier, away), taps=0)
        return earlier

    # --- check-in and preparation -------------------------------------------------------------------------------

    def _checks_in(self, earlier: str | None) -> None:
        nurse, opened = self.nurse, api_path_calls.open_visit(VisitBody(series=self.series, number=self.day))
        self.visit = visit = nurse.does(opened, taps=2).request_id
        self._counts_gates()
        nurse.does(c.compare_identity(visit, IdentityBody(name=PATIENT.name, born=PATIENT.born)), taps=1, fields=2)
        if earlier is None:
            nurse.does(c.answer_items(visit, _clear(*Item)), taps=1 + len(Item))
            escort = CompanyBody(escort_name="Jan Lind", escort_phone="0301234567")
            nurse.does(c.name_company(visit, escort), taps=1, fields=2)
        else:
            same = UnchangedBody(of_visit=earlier, items=(Item.ALLERGIES, Item.CONTRAINDICATIONS))
            nurse.does(c.confirm_unchanged(visit, same), taps=1)
            nurse.does(c.answer_items(visit, _clear(Item.PREGNANCY, Item.FASTING)), taps=3)
            nurse.does(c.name_company(visit, CompanyBody(same_escort=True)), taps=1)
        nurse.does(c.weigh(visit, WEIGHT_KG), taps=1, fields=1)
        if self.regimen.asks_risk:
            nurse.does(c.answer_risk(visit, positive=False), taps=2)

    def _prepares(self) -> None:
        nurse, visit = self.nurse, self.visit
        for each in nurse.client.send(q.preparation(visit)).premedication:
            given = PremedicationBody(drug=each.drug, dose_mg=MIDAZOLAM.dose_mg, route=MIDAZOLAM.route)
            nurse.does(q.give_premedication(visit, given), taps=2)
        label = LabelReadBody(
            drug=self.entry.drug, concentration_mg_per_ml=self.strength, lot="L 17", expires="2099-01-31",
            size_ml=self.size_ml, brand=BRAND,
        )  # fmt: skip
        nurse.does(q.read_label(visit, label), taps=1, fields=6)
        nurse.does(q.check_line(visit), taps=1)
        primed = PrimeBody(regimen=self.regimen.id, container=self.container.id)
        nurse.does(api_client.prime("p1", primed), taps=1)
        check = CheckBody(
            weight_kg=WEIGHT_KG, drug=self.entry.drug, concentration_mg_per_ml=self.strength, size_ml=self.size_ml,
            brand=BRAND, dose_mg=self.dose,
        )  # fmt: skip
        self.second.at_an_open_page()
        self.second.does(q.enter_check(visit, check), taps=1, fields=6)
        self.tally.others = self.second.tally.taps + self.second.tally.fields
        self._observes(WELL | SCORES, routine=False)
        while self._counts_gates():
            self.bed.advance(seconds=LOOK_S)
            nurse.looks()

    def _starts(self) -> None:
        nurse = self.nurse
        nurse.at_an_open_page()
        review = nurse.client.send(api_path_calls.review_visit(self.visit, "p1"))
        assert review.allowed, review.reasons
        assert not review.needs_override, review.reasons
        body = VisitStartBody(slot="p1", digest=review.digest)
        nurse.does(api_path_calls.start_visit(self.visit, body), taps=2)  # read, and START held
        self.tally.started()
        self.bed.reaches(Phase.INFUSING)

    # --- while it runs ------------------------------------------------------------------------------------------

    def _watches(self) -> None:
        """Observes when it is due, and taps a step that is due; until the plan, or what is played of it, is over."""
        until_ns = self.bed.clock.now_ns() + PLAYED_H * 3_600 * 10**9 if self.lasts_s > LONG_S else None
        while self.nurse.looks() is not Phase.ENDED:
            if until_ns is not None and self.bed.clock.now_ns() >= until_ns:
                self._ends_early()
                return
            self._does_what_is_due()
            if self.bed.pump().buttons.step.allowed:
                self.nurse.at_an_open_page()
                self.nurse.does(api_client.step("p1"), taps=1)
            self.bed.advance(seconds=LOOK_S)

    def _ends_early(self) -> None:
        self.nurse.does(api_client.stop("p1"), taps=1)
        self.bed.reaches(Phase.STOPPED)
        self.nurse.at_an_open_page()
        self.nurse.does(api_client.end("p1"), taps=2)
        self.bed.reaches(Phase.ENDED)

    def _does_what_is_due(self) -> None:
        due = [each for each in self.nurse.client.send(api_care_calls.care(self.visit)).due if _is_due(each)]
        if due:
            items = {each.item for each in due}
            scores = {item: value for item, value in SCORES.items() if item in items}
            vital = WELL if items - SCORES.keys() else {}
            self._observes(vital | scores, routine=not scores)

    def _observes(self, values: dict[Measure, int], *, routine: bool) -> None:
        """Numbers are typed off the monitor; sedation and scores are chosen, and no sign is one tap."""
        chosen = [item for item in values if item in SCORES or item is Measure.SEDATION]
        body = ObservationsBody(
            readings=tuple(
                ReadingBody(item=item, value=value, scale=Scale.POSS if item is Measure.SEDATION else None)
                for item, value in values.items()
            ),
            signs=(),
        )
        with self.nurse.counting_a_set(routine=routine):
            call = api_care_calls.observe(self.visit, body)
            self.nurse.does(call, taps=len(chosen) + 2, fields=len(values) - len(chosen))

    # --- the end ------------------------------------------------------------------------------------------------

    def _ends(self) -> None:
        """The line is flushed, what is left over is thrown away before a witness, and the bed is free."""
        nurse = self.nurse
        self._does_what_is_due()
        nurse.at_an_open_page()
        nurse.does(api_client.flush("p1", LINE_ML), taps=1, fields=1)
        (mine,) = [each for each in nurse.client.send(d.recovery()) if each.visit == self.visit]
        left_nl = self.container.capacity_nl - self.bed.truth().displaced_nl - 3 * NL_PER_ML
        wasted = WasteBody(
            infusion_id=mine.doses[0].infusion_id, loaded_ml=self.size_ml,
            wasted_ml=_plain(left_nl // 10**5 * 10**5, 6),
            witness=SecondBody(second_person=SECOND[0], second_pin=SECOND[1]),
        )  # fmt: skip
        nurse.does(d.waste(self.visit, wasted), taps=2, fields=3)
        nurse.does(d.move(self.visit, MoveBody()), taps=1)

    def _sends_home(self) -> None:
        """Recovery: observed as it is due, scored once the time is over, asked about risk again for a mood."""
        nurse = self.nurse
        (mine,) = [each for each in nurse.client.send(d.recovery()) if each.visit == self.visit]
        earliest_ts_ms = mine.earliest_ts_ms or 0  # nothing sedating was given: at once
        while self.bed.clock.wall_ms() < earliest_ts_ms:
            self._does_what_is_due()
            nurse.looks()
            self.bed.advance(seconds=LOOK_S)
        self._does_what_is_due()
        nurse.at_an_open_page()
        score = ScoreBody(vital_signs=2, activity=2, nausea=2, pain=1, sedation_at_baseline=True)
        nurse.does(d.score(self.visit, score), taps=7)
        if self.regimen.asks_risk:
            nurse.does(c.answer_risk(self.visit, positive=False), taps=2)
        home = DischargeBody(to=Disposition.HOME, escort_present=True, instructions_given=True)
        nurse.does(d.discharge(self.visit, home), taps=3)
        nurse.looks()

    def _counts_gates(self) -> bool:
        """What is still missing for the start is a gate that is passed later; whether there is any."""
        missing = {each.code.value for each in self.nurse.client.send(api_path_calls.visit(self.visit)).missing}
        self.tally.gates |= missing
        return bool(missing)


def _is_due(due: DueView) -> bool:
    return due.state != "later"


def _clear(*items: Item) -> ItemsBody:
    return ItemsBody(answers=tuple(SaidBody(item=item, answered=Answered.CLEAR) for item in items))


def _plain(value: int, digits: int) -> str:
    """As a person types it: no comma between thousands."""
    return words.number(value, digits=digits, places=digits).replace(",", "")


def play(regimen: str, day: int) -> Tally:
    """One visit of this regimen at a bed of its own."""
    with SteeredBed() as bed:
        return IdealNurse(bed, regimen, day).plays()


def treatments() -> tuple[Regimen, ...]:
    """Every regimen that gives a drug."""
    rules = shipped_rules()
    drugs = {entry.id for entry in rules.library.entries if entry.high_alert}
    return tuple(each for each in rules.catalogue.regimens if each.entry in drugs)


def main() -> int:
    parser = argparse.ArgumentParser(description="Play one visit as an ideal nurse would, and print what it asked.")
    parser.add_argument("--regimen", required=True, help="an id of the catalogue, such as CRPS-OP10, or 'all'")
    parser.add_argument("--day", type=int, default=1, help="which visit of the series; from 2 on the patient is known")
    asked = parser.parse_args()
    for regimen in [each.id for each in treatments()] if asked.regimen == "all" else [asked.regimen]:
        found = shipped_rules().catalogue.regimen(regimen)
        assert found is not None, f"there is no regimen {regimen}"
        day = min(asked.day, found.sessions)
        tally = play(regimen, day)
        sys.stdout.write(f"{regimen}, day {day}\n" + "".join(f"  {line}\n" for line in tally.lines()))
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
