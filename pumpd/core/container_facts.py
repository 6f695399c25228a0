"""Facts of what hangs at the pump: a container that was changed, the line that was primed and flushed, and the balance.

They stand beside facts.py, which joins them to all others. Who did it is in the fact, since a container and a line are
handled by people and no pump can see them.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.codes import Reason
from pumpd.core.delivered import Interval


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePrimed:
    """A person says: the line is primed, and was off the patient meanwhile. From here on the pump is armed."""

    at_ns: int
    slot: str
    person: str
    drug: str
    concentration_ug_per_ml: int
    counter_nl: int | None  # the pump's counter then


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePurged:
    """An armed pump without an order moved: this much by its counter, which stands at `counter_nl` now."""

    at_ns: int
    slot: str
    volume_nl: int  # counted as given
    counter_nl: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFlushed:
    """After the end the line was flushed into the patient with `volume_nl`, carrying at most `given_nl` of the drug."""

    at_ns: int
    slot: str
    person: str
    volume_nl: int
    given_nl: int
    beyond: tuple[Reason, ...] = ()  # the hard limits that it passed: read, and then done all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Balanced:
    """What was drawn up, against what was given and what is left over; `remark` where they do not add up."""

    at_ns: int
    slot: str
    person: str
    loaded_nl: int
    given: Interval
    residual_nl: int
    difference_nl: int
    tolerance_nl: int
    remark: str
