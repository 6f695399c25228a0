"""What the tests would not notice: `./run mutate`.

Every change of the five modules that limit, give and alarm (mutants.py) is tried before the tests that walk over it
(mutant_trials.py). What no test notices is a survivor. Some cannot be noticed, since the changed core does the same;
those stand in tests/mutants.toml, each with its reason, and are looked at again by whoever changes the function. A
survivor that is not listed fails the run, and so does a score below 95 %.

With --module or --all others are tried the same way. No list of survivors was ever made for all of them, so --all is a
way to find gaps, and is not expected to be green: docs/decisions/0020 has its figure. With --sample only a few are
tried, drawn by a fixed seed, for a short time: that is what ./run test does.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from pumpd.testing.mutant_trials import Trials, hold
from pumpd.testing.mutants import CORE, Mutant, mutants_of

ROOT: Final = Path(__file__).resolve().parents[2]
LISTED: Final = ROOT / "tests" / "mutants.toml"
UNIT: Final = ROOT / "tests" / "unit"
HELD: Final = ("limits", "exposure", "infusion", "delivered", "alarms")
SAMPLE: Final = 40
SAMPLE_TESTS: Final = (  # words in the names of their files
    "limits", "exposure", "delivered", "alarm", "bed_start", "bed_stop", "bed_doubt", "bed_rate",
    "bed_repeats", "bed_restart",
)  # fmt: skip
SEED: Final = 3
PATIENCE_S: Final = 600  # of processor time for one mutant: more than all tests of the core need together
SAMPLE_PATIENCE_S: Final = 15
BESIDE_THE_CORE: Final = frozenset({"core", "testing", "errors", "journal_rows", "library_file"})
_OURS: Final = re.compile(r"^(?:from|import) pumpd\.([\w.]+)", re.MULTILINE)
SCORE_PERCENT: Final = 95
WORKERS: Final = 2
NOT_TRIED: Final = frozenset({"population", "self_test", "slips"})  # they judge libraries, on a desk


def listed() -> dict[str, str]:
    """Survivors that are known, by name, with the reason."""
    rows = tomllib.loads(LISTED.read_text(encoding="utf-8")).get("survivor", [])
    return {row["mutant"]: row["reason"] for row in rows}


def modules() -> list[str]:
    return [path.stem for path in sorted(CORE.glob("*.py")) if path.stem not in NOT_TRIED]


def drawn() -> list[Mutant]:
    """The same few, as long as their modules stand as they are."""
    return random.Random(SEED).sample([mutant for module in HELD for mutant in mutants_of(module)], SAMPLE)


def core_tests() -> list[Path]:
    """The tests that import the core and nothing of the daemon, so that a thousand trials begin quickly."""
    found = [*sorted(UNIT.glob("test_*.py")), *sorted((ROOT / "tests" / "failures").glob("test_*.py"))]
    return [path for path in found if "core" in _parts(path) and _parts(path) <= BESIDE_THE_CORE]


def _parts(path: Path) -> set[str]:
    """What it imports of ours; through a helper in `testing` alone it might come to the daemon, and start it."""
    return {name.partition(".")[0] for name in _OURS.findall(path.read_text(encoding="utf-8"))}


def unit_tests(words: Iterable[str]) -> list[Path]:
    """The unit tests whose files have one of these words in their name."""
    return [path for path in sorted(UNIT.glob("test_*.py")) if any(word in path.name for word in words)]


def told(trials: Trials) -> tuple[str, bool]:
    """The report, and whether it is good."""
    known = listed()
    tried = {mutant.name for mutant in trials.mutants}
    left = {mutant.name: mutant for mutant in trials.left}
    if trials.broken:
        return "\n".join(
            f"FAILS WITHOUT ANY MUTANT: {test}" for test in trials.broken
        ), False  # and no mutant was tried
    new = [name for name in left if name not in known]
    lines = [f"survived: {name}  (core/{left[name].module}.py:{left[name].lines.start})" for name in new]
    stale = [name for name in known if name in tried and name not in left]
    lines += [f"listed as surviving, but noticed: {name}" for name in stale]
    for module, count in sorted(Counter(mutant.module for mutant in trials.mutants).items()):
        survivors = sum(mutant.module == module for mutant in left.values())
        if survivors:
            lines.append(f"  {module}: {count - survivors} of {count} noticed")
    killed, whole = len(tried) - len(left), len(tried)
    lines.append(
        f"{killed} of {whole} mutants noticed by {trials.tests} tests ({100 * killed / max(whole, 1):.1f} %);"
        f" {len(left) - len(new)} survive with a reason, {len(new)} without"
    )
    enough = killed * 100 >= SCORE_PERCENT * whole
    return "\n".join(lines), enough and not (new or stale)


def _say(text: str) -> None:
    """How far it is: minutes or an hour pass."""
    print(text, file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    held = f"Change the core: does a test notice? Without arguments: {', '.join(HELD)}."
    parser = argparse.ArgumentParser(prog="./run mutate", description=held)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--sample", action="store_true", help="a few mutants of a fixed seed, as ./run test does")
    which.add_argument("--module", action="append", choices=modules(), metavar="NAME", help="this one (again for more)")
    which.add_argument("--all", action="store_true", help="every module of the core: hours, and not yet green")
    parser.add_argument("--tests", nargs="+", type=Path, help="instead of all tests of the core")
    arguments = parser.parse_args(argv)
    if arguments.sample:
        mutants, tests = drawn(), unit_tests(SAMPLE_TESTS)
    else:
        names = modules() if arguments.all else arguments.module or HELD
        mutants = [mutant for name in names for mutant in mutants_of(name)]
        tests = core_tests()
    patience_s = SAMPLE_PATIENCE_S if arguments.sample else PATIENCE_S
    trials = hold(mutants, arguments.tests or tests, workers=WORKERS, patience_s=patience_s, say=_say)
    report, good = told(trials)
    print(report)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
