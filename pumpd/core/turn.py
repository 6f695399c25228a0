"""One turn of the bed: a request being taken in.

A turn collects facts and effects, and applies each fact at once, so that later lines of the same decision see
what earlier ones decided. It is the only mutable thing in the core; it is made by `bed.decide`, lives as long as
that call, and what comes out is plain data. `Setup` is what the configuration tells the core: rules, pumps,
times that a site may set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pumpd.core.codes import PauseReason, Phase, Why
from pumpd.core.delivered import Interval
from pumpd.core.effects import Effect
from pumpd.core.evolve import evolve
from pumpd.core.facts import Fact, PhaseChanged
from pumpd.core.look import counted, delivered_now
from pumpd.core.pump import DriverInfo
from pumpd.core.regimen import Rules
from pumpd.core.state import BedState, Infusion, PumpState
from pumpd.core.tolerance import STANDARD, Tolerance

# our own proposals: a blood pressure is taken again after 5 min; 2 min is what a STOP without a reason gets (GIP 2.2.2)
PAUSE_BOXES_S: Final = (
    (PauseReason.TOILET, 600),
    (PauseReason.BLOOD_PRESSURE, 300),
    (PauseReason.RESITING, 600),
    (PauseReason.TRANSPORT, 900),
    (PauseReason.OTHER, 120),
)
PAUSE_UNSAID_S: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What does not change while the daemon runs."""

    rules: Rules
    pumps: tuple[tuple[str, DriverInfo], ...]
    worst_cycle_ms: tuple[tuple[str, int], ...]  # per slot: one round of its bus with every reply late
    resume_limit_s: int
    training: bool
    keeps_path: bool = False  # a drug is started only for a visit whose gates are open (visit_gates.py)
    needs_sound: bool = False  # a drug starts and rises only while a page that can be heard is open (listening.py)
    tolerance: Tolerance = STANDARD
    pause_boxes_s: tuple[tuple[PauseReason, int], ...] = PAUSE_BOXES_S
    syringe_brands: tuple[tuple[int, str], ...] = ()  # capacity in nL -> the one brand that this site allows
    assets: tuple[tuple[str, str], ...] = ()  # slot -> label on the housing
    buses: tuple[tuple[str, ...], ...] = ()  # slots that share a bus; one that is in none has a bus of its own

    def pause_box_s(self, reason: PauseReason | None) -> int:
        """How long it may stand still for this reason before the bed reminds."""
        return next((box_s for each, box_s in self.pause_boxes_s if each is reason), PAUSE_UNSAID_S)

    def syringe_brand(self, capacity_nl: int) -> str:
        """The one brand of this size that the site allows; empty where any may be used."""
        return next((brand for size_nl, brand in self.syringe_brands if size_nl == capacity_nl), "")

    def info(self, slot: str) -> DriverInfo:
        """The facts of the pump on a slot."""
        return next(info for name, info in self.pumps if name == slot)

    def cycle_ms(self, slot: str) -> int:
        """The worst round of the bus that this slot shares."""
        return next(cycle for name, cycle in self.worst_cycle_ms if name == slot)

    def asset(self, slot: str) -> str:
        """The label on the housing of the pump that belongs on a slot; empty where nobody wrote it down."""
        return next((label for name, label in self.assets if name == slot), "")

    def neighbours(self, slot: str) -> tuple[str, ...]:
        """The other slots of the same bus."""
        return tuple(each for bus in self.buses if slot in bus for each in bus if each != slot)


class Turn:
    """The facts and effects of one decision, and the state as it becomes."""

    __slots__ = ("effects", "facts", "now_ns", "setup", "state")

    def __init__(self, state: BedState, setup: Setup, now_ns: int) -> None:
        self.state = state
        self.setup = setup
        self.now_ns = now_ns
        self.facts: list[Fact] = []
        self.effects: list[Effect] = []

    def record(self, fact: Fact) -> None:
        """Decide this fact."""
        self.facts.append(fact)
        self.state = evolve(self.state, fact)

    def want(self, effect: Effect) -> None:
        """Ask the bedside loop for this."""
        self.effects.append(effect)

    def pump(self, slot: str) -> PumpState:
        """The pump on a slot, as it is now in this turn."""
        return self.state.on(slot)

    def infusion(self, slot: str) -> Infusion:
        """The infusion on a slot that must have one."""
        return self.state.on(slot).due()

    def delivered(self, slot: str) -> Interval:
        """What may be in at this moment."""
        return delivered_now(self.pump(slot), self.setup.info(slot), self.now_ns, self.state.boot_at_ns)

    def counted(self, slot: str) -> Interval:
        """What is in by the last reading of a pump that stands still."""
        return counted(self.pump(slot), self.infusion(slot), self.setup.info(slot))

    def go(self, slot: str, phase: Phase, why: Why, delivered: Interval | None = None) -> None:
        """Change the phase; without an interval, what may be in at this moment is put on record."""
        interval = self.delivered(slot) if delivered is None else delivered
        self.record(PhaseChanged(at_ns=self.now_ns, slot=slot, phase=phase, why=why, delivered=interval))
