"""Would an alarm be heard? A drug starts and rises only while it would, and somebody is told when nobody listens."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core import audio as a
from pumpd.core import facts as f
from pumpd.core.codes import Condition, Phase, ReasonCode
from pumpd.core.effects import Observe
from pumpd.core.events import PagesListen, WatcherGone
from pumpd.core.pump import Drive
from pumpd.core.units import NL_PER_UL, NS_PER_S
from pumpd.testing.bed_story import BedStory
from pumpd.testing.clinical import NE_1000
from pumpd.testing.path_story import PathStory

SPEAKS_WITHIN_S: Final = 30  # IEC 60601-1-8, 6.3.3.1 note: something else speaks when what sounds the alarms dies


def listens(bed: BedStory, pages: int = 1, watcher: str = "console") -> None:
    """Whoever serves pages says how many of them would be heard."""
    bed.take(PagesListen(at_ns=bed.now_ns, watcher=watcher, pages=pages))


def needing(bed: BedStory) -> BedStory:
    """As the daemon sets a bed up."""
    bed.setup = replace(bed.setup, needs_sound=True)
    return bed


def heard_and_running(regimen: str = "FM-3H") -> BedStory:
    bed = needing(BedStory())
    listens(bed)
    bed.runs(regimen)
    return bed


def told(bed: BedStory) -> bool:
    return bed.alarm(Condition.NOBODY_LISTENS, None) is not None


def passes(bed: BedStory, seconds: int) -> None:
    """Time goes by, and the pump goes on at its rate."""
    for _ in range(seconds):
        reading = bed.pump().sighting.readings[-1]
        bed.flows(1, from_ul=reading.infused_nl // NL_PER_UL)
        bed.tick()


def test_drug_starts_only_while_a_page_that_can_be_heard_is_open() -> None:
    bed = needing(BedStory())
    bed.connect()
    bed.report()
    bed.start("FM-3H")
    assert bed.refusals == {ReasonCode.NOBODY_LISTENS}
    listens(bed)
    bed.start("FM-3H")
    assert bed.reply is not None
    assert bed.reply.accepted


def test_training_with_saline_needs_no_ears_and_tells_nobody() -> None:
    bed = needing(BedStory())
    bed.runs("TRAIN-5MIN")
    passes(bed, 40)
    assert not told(bed)


def test_site_that_gives_its_reason_is_asked_for_nothing() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    passes(bed, 40)
    assert not told(bed)


def test_visit_says_with_its_other_gates_that_nobody_listens_and_says_it_once() -> None:
    story = PathStory()
    story.passes_to_start()
    needing(story)
    assert story.missing == {ReasonCode.NOBODY_LISTENS}
    story.start_visit()
    assert story.reply is not None
    assert [each.code for each in story.reply.reasons] == [ReasonCode.NOBODY_LISTENS]


@pytest.mark.requirement("ALM-13")
@given(
    words=st.lists(
        st.tuples(st.integers(1, 12), st.sampled_from(["page-a", "page-b"]), st.sampled_from([0, 1, 3])), max_size=8
    )
)
def test_whatever_is_said_the_bed_speaks_when_nobody_has_listened_for_a_while_and_not_before(
    words: list[tuple[int, str, int]],
) -> None:
    """A word lasts 9 s; when there was none for 10 s more, it is told."""
    bed = heard_and_running()
    listens(bed, watcher="page-a")
    listens(bed, 0)
    last, silent_since_ns = {"page-a": bed.now_ns}, 0
    for wait_s, watcher, pages in [*words, (SPEAKS_WITHIN_S, "page-b", 0)]:
        for _ in range(wait_s):
            bed.tick(1)
            last = {name: at_ns for name, at_ns in last.items() if bed.now_ns - at_ns <= 9 * NS_PER_S}
            silent_since_ns = 0 if last else silent_since_ns or bed.now_ns
            assert told(bed) == (not last and bed.now_ns - silent_since_ns >= 10 * NS_PER_S)
        listens(bed, pages, watcher)
        last.pop(watcher, None)
        if pages:
            last[watcher] = bed.now_ns
        silent_since_ns = 0 if last else silent_since_ns or bed.now_ns
    assert told(bed)


def test_nobody_who_listens_is_no_reason_to_stop() -> None:
    bed = heard_and_running()
    passes(bed, 40)
    assert told(bed)
    assert bed.phase() is Phase.INFUSING
    assert not [fact for fact in bed.facts if isinstance(fact, f.PhaseChanged) and fact.phase is Phase.STOPPING]


def test_stream_that_ends_takes_its_word_with_it_and_no_other() -> None:
    bed = heard_and_running()
    listens(bed, watcher="second")
    bed.take(WatcherGone(at_ns=bed.now_ns, watcher="console"))
    assert bed.state.hearing.armed
    bed.take(WatcherGone(at_ns=bed.now_ns, watcher="stranger"))
    assert bed.state.hearing.armed
    bed.take(WatcherGone(at_ns=bed.now_ns, watcher="second"))
    assert not bed.state.hearing.armed


def test_alarm_goes_by_itself_when_somebody_listens_again_or_the_drug_stands() -> None:
    bed = heard_and_running()
    passes(bed, 20)
    assert told(bed)
    listens(bed)
    assert not told(bed)
    passes(bed, 20)
    assert told(bed)
    bed.paused(40)
    bed.tick(0.1)
    assert not told(bed)


def test_nothing_goes_up_unheard_and_everything_that_lowers_does() -> None:
    bed = heard_and_running()
    rate = bed.infusion().rate_ul_per_h
    bed.rate(rate - 2_000)
    bed.done(Drive.INFUSING, rate=rate - 2_000, infused_ul=1)
    listens(bed, 0)
    bed.rate(rate - 1_500)
    assert ReasonCode.NOBODY_LISTENS in bed.refusals
    bed.rate(rate - 3_000)
    assert bed.reply is not None
    assert bed.reply.accepted
    bed.done(Drive.INFUSING, rate=rate - 3_000, infused_ul=2)
    bed.paused(3)
    bed.resume()
    assert bed.refusals == {ReasonCode.NOBODY_LISTENS}
    listens(bed)
    bed.resumes()
    listens(bed, 0)
    bed.stop()
    assert bed.phase() is Phase.STOPPING


def test_after_a_restart_nobody_listens_until_somebody_says_so() -> None:
    bed = heard_and_running()
    bed.boot(away_s=1)
    assert not bed.state.hearing.armed
    bed.connect()
    bed.drives(25)
    bed.tick((bed.state.boot_at_ns - bed.now_ns) / NS_PER_S + 9)
    assert not told(bed)
    bed.tick(1)
    assert told(bed)


def test_what_is_said_again_and_again_is_journalled_only_when_it_changes() -> None:
    bed = heard_and_running()
    for _ in range(20):
        listens(bed)
        bed.drives(1)
        bed.tick(3)
    said = [fact for fact in bed.facts if isinstance(fact, a.SoundArmed | a.SoundGone)]
    assert [type(fact) for fact in said] == [a.SoundArmed]


@pytest.mark.requirement("ALM-13")
def test_pumps_own_buzzer_speaks_while_nobody_listens_at_once_and_every_ten_seconds() -> None:
    spoke = buzzed(heard_and_running(), 60)
    assert 4 <= len(spoke) <= 5
    assert all(9.5 <= later - sooner <= 10.5 for sooner, later in pairwise(spoke))
    assert spoke[0] <= SPEAKS_WITHIN_S


def test_buzzer_is_still_once_somebody_has_seen_it_and_on_a_pump_that_has_none() -> None:
    seen = heard_and_running()
    buzzed(seen, 30)
    assert told(seen)
    seen.acknowledge(Condition.NOBODY_LISTENS, None)
    assert buzzed(seen, 30) == []
    mute = needing(BedStory(info=replace(NE_1000, buzzes=False)))
    listens(mute)
    mute.runs("FM-3H")
    assert buzzed(mute, 30) == []
    assert told(mute)


def buzzed(bed: BedStory, seconds: int) -> list[float]:
    """When the pump was told to speak, in seconds from here on; it is looked at twice a second."""
    began_ns, from_ul = bed.now_ns, bed.pump().sighting.readings[-1].infused_nl // NL_PER_UL
    spoke = []
    for look_no in range(1, seconds * 2 + 1):
        bed.tick(0.1)
        spoke += [(bed.now_ns - began_ns) / NS_PER_S for each in bed.sent(Observe) if each.buzz]
        granted = bed.infusion().granted_ul_per_h or 0
        bed.drives(from_ul + granted * look_no // 7_200, after_s=0.4)
    return spoke
