"""The bench still measures everything that it promises; how fast it all is, no test on a shared machine can say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pumpd.testing.pairs import PAIRS

BENCH = Path(__file__).with_name("bench.py")
FIGURES = (
    r"idle wire between exchanges +p50 \d+\.\d\d ms, p99 \d+\.\d\d ms of [1-9]\d+",
    r"exchanges a second +\d+\.\d, ratio \d\.\d+",
    *(rf"exchanges a second, {name} +\d+\.\d(, ratio \d\.\d+)?" for name in PAIRS),
    r"a look with 1, 4, 16 on a bus +\d+\.\d\d ms, \d+\.\d\d ms, \d+\.\d\d ms \(ratio \d+\.\d\d, \d+\.\d\d\)",
    r"processor for a look, 1, 4, 16 +\d+\.\d\d ms, \d+\.\d\d ms, \d+\.\d\d ms \(ratio \d+\.\d\d, \d+\.\d\d\)",
    r"STOP, call to last byte, beyond +p50 -?\d+\.\d\d ms, p99 -?\d+\.\d\d ms of 5",
    r"STOP beside a crowd, p99 +-?\d+\.\d\d ms, idle -?\d+\.\d\d ms, ratio -?\d+\.\d\d",
    r"virtual seconds a second +[1-9]\d+",
    r"start to READY=1 +p50 \d+\.\d\d s, slowest \d+\.\d\d s of 1",
    r"memory of the daemon, infusing +\d+\.\d MiB resident",
)


@pytest.mark.long  # half a minute of a core, for what is run by hand
@pytest.mark.timeout(180)
def test_quick_bench_prints_every_figure_with_the_load_under_it(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(BENCH), "--quick"], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=150
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    for figure in FIGURES:
        (line,) = [line for line in ran.stdout.splitlines() if re.match(figure, line)]
        assert re.search(r"load \d+\.\d \(1 min\)", line)
    with_aim = [line for line in ran.stdout.splitlines() if " met  " in line or " MISSED " in line]
    assert len(with_aim) == 8  # all but the exchanges, which are a ratio
