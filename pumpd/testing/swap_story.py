"""What a person does about a pump that may be another one: reads the label on its housing, at a bed that is a story."""

from __future__ import annotations

from pumpd.core.actor import Actor
from pumpd.core.requests import PumpConfirmed
from pumpd.testing.bed_story import NURSE, BedStory


def label_read(bed: BedStory, asset: str | None = None, *, slot: str = "p1", actor: Actor | None = NURSE) -> bool:
    """Somebody types the label, the right one if none is given; was it taken?"""
    typed = bed.setup.asset(slot) if asset is None else asset
    bed.take(PumpConfirmed(at_ns=bed.now_ns, request_id=bed.request_id(), actor=actor, slot=slot, asset=typed))
    assert bed.reply is not None
    return bed.reply.accepted
