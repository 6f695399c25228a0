"""F16: a bolus that was interrupted, then a prime, then a resume: too much or too little.

Medfusion 3500 and 4000, 2020. Here a bolus is stopped after every few microlitres of it, the line is primed at the
pump's keys while it stands, and the rest is resumed. What goes into the patient is what was programmed less what the
pause left out, and the rate is the one from before the bolus.

Guard: `pumpd.core.bolus_plan.without_rest`: what is left of a bolus that was interrupted is gone.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import preview_bolus
from pumpd.core.codes import Phase
from pumpd.core.effects import Prepare
from pumpd.core.library import Bolus, Cap
from pumpd.core.people import Role
from pumpd.core.pump import Drive
from pumpd.core.state import Infusion
from pumpd.testing.bed_story import BedStory
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.guards import guard_removed
from pumpd.testing.swap_story import label_read

PRESCRIBER = Actor(person="doctor-1", role=Role.PRESCRIBER)
DOSE_UG_PER_KG, LASTS_S = 100, 600
BOLUS_NL = 1_400_000  # 7 mg for 70 kg at 5 mg/mL
PRIME_UL = 200


def with_bolus() -> BedStory:
    """FM-3H by a site's entry that asks for boluses, and one of them asked for, programmed and running."""
    bolus = Bolus(dose_ug_per_kg=Cap(soft=300, hard=350), shortest_s=600, lockout_s=3_600)
    rules = shipped_rules()
    entries = tuple(replace(each, bolus=bolus if each.high_alert else None) for each in rules.library.entries)
    bed = BedStory(rules=replace(rules, library=replace(rules.library, entries=entries)))
    bed.runs("FM-3H")
    bed.drives(5)
    review = preview_bolus(bed.state, "p1", bed.setup, bed.now_ns, dose_ug_per_kg=DOSE_UG_PER_KG, duration_s=LASTS_S)
    assert review is not None
    bed.take(
        r.BolusRequested(
            at_ns=bed.now_ns, request_id=bed.request_id(), actor=PRESCRIBER, slot="p1", dose_ug_per_kg=DOSE_UG_PER_KG,
            duration_s=LASTS_S, digest=review.digest,
        )
    )  # fmt: skip
    bed.stop_confirmed(infused_ul=5)
    bed.prepared()
    bed.done(Drive.INFUSING)
    assert bed.phase() is Phase.INFUSING
    return bed


def complaints(interrupted_ul: int) -> list[str]:
    bed = with_bolus()
    basal = bed.infusion().plan[0].rate_ul_per_h
    whole_nl = bed.infusion().total_nl  # the plan and the bolus
    bed.drives(interrupted_ul)
    bed.paused(interrupted_ul)
    bed.report(Drive.STILL, infused_ul=interrupted_ul + PRIME_UL)  # primed at its keys
    in_nl = bed.infusion().delivered.high_nl
    found = []
    if in_nl < (5 + interrupted_ul + PRIME_UL) * 1_000:
        found.append(f"{interrupted_ul}: primed {PRIME_UL} uL, and {in_nl} nL are on record")
    if bed.pump().stop is not None:
        bed.stop_confirmed(infused_ul=interrupted_ul + PRIME_UL)
    for alarm in bed.state.alarms:
        bed.acknowledge(alarm.condition, alarm.slot)
    label_read(bed)
    bed.report(Drive.STILL, infused_ul=interrupted_ul + PRIME_UL)
    bed.resume(keep=r.Keep.VOLUME)
    sent = bed.sent(Prepare)
    if not sent:
        return [*found, f"{interrupted_ul}: not resumed: {bed.refusals}"]
    if sent[0].remaining.rate_ul_per_h != basal:
        found.append(f"{interrupted_ul}: goes on at {sent[0].remaining.rate_ul_per_h} uL/h instead of {basal}")
    given_of_it_nl = interrupted_ul * 1_000 * 2 // 3  # 8.4 of 12.6 mL/h
    all_nl = bed.infusion().total_nl
    if all_nl > whole_nl - BOLUS_NL + given_of_it_nl + 30_000:
        found.append(f"{interrupted_ul}: {all_nl} nL in all, though the bolus was left out")
    if sent[0].remaining.volume_nl + bed.infusion().delivered.high_nl > all_nl:
        found.append(f"{interrupted_ul}: more is programmed than is left")
    return found


POINTS = range(40, 2_040, 100)


@pytest.mark.requirement("F16")
@pytest.mark.requirement("FLOW-06")
@pytest.mark.parametrize("interrupted_ul", POINTS)
def test_what_is_left_of_an_interrupted_bolus_never_goes_in(interrupted_ul: int) -> None:
    assert complaints(interrupted_ul) == []


def keeps_the_rest(infusion: Infusion) -> Infusion:
    return replace(infusion, bolus=None)


@pytest.mark.requirement("F16")
def test_a_rest_that_is_kept_goes_in_on_top() -> None:
    with guard_removed("pumpd.core.bolus_plan.without_rest", instead=keeps_the_rest):
        assert complaints(540)
