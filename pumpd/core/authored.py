"""What was done on a locked page in somebody's name, and is not yet confirmed: applied, never judged, as in evolve.py.

Nothing that was refused needs an author. The list is bounded; what falls out of it stays in the journal, unconfirmed.
"""

from __future__ import annotations

from typing import Final, assert_never

from pumpd.core import facts as f
from pumpd.core.authorship_facts import AuthorSettled
from pumpd.core.state import Unconfirmed

UNCONFIRMED_MAX: Final = 128  # more than one bed sees on locked pages in a shift


def authored(
    unconfirmed: tuple[Unconfirmed, ...], fact: f.PersonAsked | f.RequestRefused | AuthorSettled
) -> tuple[Unconfirmed, ...]:
    match fact:
        case f.PersonAsked():
            if fact.confirmed or fact.person is None:
                return unconfirmed
            noted = Unconfirmed(
                request_id=fact.request_id, at_ns=fact.at_ns, person=fact.person, action=fact.action, slot=fact.slot
            )
            return (*unconfirmed, noted)[-UNCONFIRMED_MAX:]
        case f.RequestRefused():
            return tuple(each for each in unconfirmed if each.request_id != fact.request_id)
        case AuthorSettled():
            return tuple(each for each in unconfirmed if each.request_id not in fact.acts)
        case _:
            assert_never(fact)
