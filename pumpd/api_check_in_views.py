"""A check-in as the bed's state has it -> what crosses the socket. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from pumpd.api_check_in_models import CheckInView, ItemView
from pumpd.core.check_in import CARRIED, Item, ItemAnswer, Watching
from pumpd.core.check_in_gates import disposition_of
from pumpd.core.series import Disposition
from pumpd.core.state import BedState
from pumpd.core.turn import Setup
from pumpd.core.visit import Visit
from pumpd.words import weight
from pumpd.words_check_in import ITEMS, WATCHINGS, answer_text, call_text, identity_text

_FIRST_DAY: Final = date(1970, 1, 1)


def check_in_view(state: BedState, setup: Setup, visit: Visit, names: Mapping[str, str]) -> CheckInView:
    """`names`: of people, by account."""
    regimen = setup.rules.catalogue.regimen(visit.order.regimen)
    series = visit.signed
    watching = Watching.ROUTINE if visit.risk is None else visit.risk.watching
    identity, weighed, company = visit.identity, visit.weighed, visit.company
    calls = series is not None and visit.risk is not None and visit.risk.closes_home
    return CheckInView(
        visit=visit.visit,
        identity_matched=() if identity is None else identity.matched,
        identity_differed=() if identity is None else identity.differed,
        identity_text=None if identity is None else identity_text(identity.matched, identity.differed),
        items=tuple(_item(state, visit, item, names) for item in Item),
        weight_g=None if weighed is None else weighed.weight_g,
        weight_text=None if weighed is None else weight(weighed.weight_g),
        ordered_weight_text=weight(visit.order.weight_g),
        asks_risk=regimen is not None and regimen.asks_risk,
        risk_positive=None if visit.risk is None else visit.risk.positive,
        call_text=call_text(names.get(series.prescriber, series.prescriber), series.extension)
        if calls and series is not None
        else None,
        watching=watching,
        watching_text=WATCHINGS[watching],
        goes_home=disposition_of(visit) is Disposition.HOME,
        escort_named=company is not None and company.escort,
        ward=None if company is None or not company.ward else company.ward,
    )


def day_text(day: int) -> str:
    """`2026-11-27`, of a local day number."""
    return (_FIRST_DAY + timedelta(days=day)).isoformat()


def _item(state: BedState, visit: Visit, item: Item, names: Mapping[str, str]) -> ItemView:
    answer, last = visit.answer(item), state.path.last_answer(visit, item)
    earlier: ItemAnswer | None = None if last is None else last[1]
    return ItemView(
        item=item,
        title=ITEMS[item],
        answered=None if answer is None else answer.said.answered,
        text=None if answer is None else answer_text(answer),
        accepted_by=None if answer is None or answer.accepted is None else _name(answer.accepted.person, names),
        by=None if answer is None else _name(answer.person, names),
        may_confirm=item in CARRIED and earlier is not None,
        earlier_visit=None if last is None else last[0].visit,
        earlier_text=None if earlier is None else answer_text(earlier),
        earlier_by=None if earlier is None else _name(earlier.first_person, names),
        earlier_day=None if earlier is None else day_text(earlier.first_day),
    )


def _name(person: str, names: Mapping[str, str]) -> str:
    return names.get(person, person)
