"""How fast an infusion has lately run, and when it last rose: what the rules about rises are judged by.

Kept with the infusion and made of its facts, so that neither a restart nor a pause starts a minute, or a dwell, anew.
"""

from __future__ import annotations

from dataclasses import replace

from pumpd.core.state import LATELY_KEPT_NS, LATELY_MAX, Infusion, RanAt


def ran(infusion: Infusion, at_ns: int, after_ul_per_h: int) -> Infusion:
    """From now on at another rate: until now it ran at the granted one."""
    before = infusion.granted_ul_per_h
    if before is None:
        return infusion
    kept = [each for each in infusion.lately if each.until_ns > at_ns - LATELY_KEPT_NS]
    kept.append(RanAt(rate_ul_per_h=before, until_ns=at_ns))
    if len(kept) > LATELY_MAX:  # the two oldest as one, in the direction that lets less rise
        oldest = RanAt(rate_ul_per_h=min(kept[0].rate_ul_per_h, kept[1].rate_ul_per_h), until_ns=kept[1].until_ns)
        kept = [oldest, *kept[2:]]
    raised_ns = at_ns if after_ul_per_h > before else infusion.raised_at_ns
    return replace(infusion, lately=tuple(kept), raised_at_ns=raised_ns)


def lowest_lately_ul_per_h(infusion: Infusion, now_ns: int) -> int:
    """The lowest rate of the last minute: what a rise at most doubles."""
    recent = [each.rate_ul_per_h for each in infusion.lately if each.until_ns > now_ns - LATELY_KEPT_NS]
    return min([infusion.rate_ul_per_h, *recent])
