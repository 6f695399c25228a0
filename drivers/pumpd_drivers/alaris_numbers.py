"""Numbers as an Alaris writes them: millilitres with up to six decimals, a time left, exactly and without floats."""

from __future__ import annotations

import re
from typing import Final

_LEFT: Final = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})", re.ASCII)
_DECIMALS: Final = 6


def number(text: str) -> tuple[int, int]:
    """Millilitres, with the step of the last digit, in nanolitres (or mL/h in nL/h): exact, since six decimals are."""
    whole, _, rest = text.partition(".")
    return int(whole + rest.ljust(_DECIMALS, "0")), 10 ** (_DECIMALS - len(rest))


def thousandths(text: str) -> int:
    return number(text)[0]


def left_s(text: str) -> int | None:
    found = _LEFT.fullmatch(text)
    return None if found is None else int(found[1]) * 3_600 + int(found[2]) * 60 + int(found[3])
