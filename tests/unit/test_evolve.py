"""`evolve` applies and never judges; the history tells what the interval tells; no drug is forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pumpd.core import facts as f
from pumpd.core.codes import CommandKind, Given, Phase, Why
from pumpd.core.delivered import Interval
from pumpd.core.deliveries import BolusOver
from pumpd.core.events import LinkState
from pumpd.core.evolve import evolve, fold
from pumpd.core.facts import Fact
from pumpd.core.given import with_given
from pumpd.core.pace import lowest_lately_ul_per_h, ran
from pumpd.core.pump import Drive
from pumpd.core.state import HISTORY_KEPT_NS, HISTORY_MAX, LATELY_KEPT_NS, LATELY_MAX, READINGS_MAX, BedState, durable
from pumpd.core.totals import SESSION_NS
from pumpd.core.units import NS_PER_S
from pumpd.journal_rows import decode, row_of
from pumpd.testing.bed_story import OTHER_PUMP, BedStory


def infusing() -> BedStory:
    bed = BedStory()
    bed.runs("FM-3H")
    return bed


def told_ng(state: BedState) -> int:
    return sum(each.mass_ng for each in state.history)


@pytest.mark.requirement("LOG-01")
def test_a_story_comes_back_from_its_journal_through_json() -> None:
    bed = infusing()
    bed.flows(40)
    bed.rate(3_000)
    bed.done(Drive.INFUSING, rate=3_000, infused_ul=50)
    bed.paused(55)
    bed.resumes()
    bed.boot(away_s=2)
    rows = [
        row_of(fact, seq=1, boot="b", at_ns=0, wall_ms=0) for fact in bed.facts if getattr(type(fact), "DURABLE", True)
    ]
    back = tuple(decode(row.kind, row.version, row.body) for row in rows)
    assert durable(fold(tuple(fact for fact in back if isinstance(fact, Fact)))) == durable(bed.state)


def test_what_was_seen_is_not_in_the_journal() -> None:
    bed = infusing()
    bed.drives(50)
    assert bed.pump().sighting.readings
    assert bed.kept.pumps[0].sighting.readings == ()
    assert durable(bed.state).pumps[0].sighting.last is None


@given(highs=st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, 60)), min_size=1, max_size=12))
def test_the_history_tells_what_the_interval_tells(highs: list[tuple[int, int]]) -> None:
    """Silence widens, a report narrows: what did not go in is taken out again, and nothing counts twice."""
    bed = infusing()
    state, at_ns = bed.state, bed.now_ns
    for high_nl, seconds in highs:
        at_ns += seconds * NS_PER_S
        state = evolve(state, f.Checkpoint(at_ns=at_ns, slot="p1", delivered=Interval(low_nl=0, high_nl=high_nl)))
        infusion = state.pumps[0].infusion
        assert infusion is not None
        in_ng = infusion.delivered.high_nl * infusion.programme.concentration_ug_per_ml // 1_000
        assert in_ng <= told_ng(state) <= in_ng + len(state.history)


def test_no_drug_is_forgotten_within_a_session_however_many_stretches_it_has() -> None:
    assert HISTORY_KEPT_NS >= SESSION_NS
    bed = infusing()
    state = bed.state
    for count in range(1, HISTORY_MAX + 200):
        delivered = Interval(low_nl=0, high_nl=count * 1_000)
        state = evolve(state, f.Checkpoint(at_ns=bed.now_ns + count * NS_PER_S, slot="p1", delivered=delivered))
    assert len(state.history) == HISTORY_MAX
    assert told_ng(state) >= (HISTORY_MAX + 199) * 5_000
    assert state.history[0].from_ns <= bed.now_ns + 2 * NS_PER_S


def test_what_is_older_than_any_window_goes() -> None:
    bed = infusing()
    old = Given(drug="ketamine", from_ns=0, to_ns=1, mass_ng=10**9)
    state = replace(bed.state, history=(old,))
    late = f.Checkpoint(at_ns=HISTORY_KEPT_NS + bed.now_ns, slot="p1", delivered=Interval(low_nl=0, high_nl=9_000))
    assert old not in evolve(state, late).history


def test_a_boot_moves_every_time_into_the_new_one() -> None:
    bed = infusing()
    bed.flows(40)
    bed.boot()
    state, shift_ns = bed.kept, -500 * NS_PER_S
    fact = f.BootStarted(at_ns=bed.now_ns, boot="next", kernel_boot="k2", shift_ns=shift_ns, slots=("p1",))
    after = evolve(state, fact)
    before, now = state.pumps[0], after.pumps[0]
    assert before.infusion is not None
    assert now.infusion is not None
    assert before.infusion.leg is not None
    assert now.infusion.leg is not None
    assert now.infusion.leg.from_ns - before.infusion.leg.from_ns == shift_ns
    assert before.infusion.uncertain_since_ns is not None
    assert now.infusion.uncertain_since_ns == before.infusion.uncertain_since_ns + shift_ns
    for name in ("started_ns", "planned_end_ns", "delivered_at_ns"):
        assert getattr(now.infusion, name) - getattr(before.infusion, name) == shift_ns
    assert [each.to_ns for each in after.history] == [each.to_ns + shift_ns for each in state.history]
    assert now.link is LinkState.DOWN
    assert now.infusion.delivered == before.infusion.delivered


def test_a_counter_that_fell_back_is_no_reading() -> None:
    bed = infusing()
    bed.drives(50)
    bed.drives(10)
    assert [reading.infused_nl for reading in bed.pump().sighting.readings] == [0, 50_000]


def test_readings_have_a_limit() -> None:
    bed = infusing()
    bed.flows(READINGS_MAX)
    assert len(bed.pump().sighting.readings) == READINGS_MAX


def test_another_pump_has_not_been_seen_yet() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.connect(who=OTHER_PUMP)
    assert bed.pump().sighting.last is None


@pytest.mark.requirement("FLOW-20")
def test_a_low_bound_is_kept_even_against_a_fact_that_says_less() -> None:
    bed = infusing()
    at_ns = bed.now_ns
    state = evolve(bed.state, f.Checkpoint(at_ns=at_ns, slot="p1", delivered=Interval(low_nl=500, high_nl=900)))
    less = Interval(low_nl=100, high_nl=200)
    state = evolve(
        state, f.PhaseChanged(at_ns=at_ns, slot="p1", phase=Phase.UNCERTAIN, why=Why.SILENCE, delivered=less)
    )
    infusion = state.pumps[0].infusion
    assert infusion is not None
    assert infusion.delivered == Interval(low_nl=500, high_nl=500)


# --- total: a journal may tell anything once more, or of a pump that is no longer as it was -------------------------


def test_the_end_of_a_command_told_twice_ends_nothing_else() -> None:
    bed = infusing()
    closed = [fact for fact in bed.facts if isinstance(fact, f.CommandClosed)]
    bed.rate(3_000)
    standing = bed.pump().command
    for fact in closed:
        assert evolve(bed.state, fact).pumps[0].command == standing


def test_the_end_of_a_bolus_that_is_over_already_leaves_the_plan_alone() -> None:
    bed = infusing()
    over = BolusOver(at_ns=bed.now_ns, slot="p1", delivered=bed.infusion().delivered)
    infusion = evolve(bed.state, over).pumps[0].infusion
    assert infusion is not None
    assert (infusion.plan, infusion.step) == (bed.infusion().plan, bed.infusion().step)


def test_rates_and_checkpoints_of_an_infusion_without_a_leg_are_kept_and_make_no_mark() -> None:
    """A cleared counter takes the leg away; what is told behind it still counts as given."""
    bed = infusing()
    bare = replace(bed.infusion(), leg=None, granted_ul_per_h=None)
    state = bed.state.with_pump(replace(bed.pump(), infusion=bare))
    more, at_ns = Interval(low_nl=100, high_nl=900), bed.now_ns + NS_PER_S
    state = evolve(state, f.Checkpoint(at_ns=at_ns, slot="p1", delivered=more))
    issued = f.CommandIssued(
        at_ns=at_ns, slot="p1", command_id=9, command=CommandKind.CHANGE_RATE, rate_ul_per_h=3_000, raises=False
    )
    state = evolve(state, issued)
    granted = f.RateGranted(at_ns=at_ns, slot="p1", asked_ul_per_h=3_000, granted_ul_per_h=3_000, delivered=more)
    infusion = evolve(state, granted).pumps[0].infusion
    assert infusion is not None
    assert infusion.leg is None
    assert (infusion.rate_ul_per_h, infusion.granted_ul_per_h, infusion.lately) == (3_000, 3_000, ())
    assert infusion.delivered == more


def test_stretches_of_different_drugs_never_become_one() -> None:
    """There are fewer drugs than stretches at any bed; if there were not, none would be thrown away."""
    each = [Given(drug=f"drug {n}", from_ns=n, to_ns=n, mass_ng=1) for n in range(1, HISTORY_MAX + 3)]
    history: tuple[Given, ...] = ()
    for given_now in each:
        history = with_given(history, given_now)
    assert history == tuple(each)


@given(rates=st.lists(st.integers(1, 99_999), min_size=1, max_size=3 * LATELY_MAX), gap_s=st.integers(0, 3))
@example(rates=[5, *range(100, 100 + LATELY_MAX + 3)], gap_s=0)
def test_the_lowest_rate_of_the_last_minute_is_never_forgotten_however_often_it_changed(
    rates: list[int], gap_s: int
) -> None:
    """FLOW-03 counts from it: forgetting a low one would let a rise more than double it within a minute."""
    bed = infusing()
    infusion, at_ns, ran_at = bed.infusion(), bed.now_ns, []
    for rate in rates:
        ran_at.append((at_ns, infusion.granted_ul_per_h or 0))
        infusion = replace(ran(infusion, at_ns, rate), granted_ul_per_h=rate, rate_ul_per_h=rate)
        at_ns += gap_s * NS_PER_S
    truth = min([rates[-1], *(rate for until_ns, rate in ran_at if until_ns > at_ns - LATELY_KEPT_NS)])
    assert lowest_lately_ul_per_h(infusion, at_ns) <= truth
    assert len(infusion.lately) <= LATELY_MAX
    if len(rates) <= LATELY_MAX:
        assert lowest_lately_ul_per_h(infusion, at_ns) == truth
