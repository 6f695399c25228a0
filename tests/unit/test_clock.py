"""The clocks are the machine's own, and nothing else in the daemon reads one."""

from __future__ import annotations

import ast
import time
from pathlib import Path

import pytest

import pumpd
from pumpd.clock import SystemClock, secret_token

PACKAGE = Path(pumpd.__file__).parent
FORBIDDEN = {"time", "secrets", "random", "uuid"}
# os.urandom, datetime.now and the like: a clock or a die by another door
FORBIDDEN_CALLS = {"urandom", "getrandom", "now", "utcnow", "today"}


def readers_of_time_or_chance(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found += [name.name for name in names if name.name.split(".")[0] in FORBIDDEN]
            case ast.ImportFrom(module=str(module), level=0) if module.split(".")[0] in FORBIDDEN:
                found.append(module)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=attr)) if (
                attr in FORBIDDEN_CALLS and owner in {"os", "datetime", "date"}
            ):
                found.append(f"{owner}.{attr}")
    return found


def test_only_clock_reads_a_clock_or_rolls_a_die() -> None:
    offenders = {
        str(path.relative_to(PACKAGE)): found
        for path in sorted(PACKAGE.rglob("*.py"))
        if "testing" not in path.relative_to(PACKAGE).parts
        and (found := readers_of_time_or_chance(path.read_text(encoding="utf-8")))
    }
    assert offenders == {"clock.py": ["secrets", "time"]}


def test_the_scan_sees_every_door() -> None:
    source = (
        "import time as t\nfrom random import choice\nimport os\nos.urandom(3)\nfrom .time import x\ndatetime.now()"
    )
    assert sorted(readers_of_time_or_chance(source)) == ["datetime.now", "os.urandom", "random", "time"]


def test_now_is_boot_time_and_never_goes_back() -> None:
    clock = SystemClock()
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    readings = [clock.now_ns() for _ in range(1_000)]
    after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    assert readings == sorted(readings)
    assert before <= readings[0] <= readings[-1] <= after


@pytest.mark.parametrize(("zone", "ahead_h"), [("EAST-14", 14), ("WEST12", -12), ("UTC", 0)])
def test_the_day_is_the_local_one(monkeypatch: pytest.MonkeyPatch, zone: str, ahead_h: int) -> None:
    """Two of these three places have another day at any moment."""

    def day_there() -> int:
        return int(time.time() + ahead_h * 3_600) // 86_400

    monkeypatch.setenv("TZ", zone)
    try:
        time.tzset()
        before, said, after = day_there(), SystemClock().local_day(), day_there()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert before <= said <= after


def test_wall_time_is_utc_in_milliseconds() -> None:
    before = time.time()
    assert before - 0.001 <= SystemClock().wall_ms() / 1_000 <= time.time()


def test_monotonic_time_is_the_one_that_sleeps_with_the_machine() -> None:
    before = time.monotonic_ns()
    assert before <= SystemClock().monotonic_ns() <= time.monotonic_ns()


def test_the_kernels_boot_id_stays_the_same() -> None:
    assert SystemClock().kernel_boot() == SystemClock().kernel_boot()
    assert len(SystemClock().kernel_boot()) == 36


def test_ids_and_tokens_never_repeat() -> None:
    clock = SystemClock()
    assert len({clock.new_id() for _ in range(1_000)}) == 1_000
    assert len({secret_token() for _ in range(1_000)}) == 1_000
    assert all(len(secret_token()) >= 43 for _ in range(10))  # 256 bits in base 64
