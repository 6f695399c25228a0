"""`pumpd.testing.plugin` as somebody else's `conftest.py` asks for it: pytest runs inside pytest."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.long

pytest_plugins = ["pytester"]

INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\naddopts = -p no:pumpd_sim"


@pytest.fixture
def outsiders(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini(INI)
    pytester.makeconftest('pytest_plugins = ["pumpd.testing.plugin"]')
    return pytester


def test_a_real_bed_infuses_and_stops_by_the_pumps_own_truth(outsiders: pytest.Pytester) -> None:
    outsiders.makepyfile("""
        from pumpd.api_models import Phase
        from pumpd.testing.real_bed import LONG

        def test_it(pumpd_bed):
            assert pumpd_bed.infuse(LONG).phase is Phase.INFUSING
            pumpd_bed.displaces(1)
            assert pumpd_bed.holds_the_truth()
            assert pumpd_bed.stop().phase is Phase.STOPPED
            assert not pumpd_bed.pumps["p1"].truth().motor_turning
    """)
    outsiders.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_story_in_virtual_time_is_judged_from_outside(outsiders: pytest.Pytester) -> None:
    outsiders.makepyfile("""
        from pumpd_sim.faults import Fault, FaultKind
        from pumpd_sim.plant import Speed

        async def interrupted(bed):
            await bed.runs()
            bed.fault(Fault(kind=FaultKind.MUTE, for_ms=60_000))
            await bed.passes(90)
            assert not bed.truth().motor_turning

        def test_it(pumpd_story):
            pumpd_story(interrupted)

        async def runs_away(bed):
            await bed.runs()
            await bed.ends()
            plant = bed.sim.device().plant  # a motor that turns by itself, and a firmware that knows nothing of it
            speed = Speed.of_rate(rate_nl_per_h=20_000_000, believed_step_zl=plant.step_zl, direction=1)
            plant.drive(bed.clock.now_ns(), speed)
            await bed.passes(2)

        def test_what_the_checkers_complain_of_fails(pumpd_story):
            pumpd_story(runs_away)
    """)
    result = outsiders.runpytest_subprocess()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["the walls did not hold:", "*p1 is ended while the motor turns"])


def test_a_bed_whose_clock_is_steered_ends_an_infusion_at_once(outsiders: pytest.Pytester) -> None:
    outsiders.makepyfile("""
        from pumpd.api_models import Phase
        from pumpd.testing.real_bed import LONG

        def test_it(pumpd_steered):
            pumpd_steered.infuse(LONG)
            pumpd_steered.advance(minutes=6)
            assert pumpd_steered.pump().phase is Phase.ENDED
            assert pumpd_steered.holds_the_truth()
    """)
    outsiders.runpytest_subprocess().assert_outcomes(passed=1)


def test_hours_of_somebodys_own_code_take_no_time(outsiders: pytest.Pytester) -> None:
    outsiders.makepyfile("""
        import asyncio

        async def waits(clock):
            before = clock.now_ns()
            await asyncio.sleep(6 * 3_600)
            return (clock.now_ns() - before) // 10**9

        def test_it(pumpd_time):
            assert pumpd_time(waits) == 6 * 3_600
    """)
    outsiders.runpytest_subprocess().assert_outcomes(passed=1)
