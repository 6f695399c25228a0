"""The one gate through which everything passes that could raise delivery (wall 10).

A start, a resume, a titration up, a tap and a step that goes by itself: all of them ask here, what stands against a
rise on this pump, and what the limits say of everything that would still go in. What the other pumps of the bed may
give counts as if it were given, and so does what has gone in since the last fact that told it.
"""

from __future__ import annotations

from dataclasses import replace

from pumpd.core import alarms
from pumpd.core.codes import Given, Grant, Phase, Reason, ReasonCode, Severity
from pumpd.core.events import LinkState
from pumpd.core.exposure import given_since_ng
from pumpd.core.gates_of_care import against_rise_on
from pumpd.core.in_force import against_a_new_start
from pumpd.core.library import DoseUnit
from pumpd.core.limits import Review, check_remaining, fingerprint, given_elsewhere, review, reviewed_with
from pumpd.core.listening import against_unheard
from pumpd.core.order import Order
from pumpd.core.rest import rest_of
from pumpd.core.state import PumpState
from pumpd.core.steps import Step
from pumpd.core.totals import SESSION_NS
from pumpd.core.turn import Turn
from pumpd.core.units import Towards, duration_for_ns, mass_ng


def hard(code: ReasonCode, asked: int | None = None, limit: int | None = None) -> Reason:
    """A gate that is closed."""
    return Reason(code=code, severity=Severity.HARD, asked=asked, limit=limit)


def against_a_rise(turn: Turn, slot: str) -> list[Reason]:
    """What must hold before anything may rise on this pump: at it, in the care of whoever is on it, and at the page."""
    return against_moving(turn, slot) + against_rise_on(turn.state, slot, turn.now_ns) + against_unheard(turn, slot)


def against_moving(turn: Turn, slot: str) -> list[Reason]:
    """What must hold before a pump is set going: journal, link, no command under way, no alarm at it."""
    pump = turn.pump(slot)
    found = []
    if not turn.state.journal_ok:
        found.append(hard(ReasonCode.JOURNAL_DOWN))
    if pump.link is not LinkState.UP:
        found.append(hard(ReasonCode.LINK_DOWN))
    elif pump.sighting.last is None:
        found.append(hard(ReasonCode.PUMP_UNKNOWN))
    elif pump.sighting.last.alarm is not None:
        found.append(hard(ReasonCode.PUMP_IN_ALARM))
    if pump.locked_by is not None:
        found.append(hard(ReasonCode.REPEATED_ALARM))
    if pump.command is not None or pump.stop is not None:
        found.append(hard(ReasonCode.COMMAND_PENDING))
    if pump.asset_in_doubt:
        found.append(hard(ReasonCode.PUMP_NOT_CONFIRMED))
    if is_of_one_who_left(turn, pump):
        found.append(hard(ReasonCode.PATIENT_HAS_LEFT))
    return found


def is_of_one_who_left(turn: Turn, pump: PumpState) -> bool:
    """What is on the pump was for a patient who is at this bed no longer: it is only lowered, stopped and ended."""
    infusion, at_bed = pump.infusion, turn.state.path.at_bed
    if infusion is None or infusion.visit is None or pump.phase in (Phase.IDLE, Phase.ENDED):
        return False
    return at_bed is None or at_bed.visit != infusion.visit


def patient_on(turn: Turn, slot: str) -> str | None:
    """For whom limits on this slot are asked: whoever its infusion is for, or who is at the bed; None: nobody knows."""
    pump, at_bed = turn.pump(slot), turn.state.path.at_bed
    if pump.infusion is not None and pump.phase not in (Phase.IDLE, Phase.ENDED):
        return pump.infusion.patient
    return None if at_bed is None else at_bed.patient


def _committed_elsewhere(turn: Turn, slot: str) -> tuple[Given, ...]:
    """What the other pumps of this bed may still give, as if it were on record: the same drug counts once, on two.

    By the lower end of what is in, while what may be in counts as given already: a pump that nobody hears may have
    run all the time, or have stood still and go on when it is heard again. No window may be too full either way.
    """
    found: tuple[Given, ...] = ()
    for pump in turn.state.pumps:
        infusion = pump.infusion
        if pump.slot == slot or infusion is None or pump.phase in (Phase.IDLE, Phase.ENDED):
            continue
        steps = rest_of(infusion, turn.delivered(pump.slot).low_nl)
        concentration = infusion.programme.concentration_ug_per_ml
        begins_ns = turn.now_ns
        for each in steps:
            ends_ns = begins_ns + duration_for_ns(each.volume_nl, each.rate_ul_per_h, Towards.UP)
            ng = mass_ng(each.volume_nl, concentration, Towards.UP)
            found += (
                Given(
                    drug=infusion.programme.drug, from_ns=begins_ns, to_ns=ends_ns, mass_ng=ng,
                    patient=infusion.patient,
                ),
            )  # fmt: skip
            begins_ns = ends_ns
    return found


def _not_yet_told(turn: Turn) -> tuple[Given, ...]:
    """What may have gone in since the last fact that put it on record, on every pump."""
    found: tuple[Given, ...] = ()
    for pump in turn.state.pumps:
        infusion = pump.infusion
        if infusion is None:
            continue
        more_nl = max(0, turn.delivered(pump.slot).high_nl - infusion.delivered.high_nl)
        ng = mass_ng(more_nl, infusion.programme.concentration_ug_per_ml, Towards.UP)
        from_ns = min(infusion.delivered_at_ns, turn.now_ns)
        found += (
            Given(
                drug=infusion.programme.drug, from_ns=from_ns, to_ns=turn.now_ns, mass_ng=ng,
                patient=infusion.patient,
            ),
        )  # fmt: skip
    return found


def history_for(turn: Turn, slot: str) -> tuple[Given, ...]:
    """What this patient got, and what other pumps are committed to give them; nothing of the patient before."""
    patient = patient_on(turn, slot)
    everything = turn.state.history + _not_yet_told(turn) + _committed_elsewhere(turn, slot)
    return tuple(given for given in everything if given.counts_for(patient))


def review_order(turn: Turn, slot: str, order: Order) -> Review:
    """The review as it stands now: what a person reads before a start, and what the start is judged by.

    Without rules in force nothing is judged: their limits are the very thing in doubt.
    """
    closed = against_a_new_start(turn)
    if closed:
        grant = Grant(allowed=False, reasons=tuple(closed))
        return Review(programme=None, grant=grant, digest=fingerprint(order, grant.reasons))
    answer = review(
        order, turn.setup.rules, turn.setup.info(slot), history_for(turn, slot), turn.now_ns,
        had_ng=_had_of_this_dose_ng(turn, order),
    )  # fmt: skip
    return reviewed_with(answer, _same_drug(turn, slot, order))


def _had_of_this_dose_ng(turn: Turn, order: Order) -> int:
    """What the visit at the bed has had, and what a pump that has not ended may still give, of the dose it has."""
    visit = turn.state.path.at_bed
    if visit is None or visit.order != order:
        return 0
    had_ng = sum(
        mass_ng(dose.given.high_nl, dose.concentration_ug_per_ml, Towards.UP)
        for each in turn.state.path.visits
        if (each.series, each.number, each.opened_day) == (visit.series, visit.number, visit.opened_day)
        for dose in each.doses
    )
    for pump in turn.state.pumps:
        infusion = pump.infusion
        if infusion is not None and infusion.visit == visit.visit and pump.phase is not Phase.ENDED:
            rest_nl = max(0, infusion.total_nl - infusion.delivered.high_nl)
            had_ng += mass_ng(rest_nl, infusion.programme.concentration_ug_per_ml, Towards.UP)
    return had_ng


def _same_drug(turn: Turn, slot: str, order: Order) -> list[Reason]:
    """The same drug is under way on another pump: summed in every limit, and asked about all the same (GIP 2.2.7.2)."""
    regimen = turn.setup.rules.catalogue.regimen(order.regimen)
    entry = None if regimen is None else turn.setup.rules.library.entry(regimen.entry)
    if entry is None or entry.unit is DoseUnit.ML_PER_H:
        return []  # saline for training: no drug to be given twice
    others = (
        pump
        for pump in turn.state.pumps
        if pump.slot != slot and pump.phase not in (Phase.IDLE, Phase.ENDED) and not is_of_one_who_left(turn, pump)
    )
    if any(pump.infusion is not None and pump.infusion.programme.drug == entry.drug for pump in others):
        return [Reason(code=ReasonCode.SAME_DRUG_RUNNING, severity=Severity.SOFT)]
    return []


def _before_the_session_ng(turn: Turn, slot: str, history: tuple[Given, ...]) -> int:
    """What this infusion gave longer ago than the session that `history` still tells: infusions of days have such."""
    infusion = turn.infusion(slot)
    told_ng = mass_ng(infusion.delivered.high_nl, infusion.programme.concentration_ug_per_ml, Towards.UP)
    own = (given for given in history if given.infusion_id == infusion.infusion_id)
    return max(0, told_ng - given_since_ng(own, since_ns=turn.now_ns - SESSION_NS))


def grant_of_rest(turn: Turn, slot: str, rest: tuple[Step, ...]) -> Grant:
    """What every limit says of these steps to come: with what this patient had here, elsewhere and in the course."""
    infusion = turn.infusion(slot)
    history = history_for(turn, slot)
    elsewhere = given_elsewhere(infusion.order, infusion.programme.drug, infusion.started_ns)
    course_ng = infusion.order.course.given_ng + _before_the_session_ng(turn, slot, history)
    return check_remaining(
        infusion.programme, rest, infusion.entry, history + elsewhere, turn.now_ns, course_ng=course_ng
    )


def against_rest(turn: Turn, slot: str, rest: tuple[Step, ...]) -> list[Reason]:
    """The hard limits that would refuse these steps to come; none where nothing is left to come."""
    if not rest:
        return []
    return [each for each in grant_of_rest(turn, slot, rest).reasons if each.severity is Severity.HARD]


def against_next_step(turn: Turn, slot: str) -> list[Reason]:
    """What the limits say of the next step, now."""
    infusion = turn.infusion(slot)
    following = infusion.step + 1
    after = replace(infusion, step=following, rate_ul_per_h=infusion.plan[following].rate_ul_per_h)
    return against_rest(turn, slot, rest_of(after, turn.delivered(slot).high_nl))


def may_step_up_by_itself(turn: Turn, slot: str) -> bool:
    """A due step up without a tap: while any gate is closed, it waits."""
    closed = against_a_rise(turn, slot) or alarms.high_unseen(turn, slot) or against_next_step(turn, slot)
    return not closed
