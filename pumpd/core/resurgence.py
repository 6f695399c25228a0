"""Pumps that stop when nobody talks to them, and go on by themselves when somebody does.

The ProMinent DULCO flex Control is one: its Modbus timeout stops it, and the next query lets it run again. Whoever asks
such a pump after a silence "how are you" has restarted it. So after any silence in which its lease may have run out the
first thing it hears is a stop, whatever the phase and whoever thinks that nothing is in it; the infusion is no longer
called running half a lease earlier (watch.py), and what the pump does is not known before it has reported.

A pump at rest was told to stop when it was last moved, and has nothing to go on with; it is asked all the same.

The silence counts from the last request that was surely answered, and less the second by which a timer may be early. A
new run of the daemon has heard nothing yet, so there the stop comes first of all.
"""

from __future__ import annotations

from pumpd.core.lease import LEASE_MARGIN_S, LEASE_MAX_S, resumes_by_itself
from pumpd.core.pump import FixedLease, SettableLease
from pumpd.core.state import PumpState
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S, Towards, divide


def must_hear_stop(turn: Turn, slot: str) -> bool:
    """May this pump have stopped for want of talk, so that the next word would start it?"""
    info, pump = turn.setup.info(slot), turn.pump(slot)
    if not resumes_by_itself(info) or not isinstance(info.lease, SettableLease | FixedLease):
        return False
    heard_ns = pump.sighting.heard_at_ns
    lease_ns = _length_s(pump, info.lease) * NS_PER_S
    patience_ns = max(lease_ns - LEASE_MARGIN_S * NS_PER_S, divide(lease_ns, 2, Towards.DOWN))
    return heard_ns is None or turn.now_ns - heard_ns >= patience_ns


def _length_s(pump: PumpState, lease: SettableLease | FixedLease) -> int:
    if isinstance(lease, FixedLease):
        return lease.length_s
    infusion = pump.infusion
    return LEASE_MAX_S if infusion is None or infusion.lease_s is None else infusion.lease_s
