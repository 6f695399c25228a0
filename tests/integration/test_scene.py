"""Each scene promises something; the daemon that is started on it, as after any restart, has to show just that."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import jsonschema
import pytest
from pumpd_sim import state

from pumpd import api_course_calls, api_departure_calls, api_path_calls
from pumpd.api_models import Phase
from pumpd.api_path_models import VisitView
from pumpd.clock import SystemClock
from pumpd.demo_stage import CONFIG, PUMP_STATE, prepare
from pumpd.journal import read_entries
from pumpd.testing import scene
from pumpd.testing.processes import remove, short_folder
from pumpd.testing.scene_bed import SceneBed

MINUTE_NS = 60 * 10**9
FRESH_MS = 300_000  # what stands still is written once
DAY_MINUTES = 24 * 60


@pytest.fixture
def folder() -> Iterator[Path]:
    made = short_folder()
    yield made
    remove(made)


def conditions(bed: SceneBed) -> dict[str, str]:
    return {alarm.condition.value: alarm.priority for alarm in bed.client.bed().alarms}


def at_bed(bed: SceneBed) -> list[VisitView]:
    return [each for each in bed.client.send(api_path_calls.visits()) if each.place.value == "at_bed"]


def shows_running(bed: SceneBed) -> None:
    """Three hours and five minutes at 12.25 mg/h, and it goes on."""
    before = bed.truth()
    pump = bed.pump()
    assert pump.phase is Phase.INFUSING
    assert pump.delivered is not None
    assert pump.delivered.low_nl <= before.displaced_nl <= bed.truth().displaced_nl
    assert before.displaced_nl == pytest.approx(195 / 60 * 12.25 / 5 * 10**6, rel=0.01)
    assert conditions(bed) == {"restarted": "low"}
    bed.advance(minutes=1)
    assert bed.truth().displaced_nl > before.displaced_nl
    assert bed.holds_the_truth()


def shows_step_due(bed: SceneBed) -> None:
    pump = bed.pump()
    assert pump.phase is Phase.INFUSING
    assert pump.buttons.step.allowed
    assert "step_due" in conditions(bed)
    assert bed.truth().motor_turning


def shows_occlusion(bed: SceneBed) -> None:
    assert conditions(bed)["stalled"] == "high"
    assert bed.pump().phase is Phase.STOPPED
    truth = bed.truth()
    assert (truth.occluded, truth.motor_turning) == (True, False)
    assert truth.pressure_mmhg > 900


def shows_uncertain(bed: SceneBed) -> None:
    pump = bed.pump()
    assert pump.phase is Phase.UNCERTAIN
    assert pump.question == "Look at the pump: is the plunger being driven?"
    assert conditions(bed)["delivery_unknown"] == "high"
    assert not bed.truth().motor_turning  # its own lease is over


def shows_recovery(bed: SceneBed) -> None:
    bed.sign_in()
    (mine,) = bed.client.send(api_departure_calls.recovery())
    assert mine.place.value == "recovering"
    assert mine.doses[0].is_wasted
    assert {each.code.value for each in mine.closed_home} >= {"recovery_after_start_s", "not_scored"}
    assert bed.pump().phase is Phase.IDLE
    assert at_bed(bed) == []


def shows_course_day_6(bed: SceneBed) -> None:
    bed.sign_in()
    (visit,) = at_bed(bed)
    assert visit.number == 6
    course = bed.client.send(api_course_calls.course(visit.series))
    assert (course.planned, course.visits) == (10, 5)
    assert bed.pump().phase is Phase.IDLE


SHOWN: dict[str, Callable[[SceneBed], None]] = {
    "running": shows_running,
    "step-due": shows_step_due,
    "occlusion": shows_occlusion,
    "uncertain": shows_uncertain,
    "recovery": shows_recovery,
    "course-day-6": shows_course_day_6,
}
LONG = ("running", "course-day-6")


def test_every_scene_is_looked_at() -> None:
    assert set(SHOWN) == set(scene.SCENES)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [pytest.param(each, marks=pytest.mark.long if each in LONG else ()) for each in SHOWN])
def test_what_a_scene_promises_is_there_after_the_restart(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up_for(monkeypatch, 1 if scene.SCENES[name].up_minutes == 0 else DAY_MINUTES)
    scene.play(name, folder)
    entries = list(read_entries(folder / "state" / "journal.sqlite3"))
    assert 0 <= time.time() * 1_000 - entries[-1].wall_ms < FRESH_MS, "the past ends now, and not later"
    with SceneBed(folder / CONFIG, saved=state.read(folder / PUMP_STATE)) as bed:
        bed.advance(seconds=3)
        SHOWN[name](bed)


def up_for(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """The machine was started so long ago."""
    real, began_ns = SystemClock.now_ns, time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    monkeypatch.setattr(SystemClock, "now_ns", lambda clock: real(clock) - began_ns + minutes * MINUTE_NS)


def test_what_no_start_of_a_machine_survives_is_not_played_on_one_just_started(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    up_for(monkeypatch, 45)
    assert scene.main(["running", "--into", str(folder)]) == 2
    assert "this machine was started 45 min ago" in (said := capsys.readouterr().err)
    assert "choose occlusion, uncertain, recovery, course-day-6, or wait" in said


def test_what_a_scene_leaves_is_a_state_by_the_schema(folder: Path, pytestconfig: pytest.Config) -> None:
    """The pump of a bed at rest is saved, and served again."""
    config, _ = prepare(folder, port=0)
    with SceneBed(config) as bed:
        bed.until(0)
    told = json.loads(bed.saved({"fault": "mute", "for_s": 5}).text())
    schema = json.loads((pytestconfig.rootpath / "docs" / "pump-state.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(told, schema)


def test_a_bed_that_has_a_past_gets_no_other(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, made = prepare(folder, port=0)
    made.journal_path.parent.mkdir()
    made.journal_path.touch()
    assert scene.main(["recovery", "--into", str(config.parent)]) == 2
    assert "has a past already; name another folder" in capsys.readouterr().err


def test_working_days_are_counted_back_over_a_weekend() -> None:
    wednesday = date(2026, 11, 25)
    found = scene.weekdays_before(wednesday, 5)
    assert [f"{each:%a %d}" for each in found] == ["Wed 18", "Thu 19", "Fri 20", "Mon 23", "Tue 24"]
    assert {each.hour for each in found} == {9}
