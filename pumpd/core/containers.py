"""The containers of an infusion, one after the other: the plan of them, and what is left in the one that hangs.

A programme whose volume is more than one container gives is laid out over several. What a container gives is what the
library says it holds, less what priming takes and what stays behind; every container of a plan counts as if it primed
the line anew. The pump is programmed with at most what the one that hangs can still give, so that its end is a normal
event: the pump stops at its own volume target, totals, step and rate are kept, and the plan goes on from the next one.

What has been taken out of the present container is counted as everything here is, as an interval: programming looks at
its upper end, so that a plunger is not driven into the bottom of the barrel. When it will be empty is told from the
pump's own counter and target of this leg, which know it to a step of the counter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pumpd.core.delivered import Interval
from pumpd.core.library import Container
from pumpd.core.state import Infusion
from pumpd.core.steps import Step
from pumpd.core.units import NL_PER_UL, Towards, divide, duration_for_ns

REST_SMALLEST_NL: Final = 10 * NL_PER_UL  # the coarsest counter step: a smaller rest could not be told from none


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """One container of a plan: what is drawn up, what of it goes into the patient, and when it is used up."""

    number: int  # 1 is the first
    loaded_nl: int  # with what primes the line and what stays behind
    used_nl: int
    ends_after_ns: int  # from now, at the confirmed rates and without any waiting


def portions(steps: Iterable[Step], container: Container, in_first_nl: int | None = None) -> tuple[Portion, ...]:
    """Steps laid out over containers; `in_first_nl` is what the first one still gives, when it hangs already."""
    found: list[Portion] = []
    left_nl = container.usable_nl if in_first_nl is None else in_first_nl
    used_nl, ends_ns = 0, 0

    def close() -> None:
        loaded_nl = used_nl + container.prime_nl + container.dead_nl
        found.append(Portion(number=len(found) + 1, loaded_nl=loaded_nl, used_nl=used_nl, ends_after_ns=ends_ns))

    for step in steps:
        rest_nl = step.volume_nl
        while rest_nl > 0 and step.rate_ul_per_h > 0:
            if left_nl <= 0:
                close()
                left_nl, used_nl = container.usable_nl, 0
            part_nl = min(rest_nl, left_nl)
            rest_nl, left_nl, used_nl = rest_nl - part_nl, left_nl - part_nl, used_nl + part_nl
            ends_ns += duration_for_ns(part_nl, step.rate_ul_per_h, Towards.UP)
    if used_nl > 0:
        close()
    return tuple(found)


def left_in_container_nl(infusion: Infusion) -> int | None:
    """What the container that hangs can still give, by the upper end; None where nobody wrote down what it holds."""
    container = infusion.programme.container
    if container is None:
        return None
    taken_nl = max(0, infusion.delivered.high_nl - infusion.container_from.high_nl)
    return max(0, container.usable_nl - taken_nl)


def to_give_nl(infusion: Infusion) -> int:
    """What the next leg may give: the rest of the plan by the upper end of what is in, out of this container."""
    rest_nl = infusion.total_nl - infusion.delivered.high_nl
    left_nl = left_in_container_nl(infusion)
    return rest_nl if left_nl is None else min(rest_nl, left_nl)


def ends_container(infusion: Infusion) -> bool:
    """Will the next leg use this container up before the plan is over, but for what no counter could tell?"""
    rest_nl = infusion.total_nl - infusion.delivered.high_nl
    return rest_nl - to_give_nl(infusion) >= REST_SMALLEST_NL


def is_used_up(infusion: Infusion) -> bool:
    """Is nothing left in the container that hangs, while the plan goes on?"""
    left_nl = left_in_container_nl(infusion)
    return left_nl is not None and left_nl < REST_SMALLEST_NL and ends_container(infusion)


def in_container_now_nl(infusion: Infusion, delivered: Interval) -> int | None:
    """The best figure of what this container will still give, for telling when it is used up; None if nobody knows.

    While a leg stands this is its target less its counter, which is right to a step of the counter, however wide the
    interval of the whole infusion has become.
    """
    leg = infusion.leg
    if leg is None or not leg.ends_container:
        return left_in_container_nl(infusion)
    gone_nl = (delivered.low_nl + delivered.high_nl - leg.base.low_nl - leg.base.high_nl) // 2
    return max(0, leg.whole_nl - max(0, gone_nl))


def containers_in_all(infusion: Infusion) -> int:
    """Which one will be the last, as the plan stands now."""
    container, left_nl = infusion.programme.container, left_in_container_nl(infusion)
    if container is None or left_nl is None:
        return infusion.container
    beyond_nl = infusion.total_nl - infusion.delivered.high_nl - left_nl
    more = divide(beyond_nl, container.usable_nl, Towards.UP) if beyond_nl >= REST_SMALLEST_NL else 0
    return infusion.container + more


def container_left_ns(infusion: Infusion, delivered: Interval) -> int | None:
    """How long this container lasts at the present and the confirmed later rates; None where it outlasts the plan."""
    left_nl = in_container_now_nl(infusion, delivered)
    if left_nl is None:
        return None
    middle_nl = (delivered.low_nl + delivered.high_nl) // 2
    if infusion.total_nl - middle_nl - left_nl < REST_SMALLEST_NL:
        return None
    ends_ns, done_nl = 0, middle_nl
    for index in range(infusion.step, len(infusion.plan)):
        rate = infusion.rate_ul_per_h if index == infusion.step else infusion.plan[index].rate_ul_per_h
        part_nl = min(max(0, infusion.boundary_nl(index) - done_nl), left_nl)
        ends_ns += duration_for_ns(part_nl, rate, Towards.UP)
        done_nl, left_nl = done_nl + part_nl, left_nl - part_nl
    return ends_ns


def in_line_nl(infusion: Infusion) -> int:
    """The drug that a primed line still holds beyond what was given; nothing of it once it has been flushed in."""
    container = infusion.programme.container
    return 0 if container is None else max(0, container.prime_nl - infusion.flushed_nl)
