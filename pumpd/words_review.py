"""What a nurse confirms before a start: the programme as the pump will do it, said once and whole.

As lines (label, value), so that a page can lay them out, and as one text to read aloud. Beside drug, dose and
time it says what nobody asks for and everybody needs: what this pump cannot detect, what happens if this
computer fails, and how good the evidence for the regimen is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pumpd.core.codes import Reason, ReasonCode, Severity
from pumpd.core.containers import portions
from pumpd.core.library import DoseUnit
from pumpd.core.order import Order, WeightBasis
from pumpd.core.programme import ClampKind, Programme
from pumpd.core.pump import Detectable, DriverInfo
from pumpd.core.regimen import Regimen, Rules
from pumpd.core.steps import Step, StepKind, StepMode
from pumpd.core.units import Towards, divide, duration_for_ns, mass_ng
from pumpd.words import (
    concentration,
    dose_rate,
    dose_rate_per_kg,
    duration_ns,
    height,
    mass,
    rate_ml_per_h,
    volume_ml,
    weight,
)
from pumpd.words_reasons import reason_text

Line = tuple[str, str]
Clock = Callable[[int], str]  # nanoseconds from now -> time of day

_DETECTS: Final[Mapping[Detectable, str]] = {
    Detectable.OCCLUSION_BY_PRESSURE: "the pressure of a blocked line",
    Detectable.OCCLUSION_BY_STALL: "a blocked line, not even when it stalls",
    Detectable.AIR: "air in the line",
    Detectable.EMPTY: "an empty container",
    Detectable.SYRINGE_SIZE: "a wrong syringe",
    Detectable.BATTERY: "the state of its battery",
    Detectable.FREE_FLOW: "free flow",
}


_KINDS: Final[Mapping[StepKind, str]] = {
    StepKind.ORDERED: "",
    StepKind.RAMP: ", ramp",
    StepKind.BOLUS: ", bolus",
    StepKind.KVO: ", after the end, to keep the vein open",
}


def cannot_detect(info: DriverInfo) -> str:
    """What the person at the bedside has to watch for instead of the pump."""
    blind = [text for what, text in _DETECTS.items() if what not in info.detects]
    return ", ".join(blind) if blind else "nothing of what pumps can detect"


def lease_text(programme: Programme) -> str:
    """What happens if this computer fails."""
    if programme.lease_s is None:
        return "the pump goes on by itself"
    return f"the pump stops by itself within {programme.lease_s} s"


def step_text(step: Step, programme: Programme, unit: DoseUnit) -> str:
    """Dose rate, flow, volume and time of one step, as the pump will do it."""
    parts = [rate_ml_per_h(step.rate_ul_per_h)]
    ng_per_h = step.rate_ul_per_h * programme.concentration_ug_per_ml
    if unit is not DoseUnit.ML_PER_H:
        parts.insert(0, dose_rate(ng_per_h))
        if unit is not DoseUnit.MG_PER_H:
            parts.insert(0, dose_rate_per_kg(ng_per_h, programme.weight_g))
    lasts = duration_for_ns(step.volume_nl, step.rate_ul_per_h, Towards.UP) if step.rate_ul_per_h else 0
    return f"{', '.join(parts)}: {volume_ml(step.volume_nl)} in {duration_ns(lasts)}"


def total_text(programme: Programme, unit: DoseUnit) -> str:
    lasts = sum(
        duration_for_ns(step.volume_nl, step.rate_ul_per_h, Towards.UP)
        for step in programme.steps
        if step.rate_ul_per_h
    )
    volume = f"{volume_ml(programme.total_nl)} in {duration_ns(lasts)}"
    if unit is DoseUnit.ML_PER_H:
        return volume
    total = mass_ng(programme.total_nl, programme.concentration_ug_per_ml, Towards.UP)
    return f"{mass(divide(total, 1_000, Towards.UP))} in {volume}"


def container_lines(programme: Programme, why_many: str, clock: Clock | None) -> tuple[Line, ...]:
    """What is drawn up, and when each container is used up: by the clock, if it is started now and nothing waits."""
    container = programme.container
    plan = () if container is None else portions(programme.steps, container)
    if container is None or not plan:
        return ()
    many = len(plan) > 1
    found = []
    for each in plan:
        parts = [f"{volume_ml(each.used_nl)} to give"]
        if container.prime_nl > 0:
            parts.append(f"{volume_ml(container.prime_nl)} for the line")
        if container.dead_nl > 0:
            parts.append(f"{volume_ml(container.dead_nl)} stays behind")
        text = f"{volume_ml(each.loaded_nl)}: {', '.join(parts)}"
        if many:
            text += f"; used up after {duration_ns(each.ends_after_ns)}"
            text += "" if clock is None else f", at {clock(each.ends_after_ns)} if started now"
        found.append((f"Container {each.number} holds" if many else "It holds", text))
    if many:
        found.append(("Containers", f"{len(plan)}, and it stands at each change. {why_many}"))
    return tuple(found)


def review_lines(
    order: Order, programme: Programme, rules: Rules, info: DriverInfo, clock: Clock | None = None
) -> tuple[Line, ...]:
    """What a nurse confirms, in the order in which it is checked at the bedside.

    `clock` says what time of day it is so many nanoseconds from now; without it the containers' ends have none.
    """
    regimen = rules.catalogue.regimen(order.regimen)
    entry = rules.library.entry(programme.entry)
    container = None if entry is None else entry.container(order.container)
    if regimen is None or entry is None or container is None:
        return ()
    drug = entry.drug
    if programme.concentration_ug_per_ml > 0:
        drug = f"{drug} {concentration(programme.concentration_ug_per_ml)}"
    lines = [
        ("Drug", f"{drug} (high-alert)" if entry.high_alert else drug),
        ("Patient", _patient_text(order)),
        ("Regimen", _regimen_text(regimen, order)),
        ("Container", container.title + (" (a proposal)" if container.proposal else "")),
        *container_lines(programme, entry.containers_why, clock),
    ]
    many = len(programme.steps) > 1
    for index, step in enumerate(programme.steps, start=1):
        label = f"Step {index}" if many else "Rate"
        lines.append((f"{label}{_KINDS[step.kind]}", step_text(step, programme, entry.unit)))
    lines.append(("In all", total_text(programme, entry.unit)))
    if many:
        asks = programme.mode is StepMode.ASK
        lines.append(("Steps up", "each waits for a tap" if asks else "each goes by itself"))
    for clamp in programme.clamps:
        code = ReasonCode(clamp.kind.value)
        told = Reason(code=code, severity=Severity.CLAMPED, asked=clamp.asked, limit=clamp.granted)
        label = "Capped" if clamp.kind is ClampKind.REGIMEN_CAP_UG_PER_H else "Rounded"
        lines.append((label, reason_text(told)))
    lines += [
        ("If this computer fails", lease_text(programme)),
        (f"The {info.title} cannot detect", cannot_detect(info)),
        ("Premedication", regimen.premedication),
        ("Advice", entry.advice),
        ("Evidence", f"{regimen.evidence} ({regimen.source})"),
    ]
    return tuple(lines)


_BASES: Final[Mapping[WeightBasis, str]] = {
    WeightBasis.ACTUAL: "the actual weight",
    WeightBasis.IDEAL: "the ideal weight",
    WeightBasis.ADJUSTED: "the adjusted weight",
}


def _patient_text(order: Order) -> str:
    """The weight that the dose is for comes first, since everything is multiplied by it."""
    parts = [weight(order.weight_g)]
    if order.weight_basis is not None:
        parts[0] += f", {_BASES[order.weight_basis]}"
    if order.weight_basis in (WeightBasis.IDEAL, WeightBasis.ADJUSTED) and order.actual_weight_g is not None:
        parts.append(f"actual weight {weight(order.actual_weight_g)}")
    if order.verified_weight_g is not None:
        parts.append(f"today {weight(order.verified_weight_g)}")
    if order.height_mm > 0:
        parts.append(height(order.height_mm))
    if order.age_years is not None:
        parts.append(f"{order.age_years} years")
    return ", ".join(parts)


def _regimen_text(regimen: Regimen, order: Order) -> str:
    day = f", day {order.day} of {regimen.sessions}" if regimen.sessions > 1 else ""
    return f"{regimen.title} ({regimen.indication}){day}"


def review_text(order: Order, programme: Programme, rules: Rules, info: DriverInfo) -> str:
    """The same as one text, to read aloud before the start."""
    lines = review_lines(order, programme, rules, info)
    return " ".join(f"{label}: {value.removesuffix('.')}." for label, value in lines)
