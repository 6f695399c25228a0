"""docs/hazards.md is true: its tables are those of the data files, and every finished row has a test with its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pumpd.testing import traceability
from pumpd.testing.traceability import Marked, Row, Tables, faults_of, markers, read_tables, redrawn, summary

NOW = read_tables()
MARKED = markers()


def test_the_page_has_the_tables_of_today() -> None:
    page = traceability.PAGE.read_text(encoding="utf-8")
    assert redrawn(page, NOW) == page, "run: .venv/bin/python -m pumpd.testing.traceability"


def test_every_finished_row_has_a_test_and_every_marker_a_row() -> None:
    assert faults_of(NOW, MARKED) == []


def changed(rows: Sequence[Row], found: str, **how: object) -> tuple[Row, ...]:
    assert any(row.id == found for row in rows)
    return tuple(replace(row, **how) if row.id == found else row for row in rows)  # type: ignore[arg-type]  # by name


def without(found: str) -> Tables:
    return replace(NOW, requirements=tuple(row for row in NOW.requirements if row.id != found))


@pytest.mark.parametrize(
    ("tables", "marked", "told"),
    [
        (NOW, [each for each in MARKED if each.id != "LEASE-02"], "LEASE-02 is finished, and no test"),
        (NOW, [Marked(id="FLOW-99", path="tests/x.py", test="test_x")], "names FLOW-99, which is no row"),
        (without("LOG-03"), MARKED, "104 rows of requirement instead of 105"),
        (replace(NOW, failures=NOW.failures[1:]), MARKED, "47 rows of F instead of 48"),
        (replace(NOW, failures=NOW.failures[:-1]), MARKED, "17 rows of G instead of 18"),
        (replace(NOW, failures=(*NOW.failures, NOW.failures[0])), MARKED, "F01 is there 2 times"),
        (replace(NOW, hazards=(replace(NOW.hazards[0], answered=()),)), MARKED, "H01 is answered by nothing"),
        (replace(NOW, hazards=(replace(NOW.hazards[0], answered=("X-1",)),)), MARKED, "H01: X-1 is no row"),
        (replace(NOW, requirements=changed(NOW.requirements, "CMD-01", owner="nobody")), MARKED, "CMD-01 has no owner"),
        (replace(NOW, requirements=changed(NOW.requirements, "CMD-10", out="later")), MARKED, "CMD-10 is out, and"),
        (replace(NOW, requirements=changed(NOW.requirements, "CMD-10", owner="page")), MARKED, "CMD-10 is out, and"),
        (replace(NOW, failures=changed(NOW.failures, "F05", owner="safety core", finished=True)), MARKED, "F05 is fin"),
    ],
)  # fmt: skip
def test_what_makes_the_page_untrue_is_noticed(tables: Tables, marked: Sequence[Marked], told: str) -> None:
    assert any(told in fault for fault in faults_of(tables, marked)), faults_of(tables, marked)


def test_a_marker_on_what_is_no_test_proves_nothing() -> None:
    aside = [replace(each, test="a_story") if each.id == "LEASE-02" else each for each in MARKED]
    assert any("LEASE-02 is finished, and no test" in fault for fault in faults_of(NOW, aside))


def test_markers_are_found_wherever_pytest_takes_them(tmp_path: Path) -> None:
    test = tmp_path / "tests" / "test_x.py"
    test.parent.mkdir()
    test.write_text(
        "import pytest\n"
        'pytestmark = pytest.mark.requirement("A-1")\n'
        '@pytest.mark.requirement("A-2")\n@pytest.mark.requirement("A-3", "A-7")\ndef test_one(): ...\n'
        '@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.requirement("A-4"))])\n'
        "async def test_two(n): ...\n"
        '@pytest.mark.requirement("A-6")\n'
        'class TestThree:\n    @pytest.mark.requirement("A-5")\n    def test_three(self): ...\n'
    )
    found = {each.id: str(each) for each in markers(test.parent)}
    assert found == {
        "A-1": "tests/test_x.py::the whole module",
        "A-2": "tests/test_x.py::test_one",
        "A-3": "tests/test_x.py::test_one",
        "A-4": "tests/test_x.py::test_two",
        "A-5": "tests/test_x.py::TestThree.test_three",
        "A-6": "tests/test_x.py::TestThree",
        "A-7": "tests/test_x.py::test_one",
    }


def test_the_summary_says_who_owes_what_and_lists_tests_when_asked() -> None:
    short, long = summary(NOW, MARKED), summary(NOW, MARKED, tests=True)
    assert short.startswith("105 requirements: ")
    later = [row.id for row in NOW.requirements if row.owner == "operation" and not row.finished]
    assert f"  operation: {' '.join(later)}" in short
    assert "tests/unit/test_programme.py::test_lease_lets_in_no_more_than_wall_8_allows" in long


def test_every_failure_of_the_safety_core_is_told() -> None:
    """The core owes no story any more; what pumps, path, page and operation owe comes with them."""
    owed = [row.id for row in NOW.failures if row.owner == "safety core" and not row.finished]
    assert owed == []
