"""Check-in on the page: who the patient is, what may stand against a start, today's weight, and who takes them over.

What is still closed stands first, each as a small form of its own; what is done is a line below it, and may be entered
again. An answer of an earlier visit is shown with its author and day, and one tap confirms it. A positive answer to the
risk question turns the top of the screen into the call that is to be made now.

Until two identifiers agree the page keeps the day of birth and the record number to itself: what is compared has to
come from the patient or the wristband, and not from the screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import partial
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from pumpd import api_check_in_calls as calls
from pumpd.api_check_in_models import (
    Answered,
    CheckInView,
    CompanyBody,
    FindingBody,
    IdentityBody,
    Item,
    ItemsBody,
    ItemView,
    RiskBody,
    RiskPlanBody,
    UnchangedBody,
    Watching,
    WeightBody,
)
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, ReasonCode
from pumpd.console.path import Ask, Sight, screen_routes, show
from pumpd.console.sending import NOTHING_TYPED, Told, Values, given_of

STEP: Final = "check-in"

# item -> what is asked, and its answers
QUESTIONS: Final[Mapping[Item, tuple[str, tuple[tuple[Answered, str], ...]]]] = {
    Item.ALLERGIES: ("Allergies", ((Answered.CLEAR, "None known"), (Answered.FOUND, "There is one"))),
    Item.PREGNANCY: (
        "Pregnancy",
        (
            (Answered.CLEAR, "Not pregnant"),
            (Answered.NOT_APPLICABLE, "Does not apply"),
            (Answered.FOUND, "Pregnant, or may be"),
        ),
    ),
    Item.FASTING: ("Fasting", ((Answered.CLEAR, "Fasted long enough"), (Answered.FOUND, "Not long enough"))),
    Item.CONTRAINDICATIONS: ("Contraindications", ((Answered.CLEAR, "None"), (Answered.FOUND, "There is one"))),
}
WATCHINGS: Final = (
    (Watching.CONSTANT, "All the time: somebody within reach"),
    (Watching.CLOSE, "Closely: at least every 15 min"),
    (Watching.ROUTINE, "As usual"),
)

_FOUND: Final[Mapping[Item, ReasonCode]] = {
    Item.ALLERGIES: ReasonCode.ALLERGY_FOUND,
    Item.PREGNANCY: ReasonCode.PREGNANCY_FOUND,
    Item.FASTING: ReasonCode.NOT_FASTED,
    Item.CONTRAINDICATIONS: ReasonCode.CONTRAINDICATION_FOUND,
}
# part of the screen -> the gates that are opened there
_PARTS: Final[Mapping[str, frozenset[ReasonCode]]] = {
    "identity": frozenset({ReasonCode.IDENTITY_NOT_COMPARED, ReasonCode.IDENTITY_DIFFERS}),
    "items": frozenset({
        ReasonCode.ALLERGIES_NOT_ASKED, ReasonCode.PREGNANCY_NOT_ASKED, ReasonCode.FASTING_NOT_ASKED,
        ReasonCode.CONTRAINDICATIONS_NOT_ASKED,
    }),
    "finding": frozenset(_FOUND.values()),
    "weight": frozenset({ReasonCode.NOT_WEIGHED}),
    "company": frozenset({ReasonCode.ESCORT_NOT_NAMED, ReasonCode.WARD_NOT_NAMED}),
    "risk": frozenset({ReasonCode.RISK_NOT_ASKED}),
}  # fmt: skip


# --- what each form becomes -----------------------------------------------------------------------------------


def _identity(sight: Sight, values: Values) -> Call[AnswerView]:
    return calls.compare_identity(sight.id, IdentityBody.model_validate(given_of(values, "name", "born", "number")))


def _items(sight: Sight, values: Values) -> Call[AnswerView]:
    """Those that were answered: whatever was not stays closed, and is asked again."""
    answers = tuple(
        {"item": item, "answered": values[item.value], "remark": values.get(f"remark:{item.value}", "")}
        for item in Item
        if values.get(item.value)
    )
    return calls.answer_items(sight.id, ItemsBody.model_validate({"answers": answers}))


def _unchanged(sight: Sight, values: Values) -> Call[AnswerView]:
    items = tuple(filter(None, values.get("items", "").split(",")))
    body = UnchangedBody.model_validate({"of_visit": values.get("of_visit", ""), "items": items})
    return calls.confirm_unchanged(sight.id, body)


def _finding(sight: Sight, values: Values) -> Call[AnswerView]:
    return calls.accept_finding(sight.id, FindingBody.model_validate(given_of(values, "item", "why")))


def _weight(sight: Sight, values: Values) -> Call[AnswerView]:
    return calls.weigh(sight.id, WeightBody.model_validate(given_of(values, "weight_kg")).weight_kg)


def _company(sight: Sight, values: Values) -> Call[AnswerView]:
    named = {**given_of(values, "ward", "escort_name", "escort_phone"), "same_escort": "same_escort" in values}
    return calls.name_company(sight.id, CompanyBody.model_validate(named))


def _risk(sight: Sight, values: Values) -> Call[AnswerView]:
    return calls.answer_risk(sight.id, positive=RiskBody.model_validate(given_of(values, "positive")).positive)


def _plan(sight: Sight, values: Values) -> Call[AnswerView]:
    return calls.sign_risk_plan(sight.id, RiskPlanBody.model_validate(given_of(values, "plan", "watching")))


_FORMS: Final[Mapping[str, Ask]] = {
    "identity": _identity,
    "items": _items,
    "unchanged": _unchanged,
    "finding": _finding,
    "weight": _weight,
    "company": _company,
    "risk": _risk,
    "plan": _plan,
}


# --- the screen -----------------------------------------------------------------------------------------------


async def _screen(sight: Sight) -> Response:
    return await _show("", sight, NOTHING_TYPED)


async def _show(sent: str, sight: Sight, told: Told) -> Response:
    """`sent`: the form that came back, which stays where it was filled in."""
    view = await sight.room.client.send(calls.check_in(sight.id), sight.token)
    why = {each.code: each.text for each in sight.visit.missing}
    open_ = {name for name, codes in _PARTS.items() if codes & why.keys()}
    parts = [name for name in _PARTS if name != "risk" or view.asks_risk]
    return show(
        sight,
        "check_in",
        STEP,
        told,
        check_in=view,
        told_why={code.value: text for code, text in why.items()},
        to_do=[name for name in parts if name in open_ or name == sent],
        done=[name for name in parts if name not in open_ and name not in (sent, "finding")],
        sent=sent,
        questions={item: (title, _options(answers)) for item, (title, answers) in QUESTIONS.items()},
        asked=_asked(sight, view),
        unchanged=_confirmable(view),
        found=[(each, why[_FOUND[each.item]]) for each in view.items if _FOUND[each.item] in why],
        watchings=_options(WATCHINGS),
    )  # fmt: skip


def _options(answers: Iterable[tuple[Enum, str]]) -> list[tuple[str, str]]:
    """For a choice of the form."""
    return [(answer.value, text) for answer, text in answers]


def _asked(sight: Sight, view: CheckInView) -> list[ItemView]:
    """Those that nobody has asked and no tap confirms; where there are none, all that were answered, to be mended."""
    codes = {each.code.value for each in sight.visit.missing}
    open_ = [each for each in view.items if f"{each.item.value}_not_asked" in codes]
    if open_:
        return [each for each in open_ if not each.may_confirm]
    return [each for each in view.items if each.answered is not None]


def _confirmable(view: CheckInView) -> dict[str, list[ItemView]]:
    """By the earlier visit that says it: what is not answered today and could be confirmed with one tap."""
    found: dict[str, list[ItemView]] = {}
    for each in view.items:
        if each.may_confirm and each.answered is None and each.earlier_visit is not None:
            found.setdefault(each.earlier_visit, []).append(each)
    return found


ROUTES: Final[tuple[Route, ...]] = screen_routes(
    STEP, _screen, {name: (ask, partial(_show, name)) for name, ask in _FORMS.items()}
)
