"""Which ways through the core no test takes: each is argued in tests/uncovered.toml, or the run fails.

A branch that no test takes is one of three things: a case that a story of the bed forgot, code that nothing can reach,
or a guard against what cannot happen as long as the rest of the core is right. The first gets its story, the second is
deleted, and only the third stays, with the reason why nothing can bring it about. `./run test` measures branches,
so this only reads what coverage.py has written (`.coverage`), and compares.

A way is named by its function, the line that decides and the line that it would lead to, so that a line that moves
changes no name. The other direction counts too: a way that was argued away and has been taken after all makes its
argument wrong, and an argument for a line that is gone is stale. Not asked for are assertions (they end in the safe
state) and `assert_never` (mypy proves that nothing gets there): pyproject.toml says so to coverage.py.
"""

from __future__ import annotations

import argparse
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
CORE: Final = ROOT / "pumpd" / "core"
ARGUED: Final = ROOT / "tests" / "uncovered.toml"
LEAVES: Final = "leaves"
NEVER_CALLED: Final = "never called"


def argued() -> dict[str, str]:
    """The ways that no test takes, by name, with the reason."""
    rows = tomllib.loads(ARGUED.read_text(encoding="utf-8")).get("way", [])
    return {row["way"]: row["reason"] for row in rows}


def untaken(data_file: Path, folder: Path = CORE) -> list[str]:
    """The names of all ways through the modules of a folder that were not taken."""
    coverage = Coverage(data_file=data_file, config_file=str(ROOT / "pyproject.toml"))
    coverage.load()
    with TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        coverage.json_report(outfile=str(report), include=[str(folder / "*.py")])
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    return [name for file, found in sorted(files.items()) for name in _of_module(Path(file).resolve(), found)]


def _of_module(path: Path, found: Mapping[str, Any]) -> Iterator[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    for function, region in found["functions"].items():
        where = f"{path.stem} {function}".strip()
        ran = set(region["executed_lines"])
        if function and not ran and region["missing_lines"]:
            yield f"{where}: {NEVER_CALLED}"
        seen: Counter[str] = Counter()
        for before, after in region["missing_branches"]:
            if before not in ran:
                continue  # the way that leads there is the one to be named
            way = f"{where}: {lines[before - 1].strip()} -> {lines[after - 1].strip() if after > 0 else LEAVES}"
            seen[way] += 1
            yield way if seen[way] == 1 else f"{way} #{seen[way]}"


def told(found: Sequence[str], known: Mapping[str, str]) -> tuple[str, bool]:
    """The report, and whether it is good."""
    new = [name for name in found if name not in known]
    stale = [name for name in known if name not in found]
    lines = [f"no test takes: {name}" for name in new]
    lines += [f"argued as never taken, but taken, or gone: {name}" for name in stale]
    lines.append(
        f"{len(found)} ways through the core are taken by no test: {len(found) - len(new)} argued, {len(new)} not"
    )
    if new:
        lines.append(
            f"write the story that takes it, delete it, or argue in {ARGUED.relative_to(ROOT)} why nothing can"
        )
    return "\n".join(lines), not (new or stale)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m pumpd.testing.uncovered", description="Ways through the core that no test takes."
    )
    parser.add_argument("--data", type=Path, default=ROOT / ".coverage", help="what coverage.py wrote (.coverage)")
    try:
        found = untaken(parser.parse_args(argv).data)
    except CoverageException as error:
        print(f"Nothing was measured: {error} Run ./run test whole; it measures and then looks here.")
        return 2
    report, good = told(found, argued())
    print(report)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
