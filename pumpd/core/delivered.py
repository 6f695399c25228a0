"""Delivered volume as an interval: at least this, at most that.

Nobody knows what a pump has displaced, to the nanolitre, between two looks at its counter. Pretending to
know ends in a dose that is counted twice or not at all, so pumpd carries both bounds. A report narrows them,
silence widens the upper one by the fastest that the pump could have gone, capped by what it was allowed:
its volume target, and the lease after which it stops by itself. Limits look at the upper bound, "is it
finished" at the lower. The lower bound never falls.

The interval speaks of what the plunger displaced. What a compliant line stores or a leak loses is not in it:
a pump's counter cannot see that, and nothing here claims to.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.units import NL_PER_UL, NS_PER_H, PPM, Towards, divide


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Bounds of a volume, inclusive."""

    low_nl: int
    high_nl: int

    def __post_init__(self) -> None:
        assert 0 <= self.low_nl <= self.high_nl, (self.low_nl, self.high_nl)

    @property
    def width_nl(self) -> int:
        """How much is not known."""
        return self.high_nl - self.low_nl


NOTHING = Interval(low_nl=0, high_nl=0)


def from_counter(base: Interval, infused_nl: int, step_nl: int, motor_step_nl: int) -> Interval:
    """What is in by a counter that started at zero when `base` was in.

    The manual does not say whether the counter truncates or rounds its digits [?], nor when within a motor
    step it counts: one step of each, on both sides, covers every reading of it.
    """
    slack_nl = step_nl + motor_step_nl
    return Interval(
        low_nl=base.low_nl + max(0, infused_nl - slack_nl),
        high_nl=base.high_nl + max(0, infused_nl) + slack_nl,
    )


def widened(known: Interval, rate_ul_per_h: int, elapsed_ns: int, accuracy_ppm: int) -> Interval:
    """The same, after some time in which the pump may have run as fast as `rate_ul_per_h`."""
    assert elapsed_ns >= 0, elapsed_ns
    fastest = rate_ul_per_h * NL_PER_UL * elapsed_ns * (PPM + accuracy_ppm)
    return Interval(low_nl=known.low_nl, high_nl=known.high_nl + divide(fastest, NS_PER_H * PPM, Towards.UP))


def capped(interval: Interval, at_most_nl: int) -> Interval:
    """The same, given that the pump stops by itself at a volume target."""
    return Interval(low_nl=interval.low_nl, high_nl=max(interval.low_nl, min(interval.high_nl, at_most_nl)))


def monotone(before: Interval, now: Interval) -> Interval:
    """What went in stays in: a lower bound once known is never given up."""
    low = max(before.low_nl, now.low_nl)
    return Interval(low_nl=low, high_nl=max(low, now.high_nl))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A rate by the pump's own counter: the window it was taken over, and how far off it may be."""

    rate_ul_per_h: int
    uncertainty_ul_per_h: int
    window_ns: int


def measured_rate(volume_nl: int, shortest_ns: int, longest_ns: int, step_nl: int) -> Measured:
    """Volume by time. A counter step at either end cannot be seen, nor when within its look a counter was read."""
    assert 0 < shortest_ns <= longest_ns, (shortest_ns, longest_ns)
    window_ns = divide(shortest_ns + longest_ns, 2, Towards.DOWN)
    rate = divide(volume_nl * NS_PER_H, window_ns * NL_PER_UL, Towards.DOWN)
    most = divide((volume_nl + 2 * step_nl) * NS_PER_H, shortest_ns * NL_PER_UL, Towards.UP)
    # below it is never further off: two steps more by the shortest time weigh more than two steps less by the longest
    return Measured(rate_ul_per_h=rate, uncertainty_ul_per_h=most - rate, window_ns=window_ns)
