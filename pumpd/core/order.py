"""What was asked for, for this patient: frozen once it is signed.

An order names a published regimen and the facts that turn it into a programme: the day of the series, the
weight in grams, the height in millimetres and the container. It names neither rates nor volumes: those
are compiled, so that the same order gives the same programme everywhere and nobody types one in the wrong
field.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Asked, in the order's own terms."""

    regimen: str  # id in the catalogue, for example "CRPS-OP10"
    day: int  # 1 is the first day of the series
    weight_g: int
    height_mm: int
    container: str  # id in the library entry
