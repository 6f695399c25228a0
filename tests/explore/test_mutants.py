"""The mutants: each change is one change, comes to life, and the list of survivors names what there is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from pumpd.testing.mutant_trials import Trials
from pumpd.testing.mutants import CORE, Mutant, mutants_of
from pumpd.testing.mutate import HELD, LISTED, core_tests, drawn, listed, modules, told

pytestmark = pytest.mark.timeout(300)
BEFORE: Final = """
from pumpd.core.exposure import given_since_ng
from pumpd.core.codes import Given

def test_one_test():
    old = Given(drug="saline", from_ns=0, to_ns=5, mass_ng=7)
    new = Given(drug="saline", from_ns=0, to_ns=9, mass_ng=7)
    {asserted}
"""


@pytest.fixture(scope="module")
def every_mutant() -> list[Mutant]:
    return [mutant for module in modules() for mutant in mutants_of(module)]


def test_no_two_mutants_have_one_name(every_mutant: list[Mutant]) -> None:
    assert len({mutant.name for mutant in every_mutant}) == len(every_mutant) > 1_000


def test_every_module_that_decides_is_tried() -> None:
    assert set(HELD) <= set(modules())
    assert {path.stem for path in CORE.glob("*.py")} - set(modules()) == {"population", "self_test", "slips"}


def test_what_mypy_proves_to_be_never_reached_is_no_mutant(every_mutant: list[Mutant]) -> None:
    assert any("left out" in mutant.change for mutant in every_mutant)
    assert [mutant.name for mutant in every_mutant if "assert_never" in mutant.name] == []


def test_trials_are_made_with_tests_of_the_core_and_none_that_starts_a_daemon() -> None:
    names = {path.name for path in core_tests()}
    assert {"test_limits.py", "test_evolve.py", "test_f41_same_drug_on_two_channels.py"} <= names
    assert names.isdisjoint({"test_openapi_any.py", "test_api_calls.py", "test_bedside.py", "test_steered.py"})


def test_the_sample_is_the_same_every_time() -> None:
    assert [mutant.name for mutant in drawn()] == [mutant.name for mutant in drawn()]
    assert {mutant.module for mutant in drawn()} == set(HELD)


def test_every_listed_survivor_is_a_mutant_and_has_its_reason(every_mutant: list[Mutant]) -> None:
    names = {mutant.name for mutant in every_mutant}
    assert [name for name in listed() if name not in names] == []
    assert [name for name, reason in listed().items() if len(reason) < 20] == []
    assert LISTED.read_text().count("[[survivor]]") == len(listed()), "one is listed twice"


def run(tmp_path: Path, asserted: str) -> subprocess.CompletedProcess[str]:
    """All mutants of exposure.py before one test, in a process of its own."""
    test = tmp_path / "test_one.py"
    test.write_text(BEFORE.format(asserted=asserted))
    command = [sys.executable, "-m", "pumpd.testing.mutate", "--module", "exposure", "--tests", str(test)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_mutant_is_noticed_by_a_test_that_says_the_value_and_by_no_other(tmp_path: Path) -> None:
    name = "exposure given_since_ng: Gt -> GtE #1"
    exact = run(tmp_path, "assert given_since_ng([old, new], since_ns=5) == 7")
    assert name not in exact.stdout
    assert "1 test(s) pass as the core is" in exact.stderr
    assert "0 of " in exact.stderr
    vague = run(tmp_path, "assert given_since_ng([old, new], since_ns=5) >= 7")
    assert f"survived: {name}" in vague.stdout
    assert vague.returncode == 1


def test_tests_that_fail_by_themselves_prove_nothing(tmp_path: Path) -> None:
    broken = run(tmp_path, "assert given_since_ng([old, new], since_ns=5) == 8")
    assert "FAILS WITHOUT ANY MUTANT" in broken.stdout
    assert broken.returncode == 1
    assert "mutants" not in broken.stderr, "none was tried"


@pytest.mark.parametrize(
    ("survived", "good", "said"),
    [
        ([], True, "2 of 2 mutants noticed"),
        ([0], False, "survived: made_up f: 0 -> 1 #1"),
    ],
)
def test_a_survivor_without_a_reason_fails_the_run(survived: Sequence[int], good: bool, said: str) -> None:  # noqa: FBT001
    tried = [
        Mutant(module="made_up", where="f", change="0 -> 1", nth=nth, lines=range(1, 2), place=nth) for nth in (1, 2)
    ]
    report, is_good = told(Trials(mutants=tried, tests=1, survived=[tried[index] for index in survived]))
    assert is_good is good
    assert said in report
