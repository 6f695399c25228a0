"""An infusion is judged by the library entry that it was started under, for as long as it lives.

A newer, stricter, looser or missing library decides about new starts and about nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pumpd.api_moment import Moment
from pumpd.api_views import Place, pump_view
from pumpd.core import facts as f
from pumpd.core.codes import Phase, ReasonCode
from pumpd.core.evolve import fold
from pumpd.core.library import Cap, Entry
from pumpd.core.pump import Drive
from pumpd.core.regimen import Rules
from pumpd.core.requests import Keep
from pumpd.journal_rows import decode, row_of
from pumpd.testing.bed_story import BedStory
from pumpd.testing.clinical import shipped_rules

# as journalled by the first program that froze the entry: whatever is added to an entry since has a default
OLD_BODY = (Path(__file__).parents[1] / "vectors" / "infusion_ordered.json").read_text(encoding="utf-8").strip()


def rules_with(change: Callable[[Entry], Entry] | None) -> Rules:
    """The shipped library with every entry changed, or with none at all."""
    rules = shipped_rules()
    entries = () if change is None else tuple(map(change, rules.library.entries))
    return replace(rules, library=replace(rules.library, entries=entries, sha256="f" * 64))


def _stricter(entry: Entry) -> Entry:
    return replace(
        entry,
        dose=replace(entry.dose, hard_low=1, soft_low=1, typical=1, soft_high=1, hard_high=1),
        cap_total_ug=Cap(soft=None, hard=1),
        rolling_hour_ug=1,
    )


STRICTER = rules_with(_stricter)
MISSING = rules_with(None)


def waiting_for_its_step() -> BedStory:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.wait(1_800)
    bed.drives(2_110)
    return bed


def restarted(bed: BedStory, rules: Rules, infused_ul: int) -> None:
    """The daemon begins anew with another library, and the pump fits."""
    bed.setup = replace(bed.setup, rules=rules)
    bed.boot(away_s=1)
    bed.connect()
    bed.drives(infused_ul)
    assert bed.phase() is Phase.INFUSING


@pytest.mark.parametrize("rules", [STRICTER, MISSING], ids=["stricter", "missing"])
def test_after_a_restart_with_another_library_a_step_goes_by_the_limits_it_was_started_under(rules: Rules) -> None:
    bed = waiting_for_its_step()
    restarted(bed, rules, 2_112)
    bed.tap()
    assert bed.reply is not None
    assert bed.reply.accepted, bed.reply.reasons


@pytest.mark.parametrize("rules", [STRICTER, MISSING], ids=["stricter", "missing"])
def test_after_a_restart_with_another_library_a_paused_infusion_is_resumed(rules: Rules) -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.wait(440)
    bed.drives(500)
    restarted(bed, rules, 501)
    bed.paused(502)
    bed.resumes(keep=Keep.VOLUME)


@pytest.mark.parametrize("rules", [STRICTER, MISSING], ids=["stricter", "missing"])
def test_after_a_restart_with_another_library_a_rate_goes_back_up_to_what_was_confirmed(rules: Rules) -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.rate(2_100)
    bed.done(Drive.INFUSING, rate=2_100)
    restarted(bed, rules, 3)
    bed.rate(4_200)
    assert bed.reply is not None
    assert bed.reply.accepted, bed.reply.reasons


@pytest.mark.parametrize("rules", [STRICTER, MISSING], ids=["stricter", "missing"])
def test_a_running_infusion_reads_the_same_whatever_the_library_says(rules: Rules) -> None:
    bed = waiting_for_its_step()
    place, at = Place(site="s", ward="w", bed="b"), Moment(now_ns=bed.now_ns, wall_ms=0)
    before = pump_view(bed.state, bed.pump(), bed.setup, place, at)
    assert before == pump_view(bed.state, bed.pump(), replace(bed.setup, rules=rules), place, at)
    assert before.asked is not None
    assert before.asked.dose_text == "0.3 mg/kg/h (21 mg/h)"


def test_a_looser_library_gives_a_running_infusion_nothing() -> None:
    """Its own limit, not today's, refuses the step."""
    bed = waiting_for_its_step()
    entry = bed.infusion().entry
    assert entry is not None
    strict = replace(entry, dose=replace(entry.dose, hard_high=350, soft_high=350, typical=300))
    infusion = replace(bed.infusion(), entry=strict)
    bed.state = bed.kept = bed.state.with_pump(replace(bed.pump(), infusion=infusion))
    bed.tap()
    assert ReasonCode.DOSE_UG_PER_KG_PER_H in bed.refusals


def test_an_infusion_of_an_older_program_may_fall_and_stop_but_nothing_raises_it() -> None:
    bed = waiting_for_its_step()
    bed.state = bed.kept = bed.state.with_pump(replace(bed.pump(), infusion=replace(bed.infusion(), entry=None)))
    bed.tap()
    assert bed.refusals == {ReasonCode.LIMITS_NOT_ON_RECORD}
    bed.rate(2_100)
    bed.done(Drive.INFUSING, rate=2_100, infused_ul=2_115)
    bed.rate(4_200)
    assert bed.refusals == {ReasonCode.LIMITS_NOT_ON_RECORD}
    bed.paused(2_120)
    bed.resume(keep=Keep.VOLUME)
    assert bed.refusals == {ReasonCode.LIMITS_NOT_ON_RECORD}
    bed.end()
    assert bed.phase() is Phase.ENDED


def test_the_entry_comes_back_from_the_journal_as_it_was() -> None:
    bed = waiting_for_its_step()
    (ordered,) = [fact for fact in bed.facts if isinstance(fact, f.InfusionOrdered)]
    assert ordered.entry == shipped_rules().library.entry("KET-PAIN-OP")
    row = row_of(ordered, seq=1, boot="b", at_ns=0, wall_ms=0)
    assert decode(row.kind, row.version, row.body) == ordered


def test_a_row_that_an_earlier_program_wrote_still_folds() -> None:
    """Its entry has fewer fields than today's; the oldest rows have none at all."""
    booted = f.BootStarted(at_ns=0, boot="b", kernel_boot="k", shift_ns=0, slots=("p1",))
    fact = decode("infusion_ordered", 1, OLD_BODY)
    assert isinstance(fact, f.InfusionOrdered)
    assert fold((booted, fact)).on("p1").due().entry == fact.entry
    assert fact.entry is not None
    assert fact.entry.dose.hard_high == 2_000
    at, end = OLD_BODY.index('"entry":{"'), OLD_BODY.index('"grant":')
    oldest = decode("infusion_ordered", 1, OLD_BODY[:at] + OLD_BODY[end:])
    assert isinstance(oldest, f.InfusionOrdered)
    assert fold((booted, oldest)).on("p1").due().entry is None
