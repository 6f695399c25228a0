"""The worst window is found, whatever lies before and after now, and never below the truth."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core.codes import Given
from pumpd.core.exposure import Committed, committed, given_since_ng, in_window_ng, steps_mass_ng, worst_window_ng
from pumpd.core.steps import Step

NOW = 10_000 * 10**9
SECOND = 10**9


def stretch(begin_s: int, length_s: int, mass_ng: int) -> Given:
    begin_ns = NOW - begin_s * SECOND
    return Given(drug="d", from_ns=begin_ns, to_ns=min(begin_ns + length_s * SECOND, NOW), mass_ng=mass_ng)


pasts = st.lists(st.builds(stretch, st.integers(1, 200), st.integers(1, 200), st.integers(0, 10**6)), max_size=6)
plans = st.lists(
    st.builds(Step, rate_ul_per_h=st.integers(1_000, 300_000), volume_nl=st.integers(1_000, 2_000_000)), max_size=4
)


def flows(past: list[Given], plan: list[Step], concentration: int) -> list[tuple[Fraction, Fraction, Fraction]]:
    """(from, to, ng per ns), exact."""
    found = [(Fraction(g.from_ns), Fraction(g.to_ns), Fraction(g.mass_ng, g.to_ns - g.from_ns)) for g in past]
    at = Fraction(NOW)
    for step in plan:
        rate = Fraction(step.rate_ul_per_h * concentration, 3_600 * SECOND)
        length = Fraction(step.volume_nl * 3_600 * SECOND, step.rate_ul_per_h * 1_000)
        found.append((at, at + length, rate))
        at += length
    return found


@given(pasts, plans, st.integers(1, 150), st.sampled_from([1_000, 5_000]))
@pytest.mark.requirement("FLOW-15")
def test_worst_window_bounds_every_sampled_window_and_is_reached_by_one(
    past: list[Given], plan: list[Step], window_s: int, concentration: int
) -> None:
    window = window_s * SECOND
    future = committed(plan, concentration, NOW)
    worst = worst_window_ng(tuple(past), future, now_ns=NOW, window_ns=window)
    exact = flows(past, plan, concentration)

    def inside(end: Fraction) -> Fraction:
        return sum((max(min(end, b) - max(end - window, a), Fraction(0)) * rate for a, b, rate in exact), Fraction(0))

    edges = [Fraction(NOW)] + [edge for a, b, _ in exact for edge in (a, b, a + window, b + window)]
    last = max(edges)
    grid = [NOW + (last - NOW) * Fraction(k, 97) for k in range(98)]  # not the edges: an independent look
    brute = max(inside(end) for end in [*grid, *edges] if end >= NOW)
    assert brute <= worst <= brute + len(past) + 2


def test_steady_rate_at_the_limit_is_not_a_nanogram_above_it() -> None:
    future = committed([Step(rate_ul_per_h=25_000, volume_nl=100_000_000)], 1_000, NOW)
    assert worst_window_ng((), future, now_ns=NOW, window_ns=3_600 * SECOND) == 25_000_000


def test_window_that_ended_before_now_no_longer_counts() -> None:
    past = (stretch(200, 10, 1_000_000),)
    assert worst_window_ng(past, (), now_ns=NOW, window_ns=100 * SECOND) == 0
    assert worst_window_ng(past, (), now_ns=NOW, window_ns=200 * SECOND) == 1_000_000


def test_all_at_once_counts_in_every_window_that_touches_it() -> None:
    at_once = Given(drug="d", from_ns=NOW, to_ns=NOW, mass_ng=7)
    assert worst_window_ng((at_once,), (), now_ns=NOW, window_ns=SECOND) == 7


def test_given_since_counts_stretches_that_reach_into_the_time() -> None:
    past = (stretch(300, 50, 5), stretch(100, 50, 7))
    assert given_since_ng(past, since_ns=NOW - 100 * SECOND) == 7


def test_a_stretch_that_ends_at_the_edge_is_not_in_the_time_after_it() -> None:
    assert given_since_ng((stretch(150, 50, 5),), since_ns=NOW - 100 * SECOND) == 0


def test_what_is_to_come_stands_back_to_back_and_steps_of_nothing_leave_no_trace() -> None:
    """A part of a nanosecond is still to come; a step without rate or volume neither ends nor begins."""
    plan = [Step(rate_ul_per_h=0, volume_nl=5), Step(rate_ul_per_h=1, volume_nl=1), Step(rate_ul_per_h=5, volume_nl=0)]
    third = Step(rate_ul_per_h=7, volume_nl=1)
    first_ns, third_ns = 3_600 * 10**6, 3_600 * 10**6 // 7 + 1
    assert committed([*plan, third], 3, NOW) == (
        Committed(from_ns=NOW, to_ns=NOW + first_ns, rate_ng_per_h=3),
        Committed(from_ns=NOW + first_ns, to_ns=NOW + first_ns + third_ns, rate_ng_per_h=21),
    )


def test_drug_of_a_part_of_a_nanogram_counts_as_one() -> None:
    assert steps_mass_ng([Step(rate_ul_per_h=1, volume_nl=1), Step(rate_ul_per_h=1, volume_nl=1)], 1) == 1
    assert steps_mass_ng([Step(rate_ul_per_h=1, volume_nl=1_001)], 1) == 2


def test_a_window_counts_what_lies_in_it_and_rounds_up_once_for_each_stretch_behind_and_once_for_all_ahead() -> None:
    past = (stretch(30, 20, 10), stretch(10, 10, 1))
    future = (
        Committed(from_ns=NOW, to_ns=NOW + 10 * SECOND, rate_ng_per_h=90),
        Committed(from_ns=NOW + 10 * SECOND, to_ns=NOW + 90 * SECOND, rate_ng_per_h=90),
    )
    # 4.5 of 10 ng (up: 5), half of 1 ng (up: 1) and nothing ahead; then the whole of 1 ng and 11 s at 90 ng/h (up: 1)
    assert in_window_ng(past, future, end_ns=NOW - 5 * SECOND, window_ns=14 * SECOND) == 5 + 1
    assert in_window_ng(past, future, end_ns=NOW + 11 * SECOND, window_ns=21 * SECOND) == 1 + 1
    assert in_window_ng((), future, end_ns=NOW + 50 * SECOND, window_ns=40 * SECOND) == 1
    assert in_window_ng((), future, end_ns=NOW - SECOND, window_ns=10 * SECOND) == 0


def test_the_window_that_begins_where_it_was_given_all_at_once_still_holds_it() -> None:
    at_once = Given(drug="d", from_ns=NOW - SECOND, to_ns=NOW - SECOND, mass_ng=7)
    assert worst_window_ng((at_once,), (), now_ns=NOW, window_ns=SECOND) == 7
    assert worst_window_ng((at_once,), (), now_ns=NOW + 1, window_ns=SECOND) == 0
