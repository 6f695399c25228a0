"""Roles, and what each may do at the bedside.

STOP needs nobody's permission and appears nowhere here: a stranger who sees a patient in trouble may stop the pump.
Everything that starts or increases delivery needs a person who answers for it, and going beyond a soft limit needs two
different people.

A page that was left alone is locked and keeps its session. On it whoever comes says who they are, and that suffices
for what can only lower delivery, for the alarms' sound, and for writing down what they see (`WITHOUT_PIN`); they
confirm it when they sign in the next time. All else takes the PIN first (docs/decisions/0025).

A pharmacist verifies, and may stand as the second person, but does not start. A technician keeps pumps, accounts and
configuration and gives no drugs; a viewer looks, on a ward's screen or while learning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Role(Enum):
    NURSE = "nurse"
    PRESCRIBER = "prescriber"
    PHARMACIST = "pharmacist"
    TECHNICIAN = "technician"
    VIEWER = "viewer"


class Act(Enum):
    """What takes a person in a role that may; stop, pause and decrease do not and stand nowhere here."""

    START = "start"
    RESUME = "resume"
    RAISE = "raise"
    REARM = "rearm"
    BOLUS = "bolus"
    OVERRIDE_SECOND = "override_second"  # the second person of a soft-limit override
    ORDER = "order"  # sign for a series, and for what only a prescriber settles
    CARE = "care"  # open a visit, check in, prepare, discharge
    OBSERVE = "observe"  # write down what was seen, measured or given
    CHECK = "check"  # the other person of an independent double check
    WASTE = "waste"  # balance what was drawn up, throw away what is left
    WITNESS = "witness"  # saw it thrown away


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: str
    name: str
    role: Role


_BEDSIDE: Final = frozenset({Act.START, Act.RESUME, Act.RAISE, Act.REARM, Act.OVERRIDE_SECOND, Act.CARE}) | {
    Act.OBSERVE, Act.CHECK, Act.WASTE, Act.WITNESS,
}  # fmt: skip

_MAY: Final[Mapping[Role, frozenset[Act]]] = {
    Role.NURSE: _BEDSIDE,
    Role.PRESCRIBER: _BEDSIDE | {Act.BOLUS, Act.ORDER},
    Role.PHARMACIST: frozenset({Act.OVERRIDE_SECOND, Act.CHECK, Act.WASTE, Act.WITNESS}),
    Role.TECHNICIAN: frozenset(),
    Role.VIEWER: frozenset(),
}


WITHOUT_PIN: Final = frozenset({Act.OBSERVE})


def may(role: Role, act: Act) -> bool:
    return act in _MAY[role]


def may_clear_wait(person: Person, locked: Person) -> bool:
    """After too many wrong PINs a person waits; somebody of another role, who knows them, may end it sooner."""
    return person.id != locked.id and person.role not in (locked.role, Role.VIEWER)


def may_be_second(first_id: str, second_id: str, second_role: Role) -> bool:
    """Going beyond a soft limit takes somebody else than the person who asks, in a role that may check."""
    return first_id != second_id and may(second_role, Act.OVERRIDE_SECOND)
