"""Views put texts beside codes and decide nothing: buttons say what the bed would say, unknown stays unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from pumpd import words_bed, words_links
from pumpd.api_models import OrderBody, ReasonCode, Severity
from pumpd.api_moment import Moment
from pumpd.api_reviews import reason_view, regimen_views, review_view
from pumpd.api_typed import order
from pumpd.api_views import Place, bed_view, buttons
from pumpd.core import events as e
from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import decide
from pumpd.core.codes import Action, Condition, Phase, Priority, Reason, Why
from pumpd.core.events import LinkState
from pumpd.core.facts import Fact
from pumpd.core.library import Integrity, withheld
from pumpd.core.people import Role
from pumpd.core.pump import Drive, Identified, Report
from pumpd.core.standing import Standing
from pumpd.core.state import Alarm, BedState
from pumpd.core.turn import Setup
from pumpd.core.units import NS_PER_S
from pumpd.testing.clinical import NE_1000, shipped_rules
from pumpd.testing.path_story import PathStory

NOW_NS = 1_000 * NS_PER_S
AT = Moment(now_ns=NOW_NS, wall_ms=1_780_000_000_000)
PLACE = Place(site="north", ward="pain", bed="bed-1", people={"anna": "Anna Berg"})
NURSE = Actor(person="anna", role=Role.NURSE)
SETUP = Setup(
    rules=shipped_rules(),
    pumps=(("p1", NE_1000),),
    worst_cycle_ms=(("p1", 1_000),),
    resume_limit_s=900,
    training=False,
)
KETAMINE = order(OrderBody(regimen="CRPS-OP10", day=10, weight_kg="82.4", height_cm="178", container="syringe-60-5"))
STILL = Report(drive=Drive.STILL, rate_ul_per_h=0, infused_nl=0, step_nl=1_000, alarm=None)


def take(state: BedState, *requests: r.Request) -> BedState:
    for request in requests:
        state = decide(state, request, SETUP).state
    return state


def booted() -> BedState:
    return take(BedState(), e.Booted(at_ns=NOW_NS, boot="boot", kernel_boot="kernel", shift_ns=0, slots=("p1",)))


def ready() -> BedState:
    return take(
        booted(),
        e.LinkReported(at_ns=NOW_NS, slot="p1", link=LinkState.UP, detail=""),
        e.PumpIdentified(at_ns=NOW_NS, slot="p1", identified=Identified(model="NE1000", firmware="3.928", serial=None)),
        e.PumpReported(at_ns=NOW_NS, slot="p1", asked_at_ns=NOW_NS, report=STILL),
    )


def test_every_reason_code_has_a_text_with_and_without_numbers() -> None:
    for code in ReasonCode:
        for severity in Severity:
            bare = reason_view(Reason(code=code, severity=severity))
            full = reason_view(Reason(code=code, severity=severity, asked=12_345, limit=6_789))
            assert bare.text.endswith("."), code
            assert full.text.endswith("."), code


def test_every_phase_cause_link_alarm_action_and_fact_has_a_text() -> None:
    assert set(words_bed.PHASES) == set(Phase)
    assert set(words_bed.WHYS) == set(Why)
    assert set(words_links.LINKS) == set(LinkState)
    assert set(words_bed.ALARMS) == set(Condition)
    assert set(words_bed.ACTIONS) == set(Action)
    told = set(words_bed.TOLD) | set(words_bed.PLAIN)
    assert {kind.__name__ for kind in get_args(Fact) if getattr(kind, "DURABLE", True)} == {k.__name__ for k in told}


def test_what_is_unknown_stays_none_and_is_never_zero() -> None:
    view = bed_view(booted(), SETUP, PLACE, AT, 1).pumps[0]
    unknown = (view.asked, view.granted, view.measured, view.delivered, view.left_ms, view.age_ms, view.drive)
    assert unknown == (None,) * 7


def test_a_start_button_says_every_gate_of_the_bed_and_no_fault_of_an_order() -> None:
    before = bed_view(booted(), SETUP, PLACE, AT, 1).pumps[0].buttons.start
    assert not before.allowed
    assert before.why_not is not None
    assert "cannot be reached" in before.why_not
    after = bed_view(ready(), SETUP, PLACE, AT, 2).pumps[0].buttons.start
    assert (after.allowed, after.why_not) == (True, None)


def test_a_review_has_the_fingerprint_by_which_the_start_is_judged() -> None:
    state = ready()
    review = review_view(state, SETUP, "p1", KETAMINE, Moment(now_ns=NOW_NS, wall_ms=1_795_000_000_000))
    assert review.allowed
    started = decide(
        state,
        r.StartRequested(at_ns=NOW_NS, request_id="1", actor=NURSE, slot="p1", order=KETAMINE, digest=review.digest),
        SETUP,
    )
    assert started.state.pumps[0].phase is Phase.CHECKING
    view = bed_view(started.state, SETUP, PLACE, AT, 1).pumps[0]
    assert view.infusion is not None
    assert view.infusion.total == review.total
    assert view.infusion.rate_max.dose_text == review.steps[0].rate.dose_text == "0.303 mg/kg/h (25 mg/h)"
    assert not view.buttons.start.allowed


@pytest.mark.requirement("LIB-02")
def test_every_page_says_which_library_is_in_force_and_a_start_button_why_none_is() -> None:
    state = ready()
    view = bed_view(state, SETUP, PLACE, AT, 1)
    assert view.library is not None
    library = SETUP.rules.library
    assert view.library.standing is Standing.GOOD
    assert view.library.text == f"Drug library: {library.name} {library.version}, for demonstration and training only"
    assert view.pumps[0].buttons.start.allowed
    rules = replace(SETUP.rules, library=withheld(Integrity.ALTERED, name="North", version="2", sha256="0" * 64))
    setup = replace(SETUP, rules=rules)
    altered = decide(state, e.DayBegan(at_ns=NOW_NS, today_day=20_000), setup).state
    view = bed_view(altered, setup, PLACE, AT, 2)
    assert view.library is not None
    assert view.library.standing is Standing.ALTERED
    assert "Drug library: North 2 is not what was approved. Nothing new can be started." in view.library.text
    assert "The drug library is not the one that was approved" in (view.pumps[0].buttons.start.why_not or "")
    review = review_view(altered, setup, "p1", KETAMINE, Moment(now_ns=NOW_NS, wall_ms=1_795_000_000_000))
    assert not review.allowed
    assert [reason.code for reason in review.reasons] == [ReasonCode.LIBRARY_ALTERED]


def test_a_library_that_was_never_looked_at_is_said_to_be_none() -> None:
    view = bed_view(replace(ready(), judged=None), SETUP, PLACE, AT, 1)
    assert view.library is not None
    assert (view.library.standing, view.library.text) == (None, "Drug library: none")


def test_a_capped_dose_is_shown_with_its_reason() -> None:
    review = review_view(ready(), SETUP, "p1", KETAMINE, Moment(now_ns=NOW_NS, wall_ms=1_795_000_000_000))
    assert ReasonCode.REGIMEN_CAP_UG_PER_H in {reason.code for reason in review.reasons}
    assert [line.text for line in review.lines if line.label == "Capped"]


def test_a_refused_review_names_the_highest_acceptable_dose() -> None:
    heavy = replace(KETAMINE, weight_g=20_000)
    review = review_view(ready(), SETUP, "p1", heavy, Moment(now_ns=NOW_NS, wall_ms=1_795_000_000_000))
    assert not review.allowed
    assert (review.lines, review.steps, review.total) == ((), (), None)
    assert any(reason.severity is Severity.HARD for reason in review.reasons)


def test_regimens_offered_fit_the_pump() -> None:
    offered = regimen_views(SETUP, "p1")
    assert {"MDD-2x3", "CRPS-OP10", "TRAIN-30S"} <= {regimen.id for regimen in offered}
    assert {c.kind.value for regimen in offered for c in regimen.containers} == {"syringe"}


@pytest.mark.parametrize("condition", list(Condition))
def test_alarms_stand_with_the_most_urgent_first(condition: Condition) -> None:
    alarms = tuple(
        Alarm(
            alarm_id=number, slot="p1", condition=condition, priority=priority, since_ns=NOW_NS - NS_PER_S,
            value=None, detail="", acknowledged_by="anna",
        )
        for number, priority in enumerate(Priority)
    )  # fmt: skip
    view = bed_view(replace(ready(), alarms=alarms), SETUP, PLACE, AT, 1)
    assert [alarm.priority for alarm in view.alarms] == ["high", "medium", "low", "prompt"]
    assert view.alarms[0].since_ts_ms == AT.wall_ms - 1_000
    assert view.alarms[0].acknowledged_by == "Anna Berg"


def test_change_of_a_container_is_offered_in_a_visit_once_the_next_label_is_read_and_checked() -> None:
    bed = PathStory()
    bed.begins("FM-30")
    bed.stop()
    bed.stop_confirmed(infused_ul=0)

    def why_not() -> str | None:
        return buttons(bed.state, bed.pump(), bed.setup, bed.now_ns).change_container.why_not

    assert "label" in str(why_not())
    bed.reads_label(lot="L 18")
    bed.accepted()
    assert "second person" in str(why_not())
    bed.second_checks()
    bed.accepted()
    assert why_not() is None
