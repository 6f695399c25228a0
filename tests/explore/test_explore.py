"""Every state of the small domains is visited, every wall holds, and every wall notices when its guard is gone.

A wall that never speaks may be a wall that cannot: so each is shown a core with one guard taken out of its source, and
must find it, and tell the shortest way to it.
"""

from __future__ import annotations
import __future__

import contextlib
import inspect
import textwrap
from dataclasses import replace
from types import ModuleType
from typing import Any, Final

import pytest

from pumpd.core import (
    alarms,
    asking,
    bed,
    bolus_asking,
    delivered,
    evolve,
    gates,
    infusion,
    leaving,
    marks,
    raising,
    reports,
    rise,
    sighted,
    titration,
    watch,
)
from pumpd.core import facts as f
from pumpd.core.codes import Condition, Phase, ReasonCode
from pumpd.core.phases import TRANSITIONS
from pumpd.testing import phase_diagram
from pumpd.testing.explore import BEGINNINGS, LARGE, QUICK, RUNS, WHOLE, told
from pumpd.testing.explore_moves import Domain
from pumpd.testing.explore_rules import BEYOND, EDGES, ON, STEPS
from pumpd.testing.explore_search import Explored, Search
from pumpd.testing.explore_walls import WALLS

pytestmark = pytest.mark.timeout(300)  # a search is seconds of a core, which others may be using
ANNOTATIONS: Final = __future__.annotations.compiler_flag


@pytest.fixture(scope="module", params=QUICK, ids=lambda domain: domain.name)
def found(request: pytest.FixtureRequest) -> Explored:
    """A search is done once for all that is asked of it."""
    domain: Domain = request.param
    return Search(domain).run()


def test_every_wall_holds_in_every_state_of_the_small_domains(found: Explored) -> None:
    assert found.wrong == [], told(found)
    assert found.whole
    assert found.states > 500, found.states
    assert found.transitions > 5 * found.states


def test_every_arrow_between_phases_is_walked(found: Explored) -> None:
    """The table has no arrow that nothing leads along; two pumps go less far from where they begin."""
    walked = {way[:2] for way in found.ways}
    table = {(before, after) for before, ways in TRANSITIONS.items() for after in ways}
    assert walked <= table
    if found.domain == "one pump":
        assert table - walked == {(Phase.ENDED, Phase.IDLE)}, "patients leave in another search"
    if found.domain == "patients":
        assert (Phase.ENDED, Phase.IDLE) in walked


def test_the_page_tells_why_a_pump_takes_each_way(found: Explored) -> None:
    if found.domain == "one pump":
        page = phase_diagram.PAGE.read_text(encoding="utf-8")
        assert phase_diagram.with_reasons(page, found.ways) == page, (
            "run: .venv/bin/python -m pumpd.testing.phase_diagram"
        )
    else:
        assert found.ways


def test_both_sides_of_every_limit_are_asked(found: Explored) -> None:
    assert STEPS in found.granted
    for edge in EDGES if found.domain == "one pump" else ():  # two pumps meet the limits of the hour, below
        assert edge.name + ON in found.granted, "on the limit is inside it"
        assert edge.name + BEYOND not in found.granted
        assert edge.code in found.refused[edge.name + BEYOND]


def test_the_hour_counts_what_both_pumps_give() -> None:
    """It holds two infusions: one that is over and one that runs on another pump leave no room for a third."""
    begins = "starts STEPS on p2 with nurse-2 as the second person"
    p2_runs = (begins, *(words.replace("p1", "p2") for words in RUNS[1:]))
    p1_is_over = (*RUNS, "p1 is looked at: it stands still, its counter at the end of the plan")
    one = Domain(name="two", slots=("p1", "p2"), orders=(STEPS,), beginnings=(p1_is_over,), moves_max=1)
    two = replace(one, beginnings=((*p1_is_over, *p2_runs),))
    assert ReasonCode.ROLLING_HOUR_UG not in Search(one).run().refused[STEPS]
    assert ReasonCode.ROLLING_HOUR_UG in Search(two).run().refused[STEPS]


def test_the_wide_domains_reach_further_than_the_small_ones() -> None:
    whole, *wide = LARGE
    assert whole is WHOLE
    assert whole.moves_max is None
    assert [domain.name for domain in wide] == [domain.name for domain in QUICK]
    for large, small in zip(wide, QUICK, strict=True):
        assert set(small.orders) <= set(large.orders)
        assert set(small.beginnings) <= set(large.beginnings)
        assert (small.moves_max or 0) < (large.moves_max or 0)


def test_the_domain_that_is_visited_whole_begins_at_rest_and_locked_and_asks_both_sides_of_every_limit() -> None:
    begun = Search(replace(WHOLE, moves_max=1))
    found = begun.run()
    assert found.wrong == [], told(found)
    assert "every state within 1 moves" in told(found)
    assert {name for name in found.granted if name.endswith(ON)} == {edge.name + ON for edge in EDGES}
    assert all(edge.code in found.refused[edge.name + BEYOND] for edge in EDGES)
    assert any(condition is Condition.REPEATED_ALARM for condition, _ in found.alarms)


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_one_infusion_on_one_pump_is_visited_whole() -> None:
    """Minutes of a core: every state that the domain has, and not those within so many moves."""
    found = Search(WHOLE).run()
    assert found.wrong == [], told(found)
    assert found.whole
    assert told(found).partition("\n")[0].endswith("every state of the domain")
    risen = {(Phase.INFUSING, Phase.STOPPING), (Phase.UNCERTAIN, Phase.INFUSING), (Phase.FAULT, Phase.IDLE)}
    assert risen <= {way[:2] for way in found.ways}


def test_a_patient_whom_a_silent_pump_would_keep_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """From every state every patient can leave, and a bed that kept one would not pass."""
    (patients,) = (domain for domain in QUICK if domain.patients)
    without(
        leaving, "against_leaving", "phases & set(IN_DOUBT) and not line_off", "phases & set(IN_DOUBT)", monkeypatch
    )
    at_bed = replace(patients, beginnings=patients.beginnings[:4])
    assert any("cannot be closed" in each for each in Search(at_bed).run().wrong)


# --- every wall notices ---------------------------------------------------------------------------------------


def without(module: ModuleType, name: str, guard: str, instead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function of the core with a piece of its source replaced, for all who have imported it."""
    function = getattr(module, name)
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(guard) == 1, f"{module.__name__}.{name} has no {guard!r} any more"
    changed = compile(source.replace(guard, instead), f"{name} without a guard", "exec", flags=ANNOTATIONS)
    scope: dict[str, Any] = {}
    exec(changed, vars(module), scope)  # noqa: S102  # our own
    monkeypatch.setattr(function, "__code__", scope[name].__code__)


BROKEN: Final = (
    ("phases_go_along_the_table_and_by_report", gates, "end", "Phase.STOPPED", "Phase.STOPPED, Phase.INFUSING"),
    ("phases_go_along_the_table_and_by_report", gates, "stop", "stop_now(turn, slot, Why.STOP_PRESSED)",
     "stop_now(turn, slot, Why.STOP_PRESSED); turn.pump(slot).infusion and to(turn, slot, Phase.STOPPED, Why.PAUSED)"),
    ("nothing_is_journalled_for_nothing", bed, "_journal", "request.ok == turn.state.journal_ok", "False"),
    ("every_person_is_answered_once_with_reasons", asking, "refuse", "accepted=False, reasons=tuple(reasons)",
     "accepted=False"),
    ("starts_and_raises_wait_for_the_journal", rise, "against_moving", "not turn.state.journal_ok", "False"),
    ("starts_and_raises_wait_for_the_journal", infusion, "_prepared", "Start(slot=slot, command_id=command_id)",
     "Start(slot=slot, command_id=command_id, when=__import__('pumpd.core.effects').core.effects.When.NOW)"),
    ("nothing_is_faster_than_confirmed", titration, "rate",
     "_raise_confirmed(turn, slot, review_rise(turn, slot, wanted))", "set_rate(turn, slot, wanted)"),
    ("the_plan_rises_only_by_who_may", raising, "_prescribed", "Role.PRESCRIBER in roles", "True"),
    ("the_plan_rises_only_by_who_may", bolus_asking, "_against_dose", "dose_ug_per_kg > hardest", "False"),
    ("the_plan_rises_only_by_who_may", asking, "gate_of_person", "may(request.actor.role, act)", "True"),
    ("a_step_up_is_let_by_a_person_or_the_order", watch, "_next_step", "if rises and asks", "if False"),
    ("a_rise_needs_an_open_gate", rise, "against_moving", "pump.link is not LinkState.UP", "False"),
    ("a_rise_needs_an_open_gate", rise, "against_moving", "pump.locked_by is not None", "False"),
    ("a_rise_needs_an_open_gate", rise, "against_moving", "pump.command is not None or pump.stop is not None",
     "False"),
    ("a_rise_needs_an_open_gate", rise, "against_moving", "pump.sighting.last.alarm is not None", "False"),
    ("stop_is_always_taken", gates, "stop", "stop_now(turn, slot, Why.STOP_PRESSED)", "pass"),
    ("stop_is_always_taken", bed, "still_stands", "if pump is None", "if pump: return True\n    if pump is None"),
    ("a_stop_is_given_up_only_on_a_report", evolve, "_command", "pump.stop.command_id == fact.command_id", "True"),
    ("restart_trusts_nothing", bed, "_booted", "case Phase.INFUSING | Phase.STARTING:", "case Phase.STARTING:"),
    ("restart_trusts_nothing", bed, "_booted", "stop_now(turn, pump.slot, Why.RESTART)", "pass"),
    ("only_the_loop_renews_a_lease", watch, "_look_again", "seen.asking_since_ns is not None", "False"),
    ("what_infuses_is_whole", evolve, "_phase_changed", "None if still else granted", "granted"),
    ("alarms_are_those_of_the_table", alarms, "rise_unanswered",
     "turn.now_ns - alarm.since_ns >= rises.after_s * NS_PER_S", "True"),
    ("latching_alarms_wait_to_be_seen", alarms, "raise_alarm", "standing is not None and not standing.over", "False"),
    ("latching_alarms_wait_to_be_seen", alarms, "condition_over", "clears is Clears.SEEN and alarm.acknowledged",
     "clears is Clears.SEEN"),
    ("latching_alarms_wait_to_be_seen", gates, "acknowledge", "accept(turn, request)",
     "[alarms.acknowledge(turn, each, None) for each in turn.state.alarms]; accept(turn, request)"),
    ("doubt_has_its_reason", reports, "_drives", "pump.phase is Phase.UNCERTAIN and pump.link is not LinkState.UP",
     "False"),
    ("no_start_crosses_a_hard_limit", marks, "under", "value > cap.hard * scale", "value > 2 * cap.hard * scale"),
    ("no_start_crosses_a_hard_limit", rise, "history_for", "turn.state.history + ", ""),
    ("no way back to rest", gates, "rearm", "pump.phase is not Phase.FAULT and", "True or"),
    ("no way back to rest", gates, "end", "Phase.STOPPED", "Phase.IDLE"),
    ("decide is not total", bed, "_daemon", "(Phase.INFUSING, Phase.STARTING)", "(Phase.INFUSING, Phase.STOPPED)"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("wall", "module", "name", "guard", "instead"),
    BROKEN,
    ids=[f"{name}: {guard[:40]}" for _, _, name, guard, _ in BROKEN],
)
def test_a_wall_notices_that_its_guard_is_gone(  # noqa: PLR0917  # a row of the table
    wall: str, module: ModuleType, name: str, guard: str, instead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(module, name, guard, instead, monkeypatch)
    broken = first_wrong(home=wall == "no way back to rest")
    assert any(wrong.startswith(wall) for wrong in broken.wrong), told(broken)
    assert broken.story


def first_wrong(*, home: bool) -> Explored:
    """From wherever a broken core still gets; `home`: also the way home, which it often has not, and sooner."""
    for beginning in reversed(BEGINNINGS):
        search = Search(replace(QUICK[0], beginnings=(beginning,)))
        search.looks_home = home
        with contextlib.suppress(LookupError):
            if search.run().wrong:
                break
    return search.found


def test_what_is_not_journalled_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall whose guard is a mark at a fact."""
    monkeypatch.setattr(f.JournalWent, "DURABLE", False, raising=False)
    broken = Search(QUICK[0]).run()
    assert broken.wrong[0].startswith("the_journal_alone_tells_the_same")


def test_a_counter_that_falls_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall with two guards: such a counter is not believed, and if it were, what went in stays in."""
    without(sighted, "_goes_on", "reading.infused_nl + reading.step_nl >= at_least_nl", "True", monkeypatch)
    without(delivered, "monotone", "max(before.low_nl, now.low_nl)", "now.low_nl", monkeypatch)
    broken = Search(QUICK[0]).run()
    assert broken.wrong[0].startswith("what_is_in_stays_in"), told(broken)


def test_every_wall_has_been_seen_to_fail() -> None:
    broken = {wall for wall, *_ in BROKEN} | {"the_journal_alone_tells_the_same", "what_is_in_stays_in"}
    assert {wall.__name__ for wall in WALLS} - broken == set()


def test_a_violated_wall_is_told_as_the_shortest_story(monkeypatch: pytest.MonkeyPatch) -> None:
    without(infusion, "_prepared", "not turn.state.journal_ok", "False", monkeypatch)
    domain = Domain(name="broken", slots=("p1",), orders=(STEPS,))
    report = told(Search(domain).run()).splitlines()
    assert report[1] == "  VIOLATED"
    assert "while the journal is down" in report[2]
    assert report[-4:] == [
        "  the shortest way there:",
        "    1. nurse-1 starts STEPS on p1",
        "    2. the journal cannot write",
        "    3. the prepare of p1 ends: done as asked",
    ]
