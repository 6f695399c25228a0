"""What people have confirmed at a bed, kept beside it by listening alone: the rate that no command may exceed.

A second memory, made of what was shown and of what was accepted, and of nothing that the bed says of itself but that a
step has begun. So a rate that came from nowhere has nothing here that it could be compared with and pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pumpd.core import requests as r
from pumpd.core.bed import Decision
from pumpd.core.bolus_asking import BolusReview
from pumpd.core.effects import ChangeRate, Prepare, Reply
from pumpd.core.limits import Review
from pumpd.core.raising import RiseReview
from pumpd.core.steps import StepMode

Shown = Review | RiseReview | BolusReview | None


@dataclass(kw_only=True)
class Plan:
    """The rates of an infusion as they were read, and how far it has come."""

    rates_ul_per_h: list[int] = field(default_factory=list)
    begun: int = 0
    goes_by_itself: bool = False

    @property
    def most_ul_per_h(self) -> int:
        """Now. A plan that nobody has read allows nothing."""
        return self.rates_ul_per_h[self.begun] if self.rates_ul_per_h else 0


class Confirmed:
    """One memory for a bed."""

    def __init__(self, slots: Sequence[str]) -> None:
        self.plans = {slot: Plan() for slot in slots}

    def heard(self, request: r.Request, shown: Shown, decision: Decision) -> None:
        """A person asked after reading what was shown; if it was accepted, that is what they confirmed."""
        accepted = any(isinstance(effect, Reply) and effect.accepted for effect in decision.effects)
        if not accepted:
            return
        match request, shown:
            case r.StartRequested(slot=slot), Review(programme=programme) if programme is not None:
                rates = [step.rate_ul_per_h for step in programme.steps]
                self.plans[slot] = Plan(rates_ul_per_h=rates, goes_by_itself=programme.mode is StepMode.AUTOMATIC)
            case r.RateRequested(slot=slot, rate_ul_per_h=rate), _:
                plan = self.plans[slot]
                plan.rates_ul_per_h[plan.begun] = max(plan.most_ul_per_h, rate)
            case r.BolusRequested(slot=slot), BolusReview(rate_ul_per_h=rate):
                plan = self.plans[slot]
                plan.rates_ul_per_h[plan.begun + 1 : plan.begun + 1] = [rate, plan.most_ul_per_h]
                plan.begun += 1
            case r.StepRequested(slot=slot), _:
                self.plans[slot].begun += 1
            case _:
                pass

    def beyond(self, decision: Decision) -> Iterator[str]:
        """What goes to a pump that nobody has confirmed, and steps that began with nobody's leave."""
        for slot, plan in self.plans.items():
            pump = decision.state.pump(slot)
            if pump is None or pump.infusion is None:
                continue
            while plan.begun < pump.infusion.step:
                following = plan.rates_ul_per_h[plan.begun + 1]
                if following > plan.most_ul_per_h and not plan.goes_by_itself:
                    yield f"{slot} steps up to {following}, which nobody let begin"
                plan.begun += 1
        for effect in decision.effects:
            rate = None
            if isinstance(effect, Prepare):
                rate = effect.remaining.rate_ul_per_h
            elif isinstance(effect, ChangeRate):
                rate = effect.rate_ul_per_h
            if rate is not None and rate > self.plans[getattr(effect, "slot", "")].most_ul_per_h:
                yield f"{effect} is more than the confirmed {self.plans[getattr(effect, 'slot', '')].most_ul_per_h}"
