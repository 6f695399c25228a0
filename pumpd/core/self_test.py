"""Does this library catch the slips that people make, and leave everybody else alone?

A library whose limits are too wide is silent when it matters; one whose limits are too narrow speaks daily, and what
speaks daily is clicked away. So every regimen of the catalogue goes through `limits.judge_order` twice over: with
each slip of slips.py at four weights, which at least a soft limit has to catch (ten times the dose: a hard one), and as
it should be, at eight weights from 50 to 85 kg, where nothing may speak that the regimen does not have on purpose. Then
120 adults (population.py) go through every visit of every regimen, and the share of visits in which somebody is asked
is counted.

The pump is an ideal one, so that only the library's own limits are tested: what a container or a pump cannot do does
not count as having caught a slip. Regimens without a drug are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from pumpd.core.codes import Reason, Severity
from pumpd.core.library import Container, ContainerKind, DoseUnit, Entry
from pumpd.core.limits import check_remaining, judge_order
from pumpd.core.order import Course, Order, Settled, WeightBasis
from pumpd.core.population import ADULTS, Person
from pumpd.core.programme import MisfitKind, Programme
from pumpd.core.pump import DriverInfo, IdentityKind, SettableLease
from pumpd.core.regimen import DayPlan, Regimen, RegimenStep, Rules
from pumpd.core.slips import Mistaken, Slip, factor, mistaken
from pumpd.core.steps import Step
from pumpd.core.units import Towards, divide

GOAL_PERMILLE: Final = 50  # of visits in which somebody may be asked: our own goal
SLIP_WEIGHTS_G: Final = (50_000, 60_000, 70_000, 85_000)
OWN_WEIGHTS_G: Final = tuple(range(50_000, 85_001, 5_000))
POUND_WEIGHTS_G: Final = tuple(range(36_000, 160_001, 4_000))
BMI: Final = 24  # everybody in the first two parts is of normal build
_POUNDS_PER_100_KG: Final = Fraction(100_000_000, 45_359_237) * 100
_NOT_THE_LIBRARY: Final = frozenset(kind.value for kind in MisfitKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """A slip that nobody was asked about, or a proper order that somebody was."""

    weight_g: int
    first_day: int
    step: int | None = None  # 1 is the first; None: all of them
    pair: Mistaken | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How often something was tried with one regimen, and where the library failed."""

    count: int
    failed: tuple[Silent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Of so many visits of adults, in how many somebody is asked or refused."""

    visits: int
    soft: int
    refused: int

    def within_goal(self) -> bool:
        return self.soft * 1_000 <= self.visits * GOAL_PERMILLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One regimen through all of it."""

    regimen: str
    slips: tuple[tuple[Slip, Tried], ...]
    own: Tried
    asked: Asked

    def holds(self) -> bool:
        return not self.own.failed and not any(tried.failed for _, tried in self.slips)


def _ideal(kind: ContainerKind) -> DriverInfo:
    """A pump that can do anything, and takes this kind of container."""
    syringe = kind is ContainerKind.SYRINGE
    return DriverInfo(
        name="ideal",
        title="ideal pump",
        lease=SettableLease(shortest_s=1, longest_s=255),
        identity=IdentityKind.MODEL,
        detects=(),
        rate_digits=12,
        rate_step_ul_per_h=1,
        piston_um_per_h_min=1 if syringe else 0,
        piston_um_per_h_max=1_000_000_000 if syringe else 0,
        takes_syringes=syringe,
        accuracy_ppm=0,
        motor_step_um_ppm=0,
        changes_rate_while_running=True,
        unsolicited_alarms=False,
        quiet_ms=1,
        preempt_after_ms=1,
        worst_observe_ms=1,
        verified_on_hardware=False,
    )


_PUMPS: Final = {kind: _ideal(kind) for kind in ContainerKind}


def _upright_mm(weight_g: int) -> int:
    """The height at which this weight is a body mass index of `BMI`, by whole centimetres."""
    height_mm = 1_000
    while weight_g * 1_000 > BMI * height_mm * height_mm:
        height_mm += 10
    return height_mm


def _order(regimen: Regimen, container: Container, weight_g: int, day: int, height_mm: int = 0) -> Order:
    return Order(
        regimen=regimen.id,
        day=day,
        weight_g=weight_g,
        height_mm=height_mm or _upright_mm(weight_g),
        container=container.id,
        weight_basis=WeightBasis.ACTUAL,
    )


def _judge(order: Order, rules: Rules, regimen: Regimen, container: Container) -> tuple[Programme | None, list[Reason]]:
    """What speaks when the catalogue has nothing but this regimen."""
    changed = replace(rules, catalogue=replace(rules.catalogue, regimens=(regimen,)))
    programme, found = judge_order(order, changed, _PUMPS[container.kind])
    return programme, list(found)


def _caught(found: list[Reason], severity: Severity) -> bool:
    enough = (Severity.HARD,) if severity is Severity.HARD else (Severity.HARD, Severity.SOFT)
    return any(each.severity in enough and each.code.value not in _NOT_THE_LIBRARY for each in found)


def _times(step: RegimenStep, by: Fraction) -> RegimenStep:
    wrong = step.dose * by
    return replace(step, dose=divide(wrong.numerator, wrong.denominator, Towards.DOWN))


def _with_steps(regimen: Regimen, plan: DayPlan, steps: tuple[RegimenStep, ...]) -> Regimen:
    days = tuple(replace(each, steps=steps) if each is plan else each for each in regimen.days)
    return replace(regimen, days=days)


_Wrong = tuple[tuple[RegimenStep, ...], int | None, Mistaken | None]


def _wrong_steps(slip: Slip, steps: tuple[RegimenStep, ...], unit: DoseUnit, weight_g: int) -> Iterator[_Wrong]:
    """Every way in which this slip makes the steps of a day wrong."""
    match slip:
        case Slip.TENFOLD:
            yield tuple(_times(step, Fraction(10)) for step in steps), None, None
        case Slip.TENFOLD_STEP:
            for index, step in enumerate(steps):
                yield (*steps[:index], _times(step, Fraction(10)), *steps[index + 1 :]), index + 1, None
        case Slip.TENTH:
            yield tuple(_times(step, Fraction(1, 10)) for step in steps), None, None
        case Slip.UNIT:
            for pair in mistaken(unit, steps):
                by = [factor(pair, step, weight_g) for step in steps]
                if set(by) != {Fraction(1)}:  # over an hour, two of the units are the same number
                    yield tuple(_times(step, each) for step, each in zip(steps, by, strict=True)), None, pair
        case Slip.POUNDS:
            return


def _dose_slip(slip: Slip, regimen: Regimen, entry: Entry, rules: Rules) -> Tried:
    """The same dose goes wrong in the same way in every container: one that suits is enough."""
    severity = Severity.HARD if slip in (Slip.TENFOLD, Slip.TENFOLD_STEP) else Severity.SOFT
    count, failed = 0, []
    for weight_g in SLIP_WEIGHTS_G:
        container = next((each for each in entry.containers if each.suits_weight(weight_g)), entry.containers[0])
        for plan in regimen.days:
            order = _order(regimen, container, weight_g, plan.first_day)
            for steps, step, pair in _wrong_steps(slip, plan.steps, entry.unit, weight_g):
                count += 1
                _, found = _judge(order, rules, _with_steps(regimen, plan, steps), container)
                if not _caught(found, severity):
                    failed.append(Silent(weight_g=weight_g, first_day=plan.first_day, step=step, pair=pair))
    return Tried(count=count, failed=tuple(failed))


def _pounds(regimen: Regimen, entry: Entry, rules: Rules) -> Tried:
    """Pounds on today's scale, and pounds in the order: each against the other, which is in kilograms."""
    count, failed = 0, []
    for weight_g in POUND_WEIGHTS_G:
        pounds = weight_g * _POUNDS_PER_100_KG
        typed_g = divide(pounds.numerator, pounds.denominator * 100, Towards.DOWN)
        for ordered_g, verified_g in ((weight_g, typed_g), (typed_g, weight_g)):
            container = next((each for each in entry.containers if each.suits_weight(ordered_g)), entry.containers[0])
            order = _order(regimen, container, ordered_g, 1, _upright_mm(weight_g))
            count += 1
            _, found = _judge(replace(order, verified_weight_g=verified_g), rules, regimen, container)
            if not _caught(found, Severity.SOFT):
                failed.append(Silent(weight_g=weight_g, first_day=1))
    return Tried(count=count, failed=tuple(failed))


def _own_maximum(regimen: Regimen, entry: Entry, rules: Rules) -> Tried:
    """As it should be, to its own maximum, in every container: silent, but for what it has on purpose."""
    count, failed, on_purpose = 0, [], False
    for weight_g in OWN_WEIGHTS_G:
        for container in (each for each in entry.containers if each.suits_weight(weight_g)):
            for plan in regimen.days:
                count += 1
                programme, found = _judge(
                    _order(regimen, container, weight_g, plan.first_day), rules, regimen, container
                )
                found += _titrated_fully(programme, entry)
                speak = [each for each in found if each.severity in (Severity.HARD, Severity.SOFT)]
                marked = regimen.soft_on_purpose and all(each.severity is Severity.SOFT for each in speak)
                on_purpose = on_purpose or (marked and bool(speak))
                failed += [
                    Silent(weight_g=weight_g, first_day=plan.first_day, reason=each)
                    for each in speak if not marked
                ]  # fmt: skip
    if regimen.soft_on_purpose and not on_purpose:  # a mark without a reason would hide the next one
        failed.append(Silent(weight_g=OWN_WEIGHTS_G[-1], first_day=1))
    return Tried(count=count, failed=tuple(failed))


def _titrated_fully(programme: Programme | None, entry: Entry) -> list[Reason]:
    if programme is None or programme.titrated is None:
        return []
    most = Step(rate_ul_per_h=programme.titrated.highest_ul_per_h, volume_nl=programme.titrated.most_nl)
    return list(check_remaining(programme, (most,), entry, (), 0).reasons)


def _asked(regimen: Regimen, entry: Entry, rules: Rules) -> Asked:
    """All adults through all visits: what was settled at the first is settled."""
    visits = soft = refused = 0
    for person in ADULTS:
        settled: tuple[Settled, ...] = ()
        for plan in regimen.days:
            for first, times in ((True, 1), (False, plan.last_day - plan.first_day)):
                if times == 0:
                    continue
                day = plan.first_day if first else plan.last_day
                found = _visit(regimen, entry, rules, person=person, day=day, settled=settled)
                visits += times
                refused += times * any(each.severity is Severity.HARD for each in found)
                soft += times * any(each.severity is Severity.SOFT for each in found)
                settled += tuple(
                    Settled(code=each.code, value=each.asked)
                    for each in found if each.severity is Severity.SOFT and each.asked is not None
                )  # fmt: skip
    return Asked(visits=visits, soft=soft, refused=refused)


def _visit(
    regimen: Regimen, entry: Entry, rules: Rules, *, person: Person, day: int, settled: tuple[Settled, ...]
) -> list[Reason]:
    container = next((each for each in entry.containers if each.suits_weight(person.weight_g)), entry.containers[0])
    order = replace(
        _order(regimen, container, person.weight_g, day, person.height_mm),
        verified_weight_g=person.weight_g,
        sex=person.sex,
        course=Course(visits=day - 1, settled=settled),
    )
    return _judge(order, rules, regimen, container)[1]


def self_test(rules: Rules) -> tuple[Trial, ...]:
    """Every regimen with a drug, in the catalogue's order."""
    tested = []
    for regimen in rules.catalogue.regimens:
        entry = rules.library.entry(regimen.entry)
        if entry is None or entry.unit is DoseUnit.ML_PER_H:
            continue
        slips = [
            (slip, _pounds(regimen, entry, rules) if slip is Slip.POUNDS else _dose_slip(slip, regimen, entry, rules))
            for slip in Slip
        ]
        own, asked = _own_maximum(regimen, entry, rules), _asked(regimen, entry, rules)
        tested.append(Trial(regimen=regimen.id, slips=tuple(slips), own=own, asked=asked))
    return tuple(tested)


def asked_in_all(tested: tuple[Trial, ...]) -> Asked:
    """Over all regimens, each visit counted once."""
    return Asked(
        visits=sum(each.asked.visits for each in tested),
        soft=sum(each.asked.soft for each in tested),
        refused=sum(each.asked.refused for each in tested),
    )
