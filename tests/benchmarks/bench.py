"""`./run bench`: the figures that pumpd is built for, each with its aim and the load of the machine under it.

A missed aim prints as MISSED and the exit status stays 0: on a shared machine a figure is something to look at, not
a verdict. `--quick` shows in some seconds that everything still measures; its figures are too few to mean much.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file, by its path

from tests.benchmarks import chain, cost, crowd, exchanges, stop, virtual, wire  # found by the line above
from tests.benchmarks.report import Figure

MEASURES: dict[str, Callable[..., list[Figure]]] = {
    "wire": wire.figures,
    "chain": chain.figures,
    "exchanges": exchanges.figures,
    "stop": stop.figures,
    "crowd": crowd.figures,
    "virtual": virtual.figures,
    "cost": cost.figures,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few of each, to see that it works")
    parser.add_argument("--only", choices=MEASURES, action="append", help="this measure; may be repeated")
    chosen = parser.parse_args()
    since_s = time.monotonic()
    for name in chosen.only or MEASURES:
        for figure in MEASURES[name](quick=chosen.quick):
            print(figure.line(), flush=True)
    print(f"took {time.monotonic() - since_s:.0f} s{', quick: too few to mean much' if chosen.quick else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
