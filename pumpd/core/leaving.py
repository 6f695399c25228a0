"""A patient leaves the bed, and the next one comes: what must have happened first, and what nobody inherits.

Who lies in a bed is something that only a person knows: no end of an infusion moves a visit by itself. So a visit stays
at the bed until somebody moves or closes it, and so that this never holds up the next patient, whoever opens the next
visit may say in the same breath that the bed is empty (arriving.py): the visit before then goes to recovery.

- What runs is ended first: STOP, End. That needs nobody's permission and no link, so it is never a dead end.
- Where a pump cannot be known to stand still (silent, uncertain, out of use), a person says instead that the line is
  off the patient. The pump is stopped all the same, until a report shows no drive.
- Then the pumps are free: what has ended is taken off them and stays with the visit (visit_doses.py), what was primed
  is primed no longer, and the message of its end is over. Alarms about a pump itself stay with the pump.
- Whatever is still on a pump of a patient who has left can only be lowered, stopped and ended (rise.py).
"""

from __future__ import annotations

from pumpd.core import alarms
from pumpd.core.codes import Condition, Phase, Reason, ReasonCode, Why
from pumpd.core.phases import stop_now, to
from pumpd.core.rise import hard
from pumpd.core.state import PumpState
from pumpd.core.turn import Turn
from pumpd.core.visit import Place, Visit

DRIVEN: tuple[Phase, ...] = (Phase.CHECKING, Phase.STARTING, Phase.INFUSING)
IN_DOUBT: tuple[Phase, ...] = (Phase.STOPPING, Phase.UNCERTAIN, Phase.FAULT)


def _pumps_of(turn: Turn, visit: Visit) -> tuple[PumpState, ...]:
    return tuple(pump for pump in turn.state.pumps if pump.infusion is not None and pump.infusion.visit == visit.visit)


def against_leaving(turn: Turn, visit: Visit, *, line_off: bool) -> list[Reason]:
    """What has to be done at the pumps before this patient leaves the bed."""
    if visit.place is not Place.AT_BED:
        return []
    phases = {pump.phase for pump in _pumps_of(turn, visit)}
    found = []
    if phases & set(DRIVEN):
        found.append(hard(ReasonCode.INFUSION_RUNS))
    if Phase.STOPPED in phases:
        found.append(hard(ReasonCode.INFUSION_NOT_ENDED))
    if phases & set(IN_DOUBT) and not line_off:
        found.append(hard(ReasonCode.LINE_NOT_OFF))
    return found


def free_pumps(turn: Turn, visit: Visit, person: str) -> None:
    """The patient has left: nothing of theirs stays on a pump that is known to stand still, the others are stopped."""
    for pump in _pumps_of(turn, visit):
        if pump.phase is Phase.UNCERTAIN:
            stop_now(turn, pump.slot, Why.PATIENT_LEFT)
        free_pump(turn, pump.slot, person)


def free_pump(turn: Turn, slot: str, person: str) -> None:
    """Take what has ended off the pump, if whoever it was for has left the bed; `person` has seen that it ended."""
    pump = turn.pump(slot)
    if pump.phase is not Phase.ENDED or pump.infusion is None or pump.infusion.visit is None:
        return
    visit = turn.state.path.visit(pump.infusion.visit)
    if visit is None or visit.place is not Place.AT_BED:
        alarms.settled_by_person(turn, Condition.ENDED, slot, person)
        to(turn, slot, Phase.IDLE, Why.PATIENT_LEFT)


def against_next_patient(turn: Turn) -> list[Reason]:
    """Something runs here that is nobody's in particular, training or older than the path: it is ended first."""
    busy = (*DRIVEN, Phase.STOPPED)
    pumps = (pump for pump in turn.state.pumps if pump.infusion is not None and pump.infusion.visit is None)
    return [hard(ReasonCode.PUMP_STILL_BUSY)] if any(pump.phase in busy for pump in pumps) else []
