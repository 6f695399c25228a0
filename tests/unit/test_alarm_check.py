"""The alarm path is tried at every start, and a condition that fails keeps the daemon from running."""

from __future__ import annotations

import pytest

from pumpd.core import alarm_check, alarms
from pumpd.core.alarm_table import TABLE
from pumpd.core.codes import Condition
from pumpd.core.state import Alarm
from pumpd.core.turn import Turn
from pumpd.daemon import _alarms_tried
from pumpd.errors import PumpdError
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed

pytestmark = [pytest.mark.requirement("ALM-12"), pytest.mark.requirement("F07")]
_RAISE, _OVER, _SEEN = alarms.raise_alarm, alarms.condition_over, alarms.acknowledge


def never_raised(turn: Turn, condition: Condition, slot: str | None) -> None:
    if condition is not Condition.BATTERY_LOW:
        _RAISE(turn, condition, slot)


def never_over(turn: Turn, condition: Condition, slot: str | None) -> None:
    if condition is not Condition.STALLED:
        _OVER(turn, condition, slot)


def test_every_alarm_comes_is_heard_is_silenced_and_goes() -> None:
    assert alarm_check.failing(BedStory().setup) == ()


def test_an_alarm_that_an_update_lost_is_found_and_nothing_starts() -> None:
    setup = BedStory().setup
    with guard_removed("pumpd.core.alarms.raise_alarm", instead=never_raised):
        assert alarm_check.failing(setup) == (Condition.BATTERY_LOW,)
        with pytest.raises(PumpdError, match="battery_low"):
            _alarms_tried(setup)


def test_an_alarm_that_never_goes_is_found() -> None:
    with guard_removed("pumpd.core.alarms.condition_over", instead=never_over):
        assert alarm_check.failing(BedStory().setup) == (Condition.STALLED,)


def test_a_condition_without_a_row_is_found() -> None:
    without = {condition: row for condition, row in TABLE.items() if condition is not Condition.EMPTY}
    with guard_removed("pumpd.core.alarm_check.TABLE", instead=without):
        assert alarm_check.failing(BedStory().setup) == (Condition.EMPTY,)


def never_seen(turn: Turn, alarm: Alarm, person: str | None) -> None:
    if alarm.condition is not Condition.RESTARTED:
        _SEEN(turn, alarm, person)


def test_an_event_that_does_not_go_when_it_was_seen_is_found() -> None:
    with guard_removed("pumpd.core.alarms.acknowledge", instead=never_seen):
        assert alarm_check.failing(BedStory().setup) == (Condition.RESTARTED,)
