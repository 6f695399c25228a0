"""What a prepare programs, and whether the pump read it back: the rest of the plan out of this container, never more.

The volume is the rest by the upper end of what is in, and at most what the container that hangs can still give
(containers.py). Everything that is programmed is read back, and nothing starts unless all of it fits.
"""

from __future__ import annotations

from typing import Final

from pumpd.core import facts as f
from pumpd.core.codes import CommandKind
from pumpd.core.containers import to_give_nl
from pumpd.core.effects import Prepare
from pumpd.core.pump import Granted, Remaining, SettableLease
from pumpd.core.state import Infusion
from pumpd.core.turn import Turn

VOLUME_GRID_NL: Final = 100_000  # coarsest step of a volume target: 0.1 mL with four digits above 100 mL


def prepare(turn: Turn, slot: str) -> None:
    """Program what comes next, at the asked rate."""
    infusion = turn.infusion(slot)
    remaining = Remaining(
        rate_ul_per_h=infusion.rate_ul_per_h,
        volume_nl=to_give_nl(infusion),
        lease_s=infusion.programme.lease_s if isinstance(turn.setup.info(slot).lease, SettableLease) else None,
        syringe_diameter_um=infusion.programme.syringe_diameter_um,
    )
    command_id = turn.state.next_command_id
    turn.record(
        f.CommandIssued(
            at_ns=turn.now_ns, slot=slot, command_id=command_id, command=CommandKind.PREPARE,
            rate_ul_per_h=remaining.rate_ul_per_h, volume_nl=remaining.volume_nl,
        )
    )  # fmt: skip
    turn.want(Prepare(slot=slot, command_id=command_id, remaining=remaining))


def reads_back(infusion: Infusion, granted: Granted) -> bool:
    """Is every value what was asked?"""
    asked_nl = to_give_nl(infusion)
    return (
        granted.rate_ul_per_h == infusion.rate_ul_per_h
        and asked_nl - VOLUME_GRID_NL <= granted.volume_nl <= asked_nl
        and granted.lease_s == infusion.programme.lease_s
    )
