"""Every visit of a series, one after another at one bed, as an ideal nurse plays them.

    python -m pumpd.testing.whole_course --regimen SI-2

The days between two visits are kept: each is played when it would have been (scene_bed.py), by a daemon that is started
in the morning on what the day before has left, as at a bed that is switched off at night. So an order that is signed
once, a patient who comes back, and a course that adds itself up go over as many restarts as there are visits.

No line is flushed into the patient: what it holds is drug beyond the order, 15 mg on each day of CRPS-OP10, and ten
such days are above the hard limit of that course. It is thrown away with the rest.

Every hour is played coarsely (coarse.py): what is due is due, and ten days take minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, cycle, islice
from pathlib import Path
from typing import Final

from pumpd.api_course_calls import course
from pumpd.api_course_models import CourseView
from pumpd.api_path_calls import open_visit
from pumpd.api_path_models import VisitBody
from pumpd.core.units import Towards, mass_ng
from pumpd.demo_stage import CONFIG, prepare
from pumpd.testing.coarse import coarsely
from pumpd.testing.ideal_nurse import IdealNurse
from pumpd.testing.known_patient import Known
from pumpd.testing.nurse_tally import Tally
from pumpd.testing.processes import remove, short_folder
from pumpd.testing.scene import ARRIVES, minutes_since
from pumpd.testing.scene_bed import SceneBed
from pumpd.testing.treatment import Treatment

DAYS_BETWEEN: Final[Mapping[str, tuple[int, ...]]] = {
    "MDD-2x3": (3, 4),
    "MDD-3x2": (2, 2, 3),
    "MDD-MAINT": (7,),
    "SI-2": (1,),
    "PTSD-3x2": (2, 2, 3),
    "CRPS-OP10": (1, 1, 1, 1, 3),
    "FM-3H": (7,),
    "NP-OP5": (1,),
    "PAIN-4H": (7,),
}  # over and over, as the catalogue has it in words; the other regimens have one visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One visit that is over, and the course as the bed shows it that evening."""

    number: int
    tally: Tally
    displaced_ng: int  # by the pump's own truth
    course: CourseView


def days_between(regimen: str) -> tuple[int, ...]:
    """Before each visit but the first."""
    visits = Treatment.of(regimen, 1).regimen.sessions
    return tuple(islice(cycle(DAYS_BETWEEN.get(regimen, (0,))), visits - 1))


def plays(regimen: str, folder: Path) -> Iterator[Day]:
    """Each visit in its turn, on the bed of this folder, which has no past yet; the last one was yesterday."""
    prepare(folder, port=0)
    days = list(accumulate(days_between(regimen), initial=0))
    today = datetime.now().astimezone().date()
    known: Known | None = None
    for number, day in enumerate(days, start=1):
        arrives = datetime.combine(today - timedelta(days=1 + days[-1] - day), ARRIVES).astimezone()
        with SceneBed(folder / CONFIG, regimen, minutes_ago=minutes_since(arrives)) as bed, coarsely():
            nurse = IdealNurse(bed, regimen, number, known, flushes=False)
            tally = nurse.plays()
            known = nurse.known_tomorrow()
            bed.sign_in()
            yield Day(
                number=number,
                tally=tally,
                displaced_ng=mass_ng(
                    bed.truth().displaced_nl, nurse.treatment.container.concentration_ug_per_ml, Towards.DOWN
                ),
                course=bed.client.send(course(known.series)),
            )


def opens_no_more(regimen: str, folder: Path, series: str) -> list[list[str]]:
    """Why the bed of this folder opens no visit of a course that is over, today: for each number, and one beyond."""
    visits = Treatment.of(regimen, 1).regimen.sessions
    with SceneBed(folder / CONFIG, regimen) as bed:
        bed.sign_in()
        answers = [
            bed.client.send(open_visit(VisitBody(series=series, number=number))) for number in range(1, visits + 2)
        ]
    return [[each.code.value for each in answer.reasons] for answer in answers]


def line(day: Day) -> str:
    """Such as "visit 2 of 6, 3 days later: 23 taps and 15 typed to the start; 2 of 6 visits, ...; 70 mg in all"."""
    shown, tally = day.course, day.tally
    gap = shown.attended[-1].gap_days
    later = "" if gap is None else f", {gap} day{'s' if gap != 1 else ''} later"
    asked = f"{tally.taps_to_start} taps and {tally.fields_to_start} typed fields to the start"
    return f"visit {day.number}{later}: {asked}; {shown.visits_text}, {shown.given_text} in all"


def main() -> int:
    parser = argparse.ArgumentParser(description="Play every visit of a regimen at one bed, and print a line of each.")
    parser.add_argument("--regimen", required=True, help="an id of the catalogue, such as SI-2")
    asked = parser.parse_args()
    folder = short_folder()
    try:
        for day in plays(asked.regimen, folder):
            print(line(day), flush=True)
    finally:
        remove(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
