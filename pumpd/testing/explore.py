"""Every reachable state of a bed in a small domain: `./run explore`.

Breadth first over everything that may happen (explore_moves.py) with tiny numbers (explore_rules.py), on the real
`decide`. A state counts once (explore_sameness.py says what "the same" means), every decision is judged by the walls
(explore_walls.py), and from every state a plain way must lead back to rest (explore_home.py).

One domain is visited whole (`WHOLE`): one infusion of one step on one pump. People start, stop, pause, resume, end,
answer, read labels, acknowledge and take back into use, by right and without; the pump says anything, its commands end
in every way, the bus loses and confuses it, the journal fails, the machine sleeps, the daemon restarts; time passes up
to each moment that shuts or opens a way. Both sides of each limit are asked at rest. No drug beyond one infusion: a bed
that gave more is judged and left. How often an alarm has stopped the pump is not told apart: the third time is one of
the two places where the search begins.

The others are wider, and go no more than `MOVES` moves from a handful of situations: steps up, rates, boluses,
containers, sound, saline whose steps go by themselves; two pumps; patients who come and go.

A violated wall ends the search, exits with 1, and is told as the shortest way that leads there, a sentence a step.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Final

from pumpd.testing.explore_moves import Domain
from pumpd.testing.explore_rules import BY_ITSELF, ONCE, STEPS
from pumpd.testing.explore_sameness import INFUSION_NG, Apart
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
MOVES: Final = 3
QUICK: Final = (
    Domain(name="one pump", slots=("p1",), orders=(STEPS,), beginnings=BEGINNINGS, moves_max=2, edges=True),
    Domain(name="two pumps", slots=("p1", "p2"), orders=(STEPS,), beginnings=((), RUNS), moves_max=2),
    Domain(name="patients", slots=("p1",), orders=(STEPS,), beginnings=PATIENTS, moves_max=2, patients=True),
)
WHOLE: Final = Domain(
    name="one infusion, whole",
    slots=("p1",),
    orders=(ONCE,),
    beginnings=((), (f"starts {ONCE} on p1", *LOCKED[1:])),
    apart=Apart(reasons=False, trips=False, clock=("silen", "the stop is late", "the question", "too late")),
    session_ng=INFUSION_NG,
    edges=True,
    without=("rates", "boluses", "papers", "hushes"),
)
LARGE: Final = (
    WHOLE,
    Domain(
        name="one pump", slots=("p1",), orders=(STEPS, BY_ITSELF), beginnings=BEGINNINGS, moves_max=MOVES, edges=True
    ),
    Domain(name="two pumps", slots=("p1", "p2"), orders=(STEPS,), beginnings=((), RUNS), moves_max=MOVES),
    Domain(name="patients", slots=("p1",), orders=(STEPS,), beginnings=PATIENTS, moves_max=MOVES, patients=True),
)


def told(found: Explored) -> str:
    """The report of one search."""
    if not found.whole:
        whole = "stopped in time, not every state"
    elif found.moves_max is None:
        whole = "every state of the domain"
    else:
        whole = f"every state within {found.moves_max} moves of where it begins"
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
    parser.add_argument("--moves", type=int, help=f"how far the wide domains go (default: {MOVES})")
    parser.add_argument("--seconds", type=float, help="stop each search after this time (default: when all is visited)")
    arguments = parser.parse_args(argv)
    domains: tuple[Domain, ...] = QUICK if arguments.quick else LARGE
    if arguments.moves is not None:
        domains = tuple(
            each if each.moves_max is None else replace(each, moves_max=arguments.moves) for each in domains
        )
    wrong = False
    with ProcessPoolExecutor(max_workers=2) as processes:
        for found in processes.map(explore, domains, [arguments.seconds] * len(domains)):
            print(told(found), flush=True)
            wrong = wrong or bool(found.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
