"""Effects: what `decide` wants done. Data only; the bedside loop carries them out.

`when` is the sixth wall in one field: a start or a raise waits until the fact that justifies it is
durable, everything else leaves at once. A stop empties the outbox of its pump in the same breath, pre-empts
the bus, and waits for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pumpd.core.codes import Reason
from pumpd.core.pump import Remaining


class When(Enum):
    """NOW, or after the facts of the same decision are durable."""

    NOW = "now"
    AFTER_COMMIT = "after_commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify:
    """Find out who is on this slot."""

    slot: str
    when: When = When.NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe:
    """One look; renews the lease of a pump that has one. With `buzz` the pump's own buzzer speaks before it."""

    slot: str
    buzz: bool = False
    when: When = When.NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """A look that first moves the volume target which stands in for a lease; `target_nl` counts as the counter does."""

    slot: str
    target_nl: int
    when: When = When.NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare:
    """Program a pump that stands still, and read everything back."""

    slot: str
    command_id: int
    remaining: Remaining
    when: When = When.NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start what was prepared. Never sent twice."""

    slot: str
    command_id: int
    when: When = When.AFTER_COMMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRate:
    """Change the rate of a running pump; a raise waits for the journal."""

    slot: str
    command_id: int
    rate_ul_per_h: int
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stop, before anything else. Sent again until a report shows no drive."""

    slot: str
    command_id: int
    when: When = When.NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """Take the pump itself out of its alarm without moving it."""

    slot: str
    command_id: int
    when: When = When.NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a person's request: accepted, or refused with every reason."""

    request_id: str
    accepted: bool
    reasons: tuple[Reason, ...] = ()
    when: When = When.NOW


PumpEffect = Identify | Observe | Extend | Prepare | Start | ChangeRate | Stop | Acknowledge
Effect = PumpEffect | Reply
