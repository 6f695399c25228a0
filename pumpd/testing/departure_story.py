"""A bed whose patients also leave it, as a story: what runs is ended, they recover, and go one way or another."""

from __future__ import annotations

from typing import Final

from pumpd.core.actor import Actor
from pumpd.core.arrival_requests import VisitOpenRequested
from pumpd.core.bed import Decision
from pumpd.core.check_in import Watching
from pumpd.core.check_in_requests import RiskAnswered, RiskPlanSigned
from pumpd.core.departure import Exit, Padss
from pumpd.core.departure_requests import (
    DischargeRequested,
    ExitRequested,
    MoveRequested,
    ScoreRequested,
    TellRequested,
)
from pumpd.core.pump import Drive
from pumpd.core.reason_codes import ReasonCode
from pumpd.core.recovery import against_going
from pumpd.core.series import Disposition
from pumpd.core.turn import Turn
from pumpd.core.visit import Visit
from pumpd.testing.bed_story import NURSE
from pumpd.testing.path_story import PRESCRIBER, PathStory

FIT: Final = Padss(vital_signs=2, activity=2, nausea=1, pain=2, bleeding=2)


class DepartureStory(PathStory):
    def known(self, visit: str = "v1") -> Visit:
        found = self.state.path.visit(visit)
        assert found is not None
        return found

    def here(self, regimen: str = "PAIN-4H", *, series: str = "s1", visit: str = "v1", number: int = 1) -> None:
        """A patient for this regimen is at the bed and has passed every gate, and the pump has said who it is."""
        self.connected()
        self.sign(regimen, series=series)
        self.opens(series=series, visit=visit, number=number)
        self.accepted()
        self.passes_to_start()

    def infuses(self, visit: str = "v1", *, slot: str = "p1") -> None:
        """The visit's order runs."""
        self.start_visit(named=visit, slot=slot)
        self.accepted()
        self.prepared(slot)
        self.done(Drive.INFUSING, slot=slot)

    def gives(self, infused_ul: int = 2_000) -> None:
        """So much went in by the counter; then somebody stopped it, and ended it."""
        self.drives(infused_ul)
        self.stop()
        self.stop_confirmed(infused_ul=infused_ul)
        self.end()
        self.accepted()

    def moves(self, visit: str = "v1", *, line_off: bool = False, actor: Actor | None = NURSE) -> Decision:
        return self.by(MoveRequested, actor, visit=visit, line_off=line_off)

    def next_patient(self, *, line_off: bool = False, series: str = "s2", visit: str = "v2") -> Decision:
        """The bed is said to be empty, and the next patient is on it."""
        return self.by(
            VisitOpenRequested,
            visit=visit,
            series=series,
            number=1,
            today_day=self.today,
            bed_is_empty=True,
            line_off=line_off,
        )

    def scores(self, padss: Padss = FIT, *, visit: str = "v1", awake: bool = True) -> Decision:
        return self.by(ScoreRequested, visit=visit, padss=padss, sedation_at_baseline=awake)

    def plans(self, *, visit: str = "v1", actor: Actor = PRESCRIBER) -> Decision:
        text = "stays with her sister; call tomorrow"
        return self.by(RiskPlanSigned, actor, visit=visit, plan=text, watching=Watching.ROUTINE)

    def asks_about_risk(self, *, found: bool, visit: str = "v1") -> Decision:
        return self.by(RiskAnswered, visit=visit, positive=found)

    def goes_home(self, *, visit: str = "v1", escort: bool = True, instructions: bool = True) -> Decision:
        return self.by(
            DischargeRequested, visit=visit, to=Disposition.HOME, escort_present=escort, instructions_given=instructions
        )

    def goes_to_the_ward(self, *, visit: str = "v1", taken_over_by: str = "nurse of ward 4") -> Decision:
        return self.by(DischargeRequested, visit=visit, to=Disposition.WARD, handed_over_to=taken_over_by)

    def leaves(
        self, way: Exit, *, visit: str = "v1", reason: str = "wants to go", told: str = "", line_off: bool = False
    ) -> Decision:
        return self.by(ExitRequested, visit=visit, exit=way, reason=reason, prescriber=told, line_off=line_off)

    def tells(self, prescriber: str = "doctor-1", *, visit: str = "v1", reason: str = "") -> Decision:
        return self.by(TellRequested, visit=visit, prescriber=prescriber, reason=reason)

    def closed_to(self, to: Disposition = Disposition.HOME, *, visit: str = "v1") -> set[ReasonCode]:
        """What keeps this patient here."""
        turn = Turn(self.state, self.setup, self.now_ns)
        return {reason.code for reason in against_going(turn, self.known(visit), to)}

    def signed_for(self, patient: str, regimen: str = "PAIN-4H", *, series: str = "s2") -> None:
        """A series of another patient."""
        self.sign(regimen, series=series, patient=patient)
        self.accepted()
