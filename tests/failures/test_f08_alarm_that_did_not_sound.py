"""F08: the audible alarm did not sound, and nobody knew before it was needed.

Hospira Plum A+, 2014. Here what sounds is a page in a browser: closed, never touched, or on a tablet that fell asleep.
A drug is not started where no page would be heard; and when the last one goes while it runs, the bed tells it within
30 s by what is left, telemetry and the pump's own buzzer, before any other alarm has to be heard.

Guard: `pumpd.core.listening.listen`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from pumpd.core.codes import Condition
from pumpd.core.effects import Observe
from pumpd.core.events import PagesListen
from pumpd.core.signals import signal
from pumpd.core.units import NL_PER_UL
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed

WITHIN_S: Final = 30


def complaints() -> list[str]:
    bed = BedStory()
    bed.setup = replace(bed.setup, needs_sound=True)
    bed.connect()
    bed.report()
    bed.start("FM-3H")
    assert bed.reply is not None
    found = ["a drug was started where no alarm would be heard"] if bed.reply.accepted else []
    bed.take(PagesListen(at_ns=bed.now_ns, watcher="console", pages=1))
    bed.runs("FM-3H")
    bed.take(PagesListen(at_ns=bed.now_ns, watcher="console", pages=0))
    buzzed = False
    for _ in range(WITHIN_S):
        bed.tick(0.1)
        buzzed |= any(each.buzz for each in bed.sent(Observe))
        from_ul = bed.pump().sighting.readings[-1].infused_nl // NL_PER_UL
        bed.flows(1, from_ul=from_ul)
    alarm = bed.alarm(Condition.NOBODY_LISTENS, None)
    if alarm is None or not signal(alarm).sounding:
        found.append("for half a minute a drug ran where no alarm would be heard, and nothing said so")
    if not buzzed:
        found.append("the pump's own buzzer kept silent")
    return found


@pytest.mark.requirement("F08")
@pytest.mark.requirement("ALM-13")
def test_a_bed_that_cannot_be_heard_starts_no_drug_and_says_so_while_one_runs() -> None:
    assert complaints() == []


@pytest.mark.requirement("F08")
def test_without_listening_for_those_who_listen_a_silent_page_is_taken_for_a_calm_bed() -> None:
    with guard_removed("pumpd.core.listening.listen", instead=lambda _: None):
        assert complaints() == [
            "for half a minute a drug ran where no alarm would be heard, and nothing said so",
            "the pump's own buzzer kept silent",
        ]
