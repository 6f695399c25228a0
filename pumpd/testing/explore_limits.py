"""The limits, computed a second time: what a start that was granted adds to what was given and what runs.

Not with the code that judges (core/limits.py, core/exposure.py): exact fractions over stretches on one time line, with
the windows tried wherever an edge of theirs meets an edge of a stretch.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from pumpd.core import facts as f
from pumpd.core.codes import Phase
from pumpd.core.steps import Step
from pumpd.core.totals import SESSION_NS
from pumpd.core.units import NS_PER_H
from pumpd.testing.explore_judged import Judged


def no_start_crosses_a_hard_limit(each: Judged) -> Iterator[str]:
    """Wall 10: whatever was granted, what was given, runs and would go in lies within every hard limit of the entry."""
    for fact in each.decision.facts:
        if isinstance(fact, f.InfusionOrdered):
            for name, value, limit in amounts_of_a_start(each, fact):
                if limit is not None and value > limit:
                    yield f"{fact.order.regimen} was granted beyond {name}: {value} over {limit}"


def amounts_of_a_start(each: Judged, fact: f.InfusionOrdered) -> Iterator[tuple[str, Fraction, int | None]]:
    """What the entry limits, computed from what was granted: name, value, and the hard limit in the same unit."""
    programme, now_ns = fact.programme, each.request.at_ns
    entry = each.setup.rules.library.entry(programme.entry)
    assert entry is not None
    flows = [step.rate_ul_per_h * programme.concentration_ug_per_ml for step in programme.steps]  # ng/h
    top, per_kg = Fraction(max(flows), 1_000), Fraction(1_000, programme.weight_g)
    stretches = [
        (Fraction(given.from_ns), Fraction(given.to_ns), Fraction(given.mass_ng, 1_000))
        for given in each.before.history
        if given.drug == programme.drug and given.to_ns > now_ns - SESSION_NS
    ]
    for pump in each.before.pumps:
        infusion = pump.infusion
        running = pump.slot != fact.slot and pump.phase not in (Phase.IDLE, Phase.ENDED)
        if infusion is not None and running and infusion.programme.drug == programme.drug:
            concentration = infusion.programme.concentration_ug_per_ml
            stretches += _to_come(now_ns, infusion.plan, concentration, infusion.delivered.high_nl)
    concentration = programme.concentration_ug_per_ml
    stretches += _to_come(now_ns, programme.steps, concentration, 0)
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
