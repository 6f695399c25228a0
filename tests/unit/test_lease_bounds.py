"""The longest that a pump may go on alone, for each kind of lease, and the bus on which no lease helps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.lease import CYCLES_IN_A_LEASE, LEASE_MAX_S, longest_ns, never_fits
from pumpd.core.pump import DriverInfo, FixedLease, Lease, NoLease, SettableLease, VolumeLease
from pumpd.core.units import NS_PER_MS, NS_PER_S
from pumpd.testing.clinical import NE_1000

LEASES = (
    SettableLease(shortest_s=1, longest_s=5),
    SettableLease(shortest_s=1, longest_s=255),
    FixedLease(length_s=15),
    VolumeLease(step_nl=1_000, changeable_while_running=True),
)


def with_lease(lease: Lease) -> DriverInfo:
    return replace(NE_1000, lease=lease)


@pytest.mark.parametrize("lease", LEASES, ids=repr)
def test_no_lease_is_longer_than_the_wall_allows_and_a_bus_that_outlasts_it_is_never_guarded(lease: Lease) -> None:
    info = with_lease(lease)
    longest = longest_ns(info)
    assert longest is not None
    assert 0 < longest <= LEASE_MAX_S * NS_PER_S
    fits_ms = longest // (CYCLES_IN_A_LEASE * NS_PER_MS)
    assert not never_fits(info, fits_ms)
    assert never_fits(info, fits_ms + 1)


@pytest.mark.parametrize("lease", [NoLease(), VolumeLease(step_nl=1_000, changeable_while_running=False)], ids=repr)
def test_a_pump_without_a_lease_is_not_asked_about_the_bus(lease: Lease) -> None:
    assert longest_ns(with_lease(lease)) is None
    assert not never_fits(with_lease(lease), 10**6)
