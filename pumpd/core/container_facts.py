"""Facts of what hangs at the pump: a container that was changed, the line that was primed and flushed, and the balance.

They stand beside facts.py, which joins them to all others. Who did it is in the fact, since a container and a line are
handled by people and no pump can see them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerChanged:
    """Another container hangs: its label was read and is the programme's. `number` counts from 1, the first one."""

    at_ns: int
    slot: str
    number: int
    person: str
    second_person: str | None  # who checked it independently
    checked_in: bool  # it was checked before it came to the bed
    concentration_ug_per_ml: int  # as read off the label
    lot: str | None
