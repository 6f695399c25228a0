"""A rise beyond the programme that somebody has read and wants, until another person has checked it.

The first person's value is the rate, or the bolus, that they confirmed on a page; the second one enters the new dose
off the order or by the prescriber's own word, drug and concentration off the label that hangs, and sees nothing of the
first. One rise at a time in a visit: what is wanted anew takes the place of what was wanted before.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.people import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedRise:
    """What `person` wants on this pump; `bolus_ug_per_kg` where it is a bolus. It is of one infusion, from one rate."""

    at_ns: int
    person: str
    slot: str
    infusion_id: int
    before_ul_per_h: int
    wanted_ul_per_h: int
    bolus_ug_per_kg: int | None = None
    checked_by: str | None = None
    checked_role: Role | None = None
    checked_at_ns: int | None = None

    def is_the_same(self, other: ProposedRise) -> bool:
        """Whoever asks, and whenever: one pump, one infusion, from where, and what is wanted."""
        return self._what == other._what

    @property
    def _what(self) -> tuple[object, ...]:
        return self.slot, self.infusion_id, self.before_ul_per_h, self.wanted_ul_per_h, self.bolus_ug_per_kg


@dataclass(frozen=True, slots=True, kw_only=True)
class RiseEntered:
    """What the second person entered. `dose`: micrograms a kilogram and hour, or an hour; of a bolus, a kilogram."""

    drug: str
    concentration_ug_per_ml: int
    dose: int
