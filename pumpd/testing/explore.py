"""Every reachable state of a bed in a small domain: `./run explore`.

Breadth first over everything that may happen (explore_moves.py) with tiny numbers (explore_rules.py), on the real
`decide`. A state counts once (explore_sameness.py says what "the same" means), every decision is judged by the walls
(explore_walls.py), and from every state a plain way must lead back to rest (explore_home.py). A domain says where its
search begins, and how many moves it goes from there where that is not all the way.

A violated wall ends the search, exits with 1, and is told as the shortest way that leads there, a sentence a step.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from pumpd.testing.explore_moves import Domain
from pumpd.testing.explore_rules import BY_ITSELF, STEPS
from pumpd.testing.explore_search import Explored, Search

RUNS: Final = ("starts STEPS on p1", "done as asked", "start of p1 ends: it infuses, its counter as before")
STEP_IS_DUE: Final = (*RUNS, "infuses, its counter at the end of a step")
STOPPED: Final = (*RUNS, "presses STOP on p1", "stop of p1 ends: it stands still, its counter as before")
STALLS: Final = ("p1 is looked at: it stands still in stall", "p1 is looked at: it stands still, its counter as before")
GOES_ON: Final = ("resumes p1, keeping the volume", *RUNS[1:])
LOCKED: Final = (*RUNS, *STALLS, *GOES_ON, *STALLS, *GOES_ON, *STALLS)
IN_STEP_TWO: Final = (*STEP_IS_DUE, "lets p1 step up", "change_rate of p1 ends: it infuses, its counter as before")
IN_DOUBT: Final = (*RUNS, "silence")
IN_FAULT: Final = (
    "p1 is looked at: it infuses, its counter as before", "stop of p1 ends: it stands still, its counter as before",
)  # fmt: skip
OVER: Final = (*RUNS, "p1 is looked at: it stands still, its counter at the end of the plan")
TWICE: Final = (*OVER, *OVER)
CHANGED: Final = (*RUNS, "another pump", "p1 is looked at: it stands still, its counter as before")
BOLUS_RUNS: Final = (
    *RUNS, "doctor-1 asks for a bolus of 4", "stop of p1 ends: it stands still, its counter as before", *RUNS[1:],
)  # fmt: skip
BEGINNINGS: Final = (
    RUNS,
    BOLUS_RUNS,
    STEP_IS_DUE,
    IN_STEP_TWO,
    STOPPED,
    IN_DOUBT,
    LOCKED,
    IN_FAULT,
    CHANGED,
    TWICE,
    (),
)
AT_BED: Final = ("the prescriber signs for patient 1", "patient 1 comes")
NEXT: Final = ("the prescriber signs for patient 2",)
PATIENTS: Final = (
    (*AT_BED, *NEXT, *RUNS),
    (*AT_BED, *NEXT, *OVER),
    (*AT_BED, *NEXT, *STOPPED),
    (*AT_BED, *NEXT, *IN_DOUBT),
    (*AT_BED, *NEXT, *IN_DOUBT, "patient 2 comes; the bed is empty, the line off"),
)
QUICK: Final = (
    Domain(name="one pump", slots=("p1",), orders=(STEPS,), beginnings=BEGINNINGS, moves_max=2, edges=True),
    Domain(name="two pumps", slots=("p1", "p2"), orders=(STEPS,), beginnings=((), RUNS), moves_max=2),
    Domain(name="patients", slots=("p1",), orders=(STEPS,), beginnings=PATIENTS, moves_max=2, patients=True),
)
LARGE: Final = (
    Domain(name="one pump", slots=("p1",), orders=(STEPS, BY_ITSELF), beginnings=((), LOCKED), edges=True),
    Domain(name="two pumps", slots=("p1", "p2"), orders=(STEPS,), beginnings=((), RUNS), moves_max=4),
    Domain(name="patients", slots=("p1",), orders=(STEPS,), beginnings=PATIENTS, moves_max=4, patients=True),
)


def told(found: Explored) -> str:
    """The report of one search."""
    whole = "every state of the domain" if found.whole else "stopped in time, not every state"
    size = f"{found.states} states, {found.transitions} transitions, {found.depth} moves deep"
    lines = [f"{found.domain}: {size}, {found.cpu_s:.1f} s of a core: {whole}"]
    if found.wrong:
        lines += ["  VIOLATED", *(f"    {wrong}" for wrong in found.wrong), "  the shortest way there:"]
        lines += [f"    {number}. {step}" for number, step in enumerate(found.story, start=1)]
    else:
        arrows = len({way[:2] for way in found.ways})
        refused = sorted({code.value for codes in found.refused.values() for code in codes})
        ways = f"{arrows} ways between phases, {len(found.ways)} with their reasons"
        lines += [
            f"  every wall held; {ways}; {len(found.alarms)} alarms in a phase",
            f"  starts granted: {len(found.granted)} orders; refused for: {', '.join(refused)}",
        ]
    return "\n".join(lines)


def explore(domain: Domain, seconds_max: float | None) -> Explored:
    return Search(domain, seconds_max=seconds_max).run()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="./run explore", description="Every reachable state of a bed in a small domain."
    )
    parser.add_argument("--quick", action="store_true", help="the small domains, as ./run test does")
    parser.add_argument("--seconds", type=float, help="stop each search after this time (default: when all is visited)")
    arguments = parser.parse_args(argv)
    domains = QUICK if arguments.quick else LARGE
    with ProcessPoolExecutor(max_workers=2) as processes:
        found = list(processes.map(explore, domains, [arguments.seconds] * len(domains)))
    for each in found:
        print(told(each))
    return 1 if any(each.wrong for each in found) else 0


if __name__ == "__main__":
    sys.exit(main())
