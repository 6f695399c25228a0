"""A bed with a past, for the demo and for whoever builds on pumpd: one of six scenes, played ahead until now.

    python -m pumpd.testing.scene running --into FOLDER

A nurse who makes no mistake plays it from some hours ago to this moment, on the whole daemon with a simulated pump, as
quickly as the machine can. The folder then has the daemon's files (journal, samples, identities) and the pump as it is
at the end (`pump-p1.json`, for `pumpd-sim serve --state`). Whoever starts both there has a restart like any other: the
daemon folds its journal, asks the pump who it is and what it does, and goes on because everything fits, or stops.

Nothing in a scene is made up: what the page shows of the past was asked, granted and measured.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Final

from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.state import WireState

from pumpd.config import Config
from pumpd.core.units import NS_PER_S
from pumpd.demo_stage import CONFIG, PUMP_STATE, prepare
from pumpd.errors import DemoError, PumpdError
from pumpd.testing.known_patient import Known
from pumpd.testing.scene_bed import SceneBed, up_ns
from pumpd.testing.scene_nurse import SceneNurse

DAILY: Final = "CRPS-OP10"
IN_STEPS: Final = "PAIN-4H"
MOOD: Final = "MDD-2x3"
LEAD_MINUTES: Final = 20.0  # from the patient's arrival to the start, with every wait in it
NO_ANSWER_S: Final = 1_000_000  # until a trainer ends it
COURSE_DAYS_OVER: Final = 5
SATURDAY: Final = 5
ARRIVES: Final = clock_time(9)

Played = Callable[[Path], WireState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`shows`: what somebody sees who opens the page on it.

    `up_minutes`: for how long the machine must have been up, where something is under way that no start of a machine
    survives without a question (wall 12: then it may be another pump).
    """

    shows: str
    play: Played
    up_minutes: int = 0


def _running(config: Path) -> WireState:
    """Three hours of four, observed as was due."""
    with SceneBed(config, DAILY, minutes_ago=195 + LEAD_MINUTES) as bed:
        nurse = SceneNurse(bed, DAILY)
        nurse.starts(195)  # well between two sets, each some time after the one before
        nurse.sits_by()
        bed.until_now()
    return bed.saved()


def _step_due(config: Path) -> WireState:
    """The first of three steps was complete 4 min ago: the second waits for a tap."""
    with SceneBed(config, IN_STEPS, minutes_ago=34 + LEAD_MINUTES) as bed:
        nurse = SceneNurse(bed, IN_STEPS)
        nurse.starts(34)
        nurse.sits_by(taps_steps=False)
        bed.until_now()
    return bed.saved()


def _occlusion(config: Path) -> WireState:
    """The line closed 5 min ago; some minutes later the motor could push no further."""
    with SceneBed(config, MOOD, minutes_ago=20 + LEAD_MINUTES) as bed:
        nurse = SceneNurse(bed, MOOD)
        nurse.starts(20)
        nurse.sits_by(5)
        bed.fault(Fault(kind=FaultKind.OCCLUSION))
        bed.until_now()
    return bed.saved()


def _uncertain(config: Path) -> WireState:
    """The pump has not answered for a minute, and does not answer when it is asked anew."""
    with SceneBed(config, MOOD, minutes_ago=20 + LEAD_MINUTES) as bed:
        nurse = SceneNurse(bed, MOOD)
        nurse.starts(20)
        nurse.sits_by()
        bed.until(1)
        bed.fault(Fault(kind=FaultKind.MUTE, for_ms=NO_ANSWER_S * 1_000))
        bed.until_now()
    return bed.saved({"fault": "mute", "for_s": NO_ANSWER_S})


def _recovery(config: Path) -> WireState:
    """Forty minutes went in; the patient has been in recovery for a while and may not go home yet, the bed is free."""
    with SceneBed(config, MOOD, minutes_ago=58 + LEAD_MINUTES) as bed:
        nurse = SceneNurse(bed, MOOD)
        nurse.starts(58)
        nurse.sits_by()
        nurse.clears_the_bed()
        nurse.sits_by()
        bed.until_now()
    return bed.saved()


def _course_day_6(config: Path) -> WireState:
    """Five weekdays of four hours each, and today's visit is just open."""
    known: Known | None = None
    for number, arrived in enumerate(weekdays_before(datetime.now().astimezone().date(), COURSE_DAYS_OVER), start=1):
        with SceneBed(config, DAILY, minutes_ago=minutes_since(arrived)) as bed:
            nurse = SceneNurse(bed, DAILY, number, known)
            nurse.starts(minutes_since(arrived) - LEAD_MINUTES)
            nurse.sits_by(0)
            nurse.clears_the_bed()
            nurse.sends_on()
        known = nurse.known_tomorrow()
        say(f"day {number} of the course was {arrived:%A, %d %B}")
    with SceneBed(config, DAILY, minutes_ago=5) as bed:
        SceneNurse(bed, DAILY, COURSE_DAYS_OVER + 1, known).opens()
        bed.until_now()
    return bed.saved()


SCENES: Final[Mapping[str, Scene]] = {
    "running": Scene(shows="an infusion in its fourth hour", play=_running, up_minutes=205),
    "step-due": Scene(shows="a planned step up that waits for a tap", play=_step_due, up_minutes=54),
    "occlusion": Scene(shows="a closed line, and the HIGH alarm of it", play=_occlusion, up_minutes=40),
    "uncertain": Scene(shows="a pump that does not answer, and the page's question", play=_uncertain, up_minutes=40),
    "recovery": Scene(shows="a patient in recovery, and a bed that is free", play=_recovery),
    "course-day-6": Scene(shows="the sixth day of ten: today's visit is open", play=_course_day_6),
}


# --- the calendar -----------------------------------------------------------------------------------------


def weekdays_before(today: date, count: int) -> list[datetime]:
    """The last so many working days, the oldest first, at nine o'clock."""
    day = today
    found: list[datetime] = []
    while len(found) < count:
        day -= timedelta(days=1)
        if day.weekday() < SATURDAY:
            found.append(datetime.combine(day, ARRIVES).astimezone())
    return found[::-1]


def minutes_since(then: datetime) -> float:
    return (datetime.now().astimezone() - then).total_seconds() / 60


# --- the command ------------------------------------------------------------------------------------------


def say(text: str) -> None:
    print(text, flush=True)


def play(name: str, folder: Path) -> None:
    """Into a folder whose bed has no past yet. Raises DemoError."""
    config = folder / CONFIG
    if not config.is_file():
        prepare(folder, port=0)
    if Config.load(config).journal_path.exists():
        raise DemoError(f"{folder}: this bed has a past already; name another folder with --into")
    up_minutes = up_ns() // NS_PER_S // 60
    if up_minutes < SCENES[name].up_minutes:
        able = ", ".join(each for each, scene in SCENES.items() if scene.up_minutes <= up_minutes)
        raise DemoError(
            f"{name} begins {SCENES[name].up_minutes} min ago, and this machine was started {up_minutes} min ago: "
            f"a pump that ran through that would be doubted; choose {able}, or wait"
        )
    began_s = time.monotonic()
    saved = SCENES[name].play(config)
    (folder / PUMP_STATE).write_text(saved.text(), encoding="utf-8")
    say(f"{name}: {SCENES[name].shows}; played in {time.monotonic() - began_s:.1f} s")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m pumpd.testing.scene", description="Play a bed's past, so that a demo can begin in the middle."
    )
    parser.add_argument("name", choices=tuple(SCENES), help="which scene")
    parser.add_argument("--into", type=Path, required=True, metavar="FOLDER", help="of the demo, or a new one")
    asked = parser.parse_args(argv)
    folder = asked.into.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        play(asked.name, folder)
    except (PumpdError, OSError) as error:
        sys.stderr.write(f"scene {asked.name}: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
