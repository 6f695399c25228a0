"""Recorded traces against the drivers: each has to ask the same, byte for byte, and to understand the same.

The traces were recorded by `pumpd record` between the daemon's own bus and the look-alikes (make.py); none is from
hardware yet. One that is needs no more than its file and a plan.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.errors import ConfigError
from pumpd.registry import load
from pumpd.testing.replay import driver_of, replay, understood
from pumpd.traces import Row, Trace, TraceFile, masked, read_trace

HERE = Path(__file__).parent
PLANS: dict[str, dict[str, Any]] = json.loads((HERE / "plans.json").read_text(encoding="utf-8"))


def recorded(name: str) -> tuple[Trace, list[dict[str, Any]]]:
    return read_trace(HERE / f"traces/{name}.jsonl"), json.loads((HERE / f"traces/{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", PLANS)
def test_driver_asks_what_was_recorded_and_understands_the_same(name: str) -> None:
    trace, steps = recorded(name)
    told = replay(trace, driver_of(PLANS[name]), [each["step"] for each in steps], address=PLANS[name]["address"])
    assert told.otherwise == []
    assert told.left == 0
    assert [understood(event) for event in told.understood] == [each["understood"] for each in steps]
    assert not any("failed" in each["understood"] for each in steps)


def test_driver_that_asks_otherwise_is_found_out() -> None:
    trace, steps = recorded("new_era")
    steps[2]["step"]["rate_ul_per_h"] += 100
    told = replay(trace, load("new_era"), [each["step"] for each in steps], address=0)
    assert any("0RAT" in bytes.fromhex(line.split("asked ")[1]).decode("latin-1") for line in told.otherwise)


def test_answer_that_differs_is_understood_otherwise() -> None:
    trace, steps = recorded("new_era")
    rows = tuple(replace(row, data=row.data.replace(b"NE1000", b"NE1010")) for row in trace.rows)
    told = replay(replace(trace, rows=rows), load("new_era"), [steps[0]["step"]], address=0)
    assert understood(told.understood[0]) != steps[0]["understood"]


# --- the file -------------------------------------------------------------------------------------------

ROWS = st.lists(
    st.builds(
        Row, at_us=st.integers(min_value=0, max_value=10**12), who=st.sampled_from(("host", "pump")),
        data=st.binary(min_size=1, max_size=20),
    ),
    max_size=20,
)  # fmt: skip


@given(ROWS)
def test_trace_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    file = tmp_path_factory.mktemp("trace") / "t.jsonl"
    with file.open("x", encoding="ascii") as out:
        trace = TraceFile(out, baud=9_600, line="8E1")
        for row in rows:
            trace.add(row.at_us, row.who, row.data)
        trace.flush()
    assert read_trace(file) == Trace(baud=9_600, line="8E1", rows=tuple(rows))


@given(st.binary(max_size=12), st.text("AB01", min_size=4, max_size=8), st.binary(max_size=12), st.data())
def test_what_is_masked_is_nowhere_in_the_trace_however_it_was_cut(
    before: bytes, secret: str, after: bytes, data: st.DataObject
) -> None:
    whole = before + secret.encode() + after
    cut = data.draw(st.integers(min_value=0, max_value=len(whole)))
    run = [Row(at_us=1, who="pump", data=whole[:cut]), Row(at_us=2, who="pump", data=whole[cut:])]
    rows = masked(run, [secret.encode()])
    joined = b"".join(row.data for row in rows)
    assert len(joined) == len(whole)
    if set(secret) - {"0"}:
        assert secret.encode() not in joined
        assert any(row.masked for row in rows)
    assert [len(row.data) for row in rows] == [len(row.data) for row in run]
    assert masked(run, []) == run


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ":1: not a line"),
        ('{"format": "pumpd-trace", "version": 2, "baud": 1, "line": "8N1"}', "version 1"),
        ('{"format": "pumpd-trace", "version": 1, "baud": 1, "line": "8N1"}\n{"at_us": 1}', ":2: not a line"),
        (
            '{"format": "pumpd-trace", "version": 1, "baud": 1, "line": "8N1"}\n{"at_us": 1, "from": "x", "hex": ""}',
            "host or pump",
        ),
    ],
)
def test_file_that_is_no_trace_names_the_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        read_trace(file)
