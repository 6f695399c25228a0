"""The line between container and patient: who says that it was primed, and what it still holds at the end.

No pump sees a line. The smallest that can honestly be said of it, until the nurse's path knows the whole visit:

- A person confirms that the line is primed with this container's drug, and that it was off the patient while it was.
  From then on, and from an accepted order on, the pump is *armed*: whatever it moves may go into a patient. Before
  that, a purge at the pump's keys is how lines are primed, and nobody's alarm.
- Armed, a purge or a counter that moves at rest stops the pump, is alarmed, takes an idle pump out of use, and counts
  as given: as far as the pump's own counter shows it, and no further.
- The pump stays armed after the end until somebody has balanced what was drawn up (balance.py): the line may still be
  on the patient, and it is full of drug.
- A line primed with the drug holds that much more than was ordered. Flushed at the last rate, it goes in: a person
  records it, and it counts as given in every window. What would pass a hard limit is refused, as every other dose is;
  if it was flushed in all the same, that is on record with the limits it passed (decision 0033). What it would mean is
  told before (flushing.py). A line primed with plain saline owes the patient what it holds; the pump's counter has
  counted that already.
"""

from __future__ import annotations

from pumpd.core.asking import accept, gate_of_person, gate_of_phase, note, refuse
from pumpd.core.codes import Action, Phase, Reason, ReasonCode
from pumpd.core.container_facts import LineFlushed, LinePrimed
from pumpd.core.containers import in_line_nl
from pumpd.core.flushing import against_flush
from pumpd.core.library import Container, Entry
from pumpd.core.people import Act
from pumpd.core.pump import Drive
from pumpd.core.requests import FlushRecorded, PrimeConfirmed
from pumpd.core.rise import against_a_rise, hard
from pumpd.core.turn import Turn


def prime(turn: Turn, request: PrimeConfirmed) -> None:
    """The line is full of this container's drug, and was off the patient: from here on the pump is armed."""
    slot = request.slot
    note(turn, request, Action.PRIME, text=request.container)
    reasons = gate_of_person(request, Act.START)
    reasons += gate_of_phase(turn, slot, Phase.IDLE, Phase.ENDED) + against_a_rise(turn, slot)
    last = turn.pump(slot).sighting.last
    if last is not None and last.drive is not Drive.STILL:
        reasons.append(hard(ReasonCode.WRONG_PHASE))
    named, found = _named(turn, request)
    reasons += found
    if reasons or named is None or request.actor is None:
        refuse(turn, request, Action.PRIME, reasons)
        return
    entry, container = named
    turn.record(
        LinePrimed(
            at_ns=turn.now_ns,
            slot=slot,
            person=request.actor.person,
            drug=entry.drug,
            concentration_ug_per_ml=container.concentration_ug_per_ml,
            counter_nl=None if last is None else last.infused_nl,
        )
    )
    accept(turn, request)


def _named(turn: Turn, request: PrimeConfirmed) -> tuple[tuple[Entry, Container] | None, list[Reason]]:
    rules = turn.setup.rules
    regimen = rules.catalogue.regimen(request.regimen)
    if regimen is None:
        return None, [hard(ReasonCode.UNKNOWN_REGIMEN)]
    entry = rules.library.entry(regimen.entry)
    if entry is None:
        return None, [hard(ReasonCode.LIBRARY_UNUSABLE)]
    container = entry.container(request.container)
    if container is None:
        return None, [hard(ReasonCode.UNKNOWN_CONTAINER)]
    return (entry, container), []


def flush(turn: Turn, request: FlushRecorded) -> None:
    """The line was flushed into the patient after the end: what it held counts as given.

    A record of what was done; so what a hard limit refuses is told once, and recorded once that was read.
    """
    slot = request.slot
    note(turn, request, Action.FLUSH, value=request.volume_nl)
    reasons = gate_of_person(request, Act.OBSERVE) + gate_of_phase(turn, slot, Phase.ENDED)
    infusion = turn.pump(slot).infusion
    if not reasons and (infusion is None or infusion.flushed_nl > 0 or request.volume_nl <= 0):
        reasons.append(hard(ReasonCode.WRONG_PHASE))
    given_nl = 0 if infusion is None else min(request.volume_nl, in_line_nl(infusion))
    beyond = () if reasons or given_nl == 0 else against_flush(turn, slot, given_nl)
    if not request.all_the_same:
        reasons += beyond
    if reasons or infusion is None or request.actor is None:
        refuse(turn, request, Action.FLUSH, reasons)
        return
    turn.record(
        LineFlushed(
            at_ns=turn.now_ns,
            slot=slot,
            person=request.actor.person,
            volume_nl=request.volume_nl,
            given_nl=given_nl,
            beyond=beyond,
        )
    )
    accept(turn, request)
