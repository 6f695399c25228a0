"""When each item is due again: schedules of observation, and what counts as a miss.

An item is due so long after it was last *taken*, not at fixed times of the clock: then no stretch without an
observation is longer than the schedule says, a set that was taken early or late is followed by a full interval, and a
blood pressure that was taken again on its own does not make the rest of the set due any sooner.

- **MH-40**, for up to an hour: every 10 min (Emory, Riva-Posse 2018; the pressure peaks at 30 to 40 min).
- **PAIN-HRS**, for hours: every 5 min three times, every 15 min up to an hour and for half an hour after each rise of
  the rate, then every half hour. Our own proposal.
- **INPT**, for days: every 15 min for an hour, every 30 min for two, then every hour (RCHT V6.0, 2022).

With the end a set is due, unless one is 5 min old at most, and then every 15 min for an hour (Emory). A due item
prompts; after `GRACE_S` it is overdue. A miss is an item that is overdue, and each whole interval after that one more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pumpd.core.units import NS_PER_S

GRACE_S: Final = 300
EARLY_S: Final = 300  # a set this fresh stands for the one that the end asks for
PROFILE_SHORT_S: Final = 3_600
PROFILE_HOURS_S: Final = 24 * 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Up to this time after the start; without one for as long as it lasts."""

    every_s: int
    until_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A schedule of vital signs. A visit keeps its own copy from the day it was opened."""

    id: str
    during: tuple[Stretch, ...]
    baseline_s: int  # before the start it may be this old
    rise_every_s: int | None = None  # after a rise of the rate, if that is oftener
    rise_for_s: int = 0
    after_every_s: int = 900
    after_for_s: int = 3_600


MH_40: Final = Profile(id="MH-40", during=(Stretch(every_s=600),), baseline_s=900)
PAIN_HRS: Final = Profile(
    id="PAIN-HRS",
    during=(Stretch(every_s=300, until_s=900), Stretch(every_s=900, until_s=3_600), Stretch(every_s=1_800)),
    baseline_s=900,
    rise_every_s=900,
    rise_for_s=1_800,
)
INPT: Final = Profile(
    id="INPT",
    during=(Stretch(every_s=900, until_s=3_600), Stretch(every_s=1_800, until_s=10_800), Stretch(every_s=3_600)),
    baseline_s=900,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """When the drug of a visit ran: first, last raised, and over."""

    began_at_ns: int
    raised_at_ns: int
    ended_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """From when on an item has to be taken, and how long after that each further miss counts."""

    at_ns: int
    every_s: int

    def misses(self, now_ns: int) -> int:
        """How often it has been missed."""
        late_s = (now_ns - self.at_ns) // NS_PER_S - GRACE_S
        return 0 if late_s < 0 else 1 + late_s // self.every_s


def profile_for(duration_s: int) -> Profile:
    """By how long a day's infusion lasts."""
    if duration_s <= PROFILE_SHORT_S:
        return MH_40
    return PAIN_HRS if duration_s <= PROFILE_HOURS_S else INPT


def due_again(profile: Profile, drug: Delivered, taken_at_ns: int | None) -> Due | None:
    """When a vital sign that was last taken then is due; None where the schedule is over."""
    from_ns = drug.began_at_ns if taken_at_ns is None else max(taken_at_ns, drug.began_at_ns)
    if drug.ended_at_ns is None:
        return _while_it_runs(profile, drug, from_ns)
    if from_ns < drug.ended_at_ns - EARLY_S * NS_PER_S:
        return Due(at_ns=drug.ended_at_ns, every_s=profile.after_every_s)
    if from_ns >= drug.ended_at_ns + (profile.after_for_s - EARLY_S) * NS_PER_S:
        return None
    again_ns = max(from_ns, drug.ended_at_ns) + profile.after_every_s * NS_PER_S
    return Due(at_ns=again_ns, every_s=profile.after_every_s)


def due_at_end(profile: Profile, drug: Delivered, taken_at_ns: int | None) -> Due | None:
    """When a score is due that is taken at the end."""
    if drug.ended_at_ns is None:
        return None
    if taken_at_ns is not None and taken_at_ns >= drug.ended_at_ns - EARLY_S * NS_PER_S:
        return None
    return Due(at_ns=drug.ended_at_ns, every_s=profile.after_every_s)


def _while_it_runs(profile: Profile, drug: Delivered, from_ns: int) -> Due:
    into_s = (from_ns - drug.began_at_ns) // NS_PER_S
    every_s = next(each.every_s for each in profile.during if each.until_s is None or into_s < each.until_s)
    due = Due(at_ns=from_ns + every_s * NS_PER_S, every_s=every_s)
    if profile.rise_every_s is None or from_ns >= drug.raised_at_ns + profile.rise_for_s * NS_PER_S:
        return due
    after_rise_ns = max(from_ns, drug.raised_at_ns) + profile.rise_every_s * NS_PER_S
    return due if due.at_ns <= after_rise_ns else Due(at_ns=after_rise_ns, every_s=profile.rise_every_s)
