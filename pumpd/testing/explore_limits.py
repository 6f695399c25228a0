"""The limits, computed a second time: what a start that was granted adds to what was given and what runs.

Not with the code that judges (core/limits.py, core/exposure.py): exact fractions over stretches on one time line, with
the windows tried wherever an edge of theirs meets an edge of a stretch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from pumpd.core import facts as f
from pumpd.core.codes import Phase
from pumpd.core.library import Entry
from pumpd.core.programme import Programme
from pumpd.core.state import BedState, PumpState
from pumpd.core.steps import Step
from pumpd.core.totals import SESSION_NS
from pumpd.core.units import NS_PER_H
from pumpd.testing.explore_judged import Judged


def no_start_crosses_a_hard_limit(each: Judged) -> Iterator[str]:
    """Wall 10: whatever was granted, what was given, runs and would go in lies within every hard limit of the entry."""
    for fact in each.decision.facts:
        if isinstance(fact, f.InfusionOrdered):
            entry = each.setup.rules.library.entry(fact.programme.entry)
            assert entry is not None
            visit = None if fact.visit is None else each.before.path.visit(fact.visit)
            asked = Asked(
                slot=fact.slot, programme=fact.programme, plan=fact.programme.steps, in_nl=0, entry=entry,
                patient=None if visit is None else visit.patient,
            )  # fmt: skip
            yield from beyond_a_limit(each.before, asked, each.request.at_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What would go in: a plan, and how much of it is in already."""

    slot: str
    programme: Programme
    plan: tuple[Step, ...]
    in_nl: int
    entry: Entry
    patient: str | None = None


def rest_of_pump(pump: PumpState) -> Asked | None:
    """What is left of the infusion on a pump, by the limits that it was started under."""
    infusion = pump.infusion
    if infusion is None or infusion.entry is None:
        return None
    return Asked(
        slot=pump.slot, programme=infusion.programme, plan=infusion.plan, in_nl=infusion.delivered.high_nl,
        entry=infusion.entry, patient=infusion.patient,
    )  # fmt: skip


def beyond_a_limit(state: BedState, asked: Asked, now_ns: int) -> Iterator[str]:
    for name, value, limit in _amounts(state, asked, now_ns):
        if limit is not None and value > limit:
            yield f"{asked.slot} gives more than {name} allows: {value} over {limit}"


def _amounts(state: BedState, asked: Asked, now_ns: int) -> Iterator[tuple[str, Fraction, int | None]]:
    """What an entry limits, computed from what would go in: name, value, and the hard limit in the same unit."""
    programme, entry = asked.programme, asked.entry
    concentration = programme.concentration_ug_per_ml
    stretches = [
        (Fraction(given.from_ns), Fraction(given.to_ns), Fraction(given.mass_ng, 1_000))
        for given in state.history
        if given.drug == programme.drug and given.to_ns > now_ns - SESSION_NS and _one(asked, given.patient)
    ]
    for pump in state.pumps:
        infusion = pump.infusion
        running = pump.slot != asked.slot and pump.phase not in (Phase.IDLE, Phase.ENDED)
        same = infusion is not None and infusion.programme.drug == programme.drug and _one(asked, infusion.patient)
        if infusion is not None and running and same:
            other = infusion.programme.concentration_ug_per_ml
            stretches += _to_come(now_ns, infusion.plan, other, infusion.delivered.high_nl)
    mine = _to_come(now_ns, asked.plan, concentration, asked.in_nl)
    stretches += mine
    rates = [mass * NS_PER_H / (ends_ns - begins_ns) for begins_ns, ends_ns, mass in mine]
    top, per_kg = max(rates, default=Fraction(0)), Fraction(1_000, programme.weight_g)
    total = sum((mass for _, _, mass in stretches), Fraction(0))
    hour = _worst_hour(stretches, now_ns)
    rate, cap = entry.rate_ug_per_kg_per_h, entry.cap_ug_per_h
    of_session, of_session_kg = entry.cap_total_ug, entry.cap_total_ug_per_kg
    yield "the rate by weight", top * per_kg, None if rate is None else rate.hard
    yield "the rate", top, None if cap is None else cap.hard
    yield "the session", total, None if of_session is None else of_session.hard
    yield "the session by weight", total * per_kg, None if of_session_kg is None else of_session_kg.hard
    yield "the hour", hour, entry.rolling_hour_ug
    yield "the hour by weight", hour * per_kg, entry.rolling_hour_ug_per_kg
    if entry.high_alert:
        yield "the ceiling of rates", top * per_kg, 2_500
        yield "the ceiling of a session", total * per_kg, 15_000


def _one(asked: Asked, patient: str | None) -> bool:
    """May it be the same patient?"""
    return None in (asked.patient, patient) or asked.patient == patient


_Stretch = tuple[Fraction, Fraction, Fraction]  # from, to, ug


def _to_come(now_ns: int, plan: tuple[Step, ...], concentration_ug_per_ml: int, in_nl: int) -> list[_Stretch]:
    """The rest of a plan from now on, back to back."""
    found, at_ns, left_out = [], Fraction(now_ns), in_nl
    for step in plan:
        volume_nl = max(0, step.volume_nl - left_out)
        left_out = max(0, left_out - step.volume_nl)
        if volume_nl and step.rate_ul_per_h:
            ends_ns = at_ns + Fraction(volume_nl * NS_PER_H, step.rate_ul_per_h * 1_000)
            mass = Fraction(volume_nl * concentration_ug_per_ml, 1_000_000)
            found.append((at_ns, ends_ns, mass))
            at_ns = ends_ns
    return found


def _worst_hour(stretches: list[_Stretch], now_ns: int) -> Fraction:
    """The most in any hour that ends now or later: tried at every edge, and an hour after it."""
    ends = {edge + later for begin, end, _ in stretches for edge in (begin, end) for later in (0, NS_PER_H)}
    return max((_in_hour(stretches, end) for end in ends | {Fraction(now_ns)} if end >= now_ns), default=Fraction(0))


def _in_hour(stretches: list[_Stretch], end: Fraction) -> Fraction:
    inside = Fraction(0)
    for from_ns, to_ns, mass in stretches:
        overlap = min(end, to_ns) - max(end - NS_PER_H, from_ns)
        if overlap >= 0:
            inside += mass * overlap / (to_ns - from_ns) if to_ns > from_ns else mass
    return inside
