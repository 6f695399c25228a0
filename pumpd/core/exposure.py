"""How much drug falls into any window of time: given, running and committed, over all pumps of the bed.

A limit "in any 60 minutes" is about the worst hour, and the worst hour may still lie ahead: the last twenty
minutes of what was given plus the first forty of what a start would commit. So the past (`Given`, the upper
end of what may have gone in) and the committed future (steps back to back at their rates) stand on one
time line.

Drug flows evenly within a stretch, so the amount in a sliding window is piecewise linear and its largest
value lies where an edge of the window meets an edge of a stretch: trying those is exact. Past stretches are
rounded up one by one, the future as a whole, so the answer is never below the truth.

Windows that end before now are left out: nothing that anybody decides can change them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pumpd.core.codes import Given
from pumpd.core.steps import Step
from pumpd.core.units import NS_PER_H, Towards, divide, dose_rate_ng_per_h, duration_for_ns, mass_ng


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A stretch of the future at one rate."""

    from_ns: int
    to_ns: int
    rate_ng_per_h: int


def committed(steps: Iterable[Step], concentration_ug_per_ml: int, now_ns: int) -> tuple[Committed, ...]:
    """Steps from now on, back to back: a step that waits for a tap only spreads them."""
    stretches = []
    at_ns = now_ns
    for step in steps:
        if step.rate_ul_per_h <= 0 or step.volume_nl <= 0:
            continue
        end_ns = at_ns + duration_for_ns(step.volume_nl, step.rate_ul_per_h, Towards.UP)
        rate = dose_rate_ng_per_h(step.rate_ul_per_h, concentration_ug_per_ml)
        stretches.append(Committed(from_ns=at_ns, to_ns=end_ns, rate_ng_per_h=rate))
        at_ns = end_ns
    return tuple(stretches)


def in_window_ng(past: Iterable[Given], future: Iterable[Committed], *, end_ns: int, window_ns: int) -> int:
    """The drug in the window that ends at `end_ns`, rounded up."""
    begin_ns = end_ns - window_ns
    total_ng = 0
    for given in past:
        length_ns = given.to_ns - given.from_ns
        overlap_ns = min(end_ns, given.to_ns) - max(begin_ns, given.from_ns)
        if overlap_ns < 0:
            continue
        if length_ns == 0:  # all at once: inside when the window touches it
            total_ng += given.mass_ng
        else:
            total_ng += divide(given.mass_ng * overlap_ns, length_ns, Towards.UP)
    flowing = 0
    for stretch in future:
        overlap_ns = min(end_ns, stretch.to_ns) - max(begin_ns, stretch.from_ns)
        flowing += stretch.rate_ng_per_h * max(overlap_ns, 0)
    return total_ng + divide(flowing, NS_PER_H, Towards.UP)


def worst_window_ng(past: tuple[Given, ...], future: tuple[Committed, ...], *, now_ns: int, window_ns: int) -> int:
    """The largest amount in any window of this length that ends now or later."""
    recent = [given for given in past if given.to_ns >= now_ns - window_ns]
    edges = [now_ns]
    for given in recent:
        edges += (given.from_ns, given.to_ns)
    for stretch in future:
        edges += (stretch.from_ns, stretch.to_ns)
    ends = sorted({end for edge in edges for end in (edge, edge + window_ns) if end >= now_ns})
    return max(in_window_ng(recent, future, end_ns=end, window_ns=window_ns) for end in ends)


def given_since_ng(past: Iterable[Given], *, since_ns: int) -> int:
    """All that went in during stretches that end after this moment, whole stretches counted."""
    return sum(given.mass_ng for given in past if given.to_ns > since_ns)


def steps_mass_ng(steps: Iterable[Step], concentration_ug_per_ml: int) -> int:
    """The drug in these steps, rounded up once."""
    return mass_ng(sum(step.volume_nl for step in steps), concentration_ug_per_ml, Towards.UP)
