"""`./run simulate`: whole infusions in virtual time, with faults by seed, watched from outside.

The same daemon, drivers and simulated pumps as anywhere, on a clock that jumps (story.py tells what may happen to
them). A seed that violates a wall, raises, or burns processor time without end is a failure, and prints its
violations, the commit, and the line that plays it again. `--replay SEED` prints the story as a time line, `--verbose`
how often each phase, alarm and mishap came about: a simulation in which nothing happens proves nothing.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

from pumpd.core.units import NS_PER_S
from pumpd.testing.fault_story import Day
from pumpd.testing.oracles import LOOKS_AT_INFUSING, PROMPTS
from pumpd.testing.pairs import PAIRS
from pumpd.testing.story import LOOK_S, Outcome, Story, play
from pumpd.testing.virtual import BOOT_NS

HUNG_S: Final = 60  # of processor time, and as much again for each virtual hour: many times what a seed needs
FAULT_TEXT: Final = 120
RAISED_TEXT: Final = 1_500  # the innermost frames


class Hung(SystemExit):
    """A seed burns processor time without end. A SystemExit, since an event loop swallows everything gentler."""


def play_within(story: Story, *, keep: bool = False) -> Outcome:
    """Play a seed; one that hangs shows where, and raises Hung."""

    def hung(_signal: int, _frame: FrameType | None) -> None:
        faulthandler.dump_traceback()
        raise Hung(f"seed {story.seed} used {limit_s:.0f} s of processor time")

    limit_s = HUNG_S * (1 + story.hours)
    before = signal.signal(signal.SIGPROF, hung)
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    try:
        return play(story, keep=keep)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def play_all(stories: Sequence[Story], jobs: int) -> Iterator[Outcome]:
    """Play seeds in processes of their own, each told when it is done; what a seed raises is its violation."""
    with ProcessPoolExecutor(jobs, initializer=quiet) as pool:
        futures = [pool.submit(play_within, story) for story in stories]
        for story, future in zip(stories, futures, strict=True):
            yield _outcome(story, future)


def _outcome(story: Story, future: Future[Outcome]) -> Outcome:
    error = future.exception()
    if error is None:
        return future.result()
    cause = error if error.__cause__ is None else error.__cause__  # the traceback of the other process, as text
    raised = "".join(traceback.format_exception(cause)).strip()[-RAISED_TEXT:]
    return Outcome(
        seed=story.seed, virtual_s=0.0, journal_hash="", rows=0, violations=(f"raised: {raised}",), phases=(), faults=0
    )


def quiet() -> None:
    """No log lines: thousands of links go down and up."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


# --- for people ---------------------------------------------------------------------------------------------------


def time_line(outcome: Outcome) -> str:
    """The story of a seed, one line a fact or fault."""
    lines = [(entry.at_ns, f"{type(entry.fact).__name__:18} {_short(entry.fact)}") for entry in outcome.entries]
    lines += [(fired.at_ns, f"  fault: {fired.kind.value} {fired.detail[:FAULT_TEXT]}") for fired in outcome.fired]
    lines.sort(key=lambda line: line[0])
    return "\n".join(f"{(at_ns - BOOT_NS) / NS_PER_S:10.3f}  {text}" for at_ns, text in lines)


def _short(fact: object) -> str:
    text = repr(fact)
    return text[text.index("(") + 1 : -1][:200]


def commit() -> str:
    """The commit that is checked out here, if this is a checkout."""
    here = Path(__file__).resolve().parent
    try:
        told = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607  # the git of whoever runs this
            cwd=here,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return "unknown"
    return told.stdout.strip() or "unknown"


def failure(outcome: Outcome, story: Story) -> str:
    """What a failed seed prints: what was violated, at which commit, and how to see it again."""
    calm = " --jitter" if story.jitter else " --calm" if story.calm else ""
    driver = f" --driver {story.driver} --day {story.day.name.lower()}" if story.driver else ""
    again = f"./run simulate --replay {outcome.seed} --hours {story.hours!r}{calm}{driver}"
    lines = [f"seed {outcome.seed}: {violation}" for violation in outcome.violations]
    return "\n".join([*lines, f"  at commit {commit()}; play it again: {again}"])


def report(outcomes: Sequence[Outcome], took_s: float, *, verbose: bool = False) -> str:
    """The last lines: how much was played, and what came of it."""
    seen: Counter[str] = Counter()
    for outcome in outcomes:
        seen.update(dict(outcome.seen))
    virtual_s = sum(outcome.virtual_s for outcome in outcomes)
    ordered = sum(count for what, count in seen.items() if what.startswith("ordered "))
    ends = Counter(phase for outcome in outcomes for phase in outcome.phases)
    at_the_end = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
    faults, rows = sum(outcome.faults for outcome in outcomes), sum(outcome.rows for outcome in outcomes)
    speed = f", {virtual_s / took_s:.0f} virtual s a second" if took_s else ""
    bad = sum(1 for outcome in outcomes if outcome.violations)
    lines = [f"  {count:8}  {what}" for what, count in sorted(seen.items())] if verbose else []
    infusing_h = seen[LOOKS_AT_INFUSING] * LOOK_S / 3_600
    asks = {f"alarm {condition.value}" for condition in PROMPTS}
    nuisances = sum(count for what, count in seen.items() if what.startswith("alarm ") and what not in asks)
    rate = f", {nuisances / infusing_h:.4f} an hour" if infusing_h else ""
    lines += [
        f"{infusing_h:.1f} infusion-hours, {nuisances} alarms but those that ask a nurse for something due{rate}",
        f"{len(outcomes)} seeds, {virtual_s / 3_600:.1f} virtual hours{speed}, {faults} faults, {rows} journal rows",
        f"{ordered} infusions ordered, {seen['completed']} completed; pumps at the end: {at_the_end}",
        f"{len(outcomes) - bad} passed, {bad} failed",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 1 when any seed violates a wall."""
    parser = argparse.ArgumentParser(prog="./run simulate", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=50, help="how many seeds to play")
    parser.add_argument("--seed-base", type=int, default=1, help="the first seed")
    parser.add_argument("--hours", type=float, default=0.67, help="virtual hours a seed")
    parser.add_argument("--minutes", type=float, help="play seeds for this long by the clock on the wall instead")
    parser.add_argument("--replay", type=int, metavar="SEED", help="play one seed and print its time line")
    parser.add_argument("--calm", action="store_true", help="no faults: the ordinary day")
    parser.add_argument("--jitter", action="store_true", help="an ordinary day on a wire and a disk that are late")
    parser.add_argument(
        "--driver", choices=["all", *PAIRS], default="", help="this driver with its look-alike, and all faults of that"
    )
    parser.add_argument(
        "--day", choices=[day.name.lower() for day in Day], default="lot",
        help="with --driver: faults by lot, every fault once, or those that nobody can observe",
    )  # fmt: skip
    parser.add_argument("--verbose", action="store_true", help="how often each phase, alarm and mishap came about")
    parser.add_argument("--jobs", type=int, default=2, help="processes that play at once")
    chosen = parser.parse_args(arguments)
    quiet()
    began = time.monotonic()
    outcomes: list[Outcome] = []
    seed = chosen.seed_base
    while True:
        if chosen.replay is not None:
            batch = range(chosen.replay, chosen.replay + 1)
        else:
            batch = range(seed, seed + (chosen.seeds if chosen.minutes is None else 4 * chosen.jobs))
        stories = [
            Story(
                seed=each, hours=chosen.hours, calm=chosen.calm, jitter=chosen.jitter, driver=driver,
                day=Day[chosen.day.upper()],
            )
            for each in batch
            for driver in (PAIRS if chosen.driver == "all" else (chosen.driver,))
        ]  # fmt: skip
        replayed = chosen.replay is not None
        played = iter([play_within(stories[0], keep=True)]) if replayed else play_all(stories, chosen.jobs)
        for outcome, story in zip(played, stories, strict=True):
            if replayed:
                sys.stdout.write(time_line(outcome) + "\n")
            if outcome.violations:
                sys.stdout.write(failure(outcome, story) + "\n")
                sys.stdout.flush()
            outcomes.append(outcome)
        seed = batch.stop
        if chosen.minutes is None or time.monotonic() - began > chosen.minutes * 60:
            break
    sys.stdout.write(report(outcomes, time.monotonic() - began, verbose=chosen.verbose) + "\n")
    return 1 if any(outcome.violations for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
