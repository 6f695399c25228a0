"""A leg on a pump without a target: reports count from its prepare, and the look that finds it given knows it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pumpd_drivers.modbus_leg import Leg

from pumpd.driver_api import Drive, Report

VOLUMES = st.integers(1, 10**10)


def report(infused_nl: int | None, drive: Drive = Drive.INFUSING) -> Report:
    return Report(drive=drive, rate_ul_per_h=1, infused_nl=infused_nl, step_nl=1, alarm=None)


@given(stood=VOLUMES, volume=VOLUMES, moved=st.integers(0, 2 * 10**10))
def test_a_leg_counts_from_its_prepare_and_is_over_when_its_volume_is_given(
    stood: int, volume: int, moved: int
) -> None:
    leg = Leg()
    leg.since(stood)
    leg.begin(volume)
    assert leg.since(stood + moved) == moved
    assert leg.is_over(report(leg.since(stood + moved))) is (moved >= volume)


def test_before_a_prepare_and_while_one_is_under_way_nobody_knows_where_the_leg_began() -> None:
    leg = Leg()
    assert leg.since(5_000) is None
    leg.begin(1_000)
    assert leg.since(5_100) == 100
    leg.forget()
    assert leg.since(5_200) is None


def test_a_counter_that_was_cleared_at_the_pump_is_told_as_it_stands() -> None:
    leg = Leg()
    leg.since(5_000)
    leg.begin(1_000)
    assert leg.since(4_999) == 4_999


def test_nothing_is_over_before_a_prepare_without_a_counter_or_at_rest() -> None:
    leg = Leg()
    assert not leg.is_over(report(10**12))
    leg.since(0)
    leg.begin(1_000)
    assert not leg.is_over(report(None))
    assert not leg.is_over(report(1_000, Drive.STILL))
    assert leg.is_over(report(1_000))
    leg.forget()
    assert not leg.is_over(report(1_000))
