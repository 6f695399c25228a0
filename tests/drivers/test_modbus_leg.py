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
    leg.begin(leg.since(stood), volume)
    assert leg.since(stood + moved) == moved
    assert leg.is_over(report(leg.since(stood + moved))) is (moved >= volume)


def test_a_counter_that_was_cleared_at_the_pump_is_told_as_it_stands() -> None:
    leg = Leg()
    leg.begin(5_000, 1_000)
    assert leg.since(4_999) == 4_999
    leg.forget()
    assert leg.since(5_200) == 5_200


def test_nothing_is_over_before_a_prepare_without_a_counter_or_at_rest() -> None:
    leg = Leg()
    assert not leg.is_over(report(10**12))
    leg.begin(0, 1_000)
    assert not leg.is_over(report(None))
    assert not leg.is_over(report(1_000, Drive.STILL))
    assert leg.is_over(report(1_000))
    leg.forget()
    assert not leg.is_over(report(1_000))
