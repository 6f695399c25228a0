"""What the tests never walk through in the core: `python -m pumpd.testing.uncovered`, after the tests with coverage.

A branch that no test takes is a decision that nobody has ever seen made. Each one in the core is either given a test or
stands in tests/core_uncovered.toml with its reason; one that is new fails the run, and so does one that is listed and
was walked through after all. `./run test` looks at this right behind its tests, in what they measured anyway.

A branch is named by its function and the two lines that it joins, so that a line that moves changes no name. What lies
behind a branch that nobody takes is not told again; a function that nobody calls is told as one.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from coverage import Coverage
from coverage.exceptions import CoverageException

ROOT: Final = Path(__file__).resolve().parents[2]
LISTED: Final = ROOT / "tests" / "core_uncovered.toml"


def listed() -> dict[str, str]:
    """The branches that no test takes, by name, with the reason."""
    rows = tomllib.loads(LISTED.read_text(encoding="utf-8")).get("branch", [])
    return {row["name"]: row["reason"] for row in rows}


def measured(data_file: str) -> Mapping[str, Any]:
    """What coverage measured in each file of the core: lines and branches, function by function."""
    coverage = Coverage(data_file=data_file)
    coverage.load()
    with TemporaryDirectory() as folder:
        report = Path(folder) / "core.json"
        coverage.json_report(outfile=str(report), include=["*/pumpd/core/*"])
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return {Path(name).stem: file for name, file in found["files"].items()}


def untaken(module: str, functions: Mapping[str, Any], source: Sequence[str]) -> Iterator[str]:
    """The names of the branches that lead away from lines which were run, and of functions that nobody called."""
    for name, seen in functions.items():
        where = f"{module} {name}".rstrip()
        if seen["missing_lines"] and not seen["executed_lines"]:
            yield f"{where}: never called"
            continue
        alike: Counter[str] = Counter()
        for begin, end in seen["missing_branches"]:
            if begin not in seen["missing_lines"]:
                target = source[end - 1].strip() if end > 0 else "its end"
                branch = f"{where}: {source[begin - 1].strip()} -> {target}"
                alike[branch] += 1
                yield branch if alike[branch] == 1 else f"{branch} #{alike[branch]}"


def told(found: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """What is wrong, a line each; nothing where every branch that no test takes is known."""
    new = [f"no test takes: {name}" for name in found if name not in known]
    return new + [f"listed as uncovered, but a test takes it: {name}" for name in known if name not in found]


def main(argv: Sequence[str] | None = None) -> int:
    data_file = (argv or sys.argv[1:] or [str(ROOT / ".coverage")])[0]
    try:
        modules = measured(data_file)
    except CoverageException as error:
        print(f"Nothing was measured: {error}. Run the tests with --cov first, as ./run test does.")
        return 2
    found = []
    for module, file in sorted(modules.items()):
        source = (ROOT / "pumpd" / "core" / f"{module}.py").read_text(encoding="utf-8").splitlines()
        found += untaken(module, file["functions"], source)
    wrong = told(found, listed())
    print("\n".join(wrong) or f"{len(found)} branches of the core are taken by no test, each with its reason")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
