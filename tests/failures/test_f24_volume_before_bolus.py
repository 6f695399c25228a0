"""F24: the volume limit was reached before the bolus was complete.

Medfusion, 2024. Here boluses of every size are put into an infusion early and late in its step, where there is just
room, and where there is none. One that is begun is given whole: the pump's volume target has grown by it; where the
step would end first it is refused, and nothing is begun.

Guard: `pumpd.core.bolus_plan.inserted`, which makes room for a bolus in the plan.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core import bolus_plan
from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import preview_bolus
from pumpd.core.bolus_plan import Inserted
from pumpd.core.codes import Phase
from pumpd.core.library import Bolus, Cap
from pumpd.core.people import Role
from pumpd.core.pump import Drive
from pumpd.core.state import Infusion
from pumpd.testing.bed_story import BedStory
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.guards import guard_removed

PRESCRIBER = Actor(person="doctor-1", role=Role.PRESCRIBER)
DOSES_UG_PER_KG, BEGINS_UL, LASTS_S = (20, 100, 200, 290), (5, 600, 1_200, 1_800, 2_000), (600, 900)
_INSERTED = bolus_plan.inserted


def one(dose_ug_per_kg: int, begins_ul: int, lasts_s: int) -> tuple[bool, list[str]]:
    """Was it begun, and what is wrong with it?"""
    bolus = Bolus(dose_ug_per_kg=Cap(soft=300, hard=350), shortest_s=600, lockout_s=3_600)
    rules = shipped_rules()
    entries = tuple(replace(each, bolus=bolus if each.high_alert else None) for each in rules.library.entries)
    bed = BedStory(rules=replace(rules, library=replace(rules.library, entries=entries)))
    bed.runs("FM-3H")
    bed.drives(begins_ul, after_s=begins_ul * 3_600 / bed.infusion().rate_ul_per_h)
    review = preview_bolus(bed.state, "p1", bed.setup, bed.now_ns, dose_ug_per_kg=dose_ug_per_kg, duration_s=lasts_s)
    assert review is not None
    bed.take(
        r.BolusRequested(
            at_ns=bed.now_ns, request_id=bed.request_id(), actor=PRESCRIBER, slot="p1", dose_ug_per_kg=dose_ug_per_kg,
            duration_s=lasts_s, digest=review.digest,
        )
    )  # fmt: skip
    if bed.phase() is Phase.INFUSING:
        return False, []
    bed.stop_confirmed(infused_ul=begins_ul)
    if bed.phase() is not Phase.CHECKING:
        return False, []
    bed.prepared()
    bed.done(Drive.INFUSING)
    infusion, case = bed.infusion(), f"{dose_ug_per_kg} ug/kg at {begins_ul} uL in {lasts_s} s"
    assert infusion.leg is not None
    if infusion.bolus is None:
        return True, [f"{case}: begun, and not under way"]
    needed_nl = infusion.boundary_nl(infusion.bolus.step)
    reach_nl = infusion.leg.base.high_nl + infusion.leg.granted.volume_nl
    found = [] if reach_nl >= needed_nl else [f"{case}: the pump stops at {reach_nl} nL, the bolus ends at {needed_nl}"]
    bolus_nl = dose_ug_per_kg * 70 * 1_000 // 5
    planned_nl = sum(step.volume_nl for step in infusion.programme.steps)
    if abs(infusion.total_nl - planned_nl - bolus_nl) > 5_000:
        found.append(f"{case}: the whole grew by {infusion.total_nl - planned_nl} nL instead of {bolus_nl}")
    return True, found


def complaints() -> list[str]:
    found: list[str] = []
    begun = refused = 0
    for dose in DOSES_UG_PER_KG:
        for begins_ul in BEGINS_UL:
            for lasts_s in LASTS_S:
                was, wrong = one(dose, begins_ul, lasts_s)
                begun, refused, found = begun + was, refused + (not was), found + wrong
    assert begun > 5, "nothing was begun"
    assert refused > 3, "every one had room"
    return found


def out_of_the_rest(infusion: Infusion, *, high_nl: int, bolus_nl: int, rate_ul_per_h: int) -> Inserted | None:
    """The bolus is taken from what the plan had left: its whole does not grow."""
    laid = _INSERTED(infusion, high_nl=high_nl, bolus_nl=bolus_nl, rate_ul_per_h=rate_ul_per_h)
    if laid is None:
        return None
    plan = list(laid.plan)
    plan[laid.step] = replace(plan[laid.step], volume_nl=plan[laid.step].volume_nl - bolus_nl)
    return replace(laid, plan=tuple(plan))


@pytest.mark.requirement("F24")
@pytest.mark.requirement("FLOW-05")
def test_a_bolus_that_is_begun_has_its_whole_volume() -> None:
    assert complaints() == []


@pytest.mark.requirement("F24")
def test_a_bolus_without_room_of_its_own_comes_short() -> None:
    with guard_removed("pumpd.core.bolus_plan.inserted", instead=out_of_the_rest):
        assert complaints()
