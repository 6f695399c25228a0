"""What the daemon says went in, against what the plunger displaced: within a step of the counter, after anything.

The stormy days of test_simulation.py hold the interval against the truth four times a second. Here it is asked how
narrow the answer is once it is calm again: a daemon that always answers "between nothing and everything" is right as
well.
"""

from __future__ import annotations

import pytest
from pumpd_sim.faults import Fault, FaultKind

from pumpd.core.codes import Phase
from pumpd.core.look import motor_step_nl
from pumpd.core.order import Order
from pumpd.testing.clinical import NE_1000
from pumpd.testing.watched_bed import WatchedBed, watched

LONG = Order(regimen="TRAIN-5MIN", day=1, weight_g=70_000, height_mm=1_750, container="syringe-60")
COUNTER_STEP_NL = 1_000  # below 10 mL
DAEMONS_SHARE_PPM = 1_000  # 0.1 %


@pytest.mark.requirement("FLOW-07")
def test_after_restarts_and_silences_the_volume_is_known_to_a_step_of_the_counter() -> None:
    async def story(told: WatchedBed) -> None:
        await told.runs(LONG)
        for away_s in (1, 2, 1):
            await told.passes(20)
            told.fault(Fault(kind=FaultKind.MUTE, for_ms=2_500))
            await told.passes(20)
            told.clock.step_wall(86_400_000)
            await told.killed(away_s=away_s)
            await told.passes(15)
        await told.ends(within_s=400)
        assert told.phase() is Phase.ENDED
        infusion, truth = told.bed.pump().infusion, told.truth()
        assert infusion is not None
        low_nl, high_nl = infusion.delivered.low_nl, infusion.delivered.high_nl
        slack_nl = COUNTER_STEP_NL + motor_step_nl(NE_1000, infusion.programme.syringe_diameter_um)
        if not low_nl <= truth.displaced_nl <= high_nl:
            told.say(f"{truth.displaced_nl} nL went in, {infusion.delivered} is on record")
        if high_nl - low_nl > 2 * slack_nl:
            told.say(f"an answer as wide as {high_nl - low_nl} nL is none")
        apart_nl = abs((low_nl + high_nl) // 2 - truth.displaced_nl)
        if apart_nl > slack_nl + truth.displaced_nl * DAEMONS_SHARE_PPM // 10**6:
            told.say(f"the middle lies {apart_nl} nL from the truth")

    assert watched(story) == []
