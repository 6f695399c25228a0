"""F15: a sequence with the cancel key went round the dose limits.

CareFusion 8015, 2015. Here a nurse reviews, cancels, changes the weight, confirms what an earlier review had shown,
pauses, resumes and turns the rate, in two hundred drawn sequences. No start and no rate ever reaches the pump
above what a review of the patient in the bed has shown.

Guard: `pumpd.core.confirming.against_confirmed`: a start confirms the review of this very order, as it stands now.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from pumpd.core import requests as r
from pumpd.core.bed import preview
from pumpd.core.codes import Phase
from pumpd.core.effects import ChangeRate, Prepare
from pumpd.core.pump import Drive
from pumpd.testing.bed_story import NURSE, BedStory, order_for
from pumpd.testing.guards import guard_removed

WEIGHTS_G = (60_000, 60_000, 85_000, 100_000, 154_000, 7_000, 700_000)
PATIENT_G = 60_000
SEQUENCES, PRESSES = 200, 12


class Nurse:
    """Presses what she likes; `shown` is what the last review that she read confirmed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.bed = BedStory()
        self.bed.connect()
        self.bed.report()
        self.order = order_for("CRPS-OP10")
        self.shown: tuple[int, str] | None = None  # the highest rate of the review that she read, and its digest
        self.begun = 0

    def review(self) -> None:
        self.order = replace(self.order, weight_g=self.chance.choice(WEIGHTS_G))
        answer = preview(self.bed.state, "p1", self.order, self.bed.setup, self.bed.now_ns)
        if self.order.weight_g == PATIENT_G and answer.programme is not None:
            self.shown = (answer.programme.top_rate_ul_per_h, answer.digest)  # others she cancels

    def start(self) -> None:
        if self.shown is None or self.bed.phase() not in {Phase.IDLE, Phase.ENDED}:
            return
        self.bed.take(
            r.StartRequested(
                at_ns=self.bed.now_ns, request_id=self.bed.request_id(), actor=NURSE, slot="p1", order=self.order,
                digest=self.shown[1],
            )
        )  # fmt: skip
        if self.bed.sent(Prepare):
            self.sent(self.bed.sent(Prepare)[0].remaining.rate_ul_per_h)
            self.bed.prepared()
            self.bed.done(Drive.INFUSING)

    def pause(self) -> None:
        if self.bed.phase() is Phase.INFUSING:
            self.bed.paused(0)

    def resume(self) -> None:
        if self.bed.phase() is Phase.STOPPED:
            self.bed.resume()
            if self.bed.sent(Prepare):
                self.sent(self.bed.sent(Prepare)[0].remaining.rate_ul_per_h)
                self.bed.prepared()
                self.bed.done(Drive.INFUSING)

    def turn_the_rate(self) -> None:
        if self.bed.phase() is Phase.INFUSING:
            self.bed.rate(self.chance.choice((1_000, 5_000, 50_000, 500_000)))
            for change in self.bed.sent(ChangeRate):
                self.sent(change.rate_ul_per_h)
                self.bed.done(Drive.INFUSING, rate=change.rate_ul_per_h)

    def sent(self, rate_ul_per_h: int) -> None:
        assert self.shown is not None
        self.begun += 1
        if rate_ul_per_h > self.shown[0]:
            self.complaint = f"{rate_ul_per_h} uL/h for a patient of 60 kg, {self.shown[0]} were confirmed"

    complaint = ""


def complaints() -> list[str]:
    found, begun = [], 0
    for seed in range(SEQUENCES):
        nurse = Nurse(seed)
        for _ in range(PRESSES):
            nurse.chance.choice(
                (nurse.review, nurse.review, nurse.start, nurse.pause, nurse.resume, nurse.turn_the_rate)
            )()
        found += [f"sequence {seed}: {nurse.complaint}"] if nurse.complaint else []
        begun += nurse.begun
    assert begun > SEQUENCES // 4, "nothing was begun: then nothing was tried"
    return found


@pytest.mark.requirement("F15")
@pytest.mark.requirement("LIB-03")
@pytest.mark.requirement("CMD-11")
def test_no_sequence_of_keys_goes_round_the_limits() -> None:
    assert complaints() == []


@pytest.mark.requirement("F15")
def test_a_start_that_confirms_any_review_goes_round_them() -> None:
    with guard_removed("pumpd.core.confirming.against_confirmed", instead=lambda *_: []):
        assert complaints()
