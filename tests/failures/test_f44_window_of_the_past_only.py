"""F44: the limit of drug per hour looked back only, and what was committed came on top.

Open PCA 1.0.0 admits a bolus when the window that ends now has room for it; the basal flow that is still to come then
pushes the same window over the limit (narratives of Vašíček et al., ICLP 2024). Here: a whole session of 40 min has
gone in, and the next one is asked for. The hour behind has room for a start, the hour ahead has not.

Guard: `pumpd.core.exposure.committed`, the flow to come as part of every window. Without it ours is the old rule.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.bed import preview
from pumpd.core.codes import Phase, ReasonCode
from pumpd.core.pump import Drive
from pumpd.core.requests import StartRequested
from pumpd.core.units import NS_PER_H, NS_PER_MIN, Towards, delivered_nl, mass_ng
from pumpd.testing.bed_story import NURSE, BedStory, order_for
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.guards import guard_removed

HOUR_UG_PER_KG = 600  # a site that allows 0.6 mg/kg in any hour; a session is 0.5 mg/kg in 40 min


def strict_bed() -> BedStory:
    rules = shipped_rules()
    entries = tuple(
        replace(each, rolling_hour_ug_per_kg=HOUR_UG_PER_KG) if each.id == "KET-MOOD" else each
        for each in rules.library.entries
    )
    bed = BedStory(rules=replace(rules, library=replace(rules.library, entries=entries)))
    bed.connect()
    bed.report()
    return bed


def ask(bed: BedStory) -> bool:
    """A session of 0.5 mg/kg in 40 min is asked for. Was it accepted?"""
    order = replace(order_for("MDD-2x3"), container="syringe-60-1")
    digest = preview(bed.state, "p1", order, bed.setup, bed.now_ns).digest
    bed.take(
        StartRequested(
            at_ns=bed.now_ns, request_id=bed.request_id(), actor=NURSE, slot="p1", order=order, digest=digest
        )
    )
    assert bed.reply is not None
    return bed.reply.accepted


def give(bed: BedStory, given: list[tuple[int, int]]) -> None:
    """The accepted session goes in to its end; each minute of it is noted with its rate."""
    bed.prepared()
    bed.done(Drive.INFUSING)
    infusion = bed.infusion()
    assert infusion.leg is not None
    began_ns, rate, volume_nl = bed.now_ns, infusion.rate_ul_per_h, infusion.leg.granted.volume_nl
    while (so_far := delivered_nl(rate, bed.now_ns + NS_PER_MIN - began_ns, Towards.DOWN)) < volume_nl:
        given.append((bed.now_ns, rate))
        bed.drives(so_far // 1_000, after_s=60)
    bed.report(Drive.STILL, infused_ul=volume_nl // 1_000)
    assert bed.phase() is Phase.ENDED


def complaints(wait_min: int) -> tuple[bool, list[str]]:
    """Was the second session begun at once, and which hours hold too much, counted minute by minute?"""
    bed, given = strict_bed(), list[tuple[int, int]]()
    assert ask(bed)
    give(bed, given)
    bed.wait(60 * wait_min)
    begun = ask(bed)
    if begun:
        give(bed, given)
    limit_ng = HOUR_UG_PER_KG * 70_000
    found = []
    for end_ns, _ in given:
        flows = sum(rate for at_ns, rate in given if end_ns - NS_PER_H < at_ns <= end_ns)
        hour_ng = mass_ng(delivered_nl(flows, NS_PER_MIN, Towards.DOWN), 1_000, Towards.DOWN)
        if hour_ng > limit_ng:
            found.append(f"{hour_ng} ng in the hour to {end_ns}, {limit_ng} ng are allowed")
    if not begun:
        assert bed.refusals == {ReasonCode.ROLLING_HOUR_UG_PER_KG}
    return begun, found


@pytest.mark.requirement("F44")
@pytest.mark.requirement("FLOW-15")
def test_no_hour_holds_too_much_whatever_is_asked_in_it() -> None:
    assert complaints(wait_min=0) == (False, []), "refused, with the window as the reason"
    assert complaints(wait_min=52) == (True, []), "and begun once the window has room"


@pytest.mark.requirement("F44")
def test_a_rule_that_looks_back_only_gives_the_overdose() -> None:
    with guard_removed("pumpd.core.exposure.committed", instead=lambda *_: ()):
        begun, found = complaints(wait_min=0)
    assert begun
    assert found
