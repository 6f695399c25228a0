"""What a flush of the line would mean, worked out while the line can still be thrown away instead.

A line that was primed with the drug holds that much beyond the order. Thrown away it is waste. Flushed into the
patient it is a dose like every other: it counts in the session, in the hour and in the course, and so every limit is
asked about it, at the rate that ran last. What a limit refuses is not flushed; if somebody did, line.py records it.

Of the course nobody at the bed sees enough: 15 mg on each of ten days is a visit and a half, and whoever flushes on the
first day hears of it on the last one, when a visit is refused. So it is told here how much the course would have had,
and how many of the visits that are left would still fit under its hard limit, with this flush and without it. They are
counted by their own planned doses, in their order, with no flush of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from pumpd.core.codes import Phase, Reason
from pumpd.core.containers import in_line_nl
from pumpd.core.course_tally import tally
from pumpd.core.limits import judge_order
from pumpd.core.rise import against_rest
from pumpd.core.series import SeriesOrder
from pumpd.core.steps import Step
from pumpd.core.totals import course_limit_ng
from pumpd.core.turn import Turn
from pumpd.core.units import Towards, mass_ng
from pumpd.core.visit import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseRoom:
    """A course as it would stand with a flush, and the visits that are left, by their planned doses."""

    stands_ng: int
    limit_ng: int  # the lowest of its hard limits
    flush_ng: int
    planned_ng: tuple[int, ...]  # of each visit that is left

    @property
    def left(self) -> int:
        return len(self.planned_ng)

    @property
    def fitting(self) -> int:
        """How many of them fit after the flush, one after the other."""
        return _fitting(self.planned_ng, self.limit_ng - self.stands_ng)

    @property
    def fitting_without(self) -> int:
        """How many of them fit if the line is thrown away."""
        return _fitting(self.planned_ng, self.limit_ng - self.stands_ng + self.flush_ng)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flush:
    """What the line holds; what flushing it in would be in the course; and the hard limits that it would pass."""

    held_nl: int
    held_ng: int
    course: CourseRoom | None  # None: not of a course, or there is no drug in it
    beyond: tuple[Reason, ...]


def flush_of(turn: Turn, slot: str) -> Flush | None:
    """None while an infusion is not over, and where nothing is left in the line."""
    infusion = turn.pump(slot).infusion
    if infusion is None or turn.pump(slot).phase is not Phase.ENDED:
        return None
    held_nl = in_line_nl(infusion)
    if held_nl == 0:
        return None
    held_ng = mass_ng(held_nl, infusion.programme.concentration_ug_per_ml, Towards.UP)
    return Flush(
        held_nl=held_nl, held_ng=held_ng, course=_room(turn, slot, held_ng), beyond=against_flush(turn, slot, held_nl)
    )


def against_flush(turn: Turn, slot: str, volume_nl: int) -> tuple[Reason, ...]:
    """The hard limits that so much more, at the last rate, would pass."""
    return tuple(
        against_rest(turn, slot, (Step(rate_ul_per_h=turn.infusion(slot).rate_ul_per_h, volume_nl=volume_nl),))
    )


def _room(turn: Turn, slot: str, held_ng: int) -> CourseRoom | None:
    infusion, path = turn.infusion(slot), turn.state.path
    visit = None if infusion.visit is None else path.visit(infusion.visit)
    order = None if visit is None else path.signed(_latest(path, visit.series))
    if order is None or held_ng == 0:
        return None
    rules = turn.setup.rules
    regimen = rules.catalogue.regimen(order.regimen)
    entry = None if regimen is None else rules.library.entry(regimen.entry)
    if entry is None:
        return None
    so_far = tally(path, order.series)
    own_ng = sum(each.given_ng for each in so_far.attended)
    stands_ng = max(own_ng + held_ng, so_far.given_ng)  # what a prescriber attests counts where it is more
    given = {each.number for each in so_far.attended}
    to_come = [number for number in range(1, order.visits + 1) if number not in given]
    left = to_come[len(to_come) - max(order.visits - so_far.visits, 0) :]
    return CourseRoom(
        stands_ng=stands_ng,
        limit_ng=course_limit_ng(entry, order.weight_g),
        flush_ng=stands_ng - max(own_ng, so_far.given_ng),
        planned_ng=tuple(_planned_ng(turn, slot, order, number) for number in left),
    )


def _latest(path: Path, series: str) -> str:
    """The order that stands in this one's place now."""
    after = next((each.series for each in path.series if each.replaces == series), None)
    return series if after is None else _latest(path, after)


def _planned_ng(turn: Turn, slot: str, order: SeriesOrder, number: int) -> int:
    programme, _ = judge_order(order.order_for(number), turn.setup.rules, turn.setup.info(slot))
    if programme is None:
        return 0
    return mass_ng(programme.total_nl, programme.concentration_ug_per_ml, Towards.UP)


def _fitting(planned_ng: Iterable[int], room_ng: int) -> int:
    return sum(with_all_before_ng <= room_ng for with_all_before_ng in accumulate(planned_ng))
