"""The acts of a nurse at any bed whose socket answers, and the pump's own truth beside what the bed says of it.

A bed of real processes (real_bed.py) and a daemon on a clock that is steered (steered_bed.py) are nursed alike: over
the socket, by the client that the command line has. Waiting is for what the bed says, in real time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from pumpd_sim.device import Truth

from pumpd import api_client
from pumpd.api_client import Client
from pumpd.api_models import AnswerView, Keep, OrderBody, OverrideBody, Phase, PumpView, ReviewRequest, StartBody
from pumpd.testing.processes import until

NURSE: Final = ("anna", "2718")  # stands in config/accounts.toml for everybody to read
COLLEAGUE: Final = OverrideBody(reason="shorter than half a minute: a test", second_person="ben", second_pin="3141")
AT_REST: Final = frozenset({Phase.IDLE, Phase.STOPPED, Phase.ENDED})


class NursedBed(ABC):
    """`client` is the nurse's way in; `truth` is what the simulator knows of a slot's pump."""

    client: Client

    @abstractmethod
    def truth(self, slot: str = "p1") -> Truth: ...

    def pump(self, slot: str = "p1") -> PumpView:
        return next(pump for pump in self.client.bed().pumps if pump.slot == slot)

    def sign_in(self) -> None:
        self.client.sign_in(*NURSE)

    def infuse(self, regimen: str, slot: str = "p1", *, container: str = "syringe-60") -> PumpView:
        """Sign in, review, start, and wait until the pump's own report says that it infuses."""
        self.order(regimen, slot, container=container)
        return self.reaches(Phase.INFUSING, slot)

    def order(self, regimen: str, slot: str = "p1", *, container: str = "syringe-60") -> None:
        """Review and start, and no more: the answer says that the bed accepted it."""
        if self.client.token is None:
            self.sign_in()
        until(lambda: self.pump(slot).buttons.start.allowed, "a pump that can be started")
        order = OrderBody(regimen=regimen, weight_kg="70", container=container)
        review = self.client.send(api_client.review(ReviewRequest(slot=slot, order=order)))
        override = COLLEAGUE if review.needs_override else None
        body = StartBody(order=order, digest=review.digest, override=override)
        self.listens()
        accepted(self.client.send(api_client.start(slot, body)))

    def listens(self) -> None:
        """Somebody at this bed would hear an alarm, for the next seconds: without, no drug starts or rises."""
        self.client.send(api_client.listens("nurse", 1))

    def resume(self, slot: str = "p1") -> PumpView:
        """As `infuse`, of the rest; the whole volume is kept."""
        self.sign_in()
        until(lambda: self.pump(slot).buttons.resume.allowed, "an infusion that can be resumed")
        self.listens()
        accepted(self.client.send(api_client.resume(slot, Keep.VOLUME)))
        return self.reaches(Phase.INFUSING, slot)

    def stop(self, slot: str = "p1") -> PumpView:
        accepted(self.client.send(api_client.stop(slot)))
        return self.reaches(Phase.STOPPED, slot)

    def rest(self) -> None:
        """Stop every pump, whatever it is doing, and end every infusion: another test may have the bed."""
        self.client.send(api_client.stop(None))
        until(lambda: {pump.phase for pump in self.client.bed().pumps} <= AT_REST, "every pump stands still")
        self.sign_in()
        for pump in self.client.bed().pumps:
            if pump.phase is Phase.STOPPED:
                accepted(self.client.send(api_client.end(pump.slot)))

    def reaches(self, phase: Phase, slot: str = "p1") -> PumpView:
        """Wait for a phase whose commands are through."""

        def there() -> PumpView | None:
            found = self.pump(slot)
            return found if found.phase is phase and not found.command_pending else None

        found = until(there, f"{slot} in {phase.value}")
        assert found is not None
        return found

    def displaces(self, nl: int, slot: str = "p1") -> Truth:
        """Wait until the plunger has really displaced so much."""

        def far_enough() -> Truth | None:
            truth = self.truth(slot)
            return truth if truth.displaced_nl >= nl else None

        truth = until(far_enough, f"{nl} nL displaced")
        assert truth is not None
        return truth

    def holds_the_truth(self, slot: str = "p1") -> bool:
        """Does the stated interval hold what was really displaced? Asked before and after: the plunger may move."""
        before = self.truth(slot).displaced_nl
        delivered = self.pump(slot).delivered
        after = self.truth(slot).displaced_nl
        return delivered is not None and delivered.low_nl <= after and before <= delivered.high_nl


def accepted(answer: AnswerView) -> None:
    assert answer.accepted, answer.text
