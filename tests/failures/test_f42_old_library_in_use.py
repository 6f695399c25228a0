"""F42: an old drug library was in use.

GIP hazard 5.6. A ward's computer goes on by last year's limits, because nobody saw that a release was never put in
place, or that somebody put the old one back. Here what a bed has used is in its journal, and the day is handed in: a
library that is older than one used before, or whose approval is over, starts nothing, and the refusal says which of
the two it is.

Guard: `pumpd.core.standing._standing`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.codes import Phase, ReasonCode
from pumpd.core.regimen import Rules
from pumpd.core.standing import Standing
from pumpd.testing.bed_story import BedStory
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.guards import guard_removed

TODAY = BedStory().today


def release(version: str, *, last_day: int) -> Rules:
    rules = shipped_rules()
    library = replace(
        rules.library, version=version, sha256=version.ljust(64, "0"), training=False, approved_by="pharmacist-1",
        approved_day=TODAY - 300, expires_day=last_day,
    )  # fmt: skip
    return replace(rules, library=library)


def starts(before: Rules, now: Rules) -> set[ReasonCode] | Phase:
    """A bed used one release and was restarted with another: a start, or why there is none."""
    bed = BedStory(rules=before)
    bed.setup = replace(bed.setup, rules=now)
    bed.boot(away_s=60)
    bed.connect()
    bed.report()
    bed.start("FM-3H")
    return bed.phase() if bed.reply is not None and bed.reply.accepted else bed.refusals


def complaints() -> list[str]:
    old, new = release("2025.9", last_day=TODAY + 60), release("2025.10", last_day=TODAY + 60)
    over = release("2025.9", last_day=TODAY - 1)
    found = []
    if starts(new, old) != {ReasonCode.LIBRARY_OLDER}:
        found.append("a release older than the one used before starts infusions")
    if starts(over, over) != {ReasonCode.LIBRARY_EXPIRED}:
        found.append("a release whose approval is over starts infusions")
    if starts(old, new) is not Phase.CHECKING:
        found.append("a newer release does not start any")
    return found


@pytest.mark.requirement("F42")
@pytest.mark.requirement("LIB-02")
def test_what_is_older_than_what_was_used_or_over_starts_nothing_and_says_which() -> None:
    assert complaints() == []


@pytest.mark.requirement("F42")
def test_a_bed_that_does_not_judge_its_library_goes_by_the_old_one() -> None:
    with guard_removed("pumpd.core.standing._standing", instead=lambda *_: Standing.GOOD):
        assert len(complaints()) == 2
