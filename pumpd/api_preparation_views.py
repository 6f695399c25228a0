"""A preparation as the bed's state has it -> what crosses the socket; and the second person's task, without values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pumpd.api_moment import Moment
from pumpd.api_preparation_models import (
    CheckFieldView,
    CheckTaskView,
    PremedicationView,
    PreparationView,
    RiseTaskView,
)
from pumpd.core import double_check
from pumpd.core.library import ContainerKind, DoseUnit
from pumpd.core.preparation import CheckField
from pumpd.core.preparation_gates import check_stands, given_of, label_stands, ordered, ordered_before, primed_slots
from pumpd.core.prescribed import Premedication
from pumpd.core.rise_check import dose_unit, waiting
from pumpd.core.state import BedState
from pumpd.core.turn import Setup, Turn
from pumpd.core.units import NS_PER_S
from pumpd.core.visit import Visit
from pumpd.words import typed_number
from pumpd.words_preparation import drug_text, fields_text

_FROM: Final[Mapping[CheckField, str]] = {
    CheckField.WEIGHT: "the weight, off the slip of the scale",
    CheckField.DRUG: "the drug, off the label",
    CheckField.CONCENTRATION: "the concentration, off the label",
    CheckField.SIZE: "the size of the container, off the barrel or the bag",
    CheckField.BRAND: "the brand, off the barrel",
    CheckField.DOSE: "the highest dose of this visit, off the order",
}

_UNITS: Final[Mapping[CheckField, str]] = {
    CheckField.WEIGHT: "kg",
    CheckField.CONCENTRATION: "mg/mL",
    CheckField.SIZE: "mL",
}


def preparation_view(state: BedState, setup: Setup, visit: Visit, moment: Moment) -> PreparationView:
    turn = Turn(state, setup, moment.now_ns)
    _, container = ordered(turn, visit)
    return PreparationView(
        visit=visit.visit,
        container=visit.hung + 1,
        container_title="" if container is None else container.title,
        is_syringe=container is not None and container.kind is ContainerKind.SYRINGE,
        primed=primed_slots(turn, visit),
        label_read_by=visit.label.person if label_stands(visit) and visit.label is not None else None,
        line_checked_by=None if visit.line is None else visit.line.person,
        premedication=tuple(_premedication(visit, each, moment) for each in ordered_before(visit)),
        checked_by=visit.check.person if check_stands(visit) and visit.check is not None else None,
        differed=visit.differed,
        differed_text=fields_text(visit.differed),
    )


def check_task(state: BedState, setup: Setup, visit: Visit, moment: Moment) -> CheckTaskView:
    turn = Turn(state, setup, moment.now_ns)
    _, container = ordered(turn, visit)
    is_syringe = container is not None and container.kind is ContainerKind.SYRINGE
    unit = double_check.dose_unit(turn, visit)
    fields = [each for each in _FROM if is_syringe or each is not CheckField.BRAND]
    return CheckTaskView(
        visit=visit.visit,
        container=visit.hung + 1,
        fields=tuple(_field(each, _FROM[each], unit) for each in fields),
        checked=check_stands(visit),
        rise=_rise_task(turn, visit),
    )


def _rise_task(turn: Turn, visit: Visit) -> RiseTaskView | None:
    rise = waiting(turn, visit)
    if rise is None:
        return None
    bolus = rise.bolus_ug_per_kg is not None
    unit = DoseUnit.MG_PER_KG if bolus else dose_unit(turn.infusion(rise.slot))
    texts = {each: _FROM[each] for each in (CheckField.DRUG, CheckField.CONCENTRATION)}
    texts[CheckField.DOSE] = (
        f"the {'bolus' if bolus else 'new dose'}, off the order or as the prescriber says it to you"
    )
    return RiseTaskView(slot=rise.slot, fields=tuple(_field(each, text, unit) for each, text in texts.items()))


def _field(field: CheckField, text: str, dose: DoseUnit | None) -> CheckFieldView:
    """`dose`: the unit of the dose, which is the order's; every other number has the unit of its source."""
    unit = _UNITS.get(field, "")
    if field is CheckField.DOSE and dose is not None:
        unit = dose.value
    return CheckFieldView(field=field, text=text, unit=unit)


def _premedication(visit: Visit, asked: Premedication, moment: Moment) -> PremedicationView:
    given = given_of(visit, asked)
    held_s = 0 if given is None else max(0, moment.now_ns - given.given_at_ns) // NS_PER_S
    return PremedicationView(
        drug=asked.drug,
        text=drug_text(asked.drug, asked.dose_ug, asked.route),
        dose_mg=typed_number(asked.dose_ug, digits=3),
        route=asked.route,
        given=given is not None,
        given_by=None if given is None else given.given_by,
        given_ts_ms=None if given is None else moment.ts_ms(given.given_at_ns),
        omitted=next((each.why for each in visit.omitted if each.drug == asked.drug), None),
        left_s=None if given is None else max(0, asked.wait_s - held_s),
    )
