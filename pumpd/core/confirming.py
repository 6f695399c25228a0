"""What a person confirms is what they read, and not long ago: the digest of a review and its time.

A review that somebody looked at is shown as a digest: the fingerprint of everything in it, and the second in which it
was made. Whoever confirms hands the digest back. If what would be judged now has another fingerprint, they read
something else; if the review is older than ten minutes, they may have read it for another moment of this patient, or
be somebody else at the same page (GIP 2.2.5: what is half programmed is cleared after 10 min). Both are refused.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from pumpd.core.codes import Reason, ReasonCode
from pumpd.core.limits import Review
from pumpd.core.rise import hard
from pumpd.core.units import NS_PER_S

REVIEW_LASTS_S: Final = 600
_DIGEST: Final = re.compile(r"([0-9a-f]{16})-([0-9]{1,12})", re.ASCII)


def stamp(fingerprint: str, now_ns: int) -> str:
    """The digest of what is shown now."""
    return f"{fingerprint}-{now_ns // NS_PER_S}"


def stamped(review: Review, now_ns: int) -> Review:
    """The review as it is shown: with its time."""
    return replace(review, digest=stamp(review.digest, now_ns))


def against_confirmed(digest: str, fingerprint: str, now_ns: int) -> list[Reason]:
    """Is this digest of what stands now, and recent?"""
    read = _DIGEST.fullmatch(digest)
    if read is None or read[1] != fingerprint:
        return [hard(ReasonCode.REVIEW_CHANGED)]
    age_s = now_ns // NS_PER_S - int(read[2])
    if not 0 <= age_s <= REVIEW_LASTS_S:
        return [hard(ReasonCode.REVIEW_EXPIRED_S, max(0, age_s), REVIEW_LASTS_S)]
    return []
