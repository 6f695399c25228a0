"""Who asks, as the API has authenticated them; a request carries None where nobody signed in."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.people import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """`person` is an opaque account id, not a name."""

    person: str
    role: Role
