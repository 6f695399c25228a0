"""What a person asks is done once, soon or not at all, and only if they read what stands now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core import requests as r
from pumpd.core.asking import AGE_MAX_NS, FUTURE_MAX_NS
from pumpd.core.bed import preview
from pumpd.core.codes import PauseReason, Phase, ReasonCode
from pumpd.core.confirming import REVIEW_LASTS_S
from pumpd.core.effects import Prepare, Stop
from pumpd.core.facts import PersonAsked
from pumpd.core.pump import Drive
from pumpd.core.state import ANSWERS_MAX
from pumpd.core.units import NS_PER_MS, NS_PER_S
from pumpd.testing.bed_story import NURSE, BedStory, order_for


def ready() -> BedStory:
    bed = BedStory()
    bed.connect()
    bed.report()
    return bed


def a_start(bed: BedStory, *, request_id: str = "tap", asked_ns: int | None = None) -> r.StartRequested:
    order = order_for("FM-3H")
    return r.StartRequested(
        at_ns=bed.now_ns, request_id=request_id, actor=NURSE, slot="p1", order=order, asked_at_ns=asked_ns,
        digest=preview(bed.state, "p1", order, bed.setup, bed.now_ns).digest,
    )  # fmt: skip


# --- once ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("CMD-02")
@pytest.mark.requirement("F32")
def test_the_same_start_again_is_answered_the_same_and_started_once() -> None:
    """A timeout was told as a failure, somebody asked again, and both boluses were given (LoopKit/Loop #1434)."""
    bed = ready()
    tap = a_start(bed)
    bed.take(tap)
    first = bed.reply
    assert len(bed.sent(Prepare)) == 1
    bed.wait(3)
    bed.take(replace(tap, at_ns=bed.now_ns))
    assert bed.reply == first
    assert bed.last.facts == ()
    assert bed.sent(Prepare) == []


@pytest.mark.requirement("CMD-02")
def test_a_refusal_is_answered_the_same_even_when_it_would_now_be_accepted() -> None:
    bed = BedStory()
    bed.connect()
    tap = a_start(bed)
    bed.take(tap)
    assert bed.refusals == {ReasonCode.PUMP_UNKNOWN}
    bed.report()
    bed.take(replace(tap, at_ns=bed.now_ns))
    assert bed.refusals == {ReasonCode.PUMP_UNKNOWN}
    assert bed.phase() is Phase.IDLE


@pytest.mark.requirement("CMD-02")
def test_a_restart_forgets_no_answer() -> None:
    bed = ready()
    tap = a_start(bed)
    bed.take(tap)
    bed.boot(away_s=2)
    bed.take(replace(tap, at_ns=bed.now_ns))
    assert bed.reply is not None
    assert bed.reply.accepted
    assert bed.sent(Prepare) == []


@pytest.mark.requirement("CMD-02")
def test_the_same_number_on_another_request_is_refused_and_not_answered_with_the_firsts_answer() -> None:
    bed = ready()
    bed.take(a_start(bed))
    bed.take(r.ResumeRequested(at_ns=bed.now_ns, request_id="tap", actor=NURSE, slot="p1"))
    assert bed.refusals == {ReasonCode.REQUEST_ID_USED}


@pytest.mark.requirement("CMD-06")
def test_a_stop_is_done_as_often_as_it_comes() -> None:
    bed = ready()
    bed.take(a_start(bed))
    press = r.StopRequested(at_ns=bed.now_ns, request_id="stop", actor=None, slot="p1", asked_at_ns=0)
    for _ in range(2):
        bed.take(replace(press, at_ns=bed.now_ns))
        assert bed.sent(Stop)


WHAT = ("start", "pause", "resume", "end", "3000", "4200")


def pressed(bed: BedStory, what: str, number: int) -> r.PersonRequest:
    common = {"at_ns": bed.now_ns, "request_id": f"n{number}", "actor": NURSE, "slot": "p1"}
    match what:
        case "start":
            return replace(a_start(bed), request_id=f"n{number}")
        case "pause":
            return r.PauseRequested(**common, reason=PauseReason.TOILET)  # type: ignore[arg-type]
        case "resume":
            return r.ResumeRequested(**common, keep=r.Keep.VOLUME)  # type: ignore[arg-type]
        case "end":
            return r.EndRequested(**common)  # type: ignore[arg-type]
        case _:
            return r.RateRequested(**common, rate_ul_per_h=int(what))  # type: ignore[arg-type]


def pump_answers(bed: BedStory) -> None:
    """Whatever was sent is done."""
    if bed.sent(Prepare):
        bed.prepared()
        bed.done(Drive.INFUSING)
    elif bed.sent(Stop):
        bed.stop_confirmed(infused_ul=10)
    elif bed.pump().command is not None:
        bed.done(Drive.INFUSING, infused_ul=10)


@pytest.mark.requirement("CMD-02")
@given(
    story=st.lists(
        st.tuples(st.sampled_from(WHAT), st.integers(0, 2), st.booleans()),
        max_size=8,
    )
)
def test_doubled_and_late_repetitions_change_nothing(story: Sequence[tuple[str, int, bool]]) -> None:
    """Every request comes again any number of times, at once or after its effect: the same facts, the same answers."""
    once, often = ready(), ready()
    for number, (what, more, late) in enumerate(story):
        request = pressed(once, what, number)
        for bed, times in ((once, 1), (often, 1 + more)):
            bed.take(request)
            answer, decided = bed.reply, bed.last
            if late:
                pump_answers(bed)
            for _ in range(times - 1):
                bed.take(request)
                assert bed.reply == answer
                assert bed.last.facts == ()
            if not late:
                bed.last = decided
                pump_answers(bed)
        assert often.facts == once.facts
        assert often.state == once.state


def test_every_answer_is_found_again_and_their_number_is_bounded() -> None:
    bed = ready()
    for number in range(ANSWERS_MAX + 10):
        bed.take(r.EndRequested(at_ns=bed.now_ns, request_id=f"n{number}", actor=NURSE, slot="p1"))
    assert len(bed.state.answers) == ANSWERS_MAX
    assert bed.state.answers[-1].request_id == f"n{ANSWERS_MAX + 9}"
    assert len([fact for fact in bed.facts if isinstance(fact, PersonAsked)]) == ANSWERS_MAX + 10


# --- soon ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("CMD-03")
@pytest.mark.requirement("F30")
@pytest.mark.parametrize(
    ("age_ns", "expired"),
    [
        (0, False),
        (AGE_MAX_NS, False),
        (AGE_MAX_NS + NS_PER_MS, True),
        (-FUTURE_MAX_NS, False),
        (-FUTURE_MAX_NS - NS_PER_MS, True),
        (3_600 * NS_PER_S, True),
    ],
)
def test_a_start_that_was_long_on_its_way_or_comes_from_the_future_is_refused(age_ns: int, *, expired: bool) -> None:
    bed = ready()
    bed.take(a_start(bed, asked_ns=bed.now_ns - age_ns))
    assert bed.reply is not None
    assert (ReasonCode.REQUEST_EXPIRED in {each.code for each in bed.reply.reasons}) is expired
    assert bool(bed.sent(Prepare)) is not expired


@pytest.mark.requirement("CMD-03")
def test_what_only_lowers_may_come_late() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    long_ago = bed.now_ns - 60 * NS_PER_S
    lower = r.RateRequested(
        at_ns=bed.now_ns, request_id="l", actor=NURSE, slot="p1", rate_ul_per_h=3_000, asked_at_ns=long_ago
    )
    bed.take(lower)
    bed.done(Drive.INFUSING, rate=3_000)
    assert bed.infusion().granted_ul_per_h == 3_000
    bed.take(replace(lower, request_id="h", rate_ul_per_h=4_200, at_ns=bed.now_ns))
    assert bed.refusals == {ReasonCode.REQUEST_EXPIRED}
    pause = r.PauseRequested(
        at_ns=bed.now_ns, request_id="p", actor=None, slot="p1", reason=PauseReason.TOILET,
        asked_at_ns=long_ago,
    )  # fmt: skip
    bed.take(pause)
    assert bed.phase() is Phase.STOPPING


# --- what they read -----------------------------------------------------------------------------------------


@pytest.mark.requirement("CMD-12")
@pytest.mark.parametrize(("read_s", "expired"), [(0, False), (REVIEW_LASTS_S - 1, False), (REVIEW_LASTS_S + 1, True)])
def test_a_review_that_nobody_confirms_in_ten_minutes_no_longer_counts(read_s: int, *, expired: bool) -> None:
    bed = ready()
    tap = a_start(bed)
    bed.wait(read_s)
    bed.report()
    bed.take(replace(tap, at_ns=bed.now_ns))
    assert bed.reply is not None
    assert ({each.code for each in bed.reply.reasons} == {ReasonCode.REVIEW_EXPIRED_S}) is expired
    assert bool(bed.sent(Prepare)) is not expired


@pytest.mark.requirement("CMD-11")
@given(junk=st.text(max_size=40))
def test_a_digest_that_was_never_shown_confirms_nothing(junk: str) -> None:
    bed = ready()
    bed.take(replace(a_start(bed), digest=junk))
    assert bed.refusals == {ReasonCode.REVIEW_CHANGED}


@pytest.mark.requirement("CMD-11")
def test_the_digest_of_another_order_confirms_nothing() -> None:
    bed = ready()
    other = preview(bed.state, "p1", order_for("FM-3H", weight_g=71_000), bed.setup, bed.now_ns).digest
    bed.take(replace(a_start(bed), digest=other))
    assert bed.refusals == {ReasonCode.REVIEW_CHANGED}
