"""Somebody at the bedside of a played bed, by seed: starts what can be started, and now and then does one of the rest.

The nurse knows only what a nurse knows: the page's phases, and, when the page asks, what the plunger does. On a calm
day little is touched, so that most infusions run to their end; in a stormy one everything is pressed that can be.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence

from pumpd.core.codes import PauseReason, Phase
from pumpd.core.order import Order
from pumpd.core.requests import (
    AcknowledgeRequested,
    Answer,
    DeliveryAnswered,
    EndRequested,
    Keep,
    PauseRequested,
    PersonRequest,
    RateRequested,
    RearmRequested,
)
from pumpd.errors import ApiError
from pumpd.testing.pairs import Orders
from pumpd.testing.played_bed import NURSE, PlayedBed, asset_of

ORDERS: Orders = (  # regimen, container, shortest and longest weight in kg
    ("MDD-2x3", "syringe-60-1", 50, 99),
    ("FM-3H", "syringe-60-5", 50, 115),
    ("CRPS-OP10", "syringe-60-5", 50, 115),
    ("TRAIN-5MIN", "syringe-60", 50, 115),
    ("TRAIN-3STEP", "syringe-60", 50, 115),
)


class PlayedNurse:
    """One person for all pumps of the bed. Chances are for one call; simulate makes four a second."""

    def __init__(
        self, rng: random.Random, slots: Sequence[str], *, calm: bool, orders: Orders = ORDERS, haste: int = 1
    ) -> None:
        """`haste`: how many times as soon a nurse does what is to be done."""
        self._rng = rng
        self._slots = tuple(slots)
        self._calm = calm
        self._orders = orders
        self._haste = haste

    async def act(self, bed: PlayedBed) -> None:
        """At most one thing."""
        slot = self._slots[0] if len(self._slots) == 1 else self._rng.choice(self._slots)
        phase = bed.pump(slot).phase
        alarms = bed.bedside.state.alarms
        try:
            if alarms and self._soon(0.05):
                await self._ask(bed, AcknowledgeRequested, alarm_id=self._rng.choice(alarms).alarm_id)
            elif phase in (Phase.IDLE, Phase.ENDED) and self._soon(0.05):
                await self._start(bed, slot)
            elif phase is Phase.STOPPED and self._soon(0.03):
                await self._after_a_stop(bed, slot)
            elif bed.pump(slot).asset_in_doubt and self._soon(0.03):
                await bed.confirm(asset_of(slot), slot)
            elif phase is Phase.FAULT and self._soon(0.02):
                await self._ask(bed, RearmRequested, slot=slot)
            elif phase is Phase.UNCERTAIN and self._soon(0.05):
                await self._answer(bed, slot)
            elif phase is Phase.INFUSING:
                await self._while_it_runs(bed, slot)
        except ApiError as error:
            sys.stderr.write(f"{error}\n")

    def _soon(self, chance: float) -> bool:
        return self._rng.random() < chance * self._haste

    async def _start(self, bed: PlayedBed, slot: str) -> None:
        regimen, container, least, most = self._rng.choice(self._orders)
        weight_g = self._rng.randrange(least * 10, most * 10) * 100
        height_mm = int((weight_g / 1_000 / 24) ** 0.5 * 1_000)
        day = self._rng.choice((1, 2, 3)) if regimen == "CRPS-OP10" else 1
        order = Order(regimen=regimen, day=day, weight_g=weight_g, height_mm=height_mm, container=container)
        await bed.start(order, slot)

    async def _after_a_stop(self, bed: PlayedBed, slot: str) -> None:
        if self._rng.random() < 0.1:
            await self._ask(bed, EndRequested, slot=slot)
        else:
            await bed.resume(slot, keep=self._rng.choice((Keep.END_TIME, Keep.VOLUME)))

    async def _answer(self, bed: PlayedBed, slot: str) -> None:
        """What the plunger really does, if the nurse can tell."""
        line, address = next((line, at) for line in bed.lines for name, at in line.slots if name == slot)
        turns = line.sim.truth(bed.clock.now_ns(), address).motor_turning
        seen = Answer.DRIVEN if turns else Answer.STOPPED
        answer = Answer.CANNOT_TELL if self._rng.random() < 0.2 else seen
        await self._ask(bed, DeliveryAnswered, slot=slot, answer=answer)

    async def _while_it_runs(self, bed: PlayedBed, slot: str) -> None:
        rng, infusion = self._rng, bed.pump(slot).infusion
        assert infusion is not None
        if infusion.step_due:
            if rng.random() < 0.02:
                await bed.step(slot)
        elif rng.random() < (0.0002 if self._calm else 0.002):
            what = rng.randrange(5)
            if what == 0:
                await bed.stop(None if rng.random() < 0.2 else slot)
            elif what == 1:
                await self._ask(bed, PauseRequested, slot=slot, reason=rng.choice(list(PauseReason)))
            elif what == 2:
                lower = infusion.rate_ul_per_h * rng.randrange(50, 100) // 100
                await self._ask(bed, RateRequested, slot=slot, rate_ul_per_h=lower // 10 * 10)
            elif what == 3:
                back = infusion.plan[infusion.step].rate_ul_per_h
                await self._ask(bed, RateRequested, slot=slot, rate_ul_per_h=back)
            else:
                await self._stop_in_the_middle(bed, slot)

    async def _stop_in_the_middle(self, bed: PlayedBed, slot: str) -> None:
        """A change of rate and, in the same breath, a stop: the one must not follow the other onto the wire."""
        infusion = bed.pump(slot).infusion
        assert infusion is not None
        lower = infusion.rate_ul_per_h * self._rng.randrange(50, 100) // 1_000 * 10
        await self._ask(bed, RateRequested, slot=slot, rate_ul_per_h=lower)
        await bed.stop(slot)

    async def _ask(self, bed: PlayedBed, kind: type[PersonRequest], **fields: object) -> None:
        request = kind(at_ns=bed.clock.now_ns(), request_id=bed.clock.new_id(), actor=NURSE, **fields)  # type: ignore[arg-type]
        await bed.bedside.ask(request)
