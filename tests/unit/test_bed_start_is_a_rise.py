"""A start is a rise: until its own report decides, it is told as a command that may have raised the rate."""

from __future__ import annotations

from pumpd.core import facts as f
from pumpd.core.codes import CommandKind
from pumpd.testing.bed_story import BedStory


def test_a_start_that_was_prepared_is_issued_as_a_rise() -> None:
    bed = BedStory()
    bed.runs()
    (issued,) = [fact for fact in bed.facts if isinstance(fact, f.CommandIssued) and fact.command is CommandKind.START]
    assert issued.raises
