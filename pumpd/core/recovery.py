"""When a patient may go: everything that keeps a discharge closed, at once, each by a code.

- Time: 60 min after the last sedating drug and 120 min after the start, whichever is later (an emergency department's
  protocol for ketamine; esketamine's label, 2 h a session); a regimen may ask for more. The last moment is by the upper
  end: until when something may have gone in. A rescue or premedication that sedates counts, and 2 h after a reversal.
- PADSS of at least 9 of 10 (Chung 1995), and as awake as before, scored after the last drug and not long ago.
- A regimen for a mood asks about thoughts of suicide, before the start and again before the way home. A positive answer
  closes the way home until a prescriber has signed a plan; every other way out stays open.
- Home: the escort is here, and both have it in writing. Ward: somebody there has taken over.

None of this closes the other exits. A patient who leaves is recorded as having left, not kept on a screen.
"""

from __future__ import annotations

from typing import Final

from pumpd.core.by_hand import reversed_at_ns, sedated_at_ns
from pumpd.core.codes import Reason, ReasonCode
from pumpd.core.departure_requests import DischargeRequested
from pumpd.core.leaving import DRIVEN, IN_DOUBT
from pumpd.core.regimen import Recovery
from pumpd.core.rise import hard
from pumpd.core.series import Disposition
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S
from pumpd.core.visit import Visit

PADSS_MIN: Final = 9
AFTER_REVERSAL_S: Final = 7_200  # a reversal wears off first (RCEM, procedural sedation)
SCORE_LASTS_S: Final = 1_800  # our own proposal: what was seen longer ago is seen again before somebody goes home


def against_going(turn: Turn, visit: Visit, to: Disposition) -> list[Reason]:
    """What keeps this patient here, as far as it is known without asking; the rest is asked at the door."""
    found = _too_soon(turn, visit) + _unfit(turn, visit)
    if to is Disposition.HOME:
        found += _at_risk(turn, visit) + _ordered_to_the_ward(turn, visit)
    return found


def against_discharge(turn: Turn, visit: Visit, request: DischargeRequested) -> list[Reason]:
    found = against_going(turn, visit, request.to)
    if request.to is Disposition.WARD:
        return found + ([] if request.handed_over_to.strip() else [hard(ReasonCode.NOT_HANDED_OVER)])
    if not request.escort_present:
        found.append(hard(ReasonCode.ESCORT_NOT_PRESENT))
    if not request.instructions_given:
        found.append(hard(ReasonCode.INSTRUCTIONS_NOT_GIVEN))
    return found


def last_sedating_ns(turn: Turn, visit: Visit) -> int | None:
    """Until when a sedating drug may have gone in, pumped or by hand; None where none was given."""
    sedating = [dose for dose in visit.doses if dose.is_sedating]
    last_ns = max((*(dose.last_at_ns for dose in sedating), *sedated_at_ns(visit)), default=None)
    if last_ns is None:
        return None
    ours = {dose.infusion_id for dose in sedating}
    pumps = (pump for pump in turn.state.pumps if pump.infusion is not None and pump.infusion.infusion_id in ours)
    if any(pump.phase in (*DRIVEN, *IN_DOUBT) for pump in pumps):  # until the line came off the patient
        return max(last_ns, turn.now_ns if visit.left_bed_at_ns is None else visit.left_bed_at_ns)
    return last_ns


def earliest_ns(turn: Turn, visit: Visit) -> int | None:
    """Before that nobody goes, by the clock alone; None where nothing was given that somebody recovers from."""
    return max((since_ns + wait_s * NS_PER_S for _, since_ns, wait_s in _waits(turn, visit)), default=None)


def _waits(turn: Turn, visit: Visit) -> tuple[tuple[ReasonCode, int, int], ...]:
    """Since when, and how many seconds from then."""
    last_ns = last_sedating_ns(turn, visit)
    if last_ns is None:
        return ()
    regimen = turn.setup.rules.catalogue.regimen(visit.order.regimen)
    asked = Recovery() if regimen is None else regimen.recovery
    first_ns = min((dose.began_at_ns for dose in visit.doses if dose.is_sedating), default=None)
    reversed_ns = reversed_at_ns(visit)
    waits = [
        (ReasonCode.RECOVERY_AFTER_DRUG_S, last_ns, asked.after_drug_s),
        (ReasonCode.RECOVERY_AFTER_START_S, first_ns, asked.after_start_s),
        (ReasonCode.RECOVERY_AFTER_REVERSAL_S, reversed_ns, AFTER_REVERSAL_S),
    ]
    return tuple((code, since_ns, wait_s) for code, since_ns, wait_s in waits if since_ns is not None)


def _too_soon(turn: Turn, visit: Visit) -> list[Reason]:
    return [
        hard(code, max(0, turn.now_ns - since_ns) // NS_PER_S, wait_s)
        for code, since_ns, wait_s in _waits(turn, visit)
        if turn.now_ns - since_ns < wait_s * NS_PER_S
    ]


def _unfit(turn: Turn, visit: Visit) -> list[Reason]:
    score, last_ns = visit.score, last_sedating_ns(turn, visit)
    if last_ns is None:
        return []  # nothing to recover from
    if score is None or score.at_ns < last_ns:
        return [hard(ReasonCode.NOT_SCORED)]
    found = []
    age_s = max(0, turn.now_ns - score.at_ns) // NS_PER_S
    if age_s > SCORE_LASTS_S:
        found.append(hard(ReasonCode.SCORE_OLD_S, age_s, SCORE_LASTS_S))
    if score.padss.total < PADSS_MIN:
        found.append(hard(ReasonCode.PADSS_LOW, score.padss.total, PADSS_MIN))
    if not score.sedation_at_baseline:
        found.append(hard(ReasonCode.NOT_AWAKE_AS_BEFORE))
    return found


def _at_risk(turn: Turn, visit: Visit) -> list[Reason]:
    regimen = turn.setup.rules.catalogue.regimen(visit.order.regimen)
    risk, last_ns = visit.risk, last_sedating_ns(turn, visit)
    if risk is not None and risk.closes_home:
        return [hard(ReasonCode.RISK_PLAN_NEEDED)]
    asks = regimen is not None and regimen.asks_risk
    if asks and (risk is None or (last_ns is not None and risk.at_ns < last_ns)):
        return [hard(ReasonCode.RISK_NOT_ASKED_AGAIN)]
    return []


def _ordered_to_the_ward(turn: Turn, visit: Visit) -> list[Reason]:
    series = turn.state.path.signed(visit.series)
    to_the_ward = series is not None and series.disposition is Disposition.WARD
    return [hard(ReasonCode.ORDERED_TO_THE_WARD)] if to_the_ward else []
