"""Facts about which pump stands on a slot, where no serial number tells: a doubt, and the label that ended it."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.codes import AssetDoubt
from pumpd.core.delivered import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetDoubted:
    """It may be another pump of the same model: nothing rises on this slot until somebody reads its label.

    `delivered` has what ours may still give on its lease, wherever it is now; None where that is in it already.
    """

    at_ns: int
    slot: str
    why: AssetDoubt
    delivered: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetConfirmed:
    """A person read or scanned the label on the housing, and it is the one that the configuration names."""

    at_ns: int
    slot: str
    asset: str
    person: str
