"""A page that was left alone: what it still does, for whom, and what takes a PIN first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.authored import UNCONFIRMED_MAX
from pumpd.core.authorship_facts import AuthorSettled
from pumpd.core.codes import Action, Condition, PauseReason, Phase, ReasonCode, Why
from pumpd.core.evolve import evolve, fold
from pumpd.core.facts import BootStarted, PersonAsked
from pumpd.core.people import WITHOUT_PIN, Act, Role, may
from pumpd.core.pump import Drive, PumpAlarm
from pumpd.core.units import NS_PER_S
from pumpd.testing.bed_story import NURSE, SECOND, BedStory
from pumpd.words_bed import fact_text

LOCKED = replace(NURSE, confirmed=False)
ANYBODY = st.sampled_from([NURSE, LOCKED, SECOND, replace(SECOND, confirmed=False), None])


def accepted(bed: BedStory) -> bool:
    assert bed.reply is not None
    return bed.reply.accepted


def running() -> BedStory:
    bed = BedStory()
    bed.runs("TRAIN-2MIN")
    return bed


def pauses(bed: BedStory, actor: Actor | None) -> None:
    bed.take(
        r.PauseRequested(
            at_ns=bed.now_ns, request_id=bed.request_id(), actor=actor, slot="p1", reason=PauseReason.TRANSPORT
        )
    )


def settles(bed: BedStory, actor: Actor, *acts: str, mine: bool = True) -> None:
    bed.take(r.AuthorAnswered(at_ns=bed.now_ns, request_id=bed.request_id(), actor=actor, acts=acts, mine=mine))


def test_a_locked_page_pauses_and_lowers_in_the_name_that_was_chosen() -> None:
    bed = running()
    bed.rate(30_000, actor=replace(SECOND, confirmed=False))
    assert accepted(bed)
    bed.done(Drive.INFUSING)
    pauses(bed, LOCKED)
    assert accepted(bed)
    assert [(each.person, each.action.value) for each in bed.state.unconfirmed] == [
        ("nurse-2", "change_rate"), ("nurse-1", "pause"),
    ]  # fmt: skip


@pytest.mark.parametrize("asked_ul_per_h", [61_000, 1_000_000])
def test_a_locked_page_raises_nothing(asked_ul_per_h: int) -> None:
    bed = running()
    bed.rate(asked_ul_per_h, actor=LOCKED)
    assert ReasonCode.PIN_NEEDED in bed.refusals
    assert bed.state.unconfirmed == (), "what was refused needs no author"


def test_a_locked_page_starts_resumes_and_rearms_nothing() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.start("TRAIN-2MIN", actor=LOCKED)
    assert ReasonCode.PIN_NEEDED in bed.refusals
    bed = running()
    bed.paused(10)
    for make in (r.ResumeRequested, r.RearmRequested, r.StepRequested):
        bed.take(make(at_ns=bed.now_ns, request_id=bed.request_id(), actor=LOCKED, slot="p1"))
        assert ReasonCode.PIN_NEEDED in bed.refusals, make
    assert bed.phase() is Phase.STOPPED


def test_of_all_that_takes_a_role_only_writing_down_what_is_seen_needs_no_pin() -> None:
    assert {act for act in Act if act in WITHOUT_PIN} == {Act.OBSERVE}
    assert not any(may(role, Act.OBSERVE) for role in (Role.VIEWER, Role.TECHNICIAN))


@pytest.mark.parametrize("actor", [None, NURSE, LOCKED])
def test_a_pause_stops_for_anybody_and_is_quiet_only_for_somebody(actor: Actor | None) -> None:
    bed = running()
    pauses(bed, actor)
    assert accepted(bed)
    bed.stop_confirmed(infused_ul=10)
    assert bed.phase() is Phase.STOPPED
    assert bed.pump().why is (Why.STOP_PRESSED if actor is None else Why.PAUSED)
    bed.wait(121)
    bed.tick()
    assert (bed.alarm(Condition.PAUSE_OVER) is not None) is (actor is None), "2 min for a stop, 15 for a transport"


def test_nobody_makes_an_alarm_quiet_or_says_that_it_was_seen() -> None:
    bed = running()
    bed.report(Drive.STILL, infused_ul=10, alarm=PumpAlarm.STALL)
    alarm = next(each for each in bed.state.alarms if each.condition is Condition.STALLED)
    for actor, may_do in ((None, False), (LOCKED, True)):
        bed.take(r.AudioPauseRequested(at_ns=bed.now_ns, request_id=bed.request_id(), actor=actor))
        assert accepted(bed) is may_do
        bed.take(
            r.AcknowledgeRequested(at_ns=bed.now_ns, request_id=bed.request_id(), actor=actor, alarm_id=alarm.alarm_id)
        )
        assert accepted(bed) is may_do


@pytest.mark.parametrize("answer", list(r.Answer))
@pytest.mark.parametrize("actor", [None, LOCKED])
def test_nobody_lets_a_doubtful_pump_run_on_and_anybody_stops_it(actor: Actor | None, answer: r.Answer) -> None:
    bed = running()
    bed.boot()
    assert bed.phase() is Phase.UNCERTAIN
    bed.take(r.DeliveryAnswered(at_ns=bed.now_ns, request_id=bed.request_id(), actor=actor, slot="p1", answer=answer))
    assert accepted(bed) is (actor is not None or answer is not r.Answer.DRIVEN)


def test_at_the_next_sign_in_their_author_takes_them_and_another_cannot() -> None:
    bed = running()
    pauses(bed, LOCKED)
    (waits,) = bed.state.unconfirmed
    for wrong in (LOCKED, SECOND):
        settles(bed, wrong, waits.request_id)
        assert not accepted(bed)
    settles(bed, NURSE)
    assert bed.refusals == {ReasonCode.NOTHING_TO_CONFIRM}
    settles(bed, NURSE, waits.request_id, "another")
    assert bed.refusals == {ReasonCode.NOTHING_TO_CONFIRM}
    settles(bed, NURSE, waits.request_id, mine=False)
    assert accepted(bed)
    assert bed.state.unconfirmed == ()
    settles(bed, NURSE, waits.request_id)
    assert not accepted(bed)


def test_the_record_says_of_what_a_locked_page_asked_that_it_was_one() -> None:
    bed = running()
    asked = next(each for each in bed.facts if isinstance(each, PersonAsked))
    assert "locked" not in fact_text(asked)
    assert "locked page" in fact_text(replace(asked, confirmed=False))
    settled = AuthorSettled(at_ns=0, person="anna", acts=("a", "b"), mine=False)
    assert fact_text(settled).endswith("(2): not mine")


@given(st.lists(st.tuples(ANYBODY, st.sampled_from(["pause", "lower", "seen", "mine", "not mine"])), max_size=12))
def test_whatever_is_done_in_somebodys_name_waits_for_them_alone_and_folds_the_same(
    asked: list[tuple[Actor | None, str]],
) -> None:
    bed = running()
    for actor, what in asked:
        before = bed.state.unconfirmed
        if what == "pause":
            pauses(bed, actor)
        elif what == "lower":
            bed.rate(30_000, actor=actor)
        elif what == "seen":
            bed.take(r.AcknowledgeRequested(at_ns=bed.now_ns, request_id=bed.request_id(), actor=actor, alarm_id=1))
        elif actor is not None:
            acts = [each.request_id for each in before if each.person == actor.person]
            settles(bed, actor, *acts, mine=what == "mine")
        gone = [each for each in before if each not in bed.state.unconfirmed]
        assert not gone or (actor is not None and actor.confirmed and {each.person for each in gone} == {actor.person})
        new = [each for each in bed.state.unconfirmed if each not in before]
        assert not new or (actor is not None and not actor.confirmed and accepted(bed))
    assert fold(tuple(bed.facts)).unconfirmed == bed.state.unconfirmed


def test_what_waits_for_its_author_is_bounded_and_outlives_a_restart_at_its_own_time() -> None:
    asked = PersonAsked(
        at_ns=5 * NS_PER_S, request_id="", person="anna", slot=None, action=Action.PAUSE, confirmed=False
    )
    state = BedStory().state
    for number in range(UNCONFIRMED_MAX + 1):
        state = evolve(state, replace(asked, request_id=f"q{number}"))
    assert len(state.unconfirmed) == UNCONFIRMED_MAX
    assert state.unconfirmed[0].request_id == "q1"
    state = evolve(
        state,
        BootStarted(at_ns=NS_PER_S, boot="b", kernel_boot="k", shift_ns=-4 * NS_PER_S, slots=("p1",)),
    )
    assert {each.at_ns for each in state.unconfirmed} == {NS_PER_S}
