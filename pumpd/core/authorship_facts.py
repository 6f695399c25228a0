"""The fact about who did what on a locked page. It stands beside facts.py, and the same rules hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorSettled:
    """Somebody signed in and said of these requests, made in their name on a locked page: mine, or not mine."""

    at_ns: int
    person: str
    acts: tuple[str, ...]  # request ids
    mine: bool
