"""What four published models say about ketamine in the plasma, from the rates that were really given.

A model estimate, for a prescriber who asks for it, and for display only: nothing in the daemon reads it, no limit is
judged by it, and it never stands as one number. The models differ about twofold, so what is shown is the band between
the lowest and the highest of them, with Kamp's (adults, pooled, arterial) as the line inside. No measured delay to the
effect was found for ketamine, hence no concentration at the effect site.

Each model is a sum of exponentials, whose exact answer to a constant rate is known: nothing is integrated step by
step, and a gap of hours costs as little as one second. All volumes grow with the weight. Parameters: Domino 1982 and
Clements 1981 (250 mcg/kg) and Hijazi 2003 as collected by opentiva and stanpumpR, Kamp 2020 (Anesthesiology 133:1192),
whose own clearance (79 L/h) and volume (252 L at 70 kg) agree. The ranges that are drawn beside the band: Zanos 2018
(Pharmacol Rev) and, for waking, Idvall 1979 (Br J Anaesth 51:1167).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import acos, cos, exp, expm1, pi, sqrt
from typing import Final

LABEL: Final = "model estimate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Rate constants a minute, and the central volume for each kilogram; two compartments where k13 is 0."""

    name: str
    source: str
    v1_l_per_kg: float
    k10: float
    k12: float
    k21: float
    k13: float = 0.0
    k31: float = 0.0


def _cleared(name: str, source: str, *, v: tuple[float, float, float], cl: tuple[float, float, float]) -> Model:
    """From volumes (L) and clearances (L/h) at 70 kg."""
    v1, v2, v3 = v
    cl1, cl2, cl3 = (each / 60 for each in cl)
    return Model(
        name=name, source=source, v1_l_per_kg=v1 / 70,
        k10=cl1 / v1, k12=cl2 / v1, k21=cl2 / v2, k13=cl3 / v1, k31=cl3 / v3,
    )  # fmt: skip


DOMINO: Final = Model(
    name="Domino", source="Domino 1982", v1_l_per_kg=0.063,
    k10=0.4381, k12=0.5921, k21=0.2470, k13=0.5900, k31=0.0146,
)  # fmt: skip
CLEMENTS: Final = Model(
    name="Clements 250", source="Clements 1981", v1_l_per_kg=1.7522, k10=0.0109, k12=0.0186, k21=0.0137
)
HIJAZI: Final = Model(name="Hijazi", source="Hijazi 2003", v1_l_per_kg=1.08, k10=0.0333, k12=0.0088, k21=0.0030)
KAMP: Final = _cleared("Kamp", "Kamp 2020", v=(25, 56, 157), cl=(84, 161, 79))
MODELS: Final = (DOMINO, CLEMENTS, HIJAZI, KAMP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What a published source saw between these concentrations."""

    told: str
    low_ng_per_ml: int
    high_ng_per_ml: int
    source: str


RANGES: Final = (
    Range(told="pain relief", low_ng_per_ml=70, high_ng_per_ml=160, source="Zanos 2018"),
    Range(told="dissociation", low_ng_per_ml=100, high_ng_per_ml=250, source="Zanos 2018"),
    Range(told="waking from anaesthesia", low_ng_per_ml=640, high_ng_per_ml=640, source="Idvall 1979"),
    Range(told="anaesthesia", low_ng_per_ml=1_200, high_ng_per_ml=2_400, source="Zanos 2018"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A constant rate from this second on, until the next one."""

    from_s: float
    mg_per_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """At one moment: the lowest and the highest of the models, and Kamp's."""

    at_s: float
    low_ng_per_ml: float
    high_ng_per_ml: float
    kamp_ng_per_ml: float


def concentrations(model: Model, given: Sequence[Given], at_s: Sequence[float], weight_kg: float) -> list[float]:
    """In ng/mL at each of the times, which go forward; nothing was in the plasma before the first rate."""
    terms = _terms(model)
    volume_l = model.v1_l_per_kg * weight_kg
    held = [0.0] * len(terms)  # what each exponential holds, in mg a litre
    found, now_s, rate_mg_per_min, index = [], 0.0, 0.0, 0

    def pass_to(then_s: float) -> None:
        minutes = (then_s - now_s) / 60
        for place, (share, decay) in enumerate(terms):
            grown = rate_mg_per_min * share / decay * -expm1(-decay * minutes) / volume_l
            held[place] = held[place] * exp(-decay * minutes) + grown

    if given:
        now_s = given[0].from_s
    for at in at_s:
        while index < len(given) and given[index].from_s <= at:
            pass_to(given[index].from_s)
            now_s, rate_mg_per_min = given[index].from_s, given[index].mg_per_h / 60
            index += 1
        if at > now_s:
            pass_to(at)
            now_s = at
        found.append(sum(held) * 1_000)
    return found


def band(given: Sequence[Given], at_s: Sequence[float], weight_kg: float) -> list[Estimate]:
    """All models at once. `weight_kg` is the patient's own weight, whichever the dose was for."""
    by_model = {model.name: concentrations(model, given, at_s, weight_kg) for model in MODELS}
    return [
        Estimate(at_s=at, low_ng_per_ml=min(row), high_ng_per_ml=max(row), kamp_ng_per_ml=kamp)
        for at, kamp, row in zip(at_s, by_model[KAMP.name], zip(*by_model.values(), strict=True), strict=True)
    ]


def rates_of(delivered: Iterable[tuple[int, int]], concentration_ug_per_ml: int) -> Iterator[Given]:
    """From (milliseconds, nanolitres in so far), in order of time: the mean rate between each two.

    What was given is taken from the delivered volume and not from the rate, so that a pause, a bolus and a pump that
    gives less than asked all count as what they were.
    """
    before: tuple[int, int] | None = None
    for at_ms, volume_nl in delivered:
        if before is not None and at_ms > before[0]:
            mass_mg = (volume_nl - before[1]) * concentration_ug_per_ml / 1e9
            hours = (at_ms - before[0]) / 3_600_000
            yield Given(from_s=before[0] / 1_000, mg_per_h=mass_mg / hours)
        if before is None or at_ms > before[0]:
            before = (at_ms, volume_nl)
    if before is not None:
        yield Given(from_s=before[0] / 1_000, mg_per_h=0.0)


def _terms(model: Model) -> list[tuple[float, float]]:
    """(share, decay a minute) of each exponential of the answer to a unit dose."""
    if model.k13 == 0.0:
        whole = model.k10 + model.k12 + model.k21
        root = sqrt(whole * whole - 4 * model.k10 * model.k21)
        fast, slow = (whole + root) / 2, (whole - root) / 2
        return [((fast - model.k21) / (fast - slow), fast), ((model.k21 - slow) / (fast - slow), slow)]
    decays = _roots(
        model.k10 + model.k12 + model.k13 + model.k21 + model.k31,
        model.k10 * model.k21 + model.k10 * model.k31 + model.k21 * model.k31
        + model.k13 * model.k21 + model.k12 * model.k31,
        model.k10 * model.k21 * model.k31,
    )  # fmt: skip
    return [_share(model, decays, place) for place in range(3)]


def _share(model: Model, decays: tuple[float, float, float], place: int) -> tuple[float, float]:
    own = decays[place]
    one, other = (each for index, each in enumerate(decays) if index != place)
    return (model.k21 - own) * (model.k31 - own) / ((one - own) * (other - own)), own


def _roots(a2: float, a1: float, a0: float) -> tuple[float, float, float]:
    """Of x³ - a2·x² + a1·x - a0: for compartments that exchange with one centre all three are real and positive."""
    mean = a2 / 3
    p = a1 - a2 * mean
    q = -2 * mean**3 + a1 * mean - a0
    reach = 2 * sqrt(-p / 3)
    turn = acos(max(-1.0, min(1.0, 3 * q / (p * reach)))) / 3
    first, second, third = (mean + reach * cos(turn - 2 * pi * each / 3) for each in range(3))
    return first, second, third
