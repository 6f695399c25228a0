"""The gates of a preparation: what hangs, the line, what was given before, and that a second person has checked it.

The prime is confirmed at the pump (line.py); here it is only asked whether that was of this visit, and of the drug that
is to run. A container whose line is primed with plain saline needs none.
"""

from __future__ import annotations

from pumpd.core.codes import Reason, ReasonCode
from pumpd.core.library import Container, Entry
from pumpd.core.prescribed import Given, Premedication
from pumpd.core.rise import hard
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S
from pumpd.core.visit import Visit


def label_gate(_: Turn, visit: Visit) -> list[Reason]:
    """The label of the container that hangs next was read, and was right."""
    return [] if label_stands(visit) else [hard(ReasonCode.LABEL_NOT_READ)]


def line_gate(_: Turn, visit: Visit) -> list[Reason]:
    return [] if visit.line is not None else [hard(ReasonCode.LINE_NOT_CHECKED)]


def prime_gate(turn: Turn, visit: Visit) -> list[Reason]:
    """A pump of this bed was primed since the visit began, with the drug and the strength that are to run."""
    _, container = ordered(turn, visit)
    if container is None or container.prime_nl == 0 or primed_slots(turn, visit):
        return []
    return [hard(ReasonCode.NOT_PRIMED)]


def primed_slots(turn: Turn, visit: Visit) -> tuple[str, ...]:
    """Pumps that were primed so; none for what the library does not know."""
    entry, container = ordered(turn, visit)
    known = None if entry is None or container is None else (entry.drug, container.concentration_ug_per_ml)
    found = ((pump.slot, pump.primed) for pump in turn.state.pumps if pump.primed is not None)
    return tuple(
        slot
        for slot, primed in found
        if primed.at_ns >= visit.opened_at_ns and (primed.drug, primed.concentration_ug_per_ml) == known
    )


def premedication_gate(_: Turn, visit: Visit) -> list[Reason]:
    """Everything that was ordered before the start is given, or left out with a reason."""
    open_ = [each for each in ordered_before(visit) if given_of(visit, each) is None and not is_omitted(visit, each)]
    return [hard(ReasonCode.PREMEDICATION_NOT_GIVEN)] if open_ else []


def premedication_wait_gate(turn: Turn, visit: Visit) -> list[Reason]:
    """It had its time to act; the longest wait that is left is told."""
    waits = []
    for each in ordered_before(visit):
        given = given_of(visit, each)
        if given is not None:
            held_s = max(0, turn.now_ns - given.given_at_ns) // NS_PER_S
            if held_s < each.wait_s:
                waits.append((each.wait_s - held_s, held_s, each.wait_s))
    if not waits:
        return []
    _, held_s, wait_s = max(waits)
    return [hard(ReasonCode.PREMEDICATION_WAIT_S, held_s, wait_s)]


def check_gate(_: Turn, visit: Visit) -> list[Reason]:
    """A second person has entered the same values, since the label was read and the patient weighed."""
    if check_stands(visit):
        return []
    return [hard(ReasonCode.CHECK_DIFFERED if visit.differed else ReasonCode.CHECK_NEEDED)]


def label_stands(visit: Visit) -> bool:
    return visit.label is not None and visit.label.number == visit.hung + 1


def check_stands(visit: Visit) -> bool:
    """It is of the container that hangs next, and nothing that was checked has been read or weighed again since."""
    check = visit.check
    if check is None or check.number != visit.hung + 1:
        return False
    later = [each.at_ns for each in (visit.label, visit.weighed) if each is not None and each.at_ns > check.at_ns]
    return not later


def ordered(turn: Turn, visit: Visit) -> tuple[Entry | None, Container | None]:
    """The library's entry and container that the visit's order names."""
    rules = turn.setup.rules
    regimen = rules.catalogue.regimen(visit.order.regimen)
    entry = None if regimen is None else rules.library.entry(regimen.entry)
    return entry, None if entry is None else entry.container(visit.order.container)


def ordered_before(visit: Visit) -> tuple[Premedication, ...]:
    return () if visit.signed is None else visit.signed.premedication


def given_of(visit: Visit, ordered_one: Premedication) -> Given | None:
    """When it was given last."""
    return next((each for each in reversed(visit.premedicated) if each.drug == ordered_one.drug), None)


def is_omitted(visit: Visit, ordered_one: Premedication) -> bool:
    return any(each.drug == ordered_one.drug for each in visit.omitted)
