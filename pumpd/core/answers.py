"""The last answers to people's requests, as their facts tell them: `evolve` applies, and asking.py looks them up.

A request is accepted unless the same decision refuses it, so two facts suffice: `PersonAsked` notes it, and
`RequestRefused` adds the reasons. Both become durable together, or neither.
"""

from __future__ import annotations

from dataclasses import replace

from pumpd.core import facts as f
from pumpd.core.state import ANSWERS_MAX, Answered


def answers_with(answers: tuple[Answered, ...], fact: f.PersonAsked | f.RequestRefused) -> tuple[Answered, ...]:
    if isinstance(fact, f.RequestRefused):
        return tuple(
            replace(each, reasons=fact.reasons) if each.request_id == fact.request_id else each for each in answers
        )
    others = tuple(each for each in answers if each.request_id != fact.request_id)
    return (*others, Answered(request_id=fact.request_id, content=fact.content))[-ANSWERS_MAX:]
