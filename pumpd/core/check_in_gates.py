"""The gates of a check-in: what has to be known of the patient before anything may be started.

Each is asked with the visit alone and says what is missing, or what was found and no prescriber has accepted. What
differs stays closed however often it is asked: two identifiers that agree open it, no reason does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pumpd.core.check_in import Answered, Item
from pumpd.core.codes import Reason, ReasonCode
from pumpd.core.order import Sex
from pumpd.core.rise import hard
from pumpd.core.series import Disposition
from pumpd.core.turn import Turn
from pumpd.core.visit import Visit

# item -> nobody asked, somebody found something
_CODES: Final[Mapping[Item, tuple[ReasonCode, ReasonCode]]] = {
    Item.ALLERGIES: (ReasonCode.ALLERGIES_NOT_ASKED, ReasonCode.ALLERGY_FOUND),
    Item.PREGNANCY: (ReasonCode.PREGNANCY_NOT_ASKED, ReasonCode.PREGNANCY_FOUND),
    Item.FASTING: (ReasonCode.FASTING_NOT_ASKED, ReasonCode.NOT_FASTED),
    Item.CONTRAINDICATIONS: (ReasonCode.CONTRAINDICATIONS_NOT_ASKED, ReasonCode.CONTRAINDICATION_FOUND),
}


def identity_gate(_: Turn, visit: Visit) -> list[Reason]:
    """Two identifiers agree, and none differs."""
    identity = visit.identity
    if identity is None:
        return [hard(ReasonCode.IDENTITY_NOT_COMPARED)]
    return [] if identity.stands else [hard(ReasonCode.IDENTITY_DIFFERS)]


def allergies_gate(_: Turn, visit: Visit) -> list[Reason]:
    return _item(visit, Item.ALLERGIES)


def pregnancy_gate(_: Turn, visit: Visit) -> list[Reason]:
    """Asked of everybody who is not known to be a man."""
    return [] if visit.order.sex is Sex.MALE else _item(visit, Item.PREGNANCY)


def fasting_gate(_: Turn, visit: Visit) -> list[Reason]:
    return _item(visit, Item.FASTING)


def contraindications_gate(_: Turn, visit: Visit) -> list[Reason]:
    return _item(visit, Item.CONTRAINDICATIONS)


def company_gate(_: Turn, visit: Visit) -> list[Reason]:
    """An escort for whoever goes home, a ward for everybody else; known before the start."""
    company, disposition = visit.company, disposition_of(visit)
    if disposition is Disposition.WARD:
        named = company is not None and bool(company.ward)
        return [] if named else [hard(ReasonCode.WARD_NOT_NAMED)]
    return [] if company is not None and company.escort else [hard(ReasonCode.ESCORT_NOT_NAMED)]


def weight_gate(_: Turn, visit: Visit) -> list[Reason]:
    """Weighed today; how far it may be from the order's is a limit of the review (patient.py)."""
    return [] if visit.weighed is not None else [hard(ReasonCode.NOT_WEIGHED)]


def risk_gate(turn: Turn, visit: Visit) -> list[Reason]:
    """Asked, where the regimen is for a disorder of mood; a positive result closes home and not the start."""
    regimen = turn.setup.rules.catalogue.regimen(visit.order.regimen)
    asked = visit.risk is not None or regimen is None or not regimen.asks_risk
    return [] if asked else [hard(ReasonCode.RISK_NOT_ASKED)]


def disposition_of(visit: Visit) -> Disposition:
    """Home needs more than a ward does: it is what holds where nobody knows."""
    return Disposition.HOME if visit.signed is None else visit.signed.disposition


def _item(visit: Visit, item: Item) -> list[Reason]:
    not_asked, found = _CODES[item]
    answer = visit.answer(item)
    if answer is None:
        return [hard(not_asked)]
    if answer.said.answered is Answered.FOUND and answer.accepted is None:
        return [hard(found)]
    return []
