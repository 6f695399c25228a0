"""A way through the core that no test takes is found by name, and an argument that is wrong or stale is found too."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from coverage import Coverage

from pumpd.testing.uncovered import ARGUED, CORE, argued, main, told, untaken

SOURCE = '''"""A module as the core has them."""


def gate(*, open_now: bool, locked: bool) -> str:
    if locked:
        return "locked"
    for _ in range(2):
        if open_now:
            break
    return "through"


def forgotten() -> None:
    print("nobody calls this")


gate(open_now=True, locked=False)
'''
LOCKED = 'gates gate: if locked: -> return "locked"'
CLOSED = "gates gate: if open_now: -> for _ in range(2):"
RUNS_OUT = 'gates gate: for _ in range(2): -> return "through"'
FORGOTTEN = "gates forgotten: never called"


def measured(folder: Path, source: str = SOURCE) -> Path:
    """What coverage.py writes about a module of which two branches are taken one way only, and one function never."""
    module, data = folder / "gates.py", folder / "measured"
    module.write_text(source, encoding="utf-8")
    coverage = Coverage(data_file=data, branch=True, config_file=False, include=[str(module)], messages=False)
    with coverage.collect():
        runpy.run_path(str(module))
    coverage.save()
    return data


def test_what_no_test_takes_is_named_by_function_and_both_lines(tmp_path: Path) -> None:
    assert set(untaken(measured(tmp_path), tmp_path)) == {LOCKED, CLOSED, RUNS_OUT, FORGOTTEN}


def test_lines_that_move_change_no_name(tmp_path: Path) -> None:
    before = untaken(measured(tmp_path), tmp_path)
    moved = SOURCE.replace("def gate", "MOVED = 'by two lines'\n\n\ndef gate")
    assert untaken(measured(tmp_path, moved), tmp_path) == before


def test_an_argued_way_passes_and_a_new_one_does_not() -> None:
    report, good = told([LOCKED], {LOCKED: "a gate that is locked lets nobody in"})
    assert good, report
    report, good = told([LOCKED, CLOSED], {LOCKED: "a gate that is locked lets nobody in"})
    assert not good
    assert f"no test takes: {CLOSED}" in report
    assert LOCKED not in report


def test_an_argument_against_what_was_taken_after_all_is_wrong() -> None:
    report, good = told([], {LOCKED: "a gate is never locked"})
    assert not good
    assert f"argued as never taken, but taken, or gone: {LOCKED}" in report


def test_every_argument_says_why_and_names_a_module_of_the_core() -> None:
    for way, reason in argued().items():
        assert len(reason.split()) >= 8, f"{way}: that is no argument"
        assert (CORE / f"{way.partition(' ')[0]}.py").is_file(), f"{way}: stands in {ARGUED.name} for no module"


def test_without_a_measurement_it_says_how_to_get_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "nothing")]) == 2
    assert "./run test" in capsys.readouterr().out
