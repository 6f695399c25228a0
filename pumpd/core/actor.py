"""Who asks, as the API has authenticated them; a request carries None where nobody signed in."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.people import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """`person` is an opaque account id, not a name.

    `confirmed`: a PIN of that person opened the page. On a locked page it is whom somebody chose as the author.
    """

    person: str
    role: Role
    confirmed: bool = True
