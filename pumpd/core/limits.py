"""Every limit at once: what may be granted, and all reasons, the most limiting first.

An order is never judged by the first limit that trips. Dose, duration, rate, absolute caps, session totals,
the rolling hour with what was given already, weight, BMI, concentration, ceilings, container, pump and lease
are asked together, because a nurse who mends one thing and is refused for the next learns to click. When a
hard limit refuses, the answer shows the highest dose that none would refuse, found by searching through the
same code.

What the prescriber asked is judged in the entry's own unit; rates, caps and totals are judged on the compiled
programme, after the regimen's own cap and the pump's rounding, as that is what would go in. A value on a
limit is inside it. Comparisons are integer products, so nothing is rounded before it is judged; only the
`asked` of a reason is, away from the limit.

`history` is what this patient may have been given, upper end, running and past. `check_remaining` asks the same
limits for a command at an infusion that runs or is paused: there `steps` is what is still to come, computed as total
minus the upper end of what was delivered, so that the width of the interval alone never makes more than what
was granted, and the limits are those of the entry that it was started under, whatever the library says today.
Lower limits bind the order alone: less is always possible, and so is an early end.

What is plausible of the patient stands in patient.py, rates and totals in totals.py, the consistency of what was
compiled in triangle.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from pumpd.core.codes import Given, Grant, Reason, ReasonCode, Severity
from pumpd.core.library import Container, Entry, Library
from pumpd.core.marks import within
from pumpd.core.order import Order
from pumpd.core.patient import judge_patient
from pumpd.core.programme import Programme, draft
from pumpd.core.pump import DriverInfo
from pumpd.core.regimen import Regimen, RegimenStep, Rules
from pumpd.core.remainder import remainder
from pumpd.core.startup import advice
from pumpd.core.steps import Step
from pumpd.core.totals import DOSE_CODE, judge_dose_rate, judge_totals
from pumpd.core.triangle import judge_triangle
from pumpd.core.units import NG_PER_UG, Towards, divide, mass_ng

DOSE_MAX: Final = 1_000_000_000  # a kilogram of drug, a thousand tons of patient: garbage, not compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The answer to an order: a programme unless a hard limit refused, and the digest that is confirmed."""

    programme: Programme | None
    grant: Grant
    digest: str


def _judge_asked(asked: tuple[RegimenStep, ...], entry: Entry) -> list[Reason]:
    """The prescriber's own numbers: the highest and the lowest dose, and the whole duration."""
    code = DOSE_CODE[entry.unit]
    highest, lowest = max(step.dose for step in asked), min(step.dose for step in asked)
    found = within(code, highest, entry.dose) if highest > entry.dose.soft_high else []
    if lowest < entry.dose.soft_low:
        found += within(code, lowest, entry.dose)
    return found + within(ReasonCode.DURATION_S, sum(step.duration_s for step in asked), entry.duration_s)


def _judge_concentration(container: Container, order: Order, entry: Entry) -> list[Reason]:
    """Exact match: the concentration that the library names for this weight, and no other."""
    if container.suits_weight(order.weight_g):
        return []
    suitable = [c for c in entry.containers if c.suits_weight(order.weight_g)]
    other = next((c for c in suitable if c.kind is container.kind), suitable[0] if suitable else None)
    return [
        Reason(
            code=ReasonCode.CONCENTRATION_UG_PER_ML,
            severity=Severity.HARD,
            asked=container.concentration_ug_per_ml,
            limit=other.concentration_ug_per_ml if other else None,
        )
    ]


def _judge_visits(order: Order, regimen: Regimen) -> list[Reason]:
    """One more visit than the series has: a new order, or a reason."""
    visits = order.course.visits + 1
    if visits <= regimen.sessions:
        return []
    return [Reason(code=ReasonCode.COURSE_VISITS, severity=Severity.SOFT, asked=visits, limit=regimen.sessions)]


def _judge_gap(order: Order, regimen: Regimen) -> list[Reason]:
    """Sooner than this scheme, or that of the visit before, lets the next one follow: a reason, and two people."""
    since, least = order.course.days_since, max(regimen.apart_days, order.course.apart_days)
    if since is None or since >= least:
        return []
    return [Reason(code=ReasonCode.GAP_DAYS, severity=Severity.SOFT, asked=since, limit=least)]


def given_elsewhere(order: Order, drug: str, at_ns: int) -> tuple[Given, ...]:
    """What the order says was given in this visit by others: nobody knows when, so it counts as if just now."""
    if order.elsewhere_ng <= 0:
        return ()
    return (Given(drug=drug, from_ns=at_ns, to_ns=at_ns, mass_ng=order.elsewhere_ng),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Everything that a review looks at, once it is known what was named."""

    order: Order
    regimen: Regimen
    entry: Entry
    container: Container
    library: Library
    info: DriverInfo
    history: tuple[Given, ...]
    now_ns: int
    had_ng: int  # of this very visit's dose

    def judge(self, asked: tuple[RegimenStep, ...]) -> tuple[Programme | None, list[Reason]]:
        order, entry, container = self.order, self.entry, self.container
        found = judge_patient(order, self.library.patient, entry)
        found += _judge_asked(asked, entry)
        found += _judge_concentration(container, order, entry)
        sane = all(0 < step.dose <= DOSE_MAX and step.duration_s > 0 for step in asked)
        if not 0 < order.weight_g <= DOSE_MAX or not sane:
            refused = any(_refuses(reason) for reason in found)
            return None, found if refused else [Reason(code=ReasonCode.LIBRARY_UNUSABLE, severity=Severity.HARD)]
        programme, misfits = draft(order, asked, regimen=self.regimen, entry=entry, container=container, info=self.info)
        found += [
            Reason(code=ReasonCode(m.kind.value), severity=Severity.HARD, asked=m.asked, limit=m.limit) for m in misfits
        ]
        found += [
            Reason(code=ReasonCode(c.kind.value), severity=Severity.CLAMPED, asked=c.asked, limit=c.granted)
            for c in programme.clamps
        ]
        found += judge_triangle(programme, asked, order=order, regimen=self.regimen, entry=entry, container=container)
        if self.had_ng > 0:
            programme, left = self._rest(programme)
            found += left
        history = self.history + given_elsewhere(order, entry.drug, self.now_ns)
        found += judge_totals(
            programme.steps,
            programme,
            entry,
            history=history,
            now_ns=self.now_ns,
            course_ng=max(order.course.given_ng, 0),
        )
        found += _judge_visits(order, self.regimen) + _judge_gap(order, self.regimen)
        found += advice(programme, container, entry, self.info)
        return programme, found

    def _rest(self, programme: Programme) -> tuple[Programme, list[Reason]]:
        """What is left of the visit's dose, and a remark that it is not the whole."""
        whole_ng = mass_ng(programme.total_nl, programme.concentration_ug_per_ml, Towards.DOWN)
        rest = remainder(programme, self.had_ng, self.info)
        had_ug = divide(self.had_ng, NG_PER_UG, Towards.UP)
        severity = Severity.HARD if rest is None else Severity.NOTE
        code = ReasonCode.DOSE_GIVEN_UG if rest is None else ReasonCode.REST_OF_DOSE_UG
        told = Reason(code=code, severity=severity, asked=had_ug, limit=divide(whole_ng, NG_PER_UG, Towards.DOWN))
        return programme if rest is None else rest, [told]

    def highest_dose(self, asked: tuple[RegimenStep, ...]) -> int | None:
        """The highest top dose that no hard limit refuses, the other steps in proportion.

        Every limit from above trips for good once it trips, so bisection finds the highest dose below all of
        them; that dose counts only if nothing else refuses it (a limit from below, the weight).
        """
        peak = max(step.dose for step in asked)
        if peak <= 0:
            return None

        def scaled(dose: int) -> tuple[RegimenStep, ...]:
            return tuple(replace(step, dose=max(divide(step.dose * dose, peak, Towards.DOWN), 1)) for step in asked)

        accepted, refused = 0, self.entry.dose.hard_high + 1
        while refused - accepted > 1:
            middle = accepted + divide(refused - accepted, 2, Towards.DOWN)
            _, found = self.judge(scaled(middle))
            if any(_refuses(reason) and _from_above(reason) for reason in found):
                refused = middle
            else:
                accepted = middle
        if accepted == 0 or any(_refuses(reason) for reason in self.judge(scaled(accepted))[1]):
            return None
        return accepted


def _refuses(reason: Reason) -> bool:
    return reason.severity is Severity.HARD


_NOT_THE_DOSE: Final = frozenset(
    {
        ReasonCode.WEIGHT_G,
        ReasonCode.BMI_MILLI,
        ReasonCode.WEIGHT_BASIS_BMI_MILLI,
        ReasonCode.DOSING_WEIGHT_G,
        ReasonCode.AGE_YEARS,
        ReasonCode.DURATION_S,
        ReasonCode.CONCENTRATION_UG_PER_ML,
        ReasonCode.TRIANGLE_PPM,
    }
)


def _from_above(reason: Reason) -> bool:
    """Would a lower dose help?"""
    if reason.code in _NOT_THE_DOSE or reason.asked is None or reason.limit is None:
        return False
    return reason.asked > reason.limit


def _pressing(reason: Reason) -> tuple[int, Fraction]:
    """Sorts the most limiting first: severity, then how far asked and limit lie apart."""
    order = (Severity.HARD, Severity.SOFT, Severity.CLAMPED, Severity.NOTE).index(reason.severity)
    if reason.asked is None or reason.limit is None:
        return order, Fraction(-DOSE_MAX)
    high, low = max(reason.asked, reason.limit, 1), max(min(reason.asked, reason.limit), 1)
    return order, -Fraction(high, low)


def _grant(found: list[Reason], highest: int | None = None) -> Grant:
    return Grant(
        allowed=not any(_refuses(reason) for reason in found),
        reasons=tuple(sorted(found, key=_pressing)),
        highest_acceptable=highest,
    )


def fingerprint(*parts: object) -> str:
    """FNV-1a, 64 bits, over what the parts look like: against accidental change, not against an adversary.

    Takes frozen data made of integers, strings, enums and tuples: their text is the same in every process.
    """
    value = 0xCBF29CE484222325
    for byte in repr(parts).encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def _answer(
    order: Order, rules: Rules, programme: Programme | None, found: list[Reason], highest: int | None
) -> Review:
    grant = _grant(found, highest)
    spoke = tuple((reason.code, reason.severity) for reason in grant.reasons)
    return Review(
        programme=programme if grant.allowed else None,
        grant=grant,
        digest=fingerprint(order, programme, rules.library.sha256, spoke),
    )


def reasoned(grant: Grant, reasons: list[Reason]) -> Grant:
    """The same grant with what only the bed can know."""
    return _grant([*grant.reasons, *reasons], grant.highest_acceptable)


def reviewed_with(review: Review, reasons: list[Reason]) -> Review:
    """The same review with what only the bed can know: what else runs there."""
    if not reasons:
        return review
    grant = reasoned(review.grant, reasons)
    spoke = tuple((reason.code, reason.severity) for reason in reasons)
    return Review(
        programme=review.programme if grant.allowed else None, grant=grant, digest=fingerprint(review.digest, spoke)
    )


def review(
    order: Order, rules: Rules, info: DriverInfo, history: tuple[Given, ...], now_ns: int, *, had_ng: int = 0
) -> Review:
    """Judge an order whole. Total: whatever integers it holds, the answer is data.

    `had_ng`: what the visit has had of this dose; the programme is the rest of it.
    """
    case, asked, found = _case_of(order, rules, info, history, now_ns, had_ng=had_ng)
    if case is None:
        return _answer(order, rules, None, found, None)
    programme, found = case.judge(asked)
    highest = case.highest_dose(asked) if any(_refuses(reason) for reason in found) else None
    return _answer(order, rules, programme, found, highest)


def judge_order(order: Order, rules: Rules, info: DriverInfo) -> tuple[Programme | None, tuple[Reason, ...]]:
    """What would be compiled and everything that speaks, for a patient without history; no search for another dose."""
    case, asked, found = _case_of(order, rules, info, (), 0)
    if case is None:
        return None, tuple(found)
    programme, found = case.judge(asked)
    return programme, tuple(found)


def _case_of(
    order: Order, rules: Rules, info: DriverInfo, history: tuple[Given, ...], now_ns: int, *, had_ng: int = 0
) -> tuple[_Case | None, tuple[RegimenStep, ...], list[Reason]]:
    """What is to be judged; or None, and what refuses an order whose names lead nowhere."""
    refusals, regimen, asked, entry, container = _look_up(order, rules)
    if refusals or regimen is None or asked is None or entry is None or container is None:
        return None, (), refusals + judge_patient(order, rules.library.patient, entry)
    case = _Case(
        order=order,
        regimen=regimen,
        entry=entry,
        container=container,
        library=rules.library,
        info=info,
        history=history,
        now_ns=now_ns,
        had_ng=had_ng,
    )
    return case, asked, []


def _look_up(
    order: Order, rules: Rules
) -> tuple[list[Reason], Regimen | None, tuple[RegimenStep, ...] | None, Entry | None, Container | None]:
    """What the order names, and a refusal for each name that leads nowhere."""

    def refusal(code: ReasonCode) -> Reason:
        return Reason(code=code, severity=Severity.HARD)

    regimen = rules.catalogue.regimen(order.regimen)
    if regimen is None:
        return [refusal(ReasonCode.UNKNOWN_REGIMEN)], None, None, None, None
    refusals = []
    asked = regimen.steps_on(order.day)
    if not asked:
        refusals.append(
            Reason(
                code=ReasonCode.DAY_NOT_IN_REGIMEN,
                severity=Severity.HARD,
                asked=order.day,
                limit=regimen.sessions,
            )
        )
    entry = rules.library.entry(regimen.entry)
    if entry is None:
        return [*refusals, refusal(ReasonCode.LIBRARY_UNUSABLE)], regimen, asked, None, None
    container = entry.container(order.container)
    if container is None:
        elsewhere = any(e.container(order.container) for e in rules.library.entries)
        code = ReasonCode.CONTAINER_NOT_FOR_REGIMEN if elsewhere else ReasonCode.UNKNOWN_CONTAINER
        refusals.append(refusal(code))
    return refusals, regimen, asked, entry, container


def check_remaining(
    programme: Programme,
    steps: tuple[Step, ...],
    entry: Entry | None,
    history: tuple[Given, ...],
    now_ns: int,
    *,
    course_ng: int = 0,
) -> Grant:
    """Judge a command at an infusion that runs or is paused: `steps` is all that would still go in.

    `entry` is the one that the infusion was started under; None where the journal is older than that was kept.
    Here `highest_acceptable` is the highest rate of the first step in ul/h, 0 when none is acceptable.
    """
    if entry is None:
        return _grant([Reason(code=ReasonCode.LIMITS_NOT_ON_RECORD, severity=Severity.HARD)])
    if programme.weight_g <= 0 or not steps:
        return _grant([Reason(code=ReasonCode.LIBRARY_UNUSABLE, severity=Severity.HARD)])

    def judged(first_rate_ul_per_h: int) -> list[Reason]:
        tried = (replace(steps[0], rate_ul_per_h=first_rate_ul_per_h), *steps[1:])
        found = judge_totals(tried, programme, entry, history=history, now_ns=now_ns, course_ng=course_ng)
        return found + judge_dose_rate(tried, programme, entry)

    asked = steps[0].rate_ul_per_h
    found = judged(asked)
    if not any(_refuses(reason) for reason in found):
        return _grant(found)
    accepted, refused = 0, asked
    while refused - accepted > 1:
        middle = accepted + divide(refused - accepted, 2, Towards.DOWN)
        if any(_refuses(reason) for reason in judged(middle)):
            refused = middle
        else:
            accepted = middle
    return _grant(found, accepted)
