"""F01: one press of a key was read twice; 4.8 was typed, 44.8 was stored.

Alaris SE, seized in 2006. Here every key of every weight that is typed bounces. What comes of it either differs by
less than a tenth, or is at least questioned: a reason and a second person, or a refusal.

Guard: `pumpd.core.limits._grant`, which turns what the limits say into an answer. Without it each of them only talks.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.bed import preview
from pumpd.core.codes import Grant
from pumpd.core.units import parse_scaled
from pumpd.errors import BadNumber
from pumpd.testing.bed_story import BedStory, order_for
from pumpd.testing.guards import guard_removed

WEIGHTS = ("48", "52.3", "55.5", "64", "70", "82.4", "96", "110")
REGIMENS = ("FM-3H", "CRPS-OP10")
WORST_PERCENT = 10


def bounced(text: str) -> set[str]:
    """The text with one key read twice."""
    return {text[: at + 1] + text[at:] for at in range(len(text))}


def complaints() -> list[str]:
    bed = BedStory()
    bed.connect()
    bed.report()
    found = []
    for regimen in REGIMENS:
        for meant in WEIGHTS:
            for typed in sorted(bounced(meant)):
                try:
                    weight_g = parse_scaled(typed, 1_000)
                except BadNumber:
                    continue  # refused as it was typed
                if abs(weight_g - parse_scaled(meant, 1_000)) * 100 <= parse_scaled(meant, 1_000) * WORST_PERCENT:
                    continue
                order = replace(order_for(regimen), weight_g=weight_g)
                grant = preview(bed.state, "p1", order, bed.setup, bed.now_ns).grant
                if grant.allowed and not grant.needs_override:
                    found.append(f"{regimen}: {typed} for {meant} kg would be begun without a word")
    return found


def talks_only(_found: object, _highest: int | None = None) -> Grant:
    return Grant(allowed=True, reasons=())


@pytest.mark.requirement("F01")
def test_no_key_that_bounces_in_a_weight_goes_unquestioned() -> None:
    assert complaints() == []


@pytest.mark.requirement("F01")
def test_limits_that_only_talk_let_the_bounced_weight_pass() -> None:
    with guard_removed("pumpd.core.limits._grant", instead=talks_only):
        assert "FM-3H: 700 for 70 kg would be begun without a word" in complaints()
