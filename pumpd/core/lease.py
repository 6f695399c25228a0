"""How long a pump may go on when the daemon is dead (wall 8), for each kind of lease that a pump may have.

The bound is the same for all: 15 s, half a millilitre (the unintended bolus of GIP 1.10.7) and 0.02 mg/kg, whichever is
least, at the highest rate that was confirmed, and with a second off for the pump's own timer, which counts whole ones.

- **Settable**: the bound in whole seconds down is written into the pump before the start, and read back. A rate above
  the one it was computed for needs another lease, and so a stop, a prepare and a start.
- **Fixed**: nothing can be written, so the length limits the rate. No stop and start makes such a lease shorter. One of
  15 s, as on the Alaris, is taken: its own second behind it is counted in volume and in drug, which is what does harm.
- **Volume**: the pump knows no silence, but stops at a target. The target stands in for a lease: never more than the
  rate times the bound ahead of the counter, and moved on by looks that the bed asked for. A target on a coarse grid
  cannot be kept just ahead of a slow counter, so there the rate has a lower end too.
- **None**: the pump goes on for ever. No high-alert drug on it; saline for training may be given.
"""

from __future__ import annotations

from typing import Final, assert_never

from pumpd.core.pump import DriverInfo, FixedLease, NoLease, SettableLease, VolumeLease
from pumpd.core.units import NL_PER_UL, NS_PER_MS, NS_PER_S, S_PER_H, Towards, delivered_nl, divide

LEASE_MAX_S: Final = 15
LEASE_MAX_NL: Final = 500_000
LEASE_MAX_UG_PER_KG: Final = 20
LEASE_MARGIN_S: Final = 1  # the pump's own clock, and its reply limit
CYCLES_IN_A_LEASE: Final = 3  # wall 8: a lease must outlive three worst rounds of its bus
# The counter's step is kept off the target, may be behind once more, and the target's own grid takes a third: of eight
# steps five are left, and of the lease as much.
VOLUME_STEPS_LEAST: Final = 8


def lease_bound_s(*, rate_ul_per_h: int, concentration_ug_per_ml: int, weight_g: int) -> int:
    """Whole seconds that a pump may go on alone at this rate, margin taken off; below 1: not at all."""
    bound_s = LEASE_MAX_S
    if rate_ul_per_h > 0:
        bound_s = min(bound_s, divide(LEASE_MAX_NL * S_PER_H, rate_ul_per_h * NL_PER_UL, Towards.DOWN))
        ng_per_h = rate_ul_per_h * concentration_ug_per_ml
        if ng_per_h > 0:
            bound_s = min(bound_s, divide(LEASE_MAX_UG_PER_KG * weight_g * S_PER_H, ng_per_h, Towards.DOWN))
    return bound_s - LEASE_MARGIN_S


def lease_rate_max_ul_per_h(*, length_s: int, concentration_ug_per_ml: int, weight_g: int) -> int:
    """The highest rate at which a lease of this length, with the pump's own second behind it, is short enough; or 0."""
    if length_s > LEASE_MAX_S:
        return 0
    whole_s = length_s + LEASE_MARGIN_S
    highest = divide(LEASE_MAX_NL * S_PER_H, whole_s * NL_PER_UL, Towards.DOWN)
    if concentration_ug_per_ml > 0:
        by_mass = divide(LEASE_MAX_UG_PER_KG * weight_g * S_PER_H, whole_s * concentration_ug_per_ml, Towards.DOWN)
        highest = min(highest, by_mass)
    return highest


def volume_rate_min_ul_per_h(lease: VolumeLease, lease_s: int) -> int:
    """Below this rate a volume lease is finer than the pump's own counter and target: nobody could keep it moving."""
    least_nl = VOLUME_STEPS_LEAST * lease.step_nl
    return divide(least_nl * S_PER_H, lease_s * NL_PER_UL, Towards.UP)


def allowance_nl(lease: VolumeLease, rate_ul_per_h: int, lease_s: int) -> int:
    """How far ahead of the counter a volume target may lie at this rate: the counter may be a step behind."""
    ahead_nl = delivered_nl(rate_ul_per_h, lease_s * NS_PER_S, Towards.DOWN) - lease.step_nl
    return max(0, ahead_nl - ahead_nl % lease.step_nl)


def surely_ns(info: DriverInfo, lease_s: int) -> int:
    """How long the pump goes on at least after it was heard: for the cycle of its bus."""
    lease_ns = lease_s * NS_PER_S
    if stands_in(info) is None:
        return lease_ns
    return divide(lease_ns * (VOLUME_STEPS_LEAST - 3), VOLUME_STEPS_LEAST, Towards.DOWN)


def longest_ns(info: DriverInfo) -> int | None:
    """The longest that a lease of this pump may be, at the lowest of rates; None where it has none."""
    bound_s = LEASE_MAX_S - LEASE_MARGIN_S
    match info.lease:
        case SettableLease(longest_s=longest_s):
            return min(bound_s, longest_s) * NS_PER_S
        case FixedLease(length_s=length_s):
            return length_s * NS_PER_S
        case VolumeLease(changeable_while_running=True):
            return surely_ns(info, bound_s)
        case VolumeLease() | NoLease():
            return None
        case _:
            assert_never(info.lease)


def never_fits(info: DriverInfo, cycle_ms: int) -> bool:
    """Is there no lease of this pump that could be renewed in time on a bus with such rounds?"""
    lease_ns = longest_ns(info)
    return lease_ns is not None and CYCLES_IN_A_LEASE * cycle_ms * NS_PER_MS > lease_ns


def stands_in(info: DriverInfo) -> VolumeLease | None:
    """The lease of a pump whose volume target is one."""
    lease = info.lease
    return lease if isinstance(lease, VolumeLease) and lease.changeable_while_running else None


def resumes_by_itself(info: DriverInfo) -> bool:
    """Does a pump that stopped for want of talk go on when somebody talks to it again?"""
    return isinstance(info.lease, SettableLease | FixedLease) and info.lease.resumes_by_itself
