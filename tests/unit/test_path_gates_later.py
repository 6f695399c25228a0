"""The gates after the start, each alone and each taken away: what holds a rise, who stays at the bed, who stays here.

test_path_gates.py has those before a start. Here every code that the three modules can answer has to have its loss, so
a gate that is added without one is found; a patient for whom all is done loses that one thing and is refused for it
alone; and with that one reason taken out of the answer it is accepted, so no other gate stands in for it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from pumpd.core import arriving, departing, gates_of_care, leaving, recovery, rise
from pumpd.core.care_requests import EmergencyRequested, RescueRequested
from pumpd.core.codes import Phase, Reason, ReasonCode
from pumpd.core.departure import Scored
from pumpd.core.events import Unknown
from pumpd.core.observing import Measure, WhyNot
from pumpd.core.prescribed import Route
from pumpd.core.series import Disposition
from pumpd.core.visit import Visit
from pumpd.testing.departure_story import FIT, DepartureStory
from pumpd.testing.path_story import WELL

MIN_NS: Final = 60 * 10**9
Loss = Callable[[DepartureStory], None]


def changed(change: Callable[[Visit, int], Visit]) -> Loss:
    """Of the visit, as if it had always been so."""

    def loses(story: DepartureStory) -> None:
        visit = change(story.known(), story.now_ns)
        story.state = story.kept = replace(story.state, path=story.state.path.with_visit(visit))

    return loses


def dosed(began_min: int, last_min: int) -> Loss:
    """The drug ran from so long ago to so long ago."""

    def ran(visit: Visit, now_ns: int) -> Visit:
        began_ns, last_ns = now_ns - began_min * MIN_NS, now_ns - last_min * MIN_NS
        return replace(
            visit, doses=tuple(replace(each, began_at_ns=began_ns, last_at_ns=last_ns) for each in visit.doses)
        )

    return changed(ran)


def at_risk(story: DepartureStory) -> None:
    story.asks_about_risk(found=True)


def to_the_ward(story: DepartureStory) -> None:
    series = replace(story.state.path.series[0], disposition=Disposition.WARD)
    story.state = story.kept = replace(story.state, path=replace(story.state.path, series=(series,)))


def reversed_by_hand(story: DepartureStory) -> None:
    story.by(
        RescueRequested,
        visit="v1",
        drug="flumazenil",
        dose_ug=200,
        route=Route.VEIN,
        given_by="anna",
        all_the_same=True,
    )
    story.accepted()


def nothing(_: DepartureStory) -> None:
    """It is lost at the door."""


def scored(change: Callable[[Scored, int], Scored]) -> Loss:
    def otherwise(visit: Visit, now_ns: int) -> Visit:
        assert visit.score is not None
        return replace(visit, score=change(visit.score, now_ns))

    return changed(otherwise)


# code -> what a patient loses for whom all was done
GOING: Final[Mapping[ReasonCode, Loss]] = {
    ReasonCode.RECOVERY_AFTER_DRUG_S: dosed(180, 59),
    ReasonCode.RECOVERY_AFTER_START_S: dosed(119, 61),
    ReasonCode.RECOVERY_AFTER_REVERSAL_S: reversed_by_hand,
    ReasonCode.NOT_SCORED: changed(lambda visit, _: replace(visit, score=None)),
    ReasonCode.SCORE_OLD_S: scored(lambda score, now_ns: replace(score, at_ns=now_ns - 31 * MIN_NS)),
    ReasonCode.PADSS_LOW: scored(lambda score, _: replace(score, padss=replace(FIT, activity=1))),
    ReasonCode.NOT_AWAKE_AS_BEFORE: scored(lambda score, _: replace(score, sedation_at_baseline=False)),
    ReasonCode.RISK_PLAN_NEEDED: at_risk,
    ReasonCode.RISK_NOT_ASKED_AGAIN: changed(lambda visit, _: replace(visit, risk=None)),
    ReasonCode.ORDERED_TO_THE_WARD: to_the_ward,
    ReasonCode.ESCORT_NOT_PRESENT: nothing,
    ReasonCode.INSTRUCTIONS_NOT_GIVEN: nothing,
    ReasonCode.NOT_HANDED_OVER: nothing,
}


def ends_unknown(story: DepartureStory) -> None:
    story.stop()
    story.stop_ends(Unknown(detail="no reply"))
    assert story.phase() is Phase.STOPPING


def stops(story: DepartureStory) -> None:
    story.stop()
    story.stop_confirmed(infused_ul=500)


LEAVING: Final[Mapping[ReasonCode, Loss]] = {
    ReasonCode.INFUSION_RUNS: nothing,
    ReasonCode.INFUSION_NOT_ENDED: stops,
    ReasonCode.LINE_NOT_OFF: ends_unknown,
}


def missed(story: DepartureStory) -> None:
    """Everything is as it was, but nobody looked for half an hour."""

    def longer(visit: Visit, _: int) -> Visit:
        earlier = 30 * MIN_NS
        assert visit.began_at_ns is not None
        seen = tuple(replace(each, taken_at_ns=each.taken_at_ns - earlier) for each in visit.care.observations)
        return replace(visit, began_at_ns=visit.began_at_ns - earlier, care=replace(visit.care, observations=seen))

    changed(longer)(story)


RISING: Final[Mapping[ReasonCode, Loss]] = {
    ReasonCode.OBSERVATION_OVERDUE: missed,
    ReasonCode.VALUE_HOLDS: lambda story: void(story.observes({**WELL, Measure.SYSTOLIC: 190})),
    ReasonCode.NOT_MEASURED: lambda story: void(story.observes({**WELL, Measure.SPO2: WhyNot.NO_EQUIPMENT})),
    ReasonCode.EMERGENCY_LASTS: lambda story: void(story.by(EmergencyRequested)),
}


def void(_: object) -> None:
    """A loss returns nothing."""


def codes_in(module: ModuleType) -> set[ReasonCode]:
    """Every code that this module can answer with, read off its source."""
    assert module.__file__ is not None
    nodes = ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))
    named = {each.attr for each in nodes if isinstance(each, ast.Attribute) and ast.unparse(each.value) == "ReasonCode"}
    return {ReasonCode[each] for each in named}


def without(code: ReasonCode, module: ModuleType, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """This one reason is not among the answers any more."""
    answers = getattr(module, asked)

    def others(*given: Any, **named: Any) -> list[Reason]:  # noqa: ANN401  # as the function takes them
        return [each for each in answers(*given, **named) if each.code is not code]

    monkeypatch.setattr(module, asked, others)


def test_every_gate_after_the_start_has_its_loss_here() -> None:
    assert codes_in(recovery) == GOING.keys()
    assert codes_in(leaving) - {ReasonCode.PUMP_STILL_BUSY} == LEAVING.keys()
    before_a_start = {ReasonCode.BASELINE_MISSING_S}  # test_path_gates.py has it
    assert codes_in(gates_of_care) - before_a_start == RISING.keys()


def fit_to_go() -> DepartureStory:
    story = DepartureStory()
    story.here("MDD-2x3")
    story.infuses()
    story.gives()
    story.moves()
    story.wait(3 * 3_600)
    story.scores()
    story.asks_about_risk(found=False)
    return story


def test_a_patient_for_whom_all_is_done_goes_home() -> None:
    story = fit_to_go()
    story.goes_home()
    story.accepted()


@pytest.mark.parametrize("code", GOING, ids=lambda code: code.value)
def test_a_patient_is_kept_by_each_alone_and_goes_without_it(code: ReasonCode, monkeypatch: pytest.MonkeyPatch) -> None:
    def goes(story: DepartureStory) -> None:
        if code is ReasonCode.NOT_HANDED_OVER:
            story.goes_to_the_ward(taken_over_by="")
        else:
            story.goes_home(
                escort=code is not ReasonCode.ESCORT_NOT_PRESENT,
                instructions=code is not ReasonCode.INSTRUCTIONS_NOT_GIVEN,
            )

    story = fit_to_go()
    GOING[code](story)
    goes(story)
    assert story.refusals == {code}
    assert story.known().is_open
    without(code, departing, "against_discharge", monkeypatch)
    goes(story)
    story.accepted()
    assert not story.known().is_open


@pytest.mark.parametrize("code", LEAVING, ids=lambda code: code.value)
def test_nobody_leaves_the_bed_because_of_each_alone_and_does_without_it(
    code: ReasonCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = DepartureStory()
    story.here("MDD-2x3")
    story.infuses()
    story.drives(500)
    LEAVING[code](story)
    story.moves()
    assert story.refusals == {code}
    without(code, departing, "against_leaving", monkeypatch)
    story.moves()
    story.accepted()


def test_whatever_runs_for_nobody_keeps_the_next_patient_from_the_bed(monkeypatch: pytest.MonkeyPatch) -> None:
    story = DepartureStory()
    story.connected()
    story.runs("TRAIN-5MIN")
    story.sign("MDD-2x3")
    story.opens()
    assert story.refusals == {ReasonCode.PUMP_STILL_BUSY}
    without(ReasonCode.PUMP_STILL_BUSY, arriving, "against_next_patient", monkeypatch)
    story.opens()
    story.accepted()


@pytest.mark.parametrize("code", RISING, ids=lambda code: code.value)
def test_nothing_goes_on_because_of_each_alone_and_does_without_it(
    code: ReasonCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = DepartureStory()
    story.here("MDD-2x3")
    story.infuses()
    story.runs_on(60)
    story.paused(200)
    RISING[code](story)
    story.resume()
    assert story.refusals == {code}
    assert story.phase() is Phase.STOPPED
    without(code, rise, "against_rise_on", monkeypatch)
    story.resume()
    story.accepted()
    assert story.phase() is Phase.CHECKING
