"""The proof from the first day: whole infusions in virtual time with seeded faults, watched from outside.

Stormy days, among them the seeds that once found a fault (CI adds five minutes of new ones, and `./run simulate` as
many as are asked for), ordinary days on which nothing may be alarmed, and the same journal in two processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from pumpd.core.codes import Phase
from pumpd.testing import simulate
from pumpd.testing.simulate import Hung, commit, failure, main, play_all, play_within, quiet, report, time_line
from pumpd.testing.story import Outcome, Story, play

JOBS = 2
FORTY_MINUTES = 2 / 3
REGRESSIONS = {  # seed: what it found, all within forty minutes
    408: "a daemon killed while it stopped a pump could not boot: its stop was sent before there was a bus",
    41: "the same, pressed before the first look after the failure: there was no reading to count from",
    625: "a counter that a power failure cleared was believed, and took back what it had counted",
    43: "an order inherited what the counter had moved for the infusion before it",
    31: "a rate dialled at the keys, hidden by a read-back of the stored one, outran the interval",
    120: "a pump run at its own keys after a prepare had failed: the interval never took it in",
}


@pytest.fixture(autouse=True)
def no_log_lines() -> None:
    quiet()


def violations(outcomes: list[Outcome], *, calm: bool = False) -> str:
    return "\n".join(
        failure(outcome, Story(seed=outcome.seed, hours=FORTY_MINUTES, calm=calm))
        for outcome in outcomes
        if outcome.violations
    )


@pytest.mark.timeout(600)
@pytest.mark.requirement("FLOW-07")
def test_stormy_days_violate_no_wall_and_are_stormy() -> None:
    stories = [Story(seed=1_000, hours=1.0), *(Story(seed=seed, hours=FORTY_MINUTES) for seed in REGRESSIONS)]
    outcomes = list(play_all(stories, JOBS))
    assert violations(outcomes) == ""
    seen: Counter[str] = Counter()
    for outcome in outcomes:
        seen.update(dict(outcome.seen))
    never = [phase.value for phase in Phase if phase is not Phase.IDLE and not seen[f"phase {phase.value}"]]
    assert never == [], report(outcomes, 0.0, verbose=True)
    assert seen["completed"] > len(stories), report(outcomes, 0.0, verbose=True)
    assert seen["daemon killed"] >= 3
    assert seen["host slept"] >= 2
    assert len([what for what in seen if what.startswith("alarm ")]) >= 12, seen
    assert any(len(outcome.phases) == 2 for outcome in outcomes), "no bed had two pumps"


@pytest.mark.timeout(300)
def test_ordinary_days_raise_no_alarm_and_end_what_they_begin() -> None:
    outcomes = list(play_all([Story(seed=seed, hours=FORTY_MINUTES, calm=True) for seed in (3_001, 3_002)], JOBS))
    assert violations(outcomes, calm=True) == ""


@pytest.mark.timeout(300)
@pytest.mark.requirement("ALM-20")
def test_an_ordinary_day_on_a_late_wire_and_a_slow_disk_raises_no_alarm() -> None:
    """A third of all replies late or in pieces: every infusion-hour of that is one without a nuisance."""
    outcomes = list(play_all([Story(seed=seed, hours=0.3, jitter=True) for seed in range(5_001, 5_005)], JOBS))
    assert violations(outcomes, calm=True) == ""
    told = report(outcomes, 0)
    assert ", 0 alarms but those" in told, told
    assert not told.startswith("0.0 infusion-hours"), told
    assert sum(dict(outcome.seen).get("completed", 0) for outcome in outcomes) >= 8


def test_the_same_seed_gives_the_same_journal_in_two_processes() -> None:
    code = (
        "from pumpd.testing.story import Story, play; from pumpd.testing.simulate import quiet; quiet(); "
        "import sys; print(play(Story(seed=5, hours=0.2)).journal_hash); "
        "assert not {'pytest', 'hypothesis'} & set(sys.modules), 'a user of simulate has neither'"
    )
    hashes = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert hashes[0] == hashes[1] != "0" * 64
    assert hashes[0] != play(Story(seed=6, hours=0.2)).journal_hash


def test_a_replay_reads_as_a_time_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--replay", "3", "--hours", "0.1", "--verbose"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("InfusionOrdered" in line for line in lines)
    assert any("fault: " in line for line in lines)
    times = [float(line[:10]) for line in lines if line[:10].strip().replace(".", "").isdigit() and "  " in line[10:12]]
    story = [at_s for at_s in times if at_s != int(at_s)]
    assert story == sorted(story)
    assert lines[-1] == "1 passed, 0 failed"


def test_a_failure_names_seed_commit_and_how_to_see_it_again() -> None:
    outcome = play(Story(seed=4, hours=0.02), keep=True)
    assert time_line(outcome)
    bad = Outcome(seed=4, virtual_s=72, journal_hash="", rows=0, violations=("1.000 s: p1 lies",), phases=(), faults=0)
    told = failure(bad, Story(seed=4, hours=0.02, calm=True))
    assert "seed 4: 1.000 s: p1 lies" in told
    assert f"at commit {commit()}" in told
    assert "./run simulate --replay 4 --hours 0.02 --calm" in told
    assert "0 passed, 1 failed" in report([bad], 1.0)


def test_what_a_seed_raises_is_its_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "play", _broken)  # the worker processes are forked, and have it too
    (outcome,) = play_all([Story(seed=9, hours=0.1)], jobs=1)
    assert "the bed's loop died of seed 9" in outcome.violations[0]


def _broken(story: Story, *, keep: bool = False) -> Outcome:
    raise AssertionError(f"the bed's loop died of seed {story.seed} {keep}")


def test_a_seed_that_hangs_is_shown_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "play", _spins)
    monkeypatch.setattr(simulate, "HUNG_S", 0.05)
    with pytest.raises(Hung, match="seed 9"):
        play_within(Story(seed=9, hours=0.1))


def _spins(story: Story, *, keep: bool = False) -> Outcome:
    turns = story.seed + keep
    while turns:
        turns += 1
    raise AssertionError("unreachable")
