"""The pytest plugin as its users meet it: pytest runs inside pytest, and finds the plugin by its entry point."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

TALK = """
    import serial

    def talk(pump, *commands):
        with serial.serial_for_url(pump.port, pump.baud, timeout=5) as port:
            said = []
            for command in commands:
                port.write(command.encode() + b"\\r")
                said.append(port.read_until(b"\\x03").strip(b"\\x02\\x03").decode())
            return said
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(conftest=TALK)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\naddopts = --strict-markers")
    return pytester


def test_a_pump_for_a_plain_test_and_several_on_one_wire(run: pytest.Pytester) -> None:
    run.makepyfile("""
        import pytest
        from conftest import talk

        def test_one(sim_pump):
            assert talk(sim_pump, "", "RAT900MH", "RUN") == ["00A?R", "00S", "00I"]
            assert sim_pump.until(lambda truth: truth.motor_turning).address == 0
            sim_pump.verify("RUN", times=1)

        @pytest.mark.sim_pump(addresses=(7,), options={"model": "NE500V1.00"})
        def test_another_one(sim_pump):
            assert talk(sim_pump, "7", "7VER") == ["07A?R", "07SNE500V1.00"]

        def test_three(sim_bus):
            wire = sim_bus(3)
            assert [talk(pump, str(pump.address)) for pump in wire.pumps] == [["00A?R"], ["01A?R"], ["02A?R"]]

        def test_two_wires(sim_bus):
            near, far = sim_bus(), sim_bus((4, 5), mode="safe")
            assert near.port != far.port
            assert far.addresses == (4, 5)
            assert far.pump(5).truth().mode == "safe"
    """)
    run.runpytest_inprocess().assert_outcomes(passed=4)


def test_a_failure_shows_seed_replay_faults_frames_and_truth(run: pytest.Pytester) -> None:
    run.makepyfile("""
        from conftest import talk

        def test_it(sim_pump):
            talk(sim_pump, "", "RAT20MH")
            sim_pump.inject("occlusion")
            sim_pump.verify("RAT30MH")
    """)
    result = run.runpytest_inprocess("--pumpd-seed", "41")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "pumpd-sim: seed 41",
            "E*AssertionError: pump_hears: 'RAT30MH' was expected at least once and came 0 times",
            "E*closest:",
            "E*pump_hears  RAT20MH<0d>",
            "*pumpd-sim on /dev/*",
            "seed 41; again: pytest 'test_a_failure_*.py::test_it' --pumpd-seed 41",
            "*fault*occlusion: pump 0",
            "*host_hears  <02>00S<03>",
            "truth of pump 0: Truth(*occluded=True*",
        ]
    )


def test_a_test_that_passes_or_needs_no_pump_says_nothing(run: pytest.Pytester) -> None:
    run.makepyfile("def test_a(sim_pump): pass\ndef test_b(): assert False")
    result = run.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.no_fnmatch_line("*pumpd-sim on*")


def test_a_seed_is_taken_from_the_ini_file_or_drawn_and_each_wire_has_its_own(run: pytest.Pytester) -> None:
    run.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\npumpd_seed = 9\npumpd_wire = tcp")
    run.makepyfile("""
        def test_seed(sim_bus, request):
            wires = [sim_bus(), sim_bus()]
            assert [wire.chain.seed - request.config.option.pumpd_seed for wire in wires] == [0, 1]
            assert all(wire.port.startswith("socket://") for wire in wires)
    """)
    result = run.runpytest_inprocess()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["pumpd-sim: seed 9"])
    headers = [line for _ in range(2) for line in run.runpytest_inprocess("--pumpd-seed", "random").outlines]
    assert len({line for line in headers if line.startswith("pumpd-sim: seed")}) == 2


@pytest.mark.parametrize(
    ("ini", "arguments", "sentence"),
    [
        ("pumpd_seed = soon", [], "pumpd_seed in the ini file: a whole number below 2147483648, or `random`"),
        ("pumpd_wire = radio", [], "pumpd_wire in the ini file: 'radio' is none of auto, pty, tcp"),
        ("", ["--pumpd-seed", "-1"], "a whole number below 2147483648, or `random`, not '-1'"),
    ],
)
def test_a_setting_that_makes_no_sense_ends_the_run_at_once(
    run: pytest.Pytester, ini: str, arguments: list[str], sentence: str
) -> None:
    run.makeini(f"[pytest]\n{ini}")
    run.makepyfile("def test_a(): pass")
    result = run.runpytest_inprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{sentence}*"])


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_it_leaves_the_loop_of_pytest_asyncio_alone(run: pytest.Pytester, mode: str) -> None:
    run.makepyfile("""
        import asyncio, pytest
        from conftest import talk

        @pytest.mark.asyncio
        async def test_it(sim_pump):
            assert await asyncio.to_thread(talk, sim_pump, "") == ["00A?R"]
            assert sim_pump.truth().alarm == ""
    """)
    run.runpytest_inprocess("-o", f"asyncio_mode={mode}").assert_outcomes(passed=1)


def test_a_simulator_that_failed_fails_the_test_that_did_not_notice(run: pytest.Pytester) -> None:
    run.makepyfile("""
        def test_it(sim_pump):
            def broken(*_):
                raise ZeroDivisionError
            sim_pump.wire._loop.call_soon_threadsafe(broken)
            sim_pump.wire._await(_turn())

        async def _turn():
            pass
    """)
    result = run.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*RuntimeError: the simulator failed*"])


def test_it_loads_nothing_before_a_pump_is_asked_for() -> None:
    """A plugin is loaded wherever it is installed, also for people who only wanted the driver."""
    code = """
import pytest, sys
before = set(sys.modules)
import pumpd_sim.pytest_plugin
print(sorted(set(sys.modules) - before))
"""
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "['pumpd_sim', 'pumpd_sim.pytest_plugin']"
