"""What a prepare programs, and whether the pump read it back: the rest of the plan out of this container, never more.

The volume is the rest by the upper end of what is in, and at most what the container that hangs can still give
(containers.py). Everything that is programmed is read back, and nothing starts unless all of it fits.

Where a volume target stands in for a lease (lease.py), only as much is programmed as may go in without us;
`whole_of_leg_nl` is then what the leg adds up to, and the looks of watch.py move the target on towards it.
"""

from __future__ import annotations

from typing import Final

from pumpd.core import facts as f
from pumpd.core.codes import CommandKind
from pumpd.core.containers import to_give_nl
from pumpd.core.effects import Prepare
from pumpd.core.lease import allowance_nl, stands_in
from pumpd.core.pump import DriverInfo, Granted, Remaining, SettableLease
from pumpd.core.state import Infusion
from pumpd.core.turn import Turn

VOLUME_GRID_NL: Final = 100_000  # coarsest step of a volume target: 0.1 mL with four digits above 100 mL


def prepare(turn: Turn, slot: str) -> None:
    """Program the rest of the plan at the asked rate, under the lease that was computed for it."""
    remaining = to_programme(turn.infusion(slot), turn.setup.info(slot))
    command_id = turn.state.next_command_id
    turn.record(
        f.CommandIssued(
            at_ns=turn.now_ns, slot=slot, command_id=command_id, command=CommandKind.PREPARE,
            rate_ul_per_h=remaining.rate_ul_per_h, volume_nl=remaining.volume_nl,
        )
    )  # fmt: skip
    turn.want(Prepare(slot=slot, command_id=command_id, remaining=remaining))


def to_programme(infusion: Infusion, info: DriverInfo) -> Remaining:
    """What comes next, at the asked rate and under the lease that was computed for it."""
    volume_nl = to_give_nl(infusion)
    volume = stands_in(info)
    if volume is not None and infusion.lease_s is not None:
        volume_nl = min(volume_nl, allowance_nl(volume, infusion.rate_ul_per_h, infusion.lease_s))
    return Remaining(
        rate_ul_per_h=infusion.rate_ul_per_h,
        volume_nl=volume_nl,
        lease_s=infusion.lease_s if isinstance(info.lease, SettableLease) else None,
        syringe_diameter_um=infusion.programme.syringe_diameter_um,
    )


def reads_back(infusion: Infusion, info: DriverInfo, granted: Granted) -> bool:
    """Is every value what was asked? A lease that cannot be set cannot be read back either."""
    asked, volume = to_programme(infusion, info), stands_in(info)
    grid_nl = VOLUME_GRID_NL if volume is None else volume.step_nl
    return (
        granted.rate_ul_per_h == asked.rate_ul_per_h
        and max(1, asked.volume_nl - grid_nl) <= granted.volume_nl <= asked.volume_nl
        and (granted.lease_s == asked.lease_s or (asked.lease_s is None and granted.lease_s == infusion.lease_s))
    )


def whole_of_leg_nl(infusion: Infusion, info: DriverInfo, granted: Granted) -> int | None:
    """What a leg gives in all, on the target's grid; None where that is the target which was granted."""
    volume = stands_in(info)
    if volume is None:
        return None
    rest_nl = to_give_nl(infusion)
    return max(granted.volume_nl, rest_nl - rest_nl % volume.step_nl)
