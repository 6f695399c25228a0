"""F07: after an update an alarm never came again, and nobody noticed.

Medfusion 4000 v1.7.0, 2019; BD Alaris, 2020: the low battery. Here every condition of the alarm table is brought
about by what brings it about at a bedside, so that one which an update has lost is missed by name. A condition that
has no such story fails as well.

Guard: `pumpd.core.alarms.raise_alarm`. The update that loses an alarm is played for each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pumpd.core import alarms
from pumpd.core import events as e
from pumpd.core.codes import Condition
from pumpd.core.facts import AlarmRaised
from pumpd.core.observing import Sign
from pumpd.core.pump import Drive, PumpAlarm
from pumpd.core.standing import RulesFile
from pumpd.core.turn import Turn
from pumpd.testing.bed_story import OTHER_PUMP, BedStory
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.container_story import ContainerStory, small_containers
from pumpd.testing.guards import guard_removed
from pumpd.testing.path_story import PathStory

C = Condition


def running(regimen: str = "TRAIN-5MIN") -> BedStory:
    bed = BedStory()
    bed.runs(regimen)
    return bed


def tells(alarm: PumpAlarm) -> Callable[[], BedStory]:
    def story() -> BedStory:
        bed = running()
        bed.report(Drive.INFUSING, infused_ul=1, alarm=alarm)
        return bed

    return story


def expired(*, days_left: int) -> BedStory:
    rules = shipped_rules()
    own = replace(
        rules.library, name="North hospital", version="2026.2", sha256="a" * 64, training=False,
        approved_by="pharmacist-1", approved_day=19_900, expires_day=20_000 + days_left,
    )  # fmt: skip
    return BedStory(rules=replace(rules, library=own))


def stop_unconfirmed() -> BedStory:
    bed = running()
    bed.stop()
    bed.ticks(3)
    return bed


def uncommanded() -> BedStory:
    bed = BedStory()
    bed.connect()
    bed.report(Drive.INFUSING, rate=1_000)
    return bed


def counts(percent: int, condition: Condition) -> BedStory:
    """Its counter tells this share of what was granted, for as long as it takes to be told."""
    bed = running("CRPS-OP10")
    granted = bed.infusion().granted_ul_per_h
    assert granted is not None
    for quarter_min in range(1, 80):
        bed.drives(granted * quarter_min * percent // (100 * 240), rate=granted, after_s=15)
        if bed.alarm(condition):
            break
    return bed


def counter_falls_to(infused_ul: int) -> BedStory:
    bed = running()
    bed.flows(20)
    bed.drives(infused_ul)
    return bed


def unknown() -> BedStory:
    bed = running()
    bed.ticks(25)
    return bed


def changed() -> BedStory:
    bed = running()
    bed.take(e.PumpIdentified(at_ns=bed.now_ns, slot="p1", identified=OTHER_PUMP))
    return bed


def in_doubt() -> BedStory:
    bed = running()
    bed.flows(20)
    for _ in range(3):
        bed.wait(0.3)
        bed.take(e.PumpSilent(at_ns=bed.now_ns, slot="p1", detail="no reply"))
    bed.link(e.LinkState.SILENT)
    bed.connect()
    bed.report(Drive.INFUSING, infused_ul=900)
    return bed


def other_target() -> BedStory:
    bed = running()
    infusion = bed.infusion()
    assert infusion.leg is not None
    report = replace(bed.a_report(Drive.INFUSING, infused_ul=1), target_nl=infusion.leg.granted.volume_nl * 2)
    bed.take(e.PumpReported(at_ns=bed.now_ns, slot="p1", asked_at_ns=bed.now_ns, report=report))
    return bed


def lowered() -> BedStory:
    bed = running()
    bed.drives(1)
    granted = bed.infusion().granted_ul_per_h
    assert granted is not None
    bed.drives(2, rate=granted // 2)
    return bed


def battery_low() -> BedStory:
    bed = running()
    report = replace(bed.a_report(Drive.INFUSING), battery_percent=20)
    bed.take(e.PumpReported(at_ns=bed.now_ns, slot="p1", asked_at_ns=bed.now_ns, report=report))
    return bed


def other_rate() -> BedStory:
    bed = running()
    bed.drives(10, rate=40_000)
    return bed


def start_failed() -> BedStory:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.start()
    bed.ends(e.Refused(detail="?OOR"))
    return bed


def stopped_at_pump() -> BedStory:
    bed = running()
    bed.drives(10)
    bed.report(Drive.STILL, infused_ul=12)
    return bed


def link_lost() -> BedStory:
    bed = running()
    bed.ticks(8)
    return bed


def journal_down() -> BedStory:
    bed = running()
    bed.journal(ok=False)
    return bed


def slept() -> BedStory:
    bed = running()
    bed.suspended(20)
    return bed


def pause_over() -> BedStory:
    bed = running()
    bed.paused(1)
    for _ in range(70):
        bed.tick(30)
    return bed


def step_due() -> BedStory:
    bed = running("FM-3H")
    bed.drives(bed.infusion().boundary_nl(0) // 1_000 + 20, after_s=3_600)
    return bed


def near_end() -> BedStory:
    bed = running("TRAIN-30S")
    bed.drives(bed.infusion().total_nl // 1_000 - 5, after_s=29)
    return bed


def ended() -> BedStory:
    bed = running("TRAIN-30S")
    bed.report(Drive.STILL, infused_ul=bed.infusion().total_nl // 1_000, after_s=31)
    return bed


def container_used_up() -> BedStory:
    bed = ContainerStory(rules=small_containers(2_000_000))
    bed.begins("TRAIN-5MIN")
    bed.flows_out()
    return bed


def keeps_open() -> BedStory:
    rules = shipped_rules()
    entries = tuple(replace(each, kvo_ul_per_h=500) for each in rules.library.entries)
    bed = BedStory(rules=replace(rules, library=replace(rules.library, entries=entries)))
    bed.runs("TRAIN-30S")
    planned_ul = bed.infusion().plan[0].volume_nl // 1_000
    bed.drives(planned_ul + 5)
    bed.done(Drive.INFUSING, rate=500, infused_ul=planned_ul + 5)
    return bed


def unheard() -> BedStory:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.setup = replace(bed.setup, needs_sound=True)
    bed.flows(12)
    bed.tick()
    return bed


def restarted() -> BedStory:
    bed = running()
    bed.drives(10)
    bed.boot(away_s=1)
    bed.connect()
    bed.drives(25)
    return bed


def files_changed() -> BedStory:
    bed = running()
    bed.take(e.FilesCompared(at_ns=bed.now_ns, changed=(RulesFile.LIBRARY,)))
    return bed


def again_and_again() -> BedStory:
    bed = running("FM-3H")
    for _ in range(3):
        bed.report(Drive.STILL, infused_ul=0, alarm=PumpAlarm.STALL)
        if bed.pump().stop is not None:
            bed.stop_confirmed(infused_ul=0)
        bed.acknowledge(C.STALLED)
        if bed.pump().command is not None:
            bed.done(Drive.STILL)
        bed.report(Drive.STILL)
        bed.resume()
        if bed.pump().command is None:
            break
        bed.prepared()
        bed.done(Drive.INFUSING)
    return bed


def unobserved() -> BedStory:
    bed = PathStory()
    bed.begins()
    for minutes in (10, 5, 10):
        bed.tick(minutes * 60)
    return bed


def holds(*signs: Sign) -> BedStory:
    bed = PathStory()
    bed.begins()
    bed.observes({}, signs=signs)
    return bed


STORIES: dict[Condition, Callable[[], BedStory]] = {
    C.STOP_UNCONFIRMED: stop_unconfirmed,
    C.UNCOMMANDED_DRIVE: uncommanded,
    C.OVER_INFUSION: lambda: counts(200, C.OVER_INFUSION),
    C.REVERSE_FLOW: lambda: counter_falls_to(150),
    C.COUNTER_CLEARED: lambda: counter_falls_to(0),
    C.DELIVERY_UNKNOWN: unknown,
    C.PUMP_CHANGED: changed,
    C.PUMP_IN_DOUBT: in_doubt,
    C.TARGET_DIFFERS: other_target,
    C.RATE_LOWERED_AT_PUMP: lowered,
    C.PUMP_RESET: tells(PumpAlarm.RESET),
    C.STALLED: tells(PumpAlarm.STALL),
    C.LEASE_EXPIRED: tells(PumpAlarm.LEASE_EXPIRED),
    C.OCCLUSION: tells(PumpAlarm.OCCLUSION),
    C.AIR: tells(PumpAlarm.AIR),
    C.EMPTY: tells(PumpAlarm.EMPTY),
    C.BATTERY_LOW: battery_low,
    C.BATTERY_EMPTY: tells(PumpAlarm.BATTERY_EMPTY),
    C.PUMP_ALARM: tells(PumpAlarm.OTHER),
    C.RATE_DIFFERS: other_rate,
    C.START_FAILED: start_failed,
    C.STOPPED_AT_PUMP: stopped_at_pump,
    C.LINK_DOUBT: link_lost,
    C.LINK_LOST: link_lost,
    C.UNDER_INFUSION: lambda: counts(50, C.UNDER_INFUSION),
    C.JOURNAL_DOWN: journal_down,
    C.CLOCK_JUMP: slept,
    C.PAUSE_OVER: pause_over,
    C.STEP_DUE: step_due,
    C.NEAR_END: near_end,
    C.CONTAINER_NEAR_END: container_used_up,
    C.CONTAINER_ENDED: container_used_up,
    C.KVO_RUNNING: keeps_open,
    C.ENDED: ended,
    C.RESTARTED: restarted,
    C.LIBRARY_NOT_IN_FORCE: lambda: expired(days_left=-1),
    C.LIBRARY_EXPIRES: lambda: expired(days_left=10),
    C.FILES_CHANGED: files_changed,
    C.REPEATED_ALARM: again_and_again,
    C.OBSERVATION_DUE: unobserved,
    C.OBSERVATION_OVERDUE: unobserved,
    C.OBSERVATION_MISSED: unobserved,
    C.NOBODY_LISTENS: unheard,
    C.HOLD_PAUSE: lambda: holds(Sign.ASKS_TO_STOP),
    C.HOLD_STOP: lambda: holds(Sign.CHEST_PAIN),
}


def complaints(condition: Condition) -> list[str]:
    raised = {fact.condition for fact in STORIES[condition]().facts if isinstance(fact, AlarmRaised)}
    return [] if condition in raised else [f"{condition.value} is never told"]


_RAISE = alarms.raise_alarm


def loses(condition: Condition) -> Callable[..., None]:
    """The update in which this one was forgotten."""

    def updated(turn: Turn, raised: Condition, slot: str | None, *, value: int | None = None, detail: str = "") -> None:
        if raised is not condition:
            _RAISE(turn, raised, slot, value=value, detail=detail)

    return updated


@pytest.mark.requirement("F07")
def test_every_condition_has_its_story() -> None:
    assert set(STORIES) == set(Condition)


@pytest.mark.requirement("F07")
@pytest.mark.parametrize("condition", STORIES)
def test_what_brings_an_alarm_about_brings_it_about(condition: Condition) -> None:
    assert complaints(condition) == []


@pytest.mark.requirement("F07")
@pytest.mark.parametrize("condition", STORIES)
def test_an_update_that_loses_an_alarm_is_noticed(condition: Condition) -> None:
    with guard_removed("pumpd.core.alarms.raise_alarm", instead=loses(condition)):
        assert complaints(condition) == [f"{condition.value} is never told"]
