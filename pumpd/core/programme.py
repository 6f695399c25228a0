"""An order turned into what the pump will really do: steps as volumes, rounded down, with exact totals.

A step is a volume at a rate, not a time at a rate: a step that waits for a tap shifts the rest and nothing
is caught up. Every rate stands on the pump's own grid (finest step, significant digits), rounded down, so
that granted equals asked on the wire. The volume is not cut by that: a rate rounded down by up to 0.1 % makes
the step last that much longer, because the dose is what the regimen's evidence is about, and slower is the
safe direction. Only the total is cut to what the pump's own volume target can hold.

What a regimen's own cap or the rounding took away is kept as a `Clamp`, and shown with its reason; what
cannot be done at all is a `Misfit`. `draft` always yields a programme, fit or not, so that limits can be
judged beside misfits and a person hears everything at once; `compile_order` yields one or the other.

The lease (wall 8, lease.py) is computed here for the highest rate: how long the pump may go on when the daemon is dead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from typing import Final, assert_never

from pumpd.core.lease import (
    lease_bound_s,
    lease_rate_max_ul_per_h,
    resumes_by_itself,
    stands_in,
    volume_rate_min_ul_per_h,
)
from pumpd.core.library import Container, DoseUnit, Entry
from pumpd.core.order import Order
from pumpd.core.pump import DriverInfo, FixedLease, NoLease, SettableLease, VolumeLease
from pumpd.core.regimen import Regimen, RegimenStep, takes
from pumpd.core.steps import Step, StepMode, with_kvo, with_ramp
from pumpd.core.units import NG_PER_UG, NL_PER_UL, S_PER_H, Towards, divide, on_grid


class ClampKind(Enum):
    """What reduced a rate when the order was compiled; the value ends in the unit of asked and granted."""

    REGIMEN_CAP_UG_PER_H = "regimen_cap_ug_per_h"
    ORDER_MAXIMUM_UG_PER_H = "order_maximum_ug_per_h"
    ROUNDED_RATE_UL_PER_H = "rounded_rate_ul_per_h"
    ROUNDED_TOTAL_NL = "rounded_total_nl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clamp:
    """A reduction that the regimen or the pump's grid made, before any limit was asked."""

    kind: ClampKind
    step: int  # index of the step
    asked: int
    granted: int


class MisfitKind(Enum):
    """Why an order cannot run on this container and pump; the value ends in the unit."""

    CONTAINER_VOLUME_NL = "container_volume_nl"
    CONTAINERS_NEEDED = "containers_needed"
    CONTAINER_RATE_MIN_UL_PER_H = "container_rate_min_ul_per_h"
    PUMP_RATE_MAX_UL_PER_H = "pump_rate_max_ul_per_h"
    PUMP_RATE_MIN_UL_PER_H = "pump_rate_min_ul_per_h"
    CONTAINER_NOT_FOR_PUMP = "container_not_for_pump"
    RAMP_S = "ramp_s"
    LEASE_S = "lease_s"
    LEASE_RATE_UL_PER_H = "lease_rate_ul_per_h"
    NO_LEASE_FOR_HIGH_ALERT = "no_lease_for_high_alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """Something that the container or the pump cannot do; without numbers where no number would help."""

    kind: MisfitKind
    asked: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Titrated:
    """What may be added to effect while the one step runs: confirmed with the start, never a surprise later.

    A rise keeps the end: for the `lasts_s` of the step at most, so that no more than `most_nl` goes in altogether.
    """

    up_by_ul_per_h: int
    dwell_s: int
    highest_ul_per_h: int
    lasts_s: int

    @property
    def most_nl(self) -> int:
        return divide(self.highest_ul_per_h * NL_PER_UL * self.lasts_s, S_PER_H, Towards.UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """What the pump will do, and the drug that is in it. Frozen into the journal with the start."""

    drug: str
    entry: str  # id of the library entry
    high_alert: bool
    concentration_ug_per_ml: int
    steps: tuple[Step, ...]
    mode: StepMode
    syringe_diameter_um: int | None  # None: no syringe, a bag
    weight_g: int
    clamps: tuple[Clamp, ...]
    lease_s: int | None  # wall 8, for the highest rate of the programme
    near_end_s: int
    container: Container | None = None  # what each container of the plan holds; None in a journal from before
    titrated: Titrated | None = None  # to effect, above the step that it starts with

    @property
    def total_nl(self) -> int:
        """VTBI: the volume to be infused."""
        return sum(step.volume_nl for step in self.steps)

    @property
    def top_rate_ul_per_h(self) -> int:
        """The highest rate that was confirmed, titrated to effect or not."""
        highest = max(step.rate_ul_per_h for step in self.steps)
        return highest if self.titrated is None else max(highest, self.titrated.highest_ul_per_h)


# pi, enclosed: areas round in the safe direction
_PI_BELOW: Final = Fraction(103_993, 33_102)
_PI_ABOVE: Final = Fraction(104_348, 33_215)
_UM3_PER_UL: Final = 1_000_000_000


def rate_range_ul_per_h(info: DriverInfo, diameter_um: int | None) -> tuple[int, int | None]:
    """The lowest and highest rate of this pump with this container; None: no top is known.

    Piston area x piston speed where a piston limits, and the range that the pump has by itself: the narrower of both.
    """
    lowest, tops = max(1, info.rate_ul_per_h_min), [info.rate_ul_per_h_max] if info.rate_ul_per_h_max else []
    if diameter_um is not None and info.piston_um_per_h_max > 0:
        square = diameter_um * diameter_um
        low = _PI_ABOVE * square * info.piston_um_per_h_min
        high = _PI_BELOW * square * info.piston_um_per_h_max
        lowest = max(lowest, divide(low.numerator, low.denominator * 4 * _UM3_PER_UL, Towards.UP))
        tops.append(divide(high.numerator, high.denominator * 4 * _UM3_PER_UL, Towards.DOWN))
    return lowest, on_grid(min(tops), info.rate_step_ul_per_h, info.rate_digits) if tops else None


def lease_at(programme: Programme, info: DriverInfo, rate_ul_per_h: int) -> int | Misfit | None:
    """The lease for this drug and patient with nothing faster than this rate; or why there is none (lease.py)."""
    concentration, weight_g = programme.concentration_ug_per_ml, programme.weight_g
    bound_s = lease_bound_s(rate_ul_per_h=rate_ul_per_h, concentration_ug_per_ml=concentration, weight_g=weight_g)
    if programme.high_alert and resumes_by_itself(info):  # anybody's question would start it again
        return Misfit(kind=MisfitKind.NO_LEASE_FOR_HIGH_ALERT)
    match info.lease:
        case SettableLease(shortest_s=shortest_s, longest_s=longest_s):
            if bound_s < shortest_s:
                return Misfit(kind=MisfitKind.LEASE_S, asked=shortest_s, limit=max(bound_s, 0))
            return min(bound_s, longest_s)
        case FixedLease(length_s=length_s):
            limit = lease_rate_max_ul_per_h(length_s=length_s, concentration_ug_per_ml=concentration, weight_g=weight_g)
            if rate_ul_per_h > limit:
                return Misfit(kind=MisfitKind.LEASE_RATE_UL_PER_H, asked=rate_ul_per_h, limit=limit)
            return length_s
        case VolumeLease(changeable_while_running=True):
            if bound_s < 1:
                return Misfit(kind=MisfitKind.LEASE_S, asked=1, limit=0)
            return bound_s
        case VolumeLease() | NoLease():
            return Misfit(kind=MisfitKind.NO_LEASE_FOR_HIGH_ALERT) if programme.high_alert else None
        case _:
            assert_never(info.lease)


def _asked_flow(step: RegimenStep, order: Order, unit: DoseUnit, concentration_ug_per_ml: int) -> Fraction:
    """The exact flow in ul/h; `ug/kg x g` is exactly nanograms."""
    match unit:
        case DoseUnit.MG_PER_KG:
            mass_ng = step.dose * order.weight_g
            return Fraction(mass_ng * S_PER_H, step.duration_s * concentration_ug_per_ml)
        case DoseUnit.MG_PER_KG_PER_H:
            return Fraction(step.dose * order.weight_g, concentration_ug_per_ml)
        case DoseUnit.MG_PER_H:
            return Fraction(step.dose * NG_PER_UG, concentration_ug_per_ml)
        case DoseUnit.ML_PER_H:
            return Fraction(step.dose)
        case _:
            assert_never(unit)


def _down(value: Fraction) -> int:
    return divide(value.numerator, value.denominator, Towards.DOWN)


def _up(value: Fraction) -> int:
    return divide(value.numerator, value.denominator, Towards.UP)


def cut_to_grid(steps: list[Step], info: DriverInfo) -> tuple[list[Step], Clamp | None]:
    """Cut the total to what the pump's volume target can hold, from the end.

    A pump writes its volumes with as many digits as its rates, and as finely (New Era: 4 digits, 0.001 mL).
    """
    total_nl = sum(step.volume_nl for step in steps)
    step_nl = info.rate_step_ul_per_h * NL_PER_UL
    granted_nl = on_grid(total_nl, step_nl, info.rate_digits)
    kept: list[Step] = []
    left_nl = granted_nl
    for step in steps:
        volume_nl = min(step.volume_nl, left_nl)
        left_nl -= volume_nl
        if volume_nl > 0:
            kept.append(replace(step, volume_nl=volume_nl))
    asked_nl = total_nl - total_nl % step_nl
    if asked_nl == granted_nl:
        return kept, None
    index = max(len(kept) - 1, 0)
    return kept, Clamp(kind=ClampKind.ROUNDED_TOTAL_NL, step=index, asked=asked_nl, granted=granted_nl)


def _capped_by(order: Order, cap_ng_per_h: int) -> ClampKind:
    """The prescriber's own maximum, or what the scheme caps."""
    is_own = order.max_ug_per_h is not None and order.max_ug_per_h * NG_PER_UG == cap_ng_per_h
    return ClampKind.ORDER_MAXIMUM_UG_PER_H if is_own else ClampKind.REGIMEN_CAP_UG_PER_H


def _lay_out(
    order: Order,
    asked: tuple[RegimenStep, ...],
    *,
    cap_ng_per_h: int | None,
    entry: Entry,
    container: Container,
    info: DriverInfo,
) -> tuple[list[Step], list[Clamp]]:
    steps: list[Step] = []
    clamps: list[Clamp] = []
    concentration = container.concentration_ug_per_ml
    for step in asked:
        flow = _asked_flow(step, order, entry.unit, concentration)
        if cap_ng_per_h is not None and concentration > 0 and flow * concentration > cap_ng_per_h:
            clamps.append(
                Clamp(
                    kind=_capped_by(order, cap_ng_per_h),
                    step=len(steps),
                    asked=_up(flow * Fraction(concentration, NG_PER_UG)),
                    granted=divide(cap_ng_per_h, NG_PER_UG, Towards.DOWN),
                )
            )
            flow = Fraction(cap_ng_per_h, concentration)
        rate = on_grid(_down(flow), info.rate_step_ul_per_h, info.rate_digits)
        if rate != _down(flow):
            clamps.append(Clamp(kind=ClampKind.ROUNDED_RATE_UL_PER_H, step=len(steps), asked=_down(flow), granted=rate))
        volume_nl = _down(flow * Fraction(step.duration_s * NL_PER_UL, S_PER_H))
        if steps and steps[-1].rate_ul_per_h == rate:  # a cap or the grid made them equal: no rise to confirm
            steps[-1] = replace(steps[-1], volume_nl=steps[-1].volume_nl + volume_nl)
        else:
            steps.append(Step(rate_ul_per_h=rate, volume_nl=volume_nl))
    return steps, clamps


def _titrated(order: Order, regimen: Regimen, entry: Entry, container: Container, info: DriverInfo) -> Titrated | None:
    """The scheme's titration as rates of this pump, each rounded down."""
    titration, asked = regimen.titration, regimen.steps_on(order.day)
    if titration is None or not asked:
        return None

    def rate_ul_per_h(dose: int) -> int:
        flow = _asked_flow(replace(asked[0], dose=dose), order, entry.unit, container.concentration_ug_per_ml)
        cap_ng_per_h = order.cap_ng_per_h(regimen.cap_ng_per_h(order.weight_g))
        if cap_ng_per_h is not None and container.concentration_ug_per_ml > 0:
            flow = min(flow, Fraction(cap_ng_per_h, container.concentration_ug_per_ml))
        return on_grid(_down(flow), info.rate_step_ul_per_h, info.rate_digits)

    return Titrated(
        up_by_ul_per_h=rate_ul_per_h(titration.up_by),
        dwell_s=titration.dwell_s,
        highest_ul_per_h=rate_ul_per_h(titration.highest),
        lasts_s=asked[0].duration_s,
    )


def _ramped(steps: list[Step], entry: Entry, info: DriverInfo) -> list[Step] | None:
    """What only an entry that asks for it has: a ramp, and KVO behind the end; None where the ramp finds no room."""
    ramp, laid = entry.ramp, steps
    if ramp is not None and steps:
        ramped = with_ramp(steps, rise_s=ramp.rise_s, fall_s=ramp.fall_s, stairs=ramp.stairs, info=info)
        if ramped is None:
            return None
        laid = ramped
    return with_kvo(laid, entry.kvo_ul_per_h, info) if entry.kvo_ul_per_h > 0 and laid else laid


def draft(
    order: Order,
    asked: tuple[RegimenStep, ...],
    *,
    regimen: Regimen,
    entry: Entry,
    container: Container,
    info: DriverInfo,
) -> tuple[Programme, tuple[Misfit, ...]]:
    """The programme of these steps, and what container and pump cannot do of it. Weight and doses above 0."""
    assert order.weight_g > 0, order
    cap_ng_per_h = order.cap_ng_per_h(regimen.cap_ng_per_h(order.weight_g))
    steps, clamps = _lay_out(order, asked, cap_ng_per_h=cap_ng_per_h, entry=entry, container=container, info=info)
    ramped = _ramped(steps, entry, info)
    steps, cut = cut_to_grid(ramped or steps, info)
    if not steps:  # below the pump's finest volume: kept as one empty step, which the pump's lowest rate refuses
        steps = [Step(rate_ul_per_h=0, volume_nl=0)]
    programme = Programme(
        drug=entry.drug,
        entry=entry.id,
        high_alert=entry.high_alert,
        concentration_ug_per_ml=container.concentration_ug_per_ml,
        steps=tuple(steps),
        mode=order.steps or (StepMode.AUTOMATIC if regimen.automatic else StepMode.ASK),
        syringe_diameter_um=container.inner_diameter_um,
        weight_g=order.weight_g,
        clamps=(*clamps, cut) if cut else tuple(clamps),
        lease_s=None,
        near_end_s=entry.near_end_s,
        container=container,
        titrated=_titrated(order, regimen, entry, container, info),
    )
    found = _misfits(programme, container, entry.containers_max, info)
    if ramped is None and entry.ramp is not None:
        found = (*found, Misfit(kind=MisfitKind.RAMP_S, asked=entry.ramp.rise_s + entry.ramp.fall_s))
    lease = lease_at(programme, info, programme.top_rate_ul_per_h)
    if isinstance(lease, Misfit):
        return programme, (*found, lease)
    programme = replace(programme, lease_s=lease)
    return programme, (*found, *too_slow_for_lease(programme, info, min(step.rate_ul_per_h for step in steps)))


def too_slow_for_lease(programme: Programme, info: DriverInfo, rate_ul_per_h: int) -> tuple[Misfit, ...]:
    """Where a volume target stands in for a lease it has to be kept ahead of the counter, step by step."""
    volume = stands_in(info)
    if volume is None or programme.lease_s is None:
        return ()
    least = volume_rate_min_ul_per_h(volume, programme.lease_s)
    if rate_ul_per_h >= least:
        return ()
    return (Misfit(kind=MisfitKind.PUMP_RATE_MIN_UL_PER_H, asked=rate_ul_per_h, limit=least),)


def _too_much(total_nl: int, container: Container, containers_max: int) -> tuple[Misfit, ...]:
    """More than the containers hold that may follow each other."""
    needed = divide(total_nl, container.usable_nl, Towards.UP)
    if needed <= containers_max:
        return ()
    if containers_max == 1:
        return (Misfit(kind=MisfitKind.CONTAINER_VOLUME_NL, asked=total_nl, limit=container.usable_nl),)
    return (Misfit(kind=MisfitKind.CONTAINERS_NEEDED, asked=needed, limit=containers_max),)


def _misfits(programme: Programme, container: Container, containers_max: int, info: DriverInfo) -> tuple[Misfit, ...]:
    if not takes(info, container):
        return (Misfit(kind=MisfitKind.CONTAINER_NOT_FOR_PUMP),)
    most_nl = max(programme.total_nl, 0 if programme.titrated is None else programme.titrated.most_nl)
    found = list(_too_much(most_nl, container, containers_max))
    lowest, highest = rate_range_ul_per_h(info, container.inner_diameter_um)
    top = programme.top_rate_ul_per_h
    bottom = min(step.rate_ul_per_h for step in programme.steps)
    if highest is not None and top > highest:
        found.append(Misfit(kind=MisfitKind.PUMP_RATE_MAX_UL_PER_H, asked=top, limit=highest))
    if bottom < lowest:
        found.append(Misfit(kind=MisfitKind.PUMP_RATE_MIN_UL_PER_H, asked=bottom, limit=lowest))
    elif bottom < container.rate_ul_per_h_min:
        limit = container.rate_ul_per_h_min
        found.append(Misfit(kind=MisfitKind.CONTAINER_RATE_MIN_UL_PER_H, asked=bottom, limit=limit))
    return tuple(found)


def compile_order(
    order: Order, regimen: Regimen, entry: Entry, container: Container, info: DriverInfo
) -> Programme | tuple[Misfit, ...]:
    """What the pump will do, or all reasons why it cannot. The day must be one of the regimen's."""
    asked = regimen.steps_on(order.day)
    assert asked is not None, order
    programme, found = draft(order, asked, regimen=regimen, entry=entry, container=container, info=info)
    return found or programme
