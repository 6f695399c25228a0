"""The ideal nurse on her way through a scene: as far as the scene goes, and at times that are told in minutes ago.

What she does is the ideal nurse's (ideal_nurse.py), and so is whom she does it for. She knows her patient from the days
before, sits by the bed while the infusion runs and observes what is due; a planned step up she taps unless the scene
wants it to wait.
"""

from __future__ import annotations

from typing import Final

from pumpd import api_client, api_path_calls
from pumpd.api_models import Phase
from pumpd.api_path_models import VisitBody
from pumpd.testing.coarse import coarsely
from pumpd.testing.ideal_nurse import LOOK_S, SCORES, WELL, IdealNurse
from pumpd.testing.known_patient import Known
from pumpd.testing.scene_bed import NEAR_S, SceneBed

BASELINE_MINUTES: Final = 1  # before the start
SPARE_MINUTES: Final = 1.5  # the last act of a scene is over by then


class SceneNurse(IdealNurse):
    """`known`: the order, and the visit of the day before, of a patient who has been here."""

    bed: SceneBed

    def __init__(self, bed: SceneBed, regimen: str, day: int = 1, known: Known | None = None) -> None:
        super().__init__(bed, regimen, day, known)

    def opens(self) -> None:
        """The patient has come, and no more."""
        assert self.known is not None, "whose visit?"
        self.nurse.at_an_open_page()
        opened = api_path_calls.open_visit(VisitBody(series=self.known.series, number=self.day))
        self.visit = self.nurse.does(opened, "opens the visit of the patient at the bed", taps=2).request_id

    def starts(self, minutes_ago: float) -> None:
        """Every gate is passed, then she waits, and takes the baseline anew: the infusion begins just then."""
        self.plays_to_the_review()
        with coarsely():
            self.bed.until(minutes_ago + BASELINE_MINUTES)
        self.nurse.at_an_open_page()
        self._observes(WELL | SCORES, routine=False)
        self.bed.until(minutes_ago)
        self._starts()

    def sits_by(self, minutes_ago: float = SPARE_MINUTES, *, taps_steps: bool = True) -> None:
        """Until then, or until the infusion has ended."""
        with coarsely():
            while (left_s := self.bed.left_s(minutes_ago)) > NEAR_S:
                seen = self.nurse.looks()
                if seen.pumps[0].phase is Phase.ENDED:
                    break
                self._does_what_is_due(seen)
                if taps_steps and seen.pumps[0].buttons.step.allowed:
                    self.nurse.at_an_open_page()
                    self.nurse.does(api_client.step("p1"), "lets the step up that is due begin", taps=1)
                self.bed.advance(seconds=min(LOOK_S, left_s))

    def clears_the_bed(self) -> None:
        """The line is flushed, what is left over is witnessed, and the patient is in recovery."""
        self._ends()

    def sends_on(self) -> None:
        with coarsely():
            self._sends_on()
