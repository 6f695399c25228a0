"""The keys that every simulated pump with a keypad has, by the names of the fault `other_user_at_keypad`.

What a key does is each pump's own; that there is such a key, and that a rate comes with the key `rate` alone, is the
same for all.
"""

from __future__ import annotations

KEYS = ("start", "stop", "rate", "clear")


def check_key(key: str, rate_nl_per_h: int | None) -> None:
    """Raises ValueError: no such key, or `rate` without a rate."""
    if key not in KEYS or (key == "rate") != (rate_nl_per_h is not None):
        message = f"no key {key!r} with rate {rate_nl_per_h}; keys: {', '.join(KEYS)}, rate with a rate"
        raise ValueError(message)
