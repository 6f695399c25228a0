"""One visit from sign-in to discharge, as a nurse plays it who makes no mistake, and what it asked of her.

    python -m pumpd.testing.ideal_nurse --regimen CRPS-OP10 --day 3

It goes through the whole daemon's real socket, with a simulated pump, on a clock that is steered: hours pass in
seconds, and everything that is due in them is due. Nothing is taken as done that the bed has not accepted. From the
second day on the patient has been here before, so that what has not changed is one confirmation. The day is told as it
goes, and then counted (nurse_tally.py).

What must not grow is held by tests/simulation/test_ideal_nurse.py. The days of CRPS-IP5 are played whole and take
minutes: the first two hours and the last at the bed's own pace, the hours between coarsely (coarse.py). `--hours 2`
ends any regimen early.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from pumpd_sim.faults import Fault, FaultKind

from pumpd import api_care_calls, api_client, api_path_calls, api_rise_calls
from pumpd import api_check_in_calls as c
from pumpd import api_departure_calls as d
from pumpd import api_preparation_calls as q
from pumpd.api_care_models import Measure, ObservationsBody, ReadingBody, Scale
from pumpd.api_check_in_models import CompanyBody, IdentityBody, Item, UnchangedBody
from pumpd.api_container_models import ContainerChangeBody, PrimeBody, SecondBody
from pumpd.api_departure_models import DischargeBody, FlushView, MoveBody, ScoreBody, WasteBody
from pumpd.api_models import BedView, Condition, Phase, PumpView, RateBody
from pumpd.api_path_models import Disposition, VisitBody, VisitStartBody
from pumpd.api_preparation_models import CheckBody, LabelReadBody, PremedicationBody
from pumpd.core.units import NL_PER_ML, NS_PER_H, NS_PER_S
from pumpd.testing.coarse import coarsely
from pumpd.testing.known_patient import ESCORT, MIDAZOLAM, PATIENT, WARD, WEIGHT_KG, Known, clear, ordered
from pumpd.testing.nurse_tally import COLUMNS, Hands, Tally
from pumpd.testing.nursed_bed import NURSE
from pumpd.testing.steered_bed import SteeredBed
from pumpd.testing.treatment import Treatment, plain, treatments

SECOND: Final = ("ben", "3141")
WELL: Final = {
    Measure.SYSTOLIC: 120, Measure.DIASTOLIC: 75, Measure.HEART_RATE: 72, Measure.BREATHS: 14, Measure.SPO2: 97,
    Measure.SEDATION: 1,
}  # fmt: skip
SCORES: Final = {Measure.PAIN: 4, Measure.CADSS6: 0}
ASKS_FOR_A_LOOK: Final = (Condition.OBSERVATION_DUE, Condition.OBSERVATION_OVERDUE, Condition.OBSERVATION_MISSED)
BRAND: Final = "BD"
LEGEND: Final = "   h:mm  since the first sign-in; taps and typed fields as the page asks for them"
LOOK_S: Final = 61  # no whole part of a schedule: what is due is seen to be due, and by how much is always the same
LINE_ML: Final = "3"
FIRST_NS: Final = (
    2 * NS_PER_H
)  # of an infusion; like its last hour, and whatever is out of the ordinary, at the bed's own pace
LAST_MS: Final = 3_600_000


def has_room(held: FlushView) -> bool:
    """No limit speaks against a flush, and it takes no later visit its place."""
    return not held.beyond and held.visits_fitting == held.visits_fitting_without


class IdealNurse:
    """Plays one visit of a regimen; `tally` has counts and diary when it is over."""

    def __init__(
        self, bed: SteeredBed, regimen_id: str, day: int, known: Known | None = None, *, flushes: bool = True
    ) -> None:
        """`flushes`: what the line holds at the end goes into the patient, beyond the order, where the course has room.

        Else it is thrown away.
        """
        self.bed, self.day, self.known, self.flushes = bed, day, known, flushes
        self.treatment = Treatment.of(regimen_id, day)
        self.regimen = self.treatment.regimen
        self.tally = Tally()
        self.nurse = Hands(bed, *NURSE, self.tally)
        self.second = Hands(bed, *SECOND, Tally(diary=self.tally.diary), called="the second person")
        self.visit = ""
        self.lot = 17
        self.hung = 1
        self.is_next_ready = False
        self.has_titrated = False
        self.left_nl = 0  # in the containers that were taken off

    def plays(self, hours: float | None = None) -> Tally:
        """The whole visit, or so many hours of its infusion."""
        self.plays_to_the_start()
        self._watches(hours)
        self._ends()
        self._sends_on()
        return self.tally

    def plays_to_the_start(self) -> Tally:
        """From sign-in until the pump infuses by its own report."""
        self.plays_to_the_review()
        self._starts()
        return self.tally

    def plays_to_the_review(self) -> None:
        """Every gate is open."""
        if self.known is None:
            self.known = ordered(self.bed, self.treatment, self.day)
        self.nurse.at_an_open_page()
        self._checks_in(self.known)
        self._prepares()

    # --- check-in and preparation -------------------------------------------------------------------------------

    def _checks_in(self, known: Known) -> None:
        nurse, opened = self.nurse, api_path_calls.open_visit(VisitBody(series=known.series, number=self.day))
        self.visit = visit = nurse.does(opened, "opens the visit of the patient at the bed", taps=2).request_id
        self._counts_gates()
        named = IdentityBody(name=PATIENT.name, born=PATIENT.born)
        nurse.does(c.compare_identity(visit, named), "compares name and day of birth", taps=1, fields=2)
        if known.earlier is None:
            asks = "asks for allergies, pregnancy, fasting and contraindications"
            nurse.does(c.answer_items(visit, clear(*Item)), asks, taps=1 + len(Item))
        else:
            same = UnchangedBody(of_visit=known.earlier, items=(Item.ALLERGIES, Item.CONTRAINDICATIONS))
            nurse.does(c.confirm_unchanged(visit, same), "confirms: allergies, contraindications as last time", taps=1)
            today = clear(Item.PREGNANCY, Item.FASTING)
            nurse.does(c.answer_items(visit, today), "asks for pregnancy and fasting", taps=3)
        self._names_company(first=known.earlier is None)
        nurse.does(c.weigh(visit, WEIGHT_KG), "weighs, and reads back what the page says in pounds", taps=1, fields=1)
        if self.regimen.asks_risk:
            nurse.does(c.answer_risk(visit, positive=False), "asks about thoughts of suicide", taps=2)

    def _names_company(self, *, first: bool) -> None:
        if self.treatment.to_the_ward:
            says = "names the ward that takes over"
            self.nurse.does(c.name_company(self.visit, WARD), says, taps=1, fields=1)
        elif first:
            self.nurse.does(c.name_company(self.visit, ESCORT), "names the escort, with a telephone", taps=1, fields=2)
        else:
            same = CompanyBody(same_escort=True)
            self.nurse.does(c.name_company(self.visit, same), "confirms the escort of last time", taps=1)

    def _prepares(self) -> None:
        nurse, visit = self.nurse, self.visit
        for each in nurse.client.send(q.preparation(visit)).premedication:
            given = PremedicationBody(drug=each.drug, dose_mg=MIDAZOLAM.dose_mg, route=MIDAZOLAM.route)
            nurse.does(q.give_premedication(visit, given), f"gives {each.drug}, as ordered before the start", taps=2)
        self._reads_the_label()
        nurse.does(q.check_line(visit), "checks the line: open, its own, traced to the patient", taps=1)
        primed = PrimeBody(regimen=self.regimen.id, container=self.treatment.container.id)
        nurse.does(api_client.prime("p1", primed), "primes, the line off the patient", taps=1)
        self._has_it_checked()
        self._observes(WELL | SCORES, routine=False)
        while self._counts_gates():
            self.bed.advance(seconds=LOOK_S)
            nurse.looks()

    def _reads_the_label(self) -> None:
        t = self.treatment
        label = LabelReadBody(
            drug=t.entry.drug, concentration_mg_per_ml=t.strength, lot=f"L {self.lot}", expires="2099-01-31",
            size_ml=t.size_ml, brand=BRAND,
        )  # fmt: skip
        self.nurse.does(q.read_label(self.visit, label), "reads label and barrel of the syringe", taps=1, fields=6)

    def _has_it_checked(self) -> None:
        t = self.treatment
        check = CheckBody(
            weight_kg=WEIGHT_KG, drug=t.entry.drug, concentration_mg_per_ml=t.strength, size_ml=t.size_ml, brand=BRAND,
            dose_mg=t.dose,
        )  # fmt: skip
        self.second.at_an_open_page()
        self.second.does(q.enter_check(self.visit, check), "enters it from the sources, unseen", taps=1, fields=6)
        self.tally.others = self.second.tally.taps + self.second.tally.fields

    def _starts(self) -> None:
        nurse = self.nurse
        nurse.at_an_open_page()
        review = nurse.client.send(api_path_calls.review_visit(self.visit, "p1"))
        assert review.allowed, review.reasons
        assert not review.needs_override, review.reasons
        body = VisitStartBody(slot="p1", digest=review.digest)
        nurse.does(api_path_calls.start_visit(self.visit, body), "reads the review, and holds START", taps=2)
        self.tally.started()
        self.bed.reaches(Phase.INFUSING)

    # --- while it runs ------------------------------------------------------------------------------------------

    def _watches(self, hours: float | None) -> None:
        """Observes when it is due, taps a step that is due, hangs the next container; until the plan is over."""
        began_ns = self.bed.clock.now_ns()
        until_ns = None if hours is None else began_ns + round(hours * 3_600) * NS_PER_S
        while (seen := self.nurse.looks()).pumps[0].phase is not Phase.ENDED:
            pump, now_ns = seen.pumps[0], self.bed.clock.now_ns()
            over = any(each.condition is Condition.KVO_RUNNING for each in seen.alarms)
            if over or (until_ns is not None and now_ns >= until_ns):
                self._ends_by_hand()
                return
            self._does_what_is_due(seen)
            if pump.buttons.step.allowed:
                self.nurse.at_an_open_page()
                self.nurse.does(api_client.step("p1"), "lets the step up that is due begin", taps=1)
            elif pump.phase is Phase.STOPPED:
                self._hangs_the_next()
            elif not self.is_next_ready and any(each.condition is Condition.CONTAINER_NEAR_END for each in seen.alarms):
                self._prepares_the_next()
            else:
                self._titrates(pump, now_ns - began_ns)
            with self._pace(seen, now_ns - began_ns):
                self.bed.advance(seconds=LOOK_S)

    def _pace(self, seen: BedView, into_ns: int) -> AbstractContextManager[None]:
        """The long middle of an infusion coarsely: five days are 120 hours of a daemon."""
        pump = seen.pumps[0]
        is_quiet = pump.phase is Phase.INFUSING and not seen.alarms
        is_middle = into_ns > FIRST_NS and pump.left_ms is not None and pump.left_ms > LAST_MS
        return coarsely() if is_quiet and is_middle else nullcontext()

    def _titrates(self, pump: PumpView, into_ns: int) -> None:
        """One step up to effect, where the order leaves the rate to the bedside and its time has gone by."""
        titration, infusion = self.regimen.titration, pump.infusion
        if titration is None or infusion is None or pump.granted is None or self.has_titrated:
            return
        if into_ns < titration.dwell_s * NS_PER_S:
            return
        self.has_titrated = True
        up_ul_per_h = titration.up_by * 1_000 // infusion.concentration_ug_per_ml
        wanted = plain(pump.granted.ul_per_h + up_ul_per_h, 3)
        self.nurse.at_an_open_page()
        review = self.nurse.client.send(api_rise_calls.review_rate("p1", wanted))
        assert review.allowed, review.reasons
        assert not review.needs_override, review.reasons
        body = RateBody(rate_ml_per_h=wanted, digest=review.digest)
        self.nurse.does(api_rise_calls.set_rate("p1", body), f"titrates to {wanted} mL/h", taps=3, fields=1)

    def _prepares_the_next(self) -> None:
        """Told in time, so that it is read and checked by two when the one that hangs is used up."""
        self.lot += 1
        self.nurse.at_an_open_page()
        self._reads_the_label()
        self._has_it_checked()
        self.is_next_ready = True

    def _hangs_the_next(self) -> None:
        """The pump has used up its container: what is left in it is set aside, the next one is put on."""
        t = self.treatment
        assert self.is_next_ready, "nobody was told that the container would soon be used up"
        self.left_nl += self.bed.truth().remaining_nl
        self.hung, self.is_next_ready = self.hung + 1, False
        self.nurse.at_an_open_page()
        self.bed.fault(Fault(kind=FaultKind.NEW_SYRINGE, volume_nl=t.container.capacity_nl))
        body = ContainerChangeBody(
            container=t.container.id, concentration_mg_per_ml=t.strength, lot=f"L {self.lot}",
        )  # fmt: skip
        self.nurse.does(api_client.change_container("p1", body), "hangs it, and goes on", taps=2, fields=2)
        self.tally.changes += 1
        self.bed.reaches(Phase.INFUSING)

    def _ends_by_hand(self) -> None:
        self.nurse.does(api_client.stop("p1"), "presses STOP", taps=1)
        self.bed.reaches(Phase.STOPPED)
        self.nurse.at_an_open_page()
        self.nurse.does(api_client.end("p1"), "ends the infusion", taps=2)
        self.bed.reaches(Phase.ENDED)

    def _does_what_is_due(self, seen: BedView) -> None:
        if not any(each.condition in ASKS_FOR_A_LOOK for each in seen.alarms):
            return
        self.nurse.at_a_page()
        due = [each for each in self.nurse.client.send(api_care_calls.care(self.visit)).due if each.state != "later"]
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
        parts = [
            *(["vital signs"] if Measure.SEDATION in values else []),
            *(["scores"] if SCORES.keys() & values else []),
        ]
        with self.nurse.counting_a_set(routine=routine):
            call, says = api_care_calls.observe(self.visit, body), f"observes: {' and '.join(parts)}"
            self.nurse.does(call, says, taps=len(chosen) + 2, fields=len(values) - len(chosen))

    # --- the end ------------------------------------------------------------------------------------------------

    def _ends(self) -> None:
        """The line is flushed or taken off, what is left over thrown away before a witness, and the bed is free."""
        nurse = self.nurse
        self._does_what_is_due(nurse.looks())
        nurse.at_an_open_page()
        (mine,) = [each for each in nurse.client.send(d.recovery()) if each.visit == self.visit]
        held = mine.doses[0].flush
        flushes = self.flushes and held is not None and has_room(held)
        if flushes:
            nurse.does(api_client.flush("p1", LINE_ML), "flushes the line", taps=1, fields=1)
        left_nl = self.left_nl + self.bed.truth().remaining_nl
        left_nl += 0 if flushes else int(LINE_ML) * NL_PER_ML
        wasted = WasteBody(
            infusion_id=mine.doses[0].infusion_id,
            loaded_ml=plain(self.hung * self.treatment.container.capacity_nl, 6),
            wasted_ml=plain(left_nl // 10**5 * 10**5, 6),
            witness=SecondBody(second_person=SECOND[0], second_pin=SECOND[1]),
        )  # fmt: skip
        what = "the rest" if flushes else "the rest and the line"
        nurse.does(d.waste(self.visit, wasted), f"throws {what} away before a witness, who signs", taps=2, fields=3)
        nurse.does(d.move(self.visit, MoveBody()), "moves the patient to recovery: the bed is free", taps=1)

    def _sends_on(self) -> None:
        """Recovery: observed as it is due, scored once the time is over, asked about risk again for a mood."""
        nurse = self.nurse
        (mine,) = [each for each in nurse.client.send(d.recovery()) if each.visit == self.visit]
        earliest_ts_ms = mine.earliest_ts_ms or 0  # nothing sedating was given: at once
        while self.bed.clock.wall_ms() < earliest_ts_ms:
            self._does_what_is_due(nurse.looks())
            self.bed.advance(seconds=LOOK_S)
        self._does_what_is_due(nurse.looks())
        nurse.at_an_open_page()
        score = ScoreBody(vital_signs=2, activity=2, nausea=2, pain=1, sedation_at_baseline=True)
        nurse.does(d.score(self.visit, score), "scores PADSS, and that the patient is as awake as before", taps=7)
        if self.regimen.asks_risk:
            nurse.does(c.answer_risk(self.visit, positive=False), "asks about thoughts of suicide again", taps=2)
        if self.treatment.to_the_ward:
            ward = DischargeBody(to=Disposition.WARD, handed_over_to="sister Maria, pain ward")
            nurse.does(d.discharge(self.visit, ward), "hands over to the ward", taps=2, fields=1)
        else:
            home = DischargeBody(to=Disposition.HOME, escort_present=True, instructions_given=True)
            nurse.does(d.discharge(self.visit, home), "sends home with the escort, both instructed", taps=3)
        nurse.looks()

    def known_tomorrow(self) -> Known:
        """For whoever plays the next visit."""
        assert self.known is not None, "nobody came"
        return Known(series=self.known.series, earlier=self.visit)

    def _counts_gates(self) -> bool:
        """What is still missing for the start is a gate that is passed later; whether there is any."""
        missing = {each.code.value for each in self.nurse.client.send(api_path_calls.visit(self.visit)).missing}
        self.tally.gates |= missing
        return bool(missing)


def bed_for(regimen: str) -> SteeredBed:
    """One whose pump has the syringe of this regimen in it."""
    return SteeredBed({"p1": Treatment.of(regimen, 1).pump()})


def play(regimen: str, day: int, hours: float | None = None) -> Tally:
    """One visit of this regimen at a bed of its own."""
    with bed_for(regimen) as bed:
        return IdealNurse(bed, regimen, day).plays(hours)


def main() -> int:
    parser = argparse.ArgumentParser(description="Play one visit as an ideal nurse would, and print what it asked.")
    parser.add_argument("--regimen", required=True, help="an id of the catalogue, such as CRPS-OP10, or 'all'")
    parser.add_argument("--day", type=int, default=1, help="which visit of the series; from 2 on the patient is known")
    parser.add_argument("--hours", type=float, help="end the infusion after so long")
    parser.add_argument("--coarse", action="store_true", help="every hour coarsely, which costs a quarter")
    parser.add_argument("--table", action="store_true", help="the counts alone, a row of a table for each regimen")
    asked = parser.parse_args()
    if asked.table:
        print("| | " + " | ".join(COLUMNS) + " |\n" + "|---" * (len(COLUMNS) + 1) + "|")
    for regimen in [each.id for each in treatments()] if asked.regimen == "all" else [asked.regimen]:
        treatment = Treatment.of(regimen, 1)
        day = min(asked.day, treatment.regimen.sessions)
        with coarsely() if asked.coarse else nullcontext():
            tally = play(regimen, day, asked.hours)
        if asked.table:
            print("| " + " | ".join([f"{regimen}, day {day}", *tally.row()]) + " |", flush=True)
        else:
            counted = "".join(f"  {line}\n" for line in tally.lines())
            print(Treatment.of(regimen, day).title, LEGEND, *tally.day(), "", counted, sep="\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
