"""What a rise of the rate needs: the review that a person reads of it, and what has to be brought beside it.

A planned step is no rise in this sense: it was read at the start, and one tap lets it begin. What a person asks for in
between is judged in three circles.

- **Up to the confirmed rate of the present step**, after it had been lowered: one request, since that rate was read.
- **Above it, as the order lets titrate**: by no more than `up_by`, not before the dwell since the last rise is over,
  and never above the order's highest. The end is kept: the volume grows with the rate, up to what the order's highest
  would have given, and the start's review has counted that. The pump takes a larger volume only standing still, so it
  is stopped, programmed and started (new_rate.py).
- **Beyond that** nothing goes on one pair of eyes: a reason, a second person who agrees, and one of the two has to
  be a prescriber, because it is another order. In a visit another person has checked it independently before
  (rise_check.py), and may be the one who agrees. The volume stays; it ends sooner.

Two rules bind every such rise, whichever circle. One that more than doubles the lowest rate of the last minute needs a
review that was read (FLOW-03: a bounced key made 44.8 of 4.8), and so does everything above the confirmed rate. One
to five times that rate or more needs the value said a second time beside it (FLOW-04). Falling needs none of this.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from pumpd.core.actor import Actor
from pumpd.core.codes import Grant, Reason, ReasonCode, Severity
from pumpd.core.confirming import against_confirmed
from pumpd.core.limits import fingerprint, reasoned
from pumpd.core.pace import lowest_lately_ul_per_h
from pumpd.core.people import Role, may_be_second
from pumpd.core.requests import Override, RateRequested
from pumpd.core.rest import rest_of
from pumpd.core.rise import grant_of_rest, hard
from pumpd.core.rise_check import against_unchecked, agreement, checker_of, checking, is_checked_here
from pumpd.core.rise_proposed import ProposedRise
from pumpd.core.state import Infusion
from pumpd.core.steps import Step, StepKind
from pumpd.core.turn import Turn
from pumpd.core.units import NL_PER_UL, NS_PER_S, Towards, delivered_nl

DOUBLED: Final = 2  # FLOW-03, within a minute (pace.py)
TIMES_SAID_TWICE: Final = 5  # FLOW-04

# what the order did not foresee: another order, and so a prescriber's
BEYOND_THE_ORDER: Final = frozenset(
    {
        ReasonCode.RISE_NOT_CONFIRMED_UL_PER_H,
        ReasonCode.TITRATION_UP_UL_PER_H,
        ReasonCode.TITRATION_DWELL_S,
        ReasonCode.TITRATION_HIGHEST_UL_PER_H,
    }
)

AGREEMENT: Final = BEYOND_THE_ORDER | {ReasonCode.OVERRIDE_NEEDED, ReasonCode.PRESCRIBER_NEEDED}  # what people bring


@dataclass(frozen=True, slots=True, kw_only=True)
class RiseReview:
    """Old and new side by side, what it would become, and all reasons; `digest` is the fingerprint of that."""

    before_ul_per_h: int
    after_ul_per_h: int
    plan: tuple[Step, ...]
    planned_end_ns: int
    grant: Grant
    digest: str
    to_be_read: bool
    said_twice: bool
    to_be_checked: bool  # by another person, before it is confirmed
    checked_by: str | None
    checker: Actor | None  # the same person, where it is known in which role they checked it


def review_rise(turn: Turn, slot: str, wanted: int) -> RiseReview:
    """The review of a rise of this infusion, as it stands now."""
    infusion = turn.infusion(slot)
    high_nl = turn.delivered(slot).high_nl
    plan, planned_end_ns = _plan_at(turn, slot, wanted, high_nl)
    rest = rest_of(replace(infusion, plan=plan, rate_ul_per_h=wanted), high_nl)
    grant = reasoned(grant_of_rest(turn, slot, rest), _beyond(turn, infusion, wanted))
    lowest = lowest_lately_ul_per_h(infusion, turn.now_ns)
    spoke = tuple((reason.code, reason.severity) for reason in grant.reasons)
    beyond = grant.needs_override or any(reason.code in BEYOND_THE_ORDER for reason in grant.reasons)
    wanted_here = _wanted(turn, slot, "", wanted)
    return RiseReview(
        before_ul_per_h=infusion.rate_ul_per_h,
        after_ul_per_h=wanted,
        plan=plan,
        planned_end_ns=planned_end_ns,
        grant=grant,
        # the volume grows with the seconds that pass while somebody reads: the rates and the reasons are what is read
        digest=fingerprint(slot, infusion.infusion_id, infusion.step, infusion.rate_ul_per_h, wanted, spoke),
        to_be_read=wanted > infusion.plan[infusion.step].rate_ul_per_h or wanted > DOUBLED * lowest,
        said_twice=wanted >= TIMES_SAID_TWICE * lowest,
        to_be_checked=grant.allowed and beyond and is_checked_here(infusion),
        checked_by=checker_of(turn, wanted_here),
        checker=checking(turn, wanted_here),
    )


def against_review(turn: Turn, request: RateRequested, review: RiseReview) -> list[Reason]:
    """What is missing of what this rise needs."""
    wanted, override = review.after_ul_per_h, agreement_on(turn, request)
    found = [reason for reason in review.grant.reasons if reason.severity is Severity.HARD]
    if review.to_be_read and not request.digest:
        found.append(hard(ReasonCode.RISE_TO_BE_READ_UL_PER_H, wanted, review.before_ul_per_h))
    elif review.to_be_read:
        found += against_confirmed(request.digest, review.digest, turn.now_ns)
    if review.said_twice and request.repeated_ul_per_h != wanted:
        found.append(hard(ReasonCode.RISE_TO_BE_SAID_TWICE_UL_PER_H, wanted, review.before_ul_per_h))
    beyond = [reason for reason in review.grant.reasons if reason.code in BEYOND_THE_ORDER]
    if review.grant.needs_override and not agreed(request.actor, override):
        found.append(hard(ReasonCode.OVERRIDE_NEEDED))
        found += [replace(reason, severity=Severity.HARD) for reason in beyond]
    elif beyond and not _prescribed(request.actor, override):
        found.append(hard(ReasonCode.PRESCRIBER_NEEDED))
    return found


def agrees_alone(review: RiseReview, asker: Actor | None) -> bool:
    """Whoever has checked it is who agrees with it, too: `asker` needs nobody else beside them."""
    if review.checker is None or asker is None:
        return False
    is_beyond = any(reason.code in BEYOND_THE_ORDER for reason in review.grant.reasons)
    has_prescriber = Role.PRESCRIBER in (asker.role, review.checker.role)
    return may_be_second(asker.person, review.checker.person, review.checker.role) and (has_prescriber or not is_beyond)


def agreement_on(turn: Turn, request: RateRequested) -> Override | None:
    """Who agrees with this rise, and why it is wanted."""
    wanted = _wanted(turn, request.slot, "", request.rate_ul_per_h)
    return agreement(turn, wanted, request.override, request.reason)


def unchecked(turn: Turn, slot: str, actor: Actor, review: RiseReview, others: list[Reason]) -> list[Reason]:
    """Where another person has to check it, and nobody has; `others`: what else speaks against it."""
    if not review.to_be_checked:
        return []
    wanted = _wanted(turn, slot, actor.person, review.after_ul_per_h)
    return against_unchecked(turn, wanted, all_else_stands=is_for_people(others))


def is_for_people(reasons: list[Reason]) -> bool:
    """Nothing is missing but people who agree."""
    return all(reason.code in AGREEMENT for reason in reasons)


def _wanted(turn: Turn, slot: str, person: str, rate_ul_per_h: int) -> ProposedRise:
    infusion = turn.infusion(slot)
    return ProposedRise(
        at_ns=turn.now_ns, person=person, slot=slot, infusion_id=infusion.infusion_id,
        before_ul_per_h=infusion.rate_ul_per_h, wanted_ul_per_h=rate_ul_per_h,
    )  # fmt: skip


def agreed(actor: Actor | None, override: Override | None) -> bool:
    """A reason, and somebody else who may."""
    if actor is None or override is None or not override.reason.strip():
        return False
    return may_be_second(actor.person, override.second.person, override.second.role)


def _prescribed(actor: Actor | None, override: Override | None) -> bool:
    roles = [] if actor is None or override is None else [actor.role, override.second.role]
    return Role.PRESCRIBER in roles


def _beyond(turn: Turn, infusion: Infusion, wanted: int) -> list[Reason]:
    """In which way this goes beyond what the order foresees; nothing for a rise within it."""
    step, titrated = infusion.plan[infusion.step], infusion.programme.titrated
    if wanted <= step.rate_ul_per_h:
        return []
    if step.kind is not StepKind.ORDERED:  # a stair, a bolus, KVO: there is nothing to titrate
        return [hard(ReasonCode.RISE_NOT_CONFIRMED_UL_PER_H, wanted, step.rate_ul_per_h)]
    if titrated is None:
        return [_soft(ReasonCode.RISE_NOT_CONFIRMED_UL_PER_H, wanted, step.rate_ul_per_h)]
    found = []
    if wanted > titrated.highest_ul_per_h:
        found.append(_soft(ReasonCode.TITRATION_HIGHEST_UL_PER_H, wanted, titrated.highest_ul_per_h))
    up_ul_per_h = wanted - infusion.rate_ul_per_h
    if up_ul_per_h > titrated.up_by_ul_per_h:
        found.append(_soft(ReasonCode.TITRATION_UP_UL_PER_H, up_ul_per_h, titrated.up_by_ul_per_h))
    held_s = (turn.now_ns - infusion.raised_at_ns) // NS_PER_S
    if held_s < titrated.dwell_s:
        found.append(_soft(ReasonCode.TITRATION_DWELL_S, held_s, titrated.dwell_s))
    return found


def _soft(code: ReasonCode, asked: int, limit: int) -> Reason:
    return Reason(code=code, severity=Severity.SOFT, asked=asked, limit=limit)


def _plan_at(turn: Turn, slot: str, wanted: int, high_nl: int) -> tuple[tuple[Step, ...], int]:
    """The plan with this rate for the present step: within a titration the end is kept, otherwise the volume."""
    infusion = turn.infusion(slot)
    step, titrated = infusion.plan[infusion.step], infusion.programme.titrated
    if wanted <= step.rate_ul_per_h:
        return infusion.plan, infusion.planned_end_ns
    volume_nl = step.volume_nl
    if titrated is not None and wanted <= titrated.highest_ul_per_h:
        left_ns = max(0, infusion.planned_end_ns - turn.now_ns)
        others_nl = infusion.total_nl - step.volume_nl
        whole_nl = min(titrated.most_nl + others_nl, high_nl + delivered_nl(wanted, left_ns, Towards.DOWN))
        finest_nl = turn.setup.info(slot).rate_step_ul_per_h * NL_PER_UL
        volume_nl = max(volume_nl, whole_nl - whole_nl % finest_nl - others_nl)
    raised = replace(step, rate_ul_per_h=wanted, volume_nl=volume_nl)
    plan = (*infusion.plan[: infusion.step], raised, *infusion.plan[infusion.step + 1 :])
    return plan, infusion.planned_end_ns
