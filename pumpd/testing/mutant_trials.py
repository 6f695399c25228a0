"""Trials: each mutant before the tests that walk over its lines, its module's own first, until one fails.

The tests are imported and run once as they are, each with the lines of the core that it walks over. Then every mutant
gets a process of its own, forked from there: nothing is imported again, the changed function is put in place, and the
tests that have something to say about it run. A test that uses five times the processor time that it needs has
been made to run for ever; that is noticed too.

Random examples are the same in every trial, and no failing one is kept or shrunk: a mutant must not leave a trace.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from _pytest.runner import runtestprotocol
from coverage import Coverage

from pumpd.testing.mutants import CORE, Mutant, bring_to_life

SLOWER: Final = 5  # than the same test without the mutant, and it runs for ever
CPU_LEAST_S: Final = 2  # the kernel counts whole seconds
SURVIVED: Final = 0
NOTICED: Final = 1
SAY_EVERY: Final = 25  # mutants: a minute or two


@dataclass(kw_only=True)
class Trials:
    """What came of it: the mutants that no test noticed, and those whose lines no test walks over."""

    mutants: Sequence[Mutant]
    tests: int = 0
    broken: list[str] = field(default_factory=list)  # tests that fail without any mutant
    survived: list[Mutant] = field(default_factory=list)
    unvisited: list[Mutant] = field(default_factory=list)

    @property
    def left(self) -> list[Mutant]:
        return [*self.survived, *self.unvisited]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Test:
    item: pytest.Item
    cpu_s: float
    lines: frozenset[tuple[str, int]]


class _Plugin:
    """Takes the place of pytest's own loop over the tests."""

    def __init__(self, trials: Trials, workers: int, patience_s: float, say: Callable[[str], None]) -> None:
        self.trials = trials
        self.say = say
        self.workers = workers
        self.patience_s = patience_s

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """After the tests' own profiles, and before the first test is imported."""
        from hypothesis import Phase, settings  # noqa: PLC0415  # pytest wants to rewrite it, and so to see it first

        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutants", deadline=None, database=None, derandomize=True, phases=phases)
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            self.trials.broken.append("the tests cannot be collected")
            return True
        tests = self._as_they_are(session.items)
        self.trials.tests = len(tests)
        if not self.trials.broken:
            needed_s = sum(test.cpu_s for test in tests)
            self.say(f"{len(tests)} test(s) pass as the core is, in {needed_s:.0f} s of a core; now the mutants")
            tests.sort(key=lambda test: test.cpu_s)
            self._try_all(tests)
        return True

    def _as_they_are(self, items: list[pytest.Item]) -> list[_Test]:
        """Each test once without a mutant: how long it takes, and which lines of the core it walks over.

        The first that fails is the end: mutants are held before tests that pass.
        """
        coverage = Coverage(data_file=None, config_file=False, include=[str(CORE / "*.py")])
        cpu_s: dict[str, float] = {}
        coverage.start()
        for item in items:
            began = time.process_time()
            coverage.switch_context(item.nodeid)
            if any(report.failed for report in runtestprotocol(item, log=False, nextitem=None)):
                self.trials.broken.append(item.nodeid)
                break
            cpu_s[item.nodeid] = time.process_time() - began
        coverage.stop()
        if self.trials.broken:
            return []
        lines: dict[str, set[tuple[str, int]]] = {item.nodeid: set() for item in items}
        data = coverage.get_data()
        for file in data.measured_files():
            for line, contexts in data.contexts_by_lineno(file).items():
                for nodeid in contexts:
                    lines.setdefault(nodeid, set()).add((Path(file).stem, line))
        return [_Test(item=each, cpu_s=cpu_s[each.nodeid], lines=frozenset(lines[each.nodeid])) for each in items]

    def _try_all(self, tests: list[_Test]) -> None:
        running: dict[int, Mutant] = {}
        for tried, mutant in enumerate(self.trials.mutants):
            if tried % SAY_EVERY == 0:
                self.say(f"{tried} of {len(self.trials.mutants)} mutants, {len(self.trials.left)} left so far")
            fitting = list(_fitting(mutant, tests, self.patience_s))
            if not fitting:
                self.trials.unvisited.append(mutant)
                continue
            if len(running) >= self.workers:
                self._wait(running)
            running[_fork(mutant, fitting)] = mutant
        while running:
            self._wait(running)
        self.trials.survived.sort(key=lambda mutant: mutant.name)

    def _wait(self, running: dict[int, Mutant]) -> None:
        child, status = os.wait()
        mutant = running.pop(child)
        if os.waitstatus_to_exitcode(status) == SURVIVED:
            self.trials.survived.append(mutant)


def _fitting(mutant: Mutant, tests: list[_Test], patience_s: float) -> Iterator[_Test]:
    """The tests that walk over the changed lines; for a constant, all: whoever uses it does so somewhere else.

    Those whose file is named after the module first, for `patience_s` of processor time in all.
    """
    lines = {(mutant.module, line) for line in mutant.lines}
    spent_s = 0.0
    for test in sorted(tests, key=lambda each: mutant.module not in each.item.path.stem):
        if mutant.is_constant or not lines.isdisjoint(test.lines):
            spent_s += test.cpu_s
            if spent_s > patience_s:
                return
            yield test


def _fork(mutant: Mutant, tests: list[_Test]) -> int:
    child = os.fork()
    if child == 0:
        outcome = NOTICED
        try:
            outcome = _tried(mutant, tests)
        finally:
            os._exit(outcome)
    return child


def _tried(mutant: Mutant, tests: list[_Test]) -> int:
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    bring_to_life(mutant)
    for test in tests:
        cpu_s = int(time.process_time() + CPU_LEAST_S + SLOWER * test.cpu_s)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, resource.RLIM_INFINITY))
        if any(report.failed for report in runtestprotocol(test.item, log=False, nextitem=None)):
            return NOTICED
    return SURVIVED


def hold(
    mutants: Sequence[Mutant], tests: Sequence[Path], *, workers: int, patience_s: float, say: Callable[[str], None]
) -> Trials:
    """Try every mutant before these tests, each for `patience_s` of processor time at most; `say` how far it is."""
    trials = Trials(mutants=mutants)
    with TemporaryDirectory() as scratch:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = scratch
        arguments = ["-q", "--no-header", "--no-summary", "--import-mode=importlib", "-p", "no:cacheprovider"]
        settings = ["-o", "addopts=", "-o", "timeout=0"]
        plugin = _Plugin(trials, workers, patience_s, say)
        code = pytest.main([*arguments, *settings, *map(str, tests)], plugins=[plugin])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        trials.broken.append(f"pytest ended with {code}")
    return trials
