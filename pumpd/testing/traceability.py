"""From a hazard to the tests that answer it: `python -m pumpd.testing.traceability` writes the tables of hazards.md.

Three files in docs/ are the source: hazards.toml, requirements.toml and failures.toml; their first lines say how a row
is finished. A test proves a row by its marker, `@pytest.mark.requirement("FLOW-01")`. Markers are read from the source
of the tests and not by running them, so that the proof of proof costs a second.

What is checked stands in `faults_of`: ids that nobody knows, rows that were lost, finished rows without a test, and
failures whose guard nobody takes away. What is printed stands in `summary`: who owes what.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "hazards.md"
OWNERS: Final = ("safety core", "pumps", "nurse's path", "page", "operation")
ROWS: Final = {"requirement": 105, "F": 48, "G": 18}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A requirement or a failure: what has to hold, who sees to it, and whether they have."""

    id: str
    statement: str
    figure: str  # of a failure: where it was seen
    source: str
    owner: str | None
    finished: bool
    out: str | None
    guard: str | None = None

    @property
    def state(self) -> str:
        if self.out is not None:
            return f"out, {self.out}"
        return "finished" if self.finished else "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """What could hurt a patient, and the rows that stand against it."""

    id: str
    hazard: str
    source: str
    answered: tuple[str, ...]
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One marker in one test."""

    id: str
    path: str
    test: str

    def __str__(self) -> str:
        return f"{self.path}::{self.test}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The three files."""

    hazards: tuple[Hazard, ...]
    requirements: tuple[Row, ...]
    failures: tuple[Row, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.requirements + self.failures


def read_tables(folder: Path = ROOT / "docs") -> Tables:
    """Raises KeyError or TypeError for a row that lacks something or has something more."""

    def rows(name: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = tomllib.loads((folder / f"{name}s.toml").read_text(encoding="utf-8"))[name]
        return found

    return Tables(
        hazards=tuple(_hazard(row) for row in rows("hazard")),
        requirements=tuple(_row(row, statement="statement", figure="figure") for row in rows("requirement")),
        failures=tuple(_row(row, statement="what", figure="seen") for row in rows("failure")),
    )


def _hazard(row: Mapping[str, object]) -> Hazard:
    answered = row["answered"]
    assert isinstance(answered, list), row
    return Hazard(
        id=str(row["id"]), hazard=str(row["hazard"]), source=str(row["source"]),
        answered=tuple(str(each) for each in answered), rest=str(row.get("rest", "")),
    )  # fmt: skip


def _row(row: Mapping[str, object], *, statement: str, figure: str) -> Row:
    out, owner, guard = row.get("out"), row.get("owner"), row.get("guard")
    known = {"id", statement, figure, "source", "owner", "finished", "out", "guard"}
    assert set(row) <= known, (row["id"], set(row) - known)
    return Row(
        id=str(row["id"]),
        statement=str(row[statement]),
        figure=str(row[figure]),
        source=str(row.get("source", "")),
        owner=None if owner is None else str(owner),
        finished=row.get("finished") is True,
        out=None if out is None else str(out),
        guard=None if guard is None else str(guard),
    )


# --- the tests ------------------------------------------------------------------------------------------------------


def markers(folder: Path = ROOT / "tests") -> tuple[Marked, ...]:
    """Every `pytest.mark.requirement("...")` in the tests: on a function, a class, a parameter or a whole module."""
    found: list[Marked] = []
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "mark.requirement" in text:
            place = path.relative_to(folder.parent).as_posix()
            found += [Marked(id=each, path=place, test=test) for each, test in _marked(ast.parse(text))]
    return tuple(found)


def _marked(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for name, part in _tests(tree):
        for call in ast.walk(part):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("mark.requirement"):
                yield from ((ast.literal_eval(each), name) for each in call.args)


def _tests(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Functions, a class's decorators and its methods, and what is said of the whole module, each by its name."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from ((node.name, decorator) for decorator in node.decorator_list)
            yield from ((f"{node.name}.{getattr(each, 'name', '')}", each) for each in node.body)
        else:
            yield getattr(node, "name", "the whole module"), node


def guards_removed(path: Path) -> set[str]:
    """The guards that a test file takes away, by `guard_removed("...")`."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return {ast.literal_eval(call.args[0]) for call in calls if ast.unparse(call.func) == "guard_removed"}


# --- what is wrong --------------------------------------------------------------------------------------------------


def faults_of(tables: Tables, marked: Sequence[Marked]) -> list[str]:
    """Everything that makes the page untrue."""
    ids = Counter([*(row.id for row in tables.rows), *(hazard.id for hazard in tables.hazards)])
    found = [f"{each} is there {count} times" for each, count in ids.items() if count > 1]
    counts = Counter("requirement" if "-" in row.id else row.id[0] for row in tables.rows)
    found += [f"{counts[kind]} rows of {kind} instead of {many}" for kind, many in ROWS.items() if counts[kind] != many]
    known = {row.id for row in tables.rows}
    found += [f"{marker} names {marker.id}, which is no row" for marker in marked if marker.id not in known]
    found += [f"{h.id}: {row} is no row" for h in tables.hazards for row in h.answered if row not in known]
    found += [f"{h.id} is answered by nothing" for h in tables.hazards if not h.answered]
    proved = {each.id for each in marked if each.test.startswith(("test_", "Test", "the whole module"))}
    for row in tables.rows:
        if row.out is None and row.owner not in OWNERS:
            found.append(f"{row.id} has no owner of {OWNERS}: {row.owner}")
        if row.out is not None and (row.owner or row.finished or not row.out.startswith("because ")):
            found.append(f"{row.id} is out, and owned or finished, or does not say because of what")
        if row.finished and row.id not in proved:
            found.append(f"{row.id} is finished, and no test carries its marker")
    return found + _guards(tables)


def _guards(tables: Tables) -> list[str]:
    """A historic failure that the core holds off: one file, which takes its guard away."""
    found = []
    for row in tables.failures:
        if not (row.id.startswith("F") and row.owner == "safety core"):
            continue
        files = sorted((ROOT / "tests" / "failures").glob(f"test_{row.id.lower()}_*.py"))
        if row.finished and len(files) != 1:
            found.append(f"{row.id} is finished: one tests/failures/test_{row.id.lower()}_....py, not {len(files)}")
        for file in files:
            docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
            if row.guard is None or row.guard not in guards_removed(file) or row.guard not in docstring:
                found.append(f"{row.id}: {file.name} does not name and take away the guard {row.guard}")
    return found


# --- for people -----------------------------------------------------------------------------------------------------


def summary(tables: Tables, marked: Sequence[Marked], *, tests: bool = False) -> str:
    """Who owes what; with the tests of every row where they are wanted."""
    by_id: dict[str, list[str]] = defaultdict(list)
    for each in marked:
        by_id[each.id].append(str(each))
    lines = []
    for title, rows in (("requirements", tables.requirements), ("failures", tables.failures)):
        finished, out = sum(row.finished for row in rows), sum(row.out is not None for row in rows)
        lines.append(f"{len(rows)} {title}: {finished} finished, {out} out, {len(rows) - finished - out} later")
        for owner in OWNERS:
            later = [row.id for row in rows if row.owner == owner and not row.finished]
            lines += [f"  {owner}: {' '.join(later)}"] if later else []
    if tests:
        for row in tables.rows:
            lines += ["", f"{row.id} ({row.state}): {row.statement}", *(f"    {each}" for each in by_id[row.id])]
    return "\n".join(lines)


def redrawn(page: str, tables: Tables) -> str:
    """The page with the tables of today."""
    for name, table in (
        ("hazards", _hazards(tables)),
        ("requirements", _requirements(tables)),
        ("failures", _failures(tables)),
    ):
        before, mark, after = page.partition(f"<!-- generated: {name} -->\n")
        assert mark, f"the mark of the generated table of {name} is gone"
        _, end, rest = after.partition("<!-- end -->")
        assert end, f"the generated table of {name} does not end"
        page = before + mark + table + end + rest
    return page


def _hazards(tables: Tables) -> str:
    rows = [
        (h.id, f"{h.hazard} *Left over:* {h.rest}" if h.rest else h.hazard, ", ".join(h.answered), h.source)
        for h in tables.hazards
    ]
    return _table(("Hazard", "What stands against it", "Source"), rows)


def _requirements(tables: Tables) -> str:
    rows = [(r.id, r.statement, r.figure, r.source, r.owner or "", r.state) for r in tables.requirements]
    return _table(("Requirement", "Figure", "Source", "Owner", "State"), rows)


def _failures(tables: Tables) -> str:
    rows = [
        (r.id, r.statement, r.figure, r.owner or "", r.state, f"`{r.guard}`" if r.guard else "")
        for r in tables.failures
    ]
    return _table(("What happened", "Where", "Owner", "State", "Guard"), rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page; exit status 1 while something makes it untrue."""
    parser = argparse.ArgumentParser(prog="python -m pumpd.testing.traceability", description="write docs/hazards.md")
    parser.add_argument("--tests", action="store_true", help="list the tests of every row")
    chosen = parser.parse_args(arguments)
    tables, marked = read_tables(), markers()
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8"), tables), encoding="utf-8")
    faults = faults_of(tables, marked)
    print("\n".join([summary(tables, marked, tests=chosen.tests), *faults]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
