"""The library that exploring is done with: tiny numbers, so that every limit lies within a few steps.

The shipped library's limits lie hours apart, and no search that tries everything gets there. Here an infusion is two
steps of minutes, and each limit has an entry of its own with two orders: one lies exactly on the limit and must be
granted, the other is the least that lies beyond and must be refused by that limit. All patients weigh 50 kg, so that
`ug/kg/h` and the 5 mg/mL of the syringe make a rate of ten times the dose in uL/h, exactly.

Entries are made of a shipped one by changing what matters, so that a field that the library gains later is there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from pumpd.core.codes import ReasonCode
from pumpd.core.library import CEILINGS, Bolus, Cap, DoseUnit, Entry, Span
from pumpd.core.order import Order, WeightBasis
from pumpd.core.regimen import DayPlan, Regimen, RegimenStep, Rules
from pumpd.testing.clinical import shipped_rules

WEIGHT_G: Final = 50_000
HEIGHT_MM: Final = 1_600
CONTAINER: Final = "syringe-60-5"
STEPS: Final = "STEPS"  # two steps, the second higher: a tap lets it rise
ONCE: Final = "ONCE"  # as much in one step
BY_ITSELF: Final = "BY-ITSELF"  # the same with saline, and the step up goes by itself
DOSE: Final = 120  # ug/kg/h of the first step; the second has twice that: 100 uL and 200 uL in 5 min each
STEP_S: Final = 300
LONG_S: Final = 3_600
BOLUS: Final = Bolus(dose_ug_per_kg=Cap(soft=None, hard=4), shortest_s=60, lockout_s=600)  # 40 uL: a third of a step
ON: Final = "-ON"
BEYOND: Final = "-BEYOND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A limit, and the two sides of it. A patient's own figure lies in the order, everything else in the regimen."""

    name: str
    code: ReasonCode
    entry: dict[str, Any]  # what the entry of this limit has otherwise, or the capacity of its containers
    on: tuple[int, int]  # dose and duration
    beyond: tuple[int, int]
    order_on: dict[str, Any] | None = None
    order_beyond: dict[str, Any] | None = None


def _span(low: int, high: int) -> Span:
    return Span(hard_low=low, soft_low=low, typical=high, soft_high=high, hard_high=high)


WIDE: Final = _span(1, 100_000)
_PER_H: Final = DOSE * WEIGHT_G // 1_000  # ug/h of the first step
CEILING_OF_12_H: Final = CEILINGS.session_ug_per_kg // 12
EDGES: Final = (
    Edge(name="DOSE", code=ReasonCode.DOSE_UG_PER_KG_PER_H, entry={"dose": _span(1, DOSE)}, on=(DOSE, STEP_S),
         beyond=(DOSE + 1, STEP_S)),
    Edge(name="DOSE-LEAST", code=ReasonCode.DOSE_UG_PER_KG_PER_H, entry={"dose": _span(DOSE, 1_000)},
         on=(DOSE, STEP_S), beyond=(DOSE - 1, STEP_S)),
    Edge(name="DURATION", code=ReasonCode.DURATION_S, entry={"duration_s": _span(1, STEP_S)}, on=(DOSE, STEP_S),
         beyond=(DOSE, STEP_S + 1)),
    Edge(name="DURATION-LEAST", code=ReasonCode.DURATION_S, entry={"duration_s": _span(STEP_S, LONG_S)},
         on=(DOSE, STEP_S), beyond=(DOSE, STEP_S - 1)),
    Edge(name="RATE", code=ReasonCode.RATE_LIMIT_UG_PER_KG_PER_H,
         entry={"rate_ug_per_kg_per_h": Cap(soft=None, hard=DOSE)}, on=(DOSE, STEP_S), beyond=(DOSE + 1, STEP_S)),
    Edge(name="CAP", code=ReasonCode.CAP_UG_PER_H, entry={"cap_ug_per_h": Cap(soft=None, hard=_PER_H)},
         on=(DOSE, STEP_S), beyond=(DOSE + 1, STEP_S)),
    Edge(name="TOTAL", code=ReasonCode.CAP_TOTAL_UG, entry={"cap_total_ug": Cap(soft=None, hard=_PER_H)},
         on=(DOSE, LONG_S), beyond=(DOSE + 1, LONG_S)),
    Edge(name="TOTAL-KG", code=ReasonCode.CAP_TOTAL_UG_PER_KG,
         entry={"cap_total_ug_per_kg": Cap(soft=None, hard=DOSE)}, on=(DOSE, LONG_S), beyond=(DOSE + 1, LONG_S)),
    Edge(name="HOUR", code=ReasonCode.ROLLING_HOUR_UG, entry={"rolling_hour_ug": _PER_H}, on=(DOSE, LONG_S),
         beyond=(DOSE + 1, LONG_S)),
    Edge(name="HOUR-KG", code=ReasonCode.ROLLING_HOUR_UG_PER_KG, entry={"rolling_hour_ug_per_kg": DOSE},
         on=(DOSE, LONG_S), beyond=(DOSE + 1, LONG_S)),
    Edge(name="COURSE", code=ReasonCode.CAP_COURSE_UG, entry={"cap_course_ug": Cap(soft=None, hard=_PER_H)},
         on=(DOSE, LONG_S), beyond=(DOSE + 1, LONG_S)),
    Edge(name="COURSE-KG", code=ReasonCode.CAP_COURSE_UG_PER_KG,
         entry={"cap_course_ug_per_kg": Cap(soft=None, hard=DOSE)}, on=(DOSE, LONG_S), beyond=(DOSE + 1, LONG_S)),
    Edge(name="CEILING", code=ReasonCode.CEILING_UG_PER_KG_PER_H, entry={},
         on=(CEILINGS.rate_ug_per_kg_per_h, STEP_S), beyond=(CEILINGS.rate_ug_per_kg_per_h + 1, STEP_S)),
    Edge(name="CEILING-TOTAL", code=ReasonCode.CEILING_TOTAL_UG_PER_KG, entry={"capacity_nl": 400_000_000},
         on=(CEILING_OF_12_H, 12 * LONG_S), beyond=(CEILING_OF_12_H + 1, 12 * LONG_S)),
    Edge(name="WEIGHT", code=ReasonCode.WEIGHT_G, entry={}, on=(DOSE, STEP_S), beyond=(DOSE, STEP_S),
         order_on={"weight_g": 35_000, "height_mm": 1_500}, order_beyond={"weight_g": 34_999, "height_mm": 1_500}),
    Edge(name="WEIGHT-MOST", code=ReasonCode.WEIGHT_G, entry={}, on=(DOSE, STEP_S), beyond=(DOSE, STEP_S),
         order_on={"weight_g": 200_000, "height_mm": 2_000}, order_beyond={"weight_g": 200_001, "height_mm": 2_000}),
    Edge(name="BMI", code=ReasonCode.BMI_MILLI, entry={}, on=(DOSE, STEP_S), beyond=(DOSE, STEP_S),
         order_on={"weight_g": 56_000, "height_mm": 2_000}, order_beyond={"weight_g": 55_999, "height_mm": 2_000}),
    Edge(name="BMI-MOST", code=ReasonCode.BMI_MILLI, entry={}, on=(DOSE, STEP_S), beyond=(DOSE, STEP_S),
         order_on={"weight_g": 60_000, "height_mm": 1_000}, order_beyond={"weight_g": 60_001, "height_mm": 1_000}),
)  # fmt: skip


def _entry(name: str, **different: Any) -> Entry:  # noqa: ANN401  # the fields of an entry
    shipped = shipped_rules().library.entry("KET-CRPS-OP")
    assert shipped is not None
    bare: dict[str, Any] = {
        "id": name, "dose": WIDE, "duration_s": WIDE, "rate_ug_per_kg_per_h": None, "cap_ug_per_h": None,
        "cap_total_ug": None, "cap_total_ug_per_kg": None, "rolling_hour_ug": None, "rolling_hour_ug_per_kg": None,
        "cap_course_ug": None, "cap_course_ug_per_kg": None, "near_end_s": 60, "unit": DoseUnit.MG_PER_KG_PER_H,
    }  # fmt: skip
    capacity_nl = different.pop("capacity_nl", None)
    if capacity_nl is not None:
        bare["containers"] = tuple(replace(each, capacity_nl=capacity_nl) for each in shipped.containers)
    return replace(shipped, **(bare | different))


def _regimen(name: str, entry: str, *steps: tuple[int, int], automatic: bool = False) -> Regimen:
    shipped = shipped_rules().catalogue.regimen("CRPS-OP10")
    assert shipped is not None
    plan = tuple(RegimenStep(dose=dose, duration_s=duration_s) for dose, duration_s in steps)
    return replace(
        shipped, id=name, entry=entry, days=(DayPlan(first_day=1, last_day=1, steps=plan),), sessions=1,
        cap_ug_per_h=None, automatic=automatic,
    )  # fmt: skip


@cache
def tiny_rules() -> Rules:
    """An hour holds two infusions of the two steps, a session three."""
    # with what counter and motor cannot resolve of each
    whole_ug = (DOSE + 2 * DOSE) * STEP_S * WEIGHT_G // 3_600 // 1_000 + 20
    session = Cap(soft=2 * whole_ug, hard=3 * whole_ug)
    saline = shipped_rules().library.entry("SALINE-TRAIN")
    assert saline is not None
    entries = [
        _entry(STEPS, bolus=BOLUS, rolling_hour_ug=2 * whole_ug, cap_total_ug=session),
        replace(saline, id=BY_ITSELF, dose=WIDE, duration_s=WIDE, near_end_s=60),
        *(_entry(edge.name, **edge.entry) for edge in EDGES),
    ]
    regimens = [
        _regimen(STEPS, STEPS, (DOSE, STEP_S), (2 * DOSE, STEP_S)),
        _regimen(ONCE, STEPS, (3 * DOSE, STEP_S)),
        _regimen(BY_ITSELF, BY_ITSELF, (10 * DOSE, STEP_S), (20 * DOSE, STEP_S), automatic=True),
        *(_regimen(edge.name + ON, edge.name, edge.on) for edge in EDGES),
        *(_regimen(edge.name + BEYOND, edge.name, edge.beyond) for edge in EDGES),
    ]
    shipped = shipped_rules()
    return replace(
        shipped,
        library=replace(shipped.library, name="for exploring", entries=tuple(entries)),
        catalogue=replace(shipped.catalogue, regimens=tuple(regimens)),
    )


def order_of(regimen: str) -> Order:
    """The order that names this regimen, for the patient of all orders or the one who lies on an edge."""
    container = "syringe-60" if regimen == BY_ITSELF else CONTAINER
    order = Order(
        regimen=regimen, day=1, weight_g=WEIGHT_G, height_mm=HEIGHT_MM, container=container,
        weight_basis=WeightBasis.ACTUAL,
    )  # fmt: skip
    for edge in EDGES:
        if regimen == edge.name + ON and edge.order_on:
            return replace(order, **edge.order_on)
        if regimen == edge.name + BEYOND and edge.order_beyond:
            return replace(order, **edge.order_beyond)
    return order
