"""The independent double check of a rise beyond the programme, as double_check.py has it for a start.

Beyond the programme nothing goes on one pair of eyes and no bolus is in a programme, so in a visit both wait for
another person. Whoever wants it reads its review and confirms it once: that is refused, and puts down what is wanted.
Another person, from any page, enters the new dose off the order or by the prescriber's word, drug and concentration
off the label, without having seen the first value. If all agree, the first person confirms again, and it is done; who
has checked it is also the one who agrees, where their role may. A difference is a fact, what was wanted is gone, and
so is every way to reach agreement by trying.

It is never asked for a stop, a decrease, a rise within the order, or going on with the same rest; outside a visit
there is only saline for training. What was checked counts as long as a review does, and only at the rate it was
checked at.

A rate is a rounded dose, so two people agree within a hundredth of it, or within the finest step of the pump (our own
proposal, as the programme's check of volume and time); the limits hold whatever they agree on.
"""

from __future__ import annotations

from typing import Final

from pumpd.core.actor import Actor
from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.codes import Action, Reason, ReasonCode
from pumpd.core.confirming import REVIEW_LASTS_S
from pumpd.core.library import DoseUnit
from pumpd.core.people import Act
from pumpd.core.preparation import CheckField, same_words
from pumpd.core.preparation_facts import RiseChecked, RiseDiffered, RiseProposed
from pumpd.core.preparation_requests import RiseCheckEntered
from pumpd.core.requests import Override
from pumpd.core.rise import hard
from pumpd.core.rise_proposed import ProposedRise, RiseEntered
from pumpd.core.state import Infusion
from pumpd.core.turn import Turn
from pumpd.core.units import NG_PER_UG, NS_PER_S
from pumpd.core.visit import Visit
from pumpd.core.visit_named import at_bed

LASTS_NS: Final = REVIEW_LASTS_S * NS_PER_S
WITHIN: Final = 100  # one part in so many


def is_checked_here(infusion: Infusion) -> bool:
    """Of a drug in a visit; saline for training has no dose that could be checked."""
    return infusion.visit is not None and infusion.programme.high_alert


def checker_of(turn: Turn, wanted: ProposedRise) -> str | None:
    """Who has checked just this, and not long ago; None: nobody."""
    known = _known(turn, wanted)
    return None if known is None else known.checked_by


def checking(turn: Turn, wanted: ProposedRise) -> Actor | None:
    """Whoever has checked just this, where it is known in which role; None: nobody."""
    known = _known(turn, wanted)
    if known is None or known.checked_by is None or known.checked_role is None:
        return None
    return Actor(person=known.checked_by, role=known.checked_role)


def agreement(turn: Turn, wanted: ProposedRise, override: Override | None, reason: str) -> Override | None:
    """Who agrees: the person who typed their PIN beside it, or whoever has checked just this in their own name.

    Entering the dose from the order without having seen it says more than a PIN under somebody else's numbers; the PIN
    that opened their page stands behind it (decision 0038). Whether their role is enough is judged as anybody's.
    """
    checker = checking(turn, wanted)
    return override if override is not None or checker is None else Override(reason=reason, second=checker)


def against_unchecked(turn: Turn, wanted: ProposedRise, *, all_else_stands: bool) -> list[Reason]:
    """Another person has not checked it. Where nothing but people is missing, what is wanted waits for them."""
    if checker_of(turn, wanted) is not None:
        return []
    visit = turn.state.path.at_bed
    if visit is not None and all_else_stands and _known(turn, wanted) is None:
        turn.record(RiseProposed(at_ns=turn.now_ns, visit=visit.visit, rise=wanted))
    return [hard(ReasonCode.RISE_CHECK_NEEDED)]


def check_rise(turn: Turn, request: RiseCheckEntered) -> None:
    note(turn, request, Action.CHECK_RISE, text=request.visit)
    visit, reasons = at_bed(turn, request.visit)
    reasons += gate_of_person(request, Act.CHECK)
    rise = _standing(turn, visit)
    if visit is not None and rise is None:
        reasons.append(hard(ReasonCode.NO_RISE_TO_CHECK))
    if rise is not None and request.actor is not None and request.actor.person == rise.person:
        reasons.append(hard(ReasonCode.RISE_CHECK_BY_THE_FIRST))
    if reasons or rise is None or request.actor is None:
        refuse(turn, request, Action.CHECK_RISE, reasons)
        return
    person, role, entered = request.actor.person, request.actor.role, request.entered
    differed = differences(turn, rise, entered)
    if differed:
        turn.record(
            RiseDiffered(
                at_ns=turn.now_ns, visit=request.visit, person=person, rise=rise, entered=entered, differed=differed
            )
        )
        refuse(turn, request, Action.CHECK_RISE, [hard(ReasonCode.RISE_CHECK_DIFFERED)])
        return
    turn.record(RiseChecked(at_ns=turn.now_ns, visit=request.visit, person=person, entered=entered, role=role))
    accept(turn, request)


def waiting(turn: Turn, visit: Visit) -> ProposedRise | None:
    """What waits for a second person of this visit."""
    rise = _standing(turn, visit)
    return rise if rise is not None and rise.checked_by is None else None


def differences(turn: Turn, rise: ProposedRise, entered: RiseEntered) -> tuple[CheckField, ...]:
    """What the second person entered otherwise, in the order in which it is entered."""
    programme = turn.infusion(rise.slot).programme
    agree = {
        CheckField.DRUG: same_words(entered.drug, programme.drug),
        CheckField.CONCENTRATION: entered.concentration_ug_per_ml == programme.concentration_ug_per_ml,
        CheckField.DOSE: _same_dose(turn, rise, entered.dose),
    }
    return tuple(field for field, agrees in agree.items() if not agrees)


def dose_unit(infusion: Infusion) -> DoseUnit:
    """A rate is ordered in milligrams an hour, or for each kilogram of the patient."""
    by_hour = infusion.entry is None or infusion.entry.unit is DoseUnit.MG_PER_H
    return DoseUnit.MG_PER_H if by_hour else DoseUnit.MG_PER_KG_PER_H


def _same_dose(turn: Turn, rise: ProposedRise, dose: int) -> bool:
    if rise.bolus_ug_per_kg is not None:
        return dose == rise.bolus_ug_per_kg
    infusion = turn.infusion(rise.slot)
    programme = infusion.programme
    factor = NG_PER_UG if dose_unit(infusion) is DoseUnit.MG_PER_H else programme.weight_g
    entered_ng_per_h = dose * factor
    apart_ng_per_h = abs(entered_ng_per_h - rise.wanted_ul_per_h * programme.concentration_ug_per_ml)
    finest_ng_per_h = turn.setup.info(rise.slot).rate_step_ul_per_h * programme.concentration_ug_per_ml
    return apart_ng_per_h * WITHIN <= entered_ng_per_h or apart_ng_per_h <= finest_ng_per_h


def _known(turn: Turn, wanted: ProposedRise) -> ProposedRise | None:
    """What was put down, where it is just what is wanted now."""
    known = _standing(turn, turn.state.path.at_bed)
    return known if known is not None and known.is_the_same(wanted) else None


def _standing(turn: Turn, visit: Visit | None) -> ProposedRise | None:
    """What is wanted, while it is of what runs, at the rate that runs, and not from long ago."""
    rise = None if visit is None else visit.rise
    if rise is None:
        return None
    infusion = turn.pump(rise.slot).infusion
    is_of_this = (
        infusion is not None
        and infusion.infusion_id == rise.infusion_id
        and infusion.rate_ul_per_h == rise.before_ul_per_h
    )
    since_ns = rise.at_ns if rise.checked_at_ns is None else rise.checked_at_ns
    return rise if is_of_this and turn.now_ns - since_ns <= LASTS_NS else None
